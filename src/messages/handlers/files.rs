//! `GET /threads/{id}/files/{document}` and its like in the portal.

use axum::http::HeaderMap;

use crate::db::Tx;
use crate::documents::attach;
use crate::ids::{DocumentId, ThreadId};
use crate::messages::files;
use crate::web::form::Ids;
use crate::web::{Ctx, Page};

/// Sends a file to who reads the message that it came with.
pub async fn save(ctx: Ctx, mut tx: Tx, Ids(id, file): Ids<ThreadId, DocumentId>, headers: HeaderMap) -> Page {
    let belongs = files::find(&ctx, &mut tx, id, file).await?;
    attach::send(&ctx, tx, &belongs, file, &headers).await
}

/// Shows a picture to who reads the message that it came with.
pub async fn look(ctx: Ctx, mut tx: Tx, Ids(id, file): Ids<ThreadId, DocumentId>) -> Page {
    let belongs = files::find(&ctx, &mut tx, id, file).await?;
    attach::show(&ctx, tx, &belongs, file).await
}
