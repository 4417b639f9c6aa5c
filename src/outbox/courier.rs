//! Who carries messages out of the portal: what the operator has set up.

use std::borrow::Cow;

use secrecy::ExposeSecret as _;
use url::Url;
use uuid::Uuid;

use super::words::Letter;
use super::{Channel, Hook, Mailer, Reach};
use crate::clock::Timestamp;
use crate::config::Outbox;

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// In words that hold no address and no name.
    pub why: Cow<'static, str>,
    /// Whether there is no use in trying again.
    pub is_final: bool,
}

impl Undelivered {
    /// It may be tried again.
    pub fn for_now(why: impl Into<Cow<'static, str>>) -> Self {
        Self { why: why.into(), is_final: false }
    }

    /// It is tried no more.
    pub fn for_good(why: impl Into<Cow<'static, str>>) -> Self {
        Self { why: why.into(), is_final: true }
    }
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The first notification in it, which names it.
    pub id: Uuid,
    /// The way.
    pub channel: Channel,
    /// Address or number.
    pub to: String,
}

/// The ways out that are set up.
#[derive(Clone, Debug, Default)]
pub struct Courier {
    /// E-mail.
    pub mail: Option<Mailer>,
    /// Text messages.
    pub sms: Option<Hook>,
    /// Chat.
    pub chat: Option<Hook>,
    /// The address people use, for links.
    pub portal: Option<Url>,
    /// Where gateways of organizations may be.
    pub reach: Reach,
}

impl Courier {
    /// What the settings say.
    ///
    /// # Errors
    /// Where one of them cannot be used; in words.
    pub fn new(settings: &Outbox, portal: Option<Url>) -> anyhow::Result<Self> {
        let secret = settings.webhook_secret.as_ref().map_or("", |secret| secret.expose_secret());
        let hook = |url: &Option<Url>| url.clone().map(|url| Hook::new(url, secret)).transpose();
        let from = settings.mail_from.as_deref().unwrap_or_default();
        let mail = settings.smtp_url.as_ref().map(|url| Mailer::new(url.expose_secret(), from)).transpose()?;
        Ok(Self {
            mail,
            sms: hook(&settings.sms_webhook)?,
            chat: hook(&settings.chat_webhook)?,
            portal,
            reach: Reach::new(settings.gateway_ranges.clone()),
        })
    }

    /// The same, with gateways that an organization has of its own.
    #[must_use]
    pub fn with(&self, own: Vec<(Channel, Hook)>) -> Self {
        let mut courier = self.clone();
        for (channel, hook) in own {
            match channel {
                Channel::Sms => courier.sms = Some(hook),
                Channel::Chat => courier.chat = Some(hook),
                Channel::Email | Channel::InApp => {}
            }
        }
        courier
    }

    /// The same, with nothing for this way.
    pub fn close(&mut self, channel: Channel) {
        match channel {
            Channel::Email => self.mail = None,
            Channel::Sms => self.sms = None,
            Channel::Chat => self.chat = None,
            Channel::InApp => {}
        }
    }

    /// Whether messages can leave this way.
    #[must_use]
    pub const fn carries(&self, channel: Channel) -> bool {
        match channel {
            Channel::InApp => true,
            Channel::Email => self.mail.is_some(),
            Channel::Sms => self.sms.is_some(),
            Channel::Chat => self.chat.is_some(),
        }
    }

    /// The address in links; this machine where nobody has said.
    ///
    /// # Panics
    /// Never: the address is written here.
    #[must_use]
    pub fn portal(&self) -> Cow<'_, Url> {
        self.portal.as_ref().map_or_else(|| Cow::Owned(local()), Cow::Borrowed)
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// Where it is not taken.
    pub async fn deliver(&self, target: &Target, letter: &Letter, now: Timestamp) -> Result<(), Undelivered> {
        let hook = |hook: &Option<Hook>| hook.clone().ok_or(Undelivered::for_good("no gateway is set up for this"));
        match target.channel {
            Channel::InApp => Ok(()),
            Channel::Email => match &self.mail {
                Some(mail) => mail.send(target.id, &target.to, letter).await,
                None => Err(Undelivered::for_good("no mail server is set up")),
            },
            Channel::Sms => hook(&self.sms)?.send(target.id, target.channel, &target.to, &letter.body, now).await,
            Channel::Chat => hook(&self.chat)?.send(target.id, target.channel, &target.to, &letter.body, now).await,
        }
    }
}

fn local() -> Url {
    #[expect(clippy::expect_used, reason = "a constant")]
    Url::parse("http://127.0.0.1:3000").expect("an address")
}
