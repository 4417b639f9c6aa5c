DROP SCHEMA IF EXISTS headers CASCADE;
DROP TABLE IF EXISTS allergy, condition, coverage, patient_contact, care_team_member, patient_flag;
DROP PROCEDURE IF EXISTS kit.patient_record;
DROP POLICY IF EXISTS patient_reads_own ON audit_event;
DROP POLICY IF EXISTS patient_reads_own ON audit_patient;
DROP POLICY IF EXISTS manager_reads ON audit_patient;
DROP POLICY IF EXISTS patient_reads_own ON status_change;
DROP FUNCTION IF EXISTS ctx.own_patients CASCADE;
DROP TABLE IF EXISTS portal_account, patient, staff;
