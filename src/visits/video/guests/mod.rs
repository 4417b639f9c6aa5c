//! Guests of a video visit: an interpreter, a relative. Staff or the patient make a link that opens this one visit around its time.
//!
//! Whoever has the link waits until the clinician who holds the visit lets them in, so that a link in the wrong hands opens nothing by itself; the
//! same link in another browser waits anew. Guests have no account: the portal acts for them, and the page they see tells the time and the clinic.

pub mod door;
pub mod handlers;
pub(super) mod queries;

use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::SessionStatus;
use super::moves::has_room;
use super::queries::SessionRow;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Audited, Event};
use crate::ids::{OrganizationId, VisitId, new_uuid};
use crate::patients::choice::choices;
use crate::visits::queries::visits::VisitRow;
use crate::visits::refusal::told;
use crate::visits::secret_link::{hash, secret};
use crate::web::Ctx;
use crate::web::form::FormErrors;
use crate::web::ui::Choice;

/// Guests of one visit whose links work, as the schema has it: each of them is one more call for every browser.
pub const AT_ONCE: usize = 3;

/// What is said past that.
const ENOUGH: &str = "A visit has three guests at most. Withdraw a link first";

choices! {
    /// What a guest is there for.
    Kind {
        /// Says it in another language.
        Interpreter = "INTERPRETER", "Interpreter";
        /// Family, friend.
        Relative = "RELATIVE", "Relative or friend";
        /// Anybody else.
        Other = "OTHER", "Somebody else";
    }
}

/// A guest as pages show them to who may know the name.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Which.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// What they are there for.
    pub kind: Kind,
    /// Whether they have joined.
    pub joined: bool,
    /// Whether they were let in.
    pub admitted: bool,
    /// Whether the link was withdrawn.
    pub revoked: bool,
    /// Whether their page is open.
    pub here: bool,
}

impl Guest {
    /// How far they are, in words; or how far they came, where the visit is over.
    #[must_use]
    pub const fn state(&self, over: bool) -> &'static str {
        match (self.revoked, self.joined, self.admitted, self.here) {
            (true, ..) => "link withdrawn",
            (false, false, ..) if over => "did not come",
            (false, true, false, _) if over => "came, was not let in",
            (false, true, true, _) if over => "was in the call",
            (false, false, ..) => "has not come",
            (false, true, false, true) => "waits to be let in",
            (false, true, false, false) => "waited, page not open just now",
            (false, true, true, true) => "let in",
            (false, true, true, false) => "let in, page not open just now",
        }
    }

    /// Whether they wait to be let in.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.joined && !self.admitted && !self.revoked
    }
}

/// What a form of an invitation sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawGuest {
    /// Their name.
    pub name: String,
    /// What they are there for.
    pub kind: String,
    /// Whom the form is about, in the portal.
    pub patient: String,
}

impl RawGuest {
    /// What guests may be there for.
    #[must_use]
    pub fn kinds(&self) -> Vec<Choice> {
        Kind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.label(), kind.as_str() == self.kind)).collect()
    }
}

/// Whether a visit can have guests: by video, in the room of one patient, and still to come.
#[must_use]
pub fn takes_guests(visit: &VisitRow) -> bool {
    has_room(visit) && visit.status.is_open()
}

/// The guests of a visit, where the view is written down.
///
/// # Errors
/// Where the database does not answer, or a name cannot be opened.
pub async fn of_visit(ctx: &Ctx, tx: &mut Tx, proof: &Audited, visit: VisitId) -> Result<Vec<Guest>> {
    let organization = ctx.actor.organization;
    let rows = queries::of_visit(tx, organization, visit).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys = ctx.app.keys(tx, organization).await?;
    let mut guests = Vec::new();
    for row in rows {
        let name =
            keys.open(organization, "visit_guest", "name", row.id, &row.name_enc).map_err(anyhow::Error::from)?;
        guests.push(Guest {
            id: row.id,
            name: name.reveal(proof).clone(),
            kind: row.kind,
            joined: row.joined_at.is_some(),
            admitted: row.admitted,
            revoked: row.revoked,
            here: row.here,
        });
    }
    Ok(guests)
}

/// What is typed of a guest, checked, where the visit can have one more.
///
/// # Errors
/// Where the database does not answer.
pub async fn read(
    ctx: &Ctx,
    tx: &mut Tx,
    visit: &VisitRow,
    raw: &RawGuest,
) -> Result<Result<(String, Kind), FormErrors>> {
    let mut errors = FormErrors::default();
    let name = errors.required("name", &raw.name, "Enter the name of the guest");
    let kind = Kind::from_name(&raw.kind);
    if kind.is_none() {
        errors.add("kind", "Choose what they are there for");
    }
    if takes_guests(visit) {
        let guests = queries::of_visit(tx, ctx.actor.organization, visit.id).await?;
        if guests.iter().filter(|guest| !guest.revoked).count() >= AT_ONCE {
            errors.add("name", ENOUGH);
        }
    } else {
        errors.add("name", "Guests join a video visit of one patient that is still to come");
    }
    Ok(match kind.filter(|_| errors.is_empty()) {
        Some(kind) => Ok((name, kind)),
        None => Err(errors),
    })
}

/// Invites somebody; the link is shown once.
///
/// # Errors
/// Where the visit can have no guest any more, or the role invites nobody.
pub async fn invite(ctx: &Ctx, tx: &mut Tx, visit: &VisitRow, name: &str, kind: Kind) -> Result<String> {
    let organization = ctx.actor.organization;
    let (id, secret) = (new_uuid(), secret());
    let keys = ctx.app.keys(tx, organization).await?;
    let sealed = keys.seal(organization, "visit_guest", "name", id, name).map_err(anyhow::Error::from)?;
    let new = queries::NewGuest { id, kind, name_enc: &sealed, token_hash: &hash(&secret) };
    queries::insert(tx, &ctx.by(), visit, &new).await.map_err(told)?;
    let event = Event::new(Action::Create, "visit_guest").of(id).about(Some(visit.patient_id));
    let details = json!({ "visit": visit.id, "kind": kind.as_str() });
    events::record(tx, &ctx.by(), event.at(Some(visit.facility_id)).with(details)).await?;
    let base = ctx.app.public_base().unwrap_or_default();
    Ok(format!("{base}/guest/{organization}.{id}.{secret}"))
}

/// Withdraws a link; whoever came by it is out of the call.
///
/// # Errors
/// Where the database does not answer.
pub async fn withdraw(ctx: &Ctx, tx: &mut Tx, visit: &VisitRow, guest: Uuid) -> Result<()> {
    if queries::revoke(tx, ctx.actor.organization, visit.id, guest).await.map_err(told)? {
        let event = Event::new(Action::Delete, "visit_guest").of(guest).about(Some(visit.patient_id));
        let details = json!({ "visit": visit.id });
        events::record(tx, &ctx.by(), event.at(Some(visit.facility_id)).with(details)).await?;
    }
    Ok(())
}

/// A guest's browser.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Where.
    pub organization: OrganizationId,
    /// Which guest.
    pub id: Uuid,
    /// The hash of the secret that this browser was given when it joined.
    browser: Vec<u8>,
}

impl Bearer {
    /// How the call stands for this browser: over where the link was withdrawn, another browser has come in its place, or the visit is over.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub(super) async fn status(&self, conn: &mut PgConnection, session: Option<&SessionRow>) -> Result<SessionStatus> {
        let standing = queries::standing(conn, self.organization, self.id, &self.browser).await?;
        Ok(match (standing, session.map(|session| session.status)) {
            (None, _) | (_, Some(SessionStatus::Ended)) => SessionStatus::Ended,
            (Some(standing), _) if !standing.goes_on => SessionStatus::Ended,
            (Some(standing), Some(SessionStatus::Active)) if standing.admitted => SessionStatus::Active,
            (Some(_), _) => SessionStatus::Waiting,
        })
    }

    /// Notes that the page is open.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub(super) async fn seen(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        queries::seen(conn, self.organization, self.id).await
    }
}
