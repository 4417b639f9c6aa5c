DROP TABLE IF EXISTS calendar_feed, visit_request, visit_participant, visit, slot, staff_leave, availability;
DROP FUNCTION IF EXISTS kit.visit_refusal, kit.visit_cutoff;
DROP PROCEDURE IF EXISTS kit.facility_record;
DROP EXTENSION IF EXISTS btree_gist;
DROP SCHEMA IF EXISTS gist;
