//! Forms that bring files: read as they stream, so that no file is ever in memory or on a disk as it came.

use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use tokio::time::{Instant, timeout};

use super::Ctx;
use super::places::{Place, UPLOADS};
use crate::accounts;
use crate::error::{Error, Result};
use crate::ids::UserId;

/// An upload may be slow, but not stand still.
const STALL: Duration = Duration::from_secs(30);

/// Nor may it go on for ever: this long, 100 MB arrive at 14 kB a second.
const LONGEST: Duration = Duration::from_hours(2);

/// How often a long upload says that its session is in use, and asks whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// The most fields of a form, files and refused files among them. None of ours has half as many; each is in memory until all have arrived.
const MOST_FIELDS: usize = 64;

/// What to say where the form did not arrive whole.
const BROKEN: &str = "The upload did not arrive whole. Nothing was saved. Send it again.";

/// What to say where what stands before a file cannot be read; its name is all that varies there.
const ODD_NAME: &str =
    "The name of a file holds characters that cannot be read. Nothing was saved. Rename it, and send it again.";

/// A form on its way in.
pub struct Upload<'a> {
    ctx: &'a Ctx,
    field_bytes: usize,
    fields: usize,
    _place: Place<UserId>,
    begun: Instant,
    last_sign: Instant,
}

impl<'a> Upload<'a> {
    /// Begins to read the form of whoever asks; a field that is not a file has `field_bytes` at most.
    ///
    /// # Errors
    /// Where this person is sending too many already.
    pub fn begin(ctx: &'a Ctx, field_bytes: usize) -> Result<Self> {
        let place = UPLOADS.take(ctx.actor.user)?;
        let now = Instant::now();
        Ok(Self { ctx, field_bytes, fields: 0, _place: place, begun: now, last_sign: now })
    }

    /// The next field.
    ///
    /// # Errors
    /// Where it does not arrive, or there are more than any form has.
    pub async fn next_field<'f>(&mut self, form: &'f mut Multipart) -> Result<Option<Field<'f>>> {
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(Error::TooLarge);
        }
        let next = timeout(STALL, form.next_field()).await.map_err(|_| Error::BadRequest(BROKEN))?;
        next.map_err(|error| broken(&error))
    }

    /// The next bytes of a field.
    ///
    /// # Errors
    /// Where they do not arrive, it takes too long, or the session ends meanwhile.
    pub async fn chunk(&mut self, field: &mut Field<'_>) -> Result<Option<bytes::Bytes>> {
        if self.begun.elapsed() > LONGEST {
            return Err(Error::BadRequest("The upload took longer than two hours. Nothing was saved."));
        }
        if self.last_sign.elapsed() > KEEP_ALIVE {
            self.last_sign = Instant::now();
            self.still_signed_in().await?;
        }
        let next = timeout(STALL, field.chunk()).await.map_err(|_| Error::BadRequest(BROKEN))?;
        next.map_err(|error| broken(&error))
    }

    /// A field that is not a file.
    ///
    /// # Errors
    /// As of [`Self::chunk`], and where it is too long or no text.
    pub async fn text(&mut self, mut field: Field<'_>) -> Result<String> {
        let mut value = Vec::new();
        while let Some(bytes) = self.chunk(&mut field).await? {
            if value.len() + bytes.len() > self.field_bytes {
                return Err(Error::TooLarge);
            }
            value.extend_from_slice(&bytes);
        }
        match String::from_utf8(value) {
            Ok(text) if !text.contains('\0') => Ok(text),
            Ok(_) | Err(_) => Err(Error::BadRequest("The form holds characters that cannot be read.")),
        }
    }

    /// Says that the session is in use. Ask it once more when everything has arrived.
    ///
    /// # Errors
    /// Where it has ended.
    pub async fn still_signed_in(&self) -> Result<()> {
        if accounts::keep(&self.ctx.app, &self.ctx.actor).await? { Ok(()) } else { Err(Error::SignedOut) }
    }
}

/// A form that broke off or makes no sense, or a body larger than any form.
fn broken(error: &MultipartError) -> Error {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::TooLarge;
    }
    // The kind of error is not ours to name: `multer` is behind `axum`.
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::info!(error = error.body_text(), cause, "An upload broke off");
    if cause.contains("headers") { Error::BadRequest(ODD_NAME) } else { Error::BadRequest(BROKEN) }
}
