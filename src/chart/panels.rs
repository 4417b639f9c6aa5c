//! The panels of the summary, in their order.

use std::future::Future;
use std::pin::Pin;

use askama::Template;

use super::pages::{
    ActivityPanel, AlertsPanel, CareTeamPanel, CasesPanel, ContactsPanel, CoveragePanel, ProblemsPanel, RecordPanel,
    TasksPanel,
};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::PatientId;
use crate::patients::record::Record;
use crate::web::Ctx;

/// Alerts shown on the summary. Somebody with 500 has a page for them.
const OPEN_ALERTS: i64 = 5;

/// Cases shown on the summary.
const CASES: i64 = 10;

/// Where a panel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The wide one.
    Main,
    /// The narrow one.
    Side,
}

/// A finished panel.
#[derive(Debug)]
pub struct Panel {
    /// Where it stands.
    pub column: Column,
    /// Its markup, made by its own template.
    pub html: String,
}

impl Panel {
    fn new(column: Column, template: &impl Template) -> Result<Option<Self>> {
        Ok(Some(Self { column, html: template.render()? }))
    }
}

/// A panel yet to be made; none where this person has no use for it.
type Making<'a> = Pin<Box<dyn Future<Output = Result<Option<Panel>>> + Send + 'a>>;

/// Makes one panel for a record.
type Maker = for<'a> fn(&'a Ctx, &'a mut Tx, &'a Record) -> Making<'a>;

/// Every panel of the summary. Those that come from the record itself ask the database nothing.
const PANELS: [Maker; 10] = [
    |ctx, tx, record| Box::pin(readings(ctx, tx, record)),
    |ctx, tx, record| Box::pin(alerts(ctx, tx, record)),
    |_, _, record| ready(Panel::new(Column::Main, &ProblemsPanel { record })),
    |ctx, _, record| ready(contacts(ctx, record)),
    |ctx, _, record| ready(Panel::new(Column::Main, &ActivityPanel::new(ctx, record))),
    |ctx, tx, record| Box::pin(messages(ctx, tx, record)),
    |ctx, tx, record| Box::pin(cases(ctx, tx, record)),
    |_, _, record| ready(Panel::new(Column::Side, &RecordPanel { record })),
    |_, _, record| ready(Panel::new(Column::Side, &CareTeamPanel { record })),
    |_, _, record| ready(Panel::new(Column::Side, &CoveragePanel { record })),
];

/// All panels of the summary of `record`.
pub async fn all(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Panel>> {
    let mut panels = Vec::with_capacity(PANELS.len());
    for make in PANELS {
        panels.extend(make(ctx, tx, record).await?);
    }
    Ok(panels)
}

fn ready<'a>(panel: Result<Option<Panel>>) -> Making<'a> {
    Box::pin(std::future::ready(panel))
}

fn contacts(ctx: &Ctx, record: &Record) -> Result<Option<Panel>> {
    Panel::new(Column::Main, &ContactsPanel { contacts: record.contacts(ctx)?, record })
}

async fn messages(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<Panel>> {
    Ok(crate::messages::panel(ctx, tx, record).await?.map(|html| Panel { column: Column::Side, html }))
}

/// Cases about the patient, for who sees cases and charts; nobody else is asked for them.
async fn cases(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<Panel>> {
    if !ctx.actor.may(Permission::ViewCases) {
        return Ok(None);
    }
    let cases = crate::cases::about(tx, ctx.actor.organization, record.id(), CASES).await?;
    if cases.is_empty() { Ok(None) } else { Panel::new(Column::Side, &CasesPanel { cases }) }
}

async fn readings(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<Panel>> {
    match crate::readings::panel(ctx, tx, record).await? {
        Some(panel) => Panel::new(Column::Main, &panel),
        None => Ok(None),
    }
}

async fn alerts(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<Panel>> {
    if !ctx.actor.may(Permission::ViewAlerts) {
        return Ok(None);
    }
    let (open, tasks) = open_work(tx, ctx, record.id(), OPEN_ALERTS).await?;
    let html = AlertsPanel::new(ctx, record, open).render()? + &TasksPanel::new(ctx, record, tasks).render()?;
    Ok(Some(Panel { column: Column::Side, html }))
}

/// An open alert in a panel.
#[derive(Debug)]
pub struct OpenAlert {
    /// Which.
    pub id: uuid::Uuid,
    /// How bad.
    pub severity: String,
    /// In a line.
    pub title: String,
    /// Since when.
    pub raised_at: crate::clock::Timestamp,
    /// How many are open, capped.
    pub open: i64,
    /// Whether it suggests a visit, and none is planned or asked for.
    pub visit: bool,
}

/// Whether somebody else changed something of a patient since then; none where the patient is out of sight.
pub async fn changed(
    tx: &mut Tx,
    ctx: &Ctx,
    patient: PatientId,
    since: crate::clock::Timestamp,
) -> Result<Option<bool>> {
    let changed = sqlx::query_scalar!(
        r#"SELECT live.chart_changed(id, $3) AS "changed!" FROM patient WHERE organization_id = $1 AND id = $2"#,
        ctx.actor.organization.uuid(),
        patient.uuid(),
        since as crate::clock::Timestamp,
    );
    Ok(changed.fetch_optional(&mut **tx).await?)
}

/// An open task in a panel.
#[derive(Debug)]
pub struct OpenTask {
    /// Which.
    pub id: uuid::Uuid,
    /// In a line.
    pub title: String,
    /// When it should be done.
    pub due_at: Option<crate::clock::Timestamp>,
    /// The name of who has it, or of the role it is for.
    pub doer: Option<String>,
    /// How many are open, capped.
    pub open: i64,
}

/// What is open about a patient: the worst alerts and the tasks that are due first, each up to `limit`, in one statement.
pub async fn open_work(
    tx: &mut Tx,
    ctx: &Ctx,
    patient: PatientId,
    limit: i64,
) -> Result<(Vec<OpenAlert>, Vec<OpenTask>)> {
    let rows = sqlx::query!(
        r#"(SELECT true AS "alert!", a.id AS "id!", a.severity AS "severity!", a.title AS "title!", a.raised_at AS "at: crate::clock::Timestamp", NULL AS "doer: String",
                  (SELECT COUNT(*) FROM (SELECT FROM alert AS o
                     WHERE o.organization_id = $1 AND o.patient_id = $2 AND o.is_open LIMIT $4) AS open) AS "open!",
                  (a.payload ->> 'suggests' = 'visit'
                   AND NOT EXISTS (SELECT FROM visit AS v WHERE v.organization_id = $1 AND v.patient_id = $2 AND v.start_time > now() AND v.status = 'PLANNED')
                   AND NOT EXISTS (SELECT FROM visit_request AS r WHERE r.organization_id = $1 AND r.alert_id = a.id AND r.is_open)) IS TRUE AS "visit!"
            FROM alert AS a
            WHERE a.organization_id = $1 AND a.patient_id = $2 AND a.is_open
            ORDER BY a.severity_rank DESC, a.raised_at DESC, a.id DESC LIMIT $3)
           UNION ALL
           (SELECT false, t.id, t.priority, t.title, t.due_at, coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), t.assignee_role),
                  (SELECT COUNT(*) FROM (SELECT FROM task AS o
                     WHERE o.organization_id = $1 AND o.patient_id = $2 AND o.is_open AND o.case_id IS NULL LIMIT $4) AS open), false
            FROM task AS t LEFT JOIN app_user AS u ON u.organization_id = t.organization_id AND u.id = t.assignee_id
            WHERE t.organization_id = $1 AND t.patient_id = $2 AND t.is_open AND t.patient_id IS NOT NULL AND t.case_id IS NULL
            ORDER BY t.due_key, t.id LIMIT $3)"#,
        ctx.actor.organization.uuid(),
        patient.uuid(),
        limit,
        crate::web::badges::COUNT_CAP,
    )
    .fetch_all(&mut **tx)
    .await?;
    let (mut alerts, mut tasks) = (Vec::new(), Vec::new());
    for row in rows {
        match (row.alert, row.at) {
            (true, Some(raised_at)) => alerts.push(OpenAlert {
                id: row.id,
                severity: row.severity,
                title: row.title,
                raised_at,
                open: row.open,
                visit: row.visit,
            }),
            (_, due_at) => {
                let doer = row.doer.filter(|name| !name.is_empty());
                tasks.push(OpenTask { id: row.id, title: row.title, due_at, doer, open: row.open });
            }
        }
    }
    Ok((alerts, tasks))
}

/// The worst open alerts of a patient, with how many there are, counted no further than anybody reads.
pub async fn open_alerts(tx: &mut Tx, ctx: &Ctx, patient: PatientId, limit: i64) -> Result<Vec<OpenAlert>> {
    let rows = sqlx::query_as!(
        OpenAlert,
        r#"SELECT a.id, a.severity, a.title, a.raised_at AS "raised_at: crate::clock::Timestamp",
                  (SELECT COUNT(*) FROM (SELECT FROM alert AS o
                     WHERE o.organization_id = $1 AND o.patient_id = $2 AND o.is_open LIMIT $4) AS open) AS "open!",
                  (a.payload ->> 'suggests' = 'visit'
                   AND NOT EXISTS (SELECT FROM visit AS v WHERE v.organization_id = $1 AND v.patient_id = $2 AND v.start_time > now() AND v.status = 'PLANNED')
                   AND NOT EXISTS (SELECT FROM visit_request AS r WHERE r.organization_id = $1 AND r.alert_id = a.id AND r.is_open)) IS TRUE AS "visit!"
           FROM alert AS a
           WHERE a.organization_id = $1 AND a.patient_id = $2 AND a.is_open
           ORDER BY a.severity_rank DESC, a.raised_at DESC, a.id DESC LIMIT $3"#,
        ctx.actor.organization.uuid(),
        patient.uuid(),
        limit,
        crate::web::badges::COUNT_CAP,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
