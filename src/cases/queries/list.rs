//! The list in each of its orders, for each reach; its counts, and what changed since.
//!
//! Each statement names its reach itself, so that an index has its order; row-level security asks again.

use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Row, columns};
use crate::access::{Actor, Facilities, Role};
use crate::cases::filter::{Cursor, Filter, Sort, View};
use crate::cases::model::{CaseStatus, Priority};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, CaseId, FacilityId, OrganizationId, PatientId, UserId};
use crate::web::nav::COUNT_CAP;

/// Matches of a title that are shown: more is a reason to type more.
pub const MATCHES: i64 = 50;

/// Whose cases.
#[derive(Clone, Debug)]
pub enum Reach {
    /// Those I opened or work on.
    Own(UserId),
    /// Those of some facilities.
    Facilities(Vec<Uuid>),
    /// Those of the organization.
    Everywhere,
}

impl Reach {
    /// What the role of `actor` sees.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        match (actor.role, &actor.facilities) {
            (Role::Compliance, _) | (Role::Chair, Facilities::All) => Self::Everywhere,
            (Role::Chair, Facilities::Only(list)) => Self::Facilities(list.iter().map(|id| id.uuid()).collect()),
            (_, _) => Self::Own(actor.user),
        }
    }
}

/// What a page asks of the database.
#[derive(Debug)]
pub struct Wanted {
    organization: OrganizationId,
    reach: Reach,
    statuses: Option<Vec<String>>,
    priorities: Option<Vec<String>>,
    people: Option<Vec<Uuid>>,
    facilities: Option<Vec<Uuid>>,
    nobody: bool,
    overdue: bool,
    order: Sort,
    after: Option<Cursor>,
}

impl Wanted {
    /// What `filter` means for `actor`.
    #[must_use]
    pub fn new(actor: &Actor, filter: &Filter) -> Self {
        let chosen = if filter.statuses.is_empty() { filter.view.statuses(actor.role) } else { &filter.statuses };
        let statuses: Vec<_> = chosen.iter().map(|status| status.as_str().to_owned()).collect();
        let priorities: Vec<_> = filter.priorities.iter().map(|one| one.as_str().to_owned()).collect();
        let mut people: Vec<_> = filter.people.iter().map(|person| person.uuid()).collect();
        if filter.view == View::Mine && actor.role == Role::Caseworker {
            people = vec![actor.user.uuid()];
        }
        let facilities: Vec<_> = filter.facilities.iter().map(|facility| facility.uuid()).collect();
        Self {
            organization: actor.organization,
            reach: Reach::of(actor),
            nobody: filter.nobody,
            statuses: some(statuses),
            priorities: some(priorities),
            people: some(people).or_else(|| filter.nobody.then(Vec::new)),
            facilities: some(facilities),
            overdue: filter.overdue || filter.view == View::Overdue,
            order: filter.order(),
            after: filter.trail.last().copied(),
        }
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// One statement. `$reach`: whose; `$open`: with an index of open cases or of all; `$key`: beyond the cursor; `$order`.
macro_rules! rows {
    (own, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal) => {
        rows!(@run $conn, $wanted, $mine, $limit, $order,
            "cases AS a", " WHERE a.organization_id = $1 AND (a.created_by_id = $2 OR a.assigned_to_id = $2) AND " + $open + " AND " + $key)
    };
    (everywhere, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal) => {
        rows!(@run $conn, $wanted, $mine, $limit, $order,
            "cases AS a", " WHERE a.organization_id = $1 AND $2::uuid IS NULL AND " + $open + " AND " + $key)
    };
    (facilities, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal) => {
        columns!(
            ["(SELECT b.* FROM unnest($2::uuid[]) AS f (id) CROSS JOIN LATERAL (SELECT a.* FROM cases AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND "
             + $open + " AND " + $key
             + " AND a.deleted_at IS NULL AND ($3::text[] IS NULL OR a.status = ANY ($3)) AND ($4::text[] IS NULL OR a.priority = ANY ($4))
                 AND ($5::uuid[] IS NULL OR a.assigned_to_id = ANY ($5) OR ($6 AND a.assigned_to_id IS NULL)) AND ($7::uuid[] IS NULL OR a.facility_id = ANY ($7))
                 AND (NOT $8 OR a.due_at < now()) ORDER BY " + $order + " LIMIT $12) AS b) AS a"],
            ["ORDER BY " + $order + " LIMIT $12"],
            $wanted.organization.uuid(), $mine, $wanted.statuses.as_deref(), $wanted.priorities.as_deref(), $wanted.people.as_deref(),
            $wanted.nobody, $wanted.facilities.as_deref(), $wanted.overdue, $wanted.after.map(|c| c.rank), $wanted.after.map(|c| c.at) as Option<Timestamp>,
            $wanted.after.map(|c| c.id.uuid()), $limit,
        )
        .fetch_all($conn)
        .await?
    };
    (@run $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $order:literal, $from:literal, $where:literal $(+ $more:literal)*) => {
        columns!(
            [$from],
            [$where $(+ $more)* + " AND a.deleted_at IS NULL AND ($3::text[] IS NULL OR a.status = ANY ($3)) AND ($4::text[] IS NULL OR a.priority = ANY ($4))
                 AND ($5::uuid[] IS NULL OR a.assigned_to_id = ANY ($5) OR ($6 AND a.assigned_to_id IS NULL)) AND ($7::uuid[] IS NULL OR a.facility_id = ANY ($7))
                 AND (NOT $8 OR a.due_at < now()) ORDER BY " + $order + " LIMIT $12"],
            $wanted.organization.uuid(), $mine, $wanted.statuses.as_deref(), $wanted.priorities.as_deref(), $wanted.people.as_deref(),
            $wanted.nobody, $wanted.facilities.as_deref(), $wanted.overdue, $wanted.after.map(|c| c.rank), $wanted.after.map(|c| c.at) as Option<Timestamp>,
            $wanted.after.map(|c| c.id.uuid()), $limit,
        )
        .fetch_all($conn)
        .await?
    };
}

/// The three orders of one reach.
macro_rules! in_order {
    ($reach:ident, $conn:expr, $wanted:expr, $mine:expr, $limit:expr) => {
        match $wanted.order {
            Sort::Priority => rows!(
                $reach,
                $conn,
                $wanted,
                $mine,
                $limit,
                "a.is_open",
                "($9::smallint IS NULL OR (a.priority_rank, a.created_at, a.id) > ($9, $10::timestamptz, $11::uuid))",
                "a.priority_rank, a.created_at, a.id"
            ),
            Sort::Due => rows!(
                $reach,
                $conn,
                $wanted,
                $mine,
                $limit,
                "a.is_open",
                "($9::smallint IS NULL OR (a.due_key, a.id) > ($10::timestamptz, $11::uuid))",
                "a.due_key, a.id"
            ),
            Sort::Newest => rows!(
                $reach,
                $conn,
                $wanted,
                $mine,
                $limit,
                "true",
                "($9::smallint IS NULL OR (a.created_at, a.id) < ($10::timestamptz, $11::uuid))",
                "a.created_at DESC, a.id DESC"
            ),
        }
    };
}

/// The next `limit` rows.
///
/// # Errors
/// Where the database does not answer.
pub async fn page(conn: &mut PgConnection, wanted: &Wanted, limit: i64) -> Result<Vec<Row>> {
    Ok(match &wanted.reach {
        Reach::Own(me) => in_order!(own, conn, wanted, me.uuid(), limit),
        Reach::Facilities(list) => in_order!(facilities, conn, wanted, list.as_slice(), limit),
        Reach::Everywhere => in_order!(everywhere, conn, wanted, None::<Uuid>, limit),
    })
}

/// The case with this number, as far as it can be seen.
///
/// # Errors
/// Where the database does not answer.
pub async fn by_number(conn: &mut PgConnection, organization: OrganizationId, number: i64) -> Result<Vec<Row>> {
    Ok(columns!(
        ["cases AS a"],
        ["WHERE a.organization_id = $1 AND a.number = $2 AND a.deleted_at IS NULL"],
        organization.uuid(),
        number,
    )
    .fetch_all(conn)
    .await?)
}

/// Cases whose title begins so, whatever their state, by title. Row-level security narrows the reach.
///
/// # Errors
/// Where the database does not answer.
pub async fn by_title(
    conn: &mut PgConnection,
    organization: OrganizationId,
    range: &(String, String),
) -> Result<Vec<Row>> {
    Ok(columns!(
        ["cases AS a"],
        ["WHERE a.organization_id = $1 AND a.title_key >= $2 AND a.title_key < $3 AND a.deleted_at IS NULL ORDER BY a.title_key, a.id LIMIT $4"],
        organization.uuid(),
        range.0,
        range.1,
        MATCHES,
    )
    .fetch_all(conn)
    .await?)
}

/// Counts of the tabs, each up to the cap.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    statuses: Vec<(CaseStatus, i64)>,
    /// Past their due date.
    pub overdue: i64,
    /// What waits for me.
    pub mine: i64,
}

impl Counts {
    /// How many are in one of these states.
    #[must_use]
    pub fn of(&self, statuses: &[CaseStatus]) -> i64 {
        self.statuses.iter().filter(|(status, _)| statuses.contains(status)).map(|(_, count)| count).sum()
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.statuses.iter().map(|(_, count)| count).sum()
    }
}

macro_rules! counts {
    ($conn:expr, $actor:expr, $mine:expr, $here:literal) => {
        sqlx::query!(
            r#"SELECT s.status AS "status!: CaseStatus",
                      (SELECT count(*) FROM (SELECT FROM cases AS a WHERE a.organization_id = $1 AND "# + $here + r#" AND a.status = s.status
                          AND a.deleted_at IS NULL LIMIT $3) AS t) AS "count!",
                      CASE WHEN s.place = 1 THEN (SELECT count(*) FROM (SELECT FROM cases AS a WHERE a.organization_id = $1 AND "# + $here + r#"
                          AND a.is_open AND a.due_key < now() LIMIT $3) AS t) END AS overdue
               FROM unnest(ARRAY['NEW', 'PENDING_REVIEW', 'ASSIGNED', 'IN_PROGRESS', 'PENDING_COMPLETION']) WITH ORDINALITY AS s (status, place)"#,
            $actor.organization.uuid(),
            $mine,
            COUNT_CAP,
        )
        .fetch_all($conn)
        .await?
        .into_iter()
        .map(|row| (row.status, row.count, row.overdue.unwrap_or_default()))
        .collect::<Vec<_>>()
    };
}

/// The counts of what `actor` sees.
///
/// # Errors
/// Where the database does not answer.
pub async fn counts(conn: &mut PgConnection, actor: &Actor) -> Result<Counts> {
    let rows = match Reach::of(actor) {
        Reach::Own(me) => counts!(&mut *conn, actor, me.uuid(), "(a.created_by_id = $2 OR a.assigned_to_id = $2)"),
        Reach::Facilities(list) => counts!(&mut *conn, actor, list.as_slice(), "a.facility_id = ANY ($2::uuid[])"),
        Reach::Everywhere => counts!(&mut *conn, actor, None::<Uuid>, "$2::uuid IS NULL"),
    };
    Ok(Counts {
        overdue: rows.iter().map(|(_, _, overdue)| overdue).sum(),
        statuses: rows.into_iter().map(|(status, count, _)| (status, count)).collect(),
        mine: crate::web::nav::waiting_cases(conn, actor).await?,
    })
}

/// How many cases within reach changed since then, up to `most`.
///
/// # Errors
/// Where the database does not answer.
pub async fn newer(conn: &mut PgConnection, actor: &Actor, since: Timestamp, most: i64) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.updated_at > $2 LIMIT $3) AS t"#,
        actor.organization.uuid(),
        since as Timestamp,
        most,
    )
    .fetch_one(conn)
    .await?)
}
