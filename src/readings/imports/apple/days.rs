//! What devices count in pieces, summed up by day.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::{Unreadable, vendor};
use crate::readings::metric::Metric;
use crate::readings::model::Vendor;

/// Days times devices that are summed up: thirty years of nine devices.
const SUMS: usize = 100_000;

/// The longest name of a device that is told from others, in characters: all of them are in memory.
const NAME_CHARS: usize = 100;

const MANY: Unreadable = Unreadable::new("The file names more devices and days than a life has. It is not taken.");

/// What devices counted, day by day.
#[derive(Default)]
pub(super) struct Sums {
    devices: HashMap<String, u32>,
    days: BTreeMap<(Metric, NaiveDate, u32), Sum>,
}

/// What one device counted on one day.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub total: f64,
    pub end: DateTime<FixedOffset>,
    pub vendor: Option<Vendor>,
}

impl Sums {
    pub fn add(
        &mut self,
        metric: Metric,
        day: NaiveDate,
        name: &str,
        end: DateTime<FixedOffset>,
        more: f64,
    ) -> Result<(), Unreadable> {
        let next = u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        let name = name.char_indices().nth(NAME_CHARS).and_then(|(end, _)| name.get(..end)).unwrap_or(name);
        let device = match self.devices.get(name) {
            Some(device) => *device,
            None => *self.devices.entry(name.to_owned()).or_insert(next),
        };
        let new = Sum { total: 0.0, end, vendor: vendor(name) };
        let sum = self.days.entry((metric, day, device)).or_insert(new);
        sum.total += more;
        sum.end = sum.end.max(end);
        if self.days.len() > SUMS || self.devices.len() > SUMS { Err(MANY) } else { Ok(()) }
    }

    /// Of each day the device that counted most.
    pub fn days(&mut self) -> BTreeMap<(Metric, NaiveDate), Sum> {
        let mut days: BTreeMap<(Metric, NaiveDate), Sum> = BTreeMap::new();
        for ((metric, day, _), sum) in std::mem::take(&mut self.days) {
            let best = days.entry((metric, day)).or_insert(sum);
            if sum.total > best.total {
                *best = sum;
            }
        }
        days
    }
}
