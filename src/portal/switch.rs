//! Looking at another patient, and forms that were opened for one and sent while looking at another.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::fields::Typed;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

/// Fields that are there for the server and mean nothing to the reader.
const UNSEEN: [&str; 4] = ["patient", "switch_to", "row_version", "idempotency_key"];

/// Whom to look at.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    patient: String,
}

#[derive(Template)]
#[template(path = "portal/switch.html")]
struct SwitchPage {
    shell: Shell,
    people: Vec<Whom>,
    today: &'static str,
}

#[derive(Template)]
#[template(path = "portal/mismatch.html")]
struct MismatchPage {
    shell: Shell,
    /// For whom it was written.
    then: Whom,
    /// Who is looked at now.
    now: Whom,
    /// Where it was sent.
    action: String,
    /// What was typed, in words.
    said: Vec<(String, String)>,
    /// All of it, to be sent again.
    fields: Vec<(String, String)>,
}

/// `GET /my/switch`
pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let people = whom::all(&mut tx, &ctx.actor).await?;
    let shown = people.iter().map(|one| one.patient);
    let event = Event::new(Action::View, "patient").showing(shown).with(serde_json::json!({ "page": "portal switch" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Choose a person", Area::MyHome).await?;
    tx.commit().await?;
    let today = if people.iter().any(|one| one.chosen) { "You are looking at this person now" } else { "" };
    ctx.whole_page(StatusCode::OK, &SwitchPage { shell, people, today })
}

/// `POST /my/switch`
pub async fn change(ctx: Ctx, mut tx: Tx, Form(choice): Form<Choice>) -> Page {
    let patient: PatientId = choice.patient.parse().map_err(|_| Error::NotFound)?;
    if !whom::choose(&mut tx, &ctx.actor, patient).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::View, "patient")
        .of(patient)
        .about(Some(patient))
        .with(serde_json::json!({ "page": "portal switch" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    // No name in a message: the banner of the page says it.
    Ok(ctx.redirect("/my", Some(&Flash::ok("You changed the person you are looking at"))))
}

/// The patient of a form: the one it was opened for, who has to be the one that is looked at. Otherwise the page that
/// says so, with what was typed. `scope` is the part of the record that the form is about, where there is one.
///
/// # Errors
/// Where the person may no longer act for the patient of the form.
pub(super) async fn agreed(
    ctx: &Ctx,
    tx: &mut Tx,
    scope: Option<Scope>,
    typed: &Typed,
    action: &str,
    labels: &[(&str, &str)],
) -> Result<Result<Whom, Response>> {
    let all = whom::all(tx, &ctx.actor).await?;
    let now = all.first().cloned().ok_or(Error::NotFound)?;
    let Some(then) = all.into_iter().find(|one| one.patient.to_string() == typed.get("patient")) else {
        return Err(Error::Conflict(
            "You cannot act for the person this form was about any more. Nothing was saved. Ask the clinic if you think this is wrong."
                .to_owned(),
        ));
    };
    if scope.is_some_and(|scope| !then.may(scope)) {
        return Err(Error::NotFound);
    }
    if then.patient == now.patient {
        return Ok(Ok(now));
    }
    if typed.get("switch_to") == then.patient.to_string() && whom::choose(tx, &ctx.actor, then.patient).await? {
        return Ok(Ok(then));
    }
    let said = labels
        .iter()
        .map(|(name, label)| ((*label).to_owned(), typed.get(name)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| (label, if value == "true" { "yes".to_owned() } else { value.to_owned() }))
        .collect();
    let fields = typed
        .iter()
        .filter(|(name, _)| !UNSEEN.contains(name) || *name == "row_version" || *name == "idempotency_key")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let shell = ctx.shell(tx, "This form was about somebody else", Area::Elsewhere).await?;
    let page = MismatchPage { shell, then, now, action: action.to_owned(), said, fields };
    Ok(Err(ctx.whole_page(StatusCode::CONFLICT, &page)?))
}
