-- The latest moves of everything that concerns one patient, for the summary of the chart.
SET LOCAL ROLE almoner_owner;

CREATE INDEX IF NOT EXISTS status_change_patient ON status_change (organization_id, patient_id, at DESC) WHERE patient_id IS NOT NULL;

RESET ROLE;
