//! The schedule: a week, a day, a month.

use askama::Template;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use chrono_tz::Tz;

use super::week::{Day, Tally};
use crate::access::Permission;
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::visits::model::{Mode, VisitStatus};
use crate::visits::queries::people::Provider;
use crate::visits::queries::requests::RequestRow;
use crate::visits::queries::visits::VisitRow;
use crate::web::shell::Shell;
use crate::web::ui::Choice;
use crate::web::{Ctx, filters};

/// What all three share: where we are, and the ways from here.
#[derive(Debug)]
pub struct Frame {
    /// The day looked at.
    pub date: NaiveDate,
    /// `week`, `day` or `month`.
    pub layout: &'static str,
    /// In a room or by video only.
    pub mode: Option<Mode>,
    /// Whose week or month.
    pub provider: Option<Provider>,
    /// Whose day only, where it was asked for.
    pub only: Option<StaffId>,
    /// Everybody there is.
    pub providers: Vec<Provider>,
    /// Whether this person books and changes availability.
    pub books: bool,
}

impl Frame {
    /// From the request.
    #[must_use]
    pub fn new(
        ctx: &Ctx,
        date: NaiveDate,
        layout: &str,
        mode: Option<Mode>,
        provider: Option<Provider>,
        providers: Vec<Provider>,
    ) -> Self {
        let layout = match layout {
            "day" => "day",
            "month" => "month",
            _ => "week",
        };
        Self { date, layout, mode, only: None, provider, providers, books: ctx.actor.may(Permission::BookVisits) }
    }

    /// The address of another day or layout.
    #[must_use]
    pub fn at(&self, layout: &str, date: &NaiveDate) -> String {
        let provider = self.provider.as_ref().map_or_else(String::new, |provider| format!("&provider={}", provider.id));
        let mode = self.mode.map_or_else(String::new, |mode| format!("&mode={}", mode.as_str()));
        format!("/schedule?layout={layout}&date={date}{provider}{mode}")
    }

    /// The same, one step earlier.
    #[must_use]
    pub fn previous(&self) -> String {
        let date = match self.layout {
            "day" => self.date.checked_sub_days(Days::new(1)),
            "month" => self.date.checked_sub_months(Months::new(1)),
            _ => self.date.checked_sub_days(Days::new(7)),
        };
        self.at(self.layout, &date.unwrap_or(self.date))
    }

    /// The same, one step later.
    #[must_use]
    pub fn next(&self) -> String {
        let date = match self.layout {
            "day" => self.date.checked_add_days(Days::new(1)),
            "month" => self.date.checked_add_months(Months::new(1)),
            _ => self.date.checked_add_days(Days::new(7)),
        };
        self.at(self.layout, &date.unwrap_or(self.date))
    }

    fn today(&self, now: &Timestamp, zone: &Tz) -> String {
        self.at(self.layout, &now.with_timezone(zone).date_naive())
    }

    fn people(&self) -> Vec<Choice> {
        super::super::handlers::provider_choices(&self.providers, self.provider.as_ref().map(|one| one.id))
    }

    fn modes(&self) -> Vec<Choice> {
        let all = Choice::new("", "All modes", self.mode.is_none());
        let modes = Mode::ALL.iter().map(|mode| Choice::new(mode.as_str(), mode.label(), self.mode == Some(*mode)));
        std::iter::once(all).chain(modes).collect()
    }
}

/// A week of one person.
#[derive(Debug, Template)]
#[template(path = "visits/week.html", blocks = ["main"])]
pub struct WeekPage {
    /// The frame of the page.
    pub shell: Shell,
    /// Where we are.
    pub frame: Frame,
    /// The first day.
    pub monday: NaiveDate,
    /// Five days, or seven where the weekend holds something.
    pub days: Vec<Day>,
    /// How much of each kind.
    pub tally: Tally,
    /// Requests that wait; none where this person does not see them.
    pub waiting: Option<Vec<RequestRow>>,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl WeekPage {
    fn title(&self) -> String {
        let last = self.monday + Days::new(self.days.len().saturating_sub(1).try_into().unwrap_or(4));
        if last.month() == self.monday.month() {
            format!("{} to {}", self.monday.format("%-d"), last.format("%-d %B %Y"))
        } else {
            format!("{} to {}", self.monday.format("%-d %B"), last.format("%-d %B %Y"))
        }
    }

    fn meta(&self) -> String {
        let abbreviation = self.shell.now.with_timezone(&self.zone).format("%Z");
        format!("Week {}, times in {} ({abbreviation})", self.monday.iso_week().week(), self.zone)
    }

    fn hours(&self) -> Vec<(usize, String)> {
        let first = self.tally.first_hour;
        (0..self.tally.hours).map(|hour| (hour * 4, format!("{:02}:00", first + hour))).collect()
    }
}

/// A day of everybody.
#[derive(Debug, Template)]
#[template(path = "visits/day.html", blocks = ["main"])]
pub struct DayPage {
    /// The frame of the page.
    pub shell: Shell,
    /// Where we are.
    pub frame: Frame,
    /// The visits.
    pub rows: Vec<VisitRow>,
    /// Whether this person checks in and cancels.
    pub may_change: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl DayPage {
    fn count(&self, status: VisitStatus) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }

    fn meta(&self) -> String {
        format!(
            "{} visits, {} seen, {} waiting",
            self.rows.len(),
            self.count(VisitStatus::Completed),
            self.count(VisitStatus::CheckedIn)
        )
    }
}

/// One day of a month.
#[derive(Debug)]
pub struct MonthDay {
    /// Which.
    pub day: NaiveDate,
    /// Whether it is today.
    pub today: bool,
    /// Visits.
    pub booked: usize,
    /// Slots to be had.
    pub free: usize,
    /// Minutes of visits.
    pub booked_minutes: i64,
    /// Minutes to be had.
    pub free_minutes: i64,
}

impl MonthDay {
    fn total(&self) -> i64 {
        self.booked_minutes + self.free_minutes
    }

    fn words(&self) -> String {
        format!("{} of {} minutes booked", self.booked_minutes, self.total())
    }
}

/// A month of one person, with the load of each day.
#[derive(Debug, Template)]
#[template(path = "visits/month.html", blocks = ["main"])]
pub struct MonthPage {
    /// The frame of the page.
    pub shell: Shell,
    /// Where we are.
    pub frame: Frame,
    /// The first day.
    pub first: NaiveDate,
    /// Its days.
    pub days: Vec<MonthDay>,
}

impl MonthPage {
    fn title(&self) -> String {
        self.first.format("%B %Y").to_string()
    }

    fn meta(&self) -> String {
        let booked: usize = self.days.iter().map(|day| day.booked).sum();
        let minutes: i64 = self.days.iter().map(|day| day.booked_minutes).sum();
        format!("{booked} visits, {} hours", (minutes + 30) / 60)
    }

    /// Weeks of seven, with blanks before the first and after the last.
    fn weeks(&self) -> Vec<Vec<Option<&MonthDay>>> {
        let blanks = self.first.weekday().num_days_from_monday();
        let mut cells: Vec<Option<&MonthDay>> = (0..blanks).map(|_| None).collect();
        cells.extend(self.days.iter().map(Some));
        while !cells.len().is_multiple_of(7) {
            cells.push(None);
        }
        cells.chunks(7).map(<[_]>::to_vec).collect()
    }
}
