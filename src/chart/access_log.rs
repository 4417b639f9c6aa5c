//! Who opened this record.

use askama::Template;

use crate::access::{Permission, Role};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::patients::record::Record;
use crate::web::Ctx;
use crate::web::whom::Relationship;

/// Events shown; the audit has the rest.
const SHOWN: i64 = 100;

/// One event.
#[derive(Debug)]
struct Access {
    at: Timestamp,
    person: String,
    role: Option<String>,
    action: String,
    page: Option<String>,
    on_a_list: bool,
    acting_for: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "chart/_access_log.html")]
struct AccessPanel {
    accesses: Vec<Access>,
    /// Whether this person sees everybody's, or only what they did themselves.
    everybody: bool,
    full: bool,
    zone: chrono_tz::Tz,
}

/// The latest accesses to a record, on its own pages and on lists.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<String> {
    let accesses = latest(ctx, tx, record).await?;
    let everybody = ctx.actor.may(Permission::ViewAudit) || ctx.actor.role == Role::Manager;
    let full = i64::try_from(accesses.len()).is_ok_and(|count| count >= SHOWN);
    Ok(AccessPanel { accesses, everybody, full, zone: ctx.actor.zone }.render()?)
}

async fn latest(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Access>> {
    let rows = sqlx::query_as!(
        Access,
        r#"SELECT e.at AS "at!: Timestamp", COALESCE(NULLIF(concat_ws(' ', u.title, u.first_name, u.last_name), ''), 'Almoner') AS "person!",
                  e.acting_role AS role, e.action AS "action!", e.details ->> 'page' AS page, e.on_a_list AS "on_a_list!", e.details ->> 'acting_for' AS acting_for
           FROM (
             (SELECT v.*, false AS on_a_list FROM audit_event AS v
              WHERE v.organization_id = $1 AND v.patient_id = $2 ORDER BY v.seq DESC LIMIT $3)
             UNION ALL
             (SELECT v.*, true AS on_a_list FROM audit_patient AS l
              JOIN audit_event AS v ON v.organization_id = l.organization_id AND v.seq = l.seq
              WHERE l.organization_id = $1 AND l.patient_id = $2 ORDER BY l.seq DESC LIMIT $3)) AS e
           LEFT JOIN app_user AS u ON u.organization_id = e.organization_id AND u.id = e.actor_id
           ORDER BY e.seq DESC LIMIT $3"#,
        ctx.actor.organization.uuid(),
        record.id().uuid(),
        SHOWN,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

impl Access {
    fn what(&self) -> String {
        let page = self.page.as_deref().unwrap_or("record").replace('-', " ");
        match self.action.as_str() {
            "VIEW" if self.on_a_list => format!("Saw the name on a list ({page})"),
            "VIEW" => format!("Opened the {page}"),
            "PRINT" => "Printed the chart".to_owned(),
            "EXPORT" => "Took the record out as a file".to_owned(),
            other => {
                let words = other.replace('_', " ").to_lowercase();
                let mut letters = words.chars();
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
            }
        }
    }

    fn role_label(&self) -> &'static str {
        let proxy = self.acting_for.as_deref().and_then(|name| name.parse::<Relationship>().ok());
        if let Some(relationship) = proxy {
            return match relationship {
                Relationship::Parent => "Parent, for the patient",
                Relationship::Guardian => "Guardian, for the patient",
                Relationship::Carer => "Carer, for the patient",
                Relationship::Partner => "Partner, for the patient",
                Relationship::Myself | Relationship::Other => "Somebody trusted, for the patient",
            };
        }
        self.role.as_deref().and_then(|role| role.parse::<Role>().ok()).map_or("", Role::label)
    }
}
