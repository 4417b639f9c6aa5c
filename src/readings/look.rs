//! Looking at readings: the latest of each metric, columns for a chart, and lists.

use chrono::TimeDelta;

use super::metric::{Interpretation, Metric};
use super::model::{Context, Source, Status, Vendor};
use crate::charts::trend::Size;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{ObservationId, OrganizationId, PatientId};
use crate::named::named;

named! {
    /// How far back a page looks.
    Period {
        /// A week.
        Week = "7", "7 d";
        /// Two.
        Fortnight = "14", "14 d";
        /// A quarter.
        Quarter = "90", "90 d";
        /// A year.
        Year = "365", "1 y";
    }
}

impl Period {
    /// What an address says, a fortnight where it says nothing that makes sense.
    #[must_use]
    pub fn read(text: &str) -> Self {
        text.parse().unwrap_or(Self::Fortnight)
    }

    /// Its length.
    #[must_use]
    pub const fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Fortnight => 14,
            Self::Quarter => 90,
            Self::Year => 365,
        }
    }

    /// In a heading.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Week => "last 7 days",
            Self::Fortnight => "last 14 days",
            Self::Quarter => "last 90 days",
            Self::Year => "last year",
        }
    }

    /// The stretch that ends now.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Span {
        Span { from: now - TimeDelta::days(self.days()), to: now }
    }
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// The latest reading of a metric.
#[derive(Clone, Debug)]
pub struct Latest {
    /// Which.
    pub id: ObservationId,
    /// Of what.
    pub metric: Metric,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub value: f64,
    /// The second value.
    pub second: Option<f64>,
    /// Where it comes from.
    pub source: Source,
    /// Who made the device.
    pub vendor: Option<Vendor>,
    /// Against its range.
    pub interpretation: Option<Interpretation>,
    /// How it was computed.
    pub derivation: Option<String>,
}

/// What falls into one column of pixels of a chart, or one reading where there are few.
#[derive(Clone, Debug)]
pub struct Column {
    /// Of what.
    pub metric: Metric,
    /// When, the latest of them.
    pub at: Timestamp,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// The lowest second value.
    pub second_low: Option<f64>,
    /// The highest second value.
    pub second_high: Option<f64>,
    /// How many.
    pub count: i64,
}

/// One reading in a list, standing or not.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which.
    pub id: ObservationId,
    /// Of what.
    pub metric: Metric,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub value: f64,
    /// The second value.
    pub second: Option<f64>,
    /// Where it comes from.
    pub source: Source,
    /// Who made the device.
    pub vendor: Option<Vendor>,
    /// What the person did meanwhile.
    pub context: Option<Context>,
    /// How it was computed.
    pub derivation: Option<String>,
    /// Against its range.
    pub interpretation: Option<Interpretation>,
    /// Whether it stands.
    pub status: Status,
    /// Why not.
    pub status_reason: Option<String>,
    /// Whether the person who asks typed it.
    pub own: bool,
}

/// Says whom the transaction is about: the database then asks once, and not for each reading, whether they may be seen.
///
/// # Errors
/// Where the database does not answer.
pub async fn focus(tx: &mut Tx, patient: PatientId) -> Result<()> {
    sqlx::query!("SELECT set_config('app.patient', $1, true) AS patient", patient.to_string())
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// The latest reading of each metric of which there is one, in the order of [`Metric::ALL`].
///
/// # Errors
/// Where the database does not answer.
pub async fn latest(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<Vec<Latest>> {
    let codes: Vec<String> = Metric::ALL.iter().map(|metric| metric.as_str().to_owned()).collect();
    Ok(sqlx::query_as!(
        Latest,
        r#"SELECT o.id AS "id!: ObservationId", m.code AS "metric!: Metric", o.effective_at AS "at!: Timestamp", o.value_num AS "value!",
                  o.value2_num AS second, o.source AS "source!: Source", o.device_vendor AS "vendor: Vendor",
                  o.interpretation AS "interpretation: Interpretation", o.derivation
             FROM UNNEST($3::text[]) WITH ORDINALITY AS m (code, place)
            CROSS JOIN LATERAL (
                  SELECT * FROM observation AS r
                   WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.code = m.code AND r.status = 'FINAL'
                   ORDER BY r.effective_at DESC LIMIT 1) AS o
            ORDER BY m.place"#,
        organization.uuid(),
        patient.uuid(),
        &codes,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// What a chart of this size shows of these metrics, oldest first: each reading as it is where they are few enough for a line,
/// else the lowest and the highest of each column of pixels. One statement.
///
/// # Errors
/// Where the database does not answer.
pub async fn columns(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    metrics: &[Metric],
    span: Span,
    size: Size,
) -> Result<Vec<Column>> {
    let codes: Vec<String> = metrics.iter().map(|metric| metric.as_str().to_owned()).collect();
    Ok(sqlx::query_as!(
        Column,
        r#"SELECT code AS "metric!: Metric", at AS "at!: Timestamp", low AS "low!", high AS "high!", second_low, second_high, readings AS "count!"
             FROM kit.reading_columns($1, $2, $3, $4, $5, MAKE_INTERVAL(secs => $6), $7)
            ORDER BY code, at"#,
        organization.uuid(),
        patient.uuid(),
        &codes,
        span.from as _,
        span.to as _,
        (span.to - span.from).as_seconds_f64() / f64::from(size.columns()),
        size.line().cast_signed(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Readings of one metric, those entered in error too, the latest first; those before `before` where it is given.
///
/// # Errors
/// Where the database does not answer.
pub async fn readings(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    metric: Metric,
    before: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<Reading>> {
    Ok(sqlx::query_as!(
        Reading,
        r#"SELECT id AS "id!: ObservationId", code AS "metric!: Metric", effective_at AS "at!: Timestamp", value_num AS "value!", value2_num AS second,
                  source AS "source!: Source", device_vendor AS "vendor: Vendor", context AS "context: Context", derivation,
                  interpretation AS "interpretation: Interpretation", status AS "status!: Status", status_reason,
                  (created_by_id = ctx.actor()) IS TRUE AS "own!"
             FROM ((SELECT * FROM observation AS f
                     WHERE f.organization_id = $1 AND f.patient_id = $2 AND f.code = $3 AND f.status = 'FINAL'
                       AND f.effective_at < COALESCE($4::timestamptz, 'infinity') ORDER BY f.effective_at DESC LIMIT $5)
                   UNION ALL
                   (SELECT * FROM observation AS e
                     WHERE e.organization_id = $1 AND e.patient_id = $2 AND e.code = $3 AND e.status = 'ENTERED_IN_ERROR'
                       AND e.effective_at < COALESCE($4::timestamptz, 'infinity') ORDER BY e.effective_at DESC LIMIT $5)) AS o
            ORDER BY effective_at DESC, id LIMIT $5"#,
        organization.uuid(),
        patient.uuid(),
        metric.as_str(),
        before as _,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// One reading of this patient.
///
/// # Errors
/// Where the database does not answer.
pub async fn one(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    id: ObservationId,
) -> Result<Option<Reading>> {
    Ok(sqlx::query_as!(
        Reading,
        r#"SELECT id AS "id!: ObservationId", code AS "metric!: Metric", effective_at AS "at!: Timestamp", value_num AS "value!", value2_num AS second,
                  source AS "source!: Source", device_vendor AS "vendor: Vendor", context AS "context: Context", derivation,
                  interpretation AS "interpretation: Interpretation", status AS "status!: Status", status_reason,
                  (created_by_id = ctx.actor()) IS TRUE AS "own!"
             FROM observation WHERE organization_id = $1 AND id = $3 AND patient_id = $2"#,
        organization.uuid(),
        patient.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Whether the patient has an active condition that weight makes worse.
///
/// # Errors
/// Where the database does not answer.
pub async fn weight_matters(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM condition WHERE organization_id = $1 AND patient_id = $2 AND weight_related AND status = 'ACTIVE'
                             AND deleted_at IS NULL) AS "matters!""#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?)
}
