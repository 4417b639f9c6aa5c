//! `GET /documents/{id}/versions/{version}/preview`: a look at a file without saving it. Pictures are drawn anew, so that
//! nothing but a picture reaches the browser; PDFs are shown as they are, in a frame of our own page.

use std::io::Cursor;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::download::{describe, version_of};
use super::handlers::find;
use super::queries::Version;
use super::shelf::Shelf;
use crate::db::Tx;
use crate::error::Error;
use crate::events::{self, Action, Event};
use crate::ids::{DocumentId, DocumentVersionId};
use crate::web::form::Ids;
use crate::web::{Ctx, Page};

/// The largest file that is shown: it is in memory for a moment.
const SHOWN_BYTES: i64 = 24 * 1024 * 1024;

/// The longest side of a picture that is opened at all. A small file can claim to be a huge picture.
const OPENED_SIDE: u32 = 12_000;

/// What drawing a picture may take in memory.
const DRAWING_BYTES: u64 = 192 * 1024 * 1024;

/// The longest side as shown.
const SHOWN_SIDE: u32 = 1600;

/// Pictures drawn at a time.
static DRAWING: Semaphore = Semaphore::const_new(1);

/// A PDF may be shown in a frame of the portal, and nowhere else; it loads nothing.
const IN_OUR_FRAME: &str = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; plugin-types application/pdf; frame-ancestors 'self'";

/// How a file can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As a picture.
    Picture,
    /// In the browser's reader.
    Reader,
}

/// How a version can be looked at; none where it can only be saved.
pub fn look(version: &Version) -> Option<Look> {
    look_at(&version.mime, version.size)
}

/// The same, by type and size.
pub(super) fn look_at(mime: &str, size: i64) -> Option<Look> {
    if size > SHOWN_BYTES {
        return None;
    }
    match mime {
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => Some(Look::Picture),
        "application/pdf" => Some(Look::Reader),
        _ => None,
    }
}

/// Shows a version.
pub async fn preview(ctx: Ctx, mut tx: Tx, shelf: Shelf, Ids(id, version): Ids<DocumentId, DocumentVersionId>) -> Page {
    let (document, owner) = find(&ctx, &mut tx, shelf, id).await?;
    let version = version_of(&ctx, &mut tx, document.id, version).await?;
    show(&ctx, tx, version, |details| owner.event(Action::View, Some(id), details)).await
}

/// Shows a file to who may see it; `event` goes into the audit.
pub(super) async fn show(ctx: &Ctx, mut tx: Tx, version: Version, event: impl FnOnce(Value) -> Event + Send) -> Page {
    let look = look(&version).ok_or(Error::NotFound)?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let details = json!({ "version": version.number, "page": "preview" });
    events::record(&mut tx, &ctx.by(), event(details)).await?;
    tx.commit().await?;
    let (organization, size) = (ctx.actor.organization.uuid(), u64::try_from(version.size).unwrap_or(0));
    match look {
        Look::Picture => {
            let turn = DRAWING.acquire().await.map_err(anyhow::Error::from)?;
            let files = &ctx.app.files;
            let whole = files.read_all(keys, organization, version.id.uuid(), &version.storage_key, size).await?;
            // Who goes away meanwhile does not end the drawing: its turn lasts as long as the memory it takes.
            let drawing = move || {
                let _turn = turn;
                draw(&whole)
            };
            let drawn = tokio::task::spawn_blocking(drawing).await.map_err(anyhow::Error::from)?;
            let Some((mime, picture)) = drawn else {
                return Err(Error::Unprocessable(
                    "The picture cannot be shown here. Save it to look at it.".to_owned(),
                ));
            };
            Ok(([(header::CONTENT_TYPE, mime)], picture).into_response())
        }
        Look::Reader => {
            let files = &ctx.app.files;
            let stream = files.read(keys, organization, version.id.uuid(), &version.storage_key, size, 0..size).await?;
            let mut response = Response::new(Body::from_stream(stream));
            let headers = response.headers_mut();
            describe(headers, &version, true, IN_OUR_FRAME)?;
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
            headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            Ok(response)
        }
    }
}

/// The picture drawn anew, the right way up, without anything that came with it (places, names, thumbnails); none where
/// it does not open within the limits.
fn draw(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(OPENED_SIDE);
    limits.max_image_height = Some(OPENED_SIDE);
    limits.max_alloc = Some(DRAWING_BYTES);
    reader.limits(limits);
    let transparent = matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP));
    let mut decoder = reader.into_decoder().ok()?;
    if decoder.total_bytes() > DRAWING_BYTES {
        return None;
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width().max(picture.height()) > SHOWN_SIDE {
        picture = picture.thumbnail(SHOWN_SIDE, SHOWN_SIDE);
    }
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let mut out = Cursor::new(Vec::new());
    let (mime, format) = if transparent && picture.color().has_alpha() {
        ("image/png", ImageFormat::Png)
    } else {
        picture = DynamicImage::ImageRgb8(picture.into_rgb8());
        ("image/jpeg", ImageFormat::Jpeg)
    };
    picture.write_to(&mut out, format).ok()?;
    Some((mime, out.into_inner()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, ImageFormat::Png).expect("a picture");
        out.into_inner()
    }

    #[test]
    fn a_picture_is_drawn_anew_and_made_to_fit() {
        let (mime, drawn) = draw(&png(4000, 1000)).expect("drawn");
        let picture = image::load_from_memory(&drawn).expect("a picture");
        assert_eq!((mime, picture.width(), picture.height()), ("image/jpeg", 1600, 400));
    }

    #[test]
    fn what_claims_to_be_huge_is_not_opened() {
        let mut bomb = png(10, 10);
        // The width in the header of a PNG, with its checksum left wrong as well as right.
        bomb[16..20].copy_from_slice(&200_000u32.to_be_bytes());
        assert!(draw(&bomb).is_none());
        assert!(draw(&png(12_001, 1)).is_none());
        assert!(draw(b"<svg xmlns='http://www.w3.org/2000/svg'/>").is_none());
    }
}
