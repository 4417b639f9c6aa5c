//! Guests of a video visit in the database.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Kind;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{OrganizationId, VisitId};
use crate::visits::queries::visits::VisitRow;
use crate::visits::video::queries::HERE_SECONDS;

/// Guests of one visit that pages show: more are never made.
const MANY: i64 = 20;

/// A guest with their name sealed.
#[derive(Debug)]
pub(super) struct GuestRow {
    pub id: Uuid,
    pub kind: Kind,
    pub name_enc: Vec<u8>,
    pub joined_at: Option<Timestamp>,
    pub admitted: bool,
    pub revoked: bool,
    pub here: bool,
}

/// The guests of a visit, in the order in which they were invited.
pub(super) async fn of_visit(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visit: VisitId,
) -> Result<Vec<GuestRow>> {
    Ok(sqlx::query_as!(
        GuestRow,
        r#"SELECT id, kind AS "kind: Kind", name_enc, joined_at AS "joined_at: Timestamp", admitted_at IS NOT NULL AS "admitted!", revoked_at IS NOT NULL AS "revoked!",
                  (seen_at > clock_timestamp() - make_interval(secs => $4)) IS TRUE AS "here!"
           FROM visit_guest WHERE organization_id = $1 AND visit_id = $2 AND deleted_at IS NULL ORDER BY created_at, id LIMIT $3"#,
        organization.uuid(),
        visit.uuid(),
        MANY,
        HERE_SECONDS,
    )
    .fetch_all(conn)
    .await?)
}

/// A guest to be invited.
pub(super) struct NewGuest<'a> {
    pub id: Uuid,
    pub kind: Kind,
    pub name_enc: &'a [u8],
    pub token_hash: &'a [u8],
}

/// Invites somebody. The caller maps what the database refuses.
pub(super) async fn insert(conn: &mut PgConnection, by: &By, visit: &VisitRow, new: &NewGuest<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO visit_guest (organization_id, id, facility_id, visit_id, patient_id, kind, name_enc, token_hash, created_by_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        by.organization.uuid(),
        new.id,
        visit.facility_id.uuid(),
        visit.id.uuid(),
        visit.patient_id.uuid(),
        new.kind.as_str(),
        new.name_enc,
        new.token_hash,
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Withdraws a link; says whether it was good.
pub(super) async fn revoke(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visit: VisitId,
    guest: Uuid,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE visit_guest SET revoked_at = clock_timestamp() WHERE organization_id = $1 AND visit_id = $2 AND id = $3 AND revoked_at IS NULL",
        organization.uuid(),
        visit.uuid(),
        guest,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets a guest in who waits; says whether one did.
pub(super) async fn admit(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visit: VisitId,
    guest: Uuid,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE visit_guest SET admitted_at = clock_timestamp()
         WHERE organization_id = $1 AND visit_id = $2 AND id = $3 AND joined_at IS NOT NULL AND admitted_at IS NULL AND revoked_at IS NULL AND deleted_at IS NULL",
        organization.uuid(),
        visit.uuid(),
        guest,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A guest who has joined, as the other pages of the call see it.
#[derive(Clone, Debug)]
pub(in crate::visits::video) struct Present {
    pub id: Uuid,
    pub admitted: bool,
    pub here: bool,
}

/// The guests of a visit who have joined.
pub(in crate::visits::video) async fn present(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visit: VisitId,
) -> Result<Vec<Present>> {
    Ok(sqlx::query_as!(
        Present,
        r#"SELECT id, admitted_at IS NOT NULL AS "admitted!", (seen_at > clock_timestamp() - make_interval(secs => $3)) IS TRUE AS "here!"
           FROM visit_guest WHERE organization_id = $1 AND visit_id = $2 AND joined_at IS NOT NULL AND revoked_at IS NULL AND deleted_at IS NULL ORDER BY id"#,
        organization.uuid(),
        visit.uuid(),
        HERE_SECONDS,
    )
    .fetch_all(conn)
    .await?)
}

/// What a link opens.
#[derive(Debug)]
pub(super) struct Link {
    pub visit: VisitId,
    pub browser_hash: Option<Vec<u8>>,
    pub admitted: bool,
    /// Whether its time is over.
    pub lapsed: bool,
}

/// What a link opens, where it is one and was not withdrawn.
pub(super) async fn link(
    conn: &mut PgConnection,
    organization: OrganizationId,
    guest: Uuid,
    token_hash: &[u8],
) -> Result<Option<Link>> {
    Ok(sqlx::query_as!(
        Link,
        r#"SELECT visit_id AS "visit: VisitId", browser_hash, admitted_at IS NOT NULL AS "admitted!", expires_at <= clock_timestamp() AS "lapsed!"
           FROM visit_guest WHERE organization_id = $1 AND id = $2 AND token_hash = $3 AND revoked_at IS NULL AND deleted_at IS NULL"#,
        organization.uuid(),
        guest,
        token_hash,
    )
    .fetch_optional(conn)
    .await?)
}

/// Brings a browser into the waiting room, in the place of the one before. The caller maps what the database refuses.
pub(super) async fn come_in(
    conn: &mut PgConnection,
    organization: OrganizationId,
    guest: Uuid,
    browser_hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE visit_guest SET browser_hash = $3, joined_at = clock_timestamp() WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        guest,
        browser_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How a guest's browser stands: whether it was let in, and whether the visit goes on; none where another has come in its place or the link was withdrawn.
#[derive(Debug)]
pub(super) struct Standing {
    pub admitted: bool,
    pub goes_on: bool,
}

/// How a guest's browser stands.
pub(super) async fn standing(
    conn: &mut PgConnection,
    organization: OrganizationId,
    guest: Uuid,
    browser_hash: &[u8],
) -> Result<Option<Standing>> {
    Ok(sqlx::query_as!(
        Standing,
        r#"SELECT g.admitted_at IS NOT NULL AS "admitted!", (v.status IN ('PLANNED', 'CHECKED_IN', 'IN_PROGRESS') AND g.expires_at > clock_timestamp()) AS "goes_on!"
           FROM visit_guest AS g JOIN visit AS v ON v.organization_id = g.organization_id AND v.id = g.visit_id
           WHERE g.organization_id = $1 AND g.id = $2 AND g.browser_hash = $3 AND g.revoked_at IS NULL AND g.deleted_at IS NULL"#,
        organization.uuid(),
        guest,
        browser_hash,
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes that the page of a guest is open.
pub(super) async fn seen(conn: &mut PgConnection, organization: OrganizationId, guest: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE visit_guest SET seen_at = clock_timestamp() WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL",
        organization.uuid(),
        guest,
    )
    .execute(conn)
    .await?;
    Ok(())
}
