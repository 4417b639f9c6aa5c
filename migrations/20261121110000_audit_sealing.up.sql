-- Sealing the audit: which events a segment holds, how far the jobs have come, and the names of staff for patients who ask who saw them.
SET LOCAL ROLE almoner_owner;

-- Rows become visible out of the order of seq (sequences are cached, transactions commit when they like), so a segment names its
-- events instead of claiming a range of them.
ALTER TABLE audit_segment ADD COLUMN IF NOT EXISTS seqs int8multirange NOT NULL;
COMMENT ON COLUMN audit_segment.seqs IS 'The events of the segment; not every seq between the first and the last belongs to it.';
CREATE INDEX IF NOT EXISTS audit_segment_last ON audit_segment (organization_id, last_seq);

-- The sealer looks for what committed since it last looked.
CREATE INDEX IF NOT EXISTS audit_event_sealing ON audit_event (organization_id, xid);

CREATE TABLE IF NOT EXISTS audit_progress (
  organization_id uuid PRIMARY KEY CONSTRAINT audit_progress_organization_fk REFERENCES organization ON DELETE RESTRICT,
  horizon         bigint NOT NULL DEFAULT 0,
  indexed_segment bigint NOT NULL DEFAULT 0
);
CALL kit.describe('audit_progress', 'How far the jobs on the audit of an organization have come. Lost, they begin anew and do no harm.',
  'horizon', 'Everything that transactions before this one wrote is sealed.', 'indexed_segment', 'The last segment whose list views are in audit_patient.');
CALL kit.tenant_table('audit_progress');
DROP TRIGGER IF EXISTS audit_progress_touch ON audit_progress;

-- A patient may learn who opened the record, and cannot read app_user.
CREATE OR REPLACE FUNCTION headers.staff_name(wanted uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT concat_ws(' ', u.title, u.first_name, u.last_name)
  FROM public.app_user AS u
  WHERE u.organization_id = ctx.organization() AND u.id = wanted
    AND EXISTS (SELECT FROM public.membership AS m WHERE m.organization_id = u.organization_id AND m.user_id = u.id AND m.role <> 'PATIENT')
$$;
COMMENT ON FUNCTION headers.staff_name IS 'The name of a member of staff of the actor''s organization, for access logs; nothing for other people.';
REVOKE ALL ON FUNCTION headers.staff_name FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headers.staff_name TO almoner_app;

RESET ROLE;
