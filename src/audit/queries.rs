//! Every statement of the audit.

use sqlx::PgConnection;

use super::content::Content;
use super::filter::Filter;
use super::model::{Person, Row, Segment};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId, UserId};

/// Lets one sealer at a time work on an organization.
pub(super) async fn lock(conn: &mut PgConnection, organization: OrganizationId) -> Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('audit.seal/' || $1::text, 0))",
        organization.to_string()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last segment, if there is one.
pub(super) async fn last_segment(conn: &mut PgConnection, organization: OrganizationId) -> Result<Option<Segment>> {
    let segment = sqlx::query_as!(
        Segment,
        r#"SELECT number, event_count, prev_hash, hash, sealed_at AS "sealed_at: Timestamp"
             FROM audit_segment WHERE organization_id = $1 ORDER BY number DESC LIMIT 1"#,
        organization.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(segment)
}

/// A segment by its number.
pub(super) async fn segment(
    conn: &mut PgConnection,
    organization: OrganizationId,
    number: i64,
) -> Result<Option<Segment>> {
    let segment = sqlx::query_as!(
        Segment,
        r#"SELECT number, event_count, prev_hash, hash, sealed_at AS "sealed_at: Timestamp"
             FROM audit_segment WHERE organization_id = $1 AND number = $2"#,
        organization.uuid(),
        number,
    )
    .fetch_optional(conn)
    .await?;
    Ok(segment)
}

/// How far the jobs have come: the horizon below which everything is sealed, and the last segment that is indexed.
pub(super) async fn progress(conn: &mut PgConnection, organization: OrganizationId) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        "SELECT horizon, indexed_segment FROM audit_progress WHERE organization_id = $1",
        organization.uuid()
    );
    let row = row.fetch_optional(conn).await?;
    Ok(row.map_or((0, 0), |row| (row.horizon, row.indexed_segment)))
}

/// The oldest transaction that is still under way: what earlier ones wrote is all to be seen.
pub(super) async fn oldest_running(conn: &mut PgConnection) -> Result<i64> {
    let xmin = sqlx::query_scalar!(r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "xmin!""#);
    Ok(xmin.fetch_one(conn).await?)
}

/// An event that is not sealed yet, with the transaction that wrote it.
#[derive(Debug)]
pub(super) struct Unsealed {
    pub seq: i64,
    pub xid: i64,
    pub text: String,
}

/// Events that committed since `horizon` and are in no segment, in the order of their transactions.
pub(super) async fn unsealed(
    conn: &mut PgConnection,
    organization: OrganizationId,
    horizon: i64,
    limit: i64,
) -> Result<Vec<Unsealed>> {
    let rows = sqlx::query_as!(
        Unsealed,
        r#"SELECT seq, xid::text::bigint AS "xid!",
                  JSONB_BUILD_ARRAY(seq, id, (EXTRACT(EPOCH FROM at) * 1000000)::bigint, actor_kind, actor_id, acting_role, action,
                                    resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address,
                                    user_agent, request_id, session_id, break_glass_id)::text AS "text!"
             FROM audit_event AS event
            WHERE organization_id = $1 AND xid >= ($2::bigint)::text::xid8
              AND NOT EXISTS (SELECT FROM audit_segment AS segment
                               WHERE segment.organization_id = $1 AND segment.last_seq >= event.seq AND segment.first_seq <= event.seq
                                 AND segment.seqs @> event.seq)
            ORDER BY xid, seq LIMIT $3"#,
        organization.uuid(),
        horizon,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The events of a segment, as they are now.
pub(super) async fn sealed(conn: &mut PgConnection, organization: OrganizationId, number: i64) -> Result<Vec<Content>> {
    let rows = sqlx::query_as!(
        Content,
        r#"SELECT event.seq,
                  JSONB_BUILD_ARRAY(event.seq, event.id, (EXTRACT(EPOCH FROM event.at) * 1000000)::bigint, actor_kind, actor_id, acting_role, action,
                                    resource_type, resource_id, patient_id, patient_ids, facility_id, changes, details, ip_address,
                                    user_agent, request_id, session_id, break_glass_id)::text AS "text!"
             FROM audit_segment AS segment
             JOIN audit_event AS event ON event.organization_id = segment.organization_id
                                      AND event.seq BETWEEN segment.first_seq AND segment.last_seq AND segment.seqs @> event.seq
            WHERE segment.organization_id = $1 AND segment.number = $2
            ORDER BY event.seq"#,
        organization.uuid(),
        number,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Writes a segment.
pub(super) async fn add_segment(
    conn: &mut PgConnection,
    organization: OrganizationId,
    number: i64,
    seqs: &[i64],
    previous: &[u8],
    hash: &[u8],
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_segment (organization_id, number, first_seq, last_seq, event_count, prev_hash, hash, seqs)
         SELECT $1, $2, MIN(seq), MAX(seq), COUNT(*), $4, $5, RANGE_AGG(INT8RANGE(seq, seq, '[]')) FROM UNNEST($3::bigint[]) AS sealed (seq)",
        organization.uuid(),
        number,
        seqs,
        previous,
        hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes how far the sealer has come.
pub(super) async fn set_horizon(conn: &mut PgConnection, organization: OrganizationId, horizon: i64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_progress (organization_id, horizon) VALUES ($1, $2)
             ON CONFLICT (organization_id) DO UPDATE SET horizon = EXCLUDED.horizon",
        organization.uuid(),
        horizon,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the list views of a segment findable by patient; answers how many rows that took.
pub(super) async fn index_segment(conn: &mut PgConnection, organization: OrganizationId, number: i64) -> Result<u64> {
    let added = sqlx::query!(
        "INSERT INTO audit_patient (organization_id, patient_id, seq)
         SELECT DISTINCT event.organization_id, shown.patient_id, event.seq
           FROM audit_segment AS segment
           JOIN audit_event AS event ON event.organization_id = segment.organization_id
                                    AND event.seq BETWEEN segment.first_seq AND segment.last_seq AND segment.seqs @> event.seq
          CROSS JOIN LATERAL UNNEST(event.patient_ids) AS shown (patient_id)
          WHERE segment.organization_id = $1 AND segment.number = $2
             ON CONFLICT DO NOTHING",
        organization.uuid(),
        number,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE audit_progress SET indexed_segment = $2 WHERE organization_id = $1",
        organization.uuid(),
        number
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected())
}

/// The organizations with their names.
pub(super) async fn organizations(conn: &mut PgConnection) -> Result<Vec<(OrganizationId, String)>> {
    let rows = sqlx::query!(r#"SELECT id AS "id: OrganizationId", name FROM organization ORDER BY created_at, id"#)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A page of the audit, latest first.
pub(super) async fn page(
    conn: &mut PgConnection,
    organization: OrganizationId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT event.seq, event.at AS "at: Timestamp", event.actor_kind,
                  NULLIF(CONCAT_WS(' ', person.title, person.first_name, person.last_name), '') AS person,
                  event.acting_role, event.action, event.resource_type, event.resource_id, event.patient_id AS "patient_id: PatientId",
                  CARDINALITY(event.patient_ids) AS shown, NULLIF(CONCAT_WS(', ', patient.last_name, patient.first_name), '') AS patient,
                  event.changes::text AS changes, event.details::text AS details, HOST(event.ip_address) AS address
             FROM audit_event AS event
             LEFT JOIN app_user AS person ON person.organization_id = event.organization_id AND person.id = event.actor_id
             LEFT JOIN patient ON patient.organization_id = event.organization_id AND patient.id = event.patient_id
            WHERE event.organization_id = $1
              AND event.seq < COALESCE($2, 9223372036854775807)
              AND event.seq > COALESCE((SELECT older.seq FROM audit_event AS older
                                         WHERE older.organization_id = $1 AND older.at < $3 ORDER BY older.seq DESC LIMIT 1), -1)
              AND event.at >= $3 AND event.at < $4
              AND ($5::uuid IS NULL OR event.actor_id = $5)
              AND ($6::text IS NULL OR event.action = $6)
              AND ($7::text IS NULL OR event.resource_type = $7)
              AND ($8::uuid IS NULL OR event.patient_id = $8
                   OR event.seq IN (SELECT shown.seq FROM audit_patient AS shown WHERE shown.organization_id = $1 AND shown.patient_id = $8))
            ORDER BY event.seq DESC LIMIT $9"#,
        organization.uuid(),
        filter.before,
        filter.start() as Timestamp,
        filter.end() as Timestamp,
        filter.person.map(UserId::uuid),
        filter.action.as_deref(),
        filter.kind.as_deref(),
        filter.patient.map(PatientId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// People who can be chosen in the filter.
pub(super) async fn people(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Person>> {
    let people = sqlx::query_as!(
        Person,
        r#"SELECT id AS "id: UserId", CONCAT_WS(', ', last_name, first_name) AS "name!" FROM app_user
            WHERE organization_id = $1 ORDER BY last_name, first_name LIMIT 500"#,
        organization.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// The name of the patient in the filter, if the person may see it.
pub(super) async fn patient_name(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Option<String>> {
    let name = sqlx::query_scalar!(
        r#"SELECT CONCAT_WS(', ', last_name, first_name) AS "name!" FROM patient WHERE organization_id = $1 AND id = $2"#,
        organization.uuid(),
        patient.uuid(),
    );
    Ok(name.fetch_optional(conn).await?)
}
