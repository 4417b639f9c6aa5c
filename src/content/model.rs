//! What is written to be read: a few marks for headings, lists and bold, and nothing else.
//!
//! A text becomes blocks of plain text which the templates escape: there is no way to write markup into a page.

use crate::web::form::FormErrors;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// `## Words`
    Heading(String),
    /// Words in a row.
    Paragraph(Vec<Run>),
    /// Lines that begin with `- `.
    List(Vec<Vec<Run>>),
}

/// Words that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The words.
    pub text: String,
    /// Whether they stood between `**`.
    pub bold: bool,
}

/// A text in its parts. Everything that is no mark is words; a mark that is not closed is words, too.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            open = false;
        } else if let Some(words) = line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
            blocks.push(Block::Heading(words.trim().to_owned()));
            open = false;
        } else if let Some(words) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            match blocks.last_mut() {
                Some(Block::List(items)) if open => items.push(runs(words)),
                _ => blocks.push(Block::List(vec![runs(words)])),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(words)) if open => {
                    words.push(Run { text: " ".to_owned(), bold: false });
                    words.extend(runs(line));
                }
                _ => blocks.push(Block::Paragraph(runs(line))),
            }
            open = true;
        }
    }
    blocks
}

fn runs(line: &str) -> Vec<Run> {
    let parts: Vec<&str> = line.split("**").collect();
    // An even number of parts is an odd number of marks: the last one closes nothing.
    let closed = if parts.len().is_multiple_of(2) { parts.len() - 1 } else { parts.len() };
    let mut runs: Vec<Run> = parts[..closed]
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
        .map(|(place, part)| Run { text: (*part).to_owned(), bold: place % 2 == 1 })
        .collect();
    if closed < parts.len() {
        runs.push(Run { text: format!("**{}", parts[closed]), bold: false });
    }
    runs
}

/// Words that somebody reads in a minute: a slow reader of a foreign language.
const WORDS_A_MINUTE: usize = 120;

/// How many minutes a text takes.
#[must_use]
pub fn minutes(text: &str) -> i32 {
    let words = text.split_whitespace().count();
    i32::try_from(words.div_ceil(WORDS_A_MINUTE)).unwrap_or(120).clamp(1, 120)
}

/// The languages in which there is something to read: code and name.
pub const LANGUAGES: [(&str, &str); 8] = [
    ("en", "English"),
    ("ar", "Arabic"),
    ("bn", "Bengali"),
    ("es", "Spanish"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("so", "Somali"),
    ("ur", "Urdu"),
];

/// The name of a language; its code where there is none.
#[must_use]
pub fn language(code: &str) -> &str {
    LANGUAGES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| *name)
}

/// What an entry of the library says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// The text.
    pub body: Option<String>,
    /// Or where it is.
    pub link: Option<String>,
    /// In which language.
    pub language: String,
    /// How long it takes.
    pub minutes: i32,
}

/// Reads the form of an entry.
///
/// # Errors
/// What is wrong, beside each field.
pub fn parse(typed: &crate::patients::fields::Typed) -> Result<Words, FormErrors> {
    let mut errors = FormErrors::default();
    let title = errors.required("title", typed.get("title"), "Say in a line what it is about");
    let body = errors.text("body", typed.get("body"));
    let link = typed.get("link").trim().to_owned();
    if !link.is_empty() && !is_safe(&link) {
        errors.add("link", "Enter an address that begins with https://");
    }
    if body.is_empty() && link.is_empty() {
        errors.add("body", "Write the text, or enter an address below");
    }
    let language = typed.get("language");
    if !LANGUAGES.iter().any(|(code, _)| *code == language) {
        errors.add("language", "Choose a language");
    }
    let minutes = match typed.get("minutes").trim() {
        "" => minutes(&body),
        text => text.parse().ok().filter(|minutes| (1..=120).contains(minutes)).unwrap_or_else(|| {
            errors.add("minutes", "Enter minutes from 1 to 120");
            1
        }),
    };
    if errors.is_empty() {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Ok(Words { title, body: some(body), link: some(link), language: language.to_owned(), minutes })
    } else {
        Err(errors)
    }
}

/// Whether an address may be linked to: https, with a host, and without anything that could end the attribute.
fn is_safe(link: &str) -> bool {
    let known = url::Url::parse(link).is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some());
    known && link.len() <= 2000 && !link.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Run {
        Run { text: text.to_owned(), bold: false }
    }

    #[test]
    fn marks_become_parts() {
        let text = "## Salt\n\nEat **less** salt.\nIt helps.\n\n- bread\n- cheese\n\nThe end **";
        let bold = Run { text: "less".to_owned(), bold: true };
        assert_eq!(
            blocks(text),
            [
                Block::Heading("Salt".to_owned()),
                Block::Paragraph(vec![plain("Eat "), bold, plain(" salt."), plain(" "), plain("It helps.")]),
                Block::List(vec![vec![plain("bread")], vec![plain("cheese")]]),
                Block::Paragraph(vec![plain("The end "), plain("**")]),
            ]
        );
    }

    #[test]
    fn only_https_is_linked_to() {
        for link in
            ["http://example.org", "javascript:alert(1)", "https://", "https://a\"b", "//example.org", "https:// x"]
        {
            assert!(!is_safe(link), "{link}");
        }
        assert!(is_safe("https://www.nhs.uk/conditions/"));
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-z*# \\-\n<>&]{0,200}") {
            let letters = |text: &str| text.chars().filter(char::is_ascii_lowercase).collect::<String>();
            let mut shown = String::new();
            for block in blocks(&text) {
                match block {
                    Block::Heading(words) => shown.push_str(&words),
                    Block::Paragraph(runs) => runs.iter().for_each(|run| shown.push_str(&run.text)),
                    Block::List(items) => items.iter().flatten().for_each(|run| shown.push_str(&run.text)),
                }
            }
            prop_assert_eq!(letters(&shown), letters(&text));
        }
    }
}
