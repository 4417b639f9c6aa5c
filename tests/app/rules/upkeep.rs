//! What rules looked at goes after a while; what they did stays.

use almoner::ids::OrganizationId;

use super::evaluation::{rule, run};
use crate::patients::ask;
use crate::support::{House, Portal};

/// Deletes in batches of two, as the job does; how many batches deleted something.
async fn purge(portal: &Portal, organization: OrganizationId) -> usize {
    let mut batches = 0;
    loop {
        let mut tx = portal.app.db.begin_worker(organization).await.expect("a transaction");
        let gone = sqlx::query_scalar!(r#"SELECT kit.purge_rule_looks(2) AS "gone!""#).fetch_one(&mut *tx).await;
        tx.commit().await.expect("a commit");
        if gone.expect("a count") == 0 {
            return batches;
        }
        batches += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_came_to_nothing_go_when_the_organization_says_and_not_before() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let ada = house.patient(&portal, house.clinic, "1").await;
    let rule = rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "WARNING").await;
    for (days, outcome) in [
        (100, "NOTHING"),
        (100, "FAILED"),
        (100, "HELD_BACK"),
        (100, "RAISED"),
        (100, "RECOVERED"),
        (40, "NOTHING"),
        (1, "NOTHING"),
    ] {
        run(&portal, &format!(
            "INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome, executed_at)
             VALUES ('{}', gen_random_uuid(), '{rule}', 1, '{ada}', 'READING', false, '{outcome}', now() - {days} * INTERVAL '1 day')",
            house.organization
        ))
        .await;
    }
    let left = format!("SELECT count(*) FROM rule_execution WHERE organization_id = '{}'", house.organization);
    let others = format!("SELECT count(*) FROM rule_execution WHERE organization_id <> '{}'", house.organization);
    let before = ask(&portal, &others).await;
    let demo: OrganizationId = "01900000-0000-7000-8001-000000000002".parse().expect("an id");
    purge(&portal, demo).await;
    assert_eq!(ask(&portal, &left).await, 7, "nobody reaches over the wall");
    assert_eq!(purge(&portal, house.organization).await, 2);
    assert_eq!(ask(&portal, &left).await, 4, "what it did, and what is younger than ninety days");
    for (days, expected) in [("\"many\"", 4), ("1", 3), ("0", 3)] {
        run(
            &portal,
            &format!(
                "UPDATE organization SET retention = '{{\"rule_looks\": {days}}}' WHERE id = '{}'",
                house.organization
            ),
        )
        .await;
        purge(&portal, house.organization).await;
        assert_eq!(ask(&portal, &left).await, expected, "{days}");
    }
    assert_eq!(ask(&portal, &others).await, before);
    // The owner of the table deletes neither what a rule did nor what is young, and changes nothing at all.
    for wrong in [
        "DELETE FROM rule_execution WHERE outcome = 'RAISED'",
        "DELETE FROM rule_execution WHERE outcome = 'NOTHING'",
        "UPDATE rule_execution SET triggered = true",
    ] {
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let refused = sqlx::raw_sql(&format!(
            "BEGIN; SET LOCAL ROLE almoner_owner; SET LOCAL app.ctx = '{}|||*'; {wrong}",
            house.organization
        ))
        .execute(&mut portal.admin.acquire().await.expect("a connection").detach())
        .await;
        assert!(refused.expect_err("refused").to_string().contains("append-only"), "{wrong}");
    }
}
