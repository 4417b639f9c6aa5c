//! What the changes that patients ask for ask of the database.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Standing, Thing, from_text};
use crate::access::Actor;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Audited;
use crate::ids::PatientId;
use crate::patients::fields::Typed;
use crate::web::whom::Relationship;

/// For how many days the patient is told what became of a wish.
const TOLD_DAYS: i32 = 90;

/// A wish, as stored.
#[derive(Debug)]
pub(super) struct Change {
    pub id: Uuid,
    pub thing: Thing,
    pub contact: Option<Uuid>,
    asked_enc: Vec<u8>,
    pub status: Standing,
    pub reason: Option<String>,
    pub asked_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    /// Who asked; none where it is the reader.
    pub by: Option<String>,
    /// As what they asked.
    pub relationship: Option<Relationship>,
}

impl Change {
    /// What was asked for, in clear.
    pub(super) fn asked(&self, app: &App, actor: &Actor, audited: &Audited) -> Result<Typed> {
        let text = app.keyring().open(actor.organization, "detail_change", "asked", self.id, &self.asked_enc);
        Ok(from_text(text.map_err(anyhow::Error::from)?.reveal(audited))?)
    }
}

/// What waits for the clinic and what became of the rest lately, for whoever acts for the patient; latest first.
pub(super) async fn own(tx: &mut Tx, actor: &Actor, patient: PatientId) -> Result<Vec<Change>> {
    let rows = sqlx::query_as!(
        Change,
        r#"SELECT c.id, c.field AS "thing: Thing", c.contact_id AS contact, c.asked_enc, c.status AS "status: Standing", c.reason,
                  c.created_at AS "asked_at: Timestamp", c.decided_at AS "decided_at: Timestamp",
                  CASE WHEN c.created_by_id <> $3 THEN COALESCE(who.name, 'Somebody who acted for you') END AS by,
                  who.relationship AS "relationship?: Relationship"
             FROM detail_change AS c
             LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, name, relationship FROM headers.people_of($2) ORDER BY user_id, status) AS who ON who.user_id = c.created_by_id
            WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.status <> 'WITHDRAWN'
              AND (c.status = 'WAITING' OR c.decided_at > now() - make_interval(days => $4))
            ORDER BY c.id DESC LIMIT 50"#,
        actor.organization.uuid(),
        patient.uuid(),
        actor.user.uuid(),
        TOLD_DAYS,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// What waits to be decided about a patient, the oldest first.
pub(super) async fn waiting(tx: &mut Tx, actor: &Actor, patient: PatientId) -> Result<Vec<Change>> {
    let rows = sqlx::query_as!(
        Change,
        r#"SELECT c.id, c.field AS "thing: Thing", c.contact_id AS contact, c.asked_enc, c.status AS "status: Standing", c.reason,
                  c.created_at AS "asked_at: Timestamp", c.decided_at AS "decided_at: Timestamp",
                  concat_ws(' ', u.first_name, u.last_name) AS by,
                  (SELECT a.relationship FROM portal_account AS a
                    WHERE a.organization_id = c.organization_id AND a.patient_id = c.patient_id AND a.user_id = c.created_by_id
                    ORDER BY a.status = 'ACTIVE' DESC, a.created_at DESC LIMIT 1) AS "relationship: Relationship"
             FROM detail_change AS c
             LEFT JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.created_by_id
            WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.status = 'WAITING'
            ORDER BY c.id LIMIT 100"#,
        actor.organization.uuid(),
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// A new wish.
pub(super) struct Wish<'a> {
    pub id: Uuid,
    pub patient: PatientId,
    pub thing: Thing,
    pub contact: Option<Uuid>,
    pub asked: &'a str,
}

/// Keeps a wish. Sent twice at the same moment, one of them is refused.
pub(super) async fn add(app: &App, tx: &mut Tx, actor: &Actor, wish: &Wish<'_>) -> Result<()> {
    let sealed = app.keyring().seal(actor.organization, "detail_change", "asked", wish.id, wish.asked);
    let twice = || {
        Error::Conflict("You have just asked for this. Go back to the details and look at what is waiting.".to_owned())
    };
    let added = sqlx::query!(
        "INSERT INTO detail_change (organization_id, id, patient_id, field, contact_id, asked_enc, created_by_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        actor.organization.uuid(),
        wish.id,
        wish.patient.uuid(),
        wish.thing.as_str(),
        wish.contact,
        sealed.map_err(anyhow::Error::from)?,
        actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await;
    match added {
        Ok(_) => Ok(()),
        Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
            Err(twice())
        }
        Err(error) => Err(error.into()),
    }
}

/// Decides a wish that still waits. False where it does not any more.
pub(super) async fn decide(
    tx: &mut Tx,
    actor: &Actor,
    patient: PatientId,
    change: Uuid,
    to: Standing,
    reason: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE detail_change SET status = $4, reason = $5 WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND status = 'WAITING'",
        actor.organization.uuid(),
        patient.uuid(),
        change,
        to.as_str(),
        reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Wishes of one patient in the list of staff.
#[derive(Debug)]
pub(super) struct Asking {
    pub patient: PatientId,
    pub first_name: String,
    pub last_name: String,
    pub facility: String,
    /// The oldest of them: where the list goes on.
    pub oldest: Uuid,
    pub since: Timestamp,
    pub things: Vec<String>,
}

/// Patients with wishes that wait, who has waited longest first, after the wish `after`.
pub(super) async fn asking(
    conn: &mut PgConnection,
    actor: &Actor,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Asking>> {
    let rows = sqlx::query_as!(
        Asking,
        r#"SELECT p.id AS "patient: PatientId", p.first_name, p.last_name, f.name AS facility, w.oldest AS "oldest!", w.since AS "since!: Timestamp", w.things AS "things!"
             FROM (SELECT c.patient_id, (array_agg(c.id ORDER BY c.id))[1] AS oldest, MIN(c.created_at) AS since, array_agg(c.field ORDER BY c.id) AS things
                     FROM detail_change AS c WHERE c.organization_id = $1 AND c.status = 'WAITING' GROUP BY c.patient_id) AS w
             JOIN patient AS p ON p.organization_id = $1 AND p.id = w.patient_id AND p.deleted_at IS NULL
             JOIN facility AS f ON f.organization_id = p.organization_id AND f.id = p.facility_id
            WHERE $2::uuid IS NULL OR w.oldest > $2
            ORDER BY w.oldest LIMIT $3"#,
        actor.organization.uuid(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
