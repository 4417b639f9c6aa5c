//! How a file is encrypted: in chunks, so that a part of it can be read without the rest.
//!
//! `header | chunk | chunk | …`, after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015). The header
//! holds a random salt, from which, with the organization's data key, the file's own key is derived; so a nonce needs
//! to be unique within the file only, and is the number of the chunk with a flag that marks the last one. A chunk that
//! was changed, moved, repeated or left out does not open, nor does a file that ends early. Each chunk is bound to its
//! header and to `organization|document_version|content|version id` as well: a file does not open in another's place.

use std::ops::Range;

use aes_gcm::aead::{AeadInPlace as _, generic_array::GenericArray};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use rand::RngCore as _;

/// Bytes of a file that are sealed together. Small enough that a range costs little, large enough that tags cost
/// nothing (0.02 %).
pub const CHUNK: usize = 64 * 1024;

/// Bytes that a chunk takes more than what it holds.
pub const TAG: usize = 16;

/// Bytes before the first chunk.
pub const HEADER: usize = 32;

/// What a sealed file begins with.
const MAGIC: [u8; 4] = *b"ALMF";
const VERSION: u8 = 1;
const SALT: usize = 26;

/// The part of a sealed file that says which key opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of the organization's data key.
    pub key_id: u8,
    /// What makes the file's key its own.
    pub salt: [u8; SALT],
}

impl Header {
    /// A header with a new salt.
    #[must_use]
    pub fn new(key_id: u8) -> Self {
        let mut salt = [0; SALT];
        rand::rng().fill_bytes(&mut salt);
        Self { key_id, salt }
    }

    /// As stored.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = self.key_id;
        bytes[6..].copy_from_slice(&self.salt);
        bytes
    }

    /// Reads what [`Header::to_bytes`] made.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?.strip_prefix(&[VERSION])?;
        let (key_id, salt) = rest.split_first()?;
        Some(Self { key_id: *key_id, salt: salt.try_into().ok()? })
    }
}

/// The bytes do not belong here: changed, moved, cut off, or sealed with another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored file was changed, moved or cut off")]
pub struct DoesNotOpen;

/// What seals and opens the chunks of one file.
pub struct FileCipher {
    cipher: Aes256Gcm,
    place: Vec<u8>,
}

impl FileCipher {
    /// `cipher` holds the key of this file alone; `place` says where the file belongs.
    #[must_use]
    pub fn new(cipher: Aes256Gcm, header: Header, place: &[u8]) -> Self {
        Self { cipher, place: [header.to_bytes().as_slice(), place].concat() }
    }

    /// Seals `chunk` in place and adds its tag.
    fn seal(&self, index: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), DoesNotOpen> {
        let tag =
            self.cipher.encrypt_in_place_detached(&nonce(index, last), &self.place, chunk).map_err(|_| DoesNotOpen)?;
        chunk.extend_from_slice(&tag);
        Ok(())
    }

    /// Opens `chunk` in place and takes its tag off.
    ///
    /// # Errors
    /// Where it is not chunk `index` of this file.
    pub fn open(&self, index: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), DoesNotOpen> {
        let length = chunk.len().checked_sub(TAG).ok_or(DoesNotOpen)?;
        let tag: Tag = GenericArray::clone_from_slice(&chunk[length..]);
        chunk.truncate(length);
        self.cipher.decrypt_in_place_detached(&nonce(index, last), &self.place, chunk, &tag).map_err(|_| DoesNotOpen)
    }
}

fn nonce(index: u32, last: bool) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

/// Seals a stream of bytes as it comes.
pub struct Sealer {
    cipher: FileCipher,
    chunk: Vec<u8>,
    index: u32,
}

impl Sealer {
    /// Nothing sealed yet.
    #[must_use]
    pub fn new(cipher: FileCipher) -> Self {
        Self { cipher, chunk: Vec::with_capacity(CHUNK + TAG), index: 0 }
    }

    /// Takes bytes in; hands out every chunk that is full and not the last.
    ///
    /// # Errors
    /// Where the cipher refuses, which it does for files of terabytes only.
    pub fn push(&mut self, mut bytes: &[u8], mut out: impl FnMut(Vec<u8>)) -> Result<(), DoesNotOpen> {
        while !bytes.is_empty() {
            if self.chunk.len() == CHUNK {
                out(self.take(false)?);
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// The last chunk.
    ///
    /// # Errors
    /// As [`Sealer::push`].
    pub fn finish(mut self) -> Result<Vec<u8>, DoesNotOpen> {
        self.take(true)
    }

    fn take(&mut self, last: bool) -> Result<Vec<u8>, DoesNotOpen> {
        let mut chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK + TAG));
        self.cipher.seal(self.index, last, &mut chunk)?;
        self.index = self.index.checked_add(1).ok_or(DoesNotOpen)?;
        Ok(chunk)
    }
}

/// How many chunks a file of `size` bytes has. An empty one has one, which is empty.
#[must_use]
pub const fn chunks(size: u64) -> u64 {
    if size == 0 { 1 } else { size.div_ceil(CHUNK as u64) }
}

/// How large a file of `size` bytes is once sealed.
#[must_use]
pub const fn sealed_size(size: u64) -> u64 {
    HEADER as u64 + size + chunks(size) * TAG as u64
}

/// Which chunks hold the bytes `range` of a file, `at_once` of them together at most.
pub fn windows(range: Range<u64>, at_once: u64) -> impl Iterator<Item = Range<u64>> {
    let (first, end) = (range.start / CHUNK as u64, range.end.div_ceil(CHUNK as u64));
    (0..)
        .map(move |n| first + n * at_once)
        .take_while(move |start| *start < end)
        .map(move |start| start..end.min(start + at_once))
}

/// Where the chunks `window` of a file of `size` bytes lie in the sealed file.
#[must_use]
pub fn stored_range(window: &Range<u64>, size: u64) -> Range<u64> {
    let at = |chunk: u64| HEADER as u64 + chunk * (CHUNK + TAG) as u64;
    at(window.start)..at(window.end).min(sealed_size(size))
}

/// Opens the chunks `window` of a file of `size` bytes, as they lie in the store, and cuts `range` out of them.
///
/// # Errors
/// Where they are not these chunks.
pub fn open_window(
    cipher: &FileCipher,
    size: u64,
    window: Range<u64>,
    sealed: &[u8],
    range: &Range<u64>,
) -> Result<Vec<u8>, DoesNotOpen> {
    let last = chunks(size) - 1;
    let expected = stored_range(&window, size);
    if sealed.len() as u64 != expected.end - expected.start {
        return Err(DoesNotOpen);
    }
    let mut plain = Vec::with_capacity(sealed.len());
    let mut pieces = sealed.chunks(CHUNK + TAG);
    for index in window.clone() {
        let mut chunk = pieces.next().unwrap_or_default().to_vec();
        cipher.open(u32::try_from(index).map_err(|_| DoesNotOpen)?, index == last, &mut chunk)?;
        plain.append(&mut chunk);
    }
    let start = window.start * CHUNK as u64;
    let from = usize::try_from(range.start.saturating_sub(start)).unwrap_or(usize::MAX);
    let to = usize::try_from(range.end.saturating_sub(start)).unwrap_or(usize::MAX).min(plain.len());
    plain.truncate(to);
    plain.drain(..from.min(to));
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use aes_gcm::KeyInit as _;
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        Header { key_id: 1, salt: [7; SALT] }
    }

    fn cipher(key: u8, place: &str) -> FileCipher {
        FileCipher::new(Aes256Gcm::new(&[key; 32].into()), header(), place.as_bytes())
    }

    fn content(size: usize) -> Vec<u8> {
        (0..size).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
    }

    /// Sealed in pieces of the given lengths, without the header.
    fn seal(plain: &[u8], mut pieces: impl FnMut() -> usize) -> Vec<u8> {
        let mut sealer = Sealer::new(cipher(1, "here"));
        let (mut sealed, mut rest) = (Vec::new(), plain);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(pieces().clamp(1, rest.len()));
            sealer.push(now, |mut chunk| sealed.append(&mut chunk)).unwrap();
            rest = later;
        }
        sealed.extend(sealer.finish().unwrap());
        sealed
    }

    fn open(
        cipher: &FileCipher,
        sealed: &[u8],
        size: u64,
        range: Range<u64>,
        at_once: u64,
    ) -> Result<Vec<u8>, DoesNotOpen> {
        let mut plain = Vec::new();
        for window in windows(range.clone(), at_once) {
            let stored = stored_range(&window, size);
            let at = |offset: u64| usize::try_from(offset).unwrap() - HEADER;
            let bytes = sealed.get(at(stored.start)..at(stored.end)).ok_or(DoesNotOpen)?;
            plain.extend(open_window(cipher, size, window, bytes, &range)?);
        }
        Ok(plain)
    }

    #[test]
    fn a_header_is_read_back_and_another_files_is_not_one() {
        let bytes = Header::new(3).to_bytes();
        assert_eq!(Header::parse(&bytes).unwrap().to_bytes(), bytes);
        assert_eq!(Header::parse(&bytes[..31]), None);
        assert_eq!(Header::parse(b"%PDF-1.7 is not one of ours, it s"), None);
    }

    #[test]
    fn sizes_add_up_at_the_edges_of_chunks() {
        for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1] {
            let sealed = seal(&content(size), || 8192);
            assert_eq!((sealed.len() + HEADER) as u64, sealed_size(size as u64), "{size}");
            assert_eq!(open(&cipher(1, "here"), &sealed, size as u64, 0..size as u64, 3).unwrap(), content(size));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_range_comes_back_however_the_file_arrived(
            size in 1usize..4 * CHUNK,
            pieces in prop::collection::vec(1usize..100_000, 1..8),
            ends in (0u64..4 * CHUNK as u64, 0u64..4 * CHUNK as u64),
            at_once in 1u64..5,
        ) {
            let plain = content(size);
            let mut turn = pieces.iter().cycle();
            let sealed = seal(&plain, || *turn.next().unwrap());
            let (a, b) = (ends.0 % (size as u64 + 1), ends.1 % (size as u64 + 1));
            let range = a.min(b)..a.max(b);
            let expected = &plain[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
            prop_assert_eq!(open(&cipher(1, "here"), &sealed, size as u64, range, at_once).unwrap(), expected);
        }

        #[test]
        fn a_file_that_was_cut_does_not_open(chunks in 2usize..5, tail in 0usize..2000, cut in 1usize..200_000) {
            let size = (chunks - 1) * CHUNK + 1 + tail;
            let sealed = seal(&content(size), || 16_000);
            let left = sealed.len().saturating_sub(cut);
            // As the database knows its size, and as somebody would have it who could change that too.
            prop_assert!(open(&cipher(1, "here"), &sealed[..left], size as u64, 0..size as u64, 2).is_err());
            let whole = left / (CHUNK + TAG);
            if whole > 0 {
                let shorter = (whole * CHUNK) as u64;
                prop_assert!(open(&cipher(1, "here"), &sealed[..whole * (CHUNK + TAG)], shorter, 0..shorter, 2).is_err());
            }
        }

        #[test]
        fn chunks_in_another_order_do_not_open(a in 0usize..3, b in 0usize..3) {
            prop_assume!(a != b);
            let size = 3 * CHUNK;
            let sealed = seal(&content(size), || 16_000);
            let pieces: Vec<&[u8]> = sealed.chunks(CHUNK + TAG).collect();
            let mut swapped = pieces.clone();
            swapped.swap(a, b);
            prop_assert!(open(&cipher(1, "here"), &swapped.concat(), size as u64, 0..size as u64, 2).is_err());
            let mut twice = pieces;
            twice[a] = twice[b];
            prop_assert!(open(&cipher(1, "here"), &twice.concat(), size as u64, 0..size as u64, 2).is_err());
        }

        #[test]
        fn one_changed_bit_is_noticed(size in 1usize..2 * CHUNK, at in 0usize..3 * CHUNK, bit in 0u32..8) {
            let mut sealed = seal(&content(size), || 30_000);
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&cipher(1, "here"), &sealed, size as u64, 0..size as u64, 4).is_err());
        }

        #[test]
        fn another_key_place_or_header_opens_nothing(size in 1usize..CHUNK) {
            let sealed = seal(&content(size), || 30_000);
            let all = 0..size as u64;
            prop_assert!(open(&cipher(1, "here"), &sealed, size as u64, all.clone(), 1).is_ok());
            prop_assert!(open(&cipher(2, "here"), &sealed, size as u64, all.clone(), 1).is_err());
            prop_assert!(open(&cipher(1, "there"), &sealed, size as u64, all.clone(), 1).is_err());
            let other = FileCipher::new(Aes256Gcm::new(&[1; 32].into()), Header { key_id: 2, ..header() }, b"here");
            prop_assert!(open(&other, &sealed, size as u64, all, 1).is_err());
        }
    }
}
