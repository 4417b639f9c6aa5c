//! The first page of each role, the help, and who may do what.

use crate::support::Portal;

#[tokio::test]
async fn everybody_starts_where_their_work_is() {
    let portal = Portal::start().await;
    for (role, start) in [
        ("clinician", "/alerts"),
        ("clerk", "/work"),
        ("compliance", "/admin/audit"),
        ("admin", "/admin/access"),
        ("patient", "/my"),
    ] {
        let browser = portal.sign_in(role).await;
        let reply = browser.get("/").await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, start), "{role}");
    }
}

#[tokio::test]
async fn help_names_the_role_and_the_keys() {
    let portal = Portal::start().await;
    let browser = portal.sign_in("clinician").await;
    assert!(browser.get("/help").await.text("main").contains("You work as Clinician"));
    assert!(browser.get("/help/keys").await.texts("dt").contains(&"G then A".to_owned()));
    assert_eq!(portal.sign_in("patient").await.get("/help/keys").await.status, 403);
}

#[tokio::test]
async fn patients_have_settings_and_help_in_the_frame_of_the_portal() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    for path in ["/help", "/me", "/me/sessions", "/me/password"] {
        let page = patient.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.texts(".dock a").len(), patient.get("/my").await.texts(".dock a").len(), "{path}");
        assert!(page.texts(".rail").is_empty() && !page.body.contains("/alerts"), "{path} shows the frame of staff");
    }
    let help = patient.get("/help").await;
    assert!(help.body.contains("tel:999") && !help.text("main").contains("You work as"), "{}", help.text("main"));
    let linked = help.attributes("main a[href^='/']", "href");
    for link in &linked {
        assert_eq!(patient.get(link).await.status, 200, "{link}");
    }
    assert!(linked.len() >= 5, "{linked:?}");
    assert!(patient.get("/my").await.attributes("header a", "href").contains(&"/help".to_owned()));
}

#[tokio::test]
async fn administrators_see_every_route_with_its_roles() {
    let portal = Portal::start().await;
    let page = portal.sign_in("admin").await.get("/admin/access").await;
    assert_eq!(page.status, 200);
    let rows = page.texts("tbody tr");
    assert!(
        rows.iter().any(|row| row == "GET/admin/accessSee who may do whatOwner, Compliance, Administrator"),
        "{rows:#?}"
    );
    assert!(rows.len() > 35);
    assert_eq!(portal.sign_in("clinician").await.get("/admin/access").await.status, 403);
}
