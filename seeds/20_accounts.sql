-- One account per role, and colleagues. The password of every one is password123: these accounts exist in demos only.
CREATE TEMPORARY TABLE colleague (
  org integer, n integer, email text, title text, first text, last text, shown text, job text, department text, place integer, role text, specialties text
) ON COMMIT DROP;
INSERT INTO colleague VALUES
  (1,  1, 'clinician@example.com',   'Dr', 'Miriam',  'Haas',       'Dr M. Haas',     'General practitioner', 'General practice', 1,    'CLINICIAN',         'General practice,Hypertension'),
  (1,  2, 'assistant@example.com',   NULL, 'Nia',     'Abara',      'N. Abara RN',    'Practice nurse',       'Nursing',          1,    'MEDICAL_ASSISTANT', 'Remote monitoring'),
  (1,  3, 'clerk@example.com',       NULL, 'John',    'Clerk',      'J. Clerk',       'Case clerk',           'Case board',       NULL, 'CLERK',             NULL),
  (1,  4, 'chair@example.com',       NULL, 'Jane',    'Chair',      'J. Chair',       'Chair of the board',   'Case board',       NULL, 'CHAIR',             NULL),
  (1,  5, 'caseworker@example.com',  NULL, 'Bob',     'Caseworker', 'B. Caseworker',  'Caseworker',           'Case board',       NULL, 'CASEWORKER',        NULL),
  (1,  6, 'carer@example.com',       NULL, 'Pauline', 'Lowe',       'P. Lowe',        'Senior carer',         'Care',             2,    'CARER',             'Moving people'),
  (1,  7, 'manager@example.com',     NULL, 'Ruth',    'Adeyemi',    'R. Adeyemi',     'Home manager',         'Care',             2,    'MANAGER',           NULL),
  (1,  8, 'owner@example.com',       NULL, 'Helen',   'Whitmore',   'H. Whitmore',    'Director',             'Board',            NULL, 'OWNER',             NULL),
  (1,  9, 'compliance@example.com',  NULL, 'Imran',   'Qureshi',    'I. Qureshi',     'Compliance officer',   'Compliance',       NULL, 'COMPLIANCE',        NULL),
  (1, 10, 'admin@example.com',       NULL, 'Tess',    'Morgan',     'T. Morgan',      'System administrator', 'IT',               NULL, 'ADMIN',             NULL),
  (1, 11, 'patient@example.com',     'Ms', 'Marisol', 'Reyes',      NULL,             NULL,                   NULL,               NULL, 'PATIENT',           NULL),
  (1, 12, 'samir.khan@example.com',  'Dr', 'Samir',   'Khan',       'Dr S. Khan',     'General practitioner', 'General practice', 1,    'CLINICIAN',         'General practice,Diabetes'),
  (1, 13, 'sam.marsh@example.com',   NULL, 'Sam',     'Marsh',      'S. Marsh',       'Carer',                'Care',             2,    'CARER',             NULL),
  (1, 14, 'ana.ruiz@example.com',    NULL, 'Ana',     'Ruiz',       'A. Ruiz',        'Caseworker',           'Case board',       NULL, 'CASEWORKER',        NULL),
  (2, 21, 'clinician@southgate.example.com',  'Dr', 'Oluwaseun', 'Bright', 'Dr O. Bright', 'General practitioner', 'General practice', 11,   'CLINICIAN',  'General practice'),
  (2, 22, 'compliance@southgate.example.com', NULL, 'Greta',     'Lind',   'G. Lind',      'Compliance officer',   'Compliance',       NULL, 'COMPLIANCE', NULL),
  (2, 23, 'admin@southgate.example.com',      NULL, 'Piotr',     'Zając',  'P. Zając',     'System administrator', 'IT',               NULL, 'ADMIN',      NULL);

CREATE FUNCTION pg_temp.hire(wanted integer) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.enter(wanted);
  INSERT INTO app_user (organization_id, id, email, password_hash, title, first_name, last_name, department, status, last_sign_in_at, created_at)
  SELECT pg_temp.demo_id('organization', org), pg_temp.demo_id('user', n), email,
         '$argon2id$v=19$m=19456,t=2,p=1$YWxtb25lciBkZW1vIDAx$34JSDERkFFNNBMEbxOcL7XALNKO/WhoQvZreZyx6Enw',
         title, first, last, department, 'ACTIVE', now() - make_interval(mins => 20 + 37 * n), now() - INTERVAL '400 days'
  FROM colleague WHERE org = wanted ORDER BY n;
  INSERT INTO membership (organization_id, id, user_id, facility_id, role, starts_on)
  SELECT pg_temp.demo_id('organization', org), pg_temp.demo_id('membership', n), pg_temp.demo_id('user', n), pg_temp.demo_id('facility', place), role, CURRENT_DATE - 400
  FROM colleague WHERE org = wanted ORDER BY n;
  INSERT INTO staff (organization_id, id, facility_id, user_id, name, job_title, specialties)
  SELECT pg_temp.demo_id('organization', org), pg_temp.demo_id('staff', n), pg_temp.demo_id('facility', place), pg_temp.demo_id('user', n), shown, job,
         coalesce(string_to_array(specialties, ','), '{}')
  FROM colleague WHERE org = wanted AND shown IS NOT NULL ORDER BY n
$$;
SELECT pg_temp.hire(2);
SELECT pg_temp.hire(1);

-- Dr Haas also looks after the residents of Elm Court, and manages the clinic: she can switch roles.
INSERT INTO membership (organization_id, id, user_id, facility_id, role, starts_on)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('membership', n), pg_temp.demo_id('user', who), pg_temp.demo_id('facility', place), role, CURRENT_DATE - 200
FROM (VALUES (101, 1, 2, 'CLINICIAN'), (102, 1, 1, 'MANAGER'), (103, 2, 2, 'MEDICAL_ASSISTANT'), (104, 12, 2, 'CLINICIAN')) AS also (n, who, place, role);
-- Staff who do not sign in.
INSERT INTO staff (organization_id, id, facility_id, name, job_title) VALUES
  (pg_temp.demo_id('organization', 1), pg_temp.demo_id('staff', 31), pg_temp.demo_id('facility', 2), 'D. Okoro', 'Night carer'),
  (pg_temp.demo_id('organization', 1), pg_temp.demo_id('staff', 32), pg_temp.demo_id('facility', 1), 'L. Petrova', 'Dietitian');

-- Another system that raises alerts: the demo's secret is in docs/operations.md, and good for nothing else.
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value) VALUES
  (pg_temp.demo_id('organization', 1), 'service_account', 'secret', pg_temp.demo_id('service', 1), 'demo-secret-of-the-monitoring-hub-0001'),
  (pg_temp.demo_id('organization', 2), 'service_account', 'secret', pg_temp.demo_id('service', 2), 'demo-secret-of-the-southgate-hub-0002');
