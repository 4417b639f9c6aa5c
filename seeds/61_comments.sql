-- What people said, sealed by now.
INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, patient_id, author_id, body_enc, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), c.id, 'alert', pg_temp.demo_id('alert', about), pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', person), u.id,
       pg_temp.sealed('comment', 'body', c.id), now() - said.ago, u.id
FROM (VALUES
  (1, 3, 1, INTERVAL '30 minutes'), (2, 3, 2, INTERVAL '7 minutes'), (3, 5, 2, INTERVAL '34 minutes'), (4, 6, 6, INTERVAL '100 minutes'), (5, 6, 12, INTERVAL '85 minutes'),
  (6, 16, 2, INTERVAL '3 hours'), (7, 21, 6, INTERVAL '80 minutes'), (8, 29, 1, INTERVAL '75 minutes'), (9, 31, 12, INTERVAL '45 minutes'), (10, 1, 2, INTERVAL '2 minutes'), (11, 23, 7, INTERVAL '95 minutes')
) AS said (n, about, who, ago) JOIN tale ON tale.n = said.about, LATERAL (SELECT pg_temp.demo_id('comment', said.n) AS id) AS c, LATERAL (SELECT pg_temp.demo_id('user', who) AS id) AS u;

-- Saved views: two of Dr Haas, one of them shared with the clinic, one of Nia Abara for everybody.
INSERT INTO saved_view (organization_id, id, user_id, facility_id, page, name, query, shared, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('view', n), pg_temp.demo_id('user', who), pg_temp.demo_id('facility', place), 'alerts', name, query, shared, pg_temp.demo_id('user', who)
FROM (VALUES
  (1, 1, NULL::integer, 'My urgent ones',      'view=mine&sev=CRITICAL&sev=HIGH', false),
  (2, 1, 1,             'Blood pressure',      'type=BP_HIGH_TREND&sort=newest',  true),
  (3, 2, NULL,          'Missing readings',    'type=MISSED_READING&sort=oldest', true)
) AS told (n, who, place, name, query, shared);
