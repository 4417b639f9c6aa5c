-- The queue in the order in which alerts were raised: its oldest and newest pages, and how long the oldest one has waited.
SET LOCAL ROLE almoner_owner;
SET LOCAL client_min_messages = warning;

CREATE INDEX IF NOT EXISTS alert_queue_raised ON alert (organization_id, facility_id, raised_at, id) WHERE is_open;

RESET ROLE;
