DROP SCHEMA IF EXISTS auth CASCADE;
DROP TABLE IF EXISTS rate_limit, data_key, ingest_receipt, service_account, user_token, user_session, membership, app_user;
