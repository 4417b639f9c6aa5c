DROP VIEW IF EXISTS bmi_reading, hrv_reading, vital_reading, measurement;
DROP FUNCTION IF EXISTS kit.make_observation_partitions, kit.make_observation_partition;
DROP TABLE IF EXISTS observation;
DROP SCHEMA IF EXISTS parts;
DROP FUNCTION IF EXISTS kit.observation_guard, kit.observation_refusal;
DROP FUNCTION IF EXISTS kit.interpretation;
DROP TABLE IF EXISTS device_connection;
DROP FUNCTION IF EXISTS ctx.patient;
DROP TABLE IF EXISTS metric;
