-- What the other files share. Everything here is temporary: it goes with the transaction that fills the database.

-- Fixed ids, so that tests and links can name a record: demo_id('patient', 4) is the same in every demo.
CREATE FUNCTION pg_temp.demo_id(kind text, n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('01900000-0000-7000-8' || lpad(array_position(ARRAY['organization', 'facility', 'user', 'membership', 'staff', 'patient', 'alert', 'view', 'service',
    'portal', 'contact', 'coverage', 'flag', 'care_team', 'condition', 'allergy', 'comment', 'availability', 'leave', 'slot', 'visit', 'participant', 'visit_request',
    'case', 'task', 'follower', 'content', 'given', 'run', 'guest'], kind)::text, 3, '0') || '-' || lpad(n::text, 12, '0'))::uuid
$$;

-- Rules are few, and named from two files.
CREATE FUNCTION pg_temp.rule_id(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT ('01900000-0000-7000-8fe0-' || lpad(n::text, 12, '0'))::uuid $$;

-- Clear text on its way into encrypted columns. After each file the program seals what is new here; the files that
-- write the records take the ciphertext. Nothing of this is ever in a table that lasts.
CREATE TEMPORARY TABLE clear_text (
  organization_id uuid NOT NULL,
  table_name      text NOT NULL,
  column_name     text NOT NULL,
  row_id          uuid NOT NULL,
  value           text NOT NULL,
  sealed          bytea,
  bidx            bytea,
  PRIMARY KEY (table_name, column_name, row_id)
) ON COMMIT DROP;
CREATE FUNCTION pg_temp.sealed(t text, c text, id uuid) RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT sealed FROM clear_text WHERE table_name = t AND column_name = c AND row_id = id $$;
CREATE FUNCTION pg_temp.bidx(t text, c text, id uuid) RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT bidx FROM clear_text WHERE table_name = t AND column_name = c AND row_id = id $$;

-- Row-level security is forced upon the owner too: each file enters the organization it writes for.
CREATE FUNCTION pg_temp.enter(n integer) RETURNS void LANGUAGE sql AS
$$ SELECT set_config('app.ctx', pg_temp.demo_id('organization', n) || '|||*', true) $$;

-- Who did what, for the audit: collected here, written by 99_traces.sql in the order of time.
CREATE TEMPORARY TABLE trace (organization_id uuid, at timestamptz, actor_kind text, actor_id uuid, acting_role text, action text, resource_type text, resource_id uuid, patient_id uuid,
  patient_ids uuid[], facility_id uuid, changes jsonb, details jsonb, ip_address inet, user_agent text) ON COMMIT DROP;
