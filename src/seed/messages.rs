//! Made-up conversations of two years, ten messages each, every one sealed like any other.

use chrono::TimeDelta;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::ids::new_uuid;
use crate::patients::names;
use crate::phi::Keyring;

use super::clinic::Clinic;
use super::ground::Ground;
use super::portal::Person;
use super::random::Chance;
use super::words::{ANSWERS, MATTERS_WRITTEN, QUESTIONS};

/// Messages of a conversation.
pub const MESSAGES: usize = 10;
/// How far back they go, and how far back open ones.
const HISTORY: TimeDelta = TimeDelta::days(730);
const OPEN: TimeDelta = TimeDelta::days(14);
/// Of a thousand conversations, so many are open.
const OPEN_OF_THOUSAND: usize = 20;
/// Between two messages of a conversation.
const PAUSE: TimeDelta = TimeDelta::hours(3);
/// So many conversations go on between two messages of one, as they would in life: they lie apart.
const BETWEEN: usize = 2_000;
/// Who works at a clinic, as messages are signed.
const CLINICIAN: &str = "Dr Bench";

/// A conversation.
#[derive(Clone, Copy)]
pub struct Talk {
    id: Uuid,
    person: usize,
    begun: Timestamp,
    state: &'static str,
}

impl Talk {
    /// Whether staff wrote the message with this number: the one who has to answer did not write the last.
    const fn is_of_staff(&self, number: usize) -> bool {
        let began = matches!(self.state.as_bytes(), b"AWAITING_STAFF");
        (number % 2 == 1) != began
    }
}

/// A batch of conversations, column by column.
#[derive(Default)]
pub struct Threads {
    ids: Vec<Uuid>,
    facilities: Vec<Uuid>,
    patients: Vec<Uuid>,
    people: Vec<Uuid>,
    clinicians: Vec<Uuid>,
    subjects: Vec<&'static str>,
    keys: Vec<String>,
    categories: Vec<&'static str>,
    states: Vec<&'static str>,
    assigned: Vec<bool>,
    begun: Vec<Timestamp>,
}

/// Makes `total` conversations, the earliest first.
pub fn threads(
    ground: &Ground,
    clinics: &[Clinic],
    people: &[Person],
    total: usize,
    batch: usize,
    send: impl Fn(Threads),
) -> Vec<Talk> {
    if people.is_empty() {
        return Vec::new();
    }
    let mut chance = Chance::new(5 + ground.patients as u64);
    let now = Clock::System.now();
    let open = total * OPEN_OF_THOUSAND / 1_000;
    let length = PAUSE * i32::try_from(MESSAGES).unwrap_or(i32::MAX);
    let mut talks = Vec::with_capacity(total);
    let mut threads = Threads::default();
    for number in 0..total {
        let closed = number < total - open;
        let begun = if closed {
            now - HISTORY + (HISTORY - OPEN - length) / count(total - open) * count(number)
        } else {
            now - OPEN - length + OPEN / count(open) * count(number - (total - open))
        };
        let state = match (closed, chance.below(10)) {
            (true, _) => "CLOSED",
            (false, 0..5) => "AWAITING_STAFF",
            (false, _) => "AWAITING_PATIENT",
        };
        // Each in turn, so that everybody has as many.
        let person = number % people.len();
        let talk = Talk { id: new_uuid(), person, begun, state };
        threads.add(&mut chance, clinics, &people[person], &talk);
        talks.push(talk);
        if threads.ids.len() == batch {
            send(std::mem::take(&mut threads));
        }
    }
    if !threads.ids.is_empty() {
        send(threads);
    }
    talks
}

fn count(number: usize) -> i32 {
    i32::try_from(number.max(1)).unwrap_or(i32::MAX)
}

impl Threads {
    fn add(&mut self, chance: &mut Chance, clinics: &[Clinic], person: &Person, talk: &Talk) {
        let place = clinics[person.clinic].place;
        let (subject, category) = chance.one_of(&MATTERS_WRITTEN);
        self.ids.push(talk.id);
        self.facilities.push(place.facility);
        self.patients.push(person.patient);
        self.people.push(person.user);
        self.clinicians.push(place.user);
        self.subjects.push(subject);
        self.keys.push(names::search_key(subject).unwrap_or_default());
        self.categories.push(category);
        self.states.push(talk.state);
        self.assigned.push(talk.state != "AWAITING_STAFF" || chance.percent(50));
        self.begun.push(talk.begun);
    }
}

/// A batch of messages, column by column.
#[derive(Default)]
pub struct Messages {
    ids: Vec<Uuid>,
    threads: Vec<Uuid>,
    senders: Vec<Uuid>,
    sides: Vec<&'static str>,
    names: Vec<String>,
    contents: Vec<Vec<u8>>,
    sent: Vec<Timestamp>,
}

/// Makes the messages of these conversations.
///
/// # Errors
/// Where the organization's keys are not at hand.
pub fn messages(
    ground: &Ground,
    clinics: &[Clinic],
    people: &[Person],
    keys: &Keyring,
    talks: &[Talk],
    batch: usize,
    send: impl Fn(Messages),
) -> anyhow::Result<()> {
    let mut chance = Chance::new(6 + ground.patients as u64);
    let mut messages = Messages::default();
    for step in 0..talks.len() + (MESSAGES - 1) * BETWEEN {
        for number in 0..MESSAGES {
            let Some(talk) = step.checked_sub(number * BETWEEN).and_then(|at| talks.get(at)) else { continue };
            let person = &people[talk.person];
            let staff = talk.is_of_staff(number);
            let id = new_uuid();
            let words = if staff { chance.one_of(&ANSWERS) } else { chance.one_of(&QUESTIONS) };
            messages.ids.push(id);
            messages.threads.push(talk.id);
            messages.senders.push(if staff { clinics[person.clinic].place.user } else { person.user });
            messages.sides.push(if staff { "STAFF" } else { "PATIENT" });
            messages.names.push(if staff { CLINICIAN.to_owned() } else { person.name.clone() });
            messages.contents.push(keys.seal(ground.organization, "message", "content", id, words)?);
            messages.sent.push(talk.begun + PAUSE * i32::try_from(number)?);
            if messages.ids.len() == batch {
                send(std::mem::take(&mut messages));
            }
        }
    }
    if !messages.ids.is_empty() {
        send(messages);
    }
    Ok(())
}

/// Writes a batch of conversations with who takes part; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write_threads(conn: &mut PgConnection, ground: &Ground, threads: &Threads) -> anyhow::Result<u64> {
    let mut tx = conn.begin().await?;
    let last = PAUSE * i32::try_from(MESSAGES - 1)?;
    let ends: Vec<Timestamp> = threads.begun.iter().map(|begun| *begun + last).collect();
    let begun = sqlx::query!(
        "INSERT INTO thread (organization_id, id, facility_id, patient_id, subject, subject_key, category, status, assignee_id, message_count, last_message_at, waiting_since, alerted_at,
                             closed_at, closed_by_id, created_at, created_by_id)
         SELECT $1, id, facility, patient, subject, key, category, state, CASE WHEN assigned THEN clinician END, $13, ends, CASE state WHEN 'AWAITING_STAFF' THEN ends END,
                -- So that no job raises alerts while something is measured.
                CASE state WHEN 'AWAITING_STAFF' THEN now() END, CASE state WHEN 'CLOSED' THEN ends + INTERVAL '1 day' END, CASE state WHEN 'CLOSED' THEN clinician END, begun, person
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[], $14::timestamptz[])
              AS t (id, facility, patient, person, clinician, subject, key, category, state, assigned, begun, ends)",
        ground.organization,
        &threads.ids,
        &threads.facilities,
        &threads.patients,
        &threads.people,
        &threads.clinicians,
        &threads.subjects as &[&str],
        &threads.keys,
        &threads.categories as &[&str],
        &threads.states as &[&str],
        &threads.assigned,
        &threads.begun as &[Timestamp],
        i32::try_from(MESSAGES)?,
        &ends as &[Timestamp],
    );
    let mut rows = begun.execute(&mut *tx).await?.rows_affected();
    let joined = sqlx::query!(
        "INSERT INTO thread_participant (organization_id, id, thread_id, user_id, facility_id, side, last_read_at, unread_count)
         SELECT $1, part.id, t.id, part.who, t.facility, part.side, t.begun, part.unread
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[], $8::uuid[]) AS t (id, facility, person, clinician, state, begun, other)
         CROSS JOIN LATERAL (VALUES (t.id, t.person, 'PATIENT', CASE t.state WHEN 'AWAITING_PATIENT' THEN 1 ELSE 0 END),
                                    (t.other, t.clinician, 'STAFF', CASE t.state WHEN 'AWAITING_STAFF' THEN 1 ELSE 0 END)) AS part (id, who, side, unread)",
        ground.organization,
        &threads.ids,
        &threads.facilities,
        &threads.people,
        &threads.clinicians,
        &threads.states as &[&str],
        &threads.begun as &[Timestamp],
        &threads.ids.iter().map(|_| new_uuid()).collect::<Vec<Uuid>>(),
    );
    rows += joined.execute(&mut *tx).await?.rows_affected();
    tx.commit().await?;
    Ok(rows)
}

/// Writes a batch of messages; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write_messages(conn: &mut PgConnection, ground: &Ground, messages: &Messages) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO message (organization_id, id, thread_id, sender_id, sender_side, sender_name, sender_role, content_enc, created_at, created_by_id)
         SELECT $1, id, thread, sender, side, name, CASE side WHEN 'STAFF' THEN 'CLINICIAN' ELSE 'SELF' END, content, sent, sender
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[]) AS m (id, thread, sender, side, name, content, sent)",
        ground.organization,
        &messages.ids,
        &messages.threads,
        &messages.senders,
        &messages.sides as &[&str],
        &messages.names,
        &messages.contents,
        &messages.sent as &[Timestamp],
    );
    Ok(done.execute(conn).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_answer_did_not_write_the_last_message() {
        let talk = |state| Talk { id: Uuid::nil(), person: 0, begun: Timestamp::UNIX_EPOCH, state };
        assert!(!talk("AWAITING_STAFF").is_of_staff(MESSAGES - 1));
        assert!(talk("AWAITING_PATIENT").is_of_staff(MESSAGES - 1));
        assert!(!talk("CLOSED").is_of_staff(0));
    }
}
