//! The navigation: which areas a role has.

use super::badges::{Badges, capped};
use super::ctx::Ctx;
use super::shell::{NavItem, Shell};
use crate::access::{Actor, Permission, Role};
use crate::clock::Timestamp;

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
    /// Policies and procedures.
    Policies,
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
        area: Area::Policies,
        permission: Permission::ViewPolicies,
        go: 'i',
        href: "/policies",
        icon: "scroll-text",
        label: "Policies",
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
    fn every_staff_role_has_somewhere_to_go() {
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Patient) {
            assert!(LINES.iter().any(|line| role.may(line.permission)), "{role:?}");
        }
    }
}
