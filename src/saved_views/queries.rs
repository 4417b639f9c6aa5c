//! Every SQL statement of saved views. A view belongs to a page: `alerts`, `cases`.

use serde::Deserialize;
use sqlx::PgConnection;

use super::NewView;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{OrganizationId, SavedViewId, UserId};

/// A filter under a name.
#[derive(Clone, Debug, Deserialize)]
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

/// Own views of `page`, then those that colleagues share.
///
/// # Errors
/// Where the database does not answer.
pub async fn all(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    page: &str,
) -> Result<Vec<SavedView>> {
    Ok(sqlx::query_as!(
        SavedView,
        r#"SELECT id AS "id: SavedViewId", name, query, shared, is_default, user_id = $2 AS "own!" FROM saved_view
           WHERE organization_id = $1 AND page = $3 AND deleted_at IS NULL AND (user_id = $2 OR shared)
           ORDER BY user_id = $2 DESC, lower(name) LIMIT 50"#,
        organization.uuid(),
        user.uuid(),
        page,
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps a view of `page`; one of the same name is replaced. Whether it is the default is decided for all own views at
/// once.
pub(super) async fn keep(
    conn: &mut PgConnection,
    by: &By,
    user: UserId,
    page: &str,
    view: &NewView,
) -> Result<SavedViewId> {
    let organization = by.organization.uuid();
    if view.is_default {
        sqlx::query!(
            "UPDATE saved_view SET is_default = false
             WHERE organization_id = $1 AND user_id = $2 AND page = $3 AND is_default AND deleted_at IS NULL",
            organization,
            user.uuid(),
            page,
        )
        .execute(&mut *conn)
        .await?;
    }
    let known = sqlx::query_scalar!(
        r#"UPDATE saved_view SET query = $4, shared = $5, is_default = $6
           WHERE organization_id = $1 AND user_id = $2 AND page = $7 AND lower(name) = lower($3) AND deleted_at IS NULL
           RETURNING id AS "id: SavedViewId""#,
        organization,
        user.uuid(),
        view.name,
        view.query,
        view.shared,
        view.is_default,
        page,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(known) = known {
        return Ok(known);
    }
    let id = SavedViewId::new();
    sqlx::query!(
        "INSERT INTO saved_view (organization_id, id, user_id, page, name, query, shared, is_default, created_by_id)
         VALUES ($1, $2, $3, $8, $4, $5, $6, $7, $3)",
        organization,
        id.uuid(),
        user.uuid(),
        view.name,
        view.query,
        view.shared,
        view.is_default,
        page,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Takes an own view of `page` away. Not found where it is not one's own.
pub(super) async fn remove(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    page: &str,
    id: SavedViewId,
) -> Result<()> {
    let removed = sqlx::query!(
        "UPDATE saved_view SET deleted_at = now(), deleted_by_id = $2, is_default = false
         WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND page = $4 AND deleted_at IS NULL",
        organization.uuid(),
        user.uuid(),
        id.uuid(),
        page,
    )
    .execute(conn)
    .await?;
    if removed.rows_affected() == 0 { Err(Error::NotFound) } else { Ok(()) }
}
