//! The schema goes up, up again, down to nothing, and up once more, and is then the same.

mod schema;

use almoner::MIGRATOR;
use almoner::db;
use almoner::db::cluster::DbRole;
use schema::{Database, lines, run};
use sqlx::migrate::{Migrate, Migration};
use sqlx::{Connection, PgConnection};

/// Everything in the database that is not PostgreSQL's own: one line for each column, constraint, index, policy, function, grant and comment.
const EVERYTHING: &str = "
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    SELECT line FROM (
        SELECT format('schema %s %s', nspname, n.nspacl) AS line FROM ours JOIN pg_namespace n USING (oid, nspname) WHERE nspname <> 'public'
        UNION ALL SELECT format('relation %s %s %s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions)
            FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
        UNION ALL SELECT format('grant %s %s', c.oid::regclass, a) FROM pg_class c JOIN ours ON ours.oid = c.relnamespace, unnest(c.relacl) AS a
        UNION ALL SELECT format('column %s.%s %s %s %s %s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                pg_get_expr(d.adbin, d.adrelid), a.attacl, col_description(c.oid, a.attnum))
            FROM pg_class c JOIN ours ON ours.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN ours ON ours.oid = k.connamespace
        UNION ALL SELECT format('index %s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN ours ON ours.oid = c.relnamespace
        UNION ALL SELECT format('policy %s', to_jsonb(p)) FROM pg_policies p JOIN ours ON ours.nspname = p.schemaname
        UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN ours ON ours.oid = c.relnamespace
            WHERE NOT t.tgisinternal
        UNION ALL SELECT format('function %s %s', CASE WHEN f.prokind IN ('f', 'p') THEN pg_get_functiondef(f.oid) END, f.proacl) FROM pg_proc f JOIN ours ON ours.oid = f.pronamespace
    ) AS everything WHERE line NOT LIKE '%\\_sqlx\\_migrations%' ORDER BY line";

fn up() -> impl DoubleEndedIterator<Item = &'static Migration> {
    MIGRATOR.iter().filter(|step| step.migration_type.is_up_migration())
}

/// Runs a step past the bookkeeping, in one transaction as always.
async fn apply(conn: &mut PgConnection, step: &Migration) {
    let mut tx = conn.begin_with("BEGIN").await.expect("a transaction");
    if let Err(error) = run(&mut tx, &step.sql).await {
        panic!("{} {}: {error}", step.version, step.description);
    }
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn the_schema_goes_up_twice_down_to_nothing_and_up_to_the_same_again() {
    let database = Database::empty().await;
    let mut conn = database.connect(DbRole::Admin).await;

    for step in up() {
        apply(&mut conn, step).await;
    }
    let first = lines(&mut conn, EVERYTHING).await.expect("the catalogue");
    assert!(first.len() > 500, "the catalogue query sees the schema");

    for step in up() {
        apply(&mut conn, step).await;
    }
    assert_same(
        &first,
        &lines(&mut conn, EVERYTHING).await.expect("the catalogue"),
        "running every step a second time",
    );

    for step in
        MIGRATOR.iter().filter(|step| step.migration_type.is_down_migration()).collect::<Vec<_>>().into_iter().rev()
    {
        apply(&mut conn, step).await;
    }
    let left = lines(&mut conn, EVERYTHING).await.expect("the catalogue");
    assert!(left.is_empty(), "left behind after going down: {left:#?}");

    for step in up() {
        apply(&mut conn, step).await;
    }
    assert_same(&first, &lines(&mut conn, EVERYTHING).await.expect("the catalogue"), "going down and up");

    the_program_applies_each_step_once().await;
    the_migrator_needs_no_superuser().await;
    conn.close().await.expect("closed");
}

async fn the_program_applies_each_step_once() {
    let database = Database::migrated().await;
    db::migrate(database.options(DbRole::Admin)).await.expect("nothing to do");
    assert_eq!(db::pending_migrations(&database.options(DbRole::Admin)).await.expect("an answer"), 0);
}

/// Part of the test above because that one takes roles away, which all databases share.
async fn the_migrator_needs_no_superuser() {
    let database = Database::with("OWNER almoner_owner").await;
    db::migrate(database.options(DbRole::Migrator)).await.expect("the migrator may migrate");
    assert_eq!(db::pending_migrations(&database.options(DbRole::Migrator)).await.expect("an answer"), 0);
    let mut conn = database.connect(DbRole::Migrator).await;
    let applied = conn.list_applied_migrations().await.expect("the list");
    assert_eq!(applied.len(), up().count());
    conn.close().await.expect("closed");
}

#[test]
fn every_step_has_its_reverse_and_a_moment_of_its_own() {
    let versions = |wanted: fn(&Migration) -> bool| {
        MIGRATOR.iter().filter(|step| wanted(step)).map(|step| step.version).collect::<Vec<_>>()
    };
    assert_eq!(
        versions(|step| step.migration_type.is_up_migration()),
        versions(|step| step.migration_type.is_down_migration())
    );
    let mut moments = versions(|step| step.migration_type.is_up_migration());
    moments.dedup();
    assert_eq!(moments.len(), up().count(), "two migrations of the same moment: rename the younger one");
}

fn assert_same(before: &[String], after: &[String], what: &str) {
    let only = |some: &[String], others: &[String]| {
        some.iter().filter(|line| !others.contains(line)).cloned().collect::<Vec<_>>()
    };
    let (lost, gained) = (only(before, after), only(after, before));
    assert!(lost.is_empty() && gained.is_empty(), "{what} changes the schema: lost {lost:#?}, gained {gained:#?}");
}
