//! The navigation: which areas a role has, and the one query behind their badges.

use sqlx::PgConnection;
use uuid::Uuid;

use super::ctx::Ctx;
use super::shell::{NavItem, Shell};
use crate::access::{Actor, Facilities, Permission, Role};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;

/// Counts above this are shown as "99+": an exact count of a long list is work for nobody.
pub const COUNT_CAP: i64 = 100;

/// A part of the portal, as the navigation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The alert queue.
    Alerts,
    /// Conversations.
    Messages,
    /// Patients and their charts.
    Patients,
    /// Cases.
    Cases,
    /// Who is seen when.
    Schedule,
    /// Who asks to be seen.
    VisitRequests,
    /// What waits for me.
    Work,
    /// What I have to do.
    Tasks,
    /// Reports on cases.
    Reports,
    /// Changes of details that patients ask for.
    DetailChanges,
    /// The audit.
    Audit,
    /// The people of the organization.
    Users,
    /// Who may do what.
    Access,
    /// Background jobs.
    Jobs,
    /// A patient's first page.
    MyHome,
    /// A patient's visits.
    MyVisits,
    /// A patient's conversations.
    MyMessages,
    /// What was measured of a patient.
    MyReadings,
    /// A patient's details.
    MyDetails,
    /// Pages that belong to no area: settings, help, search.
    Elsewhere,
}

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
}

/// One line of the navigation.
struct Line {
    area: Area,
    permission: Permission,
    go: char,
    href: &'static str,
    icon: &'static str,
    label: &'static str,
}

const LINES: &[Line] = &[
    Line {
        area: Area::Alerts,
        permission: Permission::ViewAlerts,
        go: 'a',
        href: "/alerts",
        icon: "bell",
        label: "Alerts",
    },
    Line {
        area: Area::Work,
        permission: Permission::MoveCases,
        go: 'k',
        href: "/work",
        icon: "briefcase",
        label: "My work",
    },
    Line {
        area: Area::Cases,
        permission: Permission::ViewCases,
        go: 'c',
        href: "/cases",
        icon: "folder-kanban",
        label: "Cases",
    },
    Line {
        area: Area::Messages,
        permission: Permission::UseMessages,
        go: 'm',
        href: "/threads",
        icon: "message-square",
        label: "Messages",
    },
    Line {
        area: Area::Patients,
        permission: Permission::ListPatients,
        go: 'p',
        href: "/patients",
        icon: "users",
        label: "Patients",
    },
    Line {
        area: Area::Schedule,
        permission: Permission::ViewSchedule,
        go: 's',
        href: "/schedule",
        icon: "calendar-days",
        label: "Schedule",
    },
    Line {
        area: Area::VisitRequests,
        permission: Permission::ViewVisitRequests,
        go: 'v',
        href: "/visit-requests",
        icon: "clipboard-list",
        label: "Visit requests",
    },
    Line {
        area: Area::DetailChanges,
        permission: Permission::ReviewDetailChanges,
        go: 'd',
        href: "/detail-changes",
        icon: "user-check",
        label: "Detail changes",
    },
    Line {
        area: Area::Tasks,
        permission: Permission::WorkOnTasks,
        go: 't',
        href: "/tasks",
        icon: "list-checks",
        label: "My tasks",
    },
    Line {
        area: Area::Reports,
        permission: Permission::ViewCaseReports,
        go: 'r',
        href: "/reports/cases",
        icon: "gauge",
        label: "Reports",
    },
    Line {
        area: Area::Audit,
        permission: Permission::ViewAudit,
        go: 'u',
        href: "/admin/audit",
        icon: "eye",
        label: "Audit",
    },
    Line {
        area: Area::Users,
        permission: Permission::ViewUsers,
        go: 'o',
        href: "/admin/users",
        icon: "user-check",
        label: "People",
    },
    Line {
        area: Area::Access,
        permission: Permission::ViewAccessMatrix,
        go: 'w',
        href: "/admin/access",
        icon: "lock",
        label: "Access",
    },
    Line {
        area: Area::Jobs,
        permission: Permission::RunSystem,
        go: 'j',
        href: "/admin/jobs",
        icon: "activity",
        label: "Jobs",
    },
    Line { area: Area::MyHome, permission: Permission::UsePortal, go: ' ', href: "/my", icon: "house", label: "Home" },
    Line {
        area: Area::MyVisits,
        permission: Permission::UsePortal,
        go: ' ',
        href: "/my/visits",
        icon: "calendar-days",
        label: "Visits",
    },
    Line {
        area: Area::MyMessages,
        permission: Permission::UsePortal,
        go: ' ',
        href: "/my/messages",
        icon: "message-square",
        label: "Messages",
    },
    Line {
        area: Area::MyReadings,
        permission: Permission::UsePortal,
        go: ' ',
        href: "/my/readings",
        icon: "heart-pulse",
        label: "Readings",
    },
    Line {
        area: Area::MyDetails,
        permission: Permission::UsePortal,
        go: ' ',
        href: "/my/details",
        icon: "user",
        label: "Details",
    },
];

/// The badges of those who see alerts, in one statement. `$1` is the organization, `$2` where counting ends, `$3` who
/// asks, `$4` whether they answer for the team, `$5` their facilities where they do not work in all.
macro_rules! badges {
    ($place:literal, $facility:literal $(, $here:expr)?; $organization:expr, $user:expr, $team:expr) => {
        sqlx::query!(
            r#"SELECT (SELECT COUNT(*) FROM (SELECT FROM alert WHERE organization_id = $1 AND is_open "# + $place + r#" LIMIT $2) AS open) AS "alerts!",
                      EXISTS (SELECT FROM alert WHERE organization_id = $1 AND is_open AND severity_rank = 4 "# + $place + r#") AS "critical!",
                      (SELECT COUNT(*) FROM (SELECT FROM visit_request WHERE organization_id = $1 AND is_open
                         AND status <> 'AWAITING_PATIENT_CONFIRMATION' "# + $place + r#" LIMIT $2) AS asking) AS "requests!",
                      (SELECT COUNT(*) FROM (SELECT DISTINCT patient_id FROM detail_change WHERE organization_id = $1 AND status = 'WAITING' LIMIT $2) AS changes) AS "details!",
                      (SELECT COUNT(*) FROM (SELECT FROM thread_participant WHERE organization_id = $1 AND user_id = $3 AND unread_count > 0 LIMIT $2) AS mine)
                      + (SELECT COUNT(*) FROM (SELECT FROM facility AS f CROSS JOIN LATERAL (
                           SELECT FROM thread AS t WHERE t.organization_id = $1 AND t.facility_id = f.id AND t.status = 'AWAITING_STAFF' AND t.assignee_id IS NULL
                             AND NOT EXISTS (SELECT FROM thread_participant AS p WHERE p.organization_id = $1 AND p.thread_id = t.id AND p.user_id = $3 AND p.unread_count > 0)
                           LIMIT $2) AS t WHERE $4 AND f.organization_id = $1 "# + $facility + r#" LIMIT $2) AS ours) AS "messages!""#,
            $organization,
            COUNT_CAP,
            $user,
            $team,
            $($here)?
        )
    };
}

/// The badges of the navigation, in one query; none for roles that have no badge.
///
/// # Errors
/// Where the database does not answer.
pub async fn badges(tx: &mut Tx, actor: &Actor) -> Result<Badges> {
    if !actor.may(Permission::ViewAlerts) {
        let cases = waiting_cases(tx, actor).await?;
        let messages = waiting_messages(tx, actor).await?;
        return Ok(Badges { cases, messages, ..Badges::default() });
    }
    let (organization, user) = (actor.organization.uuid(), actor.user.uuid());
    let team = actor.may(Permission::AnswerForTeam);
    let (alerts, critical, requests, details, messages) = match &actor.facilities {
        Facilities::All => {
            let row = badges!("", ""; organization, user, team).fetch_one(&mut **tx).await?;
            (row.alerts, row.critical, row.requests, row.details, row.messages)
        }
        Facilities::Only(list) => {
            let here: Vec<Uuid> = list.iter().map(|id| id.uuid()).collect();
            let row = badges!("AND facility_id = ANY ($5)", "AND f.id = ANY ($5)", &here; organization, user, team)
                .fetch_one(&mut **tx)
                .await?;
            (row.alerts, row.critical, row.requests, row.details, row.messages)
        }
    };
    let messages = if actor.may(Permission::UseMessages) { messages } else { 0 };
    let details = if actor.may(Permission::ReviewDetailChanges) { details } else { 0 };
    Ok(Badges { alerts, critical, requests, messages, details, cases: 0 })
}

/// How many cases wait for this person, in their role: for the clerk those not submitted yet, for the chair those to
/// review and to complete, for the caseworker those to work on.
///
/// # Errors
/// Where the database does not answer.
pub async fn waiting_cases(conn: &mut PgConnection, actor: &Actor) -> Result<i64> {
    let (organization, me) = (actor.organization.uuid(), actor.user.uuid());
    let count = match (actor.role, &actor.facilities) {
        (Role::Clerk, _) => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM (SELECT FROM cases WHERE organization_id = $1 AND created_by_id = $2 AND status = 'NEW'
                       AND deleted_at IS NULL LIMIT $3) AS t"#,
                organization,
                me,
                COUNT_CAP,
            )
            .fetch_one(conn)
            .await?
        }
        (Role::Caseworker, _) => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM (SELECT FROM cases WHERE organization_id = $1 AND assigned_to_id = $2
                       AND status IN ('ASSIGNED', 'IN_PROGRESS') AND deleted_at IS NULL LIMIT $3) AS t"#,
                organization,
                me,
                COUNT_CAP,
            )
            .fetch_one(conn)
            .await?
        }
        (Role::Chair, Facilities::All) => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM (SELECT FROM cases WHERE organization_id = $1
                       AND status IN ('PENDING_REVIEW', 'PENDING_COMPLETION') AND deleted_at IS NULL LIMIT $2) AS t"#,
                organization,
                COUNT_CAP,
            )
            .fetch_one(conn)
            .await?
        }
        (Role::Chair, Facilities::Only(list)) => {
            let here: Vec<Uuid> = list.iter().map(|id| id.uuid()).collect();
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM (SELECT FROM cases WHERE organization_id = $1 AND facility_id = ANY ($2)
                       AND status IN ('PENDING_REVIEW', 'PENDING_COMPLETION') AND deleted_at IS NULL LIMIT $3) AS t"#,
                organization,
                &here,
                COUNT_CAP,
            )
            .fetch_one(conn)
            .await?
        }
        (_, _) => 0,
    };
    Ok(count)
}

/// How many messages this person has not read, with the conversations that wait for their team and that nobody has.
///
/// # Errors
/// Where the database does not answer.
pub async fn waiting_messages(conn: &mut PgConnection, actor: &Actor) -> Result<i64> {
    if !actor.may(Permission::UseMessages) && !actor.may(Permission::UsePortal) {
        return Ok(0);
    }
    let team = actor.may(Permission::AnswerForTeam);
    let (everywhere, here) = match &actor.facilities {
        Facilities::All => (true, Vec::new()),
        Facilities::Only(list) => (false, list.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>()),
    };
    let count = sqlx::query_scalar!(
        r#"SELECT (SELECT COUNT(*) FROM (SELECT FROM thread_participant WHERE organization_id = $1 AND user_id = $2 AND unread_count > 0 LIMIT $3) AS mine)
                  + (SELECT COUNT(*) FROM (SELECT FROM facility AS f CROSS JOIN LATERAL (
                       SELECT FROM thread AS t WHERE t.organization_id = $1 AND t.facility_id = f.id AND t.status = 'AWAITING_STAFF' AND t.assignee_id IS NULL
                         AND NOT EXISTS (SELECT FROM thread_participant AS p WHERE p.organization_id = $1 AND p.thread_id = t.id AND p.user_id = $2 AND p.unread_count > 0)
                       LIMIT $3) AS t WHERE $4 AND f.organization_id = $1 AND ($5 OR f.id = ANY ($6)) LIMIT $3) AS ours) AS "count!""#,
        actor.organization.uuid(),
        actor.user.uuid(),
        COUNT_CAP,
        team,
        everywhere,
        &here,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
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

/// What the layout needs, put together from the request and the badges.
pub(super) fn shell(ctx: &Ctx, title: String, area: Area, badges: Badges) -> Shell {
    let actor = &ctx.actor;
    Shell {
        title,
        theme: theme(&actor.preferences.theme),
        density: density(actor),
        keys: actor.preferences.shortcuts,
        lang: actor.preferences.locale.clone(),
        nav: items(actor, area, badges),
        account: actor.user.to_string(),
        person: actor.name.clone(),
        initials: actor.initials.clone(),
        role_label: actor.role.label(),
        place: actor.place.clone(),
        portal: actor.role == Role::Patient,
        other_roles: others(actor),
        whom: None,
        flash: ctx.flash.clone(),
        live_clock: clock(ctx.now(), actor),
        demo: ctx.app.demo,
        idle_seconds: crate::accounts::idle_limit(actor.role).as_secs().try_into().unwrap_or(u32::MAX),
        now: ctx.now(),
        zone: actor.zone,
    }
}

fn items(actor: &Actor, area: Area, badges: Badges) -> Vec<NavItem> {
    LINES
        .iter()
        .filter(|line| actor.may(line.permission))
        .map(|line| NavItem {
            go: line.go,
            href: line.href,
            icon: line.icon,
            label: line.label,
            count: match line.area {
                Area::Alerts => capped(badges.alerts),
                Area::Cases => capped(badges.cases),
                Area::VisitRequests => capped(badges.requests),
                Area::Messages | Area::MyMessages => capped(badges.messages),
                Area::DetailChanges => capped(badges.details),
                _ => None,
            },
            hot: line.area == Area::Alerts && badges.critical,
            current: line.area == area,
        })
        .collect()
}

fn theme(name: &str) -> Option<&'static str> {
    match name {
        "light" => Some("light"),
        "dark" => Some("dark"),
        _ => None,
    }
}

/// Patients always get the roomy layout: large type and targets.
fn density(actor: &Actor) -> &'static str {
    match (actor.role, actor.preferences.density.as_str()) {
        (Role::Patient, _) | (_, "roomy") => "roomy",
        (_, "dense") => "dense",
        _ => "compact",
    }
}

fn others(actor: &Actor) -> Vec<(&'static str, &'static str)> {
    actor.roles.iter().filter(|role| **role != actor.role).map(|role| (role.as_str(), role.label())).collect()
}

fn clock(now: Timestamp, actor: &Actor) -> String {
    now.with_timezone(&actor.zone).format("%H:%M").to_string()
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

    #[test]
    fn every_staff_role_has_somewhere_to_go() {
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Patient) {
            assert!(LINES.iter().any(|line| role.may(line.permission)), "{role:?}");
        }
    }
}
