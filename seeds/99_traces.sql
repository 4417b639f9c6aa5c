-- What the files before this one told about who did what, written down in the order in which it happened, as the pages of the audit expect it.
SELECT pg_temp.enter(1);
INSERT INTO audit_event (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent)
SELECT organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent
FROM trace WHERE organization_id = pg_temp.demo_id('organization', 1) ORDER BY at;

SELECT pg_temp.enter(2);
INSERT INTO audit_event (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent)
SELECT organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent
FROM trace WHERE organization_id = pg_temp.demo_id('organization', 2) ORDER BY at;
