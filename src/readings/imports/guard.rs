//! No part of a file may be larger than what stands for one reading.

use std::io::{BufRead, Error, Read, Result};

use super::Unreadable;

/// The most bytes between two tags, or in a line. The longest record of a real export has some ten thousand, its document type twenty.
const PART: u64 = 256 * 1024;

/// What the error says, and is known by.
pub(super) const TOO_LONG: &str = "a part of the file is too long";

/// A reader whose parts are bounded: who parses says where a part begins.
pub(super) struct Guard<R> {
    inner: R,
    part: u64,
}

impl<R> Guard<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, part: 0 }
    }

    /// The next part begins here.
    pub fn begin(&mut self) {
        self.part = 0;
    }

    fn check(&self) -> Result<()> {
        if self.part > PART { Err(Error::other(TOO_LONG)) } else { Ok(()) }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.check()?;
        let read = self.inner.read(buffer)?;
        self.part += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Guard<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.part += amount as u64;
        self.inner.consume(amount);
    }
}

/// What is said of a file that could not be read on.
pub(super) fn unreadable(error: &Error) -> Unreadable {
    if error.to_string() == TOO_LONG {
        return Unreadable::new("A part of the file is far longer than any reading. It is not what it seems to be.");
    }
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Unreadable::new("The file ends in the middle. Export it again."),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            Unreadable::new("The file is damaged: it cannot be unpacked or read. Export it again.")
        }
        _ => Unreadable::new(super::stream::INTERRUPTED),
    }
}
