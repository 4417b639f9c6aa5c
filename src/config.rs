//! The settings: one struct, where every flag is also an environment variable.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

use crate::accounts::cli::UserCommand;
use crate::audit::cli::AuditCommand;
use crate::files::{Files, Place, Scanner};
use crate::ingest::cli::ServiceAccountCommand;
use crate::outbox::Range;

/// An open electronic health record portal.
#[derive(Debug, Parser)]
#[command(name = "almoner", version, about, max_term_width = 100)]
pub struct Config {
    /// What every command needs.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings that every command shares.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Where keys, files and the private database live.
    #[arg(long, env = "ALMONER_DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,
    /// A PostgreSQL to use instead of the private one in the data directory.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,
    /// The same PostgreSQL with a login that may change the schema; needed by `migrate` only.
    #[arg(long, env = "ALMONER_MIGRATE_URL", hide_env_values = true, global = true)]
    pub migrate_url: Option<SecretString>,
    /// The key-encryption key, 32 bytes in base64. Without it, the file `keys/master.key` in the data directory.
    #[arg(long, env = "ALMONER_MASTER_KEY", hide_env_values = true, global = true)]
    pub master_key: Option<SecretString>,
    /// Where documents are kept, encrypted: a directory, or `s3://bucket/prefix`. Without it, `files` in the data directory.
    #[arg(long, env = "ALMONER_FILES", global = true)]
    pub files: Option<String>,
    /// A virus scanner (clamd) that every upload has to pass: `tcp://host:3310` or `unix:/run/clamav/clamd.ctl`.
    #[arg(long, env = "ALMONER_CLAMAV", global = true)]
    pub clamav: Option<String>,
}

impl Common {
    /// Where documents are kept.
    ///
    /// # Errors
    /// Where `--files` or `--clamav` cannot be understood.
    pub fn files(&self) -> anyhow::Result<Files> {
        let place = match &self.files {
            Some(text) => Place::parse(text)?,
            None => Place::Local(self.data_dir.join("files")),
        };
        Ok(Files::new(place, self.clamav.as_deref().map(Scanner::parse).transpose()?))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the portal.
    Serve(Box<Serve>),
    /// Bring the database schema up to date.
    Migrate,
    /// Back the database up into one verified file, and the documents beside it.
    Backup(Backup),
    /// Put a backup into an empty database.
    Restore(Restore),
    /// Add accounts, and help people who cannot sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Prove that nobody changed the audit.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Let other systems raise alerts, and shut them out again.
    #[command(subcommand)]
    ServiceAccount(ServiceAccountCommand),
    /// Fill a database with made-up patients and alerts, to measure with.
    Seed(Seed),
    /// Say in words what is wrong with this set-up.
    Doctor(Doctor),
}

/// Settings of `serve`.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// The address to listen on.
    #[arg(long, env = "ALMONER_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// The address people use, for example `https://portal.example.org`. `https` makes cookies secure.
    #[arg(long, env = "ALMONER_PUBLIC_URL")]
    pub public_url: Option<url::Url>,
    /// Addresses of the proxies in front, which are believed when they say whose request they bring (`X-Forwarded-For`).
    #[arg(long, env = "ALMONER_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,
    /// An address for Prometheus metrics, away from the public one.
    #[arg(long, env = "ALMONER_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Put demo data into an empty database and offer its accounts on the sign-in page.
    #[arg(long, env = "ALMONER_DEMO")]
    pub demo: bool,
    /// Do not run background jobs in this process.
    #[arg(long, env = "ALMONER_NO_JOBS")]
    pub no_jobs: bool,
    /// How messages leave the portal.
    #[command(flatten)]
    pub outbox: Outbox,
    /// How the browsers of a video call find each other.
    #[command(flatten)]
    pub video: Video,
}

/// How the browsers of a video call find each other. Without any of these they do in one network only, or where one of them is reached
/// from everywhere.
#[derive(Clone, Debug, Default, Args)]
pub struct Video {
    /// STUN servers, which tell a browser its public address: `stun:stun.example.org:3478`.
    #[arg(long, env = "ALMONER_STUN", value_delimiter = ',')]
    pub stun: Vec<String>,
    /// TURN servers, which pass a call on where browsers cannot reach each other: `turns:turn.example.org:5349?transport=tcp`.
    #[arg(long, env = "ALMONER_TURN", value_delimiter = ',', requires = "turn_secret")]
    pub turn: Vec<String>,
    /// The secret that we share with the TURN servers (coturn: `static-auth-secret`); each call gets a password of a few hours.
    #[arg(long, env = "ALMONER_TURN_SECRET", hide_env_values = true)]
    pub turn_secret: Option<SecretString>,
}

/// How messages leave the portal. What is not set stays inside.
#[derive(Clone, Debug, Default, Args)]
pub struct Outbox {
    /// The mail server: `smtps://user:password@host`, `smtp://user:password@host:587?tls=required`, or `smtp://127.0.0.1:25`.
    #[arg(long, env = "ALMONER_SMTP_URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<SecretString>,
    /// The sender of mail, for example `Northgate Health <portal@example.org>`.
    #[arg(long, env = "ALMONER_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// The gateway for text messages, which takes signed webhooks.
    #[arg(long, env = "ALMONER_SMS_WEBHOOK", requires = "webhook_secret")]
    pub sms_webhook: Option<url::Url>,
    /// The gateway for chat.
    #[arg(long, env = "ALMONER_CHAT_WEBHOOK", requires = "webhook_secret")]
    pub chat_webhook: Option<url::Url>,
    /// The secret that gateways share with us: `whsec_` and 24 or more bytes in base64.
    #[arg(long, env = "ALMONER_WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: Option<SecretString>,
    /// Networks of yours in which organizations may name gateways, for example `10.20.0.0/16,fd12:3456::/32`. Without it theirs
    /// are on the internet.
    #[arg(long, env = "ALMONER_GATEWAY_RANGES", value_delimiter = ',')]
    pub gateway_ranges: Vec<Range>,
}

/// Settings of `backup`.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// The folder to put it into; `backups` in the data directory unless said otherwise.
    #[arg(long)]
    pub to: Option<PathBuf>,
    /// The PostgreSQL of `DATABASE_URL` with a login that may become `almoner_backup`, and needs no more.
    #[arg(long, env = "ALMONER_BACKUP_URL", hide_env_values = true)]
    pub backup_url: Option<SecretString>,
}

/// Settings of `restore`.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// Throw away what the database holds.
    #[arg(long)]
    pub replace: bool,
}

/// Settings of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct Doctor {
    /// The address that `serve` is to listen on.
    #[arg(long, env = "ALMONER_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Only ask the instance that listens there whether it is alive, as a container's health check does.
    #[arg(long)]
    pub healthz: bool,
}

/// Settings of `seed`.
#[derive(Clone, Debug, Args)]
pub struct Seed {
    /// How many patients to add.
    #[arg(long, default_value_t = 1_000)]
    pub patients: u32,
    /// How many alerts to add.
    #[arg(long, default_value_t = 5_000)]
    pub alerts: u32,
    /// How many of the alerts are open.
    #[arg(long, default_value_t = 200)]
    pub open: u32,
    /// How many cases to add, each with ten entries in its log.
    #[arg(long, default_value_t = 1_000)]
    pub cases: u32,
    /// How many visits to add, in full working days up to four weeks ahead, with requests for visits.
    #[arg(long, default_value_t = 10_000)]
    pub visits: u32,
    /// How many messages to add, ten in a conversation, with an account for each patient who writes.
    #[arg(long, default_value_t = 10_000)]
    pub messages: u32,
    /// How many readings to add, of a year; of a million and more, eight patients and more have one every five minutes.
    #[arg(long, default_value_t = 20_000)]
    pub readings: u32,
    /// Over how many facilities they are spread.
    #[arg(long, default_value_t = 20)]
    pub facilities: u32,
}
