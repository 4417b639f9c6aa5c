//! `GET /cases/{id}/print`: the whole case on paper.

use askama::Template;
use chrono_tz::Tz;

use super::queries::{self, Cover, Listed};
use super::story::{self, Show};
use crate::cases::{self, Head};
use crate::db::Tx;
use crate::events::{self, Action, Event};
use crate::ids::CaseId;
use crate::tasks;
use crate::web::form::Id;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::Entry;
use crate::web::{Ctx, Page, filters, format};

/// The bundle.
#[derive(Debug, Template)]
#[template(path = "casework/print.html")]
pub struct PrintPage {
    shell: Shell,
    case: Head,
    cover: Cover,
    person: Option<String>,
    description: Option<String>,
    tasks: tasks::Panel,
    documents: Vec<Listed>,
    entries: Vec<Entry>,
    zone: Tz,
}

/// Cover, summary, tasks, documents and time line. That it was laid out for paper is written down.
pub async fn print(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>) -> Page {
    let organization = ctx.actor.organization;
    let case = cases::head(&mut tx, organization, id).await?;
    let event = Event::new(Action::Print, "case").of(id).about(case.patient).at(case.facility);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let cover = queries::cover(&mut tx, organization, id).await?;
    let person = match case.patient {
        Some(patient) => queries::person(&mut tx, organization, patient).await?,
        None => None,
    };
    let tasks = tasks::panel(&ctx, &mut tx, &case).await?;
    let documents = queries::listed(&mut tx, organization, id).await?;
    let story = story::read(&ctx, &mut tx, &case, Show::All, &proof).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let description = match &cover.description_enc {
        Some(sealed) => {
            let text =
                keys.open(organization, "cases", "description", id.uuid(), sealed).map_err(anyhow::Error::from)?;
            Some(text.reveal(&proof).clone())
        }
        None => None,
    };
    let shell = ctx.shell(&mut tx, format!("{} on paper", case.reference()), Area::Cases).await?;
    tx.commit().await?;
    let page = PrintPage {
        person: person.map(|(first, last)| format::person(&last, &first, None)),
        entries: story.entries,
        zone: ctx.actor.zone,
        shell,
        case,
        cover,
        description,
        tasks,
        documents,
    };
    ctx.page(&page, &page)
}
