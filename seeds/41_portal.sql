-- Who uses the portal for whom. The password of every account is password123, as for staff.
SELECT pg_temp.enter(1);
CREATE TEMPORARY TABLE portal_person (n integer, email text, title text, first text, last text, active boolean) ON COMMIT DROP;
INSERT INTO portal_person VALUES
  (71, 'rosa.lopez@example.com',         'Ms', 'Rosa',     'Lopez',     true),   -- mother of two
  (72, 'jonathan.bell@example.com',      'Mr', 'Jonathan', 'Bell',      true),   -- a patient himself, and father of a newborn
  (73, 'margaret.whitfield@example.com', 'Ms', 'Margaret', 'Whitfield', true),   -- looks after her father, who lives at Elm Court
  (74, 'clive.holt@example.com',         'Mr', 'Clive',    'Holt',      true),   -- could, until two weeks ago
  (75, 'philip.holloway@example.com',    'Mr', 'Philip',   'Holloway',  true),   -- stopped for now
  (76, 'rafael.reyes@example.com',       'Mr', 'Rafael',   'Reyes',     true),   -- sees visits and messages of his sister, and nothing else
  (77, 'ngozi.eze@example.com',          'Ms', 'Ngozi',    'Eze',       true),   -- no more
  (78, 'priya.anand@example.com',        'Ms', 'Priya',    'Anand',     false),  -- invited
  (79, 'chidi.okafor@example.com',       'Mr', 'Chidi',    'Okafor',    false);  -- invited
INSERT INTO app_user (organization_id, id, email, password_hash, title, first_name, last_name, status, last_sign_in_at, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('user', n), email,
       CASE WHEN active THEN (SELECT password_hash FROM app_user WHERE organization_id = pg_temp.demo_id('organization', 1) AND id = pg_temp.demo_id('user', 11)) END,
       title, first, last, CASE WHEN active THEN 'ACTIVE' ELSE 'INVITED' END, CASE WHEN active THEN now() - make_interval(hours => n) END,
       now() - make_interval(days => 60), pg_temp.demo_id('user', 2)
FROM portal_person ORDER BY n;
INSERT INTO membership (organization_id, id, user_id, role, starts_on, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('membership', n), pg_temp.demo_id('user', n), 'PATIENT', CURRENT_DATE - 60, pg_temp.demo_id('user', 2)
FROM portal_person ORDER BY n;
INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes, status, status_reason, starts_on, ends_on, activated_at, created_by_id, created_at)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('portal', n), pg_temp.demo_id('patient', patient), pg_temp.demo_id('user', person), relationship, string_to_array(scopes, ','),
       status, reason, CURRENT_DATE - since, CURRENT_DATE + till, CASE WHEN status <> 'INVITED' THEN now() - make_interval(days => since) END, pg_temp.demo_id('user', 2),
       now() - make_interval(days => since)
FROM (VALUES
  (71, 50, 71, 'PARENT',  'VISITS,MESSAGES,READINGS,RESULTS,DOCUMENTS,DETAILS', 'ACTIVE',    NULL, 58, NULL),
  (72, 51, 71, 'PARENT',  'VISITS,MESSAGES,READINGS,RESULTS,DOCUMENTS,DETAILS', 'ACTIVE',    NULL, 58, NULL),
  (73, 26, 72, 'SELF',    '',                                                   'ACTIVE',    NULL, 50, NULL),
  (74, 20, 72, 'PARENT',  'VISITS,MESSAGES,DOCUMENTS,DETAILS',                  'ACTIVE',    NULL, 20, 345),
  (75,  6, 73, 'CARER',   'VISITS,MESSAGES,READINGS,DETAILS',                   'ACTIVE',    NULL, 40, 325),
  (76, 22, 74, 'CARER',   'VISITS,DETAILS',                                     'ACTIVE',    NULL, 56, -14),
  (77, 13, 75, 'PARTNER', 'VISITS,MESSAGES',                                    'SUSPENDED', 'Mrs Holloway asked us to pause this while she thinks about it.', 45, NULL),
  (78,  4, 76, 'OTHER',   'VISITS,MESSAGES',                                    'ACTIVE',    NULL, 30, 60),
  (79,  1, 77, 'OTHER',   'VISITS',                                             'REVOKED',   'Ms Okafor now has her son to help her.', 55, NULL),
  (80,  5, 78, 'SELF',    '',                                                   'INVITED',   NULL, 1, NULL),
  (81,  1, 79, 'CARER',   'VISITS,MESSAGES,RESULTS,DETAILS',                    'INVITED',   NULL, 2, 363)
) AS told (n, patient, person, relationship, scopes, status, reason, since, till);

-- The letters: accepted, on its way, too old after two wrong answers, replaced by a newer one. Nobody has their links.
INSERT INTO portal_invitation (organization_id, id, account_id, user_id, token_hash, expires_at, used_at, withdrawn_at, failed_attempts, created_by_id, created_at)
SELECT a.organization_id, ('01900000-0000-7000-8611-' || lpad(told.n::text, 12, '0'))::uuid, a.id, a.user_id, sha256(uuid_send(gen_random_uuid())),
       now() - make_interval(days => age) + INTERVAL '14 days', CASE WHEN fate = 'used' THEN a.activated_at END,
       CASE WHEN fate = 'replaced' THEN now() - make_interval(days => age - 1) END, wrong, pg_temp.demo_id('user', 2), now() - make_interval(days => age)
FROM (VALUES (1, 71, 59, 'used', 0), (2, 75, 41, 'used', 1), (3, 77, 46, 'used', 0), (4, 80, 1, 'open', 0), (5, 81, 20, 'open', 2), (6, 78, 33, 'replaced', 0), (7, 78, 31, 'used', 0))
     AS told (n, account, age, fate, wrong)
JOIN portal_account AS a ON a.organization_id = pg_temp.demo_id('organization', 1) AND a.id = pg_temp.demo_id('portal', told.account);

-- What they ask to change: told here, kept by the next file.
CREATE TEMPORARY TABLE wish (n integer, patient integer, person integer, field text, days integer, asked jsonb, status text, reason text, decided integer) ON COMMIT DROP;
INSERT INTO wish VALUES
  ( 1,  4, 11, 'EMAIL',          12, '{"email": "marisol.reyes@example.org"}', 'ACCEPTED', NULL, 11),
  ( 2,  4, 11, 'ADDRESS',         9, '{"address": "Flat 5", "city": "", "state": "", "zip_code": ""}', 'REFUSED', 'We need the whole address, with the street and the town. Please send it again.', 8),
  ( 3,  4, 11, 'PHONE',           1, '{"phone": "07700 900451"}', 'WAITING', NULL, NULL),
  ( 4,  4, 11, 'CONTACT_ADD',     1, '{"name": "Rafael Reyes", "relationship": "Brother", "phone": "07700 900376", "email": "", "address": "", "is_emergency": "true"}', 'WAITING', NULL, NULL),
  ( 5, 50, 71, 'ADDRESS',         3, '{"address": "12 Lauriston Road", "city": "London", "state": "Greater London", "zip_code": "E9 7HA"}', 'WAITING', NULL, NULL),
  ( 6, 51, 71, 'ADDRESS',         3, '{"address": "12 Lauriston Road", "city": "London", "state": "Greater London", "zip_code": "E9 7HA"}', 'WAITING', NULL, NULL),
  ( 7, 51, 71, 'LANGUAGE',        3, '{"language": "Spanish", "interpreter": "true"}', 'WAITING', NULL, NULL),
  ( 8,  6, 73, 'PREFERRED_NAME',  5, '{"preferred_name": "Captain"}', 'WAITING', NULL, NULL),
  ( 9,  6, 73, 'PHONE',          20, '{"phone": "07700 900000"}', 'WITHDRAWN', NULL, 19);
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'detail_change', 'asked', ('01900000-0000-7000-8610-' || lpad(n::text, 12, '0'))::uuid, asked::text FROM wish;
