//! Filters under a name.

use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{OrganizationId, SavedViewId, UserId};

/// A view to be kept.
#[derive(Debug)]
pub struct NewView {
    /// Which.
    pub id: SavedViewId,
    /// Its name.
    pub name: String,
    /// The filter.
    pub query: String,
    /// Whether colleagues get it too.
    pub shared: bool,
    /// Whether the queue opens with it.
    pub is_default: bool,
}

/// Keeps a view; one of the same name is replaced. Whether it is the default is decided for all own views at once.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn keep(conn: &mut PgConnection, by: &By, user: UserId, view: &NewView) -> Result<SavedViewId> {
    let organization = by.organization.uuid();
    if view.is_default {
        sqlx::query!(
            "UPDATE saved_view SET is_default = false
             WHERE organization_id = $1 AND user_id = $2 AND page = 'alerts' AND is_default AND deleted_at IS NULL",
            organization,
            user.uuid(),
        )
        .execute(&mut *conn)
        .await?;
    }
    let known = sqlx::query_scalar!(
        r#"UPDATE saved_view SET query = $4, shared = $5, is_default = $6
           WHERE organization_id = $1 AND user_id = $2 AND page = 'alerts' AND lower(name) = lower($3) AND deleted_at IS NULL
           RETURNING id AS "id: SavedViewId""#,
        organization,
        user.uuid(),
        view.name,
        view.query,
        view.shared,
        view.is_default,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    sqlx::query!(
        "INSERT INTO saved_view (organization_id, id, user_id, page, name, query, shared, is_default, created_by_id)
         VALUES ($1, $2, $3, 'alerts', $4, $5, $6, $7, $3)",
        organization,
        view.id.uuid(),
        user.uuid(),
        view.name,
        view.query,
        view.shared,
        view.is_default,
    )
    .execute(conn)
    .await?;
    Ok(view.id)
}

/// Takes an own view away.
///
/// # Errors
/// Not found where it is not one's own.
pub async fn remove(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    id: SavedViewId,
) -> Result<()> {
    let removed = sqlx::query!(
        "UPDATE saved_view SET deleted_at = now(), deleted_by_id = $2, is_default = false
         WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND page = 'alerts' AND deleted_at IS NULL",
        organization.uuid(),
        user.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    if removed.rows_affected() == 0 { Err(Error::NotFound) } else { Ok(()) }
}
