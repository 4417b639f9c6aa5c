//! What is typed into the editor of a rule, and what becomes of it.

use super::model::{
    Condition, DOERS, Definition, MOST_DAYS, MOST_READINGS, Op, Reading, RuleAction, Severity, Subject,
};
use super::trend::FEWEST_DAYS;
use crate::access::Role;
use crate::patients::fields::Typed;
use crate::web::form::FormErrors;
use crate::web::format;

/// Names are short: they are the titles of alerts.
const NAME_CHARS: usize = 120;

/// Advice and description are a few sentences.
const TEXT_CHARS: usize = 1_000;

/// Fills the editor with a rule.
pub(super) fn fill(rule: &Definition) -> Typed {
    let condition = &rule.condition;
    Typed::default()
        .put("name", &rule.name)
        .put_some("description", rule.description.as_deref())
        .put("subject", condition.subject.name())
        .put("op", condition.op.as_str())
        .put("threshold", condition.threshold.map(|value| format::number(value, 2)).unwrap_or_default())
        .put("min_count", condition.min_count.to_string())
        .put("window_days", condition.window_days.to_string())
        .put("severity", rule.severity.as_str())
        .put("action", rule.action.as_str())
        .put_some("advice", rule.advice.as_deref())
        .put_some("doer", rule.doer.map(Role::as_str))
        .put("reading", rule.reading.as_ref().map(|reading| reading.id.to_string()).unwrap_or_default())
        .put_some("word", rule.word.as_deref())
        .put_tick("resolves", rule.resolves)
        .put("priority", rule.priority.to_string())
}

/// An editor with nothing in it but what most rules have.
pub(super) fn blank() -> Typed {
    Typed::default()
        .put("op", Op::Above.as_str())
        .put("min_count", "1")
        .put("window_days", "7")
        .put("severity", Severity::Warning.as_str())
        .put("action", RuleAction::Alert.as_str())
        .put_tick("resolves", true)
        .put("priority", "0")
}

/// Reads the editor. What is watched may be given: it does not change once there is a rule. `library` is what can be given to read.
pub(super) fn parse(
    typed: &Typed,
    fixed: Option<(Subject, Op)>,
    library: &[Reading],
    enabled: bool,
) -> Result<Definition, FormErrors> {
    let mut errors = FormErrors::default();
    let name = errors.required("name", typed.get("name"), "Give the rule a name: it is the title of its alerts");
    if name.chars().count() > NAME_CHARS {
        errors.add("name", "Use 120 characters or fewer");
    }
    let (subject, op) = fixed.map_or_else(
        || (Subject::named(typed.get("subject")), typed.get("op").parse::<Op>().ok()),
        |(subject, op)| (Some(subject), Some(op)),
    );
    if subject.is_none() {
        errors.add("subject", "Choose what is watched");
    }
    if op.is_none() {
        errors.add("op", "Choose what is asked of it");
    }
    let description = long(&mut errors, "description", typed);
    let advice = long(&mut errors, "advice", typed);
    let severity = typed.get("severity").parse::<Severity>();
    if severity.is_err() {
        errors.add("severity", "Choose how grave it is");
    }
    let action = typed.get("action").parse::<RuleAction>();
    if action.is_err() {
        errors.add("action", "Choose what follows");
    }
    let doer = typed.get("doer").parse::<Role>().ok().filter(|role| DOERS.contains(role));
    let needed = action == Ok(RuleAction::AssignTask);
    if needed && doer.is_none() {
        errors.add("doer", "Choose who is given the task");
    }
    let gives = action == Ok(RuleAction::AssignContent);
    let reading = library.iter().find(|entry| entry.id.to_string() == typed.get("reading")).filter(|_| gives).cloned();
    match &reading {
        None if gives => errors.add("reading", "Choose what the patient is given to read"),
        Some(entry) if entry.archived => errors.add("reading", "This is archived: choose something that is in use"),
        _ => {}
    }
    let word = long(&mut errors, "word", typed).filter(|_| gives);
    let priority = whole(&mut errors, "priority", typed.get("priority"), 0, 100);
    let condition = subject.zip(op).and_then(|(subject, op)| condition(&mut errors, typed, subject, op));
    match (condition, severity, action, errors.is_empty()) {
        (Some(condition), Ok(severity), Ok(action), true) => Ok(Definition {
            name,
            description,
            condition,
            severity,
            action,
            advice,
            doer: doer.filter(|_| needed),
            reading,
            word,
            resolves: typed.ticked("resolves"),
            enabled,
            priority,
        }),
        _ => Err(errors),
    }
}

/// Reads the part of an editor that says when a rule is fulfilled.
pub(super) fn condition(errors: &mut FormErrors, typed: &Typed, subject: Subject, op: Op) -> Option<Condition> {
    let window_days = whole(errors, "window_days", typed.get("window_days"), 1, MOST_DAYS);
    let fewest = i16::try_from(FEWEST_DAYS).unwrap_or(MOST_DAYS);
    if matches!(op, Op::TrendUp | Op::TrendDown) && window_days < fewest {
        errors.add("window_days", format!("A trend needs {fewest} days at least: fewer cannot be told from chance"));
    }
    let min_count = match op {
        Op::Above | Op::Below => whole(errors, "min_count", typed.get("min_count"), 1, MOST_READINGS),
        Op::TrendUp | Op::TrendDown | Op::Missing => 1,
    };
    let threshold = match op {
        Op::Missing => None,
        _ => threshold(errors, typed.get("threshold"), subject, op),
    };
    errors.is_empty().then_some(Condition { subject, op, threshold, min_count, window_days })
}

/// A limit that some readings reach and others do not, or a change that can be told from chance.
fn threshold(errors: &mut FormErrors, text: &str, subject: Subject, op: Op) -> Option<f64> {
    let mut refuse = |message: String| {
        errors.add("threshold", message);
        None
    };
    let (limits, words) = (subject.limits(), subject.words());
    if text.contains(',') {
        return refuse("Write decimals with a point: a comma could mean thousands".to_owned());
    }
    let Some(value) = number(text) else {
        return refuse(format!("Give a number, such as {}", format::number(example(subject, op), 1)));
    };
    let (low, high) = limits.possible;
    match op {
        Op::Above | Op::Below if !(low..=high).contains(&value) => refuse(format!(
            "No {words} can be {}: it lies between {low} and {}",
            format::number(value, 2),
            subject.amount(high)
        )),
        Op::Above if value >= high => refuse(format!("Nothing is above {}", subject.amount(value))),
        Op::Below if value <= low => refuse(format!("Nothing is below {}", subject.amount(value))),
        Op::Above if limits.reference.is_some_and(|(normal, _)| value < normal) => refuse(format!(
            "Whoever is well is above {}: this would fire for everyone. Did you mean below?",
            subject.amount(value)
        )),
        Op::Below if limits.reference.is_some_and(|(_, normal)| value > normal) => refuse(format!(
            "Whoever is well is below {}: this would fire for everyone. Did you mean above?",
            subject.amount(value)
        )),
        Op::TrendUp | Op::TrendDown if value < subject.noise() => refuse(format!(
            "Ask for {} at least: less cannot be told from how accurate the measurement is",
            subject.amount(subject.noise())
        )),
        Op::TrendUp | Op::TrendDown if value > high - low => {
            refuse(format!("Nothing changes by {}", subject.amount(value)))
        }
        _ => Some(value),
    }
}

fn example(subject: Subject, op: Op) -> f64 {
    match (op, subject.limits().reference) {
        (Op::Above, Some((_, high))) => high,
        (Op::Below, Some((low, _))) => low,
        (Op::Above | Op::Below, None) => subject.limits().likely.1,
        _ => subject.noise() * 2.0,
    }
}

/// A finite number that is not negative.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= 12 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse::<f64>().ok().filter(|value| plain && value.is_finite())
}

fn whole(errors: &mut FormErrors, field: &'static str, text: &str, least: i16, most: i16) -> i16 {
    match text.trim().parse::<i16>() {
        Ok(value) if (least..=most).contains(&value) => value,
        _ => {
            errors.add(field, format!("Give a whole number from {least} to {most}"));
            least
        }
    }
}

fn long(errors: &mut FormErrors, field: &'static str, typed: &Typed) -> Option<String> {
    let text = errors.text(field, typed.get(field));
    if text.chars().count() > TEXT_CHARS {
        errors.add(field, "Use 1,000 characters or fewer");
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(subject: &str, op: Op, threshold: &str, days: &str) -> Typed {
        blank()
            .put("name", "A rule")
            .put("subject", subject)
            .put("op", op.as_str())
            .put("threshold", threshold)
            .put("window_days", days)
    }

    fn refused(subject: &str, op: Op, threshold: &str, days: &str) -> Vec<&'static str> {
        let errors = parse(&typed(subject, op, threshold, days), None, &[], false).expect_err("refused");
        errors.iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn what_makes_no_sense_is_refused_beside_its_field() {
        for nothing in ["", "NaN", "inf", "160,5", "1e308", "-5", "0x10", "1.2.3", "999"] {
            assert_eq!(refused("BLOOD_PRESSURE", Op::Above, nothing, "3"), ["threshold"], "{nothing}");
        }
        assert_eq!(refused("SHOE_SIZE", Op::Above, "42", "3"), ["subject"]);
        assert_eq!(refused("BLOOD_PRESSURE", Op::Above, "60", "3"), ["threshold"], "everybody is above");
        assert_eq!(refused("BLOOD_PRESSURE.2", Op::Below, "95", "3"), ["threshold"], "everybody is below");
        assert_eq!(refused("WEIGHT", Op::TrendUp, "0.2", "7"), ["threshold"], "noise");
        assert_eq!(refused("WEIGHT", Op::TrendUp, "2", "3"), ["window_days"], "too few days");
        assert_eq!(refused("WEIGHT", Op::Missing, "", "91"), ["window_days"]);
        assert_eq!(refused("SPO2", Op::Above, "100", "1"), ["threshold"]);
    }

    #[test]
    fn an_editor_filled_with_a_rule_gives_that_rule() {
        let typed = typed("GLUCOSE", Op::Above, "13.5", "3").put("advice", " Call.\r\nToday. ");
        let rule = parse(&typed, None, &[], true).expect("a rule");
        assert_eq!(rule.condition.threshold, Some(13.5));
        assert_eq!(rule.advice.as_deref(), Some("Call.\nToday."));
        assert_eq!(parse(&fill(&rule), None, &[], true).expect("the same"), rule);
        let entry = Reading { id: uuid::Uuid::from_u128(7), title: "Sugar".to_owned(), archived: false };
        let typed =
            typed.put("action", "ASSIGN_CONTENT").put("reading", entry.id.to_string()).put("word", "Please read.");
        let gives = parse(&typed, None, std::slice::from_ref(&entry), true).expect("a rule");
        assert_eq!((gives.reading.as_ref(), gives.word.as_deref()), (Some(&entry), Some("Please read.")));
        assert_eq!(parse(&fill(&gives), None, std::slice::from_ref(&entry), true).expect("the same"), gives);
        let alerts = parse(&typed.clone().put("action", "ALERT"), None, std::slice::from_ref(&entry), true);
        assert_eq!(alerts.expect("a rule").reading, None, "what is not given is not kept");
        for library in [&[][..], &[Reading { archived: true, ..entry }][..]] {
            let errors = parse(&typed, None, library, true).expect_err("nothing to give");
            assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["reading"]);
        }
    }

    proptest! {
        #[test]
        fn whatever_becomes_a_rule_can_be_fulfilled_and_not(threshold in "\\PC{0,12}|[0-9]{1,4}([.,][0-9]{1,2})?", days in "[0-9]{0,3}", place in 0_usize..15) {
            let subject = Subject::all().nth(place).unwrap();
            for op in Op::ALL {
                if let Ok(rule) = parse(&typed(&subject.name(), *op, &threshold, &days), None, &[], false) {
                    let (low, high) = subject.limits().possible;
                    let condition = rule.condition;
                    prop_assert!((1..=90).contains(&condition.window_days));
                    match condition.op {
                        Op::Above | Op::Below => prop_assert!(condition.hit(low) != condition.hit(high)),
                        Op::TrendUp | Op::TrendDown => prop_assert!(condition.threshold.unwrap() >= subject.noise()),
                        Op::Missing => prop_assert_eq!(condition.threshold, None),
                    }
                }
            }
        }
    }
}
