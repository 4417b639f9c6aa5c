//! Pages as people adjust them: larger text, wider spacing, colours of their own, and no mouse.

use serde_json::json;

use crate::accessibility::sticking_out;
use crate::driver::{ENTER, Screen, Script, Window};
use crate::support::Portal;

/// A page of each kind, with who looks at it.
const PAGES: [(&str, &[&str]); 3] = [
    ("clinician", &["/alerts", "/patients", "/patients/OKAFOR", "/patients/new", "/me", "/help"]),
    ("clerk", &["/cases", "/cases/new"]),
    ("patient", &["/my", "/my/access", "/my/details"]),
];

/// Elements with text of their own that is cut off, where nothing can be scrolled to see the rest.
const CUT_OFF: &str = "
    const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const cut = e => {
      const s = getComputedStyle(e);
      return s.visibility === 'visible' && e.getClientRects().length && own(e) && !e.closest('.vh,.skip,svg,option')
        && (['hidden', 'clip'].includes(s.overflowX) && e.scrollWidth > e.clientWidth + 2
            || ['hidden', 'clip'].includes(s.overflowY) && e.scrollHeight > e.clientHeight + 2);
    };
    return [...document.querySelectorAll('body *')].filter(cut).slice(0, 4)
      .map(e => e.tagName.toLowerCase() + '.' + e.className + ' \"' + e.textContent.trim().slice(0, 30) + '\" is cut off');";

/// Opens each page, adjusts it, and says what is lost.
async fn look(name: &str, zoom: bool, adjust: &str) -> Vec<String> {
    let portal = Portal::start().await;
    let mut wrong = Vec::new();
    for (account, paths) in PAGES {
        let window = Window::open(&portal, Screen::Desk, Script::On).await;
        window.sign_in(account).await;
        if zoom {
            // What zooming to twice the size does to a window of 1440 by 900.
            let half = json!({ "width": 720, "height": 450, "deviceScaleFactor": 2, "mobile": false });
            window.devtools("Emulation.setDeviceMetricsOverride", half).await;
        }
        for path in paths {
            let path = path.replace("OKAFOR", "01900000-0000-7000-8006-000000000001");
            window.goto(&path).await;
            window.run(adjust).await;
            window.picture(&format!("{name}_{}", path.replace('/', "_"))).await;
            let cut = window.run(CUT_OFF).await;
            let cut = cut.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(ToOwned::to_owned));
            let out = sticking_out(&window).await.into_iter().map(|line| format!("{line} sticks out"));
            wrong.extend(cut.chain(out).map(|line| format!("{account} {path}: {line}")));
        }
    }
    wrong
}

/// WCAG 1.4.4: everything twice as large, in the same window.
#[tokio::test]
async fn zooming_to_twice_the_size_loses_nothing() {
    let wrong = look("zoom", true, "return devicePixelRatio").await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// WCAG 1.4.12: the spacing that readers may set.
#[tokio::test]
async fn wider_spacing_of_text_loses_nothing() {
    let wrong = look(
        "spacing",
        false,
        "const sheet = new CSSStyleSheet();
         sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }');
         document.adoptedStyleSheets.push(sheet);",
    )
    .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the system forces its own colours, controls keep an edge, the current page a mark, and severities their shapes.
#[tokio::test]
async fn forced_colours_leave_edges_marks_and_shapes() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    let forced = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    window.devtools("Emulation.setEmulatedMedia", forced).await;
    let mut wrong = Vec::new();
    for path in ["/alerts", "/patients/01900000-0000-7000-8006-000000000001", "/patients/new", "/schedule"] {
        window.goto(path).await;
        assert_eq!(window.run("return matchMedia('(forced-colors: active)').matches").await, true);
        window.picture(&format!("forced{}", path.replace('/', "_"))).await;
        let found = window
            .run(
                "const seen = e => e.getClientRects().length && getComputedStyle(e).visibility === 'visible';
                 const line = s => ['Top', 'Bottom', 'Left'].some(side => parseFloat(s['border' + side + 'Width']) > 0 && s['border' + side + 'Style'] !== 'none')
                   || s.outlineStyle !== 'none' || s.textDecorationLine.includes('underline');
                 const all = css => [...document.querySelectorAll(css)].filter(seen);
                 const say = (e, what) => e.tagName.toLowerCase() + '.' + e.className + ' \"' + (e.textContent.trim() || e.name || '').slice(0, 20) + '\" ' + what;
                 const edges = all('main .btn:not(.flat), main input:not([type=checkbox],[type=radio]), main select, main textarea')
                   .filter(e => !line(getComputedStyle(e))).map(e => say(e, 'has no edge'));
                 const marks = all('.nav [aria-current], .tabs [aria-current]').filter(e => !line(getComputedStyle(e))).map(e => say(e, 'is not marked'));
                 const ground = getComputedStyle(document.body).backgroundColor;
                 const shapes = all('.sev svg .f, .shp .f').filter(e => getComputedStyle(e).fill === ground).map(e => say(e, 'cannot be seen'));
                 return [...edges, ...marks, ...shapes].slice(0, 6);",
            )
            .await;
        wrong.extend(found.as_array().into_iter().flatten().map(|line| format!("{path}: {line}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The whole journey without a mouse: to the list, along it, into an alert, done, undone.
#[tokio::test]
async fn the_alert_queue_is_worked_with_the_keyboard_alone() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.goto("/sign-in?next=/alerts").await;
    window.tab_to("E-mail").await;
    window.keys("clinician@example.com").await;
    window.tab_to("Password").await;
    window.keys("password123").await;
    window.keys(ENTER).await;
    window.wait_for_words("Why this fired").await;

    // Past the navigation at once.
    window.tab_to("Skip to main content").await;
    window.keys(ENTER).await;
    assert_eq!(window.run("return document.activeElement.id").await, "main");

    // Along the list: the row, its preview, and back. Nothing is lost of where one was.
    window.keys("j").await;
    window.wait_for_words("Oxygen saturation low").await;
    let row = window.run("return document.activeElement.closest('tr')?.id").await;
    assert!(row.as_str().is_some_and(|id| id.starts_with("a-")), "{row}");
    window.keys("k").await;
    assert_ne!(window.run("return document.activeElement.closest('tr')?.id").await, row);

    // Two selected, moved together, taken back: with the keys that the strip names.
    window.keys("x").await;
    window.keys("j").await;
    window.keys("x").await;
    assert_eq!(window.run("return document.querySelectorAll('#queue tbody :checked').length").await, 2);
    window.keys("e").await;
    window.wait_for_words("2 acknowledged").await;
    window.key("z").await;
    window.wait_for_words("Undone: 2 alerts are as they were").await;

    // A reason chosen and given without a mouse.
    window.run("document.activeElement.blur()").await;
    window.key("j").await;
    window.wait_for("#preview [data-key=r]").await;
    window.keys("r").await;
    window.wait_for_words("What was done?").await;
    window.tab_to("Contacted the patient").await;
    window.keys(" ").await;
    window.tab_to("BUTTON Resolve").await;
    window.keys(ENTER).await;
    window.wait_for_words("Alert resolved").await;
    window.key("z").await;
    window.wait_for_words("Undone").await;

    // The list of keys opens, holds the focus, and gives it back.
    window.key("?").await;
    window.wait_for("#keys[open]").await;
    window.keys("\u{E00C}").await;
    window.wait_until_gone("#keys[open]").await;
}
