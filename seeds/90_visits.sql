-- Visits: four weeks of three people's time around today, who waits in the clinic just now, and requests in every state.
-- Times are those of London's clocks, except for those who wait just now.
CREATE FUNCTION pg_temp.clock(day integer, at time) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT (CURRENT_DATE + day + at) AT TIME ZONE 'Europe/London' $$;

SELECT pg_temp.enter(2);
INSERT INTO availability (organization_id, id, facility_id, staff_id, day_of_week, start_time, end_time, visit_mode)
SELECT pg_temp.demo_id('organization', 2), pg_temp.demo_id('availability', 900 + day), pg_temp.demo_id('facility', 11), pg_temp.demo_id('staff', 21), day, '09:00', '12:00', 'IN_PERSON'
FROM generate_series(1, 5) AS day;
INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, created_by_id) VALUES
  (pg_temp.demo_id('organization', 2), pg_temp.demo_id('visit_request', 91), pg_temp.demo_id('facility', 11), pg_temp.demo_id('patient', 91), 'IN_PERSON', 'Ear ache since Sunday', pg_temp.demo_id('user', 21));

SELECT pg_temp.enter(1);
-- When they can be seen. Nurse Abara's Fridays are paused.
INSERT INTO availability (organization_id, id, facility_id, staff_id, day_of_week, start_time, end_time, visit_mode, location, status, slot_minutes, buffer_minutes, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('availability', (row_number() OVER ())::integer), pg_temp.demo_id('facility', 1), pg_temp.demo_id('staff', who), day, start, until, mode, room,
       CASE WHEN who = 2 AND day = 5 THEN 'PAUSED' ELSE 'ACTIVE' END, length, pause, pg_temp.demo_id('user', who)
FROM (VALUES
  ( 1, TIME '08:00', TIME '12:00', 'IN_PERSON', 'Room 3', 30,  0),
  ( 1, TIME '13:00', TIME '16:00', 'VIRTUAL',   NULL,     30,  0),
  (12, TIME '09:00', TIME '12:30', 'IN_PERSON', 'Room 5', 30,  0),
  (12, TIME '14:00', TIME '17:00', 'VIRTUAL',   NULL,     20, 10),
  ( 2, TIME '08:30', TIME '12:00', 'IN_PERSON', 'Treatment room', 15, 0)
) AS offered (who, start, until, mode, room, length, pause), generate_series(1, 5) AS day;
-- One Saturday of vaccinations.
INSERT INTO availability (organization_id, id, facility_id, staff_id, date, start_time, end_time, visit_mode, location, slot_minutes, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('availability', 101), pg_temp.demo_id('facility', 1), pg_temp.demo_id('staff', 2),
       CURRENT_DATE + 7 + (6 - extract(dow FROM CURRENT_DATE)::integer), '09:00', '12:00', 'IN_PERSON', 'Hall', 10, pg_temp.demo_id('user', 2);
INSERT INTO staff_leave (organization_id, id, facility_id, staff_id, starts_at, ends_at, note, created_by_id) VALUES
  (pg_temp.demo_id('organization', 1), pg_temp.demo_id('leave', 1), pg_temp.demo_id('facility', 1), pg_temp.demo_id('staff', 12), pg_temp.clock(7, '00:00'), pg_temp.clock(9, '00:00'), 'Course', pg_temp.demo_id('user', 12));
INSERT INTO slot (organization_id, id, facility_id, staff_id, start_time, end_time, visit_mode, location, status, held_until, note, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('slot', n), pg_temp.demo_id('facility', 1), pg_temp.demo_id('staff', who), pg_temp.clock(day, start), pg_temp.clock(day, until), mode, NULL,
       status, now() + held, note, pg_temp.demo_id('user', who)
FROM (VALUES
  (1,  1, 3, TIME '17:30', TIME '18:15', 'VIRTUAL',   'HELD',    INTERVAL '20 hours', NULL),
  (2,  1, 4, TIME '15:00', TIME '16:00', 'VIRTUAL',   'BLOCKED', NULL,                'Teaching'),
  (3, 12, 3, TIME '09:00', TIME '09:30', 'IN_PERSON', 'HELD',    INTERVAL '3 hours',  'Ask Mr Costa first'),
  (4,  2, 2, TIME '08:30', TIME '09:00', 'IN_PERSON', 'BLOCKED', NULL,                'Stock check')
) AS told (n, who, day, start, until, mode, status, held, note);

-- Two weeks back and two weeks ahead, four of five times taken before today, half of them after. Today is told below.
CREATE TEMPORARY TABLE agenda ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY a.staff_id, day, slot))::integer AS n, a.staff_id, a.visit_mode, a.location, day - CURRENT_DATE AS offset_days,
       pg_temp.clock(day - CURRENT_DATE, a.start_time + slot * make_interval(mins => a.slot_minutes + a.buffer_minutes)) AS starts, a.slot_minutes AS minutes
FROM availability AS a, (SELECT CURRENT_DATE + d AS day FROM generate_series(-14, 14) AS d WHERE d <> 0) AS days,
     LATERAL generate_series(0, (extract(EPOCH FROM a.end_time - a.start_time) / 60)::integer / (a.slot_minutes + a.buffer_minutes) - 1) AS slot
WHERE a.organization_id = pg_temp.demo_id('organization', 1) AND a.day_of_week = extract(dow FROM day) AND a.status = 'ACTIVE';
DELETE FROM agenda AS a WHERE (a.offset_days < 0 AND a.n * 7 % 5 = 0) OR (a.offset_days > 0 AND a.n * 7 % 9 > 4)
  OR EXISTS (SELECT FROM slot AS s WHERE s.staff_id = a.staff_id AND s.start_time < a.starts + make_interval(mins => a.minutes) AND s.end_time > a.starts)
  OR EXISTS (SELECT FROM staff_leave AS l WHERE l.staff_id = a.staff_id AND l.starts_at < a.starts + make_interval(mins => a.minutes) AND l.ends_at > a.starts);
CREATE TEMPORARY TABLE visitor ON COMMIT DROP AS
SELECT n AS who, (row_number() OVER (ORDER BY n * 37 % 101, n))::integer AS place, count(*) OVER ()::integer AS many FROM person WHERE org = 1 AND place = 1 AND status = 'ACTIVE' AND n NOT IN (4, 30);
INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, location, reason_text, start_time, end_time, status, cancel_reason,
                   checked_in_at, started_at, ended_at, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('visit', 1000 + a.n), pg_temp.demo_id('facility', 1), pg_temp.demo_id('patient', v.who), a.staff_id, 'SCHEDULED', a.visit_mode, a.location,
       (ARRAY['Blood pressure check', 'Diabetes review', 'Results', 'Medicines review', 'Asthma review', 'Knee pain', 'Blood test', 'Follow-up', 'Sleep', 'Skin', 'Letter for work', 'First visit'])[1 + a.n * 5 % 12],
       a.starts, a.starts + make_interval(mins => a.minutes), s.status, CASE s.status WHEN 'CANCELLED' THEN (ARRAY['Feels better', 'Could not leave work', 'Clinician ill'])[1 + a.n % 3] END,
       CASE WHEN s.status = 'COMPLETED' THEN a.starts - INTERVAL '6 minutes' END, CASE WHEN s.status = 'COMPLETED' THEN a.starts + INTERVAL '4 minutes' END,
       CASE s.status WHEN 'PLANNED' THEN NULL WHEN 'CANCELLED' THEN least(a.starts - INTERVAL '30 hours', now() - INTERVAL '20 minutes') ELSE a.starts + make_interval(mins => a.minutes) END,
       pg_temp.demo_id('user', 2), least(a.starts - INTERVAL '9 days', now() - INTERVAL '1 hour')
FROM agenda AS a JOIN visitor AS v ON v.place = 1 + a.n * 11 % v.many,
     LATERAL (SELECT CASE WHEN a.n % 13 = 5 THEN 'CANCELLED' WHEN a.offset_days > 0 THEN 'PLANNED' WHEN a.n % 11 = 3 THEN 'NO_SHOW' ELSE 'COMPLETED' END AS status) AS s;

-- The five appointments of the first design: three patients, every outcome. Then what Ms Reyes sees in her portal.
INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, slot_id, visit_type, visit_mode, location, reason_text, start_time, end_time, status, cancel_reason,
                   checked_in_at, started_at, ended_at, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('visit', n), pg_temp.demo_id('facility', 1), pg_temp.demo_id('patient', who), pg_temp.demo_id('staff', 1), NULL, 'SCHEDULED', mode, room,
       reason, pg_temp.clock(day, at), pg_temp.clock(day, at) + INTERVAL '30 minutes', status, cancelled,
       CASE status WHEN 'COMPLETED' THEN pg_temp.clock(day, at) - INTERVAL '5 minutes' END, CASE status WHEN 'COMPLETED' THEN pg_temp.clock(day, at) END,
       CASE WHEN status <> 'PLANNED' THEN pg_temp.clock(day, at) + INTERVAL '25 minutes' END, pg_temp.demo_id('user', 2), now() - INTERVAL '20 days'
FROM (VALUES
  (1, 1,   2, TIME '17:00', 'IN_PERSON', 'Room 3', 'Blood pressure follow-up', 'PLANNED',   NULL),
  (2, 2,   4, TIME '17:00', 'VIRTUAL',   NULL,     'Oxygen at home',           'PLANNED',   NULL),
  (3, 3,  -3, TIME '17:00', 'IN_PERSON', 'Room 3', 'Kidney results',           'COMPLETED', NULL),
  (4, 1, -10, TIME '17:00', 'IN_PERSON', 'Room 3', 'Blood pressure follow-up', 'NO_SHOW',   NULL),
  (5, 2,  -6, TIME '17:00', 'VIRTUAL',   NULL,     'Oxygen at home',           'CANCELLED', 'Had a cold, asked for another day'),
  (6, 4,   9, TIME '17:00', 'IN_PERSON', 'Room 3', 'Diabetes review',          'PLANNED',   NULL),
  (7, 4, -30, TIME '17:00', 'IN_PERSON', 'Room 3', 'Diabetes review',          'COMPLETED', NULL),
  (8, 4, -12, TIME '17:00', 'VIRTUAL',   NULL,     'Sugar in the morning',     'CANCELLED', 'Dr Haas was ill. We are sorry.'),
  (9, 4, -11, TIME '17:00', 'VIRTUAL',   NULL,     'Sugar in the morning',     'COMPLETED', NULL)
) AS told (n, who, day, at, mode, room, reason, status, cancelled);

-- Just now: somebody with the doctor, people who wait, somebody who is late, somebody expected, a group later, and one beside another.
INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, location, reason_text, start_time, end_time, status, overbook_reason, is_group, waiting_on, waiting_number,
                   checked_in_at, started_at, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('visit', n), pg_temp.demo_id('facility', 1), pg_temp.demo_id('patient', who), pg_temp.demo_id('staff', staff), type, mode, NULL, reason,
       date_trunc('minute', now()) + make_interval(mins => at), date_trunc('minute', now()) + make_interval(mins => at + length), status, overbooked, n = 18,
       CASE WHEN number IS NOT NULL THEN (now() AT TIME ZONE 'Europe/London')::date END, number,
       CASE WHEN status <> 'PLANNED' THEN now() - make_interval(mins => waits) END, CASE status WHEN 'IN_PROGRESS' THEN now() - INTERVAL '9 minutes' END, pg_temp.demo_id('user', 2),
       now() - CASE type WHEN 'WALK_IN' THEN make_interval(mins => waits) ELSE INTERVAL '5 days' END
FROM (VALUES
  (11, 12,    2, 'SCHEDULED', 'IN_PERSON', 'Weight and blood pressure', -20,  15, 'CHECKED_IN',  NULL, NULL::integer, 35),
  (12,  5,    1, 'SCHEDULED', 'IN_PERSON', 'Heart failure clinic',      -15,  30, 'IN_PROGRESS', NULL, NULL, 20),
  (13,  7,    1, 'SCHEDULED', 'VIRTUAL',   'Blood pressure check',       45,  30, 'PLANNED',     NULL, NULL, NULL),
  (14, 27,   12, 'SCHEDULED', 'IN_PERSON', 'Follow-up',                 -10,  20, 'PLANNED',     NULL, NULL, NULL),
  (15, 28, NULL, 'WALK_IN',   'IN_PERSON', 'Cut on the hand',           -52,  15, 'CHECKED_IN',  'Walk-in', 1, 52),
  (16, 32, NULL, 'WALK_IN',   'IN_PERSON', 'Sore throat',               -12,  15, 'CHECKED_IN',  'Walk-in', 2, 12),
  (17, 25,    2, 'WALK_IN',   'IN_PERSON', 'Dressing change',           -25,  15, 'IN_PROGRESS', 'Walk-in', 3, 25),
  (18, 10,    1, 'SCHEDULED', 'IN_PERSON', 'Living with diabetes',      120,  60, 'PLANNED',     NULL, NULL, NULL),
  (19, 18,    1, 'SCHEDULED', 'VIRTUAL',   'Results cannot wait',        45,  15, 'PLANNED',     'Potassium result came in this morning', NULL, NULL),
  -- Open to join at once, and until staff have marked it.
  (20,  4,    1, 'SCHEDULED', 'VIRTUAL',   'Sugar in the morning',       15,  30, 'PLANNED',     NULL, NULL, NULL)
) AS told (n, who, staff, type, mode, reason, at, length, status, overbooked, number, waits);

INSERT INTO visit_participant (organization_id, id, visit_id, patient_id, attendance, created_by_id)
SELECT v.organization_id, pg_temp.demo_id('participant', right(v.id::text, 12)::integer), v.id, v.patient_id,
       CASE v.status WHEN 'COMPLETED' THEN 'ATTENDED' WHEN 'NO_SHOW' THEN 'ABSENT' ELSE 'EXPECTED' END, v.created_by_id
FROM visit AS v WHERE v.organization_id = pg_temp.demo_id('organization', 1);
INSERT INTO visit_participant (organization_id, id, visit_id, patient_id, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('participant', 800000 + who), pg_temp.demo_id('visit', 18), pg_temp.demo_id('patient', who), pg_temp.demo_id('user', 2)
FROM (VALUES (9), (12), (16)) AS joins (who);

-- Requests: unread, read, answered, declined, withdrawn, become visits.
INSERT INTO visit_request (organization_id, id, facility_id, patient_id, request_type, visit_mode, requested_date, window_start, window_end, reason_text, reason_category, acuity, status, proposed_slot_id,
                           visit_id, decline_note, cancel_reason, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('visit_request', n), pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', who), type, mode, CURRENT_DATE + day, now() + from_h, now() + until_h,
       reason, category, acuity, status, pg_temp.demo_id('slot', slot), pg_temp.demo_id('visit', visit), declined, cancelled, pg_temp.demo_id('user', asker), now() - ago
FROM (VALUES
  (1,  6, 2, 6,  'SCHEDULED', 'IN_PERSON', 0,             NULL::interval,     NULL::interval,     'Fall this morning, hip pain',  'NEW_PROBLEM', 'RED',    'NEW',     NULL::integer, NULL::integer, NULL, NULL, INTERVAL '8 minutes'),
  (2,  4, 1, 11, 'SCHEDULED', 'VIRTUAL',   NULL::integer, INTERVAL '1 hour',  INTERVAL '4 days',  'Sugar over 12 for 3 days',     'FOLLOW_UP',   'ORANGE', 'AWAITING_PATIENT_CONFIRMATION', 1, NULL, NULL, NULL, INTERVAL '5 hours'),
  (3, 21, 1, 2,  'SCHEDULED', 'VIRTUAL',   NULL,          INTERVAL '1 day',   INTERVAL '7 days',  'Inhaler does not last',        'MEDICINES',   'YELLOW', 'TRIAGED', NULL, NULL, NULL, NULL, INTERVAL '22 hours'),
  (4, 14, 1, 2,  'SCHEDULED', 'VIRTUAL',   3,             NULL,               NULL,               'Question about results',       'RESULTS',     'YELLOW', 'NEW',     NULL, NULL, NULL, NULL, INTERVAL '3 hours'),
  (5, 16, 1, 2,  'SCHEDULED', 'VIRTUAL',   NULL,          NULL,               NULL,               'Letter for work again',        'PAPERWORK',   'GREEN',  'NEW',     NULL, NULL, NULL, NULL, INTERVAL '7 hours'),
  (6,  4, 1, 11, 'SCHEDULED', 'IN_PERSON', NULL,          NULL,               NULL,               'Diabetes review',              'FOLLOW_UP',   'GREEN',  'CONVERTED_TO_VISIT', NULL, 6, NULL, NULL, INTERVAL '20 days'),
  (7,  4, 1, 11, 'SCHEDULED', 'IN_PERSON', NULL,          NULL,               NULL,               'Repeat prescription',          'MEDICINES',   'GREEN',  'CANCELLED', NULL, NULL, NULL, 'No visit needed: the prescription is at your pharmacy.', INTERVAL '40 days'),
  (8,  9, 1, 2,  'SCHEDULED', 'IN_PERSON', NULL,          NULL,               NULL,               'Foot check',                   'FOLLOW_UP',   'YELLOW', 'TRIAGED', NULL, NULL, 'Works in the mornings', NULL, INTERVAL '30 hours'),
  (9,  8, 1, 2,  'WALK_IN',   'IN_PERSON', NULL,          NULL,               NULL,               'Dizzy since yesterday',        'NEW_PROBLEM', 'ORANGE', 'TRIAGED', NULL, NULL, NULL, NULL, INTERVAL '25 minutes')
) AS told (n, who, place, asker, type, mode, day, from_h, until_h, reason, category, acuity, status, slot, visit, declined, cancelled, ago);

-- How each of them came to be where it is.
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at)
SELECT v.organization_id, 'visit', v.id, v.patient_id, v.facility_id, NULL, 'PLANNED', v.overbook_reason, v.created_by_id, v.created_at FROM visit AS v
 WHERE v.organization_id = pg_temp.demo_id('organization', 1)
UNION ALL SELECT v.organization_id, 'visit', v.id, v.patient_id, v.facility_id, 'PLANNED', 'CHECKED_IN', NULL, pg_temp.demo_id('user', 2), v.checked_in_at FROM visit AS v
 WHERE v.organization_id = pg_temp.demo_id('organization', 1) AND v.checked_in_at IS NOT NULL
UNION ALL SELECT v.organization_id, 'visit', v.id, v.patient_id, v.facility_id, 'CHECKED_IN', 'IN_PROGRESS', NULL, pg_temp.demo_id('user', 1), v.started_at FROM visit AS v
 WHERE v.organization_id = pg_temp.demo_id('organization', 1) AND v.started_at IS NOT NULL
UNION ALL SELECT v.organization_id, 'visit', v.id, v.patient_id, v.facility_id, CASE v.status WHEN 'COMPLETED' THEN 'IN_PROGRESS' ELSE 'PLANNED' END, v.status, v.cancel_reason, pg_temp.demo_id('user', 2), v.ended_at
  FROM visit AS v WHERE v.organization_id = pg_temp.demo_id('organization', 1) AND v.ended_at IS NOT NULL
UNION ALL SELECT r.organization_id, 'visit_request', r.id, r.patient_id, r.facility_id, NULL, 'NEW', NULL, r.created_by_id, r.created_at FROM visit_request AS r
 WHERE r.organization_id = pg_temp.demo_id('organization', 1)
UNION ALL SELECT r.organization_id, 'visit_request', r.id, r.patient_id, r.facility_id, 'NEW', 'TRIAGED', NULL, pg_temp.demo_id('user', 2), r.created_at + INTERVAL '20 minutes' FROM visit_request AS r
 WHERE r.organization_id = pg_temp.demo_id('organization', 1) AND r.status <> 'NEW'
UNION ALL SELECT r.organization_id, 'visit_request', r.id, r.patient_id, r.facility_id, 'TRIAGED', r.status, r.cancel_reason, pg_temp.demo_id('user', 2), r.created_at + INTERVAL '40 minutes' FROM visit_request AS r
 WHERE r.organization_id = pg_temp.demo_id('organization', 1) AND r.status NOT IN ('NEW', 'TRIAGED');

-- Whom Ms Reyes brings along: her interpreter, to the visit that is next and to the last one. 91_visit_guests.sql writes them.
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'visit_guest', 'name', pg_temp.demo_id('guest', n), name FROM (VALUES (1, 'Carmen Ortiz'), (2, 'Carmen Ortiz'), (3, 'Inés Reyes')) AS told (n, name);
