//! Staff who see patients, and patients to be seen.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, StaffId, UserId};
use crate::web::format;

/// Somebody who may see patients.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Who.
    pub id: StaffId,
    /// Name as shown.
    pub name: String,
    /// Where they work mainly.
    pub facility_id: Option<FacilityId>,
    /// Their account.
    pub user_id: Option<UserId>,
    /// Whether they offer visits at all.
    pub offers: bool,
}

/// The staff of some facilities, by name; those who offer visits first.
pub async fn staff(conn: &mut PgConnection, actor: &Actor, facilities: &[Uuid]) -> Result<Vec<Provider>> {
    Ok(sqlx::query_as!(
        Provider,
        r#"SELECT s.id AS "id: StaffId", s.name, s.facility_id AS "facility_id: FacilityId", s.user_id AS "user_id: UserId",
                  EXISTS (SELECT FROM availability AS a WHERE a.organization_id = s.organization_id AND a.staff_id = s.id AND a.deleted_at IS NULL) AS "offers!"
           FROM staff AS s
           WHERE s.organization_id = $1 AND s.deleted_at IS NULL AND (s.facility_id = ANY ($2) OR s.facility_id IS NULL)
           ORDER BY 5 DESC, s.name, s.id"#,
        actor.organization.uuid(),
        facilities,
    )
    .fetch_all(conn)
    .await?)
}

/// Who can be seen at a facility, by name.
pub async fn offering_at(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<Vec<StaffId>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT s.id AS "id: StaffId" FROM staff AS s
           WHERE s.organization_id = $1 AND s.deleted_at IS NULL
             AND EXISTS (SELECT FROM availability AS a WHERE a.organization_id = s.organization_id AND a.staff_id = s.id AND a.facility_id = $2
                         AND a.status = 'ACTIVE' AND a.deleted_at IS NULL)
           ORDER BY s.name, s.id"#,
        organization.uuid(),
        facility.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// The member of staff behind an account.
pub async fn me(conn: &mut PgConnection, actor: &Actor) -> Result<Option<StaffId>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: StaffId" FROM staff WHERE organization_id = $1 AND user_id = $2 AND deleted_at IS NULL"#,
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Whom a visit is to be for.
#[derive(Clone, Debug)]
pub struct About {
    /// Who.
    pub id: PatientId,
    /// Where they are in care.
    pub facility_id: FacilityId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl About {
    /// `OKAFOR, Adaeze`
    #[must_use]
    pub fn name(&self) -> String {
        format::person(&self.last_name, &self.first_name, None)
    }
}

/// A patient by id or by the blind index of the record number.
pub async fn patient(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: Option<PatientId>,
    number: Option<&[u8]>,
) -> Result<Option<About>> {
    Ok(sqlx::query_as!(
        About,
        r#"SELECT id AS "id: PatientId", facility_id AS "facility_id: FacilityId", first_name, last_name FROM patient
           WHERE organization_id = $1 AND deleted_at IS NULL AND (id = $2 OR medical_record_number_bidx = $3) LIMIT 1"#,
        organization.uuid(),
        id.map(PatientId::uuid),
        number,
    )
    .fetch_optional(conn)
    .await?)
}

/// The zone of a facility.
pub async fn zone(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<chrono_tz::Tz> {
    let zone = sqlx::query_scalar!(
        "SELECT timezone FROM facility WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        facility.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(zone.and_then(|zone| zone.parse().ok()).unwrap_or(chrono_tz::Tz::Europe__London))
}
