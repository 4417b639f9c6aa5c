//! What an account is, and the small rules around signing in.

use chrono_tz::Tz;

use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::{OrganizationId, SessionId, UserId};

/// An account as signing in needs it.
#[derive(Debug)]
pub(super) struct Account {
    pub user: UserId,
    pub organization: OrganizationId,
    pub active: bool,
    pub password_hash: Option<String>,
    /// Whether the password is good enough only beside a second factor.
    pub short_password: bool,
    /// Whether a code is asked for after the password.
    pub second_factor: bool,
    pub roles: Vec<Role>,
    pub last_role: Option<Role>,
}

impl Account {
    /// The role to start in: the one of last time where it still holds, else the first.
    pub(super) fn first_role(&self) -> Option<Role> {
        let last = self.last_role.filter(|role| self.roles.contains(role));
        last.or_else(|| self.roles.iter().copied().min())
    }
}

/// Who holds a link or waits for the second step of signing in.
#[derive(Debug)]
pub(super) struct Holder {
    pub organization: OrganizationId,
    pub user: UserId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub organization_name: String,
    pub second_factor: bool,
}

/// A person's second factor as the database keeps it.
#[derive(Debug)]
pub(super) struct SecondFactor {
    /// The sealed secret; none while it is off.
    pub secret_enc: Option<Vec<u8>>,
    /// Since when it is on; none while it is off or being set up.
    pub confirmed_at: Option<Timestamp>,
    pub codes_left: i64,
}

/// One current session, as its owner sees it.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub id: SessionId,
    pub role: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// An account of the demonstration, offered as a button.
#[derive(Debug)]
pub(super) struct DemoAccount {
    pub email: String,
    pub title: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub organization: String,
    pub role: String,
}

impl DemoAccount {
    pub(super) fn name(&self) -> String {
        full_name(self.title.as_deref(), &self.first_name, &self.last_name)
    }

    pub(super) fn role_label(&self) -> &'static str {
        self.role.parse::<Role>().map_or("", Role::label)
    }
}

/// How pages look and when they are, for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub theme: &'static str,
    pub density: &'static str,
    /// None for the zone of the clinic.
    pub zone: Option<Tz>,
    pub locale: &'static str,
    pub shortcuts: bool,
}

/// `Dr Miriam Haas`.
pub(super) fn full_name(title: Option<&str>, first: &str, last: &str) -> String {
    [title.unwrap_or_default(), first, last].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `MH`.
pub(super) fn initials(first: &str, last: &str) -> String {
    [first, last].into_iter().filter_map(|name| name.chars().next()).flat_map(char::to_uppercase).collect()
}

/// The e-mail address as accounts are found by it.
pub(super) fn sign_in_email(typed: &str) -> String {
    crate::phi::normalise::email(typed)
}

/// Where to go after signing in: a path of this site and nothing else, else home.
///
/// Browsers read `//host` and `/\host` as other sites and drop tabs and line breaks, so only plain paths pass.
pub(super) fn next_path(asked: Option<&str>) -> &str {
    let plain = |path: &&str| {
        let mut letters = path.chars();
        letters.next() == Some('/')
            && !matches!(letters.next(), Some('/' | '\\'))
            && path.len() <= 2_000
            && path.chars().all(|letter| letter.is_ascii_graphic() && letter != '\\')
            && !path.starts_with("/sign-in")
            && !path.starts_with("/sign-out")
    };
    asked.filter(plain).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        for path in ["/", "/alerts", "/alerts?view=mine&sev=HIGH", "/patients/0190-aa#x"] {
            assert_eq!(next_path(Some(path)), path);
        }
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "",
            "alerts",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=1",
            "/\u{2028}",
            "/sign-out",
            "/sign-in?next=/sign-in",
            "\\/evil.example",
            "/a\\b",
        ] {
            assert_eq!(next_path(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(next_path(Some(&format!("/{}", "a".repeat(3_000)))), "/");
        assert_eq!(next_path(None), "/");
    }

    #[test]
    fn a_session_starts_in_the_role_of_last_time_while_it_holds() {
        let mut account = Account {
            user: UserId::new(),
            organization: OrganizationId::new(),
            active: true,
            password_hash: None,
            short_password: false,
            second_factor: false,
            roles: vec![Role::Manager, Role::Clinician],
            last_role: Some(Role::Manager),
        };
        assert_eq!(account.first_role(), Some(Role::Manager));
        account.last_role = Some(Role::Owner);
        assert_eq!(account.first_role(), Some(Role::Clinician));
        account.roles.clear();
        assert_eq!(account.first_role(), None);
    }

    #[test]
    fn names_are_shown_with_what_is_known() {
        assert_eq!(full_name(Some("Dr"), "Miriam", "Haas"), "Dr Miriam Haas");
        assert_eq!(full_name(None, "Zoë", "Ång"), "Zoë Ång");
        assert_eq!(initials("élise", "Ødegård"), "ÉØ");
    }
}
