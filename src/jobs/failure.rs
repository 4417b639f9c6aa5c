//! What is kept of a failed attempt: enough to mend it, and nothing about a patient.

use std::time::Duration;

use rand::Rng as _;

use crate::error::{Error, without_values};

/// The longest text that is kept.
const CHARS: usize = 300;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause: whoever mends the cause should not have to wait for half a day.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How long to wait before the next attempt, after `attempt` of them: 5 s, 10 s, 20 s, … up to an hour, each a quarter
/// more or less by chance, so that what failed together does not come back together.
pub(super) fn pause(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE).mul_f64(rand::rng().random_range(0.75..1.25))
}

/// The error in words that may be shown on a page and kept in a table. Messages of the database and of parsers quote
/// the values they complain about; of those, only the code and the names of constraint and table are kept.
pub(super) fn describe(error: &Error) -> String {
    let text = match error {
        Error::Unavailable(_) => "the database was unavailable".to_owned(),
        Error::Full(_) => "there was no room left for files".to_owned(),
        Error::Storage(_) => "the store of files was unavailable".to_owned(),
        Error::Internal(cause) => cause.chain().find_map(without_values).unwrap_or_else(|| cause.to_string()),
        Error::BadRequest(_)
        | Error::SignedOut
        | Error::StepUp
        | Error::Forbidden
        | Error::NotFound
        | Error::Conflict(_)
        | Error::Unprocessable(_)
        | Error::TooLarge
        | Error::TooMany { .. } => error.to_string(),
    };
    text.chars().filter(|c| !c.is_control()).take(CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        for (attempt, seconds) in [(1, 5.0), (2, 10.0), (5, 80.0), (12, 3600.0), (40, 3600.0)] {
            let pause = pause(attempt).as_secs_f64();
            assert!((seconds * 0.75..seconds * 1.25).contains(&pause), "{attempt}: {pause}");
        }
    }

    #[test]
    fn what_is_kept_quotes_no_values() {
        let parse = serde_json::from_str::<u32>("\"Ada Okafor\"").unwrap_err();
        assert_eq!(describe(&parse.into()), "JSON cannot be read (Data error)");
        assert_eq!(describe(&Error::NotFound), "not found");
        let long = Error::Internal(anyhow::anyhow!("{}", "x".repeat(1_000)));
        assert_eq!(describe(&long).len(), CHARS);
    }
}
