-- Cases on the way from a clerk's desk to completion, each told by what happened to it:
-- 'open 17d|submit 14d|assign:5 12d|start 11d|return 2d: reason'. From this come the state, the history, the audit and the times, so that they agree.
CREATE TEMPORARY TABLE matter (
  n integer PRIMARY KEY, number bigint, priority text, place integer, person integer, about_alert integer, due interval, title text, words text, path text
) ON COMMIT DROP;
INSERT INTO matter VALUES
  (1, 2001, 'MEDIUM', 3, NULL, NULL, NULL, 'Sample Case for Testing', 'This is a test case for Phase 0 validation', 'open 40d'),
  (2, 2002, 'HIGH', 1, 12, NULL, '-300d', 'Complaint: test results sent to the wrong address', 'Ms Mensah''s results went to her former address. Asks for an apology and for proof that the address was corrected.',
   'open 330d|submit 329d|assign:5 328d|start 327d|finish 312d|complete 310d: Apology sent, address corrected, letter template changed.'),
  (3, 2004, 'LOW', 3, NULL, NULL, NULL, 'Loan of a wheelchair from the store', 'A neighbour offers a wheelchair for the store. Check, label, list.', 'open 290d|submit 289d|assign:14 280d|start 279d|finish 271d|complete 270d: Checked and listed as W-17.'),
  (4, 2007, 'MEDIUM', 1, 17, NULL, '-200d', 'Transport to dialysis three times a week', 'Mrs Novak lost her lift. Needs a driver on Monday, Wednesday and Friday mornings.',
   'open 232d|submit 231d|assign:5 230d|start 229d|finish 215d|return 214d: The Friday driver has not confirmed in writing.|finish 209d|complete 208d: All three days confirmed by the volunteer service.'),
  (5, 2009, 'URGENT', 2, 22, NULL, '-150d', 'Safeguarding: money missing from a room', 'Mrs Holt reports that 60 pounds are missing. Family informed. Manager asks the board to look at it from outside.',
   'open 171d|submit 171d|assign:5 170d|start 170d|reassign:14 168d: Bob knows the family; somebody else should look at this.|finish 160d|complete 159d: Found behind the drawer. A lockable box was fitted in each room.'),
  (6, 2012, 'MEDIUM', 1, 28, NULL, '-120d', 'Appeal against a refused travel refund', 'Mr Hassan appeals: the refusal named the wrong clinic.',
   'open 140d|submit 139d|sendback 138d: Attach the letter of refusal.|submit 136d|assign:5 135d|start 134d|finish 126d|complete 125d: Refund granted.|reopen 60d: He was paid half of the sum.|finish 52d|complete 51d: The rest was paid.'),
  (7, 2015, 'LOW', 3, NULL, NULL, '-80d', 'New door sign for the case board', 'The sign still names the former chair.', 'open 110d|submit 109d|assign:14 108d|start 100d|finish 90d|complete 89d: Done.'),
  (8, 2018, 'HIGH', 2, 57, NULL, '-50d', 'Second opinion on moving to nursing care', 'Mr Richards'' daughter asks for a second opinion before he moves.', 'open 84d|submit 83d|assign:14 82d|start 81d|finish 62d|complete 60d: Second opinion agrees; move planned with the family.'),
  (9, 2021, 'MEDIUM', 1, 4, NULL, '-20d', 'Interpreter for all visits, Spanish', 'Ms Reyes asks for the same interpreter each time.', 'open 62d|submit 61d|assign:5 60d|start 58d|finish 44d|complete 43d: Agreed with the agency for a year.'),
  (10, 2023, 'MEDIUM', 1, 53, NULL, '-9d', 'Copy of the full record for a solicitor', 'Signed request of 2 pages is attached. Thirty days by law.', 'open 36d|submit 36d|assign:14 35d|start 34d|finish 15d|complete 13d: Sent by tracked post.'),
  (11, 2025, 'HIGH', 1, 1, NULL, '-4d', 'Home blood pressure monitor on loan', 'Ms Okafor''s own cuff is 6 years old and reads high. Loan for 8 weeks.', 'open 27d|submit 26d|assign:5 25d|start 24d|finish 8d|complete 6d: Cuff 31 lent until January.'),
  (12, 2026, 'LOW', 3, NULL, NULL, NULL, 'Archive boxes to the new store', 'Fourteen boxes, 2009 to 2012.', 'open 24d|submit 23d|assign:14 22d|start 20d|finish 5d|complete 4d: Moved and listed.'),
  (13, 2028, 'MEDIUM', 2, 56, NULL, '2d', 'Grant for a hearing loop in the lounge', 'Mrs Quinn and three others would use it. Two quotes.', 'open 31d|submit 30d|assign:5 28d|start 27d|finish 1d'),
  (14, 2029, 'HIGH', 1, 21, NULL, '-1d', 'Housing letter for the council', 'Ms Abdi''s flat has mould; her asthma is worse. The council asks for a letter by the board.', 'open 19d|submit 18d|assign:14 17d|start 16d|finish 20h'),
  (15, 2030, 'MEDIUM', 1, 43, NULL, '6d', 'Refund for a cancelled hearing test', 'Cancelled by the clinic on the day; he had paid for a taxi.', 'open 15d|submit 14d|assign:5 13d|start 12d|finish 4d|return 3d: The receipt is missing.|finish 5h'),
  (16, 2031, 'URGENT', 2, 61, NULL, '-3d', 'Best-interests meeting about a locked garden gate', 'Mr Vaughan walks out at night. The home asks whether the gate may be locked from 22:00.', 'open 12d|submit 12d|assign:14 11d|start 11d|finish 26h'),
  (17, 2032, 'HIGH', 1, 13, NULL, '1d', 'Funding for a standing frame', 'Physiotherapy supports it. The insurer pays half.', 'open 22d|submit 21d|assign:5 20d|start 19d'),
  (18, 2033, 'MEDIUM', 1, 48, NULL, '-6d', 'Carer''s assessment for her daughter', 'Her daughter stopped working to care for Mrs Ivanova.', 'open 30d|submit 29d|assign:5 28d|start 26d'),
  (19, 2034, 'MEDIUM', 2, 24, NULL, '9d', 'Move to a ground-floor room', 'Mr Stone fell twice on the stairs since September.', 'open 14d|submit 13d|assign:14 12d|decline 11d: I am away until Monday.|assign:5 11d|start 10d'),
  (20, 2035, 'URGENT', 1, 3, NULL, '5h', 'Emergency prescription while abroad', 'Mr Ferreira''s bag was stolen in Lisbon. Pharmacy there asks for a letter in Portuguese.', 'open 30h|submit 29h|assign:5 28h|start 27h'),
  (21, 2036, 'LOW', 3, NULL, NULL, '20d', 'Leaflet "How the board decides" in large print', 'Asked for by the patients'' forum.', 'open 33d|submit 31d|assign:14 27d|start 20d'),
  (22, 2037, 'HIGH', 1, 10, NULL, '-2d', 'Complaint about a long wait in April', 'Mrs Szymańska waited 4 hours with chest pain. Asks what was learned.',
   'open 75d|submit 74d|assign:5 73d|start 72d|finish 50d|complete 49d: Letter sent.|reopen 12d: The letter did not answer her second question.'),
  (23, 2038, 'MEDIUM', 1, 36, NULL, '4d', 'Translated consent form, Vietnamese', 'For the operation in December.', 'open 10d|submit 9d|assign:14 8d|start 7d'),
  (24, 2039, 'HIGH', 2, 6, NULL, '3d', 'Fall on 14 November: what the family asks', 'The son asks for the incident report and for the times of the night checks.', 'open 6d|submit 6d|assign:14 5d|start 5d|reassign:5 3d: Ana is on leave this week.'),
  (25, 2040, 'MEDIUM', 1, 15, NULL, NULL, 'Letter to the employer: shorter shifts', 'Mr Ibrahim asks for a letter about his back.', 'open 8d|submit 7d|assign:14 6d|start 4d'),
  (26, 2041, 'HIGH', 2, 6, 4, '3d', 'Home adaptation grant, second bathroom rail', 'Mr Whitfield asks for a grant for a second rail and a raised seat after a fall on 14 November at Elm Court. Occupational therapy supports the request. Two quotes are attached; a third is due on Thursday.', 'open 4d|submit 26h'),
  (27, 2042, 'MEDIUM', 1, 39, NULL, '12d', 'Change of named clinician', 'Ms Demir asks for a woman as her clinician.', 'open 5d|submit 4d|assign:5 2d'),
  (28, 2043, 'LOW', 1, 62, NULL, NULL, 'Certificate of vaccination, English and Chinese', 'For his university.', 'open 6d|submit 5d|assign:14 3d'),
  (29, 2044, 'HIGH', 2, 60, NULL, '2d', 'Hospital discharge on Friday: who fetches her', 'Mrs Underwood is in St Mary''s. The ward asks for a time.', 'open 30h|submit 28h|assign:5 20h'),
  (30, 2045, 'MEDIUM', 1, 33, NULL, '-4d', 'Parking permit near the entrance', 'Lady Waverley-Featherstonehaugh cannot walk more than 50 metres.', 'open 18d|submit 17d|assign:14 12d'),
  (31, 2046, 'URGENT', 1, 50, NULL, '7h', 'School needs an allergy plan by tomorrow', 'Amina Khan starts at a new school. The plan of 2024 is out of date.', 'open 9h|submit 8h|assign:5 4h'),
  (32, 2047, 'MEDIUM', 2, 23, NULL, '8d', 'Halal meals from the new kitchen', 'Mrs Iqbal''s family asks for the supplier''s certificate.', 'open 7d|submit 6d|assign:14 5d|decline 4d: My aunt works for the supplier.|assign:5 3d'),
  (33, 2048, 'URGENT', 2, 58, NULL, '-5d', 'Deputyship: who may sign for Mr Sokolov', 'The court''s letter has come. Contracts wait for a signature.', 'open 16d|submit 15d'),
  (34, 2049, 'MEDIUM', 1, 11, NULL, '5d', 'Refund of a lost hearing aid', 'Lost in the waiting room, he says.', 'open 9d|submit 8d|sendback 7d: Ask reception for the lost-property list of that day.|submit 5d'),
  (35, 2050, 'HIGH', 1, 8, NULL, '30h', 'Insurance asks for a report by a date', 'Ms Dubois'' insurer asks for dates of sick leave.', 'open 3d|submit 2d'),
  (36, 2051, 'LOW', 3, NULL, NULL, NULL, 'More chairs for the waiting room', 'Four broken, two missing.', 'open 7d|submit 6d'),
  (37, 2052, 'MEDIUM', 1, 9, NULL, '10d', 'Volunteer to walk the dog', 'Mr Osei cannot go out until his foot has healed.', 'open 26h|submit 3h'),
  (38, 2053, 'HIGH', 1, 34, NULL, '6d', 'Interpreter did not come', 'Second time this month. The visit was cancelled.', 'open 2d|submit 40h|sendback 22h: Which agency, and which dates?'),
  (39, 2054, 'MEDIUM', 1, 26, NULL, '14d', 'Register a new-born at the practice', 'Poppy Bell, 3 weeks. Birth certificate to be copied.', 'open 5h'),
  (40, 2055, 'LOW', 1, 44, NULL, NULL, 'Record on hold: when may it be closed?', 'Mrs Evans moved to Wales in spring.', 'open 2d'),
  (41, 2056, 'MEDIUM', 2, 55, NULL, NULL, 'Birthday visit of the mayor', 'Miss Pemberton will be 95 on 7 December. Ask her first.', 'open 50min'),
  (42, 2057, 'HIGH', 1, 20, NULL, '2d', 'Health visitor has no current address', 'Two visits missed.', 'open 3h|submit 2h');

-- Each step with its time, and who took it.
CREATE TEMPORARY TABLE turn ON COMMIT DROP AS
WITH told AS (
  SELECT m.n, s.at AS place, r[1] AS kind, r[2]::integer AS given, r[3]::interval AS ago, r[4] AS reason
  FROM matter AS m, LATERAL unnest(string_to_array(m.path, '|')) WITH ORDINALITY AS s (step, at), LATERAL regexp_match(s.step, '^([a-z]+)(?::([0-9]+))? ([0-9]+(?:d|h|min))(?:: (.*))?$') AS r),
moved AS (
  SELECT t.*, k.before, k.after, count(given) OVER (PARTITION BY n ORDER BY place) AS hand
  FROM told AS t JOIN (VALUES ('open', NULL, 'NEW'), ('submit', 'NEW', 'PENDING_REVIEW'), ('sendback', 'PENDING_REVIEW', 'NEW'), ('assign', 'PENDING_REVIEW', 'ASSIGNED'),
    ('decline', 'ASSIGNED', 'PENDING_REVIEW'), ('start', 'ASSIGNED', 'IN_PROGRESS'), ('reassign', 'IN_PROGRESS', 'IN_PROGRESS'), ('finish', 'IN_PROGRESS', 'PENDING_COMPLETION'),
    ('return', 'PENDING_COMPLETION', 'IN_PROGRESS'), ('complete', 'PENDING_COMPLETION', 'COMPLETED'), ('reopen', 'COMPLETED', 'IN_PROGRESS')) AS k (kind, before, after) USING (kind)),
held AS (
  SELECT m.*, max(given) OVER (PARTITION BY n, hand) AS worker, max(given) OVER (PARTITION BY n ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ever FROM moved AS m)
SELECT n, place, kind, given, ago, CASE WHEN kind <> 'complete' THEN reason END AS reason, CASE WHEN kind = 'complete' THEN reason END AS closure, before, after, worker,
       CASE WHEN kind IN ('open', 'submit') THEN 3 WHEN kind IN ('start', 'finish', 'decline') THEN worker ELSE 4 END AS who,
       lag(worker) OVER (PARTITION BY n ORDER BY place) AS worker_before
FROM held;

INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'cases', 'description', pg_temp.demo_id('case', n), words FROM matter WHERE words <> '';
