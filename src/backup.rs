//! `almoner backup` and `almoner restore`: the whole database as one verified, compressed file.
//!
//! Documents that are kept in a directory are copied beside it, into `files`: each once, because none ever changes, and
//! after the database, so that no row is without its file. In a bucket they are backed up by whoever keeps the bucket.
//!
//! It is read as the database role `almoner_backup`, which reads everything and writes nothing. It goes past no policy:
//! each table lets that role see all rows, and where one does not, nothing is backed up rather than a part.
//!
//! A backup holds no key: what is encrypted in it stays closed without `keys/master.key`, which is kept apart. It holds no
//! open session: whoever was signed in signs in again after it was put back.

mod kept;
mod programs;

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context, ensure};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, Executor, PgConnection};

use self::kept::{UNFINISHED, copy_missing, thin_out};
use self::programs::{run, tool};
use crate::clock::Clock;
use crate::config::{Backup, Common, Restore};
use crate::db::cluster::DATABASE;
use crate::db::{self, Source};
use crate::files::Place;

/// Where the documents lie beside backups.
const FILES: &str = "files";

/// The role that reads.
const READER: &str = "almoner_backup";

/// How `pg_dump` reads as it: with the policies that let it see all, where it would else refuse to begin.
const AS_READER: [&str; 3] = ["--role=almoner_backup", "--enable-row-security", "--exclude-table-data=auth.session"];

/// Makes a backup, verifies it, and only then lets the oldest go.
///
/// # Errors
/// Where the backup cannot be made or does not verify; nothing is deleted then.
pub async fn back_up(common: &Common, settings: &Backup) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    let reader = match &settings.backup_url {
        Some(url) => {
            // The cause is left out: it quotes the address, and with it the password.
            let options = PgConnectOptions::from_str(url.expose_secret()).ok();
            Some(options.context("ALMONER_BACKUP_URL is not a PostgreSQL address")?)
        }
        None => source.is_private().then(|| source.admin.clone()),
    };
    if let Some(reader) = &reader {
        whole(reader).await?;
    }
    tokio::task::block_in_place(|| dump(common, settings, &source, reader.is_some()))
}

/// Whether the reader sees every row of every table.
async fn whole(reader: &PgConnectOptions) -> anyhow::Result<()> {
    let mut conn = reader.connect().await.context("cannot connect to the database")?;
    let may = sqlx::query_scalar!(r#"SELECT pg_has_role(to_regrole($1)::oid, 'MEMBER') AS "may""#, READER);
    let may = may.fetch_one(&mut conn).await?.unwrap_or(false);
    ensure!(may, "this login may not become {READER}: grant it that role (GRANT {READER} TO …), or migrate first");
    let hidden = sqlx::query_scalar!(
        r#"SELECT c.oid::regclass::text AS "name!" FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relrowsecurity
              AND (NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                                  AND p.polroles && ARRAY[to_regrole($1)::oid, 0::oid] AND pg_get_expr(p.polqual, p.polrelid) = 'true')
                   OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive
                                 AND p.polroles && ARRAY[to_regrole($1)::oid, 0::oid]))
            ORDER BY 1"#,
        READER
    );
    let hidden = hidden.fetch_all(&mut conn).await?;
    ensure!(hidden.is_empty(), "{READER} does not see all of {}: nothing was backed up", hidden.join(", "));
    conn.close().await?;
    Ok(())
}

fn dump(common: &Common, settings: &Backup, source: &Source, as_reader: bool) -> anyhow::Result<()> {
    let folder = settings.to.clone().unwrap_or_else(|| common.data_dir.join("backups"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let name = Clock::System.now().format("almoner-%Y%m%d-%H%M%S.dump").to_string();
    let (file, unfinished) = (folder.join(&name), folder.join(format!("{name}{UNFINISHED}")));
    fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&unfinished)?;
    let mut command = tool(source, common, settings.backup_url.as_ref(), "pg_dump")?;
    let how: &[&str] = if as_reader { &AS_READER } else { &[] };
    let dumped = run(command.args(how).args(["--format=custom", "--file"]).arg(&unfinished));
    let verified = dumped.and_then(|()| verify(source, common, &unfinished));
    if verified.is_err() {
        fs::remove_file(&unfinished).ok();
    }
    verified.context("the backup failed; earlier ones are untouched")?;
    fs::rename(&unfinished, &file)?;
    println!("Backed up to {} ({} bytes).", file.display(), fs::metadata(&file)?.len());
    match common.files()?.place() {
        Place::Local(files) => {
            let copied = copy_missing(files, &folder.join(FILES)).context("the documents were not copied")?;
            println!("Copied {copied} documents to {} that were not there yet.", folder.join(FILES).display());
        }
        Place::S3 { url } => println!("The documents in {url} are not in it: back the bucket up as well."),
        Place::Other => {}
    }
    println!("It cannot be read without the master key, which is not in it.");
    thin_out(&folder)
}

/// Puts a backup into an empty database.
///
/// # Errors
/// Where the database holds something already, or the backup cannot be read.
pub async fn restore(common: &Common, settings: &Restore) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    ensure!(
        settings.replace || is_empty(&source).await?,
        "the database is not empty: restore into a new data directory, or say --replace to throw away what is there"
    );
    tokio::task::block_in_place(|| verify(&source, common, &settings.file))?;
    // Roles belong to the server, not to the backup: the migrations make them.
    db::migrate(source.admin.clone()).await?;
    let name = source.admin.get_database().unwrap_or(DATABASE).to_owned();
    let beside = format!("{name}_restoring");
    let mut server =
        source.admin.clone().database("postgres").connect().await.context("cannot connect to the server")?;
    execute(&mut server, &format!(r#"DROP DATABASE IF EXISTS "{beside}" WITH (FORCE)"#)).await?;
    execute(&mut server, &format!(r#"CREATE DATABASE "{beside}""#)).await?;
    let mut command = tool(&source, common, None, "pg_restore")?;
    command.args(["--exit-on-error", "--single-transaction", "--dbname", &beside]).arg(&settings.file);
    tokio::task::block_in_place(|| run(&mut command))?;
    // What was there goes only now that what comes is whole.
    execute(&mut server, &format!(r#"DROP DATABASE "{name}" WITH (FORCE)"#)).await?;
    execute(&mut server, &format!(r#"ALTER DATABASE "{beside}" RENAME TO "{name}""#)).await?;
    println!("Restored {}.", settings.file.display());
    tokio::task::block_in_place(|| restore_files(common, &settings.file))
}

/// Puts the documents that lie beside a backup back into their directory.
fn restore_files(common: &Common, backup: &Path) -> anyhow::Result<()> {
    let beside = backup.parent().unwrap_or(Path::new("")).join(FILES);
    match common.files()?.place() {
        Place::Local(files) if beside.is_dir() => {
            let copied = copy_missing(&beside, files).context("the documents were not restored")?;
            println!("Restored {copied} documents.");
        }
        Place::Local(_) => println!("There are no documents beside it, in {}.", beside.display()),
        Place::S3 { url } => println!("The documents are expected in {url}, as they were."),
        Place::Other => {}
    }
    Ok(())
}

async fn execute(conn: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "databases cannot be made or dropped by prepared statements")]
    conn.execute(sqlx::raw_sql(sql)).await?;
    Ok(())
}

/// Whether no organization has been made yet.
async fn is_empty(source: &Source) -> anyhow::Result<bool> {
    let mut conn = source.admin.connect().await.context("cannot connect to the database")?;
    let table = sqlx::query_scalar!(r#"SELECT to_regclass('public.organization') IS NOT NULL AS "exists!""#)
        .fetch_one(&mut conn)
        .await?;
    if !table {
        return Ok(true);
    }
    Ok(!sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM organization) AS "exists!""#).fetch_one(&mut conn).await?)
}

/// Reads the whole archive, data included.
fn verify(source: &Source, common: &Common, file: &Path) -> anyhow::Result<()> {
    ensure!(file.exists(), "there is no file {}", file.display());
    let mut command = tool(source, common, None, "pg_restore")?;
    command.args(["--file", "/dev/null"]).arg(file);
    run(&mut command).with_context(|| format!("{} is not a whole backup", file.display()))
}
