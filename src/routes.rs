//! The whole portal: one line per slice.

use crate::web::Routes;
use crate::{
    accounts, admin, alerts, audit, cases, casework, chart, content, design, documents, health, home, ingest, jobs,
    live, messages, notifications, patients, portal, readings, rules, search, tasks, visits, weekly,
};

/// Every route of the portal.
#[must_use]
pub fn all() -> Routes {
    Routes::new()
        .merge(health::routes())
        .merge(ingest::routes())
        .merge(jobs::routes())
        .merge(live::routes())
        .merge(home::routes())
        .merge(accounts::routes())
        .merge(alerts::routes())
        .merge(cases::routes())
        .merge(casework::routes())
        .merge(chart::routes())
        .merge(messages::routes())
        .merge(notifications::routes())
        .merge(patients::routes())
        .merge(documents::routes())
        .merge(content::routes())
        .merge(weekly::routes())
        .merge(readings::routes())
        .merge(rules::routes())
        .merge(tasks::routes())
        .merge(search::routes())
        .merge(visits::routes())
        .merge(portal::routes())
        .merge(admin::routes())
        .merge(audit::routes())
        .merge(design::routes())
}
