//! The editor of rules.

use axum::http::StatusCode;

use super::forms;
use super::handlers::{STALE, may_change, root, version, written_down};
use super::model::Reading;
use super::pages::EditPage;
use super::store::{self, Scope, Stored};
use crate::access::Facilities;
use crate::content;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Action;
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
    let library = library(&ctx, &mut tx, None).await?;
    let parsed = forms::parse(&typed, None, &readings(&library), false);
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
    let library = library(&ctx, &mut tx, Some(&rule)).await?;
    let watched = Some((condition.subject, condition.op));
    let new = match forms::parse(&typed, watched, &readings(&library), rule.enabled) {
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
    store::follow(&mut tx, &by, id, &new).await?;
    written_down(&ctx, &mut tx, id, Action::Update, rule.facility, &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/rules/{id}"), Some(&Flash::ok("Saved as a new version."))))
}

/// What can be given to read, and what this rule gives, though it may be archived.
async fn library(ctx: &Ctx, tx: &mut Tx, rule: Option<&Stored>) -> Result<Vec<(Reading, String)>> {
    let entries = content::published(tx, ctx.actor.organization).await?;
    let mut all: Vec<(Reading, String)> = entries
        .into_iter()
        .map(|entry| (Reading { id: entry.id, title: entry.title, archived: false }, entry.words))
        .collect();
    if let Some(own) = rule.and_then(|rule| rule.definition().reading).filter(|own| own.archived) {
        let words = format!("{} (archived)", own.title);
        all.push((own, words));
    }
    Ok(all)
}

fn readings(library: &[(Reading, String)]) -> Vec<Reading> {
    library.iter().map(|(reading, _)| reading.clone()).collect()
}

async fn editor(ctx: &Ctx, mut tx: Tx, rule: Option<Stored>, typed: Typed, errors: FormErrors) -> Page {
    let chosen = typed.get("reading").to_owned();
    let readings = library(ctx, &mut tx, rule.as_ref()).await?;
    let readings: Vec<Choice> = readings
        .into_iter()
        .map(|(reading, words)| {
            let id = reading.id.to_string();
            let picked = chosen == id;
            Choice::new(id, words, picked)
        })
        .collect();
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
            readings,
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
                readings,
                enabled: rule.enabled,
            }
        }
    };
    ctx.whole_page(status, &page)
}
