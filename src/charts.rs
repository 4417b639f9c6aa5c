//! Charts drawn as SVG on the server: no script, no style attribute, readable aloud.
//!
//! A band shows the reference range; a value outside it is a triangle that points the way it is out, so that colour
//! is never the only sign; the latest value is printed. Nothing here panics or prints `NaN`: a value that is not a
//! finite number is left out.

pub mod sample;
mod svg;
pub mod trend;

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

use svg::{Scale, Svg, clamp, finite, finite_band, float, intervals, shown_labels};

/// A small line without axes, for a table cell; says nothing to the ear, as the row says it in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spark(String);

/// A line chart with reference bands, dates and the latest values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChart(String);

/// Where one value lies in its range, for patients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeBar(String);

macro_rules! printed_as_svg {
    ($($name:ident),+) => {$(
        impl Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        /// Made of numbers and escaped words only.
        impl HtmlSafe for $name {}
    )+};
}

printed_as_svg!(Spark, LineChart, RangeBar);

mod bars;

pub use bars::{Bar, Columns, bar, columns, reach};

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// "Systolic".
    pub name: &'a str,
    /// Oldest first, one per label of the chart.
    pub values: &'a [f64],
    /// The reference range, lower and upper end.
    pub band: Option<(f64, f64)>,
}

/// Draws a spark line, oldest value first.
#[must_use]
pub fn spark(values: &[f64], band: Option<(f64, f64)>) -> Spark {
    const WIDTH: f64 = 88.0;
    const HEIGHT: f64 = 24.0;
    let band = band.filter(finite_band);
    let points = finite(values);
    let Some(scale) = Scale::fit(&points, band.as_slice(), 0.08, (HEIGHT, 0.0)) else {
        return Spark(r#"<svg class="ch spark" viewBox="0 0 88 24" aria-hidden="true"></svg>"#.to_owned());
    };
    let step = (WIDTH - 8.0) / intervals(values.len());
    // Whole pixels: fifty of these on a page are a tenth of what travels.
    let x = |place: usize| if values.len() == 1 { WIDTH / 2.0 } else { (2.0 + float(place) * step).round() };
    let y = |value: f64| scale.y(value).round();

    let mut svg = Svg::with_capacity(240 + points.len() * 12);
    svg.text(r#"<svg class="ch spark" viewBox="0 0 88 24" aria-hidden="true">"#);
    if let Some((low, high)) = band {
        svg.text(r#"<rect class="band" x="0" y=""#).number(y(high)).text(r#"" width="88" height=""#);
        svg.number(y(low) - y(high)).text(r#""/>"#);
    }
    svg.line("ln", points.iter().map(|(place, value)| (x(*place), y(*value))));
    if let Some((place, value)) = points.last() {
        svg.mark(x(*place), y(*value), *value, band, false);
    }
    svg.text("</svg>");
    Spark(svg.0)
}

/// Draws a chart of up to two lines over the same labels. `id` must be unique on the page.
#[must_use]
pub fn line_chart(id: &str, title: &str, unit: &str, labels: &[String], series: &[Series<'_>]) -> LineChart {
    const WIDTH: f64 = 312.0;
    const HEIGHT: f64 = 128.0;
    const LEFT: f64 = 30.0;
    const RIGHT: f64 = WIDTH - 34.0;
    const TOP: f64 = 8.0;
    const BOTTOM: f64 = HEIGHT - 18.0;

    let lines: Vec<_> = series.iter().map(|line| (line, finite(line.values), line.band.filter(finite_band))).collect();
    let all: Vec<_> = lines.iter().flat_map(|(_, points, _)| points.iter().copied()).collect();
    let bands: Vec<_> = lines.iter().filter_map(|(_, _, band)| *band).collect();

    let mut svg = Svg::with_capacity(700 + all.len() * 90);
    svg.text(r#"<svg class="ch" viewBox="0 0 312 128" role="img" aria-labelledby=""#)
        .escaped(id)
        .text(r#"-t"><title id=""#);
    svg.escaped(id).text(r#"-t">"#).escaped(title);
    for (line, points, band) in &lines {
        svg.text("; ").escaped(line.name);
        match points.last() {
            Some((_, value)) => svg.text(" latest ").value(*value).text(" ").escaped(unit),
            None => svg.text(" no readings"),
        };
        if let Some((low, high)) = band {
            svg.text(", reference ").value(*low).text(" to ").value(*high);
        }
    }
    svg.text(".</title>");

    let Some(scale) = Scale::fit(&all, &bands, 0.12, (BOTTOM, TOP)) else {
        svg.text(r#"<text x="156" y="64" text-anchor="middle">No readings yet</text></svg>"#);
        return LineChart(svg.0);
    };
    let count = labels.len().max(series.iter().map(|line| line.values.len()).max().unwrap_or_default());
    let step = (RIGHT - LEFT - 16.0) / intervals(count);
    let x = |place: usize| if count == 1 { f64::midpoint(LEFT, RIGHT) } else { LEFT + 8.0 + float(place) * step };

    let mut printed: Vec<f64> = Vec::new();
    for (low, high) in &bands {
        let (top, bottom) = (scale.y(*high), scale.y(*low));
        svg.text(r#"<rect class="band" x="30" y=""#).number(top).text(r#"" width="248" height=""#).number(bottom - top);
        svg.text(r#""/><path class="bl" d="M30 "#).number(top).text("H278M30 ").number(bottom).text(r#"H278"/>"#);
        for (y, value) in [(top, *high), (bottom, *low)] {
            if printed.iter().all(|other| (other - y).abs() > 13.0) {
                printed.push(y);
                svg.text(r#"<text x="25" y=""#)
                    .number(y + 4.0)
                    .text(r#"" text-anchor="end">"#)
                    .value(value)
                    .text("</text>");
            }
        }
    }
    svg.text(r#"<path class="ax" d="M30 110H278"/>"#);
    for place in shown_labels(labels.len()) {
        svg.text(r#"<text x=""#)
            .number(x(place))
            .text(r#"" y="124" text-anchor="middle">"#)
            .escaped(&labels[place])
            .text("</text>");
    }
    let mut last_labels: Vec<f64> = Vec::new();
    for (order, (_, points, band)) in lines.iter().enumerate() {
        let class = if order == 0 { "ln" } else { "ln l2" };
        svg.line(class, points.iter().map(|(place, value)| (x(*place), scale.y(*value))));
        for (place, value) in points {
            svg.mark(x(*place), scale.y(*value), *value, *band, order > 0);
        }
        if let Some((_, value)) = points.last() {
            let mut y = scale.y(*value);
            if let Some(other) = last_labels.iter().find(|other| (*other - y).abs() < 11.0) {
                y = other + 11.0;
            }
            last_labels.push(y);
            svg.text(r#"<text class="lab" x="281" y=""#).number(y + 4.0).text(r#"">"#).value(*value).text("</text>");
        }
    }
    svg.text("</svg>");
    LineChart(svg.0)
}

/// Draws a value against its goal, for the portal. Nothing but the range is printed: the words stand beside it.
#[must_use]
pub fn range_bar(goal: (f64, f64), value: f64, words: &str) -> RangeBar {
    let mut svg = Svg::with_capacity(600);
    svg.text(r#"<svg class="range" viewBox="0 0 340 44" aria-hidden="true"><rect class="tr" x="8" y="18" width="324" height="9" rx="4.5"/>"#);
    let (low, high) = goal;
    if finite_band(&goal) && value.is_finite() {
        let spread = (high - low).abs().max(1e-9);
        let (start, end) =
            ((low - spread * 0.6).min(value - spread * 0.1), (high + spread * 0.6).max(value + spread * 0.1));
        let x = |number: f64| clamp(8.0 + (number - start) / (end - start) * 324.0, 8.0, 332.0);
        svg.text(r#"<rect class="tg" x=""#).number(x(low)).text(r#"" y="18" width=""#).number(x(high) - x(low));
        svg.text(r#"" height="9"/><path class="mk" d="M"#).number(x(value)).text(r#" 17l-5 -8h10z"/>"#);
        for (place, number) in [(x(low), low), (x(high), high)] {
            svg.text(r#"<text x=""#)
                .number(place)
                .text(r#"" y="41" text-anchor="middle">"#)
                .value(number)
                .text("</text>");
        }
        let middle = f64::midpoint(x(low), x(high));
        if x(high) - x(low) > 90.0 {
            svg.text(r#"<text x=""#)
                .number(middle)
                .text(r#"" y="41" text-anchor="middle">"#)
                .escaped(words)
                .text("</text>");
        }
    }
    svg.text("</svg>");
    RangeBar(svg.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(count: usize) -> Vec<String> {
        (1..=count).map(|day| format!("{day:02}-Nov")).collect()
    }

    fn pressure(values: &[f64]) -> String {
        let series = [Series { name: "Systolic", values, band: Some((110.0, 135.0)) }];
        line_chart("bp", "Blood pressure", "mmHg", &days(values.len()), &series).to_string()
    }

    #[test]
    fn a_value_above_the_band_points_up_and_below_it_down() {
        assert!(spark(&[90.0, 100.0, 184.0], Some((90.0, 140.0))).to_string().contains(r#"class="hi""#));
        assert!(spark(&[95.0, 94.0, 88.0], Some((92.0, 100.0))).to_string().contains(r#"class="lo""#));
        assert!(spark(&[95.0, 94.0, 93.0], Some((92.0, 100.0))).to_string().contains(r#"class="pt0""#));
    }

    #[test]
    fn a_spark_has_the_expected_geometry() {
        insta::assert_snapshot!(
            spark(&[1.0, 2.0, 3.0], Some((1.0, 2.0))).to_string(),
            @r#"<svg class="ch spark" viewBox="0 0 88 24" aria-hidden="true"><rect class="band" x="0" y="12" width="88" height="10"/><polyline class="ln" points="2,22 42,12 82,2"/><path class="hi" d="M82 -2.6l4.4 7.6h-8.8z"/></svg>"#
        );
    }

    #[test]
    fn empty_and_single_series_are_fine() {
        assert!(!spark(&[], None).to_string().contains("polyline"));
        assert!(spark(&[7.0], None).to_string().contains(r#"cx="44""#));
        assert!(pressure(&[]).contains("No readings yet"));
        assert!(pressure(&[]).contains("Systolic no readings, reference 110 to 135"));
        assert!(pressure(&[120.0]).contains(">120</text>"));
    }

    #[test]
    fn the_title_says_what_the_eye_sees() {
        let chart = pressure(&[128.0, 131.5, 184.0]);
        assert!(
            chart
                .contains("<title id=\"bp-t\">Blood pressure; Systolic latest 184 mmHg, reference 110 to 135.</title>"),
            "{chart}"
        );
        assert!(chart.contains(">01-Nov<") && chart.contains(">03-Nov<"), "{chart}");
    }

    #[test]
    fn words_are_escaped() {
        let series = [Series { name: "<b>", values: &[1.0], band: None }];
        let chart = line_chart("x\"", "a & b", "'", &["<i>".to_owned()], &series).to_string();
        assert!(!chart.contains("<b>") && !chart.contains("<i>") && chart.contains("a &amp; b"), "{chart}");
    }

    #[test]
    fn equal_values_lie_on_one_line() {
        let spark = spark(&[5.0, 5.0, 5.0], None).to_string();
        assert!(spark.contains("2,12 42,12 82,12"), "{spark}");
    }

    proptest! {
        #[test]
        fn nothing_ever_prints_what_is_not_a_number(
            values in proptest::collection::vec(proptest::num::f64::ANY, 0..20),
            low in proptest::num::f64::ANY,
            high in proptest::num::f64::ANY,
        ) {
            let series = [Series { name: "One", values: &values, band: Some((low, high)) }, Series { name: "Two", values: &values, band: None }];
            let drawn = format!(
                "{}{}{}",
                spark(&values, Some((low, high))),
                line_chart("c", "Title", "unit", &days(values.len()), &series),
                range_bar((low, high), values.first().copied().unwrap_or(0.0), "goal"),
            );
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }

        #[test]
        fn every_point_of_a_spark_lies_in_its_box(values in proptest::collection::vec(-1e6..1e6f64, 2..40)) {
            let svg = spark(&values, None).to_string();
            let points = svg.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            for pair in points.split(' ') {
                let (x, y) = pair.split_once(',').expect("a pair");
                let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
                prop_assert!((0.0..=88.0).contains(&x) && (-0.1..=24.1).contains(&y), "{pair}");
            }
        }
    }
}
