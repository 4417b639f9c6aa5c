SET LOCAL ROLE almoner_owner;
DROP POLICY IF EXISTS patient_reads_given ON content_item;
DROP TABLE IF EXISTS content_assignment, content_version, content_item;
DROP FUNCTION IF EXISTS kit.content_assignment_guard, kit.content_keeps, kit.content_counts;
RESET ROLE;
