//! One row of the queue, and the statement that reads it in any order.

use chrono::NaiveDate;

use crate::alerts::filter::Cursor;
use crate::alerts::model::{AlertReason, AlertStatus, Severity};
use crate::clock::Timestamp;
use crate::ids::{AlertId, FacilityId, PatientId, ThreadId, UserId};

/// An alert as the queue shows it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: AlertId,
    /// The number people say.
    pub number: i64,
    /// The version that its forms carry.
    pub row_version: i64,
    /// Where it belongs.
    pub facility_id: Option<FacilityId>,
    /// How grave.
    pub severity: Severity,
    /// The same as a number to sort by.
    pub severity_rank: i16,
    /// What it is about.
    pub kind: String,
    /// Where it stands.
    pub status: AlertStatus,
    /// One line.
    pub title: String,
    /// Why, in one more line.
    pub body: String,
    /// The moment of the transaction by the database's clock, which decides every deadline.
    pub read_at: Timestamp,
    /// The evidence as it came.
    pub payload: String,
    /// When it was first raised.
    pub raised_at: Timestamp,
    /// How often it occurred.
    pub seen_count: i32,
    /// When it returns, where it was put aside.
    pub snoozed_until: Option<Timestamp>,
    /// Who took notice.
    pub acknowledged_by: Option<UserId>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Until when that holds.
    pub ack_expires_at: Option<Timestamp>,
    /// Who closed it.
    pub resolved_by: Option<UserId>,
    /// When it was closed.
    pub resolved_at: Option<Timestamp>,
    /// Why it was closed.
    pub reason_code: Option<AlertReason>,
    /// Why it was closed or reopened, in words.
    pub reason_text: Option<String>,
    /// Who moved it last.
    pub moved_by: Option<UserId>,
    /// Who has it.
    pub assignee_id: Option<UserId>,
    /// The conversation that it is about.
    pub thread_id: Option<ThreadId>,
    /// Their given name.
    pub assignee_first: Option<String>,
    /// Their family name.
    pub assignee_last: Option<String>,
    /// Whom it is about.
    pub patient_id: Option<PatientId>,
    /// Given name.
    pub patient_first: Option<String>,
    /// Family name.
    pub patient_last: Option<String>,
    /// `Ms`.
    pub patient_title: Option<String>,
    /// As recorded: `female`, `male`, …
    pub patient_sex: Option<String>,
    /// Date of birth.
    pub patient_born: Option<NaiveDate>,
    /// Record number, encrypted.
    pub patient_mrn: Option<Vec<u8>>,
    /// What is known of allergies.
    pub allergy_status: Option<String>,
}

impl Row {
    /// The place of this row in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { rank: self.severity_rank, at: self.resolved_at.unwrap_or(self.raised_at), id: self.id }
    }
}

/// All columns of a [`Row`] from `$from`, which names the alerts `a`; `$end` orders them.
macro_rules! columns {
    ([$($from:tt)+], [$($end:tt)+], $($args:tt)*) => {
        sqlx::query_as!(
            $crate::alerts::queries::row::Row,
            r#"SELECT a.id AS "id!: AlertId", a.number AS "number!", a.row_version AS "row_version!", a.facility_id AS "facility_id?: FacilityId",
                      a.severity AS "severity!: Severity", a.severity_rank AS "severity_rank!", a.type AS "kind!", a.status AS "status!: AlertStatus",
                      a.title AS "title!", a.body AS "body!", now() AS "read_at!: Timestamp", a.payload::text AS "payload!", a.raised_at AS "raised_at!: Timestamp",
                      a.seen_count AS "seen_count!", a.snoozed_until AS "snoozed_until?: Timestamp",
                      a.acknowledged_by_id AS "acknowledged_by?: UserId", a.acknowledged_at AS "acknowledged_at?: Timestamp",
                      a.ack_expires_at AS "ack_expires_at?: Timestamp", a.resolved_by_id AS "resolved_by?: UserId",
                      a.resolved_at AS "resolved_at?: Timestamp", a.reason_code AS "reason_code?: AlertReason", a.reason_text AS "reason_text?",
                      a.status_changed_by_id AS "moved_by?: UserId",
                      a.assignee_id AS "assignee_id?: UserId", u.first_name AS "assignee_first?", u.last_name AS "assignee_last?",
                      a.thread_id AS "thread_id?: crate::ids::ThreadId", a.patient_id AS "patient_id?: PatientId", p.first_name AS "patient_first?", p.last_name AS "patient_last?",
                      p.demographics ->> 'title' AS patient_title, p.demographics ->> 'sex' AS patient_sex,
                      p.date_of_birth AS "patient_born?: NaiveDate", p.medical_record_number_enc AS "patient_mrn?",
                      p.allergy_status AS "allergy_status?"
               FROM "# + $($from)+ + r#"
               LEFT JOIN patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id
               LEFT JOIN app_user AS u ON u.organization_id = a.organization_id AND u.id = a.assignee_id
               "# + $($end)+,
            $($args)*
        )
    };
}

/// The statement of one order.
///
/// `$scope`: where to look; `$which`: open or closed; `$key`: what lies on the wanted side of the cursor; `$inner` and
/// `$outer`: nearest to the cursor first, inside the scope and over all of it.
macro_rules! rows {
    ($scope:ident ($conn:expr, $criteria:expr, $cursor:expr, $limit:expr), $which:literal, $key:literal, $inner:literal, $outer:literal) => {
        rows!(@$scope ($conn, $criteria, $cursor, $limit), $which, $key, $inner, $outer, r"
            AND ($3::text[] IS NULL OR a.severity = ANY ($3)) AND ($4::text[] IS NULL OR a.type = ANY ($4))
            AND ($5::text[] IS NULL OR a.status = ANY ($5))
            AND ($6::uuid[] IS NULL OR a.assignee_id = ANY ($6) OR ($7 AND a.assignee_id IS NULL))
            AND ($8::text IS NULL OR strpos(lower(a.title), $11) > 0 OR a.patient_id = ANY (ARRAY(
                SELECT s.id FROM patient AS s WHERE s.organization_id = $1
                AND ((s.name_key >= $8 AND s.name_key < $9) OR (s.given_key >= $8 AND s.given_key < $9)
                     OR s.medical_record_number_bidx = $10))))
            AND (NOT $16 OR EXISTS (SELECT FROM facility AS h WHERE h.organization_id = $1 AND h.id = a.facility_id AND h.kind = 'CARE_HOME'))")
    };
    // A few facilities: the first rows of each, then the first of those.
    (@facilities $with:tt, $which:literal, $key:literal, $inner:literal, $outer:literal, $filter:literal) => {
        rows!(@run $with, $outer,
            "unnest($2::uuid[]) AS f (id) CROSS JOIN LATERAL (SELECT a.* FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND "
            + $which + " AND " + $key + $filter + " ORDER BY " + $inner + " LIMIT $12) AS a")
    };
    // Everything, where an index of the organization has this order.
    (@organization $with:tt, $which:literal, $key:literal, $inner:literal, $outer:literal, $filter:literal) => {
        rows!(@run $with, $outer,
            "(SELECT a.* FROM alert AS a WHERE a.organization_id = $1 AND $2::uuid[] IS NULL AND "
            + $which + " AND " + $key + $filter + " ORDER BY " + $inner + " LIMIT $12) AS a")
    };
    // Everything, where only the facilities have an index of this order: each of them, and what belongs to none.
    (@everywhere $with:tt, $which:literal, $key:literal, $inner:literal, $outer:literal, $filter:literal) => {
        rows!(@run $with, $outer,
            "(SELECT a.* FROM facility AS f CROSS JOIN LATERAL (SELECT a.* FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND "
            + $which + " AND " + $key + $filter + " ORDER BY " + $inner + " LIMIT $12) AS a WHERE f.organization_id = $1 AND $2::uuid[] IS NULL
            UNION ALL (SELECT a.* FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id IS NULL AND "
            + $which + " AND " + $key + $filter + " ORDER BY " + $inner + " LIMIT $12)) AS a")
    };
    // By name: no index has this order, so all that is open is sorted.
    (@patients $with:tt, $which:literal, $key:literal, $inner:literal, $outer:literal, $filter:literal) => {
        rows!(@run $with, $outer,
            "(SELECT a.* FROM alert AS a LEFT JOIN patient AS n ON n.organization_id = a.organization_id AND n.id = a.patient_id
              WHERE a.organization_id = $1 AND ($2::uuid[] IS NULL OR a.facility_id = ANY ($2)) AND "
            + $which + " AND " + $key + $filter + " ORDER BY " + $inner + " LIMIT $12) AS a")
    };
    (@run ($conn:expr, $criteria:expr, $cursor:expr, $limit:expr), $outer:literal, $($from:tt)+) => {
        columns!(
            [$($from)+],
            [" ORDER BY " + $outer + " LIMIT $12"],
            $criteria.organization,
            $criteria.facilities.as_deref(),
            $criteria.severities.as_deref(),
            $criteria.types.as_deref(),
            $criteria.statuses.as_deref(),
            $criteria.people.as_deref(),
            $criteria.nobody,
            $criteria.words.from,
            $criteria.words.to,
            $criteria.words.record_number,
            $criteria.words.title,
            $limit,
            $cursor.rank,
            $cursor.at as Timestamp,
            $cursor.id.uuid(),
            $criteria.homes,
        )
        .fetch_all(&mut *$conn)
        .await?
    };
}

pub(super) use {columns, rows};
