//! A file on its way in: a form that streams, so that no file is ever in memory or on a disk as it came.
//!
//! No virus scanner looks at it: the file is never given out to anybody. It is parsed, within bounds, and deleted.

use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request};

use crate::error::{Error, Result};
use crate::files::{Held, Stored};
use crate::ids::ReadingImportId;
use crate::web::Ctx;
use crate::web::upload::Upload;

/// The largest request. Ten years of a watch are some three gigabytes unpacked, and a tenth of that as they are exported.
pub(in crate::readings) const REQUEST_BYTES: usize = 4 * 1024 * 1024 * 1024;

/// The longest field that is not a file, in bytes.
const FIELD_BYTES: usize = 1024;

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
        self.file.as_ref().map(Held::stored)
    }

    /// From now on there is a row for it.
    pub fn keep(&mut self) {
        if let Some(held) = &mut self.file {
            held.keep();
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
    let mut upload = Upload::begin(ctx, FIELD_BYTES)?;
    let mut received = Received { id: ReadingImportId::new(), patient: String::new(), file: None };
    while let Some(field) = upload.next_field(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_none() {
            let value = upload.text(field).await?;
            if name == "patient" {
                received.patient = value;
            }
        } else if received.file.is_none() {
            received.file = store(ctx, &mut upload, field, received.id).await?;
        } else {
            return Err(Error::BadRequest("Send one file at a time."));
        }
    }
    upload.still_signed_in().await?;
    Ok(received)
}

/// Streams the file into the store; none where the field was left empty.
async fn store(ctx: &Ctx, upload: &mut Upload<'_>, mut field: Field<'_>, id: ReadingImportId) -> Result<Option<Held>> {
    let Some(mut next) = upload.chunk(&mut field).await? else { return Ok(None) };
    let files = ctx.app.files.clone();
    let keys = ctx.app.keyring();
    let mut incoming = files.begin(keys, ctx.actor.organization.uuid(), id.uuid()).await?;
    loop {
        incoming.write(&next).await?;
        match upload.chunk(&mut field).await? {
            Some(more) => next = more,
            None => break,
        }
    }
    if incoming.size() == 0 {
        incoming.abort().await;
        return Ok(None);
    }
    let stored = incoming.finish().await?;
    Ok(Some(Held::new(files, stored)))
}
