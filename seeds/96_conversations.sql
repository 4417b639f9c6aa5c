-- The conversations of the last file, sealed by now, with who takes part, who has read what, and how they moved.
CREATE FUNCTION pg_temp.converse(wanted integer) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.enter(wanted);
  INSERT INTO thread (organization_id, id, facility_id, patient_id, subject, subject_key, category, channel, contact_enc, status, assignee_id, message_count, last_message_at,
                      waiting_since, closed_at, closed_by_id, created_at, created_by_id)
  SELECT pg_temp.demo_id('organization', org), pg_temp.thread_id(n), pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', person), subject,
         lower(translate(subject, '''’', '')), category, channel, pg_temp.sealed('thread', 'contact', pg_temp.thread_id(n)), status, pg_temp.demo_id('user', keeper), said.count,
         now() - said.last, CASE WHEN status = 'AWAITING_STAFF' THEN now() - (SELECT max(w.ago) FROM spoken AS w WHERE w.talk = n AND w.side <> 'STAFF'
           AND w.n > coalesce((SELECT max(a.n) FROM spoken AS a WHERE a.talk = talk.n AND a.side = 'STAFF'), 0)) END,
         now() - closed_ago, pg_temp.demo_id('user', closed_by), now() - said.first, pg_temp.demo_id('user', coalesce(said.opener, keeper, 2))
  FROM talk, LATERAL (SELECT count(*)::integer AS count, min(s.ago) AS last, max(s.ago) AS first, (array_agg(s.who ORDER BY s.n))[1] AS opener FROM spoken AS s WHERE s.talk = talk.n) AS said
  WHERE org = wanted ORDER BY n;
  INSERT INTO message (organization_id, id, thread_id, sender_id, sender_side, sender_name, sender_role, content_enc, created_at, created_by_id)
  SELECT pg_temp.demo_id('organization', wanted), pg_temp.message_id(s.n), pg_temp.thread_id(s.talk), pg_temp.demo_id('user', s.who), s.side, coalesce(concat_ws(' ', c.title, c.first, c.last), ''),
         CASE s.side WHEN 'PATIENT' THEN 'SELF' WHEN 'STAFF' THEN c.role ELSE '' END, pg_temp.sealed('message', 'content', pg_temp.message_id(s.n)), now() - s.ago,
         pg_temp.demo_id('user', coalesce(s.who, t.keeper, 2))
  FROM spoken AS s JOIN talk AS t ON t.n = s.talk LEFT JOIN colleague AS c ON c.n = s.who WHERE t.org = wanted ORDER BY s.n;
  INSERT INTO thread_participant (organization_id, thread_id, user_id, facility_id, side, last_read_at, unread_count)
  SELECT pg_temp.demo_id('organization', wanted), pg_temp.thread_id(p.talk), pg_temp.demo_id('user', p.who), pg_temp.demo_id('facility', p.place), p.side,
         CASE WHEN p.unread = 0 THEN now() - INTERVAL '10 minutes' END, p.unread
  FROM (
    SELECT t.n AS talk, t.place, t.keeper AS who, 'STAFF' AS side, CASE t.status WHEN 'AWAITING_STAFF' THEN 1 ELSE 0 END AS unread FROM talk AS t WHERE t.keeper IS NOT NULL AND t.org = wanted
    UNION ALL SELECT t.n, t.place, 11, 'PATIENT', CASE t.status WHEN 'AWAITING_PATIENT' THEN 1 ELSE 0 END FROM talk AS t WHERE t.channel = 'PORTAL' AND t.person = 4 AND t.org = wanted
  ) AS p
  ON CONFLICT ON CONSTRAINT thread_participant_once DO UPDATE SET last_read_at = excluded.last_read_at, unread_count = excluded.unread_count;
  INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id, at)
  SELECT pg_temp.demo_id('organization', wanted), 'thread', pg_temp.thread_id(t.n), pg_temp.demo_id('patient', t.person), pg_temp.demo_id('facility', t.place), move.before, move.after,
         pg_temp.demo_id('user', move.who), move.at
  FROM talk AS t, LATERAL (
    SELECT lag(CASE s.side WHEN 'STAFF' THEN 'AWAITING_PATIENT' ELSE 'AWAITING_STAFF' END) OVER (ORDER BY s.n) AS before, CASE s.side WHEN 'STAFF' THEN 'AWAITING_PATIENT' ELSE 'AWAITING_STAFF' END AS after,
           coalesce(s.who, t.keeper, 2) AS who, now() - s.ago AS at FROM spoken AS s WHERE s.talk = t.n
    UNION ALL SELECT 'AWAITING_PATIENT', 'CLOSED', t.closed_by, now() - t.closed_ago WHERE t.closed_by IS NOT NULL
  ) AS move WHERE t.org = wanted AND move.before IS DISTINCT FROM move.after
$$;
SELECT pg_temp.converse(2);
SELECT pg_temp.converse(1);
INSERT INTO message_retraction (organization_id, message_id, thread_id, reason, created_by_id, created_at) VALUES
  (pg_temp.demo_id('organization', 1), pg_temp.message_id(11), pg_temp.thread_id(4), 'Wrong day: it was Monday', pg_temp.demo_id('user', 2), now() - INTERVAL '4 days 1 hour');
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at) VALUES
  (pg_temp.demo_id('organization', 1), 'thread_holder', pg_temp.thread_id(2), pg_temp.demo_id('patient', 4), pg_temp.demo_id('facility', 1), pg_temp.demo_id('user', 1)::text, pg_temp.demo_id('user', 2)::text,
   'About the time of a visit, not about treatment', pg_temp.demo_id('user', 1), now() - INTERVAL '27 hours'),
  (pg_temp.demo_id('organization', 1), 'thread', pg_temp.thread_id(10), pg_temp.demo_id('patient', 8), pg_temp.demo_id('facility', 1), 'CLOSED', 'OPEN',
   'Keep it open until she tells us the date', pg_temp.demo_id('user', 12), now() - INTERVAL '6 days');
