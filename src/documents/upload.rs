//! Files on their way in: a form that streams, so that no file is ever in memory or on a disk as it came.
//!
//! Everything that arrives is held until the rows are written: whatever goes wrong before (the connection breaks, the
//! disk is full, the session ends), the objects are taken away again and nothing was ever there.

use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use tokio::time::{Instant, timeout};

use super::kind::{self, HEAD, Kind};
use super::model::FILE_BYTES;
use super::name;
use crate::accounts;
use crate::error::{Error, Result};
use crate::files::{Files, Scan, Stored, Verdict};
use crate::ids::DocumentVersionId;
use crate::phi::Keyring;
use crate::web::Ctx;

/// The largest request: twenty of the largest files.
pub const REQUEST_BYTES: usize = 20 * 104_857_600 + 1024 * 1024;

/// Files in one form at most.
const MOST_FILES: usize = 20;

/// The longest field that is not a file, in bytes: 10,000 characters of any script, and their line breaks.
const FIELD_BYTES: usize = 48 * 1024;

/// An upload may be slow, but not stand still.
const STALL: Duration = Duration::from_secs(30);

/// Nor may it go on for ever: this long, 100 MB arrive at 14 kB a second.
const LONGEST: Duration = Duration::from_hours(2);

/// How often a long upload says that its session is in use, and asks whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// What to say where the form did not arrive whole.
const BROKEN: &str = "The upload did not arrive whole. Nothing was saved. Send it again.";

/// What to say where what stands before a file cannot be read; its name is all that varies there.
const ODD_NAME: &str =
    "The name of a file holds characters that cannot be read. Nothing was saved. Rename it, and send it again.";

/// What a form brought.
#[derive(Debug)]
pub struct Received {
    /// The fields that are not files.
    pub fields: Vec<(String, String)>,
    /// Files that arrived whole and may be kept.
    pub arrived: Vec<Arrived>,
    /// Those of them whose rows are written, in a transaction that is not committed yet.
    pub(super) written: Vec<Arrived>,
    /// Files that were refused, with the reason: `report.exe: files whose …`.
    pub refused: Vec<String>,
}

/// A file that arrived whole.
#[derive(Debug)]
pub struct Arrived {
    /// The id of the version that it becomes.
    pub version: DocumentVersionId,
    /// Its place in the form, from 0.
    pub place: usize,
    /// Its name, cleaned.
    pub name: String,
    /// What it is.
    pub kind: &'static Kind,
    held: Held,
}

impl Arrived {
    /// Where and how large it is.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        &self.held.stored
    }

    /// From now on there is a row for it.
    pub fn keep(&mut self) {
        self.held.kept = true;
    }
}

/// A stored file that nobody has a row for yet. Dropped, it is taken away again.
#[derive(Debug)]
struct Held {
    files: Files,
    stored: Stored,
    kept: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (files, key) = (self.files.clone(), std::mem::take(&mut self.stored.key));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = files.remove(&key).await {
                    tracing::warn!(%error, "A file without a row stays until it is swept up");
                }
            });
        }
    }
}

impl Received {
    /// From here on the written files stay: a commit whose answer is lost may have happened, and a row without its file
    /// is worse than a file without its row, which is swept up.
    pub fn keep(&mut self) {
        self.written.iter_mut().for_each(Arrived::keep);
    }

    /// A field that is not a file; empty where there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Takes a form in. `room` is what the organization may still add, `most` how many files the form is for.
///
/// # Errors
/// Where the form does not arrive whole, the session ends meanwhile, or the store fails. Nothing is left then.
pub async fn receive(ctx: &Ctx, keys: &Keyring, mut form: Multipart, room: u64, most: usize) -> Result<Received> {
    let mut intake = Intake { ctx, keys, room, begun: Instant::now(), last_sign: Instant::now(), files: 0 };
    let mut received = Received { fields: Vec::new(), arrived: Vec::new(), written: Vec::new(), refused: Vec::new() };
    while let Some(field) = intake.next_field(&mut form).await? {
        let field_name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            None => {
                let value = intake.text(field).await?;
                received.fields.push((field_name, value));
            }
            Some(raw) => {
                if let Some(outcome) = intake.file(field, &raw, most.min(MOST_FILES)).await? {
                    match outcome {
                        Ok(arrived) => received.arrived.push(arrived),
                        Err(why) => received.refused.push(why),
                    }
                }
            }
        }
    }
    if !accounts::keep(&ctx.app, &ctx.actor).await? {
        return Err(Error::SignedOut);
    }
    Ok(received)
}

struct Intake<'a> {
    ctx: &'a Ctx,
    keys: &'a Keyring,
    room: u64,
    begun: Instant,
    last_sign: Instant,
    files: usize,
}

impl Intake<'_> {
    async fn next_field<'f>(&mut self, form: &'f mut Multipart) -> Result<Option<Field<'f>>> {
        let next = timeout(STALL, form.next_field()).await.map_err(|_| Error::BadRequest(BROKEN))?;
        next.map_err(|error| broken(&error))
    }

    /// The next bytes of a field.
    async fn chunk(&mut self, field: &mut Field<'_>) -> Result<Option<bytes::Bytes>> {
        if self.begun.elapsed() > LONGEST {
            return Err(Error::BadRequest("The upload took longer than two hours. Nothing was saved."));
        }
        if self.last_sign.elapsed() > KEEP_ALIVE {
            self.last_sign = Instant::now();
            if !accounts::keep(&self.ctx.app, &self.ctx.actor).await? {
                return Err(Error::SignedOut);
            }
        }
        let next = timeout(STALL, field.chunk()).await.map_err(|_| Error::BadRequest(BROKEN))?;
        next.map_err(|error| broken(&error))
    }

    async fn text(&mut self, mut field: Field<'_>) -> Result<String> {
        let mut value = Vec::new();
        while let Some(bytes) = self.chunk(&mut field).await? {
            if value.len() + bytes.len() > FIELD_BYTES {
                return Err(Error::TooLarge);
            }
            value.extend_from_slice(&bytes);
        }
        match String::from_utf8(value) {
            Ok(text) if !text.contains('\0') => Ok(text),
            Ok(_) | Err(_) => Err(Error::BadRequest("The form holds characters that cannot be read.")),
        }
    }

    /// One file: kept, refused in words, or none where the field was left empty. What is refused is read to its end, so
    /// that the answer reaches who sent it.
    async fn file(&mut self, mut field: Field<'_>, raw: &str, most: usize) -> Result<Option<Result<Arrived, String>>> {
        let shown = name::clean(raw);
        let mut head = Vec::new();
        while head.len() < HEAD {
            let Some(bytes) = self.chunk(&mut field).await? else { break };
            head.extend_from_slice(&bytes);
        }
        if head.is_empty() && raw.is_empty() {
            return Ok(None);
        }
        let place = self.files;
        self.files += 1;
        let judged = match &shown {
            _ if place >= most => Err(format!("only {most} can be added at once")),
            None => Err("it has no name that can be shown".to_owned()),
            Some(_) if head.is_empty() => Err("it is empty".to_owned()),
            Some(name) => kind::identify(name::extension(name).as_deref(), &head[..head.len().min(HEAD)]),
        };
        let shown = shown.unwrap_or_else(|| "A file".to_owned());
        let outcome = match judged {
            Ok(kind) => self.store(&mut field, head, kind).await?,
            Err(why) => Err(why),
        };
        match outcome {
            Ok((kind, version, held)) => Ok(Some(Ok(Arrived { version, place, name: shown, kind, held }))),
            Err(why) => {
                while self.chunk(&mut field).await?.is_some() {}
                Ok(Some(Err(format!("{shown}: {why}"))))
            }
        }
    }

    /// Streams a file of a known kind into the store, past the scanner.
    async fn store(
        &mut self,
        field: &mut Field<'_>,
        head: Vec<u8>,
        kind: &'static Kind,
    ) -> Result<Result<(&'static Kind, DocumentVersionId, Held), String>> {
        let files = self.ctx.app.files.clone();
        let version = DocumentVersionId::new();
        let mut scan = match files.scanner() {
            Some(scanner) => match scanner.begin().await {
                Ok(scan) => Some(scan),
                Err(error) => return Ok(Err(unreachable_scanner(&error))),
            },
            None => None,
        };
        let mut incoming = files.begin(self.keys, self.ctx.actor.organization.uuid(), version.uuid()).await?;
        let mut next = Some(bytes::Bytes::from(head));
        while let Some(bytes) = next {
            if let Err(why) = self.judge(incoming.size() + bytes.len() as u64, kind, &bytes) {
                incoming.abort().await;
                return Ok(Err(why));
            }
            if let Err(why) = pass_by(&mut scan, &bytes).await {
                incoming.abort().await;
                return Ok(Err(why));
            }
            incoming.write(&bytes).await?;
            next = self.chunk(field).await?;
        }
        if let Some(scan) = scan
            && let Err(why) = verdict(scan).await
        {
            incoming.abort().await;
            return Ok(Err(why));
        }
        let stored = incoming.finish().await?;
        self.room = self.room.saturating_sub(stored.size);
        Ok(Ok((kind, version, Held { files, stored, kept: false })))
    }

    /// What can be said before the end of the file.
    fn judge(&self, size: u64, kind: &Kind, bytes: &[u8]) -> Result<(), String> {
        if size > FILE_BYTES {
            return Err("it is larger than 100 MB (104,857,600 bytes), the most that is accepted".to_owned());
        }
        if size > self.room {
            return Err("there is not enough room left for your organization's files".to_owned());
        }
        if kind.is_text() && bytes.contains(&0) {
            return Err(format!("its name says {}, but that is not what it holds", kind.label));
        }
        Ok(())
    }
}

async fn pass_by(scan: &mut Option<Scan>, bytes: &[u8]) -> Result<(), String> {
    match scan {
        Some(scan) => scan.write(bytes).await.map_err(|error| unreachable_scanner(&error)),
        None => Ok(()),
    }
}

async fn verdict(scan: Scan) -> Result<(), String> {
    match scan.finish().await {
        Ok(Verdict::Clean) => Ok(()),
        Ok(Verdict::Found(name)) => {
            tracing::warn!(virus = %name, "The virus scanner refused an upload");
            Err(format!("the virus scanner found {name} in it"))
        }
        Err(error) => Err(unreachable_scanner(&error)),
    }
}

fn unreachable_scanner(error: &anyhow::Error) -> String {
    tracing::error!(error = format!("{error:#}"), "The virus scanner cannot be reached");
    "the virus scanner cannot be reached, and without it nothing is taken in. Try again later".to_owned()
}

/// A form that broke off or makes no sense, or a body larger than any form.
fn broken(error: &axum::extract::multipart::MultipartError) -> Error {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::TooLarge;
    }
    // The kind of error is not ours to name: `multer` is behind `axum`.
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::info!(error = error.body_text(), cause, "An upload broke off");
    if cause.contains("headers") { Error::BadRequest(ODD_NAME) } else { Error::BadRequest(BROKEN) }
}
