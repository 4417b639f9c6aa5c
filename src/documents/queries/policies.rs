//! Statements on policies.

use chrono::NaiveDate;

use super::Document;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{CaseId, DocumentId, DocumentVersionId, FacilityId, OrganizationId, PatientId};

/// Which policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// The archived ones, instead of those that are in force.
    pub archived: bool,
    /// Those to be looked at again before this day only.
    pub before: Option<NaiveDate>,
}

/// The policies of the organization and of its facilities, by their titles, after one of them.
pub async fn policies(
    tx: &mut Tx,
    organization: OrganizationId,
    which: Policies,
    after: Option<DocumentId>,
    most: i64,
) -> Result<Vec<Document>> {
    Ok(documents!(
        ["d.bucket = 'POLICY_FILES' AND (d.status = 'ARCHIVED') = $2 AND ($3::date IS NULL OR d.expires_on < $3)
             AND ($4::uuid IS NULL
                  OR (lower(d.title), d.id) > (SELECT lower(a.title), a.id FROM document AS a WHERE a.organization_id = $1 AND a.id = $4))
           ORDER BY lower(d.title), d.id
           LIMIT $5"],
        organization.uuid(),
        which.archived,
        which.before as Option<NaiveDate>,
        after.map(DocumentId::uuid),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// How many policies in force are to be looked at again before `day`.
pub async fn due(tx: &mut Tx, organization: OrganizationId, day: NaiveDate) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "due!" FROM document
           WHERE organization_id = $1 AND bucket = 'POLICY_FILES' AND status = 'PUBLISHED' AND expires_on < $2"#,
        organization.uuid(),
        day as NaiveDate,
    )
    .fetch_one(&mut **tx)
    .await?)
}
