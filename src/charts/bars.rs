//! Counts as bars. A [`Bar`] stands in a row of a table whose cells print the numbers, so that it needs no labels of its
//! own; [`Columns`] show two counts over time.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

use super::svg::{Svg, float, intervals};

/// Parts of a whole, side by side, for a cell of a table; says nothing to the ear, as the row says it in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar(String);

/// Two counts for each label: an outline and a filled column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(String);

printed_as_svg!(Bar, Columns);

/// A count that can be drawn.
fn count(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1e12) } else { 0.0 }
}

/// Draws the parts of a row, the faintest first; `most` is the sum of the longest row.
#[must_use]
pub fn bar(parts: &[f64], most: f64) -> Bar {
    const WIDTH: f64 = 200.0;
    let most = count(most).max(parts.iter().copied().map(count).sum());
    let mut svg = Svg::with_capacity(160 + parts.len() * 90);
    svg.text(r#"<svg class="tally" viewBox="0 0 200 12" width="100%" height="12" preserveAspectRatio="none" aria-hidden="true">"#);
    let mut x = 0.0;
    for (place, part) in parts.iter().copied().map(count).enumerate() {
        let width = if most > 0.0 { part / most * WIDTH } else { 0.0 };
        if width > 0.0 {
            // From a quarter to the whole: the parts of a row follow each other in their order.
            let tint = 0.25 + 0.75 * float(place + 1) / float(parts.len().max(1));
            svg.text(r#"<rect fill="currentColor" fill-opacity=""#).value(tint.min(1.0)).text(r#"" x=""#).number(x);
            svg.text(r#"" width=""#).number((width - 1.0).max(0.6)).text(r#"" height="12"/>"#);
        }
        x += width;
    }
    svg.text("</svg>");
    Bar(svg.0)
}

/// Draws how far most go and how far nearly all go: a filled bar, and a line up to the second value.
#[must_use]
pub fn reach(most_go: f64, nearly_all_go: f64, longest: f64) -> Bar {
    const WIDTH: f64 = 200.0;
    let (near, far) = (count(most_go), count(nearly_all_go).max(count(most_go)));
    let longest = count(longest).max(far);
    let x = |value: f64| if longest > 0.0 { value / longest * WIDTH } else { 0.0 };
    let mut svg = Svg::with_capacity(260);
    svg.text(r#"<svg class="tally" viewBox="0 0 200 12" width="100%" height="12" preserveAspectRatio="none" aria-hidden="true">"#);
    if far > 0.0 {
        svg.text(r#"<rect fill="currentColor" fill-opacity="0.4" y="5" width=""#)
            .number(x(far))
            .text(r#"" height="2"/>"#);
        svg.text(r#"<rect fill="currentColor" width=""#).number(x(near).max(0.6)).text(r#"" height="12"/>"#);
    }
    svg.text("</svg>");
    Bar(svg.0)
}

/// Draws two counts over the same labels. `id` must be unique on the page.
#[must_use]
pub fn columns(id: &str, title: &str, labels: &[String], outline: (&str, &[f64]), filled: (&str, &[f64])) -> Columns {
    const LEFT: f64 = 24.0;
    const RIGHT: f64 = 312.0;
    const TOP: f64 = 10.0;
    const BOTTOM: f64 = 110.0;
    let places = labels.len().max(outline.1.len()).max(filled.1.len());
    let sum = |values: &[f64]| -> f64 { values.iter().copied().map(count).sum() };
    let most = outline.1.iter().chain(filled.1).copied().map(count).fold(0.0, f64::max);

    let mut svg = Svg::with_capacity(500 + places * 150);
    svg.text(r#"<svg class="ch" viewBox="0 0 312 128" role="img" aria-labelledby=""#).escaped(id);
    svg.text(r#"-t"><title id=""#).escaped(id).text(r#"-t">"#).escaped(title).text("; ").escaped(outline.0).text(" ");
    svg.value(sum(outline.1)).text(", ").escaped(filled.0).text(" ").value(sum(filled.1)).text(".</title>");
    svg.text(r#"<path class="ax" d="M24 110H312"/>"#);
    if most <= 0.0 {
        svg.text(r#"<text x="168" y="64" text-anchor="middle">Nothing in this period</text></svg>"#);
        return Columns(svg.0);
    }
    svg.text(r#"<text x="20" y="14" text-anchor="end">"#)
        .value(most)
        .text(r#"</text><text x="20" y="114" text-anchor="end">0</text>"#);
    let step = (RIGHT - LEFT) / float(places.max(1));
    let width = (step * 0.36).min(16.0);
    let height = |value: f64| count(value) / most * (BOTTOM - TOP);
    for place in 0..places {
        let middle = LEFT + (float(place) + 0.5) * step;
        let value = |values: &[f64]| values.get(place).copied().unwrap_or_default();
        let (open, full) = (height(value(outline.1)), height(value(filled.1)));
        if open > 0.0 {
            svg.text(r#"<rect class="o" x=""#).number(middle - width).text(r#"" y=""#).number(BOTTOM - open);
            svg.text(r#"" width=""#).number(width - 1.0).text(r#"" height=""#).number(open).text(r#""/>"#);
        }
        if full > 0.0 {
            svg.text(r#"<rect class="f" x=""#).number(middle).text(r#"" y=""#).number(BOTTOM - full);
            svg.text(r#"" width=""#).number(width).text(r#"" height=""#).number(full).text(r#""/>"#);
        }
    }
    let last = labels.len().saturating_sub(1);
    let shown = [0, last / 2, last];
    for (place, label) in labels.iter().enumerate().filter(|(place, _)| shown.contains(place)) {
        let anchor = if place == 0 {
            "start"
        } else if place == last {
            "end"
        } else {
            "middle"
        };
        let x = LEFT + (RIGHT - LEFT) * float(place) / intervals(labels.len());
        svg.text(r#"<text x=""#).number(x).text(r#"" y="124" text-anchor=""#).text(anchor).text(r#"">"#);
        svg.escaped(label).text("</text>");
    }
    svg.text("</svg>");
    Columns(svg.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        insta::assert_snapshot!(
            bar(&[1.0, 1.0], 4.0).to_string(),
            @r#"<svg class="tally" viewBox="0 0 200 12" width="100%" height="12" preserveAspectRatio="none" aria-hidden="true"><rect fill="currentColor" fill-opacity="0.62" x="0" width="49" height="12"/><rect fill="currentColor" fill-opacity="1" x="50" width="49" height="12"/></svg>"#
        );
        assert!(!bar(&[0.0], 0.0).to_string().contains("rect"));
        assert!(reach(1.0, 2.0, 4.0).to_string().contains(r#"width="100""#));
    }

    #[test]
    fn columns_say_their_sums_and_escape_words() {
        let labels = ["<i>".to_owned(), "b".to_owned()];
        let drawn = columns("w", "Weeks", &labels, ("opened", &[3.0, 4.0]), ("completed", &[1.0, 0.0])).to_string();
        assert!(drawn.contains("<title id=\"w-t\">Weeks; opened 7, completed 1.</title>"), "{drawn}");
        assert!(!drawn.contains("<i>") && drawn.matches("class=\"o\"").count() == 2, "{drawn}");
        let none = columns("w", "Weeks", &[], ("opened", &[]), ("completed", &[])).to_string();
        assert!(none.contains("Nothing in this period"));
    }

    proptest! {
        #[test]
        fn nothing_ever_prints_what_is_not_a_number(
            values in proptest::collection::vec(proptest::num::f64::ANY, 0..20),
            most in proptest::num::f64::ANY,
        ) {
            let labels: Vec<String> = values.iter().map(|_| "x".to_owned()).collect();
            let drawn = format!(
                "{}{}{}",
                bar(&values, most),
                reach(most, values.first().copied().unwrap_or(most), most),
                columns("c", "Title", &labels, ("a", &values), ("b", &values)),
            );
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
