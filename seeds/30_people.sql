-- The people in care, in clear text: what of this is protected becomes records only in sealed form, in the next file.
-- Telephone numbers are from the range kept free for fiction. Nobody here exists.
CREATE TEMPORARY TABLE person (
  org integer, n integer PRIMARY KEY, place integer, last text, first text, title text, sex text, born date, mrn text, phone text, clinician integer,
  status text, allergy_status text, height_cm numeric, extra jsonb, name_key text, given_key text
) ON COMMIT DROP;
INSERT INTO person (org, n, place, last, first, title, sex, born, mrn, phone, clinician, status, allergy_status, height_cm, extra)
SELECT org, n, place, last, first, title, sex, born::date, mrn, phone, clinician, status, allergy_status, height_cm, extra::jsonb FROM (VALUES
  (1,  1,  1, 'Okafor', 'Adaeze', 'Ms', 'F', '1958-07-14', '104 2331', '020 7946 0472', 1, 'ACTIVE', 'KNOWN', 168.2, '{"language": "Igbo", "interpreter": true}'),
  (1,  2,  1, 'Lindqvist', 'Bo', 'Mr', 'M', '1952-03-02', '104 8810', '020 7946 0810', 1, 'ACTIVE', 'NONE_KNOWN', 181, '{}'),
  (1,  3,  1, 'Ferreira', 'Tomás', 'Mr', 'M', '1967-05-19', '103 7742', '020 7946 0742', 1, 'ACTIVE', 'KNOWN', 174.5, '{"language": "Portuguese"}'),
  (1,  4,  1, 'Reyes', 'Marisol', 'Ms', 'F', '1980-02-11', '104 0097', '020 7946 0097', 1, 'ACTIVE', 'KNOWN', 160, '{"language": "Spanish", "interpreter": true}'),
  (1,  5,  1, 'Anand', 'Priya', 'Ms', 'F', '1993-08-30', '103 9120', '020 7946 0120', 1, 'ACTIVE', 'NOT_RECORDED', 162.5, '{}'),
  (1,  6,  2, 'Whitfield', 'George', 'Mr', 'M', '1945-01-08', '101 4478', '020 7946 0478', 1, 'ACTIVE', 'KNOWN', 177, '{}'),
  (1,  7,  1, 'Nakamura', 'Ken', 'Mr', 'M', '1974-04-21', '104 5561', '020 7946 0561', 1, 'ACTIVE', 'NONE_KNOWN', 171, '{}'),
  (1,  8,  1, 'Dubois', 'Élise', 'Ms', 'F', '1997-06-05', '104 6612', '020 7946 0612', 12, 'ACTIVE', 'NONE_KNOWN', 166, '{}'),
  (1,  9,  1, 'Osei', 'Kwabena', 'Mr', 'M', '1963-02-27', '102 2217', '020 7946 0217', 1, 'ACTIVE', 'NOT_RECORDED', 176, '{}'),
  (1, 10,  1, 'Szymańska', 'Łucja', 'Mrs', 'F', '1955-09-12', '103 3345', '020 7946 0345', 1, 'ACTIVE', 'KNOWN', 158, '{"language": "Polish"}'),
  (1, 11,  1, 'Brandt', 'Otto', 'Mr', 'M', '1960-10-03', '104 1180', '020 7946 0180', 12, 'ACTIVE', 'NONE_KNOWN', 183, '{}'),
  (1, 12,  1, 'Mensah', 'Abena', 'Ms', 'F', '1986-01-17', '102 9904', '020 7946 0904', 1, 'ACTIVE', 'NONE_KNOWN', 165, '{}'),
  (1, 13,  1, 'Holloway', 'Ruth', 'Mrs', 'F', '1954-11-28', '103 1108', '020 7946 0108', 12, 'ACTIVE', 'KNOWN', 159, '{}'),
  (1, 14,  1, 'Costa', 'Daniel', 'Mr', 'M', '1975-03-09', '104 7730', '020 7946 0730', 12, 'ACTIVE', 'NONE_KNOWN', 179, '{}'),
  (1, 15,  1, 'Ibrahim', 'Yusuf', 'Mr', 'M', '1989-12-01', '104 3302', '020 7946 0302', 12, 'ACTIVE', 'KNOWN', 175, '{}'),
  (1, 16,  1, 'Kaur', 'Harpreet', 'Ms', 'F', '1994-07-23', '104 9016', '020 7946 0016', 12, 'ACTIVE', 'NONE_KNOWN', 163, '{"language": "Punjabi"}'),
  (1, 17,  1, 'Novak', 'Ivana', 'Mrs', 'F', '1949-05-16', '102 7781', '020 7946 0781', 1, 'ACTIVE', 'NONE_KNOWN', 161, '{}'),
  (1, 18,  1, 'Murphy', 'Siobhán', 'Ms', 'F', '1971-08-08', '103 5527', '020 7946 0527', 1, 'ACTIVE', 'NOT_RECORDED', 170, '{}'),
  (1, 19,  1, 'Sato', 'Hiroshi', 'Mr', 'M', '1948-02-20', '101 9963', '020 7946 0963', 1, 'ACTIVE', 'NONE_KNOWN', 168, '{}'),
  (1, 20,  1, 'Bell', 'Poppy', NULL, 'F', (CURRENT_DATE - 23)::text, '105 0012', '020 7946 0012', 12, 'ACTIVE', 'NOT_RECORDED', 52.5, '{"preferred_name": "Poppy"}'),
  (1, 21,  1, 'Abdi', 'Hodan', 'Ms', 'F', '1991-10-10', '104 4149', '020 7946 0149', 12, 'ACTIVE', 'NONE_KNOWN', 169, '{"language": "Somali", "interpreter": true}'),
  (1, 22,  2, 'Holt', 'Beatrice', 'Mrs', 'F', '1938-06-02', '100 8854', '020 7946 0854', 1, 'ACTIVE', 'KNOWN', 155, '{}'),
  (1, 23,  2, 'Iqbal', 'Nadia', 'Mrs', 'F', '1941-03-25', '101 0379', '020 7946 0379', 1, 'ACTIVE', 'NONE_KNOWN', 152, '{"language": "Urdu", "interpreter": true}'),
  (1, 24,  2, 'Stone', 'Peter', 'Mr', 'M', '1944-09-30', '101 2246', '020 7946 0246', 12, 'ACTIVE', 'NONE_KNOWN', 173, '{}'),
  (1, 25,  1, 'Park', 'Ji-woo', 'Mx', 'O', '1999-11-11', '104 9441', '020 7946 0441', 12, 'ACTIVE', 'NONE_KNOWN', 172, '{"gender": "non-binary"}'),
  (1, 26,  1, 'Bell', 'Jonathan', 'Mr', 'M', '1990-01-29', '104 3118', '020 7946 0012', 12, 'ACTIVE', 'NOT_RECORDED', 180, '{}'),
  (1, 27,  1, 'Rossi', 'Giulia', 'Ms', 'F', '1984-04-04', '103 6650', '020 7946 0650', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 28,  1, 'Hassan', 'Omar', 'Mr', 'M', '1969-07-07', '103 2093', '020 7946 0093', 1, 'ACTIVE', 'NONE_KNOWN', 178, '{}'),
  (1, 29,  1, 'Lee', 'Mei Ling', 'Mrs', 'F', '1957-12-24', '102 5538', '020 7946 0538', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 30,  1, 'Peters', 'Cornelius', 'Mr', 'M', '1939-10-19', '100 4471', '020 7946 0471', 1, 'INACTIVE', 'KNOWN', 170, '{"deceased": 41}'),
  (1, 31,  1, 'García', 'Lucía', 'Ms', 'F', '2001-05-27', '104 9987', '020 7946 0987', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 32,  1, 'Singh', 'Arjan', 'Mr', 'M', '1982-09-09', '103 8806', '020 7946 0806', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 33,  1, 'Waverley-Featherstonehaugh', 'Alexandrina Wilhelmina Charlotte', 'Lady', 'F', '1951-01-31', '102 0003', '020 7946 0003', 1, 'ACTIVE', 'KNOWN', 164, '{}'),
  (1, 34,  1, 'الحسيني', 'ليلى', 'Ms', 'F', '1978-03-15', '104 6223', '020 7946 0223', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{"language": "Arabic", "interpreter": true}'),
  (1, 35,  1, 'O''Brien', 'Saoirse', 'Ms', 'F', '1988-02-01', '103 7011', '020 7946 0011', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 36,  1, 'Nguyễn', 'Thị Minh Khai', 'Mrs', 'F', '1966-06-18', '103 0456', '020 7946 0456', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{"language": "Vietnamese"}'),
  (1, 37,  1, 'Þórsdóttir', 'Æsa', 'Ms', 'F', '1995-12-30', '104 8127', '020 7946 0127', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 38,  1, 'Ng', 'An', 'Mr', 'M', '1983-08-14', '103 4420', '020 7946 0420', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 39,  1, 'Demir', 'Işık', 'Ms', 'F', '1992-04-11', '104 2075', '020 7946 0075', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 40,  1, 'Popescu', 'Ștefan', 'Mr', 'M', '1979-09-21', '103 9618', '020 7946 0618', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 41,  1, 'Green', 'Alan', 'Mr', 'M', NULL, NULL, NULL, NULL, 'WAITLIST', 'NOT_RECORDED', NULL, '{}'),
  (1, 42,  1, 'Achterberg', 'Willem', 'Mr', 'M', '1946-11-05', '101 7719', '020 7946 0719', 1, 'ACTIVE', 'KNOWN', 185, '{}'),
  (1, 43,  1, 'Chowdhury', 'Rafiq', 'Mr', 'M', '1972-10-22', '103 2864', '020 7946 0864', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 44,  1, 'Evans', 'Gwen', 'Mrs', 'F', '1950-03-01', '102 3390', '020 7946 0390', 1, 'ON_HOLD', 'NONE_KNOWN', 160, '{}'),
  (1, 45,  1, 'Fischer', 'Lena', 'Ms', 'F', '2004-07-19', '104 9702', '020 7946 0702', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 46,  1, 'Gordon', 'Malcolm', 'Mr', 'M', '1961-05-05', '102 8135', '020 7946 0135', 1, 'DISCHARGED', 'NONE_KNOWN', 176, '{}'),
  (1, 47,  1, 'Hughes', 'Carys', 'Ms', 'F', '1998-01-12', '104 5024', '020 7946 0024', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 48,  1, 'Ivanova', 'Ekaterina', 'Mrs', 'F', '1964-08-26', '103 1977', '020 7946 0977', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 49,  1, 'Jansen', 'Pieter', 'Mr', 'M', '1959-02-14', '102 6643', '020 7946 0643', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 50,  1, 'Khan', 'Amina', 'Ms', 'F', '2015-09-03', '104 8838', '020 7946 0838', 12, 'ACTIVE', 'KNOWN', 131, '{}'),
  (1, 51,  1, 'Lopez', 'Mateo', NULL, 'M', '2019-04-28', '104 9229', '020 7946 0229', 12, 'ACTIVE', 'NONE_KNOWN', 108, '{}'),
  (1, 52,  1, 'Müller', 'Jörg', 'Mr', 'M', '1970-12-12', '103 5151', '020 7946 0151', 1, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 53,  1, 'Nkosi', 'Thandiwe', 'Ms', 'F', '1987-03-21', '104 0733', '020 7946 0733', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 54,  1, 'Okafor', 'Chidi', 'Mr', 'M', '1986-05-02', '104 2330', '020 7946 0472', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (1, 55,  2, 'Pemberton', 'Edith', 'Miss', 'F', '1931-12-07', '100 1295', '020 7946 0295', 1, 'ACTIVE', 'NONE_KNOWN', 150, '{}'),
  (1, 56,  2, 'Quinn', 'Maeve', 'Mrs', 'F', '1940-07-15', '100 9387', '020 7946 0387', 12, 'ACTIVE', 'KNOWN', 157, '{}'),
  (1, 57,  2, 'Richards', 'Desmond', 'Mr', 'M', '1936-04-18', '100 5512', '020 7946 0512', 1, 'ACTIVE', 'NONE_KNOWN', 174, '{}'),
  (1, 58,  2, 'Sokolov', 'Viktor', 'Mr', 'M', '1943-10-27', '101 3368', '020 7946 0368', 12, 'ACTIVE', 'NOT_RECORDED', 169, '{}'),
  (1, 59,  2, 'Tanaka', 'Emi', 'Mrs', 'F', '1947-01-19', '101 6604', '020 7946 0604', 1, 'ACTIVE', 'NONE_KNOWN', 149, '{}'),
  (1, 60,  2, 'Underwood', 'Margaret', 'Mrs', 'F', '1934-08-23', '100 2740', '020 7946 0740', 1, 'ACTIVE', 'NONE_KNOWN', 154, '{}'),
  (1, 61,  2, 'Vaughan', 'Arthur', 'Mr', 'M', '1942-02-06', '101 1153', '020 7946 0153', 12, 'ON_HOLD', 'KNOWN', 171, '{}'),
  (1, 62,  1, 'Zhang', 'Wei', 'Mr', 'M', '1996-06-16', '104 7361', '020 7946 0361', 12, 'ACTIVE', 'NONE_KNOWN', NULL, '{}'),
  (2, 91, 11, 'Okafor', 'Ada', 'Ms', 'F', '1981-09-09', '104 2331', '0117 496 0331', 21, 'ACTIVE', 'NONE_KNOWN', 170, '{}'),
  (2, 92, 11, 'Quayle', 'Edmund', 'Mr', 'M', '1956-06-21', '900 0002', '0117 496 0002', 21, 'ACTIVE', 'KNOWN', 178, '{}'),
  (2, 93, 11, 'Sharma', 'Kavita', 'Mrs', 'F', '1973-03-03', '900 0003', '0117 496 0003', 21, 'ACTIVE', 'NOT_RECORDED', 158, '{}'),
  (2, 94, 11, 'Trevelyan', 'Jory', 'Mr', 'M', '1965-05-15', '900 0004', '0117 496 0004', 21, 'ACTIVE', 'NONE_KNOWN', 182, '{}')
) AS told (org, n, place, last, first, title, sex, born, mrn, phone, clinician, status, allergy_status, height_cm, extra);

CREATE TEMPORARY TABLE relative (n integer PRIMARY KEY, person integer, name text, phone text, relationship text, emergency boolean) ON COMMIT DROP;
INSERT INTO relative VALUES
  ( 1,  1, 'Chidi Okafor',        '020 7946 0473', 'Son',             true),
  ( 2,  1, 'Ngozi Eze',           '020 7946 0474', 'Sister',          false),
  ( 3,  2, 'Karin Lindqvist',     '020 7946 0811', 'Wife',            true),
  ( 4,  3, 'Inês Ferreira',       '020 7946 0743', 'Daughter',        true),
  ( 5,  4, 'Rafael Reyes',        '020 7946 0098', 'Brother',         true),
  ( 6,  5, 'Rohan Anand',         '020 7946 0121', 'Husband',         true),
  ( 7,  6, 'Margaret Whitfield',  '020 7946 0479', 'Daughter',        true),
  ( 8,  7, 'Yumi Nakamura',       '020 7946 0562', 'Wife',            true),
  ( 9, 10, 'Marek Szymański',     '020 7946 0346', 'Son',             true),
  (10, 13, 'Philip Holloway',     '020 7946 0109', 'Husband',         true),
  (11, 14, 'Sofia Costa',         '020 7946 0731', 'Partner',         true),
  (12, 20, 'Jonathan Bell',       '020 7946 0012', 'Father',          true),
  (13, 20, 'Amy Bell',            '020 7946 0013', 'Mother',          true),
  (14, 22, 'Clive Holt',          '020 7946 0855', 'Son',             true),
  (15, 23, 'Farah Iqbal',         '020 7946 0380', 'Granddaughter',   true),
  (16, 24, 'Joan Stone',          '020 7946 0247', 'Wife',            true),
  (17, 50, 'Dr Samir Khan',       '020 7946 0839', 'Uncle',           false),
  (18, 50, 'Zara Khan',           '020 7946 0840', 'Mother',          true),
  (19, 51, 'Elena Lopez',         '020 7946 0230', 'Mother',          true),
  (20, 55, 'Public guardian',     '020 7946 0296', 'Deputy',          true),
  (21, 92, 'Moira Quayle',        '0117 496 0012', 'Wife',            true);

-- Protected columns of the patient, one row of clear text each.
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', org), 'patient', fact.name, pg_temp.demo_id('patient', n), fact.value
FROM person, LATERAL (VALUES
  ('medical_record_number', mrn),
  ('phone', phone),
  ('email', CASE WHEN n = 4 THEN 'marisol.reyes@example.org' WHEN n % 3 = 1 AND mrn IS NOT NULL AND place <> 2 THEN 'patient.' || replace(mrn, ' ', '') || '@example.org' END),
  ('address', CASE place WHEN 2 THEN '3 Elm Walk' WHEN 11 THEN n || ' Harbour Row' ELSE (3 + n * 7 % 120) || ' '
     || (ARRAY['Columbia Road', 'Mare Street', 'Roman Road', 'Well Street', 'Victoria Park Road', 'Cassland Road'])[1 + n % 6] END),
  ('city', CASE place WHEN 11 THEN 'Bristol' ELSE 'London' END),
  ('state', CASE place WHEN 11 THEN 'Bristol' ELSE 'Greater London' END),
  ('zip_code', CASE place WHEN 2 THEN 'E17 9ZZ' WHEN 11 THEN 'BS1 9ZZ' ELSE 'E' || (1 + n % 9) || ' ' || (n % 9) || 'ZZ' END)
) AS fact (name, value)
WHERE fact.value IS NOT NULL AND status <> 'WAITLIST';

INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', p.org), 'patient_contact', fact.name, pg_temp.demo_id('contact', r.n), fact.value
FROM relative AS r JOIN person AS p ON p.n = r.person, LATERAL (VALUES ('name', r.name), ('phone', r.phone)) AS fact (name, value);

-- The National Health Service covers everybody; some have an insurance of their own as well.
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', org), 'coverage', 'member_id', pg_temp.demo_id('coverage', n), '999 ' || (100 + n) || ' ' || (1000 + n * 13)
FROM person WHERE mrn IS NOT NULL
UNION ALL
SELECT pg_temp.demo_id('organization', org), 'coverage', 'member_id', pg_temp.demo_id('coverage', 200 + n), 'ALB-' || (40000 + n * 17) FROM person WHERE n IN (3, 8, 33, 52)
UNION ALL
SELECT pg_temp.demo_id('organization', org), 'coverage', 'subscriber_phone', pg_temp.demo_id('coverage', 200 + n), phone FROM person WHERE n IN (3, 8, 33, 52);
