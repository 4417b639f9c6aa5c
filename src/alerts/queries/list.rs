//! One page of the queue.
//!
//! Every order of the list is a statement of its own, so that each walks an index and stops after one page. A person
//! with some facilities asks for the first rows of each of them and merges; one with all facilities walks the index of
//! the organization where there is one. The columns, the filter and the joins are written once, in [`rows!`].

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::criteria::Criteria;
use super::row::{Row, columns, rows};
use crate::alerts::filter::{Cursor, Filter, Position, Side, Sort, View};
use crate::alerts::model::{AlertReason, AlertStatus, Severity};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, PatientId, UserId};

/// The rows of one page and one more, which tells whether there is another page.
///
/// # Errors
/// Where the database does not answer.
pub async fn page(
    conn: &mut PgConnection,
    criteria: &Criteria,
    filter: &Filter,
    position: &Position,
    limit: i64,
) -> Result<Vec<Row>> {
    let limit = limit + 1;
    let (side, cursor) = match position.cursor {
        Some((side, cursor)) => (side, Some(cursor)),
        None => (Side::After, None),
    };
    let top = cursor.unwrap_or(TOP);
    let bottom = cursor.unwrap_or(BOTTOM);
    let mut rows = match (filter.view, filter.sort, side) {
        (View::Resolved, _, side) => closed(conn, criteria, top, limit, side).await?,
        (_, Sort::Severity, side) => by_severity(conn, criteria, top, limit, side).await?,
        (_, Sort::Newest, Side::After) | (_, Sort::Oldest, Side::Before) => newest(conn, criteria, top, limit).await?,
        (_, Sort::Oldest, Side::After) | (_, Sort::Newest, Side::Before) => {
            oldest(conn, criteria, bottom, limit).await?
        }
        (_, Sort::Patient, side) => by_patient(conn, criteria, bottom, limit, side).await?,
    };
    if side == Side::Before {
        rows.reverse();
    }
    Ok(rows)
}

/// How many alerts of this list were raised after `since`, up to `cap`.
///
/// # Errors
/// Where the database does not answer.
pub async fn newer(conn: &mut PgConnection, criteria: &Criteria, since: Cursor, cap: i64) -> Result<usize> {
    Ok(oldest(conn, criteria, since, cap).await?.len())
}

/// Before the first row of a list that goes down.
const TOP: Cursor = Cursor { rank: i16::MAX, at: Timestamp::MAX_UTC, id: AlertId::MAX };

/// Before the first row of a list that goes up.
const BOTTOM: Cursor = Cursor { rank: 0, at: Timestamp::UNIX_EPOCH, id: AlertId::NIL };

async fn by_severity(
    conn: &mut PgConnection,
    criteria: &Criteria,
    at: Cursor,
    limit: i64,
    side: Side,
) -> Result<Vec<Row>> {
    Ok(match (side, criteria.facilities.is_some()) {
        (Side::After, true) => rows!(
            facilities(conn, criteria, at, limit),
            "a.is_open",
            "(a.severity_rank, a.raised_at, a.id) < ($13::smallint, $14::timestamptz, $15::uuid)",
            "a.severity_rank DESC, a.raised_at DESC, a.id DESC",
            "a.severity_rank DESC, a.raised_at DESC, a.id DESC"
        ),
        (Side::After, false) => rows!(
            organization(conn, criteria, at, limit),
            "a.is_open",
            "(a.severity_rank, a.raised_at, a.id) < ($13::smallint, $14::timestamptz, $15::uuid)",
            "a.severity_rank DESC, a.raised_at DESC, a.id DESC",
            "a.severity_rank DESC, a.raised_at DESC, a.id DESC"
        ),
        (Side::Before, true) => rows!(
            facilities(conn, criteria, at, limit),
            "a.is_open",
            "(a.severity_rank, a.raised_at, a.id) > ($13::smallint, $14::timestamptz, $15::uuid)",
            "a.severity_rank, a.raised_at, a.id",
            "a.severity_rank, a.raised_at, a.id"
        ),
        (Side::Before, false) => rows!(
            organization(conn, criteria, at, limit),
            "a.is_open",
            "(a.severity_rank, a.raised_at, a.id) > ($13::smallint, $14::timestamptz, $15::uuid)",
            "a.severity_rank, a.raised_at, a.id",
            "a.severity_rank, a.raised_at, a.id"
        ),
    })
}

async fn newest(conn: &mut PgConnection, criteria: &Criteria, at: Cursor, limit: i64) -> Result<Vec<Row>> {
    Ok(if criteria.facilities.is_some() {
        rows!(
            facilities(conn, criteria, at, limit),
            "a.is_open",
            "$13::smallint IS NOT NULL AND (a.raised_at, a.id) < ($14::timestamptz, $15::uuid)",
            "a.raised_at DESC, a.id DESC",
            "a.raised_at DESC, a.id DESC"
        )
    } else {
        rows!(
            everywhere(conn, criteria, at, limit),
            "a.is_open",
            "$13::smallint IS NOT NULL AND (a.raised_at, a.id) < ($14::timestamptz, $15::uuid)",
            "a.raised_at DESC, a.id DESC",
            "a.raised_at DESC, a.id DESC"
        )
    })
}

async fn oldest(conn: &mut PgConnection, criteria: &Criteria, at: Cursor, limit: i64) -> Result<Vec<Row>> {
    Ok(if criteria.facilities.is_some() {
        rows!(
            facilities(conn, criteria, at, limit),
            "a.is_open",
            "$13::smallint IS NOT NULL AND (a.raised_at, a.id) > ($14::timestamptz, $15::uuid)",
            "a.raised_at, a.id",
            "a.raised_at, a.id"
        )
    } else {
        rows!(
            everywhere(conn, criteria, at, limit),
            "a.is_open",
            "$13::smallint IS NOT NULL AND (a.raised_at, a.id) > ($14::timestamptz, $15::uuid)",
            "a.raised_at, a.id",
            "a.raised_at, a.id"
        )
    })
}

/// What is done, latest first.
async fn closed(conn: &mut PgConnection, criteria: &Criteria, at: Cursor, limit: i64, side: Side) -> Result<Vec<Row>> {
    Ok(match (side, criteria.facilities.is_some()) {
        (Side::After, true) => rows!(
            facilities(conn, criteria, at, limit),
            "a.resolved_at IS NOT NULL AND a.deleted_at IS NULL",
            "$13::smallint IS NOT NULL AND (a.resolved_at, a.id) < ($14::timestamptz, $15::uuid)",
            "a.resolved_at DESC, a.id DESC",
            "a.resolved_at DESC, a.id DESC"
        ),
        (Side::After, false) => rows!(
            everywhere(conn, criteria, at, limit),
            "a.resolved_at IS NOT NULL AND a.deleted_at IS NULL",
            "$13::smallint IS NOT NULL AND (a.resolved_at, a.id) < ($14::timestamptz, $15::uuid)",
            "a.resolved_at DESC, a.id DESC",
            "a.resolved_at DESC, a.id DESC"
        ),
        (Side::Before, true) => rows!(
            facilities(conn, criteria, at, limit),
            "a.resolved_at IS NOT NULL AND a.deleted_at IS NULL",
            "$13::smallint IS NOT NULL AND (a.resolved_at, a.id) > ($14::timestamptz, $15::uuid)",
            "a.resolved_at, a.id",
            "a.resolved_at, a.id"
        ),
        (Side::Before, false) => rows!(
            everywhere(conn, criteria, at, limit),
            "a.resolved_at IS NOT NULL AND a.deleted_at IS NULL",
            "$13::smallint IS NOT NULL AND (a.resolved_at, a.id) > ($14::timestamptz, $15::uuid)",
            "a.resolved_at, a.id",
            "a.resolved_at, a.id"
        ),
    })
}

/// By name, those without a patient last. The cursor holds no name, so the name of its row is looked up.
async fn by_patient(
    conn: &mut PgConnection,
    criteria: &Criteria,
    at: Cursor,
    limit: i64,
    side: Side,
) -> Result<Vec<Row>> {
    Ok(match side {
        Side::After => rows!(patients(conn, criteria, at, limit), "a.is_open",
            "(($13::smallint = 0 AND $14::timestamptz IS NOT NULL) OR (coalesce(n.name_key, chr(1114111)), a.id) >
              ((SELECT coalesce(k.name_key, chr(1114111)) FROM alert AS o LEFT JOIN patient AS k ON k.organization_id = o.organization_id AND k.id = o.patient_id
                WHERE o.organization_id = $1 AND o.id = $15::uuid), $15::uuid))",
            "coalesce(n.name_key, chr(1114111)), a.id", "coalesce(p.name_key, chr(1114111)), a.id"),
        Side::Before => rows!(patients(conn, criteria, at, limit), "a.is_open",
            "$13::smallint IS NOT NULL AND $14::timestamptz IS NOT NULL AND (coalesce(n.name_key, chr(1114111)), a.id) <
              ((SELECT coalesce(k.name_key, chr(1114111)) FROM alert AS o LEFT JOIN patient AS k ON k.organization_id = o.organization_id AND k.id = o.patient_id
                WHERE o.organization_id = $1 AND o.id = $15::uuid), $15::uuid)",
            "coalesce(n.name_key, chr(1114111)) DESC, a.id DESC", "coalesce(p.name_key, chr(1114111)) DESC, a.id DESC"),
    })
}
