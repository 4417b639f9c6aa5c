//! `almoner service-account`: lets other systems in, and shuts them out again.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use super::signature::Secret;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::events::{self, Action, By, Event};
use crate::ids::{FacilityId, OrganizationId, ServiceAccountId};

/// What to do with service accounts.
#[derive(Clone, Debug, Subcommand)]
pub enum ServiceAccountCommand {
    /// Let another system raise alerts or send readings. Prints its secret, once.
    Add(Add),
    /// List the accounts.
    List,
    /// Shut one out for good.
    Revoke {
        /// The id that `add` and `list` print.
        #[arg(long)]
        id: Uuid,
    },
}

/// A new account.
#[derive(Clone, Debug, Args)]
pub struct Add {
    /// Name of the system, such as "Workflow engine".
    #[arg(long)]
    name: String,
    /// Facility it is limited to, by name; the whole organization without.
    #[arg(long)]
    facility: Option<String>,
    /// The organization, by name; may be left out where there is only one.
    #[arg(long)]
    organization: Option<String>,
    /// It sends readings; without, or besides, `--alerts`.
    #[arg(long)]
    readings: bool,
    /// It raises alerts: so without `--readings` too.
    #[arg(long)]
    alerts: bool,
    /// After how many days it stops working by itself; never without.
    #[arg(long)]
    days: Option<u16>,
}

impl Add {
    const fn scopes(&self) -> &'static [&'static str] {
        match (self.alerts, self.readings) {
            (_, false) => &["alerts_ingest"],
            (false, true) => &["device_sync"],
            (true, true) => &["alerts_ingest", "device_sync"],
        }
    }
}

/// Carries out one command.
///
/// # Errors
/// In words, for whoever typed the command.
pub async fn run(app: &App, command: &ServiceAccountCommand) -> anyhow::Result<()> {
    match command {
        ServiceAccountCommand::Add(add) => {
            let organization = organization(app, add.organization.as_deref()).await?;
            let scopes = add.scopes();
            let (id, secret) =
                self::add(app, organization, &add.name, add.facility.as_deref(), add.days, scopes).await?;
            println!("Account: {id}\nSecret:  {}\nThe secret is not shown again.", &*secret);
            Ok(())
        }
        ServiceAccountCommand::List => list(app).await,
        ServiceAccountCommand::Revoke { id } => revoke(app, (*id).into()).await,
    }
}

/// Makes an account with these scopes; answers its id and its secret, which is not to be had again.
///
/// # Errors
/// Where the name is taken, the facility is unknown, or the database does not answer.
pub async fn add(
    app: &App,
    organization: OrganizationId,
    name: &str,
    facility: Option<&str>,
    days: Option<u16>,
    scopes: &[&str],
) -> anyhow::Result<(ServiceAccountId, zeroize::Zeroizing<String>)> {
    let (id, (_, secret)) = (ServiceAccountId::new(), Secret::new());
    let mut tx = app.db.begin_worker(organization).await?;
    let keys = app.keys(&mut tx, organization).await?;
    let sealed = keys.seal(organization, "service_account", "secret", id, &secret)?;
    let facility = match facility {
        Some(name) => Some(facility_called(&mut tx, organization, name).await?),
        None => None,
    };
    sqlx::query!(
        "INSERT INTO service_account (organization_id, id, name, scopes, facility_id, secret_enc, expires_at)
         VALUES ($1, $2, $3, $7, $4, $5, NOW() + MAKE_INTERVAL(days => $6))",
        organization.uuid(),
        id.uuid(),
        name.trim(),
        facility.map(FacilityId::uuid),
        sealed,
        days.map(i32::from),
        &scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<String>>(),
    )
    .execute(&mut *tx)
    .await
    .context("the account cannot be added: is there one of this name already?")?;
    audit(&mut tx, organization, id, Action::Create).await?;
    tx.commit().await?;
    Ok((id, secret))
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut lines = String::new();
    for (organization, name) in organizations(app).await? {
        writeln!(lines, "{name}")?;
        let mut tx = app.db.begin_worker(organization).await?;
        let accounts = sqlx::query!(
            r#"SELECT s.id, s.name, f.name AS "facility?", s.last_used_at AS "last_used_at: Timestamp",
                      CASE WHEN s.revoked_at IS NOT NULL THEN 'revoked' WHEN s.expires_at <= NOW() THEN 'expired' ELSE 'active' END AS "state!"
                 FROM service_account AS s
                 LEFT JOIN facility AS f ON f.organization_id = s.organization_id AND f.id = s.facility_id
                WHERE s.organization_id = $1 AND s.deleted_at IS NULL
                ORDER BY s.created_at"#,
            organization.uuid(),
        )
        .fetch_all(&mut *tx)
        .await?;
        for account in accounts {
            let place = account.facility.as_deref().unwrap_or("everywhere");
            let used = account
                .last_used_at
                .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", at.format("%Y-%m-%d %H:%M UTC")));
            writeln!(lines, "  {}  {}, {place}, {}, {used}", account.id, account.name, account.state)?;
        }
    }
    // A reader that has seen enough (`| head`) is no failure.
    std::io::stdout().write_all(lines.as_bytes()).ok();
    Ok(())
}

async fn revoke(app: &App, id: ServiceAccountId) -> anyhow::Result<()> {
    for (organization, _) in organizations(app).await? {
        let mut tx = app.db.begin_worker(organization).await?;
        let revoked = sqlx::query!(
            "UPDATE service_account SET revoked_at = NOW() WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL",
            organization.uuid(),
            id.uuid(),
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if revoked == 1 {
            audit(&mut tx, organization, id, Action::Delete).await?;
            tx.commit().await?;
            println!("Revoked {id}.");
            return Ok(());
        }
    }
    bail!("there is no account {id} in use; `almoner service-account list` shows them all")
}

async fn audit(tx: &mut Tx, organization: OrganizationId, id: ServiceAccountId, action: Action) -> anyhow::Result<()> {
    let event = Event::new(action, "service_account").of(id).with(json!({ "by": "command line" }));
    events::record(tx, &By::system(organization), event).await?;
    Ok(())
}

async fn organizations(app: &App) -> anyhow::Result<Vec<(OrganizationId, String)>> {
    let mut tx = app.db.begin_system().await?;
    let rows = sqlx::query!(r#"SELECT id AS "id: OrganizationId", name FROM organization ORDER BY name"#)
        .fetch_all(&mut *tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

async fn organization(app: &App, name: Option<&str>) -> anyhow::Result<OrganizationId> {
    let mut all = organizations(app).await?;
    if let Some(wanted) = name {
        all.retain(|(_, name)| name.eq_ignore_ascii_case(wanted.trim()));
    }
    ensure!(all.len() <= 1, "there are several organizations: name one with --organization");
    all.pop().map(|(id, _)| id).context("there is no such organization")
}

async fn facility_called(tx: &mut Tx, organization: OrganizationId, name: &str) -> anyhow::Result<FacilityId> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: FacilityId" FROM facility WHERE organization_id = $1 AND LOWER(name) = LOWER($2) AND deleted_at IS NULL"#,
        organization.uuid(),
        name.trim(),
    )
    .fetch_optional(&mut **tx)
    .await?
    .with_context(|| format!("there is no facility called {name}"))
}
