//! What the timer does: cases whose due date has passed are marked; what stays overdue goes to the chair.

use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event};
use crate::ids::{CaseId, FacilityId, PatientId, UserId};
use crate::jobs::JobContext;
use crate::outbox::{self, Notice};

/// Cases marked in one transaction: nobody waits long for their locks.
const BATCH: u16 = 200;

/// `cases.overdue`: marks open cases at their due date, and tells the chair two days later.
///
/// # Errors
/// Where the database does not answer.
pub async fn overdue(app: App, job: JobContext) -> Result<()> {
    loop {
        let mut tx = job.begin(&app).await?;
        let by = job.by()?;
        let marked = mark(&mut tx, &by, i64::from(BATCH)).await?;
        let told = escalate(&mut tx, &by, i64::from(BATCH)).await?;
        if marked.max(told) < usize::from(BATCH) {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}

/// A case that was marked, and whom to tell.
struct Marked {
    id: CaseId,
    facility: Option<FacilityId>,
    patient: Option<PatientId>,
    people: Vec<Uuid>,
}

/// Marks what is overdue and not marked yet. How many there were.
async fn mark(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let marked = sqlx::query_as!(
        Marked,
        r#"WITH due AS (
               SELECT id FROM cases WHERE organization_id = $1 AND is_open AND due_at IS NOT NULL AND due_at <= now() AND overdue_at IS NULL
                ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
           UPDATE cases AS c SET overdue_at = now() FROM due WHERE c.organization_id = $1 AND c.id = due.id
           RETURNING c.id AS "id: CaseId", c.facility_id AS "facility?: FacilityId", c.patient_id AS "patient?: PatientId",
                     array_remove(ARRAY[c.created_by_id, c.assigned_to_id], NULL) AS "people!: Vec<Uuid>""#,
        by.organization.uuid(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    write_down(tx, by, &marked, "overdue").await?;
    Ok(marked.len())
}

/// Brings what has been overdue for two days before the chair. How many there were.
async fn escalate(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let marked = sqlx::query_as!(
        Marked,
        r#"WITH due AS (
               SELECT id FROM cases WHERE organization_id = $1 AND is_open AND due_at IS NOT NULL AND due_at <= now() - INTERVAL '2 days'
                  AND overdue_at IS NOT NULL AND escalated_at IS NULL
                ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
           UPDATE cases AS c SET escalated_at = now() FROM due WHERE c.organization_id = $1 AND c.id = due.id
           RETURNING c.id AS "id: CaseId", c.facility_id AS "facility?: FacilityId", c.patient_id AS "patient?: PatientId",
                     ARRAY(SELECT m.user_id FROM membership AS m WHERE m.organization_id = $1 AND m.role = 'CHAIR' AND m.deleted_at IS NULL
                            AND (m.facility_id IS NULL OR m.facility_id = c.facility_id) AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
                            ORDER BY m.user_id LIMIT 20) AS "people!: Vec<Uuid>""#,
        by.organization.uuid(),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    write_down(tx, by, &marked, "escalated").await?;
    Ok(marked.len())
}

/// One event for each, and everybody concerned is told.
async fn write_down(tx: &mut Tx, by: &By, marked: &[Marked], what: &str) -> Result<()> {
    for one in marked {
        let event = Event::new(Action::Update, "case").of(one.id).about(one.patient).at(one.facility);
        events::record(tx, by, event.with(json!({ what: true, "notify": one.people }))).await?;
        for person in &one.people {
            let notice = Notice::new(outbox::Kind::CaseOverdue, one.id, format!("/cases/{}", one.id));
            outbox::schedule(tx, notice.tell(UserId::from(*person))).await?;
        }
    }
    Ok(())
}
