//! The page and its invented people.

use askama::Template;
use chrono::TimeDelta;

use crate::charts::{LineChart, RangeBar, Series, Spark, line_chart, range_bar, spark};
use crate::clock::Timestamp;
use crate::web::flash::Flash;
use crate::web::shell::Shell;
use crate::web::ui::{
    Action, ActionKind, Allergies, Banner, Chip, Choice, Entry, Flag, Order, Pager, Step, StepState, Tab, Tone,
};

/// `templates/design/index.html`
#[derive(Template)]
#[template(path = "design/index.html", blocks = ["main"])]
pub struct DesignPage {
    shell: Shell,
    banner: Banner,
    other_banners: Vec<Banner>,
    tones: Vec<(Tone, &'static str, &'static str)>,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    severities: Vec<Choice>,
    sorts: Vec<Choice>,
    modes: Vec<Choice>,
    rows: Vec<Row>,
    order: Order,
    pager: Pager,
    pressure: LineChart,
    glucose: LineChart,
    nothing: LineChart,
    range: RangeBar,
    entries: Vec<Entry>,
    steps: Vec<Step>,
    actions: Vec<Action>,
    flashes: Vec<Flash>,
    errors: Vec<(&'static str, &'static str)>,
}

/// A row of the specimen queue.
struct Row {
    id: &'static str,
    tone: Tone,
    word: &'static str,
    at: Timestamp,
    name: &'static str,
    facts: &'static str,
    title: &'static str,
    why: &'static str,
    state: &'static str,
    trend: Spark,
    owner: Option<(&'static str, &'static str)>,
}

/// Fills the page with people who do not exist.
pub fn page(shell: Shell) -> DesignPage {
    let now = shell.now;
    DesignPage {
        banner: banner(),
        other_banners: other_banners(),
        tones: vec![
            (Tone::Crit, "Critical", "Critical, Red, Stat, ↑↑ ↓↓"),
            (Tone::High, "High", "High, Orange, Urgent"),
            (Tone::Warn, "Warning", "Warning, Yellow, Medium, High ↑, Low ↓"),
            (Tone::Info, "Info", "Info, Low, Routine"),
            (Tone::Ok, "Resolved", "Resolved, Green, Completed, In range"),
            (Tone::None, "Dismissed", "Dismissed, Cancelled, no range"),
        ],
        tabs: vec![tab("All open", Some("31"), true), tab("Mine", Some("7"), false), tab("Resolved", None, false)],
        chips: vec![chip("Clinic: Northgate"), chip("Status: open")],
        severities: vec![
            Choice::new("CRITICAL", "Critical", true),
            Choice::new("HIGH", "High", false),
            Choice::new("WARNING", "Warning", false),
        ],
        sorts: vec![Choice::new("severity", "Severity, then newest", true), Choice::new("newest", "Newest", false)],
        modes: vec![
            Choice { hint: "On your phone or computer".into(), ..Choice::new("VIDEO", "Video call", true) },
            Choice { hint: "14 North Gate, step-free".into(), ..Choice::new("IN_PERSON", "At the clinic", false) },
        ],
        rows: rows(now),
        order: Order::Descending,
        pager: Pager { range: "1–4 of 31".into(), previous: None, next: Some("#next".into()) },
        pressure: pressure(),
        glucose: glucose(),
        nothing: line_chart("empty", "Weight", "kg", &[], &[]),
        range: range_bar((4.0, 7.0), 12.4, "your goal"),
        entries: vec![
            entry("Almoner", None, "clock", "brought this back from snooze", None, now - TimeDelta::minutes(2)),
            entry(
                "Bob Caseworker",
                Some("BC"),
                "message-square",
                "commented",
                Some("I can take this one from Thursday.\nThe letter covers the seat but not the rail height."),
                now - TimeDelta::hours(17),
            ),
            entry(
                "John Clerk",
                None,
                "arrow-right",
                "moved this from New to Pending review",
                None,
                now - TimeDelta::days(4),
            ),
        ],
        steps: vec![
            step("New", "17-Nov, J. Clerk", StepState::Done),
            step("Pending review", "since 20-Nov", StepState::Current),
            step("Assigned", "", StepState::Next),
            step("Completed", "", StepState::Next),
        ],
        actions: vec![
            action("Approve and assign", "user-plus", "", ActionKind::Primary("#approve".into()), 'e'),
            action(
                "Send back to clerk…",
                "rotate-ccw",
                "Needs a reason. The clerk is told.",
                ActionKind::Page("#back".into()),
                ' ',
            ),
            action("Refuse…", "x", "Needs a reason and a letter.", ActionKind::Danger("#refuse".into()), ' '),
            action("Mark completed", "check", "Only from Pending completion.", ActionKind::Blocked, ' '),
        ],
        flashes: vec![
            Flash::ok("Alert acknowledged").with_undo("#undo"),
            Flash::problem("Not saved. Try again. Reference 0192f3c1-77aa"),
        ],
        errors: vec![("why", "Tell us why you want a visit"), ("born", "Enter a year of birth that has passed")],
        shell,
    }
}

fn banner() -> Banner {
    Banner {
        href: "#chart".into(),
        name: "OKAFOR, Adaeze".into(),
        title: Some("Ms".into()),
        initials: "AO".into(),
        born: "14-Jul-1958 (68y)".into(),
        sex: "Female".into(),
        mrn: "104\u{a0}2331".into(),
        phone: Some("020 7946 0472".into()),
        provider: Some("Dr M. Haas".into()),
        flags: vec![
            flag(Tone::High, "triangle-alert", "High risk"),
            flag(Tone::Info, "radio-tower", "Remote monitoring"),
            flag(Tone::None, "languages", "Interpreter: Igbo"),
        ],
        allergies: Allergies::Known(vec![("penicillin".into(), "anaphylaxis".into()), ("latex".into(), "rash".into())]),
        died: None,
        restricted: None,
        watch: None,
    }
}

fn other_banners() -> Vec<Banner> {
    let plain = Banner { flags: Vec::new(), phone: None, provider: None, ..banner() };
    vec![
        Banner {
            name: "WHITFIELD, George".into(),
            initials: "GW".into(),
            died: Some("12-Oct-2026 (81y)".into()),
            allergies: Allergies::NoneKnown,
            ..plain.clone()
        },
        Banner {
            name: "REYES, Marisol".into(),
            initials: "MR".into(),
            allergies: Allergies::NotRecorded,
            ..plain.clone()
        },
        Banner {
            name: "ANAND, Priya".into(),
            initials: "PA".into(),
            restricted: Some("Restricted: staff member's own record".into()),
            allergies: Allergies::Unavailable,
            ..plain
        },
    ]
}

fn rows(now: Timestamp) -> Vec<Row> {
    vec![
        Row {
            id: "a-2331",
            tone: Tone::Crit,
            word: "Critical",
            at: now - TimeDelta::minutes(4),
            name: "OKAFOR, Adaeze",
            facts: "68y Female, 104 2331",
            title: "Blood pressure very high",
            why: "184/112 mmHg, mean of 3 in 24 h. Limit 180/110",
            state: "",
            trend: spark(&[142.0, 148.0, 151.0, 158.0, 166.0, 177.0, 184.0], Some((90.0, 140.0))),
            owner: None,
        },
        Row {
            id: "a-8810",
            tone: Tone::High,
            word: "High",
            at: now - TimeDelta::minutes(61),
            name: "LINDQVIST, Bo",
            facts: "74y Male, 104 8810",
            title: "Oxygen saturation low",
            why: "SpO₂ 88 % twice in 20 min. Limit 90 %",
            state: "Acknowledged",
            trend: spark(&[95.0, 94.0, 94.0, 93.0, 92.0, 90.0, 88.0], Some((92.0, 100.0))),
            owner: Some(("MH", "Haas")),
        },
        Row {
            id: "a-5561",
            tone: Tone::Warn,
            word: "Warning",
            at: now - TimeDelta::minutes(200),
            name: "NAKAMURA, Ken",
            facts: "52y Male, 104 5561",
            title: "Readings missing",
            why: "No BP reading for 4 d. Plan: daily",
            state: "Snoozed to 14:00",
            trend: spark(&[], None),
            owner: Some(("NA", "Abara")),
        },
        Row {
            id: "a-1180",
            tone: Tone::Info,
            word: "Info",
            at: now - TimeDelta::minutes(1700),
            name: "BRANDT, Otto",
            facts: "66y Male, 104 1180",
            title: "Device reconnected",
            why: "Scale back after 9 d",
            state: "",
            trend: spark(&[3.0], Some((0.0, 4.0))),
            owner: None,
        },
    ]
}

fn pressure() -> LineChart {
    let systolic = [128.0, 131.0, 126.0, 134.0, 132.0, 138.0, 136.0, 141.0, 139.0, 148.0, 155.0, 162.0, 174.0, 184.0];
    let diastolic = [78.0, 80.0, 77.0, 82.0, 81.0, 84.0, 83.0, 86.0, 85.0, 90.0, 94.0, 98.0, 106.0, 112.0];
    let series = [
        Series { name: "Systolic", values: &systolic, band: Some((110.0, 135.0)) },
        Series { name: "Diastolic", values: &diastolic, band: Some((70.0, 85.0)) },
    ];
    line_chart("bp", "Blood pressure", "mmHg", &days(), &series)
}

fn glucose() -> LineChart {
    let values = [6.4, 6.9, 6.2, 7.1, 6.6, 6.8, 7.4, 6.9, 6.7, 7.2, 6.8, 6.5, 3.1, 6.7];
    line_chart(
        "gl",
        "Fasting glucose",
        "mmol/L",
        &days(),
        &[Series { name: "Glucose", values: &values, band: Some((4.0, 7.0)) }],
    )
}

fn days() -> Vec<String> {
    (11..=24).map(|day| format!("{day}-Nov")).collect()
}

fn tab(label: &str, count: Option<&str>, current: bool) -> Tab {
    Tab { href: "#tab".into(), label: label.into(), count: count.map(Into::into), current }
}

fn chip(label: &str) -> Chip {
    Chip { label: label.into(), href: "#chip".into() }
}

fn flag(tone: Tone, icon: &'static str, word: &str) -> Flag {
    Flag { tone, icon, word: word.into() }
}

fn step(label: &str, note: &str, state: StepState) -> Step {
    Step { label: label.into(), note: note.into(), state }
}

fn action(label: &str, icon: &'static str, why: &str, kind: ActionKind, key: char) -> Action {
    Action { label: label.into(), icon, why: why.into(), kind, key }
}

fn entry(
    who: &str,
    initials: Option<&str>,
    icon: &'static str,
    what: &str,
    said: Option<&str>,
    at: Timestamp,
) -> Entry {
    Entry {
        at,
        who: who.into(),
        initials: initials.map(Into::into),
        icon,
        what: what.into(),
        said: said.map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_renders_whole_and_in_part() {
        let shell = Shell::plain("Design", "2026-11-24T09:42:00Z".parse().unwrap());
        let page = page(shell);
        let (whole, part) = (page.render().unwrap(), page.as_main().render().unwrap());
        assert!(whole.contains(&part));
        assert!(!part.contains("<html"));
    }
}
