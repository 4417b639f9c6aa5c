//! Takes the air out of a stylesheet, so that its source may be written for reading.
//!
//! Thirty lines rather than a CSS parser of fifty crates: only comments and blanks go, at places where CSS gives
//! them no meaning, and nothing is reordered or rewritten.

/// The stylesheet without comments and without blanks that mean nothing.
pub fn squeeze_css(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
            rest = &rest[end..];
        } else if first == '"' || first == '\'' {
            let end = end_of_string(rest, first);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if first.is_whitespace() {
            rest = rest.trim_start();
            let binds_before = out.is_empty() || out.ends_with(['{', '}', ';', ',', '>', ':', ' ', '(']);
            let binds_after = rest.is_empty() || rest.starts_with(['{', '}', ';', ',', '>', ')', '!']);
            if !binds_before && !binds_after {
                out.push(' ');
            }
        } else {
            if first == '}' && out.ends_with(';') {
                out.pop();
            }
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The length of the string that `text` starts with, quotes included.
fn end_of_string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == quote && !escaped {
            return at + quote.len_utf8();
        }
        escaped = character == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::squeeze_css;

    #[test]
    fn comments_and_blanks_go() {
        let css = "/* why */\n.a > b,\n.c {\n  color: red;\n  margin: 0 auto;\n}\n";
        assert_eq!(squeeze_css(css), ".a>b,.c{color:red;margin:0 auto}");
    }

    #[test]
    fn blanks_that_mean_something_stay() {
        let css = ".a :focus + .b { inset: calc(100% + 4px) auto; content: \" of  \"; }";
        assert_eq!(squeeze_css(css), ".a :focus + .b{inset:calc(100% + 4px) auto;content:\" of  \"}");
    }

    #[test]
    fn queries_keep_the_blank_before_their_bracket() {
        let css = "@media (max-width: 44rem) and (hover: none) {\n  a { b: c; }\n}";
        assert_eq!(squeeze_css(css), "@media (max-width:44rem) and (hover:none){a{b:c}}");
    }

    #[test]
    fn a_comment_between_two_words_still_parts_them() {
        assert_eq!(squeeze_css("a{margin:0 /* top */ auto}"), "a{margin:0 auto}");
    }

    #[test]
    fn broken_input_does_not_hang_or_panic() {
        for css in ["/*", "\"", "a{content:\"\\", "}}}", ""] {
            squeeze_css(css);
        }
    }
}
