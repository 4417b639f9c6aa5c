//! The pages of accounts.

use askama::Template;
use chrono_tz::{TZ_VARIANTS, Tz};

use super::forms::{DENSITIES, LOCALES, SettingsForm, THEMES};
use super::model::{DemoAccount, Holder, SessionRow};
use super::password::{MIN_CHARACTERS, MIN_CHARACTERS_BESIDE};
use super::second_factor::Qr;
use super::tokens::Purpose;
use crate::access::Role;
use crate::app::App;
use crate::clock::Timestamp;
use crate::web::Ctx;
use crate::web::flash::Flash;
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
        flash: Option<Flash>,
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
        let shell = Shell { flash, ..plain(app, title) };
        Self { shell, email, next, problem, demo, demo_password: DEMO_PASSWORD }
    }
}

/// The frame of a page for somebody who is not signed in.
fn plain(app: &App, title: &str) -> Shell {
    Shell { demo: app.demo, ..Shell::plain(title, app.clock.now()) }
}

#[derive(Template)]
#[template(path = "accounts/code.html")]
pub(super) struct CodePage<'a> {
    pub shell: Shell,
    pub token: &'a str,
    pub next: &'a str,
    pub problem: Option<&'a str>,
}

impl<'a> CodePage<'a> {
    pub(super) fn new(app: &App, token: &'a str, next: &'a str, problem: Option<&'a str>) -> Self {
        let title = if problem.is_some() { "Error: Enter your code" } else { "Enter your code" };
        Self { shell: plain(app, title), token, next, problem }
    }
}

/// Where a link leads: to a form, or to the news that it is used up.
#[derive(Template)]
#[template(path = "accounts/link.html")]
pub(super) struct LinkPage<'a> {
    pub shell: Shell,
    pub action: String,
    pub heading: &'static str,
    pub holder: Option<&'a Holder>,
    pub fewest: usize,
    pub problem: Option<String>,
}

impl<'a> LinkPage<'a> {
    pub(super) fn new(
        app: &App,
        purpose: Purpose,
        token: &str,
        holder: Option<&'a Holder>,
        problem: Option<String>,
    ) -> Self {
        let heading = match (holder, purpose) {
            (None, _) => "This link does not work any more",
            (Some(_), Purpose::Activation) => "Welcome: choose a password",
            (Some(_), Purpose::PasswordReset | Purpose::SignIn) => "Choose a new password",
        };
        let title = if problem.is_some() { format!("Error: {heading}") } else { heading.to_owned() };
        let beside = holder.is_some_and(|holder| holder.second_factor);
        Self {
            shell: plain(app, &title),
            action: format!("{}/{token}", purpose.path()),
            heading,
            holder,
            fewest: if beside { MIN_CHARACTERS_BESIDE } else { MIN_CHARACTERS },
            problem,
        }
    }
}

impl LinkPage<'_> {
    fn hint(&self) -> String {
        password_hint(self.fewest)
    }
}

/// What a new password has to be, for the person who chooses one.
fn password_hint(fewest: usize) -> String {
    format!("At least {fewest} characters. A short sentence is easy to remember and hard to guess.")
}

#[derive(Template)]
#[template(path = "accounts/forgot.html")]
pub(super) struct ForgotPage {
    pub shell: Shell,
    pub done: bool,
    pub problem: Option<String>,
}

impl ForgotPage {
    pub(super) fn new(app: &App, done: bool, problem: Option<String>) -> Self {
        let title = match (done, &problem) {
            (true, _) => "Your administrator will help",
            (false, Some(_)) => "Error: Forgotten password",
            (false, None) => "Forgotten password",
        };
        Self { shell: plain(app, title), done, problem }
    }
}

#[derive(Template)]
#[template(path = "accounts/password.html")]
pub(super) struct PasswordPage {
    pub shell: Shell,
    pub fewest: usize,
    pub errors: FormErrors,
}

impl PasswordPage {
    fn hint(&self) -> String {
        password_hint(self.fewest)
    }
}

/// The second factor: off, or on since when, with how many recovery codes left.
#[derive(Template)]
#[template(path = "accounts/second_factor.html")]
pub(super) struct SecondFactorPage {
    pub shell: Shell,
    pub since: Option<Timestamp>,
    pub codes_left: i64,
    pub codes: usize,
}

/// Setting it up: the QR code and the key in text.
#[derive(Template)]
#[template(path = "accounts/second_factor_setup.html")]
pub(super) struct SetupPage {
    pub shell: Shell,
    pub qr: Qr,
    pub key: String,
    pub account: String,
    pub problem: Option<String>,
}

/// The recovery codes, this once.
#[derive(Template)]
#[template(path = "accounts/recovery_codes.html")]
pub(super) struct CodesPage {
    pub shell: Shell,
    pub codes: Vec<String>,
    pub first: bool,
}

#[derive(Template)]
#[template(path = "accounts/settings.html")]
pub(super) struct SettingsPage<'a> {
    pub shell: Shell,
    pub form: &'a SettingsForm,
    pub errors: FormErrors,
    /// Since when the second factor is on.
    pub second_factor: Option<Timestamp>,
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
