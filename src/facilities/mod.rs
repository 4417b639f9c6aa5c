//! Facilities: the clinics, care homes and offices of an organization.

use crate::access::{Actor, Facilities};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::FacilityId;

/// A place where people are looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facility {
    /// Which.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// The word for a person in care here: Patient, Client or Resident.
    pub person_term: String,
}

/// The facilities whose records `actor` may see, by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn within_reach(tx: &mut Tx, actor: &Actor) -> Result<Vec<Facility>> {
    let only: Option<Vec<uuid::Uuid>> = match &actor.facilities {
        Facilities::All => None,
        Facilities::Only(list) => Some(list.iter().map(|id| id.uuid()).collect()),
    };
    let rows = sqlx::query_as!(
        Facility,
        r#"SELECT id AS "id: FacilityId", name, person_term FROM facility
           WHERE organization_id = $1 AND deleted_at IS NULL AND ($2::uuid[] IS NULL OR id = ANY ($2))
           ORDER BY name, id"#,
        actor.organization.uuid(),
        only.as_deref(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// The word for the people in care at `facilities`: theirs where they agree, else Patient.
#[must_use]
pub fn person_term(facilities: &[Facility]) -> &str {
    match facilities {
        [first, rest @ ..] if rest.iter().all(|other| other.person_term == first.person_term) => &first.person_term,
        _ => "Patient",
    }
}

/// The same word for several people.
#[must_use]
pub fn people(term: &str) -> String {
    format!("{term}s")
}
