//! Reports on cases: how old what is open is, how long each stage takes, who has how much, what is opened and completed
//! each week. Numbers only: the owner of an organization reads them without seeing a case.

mod figures;
mod file;
mod pages;
mod queries;

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeZone};
use serde::Deserialize;

pub use figures::BANDS;
pub use file::csv;

use crate::access::Permission;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::ui::Tab;
use crate::web::{Ctx, Page};
use figures::Figures;
use pages::{Paper, Screen};

/// How many weeks a report may look back.
const PERIODS: [u64; 4] = [4, 12, 26, 52];

/// Where a report begins unless somebody chooses.
const USUAL: u64 = 12;

/// What was asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPeriod {
    /// How many weeks, this one included.
    weeks: String,
}

/// The weeks that a report looks back, this one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    weeks: u64,
    /// The Monday of the first week.
    first: NaiveDate,
    since: Timestamp,
    until: Timestamp,
}

impl Period {
    fn of(raw: &RawPeriod, ctx: &Ctx) -> Self {
        let weeks = raw.weeks.parse().ok().filter(|weeks| PERIODS.contains(weeks)).unwrap_or(USUAL);
        let first = monday(ctx.today()) - Days::new(7 * (weeks - 1));
        let midnight = first.and_time(NaiveTime::MIN);
        let since = ctx
            .actor
            .zone
            .from_local_datetime(&midnight)
            .earliest()
            .map_or_else(|| midnight.and_utc(), |at| at.to_utc());
        Self { weeks, first, since, until: ctx.now() }
    }

    /// The Mondays of all weeks.
    fn mondays(&self) -> impl Iterator<Item = NaiveDate> {
        let first = self.first;
        (0..self.weeks).map(move |week| first + Days::new(7 * week))
    }

    fn tabs(self) -> Vec<Tab> {
        let tab = |weeks| Tab {
            href: format!("/reports/cases?weeks={weeks}"),
            label: format!("{weeks} weeks"),
            count: None,
            current: weeks == self.weeks,
        };
        PERIODS.into_iter().map(tab).collect()
    }
}

fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

/// `GET /reports/cases`: the page.
pub async fn show(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawPeriod>) -> Page {
    let period = Period::of(&raw, &ctx);
    let figures = read(&ctx, &mut tx, period).await?;
    let shell = ctx.shell(&mut tx, "Reports on cases", Area::Reports).await?;
    tx.commit().await?;
    let weeks = period.weeks;
    let page = Screen {
        shell,
        tabs: period.tabs(),
        file: format!("/reports/cases.csv?weeks={weeks}"),
        paper: format!("/reports/cases/print?weeks={weeks}"),
        opens: ctx.actor.may(Permission::ViewCases),
        figures,
    };
    ctx.page(&page, page.as_report())
}

/// `GET /reports/cases/print`: the same on paper.
pub async fn print(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawPeriod>) -> Page {
    let period = Period::of(&raw, &ctx);
    let figures = read(&ctx, &mut tx, period).await?;
    let shell = ctx.shell(&mut tx, "Reports on cases", Area::Reports).await?;
    tx.commit().await?;
    let page = Paper { shell, back: format!("/reports/cases?weeks={}", period.weeks), figures };
    ctx.page(&page, &page)
}

/// The figures, in four statements.
async fn read(ctx: &Ctx, tx: &mut Tx, period: Period) -> Result<Figures> {
    let open = queries::open(tx).await?;
    let stages = queries::stages(tx, period.since, period.until).await?;
    let load = queries::load(tx).await?;
    let weeks = queries::weeks(tx, period.since, period.until, ctx.actor.zone.name()).await?;
    Ok(Figures::new(period, &open, stages, load, &weeks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_begins_on_monday() {
        for (day, first) in [("2026-11-21", "2026-11-16"), ("2026-11-16", "2026-11-16"), ("2027-01-01", "2026-12-28")] {
            assert_eq!(monday(day.parse().unwrap()).to_string(), first);
        }
    }
}
