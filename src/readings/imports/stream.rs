//! A stored file, read from its first byte to its last while a parser takes it in: opened, inflated and parsed piece by piece, so that a
//! file of any size needs the same few megabytes.

use std::io::{BufRead, BufReader, Error as IoError, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf as _, Bytes};
use chrono_tz::Tz;
use futures::TryStreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::queries::File;
use super::zip::{self, Entry, Parts};
use super::{Found, Kind, Unreadable, apple, table};
use crate::app::App;
use crate::error::Result;
use crate::files::Files;
use crate::ids::OrganizationId;
use crate::phi::Keyring;

/// What is found and handed over together.
pub(super) const BATCH: usize = 5_000;

/// What may wait on either side of the parser.
const AHEAD: usize = 2;

/// What is said where the file could not be fetched to its end; the job is tried again then.
pub(super) const INTERRUPTED: &str = "Reading the file was interrupted.";

const NEITHER: Unreadable =
    Unreadable::new("This is neither the export of Apple Health (export.zip or export.xml) nor a table as CSV.");

/// A file being read.
pub(super) struct Reading {
    /// What it is.
    pub kind: Kind,
    found: mpsc::Receiver<Vec<Found>>,
    feeder: JoinHandle<Result<()>>,
    parser: JoinHandle<Result<(), Unreadable>>,
    fed: Arc<AtomicU64>,
    size: u64,
}

/// Begins to read `file`.
///
/// # Errors
/// Where it cannot be fetched; inside, where it is nothing that can be read.
pub(super) async fn open(
    app: &App,
    organization: OrganizationId,
    file: &File,
    zone: Tz,
) -> Result<Result<Reading, Unreadable>> {
    let mut tx = app.db.begin_worker(organization).await?;
    let keys = app.keys(&mut tx, organization).await?;
    drop(tx);
    let stored = Fetch { files: &app.files, keys, organization, file };
    let head = stored.part(0..file.size.min(512)).await?;
    let (kind, entry) = if head.starts_with(b"PK\x03\x04") {
        match zip::find(&stored, file.size).await? {
            Ok(entry) => (Kind::Apple, entry),
            Err(why) => return Ok(Err(why)),
        }
    } else {
        match kind(&head) {
            Some(kind) => (kind, Entry { range: 0..file.size, packed: false, size: file.size }),
            None => return Ok(Err(NEITHER)),
        }
    };
    let size = entry.range.end - entry.range.start;
    let pieces =
        app.files.read(keys, organization.uuid(), file.id.uuid(), &file.key, file.size, entry.range.clone()).await?;
    let (send_bytes, receive_bytes) = mpsc::channel(AHEAD);
    let (send_found, found) = mpsc::channel(AHEAD);
    let fed = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&fed);
    let feeder = tokio::spawn(async move {
        let mut pieces = std::pin::pin!(pieces);
        loop {
            let piece = pieces.try_next().await;
            let (piece, failed) = match piece {
                Ok(None) => return Ok(()),
                Ok(Some(piece)) => (Ok(piece), None),
                Err(error) => (Err(IoError::other(INTERRUPTED)), Some(error)),
            };
            count.fetch_add(piece.as_ref().map_or(0, |piece| piece.len() as u64), Ordering::Relaxed);
            // A parser that has heard enough listens no more.
            let heard = send_bytes.send(piece).await.is_ok();
            match failed {
                Some(error) => return Err(error),
                None if !heard => return Ok(()),
                None => {}
            }
        }
    });
    let parser = tokio::task::spawn_blocking(move || {
        let feed = Feed { pieces: receive_bytes, piece: Bytes::new() };
        if entry.packed {
            let inflated = flate2::bufread::DeflateDecoder::new(feed).take(entry.size);
            parse(kind, BufReader::with_capacity(64 * 1024, inflated), zone, &send_found)
        } else {
            parse(kind, feed, zone, &send_found)
        }
    });
    Ok(Ok(Reading { kind, found, feeder, parser, fed, size }))
}

/// A stored file, to be read from anywhere.
struct Fetch<'a> {
    files: &'a Files,
    keys: &'a Keyring,
    organization: OrganizationId,
    file: &'a File,
}

impl Parts for Fetch<'_> {
    async fn part(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let (id, key, size) = (self.file.id.uuid(), &self.file.key, self.file.size);
        let pieces = self.files.read(self.keys, self.organization.uuid(), id, key, size, range).await?;
        let pieces: Vec<Bytes> = pieces.try_collect().await?;
        Ok(pieces.concat())
    }
}

/// What the first bytes are of.
fn kind(head: &[u8]) -> Option<Kind> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match text.first()? {
        b'<' => Some(Kind::Apple),
        _ if text.iter().any(|byte| *byte < 9) => None,
        _ => Some(Kind::Csv),
    }
}

fn parse(kind: Kind, input: impl BufRead, zone: Tz, send: &mpsc::Sender<Vec<Found>>) -> Result<(), Unreadable> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut hand_over = |found| {
        batch.push(found);
        if batch.len() < BATCH {
            return Ok(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
        send.blocking_send(full).map_err(|_| Unreadable::new(INTERRUPTED))
    };
    match kind {
        Kind::Apple => apple::parse(input, &mut hand_over)?,
        Kind::Csv => table::parse(input, zone, &mut hand_over)?,
    }
    send.blocking_send(batch).map_err(|_| Unreadable::new(INTERRUPTED))
}

impl Reading {
    /// What is found next; none at the end.
    pub async fn next(&mut self) -> Option<Vec<Found>> {
        self.found.recv().await
    }

    /// How much of the file is read, in hundredths.
    pub fn progress(&self) -> i16 {
        let fed = self.fed.load(Ordering::Relaxed).min(self.size);
        i16::try_from(fed * 100 / self.size.max(1)).unwrap_or(100)
    }

    /// How it ended.
    ///
    /// # Errors
    /// Where the file could not be fetched; inside, where it could not be read.
    pub async fn finish(self) -> Result<Result<(), Unreadable>> {
        drop(self.found);
        self.feeder.await.map_err(anyhow::Error::from)??;
        Ok(self.parser.await.map_err(anyhow::Error::from)?)
    }
}

/// Pieces of a file as one reader, for a parser in a thread of its own.
struct Feed {
    pieces: mpsc::Receiver<Result<Bytes, IoError>>,
    piece: Bytes,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => break,
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece.advance(amount.min(self.piece.len()));
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
