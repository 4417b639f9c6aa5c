//! Chance that is the same in every run.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// A source of chance with a fixed beginning.
pub struct Chance(StdRng);

impl Chance {
    /// The same `beginning` gives the same sequence.
    pub fn new(beginning: u64) -> Self {
        Self(StdRng::seed_from_u64(beginning))
    }

    /// Below `limit`; 0 where the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { self.0.random_range(0..limit) }
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// One of a list that is not empty.
    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        *list.choose(&mut self.0).unwrap_or(&list[0])
    }

    /// Early entries more often than late ones, as with names.
    pub fn early_of<T: Copy>(&mut self, list: &[T]) -> T {
        let (a, b) = (self.below(list.len()), self.below(list.len()));
        list[a.min(b)]
    }

    /// Shuffles.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        use rand::seq::SliceRandom as _;
        list.shuffle(&mut self.0);
    }
}
