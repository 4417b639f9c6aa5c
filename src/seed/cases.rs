//! Made-up cases of two years, each with ten entries in its log: its history, what was changed and what was said.

use anyhow::Context as _;
use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::config::Seed;
use crate::ids::new_uuid;
use crate::phi::Keyring;

use super::ground::{Ground, PASSWORD_HASH};
use super::random::Chance;
use super::run_sql;
use super::words::{MATTERS, REMARKS};

/// Entries in the log of each case: its moves, to whom it was given, one change, and comments for the rest.
pub const ENTRIES: usize = 10;
/// How far back they go, and how far back open ones.
const HISTORY: TimeDelta = TimeDelta::days(730);
const DESK: TimeDelta = TimeDelta::days(60);
/// Of a hundred cases, so many are open.
const OPEN: usize = 15;
/// Caseworkers of each facility.
const WORKERS: usize = 4;

/// Who works on the cases of a facility.
pub struct Board {
    facility: Uuid,
    clerk: Uuid,
    chair: Uuid,
    workers: Vec<Uuid>,
}

/// A board for each facility, made where it is missing.
///
/// # Errors
/// Where the database refuses.
pub async fn boards(admin: &PgConnectOptions, ground: &Ground) -> anyhow::Result<Vec<Board>> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    let mut tx = conn.begin().await?;
    run_sql(&mut tx, &format!("SET LOCAL ROLE almoner_owner; SET LOCAL app.ctx = '{}|||*'", ground.organization))
        .await?;
    let mut boards = Vec::new();
    for (place, at) in ground.places.iter().enumerate() {
        let number = place + 1;
        let mut person = async |name: &str, role: &str| {
            let email = format!("{name}@bench.example.com");
            account(&mut tx, ground.organization, at.facility, &email, role).await
        };
        let clerk = person(&format!("clerk.{number:02}"), "CLERK").await?;
        let chair = person(&format!("chair.{number:02}"), "CHAIR").await?;
        let mut workers = Vec::new();
        for worker in 1..=WORKERS {
            workers.push(person(&format!("caseworker.{number:02}.{worker}"), "CASEWORKER").await?);
        }
        boards.push(Board { facility: at.facility, clerk, chair, workers });
    }
    tx.commit().await?;
    conn.close().await?;
    Ok(boards)
}

/// The account with this address, made where it is missing.
async fn account(
    conn: &mut PgConnection,
    organization: Uuid,
    facility: Uuid,
    email: &str,
    role: &str,
) -> anyhow::Result<Uuid> {
    let found =
        sqlx::query_scalar!("SELECT id FROM app_user WHERE organization_id = $1 AND email = $2", organization, email);
    if let Some(user) = found.fetch_optional(&mut *conn).await? {
        return Ok(user);
    }
    let user = new_uuid();
    let last: String = email.split('@').next().unwrap_or_default().split('.').skip(1).collect::<Vec<_>>().join(" ");
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, password_hash, first_name, last_name, status) VALUES ($1, $2, $3, $4, initcap($5), $6, 'ACTIVE')",
        organization,
        user,
        email,
        PASSWORD_HASH,
        role,
        format!("Number {last}"),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ($1, $2, $3, $4, $5)",
        organization,
        new_uuid(),
        user,
        facility,
        role,
    )
    .execute(conn)
    .await?;
    Ok(user)
}

/// A batch of cases with their comments, column by column, as it goes into the statements.
#[derive(Default)]
pub struct Cases {
    ids: Vec<Uuid>,
    facilities: Vec<Uuid>,
    patients: Vec<Uuid>,
    clerks: Vec<Uuid>,
    chairs: Vec<Uuid>,
    workers: Vec<Uuid>,
    titles: Vec<&'static str>,
    descriptions: Vec<Vec<u8>>,
    priorities: Vec<&'static str>,
    /// How far it came: 1 new, 2 in review, up to 6 completed.
    steps: Vec<i32>,
    opened: Vec<Timestamp>,
    comments: Vec<Uuid>,
    comment_cases: Vec<Uuid>,
    comment_facilities: Vec<Uuid>,
    comment_patients: Vec<Uuid>,
    comment_authors: Vec<Uuid>,
    comment_bodies: Vec<Vec<u8>>,
    comment_times: Vec<Timestamp>,
}

/// Makes the cases in the order in which they were opened.
///
/// # Errors
/// Where the organization's keys are not at hand.
pub fn make(
    ground: &Ground,
    boards: &[Board],
    keys: &Keyring,
    patients: &[Uuid],
    wanted: &Seed,
    batch: usize,
    send: impl Fn(Cases),
) -> anyhow::Result<()> {
    if patients.is_empty() || boards.is_empty() {
        return Ok(());
    }
    let mut chance = Chance::new(2 + ground.patients as u64);
    let total = wanted.cases as usize;
    let open = total * OPEN / 100;
    let now = Clock::System.now();
    let mut cases = Cases::default();
    for at in 0..total {
        let owner = chance.below(patients.len());
        let closed = at < total - open;
        let opened = if closed {
            now - HISTORY + (HISTORY - DESK) / count(total - open) * count(at)
        } else {
            now - DESK + DESK / count(open) * count(at - (total - open))
        };
        let step = if closed { 6 } else { 1 + i32::try_from(chance.below(5)).unwrap_or(0) };
        let facility = ground.place_of(owner).facility;
        let board = boards.iter().find(|board| board.facility == facility).unwrap_or(&boards[0]);
        cases.add(ground.organization, keys, &mut chance, board, (patients[owner], step, opened))?;
        if cases.ids.len() == batch {
            send(std::mem::take(&mut cases));
        }
    }
    if !cases.ids.is_empty() {
        send(cases);
    }
    Ok(())
}

fn count(number: usize) -> i32 {
    i32::try_from(number.max(1)).unwrap_or(i32::MAX)
}

impl Cases {
    fn add(
        &mut self,
        organization: Uuid,
        keys: &Keyring,
        chance: &mut Chance,
        board: &Board,
        (patient, step, opened): (Uuid, i32, Timestamp),
    ) -> anyhow::Result<()> {
        let id = new_uuid();
        let (title, description) = chance.one_of(&MATTERS);
        let worker = chance.one_of(&board.workers);
        self.ids.push(id);
        self.facilities.push(board.facility);
        self.patients.push(patient);
        self.clerks.push(board.clerk);
        self.chairs.push(board.chair);
        self.workers.push(worker);
        self.titles.push(title);
        self.descriptions.push(keys.seal(organization, "cases", "description", id, description)?);
        self.priorities.push(chance.early_of(&["MEDIUM", "HIGH", "LOW", "URGENT"]));
        self.steps.push(step);
        self.opened.push(opened);
        // Beside the moves there is one change and, from the third move on, one event of the assignment.
        let moves = usize::try_from(step).unwrap_or(0);
        for number in 0..ENTRIES.saturating_sub(moves + 1 + usize::from(step >= 3)) {
            let comment = new_uuid();
            self.comments.push(comment);
            self.comment_cases.push(id);
            self.comment_facilities.push(board.facility);
            self.comment_patients.push(patient);
            self.comment_authors.push([board.clerk, board.chair, worker][number % 3]);
            self.comment_bodies.push(keys.seal(organization, "comment", "body", comment, chance.one_of(&REMARKS))?);
            self.comment_times.push(opened + TimeDelta::hours(5 + 3 * i64::try_from(number).unwrap_or(0)));
        }
        Ok(())
    }
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, cases: &Cases) -> anyhow::Result<u64> {
    // Each statement is a transaction: the counter of numbers is locked for the first of them only, and the other writer waits for no more.
    let mut rows = sqlx::query!(
        "INSERT INTO cases (organization_id, id, facility_id, patient_id, title, description_enc, priority, status, assigned_to_id, due_at, submitted_at, assigned_at, started_at,
                            finished_at, finished_by_id, completed_at, completed_by_id, closure_reason, status_changed_at, status_changed_by_id, created_at, updated_at, created_by_id)
         SELECT $1, id, facility, patient, title, description, priority, (ARRAY['NEW', 'PENDING_REVIEW', 'ASSIGNED', 'IN_PROGRESS', 'PENDING_COMPLETION', 'COMPLETED'])[step],
                CASE WHEN step >= 3 THEN worker END, opened + INTERVAL '30 days', CASE WHEN step >= 2 THEN opened + INTERVAL '4 hours' END,
                CASE WHEN step >= 3 THEN opened + INTERVAL '20 hours' END, CASE WHEN step >= 4 THEN opened + INTERVAL '44 hours' END,
                CASE WHEN step >= 5 THEN opened + INTERVAL '10 days' END, CASE WHEN step >= 5 THEN worker END, CASE WHEN step = 6 THEN opened + INTERVAL '11 days' END,
                CASE WHEN step = 6 THEN chair END, CASE WHEN step = 6 THEN 'Done as agreed.' END,
                opened + (ARRAY['0 hours', '4 hours', '20 hours', '44 hours', '10 days', '11 days'])[step]::interval, CASE WHEN step IN (3, 6) THEN chair WHEN step < 3 THEN clerk ELSE worker END,
                opened, opened, clerk
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::bytea[], $10::text[], $11::integer[], $12::timestamptz[])
              AS c (id, facility, patient, clerk, chair, worker, title, description, priority, step, opened)",
        ground.organization,
        &cases.ids,
        &cases.facilities,
        &cases.patients,
        &cases.clerks,
        &cases.chairs,
        &cases.workers,
        &cases.titles as &[&str],
        &cases.descriptions,
        &cases.priorities as &[&str],
        &cases.steps,
        &cases.opened as &[Timestamp],
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    rows += write_history(conn, ground, cases).await?;
    rows += write_events(conn, ground, cases).await?;
    rows += write_comments(conn, ground, cases).await?;
    Ok(rows)
}

/// One row of the history for each move.
async fn write_history(conn: &mut PgConnection, ground: &Ground, cases: &Cases) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO status_change (organization_id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status, changed_by_id, at)
         SELECT $1, 'case', c.id, c.patient, c.facility, s.before, s.after, CASE s.who WHEN 1 THEN c.clerk WHEN 2 THEN c.chair ELSE c.worker END, c.opened + s.later::interval
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::integer[], $9::timestamptz[]) AS c (id, facility, patient, clerk, chair, worker, step, opened)
         JOIN (VALUES (1, NULL, 'NEW', 1, '0 hours'), (2, 'NEW', 'PENDING_REVIEW', 1, '4 hours'), (3, 'PENDING_REVIEW', 'ASSIGNED', 2, '20 hours'), (4, 'ASSIGNED', 'IN_PROGRESS', 3, '44 hours'),
                      (5, 'IN_PROGRESS', 'PENDING_COMPLETION', 3, '10 days'), (6, 'PENDING_COMPLETION', 'COMPLETED', 2, '11 days')) AS s (step, before, after, who, later) ON s.step <= c.step
         ORDER BY c.opened, s.step",
        ground.organization,
        &cases.ids,
        &cases.facilities,
        &cases.patients,
        &cases.clerks,
        &cases.chairs,
        &cases.workers,
        &cases.steps,
        &cases.opened as &[Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// What the log shows of the audit: to whom a case was given, and that its priority was changed. Moves and comments have events
/// in life, too; they are left out, because the log shows them once.
async fn write_events(conn: &mut PgConnection, ground: &Ground, cases: &Cases) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        r#"INSERT INTO audit_event (organization_id, at, actor_kind, actor_id, acting_role, action, resource_type, resource_id, patient_id, facility_id, changes)
           SELECT $1, c.opened + s.later::interval, 'USER', CASE s.action WHEN 'ASSIGNED' THEN c.chair ELSE c.clerk END, CASE s.action WHEN 'ASSIGNED' THEN 'CHAIR' ELSE 'CLERK' END,
                  s.action, 'case', c.id, c.patient, c.facility,
                  CASE s.action WHEN 'ASSIGNED' THEN jsonb_build_object('assigned_to_id', jsonb_build_object('before', NULL, 'after', c.worker))
                                ELSE '{"priority": {"before": "LOW", "after": "MEDIUM"}}' END
           FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::integer[], $9::timestamptz[]) AS c (id, facility, patient, clerk, chair, worker, step, opened)
           JOIN (VALUES (1, 'UPDATE', '2 hours'), (3, 'ASSIGNED', '20 hours')) AS s (step, action, later) ON s.step <= c.step
           ORDER BY c.opened, s.step"#,
        ground.organization,
        &cases.ids,
        &cases.facilities,
        &cases.patients,
        &cases.clerks,
        &cases.chairs,
        &cases.workers,
        &cases.steps,
        &cases.opened as &[Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn write_comments(conn: &mut PgConnection, ground: &Ground, cases: &Cases) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, patient_id, author_id, body_enc, created_at, created_by_id)
         SELECT $1, id, 'case', subject, facility, patient, author, body, at, author
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bytea[], $8::timestamptz[]) AS m (id, subject, facility, patient, author, body, at)",
        ground.organization,
        &cases.comments,
        &cases.comment_cases,
        &cases.comment_facilities,
        &cases.comment_patients,
        &cases.comment_authors,
        &cases.comment_bodies,
        &cases.comment_times as &[Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
