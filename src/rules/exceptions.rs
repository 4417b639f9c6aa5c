//! Exceptions from rules: for one patient, from the chart; for one facility, from the rule.

use axum::http::StatusCode;

use super::dry_run::{DryRun, Whose, dry_run};
use super::forms;
use super::handlers::{STALE, version, written_down};
use super::model::{Definition, Severity};
use super::pages::{ExceptionPage, Held, Line, PatientPage, Tried};
use super::store::{self, Scope, Stored};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::{FacilityId, PatientId, RuleId};
use crate::patients::fields::Typed;
use crate::patients::record::{self, REFUSED, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};
use crate::web::nav::Area;

/// `GET /patients/{id}/rules`
pub async fn of_patient(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "rules").await?;
    let rules = held(&ctx, &mut tx, &record).await?;
    let shell = record.shell(&ctx, &mut tx, "rules").await?;
    tx.commit().await?;
    let page = PatientPage {
        shell,
        banner: record.banner(&ctx),
        sections: record.sections(&ctx, "rules"),
        rules,
        may_edit: ctx.actor.may(Permission::EditRules) && record.stored.deleted_at.is_none(),
        here: record.href("rules"),
    };
    ctx.whole_page(StatusCode::OK, &page)
}

/// The rules of a patient, each with what holds for them: the narrowest.
async fn held(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Held>> {
    let all = store::of_patient(tx, ctx.actor.organization, record.id(), record.stored.facility_id).await?;
    let roots = all.iter().filter(|rule| rule.overrides.is_none());
    Ok(roots
        .map(|root| {
            let exceptions = || all.iter().filter(|rule| rule.overrides == Some(root.id));
            let own = exceptions().find(|rule| rule.patient.is_some());
            let holding = own.or_else(|| exceptions().next()).unwrap_or(root);
            Held { root: Line::new(root.clone()), holding: Line::new(holding.clone()) }
        })
        .collect())
}

/// `GET /patients/{id}/rules/{rule}`
pub async fn ask_patient(ctx: Ctx, mut tx: Tx, Ids(id, rule): Ids<PatientId, RuleId>) -> Page {
    let record = standing(&ctx, &mut tx, id).await?;
    let held = one_held(&ctx, &mut tx, &record, rule).await?;
    let typed = fill(&held.holding);
    patient_form(&ctx, tx, &record, held, typed, FormErrors::default()).await
}

/// `POST /patients/{id}/rules/{rule}`
pub async fn save_patient(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, rule): Ids<PatientId, RuleId>,
    Form(typed): Form<Typed>,
) -> Page {
    let record = standing(&ctx, &mut tx, id).await?;
    let held = one_held(&ctx, &mut tx, &record, rule).await?;
    let new = match exception(&held.root, &typed) {
        Ok(new) => new,
        Err(errors) => return patient_form(&ctx, tx, &record, held, typed, errors).await,
    };
    if typed.ticked("try") {
        return patient_form(&ctx, tx, &record, held, typed, FormErrors::default()).await;
    }
    let scope = Scope { patient: Some(id), overrides: Some(rule), facility: None };
    let own = held.own().then_some(&held.holding.rule);
    let kept = keep(&ctx, &mut tx, scope, own, version(&typed), &new).await?;
    let details = serde_json::json!({ "enabled": new.enabled, "severity": new.severity });
    let event =
        Event::new(Action::Update, "clinical_rule").of(kept).about(Some(id)).at(Some(record.stored.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(details)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("rules"), Some(&Flash::ok("The exception holds from now on."))))
}

/// `POST /patients/{id}/rules/{rule}/end`
pub async fn end_patient(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, rule): Ids<PatientId, RuleId>,
    Form(typed): Form<Typed>,
) -> Page {
    let record = standing(&ctx, &mut tx, id).await?;
    let held = one_held(&ctx, &mut tx, &record, rule).await?;
    if !held.own() || !store::end(&mut tx, &ctx.by(), held.holding.rule.id, version(&typed)).await? {
        return Err(Error::Conflict(STALE.to_owned()));
    }
    let event = Event::new(Action::Delete, "clinical_rule").of(held.holding.rule.id).about(Some(id));
    events::record(&mut tx, &ctx.by(), event.at(Some(record.stored.facility_id))).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("rules"), Some(&Flash::ok("The exception has ended: the rule holds again."))))
}

async fn standing(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = record::open(ctx, tx, id, Action::View, "rules").await?;
    match record.stored.deleted_at {
        None => Ok(record),
        Some(_) => Err(Error::Conflict("This record is deleted. Restore it before changing it.".to_owned())),
    }
}

async fn one_held(ctx: &Ctx, tx: &mut Tx, record: &Record, rule: RuleId) -> Result<Held> {
    held(ctx, tx, record).await?.into_iter().find(|held| held.root.rule.id == rule).ok_or(Error::NotFound)
}

async fn patient_form(ctx: &Ctx, mut tx: Tx, record: &Record, held: Held, typed: Typed, errors: FormErrors) -> Page {
    let zone = ctx.actor.zone;
    let words = |run: &DryRun| run.words_of_one(zone);
    let tried = tried(ctx, &mut tx, (&held.root, &typed, &errors), Whose::Patient(record.id()), words).await?;
    let shell = record.shell(ctx, &mut tx, "rule").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = ExceptionPage {
        shell,
        banner: Some(record.banner(ctx)),
        place: None,
        action: format!("{}/{}", record.href("rules"), held.root.rule.id),
        back: record.href("rules"),
        version: held.own().then_some(held.holding.rule.version),
        root: held.root,
        typed,
        errors,
        tried,
    };
    ctx.whole_page(status, &page)
}

fn fill(line: &Line) -> Typed {
    forms::fill(&line.definition).put_tick("enabled", line.rule.enabled)
}

/// Tries what was typed on history, and beside it the rule without the exception.
async fn tried(
    ctx: &Ctx,
    tx: &mut Tx,
    (root, typed, errors): (&Line, &Typed, &FormErrors),
    whose: Whose,
    words: impl Fn(&DryRun) -> String + Send,
) -> Result<Option<Tried>> {
    let (true, Ok(new)) = (errors.is_empty(), exception(root, typed)) else { return Ok(None) };
    let organization = ctx.actor.organization;
    let plain = dry_run(tx, organization, whose, &root.definition.condition).await?;
    let run = if new.condition == root.definition.condition {
        plain.clone()
    } else {
        dry_run(tx, organization, whose, &new.condition).await?
    };
    let typed = if new.enabled { words(&run) } else { format!("Is not at work here. If it were: {}", words(&run)) };
    Ok(Some(Tried { typed, root: words(&plain), nearly_everyone: new.enabled && run.nearly_everyone() }))
}

/// What an exception may say otherwise: the limit, how many, how long, how grave, and whether at all.
fn exception(root: &Line, typed: &Typed) -> std::result::Result<Definition, FormErrors> {
    let mut errors = FormErrors::default();
    let base = &root.definition;
    let condition = forms::condition(&mut errors, typed, base.condition.subject, base.condition.op);
    let severity = typed.get("severity").parse::<Severity>();
    if severity.is_err() {
        errors.add("severity", "Choose how grave it is");
    }
    match (condition, severity, errors.is_empty()) {
        (Some(condition), Ok(severity), true) => {
            Ok(Definition { condition, severity, enabled: typed.ticked("enabled"), ..base.clone() })
        }
        _ => Err(errors),
    }
}

/// Makes the exception, or a new version of the one there is.
async fn keep(
    ctx: &Ctx,
    tx: &mut Tx,
    scope: Scope,
    own: Option<&Stored>,
    version: i64,
    new: &Definition,
) -> Result<RuleId> {
    match own {
        None => store::insert(tx, &ctx.by(), scope, new).await,
        Some(own) if store::update(tx, &ctx.by(), own.id, version, new).await? => Ok(own.id),
        Some(_) => Err(Error::Conflict(STALE.to_owned())),
    }
}

/// `GET /rules/{id}/facilities/{facility}`
pub async fn ask_facility(ctx: Ctx, mut tx: Tx, Ids(rule, facility): Ids<RuleId, FacilityId>) -> Page {
    let (root, own, place) = at_facility(&ctx, &mut tx, rule, facility).await?;
    let typed = fill(own.as_ref().unwrap_or(&root));
    facility_form(&ctx, tx, (root, own, place), facility, typed, FormErrors::default()).await
}

/// `POST /rules/{id}/facilities/{facility}`
pub async fn save_facility(
    ctx: Ctx,
    mut tx: Tx,
    Ids(rule, facility): Ids<RuleId, FacilityId>,
    Form(typed): Form<Typed>,
) -> Page {
    let (root, own, place) = at_facility(&ctx, &mut tx, rule, facility).await?;
    let new = match exception(&root, &typed) {
        Ok(new) => new,
        Err(errors) => return facility_form(&ctx, tx, (root, own, place), facility, typed, errors).await,
    };
    if typed.ticked("try") {
        return facility_form(&ctx, tx, (root, own, place), facility, typed, FormErrors::default()).await;
    }
    let scope = Scope { facility: Some(facility), overrides: Some(rule), patient: None };
    let kept = keep(&ctx, &mut tx, scope, own.as_ref().map(|own| &own.rule), version(&typed), &new).await?;
    written_down(&ctx, &mut tx, kept, Action::Update, Some(facility), &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/rules/{rule}"), Some(&Flash::ok("The exception holds from now on."))))
}

/// `POST /rules/{id}/facilities/{facility}/end`
pub async fn end_facility(
    ctx: Ctx,
    mut tx: Tx,
    Ids(rule, facility): Ids<RuleId, FacilityId>,
    Form(typed): Form<Typed>,
) -> Page {
    let (_, own, _) = at_facility(&ctx, &mut tx, rule, facility).await?;
    let own = own.ok_or(Error::NotFound)?;
    if !store::end(&mut tx, &ctx.by(), own.rule.id, version(&typed)).await? {
        return Err(Error::Conflict(STALE.to_owned()));
    }
    written_down(&ctx, &mut tx, own.rule.id, Action::Delete, Some(facility), &own.definition).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/rules/{rule}"), Some(&Flash::ok("The exception has ended: the rule holds again."))))
}

/// A rule that holds everywhere, its exception for a facility within reach, and the name of that.
async fn at_facility(
    ctx: &Ctx,
    tx: &mut Tx,
    rule: RuleId,
    facility: FacilityId,
) -> Result<(Line, Option<Line>, String)> {
    let root = store::one(tx, ctx.actor.organization, rule).await?;
    let places = facilities::within_reach(tx, &ctx.actor).await?;
    let place = places.into_iter().find(|place| place.id == facility).ok_or(Error::NotFound)?;
    if root.overrides.is_some() || root.facility.is_some() {
        return Err(Error::NotFound);
    }
    let exceptions = store::exceptions(tx, ctx.actor.organization, rule).await?;
    let own = exceptions.into_iter().find(|one| one.facility == Some(facility)).map(Line::new);
    Ok((Line::new(root), own, place.name))
}

async fn facility_form(
    ctx: &Ctx,
    mut tx: Tx,
    (root, own, place): (Line, Option<Line>, String),
    facility: FacilityId,
    typed: Typed,
    errors: FormErrors,
) -> Page {
    let tried = tried(ctx, &mut tx, (&root, &typed, &errors), Whose::Facility(facility), DryRun::words).await?;
    let shell = ctx.shell(&mut tx, "Exception from a rule", Area::Rules).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = ExceptionPage {
        shell,
        banner: None,
        place: Some(place),
        action: format!("/rules/{}/facilities/{facility}", root.rule.id),
        back: format!("/rules/{}", root.rule.id),
        version: own.as_ref().map(|own| own.rule.version),
        root,
        typed,
        errors,
        tried,
    };
    ctx.whole_page(status, &page)
}
