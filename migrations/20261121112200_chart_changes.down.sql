DROP TRIGGER IF EXISTS patient_takes_alerts ON patient;
DROP FUNCTION IF EXISTS kit.alerts_follow_patient, live.chart_changed;
