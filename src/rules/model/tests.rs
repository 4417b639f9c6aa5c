use proptest::prelude::*;

use super::*;

fn condition(op: Op, threshold: Option<f64>) -> Condition {
    let subject = Subject { metric: Metric::BloodPressure, second: false };
    Condition { subject, op, threshold, min_count: 2, window_days: 3 }
}

#[test]
fn a_rule_reads_as_a_sentence() {
    let mut rule = Definition {
        name: "Systolic high".to_owned(),
        description: None,
        condition: condition(Op::Above, Some(160.0)),
        severity: Severity::High,
        action: RuleAction::Alert,
        advice: None,
        doer: None,
        reading: None,
        word: None,
        resolves: true,
        enabled: true,
        priority: 0,
    };
    assert_eq!(
        rule.sentence(),
        "If systolic blood pressure is above 160 mmHg in 2 readings within 3 days, raise a high alert."
    );
    rule.condition = Condition { op: Op::Missing, threshold: None, ..rule.condition };
    rule.severity = Severity::Info;
    rule.action = RuleAction::SuggestVisit;
    assert_eq!(
        rule.sentence(),
        "If systolic blood pressure was not measured for 3 days, of somebody who measured it before, raise an info alert that suggests a visit."
    );
    rule.action = RuleAction::AssignContent;
    rule.reading = Some(Reading { id: Uuid::nil(), title: "Swollen legs".to_owned(), archived: false });
    assert!(rule.sentence().ends_with("raise an info alert and give the patient “Swollen legs” to read."));
}

#[test]
fn everything_that_can_be_watched_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Subject::all().map(Subject::name).collect();
    assert_eq!(names.len(), Metric::ALL.len() + 1);
    for subject in Subject::all() {
        assert_eq!(Subject::named(&subject.name()), Some(subject));
        assert_eq!(Subject::of(subject.metric, subject.part()), subject);
    }
    assert_eq!(Subject::named("SHOE_SIZE"), None);
    assert_eq!(Subject::named("WEIGHT.2"), None);
}

proptest! {
    #[test]
    fn nothing_is_above_and_below(value in proptest::num::f64::ANY, limit in 0.0..1e6_f64) {
        let above = condition(Op::Above, Some(limit)).hit(value);
        let below = condition(Op::Below, Some(limit)).hit(value);
        prop_assert!(!(above && below));
        prop_assert!(above || below || value.partial_cmp(&limit).is_none_or(std::cmp::Ordering::is_eq));
    }

    #[test]
    fn what_is_fulfilled_has_hits_enough_and_has_not_recovered(count in 0_i64..50, hits in 0_i64..50, latest_clear: bool, before: bool, resolves: bool) {
        let seen = Seen { count, hits: hits.min(count), latest_clear, before, days: Vec::new() };
        let verdict = condition(Op::Above, Some(160.0)).judge(&seen, resolves);
        prop_assert_eq!(verdict == Verdict::Fulfilled(None), seen.hits >= 2 && !(resolves && latest_clear));
        let missing = condition(Op::Missing, None).judge(&seen, resolves);
        prop_assert_eq!(missing == Verdict::Fulfilled(None), count == 0 && before);
        // Without days there is no trend.
        prop_assert_eq!(condition(Op::TrendUp, Some(5.0)).judge(&seen, resolves), Verdict::Nothing);
    }
}
