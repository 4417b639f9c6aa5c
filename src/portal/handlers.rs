//! Requests of patients on their own pages.

use axum::http::StatusCode;
use chrono::Timelike as _;
use serde::Deserialize;
use serde_json::json;

use super::model::{Access, day};
use super::pages::{AccessPage, HomePage, NobodyPage};
use super::queries;
use super::visits::next_step;
use crate::db::Tx;
use crate::events::{self, Action, Event};
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::whom::{self, Scope};
use crate::web::{Ctx, Page};
use crate::{content, tasks};

/// Accesses shown on the first page.
const FEW: i64 = 3;

/// Accesses on a page of their own.
const PER_PAGE: i64 = 50;

/// From where on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct From {
    #[serde(default)]
    before: Option<String>,
}

/// `GET /my`
pub async fn home(ctx: Ctx, mut tx: Tx) -> Page {
    let all = whom::all(&mut tx, &ctx.actor).await?;
    let Some(own) = all.first().cloned() else {
        let shell = ctx.shell(&mut tx, "Home", Area::MyHome).await?;
        return ctx.whole_page(StatusCode::OK, &NobodyPage { shell });
    };
    // Nobody is chosen for them: with several people to look after, they say whom first.
    if all.len() > 1 && !own.chosen && !own.is_self() {
        return Ok(ctx.redirect("/my/switch", None));
    }
    let event = Event::new(Action::View, "patient")
        .of(own.patient)
        .about(Some(own.patient))
        .at(Some(own.facility_id))
        .with(json!({ "page": "portal" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let accesses = if own.may(Scope::Details) {
        queries::accesses(&mut tx, &ctx.actor, own.patient, None, FEW).await?
    } else {
        Vec::new()
    };
    let task = if own.may(Scope::Results) { tasks::portal::next(&mut tx, &ctx, own.patient).await? } else { None };
    let unread = if own.may(Scope::Results) { content::unread(&mut tx, &ctx, own.patient).await? } else { 0 };
    let next = if own.may(Scope::Visits) { Some(next_step(&ctx, &mut tx, &own).await?) } else { None };
    let shell = ctx.shell(&mut tx, "Home", Area::MyHome).await?;
    tx.commit().await?;
    let greeting = greeting(ctx.now().with_timezone(&ctx.actor.zone).hour());
    ctx.whole_page(StatusCode::OK, &HomePage { shell, greeting, own, next, unread, task, accesses })
}

/// `GET /my/access`
pub async fn access(ctx: Ctx, mut tx: Tx, Query(from): Query<From>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Details).await?;
    let before: Option<i64> = from.before.as_deref().and_then(|seq| seq.parse().ok());
    let mut accesses = queries::accesses(&mut tx, &ctx.actor, own.patient, before, PER_PAGE + 1).await?;
    let event = Event::new(Action::View, "audit_event")
        .about(Some(own.patient))
        .at(Some(own.facility_id))
        .with(json!({ "page": "portal access" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Who opened the record", Area::MyDetails).await?;
    tx.commit().await?;
    let more = i64::try_from(accesses.len()).is_ok_and(|count| count > PER_PAGE);
    accesses.truncate(PER_PAGE.try_into().unwrap_or(usize::MAX));
    let last = accesses.last().filter(|_| more);
    let older = last.map(|access| format!("/my/access?before={}", access.seq));
    let mut days: Vec<(String, Vec<Access>)> = Vec::new();
    for access in accesses {
        let day = day(&access.at, &ctx.now(), ctx.actor.zone);
        match days.last_mut() {
            Some((last, list)) if *last == day => list.push(access),
            _ => days.push((day, vec![access])),
        }
    }
    ctx.whole_page(StatusCode::OK, &AccessPage { shell, own, days, newest: before.is_none(), older })
}

const fn greeting(hour: u32) -> &'static str {
    match hour {
        5..=11 => "Good morning",
        12..=17 => "Good afternoon",
        _ => "Good evening",
    }
}
