//! What people type into the pages of their account.

use chrono_tz::Tz;
use serde::Deserialize;

use super::model::Settings;
use crate::web::form::FormErrors;

/// Languages that pages can be read in; dates and numbers follow.
pub(super) const LOCALES: [(&str, &str); 2] =
    [("en-GB", "English (United Kingdom)"), ("en-US", "English (United States)")];
pub(super) const THEMES: [(&str, &str); 3] = [("system", "As this device"), ("light", "Light"), ("dark", "Dark")];
pub(super) const DENSITIES: [(&str, &str); 3] =
    [("compact", "Standard"), ("dense", "Dense: more rows on a screen"), ("roomy", "Roomy: larger targets")];

/// The sign-in form. No `Debug`: it holds a password.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub password: String,
    #[serde(default)]
    pub next: Option<String>,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub next: Option<String>,
}

/// The second step of signing in. No `Debug`: it holds a token and a code.
#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    pub token: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub next: Option<String>,
}

/// A new password, with the one before where somebody is signed in. No `Debug`: it holds passwords.
#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    pub current: String,
    #[serde(default)]
    pub password: String,
}

/// The address of somebody who forgot the password.
#[derive(Debug, Deserialize)]
pub(super) struct ForgotForm {
    #[serde(default)]
    pub email: String,
}

/// The form that asks for the password again. No `Debug`: it holds a password.
#[derive(Deserialize)]
pub(super) struct StepUpForm {
    #[serde(default)]
    pub password: String,
    #[serde(default)]
    pub next: Option<String>,
}

/// The role to work in from now on.
#[derive(Debug, Deserialize)]
pub(super) struct RoleForm {
    pub role: String,
}

/// The settings page.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SettingsForm {
    #[serde(default)]
    pub theme: String,
    #[serde(default)]
    pub density: String,
    #[serde(default)]
    pub zone: String,
    #[serde(default)]
    pub locale: String,
    /// A check box: there when checked.
    #[serde(default)]
    pub shortcuts: Option<String>,
}

impl SettingsForm {
    /// The settings, or what is wrong with them. An empty zone means the clinic's.
    pub(super) fn parse(&self) -> Result<Settings, FormErrors> {
        let mut errors = FormErrors::default();
        let theme = chosen(&THEMES, &self.theme, "theme", &mut errors);
        let density = chosen(&DENSITIES, &self.density, "density", &mut errors);
        let locale = chosen(&LOCALES, &self.locale, "locale", &mut errors);
        let zone = match self.zone.trim() {
            "" => None,
            name => name.parse::<Tz>().map_err(|_| errors.add("zone", "Choose a time zone from the list")).ok(),
        };
        if errors.is_empty() {
            Ok(Settings { theme, density, zone, locale, shortcuts: self.shortcuts.is_some() })
        } else {
            Err(errors)
        }
    }
}

fn chosen(choices: &[(&'static str, &str)], typed: &str, field: &'static str, errors: &mut FormErrors) -> &'static str {
    choices.iter().map(|(value, _)| *value).find(|value| *value == typed).unwrap_or_else(|| {
        errors.add(field, "Choose one of the list");
        ""
    })
}

/// Who the page thinks is there; empty where it does not say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PresenceForm {
    pub person: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_from_the_lists_only() {
        let form = SettingsForm {
            theme: "dark".into(),
            density: "dense".into(),
            zone: "Europe/Madrid".into(),
            locale: "en-GB".into(),
            shortcuts: None,
        };
        let settings = form.parse().unwrap();
        assert_eq!((settings.theme, settings.zone, settings.shortcuts), ("dark", Some(Tz::Europe__Madrid), false));
        let wrong = SettingsForm { theme: "pink".into(), zone: "Moon/Base".into(), ..form };
        let errors = wrong.parse().unwrap_err();
        assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["theme", "zone"]);
    }
}
