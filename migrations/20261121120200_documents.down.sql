DROP POLICY IF EXISTS document_history_closed ON status_change;
DROP POLICY IF EXISTS document_seen_reads ON status_change;
DROP POLICY IF EXISTS document_seen_adds ON status_change;
DROP TABLE IF EXISTS document_version, document, document_usage;
DROP FUNCTION IF EXISTS kit.document_has_version, kit.document_version_guard, kit.add_document_version, kit.document_guard, kit.document_refusal;
