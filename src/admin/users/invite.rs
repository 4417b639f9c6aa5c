//! Inviting people, and links by which they choose a password.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::forms::InviteForm;
use super::model::{Person, Status, not_oneself};
use super::pages::{InvitePage, LinkPage};
use super::queries;
use crate::access::Permission;
use crate::accounts::require_step_up;
use crate::accounts::tokens::{self, Purpose, Token};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::UserId;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

pub(super) async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    page(&ctx, &mut tx, &InviteForm::default(), FormErrors::default()).await
}

pub(super) async fn create(ctx: Ctx, mut tx: Tx, headers: HeaderMap, Form(form): Form<InviteForm>) -> Page {
    require_step_up(&ctx.actor)?;
    let new = match form.parse(&ctx.actor) {
        Ok(new) => new,
        Err(errors) => return page(&ctx, &mut tx, &form, errors).await,
    };
    let user = UserId::new();
    let mut attempt = tx.savepoint().await?;
    let added = queries::add(&mut attempt, &ctx.actor, user, &new).await;
    let added = match added {
        Ok(()) => queries::add_membership(&mut attempt, &ctx.actor, user, new.role, new.facility).await,
        Err(error) => Err(error),
    };
    if let Err(error) = added {
        let (field, words) = match error.as_database_error().and_then(|e| e.constraint()) {
            // Addresses are unique over all organizations: the words say no more than that it cannot be used.
            Some("app_user_email_unique") => ("email", "There is an account with this e-mail address already"),
            Some("app_user_email_valid") => ("email", "Enter an e-mail address, such as name@example.org"),
            Some("membership_facility_fk") => ("facility", "Choose a place from the list"),
            _ => return Err(error.into()),
        };
        attempt.rollback().await?;
        return page(&ctx, &mut tx, &form, FormErrors::one(field, words)).await;
    }
    attempt.commit().await?;
    let token = tokens::issue(&mut tx, ctx.actor.organization, user, Some(ctx.actor.user), Purpose::Activation).await?;
    let details = json!({ "invited": true, "role": new.role.as_str(), "facility": new.facility });
    events::record(&mut tx, &ctx.by(), Event::new(Action::PermissionChange, "app_user").of(user).with(details)).await?;
    let person = queries::person(&mut tx, &ctx.actor, user).await?.ok_or(Error::NotFound)?;
    shown_once(&ctx, tx, &headers, person, Purpose::Activation, &token).await
}

/// A link for somebody who has none, lost it, or forgot the password.
pub(super) async fn link(ctx: Ctx, mut tx: Tx, headers: HeaderMap, Id(id): Id<UserId>) -> Page {
    require_step_up(&ctx.actor)?;
    let person = queries::person(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    not_oneself(&ctx.actor, id)?;
    let purpose = match person.state() {
        Status::Invited => Purpose::Activation,
        Status::Active => Purpose::PasswordReset,
        Status::Suspended => return Err(Error::Conflict("The account is suspended. Reactivate it first.".to_owned())),
    };
    let own_guest = purpose == Purpose::Activation && person.created_by_id == Some(ctx.actor.user.uuid());
    if !ctx.actor.may(Permission::ManageUsers) && !own_guest {
        return Err(Error::Conflict("You can make links for people whom you invited yourself, until they have a password. Ask an administrator.".to_owned()));
    }
    let token = tokens::issue(&mut tx, ctx.actor.organization, id, Some(ctx.actor.user), purpose).await?;
    if ctx.actor.may(Permission::ManageUsers) {
        queries::answered(&mut tx, &ctx.actor, id).await?;
    }
    let event = Event::new(Action::PermissionChange, "app_user").of(id).with(json!({ "link": purpose.as_str() }));
    events::record(&mut tx, &ctx.by(), event).await?;
    shown_once(&ctx, tx, &headers, person, purpose, &token).await
}

async fn shown_once(
    ctx: &Ctx,
    mut tx: Tx,
    headers: &HeaderMap,
    person: Person,
    purpose: Purpose,
    token: &Token,
) -> Page {
    let shell = ctx.shell(&mut tx, "Link to choose a password", Area::Users).await?;
    tx.commit().await?;
    let link = format!("{}{}/{}", base(ctx, headers), purpose.path(), token.text());
    ctx.whole_page(StatusCode::OK, &LinkPage { shell, person, link, lasts: purpose.lasts().1 })
}

/// The address people use: as configured, else the one by which this request came.
fn base(ctx: &Ctx, headers: &HeaderMap) -> String {
    ctx.app.public_base().unwrap_or_else(|| {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("http://{host}")
    })
}

async fn page(ctx: &Ctx, tx: &mut Tx, form: &InviteForm, errors: FormErrors) -> Result<Response> {
    let places = facilities::within_reach(tx, &ctx.actor).await?;
    let title = if errors.is_empty() { "Invite somebody" } else { "Error: Invite somebody" };
    let shell = ctx.shell(tx, title, Area::Users).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(status, &InvitePage::new(shell, ctx, form, errors, &places))
}
