//! Who is here, who waits how long, and the screen on the wall.

use chrono::Days;

use super::{places, saw};
use crate::access::Permission;
use crate::db::Tx;
use crate::visits::derive::day_begins;
use crate::visits::model::VisitStatus;
use crate::visits::pages::arrivals::{Board, Screen};
use crate::visits::queries::{people, visits};
use crate::visits::video::moves::has_room;
use crate::visits::video::queries as video;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// `GET /arrivals`
pub async fn board(ctx: Ctx, mut tx: Tx) -> Page {
    let rows = today(&ctx, &mut tx).await?;
    saw(&ctx, &mut tx, "visit", rows.iter().map(|row| row.patient_id), "arrivals").await?;
    let calls: Vec<_> =
        rows.iter().filter(|row| row.status.is_open() && has_room(row)).map(|row| row.id.uuid()).collect();
    let (mut rooms, mut me) = (Vec::new(), None);
    if !calls.is_empty() {
        rooms = video::of_visits(&mut tx, ctx.actor.organization, &calls).await?;
        me = people::me(&mut tx, &ctx.actor).await?;
    }
    let shell = ctx.shell(&mut tx, "Arrivals", Area::Schedule).await?;
    let now = visits::now(&mut tx).await?;
    tx.commit().await?;
    let of = |status| rows.iter().filter(|row| row.status == status).cloned().collect::<Vec<_>>();
    let mut waiting = of(VisitStatus::CheckedIn);
    waiting.sort_by_key(|row| row.checked_in_at);
    let page = Board {
        shell,
        waiting,
        with_somebody: of(VisitStatus::InProgress),
        expected: of(VisitStatus::Planned),
        rooms: rooms.into_iter().map(|room| (room.visit_id, room)).collect(),
        me,
        books: ctx.actor.may(Permission::CheckInVisits),
        begins: ctx.actor.may(Permission::ConductVisits),
        now,
        zone: ctx.actor.zone,
    };
    ctx.page(&page, page.as_board())
}

/// `GET /arrivals/screen`: for a wall. Numbers only: nobody's name, and no other link than back.
pub async fn screen(ctx: Ctx, mut tx: Tx) -> Page {
    let rows = today(&ctx, &mut tx).await?;
    let shell = ctx.shell(&mut tx, "Waiting numbers", Area::Schedule).await?;
    tx.commit().await?;
    let of = |status| {
        let rows = rows.iter().filter(|row| row.status == status);
        rows.filter_map(|row| row.waiting_number).collect::<Vec<_>>()
    };
    let page = Screen { shell, now: of(VisitStatus::InProgress), next: of(VisitStatus::CheckedIn) };
    ctx.page(&page, page.as_numbers())
}

async fn today(ctx: &Ctx, tx: &mut Tx) -> crate::error::Result<Vec<visits::VisitRow>> {
    let facilities = places(ctx, tx).await?;
    let (zone, day) = (ctx.actor.zone, ctx.today());
    let (from, until) = (day_begins(zone, day), day_begins(zone, day + Days::new(1)));
    visits::at_facilities(tx, &ctx.actor, &facilities, from, until).await
}
