//! The documents of a case, as its time line and its bundle tell of them.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CaseId, OrganizationId};

/// A version that was added, or a document that was archived.
#[derive(Debug)]
pub struct Filed {
    /// What the document is called.
    pub title: String,
    /// Which version was added; none where the document was archived.
    pub version: Option<i32>,
    /// What is new in it, or why it was archived.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Given name of who did it.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// What happened to the documents of a case, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn filed(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Filed>> {
    Ok(sqlx::query_as!(
        Filed,
        r#"SELECT f.title AS "title!", f.version, f.note, f.at AS "at!: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?"
           FROM ((SELECT d.title, v.version, v.note, v.uploaded_at AS at, v.uploaded_by_id AS who FROM document AS d
                    JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id
                   WHERE d.organization_id = $1 AND d.case_id = $2 AND d.case_id IS NOT NULL ORDER BY v.uploaded_at DESC LIMIT 200)
                 UNION ALL
                 (SELECT d.title, NULL, d.archive_reason, d.archived_at, d.archived_by_id FROM document AS d
                   WHERE d.organization_id = $1 AND d.case_id = $2 AND d.case_id IS NOT NULL AND d.archived_at IS NOT NULL ORDER BY d.archived_at DESC LIMIT 200)) AS f
           LEFT JOIN app_user AS u ON u.organization_id = $1 AND u.id = f.who
           ORDER BY f.at DESC"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// A document as a line of the bundle.
#[derive(Debug)]
pub struct Listed {
    /// What it is called.
    pub title: String,
    /// The name of the file.
    pub filename: String,
    /// Which version.
    pub version: i32,
    /// Bytes.
    pub file_size: i64,
    /// What tells this file from any other.
    pub sha256: Vec<u8>,
    /// When it was added.
    pub at: Timestamp,
    /// Given name of who added it.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Whether it was archived.
    pub archived: bool,
}

impl Listed {
    /// "1.2 MB"
    #[must_use]
    pub fn size(&self) -> String {
        crate::web::format::file_size(u64::try_from(self.file_size).unwrap_or(0))
    }

    /// The first twelve digits of the checksum: enough to compare by eye.
    #[must_use]
    pub fn mark(&self) -> String {
        hex::encode(self.sha256.get(..6).unwrap_or(&self.sha256))
    }
}

/// The documents of a case in their newest versions, the oldest document first.
///
/// # Errors
/// Where the database does not answer.
pub async fn listed(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Listed>> {
    Ok(sqlx::query_as!(
        Listed,
        r#"SELECT d.title, v.filename, v.version, v.file_size, v.sha256, v.uploaded_at AS "at: Timestamp", u.first_name, u.last_name, d.archived_at IS NOT NULL AS "archived!"
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.uploaded_by_id
           WHERE d.organization_id = $1 AND d.case_id = $2 AND d.case_id IS NOT NULL
           ORDER BY d.created_at, d.id LIMIT 500"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
