//! How somebody wants to be told, as the form sends it.

use chrono::NaiveTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::queries::Preference;
use crate::access::Role;
use crate::outbox::{Channel, Kind};
use crate::phi::normalise;
use crate::web::form::FormErrors;

/// Addresses of a person's own, in clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Number for text messages.
    pub phone: Option<String>,
    /// Name in the chat.
    pub chat: Option<String>,
}

/// The form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPreference {
    /// Kinds by e-mail.
    pub email: Vec<String>,
    /// Kinds by text message.
    pub sms: Vec<String>,
    /// Kinds by chat.
    pub chat: Vec<String>,
    /// Number for text messages.
    pub phone: String,
    /// Name in the chat.
    pub chat_name: String,
    /// Quiet from, `22:00`; nothing for no quiet hours.
    pub quiet_from: String,
    /// Quiet until.
    pub quiet_until: String,
    /// Minutes.
    pub bundle: String,
}

impl RawPreference {
    /// What was kept, or what holds where nothing was.
    #[must_use]
    pub fn of(kept: Option<&Preference>, role: Role, own: Own) -> Self {
        let ways = |kind: Kind, channel: Channel| match kept.and_then(|kept| kept.channels.get(kind.as_str())) {
            Some(list) => list.as_array().is_some_and(|list| list.iter().any(|way| way == channel.as_str())),
            None => kind.usual().contains(&channel),
        };
        let of = |channel: Channel| {
            Kind::ALL
                .iter()
                .filter(|kind| kind.concerns(role) && ways(**kind, channel))
                .map(ToString::to_string)
                .collect()
        };
        let hour = |at: Option<NaiveTime>| at.map(|at| at.format("%H:%M").to_string()).unwrap_or_default();
        Self {
            email: of(Channel::Email),
            sms: of(Channel::Sms),
            chat: of(Channel::Chat),
            phone: own.phone.unwrap_or_default(),
            chat_name: own.chat.unwrap_or_default(),
            quiet_from: hour(kept.and_then(|kept| kept.quiet_from)),
            quiet_until: hour(kept.and_then(|kept| kept.quiet_until)),
            bundle: kept.map_or(2, |kept| kept.bundle_minutes).to_string(),
        }
    }

    /// Whether a box is ticked.
    #[must_use]
    pub fn has(&self, kind: Kind, channel: Channel) -> bool {
        let list = match channel {
            Channel::InApp => return true,
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
            Channel::Chat => &self.chat,
        };
        list.iter().any(|name| name == kind.as_str())
    }

    /// What is to be kept besides `before`: kinds that this role does not see stay as they were. Their own addresses are
    /// beside it, in clear.
    ///
    /// # Errors
    /// What is wrong with the form.
    pub fn parse(&self, role: Role, before: Option<Preference>) -> Result<(Preference, Own), FormErrors> {
        let mut errors = FormErrors::default();
        let mut channels = match before.map(|before| before.channels) {
            Some(Value::Object(channels)) => channels,
            _ => Map::new(),
        };
        for kind in Kind::ALL.iter().filter(|kind| kind.concerns(role)) {
            let ways: Vec<_> = Channel::OUTSIDE.into_iter().filter(|channel| self.has(*kind, *channel)).collect();
            channels.insert(kind.to_string(), json!(ways));
        }
        let phone = normalise::phone(&self.phone, normalise::CALLING_CODE);
        if phone.is_empty() && !self.sms.is_empty() {
            errors.add("phone", "Give the number for text messages, or choose none");
        }
        if !phone.is_empty() && !(7..=16).contains(&phone.len()) {
            errors.add("phone", "Check the number: it is too short or too long");
        }
        let chat = errors.line("chat_name", &self.chat_name);
        if chat.contains(char::is_whitespace) || chat.chars().count() > 100 {
            errors.add("chat_name", "Give the name as the chat has it, without spaces");
        }
        let quiet_from = hour("quiet_from", &self.quiet_from, &mut errors);
        let quiet_until = hour("quiet_until", &self.quiet_until, &mut errors);
        if errors.is_empty() && quiet_from.is_some() != quiet_until.is_some() {
            errors.add("quiet_until", "Give both times, or neither");
        }
        if quiet_from.is_some() && quiet_from == quiet_until {
            errors.add("quiet_until", "Quiet hours end at another time than they begin");
        }
        let bundle_minutes = self.bundle.trim().parse().ok().filter(|minutes| (0..=60).contains(minutes));
        if bundle_minutes.is_none() {
            errors.add("bundle", "Choose from 0 to 60 minutes");
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let wish = Preference {
            channels: Value::Object(channels),
            phone_enc: None,
            chat_enc: None,
            quiet_from,
            quiet_until,
            bundle_minutes: bundle_minutes.unwrap_or(2),
        };
        let given = |text: String| (!text.is_empty()).then_some(text);
        Ok((wish, Own { phone: given(phone), chat: given(chat) }))
    }
}

fn hour(field: &'static str, text: &str, errors: &mut FormErrors) -> Option<NaiveTime> {
    let text = text.trim().replace('.', ":");
    if text.is_empty() {
        return None;
    }
    let read = NaiveTime::parse_from_str(&text, "%H:%M");
    if read.is_err() {
        errors.add(field, "Write the time like 22:00");
    }
    read.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_role_does_not_see_stays_as_it_was() {
        let kept = |channels| Preference {
            channels,
            phone_enc: None,
            chat_enc: None,
            quiet_from: None,
            quiet_until: None,
            bundle_minutes: 2,
        };
        let form = RawPreference { bundle: "2".to_owned(), ..RawPreference::default() };
        let before = kept(json!({ "visit.reminder": ["SMS"], "case.assigned": ["EMAIL"] }));
        let (wish, _) = form.parse(Role::Caseworker, Some(before)).unwrap();
        assert_eq!(wish.channels["visit.reminder"], json!(["SMS"]));
        assert_eq!(wish.channels["case.assigned"], json!([]), "no box, no mail");
        let shown = RawPreference::of(Some(&wish), Role::Caseworker, Own::default());
        assert!(!shown.has(Kind::CaseAssigned, Channel::Email));
        assert!(RawPreference::of(None, Role::Caseworker, Own::default()).has(Kind::CaseAssigned, Channel::Email));
    }

    #[test]
    fn what_cannot_be_kept_is_said_beside_its_field() {
        let good = RawPreference { bundle: "2".to_owned(), ..RawPreference::default() };
        assert!(good.parse(Role::Patient, None).is_ok());
        for (field, raw) in [
            ("quiet_from", RawPreference { quiet_from: "late".to_owned(), ..good.clone() }),
            ("quiet_until", RawPreference { quiet_from: "22:00".to_owned(), ..good.clone() }),
            ("bundle", RawPreference { bundle: "90".to_owned(), ..good.clone() }),
            ("phone", RawPreference { sms: vec!["visit.reminder".to_owned()], ..good.clone() }),
            ("phone", RawPreference { phone: "12".to_owned(), ..good.clone() }),
            ("chat_name", RawPreference { chat_name: "two words".to_owned(), ..good.clone() }),
        ] {
            assert!(raw.parse(Role::Patient, None).unwrap_err().get(field).is_some(), "{field}");
        }
    }
}
