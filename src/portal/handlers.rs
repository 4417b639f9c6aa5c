//! Requests of patients on their own pages.

use axum::http::StatusCode;
use chrono::Timelike as _;
use serde::Deserialize;
use serde_json::json;

use super::model::Own;
use super::pages::{AccessPage, DetailsPage, HomePage, Person};
use super::queries;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::record;
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Accesses shown on the first page.
const FEW: i64 = 3;

/// Accesses on a page of their own.
const PER_PAGE: i64 = 50;

/// Which patient, and from where on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    before: Option<String>,
}

pub async fn home(ctx: Ctx, mut tx: Tx) -> Page {
    let mut people = Vec::new();
    for own in queries::own(&mut tx, &ctx.actor).await? {
        let accesses = queries::accesses(&mut tx, &ctx.actor, own.patient, None, FEW).await?;
        people.push(Person { own, accesses });
    }
    let shown = people.iter().map(|person| person.own.patient);
    let event = Event::new(Action::View, "patient").showing(shown).with(json!({ "page": "portal" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Home", Area::MyHome).await?;
    tx.commit().await?;
    let greeting = greeting(ctx.now().with_timezone(&ctx.actor.zone).hour());
    ctx.whole_page(StatusCode::OK, &HomePage { shell, greeting, people })
}

pub async fn access(ctx: Ctx, mut tx: Tx, Query(which): Query<Which>) -> Page {
    let own = one(&ctx, &mut tx, &which).await?;
    let before = which.before.as_deref().and_then(|seq| seq.parse().ok());
    let mut accesses = queries::accesses(&mut tx, &ctx.actor, own.patient, before, PER_PAGE + 1).await?;
    let event =
        Event::new(Action::View, "audit_event").about(Some(own.patient)).with(json!({ "page": "portal access" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Who opened your record", Area::MyAccess).await?;
    tx.commit().await?;
    let more = i64::try_from(accesses.len()).is_ok_and(|count| count > PER_PAGE);
    accesses.truncate(PER_PAGE.try_into().unwrap_or(usize::MAX));
    let last = accesses.last().filter(|_| more);
    let older = last.map(|access| format!("/my/access?of={}&before={}", own.patient, access.seq));
    ctx.whole_page(StatusCode::OK, &AccessPage { shell, own, accesses, older })
}

pub async fn details(ctx: Ctx, mut tx: Tx, Query(which): Query<Which>) -> Page {
    let own = one(&ctx, &mut tx, &which).await?;
    let record = record::open(&ctx, &mut tx, own.patient, Action::View, "portal details").await?;
    let shell = ctx.shell(&mut tx, "Your details", Area::MyDetails).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &DetailsPage { shell, own, record })
}

/// The patient meant: the one named, else the first.
async fn one(ctx: &Ctx, tx: &mut Tx, which: &Which) -> Result<Own> {
    let mut all = queries::own(tx, &ctx.actor).await?.into_iter();
    match which.of.as_deref() {
        None => all.next(),
        Some(id) => {
            let id: PatientId = id.parse().map_err(|_| Error::NotFound)?;
            all.find(|own| own.patient == id)
        }
    }
    .ok_or(Error::NotFound)
}

const fn greeting(hour: u32) -> &'static str {
    match hour {
        5..=11 => "Good morning",
        12..=17 => "Good afternoon",
        _ => "Good evening",
    }
}
