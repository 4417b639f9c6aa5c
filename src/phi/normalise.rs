//! One spelling per value, so that a blind index finds what people type differently.

use unicode_normalization::UnicodeNormalization as _;

/// The United Kingdom, for telephone numbers written without a country.
pub const CALLING_CODE: &str = "44";

/// A medical record number, member id or the like: no spaces or dashes, upper-case.
pub fn record_number(typed: &str) -> String {
    typed.nfkc().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// An e-mail address: trimmed, lower-case.
pub fn email(typed: &str) -> String {
    typed.trim().nfkc().flat_map(char::to_lowercase).collect()
}

/// A telephone number as digits with its country first: `+44 (0)7700 900123`, `0044 7700 900123` and
/// `07700 900123` are one number. `calling_code` is the country of numbers that name none.
pub fn phone(typed: &str, calling_code: &str) -> String {
    let typed: String = typed.nfkc().collect();
    let typed = typed.trim();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if let Some(international) = typed.strip_prefix('+').or_else(|| typed.strip_prefix("00")) {
        return digits(&international.replacen("(0)", "", 1));
    }
    let number = digits(typed);
    if let Some(national) = number.strip_prefix('0') {
        return format!("{calling_code}{national}");
    }
    // Eleven digits that begin with the country are the whole number without its plus; fewer are national.
    if number.is_empty() || (number.starts_with(calling_code) && number.len() > 10) {
        return number;
    }
    format!("{calling_code}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_phone_number_however_it_is_written() {
        for typed in [
            "+44 (0)7700 900123",
            "+44 7700 900-123",
            "0044 7700 900123",
            "07700 900123",
            "(07700) 900123",
            "447700900123",
            "7700900123",
        ] {
            assert_eq!(phone(typed, CALLING_CODE), "447700900123", "{typed}");
        }
        assert_eq!(phone("(212) 555-0100", "1"), "12125550100");
        assert_eq!(phone("+1 212 555 0100", CALLING_CODE), "12125550100");
        assert_eq!(phone("none", CALLING_CODE), "");
    }

    #[test]
    fn one_record_number_and_one_email_address() {
        assert_eq!(record_number(" mrn 00-12ab "), "MRN0012AB");
        assert_eq!(record_number("ＭＲＮ１２"), "MRN12");
        assert_eq!(email("  Ada.Lovelace@Example.ORG "), "ada.lovelace@example.org");
    }
}
