//! What an alert of a rule says of itself: which readings fired it, by which rule, and what to do. See `alerts::evidence`.

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::model::{Op, RuleAction};
use super::queries::Case;
use super::trend::Trend;
use crate::clock::Timestamp;

/// Readings that are kept with an alert.
pub(super) const READINGS: i64 = 14;

/// Readings that are named in words.
const NAMED: usize = 5;

/// A reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub at: Timestamp,
    pub value: f64,
    pub second: Option<f64>,
    pub hit: bool,
}

/// What was found, in a line.
pub(super) fn line(case: &Case, trend: Option<Trend>, points: &[Point]) -> String {
    let condition = case.condition();
    let unit = case.metric.unit();
    let within = if case.window_days == 1 { "a day".to_owned() } else { format!("{} days", case.window_days) };
    let limit = case.threshold.map(|value| condition.subject.amount(value)).unwrap_or_default();
    match (case.op, trend) {
        (Op::Above | Op::Below, _) => {
            let side = if case.op == Op::Above { "above" } else { "below" };
            let latest = points.iter().rev().find(|point| point.hit);
            let value = latest.map(|point| case.metric.write(point.value, point.second)).unwrap_or_default();
            let readings = if case.count == 1 { "reading" } else { "readings" };
            format!("{value} {unit}; {} of {} {readings} in {within} {side} {limit}", case.hits, case.count)
        }
        (_, Some(trend)) => {
            let verb = if trend.change < 0.0 { "Fell" } else { "Rose" };
            let change = condition.subject.amount(round(trend.change.abs()));
            format!("{verb} by {change} in {within}, over {} days with readings. Limit {limit}", trend.days)
        }
        (Op::Missing, _) => format!("No reading of {} for {within}", condition.subject.words()),
        (Op::TrendUp | Op::TrendDown, None) => String::new(),
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The evidence.
pub(super) fn payload(case: &Case, sentence: &str, line: &str, trend: Option<Trend>, points: &[Point]) -> Value {
    let zone: Tz = case.zone.parse().unwrap_or(Tz::UTC);
    let said = |point: &Point| {
        let at = point.at.with_timezone(&zone).format("%d-%b %H:%M");
        format!("{} on {at}", case.metric.write(point.value, point.second))
    };
    let mut facts: Vec<(&str, String)> = Vec::new();
    let hits: Vec<String> = points.iter().rev().filter(|point| point.hit).map(said).collect();
    if !hits.is_empty() {
        let more = if hits.len() > NAMED { format!(" and {} more", hits.len() - NAMED) } else { String::new() };
        facts.push(("Fired by", format!("{}{more}", hits[..hits.len().min(NAMED)].join(", "))));
    }
    if let (Op::Missing, Some(last)) = (case.op, points.last()) {
        facts.push(("Last reading", said(last)));
    }
    if let Some(trend) = trend {
        let slope = case.condition().subject.amount(round(trend.slope * 7.0));
        facts.push(("Trend", format!("{slope} a week, by the medians of {} days", trend.days)));
    }
    match case.action {
        RuleAction::Alert => {}
        RuleAction::SuggestVisit => facts.push(("Suggested", "A visit".to_owned())),
        RuleAction::AssignTask => facts.push(("Given", "A task".to_owned())),
        RuleAction::AssignContent => {
            let title = case.content_title.as_deref().unwrap_or("Something");
            if case.content_there {
                facts.push(("Given to read", title.to_owned()));
            } else {
                facts.push(("Not given to read", format!("{title} is archived. Choose something else for the rule")));
            }
        }
    }
    if let Some(advice) = case.params().text {
        facts.push(("What to do", advice));
    }
    let mut payload = json!({
        "rule": format!("{}, version {}", case.name, case.version),
        "rule_id": case.rule,
        "why": format!("{sentence} {line}."),
        "series": series(case, points),
        "facts": facts,
    });
    if let (RuleAction::SuggestVisit, Some(fields)) = (case.action, payload.as_object_mut()) {
        fields.insert("suggests".to_owned(), "visit".into());
    }
    payload
}

/// The readings, drawn: what is watched first.
fn series(case: &Case, points: &[Point]) -> Vec<Value> {
    let one = |name: &str, range: Option<(f64, f64)>, of: fn(&Point) -> Option<f64>| {
        let points: Vec<(Timestamp, f64)> = points.iter().filter_map(|point| Some((point.at, of(point)?))).collect();
        let mut series = json!({ "name": name, "unit": case.metric.unit(), "points": points });
        if let (Some((low, high)), Some(fields)) = (range, series.as_object_mut()) {
            fields.insert("low".to_owned(), low.into());
            fields.insert("high".to_owned(), high.into());
        }
        series
    };
    // The band goes behind all of them.
    let holds = points.iter().all(|point| case.metric.holds_for(case.born, point.at));
    let first = case.metric.limits().reference.filter(|_| holds);
    let mut drawn = vec![one(case.metric.first_label(), first, |point| Some(point.value))];
    if let (Some(name), Some(limits)) = (case.metric.second_label(), case.metric.second_limits()) {
        drawn.push(one(name, limits.reference.filter(|_| holds), |point| point.second));
    }
    if case.part == 2 {
        drawn.reverse();
    }
    drawn
}
