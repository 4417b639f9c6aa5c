//! Looking at rules: for everybody of whom readings have arrived, in a handful of statements however many they are.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{Given, Op, RuleAction, Severity, Verdict};
use super::queries::{self, Case, Execution, Touched};
use super::trend::Trend;
use super::{evidence, failures, gives};
use crate::alerts::{self, NewAlert};
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::events::By;
use crate::ids::{AlertId, RuleId, new_uuid};

/// New alerts of one rule within an hour. A rule that fires for more is wrong rather than the patients ill; beyond this, one alert says so
/// and the others wait for the next hour.
pub const MOST_AN_HOUR: i64 = 50;

/// Why rules are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Readings have arrived.
    Reading,
    /// The clock asks, for what has not arrived.
    Schedule,
}

impl Cause {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "READING",
            Self::Schedule => "SCHEDULE",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rules looked at, each for one patient.
    pub looked: usize,
    /// Alerts raised.
    pub raised: usize,
    /// Alerts closed.
    pub recovered: usize,
    /// Alerts held back.
    pub held: usize,
    /// Rules that failed.
    pub failed: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.looked += other.looked;
        self.raised += other.raised;
        self.recovered += other.recovered;
        self.held += other.held;
        self.failed += other.failed;
    }
}

/// What is to be done about one case.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Raise(Option<Trend>),
    HoldBack,
    Close(AlertId),
    Leave { triggered: bool },
}

/// Looks at every rule that holds for `touched`, in the caller's transaction: a worker's. All of them at once; where that fails, each by
/// itself, so that one that fails keeps no other from being looked at.
///
/// # Errors
/// Where the database does not answer.
pub async fn evaluate(app: &App, tx: &mut Tx, by: &By, cause: Cause, touched: &[Touched]) -> Result<Tally> {
    if touched.is_empty() {
        return Ok(Tally::default());
    }
    tx.begin_part().await?;
    match look(app, tx, by, cause, touched, None).await {
        Ok(tally) => {
            tx.end_part().await?;
            Ok(tally)
        }
        Err(error) if failures::pass(&error) => Err(error),
        Err(_) => {
            tx.undo_part().await?;
            failures::one_by_one(app, tx, by, cause, touched).await
        }
    }
}

/// Looks at every rule, or at one and its exceptions. Where it fails, part of it may have been done.
pub(super) async fn look(
    app: &App,
    tx: &mut Tx,
    by: &By,
    cause: Cause,
    touched: &[Touched],
    only: Option<Uuid>,
) -> Result<Tally> {
    let cases = queries::cases(tx, by.organization, touched, cause == Cause::Schedule, only).await?;
    let mut steps: Vec<Step> = cases.iter().map(|case| step(case, cause)).collect();
    let held = hold_back(tx, by, &cases, &mut steps).await?;

    let ids: Vec<Uuid> = cases.iter().map(|_| new_uuid()).collect();
    let raised = raise(tx, by, &cases, &steps, &ids).await?;
    let closing: Vec<AlertId> =
        steps.iter().filter_map(|step| if let Step::Close(alert) = step { Some(*alert) } else { None }).collect();
    let closed = alerts::recover(tx, by, &closing).await?;

    let mut executions = Vec::with_capacity(cases.len());
    let mut tally = Tally { looked: cases.len(), held: held.len(), recovered: closed.len(), ..Tally::default() };
    for ((case, step), id) in cases.iter().zip(&steps).zip(ids) {
        let mut given = None;
        let (triggered, outcome, alert) = match step {
            Step::Raise(_) => {
                let became = raised.get(&case.key());
                let new = became.filter(|raised| raised.new);
                if let Some(new) = new {
                    tally.raised += 1;
                    given = gives::give(app, tx, by, case, new.id, id).await?;
                }
                (true, if new.is_some() { "RAISED" } else { "REPEATED" }, became.map(|raised| raised.id))
            }
            Step::HoldBack => (true, "HELD_BACK", None),
            Step::Close(alert) if closed.contains(alert) => (false, "RECOVERED", Some(*alert)),
            Step::Close(_) => (false, "NOTHING", None),
            Step::Leave { triggered } => (*triggered, "NOTHING", case.open),
        };
        // Of a sweep over everybody only news is worth a line.
        if cause == Cause::Reading || outcome != "NOTHING" {
            let result = triggered.then(|| found(case, step, given));
            executions.push(Execution {
                id,
                rule: case.rule,
                version: case.version,
                patient: case.patient,
                triggered,
                outcome,
                alert,
                result,
            });
        }
    }
    queries::keep(tx, by.organization, cause.as_str(), &executions).await?;
    say_what_is_held(tx, by, &held).await?;
    Ok(tally)
}

/// What was found, and what was given, for the record of the execution.
fn found(case: &Case, step: &Step, given: Option<Given>) -> Value {
    let mut found = match step {
        Step::Raise(Some(trend)) => json!({ "days": trend.days, "slope": trend.slope, "change": trend.change }),
        _ => json!({ "readings": case.count, "hits": case.hits }),
    };
    if let (Some(given), Some(fields)) = (given, found.as_object_mut()) {
        fields.insert("given".to_owned(), given.as_str().into());
    }
    found
}

fn step(case: &Case, cause: Cause) -> Step {
    match case.condition().judge(&case.seen(), case.resolves) {
        // What was closed within the window has been dealt with, and nothing new has happened since.
        Verdict::Fulfilled(_) if case.op == Op::Missing && case.rests => Step::Leave { triggered: false },
        Verdict::Fulfilled(trend) if case.open.is_none() => Step::Raise(trend),
        // An open alert is counted up by new readings beyond the limit, not by each look.
        Verdict::Fulfilled(trend) if case.new_hit && cause == Cause::Reading => Step::Raise(trend),
        Verdict::Fulfilled(_) => Step::Leave { triggered: true },
        Verdict::Recovered => match case.open {
            Some(alert) if case.resolves && !case.taken => Step::Close(alert),
            _ => Step::Leave { triggered: false },
        },
        Verdict::Nothing => Step::Leave { triggered: false },
    }
}

/// Takes back from the steps what a rule would raise beyond its measure; answers one case for each that was taken back.
async fn hold_back<'a>(tx: &mut Tx, by: &By, cases: &'a [Case], steps: &mut [Step]) -> Result<Vec<&'a Case>> {
    let raises = |case: &Case, step: &Step| matches!(step, Step::Raise(_)) && case.open.is_none();
    let mut rules: Vec<Uuid> = cases
        .iter()
        .zip(steps.iter())
        .filter(|(case, step)| raises(case, step))
        .map(|(case, _)| case.rule.uuid())
        .collect();
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    rules.sort_unstable();
    rules.dedup();
    let mut raised: HashMap<RuleId, i64> = queries::raised(tx, by.organization, &rules).await?.into_iter().collect();
    let mut held = Vec::new();
    for (case, step) in cases.iter().zip(steps.iter_mut()) {
        if raises(case, step) {
            let count = raised.entry(case.rule).or_default();
            *count += 1;
            if *count > MOST_AN_HOUR {
                *step = Step::HoldBack;
                held.push(case);
            }
        }
    }
    Ok(held)
}

/// Raises and counts up, all in one.
async fn raise(
    tx: &mut Tx,
    by: &By,
    cases: &[Case],
    steps: &[Step],
    ids: &[Uuid],
) -> Result<HashMap<String, alerts::Raised>> {
    let firing: Vec<(&Case, Option<Trend>, Uuid)> = cases
        .iter()
        .zip(steps)
        .zip(ids)
        .filter_map(|((case, step), id)| if let Step::Raise(trend) = step { Some((case, *trend, *id)) } else { None })
        .collect();
    if firing.is_empty() {
        return Ok(HashMap::new());
    }
    let about: Vec<&Case> = firing.iter().map(|(case, _, _)| *case).collect();
    let readings = queries::evidence(tx, by.organization, &about, evidence::READINGS).await?;
    let new: Vec<(NewAlert, Uuid)> = firing
        .iter()
        .zip(readings)
        .map(|((case, trend, execution), points)| {
            let line = evidence::line(case, *trend, &points);
            let payload = evidence::payload(case, &sentence(case), &line, *trend, &points);
            let alert = NewAlert {
                id: AlertId::new(),
                facility: Some(case.place),
                patient: Some(case.patient),
                thread: None,
                kind: case.condition().alert_kind(),
                severity: case.severity,
                title: case.name.clone(),
                body: line,
                payload,
                dedupe_key: Some(case.key()),
                due_at: None,
            };
            (alert, *execution)
        })
        .collect();
    alerts::raise_many(tx, by, &new).await
}

/// The rule that fired, as a sentence.
pub(super) fn sentence(case: &Case) -> String {
    let then = match case.action {
        RuleAction::Alert => "raise an alert",
        RuleAction::SuggestVisit => "suggest a visit",
        RuleAction::AssignTask => "raise an alert and give somebody a task",
        RuleAction::AssignContent => "raise an alert and give the patient something to read",
    };
    format!("If {}, {then}.", case.condition().words())
}

/// One alert for each rule that fires for too many, in the queue of the place where it happens.
async fn say_what_is_held(tx: &mut Tx, by: &By, held: &[&Case]) -> Result<()> {
    let mut said: Vec<(RuleId, usize)> = Vec::new();
    for case in held {
        if let Some((_, count)) = said.iter_mut().find(|(rule, _)| *rule == case.rule) {
            *count += 1;
        } else {
            said.push((case.rule, 1));
        }
    }
    for (rule, count) in said {
        let Some(case) = held.iter().find(|case| case.rule == rule) else { continue };
        let alert = NewAlert {
            id: AlertId::new(),
            facility: Some(case.place),
            patient: None,
            thread: None,
            kind: "RULE_BOUNDED".to_owned(),
            severity: case.severity.min(Severity::High),
            title: format!("Rule “{}” fires for too many", case.name),
            body: format!(
                "{MOST_AN_HOUR} alerts within the hour; {count} more patients fulfil it and wait for the next hour. Change the rule or switch it off"
            ),
            payload: json!({ "rule": format!("{}, version {}", case.name, case.version), "rule_id": case.rule, "why": sentence(case) }),
            dedupe_key: Some(format!("rule-bound:{rule}")),
            due_at: None,
        };
        alerts::raise(tx, by, &alert).await?;
    }
    Ok(())
}
