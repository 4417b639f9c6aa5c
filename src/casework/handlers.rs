//! The time line with its filter, saying something, following.

use askama::Template;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::panels::{Newer, TimelinePage, story_panel};
use super::story::{Show, subject};
use super::{follow as following, queries};
use crate::cases::{self, Head};
use crate::clock;
use crate::comments::{self, Said};
use crate::db::Tx;
use crate::events::{self, Action, Event};
use crate::ids::CaseId;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// The filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawShow {
    /// `all`, `comments`, `changes` or `tasks`.
    pub show: String,
}

/// `GET /cases/{id}/timeline?show=comments`
pub async fn timeline(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Query(raw): Query<RawShow>) -> Page {
    let case = cases::head(&mut tx, ctx.actor.organization, id).await?;
    page(&ctx, tx, case, Show::of(&raw.show), (&Said::default(), FormErrors::default())).await
}

/// Since when.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSince {
    /// Microseconds since 1970.
    since: i64,
}

/// `GET /cases/{id}/timeline/newer?since=…`: how much happened since the page was made, and nothing of what. Asked by the
/// page itself whenever a case changes, so it shows nothing that would have to be written down.
pub async fn newer(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Query(raw): Query<RawSince>) -> Page {
    let since = clock::moment(raw.since).unwrap_or_else(|| ctx.now());
    let newer = queries::newer(&mut tx, ctx.actor.organization, id, since).await?;
    let noun = if newer == 1 { "entry" } else { "entries" };
    ctx.fragment(&Newer { href: format!("/cases/{id}"), newer, noun })
}

/// `POST /cases/{id}/comments`
pub async fn comment(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Form(said): Form<Said>) -> Page {
    let case = cases::head(&mut tx, ctx.actor.organization, id).await?;
    match said.parse() {
        Err(errors) => page(&ctx, tx, case, Show::All, (&said, errors)).await,
        Ok((key, text)) => {
            let audience = following::audience(&ctx, &mut tx, &case).await?;
            comments::add(&ctx, &mut tx, &subject(&case), key, &text, &audience).await?;
            tx.commit().await?;
            Ok(ctx.redirect(&format!("/cases/{id}#story"), Some(&Flash::ok("Comment added"))))
        }
    }
}

/// `POST /cases/{id}/following`
pub async fn follow(ctx: Ctx, tx: Tx, Id(id): Id<CaseId>) -> Page {
    set(ctx, tx, id, true).await
}

/// `POST /cases/{id}/following/end`
pub async fn unfollow(ctx: Ctx, tx: Tx, Id(id): Id<CaseId>) -> Page {
    set(ctx, tx, id, false).await
}

async fn set(ctx: Ctx, mut tx: Tx, id: CaseId, wanted: bool) -> Page {
    let case = cases::head(&mut tx, ctx.actor.organization, id).await?;
    if queries::follow(&mut tx, ctx.actor.organization, id, ctx.actor.user.uuid(), wanted).await? {
        let action = if wanted { Action::Create } else { Action::Delete };
        let event = Event::new(action, "case_follower").of(id).about(case.patient).at(case.facility);
        events::record(&mut tx, &ctx.by(), event.with(json!({ "case": id }))).await?;
    }
    tx.commit().await?;
    let flash = if wanted { "You follow this case now" } else { "You no longer follow this case" };
    Ok(ctx.redirect(&format!("/cases/{id}"), Some(&Flash::ok(flash))))
}

async fn page(ctx: &Ctx, mut tx: Tx, case: Head, show: Show, (said, errors): (&Said, FormErrors)) -> Page {
    let event = Event::new(Action::View, "case").of(case.id).about(case.patient).at(case.facility);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let fine = errors.is_empty();
    let story = story_panel(ctx, &mut tx, &case, show, (said, errors), &proof).await?;
    let shell = ctx.shell(&mut tx, format!("Timeline of {}", case.reference()), Area::Cases).await?;
    tx.commit().await?;
    let page = TimelinePage { shell, case, story };
    if fine { ctx.page(&page, page.as_panel()) } else { Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page.render()?)) }
}
