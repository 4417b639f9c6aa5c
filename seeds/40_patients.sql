-- The records of the people told in 30_people.sql, with what hangs on them.
CREATE FUNCTION pg_temp.admit(wanted integer) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.enter(wanted);
  INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth, status, allergy_status,
                       medical_record_number_enc, medical_record_number_bidx, email_enc, email_bidx, phone_enc, phone_bidx,
                       address_enc, city_enc, state_enc, zip_code_enc, assigned_clinician_id, height_cm, demographics, created_by_id, created_at)
  SELECT pg_temp.demo_id('organization', org), c.id, pg_temp.demo_id('facility', place), first, last, name_key, given_key, born, status, allergy_status,
         pg_temp.sealed('patient', 'medical_record_number', c.id), pg_temp.bidx('patient', 'medical_record_number', c.id),
         pg_temp.sealed('patient', 'email', c.id), pg_temp.bidx('patient', 'email', c.id), pg_temp.sealed('patient', 'phone', c.id), pg_temp.bidx('patient', 'phone', c.id),
         pg_temp.sealed('patient', 'address', c.id), pg_temp.sealed('patient', 'city', c.id), pg_temp.sealed('patient', 'state', c.id), pg_temp.sealed('patient', 'zip_code', c.id),
         pg_temp.demo_id('staff', clinician), height_cm,
         jsonb_strip_nulls(jsonb_build_object('title', title, 'sex', CASE sex WHEN 'F' THEN 'FEMALE' WHEN 'M' THEN 'MALE' ELSE 'OTHER' END, 'interpreter', false,
           'deceased_on', CURRENT_DATE - (extra ->> 'deceased')::integer)) || (extra - 'deceased'),
         pg_temp.demo_id('user', CASE org WHEN 1 THEN 2 ELSE 21 END),
         greatest(now() - make_interval(days => 30 + n * 11 % 380), coalesce(born, CURRENT_DATE - 12)::timestamptz)
  FROM person AS p, LATERAL (SELECT pg_temp.demo_id('patient', n) AS id) AS c WHERE org = wanted ORDER BY n;
  INSERT INTO patient_contact (organization_id, id, patient_id, name_enc, phone_enc, relationship, is_emergency, position)
  SELECT pg_temp.demo_id('organization', p.org), c.id, pg_temp.demo_id('patient', r.person), pg_temp.sealed('patient_contact', 'name', c.id),
         pg_temp.sealed('patient_contact', 'phone', c.id), r.relationship, r.emergency, row_number() OVER (PARTITION BY r.person ORDER BY r.n) - 1
  FROM relative AS r JOIN person AS p ON p.n = r.person, LATERAL (SELECT pg_temp.demo_id('contact', r.n) AS id) AS c WHERE p.org = wanted;
  INSERT INTO coverage (organization_id, id, patient_id, payer, member_id_enc, member_id_bidx, subscriber_phone_enc, starts_on)
  SELECT t.organization_id, t.row_id, pg_temp.demo_id('patient', right(t.row_id::text, 12)::integer % 200),
         CASE WHEN right(t.row_id::text, 12)::integer > 200 THEN 'Albion Mutual' ELSE 'National Health Service' END, t.sealed, t.bidx,
         pg_temp.sealed('coverage', 'subscriber_phone', t.row_id), CASE WHEN right(t.row_id::text, 12)::integer > 200 THEN CURRENT_DATE - 500 END
  FROM clear_text AS t WHERE t.table_name = 'coverage' AND t.column_name = 'member_id' AND t.organization_id = pg_temp.demo_id('organization', wanted)
$$;
SELECT pg_temp.admit(2);
INSERT INTO allergy (organization_id, id, patient_id, substance, reaction, severity, recorded_by_id) VALUES
  (pg_temp.demo_id('organization', 2), pg_temp.demo_id('allergy', 91), pg_temp.demo_id('patient', 92), 'aspirin', 'asthma', 'SEVERE', pg_temp.demo_id('user', 21));
INSERT INTO service_account (organization_id, id, name, scopes, secret_enc)
SELECT pg_temp.demo_id('organization', 2), id, 'Southgate monitoring hub', '{alerts_ingest}', pg_temp.sealed('service_account', 'secret', id) FROM pg_temp.demo_id('service', 2) AS id;

SELECT pg_temp.admit(1);
INSERT INTO service_account (organization_id, id, name, scopes, secret_enc, last_used_at)
SELECT pg_temp.demo_id('organization', 1), id, 'Monitoring hub', '{alerts_ingest,device_sync}', pg_temp.sealed('service_account', 'secret', id), now() - INTERVAL '4 minutes'
FROM pg_temp.demo_id('service', 1) AS id;

-- Ms Reyes signs in to the portal.
INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, status, starts_on) VALUES
  (pg_temp.demo_id('organization', 1), pg_temp.demo_id('portal', 1), pg_temp.demo_id('patient', 4), pg_temp.demo_id('user', 11), 'SELF', 'ACTIVE', CURRENT_DATE - 90);

INSERT INTO allergy (organization_id, id, patient_id, substance, reaction, severity, status, recorded_by_id, recorded_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('allergy', n), pg_temp.demo_id('patient', who), substance, reaction, severity, status, pg_temp.demo_id('user', 2),
       now() - make_interval(days => 20 + n * 9)
FROM (VALUES
  ( 1,  1, 'penicillin',     'anaphylaxis',        'SEVERE',   'ACTIVE'),
  ( 2,  1, 'latex',          'rash',               'MILD',     'ACTIVE'),
  ( 3,  3, 'ramipril',       'angioedema',         'SEVERE',   'ACTIVE'),
  ( 4,  4, 'sulfonamides',   'rash',               'MODERATE', 'ACTIVE'),
  ( 5,  6, 'codeine',        'confusion',          'MODERATE', 'ACTIVE'),
  ( 6,  6, 'strawberries',   'hives',              'MILD',     'INACTIVE'),
  ( 7, 10, 'iodine contrast', NULL,                'UNKNOWN',  'ACTIVE'),
  ( 8, 13, 'trimethoprim',   'vomiting',           'MODERATE', 'ACTIVE'),
  ( 9, 15, 'peanut',         'anaphylaxis',        'SEVERE',   'ACTIVE'),
  (10, 15, 'ibuprofen',      'wheeze',             'MODERATE', 'ACTIVE'),
  (11, 22, 'morphine',       'hallucinations',     'SEVERE',   'ACTIVE'),
  (12, 30, 'penicillin',     'rash',               'MILD',     'ACTIVE'),
  (13, 33, 'wasp venom',     'swelling of the face', 'SEVERE', 'ACTIVE'),
  (14, 42, 'amlodipine',     'ankle swelling',     'MILD',     'ACTIVE'),
  (15, 50, 'egg',            'hives',              'MILD',     'ACTIVE'),
  (16, 56, 'doxycycline',    'sun rash',           'MILD',     'ACTIVE'),
  (17, 61, 'penicillin',     'rash',               'MODERATE', 'ACTIVE'),
  (18,  2, 'penicillin',     'tested in clinic, no reaction', 'UNKNOWN', 'REFUTED')
) AS told (n, who, substance, reaction, severity, status);

INSERT INTO patient_flag (organization_id, id, patient_id, code, note, starts_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('flag', row_number() OVER ()::integer), pg_temp.demo_id('patient', who), code, note, now() - make_interval(days => 15 + who * 3)
FROM (VALUES
  ( 1, 'HIGH_RISK', 'Blood pressure rising since bendroflumethiazide was stopped'), (1, 'RPM_ENROLLED', 'Cuff, scale and ring'), (2, 'RPM_ENROLLED', 'Oximeter after pneumonia'),
  ( 2, 'HIGH_RISK', 'COPD, two admissions this year'), (3, 'HIGH_RISK', 'Kidney function falling'), (4, 'RPM_ENROLLED', 'Glucose sensor'), (5, 'RPM_ENROLLED', 'Scale and cuff'),
  ( 5, 'HIGH_RISK', 'Peripartum cardiomyopathy'), (6, 'FALL_RISK', 'Third fall this year'), (6, 'HEARING_IMPAIRED', 'Left ear; speak to the right'), (7, 'RPM_ENROLLED', 'Cuff'),
  ( 8, 'RPM_ENROLLED', 'Ring'), (13, 'RPM_ENROLLED', 'Cuff and scale after discharge'), (13, 'HIGH_RISK', 'Heart failure, home since last week'), (15, 'HIGH_RISK', 'Intensive care for asthma in 2024'),
  (22, 'FALL_RISK', NULL), (22, 'DNACPR', 'Form in the paper folder, reviewed in spring'), (23, 'FALL_RISK', NULL), (24, 'SAFEGUARDING', 'Leaves the building; see risk plan'),
  (33, 'VISUALLY_IMPAIRED', 'Large print, please'), (36, 'RPM_ENROLLED', 'Cuff'), (55, 'DNACPR', NULL), (57, 'INFECTION_CONTROL', 'MRSA screen positive'), (16, 'RPM_ENROLLED', 'Glucose meter')
) AS told (who, code, note);

INSERT INTO care_team_member (organization_id, id, patient_id, staff_id, role, starts_on)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('care_team', row_number() OVER ()::integer), pg_temp.demo_id('patient', n), pg_temp.demo_id('staff', who), role, CURRENT_DATE - 60 - n
FROM (
  SELECT n, clinician AS who, 'Responsible clinician' AS role FROM person WHERE org = 1 AND clinician IS NOT NULL
  UNION ALL SELECT n, 2, 'Remote monitoring nurse' FROM person WHERE n IN (1, 2, 4, 5, 7, 8, 13, 16, 36)
  UNION ALL SELECT n, 32, 'Dietitian' FROM person WHERE n IN (4, 12, 16)
  UNION ALL SELECT n, CASE n % 2 WHEN 0 THEN 6 ELSE 13 END, 'Key worker' FROM person WHERE org = 1 AND place = 2
) AS team;

INSERT INTO condition (organization_id, id, patient_id, code, text, onset, status, weight_related)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('condition', row_number() OVER ()::integer), pg_temp.demo_id('patient', who), code, text, least(make_date(since, 1 + who % 12, 1), CURRENT_DATE - 30), status, weight
FROM (VALUES
  ( 1, 'I10',   'Essential hypertension',            2014, 'ACTIVE', true),  ( 1, 'E11.9', 'Type 2 diabetes, diet controlled', 2019, 'ACTIVE', true),
  ( 1, 'N18.3', 'Chronic kidney disease, stage 3a',  2022, 'ACTIVE', false), ( 1, 'Z96.6', 'Left hip replacement',             2011, 'RESOLVED', false),
  ( 2, 'J44.9', 'COPD',                              2012, 'ACTIVE', false), ( 2, 'J18.9', 'Pneumonia',                        2025, 'RESOLVED', false),
  ( 3, 'N18.4', 'Chronic kidney disease, stage 4',   2020, 'ACTIVE', false), ( 3, 'I10',   'Essential hypertension',           2009, 'ACTIVE', true),
  ( 4, 'E11.9', 'Type 2 diabetes',                   2016, 'ACTIVE', true),  ( 4, 'E66.9', 'Obesity',                          2015, 'ACTIVE', true),
  ( 5, 'O90.3', 'Peripartum cardiomyopathy',         2025, 'ACTIVE', false), ( 6, 'I48.9', 'Atrial fibrillation, on apixaban', 2018, 'ACTIVE', false),
  ( 6, 'F03',   'Dementia, mild',                    2023, 'ACTIVE', false), ( 7, 'I10',   'Essential hypertension',           2021, 'ACTIVE', false),
  ( 8, 'G93.3', 'Post-viral fatigue',                2025, 'ACTIVE', false), ( 9, 'E11.9', 'Type 2 diabetes',                  2013, 'ACTIVE', true),
  (10, 'E11.4', 'Type 2 diabetes with neuropathy',   2008, 'ACTIVE', true),  (11, 'I50.9', 'Heart failure',                    2021, 'ACTIVE', false),
  (12, 'E66.9', 'Obesity',                           2018, 'ACTIVE', true),  (13, 'I50.9', 'Heart failure',                    2024, 'ACTIVE', false),
  (14, 'S83.5', 'Knee ligament repair, right',       2026, 'ACTIVE', false), (15, 'J45.9', 'Asthma, severe',                   1996, 'ACTIVE', false),
  (16, 'O24.4', 'Gestational diabetes',              2026, 'ACTIVE', false), (17, 'I50.9', 'Heart failure',                    2019, 'ACTIVE', false),
  (18, 'M05.9', 'Rheumatoid arthritis',              2017, 'ACTIVE', false), (19, 'I48.9', 'Atrial fibrillation, on warfarin', 2010, 'ACTIVE', false),
  (21, 'F32.1', 'Depression, moderate',              2025, 'ACTIVE', false), (22, 'G20',   'Parkinson''s disease',             2016, 'ACTIVE', false),
  (23, 'L97',   'Fragile skin, on steroids',         2022, 'ACTIVE', false), (24, 'F03',   'Dementia, moderate',               2021, 'ACTIVE', false),
  (30, 'C61',   'Prostate cancer',                   2018, 'ACTIVE', false), (33, 'H35.3', 'Macular degeneration',             2015, 'ACTIVE', false),
  (36, 'I10',   'Essential hypertension',            2012, 'ACTIVE', false), (52, 'M10.9', 'Gout',                             2014, 'REMISSION', false)
) AS told (who, code, text, since, status, weight);
