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
    /// What is watched in readings.
    Rules,
    /// What I have to do.
    Tasks,
    /// Things to read.
    Library,
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
    /// Messages that leave the portal.
    Outbox,
    /// How patients reach a facility by video.
    Video,
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
    /// Tasks that are given to this person, or to whoever has their role outside cases.
    pub tasks: i64,
    /// What this person was told and has not looked at.
    pub notices: i64,
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
        area: Area::Rules,
        permission: Permission::ViewRules,
        go: 'y',
        href: "/rules",
        icon: "activity",
        label: "Rules",
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
        area: Area::Library,
        permission: Permission::ViewContent,
        go: 'l',
        href: "/content",
        icon: "book-open",
        label: "Library",
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
    Line {
        area: Area::Outbox,
        permission: Permission::RunSystem,
        go: 'o',
        href: "/admin/notifications",
        icon: "mail",
        label: "Outbox",
    },
    Line {
        area: Area::Video,
        permission: Permission::RunSystem,
        go: 'v',
        href: "/admin/video",
        icon: "video",
        label: "Video",
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

/// The badges of what a person has to read, after `$open`, the counts of what a role looks at. `$1` is the organization,
/// `$2` the person, `$3` the cap, `$4` whether they answer for a team, `$5` whether everywhere, `$6` else where.
macro_rules! counted {
    ($open:literal, $conn:expr, $actor:expr) => {{
        let (everywhere, here) = match &$actor.facilities {
            Facilities::All => (true, Vec::new()),
            Facilities::Only(list) => (false, list.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>()),
        };
        sqlx::query_as!(
            Badges,
            "SELECT " + $open + r#",
                    (SELECT COUNT(*) FROM (SELECT FROM thread_participant WHERE organization_id = $1 AND user_id = $2 AND unread_count > 0 LIMIT $3) AS mine)
                    + (SELECT COUNT(*) FROM (SELECT FROM facility AS f CROSS JOIN LATERAL (
                         SELECT FROM thread AS t WHERE t.organization_id = $1 AND t.facility_id = f.id AND t.status = 'AWAITING_STAFF' AND t.assignee_id IS NULL
                           AND NOT EXISTS (SELECT FROM thread_participant AS p WHERE p.organization_id = $1 AND p.thread_id = t.id AND p.user_id = $2 AND p.unread_count > 0)
                         LIMIT $3) AS t WHERE $4 AND f.organization_id = $1 AND ($5 OR f.id = ANY ($6)) LIMIT $3) AS ours) AS "messages!",
                    (SELECT COUNT(*) FROM (SELECT FROM notification WHERE organization_id = $1 AND recipient_id = $2 AND channel = 'IN_APP' AND read_at IS NULL
                         AND status <> 'CANCELLED' AND trigger_at <= now() LIMIT $3) AS told) AS "notices!",
                    (SELECT COUNT(*) FROM (SELECT FROM task WHERE organization_id = $1 AND assignee_id = $2 AND is_open AND assignee_id IS NOT NULL LIMIT $3) AS mine)
                    + (SELECT COUNT(*) FROM (SELECT FROM task WHERE (SELECT ctx.role() <> 'PATIENT') AND organization_id = $1 AND assignee_role = (SELECT ctx.role())
                         AND is_open AND assignee_id IS NULL AND case_id IS NULL LIMIT $3) AS ours) AS "tasks!",
                    0::bigint AS "cases!""#,
            $actor.organization.uuid(),
            $actor.user.uuid(),
            COUNT_CAP,
            $actor.may(Permission::AnswerForTeam),
            everywhere,
            &here,
        )
        .fetch_one($conn)
        .await?
    }};
}

/// The badges of the navigation, in one query.
///
/// # Errors
/// Where the database does not answer.
pub async fn badges(tx: &mut Tx, actor: &Actor) -> Result<Badges> {
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

/// `$which` of the cases wait for this person; with them what they were told. `$1` is the organization, `$2` the person,
/// `$3` the cap.
macro_rules! of_cases {
    ($which:literal, $conn:expr, $($args:expr),+) => {{
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM (SELECT FROM cases WHERE organization_id = $1 AND deleted_at IS NULL AND "# + $which + r#" LIMIT $3) AS t) AS "cases!",
                      (SELECT count(*) FROM (SELECT FROM notification WHERE organization_id = $1 AND recipient_id = $2 AND channel = 'IN_APP' AND read_at IS NULL
                         AND status <> 'CANCELLED' AND trigger_at <= now() LIMIT $3) AS told) AS "notices!",
                      (SELECT COUNT(*) FROM (SELECT FROM task WHERE organization_id = $1 AND assignee_id = $2 AND is_open AND assignee_id IS NOT NULL LIMIT $3) AS mine)
                      + (SELECT COUNT(*) FROM (SELECT FROM task WHERE organization_id = $1 AND assignee_role = (SELECT ctx.role())
                           AND is_open AND assignee_id IS NULL AND case_id IS NULL LIMIT $3) AS ours) AS "tasks!""#,
            $($args),+
        )
        .fetch_one($conn)
        .await?;
        Badges { cases: row.cases, notices: row.notices, tasks: row.tasks, ..Badges::default() }
    }};
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
        notices: capped(badges.notices),
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
                Area::Tasks => capped(badges.tasks),
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
