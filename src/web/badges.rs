//! The badges of the navigation: how much waits, capped, in one query.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::{Actor, Facilities, Permission, Role};
use crate::db::Tx;
use crate::error::Result;

/// Counts above this are shown as "99+": an exact count of a long list is work for nobody.
pub const COUNT_CAP: i64 = 100;

/// What the badges say, each capped at [`COUNT_CAP`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Badges {
    /// Open alerts within reach.
    pub alerts: i64,
    /// Whether one of them is critical.
    pub critical: bool,
    /// Cases that wait for this person.
    pub cases: i64,
    /// Requests for visits that wait for staff, within reach.
    pub requests: i64,
    /// Messages that this person has not read, and those that wait for the team.
    pub messages: i64,
    /// Changes of details that patients ask for, within reach.
    pub details: i64,
    /// Tasks that are given to this person, or to whoever has their role outside cases.
    pub tasks: i64,
    /// What this person was told and has not looked at.
    pub notices: i64,
}

/// The badges that `$counts` says, and what a person was told and given to do. `$1` is the organization, `$2` the person,
/// `$3` the cap.
macro_rules! badges {
    ($conn:expr, [$($counts:literal)+], $($args:expr),+) => {
        sqlx::query_as!(
            Badges,
            "SELECT " + $($counts +)+ r#",
                    (SELECT COUNT(*) FROM (SELECT FROM notification WHERE organization_id = $1 AND recipient_id = $2 AND channel = 'IN_APP' AND read_at IS NULL
                         AND status <> 'CANCELLED' AND trigger_at <= now() LIMIT $3) AS told) AS "notices!",
                    (SELECT COUNT(*) FROM (SELECT FROM task WHERE organization_id = $1 AND assignee_id = $2 AND is_open AND assignee_id IS NOT NULL LIMIT $3) AS mine)
                    + (SELECT COUNT(*) FROM (SELECT FROM task WHERE (SELECT ctx.role() <> 'PATIENT') AND organization_id = $1 AND assignee_role = (SELECT ctx.role())
                         AND is_open AND assignee_id IS NULL AND case_id IS NULL LIMIT $3) AS ours) AS "tasks!""#,
            $($args),+
        )
        .fetch_one($conn)
        .await?
    };
}

/// The badges of what a person has to read, after `$open`, the counts of what a role looks at. `$4` is whether they answer for a
/// team, `$5` whether everywhere, `$6` else where.
macro_rules! counted {
    ($open:literal, $conn:expr, $actor:expr) => {{
        let (everywhere, here) = match &$actor.facilities {
            Facilities::All => (true, Vec::new()),
            Facilities::Only(list) => (false, list.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>()),
        };
        badges!(
            $conn,
            [$open r#",
                    (WITH mine AS MATERIALIZED (SELECT thread_id FROM thread_participant WHERE organization_id = $1 AND user_id = $2 AND unread_count > 0 LIMIT $3)
                     SELECT COUNT(*) + CASE WHEN COUNT(*) < $3 THEN (SELECT COUNT(*) FROM (SELECT FROM facility AS f CROSS JOIN LATERAL (
                         SELECT FROM thread AS t WHERE t.organization_id = $1 AND t.facility_id = f.id AND t.status = 'AWAITING_STAFF' AND t.assignee_id IS NULL
                           AND t.id <> ALL (ARRAY(SELECT thread_id FROM mine))
                         LIMIT $3) AS t WHERE $4 AND f.organization_id = $1 AND ($5 OR f.id = ANY ($6)) LIMIT $3) AS ours) ELSE 0 END FROM mine) AS "messages!",
                    0::bigint AS "cases!""#],
            $actor.organization.uuid(),
            $actor.user.uuid(),
            COUNT_CAP,
            $actor.may(Permission::AnswerForTeam),
            everywhere,
            &here
        )
    }};
}

/// The badges of the navigation, in one query.
///
/// # Errors
/// Where the database does not answer.
pub async fn of(tx: &mut Tx, actor: &Actor) -> Result<Badges> {
    let conn = &mut **tx;
    if !actor.may(Permission::ViewAlerts) {
        return cases_and_notices(conn, actor).await;
    }
    let mut badges = match &actor.facilities {
        Facilities::All => counted!(
            r#"(SELECT COUNT(*) FROM (SELECT FROM alert WHERE organization_id = $1 AND is_open LIMIT $3) AS open) AS "alerts!",
               EXISTS (SELECT FROM alert WHERE organization_id = $1 AND is_open AND severity_rank = 4) AS "critical!",
               (SELECT COUNT(*) FROM (SELECT FROM visit_request WHERE organization_id = $1 AND is_open AND status <> 'AWAITING_PATIENT_CONFIRMATION' LIMIT $3) AS asking) AS "requests!",
               (SELECT COUNT(*) FROM (SELECT DISTINCT patient_id FROM detail_change WHERE organization_id = $1 AND status = 'WAITING' LIMIT $3) AS changes) AS "details!""#,
            conn,
            actor
        ),
        Facilities::Only(_) => counted!(
            r#"(SELECT COUNT(*) FROM (SELECT FROM alert WHERE organization_id = $1 AND facility_id = ANY ($6) AND is_open LIMIT $3) AS open) AS "alerts!",
               EXISTS (SELECT FROM alert WHERE organization_id = $1 AND facility_id = ANY ($6) AND is_open AND severity_rank = 4) AS "critical!",
               (SELECT COUNT(*) FROM (SELECT FROM visit_request WHERE organization_id = $1 AND facility_id = ANY ($6) AND is_open
                  AND status <> 'AWAITING_PATIENT_CONFIRMATION' LIMIT $3) AS asking) AS "requests!",
               (SELECT COUNT(*) FROM (SELECT DISTINCT patient_id FROM detail_change WHERE organization_id = $1 AND status = 'WAITING' LIMIT $3) AS changes) AS "details!""#,
            conn,
            actor
        ),
    };
    if !actor.may(Permission::ReviewDetailChanges) {
        badges.details = 0;
    }
    Ok(badges)
}

/// The badges of what a person has to read, alone: messages (theirs, and those that wait for their team and that nobody
/// has) and notices.
async fn read(conn: &mut PgConnection, actor: &Actor) -> Result<Badges> {
    Ok(counted!(
        r#"0::bigint AS "alerts!", false AS "critical!", 0::bigint AS "requests!", 0::bigint AS "details!""#,
        conn,
        actor
    ))
}

/// The badges of messages, tasks and notices, for pages that know the others already.
///
/// # Errors
/// Where the database does not answer.
pub async fn waiting(conn: &mut PgConnection, actor: &Actor) -> Result<Badges> {
    read(conn, actor).await
}

/// `$which` of the cases wait for this person.
macro_rules! of_cases {
    ($which:literal, $conn:expr, $($args:expr),+) => {
        badges!(
            $conn,
            [r#"0::bigint AS "alerts!", false AS "critical!", 0::bigint AS "requests!", 0::bigint AS "messages!", 0::bigint AS "details!",
                    (SELECT COUNT(*) FROM (SELECT FROM cases WHERE organization_id = $1 AND deleted_at IS NULL AND "# $which r#" LIMIT $3) AS t) AS "cases!""#],
            $($args),+
        )
    };
}

/// How many cases wait for this person, in their role: for the clerk those not submitted yet, for the chair those to
/// review and to complete, for the caseworker those to work on. Other roles have none.
async fn cases_and_notices(conn: &mut PgConnection, actor: &Actor) -> Result<Badges> {
    let (organization, me) = (actor.organization.uuid(), actor.user.uuid());
    Ok(match (actor.role, &actor.facilities) {
        (Role::Clerk, _) => of_cases!("created_by_id = $2 AND status = 'NEW'", conn, organization, me, COUNT_CAP),
        (Role::Caseworker, _) => {
            of_cases!(
                "assigned_to_id = $2 AND status IN ('ASSIGNED', 'IN_PROGRESS')",
                conn,
                organization,
                me,
                COUNT_CAP
            )
        }
        (Role::Chair, Facilities::All) => {
            of_cases!("status IN ('PENDING_REVIEW', 'PENDING_COMPLETION')", conn, organization, me, COUNT_CAP)
        }
        (Role::Chair, Facilities::Only(list)) => {
            let here: Vec<Uuid> = list.iter().map(|id| id.uuid()).collect();
            of_cases!(
                "facility_id = ANY ($4) AND status IN ('PENDING_REVIEW', 'PENDING_COMPLETION')",
                conn,
                organization,
                me,
                COUNT_CAP,
                &here
            )
        }
        (_, _) => read(conn, actor).await?,
    })
}

/// A capped count as shown: nothing for none, `99+` from the cap on.
#[must_use]
pub fn capped(count: i64) -> Option<String> {
    match count {
        ..=0 => None,
        COUNT_CAP.. => Some(format!("{}+", COUNT_CAP - 1)),
        _ => Some(count.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stop_at_the_cap() {
        assert_eq!(capped(0), None);
        assert_eq!(capped(99).as_deref(), Some("99"));
        assert_eq!(capped(100).as_deref(), Some("99+"));
    }
}
