//! A backup is made by the role that may only read, and holds everything all the same.

use std::fs;

use almoner::backup;
use almoner::config::{Backup, Common, Restore};
use almoner::db::cluster::DbRole;
use secrecy::SecretString;
use sqlx::{ConnectOptions as _, PgPool};

use crate::support::{Portal, run};

/// How many rows each table has, and how far each sequence is.
async fn counts(admin: &PgPool) -> Vec<String> {
    sqlx::query_scalar!(
        r#"SELECT c.oid::regclass::text || ' ' || (xpath('/row/n/text()', query_to_xml(
                    format(CASE c.relkind WHEN 'S' THEN 'SELECT last_value AS n FROM %s' ELSE 'SELECT count(*) AS n FROM %s' END, c.oid::regclass), false, true, '')))[1]::text AS "line!"
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.oid::regclass::text <> 'auth.session'
            ORDER BY 1"#
    )
    .fetch_all(admin)
    .await
    .expect("the counts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_by_its_own_role_holds_everything() {
    let portal = Portal::start().await;
    portal.sign_in("clinician").await;
    run(&portal.admin, "SELECT kit.make_observation_partitions(9)").await;
    let before = counts(&portal.admin).await;
    assert!(before.iter().filter(|line| line.starts_with("parts.")).count() > 27, "with months to come");
    assert!(before.iter().any(|line| line.starts_with("parts.observation_2") && !line.ends_with(" 0")), "{before:#?}");

    let folder = std::env::temp_dir().join(format!("almoner-backup-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let admin = portal.admin.connect_options();
    let url = |name: &str| SecretString::from(admin.as_ref().clone().database(name).to_url_lossy().to_string());
    let name = admin.get_database().expect("a name").to_owned();
    let common = |name: &str| Common {
        data_dir: folder.clone(),
        database_url: Some(url(name)),
        migrate_url: None,
        master_key: None,
        files: None,
        clamav: None,
    };
    let settings = Backup { to: Some(folder.clone()), backup_url: Some(url(&name)) };
    backup::back_up(&common(&name), &settings).await.expect("a backup");
    let file = fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "dump")).expect("a backup");

    let copy = format!("{name}_restored");
    run(&portal.admin, &format!("CREATE DATABASE {copy}")).await;
    backup::restore(&common(&copy), &Restore { file, replace: false }).await.expect("restored");
    let restored = PgPool::connect_with(admin.as_ref().clone().database(&copy)).await.expect("the copy");
    let after = counts(&restored).await;
    let sessions = sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM auth.session"#).fetch_one(&restored).await;
    restored.close().await;
    run(&portal.admin, &format!("DROP DATABASE {copy} WITH (FORCE)")).await;
    assert_eq!(before, after);
    assert_eq!(sessions.expect("a number"), 0, "nobody is signed in by a backup");

    // A table that hides rows from the role stops the backup; the earlier one stays.
    run(&portal.admin, "CREATE TABLE forgotten (); ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY").await;
    let refused = backup::back_up(&common(&name), &settings).await.expect_err("not a part of it");
    assert!(refused.to_string().contains("forgotten"), "{refused:#}");
    run(&portal.admin, "DROP TABLE forgotten").await;

    // A login that may not become the role is told so.
    let runtime = portal.runtime_options().username(DbRole::Runtime.as_str()).to_url_lossy().to_string();
    let settings = Backup { to: Some(folder.clone()), backup_url: Some(SecretString::from(runtime)) };
    let refused = backup::back_up(&common(&name), &settings).await.expect_err("not with this login");
    assert!(refused.to_string().contains("may not become almoner_backup"), "{refused:#}");
    fs::remove_dir_all(&folder).expect("removed");
}
