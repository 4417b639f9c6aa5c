//! Who may be written to.

use std::collections::HashSet;

use sqlx::PgConnection;

use crate::access::Actor;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, UserId};

/// Somebody who can be given a conversation.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What they do there.
    pub roles: Vec<String>,
}

/// Who can answer at a facility today, by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn answering(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
) -> Result<Vec<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"SELECT u.id, u.first_name, u.last_name, array_agg(DISTINCT m.role ORDER BY m.role) AS "roles!"
           FROM membership AS m JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id
           WHERE m.organization_id = $1 AND (m.facility_id IS NULL OR m.facility_id = $2) AND m.deleted_at IS NULL
             AND m.role IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')
             AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
             AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
           GROUP BY u.id, u.first_name, u.last_name
           ORDER BY lower(u.last_name), lower(u.first_name)
           LIMIT 200"#,
        organization.uuid(),
        facility.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Somebody who looks after a patient, as the patient sees them.
#[derive(Debug)]
pub struct CareTeamMember {
    /// Who.
    pub user: UserId,
    /// "Dr M. Haas".
    pub name: String,
    /// "Named nurse".
    pub role: String,
}

/// Who looks after a patient and can be written to: whoever has left is not offered.
///
/// # Errors
/// Where the database does not answer.
pub async fn care_team(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    facility: FacilityId,
) -> Result<Vec<CareTeamMember>> {
    let mut team = sqlx::query_as!(
        CareTeamMember,
        r#"SELECT t.user_id AS "user!: UserId", t.name AS "name!", t.role AS "role!" FROM (
             SELECT s.user_id, s.name, c.role, 1 AS place FROM care_team_member AS c JOIN staff AS s ON s.organization_id = c.organization_id AND s.id = c.staff_id
             WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.deleted_at IS NULL AND CURRENT_DATE BETWEEN c.starts_on AND coalesce(c.ends_on, 'infinity')
             UNION ALL
             SELECT s.user_id, s.name, coalesce(s.job_title, 'Clinician'), 0 FROM patient AS p JOIN staff AS s ON s.organization_id = p.organization_id AND s.id = p.assigned_clinician_id
             WHERE p.organization_id = $1 AND p.id = $2) AS t
           WHERE t.user_id IS NOT NULL AND headers.may_answer($3, t.user_id)
           ORDER BY t.place, t.name LIMIT 20"#,
        organization.uuid(),
        patient.uuid(),
        facility.uuid(),
    )
    .fetch_all(conn)
    .await?;
    // The responsible clinician is often in the team as well: one person, one line.
    let mut seen = HashSet::new();
    team.retain(|member| seen.insert(member.user));
    Ok(team)
}

/// A patient to write to, or for whom somebody writes.
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
    /// Whether somebody reads the portal for them.
    pub has_portal: bool,
}

/// A patient by identifier or by the blind index of a record number.
///
/// # Errors
/// Where the database does not answer.
pub async fn patient(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: Option<PatientId>,
    number: Option<&[u8]>,
) -> Result<Option<About>> {
    Ok(sqlx::query_as!(
        About,
        r#"SELECT p.id AS "id: PatientId", p.facility_id AS "facility_id: FacilityId", p.first_name, p.last_name,
                  EXISTS (SELECT FROM portal_account AS a WHERE a.organization_id = p.organization_id AND a.patient_id = p.id AND a.status = 'ACTIVE'
                          AND a.deleted_at IS NULL AND CURRENT_DATE BETWEEN a.starts_on AND coalesce(a.ends_on, 'infinity')
                          AND (a.relationship = 'SELF' OR 'MESSAGES' = ANY (a.scopes))) AS "has_portal!"
           FROM patient AS p
           WHERE p.organization_id = $1 AND p.deleted_at IS NULL AND (p.id = $2 OR p.medical_record_number_bidx = $3)"#,
        organization.uuid(),
        id.map(PatientId::uuid),
        number,
    )
    .fetch_optional(conn)
    .await?)
}

/// A facility by its name.
#[derive(Debug)]
pub struct Place {
    /// Which.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
}

/// The facilities within reach, by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn places(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Place>> {
    let mut places = sqlx::query_as!(
        Place,
        r#"SELECT id AS "id: FacilityId", name FROM facility WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY name"#,
        actor.organization.uuid(),
    )
    .fetch_all(conn)
    .await?;
    places.retain(|place| actor.facilities.contains(place.id));
    Ok(places)
}
