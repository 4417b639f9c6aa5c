//! Fewer points for a line, chosen so that its shape stays.

use super::float;

/// Places of at most `most` points (and two more) through which a line looks like the one through all of them: largest triangle,
/// three buckets (Steinarsson, Downsampling Time Series for Visual Representation, 2013). Between both ends the points are dealt into
/// buckets of equal number; of each stays the point that makes the largest triangle with the one kept before it and the middle of the
/// next bucket. That alone may leave out the very point that matters, so the highest and the lowest of all stay in any case.
///
/// `points` are moments, in order, and finite values.
#[must_use]
pub fn triangles(points: &[(f64, f64)], most: usize) -> Vec<usize> {
    let last = points.len().saturating_sub(1);
    if points.len() <= most.max(2) {
        return (0..points.len()).collect();
    }
    let buckets = most.saturating_sub(2);
    // Where bucket `number` begins among the points between both ends.
    let begin = |number: usize| 1 + number * (last - 1) / buckets.max(1);
    let mut kept = Vec::with_capacity(most + 4);
    let mut before = 0;
    kept.push(0);
    for number in 0..buckets {
        let here = begin(number)..begin(number + 1);
        let next = if number + 1 < buckets { begin(number + 1)..begin(number + 2) } else { last..last + 1 };
        let corner = (points[before], middle(&points[next]));
        before = here
            .max_by(|one, other| area(points[*one], corner).total_cmp(&area(points[*other], corner)))
            .unwrap_or(before);
        kept.push(before);
    }
    let by_value = |one: &usize, other: &usize| points[*one].1.total_cmp(&points[*other].1);
    kept.extend((0..points.len()).max_by(by_value));
    kept.extend((0..points.len()).min_by(by_value));
    kept.push(last);
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Twice the area of a triangle.
fn area((x, y): (f64, f64), (before, after): ((f64, f64), (f64, f64))) -> f64 {
    ((before.0 - after.0) * (y - before.1) - (before.0 - x) * (after.1 - before.1)).abs()
}

fn middle(points: &[(f64, f64)]) -> (f64, f64) {
    let count = float(points.len().max(1));
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (x / count, y / count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(place, value)| (float(place), *value)).collect()
    }

    #[test]
    fn a_peak_stays_and_a_straight_line_needs_few_points() {
        let mut values = vec![70.0; 1000];
        values[637] = 180.0;
        values[638] = 30.0;
        let kept = triangles(&series(&values), 50);
        assert!(kept.contains(&637) && kept.contains(&638));
        assert!(kept.len() <= 52, "{}", kept.len());
        assert_eq!(triangles(&series(&values), 2), [0, 637, 638, 999]);
        assert_eq!(triangles(&[], 10), [] as [usize; 0]);
    }

    proptest! {
        #[test]
        fn ends_and_extremes_stay_in_order(values in prop::collection::vec(-1e6..1e6f64, 1..400), most in 0usize..120) {
            let points = series(&values);
            let kept = triangles(&points, most);
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
            prop_assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&(values.len() - 1))));
            let of = |places: &mut dyn Iterator<Item = usize>| {
                places.map(|place| values[place]).fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)))
            };
            prop_assert_eq!(of(&mut kept.iter().copied()), of(&mut (0..values.len())));
            prop_assert!(kept.len() <= most.max(2) + 2, "{} of {}", kept.len(), most);
            if values.len() <= most {
                prop_assert_eq!(kept.len(), values.len(), "what is few enough is left as it is");
            }
        }

        #[test]
        fn each_bucket_gives_a_point(count in 200usize..2000, most in 10usize..100) {
            let values: Vec<f64> = (0..count).map(|place| (float(place) / 9.0).sin()).collect();
            let kept = triangles(&series(&values), most);
            let longest = kept.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert!(longest <= 2 * count.div_ceil(most - 2), "a gap of {longest} of {count} at {most}");
        }
    }
}
