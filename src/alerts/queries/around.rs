//! What stands around the list: counts, saved views, facilities, and what the preview says of its patient. One statement.

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::access::{Actor, Facilities};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, PatientId, VisitId, VisitRequestId};
use crate::saved_views::SavedView;
use crate::web::badges::COUNT_CAP;

/// Counts of the tabs, each up to the cap, and what else the page needs.
#[derive(Debug, Default)]
pub struct Around {
    /// All open alerts within reach.
    pub open: i64,
    /// Those I have.
    pub mine: i64,
    /// Those nobody has.
    pub unassigned: i64,
    /// The critical ones.
    pub critical: i64,
    /// Requests for visits that wait for staff: for the badge of the navigation.
    pub requests: i64,
    /// Those put aside.
    pub snoozed: i64,
    /// Those in care homes; none where there is no home within reach.
    pub homes: Option<i64>,
    /// How long the oldest alert that nobody has acknowledged has been waiting.
    pub waiting_since: Option<Timestamp>,
    /// The database's clock.
    pub now: Timestamp,
    /// Own and shared views.
    pub views: Vec<SavedView>,
    /// Facilities to choose from, where there are several.
    pub facilities: Vec<Place>,
    /// What the patient in the preview reacts to: substance and reaction.
    pub allergies: Vec<(String, String)>,
    /// Other open alerts of that patient.
    pub others: Vec<Other>,
    /// The next visit of that patient.
    pub visit: Option<NextVisit>,
    /// The open request for a visit that was made because of this alert.
    pub asked: Option<Asked>,
}

/// A facility by its name.
#[derive(Clone, Debug, Deserialize)]
pub struct Place {
    /// Which.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
}

/// Another alert of the same patient.
#[derive(Clone, Debug, Deserialize)]
pub struct Other {
    /// Which.
    pub id: AlertId,
    /// One line.
    pub title: String,
}

/// A visit that is planned.
#[derive(Clone, Debug, Deserialize)]
pub struct NextVisit {
    /// Which.
    pub id: VisitId,
    /// When.
    pub at: Timestamp,
}

/// A request for a visit.
#[derive(Clone, Debug, Deserialize)]
pub struct Asked {
    /// Which.
    pub id: VisitRequestId,
    /// The number people say.
    pub number: i64,
}

/// The statement for a person with some facilities (`$here`: how an alert lies within them) or with all.
macro_rules! around {
    ($here:literal, $homes:literal, $waiting:literal, $conn:ident, $($arg:expr),+) => {
        sqlx::query!(
            r#"SELECT (SELECT count(*) FROM (SELECT FROM alert AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.is_open LIMIT $4) AS t) AS "open!",
                      (SELECT count(*) FROM (SELECT FROM alert AS a WHERE a.organization_id = $1 AND a.assignee_id = $3 AND a.is_open
                          AND a.assignee_id IS NOT NULL LIMIT $4) AS t) AS "mine!",
                      (SELECT count(*) FROM (SELECT FROM alert AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.is_open
                          AND a.assignee_id IS NULL LIMIT $4) AS t) AS "unassigned!",
                      (SELECT count(*) FROM (SELECT FROM alert AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.is_open
                          AND a.severity_rank = 4 LIMIT $4) AS t) AS "critical!",
                      (SELECT count(*) FROM (SELECT FROM visit_request AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.is_open
                          AND a.status <> 'AWAITING_PATIENT_CONFIRMATION' LIMIT $4) AS t) AS "requests!",
                      (SELECT count(*) FROM (SELECT FROM alert AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.is_open
                          AND a.snoozed_until IS NOT NULL LIMIT $4) AS t) AS "snoozed!",
                      (SELECT CASE WHEN count(*) > 0 THEN (SELECT count(*) FROM (SELECT FROM facility AS h CROSS JOIN LATERAL (
                              SELECT FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id = h.id AND a.is_open LIMIT $4) AS x
                              WHERE h.organization_id = $1 AND h.kind = 'CARE_HOME' AND "# + $homes + r#" LIMIT $4) AS t) END
                       FROM facility AS h WHERE h.organization_id = $1 AND h.kind = 'CARE_HOME' AND h.deleted_at IS NULL AND "# + $homes + r#") AS homes,
                      "# + $waiting + r#" AS "waiting_since: Timestamp",
                      now() AS "now!: Timestamp",
                      (SELECT json_agg(json_build_object('id', v.id, 'name', v.name, 'query', v.query, 'shared', v.shared, 'is_default', v.is_default,
                                                         'own', v.user_id = $3) ORDER BY v.user_id = $3 DESC, lower(v.name))
                       FROM saved_view AS v WHERE v.organization_id = $1 AND v.page = 'alerts' AND v.deleted_at IS NULL
                         AND (v.user_id = $3 OR v.shared)) AS "views: Json<Vec<SavedView>>",
                      (SELECT json_agg(json_build_object('id', h.id, 'name', h.name) ORDER BY h.name)
                       FROM facility AS h WHERE $5 AND h.organization_id = $1 AND h.deleted_at IS NULL AND "# + $homes + r#") AS "facilities: Json<Vec<Place>>",
                      (SELECT json_agg(json_build_array(g.substance, coalesce(g.reaction, '')) ORDER BY g.severity = 'SEVERE' DESC, g.substance)
                       FROM allergy AS g WHERE g.organization_id = $1 AND g.patient_id = $6 AND g.status = 'ACTIVE' AND g.deleted_at IS NULL)
                       AS "allergies: Json<Vec<(String, String)>>",
                      (SELECT json_agg(o) FROM (SELECT o.id, o.title FROM alert AS o
                           WHERE o.organization_id = $1 AND o.patient_id = $6 AND o.is_open AND o.patient_id IS NOT NULL AND o.id <> $7
                           ORDER BY o.severity_rank DESC, o.raised_at DESC, o.id DESC LIMIT 5) AS o) AS "others: Json<Vec<Other>>",
                      (SELECT json_build_object('id', v.id, 'at', v.start_time) FROM visit AS v
                       WHERE v.organization_id = $1 AND v.patient_id = $6 AND v.start_time > now() AND v.status = 'PLANNED' AND v.deleted_at IS NULL
                       ORDER BY v.start_time LIMIT 1) AS "visit: Json<NextVisit>",
                      (SELECT json_build_object('id', r.id, 'number', r.number) FROM visit_request AS r
                       WHERE r.organization_id = $1 AND r.alert_id = $7 AND r.alert_id IS NOT NULL AND r.is_open
                       ORDER BY r.created_at DESC LIMIT 1) AS "asked: Json<Asked>""#,
            $($arg),+
        )
        .fetch_one($conn)
        .await
        .map(|row| Around {
            open: row.open,
            mine: row.mine,
            unassigned: row.unassigned,
            critical: row.critical,
            requests: row.requests,
            snoozed: row.snoozed,
            homes: row.homes,
            waiting_since: row.waiting_since,
            now: row.now,
            views: list(row.views),
            facilities: list(row.facilities),
            allergies: list(row.allergies),
            others: list(row.others),
            visit: row.visit.map(|json| json.0),
            asked: row.asked.map(|json| json.0),
        })?
    };
}

/// What stands around the list of `actor` while they look at the alert `selected` of `patient`.
///
/// # Errors
/// Where the database does not answer.
pub async fn around(
    conn: &mut PgConnection,
    actor: &Actor,
    patient: Option<PatientId>,
    selected: Option<AlertId>,
) -> Result<Around> {
    let organization = actor.organization.uuid();
    let me = actor.user.uuid();
    let patient = patient.map(PatientId::uuid);
    let selected = selected.unwrap_or(AlertId::NIL).uuid();
    let several = actor.home_facility().is_none();
    Ok(match &actor.facilities {
        Facilities::Only(list_of) => {
            let here: Vec<_> = list_of.iter().map(|facility| facility.uuid()).collect();
            around!(
                "a.facility_id = ANY ($2)",
                "h.id = ANY ($2)",
                r"(SELECT min(x.raised_at) FROM unnest($2::uuid[]) AS f (id) CROSS JOIN LATERAL (
                       SELECT a.raised_at FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND a.is_open AND a.status = 'ACTIVE'
                       ORDER BY a.raised_at LIMIT 1) AS x)",
                conn,
                organization,
                &here,
                me,
                COUNT_CAP,
                several,
                patient,
                selected
            )
        }
        Facilities::All => around!(
            "$2::uuid[] IS NOT NULL",
            "$2::uuid[] IS NOT NULL",
            r"(SELECT min(x.raised_at) FROM facility AS f CROSS JOIN LATERAL (
                   SELECT a.raised_at FROM alert AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND a.is_open AND a.status = 'ACTIVE'
                   ORDER BY a.raised_at LIMIT 1) AS x WHERE f.organization_id = $1)",
            conn,
            organization,
            &[],
            me,
            COUNT_CAP,
            several,
            patient,
            selected
        ),
    })
}

fn list<T>(json: Option<Json<Vec<T>>>) -> Vec<T> {
    json.map(|json| json.0).unwrap_or_default()
}
