//! `GET /documents/{id}/versions/{version}/file`, and the same of policies: the file itself, to be saved; in parts, where a download resumes.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::handlers::find;
use super::name::disposition;
use super::queries::{self, Version};
use super::range::{Part, wanted};
use super::shelf::Shelf;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{DocumentId, DocumentVersionId};
use crate::web::form::Ids;
use crate::web::{Ctx, Page};

/// Whatever it is, a browser that opens it runs nothing, loads nothing and belongs to no site.
pub(super) const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// Sends the file of a version, or the part of it that is asked for.
pub async fn file(
    ctx: Ctx,
    mut tx: Tx,
    shelf: Shelf,
    Ids(id, version): Ids<DocumentId, DocumentVersionId>,
    headers: HeaderMap,
) -> Page {
    let (document, owner) = find(&ctx, &mut tx, shelf, id).await?;
    let version = version_of(&ctx, &mut tx, document.id, version).await?;
    send(&ctx, tx, &version, |details| owner.event(Action::Export, Some(id), details), &headers).await
}

/// Sends a file, or the part of it that is asked for, to who may have it; `event` goes into the audit.
///
/// A download is in the audit once: who resumes one proves with `If-Range` that this session began it, because the
/// validator was given to this session only, and with a recorded answer. Any other request is a download of its own.
pub(super) async fn send(
    ctx: &Ctx,
    mut tx: Tx,
    version: &Version,
    event: impl FnOnce(Value) -> Event + Send,
    headers: &HeaderMap,
) -> Page {
    let size = u64::try_from(version.size).unwrap_or(0);
    let etag = validator(ctx, version);
    let has = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if has(header::IF_NONE_MATCH).is_some_and(|list| list.split(',').any(|known| known.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let part = wanted(headers, size, &etag);
    let (status, range) = match &part {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
        Part::None => return Ok(no_such_part(size)),
    };
    let resumed = range.start > 0 && has(header::IF_RANGE) == Some(etag.as_str());
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    if !resumed {
        let details = json!({ "version": version.number, "bytes": range.end - range.start });
        events::record(&mut tx, &ctx.by(), event(details)).await?;
    }
    tx.commit().await?;
    let organization = ctx.actor.organization.uuid();
    let stored = ctx.app.files.read(keys, organization, version.id.uuid(), &version.storage_key, size, range.clone());
    let mut response = Response::new(Body::from_stream(stored.await?));
    *response.status_mut() = status;
    let answer = response.headers_mut();
    describe(answer, version, false, SANDBOX)?;
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(header::ETAG, value(&etag)?);
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        answer.insert(header::CONTENT_RANGE, value(&part)?);
    }
    Ok(response)
}

/// A version of a document; one of another document is not found.
pub(super) async fn version_of(
    ctx: &Ctx,
    tx: &mut Tx,
    document: DocumentId,
    version: DocumentVersionId,
) -> Result<Version> {
    let found = queries::versions(tx, ctx.actor.organization, document, Some(version)).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// The headers of a stored file, shown or saved.
pub(super) fn describe(headers: &mut HeaderMap, version: &Version, inline: bool, policy: &'static str) -> Result<()> {
    headers.insert(header::CONTENT_TYPE, value(&version.mime)?);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition(&version.filename, inline))?);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(())
}

/// Says which bytes these are, and whose download it is.
fn validator(ctx: &Ctx, version: &Version) -> String {
    let proof = ctx.app.keyring().sign("download", &format!("{}|{}", ctx.actor.session, version.id));
    format!(
        "\"{}-{}\"",
        hex::encode(&version.sha256[..version.sha256.len().min(8)]),
        hex::encode(&proof[..proof.len().min(16)])
    )
}

fn no_such_part(size: u64) -> Response {
    let all = format!("bytes */{size}");
    (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all), (header::CONTENT_TYPE, "text/html".to_owned())])
        .into_response()
}

fn value(text: &str) -> Result<HeaderValue> {
    Ok(HeaderValue::from_str(text).map_err(anyhow::Error::from)?)
}
