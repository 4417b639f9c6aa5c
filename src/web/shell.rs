//! What the layouts need, as plain data.

use chrono_tz::Tz;

use super::flash::Flash;
use crate::clock::Timestamp;

/// One line of the navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// The letter after G.
    pub go: char,
    /// Where it leads.
    pub href: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// Its name.
    pub label: &'static str,
    /// Its badge.
    pub count: Option<String>,
    /// Whether the badge is urgent.
    pub hot: bool,
    /// Whether the page lies in it.
    pub current: bool,
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// For the tab: never a name, never anything clinical.
    pub title: String,
    /// `light`, `dark`, or as the system says.
    pub theme: Option<&'static str>,
    /// `compact`, `dense` or `roomy`.
    pub density: &'static str,
    /// Whether single-key shortcuts are on.
    pub keys: bool,
    /// The language of the page.
    pub lang: String,
    /// The navigation.
    pub nav: Vec<NavItem>,
    /// The account of who is signed in; empty for nobody.
    pub account: String,
    /// How many notices are new.
    pub notices: Option<String>,
    /// Who is signed in.
    pub person: String,
    /// Their initials.
    pub initials: String,
    /// Their role.
    pub role_label: &'static str,
    /// Where.
    pub place: String,
    /// Whether the person is in the patient portal, where pages about one's own account have that frame.
    pub portal: bool,
    /// Roles they may switch to: value and label.
    pub other_roles: Vec<(&'static str, &'static str)>,
    /// In the portal: whom the page is about.
    pub whom: Option<super::whom::Banner>,
    /// A message from the last action.
    pub flash: Option<Flash>,
    /// The time at which the page was made, `09:42`.
    pub live_clock: String,
    /// Whether the data is made up.
    pub demo: bool,
    /// After how many seconds without use the session ends.
    pub idle_seconds: u32,
    /// The moment of the request, for relative times.
    pub now: Timestamp,
    /// The zone in which clinical times are shown.
    pub zone: Tz,
}

impl Shell {
    /// The frame of a page for anybody: sign-in, activation, guests of a call. Most of them have a phone, so it is roomy.
    #[must_use]
    pub fn plain(title: impl Into<String>, now: Timestamp) -> Self {
        Self {
            title: title.into(),
            theme: None,
            density: "roomy",
            keys: false,
            lang: "en-GB".to_owned(),
            nav: Vec::new(),
            account: String::new(),
            notices: None,
            person: String::new(),
            initials: String::new(),
            role_label: "",
            place: String::new(),
            portal: false,
            other_roles: Vec::new(),
            whom: None,
            flash: None,
            live_clock: String::new(),
            demo: false,
            idle_seconds: 0,
            now,
            zone: Tz::Europe__London,
        }
    }
}
