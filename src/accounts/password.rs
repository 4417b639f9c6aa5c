//! Passwords: hashed with argon2id a few at a time, refused where they are easy to guess.
//!
//! Only argon2id is written. bcrypt hashes, which an import may bring from another system, are read once: the sign-in
//! that they let in replaces them.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Fewest characters of a password that stands alone. Length is what keeps a guesser out.
pub const MIN_CHARACTERS: usize = 15;
/// Fewest characters of a password that a second factor stands beside.
pub const MIN_CHARACTERS_BESIDE: usize = 8;
/// Most bytes of a password: enough for any sentence, too few to keep a hasher busy.
pub const MAX_BYTES: usize = 1_024;
/// Characters that must be left once words that anybody would try are taken out.
const MIN_UNGUESSABLE: usize = 8;
/// The same where a second factor stands beside.
const MIN_UNGUESSABLE_BESIDE: usize = 6;
/// Different characters a password must have.
const MIN_DISTINCT: usize = 5;
/// Memory of one hash, in KiB: the second of OWASP's equivalent settings.
const MEMORY_KIB: u32 = 19_456;
const ITERATIONS: u32 = 2;
/// How long a sign-in waits for a free hasher before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);
/// Hashes at once. Each takes 19 MiB and a core, so a flood of sign-ins queues here instead of starving the pages.
const AT_ONCE: usize = 2;

/// Words that appear in guessed passwords, longest first where one contains another.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many sign-ins at once.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash is unreadable, or the hasher failed.
    #[error("password hashing failed: {0}")]
    Failed(String),
}

/// A hash of 32 random bytes that were thrown away: what a password is compared with where there is no account, so
/// that both take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$u2DBAY1AwYBN5CHYarkjHg$D+KTo1gVHssxm6Lc8D7wz5QpbDvz8EM2KZY/osfxgfs";

/// Hashes and compares. One per process.
#[derive(Clone, Debug)]
pub struct Passwords {
    hashers: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { hashers: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash to store, as a PHC string.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.run(move || hash(normalised(&password).as_bytes())).await
    }

    /// Whether the password belongs to the hash. Without a hash it never does, after the same amount of work.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<bool, PasswordError> {
        self.run(move || {
            let too_long = password.expose_secret().len() > MAX_BYTES;
            let known = stored.is_some() && !too_long;
            let stored = stored.as_deref().unwrap_or(NOBODY);
            if stored.starts_with("$2") {
                // As it was typed: the system that made the hash knew of no normal forms.
                let right = !too_long
                    && bcrypt::verify(password.expose_secret(), stored)
                        .map_err(|error| PasswordError::Failed(error.to_string()))?;
                return Ok(right);
            }
            let stored = PasswordHash::new(stored).map_err(|error| PasswordError::Failed(error.to_string()))?;
            let given = if too_long { Zeroizing::new(String::new()) } else { normalised(&password) };
            Ok(hasher()?.verify_password(given.as_bytes(), &stored).is_ok() && known)
        })
        .await
    }

    /// Whether a hash was made with weaker settings than today's, so that the next sign-in should replace it.
    #[must_use]
    pub fn is_outdated(stored: &str) -> bool {
        let current = |hash: &PasswordHash<'_>| {
            let number = |name| hash.params.get_decimal(name).unwrap_or(0);
            hash.algorithm == Algorithm::Argon2id.ident() && number("m") >= MEMORY_KIB && number("t") >= ITERATIONS
        };
        !PasswordHash::new(stored).is_ok_and(|hash| current(&hash))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let free = Arc::clone(&self.hashers).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, free).await.map_err(|_| PasswordError::Busy)?;
        let turn = turn.map_err(|_| PasswordError::Busy)?;
        // The permit moves into the work: a client that gives up does not free a hasher that is still busy.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await.map_err(|error| PasswordError::Failed(error.to_string()))?
    }
}

/// Why a new password is refused, in words for whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer characters than asked for.
    #[error("Use at least {0} characters. A short sentence works well.")]
    TooShort(usize),
    /// More than 1,024 bytes.
    #[error("Use at most 1,024 characters.")]
    TooLong,
    /// The same few characters over and over.
    #[error("Use more different characters.")]
    Repetitive,
    /// Little is left without words that anybody would try.
    #[error(
        "Choose something harder to guess: this is made of common words, or of your name, e-mail address or organization."
    )]
    Guessable,
}

/// Whether a password is too short to stand alone.
#[must_use]
pub fn is_short(password: &SecretString) -> bool {
    normalised(password).chars().count() < MIN_CHARACTERS
}

/// Whether a password may be chosen by somebody with these names, e-mail address and organization. It may be shorter
/// `beside` a second factor.
pub fn check(password: &SecretString, about: &[&str], beside: bool) -> Result<(), Weakness> {
    let (fewest, unguessable) =
        if beside { (MIN_CHARACTERS_BESIDE, MIN_UNGUESSABLE_BESIDE) } else { (MIN_CHARACTERS, MIN_UNGUESSABLE) };
    if password.expose_secret().len() > MAX_BYTES {
        return Err(Weakness::TooLong);
    }
    let password = normalised(password);
    if password.chars().count() < fewest {
        return Err(Weakness::TooShort(fewest));
    }
    let mut rest = Zeroizing::new(password.to_lowercase());
    let mut distinct: Vec<char> = rest.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < MIN_DISTINCT {
        return Err(Weakness::Repetitive);
    }
    let own = about.iter().flat_map(|words| words.split(|letter: char| !letter.is_alphanumeric()));
    let own: Vec<String> = own.filter(|word| word.chars().count() > 2).map(str::to_lowercase).collect();
    for word in own.iter().map(String::as_str).chain(COMMON.lines()) {
        *rest = rest.replace(word, "");
    }
    if rest.chars().filter(|letter| letter.is_alphanumeric()).count() < unguessable {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let failed = |error: argon2::password_hash::Error| PasswordError::Failed(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(hasher()?.hash_password(password, &salt).map_err(failed)?.to_string())
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params =
        Params::new(MEMORY_KIB, ITERATIONS, 1, None).map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The same characters typed on different keyboards are the same password.
fn normalised(password: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(password.expose_secret().nfkc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn the_right_password_is_accepted_and_others_are_not() {
        let passwords = Passwords::default();
        let stored = passwords.hash(secret("Zwölf Eulen am Fluß")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(!Passwords::is_outdated(&stored));
        assert!(passwords.verify(secret("Zwölf Eulen am Fluß"), Some(stored.clone())).await.unwrap());
        assert!(passwords.verify(secret("Zwo\u{308}lf Eulen am Fluß"), Some(stored.clone())).await.unwrap());
        for other in ["zwölf eulen am fluß", "", "Zwölf Eulen am Fluß\0", &"x".repeat(MAX_BYTES + 1)] {
            assert!(!passwords.verify(secret(other), Some(stored.clone())).await.unwrap());
        }
    }

    #[tokio::test]
    async fn an_unknown_account_costs_the_same_work_and_never_matches() {
        let passwords = Passwords::default();
        let stored = passwords.hash(secret("somebody's password")).await.unwrap();
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            for (stored, quickest) in [(Some(stored.clone()), &mut known), (None, &mut unknown)] {
                let start = std::time::Instant::now();
                assert!(!passwords.verify(secret("another password"), stored).await.unwrap());
                *quickest = (*quickest).min(start.elapsed());
            }
        }
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{known:?} against {unknown:?}");
    }

    #[tokio::test]
    async fn a_hash_of_another_system_is_read_and_to_be_replaced() {
        let passwords = Passwords::default();
        let stored = bcrypt::hash("correct horse battery", 4).unwrap();
        assert!(Passwords::is_outdated(&stored));
        assert!(passwords.verify(secret("correct horse battery"), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify(secret("correct horse"), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify(secret(&"x".repeat(MAX_BYTES + 1)), Some(stored)).await.unwrap());
        assert!(passwords.verify(secret("x"), Some("$2b$99$broken".into())).await.is_err());
    }

    #[test]
    fn weaker_hashes_are_recognised() {
        assert!(Passwords::is_outdated("$2b$12$KIXQ0wEo3y8vXk1k0C2cUeG4Y4h9y2yq2f8f0d7m6l5k4j3h2g1f0"));
        assert!(Passwords::is_outdated("$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo"));
    }

    #[test]
    fn easy_passwords_are_refused_with_the_reason() {
        let about = ["jane.chair@example.org", "Jane", "Chair", "Northgate Health"];
        let verdict = |password: &str| check(&secret(password), &about, false);
        assert_eq!(verdict("short"), Err(Weakness::TooShort(15)));
        assert_eq!(verdict("password123"), Err(Weakness::TooShort(15)));
        assert_eq!(verdict(&"ab1 ".repeat(300)), Err(Weakness::TooLong));
        assert_eq!(verdict("aaaaaaaaaaaaaaaa"), Err(Weakness::Repetitive));
        for guessable in [
            "password123password123",
            "JaneChair2024!Northgate",
            "qwertyuiopasdfghjkl",
            "1234567890123456",
            "Almoner-Welcome-2026",
            "letmeinletmeinplease",
        ] {
            assert_eq!(verdict(guessable), Err(Weakness::Guessable), "{guessable}");
        }
        assert_eq!(verdict("seven herons over the weir"), Ok(()));
        assert_eq!(verdict("пять чаек над рекой"), Ok(()));
        let beside = |password: &str| check(&secret(password), &about, true);
        assert_eq!(beside("heronweir"), Ok(()));
        assert_eq!(beside("weir"), Err(Weakness::TooShort(8)));
        assert_eq!(beside("password1"), Err(Weakness::Guessable));
        assert!(is_short(&secret("heronweir")) && !is_short(&secret("seven herons over the weir")));
    }
}
