//! Statements on policies.

use chrono::NaiveDate;

use super::Document;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{CaseId, DocumentId, DocumentVersionId, FacilityId, OrganizationId, PatientId};

/// Which policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// `PUBLISHED`, `DRAFT` or `ARCHIVED`.
    pub status: &'static str,
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
        ["d.bucket = 'POLICY_FILES' AND d.status = $2 AND ($3::date IS NULL OR d.expires_on < $3)
             AND ($4::uuid IS NULL
                  OR (lower(d.title), d.id) > (SELECT lower(a.title), a.id FROM document AS a WHERE a.organization_id = $1 AND a.id = $4))
           ORDER BY lower(d.title), d.id
           LIMIT $5"],
        organization.uuid(),
        which.status,
        which.before as Option<NaiveDate>,
        after.map(DocumentId::uuid),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// How many policies wait for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// In force, to be looked at again.
    pub due: i64,
    /// Drafts.
    pub drafts: i64,
}

/// How many policies in force are to be looked at again before `day`, and how many drafts there are that the person may see.
pub async fn waiting(tx: &mut Tx, organization: OrganizationId, day: NaiveDate) -> Result<Waiting> {
    Ok(sqlx::query_as!(
        Waiting,
        r#"SELECT count(*) FILTER (WHERE status = 'PUBLISHED' AND expires_on < $2) AS "due!", count(*) FILTER (WHERE status = 'DRAFT') AS "drafts!" FROM document
           WHERE organization_id = $1 AND bucket = 'POLICY_FILES' AND status <> 'ARCHIVED'"#,
        organization.uuid(),
        day as NaiveDate,
    )
    .fetch_one(&mut **tx)
    .await?)
}
