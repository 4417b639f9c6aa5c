-- Two organizations. The second exists to prove the wall between them.
INSERT INTO organization (id, name, timezone, settings) VALUES
  (pg_temp.demo_id('organization', 1), 'Northgate Health', 'Europe/London', '{"demo": true}'),
  (pg_temp.demo_id('organization', 2), 'Southgate Health', 'Europe/London', '{"demo": true}');

SELECT pg_temp.enter(1);
INSERT INTO facility (organization_id, id, name, kind, person_term, address, business_hours)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('facility', n), name, kind, term, address, hours::jsonb
FROM (VALUES
  (1, 'Northgate Clinic', 'CLINIC',    'Patient',  '14 Northgate, London E2 8ZZ',
   '{"mon": ["08:00", "18:00"], "tue": ["08:00", "18:00"], "wed": ["08:00", "18:00"], "thu": ["08:00", "20:00"], "fri": ["08:00", "17:00"]}'),
  (2, 'Elm Court',        'CARE_HOME', 'Resident', '3 Elm Walk, London E17 9ZZ',  '{}'),
  (3, 'Northgate House',  'OFFICE',    'Client',   '2 Gate Street, London E2 8ZZ',
   '{"mon": ["09:00", "17:00"], "tue": ["09:00", "17:00"], "wed": ["09:00", "17:00"], "thu": ["09:00", "17:00"], "fri": ["09:00", "17:00"]}')
) AS place (n, name, kind, term, address, hours);
UPDATE facility SET phone = '020 7946 0' || right(id::text, 1) || '00' WHERE organization_id = pg_temp.demo_id('organization', 1);

SELECT pg_temp.enter(2);
INSERT INTO facility (organization_id, id, name, kind, person_term, address) VALUES
  (pg_temp.demo_id('organization', 2), pg_temp.demo_id('facility', 11), 'Southgate Clinic', 'CLINIC', 'Patient', '90 Southgate, Bristol BS1 9ZZ');
