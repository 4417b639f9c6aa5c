//! The pages of accounts.

use askama::Template;
use chrono_tz::{TZ_VARIANTS, Tz};

use super::forms::{DENSITIES, LOCALES, SettingsForm, THEMES};
use super::model::{DemoAccount, SessionRow};
use crate::access::Role;
use crate::app::App;
use crate::web::Ctx;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// The password of every account of the demonstration, and of nothing else.
pub(super) const DEMO_PASSWORD: &str = "password123";

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub shell: Shell,
    pub email: &'a str,
    pub next: &'a str,
    pub problem: Option<&'a str>,
    /// Organizations with their accounts; empty unless this is a demonstration.
    pub demo: Vec<(&'a str, Vec<&'a DemoAccount>)>,
    pub demo_password: &'static str,
}

impl<'a> SignInPage<'a> {
    pub(super) fn new(
        app: &App,
        email: &'a str,
        next: &'a str,
        problem: Option<&'a str>,
        accounts: &'a [DemoAccount],
    ) -> Self {
        let title = if problem.is_some() { "Error: Sign in" } else { "Sign in" };
        let demo = accounts.chunk_by(|a, b| a.organization == b.organization);
        let demo = demo
            .map(|accounts| (accounts.first().map_or("", |account| &account.organization), accounts.iter().collect()))
            .collect();
        let shell = Shell { demo: app.demo, ..Shell::plain(title, app.clock.now()) };
        Self { shell, email, next, problem, demo, demo_password: DEMO_PASSWORD }
    }
}

#[derive(Template)]
#[template(path = "accounts/settings.html")]
pub(super) struct SettingsPage<'a> {
    pub shell: Shell,
    pub form: &'a SettingsForm,
    pub errors: FormErrors,
}

impl SettingsPage<'_> {
    fn themes(&self) -> Vec<Choice> {
        choices(&THEMES, &self.form.theme)
    }

    fn densities(&self) -> Vec<Choice> {
        choices(&DENSITIES, &self.form.density)
    }

    fn locales(&self) -> Vec<Choice> {
        choices(&LOCALES, &self.form.locale)
    }

    fn zones(&self) -> Vec<Choice> {
        TZ_VARIANTS.iter().map(|zone: &Tz| choice(zone.name(), zone.name(), &self.form.zone)).collect()
    }
}

#[derive(Template)]
#[template(path = "accounts/sessions.html")]
pub(super) struct SessionsPage<'a> {
    pub shell: Shell,
    pub sessions: Vec<SessionLine<'a>>,
}

/// One session in words.
pub(super) struct SessionLine<'a> {
    pub row: &'a SessionRow,
    pub browser: String,
    pub role: &'static str,
    pub this: bool,
}

impl<'a> SessionsPage<'a> {
    pub(super) fn new(shell: Shell, ctx: &Ctx, rows: &'a [SessionRow]) -> Self {
        let line = |row: &'a SessionRow| SessionLine {
            row,
            browser: browser(row.user_agent.as_deref().unwrap_or_default()),
            role: row.role.parse::<Role>().map_or("", Role::label),
            this: row.id == ctx.actor.session,
        };
        Self { shell, sessions: rows.iter().map(line).collect() }
    }
}

#[derive(Template)]
#[template(path = "accounts/step_up.html")]
pub(super) struct StepUpPage<'a> {
    pub shell: Shell,
    pub next: &'a str,
    pub problem: Option<&'static str>,
}

fn choices(list: &[(&str, &str)], chosen: &str) -> Vec<Choice> {
    list.iter().map(|(value, label)| choice(value, label, chosen)).collect()
}

fn choice(value: &str, label: &str, chosen: &str) -> Choice {
    Choice::new(value, label, value == chosen)
}

/// `Firefox on Linux`: enough to recognise one's own computer by.
fn browser(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    // Most browsers also claim to be older ones, so the most particular mark comes first.
    let name = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser(&format!("{chrome} Edg/142.0")), "Edge on Linux");
        assert_eq!(
            browser("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1"),
            "Safari on iPhone"
        );
        assert_eq!(browser("curl/8.5"), "Unknown browser");
    }
}
