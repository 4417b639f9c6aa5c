//! What a message says: that there is something, and where. Never what it is.

use url::Url;

use super::{Channel, Kind};

/// Events that one message lists; what is more is counted.
const LISTED: usize = 10;

/// A message, ready to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// In a line.
    pub subject: String,
    /// The whole text.
    pub body: String,
}

/// The words for one person of what happened. `portal` is the address people use, `name` what the organization calls
/// itself.
#[must_use]
pub fn letter(channel: Channel, portal: &Url, name: &str, lines: &[(Kind, String)]) -> Letter {
    let link = |path: &str| portal.join(path).map_or_else(|_| portal.to_string(), |url| url.to_string());
    let subject = match lines {
        [(kind, _)] => format!("{name}: {}", lower_first(kind.label())),
        _ => format!("{name}: {} new notices", lines.len()),
    };
    let short = match lines {
        [(_, path)] => format!("{subject}. Sign in to read it: {}", link(path)),
        _ => format!("{subject}. Sign in to read them: {}", link("/notifications")),
    };
    let body = match channel {
        Channel::Sms | Channel::Chat => short,
        Channel::Email | Channel::InApp => {
            let mut text = vec!["Hello,".to_owned()];
            text.extend(lines.iter().take(LISTED).map(|(kind, path)| format!("{}.\n{}", kind.label(), link(path))));
            if lines.len() > LISTED {
                text.push(format!("And {} more:\n{}", lines.len() - LISTED, link("/notifications")));
            }
            text.push("Sign in to read more. We never put anything about health into an e-mail, and never ask for a password in one.".to_owned());
            let preferences = link("/notifications/preferences");
            text.push(format!("You can choose what we write to you about, and when:\n{preferences}"));
            text.push(format!("{name}\n"));
            text.join("\n\n")
        }
    };
    Letter { subject, body }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_that_there_is_something_and_where() {
        let portal = Url::parse("https://portal.example.org").unwrap();
        let one = [(Kind::MessageReply, "/my/messages/1".to_owned())];
        let mail = letter(Channel::Email, &portal, "Northgate Health", &one);
        assert_eq!(mail.subject, "Northgate Health: you have a new message");
        assert!(mail.body.contains("https://portal.example.org/my/messages/1\n"), "{}", mail.body);
        let text = letter(Channel::Sms, &portal, "Northgate Health", &one).body;
        assert_eq!(
            text,
            "Northgate Health: you have a new message. Sign in to read it: https://portal.example.org/my/messages/1"
        );
        let many = vec![(Kind::CaseAssigned, "/cases/1".to_owned()); 12];
        let mail = letter(Channel::Email, &portal, "Northgate Health", &many);
        assert_eq!(mail.subject, "Northgate Health: 12 new notices");
        assert!(mail.body.contains("And 2 more"), "{}", mail.body);
        assert!(letter(Channel::Sms, &portal, "N", &many).body.chars().count() <= 160);
    }
}
