//! Sending what is due.
//!
//! Messages are taken under a lease in one transaction, sent outside any, and settled in another. After a crash between
//! the two, the lease runs out and they are sent again: rather twice than never. The message has the same id then.

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures::stream::{self, StreamExt as _};
use rand::Rng as _;
use serde_json::json;
use uuid::Uuid;

use super::gateways;
use super::queries::{self, Claimed, Fate};
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Audited, Event};
use crate::ids::{OrganizationId, UserId};
use crate::jobs::JobContext;
use crate::outbox::{Channel, Courier, Hook, Kind, Letter, Target, Undelivered, letter};

/// Messages taken at once.
const BATCH: i64 = 50;

/// Messages under way at once.
const AT_ONCE: usize = 8;

/// Attempts before a message is given up. With the pauses, the last one comes some three hours after the first.
const ATTEMPTS: i32 = 8;

/// The pause after the first failure, in seconds; it doubles.
const FIRST_PAUSE: f64 = 60.0;

/// The longest pause, in seconds.
const LONGEST_PAUSE: f64 = 3_600.0;

/// One message to one person: everything that is due for them this way.
struct Bundle {
    ids: Vec<Uuid>,
    attempts: i32,
    target: std::result::Result<Target, &'static str>,
    letter: Letter,
}

/// `notifications.purge`: deletes what was read, sent or called off longer ago than the organization keeps it.
///
/// # Errors
/// Where the database does not answer.
pub async fn purge(app: App, job: JobContext) -> Result<()> {
    job.purge(&app, |tx, batch| Box::pin(queries::purge(tx, batch))).await
}

/// `notifications.deliver`: sends what is due.
///
/// # Errors
/// Where the database does not answer.
pub async fn deliver(app: App, job: JobContext) -> Result<()> {
    let organization = job.organization()?;
    loop {
        let mut tx = job.begin(&app).await?;
        let claimed = queries::claim(&mut tx, organization, BATCH).await?;
        if claimed.is_empty() {
            return job.commit(tx).await;
        }
        let name = queries::sender(&mut tx, organization).await?;
        // Whose number is about to be used is written down before it is.
        let texts = claimed.iter().filter(|one| one.channel == Channel::Sms.as_str()).count();
        let chats = claimed.iter().filter(|one| one.channel == Channel::Chat.as_str()).count();
        let event = Event::new(Action::Update, "notification")
            .with(json!({ "sending": claimed.len(), "texts": texts, "chats": chats }));
        let proof = events::record(&mut tx, &job.by()?, event).await?;
        let courier = courier(&app, &mut tx, organization, &proof).await?;
        let bundles = bundle(&app, &mut tx, (organization, &courier), &name, claimed, &proof).await?;
        tx.commit().await?;
        let now = app.clock.now();
        let fates: Vec<_> = stream::iter(bundles.into_iter().map(|bundle| send(&courier, now, bundle)))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut tx = job.begin(&app).await?;
        for (ids, fate) in &fates {
            queries::settled(&mut tx, organization, ids, fate).await?;
        }
        tx.commit().await?;
    }
}

/// The ways out of this organization: its own gateways, else those of the operator. One that cannot be used any more
/// carries nothing, and nobody else's does in its place.
async fn courier(app: &App, tx: &mut Tx, organization: OrganizationId, proof: &Audited) -> Result<Courier> {
    let mut courier = Courier::clone(&app.courier);
    let mut own = Vec::new();
    for gateway in gateways::in_use(tx, organization).await? {
        let Ok(channel) = gateway.channel.parse::<Channel>() else { continue };
        let keys = app.keys(tx, organization).await?;
        let secret = keys.open(organization, gateways::TABLE, "secret", gateway.id, &gateway.secret_enc);
        let secret = secret.map_err(anyhow::Error::from)?;
        let url = courier.reach.address(&gateway.url).context("the operator does not let gateways be there");
        let hook = url.and_then(|url| Hook::own(url, secret.reveal(proof), &courier.reach));
        match hook {
            Ok(hook) => own.push((channel, hook)),
            Err(error) => {
                tracing::error!(%channel, %error, "The gateway of an organization cannot be used");
                courier.close(channel);
            }
        }
    }
    Ok(courier.with(own))
}

async fn bundle(
    app: &App,
    tx: &mut Tx,
    (organization, courier): (OrganizationId, &Courier),
    name: &str,
    claimed: Vec<Claimed>,
    proof: &Audited,
) -> Result<Vec<Bundle>> {
    let mut groups: BTreeMap<(UserId, String), Vec<Claimed>> = BTreeMap::new();
    for one in claimed {
        groups.entry((one.recipient, one.channel.clone())).or_default().push(one);
    }
    let keys = app.keys(tx, organization).await?;
    let mut bundles = Vec::with_capacity(groups.len());
    for ((person, channel), mut group) in groups {
        let Ok(channel) = channel.parse::<Channel>() else { continue };
        group.sort_by_key(|one| one.id);
        let Some(first) = group.first() else { continue };
        let sealed = match channel {
            Channel::Sms => first.phone_enc.as_ref().map(|sealed| ("phone", sealed)),
            Channel::Chat => first.chat_enc.as_ref().map(|sealed| ("chat", sealed)),
            Channel::Email | Channel::InApp => None,
        };
        let own = match sealed {
            Some((column, sealed)) => {
                let opened = keys.open(organization, "notification_preference", column, person.uuid(), sealed);
                Some(opened.map_err(anyhow::Error::from)?.reveal(proof).clone())
            }
            None => None,
        };
        let to = match channel {
            Channel::Sms => own.ok_or("the person has given no number"),
            // No e-mail address goes into a chat: the gateway may know the account.
            Channel::Chat => Ok(own.unwrap_or_else(|| person.to_string())),
            Channel::Email | Channel::InApp => Ok(first.email.clone()),
        };
        let to = if first.active { to } else { Err("the account is not in use") };
        let to = if courier.carries(channel) { to } else { Err("no way out is set up for this channel") };
        // Five messages of one conversation are one line.
        let mut lines: Vec<(Kind, String)> =
            group.iter().filter_map(|one| Some((one.kind.parse().ok()?, one.path.clone()))).collect();
        lines.dedup();
        bundles.push(Bundle {
            ids: group.iter().map(|one| one.id.uuid()).collect(),
            attempts: group.iter().map(|one| one.attempts).max().unwrap_or(1),
            target: to.map(|to| Target { id: first.id.uuid(), channel, to }),
            letter: letter(channel, &courier.portal(), name, &lines),
        });
    }
    Ok(bundles)
}

async fn send(courier: &Courier, now: Timestamp, bundle: Bundle) -> (Vec<Uuid>, Fate) {
    let fate = match &bundle.target {
        Err(why) => Fate::Cancelled((*why).to_owned()),
        Ok(target) => fate(bundle.attempts, courier.deliver(target, &bundle.letter, now).await),
    };
    (bundle.ids, fate)
}

fn fate(attempts: i32, outcome: std::result::Result<(), Undelivered>) -> Fate {
    match outcome {
        Ok(()) => Fate::Sent,
        Err(no) if no.is_final || attempts >= ATTEMPTS => Fate::Dead(no.why.into_owned()),
        Err(no) => {
            let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
            let pause = (FIRST_PAUSE * f64::from(1_u32 << doublings)).min(LONGEST_PAUSE);
            // A little by chance, so that what failed together does not come back together.
            Fate::Again(pause * rand::rng().random_range(0.75..1.25), no.why.into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_with_growing_pauses_and_then_given_up() {
        let later = || Err(Undelivered::for_now("no answer"));
        for (attempts, seconds) in [(1, 60.0), (2, 120.0), (5, 960.0), (7, 3600.0)] {
            let Fate::Again(pause, why) = fate(attempts, later()) else { panic!("given up after {attempts}") };
            assert!((seconds * 0.75..seconds * 1.25).contains(&pause), "{attempts}: {pause}");
            assert_eq!(why, "no answer");
        }
        assert_eq!(fate(ATTEMPTS, later()), Fate::Dead("no answer".into()));
        assert_eq!(fate(1, Err(Undelivered::for_good("no such mailbox"))), Fate::Dead("no such mailbox".into()));
        assert_eq!(fate(1, Ok(())), Fate::Sent);
    }
}
