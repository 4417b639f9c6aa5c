//! The page between the wish and the deed: which alerts, and what the move needs (a reason, a person, a time).

use axum::http::StatusCode;
use axum::response::Response;

use super::{back, mover, time};
use crate::alerts::forms::RawMove;
use crate::alerts::item::Item;
use crate::alerts::model::{Severity, Snooze};
use crate::alerts::move_page::MovePage;
use crate::alerts::moves::Kind;
use crate::alerts::queries::people;
use crate::alerts::queries::row::Row;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{FacilityId, UserId};
use crate::web::Ctx;
use crate::web::ctx::html;
use crate::web::form::FormErrors;
use crate::web::nav::Area;
use crate::web::ui::Choice;

use askama::Template;

/// Why the page is shown, where it is not for the first time.
#[derive(Debug, Default)]
pub struct Trouble {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is wrong, field by field.
    pub errors: FormErrors,
    /// What somebody else did meanwhile.
    pub conflict: Option<String>,
    /// What else there is to know before it is done.
    pub note: Option<String>,
}

impl Trouble {
    /// None: the page asks for the first time.
    pub fn none() -> Self {
        Self::default()
    }

    /// Something in the form is wrong.
    pub fn wrong(errors: FormErrors) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors, ..Self::default() }
    }
}

/// The page for these alerts. Whoever sees it has seen them: it is written down.
pub async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    kind: Kind,
    rows: Vec<Row>,
    raw: &RawMove,
    trouble: Trouble,
) -> Result<Response> {
    let organization = ctx.actor.organization;
    let event = Event::new(Action::View, "alert").showing(rows.iter().filter_map(|row| row.patient_id));
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let choices = choices(ctx, &mut tx, kind, &rows, raw).await?;
    let shell = ctx.shell(&mut tx, format!("{} alerts", kind.label()), Area::Alerts).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let items: Vec<_> =
        rows.into_iter().map(|row| Item::reveal(row, keys, organization, &proof)).collect::<Result<_>>()?;
    let single = raw.id.is_empty().then(|| items.first()).flatten();
    let page = MovePage {
        action: single
            .map_or_else(|| "/alerts/bulk".to_owned(), |item| format!("/alerts/{}/{}", item.row.id, kind.path())),
        single: single.is_some(),
        now_href: single.map_or_else(|| back(&raw.back).to_owned(), |item| format!("/alerts/{}", item.row.id)),
        back: if raw.back.is_empty() {
            single.map_or_else(|| "/alerts".to_owned(), |item| format!("/alerts/{}", item.row.id))
        } else {
            back(&raw.back).to_owned()
        },
        time: time(ctx),
        form: raw.clone(),
        errors: trouble.errors,
        conflict: trouble.conflict,
        note: trouble.note,
        allowed: ctx.actor.may(kind.permission()),
        shell,
        kind,
        items,
        choices,
    };
    tx.commit().await?;
    Ok(html(trouble.status, page.render()?))
}

/// Only somebody who may take notice of an alert there can be given it.
pub async fn check_assignee(ctx: &Ctx, tx: &mut Tx, person: UserId, facility: Option<FacilityId>) -> Result<()> {
    if person == mover(ctx).user {
        return Ok(());
    }
    let people = people::assignable(tx, ctx.actor.organization, facility).await?;
    if people.iter().any(|one| one.id == person) {
        return Ok(());
    }
    Err(Error::Unprocessable(
        "That person does not look after alerts there. Go back and choose somebody else.".to_owned(),
    ))
}

/// Where these alerts belong, each place once.
pub fn facilities(rows: &[Row]) -> Vec<Option<FacilityId>> {
    let mut places: Vec<_> = rows.iter().map(|row| row.facility_id).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Who may be given all of these alerts.
async fn assignable(ctx: &Ctx, tx: &mut Tx, rows: &[Row]) -> Result<Vec<people::Person>> {
    let mut everywhere: Option<Vec<people::Person>> = None;
    for facility in facilities(rows) {
        let here = people::assignable(tx, ctx.actor.organization, facility).await?;
        everywhere = Some(match everywhere {
            None => here,
            Some(people) => people.into_iter().filter(|one| here.iter().any(|other| other.id == one.id)).collect(),
        });
    }
    Ok(everywhere.unwrap_or_default())
}

/// What the page offers: reasons, people or times.
async fn choices(ctx: &Ctx, tx: &mut Tx, kind: Kind, rows: &[Row], raw: &RawMove) -> Result<Vec<Choice>> {
    Ok(match kind {
        Kind::Resolve | Kind::Dismiss => kind
            .reasons()
            .iter()
            .map(|code| Choice::new(code.as_str(), code.label(), raw.reason == code.as_str()))
            .collect(),
        Kind::Snooze => {
            let gravest = rows.iter().map(|row| row.severity).min().unwrap_or(Severity::Info);
            Snooze::offered(gravest)
                .map(|one| Choice::new(one.as_str(), one.label(), raw.until == one.as_str()))
                .collect()
        }
        Kind::Assign => {
            let people = assignable(ctx, tx, rows).await?;
            let me = Choice::new("me", "Me", raw.who == "me");
            let nobody = Choice::new("nobody", "Nobody: back to the unassigned", raw.who == "nobody");
            let others =
                people.into_iter().filter(|person| person.id != ctx.actor.user).map(|person| choice(&person, raw));
            std::iter::once(me).chain(others).chain([nobody]).collect()
        }
        Kind::Acknowledge | Kind::HandBack | Kind::Reopen => Vec::new(),
    })
}

fn choice(person: &people::Person, raw: &RawMove) -> Choice {
    let title = person.title.as_ref().map(|title| format!("{title} ")).unwrap_or_default();
    let roles = person.roles.iter().filter_map(|role| role.parse::<crate::access::Role>().ok());
    Choice {
        value: person.id.to_string(),
        label: format!("{title}{} {}", person.first_name, person.last_name),
        hint: roles.map(crate::access::Role::label).collect::<Vec<_>>().join(", "),
        chosen: raw.who == person.id.to_string(),
    }
}
