//! Whether values rise or fall: the Theil–Sen slope says by how much, the Mann–Kendall test whether that could be chance.
//!
//! Both look at the medians of days, so that a day with many readings weighs no more than one with few, and one wild reading
//! moves nothing: up to 29 % of the days may be wrong before the slope is. A line by least squares is bent by a single outlier, and
//! home readings have them. Nothing is assumed of how the values are distributed. See docs/rules.md.

use std::sync::OnceLock;

/// With fewer days there is no trend: five in a row that rise without exception come by chance once in 120 times, four once in 24.
pub const FEWEST_DAYS: usize = 5;

/// The most days that are looked at: the longest window.
const MOST_DAYS: usize = 91;

/// The risk of calling chance a trend, on one side.
const RISK: f64 = 0.05;

/// A change over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Days with readings.
    pub days: usize,
    /// Median of the slopes between every two days, a day.
    pub slope: f64,
    /// What that comes to from the first to the last of the days.
    pub change: f64,
    /// Whether so many days would go the same way by chance less than once in 20 times.
    pub certain: bool,
}

/// The trend of the `days` (number of the day, median), ascending; none where they are too few, or cover less than half of the window.
#[must_use]
pub fn of(days: &[(f64, f64)], window_days: i16) -> Option<Trend> {
    let days = &days[days.len().saturating_sub(MOST_DAYS)..];
    let span = days.last()?.0 - days.first()?.0;
    if days.len() < FEWEST_DAYS || span * 2.0 < f64::from(window_days) - 1.0 {
        return None;
    }
    let mut slopes = Vec::with_capacity(days.len() * (days.len() - 1) / 2);
    let mut score = 0_i32;
    for (place, first) in days.iter().enumerate() {
        for later in &days[place + 1..] {
            let rise = later.1 - first.1;
            slopes.push(rise / (later.0 - first.0));
            score += i32::from(rise > 0.0) - i32::from(rise < 0.0);
        }
    }
    let slope = median(&mut slopes)?;
    let certain = usize::try_from(score.unsigned_abs()).unwrap_or(0) >= least_score(days.len())
        && (slope > 0.0) == (score > 0)
        && slope != 0.0;
    Some(Trend { days: days.len(), slope, change: slope * span, certain })
}

/// The median; none of nothing, or where there is a NaN.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let middle = values.len() / 2;
    let upper = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..middle].iter().copied().max_by(f64::total_cmp)?;
    Some(f64::midpoint(lower, upper))
}

/// The smallest score that `days` days reach by chance at most once in 20 times. From the exact distribution without ties; with ties
/// scores are smaller, so that the test errs on the side of no trend.
fn least_score(days: usize) -> usize {
    static LEAST: OnceLock<Vec<usize>> = OnceLock::new();
    LEAST.get_or_init(|| (0..=MOST_DAYS).map(exact).collect()).get(days).copied().unwrap_or(usize::MAX)
}

/// Of all orders of `days` values, the share with each number of pairs out of order, summed from the best ordered.
fn exact(days: usize) -> usize {
    let pairs = days * days.saturating_sub(1) / 2;
    let mut share = vec![1.0_f64];
    for next in 2..=days {
        // The next value comes to any of `next` places, and is out of order with those behind it.
        let mut wider = vec![0.0; next * (next - 1) / 2 + 1];
        let mut sum = 0.0;
        for (inversions, slot) in wider.iter_mut().enumerate() {
            sum += share.get(inversions).copied().unwrap_or(0.0);
            if inversions >= next {
                sum -= share.get(inversions - next).copied().unwrap_or(0.0);
            }
            *slot = (sum / f64::from(u32::try_from(next).unwrap_or(u32::MAX))).max(0.0);
        }
        share = wider;
    }
    let mut tail = 0.0;
    for (inversions, part) in share.iter().enumerate() {
        tail += part;
        if tail > RISK {
            // One inversion fewer was still rare enough; none at all is not, where there are few days.
            return if inversions == 0 { pairs + 1 } else { pairs - 2 * (inversions - 1) };
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: &[f64]) -> Vec<(f64, f64)> {
        (0_u32..).zip(values).map(|(day, value)| (f64::from(day), *value)).collect()
    }

    #[test]
    fn the_least_scores_are_those_of_the_tables() {
        // Tables of Kendall's S: the smallest s with P(S >= s) <= 0.05.
        let table = [(4, 6), (5, 8), (6, 11), (7, 13), (8, 16), (9, 18), (10, 21)];
        for (days, score) in table {
            assert_eq!(least_score(days), score, "{days} days");
        }
    }

    #[test]
    fn one_wild_day_moves_nothing() {
        let rising = of(&series(&[120.0, 122.0, 124.0, 126.0, 128.0, 130.0, 132.0]), 7).expect("a trend");
        assert!(rising.certain && (rising.change - 12.0).abs() < 1e-9);
        let level = of(&series(&[120.0, 121.0, 119.0, 290.0, 120.0, 121.0, 120.0]), 7).expect("a trend");
        assert!(!level.certain && level.change.abs() < 3.0);
    }

    #[test]
    fn few_days_or_a_corner_of_the_window_are_no_trend() {
        assert_eq!(of(&series(&[1.0, 2.0, 3.0, 4.0]), 7), None);
        assert_eq!(of(&series(&[1.0, 2.0, 3.0, 4.0, 5.0]), 30), None);
        assert!(of(&series(&[1.0, 2.0, 3.0, 4.0, 5.0]), 7).is_some());
    }

    proptest! {
        #[test]
        fn upside_down_the_trend_goes_the_other_way(values in prop::collection::vec(30.0..300.0_f64, 5..40)) {
            let days = i16::try_from(values.len()).unwrap();
            let (up, down) = (of(&series(&values), days), of(&series(&values.iter().map(|value| -value).collect::<Vec<_>>()), days));
            let (up, down) = (up.unwrap(), down.unwrap());
            prop_assert!((up.slope + down.slope).abs() < 1e-9);
            prop_assert_eq!(up.certain, down.certain);
        }

        #[test]
        fn what_only_rises_is_certain_and_another_level_changes_nothing(steps in prop::collection::vec(0.1..5.0_f64, 5..40), level in 0.0..100.0_f64) {
            let mut sum = 0.0;
            let values: Vec<f64> = steps.iter().map(|step| { sum += step; sum }).collect();
            let days = i16::try_from(values.len()).unwrap();
            let trend = of(&series(&values), days).unwrap();
            prop_assert!(trend.certain && trend.slope > 0.0);
            let raised = of(&series(&values.iter().map(|value| value + level).collect::<Vec<_>>()), days).unwrap();
            prop_assert!((raised.slope - trend.slope).abs() < 1e-6);
        }

        #[test]
        fn nothing_breaks_it(values in prop::collection::vec(proptest::num::f64::ANY, 0..120)) {
            let _ = of(&series(&values), 7);
        }
    }
}
