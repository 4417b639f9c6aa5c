//! Filters under a name.

use sqlx::PgConnection;

use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{OrganizationId, SavedViewId, UserId};

/// A filter under a name.
#[derive(Clone, Debug)]
pub struct SavedView {
    /// Which.
    pub id: SavedViewId,
    /// The words on the tab.
    pub name: String,
    /// The filter.
    pub query: String,
    /// Whether colleagues have it too.
    pub shared: bool,
    /// Whether the list opens with it.
    pub is_default: bool,
    /// Whether it is mine to remove.
    pub own: bool,
}

/// Own views, then those that colleagues share.
///
/// # Errors
/// Where the database does not answer.
pub async fn all(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> Result<Vec<SavedView>> {
    Ok(sqlx::query_as!(
        SavedView,
        r#"SELECT id AS "id: SavedViewId", name, query, shared, is_default, user_id = $2 AS "own!" FROM saved_view
           WHERE organization_id = $1 AND page = 'cases' AND deleted_at IS NULL AND (user_id = $2 OR shared)
           ORDER BY user_id = $2 DESC, lower(name) LIMIT 50"#,
        organization.uuid(),
        user.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

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
    /// Whether the list opens with it.
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
             WHERE organization_id = $1 AND user_id = $2 AND page = 'cases' AND is_default AND deleted_at IS NULL",
            organization,
            user.uuid(),
        )
        .execute(&mut *conn)
        .await?;
    }
    let known = sqlx::query_scalar!(
        r#"UPDATE saved_view SET query = $4, shared = $5, is_default = $6
           WHERE organization_id = $1 AND user_id = $2 AND page = 'cases' AND lower(name) = lower($3) AND deleted_at IS NULL
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
         VALUES ($1, $2, $3, 'cases', $4, $5, $6, $7, $3)",
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
         WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND page = 'cases' AND deleted_at IS NULL",
        organization.uuid(),
        user.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    if removed.rows_affected() == 0 { Err(Error::NotFound) } else { Ok(()) }
}
