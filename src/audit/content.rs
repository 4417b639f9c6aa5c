//! What is hashed of an event, and how.

use sha2::{Digest as _, Sha256};

/// An event as the chain knows it: its place, and everything it says.
#[derive(Debug)]
pub(super) struct Content {
    pub seq: i64,
    /// All columns but the bookkeeping of the database, as a JSON array in the order of the query.
    pub text: String,
}

/// What comes before the first segment.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// The hash of a segment: of the hash before it, and of its events in the order of `seq`.
pub(super) fn segment_hash(previous: &[u8], events: &[Content]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"almoner/audit/v1");
    hash.update(previous);
    for event in events {
        // Each with its length, so that no two lists of events read the same.
        hash.update(u64::try_from(event.text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(&event.text);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(texts: &[&str]) -> Vec<Content> {
        texts.iter().zip(1..).map(|(text, seq)| Content { seq, text: (*text).to_owned() }).collect()
    }

    #[test]
    fn every_change_changes_the_hash() {
        let hash = segment_hash(&GENESIS, &events(&["a", "b"]));
        assert_eq!(hash, segment_hash(&GENESIS, &events(&["a", "b"])));
        for other in [&["a", "c"][..], &["b", "a"], &["a"], &["ab"], &["a", "b", ""]] {
            assert_ne!(hash, segment_hash(&GENESIS, &events(other)), "{other:?}");
        }
        assert_ne!(hash, segment_hash(&hash, &events(&["a", "b"])));
    }
}
