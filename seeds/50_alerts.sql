-- The queue: 31 open alerts of Northgate Health, told as they would come in on one morning. Twelve numbers later it is 3 critical, 7 of
-- Dr Haas, 12 of nobody and 4 snoozed. Evidence is in the shape that docs/domain.md gives under "Evidence of an alert".

-- One series of readings, the last of them `ago` before now, one every `step`.
CREATE FUNCTION pg_temp.series(name text, unit text, low numeric, high numeric, readings numeric[], ago interval, step interval DEFAULT '1 day') RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object('name', name, 'unit', unit, 'low', low, 'high', high)) || jsonb_build_object('points',
    (SELECT jsonb_agg(jsonb_build_array(to_char((now() - ago - step * (cardinality(readings) - at)::double precision) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), value) ORDER BY at)
     FROM unnest(readings) WITH ORDINALITY AS r (value, at)))
$$;
CREATE FUNCTION pg_temp.evidence(rule text, why text, series jsonb[] DEFAULT '{}', VARIADIC facts text[] DEFAULT '{}') RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object('rule', rule, 'why', why)) || jsonb_build_object('series', to_jsonb(series),
    'facts', coalesce((SELECT jsonb_agg(jsonb_build_array(facts[i], facts[i + 1]) ORDER BY i) FROM generate_series(1, cardinality(facts), 2) AS i), '[]'))
$$;

CREATE TEMPORARY TABLE tale (
  n integer PRIMARY KEY, number integer, person integer, place integer, type text, severity text, title text, body text, ago interval,
  assignee integer, status text, moved_by integer, moved interval, payload jsonb
) ON COMMIT DROP;

INSERT INTO tale VALUES
-- As on the prototype's first page.
  (1, 2331, 1, 1, 'BP_HIGH_TREND', 'CRITICAL', 'Blood pressure very high', '184/112 mmHg, mean of 3 in 24 h. Limit 180/110', '4 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('BP critical', 'mean of the last 3 readings in 24 h at or over 180/110. Readings 178/109, 184/112, 190/116, home cuff, seated.',
     ARRAY[pg_temp.series('Systolic', 'mmHg', 110, 135, '{128,131,126,134,132,138,136,141,139,148,155,162,174,184}', '6 minutes'),
           pg_temp.series('Diastolic', 'mmHg', 70, 85, '{78,80,77,82,81,84,83,86,85,90,94,98,106,112}', '6 minutes')],
     'Now on', 'amlodipine 10 mg, losartan 50 mg', 'Next visit', 'tomorrow 10:00, in person')),
  (2, 2330, 2, 1, 'SPO2_LOW', 'CRITICAL', 'Oxygen saturation low', 'SpO₂ 88 % twice in 20 min. Limit 90 %', '11 minutes', 1, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('SpO₂ critical', 'two readings under 90 % within 20 minutes. Readings 89 %, 88 %, finger oximeter, at rest.',
     ARRAY[pg_temp.series('SpO₂', '%', 92, 100, '{95,94,94,93,92,90,88}', '12 minutes', '8 hours')], 'Now on', 'tiotropium, salbutamol when needed', 'Home oxygen', 'none')),
  (3, 2327, 3, 1, 'RESULT_CRITICAL', 'CRITICAL', 'Potassium result critical', 'K⁺ 6.3 mmol/L. Limit 6.0. Lab called', '40 minutes', 1, 'ACKNOWLEDGED', 1, '6 minutes',
   pg_temp.evidence('Potassium critical', 'a result at or over 6.0 mmol/L. Sample not haemolysed; the laboratory called the clinic.',
     ARRAY[pg_temp.series('Potassium', 'mmol/L', 3.5, 5.3, '{4.6,4.8,4.9,5.1,5.4,5.8,6.3}', '3 hours', '21 days')], 'Now on', 'spironolactone 25 mg, bisoprolol 5 mg', 'eGFR', '24 mL/min')),
  (4, 2324, 4, 1, 'GLUCOSE_HIGH', 'HIGH', 'Glucose trend rising', 'Fasting mean 11.8 mmol/L over 7 d, up 2.9', '61 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Glucose trend', 'fasting mean of 7 days over 10 mmol/L and at least 2.0 above the week before. Seven of seven readings in range of the meter.',
     ARRAY[pg_temp.series('Fasting glucose', 'mmol/L', 4, 7, '{8.1,8.9,9.4,10.2,10.9,11.5,12.4}', '2 hours')], 'Now on', 'metformin 500 mg twice daily', 'Last HbA1c', '66 mmol/mol, 5 weeks ago')),
  (5, 2323, 5, 1, 'WEIGHT_UP', 'HIGH', 'Weight up fast, heart failure', '+2.6 kg in 3 d. Limit +2.0 kg', '73 minutes', 2, 'ACKNOWLEDGED', 2, '35 minutes',
   pg_temp.evidence('Weight gain', 'more than 2.0 kg in 3 days in a person with heart failure.',
     ARRAY[pg_temp.series('Weight', 'kg', 69, 71, '{70.1,70.2,70.2,70.9,71.6,72.3,72.8}', '90 minutes')], 'Now on', 'furosemide 40 mg, bisoprolol 2.5 mg')),
  (6, 2319, 6, 2, 'INCIDENT_HIGH', 'HIGH', 'Fall reported, care home', 'Unwitnessed fall at breakfast, Elm Court. On apixaban', '106 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Fall on an anticoagulant', 'an unwitnessed fall of a resident who takes an anticoagulant. Hip pain on standing; head not seen to be hit.',
     ARRAY[pg_temp.series('Falls a month', '', 0, 2, '{1,1,1,2,1,2,3}', '106 minutes', '30 days')], 'Now on', 'apixaban 5 mg twice daily', 'Found by', 'P. Lowe')),
  (7, 2314, 7, 1, 'MISSED_READING', 'WARNING', 'Readings missing', 'No BP reading for 4 d. Plan: daily', '200 minutes', 2, 'SNOOZED', 2, '60 minutes',
   pg_temp.evidence('Readings missing', 'no blood pressure for 4 days where the plan asks for one a day.', ARRAY[pg_temp.series('Readings a week', '', 4, 7, '{5,6,5,6,4,2,0}', '200 minutes', '7 days')])),
  (8, 2313, 8, 1, 'HRV_LOW', 'WARNING', 'Heart-rate variability down', 'RMSSD 19 ms, 7-d mean. Own baseline 34 ms', '210 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('HRV baseline', 'mean of 7 nights more than 40 % under the own baseline of 90 days.', ARRAY[pg_temp.series('RMSSD', 'ms', 25, 60, '{35,34,31,29,24,21,19}', '4 hours')])),
  (9, 2309, 9, 1, 'RESULT_ABNORMAL', 'WARNING', 'HbA1c above goal', '64 mmol/mol. Goal under 53', '315 minutes', 1, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('HbA1c above goal', 'a result more than 10 mmol/mol over the goal of the care plan.', ARRAY[pg_temp.series('HbA1c', 'mmol/mol', 20, 53, '{51,52,55,57,59,61,64}', '1 day', '91 days')])),
  (10, 2305, 10, 1, 'SLA_BREACH', 'WARNING', 'Care plan task overdue', 'Foot check due a week ago. Phase 2, week 5', '8 hours', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Task overdue', 'a task of the care plan is 7 days past its date.', ARRAY[pg_temp.series('Tasks overdue', '', 0, 1, '{0,0,1,1,1,2,2}', '8 hours')])),
  (11, 2303, 11, 1, 'DEVICE_STATUS', 'INFO', 'Device reconnected', 'Withings scale back after 9 d', '9 hours', 2, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Device connection', 'a device sent again after more than 7 days of silence.', ARRAY[pg_temp.series('Readings a day', '', 0, 4, '{3,3,0,0,0,0,1}', '9 hours')])),
  (12, 2301, 12, 1, 'BMI_CHANGE', 'INFO', 'BMI below 30', 'BMI 29.8 after 14 weeks on semaglutide', '11 hours', 1, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('GLP-1 review', 'BMI crossed 30 while on a GLP-1 medicine.', ARRAY[pg_temp.series('BMI', 'kg/m²', 18.5, 30, '{33.1,32.4,31.9,31.2,30.7,30.2,29.8}', '11 hours', '14 days')])),
-- The other open ones of the three people of the first seed document: one with a visit, one with a conversation, one with neither person nor visit.
  (13, 2321, 13, 1, 'BP_HIGH_TREND', 'HIGH', 'Blood pressure rising after discharge', '162/94 mmHg, five days rising since she came home', '95 minutes', 12, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('BP trend', 'systolic mean of 3 days at least 20 mmHg over that of the week before. Home from hospital for eight days; candesartan was stopped there.',
     ARRAY[pg_temp.series('Systolic', 'mmHg', 110, 135, '{131,134,138,143,149,155,162}', '3 hours'), pg_temp.series('Diastolic', 'mmHg', 70, 85, '{78,80,82,84,88,91,94}', '3 hours')],
     'Now on', 'furosemide 40 mg, bisoprolol 5 mg')),
  (14, 2311, 4, 1, 'MESSAGE_UNANSWERED', 'WARNING', 'Message waiting for 26 h', 'Asks whether to take metformin before the eye check', '5 hours', 1, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Message unanswered', 'a message of a patient without an answer for more than 24 hours.', '{}', 'Sent', 'yesterday morning, by the portal', 'Conversation', 'Medicines and eye check')),
  (15, 2310, 13, 1, 'MISSED_READING', 'WARNING', 'No weight for 3 days', 'Heart failure plan asks for one every morning', '310 minutes', NULL, 'SNOOZED', 12, '70 minutes',
   pg_temp.evidence('Readings missing', 'no weight for 3 days where the plan asks for one a day.', ARRAY[pg_temp.series('Weight', 'kg', 64, 67, '{66.1,66.0,66.3,66.2,66.4,66.4,66.7}', '3 days')])),
  (16, 2308, 14, 1, 'APPOINTMENT_NO_SHOW', 'WARNING', 'Did not come to wound check', 'Knee operation 12 d ago; second missed visit', '6 hours', 2, 'SNOOZED', 2, '3 hours',
   pg_temp.evidence('No-show after surgery', 'a visit within 30 days of an operation was missed. Voicemail left twice.', '{}', 'Visit', 'yesterday 15:30, N. Abara RN', 'Operation', 'knee ligament repair, right')),
  (17, 2302, NULL, 1, 'MESSAGE_UNANSWERED', 'INFO', 'Message from a number nobody knows', '“Mum has not eaten for two days” – no name given', '10 hours', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Sender unknown', 'a text message whose sender matches no patient and no contact.', '{}', 'Number', 'ends in 0991', 'Received', 'by text message')),
-- The rest of the morning.
  (18, 2312, 1, 1, 'HRV_LOW', 'WARNING', 'HRV 30 % under baseline', 'RMSSD 21 ms, 7-d mean. Own baseline 30 ms', '3 hours', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('HRV baseline', 'mean of 7 nights 30 % under the own baseline of 90 days.', ARRAY[pg_temp.series('RMSSD', 'ms', 25, 60, '{34,33,35,32,31,31,29,30,28,26,25,24,23,21}', '4 hours')])),
  (19, 2300, 1, 1, 'MEDICATION_MISSED', 'INFO', 'Missed evening dose, twice', 'Atorvastatin not confirmed on two evenings', '11 hours 30 minutes', 2, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Dose not confirmed', 'the same dose unconfirmed on two evenings of the last seven.')),
  (20, 2299, 22, 2, 'INCIDENT_HIGH', 'WARNING', 'Medicine given late', 'Levodopa 2 h late in the evening round', '11 hours 50 minutes', 6, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Time-critical medicine', 'a time-critical medicine given more than 30 minutes late.', ARRAY[pg_temp.series('Minutes late', 'min', 0, 30, '{5,0,12,8,20,15,120}', '12 hours')], 'Doctor review', 'by 18:00 today')),
  (21, 2290, 23, 2, 'INCIDENT_HIGH', 'WARNING', 'Skin tear, left arm', 'Found at the afternoon round; photo due tomorrow', '11 hours 55 minutes', 6, 'ACKNOWLEDGED', 6, '90 minutes',
   pg_temp.evidence('Wound reported', 'a new wound of a resident on long-term steroids.', '{}', 'Size', '3 cm, edges joined', 'Dressing', 'silicone, change in 3 days')),
  (22, 2297, NULL, 2, 'TRAINING_EXPIRED', 'INFO', 'Moving people: training out of date', 'S. Marsh, ended three weeks ago', '10 hours 30 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Mandatory training', 'a mandatory training ran out and no new date is booked.', '{}', 'Next course', 'in 9 days, Elm Court')),
  (23, 2306, 24, 2, 'INCIDENT_HIGH', 'WARNING', 'Left the building', 'Found at the bus stop after 15 min, unhurt', '7 hours', 7, 'ACKNOWLEDGED', 7, '100 minutes',
   pg_temp.evidence('Elopement', 'a resident with a risk plan left the building unaccompanied.', ARRAY[pg_temp.series('Times a month', '', 0, 0, '{0,1,0,0,1,0,2}', '7 hours', '30 days')])),
  (24, 2316, NULL, 1, 'EQUIPMENT', 'WARNING', 'Vaccine fridge too warm', '9.1 °C for 40 min. Limit 8.0 °C', '2 hours 10 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Cold chain', 'over 8.0 °C for more than 30 minutes. Fridge 2, treatment room.', ARRAY[pg_temp.series('Temperature', '°C', 2, 8, '{4.1,4.3,4.2,5.0,6.6,8.2,9.1}', '2 hours 10 minutes', '20 minutes')])),
  (25, 2320, 15, 1, 'INHALER_USE', 'HIGH', 'Reliever used 8 times in a day', 'Salbutamol 8 puffs in 24 h. Usual 1', '100 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Asthma control', 'more than 6 puffs of the reliever in 24 hours in severe asthma.', ARRAY[pg_temp.series('Puffs a day', '', 0, 2, '{1,0,1,2,3,5,8}', '2 hours')], 'Peak flow', '280 L/min, best 460')),
  (26, 2307, 16, 1, 'GLUCOSE_HIGH', 'WARNING', 'Glucose high after meals', '9.4 mmol/L an hour after dinner, 4 of 7 d', '6 hours 20 minutes', 12, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Gestational glucose', 'four readings of seven over 7.8 mmol/L one hour after a meal.', ARRAY[pg_temp.series('After dinner', 'mmol/L', 4, 7.8, '{7.2,7.9,7.6,8.4,7.7,8.8,9.4}', '14 hours')])),
  (27, 2304, 17, 1, 'MISSED_READING', 'WARNING', 'Readings missing', 'No weight for 2 d; scale out of battery', '8 hours 30 minutes', 2, 'SNOOZED', 2, '2 hours',
   pg_temp.evidence('Readings missing', 'no weight for 2 days where the plan asks for one a day.', ARRAY[pg_temp.series('Weight', 'kg', 58, 61, '{60.2,60.1,60.4,60.2,60.3,60.1,60.2}', '2 days')])),
  (28, 2298, 18, 1, 'SLA_BREACH', 'WARNING', 'Referral without an answer for 14 d', 'Rheumatology, urgent. Promise: 5 d', '10 hours 10 minutes', 1, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Referral overdue', 'an urgent referral without an answer after 14 days.')),
  (29, 2315, 19, 1, 'RESULT_ABNORMAL', 'WARNING', 'INR above range', '4.2. Range 2.0 to 3.0', '2 hours 40 minutes', 1, 'ACKNOWLEDGED', 1, '80 minutes',
   pg_temp.evidence('INR', 'a result more than 1.0 above the range.', ARRAY[pg_temp.series('INR', '', 2, 3, '{2.4,2.6,2.3,2.8,2.9,3.3,4.2}', '4 hours', '14 days')], 'Now on', 'warfarin 3 mg; clarithromycin since last week')),
  (30, 2296, 20, 1, 'WEIGHT_GAIN_SLOW', 'INFO', 'Weight gain slow', '120 g in 7 d. Expected 150 to 200 g', '10 hours 50 minutes', NULL, 'ACTIVE', NULL, NULL,
   pg_temp.evidence('Newborn weight', 'less than 150 g gained in 7 days in the first month.', ARRAY[pg_temp.series('Weight', 'kg', 3.4, 4.2, '{3.31,3.28,3.34,3.40,3.45,3.49,3.52}', '12 hours', '3 days')])),
  (31, 2317, 21, 1, 'QUESTIONNAIRE', 'WARNING', 'PHQ-9 score 17', 'Moderately severe; question 9 answered “not at all”', '2 hours 5 minutes', 12, 'ACKNOWLEDGED', 12, '50 minutes',
   pg_temp.evidence('PHQ-9', 'a score of 15 or more, or any answer to question 9 other than “not at all”.', ARRAY[pg_temp.series('PHQ-9', '', 0, 9, '{8,10,9,12,13,15,17}', '3 hours', '14 days')]));
