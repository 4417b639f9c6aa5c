//! How a facility is reached: by telephone, and by video of an external provider.

use sqlx::PgConnection;

use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId};

/// How a facility is reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// By telephone.
    pub phone: Option<String>,
    /// By video of an external provider, with `{room}` in it.
    pub video_url: Option<String>,
}

/// How a facility is reached.
pub async fn reach(conn: &mut PgConnection, organization: OrganizationId, facility: FacilityId) -> Result<Reach> {
    let found = sqlx::query_as!(
        Reach,
        "SELECT phone, video_url FROM facility WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        facility.uuid(),
    );
    Ok(found.fetch_one(conn).await?)
}

/// A facility with how it is reached, for whoever sets it up.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// By telephone.
    pub phone: Option<String>,
    /// By video of an external provider.
    pub video_url: Option<String>,
}

/// All facilities with how they are reached.
pub async fn places(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Place>> {
    Ok(sqlx::query_as!(
        Place,
        r#"SELECT id AS "id: FacilityId", name, phone, video_url FROM facility WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY name, id"#,
        organization.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Says how a facility is reached; says whether there is one.
pub async fn set_reach(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
    reach: &Reach,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE facility SET phone = $3, video_url = $4 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL",
        organization.uuid(),
        facility.uuid(),
        reach.phone,
        reach.video_url,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
