-- Guests of video visits. The links are no secret in a demo: /guest/{organization}.{guest}.demo-secret-of-guest-1 opens the visit that begins in a quarter of an hour.
SELECT pg_temp.enter(1);
INSERT INTO visit_guest (organization_id, id, facility_id, visit_id, patient_id, kind, name_enc, token_hash, expires_at, browser_hash, joined_at, seen_at, admitted_at, revoked_at, created_by_id, created_at)
SELECT v.organization_id, g.id, v.facility_id, v.id, v.patient_id, told.kind, pg_temp.sealed('visit_guest', 'name', g.id), sha256(convert_to('demo-secret-of-guest-' || told.n, 'UTF8')), v.end_time,
       CASE WHEN came THEN sha256(convert_to('demo-browser-of-guest-' || told.n, 'UTF8')) END, CASE WHEN came THEN v.start_time - INTERVAL '2 minutes' END, CASE WHEN came THEN v.ended_at END,
       CASE WHEN came THEN v.start_time + INTERVAL '1 minute' END, CASE WHEN withdrawn THEN v.start_time - INTERVAL '1 hour' END, pg_temp.demo_id('user', told.asker), v.start_time - INTERVAL '1 day'
FROM (VALUES
  (1, 20, 'INTERPRETER', false, false,  2),
  (2,  9, 'INTERPRETER', true,  false,  2),
  (3,  9, 'RELATIVE',    false, true,  11)
) AS told (n, visit, kind, came, withdrawn, asker)
JOIN visit AS v ON v.organization_id = pg_temp.demo_id('organization', 1) AND v.id = pg_temp.demo_id('visit', told.visit), LATERAL (SELECT pg_temp.demo_id('guest', told.n) AS id) AS g;

-- The call in which one of them was.
INSERT INTO virtual_session (organization_id, id, facility_id, visit_id, patient_id, provider_id, room_id, status, patient_joined_at, provider_joined_at, admitted_at, ended_at, end_reason,
                             patient_seen_at, provider_seen_at, created_by_id, created_at)
SELECT v.organization_id, v.id, v.facility_id, v.id, v.patient_id, pg_temp.demo_id('user', 1), 'demo-room-of-the-visit-9', 'ENDED', v.start_time - INTERVAL '4 minutes', v.start_time, v.start_time,
       v.ended_at, 'CLOSED', v.ended_at, v.ended_at, pg_temp.demo_id('user', 11), v.start_time - INTERVAL '4 minutes'
FROM visit AS v WHERE v.organization_id = pg_temp.demo_id('organization', 1) AND v.id = pg_temp.demo_id('visit', 9);
