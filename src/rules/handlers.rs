//! Requests about rules.

use axum::http::StatusCode;
use serde_json::json;

use super::dry_run::dry_run;
use super::model::Definition;
use super::pages::{DryRunPage, IndexPage, Line, ShowPage};
use super::store::{self, Stored};
use super::{history, past};
use crate::access::{Facilities, Permission};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::{FacilityId, RuleId};
use crate::patients::fields::Typed;
use crate::patients::record::REFUSED;
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;

/// What a rule has done, on its page.
const RUNS: i64 = 50;

/// Said where somebody else was quicker, or the rule is another's to change.
pub(super) const STALE: &str =
    "Somebody else has changed this rule meanwhile, or it is not yours to change. Open it again.";

/// Whether this person may change what holds there.
pub(super) fn may_change(ctx: &Ctx, facility: Option<FacilityId>) -> bool {
    ctx.actor.may(Permission::EditRules)
        && facility.map_or(ctx.actor.facilities == Facilities::All, |facility| ctx.actor.facilities.contains(facility))
}

/// `GET /rules`
pub async fn index(ctx: Ctx, mut tx: Tx) -> Page {
    let rules = store::list(&mut tx, ctx.actor.organization).await?;
    let shell = ctx.shell(&mut tx, "Rules", Area::Rules).await?;
    let lines = rules.into_iter().map(Line::new).collect();
    let page = IndexPage { shell, lines, may_edit: ctx.actor.may(Permission::EditRules) };
    ctx.whole_page(StatusCode::OK, &page)
}

/// A rule itself, not an exception.
pub(super) async fn root(ctx: &Ctx, tx: &mut Tx, id: RuleId) -> Result<Stored> {
    let rule = store::one(tx, ctx.actor.organization, id).await?;
    if rule.overrides.is_some() { Err(Error::NotFound) } else { Ok(rule) }
}

/// `GET /rules/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>) -> Page {
    let organization = ctx.actor.organization;
    let rule = root(&ctx, &mut tx, id).await?;
    let exceptions = store::exceptions(&mut tx, organization, id).await?;
    let versions = history::versions(&mut tx, organization, id).await?;
    let runs = history::runs(&mut tx, organization, id, RUNS).await?;
    let counts = history::counts(&mut tx, organization, id).await?;
    let shown = runs.iter().map(|run| run.patient).chain(exceptions.iter().filter_map(|one| one.patient));
    let event = Event::new(Action::View, "clinical_rule").of(id).showing(shown);
    events::record(&mut tx, &ctx.by(), event).await?;
    let taken: Vec<FacilityId> = exceptions.iter().filter_map(|one| one.facility).collect();
    let mut places = Vec::new();
    if ctx.actor.may(Permission::EditRules) && rule.facility.is_none() {
        places = facilities::within_reach(&mut tx, &ctx.actor).await?;
        places.retain(|place| !taken.contains(&place.id));
    }
    let shell = ctx.shell(&mut tx, "Rule", Area::Rules).await?;
    tx.commit().await?;
    let page = ShowPage {
        shell,
        may_edit: may_change(&ctx, rule.facility),
        line: Line::new(rule),
        exceptions: exceptions.into_iter().map(Line::new).collect(),
        past: past::words(versions),
        runs,
        counts,
        places,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(StatusCode::OK, &page)
}

pub(super) fn version(typed: &Typed) -> i64 {
    typed.get("row_version").parse().unwrap_or_default()
}

/// What was done to a rule, for the audit. Rules of facilities and of the organization hold nothing about anybody.
pub(super) async fn written_down(
    ctx: &Ctx,
    tx: &mut Tx,
    id: RuleId,
    action: Action,
    facility: Option<FacilityId>,
    rule: &Definition,
) -> Result<()> {
    let details = json!({ "enabled": rule.enabled, "condition": rule.condition.words(), "severity": rule.severity });
    let event = Event::new(action, "clinical_rule").of(id).at(facility).with(details);
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}

/// `GET /rules/{id}/dry-run`
pub async fn ask_on(ctx: Ctx, tx: Tx, Id(id): Id<RuleId>) -> Page {
    tried(&ctx, tx, id, FormErrors::default()).await
}

async fn tried(ctx: &Ctx, mut tx: Tx, id: RuleId, errors: FormErrors) -> Page {
    let rule = root(ctx, &mut tx, id).await?;
    let line = Line::new(rule);
    let run = dry_run(&mut tx, ctx.actor.organization, line.rule.facility.into(), &line.definition.condition).await?;
    let event = Event::new(Action::View, "clinical_rule").of(id).showing(run.fired.iter().map(|one| one.patient));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "dry_run": true }))).await?;
    let shell = ctx.shell(&mut tx, "What a rule would have done", Area::Rules).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let may_edit = may_change(ctx, line.rule.facility);
    ctx.whole_page(status, &DryRunPage { shell, line, run, may_edit, errors, zone: ctx.actor.zone })
}

/// `POST /rules/{id}/on`
pub async fn switch_on(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>, Form(typed): Form<Typed>) -> Page {
    let rule = root(&ctx, &mut tx, id).await?;
    let condition = rule.definition().condition;
    if !typed.ticked("although") {
        let run = dry_run(&mut tx, ctx.actor.organization, rule.facility.into(), &condition).await?;
        if run.nearly_everyone() {
            let errors =
                FormErrors::one("although", "Say that it shall be at work although it fires for nearly everyone");
            return tried(&ctx, tx, id, errors).await;
        }
    }
    switch(&ctx, tx, rule, &typed, true).await
}

/// `POST /rules/{id}/off`
pub async fn switch_off(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>, Form(typed): Form<Typed>) -> Page {
    let rule = root(&ctx, &mut tx, id).await?;
    switch(&ctx, tx, rule, &typed, false).await
}

async fn switch(ctx: &Ctx, mut tx: Tx, rule: Stored, typed: &Typed, enabled: bool) -> Page {
    let new = Definition { enabled, ..rule.definition() };
    if !store::update(&mut tx, &ctx.by(), rule.id, version(typed), &new).await? {
        return Err(Error::Conflict(STALE.to_owned()));
    }
    written_down(ctx, &mut tx, rule.id, Action::Update, rule.facility, &new).await?;
    tx.commit().await?;
    let words = if enabled { "Switched on." } else { "Switched off. Its open alerts stay open." };
    Ok(ctx.redirect(&format!("/rules/{}", rule.id), Some(&Flash::ok(words))))
}
