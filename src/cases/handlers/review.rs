//! `GET /cases/review`: what a chair has to give to somebody, beside who has how much.

use super::{choices, reveal, time};
use crate::cases::filter::{RawFilter, View};
use crate::cases::pages::Review;
use crate::cases::queries::list::{self, Wanted};
use crate::cases::queries::people;
use crate::db::Tx;
use crate::events::Action;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// As many as one form may move.
const MOST: i64 = 50;

/// The page.
pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let mut filter = RawFilter::default().parse()?;
    filter.view = View::Review;
    let mut rows = list::page(&mut tx, &Wanted::new(&ctx.actor, &filter), MOST + 1).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > MOST);
    if more {
        rows.pop();
    }
    let workload = people::workload(&mut tx, ctx.actor.organization).await?;
    let items = reveal(&ctx, &mut tx, rows, Action::View, "review").await?;
    let shell = ctx.shell(&mut tx, "Cases to review", Area::Cases).await?;
    tx.commit().await?;
    let people: Vec<_> = workload.iter().map(|load| load.person.clone()).collect();
    let choices = choices(&people, "");
    let page = Review { shell, time: time(&ctx), items, more, workload, choices };
    ctx.page(&page, &page)
}
