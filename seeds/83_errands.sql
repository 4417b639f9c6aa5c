-- Tasks outside cases, in clear text: about patients, for patients, and between colleagues. Written by 84_errand_work.sql.
CREATE TEMPORARY TABLE errand (
  n integer PRIMARY KEY, person integer, place integer, title text, words text, assignee integer, role text, priority text, due interval, status text, made interval, made_by integer, moved interval, outcome text
) ON COMMIT DROP;
INSERT INTO errand VALUES
  (101, 1, 1, 'Ring about the blood pressure medicine', 'She stopped the amlodipine two weeks ago because of swollen ankles. Ask how she is, and whether she would take something else.', 1, NULL, 'URGENT', '2 hours', 'READY', '40 minutes', 12, NULL, NULL),
  (102, 1, 1, 'Measure your blood pressure every morning and evening', 'Sit for five minutes first. Both numbers, please.', NULL, 'PATIENT', 'HIGH', '6 days', 'READY', '35 minutes', 12, NULL, NULL),
  (103, 4, 1, 'Measure your sugar before breakfast for a week', 'Write the number down under Readings each day.', NULL, 'PATIENT', 'HIGH', '4 days', 'READY', '3 days', 1, NULL, NULL),
  (104, 4, 1, 'Bring your medicines to the next visit', 'All of them, in their boxes. Also what you buy yourself.', NULL, 'PATIENT', 'MEDIUM', '9 days', 'READY', '3 days', 2, NULL, NULL),
  (105, 4, 1, 'Fill in the form about your feet', NULL, NULL, 'PATIENT', 'MEDIUM', '-2 days', 'DONE', '8 days', 2, '3 days', NULL),
  (106, 4, 1, 'Book a review of the diabetes tablets', NULL, NULL, 'MEDICAL_ASSISTANT', 'MEDIUM', '2 days', 'READY', '1 day', 1, NULL, NULL),
  (107, 2, 1, 'Check the oxygen concentrator at home', 'The pulse oximeter and the concentrator may both be at fault: compare with ours.', 2, NULL, 'HIGH', '-3 hours', 'IN_PROGRESS', '1 day', 1, '2 hours', NULL),
  (108, 6, 1, 'Ask why no readings came this week', NULL, NULL, 'MEDICAL_ASSISTANT', 'MEDIUM', '-1 day', 'READY', '2 days', 12, NULL, NULL),
  (109, 7, 1, 'Call back about the sleeping tablets', NULL, 1, NULL, 'MEDIUM', '1 day', 'READY', '5 hours', 2, NULL, NULL),
  (110, 8, 1, 'Send the diet leaflet', NULL, 2, NULL, 'LOW', '-4 days', 'DONE', '6 days', 1, '4 days', 'Sent by post and in the portal.'),
  (111, NULL, 1, 'Order cuffs in the large size', 'Two for the consulting rooms, one for the bag.', NULL, 'MEDICAL_ASSISTANT', 'LOW', '5 days', 'READY', '1 day', 1, NULL, NULL),
  (112, NULL, 1, 'Read the new guidance on blood pressure at home', NULL, 1, NULL, 'LOW', '12 days', 'READY', '4 days', 7, NULL, NULL),
  (113, NULL, 2, 'Test the call bells on the first floor', NULL, 6, NULL, 'MEDIUM', '6 hours', 'READY', '1 day', 7, NULL, NULL),
  (114, NULL, NULL, 'Review who opened records without a visit', 'The list of last month is in the audit.', NULL, 'COMPLIANCE', 'MEDIUM', '3 days', 'READY', '2 days', 8, NULL, NULL),
  (115, NULL, NULL, 'Renew the certificate of the mail server', NULL, NULL, 'ADMIN', 'HIGH', '8 days', 'READY', '2 days', 8, NULL, NULL),
  (116, NULL, NULL, 'Sign the contract with the laboratory', NULL, NULL, 'OWNER', 'HIGH', '2 days', 'READY', '1 day', 7, NULL, NULL);
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'task', c.name, pg_temp.demo_id('task', e.n), c.value
FROM errand AS e, LATERAL (VALUES ('description', e.words), ('outcome', e.outcome)) AS c (name, value) WHERE c.value IS NOT NULL;
