//! axe finds nothing: every page, light and dark, on a desk and on a phone.

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// axe-core, for tests only (see `tests/browser/vendor/`).
const AXE: &str = include_str!("vendor/axe.min.js");

/// What axe says of the page in the window: one line per rule that is broken.
async fn violations(window: &Window) -> Vec<String> {
    window.run(AXE).await;
    let found = window
        .run_async(
            "const done = arguments[arguments.length - 1];
             axe.run(document, { resultTypes: ['violations'] }).then(r => done(r.violations.map(v =>
               v.id + ': ' + v.help + ' at ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', '))));",
        )
        .await;
    found.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()
}

/// Whether something sticks out to the right.
async fn overflow(window: &Window) -> bool {
    window.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1").await == true
}

async fn inspect(portal: &Portal, role: &str, paths: &[&str]) {
    let mut wrong = Vec::new();
    for screen in [Screen::Desk, Screen::Phone] {
        let window = Window::open(portal, screen, Script::On).await;
        window.sign_in(role).await;
        for theme in ["light", "dark"] {
            set_theme(portal, role, theme).await;
            for path in paths {
                window.goto(path).await;
                window.picture(&format!("{role}-{screen:?}-{theme}{}", path.replace(['/', '?', '='], "_"))).await;
                let place = format!("{role} {path} {screen:?} {theme}");
                wrong.extend(violations(&window).await.into_iter().map(|line| format!("{place}: {line}")));
                if overflow(&window).await {
                    wrong.push(format!("{place}: sticks out to the right"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn set_theme(portal: &Portal, role: &str, theme: &str) {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query("UPDATE app_user SET theme = $1 WHERE email = $2")
        .bind(theme)
        .bind(format!("{role}@example.com"))
        .execute(&portal.admin)
        .await
        .expect("the setting");
}

#[tokio::test]
async fn axe_finds_nothing_on_pages_for_everybody() {
    let portal = Portal::start().await;
    inspect(&portal, "clinician", &["/alerts", "/alerts?rows=50&view=snoozed", "/patients", "/me", "/me/sessions"]).await;
}
