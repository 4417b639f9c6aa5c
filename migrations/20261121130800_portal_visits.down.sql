SET LOCAL ROLE almoner_owner;
DROP FUNCTION IF EXISTS headers.waiting_before(uuid);
DROP POLICY IF EXISTS portal_scope ON visit;
DROP POLICY IF EXISTS portal_scope ON visit_request;
DROP POLICY IF EXISTS portal_scope ON visit_participant;
RESET ROLE;
