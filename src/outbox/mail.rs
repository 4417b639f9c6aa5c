//! E-mail, handed to the operator's server by SMTP.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use uuid::Uuid;

use super::courier::Undelivered;
use super::words::Letter;

/// How long a server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends mail.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// From a URL: `smtps://user:password@host` (TLS from the start), `smtp://…?tls=required` (STARTTLS), `smtp://…` (clear, for a
    /// server on the same machine), and the address mail comes from: `Northgate Health <portal@example.org>`.
    ///
    /// # Errors
    /// Where either cannot be read.
    pub fn new(url: &str, from: &str) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| {
                anyhow::anyhow!("the SMTP address cannot be read: it is smtps://user:password@host or smtp://host:25")
            })?
            .timeout(Some(PATIENCE))
            .build();
        let from = from.parse().map_err(|_| anyhow::anyhow!("the sender of mail is no address: {from}"))?;
        Ok(Self { transport, from })
    }

    /// Hands one mail over. `id` becomes its Message-ID: should it be sent twice after a crash, readers show it once.
    ///
    /// # Errors
    /// Where the server does not take it.
    pub async fn send(&self, id: Uuid, to: &str, letter: &Letter) -> Result<(), Undelivered> {
        let to: Mailbox = to.parse().map_err(|_| Undelivered::for_good("the address cannot be read"))?;
        let mut mail = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        // No automatic answers, please (RFC 3834).
        mail = mail.raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
        let mail = mail.body(letter.body.clone()).map_err(|_| Undelivered::for_good("the mail cannot be built"))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

/// What the server said, as far as it may be kept: its code. Its words quote the address.
fn refusal(error: &lettre::transport::smtp::Error) -> Undelivered {
    match error.status() {
        Some(code) if error.is_permanent() => Undelivered::for_good(format!("the mail server refused it: {code}")),
        Some(code) => Undelivered::for_now(format!("the mail server put it off: {code}")),
        None if error.is_timeout() => Undelivered::for_now("the mail server did not answer in time"),
        None if error.is_tls() => Undelivered::for_now("no secure connection to the mail server"),
        None => Undelivered::for_now("the mail server cannot be reached"),
    }
}
