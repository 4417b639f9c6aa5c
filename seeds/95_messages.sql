-- Conversations in clear text, in every state: with Ms Reyes in the portal, and with people who called, texted or wrote. The next file keeps them sealed.
CREATE FUNCTION pg_temp.thread_id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('01900000-0000-7000-80f1-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.message_id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT ('01900000-0000-7000-80f2-' || lpad(n::text, 12, '0'))::uuid $$;

CREATE TEMPORARY TABLE talk (
  org integer, n integer PRIMARY KEY, place integer, person integer, subject text, category text, channel text, contact text, status text, keeper integer, closed_by integer, closed_ago interval
) ON COMMIT DROP;
INSERT INTO talk VALUES
  (1,  1, 1,  4,   'Dizzy with the new tablets',        'MEDICINE',  'PORTAL', NULL, 'AWAITING_STAFF',   NULL, NULL, NULL),
  (1,  2, 1,  4,   'My appointment on Thursday',        'VISIT',     'PORTAL', NULL, 'AWAITING_PATIENT', 2,    NULL, NULL),
  (1,  3, 1,  4,   'Blood test in September',           'RESULT',    'PORTAL', NULL, 'CLOSED',           1,    1,    INTERVAL '40 days'),
  (1,  4, 1,  4,   'Letter for my employer',            'PAPERWORK', 'PORTAL', NULL, 'CLOSED',           2,    2,    INTERVAL '3 days'),
  (1,  5, 1, NULL, 'Flu clinic',                        'VISIT',     'SMS',    'Text from 07700 900144', 'AWAITING_STAFF', NULL, NULL, NULL),
  (1,  6, 2, NULL, 'A room for my father',              'OTHER',     'EMAIL',  'Farid Chaudhry, farid@chaudhry.example', 'AWAITING_PATIENT', 7, NULL, NULL),
  (1,  7, 1,  1,   'Headache and a high reading',       'HEALTH',    'PHONE',  NULL, 'AWAITING_PATIENT', 1,    NULL, NULL),
  (1,  8, 1,  5,   'Could I be seen before my holiday', 'VISIT',     'SMS',    NULL, 'AWAITING_STAFF',   1,    NULL, NULL),
  (1,  9, 2,  6,   'Visiting on Sunday',                'OTHER',     'PHONE',  NULL, 'AWAITING_STAFF',   6,    NULL, NULL),
  (1, 10, 1,  8,   'Moving to another town',            'PAPERWORK', 'EMAIL',  NULL, 'OPEN',             12,   NULL, NULL),
  (2, 11, 11, 91,  'Repeat prescription',               'MEDICINE',  'PHONE',  NULL, 'AWAITING_STAFF',   21,   NULL, NULL);

CREATE TEMPORARY TABLE spoken (n integer PRIMARY KEY, talk integer, side text, who integer, ago interval, words text) ON COMMIT DROP;
INSERT INTO spoken VALUES
  ( 1,  1, 'PATIENT', 11, INTERVAL '2 hours 10 minutes', E'Hello, since I take the new tablets I feel dizzy when I stand up in the morning.\nIt passes after a minute. Should I go on taking them?'),
  ( 2,  1, 'PATIENT', 11, INTERVAL '1 hour 55 minutes', 'I forgot to say: I take one at breakfast, the white one, 5 mg.'),
  ( 3,  2, 'PATIENT', 11, INTERVAL '28 hours', 'Can I come at 10 instead of 9 on Thursday? I have to bring my son to school first.'),
  ( 4,  2, 'STAFF',    2, INTERVAL '26 hours', 'Of course. I have moved you to 10:15 with Dr Haas. Please bring the list of your home readings.'),
  ( 5,  2, 'PATIENT', 11, INTERVAL '25 hours', 'Thank you! Do I have to come without breakfast?'),
  ( 6,  2, 'STAFF',    2, INTERVAL '20 hours', 'No, please eat as always. We only take blood next time.'),
  ( 7,  3, 'PATIENT', 11, INTERVAL '43 days', 'Have the results of my blood test come?'),
  ( 8,  3, 'STAFF',    1, INTERVAL '42 days', 'They have, and they are as we hoped: your sugar is better than in spring. Well done. We repeat the test in six months.'),
  ( 9,  3, 'PATIENT', 11, INTERVAL '41 days', 'That is such good news. Thank you, doctor.'),
  (10,  4, 'PATIENT', 11, INTERVAL '5 days', 'My employer asks for a letter that I was at the clinic on Monday morning.'),
  (11,  4, 'STAFF',    2, INTERVAL '4 days 2 hours', 'The letter is ready at the desk. It says that you were here until noon on Tuesday.'),
  (12,  4, 'STAFF',    2, INTERVAL '4 days 1 hour', 'Sorry, I wrote the wrong day above. The letter itself is right: it says Monday. You can collect it from today.'),
  (13,  4, 'PATIENT', 11, INTERVAL '3 days 3 hours', 'I have it now. Thank you.'),
  (14,  5, 'OUTSIDE', NULL, INTERVAL '35 minutes', 'Hi, is the flu clinic still on this Saturday? And can my mother come without an appointment? She is 81.'),
  (15,  6, 'OUTSIDE', NULL, INTERVAL '2 days', 'Dear Elm Court, my father comes out of hospital next week and cannot go back to his flat yet. Do you have a room for a month or two?'),
  (16,  6, 'STAFF',    7, INTERVAL '1 day 20 hours', 'Dear Mr Chaudhry, we have one room on the ground floor from Monday. Would you like to see it? I am here until six on each day of this week.'),
  (17,  7, 'OUTSIDE', NULL, INTERVAL '3 hours', 'Called: headache since the morning, home cuff shows 182 over 110. No trouble seeing, no weakness.'),
  (18,  7, 'STAFF',    1, INTERVAL '2 hours 50 minutes', 'Called back: rest, read again seated after ten minutes, come in at 14:00. If speech or sight change, call 999 at once.'),
  (19,  8, 'OUTSIDE', NULL, INTERVAL '50 minutes', 'Its Priya. I fly on Friday, any chance Dr Haas could look at my knee before that? Mornings are best.'),
  (20,  9, 'OUTSIDE', NULL, INTERVAL '90 minutes', 'His daughter called: she would like to visit on Sunday with both children and asks whether they may bring the dog.'),
  (21, 10, 'OUTSIDE', NULL, INTERVAL '8 days', 'I am moving to Lyon in January. What do I need to do so that my records come with me?'),
  (22, 10, 'STAFF',   12, INTERVAL '7 days', 'We print everything for you and add a letter in French. Please tell us the date when you know it.'),
  (23, 11, 'OUTSIDE', NULL, INTERVAL '4 hours', 'Called for the repeat of the inhaler, has one left for a week.');

INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', t.org), 'message', 'content', pg_temp.message_id(s.n), s.words FROM spoken AS s JOIN talk AS t ON t.n = s.talk
UNION ALL
SELECT pg_temp.demo_id('organization', org), 'thread', 'contact', pg_temp.thread_id(n), contact FROM talk WHERE contact IS NOT NULL;
