//! How people are found by name: the keys that lists sort and search by.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The last code point there is: everything that begins with a prefix sorts below `prefix` + this.
const LAST: char = char::MAX;

/// The key under which a name is stored for search: lower-case, diacritics folded, apostrophes gone, everything else
/// that is no letter or digit one space. `("O’Brien-Łukasz", "Zoë")` is `obrien lukasz zoe`.
#[must_use]
pub fn key(first_part: &str, second_part: &str) -> String {
    let mut key = String::with_capacity(first_part.len() + second_part.len() + 1);
    fold_into(&mut key, first_part);
    if !key.is_empty() {
        key.push(' ');
    }
    fold_into(&mut key, second_part);
    key.trim_end().to_owned()
}

/// What somebody typed, folded as [`key`] folds names; none where nothing is left to look for.
#[must_use]
pub fn search_key(typed: &str) -> Option<String> {
    let mut key = String::with_capacity(typed.len());
    fold_into(&mut key, typed);
    (!key.is_empty()).then_some(key)
}

/// The half-open range of keys that begin with `prefix`, in the order of code points (`COLLATE "C"`). A range rather
/// than a pattern, because row-level security lets only leakproof comparisons use an index.
#[must_use]
pub fn prefix_range(prefix: &str) -> (String, String) {
    (prefix.to_owned(), format!("{prefix}{LAST}"))
}

fn fold_into(key: &mut String, name: &str) {
    let start = key.len();
    let mut gap = false;
    for letter in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match letter {
            // O'Brien, O’Brien and OBrien are one name.
            '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' => {}
            _ if letter.is_alphanumeric() => {
                if gap && key.len() > start {
                    key.push(' ');
                }
                gap = false;
                match unaccented(letter) {
                    Some(plain) => key.push_str(plain),
                    None => key.push(letter),
                }
            }
            // to_lowercase may leave a combining dot (İ).
            _ if is_combining_mark(letter) => {}
            _ => gap = true,
        }
    }
}

/// Letters that Unicode does not take apart, as they are typed on keyboards without them.
const fn unaccented(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        for (last, first, expected) in [
            ("Okafor", "Adaeze", "okafor adaeze"),
            ("O’Brien-Łukasz", "Zoë", "obrien lukasz zoe"),
            ("Groß", "Ærøsk", "gross aerosk"),
            ("de la  Cruz", "José María", "de la cruz jose maria"),
            ("İnönü", "Işık", "inonu isik"),
            ("Ｎｇ", "", "ng"),
        ] {
            assert_eq!(key(last, first), expected);
        }
        assert_eq!(search_key("  OKAFOR, ad").as_deref(), Some("okafor ad"));
        assert_eq!(search_key("Ng ").as_deref(), Some("ng"));
        assert_eq!(search_key(" ,. "), None);
    }

    proptest! {
        #[test]
        fn whatever_begins_a_name_finds_it(last in "[\\p{L}' -]{1,20}", first in "\\p{L}{1,12}", cut in 1usize..30) {
            let key = key(&last, &first);
            let typed: String = key.chars().take(cut).collect();
            if let Some(prefix) = search_key(&typed) {
                let (from, to) = prefix_range(&prefix);
                prop_assert!(from.as_bytes() <= key.as_bytes() && key.as_bytes() < to.as_bytes());
            }
        }

        #[test]
        fn folding_twice_is_folding_once(name in "\\PC{0,30}") {
            let once = key(&name, "");
            prop_assert_eq!(key(&once, ""), once);
        }

        #[test]
        fn capitals_make_no_difference(name in "[a-zA-Zéüñçåø' -]{0,20}") {
            prop_assert_eq!(key(&name.to_uppercase(), ""), key(&name, ""));
        }
    }
}
