use proptest::prelude::*;

use super::*;

fn sums(code: &str, count: i64, mean: f64, count_before: i64, mean_before: f64) -> Sums {
    Sums {
        code: code.to_owned(),
        count,
        days: count.min(7),
        mean: (count > 0).then_some(mean),
        low: (count > 0).then_some(mean),
        in_range: count,
        count_before,
        days_before: count_before.min(7),
        mean_before: (count_before > 0).then_some(mean_before),
        ..Sums::default()
    }
}

/// A week of somebody of forty.
fn grown(sums: &[Sums]) -> Summary {
    Summary::of(sums, Some(480))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_week_ends_on_sunday_where_the_patient_is_and_waits_for_the_night() {
    let monday_morning = at("2026-11-23T03:59:00Z");
    assert_eq!(Week::last(monday_morning, Tz::Europe__London).start, day("2026-11-09"));
    assert_eq!(Week::last(at("2026-11-23T04:00:00Z"), Tz::Europe__London).start, day("2026-11-16"));
    // It is Monday noon in Auckland already.
    assert_eq!(Week::last(at("2026-11-22T23:00:00Z"), Tz::Pacific__Auckland).start, day("2026-11-16"));
}

#[test]
fn a_week_in_which_the_clocks_change_is_an_hour_longer() {
    let week = Week { start: day("2026-10-19"), zone: Tz::Europe__London };
    assert_eq!(week.span(), (at("2026-10-18T23:00:00Z"), at("2026-10-26T00:00:00Z")));
    assert_eq!(week.end(), day("2026-10-25"));
}

#[test]
fn a_trend_needs_three_readings_in_both_weeks_and_more_than_noise() {
    let of = |count, mean, before, mean_before| {
        grown(&[sums("BLOOD_PRESSURE", count, mean, before, mean_before)]).bp_trend.unwrap().direction
    };
    assert_eq!(of(3, 130.1, 3, 125.0), Direction::Up);
    assert_eq!(of(3, 130.0, 3, 125.0), Direction::Steady);
    assert_eq!(of(3, 119.9, 3, 125.0), Direction::Down);
    assert_eq!(of(2, 150.0, 3, 125.0), Direction::Unknown);
    assert_eq!(of(3, 150.0, 0, 0.0), Direction::Unknown);
}

#[test]
fn advice_follows_at_its_limit_and_not_below() {
    let pressure = |high, low| {
        let week = Sums { second: Some(low), ..sums("BLOOD_PRESSURE", 3, high, 0, 0.0) };
        grown(&[week]).recommendations
    };
    assert_eq!(pressure(135.0, 70.0), [Advice::BloodPressureHigh]);
    assert_eq!(pressure(120.0, 85.0), [Advice::BloodPressureHigh]);
    assert_eq!(pressure(134.9, 84.9), [Advice::KeepGoing]);
    let glucose = |low, in_range| {
        let week = Sums { low: Some(low), in_range, ..sums("GLUCOSE", 10, 8.0, 0, 0.0) };
        grown(&[week]).recommendations
    };
    assert_eq!(glucose(3.9, 7), [Advice::KeepGoing]);
    assert_eq!(glucose(3.8, 7), [Advice::GlucoseLow]);
    assert_eq!(glucose(4.0, 6), [Advice::GlucoseOutOfRange]);
    assert_eq!(grown(&[sums("WEIGHT", 3, 82.0, 3, 80.0)]).recommendations, [Advice::WeightJump]);
    let steps = Sums { total: Some(3.0 * 6999.0), ..sums("STEPS", 3, 6999.0, 0, 0.0) };
    assert_eq!(grown(&[steps]).recommendations, [Advice::StepsFew]);
}

#[test]
fn children_are_not_given_the_advice_of_adults() {
    let year = |years: u16| Some(years * 12);
    let daily = |code, per_day: f64, months| {
        let week = Sums { total: Some(3.0 * per_day), ..sums(code, 3, per_day, 0, 0.0) };
        Summary::of(&[week], months).recommendations
    };
    // Enough for an adult, and not for a child; the limits of each age, and none where there is none.
    for (months, hours) in [
        (Some(2), 14.0),
        (Some(4), 12.0),
        (Some(12), 11.0),
        (year(3), 10.0),
        (year(6), 9.0),
        (year(14), 8.0),
        (year(18), 7.0),
        (year(80), 7.0),
    ] {
        assert_eq!(daily("SLEEP", hours, months), [Advice::KeepGoing], "{months:?}");
        assert_eq!(daily("SLEEP", hours - 0.1, months), [Advice::SleepShort], "{months:?}");
    }
    for (years, steps) in [(6, 11_000.0), (12, 10_000.0), (18, 7_000.0), (60, 6_000.0)] {
        assert_eq!(daily("STEPS", steps, year(years)), [Advice::KeepGoing], "{years}");
        assert_eq!(daily("STEPS", steps - 1.0, year(years)), [Advice::StepsFew], "{years}");
    }
    assert_eq!(daily("STEPS", 100.0, year(5)), [Advice::NotJudged]);
    let limits = Limits::at(year(8));
    assert_eq!(Advice::SleepShort.for_patient(&limits).0, "You slept less than 9 hours a night.");
    assert_eq!(Advice::StepsFew.for_staff(&limits), "Fewer than 11,000 steps a day (Tudor-Locke 2011, at this age)");
    assert!(Advice::StepsFew.for_patient(&limits).1.contains("Play"));

    // A child grows, and its blood pressure goes by tables: neither is called high, and neither is called steady.
    let pressure = Sums { second: Some(90.0), ..sums("BLOOD_PRESSURE", 3, 140.0, 0, 0.0) };
    let grows = sums("WEIGHT", 3, 82.0, 3, 80.0);
    for months in [Some(0), year(10), Some(18 * 12 - 1), None] {
        assert_eq!(Summary::of(std::slice::from_ref(&pressure), months).recommendations, [Advice::NotJudged]);
        assert_eq!(Summary::of(std::slice::from_ref(&grows), months).recommendations, [Advice::NotJudged]);
    }
    assert_eq!(Summary::of(std::slice::from_ref(&pressure), year(18)).recommendations, [Advice::BloodPressureHigh]);
    // Glucose is judged alike from one year on.
    let low = Sums { low: Some(3.0), ..sums("GLUCOSE", 1, 3.0, 0, 0.0) };
    assert_eq!(Summary::of(std::slice::from_ref(&low), Some(12)).recommendations, [Advice::GlucoseLow]);
    assert_eq!(Summary::of(&[low], Some(0)).recommendations, [Advice::NotJudged]);
}

#[test]
fn months_are_whole() {
    assert_eq!(months(day("2020-01-31"), day("2020-02-29")), Some(0));
    assert_eq!(months(day("2020-01-31"), day("2020-03-31")), Some(2));
    assert_eq!(months(day("2008-11-23"), day("2026-11-22")), Some(18 * 12 - 1));
    assert_eq!(months(day("2008-11-22"), day("2026-11-22")), Some(18 * 12));
    assert_eq!(months(day("2026-12-01"), day("2026-11-22")), None);
}

#[test]
fn what_is_usual_is_known_from_four_weeks() {
    let of = |days: i64, earlier: i64| grown(&[Sums { days_earlier: earlier, ..sums("WEIGHT", days, 80.0, 0, 0.0) }]);
    let week = of(5, 28);
    assert_eq!((week.adherence.percent, week.adherence.metrics[0].usual), (Some(71), 7));
    assert_eq!(week.recommendations, [Advice::MeasureMore]);
    assert_eq!(of(6, 28).recommendations, [Advice::KeepGoing]);
    assert_eq!(of(3, 0).adherence.percent, None, "nothing is usual yet");
    let silent = of(0, 28);
    assert_eq!((silent.adherence.percent, silent.weight_trend), (Some(0), None));
}

#[test]
fn what_patients_read_is_short() {
    let all = [
        Advice::BloodPressureHigh,
        Advice::GlucoseLow,
        Advice::GlucoseOutOfRange,
        Advice::WeightJump,
        Advice::SleepShort,
        Advice::StepsFew,
        Advice::MeasureMore,
        Advice::NotJudged,
        Advice::KeepGoing,
    ];
    let ages = [None, Some(1), Some(100), Some(480)].map(Limits::at);
    for (advice, limits) in all.into_iter().flat_map(|advice| ages.iter().map(move |limits| (advice, limits))) {
        let (what, then) = advice.for_patient(limits);
        for sentence in format!("{what} {then}").split_inclusive(". ") {
            let words = sentence.split_whitespace().count();
            assert!(words <= 20, "{words} words: {sentence}");
        }
    }
}

proptest! {
    #[test]
    fn a_summary_is_read_back_as_it_was_kept(mean in 40.0..300.0f64, count in 0..500i64, before in 0..500i64, earlier in 0..28i64) {
        let week = Sums { days_earlier: earlier, total: Some(mean), ..sums("GLUCOSE", count, mean, before, mean) };
        let summary = grown(&[week]);
        prop_assert!(!summary.recommendations.is_empty());
        prop_assert!(summary.adherence.percent.is_none_or(|percent| (0..=100).contains(&percent)));
        let kept = serde_json::to_value(&summary).unwrap();
        prop_assert_eq!(serde_json::from_value::<Summary>(kept).unwrap().recommendations, summary.recommendations);
    }

    #[test]
    fn every_moment_lies_in_exactly_one_week(seconds in 0..4_000_000_000i64) {
        let now = Timestamp::from_timestamp(seconds, 0).unwrap();
        let week = Week::last(now, Tz::America__New_York);
        let (from, to) = week.span();
        prop_assert!(from < to && to <= now);
        prop_assert_eq!(week.before(1).span().1, from);
    }
}
