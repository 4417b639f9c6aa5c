//! Names of files: what somebody else chose, made fit to be shown. A name never becomes a path.

use unicode_normalization::UnicodeNormalization as _;

/// The longest name that is kept, in characters.
const CHARS: usize = 200;

/// The longest ending that counts as one.
const EXTENSION_CHARS: usize = 10;

/// The name as it is shown and offered for saving: no folders, no control characters, nothing that turns the writing
/// direction round (so that `fdp.exe` cannot be read as `exe.pdf`). None where nothing is left.
#[must_use]
pub fn clean(raw: &str) -> Option<String> {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.nfc().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = words.trim_matches(['.', ' ']);
    if name.is_empty() {
        return None;
    }
    if name.chars().count() <= CHARS {
        return Some(name.to_owned());
    }
    let ending = extension(name).map(|ending| format!(".{ending}")).unwrap_or_default();
    let kept: String = name.chars().take(CHARS - ending.chars().count()).collect();
    Some(kept + &ending)
}

/// What follows the last dot, in lower case.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let fits = !stem.is_empty() && !ending.is_empty() && ending.chars().count() <= EXTENSION_CHARS;
    fits.then(|| ending.to_lowercase())
}

/// Characters without a shape of their own: joiners, direction marks, byte order marks, tags.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The header that makes a browser save the answer under `name` (RFC 6266), or show it where `inline`.
#[must_use]
pub fn disposition(name: &str, inline: bool) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let mut exact = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            exact.push('%');
            exact.push_str(&hex::encode_upper([byte]));
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_and_what_cannot_be_seen_go() {
        for (raw, expected) in [
            ("letter.pdf", Some("letter.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\me\\scan.png", Some("scan.png")),
            ("a\0b\r\n c\t.txt", Some("ab c.txt")),
            ("report\u{202e}fdp.exe", Some("reportfdp.exe")),
            ("  .htaccess. ", Some("htaccess")),
            ("e\u{301}te\u{301}.txt", Some("été.txt")),
            ("تقرير.pdf", Some("تقرير.pdf")),
            ("..", None),
            ("\u{200b}", None),
            ("folder/", None),
        ] {
            assert_eq!(clean(raw).as_deref(), expected, "{raw:?}");
        }
    }

    #[test]
    fn the_ending_is_what_follows_the_last_dot() {
        assert_eq!(extension("report.pdf.exe").as_deref(), Some("exe"));
        assert_eq!(extension("REPORT.PDF").as_deref(), Some("pdf"));
        assert_eq!(extension("README"), None);
        assert_eq!(extension(".pdf"), None);
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = clean(&format!("{}.pdf", "é".repeat(400))).unwrap();
        assert_eq!(name.chars().count(), CHARS);
        assert_eq!(extension(&name).as_deref(), Some("pdf"));
    }

    #[test]
    fn a_name_survives_its_way_through_the_header() {
        assert_eq!(
            disposition("Brief „Müller“.pdf", false),
            "attachment; filename=\"Brief _M_ller_.pdf\"; filename*=UTF-8''Brief%20%E2%80%9EM%C3%BCller%E2%80%9C.pdf"
        );
        assert_eq!(
            disposition("a\"b%41.txt", true),
            "inline; filename=\"a_b_41.txt\"; filename*=UTF-8''a%22b%2541.txt"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_the_name_what_is_left_is_one_line_without_folders(raw in any::<String>()) {
            if let Some(name) = clean(&raw) {
                prop_assert!(!name.is_empty() && name.chars().count() <= CHARS);
                prop_assert!(!name.contains(['/', '\\', '\0', '\n', '\r']) && !name.starts_with('.'));
                prop_assert_eq!(clean(&name), Some(name.clone()), "cleaning is done after once");
                prop_assert!(axum::http::HeaderValue::from_str(&disposition(&name, false)).is_ok());
            }
        }
    }
}
