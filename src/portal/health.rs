//! What the record says of a patient's health, in plain words: problems, allergies, who looks after them.

use askama::Template;
use axum::http::StatusCode;
use chrono::NaiveDate;
use serde_json::json;

use crate::access::Actor;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::model::AllergyStatus;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

#[derive(Template)]
#[template(path = "portal/health.html")]
struct HealthPage {
    shell: Shell,
    own: Whom,
    health: Health,
}

/// What is told.
struct Health {
    allergy_status: AllergyStatus,
    allergies: Vec<Allergy>,
    now: Vec<Problem>,
    before: Vec<Problem>,
    team: Vec<Helper>,
}

struct Allergy {
    substance: String,
    reaction: Option<String>,
    severity: String,
}

impl Allergy {
    /// How bad it is: the class of its mark and the words.
    fn how_bad(&self) -> (&'static str, &'static str) {
        match self.severity.as_str() {
            "SEVERE" => ("crit", "Can be dangerous"),
            "MODERATE" => ("warn", "Bad"),
            "MILD" => ("info", "Mild"),
            _ => ("none", "We do not know how bad it is"),
        }
    }
}

struct Problem {
    text: String,
    onset: Option<NaiveDate>,
    status: String,
}

impl Problem {
    /// "since March 2019"
    fn since(&self) -> Option<String> {
        self.onset.map(|day| day.format("since %B %Y").to_string())
    }
}

struct Helper {
    name: String,
    role: String,
}

/// `GET /my/health`
pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Results).await?;
    let event = Event::new(Action::View, "patient").of(own.patient).about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal health" }))).await?;
    let health = health(&mut tx, &ctx.actor, own.patient).await?;
    let shell = ctx.shell(&mut tx, "Health", Area::MyReadings).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &HealthPage { shell, own, health })
}

async fn health(tx: &mut Tx, actor: &Actor, patient: PatientId) -> Result<Health> {
    let organization = actor.organization.uuid();
    let allergy_status = sqlx::query_scalar!(
        r#"SELECT allergy_status AS "status: AllergyStatus" FROM patient WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"#,
        organization,
        patient.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let allergies = sqlx::query_as!(
        Allergy,
        "SELECT substance, reaction, severity FROM allergy
          WHERE organization_id = $1 AND patient_id = $2 AND status = 'ACTIVE' AND deleted_at IS NULL
          ORDER BY severity = 'SEVERE' DESC, substance, id LIMIT 200",
        organization,
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let problems = sqlx::query_as!(
        Problem,
        r#"SELECT text, onset AS "onset: NaiveDate", status FROM condition
            WHERE organization_id = $1 AND patient_id = $2 AND status <> 'ENTERED_IN_ERROR' AND deleted_at IS NULL
            ORDER BY onset DESC NULLS LAST, id LIMIT 200"#,
        organization,
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let team = sqlx::query_as!(
        Helper,
        "SELECT t.name, c.role FROM care_team_member AS c JOIN staff AS t ON t.organization_id = c.organization_id AND t.id = c.staff_id
          WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.deleted_at IS NULL AND CURRENT_DATE BETWEEN c.starts_on AND COALESCE(c.ends_on, 'infinity')
          ORDER BY c.starts_on, c.id LIMIT 50",
        organization,
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let (before, now) = problems.into_iter().partition(|problem| problem.status == "RESOLVED");
    Ok(Health { allergy_status: allergy_status.ok_or(Error::NotFound)?, allergies, now, before, team })
}
