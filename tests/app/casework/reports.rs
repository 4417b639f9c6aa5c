//! Reports: numbers that agree with the rows, for those who answer for them.

use almoner::access::Role;
use reqwest::StatusCode;

use crate::cases::Board;
use crate::support::{House, Portal};

/// The numbers of a row of a table, by the heading of the row.
fn row(page: &crate::support::Reply, table: &str, heading: &str) -> Vec<String> {
    let headings = page.texts(&format!("#{table} tbody th"));
    let place = headings.iter().position(|one| one == heading).unwrap_or_else(|| panic!("no {heading}: {headings:?}"));
    page.texts(&format!("#{table} tbody tr:nth-child({}) td.num", place + 1))
}

#[tokio::test]
async fn the_numbers_are_those_of_the_demo() {
    let portal = Portal::start().await;
    let chair = portal.sign_in("chair").await;
    let page = chair.get("/reports/cases?weeks=52").await;
    assert_eq!(page.status, StatusCode::OK);
    let open = sqlx::query!(
        r#"SELECT status, count(*) AS "n!", count(*) FILTER (WHERE created_at > now() - INTERVAL '7 days') AS "fresh!" FROM cases
           WHERE organization_id = '01900000-0000-7000-8001-000000000001' AND is_open GROUP BY 1"#
    );
    let labels = [
        ("NEW", "New"),
        ("PENDING_REVIEW", "Pending review"),
        ("ASSIGNED", "Assigned"),
        ("IN_PROGRESS", "In progress"),
        ("PENDING_COMPLETION", "Pending completion"),
    ];
    for one in open.fetch_all(&portal.admin).await.unwrap() {
        let label = labels.iter().find(|(status, _)| *status == one.status).expect("an open state").1;
        let numbers = row(&page, "ages", label);
        assert_eq!(
            (numbers[0].as_str(), numbers[5].as_str()),
            (one.fresh.to_string().as_str(), one.n.to_string().as_str()),
            "{label}"
        );
    }
    let completed = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM status_change WHERE subject_kind = 'case' AND to_status = 'COMPLETED' AND at > now() - INTERVAL '51 weeks'"#
    );
    let completed = completed.fetch_one(&portal.admin).await.unwrap();
    let weeks: i64 = page.texts("#weeks tbody td:last-child").iter().map(|text| text.parse::<i64>().unwrap()).sum();
    assert!(weeks >= completed && weeks <= completed + 2, "{weeks} {completed}");
    assert_eq!(page.texts("#weeks tbody tr").len(), 52);
    let stage = row(&page, "stages", "Pending review");
    assert!(stage[0].parse::<i64>().unwrap() > 20 && (stage[1].ends_with('d') || stage[1].ends_with('h')), "{stage:?}");
    assert_eq!(row(&page, "load", "Bob Caseworker").len(), 4);
    assert!(page.attributes("#weeks svg[role=img]", "aria-labelledby").len() == 1);

    let csv = chair.get("/reports/cases.csv?weeks=4").await;
    assert!(csv.header("content-disposition").unwrap().contains("case-report.csv"));
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!(lines[0], "Report,Of,Measure,Value");
    assert_eq!(lines.iter().filter(|line| line.starts_with("Week,")).count(), 8);
    assert!(lines.iter().any(|line| line.starts_with("Load,Bob Caseworker,Overdue,")));
    let written = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_type = 'case_report' AND action = 'EXPORT'"#
    );
    assert_eq!(written.fetch_one(&portal.admin).await.unwrap(), 1);
    let paper = chair.get("/reports/cases/print?weeks=4").await;
    assert_eq!((paper.status, paper.texts("h2").len()), (StatusCode::OK, 4));
    assert_eq!(
        chair.get("/reports/cases?weeks=999999999999").await.status,
        StatusCode::OK,
        "nonsense is the usual period"
    );
}

#[tokio::test]
async fn a_chair_counts_their_places_and_an_owner_counts_without_seeing_a_case() {
    let board = Board::meet().await;
    let (portal, house): (&Portal, &House) = (&board.portal, &board.house);
    for title in ["One", "Two", "Three"] {
        board.open(title).await;
    }
    let elsewhere = house.person(portal, Role::Chair, Some(house.home)).await;
    let owner = house.person(portal, Role::Owner, None).await;
    let open = async |browser: &crate::support::Browser| {
        row(&browser.get("/reports/cases").await, "ages", "New").last().cloned().expect("a number")
    };
    assert_eq!(open(&board.chair.browser).await, "3");
    assert_eq!(open(&elsewhere).await, "0", "another place");
    assert_eq!(open(&owner).await, "3");
    let page = owner.get("/reports/cases").await;
    assert!(page.texts("#ages a").is_empty(), "no way to the list that they do not see");
    assert_eq!(owner.get("/cases").await.status, StatusCode::FORBIDDEN);
    for person in [&board.clerk, &board.worker] {
        assert_eq!(person.browser.get("/reports/cases").await.status, StatusCode::FORBIDDEN);
    }
}
