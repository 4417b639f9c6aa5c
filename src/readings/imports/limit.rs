//! How much is sent for one patient in a day. The same stands in `migrations/…limits_of_patients.up.sql`, where nobody gets around it.
//!
//! One file waits at a time, and goes once it is taken in: with these, what one patient's files can take of the store is bounded.

/// Files for one patient within 24 hours.
pub(super) const FILES_A_DAY: i64 = 20;

/// Their bytes.
pub(super) const BYTES_A_DAY: i64 = 8 * 1024 * 1024 * 1024;

/// What is said past the first.
pub(super) const FILES: &str =
    "Twenty files came for this person within a day, and no more are taken. Try again tomorrow";

/// What is said past the second.
pub(super) const BYTES: &str = "More than 8 GB came for this person within a day, and no more is taken. Try again tomorrow, or send a smaller file";

/// What came for one patient within 24 hours, as far as the person may know.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub files: i64,
    pub bytes: i64,
}

impl Sent {
    /// Whether one more file may come, of so many bytes.
    ///
    /// # Errors
    /// Where it may not: what to say.
    pub const fn takes(self, size: i64) -> Result<(), &'static str> {
        if self.files >= FILES_A_DAY {
            Err(FILES)
        } else if self.bytes.saturating_add(size) > BYTES_A_DAY {
            Err(BYTES)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_file_and_the_last_byte_are_taken_and_none_after() {
        let sent = |files, bytes| Sent { files, bytes };
        assert_eq!(sent(0, 0).takes(BYTES_A_DAY), Ok(()));
        assert_eq!(sent(FILES_A_DAY - 1, 0).takes(1), Ok(()));
        assert_eq!(sent(FILES_A_DAY, 0).takes(1), Err(FILES));
        assert_eq!(sent(1, BYTES_A_DAY - 1).takes(1), Ok(()));
        assert_eq!(sent(1, BYTES_A_DAY).takes(1), Err(BYTES));
        assert_eq!(sent(1, 1).takes(i64::MAX), Err(BYTES));
    }
}
