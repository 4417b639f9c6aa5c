//! Requests about rules.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::dry_run::dry_run;
use super::forms;
use super::model::Definition;
use super::pages::{DryRunPage, EditPage, IndexPage, Line, Past, ShowPage};
use super::store::{self, Scope, Stored, Version};
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
use crate::web::ui::Choice;

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
async fn root(ctx: &Ctx, tx: &mut Tx, id: RuleId) -> Result<Stored> {
    let rule = store::one(tx, ctx.actor.organization, id).await?;
    if rule.overrides.is_some() { Err(Error::NotFound) } else { Ok(rule) }
}

/// `GET /rules/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>) -> Page {
    let organization = ctx.actor.organization;
    let rule = root(&ctx, &mut tx, id).await?;
    let exceptions = store::exceptions(&mut tx, organization, id).await?;
    let versions = store::versions(&mut tx, organization, id).await?;
    let runs = store::runs(&mut tx, organization, id, RUNS).await?;
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
        past: past(versions),
        runs,
        places,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(StatusCode::OK, &page)
}

/// What each version changed of the one before.
fn past(versions: Vec<Version>) -> Vec<Past> {
    let definitions: Vec<Value> = versions.iter().map(|version| version.definition.clone()).collect();
    let words = |place: usize| {
        let (now, before) = (&definitions[place], definitions.get(place + 1));
        let (Some(now), Some(before)) = (now.as_object(), before.and_then(Value::as_object)) else {
            return vec!["Made".to_owned()];
        };
        let written = |value: Option<&Value>| match value {
            None | Some(Value::Null) => "nothing".to_owned(),
            Some(Value::String(text)) => format!("“{text}”"),
            Some(Value::Bool(true)) => "yes".to_owned(),
            Some(Value::Bool(false)) => "no".to_owned(),
            Some(Value::Object(fields)) => fields.get("text").and_then(Value::as_str).unwrap_or("nothing").to_owned(),
            Some(other) => other.to_string(),
        };
        let changed = now.iter().filter(|(name, value)| before.get(*name) != Some(*value));
        changed
            .map(|(name, value)| match (name.as_str(), value) {
                ("enabled", Value::Bool(true)) => "Switched on".to_owned(),
                ("enabled", _) => "Switched off".to_owned(),
                (name, value) => format!("{}: {} → {}", label(name), written(before.get(name)), written(Some(value))),
            })
            .collect()
    };
    let words: Vec<Vec<String>> = (0..definitions.len()).map(words).collect();
    versions.into_iter().zip(words).map(|(version, words)| Past { version, words }).collect()
}

fn label(name: &str) -> &str {
    match name {
        "name" => "Name",
        "description" => "What it is for",
        "threshold" => "Limit",
        "min_count" => "Readings",
        "window_days" => "Days",
        "severity" => "Severity",
        "action" => "What follows",
        "action_params" => "What to do",
        "resolves" => "Ends by itself",
        "priority" => "Priority",
        other => other,
    }
}

/// `GET /rules/new`
pub async fn ask_new(ctx: Ctx, tx: Tx) -> Page {
    editor(&ctx, tx, None, forms::blank(), FormErrors::default()).await
}

/// `POST /rules/new`
pub async fn create(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let facility = match typed.get("place") {
        "" => None,
        text => text.parse::<FacilityId>().ok().filter(|id| ctx.actor.facilities.contains(*id)),
    };
    let parsed = forms::parse(&typed, None, false);
    let (rule, errors) = match parsed {
        Ok(rule) => (Some(rule), FormErrors::default()),
        Err(errors) => (None, errors),
    };
    let mut errors = errors;
    if facility.is_none() && (!typed.get("place").is_empty() || ctx.actor.facilities != Facilities::All) {
        errors.add("place", "Choose where it holds");
    }
    let Some(rule) = rule.filter(|_| errors.is_empty()) else {
        return editor(&ctx, tx, None, typed, errors).await;
    };
    let id = match store::insert(&mut tx, &ctx.by(), Scope { facility, ..Scope::default() }, &rule).await {
        Err(Error::Conflict(words)) => {
            drop(tx);
            let tx = ctx.app.db.begin(&ctx.actor).await?;
            return editor(&ctx, tx, None, typed, FormErrors::one("name", words)).await;
        }
        other => other?,
    };
    written_down(&ctx, &mut tx, id, Action::Create, facility, &rule).await?;
    tx.commit().await?;
    Ok(ctx.redirect(
        &format!("/rules/{id}/dry-run"),
        Some(&Flash::ok("Saved, and switched off. This is what it would have done.")),
    ))
}

/// `GET /rules/{id}/edit`
pub async fn ask_edit(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>) -> Page {
    let rule = root(&ctx, &mut tx, id).await?;
    let typed = forms::fill(&rule.definition());
    editor(&ctx, tx, Some(rule), typed, FormErrors::default()).await
}

/// `POST /rules/{id}/edit`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<RuleId>, Form(typed): Form<Typed>) -> Page {
    let rule = root(&ctx, &mut tx, id).await?;
    let condition = rule.definition().condition;
    let new = match forms::parse(&typed, Some((condition.subject, condition.op)), rule.enabled) {
        Ok(new) => new,
        Err(errors) => return editor(&ctx, tx, Some(rule), typed, errors).await,
    };
    let by = ctx.by();
    match store::update(&mut tx, &by, id, version(&typed), &new).await {
        Ok(true) => {}
        Ok(false) => return Err(Error::Conflict(STALE.to_owned())),
        Err(Error::Conflict(words)) => {
            drop(tx);
            let tx = ctx.app.db.begin(&ctx.actor).await?;
            return editor(&ctx, tx, Some(rule), typed, FormErrors::one("name", words)).await;
        }
        Err(error) => return Err(error),
    }
    written_down(&ctx, &mut tx, id, Action::Update, rule.facility, &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/rules/{id}"), Some(&Flash::ok("Saved as a new version."))))
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

async fn editor(ctx: &Ctx, mut tx: Tx, rule: Option<Stored>, typed: Typed, errors: FormErrors) -> Page {
    let chosen = typed.get("place").to_owned();
    let reach = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let everywhere =
        (ctx.actor.facilities == Facilities::All).then(|| Choice::new("", "Everywhere", chosen.is_empty()));
    let places = reach.into_iter().map(|place| {
        let id = place.id.to_string();
        let picked = chosen == id;
        Choice::new(id, place.name, picked)
    });
    let places = everywhere.into_iter().chain(places).collect();
    let shell = ctx.shell(&mut tx, if rule.is_some() { "Change a rule" } else { "New rule" }, Area::Rules).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = match rule {
        None => EditPage {
            shell,
            heading: "New rule".to_owned(),
            typed,
            errors,
            action: "/rules/new".to_owned(),
            back: "/rules".to_owned(),
            fixed: None,
            version: None,
            places,
            enabled: false,
        },
        Some(rule) => {
            if !may_change(ctx, rule.facility) {
                return Err(Error::Conflict(STALE.to_owned()));
            }
            let condition = rule.definition().condition;
            EditPage {
                shell,
                heading: rule.name.clone(),
                version: Some(if typed.get("row_version").is_empty() { rule.version } else { version(&typed) }),
                typed: typed.put("op", condition.op.as_str()).put("subject", condition.subject.name()),
                errors,
                action: format!("/rules/{}/edit", rule.id),
                back: format!("/rules/{}", rule.id),
                fixed: Some(format!("{} {}", condition.subject.words(), condition.op.label())),
                places,
                enabled: rule.enabled,
            }
        }
    };
    ctx.whole_page(status, &page)
}

/// `GET /rules/{id}/dry-run`
pub async fn ask_on(ctx: Ctx, tx: Tx, Id(id): Id<RuleId>) -> Page {
    tried(&ctx, tx, id, FormErrors::default()).await
}

async fn tried(ctx: &Ctx, mut tx: Tx, id: RuleId, errors: FormErrors) -> Page {
    let rule = root(ctx, &mut tx, id).await?;
    let line = Line::new(rule);
    let run = dry_run(&mut tx, ctx.actor.organization, line.rule.facility, &line.definition.condition).await?;
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
        let run = dry_run(&mut tx, ctx.actor.organization, rule.facility, &condition).await?;
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
