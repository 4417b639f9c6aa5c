//! How many requests patients may leave waiting. The same stands in `migrations/…limits_of_patients.up.sql`, where nobody gets around it; staff
//! who write down what is asked on the telephone are not held up.

/// Requests of one patient that wait.
pub const REQUESTS_OPEN: i64 = 5;

/// Requests that one person makes for one patient within 24 hours.
pub const REQUESTS_A_DAY: i64 = 20;

/// What is said past the first.
pub const ENOUGH_OPEN: &str = "Five requests wait for an answer. Wait for one, or take one back under Visits";

/// What is said past the second.
pub const ENOUGH_A_DAY: &str = "You asked twenty times within a day. Try again tomorrow, or call the clinic";

/// Requests of a patient as the limits count them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// That wait.
    pub open: i64,
    /// That this person made within 24 hours.
    pub lately: i64,
}

impl Asked {
    /// Whether there may be one more.
    ///
    /// # Errors
    /// Where there may not: what to say.
    pub const fn one_more(self) -> Result<(), &'static str> {
        if self.open >= REQUESTS_OPEN {
            Err(ENOUGH_OPEN)
        } else if self.lately >= REQUESTS_A_DAY {
            Err(ENOUGH_A_DAY)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_that_waits_and_the_twentieth_of_a_day_are_the_last() {
        let asked = |open, lately| Asked { open, lately }.one_more();
        assert_eq!(asked(REQUESTS_OPEN - 1, REQUESTS_A_DAY - 1), Ok(()));
        assert_eq!(asked(REQUESTS_OPEN, 0), Err(ENOUGH_OPEN));
        assert_eq!(asked(0, REQUESTS_A_DAY), Err(ENOUGH_A_DAY));
    }
}
