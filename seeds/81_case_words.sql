-- The cases of 80_cases.sql as records with their history and audit; then what people said and have to do, in clear text.
SELECT pg_temp.enter(1);
INSERT INTO cases (organization_id, id, number, facility_id, patient_id, alert_id, title, description_enc, status, priority, assigned_to_id, due_at, submitted_at, assigned_at, started_at,
                   finished_at, finished_by_id, completed_at, completed_by_id, closure_reason, status_reason, status_changed_at, status_changed_by_id, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('case', m.n), m.number, pg_temp.demo_id('facility', m.place), pg_temp.demo_id('patient', m.person), pg_temp.demo_id('alert', m.about_alert),
       m.title, pg_temp.sealed('cases', 'description', pg_temp.demo_id('case', m.n)), last.after, m.priority, CASE WHEN last.after NOT IN ('NEW', 'PENDING_REVIEW') THEN pg_temp.demo_id('user', last.worker) END,
       -- The end of a working day, except where hours count.
       CASE WHEN abs(extract(epoch FROM m.due)) < 86400 THEN date_trunc('hour', now()) + m.due ELSE date_trunc('day', now()) + m.due + INTERVAL '17 hours' END,
       CASE WHEN last.after <> 'NEW' THEN now() - f.submitted END, CASE WHEN last.after NOT IN ('NEW', 'PENDING_REVIEW') THEN now() - f.assigned END, now() - f.started,
       now() - f.finished, CASE WHEN f.finished IS NOT NULL THEN pg_temp.demo_id('user', last.worker) END,
       CASE last.after WHEN 'COMPLETED' THEN now() - last.ago END, CASE last.after WHEN 'COMPLETED' THEN pg_temp.demo_id('user', 4) END, CASE last.after WHEN 'COMPLETED' THEN last.closure END, f.reason,
       now() - f.changed, pg_temp.demo_id('user', last.who), now() - f.opened, pg_temp.demo_id('user', 3)
FROM matter AS m
JOIN LATERAL (SELECT * FROM turn AS t WHERE t.n = m.n ORDER BY t.place DESC LIMIT 1) AS last ON true
JOIN LATERAL (SELECT max(ago) FILTER (WHERE kind = 'open') AS opened, min(ago) FILTER (WHERE kind = 'submit') AS submitted, min(ago) FILTER (WHERE kind IN ('assign', 'reassign')) AS assigned,
                     min(ago) FILTER (WHERE kind = 'start') AS started, min(ago) FILTER (WHERE kind = 'finish') AS finished, min(ago) FILTER (WHERE kind <> 'reassign') AS changed,
                     (array_agg(t.reason ORDER BY t.place DESC) FILTER (WHERE t.reason IS NOT NULL))[1] AS reason
              FROM turn AS t WHERE t.n = m.n) AS f ON true
ORDER BY m.n;

INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at)
SELECT pg_temp.demo_id('organization', 1), 'case', pg_temp.demo_id('case', t.n), pg_temp.demo_id('patient', m.person), pg_temp.demo_id('facility', m.place), t.before, t.after, t.reason,
       pg_temp.demo_id('user', t.who), now() - t.ago
FROM turn AS t JOIN matter AS m USING (n) ORDER BY t.ago DESC, t.n, t.place;

-- The pages write an event beside each row of the history, and so does this.
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, details, ip_address)
SELECT pg_temp.demo_id('organization', 1), now() - t.ago, 'USER', pg_temp.demo_id('user', t.who), c.role,
       CASE WHEN t.kind = 'open' THEN 'CREATE' WHEN t.kind IN ('assign', 'reassign') THEN 'ASSIGNED' ELSE 'STATUS_CHANGED' END, 'case', pg_temp.demo_id('case', t.n), pg_temp.demo_id('patient', m.person),
       pg_temp.demo_id('facility', m.place),
       nullif(jsonb_strip_nulls(jsonb_build_object(
         'status', CASE WHEN t.before <> t.after THEN jsonb_build_object('before', t.before, 'after', t.after) END,
         'assigned_to_id', CASE WHEN t.kind IN ('assign', 'reassign') THEN jsonb_build_object('before', CASE t.kind WHEN 'reassign' THEN pg_temp.demo_id('user', t.worker_before) END, 'after', pg_temp.demo_id('user', t.worker)) END)), '{}'),
       CASE WHEN m.n = 1 AND t.kind = 'open' THEN '{"message": "Case created during Phase 0 setup"}'::jsonb WHEN t.kind <> 'open' THEN jsonb_build_object('move', CASE t.kind WHEN 'sendback' THEN 'send_back' ELSE t.kind END) END,
       '192.0.2.1'::inet + t.who
FROM turn AS t JOIN matter AS m USING (n) JOIN colleague AS c ON c.n = t.who ORDER BY t.ago DESC, t.n, t.place;

-- What was changed on the way.
INSERT INTO trace (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes, ip_address)
SELECT pg_temp.demo_id('organization', 1), now() - ago::interval, 'USER', pg_temp.demo_id('user', who), role, 'UPDATE', 'case', pg_temp.demo_id('case', n), pg_temp.demo_id('patient', m.person),
       pg_temp.demo_id('facility', m.place), changes::jsonb, '192.0.2.1'::inet + who
FROM (VALUES (26, '27h', 3, 'CLERK', '{"priority": {"before": "MEDIUM", "after": "HIGH"}}'), (17, '19d', 4, 'CHAIR', '{"priority": {"before": "MEDIUM", "after": "HIGH"}}'),
             (22, '12d', 4, 'CHAIR', '{"due_at": {"before": null, "after": "changed"}}'), (33, '14d', 4, 'CHAIR', '{"priority": {"before": "HIGH", "after": "URGENT"}}')) AS change (n, ago, who, role, changes)
JOIN matter AS m USING (n) ORDER BY ago::interval DESC;

CREATE TEMPORARY TABLE remark (n integer PRIMARY KEY, about integer, who integer, ago interval, words text) ON COMMIT DROP;
INSERT INTO remark VALUES
  (101, 26, 5, '20h', 'I can take this one from Thursday. The OT letter covers the seat but not the rail height, so I would ask for 680 mm in writing.'),
  (102, 26, 3, '25h', 'Second quote is in. The third firm promised Thursday.'), (103, 26, 4, '2h', 'Agreed: 680 mm in writing before we decide.'),
  (104, 2, 5, '320d', 'Spoke to her. The old address was on the paper form from 2019.'), (105, 2, 3, '318d', 'Address corrected on the record and on the label roll.'),
  (106, 4, 5, '220d', 'Monday and Wednesday are certain, Friday by Tuesday.'), (107, 4, 4, '214d', 'I want Friday in writing, too. She cannot miss one.'), (108, 4, 5, '210d', 'Friday confirmed by letter today.'),
  (109, 5, 14, '166d', 'Room searched together with the manager and the daughter.'), (110, 5, 14, '161d', 'Found. The drawer has a gap at the back; so have eleven others.'), (111, 5, 4, '159d', 'Then let us mend all twelve.'),
  (112, 6, 5, '130d', 'Clinic named in the refusal closed in 2022.'), (113, 6, 3, '60d', 'He telephoned: 31.40 arrived, 62.80 were promised.'), (114, 8, 14, '70d', 'Dr Khan sees him on Tuesday.'),
  (115, 10, 14, '20d', '214 pages. Third-party letters taken out, list attached.'), (116, 13, 5, '9d', 'Second quote is 300 less but without the fitting.'), (117, 13, 5, '26h', 'Both quotes compared in the file. Ready for the board.'),
  (118, 14, 14, '6d', 'Photographs with dates from the health visitor.'), (119, 14, 14, '21h', 'Draft letter is in the documents. Please look at the second paragraph.'), (120, 15, 4, '3d', 'No refund without the receipt, however clear it is.'),
  (121, 15, 5, '6h', 'He found it in the other coat.'), (122, 16, 14, '4d', 'Family, home and the advocate have agreed on Thursday at 14:00.'), (123, 17, 5, '12d', 'Insurer asks for the physiotherapist''s number.'),
  (124, 17, 5, '3d', 'They pay half. The other half is for the fund: 412.'), (125, 18, 5, '14d', 'Assessment was booked twice and cancelled twice by the council.'), (126, 18, 4, '5d', 'This is late. What do you need from me?'),
  (127, 18, 5, '4d', 'A call to the head of the service would help.'), (128, 20, 5, '26h', 'Portuguese letter drafted with the interpreter; Dr Haas signs at noon.'), (129, 22, 5, '10d', 'Second question: who looked at the waiting list that night?'),
  (130, 24, 5, '2d', 'Night checks at 23:00, 01:00, 03:00 and 05:10. The 05:00 check was late.'), (131, 24, 3, '30h', 'Son telephoned, will call again on Monday.'), (132, 25, 14, '2d', 'Draft is with Dr Khan.'),
  (133, 27, 3, '4d', 'Dr Haas has room for her.'), (134, 32, 14, '4d', 'Sorry, I cannot take this one.'), (135, 33, 3, '13d', 'Two contracts wait for a signature.'), (136, 33, 3, '4d', 'The supplier asks again.'),
  (137, 34, 3, '5d', 'Nothing on the lost-property list of that day.'), (138, 38, 3, '20h', 'I have asked both agencies.'), (139, 21, 14, '8d', 'Printer needs a week for 200 copies.'), (140, 1, 3, '39d', 'Used to see whether everything works.');
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'comment', 'body', pg_temp.demo_id('comment', n), words FROM remark;

-- What there is to do: for whom (a person or a role), since when, until when, where it stands, and who moved it when.
CREATE TEMPORARY TABLE chore (
  n integer PRIMARY KEY, about integer, title text, words text, assignee integer, role text, priority text, made_by integer, made interval, due interval, status text, moved interval, outcome text, reason text
) ON COMMIT DROP;
INSERT INTO chore VALUES
  (1, 26, 'Get the third quote', 'Same rail, 680 mm, fitting included.', 3, NULL, 'HIGH', 3, '25h', '2d', 'READY', NULL, NULL, NULL),
  (2, 26, 'Ask occupational therapy for the rail height in writing', NULL, NULL, 'CASEWORKER', 'HIGH', 4, '2h', '3d', 'READY', NULL, NULL, NULL),
  (3, 17, 'Send the physiotherapist''s number to the insurer', NULL, 5, NULL, 'MEDIUM', 5, '12d', '-8d', 'DONE', '10d', 'Sent by fax, they have no other way.', NULL),
  (4, 17, 'Ask the fund for the other half', '412 pounds; form F7.', 5, NULL, 'HIGH', 5, '3d', '1d', 'IN_PROGRESS', '2d', NULL, NULL),
  (5, 17, 'Measure the doorway', 'The frame is 74 cm wide.', 5, NULL, 'MEDIUM', 4, '15d', '-2d', 'READY', NULL, NULL, NULL),
  (6, 18, 'Book the carer''s assessment', NULL, 5, NULL, 'MEDIUM', 5, '26d', '-10d', 'IN_PROGRESS', '20d', NULL, NULL),
  (7, 18, 'Call the head of the service', NULL, NULL, 'CHAIR', 'HIGH', 5, '4d', '-1d', 'READY', NULL, NULL, NULL),
  (8, 19, 'Look at room 4 with Mr Stone', NULL, 5, NULL, 'MEDIUM', 5, '9d', '3d', 'DONE', '5d', 'He likes it. The window sticks.', NULL),
  (9, 19, 'Have the window of room 4 mended', NULL, 5, NULL, 'LOW', 5, '5d', '6d', 'READY', NULL, NULL, NULL),
  (10, 20, 'Letter in Portuguese, signed', NULL, 5, NULL, 'URGENT', 5, '26h', '3h', 'IN_PROGRESS', '20h', NULL, NULL),
  (11, 20, 'Call the pharmacy in Lisbon', '+351 21 000 0000, ask for the shift lead.', 5, NULL, 'URGENT', 5, '26h', '5h', 'READY', NULL, NULL, NULL),
  (12, 22, 'Find out who looked at the list that night', NULL, 5, NULL, 'HIGH', 4, '12d', '-3d', 'IN_PROGRESS', '9d', NULL, NULL),
  (13, 22, 'Second letter', NULL, 5, NULL, 'HIGH', 4, '12d', '4d', 'READY', NULL, NULL, NULL),
  (14, 23, 'Ask the agency for a translator of medical Vietnamese', NULL, 14, NULL, 'MEDIUM', 14, '7d', '1d', 'DONE', '3d', 'Mr Tran, from Tuesday.', NULL),
  (15, 23, 'Have the translation read by a second person', NULL, 14, NULL, 'MEDIUM', 14, '3d', '4d', 'READY', NULL, NULL, NULL),
  (16, 24, 'Call the son on Monday', NULL, 5, NULL, 'HIGH', 3, '30h', '2d', 'READY', NULL, NULL, NULL),
  (17, 24, 'Copy of the incident report', NULL, 5, NULL, 'MEDIUM', 5, '3d', '1d', 'DONE', '2d', 'In the documents.', NULL),
  (18, 25, 'Ask Dr Khan for the letter', NULL, 14, NULL, 'MEDIUM', 14, '4d', '2d', 'IN_PROGRESS', '2d', NULL, NULL),
  (19, 27, 'Tell Ms Demir the new name', NULL, 5, NULL, 'MEDIUM', 4, '2d', '5d', 'READY', NULL, NULL, NULL),
  (20, 29, 'Ask the ward for a time', NULL, 5, NULL, 'HIGH', 4, '20h', '6h', 'READY', NULL, NULL, NULL),
  (21, 29, 'Book the driver', NULL, 5, NULL, 'HIGH', 4, '20h', '1d', 'READY', NULL, NULL, NULL),
  (22, 30, 'Doctor''s note on walking distance', NULL, 14, NULL, 'MEDIUM', 4, '12d', '-5d', 'DECLINED', '9d', NULL, 'She has one from the hospital; it is in the documents.'),
  (23, 31, 'Take over the plan of 2024 and have Dr Khan sign it', NULL, 5, NULL, 'URGENT', 4, '4h', '5h', 'READY', NULL, NULL, NULL),
  (24, 34, 'Look for the date of the visit', NULL, 3, NULL, 'LOW', 4, '7d', '-4d', 'DONE', '5d', 'It was a Tuesday.', NULL),
  (25, 38, 'Dates of both visits that were cancelled', NULL, 3, NULL, 'HIGH', 4, '22h', '1d', 'READY', NULL, NULL, NULL),
  (26, 14, 'Draft the letter to the council', NULL, 14, NULL, 'HIGH', 14, '16d', '-4d', 'DONE', '21h', 'In the documents.', NULL),
  (27, 13, 'Compare the two quotes', NULL, 5, NULL, 'MEDIUM', 5, '20d', '-6d', 'DONE', '26h', NULL, NULL),
  (28, 4, 'Written confirmation for Fridays', NULL, 5, NULL, 'HIGH', 4, '214d', '-211d', 'DONE', '210d', 'Letter of the volunteer service.', NULL),
  (29, 5, 'Search the room together with the family', NULL, 14, NULL, 'URGENT', 14, '167d', '-166d', 'DONE', '166d', NULL, NULL),
  (30, 12, 'Order a second trolley', NULL, 14, NULL, 'LOW', 14, '18d', '-12d', 'CANCELLED', '15d', NULL, 'The porter has one.');
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'task', c.name, pg_temp.demo_id('task', n), c.value FROM chore, LATERAL (VALUES ('description', words), ('outcome', outcome)) AS c (name, value) WHERE c.value IS NOT NULL;
