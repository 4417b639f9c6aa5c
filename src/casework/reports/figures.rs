//! The figures as the page, the sheet and the file print them.

use super::Period;
use super::queries::{Load, Open, Stage, Week};
use crate::cases::model::CaseStatus;
use crate::charts::{self, Bar, Columns};
use crate::web::format;

/// The first week of each band of ages, and its words.
pub const BANDS: [(i32, &str); 5] =
    [(0, "Under 1 week"), (1, "1 to 2 weeks"), (2, "2 to 4 weeks"), (4, "4 to 13 weeks"), (13, "Over 13 weeks")];

/// Open cases of one state.
#[derive(Debug)]
pub struct Age {
    /// The state.
    pub status: CaseStatus,
    /// One count for each band.
    pub counts: [i64; BANDS.len()],
    /// The row as a bar.
    pub bar: Bar,
}

impl Age {
    /// All ages together.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }
}

/// How long one stage takes.
#[derive(Debug)]
pub struct Took {
    /// The stage.
    pub status: CaseStatus,
    /// How often it was left in the period.
    pub moves: i64,
    /// Half of them took no longer, nine in ten took no longer; none where it was not left.
    pub times: Option<(String, String)>,
    /// Both as a bar.
    pub bar: Bar,
}

/// What one caseworker has.
#[derive(Debug)]
pub struct Worker {
    /// Given and family name.
    pub name: String,
    /// The counts.
    pub load: Load,
    /// The row as a bar.
    pub bar: Bar,
}

/// One week.
#[derive(Debug)]
pub struct Flow {
    /// `16-Nov-2026`, its Monday.
    pub label: String,
    /// Cases opened.
    pub opened: i64,
    /// Cases completed.
    pub completed: i64,
}

/// Everything that a report says.
#[derive(Debug)]
pub struct Figures {
    /// `31-Aug-2026`: when the period began.
    pub since: String,
    /// How many weeks it has.
    pub weeks: u64,
    /// Open cases by state and age.
    pub ages: Vec<Age>,
    /// The time of each stage.
    pub stages: Vec<Took>,
    /// The load of each caseworker.
    pub workers: Vec<Worker>,
    /// The weeks, the oldest first.
    pub flow: Vec<Flow>,
    /// The weeks as a chart.
    pub columns: Columns,
}

impl Figures {
    /// Puts together what was counted.
    #[must_use]
    pub fn new(period: Period, open: &[Open], stages: Vec<Stage>, load: Vec<Load>, weeks: &[Week]) -> Self {
        let flow: Vec<Flow> = period
            .mondays()
            .map(|monday| {
                let week = weeks.iter().find(|week| week.week == monday);
                Flow {
                    label: format::date(monday),
                    opened: week.map_or(0, |week| week.opened),
                    completed: week.map_or(0, |week| week.completed),
                }
            })
            .collect();
        let labels: Vec<String> = period.mondays().map(format::day_month).collect();
        let opened: Vec<f64> = flow.iter().map(|week| float(week.opened)).collect();
        let completed: Vec<f64> = flow.iter().map(|week| float(week.completed)).collect();
        Self {
            since: format::date(period.first),
            weeks: period.weeks,
            ages: ages(open),
            stages: took(&stages),
            workers: workers(load),
            columns: charts::columns(
                "flow",
                "Cases of each week",
                &labels,
                ("opened", &opened),
                ("completed", &completed),
            ),
            flow,
        }
    }

    /// All open cases.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.ages.iter().map(Age::total).sum()
    }

    /// Open cases of each age, whatever their state.
    #[must_use]
    pub fn by_age(&self) -> [i64; BANDS.len()] {
        self.ages.iter().fold([0; BANDS.len()], |mut sums, age| {
            sums.iter_mut().zip(age.counts).for_each(|(sum, count)| *sum += count);
            sums
        })
    }

    /// Cases completed in the period.
    #[must_use]
    pub fn completed(&self) -> i64 {
        self.flow.iter().map(|week| week.completed).sum()
    }

    /// Cases opened in the period.
    #[must_use]
    pub fn opened(&self) -> i64 {
        self.flow.iter().map(|week| week.opened).sum()
    }
}

/// The states in which a case is open.
fn stages_of_work() -> impl Iterator<Item = CaseStatus> {
    CaseStatus::ALL.iter().copied().filter(|status| status.is_open())
}

fn ages(open: &[Open]) -> Vec<Age> {
    let of = |status: CaseStatus, week: i32| {
        open.iter().filter(|one| one.status == status.as_str() && one.week == week).map(|one| one.cases).sum::<i64>()
    };
    let counts: Vec<_> = stages_of_work().map(|status| (status, BANDS.map(|(week, _)| of(status, week)))).collect();
    let most = counts.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(0);
    counts
        .into_iter()
        .map(|(status, counts)| Age { status, bar: charts::bar(&counts.map(float), float(most)), counts })
        .collect()
}

fn took(stages: &[Stage]) -> Vec<Took> {
    let longest = stages.iter().map(|stage| stage.p90_seconds).fold(0.0, f64::max);
    let row = |status: CaseStatus| {
        let stage = stages.iter().find(|stage| stage.stage == status.as_str());
        let seconds = stage.map_or((0.0, 0.0), |stage| (stage.median_seconds, stage.p90_seconds));
        Took {
            status,
            moves: stage.map_or(0, |stage| stage.moves),
            times: stage.map(|stage| (in_words(stage.median_seconds), in_words(stage.p90_seconds))),
            bar: charts::reach(seconds.0, seconds.1, longest),
        }
    };
    stages_of_work().map(row).collect()
}

fn workers(load: Vec<Load>) -> Vec<Worker> {
    let parts = |load: &Load| [load.assigned, load.in_progress, load.waiting];
    let most = load.iter().map(|load| parts(load).iter().sum()).max().unwrap_or(0);
    load.into_iter()
        .map(|load| Worker {
            name: format!("{} {}", load.first_name, load.last_name),
            bar: charts::bar(&parts(&load).map(float), float(most)),
            load,
        })
        .collect()
}

/// A count as a length.
fn float(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

/// "42 min", "31 h", "4.5 d": as much as helps to compare.
#[must_use]
pub fn in_words(seconds: f64) -> String {
    const HOUR: f64 = 3_600.0;
    const DAY: f64 = 24.0 * HOUR;
    match seconds {
        seconds if seconds < 2.0 * HOUR => format::quantity(&format::number(seconds / 60.0, 0), "min"),
        seconds if seconds < 2.0 * DAY => format::quantity(&format::number(seconds / HOUR, 0), "h"),
        seconds => format::quantity(&format::number(seconds / DAY, 1), "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_coarsely_as_helps() {
        let said = |seconds| in_words(seconds).replace('\u{a0}', " ");
        assert_eq!(said(90.0), "2 min");
        assert_eq!(said(3_600.0 * 31.0), "31 h");
        assert_eq!(said(86_400.0 * 4.5), "4.5 d");
        assert_eq!(said(86_400.0 * 40.0), "40 d");
    }

    #[test]
    fn every_open_state_has_its_row_whatever_was_counted() {
        let open = [
            Open { status: "ASSIGNED".to_owned(), week: 4, cases: 3 },
            Open { status: "ASSIGNED".to_owned(), week: 0, cases: 1 },
        ];
        let rows = ages(&open);
        assert_eq!(rows.len(), 5);
        let assigned = rows.iter().find(|row| row.status == CaseStatus::Assigned).unwrap();
        assert_eq!((assigned.counts, assigned.total()), ([1, 0, 0, 3, 0], 4));
        assert!(took(&[]).iter().all(|stage| stage.times.is_none() && stage.moves == 0));
    }
}
