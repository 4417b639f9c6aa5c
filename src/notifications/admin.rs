//! The outbox, for who runs the system: what could not be delivered, and what every message says.

use serde_json::json;
use url::Url;

use super::pages::{Line, Outbox, Words};
use super::{gateways, queries};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::NotificationId;
use crate::outbox::{Channel, Kind, letter};
use crate::web::flash::Flash;
use crate::web::form::Id;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

const PAGE: &str = "/admin/notifications";

/// Messages of each state that are shown: who has more dead than this has one cause, not a list to work through.
const SHOWN: i64 = 50;

/// `GET /admin/notifications`
pub async fn index(ctx: Ctx, mut tx: Tx) -> Page {
    let page = outbox(&ctx, &mut tx).await?;
    ctx.page(&page, page.as_outbox())
}

/// `GET /admin/notifications/words`: what every message says, as it would leave.
pub async fn words(ctx: Ctx, mut tx: Tx) -> Page {
    let name = queries::sender(&mut tx, ctx.actor.organization).await?;
    let portal: Url = ctx.app.courier.portal().into_owned();
    let example = |kind: Kind| {
        let path = match kind {
            Kind::CaseAssigned | Kind::CaseReturned | Kind::CaseWaiting | Kind::CaseMoved | Kind::CaseOverdue => {
                "/cases/1"
            }
            Kind::AlertAssigned => "/alerts/1",
            Kind::MessageAssigned => "/threads/1",
            Kind::MessageReply => "/my/messages/1",
            Kind::VisitOffered | Kind::VisitChanged | Kind::VisitCancelled | Kind::VisitReminder => "/my/visits",
            Kind::DetailsAnswered => "/my/details",
        };
        (kind, path.to_owned())
    };
    let write = |channel, lines: &[(Kind, String)]| letter(channel, &portal, &name, lines);
    let letters = Kind::ALL.iter().map(|kind| {
        let lines = [example(*kind)];
        (*kind, write(Channel::Email, &lines), write(Channel::Sms, &lines))
    });
    let several = [example(Kind::VisitChanged), example(Kind::MessageReply)];
    let page = Words {
        letters: letters.collect(),
        bundle: write(Channel::Email, &several),
        shell: ctx.shell(&mut tx, "What messages say", Area::Outbox).await?,
    };
    ctx.whole_page(axum::http::StatusCode::OK, &page)
}

/// `POST /admin/notifications/{id}/retry`: from the beginning.
pub async fn retry(ctx: Ctx, tx: Tx, Id(id): Id<NotificationId>) -> Page {
    settle(&ctx, tx, id, true, "The message will be tried again").await
}

/// `POST /admin/notifications/{id}/discard`: off the list for good.
pub async fn discard(ctx: Ctx, tx: Tx, Id(id): Id<NotificationId>) -> Page {
    settle(&ctx, tx, id, false, "The message was discarded").await
}

async fn settle(ctx: &Ctx, mut tx: Tx, id: NotificationId, again: bool, words: &'static str) -> Page {
    let organization = ctx.actor.organization;
    if !queries::settle(&mut tx, organization, id, again).await? {
        return Err(if queries::exists(&mut tx, organization, id).await? {
            Error::Conflict("The message is not among those given up any more: somebody was quicker.".to_owned())
        } else {
            Error::NotFound
        });
    }
    let event = Event::new(Action::Update, "notification").of(id).with(json!({ "again": again }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let page = outbox(ctx, &mut tx).await?;
    tx.commit().await?;
    ctx.fragment_or_redirect(&page.as_outbox(), PAGE, Flash::ok(words))
}

async fn outbox(ctx: &Ctx, tx: &mut Tx) -> Result<Outbox> {
    let organization = ctx.actor.organization;
    let mut of = async |states: &[&str]| -> Result<Vec<Line>> {
        let rows = queries::lines(tx, organization, states, SHOWN).await?;
        Ok(rows.into_iter().map(|row| Line { row }).collect())
    };
    let dead = of(&["DEAD"]).await?;
    let waiting = of(&["QUEUED", "SENDING", "FAILED"]).await?;
    let done = of(&["SENT", "CANCELLED"]).await?;
    let carried = gateways::ways(ctx, tx).await?;
    let ways = Channel::OUTSIDE.into_iter().map(|way| (way, carried.contains(&way))).collect();
    let shell = ctx.shell(tx, "Outbox", Area::Outbox).await?;
    Ok(Outbox { shell, dead, waiting, done, ways, now: ctx.now(), zone: ctx.actor.zone })
}
