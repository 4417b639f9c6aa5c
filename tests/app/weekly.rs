//! Weekly summaries: made once, in the zone of the facility, shown to staff and patient.

use almoner::ids::OrganizationId;
use almoner::jobs::work;
use reqwest::StatusCode;

use crate::support::Portal;

const REYES: &str = "01900000-0000-7000-8006-000000000004";
const ORGANIZATION: &str = "01900000-0000-7000-8001-000000000001";

async fn count(portal: &Portal) -> i64 {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM weekly_summary"#);
    count.fetch_one(&portal.admin).await.expect("a count")
}

#[tokio::test]
async fn a_week_is_summed_up_once() {
    let portal = Portal::start().await;
    assert!(work::all().knows("weekly.summaries"));
    let before = count(&portal).await;
    assert!(before > 20, "the demo has weeks: {before}");
    let organization: OrganizationId = ORGANIZATION.parse().unwrap();
    let taken = sqlx::query!("DELETE FROM weekly_summary WHERE patient_id = $1::text::uuid", REYES);
    let taken = taken.execute(&portal.admin).await.unwrap().rows_affected();
    for _ in 0..2 {
        let mut tx = portal.app.db.begin_worker(organization).await.unwrap();
        almoner::weekly::jobs::fill(&mut tx, organization, portal.app.clock.now(), 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&portal).await, before - i64::try_from(taken).unwrap() + 2, "two weeks of one patient, once");
    }
}

#[tokio::test]
async fn a_week_is_what_its_readings_say() {
    let portal = Portal::start().await;
    let kept = sqlx::query!(
        r#"SELECT (w.summary -> 'glucoseTrend' ->> 'mean')::float8 AS "kept!", (w.summary -> 'glucoseTrend' ->> 'count')::int8 AS "count!",
                  avg(o.value_num) AS "mean!", count(*) AS "readings!"
           FROM weekly_summary AS w JOIN facility AS f ON f.organization_id = w.organization_id AND f.id = w.facility_id
           JOIN observation AS o ON o.organization_id = w.organization_id AND o.patient_id = w.patient_id AND o.code = 'GLUCOSE' AND o.status = 'FINAL'
                AND (o.effective_at AT TIME ZONE f.timezone)::date BETWEEN w.week_start AND w.week_end
           WHERE w.patient_id = $1::text::uuid GROUP BY w.organization_id, w.id ORDER BY w.week_start DESC LIMIT 1"#,
        REYES
    );
    let kept = kept.fetch_one(&portal.admin).await.unwrap();
    assert_eq!(kept.count, kept.readings);
    assert!((kept.kept - kept.mean).abs() < 1e-6, "{} and {}", kept.kept, kept.mean);
}

#[tokio::test]
async fn staff_read_numbers_and_the_patient_plain_words() {
    let portal = Portal::start().await;
    let haas = portal.sign_in("clinician").await;
    let page = haas.get(&format!("/patients/{REYES}/weeks")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.texts("main section h2").len() > 3, "{}", page.body);
    assert!(page.body.contains("mmol/L"), "{}", page.body);
    for (who, expected) in [("assistant", 200), ("compliance", 200), ("carer", 403), ("owner", 403), ("clerk", 403)] {
        let reply = portal.sign_in(who).await.get(&format!("/patients/{REYES}/weeks")).await;
        assert_eq!(reply.status, expected, "{who}");
    }

    let marisol = portal.sign_in("patient").await;
    let mine = marisol.get("/my/week").await;
    assert_eq!((mine.status, mine.text("h1")), (StatusCode::OK, "Your week".to_owned()));
    assert!(mine.body.contains("Sugar"), "{}", mine.body);
    let before = mine.attributes("nav[aria-label='Other weeks'] a", "href");
    let earlier = marisol.get(&before[0]).await;
    assert_eq!(earlier.status, StatusCode::OK);
    assert_eq!(earlier.attributes("nav[aria-label='Other weeks'] a", "href").len(), 2, "back and forth");
    for nonsense in ["/my/week?week=2001-01-01", "/my/week?week=x"] {
        assert_eq!(marisol.get(nonsense).await.status, StatusCode::NOT_FOUND, "{nonsense}");
    }
    let seen = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_type = 'weekly_summary' AND action = 'VIEW' AND patient_id = $1::text::uuid"#,
        REYES
    );
    assert_eq!(seen.fetch_one(&portal.admin).await.unwrap(), 2, "each look is written down");
}
