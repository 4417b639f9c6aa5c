//! How much of something slow one person may do at once, in this process: so that nobody takes the places of all others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::ids::UserId;

/// Forms with files that one person may be sending at once. Each may take hours, and there are few places for all (`web::limits`).
pub static UPLOADS: Places<UserId> = Places::new(20);

/// Seconds until another attempt makes sense.
const SOON: u64 = 10;

/// Places for each `K`.
#[derive(Debug)]
pub struct Places<K> {
    most: u8,
    taken: Mutex<BTreeMap<K, u8>>,
}

/// One of them; dropped, it is free again.
#[derive(Debug)]
pub struct Place<K: Copy + Ord + 'static> {
    places: &'static Places<K>,
    key: K,
}

impl<K: Copy + Ord> Places<K> {
    /// So many for each.
    #[must_use]
    pub const fn new(most: u8) -> Self {
        Self { most, taken: Mutex::new(BTreeMap::new()) }
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<K, u8>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place of `key`.
    ///
    /// # Errors
    /// [`Error::TooMany`] where there is none left.
    pub fn take(&'static self, key: K) -> Result<Place<K>, Error> {
        let mut taken = self.taken();
        let count = taken.entry(key).or_default();
        if *count >= self.most {
            return Err(Error::TooMany { retry_after: SOON });
        }
        *count += 1;
        Ok(Place { places: self, key })
    }
}

impl<K: Copy + Ord> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_places_of_others() {
        static PLACES: Places<u8> = Places::new(3);
        let all: Vec<_> = std::iter::from_fn(|| PLACES.take(1).ok()).collect();
        assert_eq!(all.len(), 3);
        assert!(PLACES.take(2).is_ok());
        drop(all);
        assert!(PLACES.take(1).is_ok());
        assert!(PLACES.taken().is_empty(), "nothing is left of them");
    }
}
