//! What answers a message.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;

use super::answer::{self, Refusal};
use super::form::{self, Message, Subject};
use super::queries::{self, Account};
use super::signature::{Claim, Secret};
use crate::app::App;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Error;
use crate::ids::AlertId;
use crate::phi::{PhiError, normalise};
use crate::web::ctx::Visitor;

/// The largest message. Evidence is a handful of series, not a recording.
const BODY_BYTES: usize = 64 * 1024;

/// The scope of accounts that may raise alerts.
const SCOPE: &str = "alerts_ingest";

/// `POST /ingest/alerts`.
pub async fn create(State(app): State<App>, visitor: Visitor, request: Request) -> Response {
    match receive(&app, &visitor, request).await {
        Ok((alert, new)) => answer::taken(alert, new, visitor.request),
        Err(refusal) => refusal.into_response(visitor.request),
    }
}

async fn receive(app: &App, visitor: &Visitor, request: Request) -> Result<(AlertId, bool), Refusal> {
    let claim = Claim::read(request.headers());
    let body = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| Error::TooLarge)?;
    let (claim, account, mut tx) = authenticate(app, claim, &body, SCOPE).await?;
    if !claim.is_fresh(app.clock.now()) {
        return Err(Refusal::Stale);
    }
    queries::charge(app, account.id).await?;
    let message = form::parse(&body)?;
    within_reach(&account, &message)?;
    let (patient, number) = subject(app, &mut tx, &account, &message).await?;
    let raised = queries::raise(&mut tx, visitor, &claim.message, &message, patient, number.as_deref()).await?;
    tx.signal(Signal::Change);
    tx.commit().await?;
    queries::used(app, account.id).await?;
    Ok(raised)
}

/// Who sent it, with a transaction inside their organization. No claim, no account and no right signature are one answer.
pub(super) async fn authenticate(
    app: &App,
    claim: Option<Claim>,
    body: &Bytes,
    scope: &str,
) -> Result<(Claim, Account, Tx), Refusal> {
    let claim = claim.ok_or(Refusal::Unsigned)?;
    let Some(account) = queries::account(app, claim.account, scope).await? else {
        claim.holds(&Secret::nobodys(), body);
        return Err(Refusal::Unsigned);
    };
    let mut tx = app.db.begin_ingest(account.organization, account.id).await?;
    let keys = app.keys(&mut tx, account.organization).await?;
    let secret =
        keys.open(account.organization, "service_account", "secret", account.id, &account.secret).map_err(failed)?;
    let secret = Secret::parse(secret.to_verify())
        .ok_or_else(|| Error::Internal(anyhow::anyhow!("a secret is not one of ours")))?;
    if claim.holds(&secret, body) { Ok((claim, account, tx)) } else { Err(Refusal::Unsigned) }
}

/// An account of one facility raises alerts there. The database says so too; this names the field.
fn within_reach(account: &Account, message: &Message) -> Result<(), Refusal> {
    match (account.facility, message.facility) {
        (Some(own), Some(given)) if own != given => Err(Refusal::field("facility", "There is no such facility")),
        _ => Ok(()),
    }
}

/// The patient's id, or what to find them by.
async fn subject(
    app: &App,
    tx: &mut Tx,
    account: &Account,
    message: &Message,
) -> Result<(Option<uuid::Uuid>, Option<Vec<u8>>), Refusal> {
    match &message.subject {
        Subject::None => Ok((None, None)),
        Subject::Patient(id) => Ok((Some(*id), None)),
        Subject::RecordNumber(number) => {
            let keys = app.keys(tx, account.organization).await?;
            let number = normalise::record_number(number);
            let index =
                keys.blind_index(account.organization, "patient", "medical_record_number", &number).map_err(failed)?;
            Ok((None, Some(index)))
        }
    }
}

fn failed(error: PhiError) -> Error {
    Error::Internal(error.into())
}
