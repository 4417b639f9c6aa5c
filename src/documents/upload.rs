//! Files on their way in: a form that streams, so that no file is ever in memory or on a disk as it came.
//!
//! Everything that arrives is held until the rows are written: whatever goes wrong before (the connection breaks, the
//! disk is full, the session ends), the objects are taken away again and nothing was ever there.

use axum::extract::Multipart;
use axum::extract::multipart::Field;

use super::kind::{self, HEAD, Kind};
use super::model::FILE_BYTES;
use super::name;
use crate::error::Result;
use crate::files::{Held, Scan, Stored, Verdict};
use crate::ids::DocumentVersionId;
use crate::phi::Keyring;
use crate::web::Ctx;
use crate::web::upload::Upload;

/// The largest request: twenty of the largest files.
pub const REQUEST_BYTES: usize = 20 * 104_857_600 + 1024 * 1024;

/// Files in one form at most.
const MOST_FILES: usize = 20;

/// The longest field that is not a file, in bytes: 10,000 characters of any script, and their line breaks.
const FIELD_BYTES: usize = 48 * 1024;

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
        self.held.stored()
    }

    /// From now on there is a row for it.
    pub fn keep(&mut self) {
        self.held.keep();
    }
}

impl Received {
    /// From here on the written files stay.
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
    let mut intake = Intake { ctx, upload: Upload::begin(ctx, FIELD_BYTES)?, keys, room, files: 0 };
    let mut received = Received { fields: Vec::new(), arrived: Vec::new(), written: Vec::new(), refused: Vec::new() };
    while let Some(field) = intake.upload.next_field(&mut form).await? {
        let field_name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            None => {
                let value = intake.upload.text(field).await?;
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
    intake.upload.still_signed_in().await?;
    Ok(received)
}

struct Intake<'a> {
    ctx: &'a Ctx,
    upload: Upload<'a>,
    keys: &'a Keyring,
    room: u64,
    files: usize,
}

impl Intake<'_> {
    /// One file: kept, refused in words, or none where the field was left empty. What is refused is read to its end, so
    /// that the answer reaches who sent it.
    async fn file(&mut self, mut field: Field<'_>, raw: &str, most: usize) -> Result<Option<Result<Arrived, String>>> {
        let shown = name::clean(raw);
        let mut head = Vec::new();
        while head.len() < HEAD {
            let Some(bytes) = self.upload.chunk(&mut field).await? else { break };
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
                while self.upload.chunk(&mut field).await?.is_some() {}
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
            next = self.upload.chunk(field).await?;
        }
        if let Some(scan) = scan
            && let Err(why) = verdict(scan).await
        {
            incoming.abort().await;
            return Ok(Err(why));
        }
        let stored = incoming.finish().await?;
        self.room = self.room.saturating_sub(stored.size);
        Ok(Ok((kind, version, Held::new(files, stored))))
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
