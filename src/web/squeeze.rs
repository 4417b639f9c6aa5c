//! Takes the air out of stylesheets and of our own script, so that their sources may be written for reading.
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
        } else if first == '0'
            && starts_fraction(rest)
            && !out.ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '_')
        {
            rest = &rest[1..];
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

/// Makes one block of neighbours that open with the same `@layer name{`, as joined files do. `css` is squeezed.
pub fn merge_layers(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let (mut rest, mut last) = (css, "");
    while !rest.is_empty() {
        let (block, after) = rest.split_at(end_of_block(rest));
        let opening = block.split_inclusive('{').next().unwrap_or_default();
        if opening == last && opening.starts_with("@layer ") && out.ends_with('}') {
            out.pop();
            out.push_str(&block[opening.len()..]);
        } else {
            out.push_str(block);
        }
        (rest, last) = (after, opening);
    }
    out
}

/// The length of the rule or statement that `css` starts with.
fn end_of_block(css: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = 0;
    for (at, character) in css.char_indices() {
        if at < skip {
            continue;
        }
        match character {
            '"' | '\'' => skip = at + end_of_string(&css[at..], character),
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    css.len()
}

/// `0.5rem` may be written `.5rem`.
fn starts_fraction(text: &str) -> bool {
    let mut letters = text.chars().skip(1);
    letters.next() == Some('.') && letters.next().is_some_and(|c| c.is_ascii_digit())
}

/// Our own script without indentation and without lines that only hold a comment. It must have no string that spans
/// lines; that is a rule of the house, which a test of `assets` keeps.
pub fn squeeze_js(js: &str) -> String {
    let lines = js.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(String::with_capacity(js.len()), |out, line| out + line + "\n")
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
    use super::{merge_layers, squeeze_css, squeeze_js};

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
    fn fractions_lose_their_zero_and_nothing_else_does() {
        assert_eq!(
            squeeze_css("a{margin:0.5rem 10.5px -0.5em 0 0;--s0:0.25rem}"),
            "a{margin:.5rem 10.5px -0.5em 0 0;--s0:.25rem}"
        );
    }

    #[test]
    fn a_comment_between_two_words_still_parts_them() {
        assert_eq!(squeeze_css("a{margin:0 /* top */ auto}"), "a{margin:0 auto}");
    }

    #[test]
    fn a_script_loses_its_indentation_and_comment_lines() {
        assert_eq!(squeeze_js("// why\n(() => {\n  a('//'); // b\n\n})();\n"), "(() => {\na('//'); // b\n})();\n");
    }

    #[test]
    fn neighbours_of_one_layer_become_one() {
        let css = "@layer a,b;@layer a{x{y:'}'}}@layer a{z{y:1}}@media print{q{r:s}}@layer b{u{v:w}}@layer a{t{y:2}}";
        let merged = "@layer a,b;@layer a{x{y:'}'}z{y:1}}@media print{q{r:s}}@layer b{u{v:w}}@layer a{t{y:2}}";
        assert_eq!(merge_layers(css), merged);
    }

    #[test]
    fn broken_input_does_not_hang_or_panic() {
        for css in ["/*", "\"", "a{content:\"\\", "}}}", ""] {
            merge_layers(&squeeze_css(css));
        }
    }
}
