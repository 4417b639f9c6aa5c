//! A file that is stored before there is a row for it.

use super::{Files, Stored};

/// A stored file that nobody has a row for yet. Dropped, it is taken away again.
#[derive(Debug)]
pub struct Held {
    files: Files,
    stored: Stored,
    kept: bool,
}

impl Held {
    /// Holds a file that has just been stored in `files`.
    #[must_use]
    pub fn new(files: Files, stored: Stored) -> Self {
        Self { files, stored, kept: false }
    }

    /// Where and how large it is.
    #[must_use]
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// From now on there is a row for it: a commit whose answer is lost may have happened, and a row without its file is
    /// worse than a file without its row, which is swept up.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let (files, key) = (self.files.clone(), std::mem::take(&mut self.stored.key));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = files.remove(&key).await {
                    tracing::warn!(%error, "A file without a row stays until it is swept up");
                }
            });
        }
    }
}
