//! What the readings say: rules, for whom they hold, and the evidence.

use serde_json::Value;
use uuid::Uuid;

use super::Touched;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, OrganizationId, PatientId, RuleId};
use crate::readings::metric::Metric;
use crate::rules::evidence::Point;
use crate::rules::model::{ActionParams, Condition, Op, RuleAction, Seen, Severity, Subject};

/// A rule, the patient for whom it holds, and what was found in the readings.
#[derive(Debug)]
pub(in crate::rules) struct Case {
    pub rule: RuleId,
    pub version: i64,
    pub root: Uuid,
    pub name: String,
    pub metric: Metric,
    pub part: i16,
    pub op: Op,
    pub threshold: Option<f64>,
    pub min_count: i16,
    pub window_days: i16,
    pub severity: Severity,
    pub action: RuleAction,
    pub params: Value,
    /// What is given to read, where that follows, what it is called, and whether it is in use.
    pub content: Option<Uuid>,
    pub content_title: Option<String>,
    pub content_there: bool,
    pub resolves: bool,
    pub patient: PatientId,
    /// When they were born, where that is known.
    pub born: Option<chrono::NaiveDate>,
    pub place: FacilityId,
    pub zone: String,
    /// The open alert.
    pub open: Option<AlertId>,
    /// Whether somebody has taken it.
    pub taken: bool,
    /// Whether its last alert was closed within the window.
    pub rests: bool,
    /// From when on readings count: what somebody has dealt with is no evidence any more.
    pub start: Timestamp,
    pub count: i64,
    pub hits: i64,
    /// Whether one of the new readings lies beyond the limit.
    pub new_hit: bool,
    pub clear: bool,
    pub before: bool,
    pub days: Vec<f64>,
    pub medians: Vec<f64>,
}

impl Case {
    /// When it is fulfilled.
    pub(in crate::rules) const fn condition(&self) -> Condition {
        Condition {
            subject: Subject::of(self.metric, self.part),
            op: self.op,
            threshold: self.threshold,
            min_count: self.min_count,
            window_days: self.window_days,
        }
    }

    /// What was found.
    pub(in crate::rules) fn seen(&self) -> Seen {
        Seen {
            count: self.count,
            hits: self.hits,
            latest_clear: self.clear,
            before: self.before,
            days: self.days.iter().copied().zip(self.medians.iter().copied()).collect(),
        }
    }

    /// What its alert is known by.
    pub(in crate::rules) fn key(&self) -> String {
        format!("rule:{}:{}", self.root, self.patient)
    }

    /// What to do, in words, and who does it.
    pub(in crate::rules) fn params(&self) -> ActionParams {
        serde_json::from_value(self.params.clone()).unwrap_or_default()
    }
}

/// Looks at all rules that hold for these patients and metrics, the narrowest of each root. With `scheduled` only at those that ask
/// for missing readings; with `only` at this one and its exceptions.
pub(in crate::rules) async fn cases(
    tx: &mut Tx,
    organization: OrganizationId,
    touched: &[Touched],
    scheduled: bool,
    only: Option<Uuid>,
) -> Result<Vec<Case>> {
    let patients: Vec<Uuid> = touched.iter().map(|one| one.patient.uuid()).collect();
    let metrics: Vec<String> = touched.iter().map(|one| one.metric.as_str().to_owned()).collect();
    let since: Vec<Timestamp> = touched.iter().map(|one| one.since).collect();
    Ok(sqlx::query_as!(
        Case,
        r#"WITH touched AS (
               SELECT * FROM UNNEST($2::uuid[], $3::text[], $4::timestamptz[]) AS t (patient_id, metric, since)),
           chosen AS (
               SELECT DISTINCT ON (p.id, r.root_id) r.id, r.row_version, r.root_id, r.name, r.metric, r.part, r.op, r.threshold, r.min_count,
                      r.window_days, r.severity, r.action, r.action_params, r.content_id, r.resolves, r.enabled, r.priority, p.id AS subject_id,
                      p.date_of_birth, p.facility_id AS place_id, f.timezone, t.since, NOW() - MAKE_INTERVAL(days => r.window_days) AS opens,
                      'rule:' || r.root_id || ':' || p.id AS key
                 FROM touched AS t
                 JOIN patient AS p ON p.organization_id = $1 AND p.id = t.patient_id AND p.deleted_at IS NULL
                      AND p.status NOT IN ('INACTIVE', 'DISCHARGED')
                 JOIN facility AS f ON f.organization_id = $1 AND f.id = p.facility_id
                 JOIN clinical_rule AS r ON r.organization_id = $1 AND r.metric = t.metric AND r.deleted_at IS NULL
                      AND (r.facility_id IS NULL OR r.facility_id = p.facility_id) AND (r.patient_id IS NULL OR r.patient_id = p.id)
                      AND (NOT $5 OR r.op = 'missing') AND ($6::uuid IS NULL OR r.root_id = $6)
                ORDER BY p.id, r.root_id, r.patient_id IS NOT NULL DESC, r.overrides_id IS NOT NULL DESC),
           working AS (
               SELECT c.*, a.id AS open_id, a.status AS open_status, GREATEST(c.opens, closed.at) AS start, COALESCE(closed.at > c.opens, false) AS rests
                 FROM chosen AS c
                 JOIN clinical_rule AS root ON root.organization_id = $1 AND root.id = c.root_id AND root.deleted_at IS NULL
                      AND (root.facility_id IS NULL OR root.facility_id = c.place_id)
                 LEFT JOIN alert AS a ON a.organization_id = $1 AND a.dedupe_key = c.key AND a.is_open AND a.dedupe_key IS NOT NULL
                CROSS JOIN LATERAL (SELECT MAX(o.resolved_at) AS at FROM alert AS o
                                     WHERE o.organization_id = $1 AND o.patient_id = c.subject_id AND o.dedupe_key = c.key) AS closed
                WHERE c.enabled)
           SELECT w.id AS "rule!: RuleId", w.row_version AS "version!", w.root_id AS "root!", w.name AS "name!", w.metric AS "metric!: Metric",
                  w.part AS "part!", w.op AS "op!: Op", w.threshold, w.min_count AS "min_count!", w.window_days AS "window_days!",
                  w.severity AS "severity!: Severity", w.action AS "action!: RuleAction", w.action_params AS "params!",
                  w.content_id AS "content?", g.title AS "content_title?", COALESCE(g.status = 'PUBLISHED', false) AS "content_there!", w.resolves AS "resolves!",
                  w.subject_id AS "patient!: PatientId", w.date_of_birth AS "born: chrono::NaiveDate", w.place_id AS "place!: FacilityId", w.timezone AS "zone!",
                  w.open_id AS "open?: AlertId", COALESCE(w.open_status = 'ACKNOWLEDGED', false) AS "taken!", w.rests AS "rests!",
                  w.start AS "start!: Timestamp", n.count AS "count!", n.hits AS "hits!", COALESCE(n.last_hit >= w.since, false) AS "new_hit!",
                  COALESCE(latest.clear, false) AS "clear!", COALESCE(earlier.there, false) AS "before!",
                  COALESCE(d.days, '{}') AS "days!", COALESCE(d.medians, '{}') AS "medians!"
             FROM working AS w
             LEFT JOIN content_item AS g ON g.organization_id = $1 AND g.id = w.content_id
            CROSS JOIN LATERAL (
                SELECT COUNT(*) AS count, COUNT(*) FILTER (WHERE o.hit) AS hits, MAX(o.effective_at) FILTER (WHERE o.hit) AS last_hit
                  FROM (SELECT o.effective_at, CASE w.op WHEN '>' THEN CASE w.part WHEN 2 THEN o.value2_num ELSE o.value_num END > w.threshold
                                                         WHEN '<' THEN CASE w.part WHEN 2 THEN o.value2_num ELSE o.value_num END < w.threshold
                                                         ELSE false END AS hit
                          FROM observation AS o
                         WHERE o.organization_id = $1 AND o.patient_id = w.subject_id AND o.code = w.metric AND o.status = 'FINAL'
                           AND o.effective_at > w.start) AS o) AS n
             LEFT JOIN LATERAL (
                SELECT COUNT(*) = w.min_count AND NOT BOOL_OR(o.hit) AS clear
                  FROM (SELECT CASE w.op WHEN '>' THEN CASE w.part WHEN 2 THEN o.value2_num ELSE o.value_num END > w.threshold
                                         ELSE CASE w.part WHEN 2 THEN o.value2_num ELSE o.value_num END < w.threshold END AS hit
                          FROM observation AS o
                         WHERE w.op IN ('>', '<') AND o.organization_id = $1 AND o.patient_id = w.subject_id AND o.code = w.metric
                           AND o.status = 'FINAL' AND o.effective_at > w.start
                         ORDER BY o.effective_at DESC LIMIT w.min_count) AS o) AS latest ON true
             LEFT JOIN LATERAL (
                SELECT true AS there FROM observation AS o
                 WHERE w.op = 'missing' AND o.organization_id = $1 AND o.patient_id = w.subject_id AND o.code = w.metric
                   AND o.status = 'FINAL' AND o.effective_at > w.opens - INTERVAL '90 days' AND o.effective_at <= w.opens
                 LIMIT 1) AS earlier ON true
             LEFT JOIN LATERAL (
                SELECT ARRAY_AGG(day::float8 ORDER BY day) AS days, ARRAY_AGG(median ORDER BY day) AS medians
                  FROM (SELECT (o.effective_at AT TIME ZONE w.timezone)::date - DATE '2000-01-01' AS day,
                               PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CASE w.part WHEN 2 THEN o.value2_num ELSE o.value_num END) AS median
                          FROM observation AS o
                         WHERE w.op IN ('trendUp', 'trendDown') AND o.organization_id = $1 AND o.patient_id = w.subject_id
                           AND o.code = w.metric AND o.status = 'FINAL' AND o.effective_at > w.start
                         GROUP BY 1) AS daily) AS d ON true
            ORDER BY w.priority DESC, w.id, w.subject_id"#,
        organization.uuid(),
        &patients,
        &metrics,
        &since as _,
        scheduled,
        only,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The rules that may hold for any of these, without their exceptions, as they are looked at.
pub(in crate::rules) async fn watching(
    tx: &mut Tx,
    organization: OrganizationId,
    touched: &[Touched],
    scheduled: bool,
) -> Result<Vec<(Uuid, Metric)>> {
    let metrics: Vec<String> = touched.iter().map(|one| one.metric.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"SELECT root_id AS "root!", metric AS "metric: Metric" FROM clinical_rule
            WHERE organization_id = $1 AND metric = ANY ($2) AND deleted_at IS NULL AND (NOT $3 OR op = 'missing')
            GROUP BY root_id, metric ORDER BY MAX(priority) DESC, root_id"#,
        organization.uuid(),
        &metrics,
        scheduled,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.root, row.metric)).collect())
}

/// The readings that speak for each of the `cases`, oldest first: those beyond the limit before others, the latest before earlier ones.
pub(in crate::rules) async fn evidence(
    tx: &mut Tx,
    organization: OrganizationId,
    cases: &[&Case],
    most: i64,
) -> Result<Vec<Vec<Point>>> {
    let places: Vec<i32> = (0..).take(cases.len()).collect();
    let patients: Vec<Uuid> = cases.iter().map(|case| case.patient.uuid()).collect();
    let metrics: Vec<String> = cases.iter().map(|case| case.metric.as_str().to_owned()).collect();
    let parts: Vec<i16> = cases.iter().map(|case| case.part).collect();
    let ops: Vec<String> = cases.iter().map(|case| case.op.as_str().to_owned()).collect();
    let thresholds: Vec<Option<f64>> = cases.iter().map(|case| case.threshold).collect();
    // Of what is missing, the last there was.
    let starts: Vec<Timestamp> = cases
        .iter()
        .map(|case| if case.op == Op::Missing { case.start - chrono::Days::new(90) } else { case.start })
        .collect();
    let rows = sqlx::query!(
        r#"SELECT c.place AS "place!", o.effective_at AS "at!: Timestamp", o.value_num AS "value!", o.value2_num AS second, o.hit AS "hit!"
             FROM UNNEST($2::int[], $3::uuid[], $4::text[], $5::smallint[], $6::text[], $7::float8[], $8::timestamptz[])
                  AS c (place, patient_id, metric, part, op, threshold, start)
            CROSS JOIN LATERAL (
                SELECT o.effective_at, o.value_num, o.value2_num,
                       COALESCE(CASE c.op WHEN '>' THEN CASE c.part WHEN 2 THEN o.value2_num ELSE o.value_num END > c.threshold
                                          WHEN '<' THEN CASE c.part WHEN 2 THEN o.value2_num ELSE o.value_num END < c.threshold END, false) AS hit
                  FROM observation AS o
                 WHERE o.organization_id = $1 AND o.patient_id = c.patient_id AND o.code = c.metric AND o.status = 'FINAL' AND o.effective_at > c.start
                 ORDER BY hit DESC, o.effective_at DESC LIMIT $9) AS o
            ORDER BY c.place, o.effective_at"#,
        organization.uuid(),
        &places,
        &patients,
        &metrics,
        &parts,
        &ops,
        &thresholds as _,
        &starts as _,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut found = vec![Vec::new(); cases.len()];
    for row in rows {
        if let Some(points) = usize::try_from(row.place).ok().and_then(|place| found.get_mut(place)) {
            points.push(Point { at: row.at, value: row.value, second: row.second, hit: row.hit });
        }
    }
    Ok(found)
}
