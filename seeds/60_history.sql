-- What is done: alerts of the last weeks, closed for every kind of reason, and what people said about alerts.
SELECT pg_temp.enter(1);
CREATE TEMPORARY TABLE done ON COMMIT DROP AS
SELECT told.n, 1800 + told.n AS number, person, p.place, type, severity, told.title, body, closed, reason, text,
       CASE severity WHEN 'CRITICAL' THEN INTERVAL '35 minutes' WHEN 'HIGH' THEN INTERVAL '2 hours' ELSE INTERVAL '9 hours' END AS took,
       make_interval(hours => 20 + (told.n - 101) * 17) AS ago, CASE WHEN told.n % 4 = 1 THEN 12 ELSE 1 END AS closer
FROM (VALUES
  -- The last two of the three people of the first seed document.
  (101, 14, 'TEMPERATURE_HIGH', 'HIGH',     'Fever after knee operation',       '38.6 °C on day 10',                          'RESOLVED',  'VISIT_BOOKED',      'Seen the same day; wound clean, antibiotics not needed.'),
  (102,  4, 'GLUCOSE_LOW',      'CRITICAL', 'Glucose very low',                 '2.1 mmol/L from the sensor',                 'DISMISSED', 'DEVICE_ERROR',      'Finger prick 6.8; sensor on its last day, replaced.'),
  (103,  1, 'BP_HIGH_TREND',    'HIGH',     'Blood pressure rising',            '166/100 mmHg, mean of 7 d',                  'RESOLVED',  'TREATMENT_CHANGED', 'Losartan 50 mg restarted; blood test in one week.'),
  (104,  2, 'SPO2_LOW',         'HIGH',     'Oxygen saturation falling',        '91 %, mean of 24 h',                         'RESOLVED',  'CONTACTED_PATIENT', 'Chest clear by phone, steroid course started at home.'),
  (105,  7, 'MISSED_READING',   'WARNING',  'Readings missing',                 'No BP reading for 3 d',                      'RESOLVED',  'CONTACTED_PATIENT', 'Travelling for work; cuff packed this time.'),
  (106, 13, 'WEIGHT_UP',        'HIGH',     'Weight up fast, heart failure',    '+2.2 kg in 3 d',                             'RESOLVED',  'TREATMENT_CHANGED', 'Furosemide doubled for three days.'),
  (107, 16, 'GLUCOSE_HIGH',     'WARNING',  'Glucose high after meals',         '8.9 mmol/L, 4 of 7 d',                       'RESOLVED',  'CONTACTED_PATIENT', 'Dinner moved earlier; dietitian to call.'),
  (108, 11, 'DEVICE_STATUS',    'INFO',     'Device silent',                    'Withings scale silent for 7 d',              'DISMISSED', 'EXPECTED',          'On holiday until Sunday.'),
  (109, 22, 'INCIDENT_HIGH',    'HIGH',     'Fall reported, care home',         'Witnessed, slid from the chair',             'RESOLVED',  'CONTACTED_PATIENT', 'No injury; chair changed.'),
  (110, 24, 'INCIDENT_HIGH',    'WARNING',  'Left the building',                'Stopped at the gate',                        'RESOLVED',  'OTHER',             'Gate code changed and risk plan updated.'),
  (111, 19, 'RESULT_ABNORMAL',  'WARNING',  'INR above range',                  '3.4. Range 2.0 to 3.0',                      'RESOLVED',  'TREATMENT_CHANGED', 'Dose reduced to 3 mg.'),
  (112,  9, 'SLA_BREACH',       'WARNING',  'Care plan task overdue',           'Eye check due 10 d ago',                     'RESOLVED',  'VISIT_BOOKED',      NULL),
  (113, 36, 'BP_HIGH_TREND',    'WARNING',  'Blood pressure above goal',        '148/92 mmHg, mean of 7 d',                   'RESOLVED',  'EXPECTED',          'Within the range agreed for her.'),
  (114, 18, 'MESSAGE_UNANSWERED', 'INFO',   'Message waiting for 25 h',         'Asks for a repeat prescription',             'RESOLVED',  'CONTACTED_PATIENT', NULL),
  (115, 30, 'RESULT_CRITICAL',  'CRITICAL', 'Haemoglobin very low',             '68 g/L',                                     'RESOLVED',  'OTHER',             'Comfort care agreed with the family; no transfusion.'),
  (116,  1, 'MISSED_READING',   'INFO',     'Readings missing',                 'No glucose for 2 d',                         'DISMISSED', 'NOT_CLINICAL',      'Plan asks for it only three times a week.'),
  (117,  3, 'RESULT_ABNORMAL',  'WARNING',  'Potassium above range',            '5.6 mmol/L',                                 'RESOLVED',  'TREATMENT_CHANGED', 'Diet sheet sent; repeat in four weeks.'),
  (118,  4, 'GLUCOSE_HIGH',     'WARNING',  'Glucose above range',              'Fasting mean 9.1 mmol/L over 7 d',           'RESOLVED',  'CONTACTED_PATIENT', 'Metformin had run out; new prescription.'),
  (119,  5, 'BP_LOW',           'HIGH',     'Blood pressure low',               '88/52 mmHg, dizzy on standing',              'RESOLVED',  'TREATMENT_CHANGED', 'Bisoprolol halved.'),
  (120, 23, 'INCIDENT_HIGH',    'WARNING',  'Skin tear, right shin',            'On a bed rail',                              'RESOLVED',  'OTHER',             'Rail padded, healed.'),
  (121, 12, 'WEIGHT_DOWN',      'INFO',     'Weight down 8 %',                  'In 10 weeks on semaglutide',                 'RESOLVED',  'EXPECTED',          NULL),
  (122, 25, 'QUESTIONNAIRE',    'WARNING',  'GAD-7 score 14',                   'Moderate',                                   'RESOLVED',  'VISIT_BOOKED',      NULL),
  (123,  2, 'SPO2_LOW',         'WARNING',  'Oxygen saturation low at night',   '89 % for 12 min',                            'DISMISSED', 'DUPLICATE',         'Same event as the alert of the morning.'),
  (124, 57, 'INCIDENT_HIGH',    'WARNING',  'Screen positive for MRSA',         'Nose swab, admission screen',                'RESOLVED',  'TREATMENT_CHANGED', 'Decolonisation started.')
) AS told (n, person, type, severity, title, body, closed, reason, text) JOIN person AS p ON p.n = told.person;

INSERT INTO alert (organization_id, id, number, facility_id, patient_id, type, severity, title, body, status, assignee_id, raised_at, last_seen_at, acknowledged_at, acknowledged_by_id,
                   resolved_at, resolved_by_id, reason_code, reason_text, status_changed_at, created_at, created_by_id) OVERRIDING SYSTEM VALUE
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('alert', n), number, pg_temp.demo_id('facility', place), pg_temp.demo_id('patient', person), type, severity, title, body, closed,
       pg_temp.demo_id('user', closer), now() - ago - took, now() - ago - took, now() - ago - took / 2, pg_temp.demo_id('user', closer), now() - ago, pg_temp.demo_id('user', closer),
       reason, text, now() - ago, now() - ago - took, pg_temp.demo_id('service', 1)
FROM done ORDER BY n DESC;
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at)
SELECT pg_temp.demo_id('organization', 1), 'alert', pg_temp.demo_id('alert', n), pg_temp.demo_id('patient', person), pg_temp.demo_id('facility', place), step.before, step.after,
       CASE WHEN step.at = 3 THEN coalesce(text, initcap(replace(lower(reason), '_', ' '))) END, step.by, now() - ago - took * step.rest
FROM done, LATERAL (VALUES (1, NULL, 'ACTIVE', pg_temp.demo_id('service', 1), 1.0), (2, 'ACTIVE', 'ACKNOWLEDGED', pg_temp.demo_id('user', closer), 0.5),
                           (3, 'ACKNOWLEDGED', closed, pg_temp.demo_id('user', closer), 0.0)) AS step (at, before, after, by, rest)
ORDER BY n DESC, step.at;
SELECT setval(pg_get_serial_sequence('alert', 'number'), 2400);
-- Mrs Evans is paused, Mr Gordon has left, Mr Peters has died.
INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, reason, changed_by_id, at)
SELECT pg_temp.demo_id('organization', 1), 'patient', pg_temp.demo_id('patient', p.n), pg_temp.demo_id('patient', p.n), pg_temp.demo_id('facility', p.place), 'ACTIVE', p.status, why,
       pg_temp.demo_id('user', 2), now() - make_interval(days => 40)
FROM (VALUES (44, 'Abroad with family until spring'), (46, 'Moved to Leeds, record sent'), (30, 'Died at home'), (61, 'In hospital')) AS left_us (n, why) JOIN person AS p USING (n);
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'comment', 'body', pg_temp.demo_id('comment', n), body
FROM (VALUES
  (1, 'Spoke to him: no palpitations, passing urine. ECG at 10:15 in room 3, repeat sample with it.'),
  (2, 'ECG done, no changes. Spironolactone stopped, calcium resonium given. Repeat at noon.'),
  (3, 'Legs a bit swollen since Sunday, sleeps on two pillows. Asked her to come in at 14:00.'),
  (4, 'Hip pain on standing, no head wound that we can see. Family told. He says he slipped on the bath mat.'),
  (5, 'Please keep him flat until a doctor has looked at the hip.'),
  (6, 'Called, no answer. Will try again at lunch time.'),
  (7, 'Photo taken, waiting for upload.'),
  (8, 'Warfarin held for today. Clarithromycin was started last Thursday by the walk-in centre.'),
  (9, 'Called back, safe at home with her sister. Appointment with me on Thursday.'),
  (10, 'Headache since morning, no visual change. Asked her to repeat the reading seated after 5 min.'),
  (11, 'His wife took his coat to the cleaner; he went to look for it. Gate was open for the laundry van.')
) AS said (n, body);
