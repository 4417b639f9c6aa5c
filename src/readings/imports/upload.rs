//! A file on its way in: a form that streams, so that no file is ever in memory or on a disk as it came.
//!
//! No virus scanner looks at it: the file is never given out to anybody. It is parsed, within bounds, and deleted.

use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use tokio::time::{Instant, timeout};

use crate::accounts;
use crate::error::{Error, Result};
use crate::files::{Files, Stored};
use crate::ids::ReadingImportId;
use crate::web::Ctx;

/// The largest request. Ten years of a watch are some three gigabytes unpacked, and a tenth of that as they are exported.
pub(in crate::readings) const REQUEST_BYTES: usize = 4 * 1024 * 1024 * 1024;

/// The longest field that is not a file, in bytes.
const FIELD_BYTES: usize = 1024;

/// An upload may be slow, but not stand still.
const STALL: Duration = Duration::from_secs(30);

/// Nor may it go on for ever.
const LONGEST: Duration = Duration::from_hours(2);

/// How often a long upload says that its session is in use, and asks whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

const BROKEN: &str = "The upload did not arrive whole. Nothing was saved. Send it again.";

/// A form that arrived.
pub(super) struct Received {
    /// The id that the file is encrypted for.
    pub id: ReadingImportId,
    /// The field `patient`.
    pub patient: String,
    file: Option<Held>,
}

impl Received {
    /// The file; none where the field was left empty.
    pub fn stored(&self) -> Option<&Stored> {
        self.file.as_ref().map(|held| &held.stored)
    }

    /// From now on there is a row for it: a commit whose answer is lost may have happened.
    pub fn keep(&mut self) {
        if let Some(held) = &mut self.file {
            held.kept = true;
        }
    }
}

/// A stored file that nobody has a row for yet. Dropped, it is taken away again.
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

/// Takes a form in. Say before whether the person may send it at all.
///
/// # Errors
/// Where it does not arrive whole, the session ends meanwhile, or the store fails. Nothing is left then.
pub(super) async fn receive(ctx: &Ctx, request: Request) -> Result<Received> {
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| Error::BadRequest("This is not a form with a file. Go back and choose a file."))?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    drop(tx);
    let mut intake = Intake { ctx, begun: Instant::now(), last_sign: Instant::now() };
    let mut received = Received { id: ReadingImportId::new(), patient: String::new(), file: None };
    loop {
        let next = timeout(STALL, form.next_field()).await.map_err(|_| Error::BadRequest(BROKEN))?;
        let Some(field) = next.map_err(|error| broken(&error))? else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_none() {
            let value = intake.text(field).await?;
            if name == "patient" {
                received.patient = value;
            }
        } else if received.file.is_none() {
            received.file = intake.file(field, received.id).await?;
        } else {
            return Err(Error::BadRequest("Send one file at a time."));
        }
    }
    if !accounts::keep(&ctx.app, &ctx.actor).await? {
        return Err(Error::SignedOut);
    }
    Ok(received)
}

struct Intake<'a> {
    ctx: &'a Ctx,
    begun: Instant,
    last_sign: Instant,
}

impl Intake<'_> {
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
        String::from_utf8(value).map_err(|_| Error::BadRequest("The form holds characters that cannot be read."))
    }

    /// Streams the file into the store; none where the field was left empty.
    async fn file(&mut self, mut field: Field<'_>, id: ReadingImportId) -> Result<Option<Held>> {
        let Some(mut next) = self.chunk(&mut field).await? else { return Ok(None) };
        let files = self.ctx.app.files.clone();
        let keys = self.ctx.app.keyring();
        let mut incoming = files.begin(keys, self.ctx.actor.organization.uuid(), id.uuid()).await?;
        loop {
            incoming.write(&next).await?;
            match self.chunk(&mut field).await? {
                Some(more) => next = more,
                None => break,
            }
        }
        if incoming.size() == 0 {
            incoming.abort().await;
            return Ok(None);
        }
        let stored = incoming.finish().await?;
        Ok(Some(Held { files, stored, kept: false }))
    }
}

fn broken(error: &MultipartError) -> Error {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::TooLarge;
    }
    tracing::info!(error = error.body_text(), "An upload of readings broke off");
    Error::BadRequest(BROKEN)
}
