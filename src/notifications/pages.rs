//! The pages.

use askama::Template;
use chrono_tz::Tz;

use super::forms::RawPreference;
use super::queries::{self, Row};
use crate::access::Role;
use crate::clock::Timestamp;
use crate::outbox::{Channel, Kind, Letter};
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// Something somebody was told, in words.
#[derive(Debug)]
pub struct Item {
    /// The row.
    pub row: Row,
    /// What happened.
    pub kind: Option<Kind>,
}

impl Item {
    /// In words. A kind of a later version is a notice all the same.
    #[must_use]
    pub fn words(&self) -> &'static str {
        self.kind.map_or("Something for you", Kind::label)
    }

    /// Its icon.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        self.kind.map_or("bell", Kind::icon)
    }
}

/// Everything somebody was told.
#[derive(Template)]
#[template(path = "notifications/index.html", blocks = ["list"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// The list.
    pub items: Vec<Item>,
    /// Older ones.
    pub older: Option<String>,
    /// The moment.
    pub now: Timestamp,
    /// For moments.
    pub zone: Tz,
}

impl Index {
    /// Whether something is new.
    fn unread(&self) -> bool {
        self.items.iter().any(|item| item.row.read_at.is_none())
    }
}

/// The bell alone.
#[derive(Template)]
#[template(path = "notifications/_bell.html")]
pub struct Bell {
    /// How many are new.
    pub notices: Option<String>,
    /// Conversations with something to read.
    pub messages: Option<String>,
    /// Whether the navigation has them.
    pub shows_messages: bool,
}

/// How somebody wants to be told.
#[derive(Template)]
#[template(path = "notifications/preferences.html")]
pub struct Preferences {
    /// The frame.
    pub shell: Shell,
    /// What is ticked.
    pub form: RawPreference,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// As what they are told.
    pub role: Role,
    /// The ways out that there are.
    pub channels: Vec<Channel>,
    /// Where their mail goes.
    pub email: String,
    /// For quiet hours.
    pub zone: Tz,
}

impl Preferences {
    fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.iter().copied().filter(|kind| kind.concerns(self.role)).collect()
    }

    fn has(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// The boxes of one way.
    fn boxes(&self, channel: &Channel) -> Vec<Choice> {
        let tick = |kind: Kind| Choice::new(kind.as_str(), kind.label(), self.form.has(kind, *channel));
        self.kinds().into_iter().map(tick).collect()
    }

    /// The name of its boxes.
    fn name(channel: &Channel) -> &'static str {
        match channel {
            Channel::InApp => "in_app",
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::Chat => "chat",
        }
    }

    /// Where it goes.
    fn hint(&self, channel: &Channel) -> String {
        match channel {
            Channel::InApp => String::new(),
            Channel::Email => format!("To {}", self.email),
            Channel::Sms => "To the number below".to_owned(),
            Channel::Chat => "In the chat of your organization, by the name below".to_owned(),
        }
    }

    fn quiet_hint(&self) -> String {
        format!("For example, 22:00. What happens then waits until the morning. The clock is that of {}.", self.zone)
    }

    fn bundles(&self) -> Vec<Choice> {
        [
            ("0", "Each at once"),
            ("2", "What comes within 2 minutes"),
            ("15", "Within a quarter of an hour"),
            ("60", "Within an hour"),
        ]
        .into_iter()
        .map(|(value, label)| Choice::new(value, label, self.form.bundle == value))
        .collect()
    }
}

/// A message of the outbox as a line.
pub struct Line {
    /// The row.
    pub row: queries::Line,
}

impl Line {
    fn words(&self) -> &str {
        match self.row.kind.parse::<Kind>() {
            Ok(kind) => kind.label(),
            Err(_) => &self.row.kind,
        }
    }

    fn way(&self) -> &str {
        match self.row.channel.parse::<Channel>() {
            Ok(channel) => channel.label(),
            Err(_) => &self.row.channel,
        }
    }
}

/// The outbox, for who runs the system.
#[derive(Template)]
#[template(path = "notifications/admin.html", blocks = ["outbox"])]
pub struct Outbox {
    /// The frame.
    pub shell: Shell,
    /// Given up.
    pub dead: Vec<Line>,
    /// To be sent, or tried again.
    pub waiting: Vec<Line>,
    /// Sent lately, or called off.
    pub done: Vec<Line>,
    /// The ways out, and whether each is set up.
    pub ways: Vec<(Channel, bool)>,
    /// The moment.
    pub now: Timestamp,
    /// For moments.
    pub zone: Tz,
}

/// What every message says.
#[derive(Template)]
#[template(path = "notifications/words.html")]
pub struct Words {
    /// The frame.
    pub shell: Shell,
    /// Each kind: as mail, and as text message or chat.
    pub letters: Vec<(Kind, Letter, Letter)>,
    /// Several at once.
    pub bundle: Letter,
}
