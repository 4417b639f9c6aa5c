//! The page between the wish and the deed: which cases, and what the move needs (a reason, a caseworker, an outcome).

use askama::Template as _;
use axum::http::StatusCode;
use axum::response::Response;

use super::{back, choices, mover, reveal, show};
use crate::cases::forms::RawMove;
use crate::cases::head::reference;
use crate::cases::item;
use crate::cases::model::Kind;
use crate::cases::pages::MovePage;
use crate::cases::panels;
use crate::cases::queries::row::Row;
use crate::cases::queries::{one, people};
use crate::db::Tx;
use crate::error::Result;
use crate::events::Action;
use crate::ids::{FacilityId, UserId};
use crate::web::form::FormErrors;
use crate::web::nav::Area;
use crate::web::{Ctx, ctx::html, format};

/// Why the page is shown, where it is not for the first time.
#[derive(Debug, Default)]
pub struct Trouble {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is wrong, field by field.
    pub errors: FormErrors,
    /// What somebody else did meanwhile.
    pub conflict: Option<String>,
}

impl Trouble {
    /// Something in the form is wrong.
    pub fn wrong(errors: FormErrors) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors, conflict: None }
    }

    /// Somebody was faster.
    pub fn conflict(words: String) -> Self {
        Self { status: StatusCode::CONFLICT, errors: FormErrors::default(), conflict: Some(words) }
    }
}

/// The page for one case.
pub async fn page(ctx: &Ctx, mut tx: Tx, kind: Kind, row: Row, raw: &RawMove, trouble: Trouble) -> Result<Response> {
    let head = show::head_of(&row);
    let case = row.case(panels::open_tasks(&mut tx, ctx.actor.organization, &head).await?);
    let refused = case.ask(kind, mover(ctx)).err().map(item::words);
    let action = format!("/cases/{}/transition?move={}", row.id, kind.as_str());
    let home = format!("/cases/{}", row.id);
    // A conflict is answered with the version as it is now: whoever sends the form again has seen what happened.
    let mut form = raw.clone();
    form.row_version = row.row_version.to_string();
    render(ctx, tx, kind, vec![row], form, trouble, refused, action, home).await
}

/// The page for many.
pub async fn page_for_many(ctx: &Ctx, tx: Tx, rows: Vec<Row>, raw: &RawMove, trouble: Trouble) -> Result<Response> {
    let home = back(&raw.back).to_owned();
    render(ctx, tx, Kind::Assign, rows, raw.clone(), trouble, None, "/cases/bulk".to_owned(), home).await
}

#[expect(clippy::too_many_arguments, reason = "one page, two ways to it")]
async fn render(
    ctx: &Ctx,
    mut tx: Tx,
    kind: Kind,
    rows: Vec<Row>,
    form: RawMove,
    trouble: Trouble,
    refused: Option<String>,
    action: String,
    home: String,
) -> Result<Response> {
    let people = if kind.asks_person() {
        let place = rows.first().and_then(|row| row.facility_id);
        people::caseworkers(&mut tx, ctx.actor.organization, place).await?
    } else {
        Vec::new()
    };
    let label = item::label(kind, mover(ctx));
    let single = action != "/cases/bulk";
    let title = match rows.as_slice() {
        [row] => format!("{label}: {}", reference(row.number)),
        rows => format!("{label}: {} cases", rows.len()),
    };
    let items = reveal(ctx, &mut tx, rows, Action::View, "move").await?;
    let shell = ctx.shell(&mut tx, title, Area::Cases).await?;
    tx.commit().await?;
    let page = MovePage {
        shell,
        kind,
        label,
        action,
        back: home,
        people: choices(&people, &form.person),
        items,
        single,
        form,
        errors: trouble.errors,
        conflict: trouble.conflict,
        refused,
    };
    Ok(html(trouble.status, page.render()?))
}

/// Whether somebody can be given a case of that place.
pub async fn is_caseworker(ctx: &Ctx, tx: &mut Tx, person: UserId, facility: Option<FacilityId>) -> Result<bool> {
    people::works_at(tx, ctx.actor.organization, person, facility).await
}

/// "Moved to Assigned by J. Chair 10 s ago."
pub async fn what_happened(ctx: &Ctx, tx: &mut Tx, row: &Row) -> Result<String> {
    let Some(last) = one::last_move(tx, ctx.actor.organization, row.id).await? else {
        return Ok("Something in it was changed.".to_owned());
    };
    let now = ctx.now();
    let ago = match (now - last.at).num_seconds().max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => format::relative(last.at, now),
    };
    let to = last.to.map_or("another state", crate::cases::model::CaseStatus::label);
    let initial = last.first_name.as_deref().and_then(|name| name.chars().next());
    Ok(match (initial, last.last_name) {
        (Some(initial), Some(family)) => format!("It is in “{to}” since {initial}. {family} moved it {ago} ago."),
        (_, _) => format!("It is in “{to}” since {ago} ago."),
    })
}
