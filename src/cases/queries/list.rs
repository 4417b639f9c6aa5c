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
use crate::web::badges::COUNT_CAP;

/// Matches of a title that are shown: more is a reason to type more.
pub const MATCHES: i64 = 50;

/// Before the first row of a list that goes down.
const TOP: Cursor = Cursor { rank: i16::MAX, at: Timestamp::MAX_UTC, id: CaseId::MAX };

/// Before the first row of a list that goes up.
const BOTTOM: Cursor = Cursor { rank: 0, at: Timestamp::UNIX_EPOCH, id: CaseId::NIL };

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
    statuses: Vec<String>,
    priorities: Option<Vec<String>>,
    people: Option<Vec<Uuid>>,
    facilities: Option<Vec<Uuid>>,
    nobody: bool,
    overdue: bool,
    order: Sort,
    after: Cursor,
}

impl Wanted {
    /// What `filter` means for `actor`.
    #[must_use]
    pub fn new(actor: &Actor, filter: &Filter) -> Self {
        let open: Vec<_> = CaseStatus::ALL.iter().copied().filter(|status| status.is_open()).collect();
        let chosen = match (filter.statuses.as_slice(), filter.view.statuses(actor.role)) {
            ([], []) => &open,
            ([], of_the_tab) => of_the_tab,
            (chosen, _) => chosen,
        };
        let statuses = chosen.iter().map(|status| status.as_str().to_owned()).collect();
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
            statuses,
            priorities: some(priorities),
            people: some(people).or_else(|| filter.nobody.then(Vec::new)),
            facilities: some(facilities),
            overdue: filter.overdue || filter.view == View::Overdue,
            order: filter.order(),
            after: filter.trail.last().copied().unwrap_or(if filter.order() == Sort::Newest { TOP } else { BOTTOM }),
        }
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// What is narrowed besides whose cases, their state and the cursor; a literal, because the statements are checked when
/// the program is built.
macro_rules! rest {
    ($then:ident! { $($args:tt)* }) => {
        $then! {
            " AND a.deleted_at IS NULL AND ($4::text[] IS NULL OR a.priority = ANY ($4)) AND ($5::uuid[] IS NULL OR a.assigned_to_id = ANY ($5)
               OR ($6 AND a.assigned_to_id IS NULL)) AND ($7::uuid[] IS NULL OR a.facility_id = ANY ($7)) AND (NOT $8 OR a.due_at < now())",
            $($args)*
        }
    };
}

/// One statement. The rows of each state of each facility, or of each of the two ways in which a case is one's own, come
/// from an index in the order of the list and stop after a page; the page is merged from those.
///
/// `$open`: with an index of open cases or of all; `$key`: beyond the cursor.
macro_rules! rows {
    // Few are one's own: their order is made, so that no index of everybody's cases is walked for it.
    ($rest:literal, own, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal, $outer:literal) => {
        rows!(@run $conn, $wanted, $mine, $limit, $outer,
            ["unnest($3::text[]) AS s (status) CROSS JOIN LATERAL (
               (SELECT a.* FROM cases AS a WHERE a.organization_id = $1 AND a.created_by_id = $2 AND a.status = s.status AND "
             + $open + " AND " + $key + $rest + " ORDER BY " + $order + " LIMIT $12)
               UNION ALL
               (SELECT a.* FROM cases AS a WHERE a.organization_id = $1 AND a.assigned_to_id = $2 AND a.created_by_id <> $2 AND a.status = s.status AND "
             + $open + " AND " + $key + $rest + " ORDER BY " + $order + " LIMIT $12)) AS b"])
    };
    ($rest:literal, facilities, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal, $outer:literal) => {
        rows!(@run $conn, $wanted, $mine, $limit, $outer,
            ["unnest($2::uuid[]) AS f (id) CROSS JOIN unnest($3::text[]) AS s (status) CROSS JOIN LATERAL (
               SELECT a.* FROM cases AS a WHERE a.organization_id = $1 AND a.facility_id = f.id AND a.status = s.status AND "
             + $open + " AND " + $key + $rest + " ORDER BY " + $order + " LIMIT $12) AS b"])
    };
    ($rest:literal, everywhere, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $open:literal, $key:literal, $order:literal, $outer:literal) => {
        rows!(@run $conn, $wanted, $mine, $limit, $outer,
            ["unnest($3::text[]) AS s (status) CROSS JOIN LATERAL (
               SELECT a.* FROM cases AS a WHERE a.organization_id = $1 AND $2::uuid IS NULL AND a.status = s.status AND "
             + $open + " AND " + $key + $rest + " ORDER BY " + $order + " LIMIT $12) AS b"])
    };
    (@run $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $outer:literal, [$($from:tt)+]) => {
        columns!(
            ["(SELECT b.* FROM " + $($from)+ + ") AS a"],
            ["ORDER BY " + $outer + " LIMIT $12"],
            $wanted.organization.uuid(), $mine, $wanted.statuses.as_slice(), $wanted.priorities.as_deref(), $wanted.people.as_deref(),
            $wanted.nobody, $wanted.facilities.as_deref(), $wanted.overdue, $wanted.after.rank, $wanted.after.at as Timestamp,
            $wanted.after.id.uuid(), $limit,
        )
        .fetch_all($conn)
        .await?
    };
}

/// The three orders of one reach, with what walks an index for them.
macro_rules! in_order {
    (own, $conn:expr, $wanted:expr, $mine:expr, $limit:expr) => {
        in_order!(@ own, $conn, $wanted, $mine, $limit,
            "(a.priority_rank + 0, a.created_at, a.id) > ($9::smallint, $10::timestamptz, $11::uuid)", "a.priority_rank + 0, a.created_at, a.id",
            "$9::smallint IS NOT NULL AND (a.due_key + INTERVAL '0', a.id) > ($10::timestamptz, $11::uuid)", "a.due_key + INTERVAL '0', a.id")
    };
    ($reach:ident, $conn:expr, $wanted:expr, $mine:expr, $limit:expr) => {
        in_order!(@ $reach, $conn, $wanted, $mine, $limit,
            "(a.priority_rank, a.created_at, a.id) > ($9::smallint, $10::timestamptz, $11::uuid)", "a.priority_rank, a.created_at, a.id",
            "$9::smallint IS NOT NULL AND (a.due_key, a.id) > ($10::timestamptz, $11::uuid)", "a.due_key, a.id")
    };
    (@ $reach:ident, $conn:expr, $wanted:expr, $mine:expr, $limit:expr, $priority:literal, $by_priority:literal, $due:literal, $by_due:literal) => {
        match $wanted.order {
            Sort::Priority => {
                rest!(rows! { $reach, $conn, $wanted, $mine, $limit, "a.is_open", $priority, $by_priority, "a.priority_rank, a.created_at, a.id" })
            }
            Sort::Due => rest!(rows! { $reach, $conn, $wanted, $mine, $limit, "a.is_open", $due, $by_due, "a.due_key, a.id" }),
            Sort::Newest => rest!(rows! {
                $reach, $conn, $wanted, $mine, $limit, "true",
                "$9::smallint IS NOT NULL AND (a.created_at, a.id) < ($10::timestamptz, $11::uuid)",
                "a.created_at DESC, a.id DESC", "a.created_at DESC, a.id DESC"
            }),
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

/// `$all`, `$late`: the cases of the state `s` within reach, each up to the cap, and those past their due date.
macro_rules! counts {
    ($conn:expr, $actor:expr, $mine:expr, [$($all:tt)+], [$($late:tt)+]) => {
        sqlx::query!(
            r#"SELECT s.status AS "status!: CaseStatus", (SELECT count(*) FROM ("# + $($all)+ + r#") AS t) AS "count!",
                      (SELECT count(*) FROM ("# + $($late)+ + r#") AS t) AS "overdue!"
               FROM unnest(ARRAY['NEW', 'PENDING_REVIEW', 'ASSIGNED', 'IN_PROGRESS', 'PENDING_COMPLETION']) AS s (status)"#,
            $actor.organization.uuid(),
            $mine,
            COUNT_CAP,
        )
        .fetch_all($conn)
        .await?
        .into_iter()
        .map(|row| (row.status, row.count, row.overdue))
        .collect::<Vec<_>>()
    };
}

/// The counts of what `actor` sees; `mine` of it waits for them, as the badge says.
///
/// # Errors
/// Where the database does not answer.
pub async fn counts(conn: &mut PgConnection, actor: &Actor, mine: i64) -> Result<Counts> {
    let rows = match Reach::of(actor) {
        Reach::Own(me) => counts!(
            &mut *conn,
            actor,
            me.uuid(),
            ["(SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.created_by_id = $2 AND a.status = s.status AND a.deleted_at IS NULL LIMIT $3)
              UNION ALL (SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.assigned_to_id = $2 AND a.created_by_id <> $2 AND a.status = s.status
                         AND a.deleted_at IS NULL LIMIT $3)"],
            ["(SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.created_by_id = $2 AND a.status = s.status AND a.deleted_at IS NULL
               AND a.due_at < now() LIMIT $3)
              UNION ALL (SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.assigned_to_id = $2 AND a.created_by_id <> $2 AND a.status = s.status
                         AND a.deleted_at IS NULL AND a.due_at < now() LIMIT $3)"]
        ),
        Reach::Facilities(list) => counts!(
            &mut *conn,
            actor,
            list.as_slice(),
            ["SELECT FROM unnest($2::uuid[]) AS f (id) CROSS JOIN LATERAL (SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.facility_id = f.id
                AND a.status = s.status AND a.deleted_at IS NULL LIMIT $3) AS c"],
            ["SELECT FROM unnest($2::uuid[]) AS f (id) CROSS JOIN LATERAL (SELECT FROM cases AS a WHERE a.organization_id = $1 AND a.facility_id = f.id
                AND a.status = s.status AND a.is_open AND a.due_key < now() LIMIT $3) AS c"]
        ),
        Reach::Everywhere => counts!(
            &mut *conn,
            actor,
            None::<Uuid>,
            ["SELECT FROM cases AS a WHERE a.organization_id = $1 AND $2::uuid IS NULL AND a.status = s.status AND a.deleted_at IS NULL LIMIT $3"],
            ["SELECT FROM cases AS a WHERE a.organization_id = $1 AND $2::uuid IS NULL AND a.status = s.status AND a.is_open AND a.due_key < now() LIMIT $3"]
        ),
    };
    Ok(Counts {
        overdue: rows.iter().map(|(_, _, overdue)| overdue).sum(),
        statuses: rows.into_iter().map(|(status, count, _)| (status, count)).collect(),
        mine,
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
