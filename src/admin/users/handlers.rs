//! Looking at people, and changing what they may do.

use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::forms::{ListQuery, MembershipForm, SearchForm};
use super::model::{Person, Status, not_oneself};
use super::pages::{ListPage, PersonPage};
use super::queries::{self, PAGE, Show};
use crate::access::{Permission, Role};
use crate::accounts::require_step_up;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::UserId;
use crate::patients::find;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

pub(super) async fn list(ctx: Ctx, mut tx: Tx, Query(query): Query<ListQuery>) -> Page {
    let show = Show::ALL.into_iter().find(|show| show.name() == query.show).unwrap_or_default();
    let page = query.page.parse().unwrap_or(0).clamp(0, 10_000);
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    // A token that does not open finds nobody rather than everybody.
    let typed = match query.find.as_str() {
        "" => String::new(),
        token => find::open(keys, &ctx.actor, token).unwrap_or_else(|| "\u{1}".to_owned()),
    };
    let mut people = queries::people(&mut tx, &ctx.actor, show, &typed, page).await?;
    let asked = queries::asked(&mut tx, &ctx.actor).await?;
    let more = people.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    people.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    // Patients have accounts too: their names are shown, and that is written down.
    events::record(&mut tx, &ctx.by(), Event::new(Action::View, "app_user").with(json!({ "list": show.name() })))
        .await?;
    let shell = ctx.shell(&mut tx, "People", Area::Users).await?;
    tx.commit().await?;
    let typed = if typed == "\u{1}" { String::new() } else { typed };
    let page = ListPage::new(shell, &ctx, people, (show, &query.find, typed), (page, more), asked);
    ctx.page(&page, page.as_main())
}

/// Names are not for addresses: what is typed comes back sealed.
pub(super) async fn search(ctx: Ctx, mut tx: Tx, Form(form): Form<SearchForm>) -> Result<Response> {
    let show = Show::ALL.into_iter().find(|show| show.name() == form.show).unwrap_or_default();
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let token = find::seal(keys, &ctx.actor, &form.q)?;
    let token = token.map(|token| format!("&find={token}")).unwrap_or_default();
    Ok(ctx.redirect(&format!("/admin/users?show={}{token}", show.name()), None))
}

pub(super) async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>) -> Page {
    page(&ctx, &mut tx, id, &MembershipForm::default(), FormErrors::default()).await
}

async fn page(ctx: &Ctx, tx: &mut Tx, id: UserId, form: &MembershipForm, errors: FormErrors) -> Page {
    let person = queries::person(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let memberships = queries::memberships(tx, &ctx.actor, id).await?;
    let places = facilities::within_reach(tx, &ctx.actor).await?;
    events::record(tx, &ctx.by(), Event::new(Action::View, "app_user").of(id)).await?;
    let title = if errors.is_empty() { "Account" } else { "Error: Account" };
    let shell = ctx.shell(tx, title, Area::Users).await?;
    let status = if errors.is_empty() { http::StatusCode::OK } else { http::StatusCode::UNPROCESSABLE_ENTITY };
    let page = PersonPage::new(shell, ctx, person, memberships, &places, form, errors);
    Ok(ctx.answer(status, askama::Template::render(&page)?))
}

/// The person, for an action of somebody else.
async fn somebody_else(ctx: &Ctx, tx: &mut Tx, id: UserId) -> Result<Person> {
    let person = queries::person(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    not_oneself(&ctx.actor, id)?;
    Ok(person)
}

/// Writes the change down, and goes back to the person.
async fn done(ctx: &Ctx, mut tx: Tx, id: UserId, details: Value, words: impl Into<String>) -> Result<Response> {
    let event = Event::new(Action::PermissionChange, "app_user").of(id).with(details);
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(back(ctx, id, &Flash::ok(words)))
}

fn back(ctx: &Ctx, id: UserId, flash: &Flash) -> Response {
    ctx.redirect(&format!("/admin/users/{id}"), Some(flash))
}

pub(super) async fn suspend(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>) -> Result<Response> {
    somebody_else(&ctx, &mut tx, id).await?;
    if !queries::set_status(&mut tx, &ctx.actor, id, "SUSPENDED").await? {
        return Ok(back(&ctx, id, &Flash::problem("The account was suspended already")));
    }
    let ended = queries::end_sessions(&mut tx, &ctx.actor, id).await?;
    done(
        &ctx,
        tx,
        id,
        json!({ "status": "SUSPENDED", "sessions": ended }),
        "Account suspended, and signed out everywhere",
    )
    .await
}

pub(super) async fn reactivate(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>) -> Result<Response> {
    let person = somebody_else(&ctx, &mut tx, id).await?;
    if person.state() != Status::Suspended {
        return Ok(back(&ctx, id, &Flash::problem("The account is not suspended")));
    }
    // Who never chose a password is invited again; the schema knows, and says so by its constraint.
    let mut attempt = tx.savepoint().await?;
    let active = queries::set_status(&mut attempt, &ctx.actor, id, "ACTIVE").await;
    let status = match active {
        Ok(_) => {
            attempt.commit().await?;
            "ACTIVE"
        }
        Err(error)
            if error.as_database_error().and_then(|e| e.constraint()) == Some("app_user_active_has_password") =>
        {
            attempt.rollback().await?;
            queries::set_status(&mut tx, &ctx.actor, id, "INVITED").await?;
            "INVITED"
        }
        Err(error) => return Err(error.into()),
    };
    done(&ctx, tx, id, json!({ "status": status }), "Account active again").await
}

pub(super) async fn end_sessions(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>) -> Result<Response> {
    somebody_else(&ctx, &mut tx, id).await?;
    let ended = queries::end_sessions(&mut tx, &ctx.actor, id).await?;
    done(&ctx, tx, id, json!({ "sessions_ended": ended }), "Signed out everywhere").await
}

pub(super) async fn reset_second_factor(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>) -> Result<Response> {
    require_step_up(&ctx.actor)?;
    somebody_else(&ctx, &mut tx, id).await?;
    if !queries::end_second_factor(&mut tx, &ctx.actor, id).await? {
        return Ok(back(&ctx, id, &Flash::problem("There is no second factor to reset")));
    }
    let words = "Second factor reset: the password alone is asked for until a new one is set up";
    done(&ctx, tx, id, json!({ "second_factor": "reset" }), words).await
}

pub(super) async fn add_membership(ctx: Ctx, mut tx: Tx, Id(id): Id<UserId>, Form(form): Form<MembershipForm>) -> Page {
    require_step_up(&ctx.actor)?;
    somebody_else(&ctx, &mut tx, id).await?;
    let (role, facility) = match form.parse(&ctx.actor) {
        Ok(given) => given,
        Err(errors) => return page(&ctx, &mut tx, id, &form, errors).await,
    };
    let mut attempt = tx.savepoint().await?;
    if let Err(error) = queries::add_membership(&mut attempt, &ctx.actor, id, role, facility).await {
        let words = match error.as_database_error().and_then(|e| e.constraint()) {
            Some("membership_once") => "This person has that role there already",
            Some("membership_facility_fk") => "Choose a place from the list",
            _ => return Err(error.into()),
        };
        attempt.rollback().await?;
        return page(&ctx, &mut tx, id, &form, FormErrors::one("role", words)).await;
    }
    attempt.commit().await?;
    let details = json!({ "role": role.as_str(), "facility": facility, "given": true });
    done(&ctx, tx, id, details, format!("Role given: {}", role.label())).await
}

pub(super) async fn end_membership(ctx: Ctx, mut tx: Tx, Ids(id, membership): Ids<UserId, Uuid>) -> Result<Response> {
    require_step_up(&ctx.actor)?;
    somebody_else(&ctx, &mut tx, id).await?;
    let role = queries::end_membership(&mut tx, &ctx.actor, id, membership).await?.ok_or(Error::NotFound)?;
    let label = role.parse::<Role>().map_or("", Role::label);
    done(
        &ctx,
        tx,
        id,
        json!({ "role": role, "membership": membership, "given": false }),
        format!("Role ended: {label}"),
    )
    .await
}

/// Whether the page offers what only administrators do.
pub(super) fn manages(ctx: &Ctx) -> bool {
    ctx.actor.may(Permission::ManageUsers)
}
