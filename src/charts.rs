//! Charts drawn as SVG on the server: no script, no style attribute, readable aloud.
//!
//! A band shows the reference range; a value outside it is a triangle that points the way it is out, so that colour
//! is never the only sign; the latest value is printed. Nothing here panics or prints `NaN`: a value that is not a
//! finite number is left out.

use std::fmt::{self, Display, Write};

use askama::filters::HtmlSafe;

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
    let x = |place: usize| if values.len() == 1 { WIDTH / 2.0 } else { 2.0 + place as f64 * step };

    let mut svg = Svg::with_capacity(240 + points.len() * 12);
    svg.text(r#"<svg class="ch spark" viewBox="0 0 88 24" aria-hidden="true">"#);
    if let Some((low, high)) = band {
        svg.text(r#"<rect class="band" x="0" y=""#).number(scale.y(high)).text(r#"" width="88" height=""#);
        svg.number(scale.y(low) - scale.y(high)).text(r#""/>"#);
    }
    svg.line("ln", points.iter().map(|(place, value)| (x(*place), scale.y(*value))));
    if let Some((place, value)) = points.last() {
        svg.mark(x(*place), scale.y(*value), *value, band, false);
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
    svg.text(r#"<svg class="ch" viewBox="0 0 312 128" role="img" aria-labelledby=""#).escaped(id).text(r#"-t"><title id=""#);
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
    let x = |place: usize| if count == 1 { (LEFT + RIGHT) / 2.0 } else { LEFT + 8.0 + place as f64 * step };

    let mut printed: Vec<f64> = Vec::new();
    for (low, high) in &bands {
        let (top, bottom) = (scale.y(*high), scale.y(*low));
        svg.text(r#"<rect class="band" x="30" y=""#).number(top).text(r#"" width="248" height=""#).number(bottom - top);
        svg.text(r#""/><path class="bl" d="M30 "#).number(top).text("H278M30 ").number(bottom).text(r#"H278"/>"#);
        for (y, value) in [(top, *high), (bottom, *low)] {
            if printed.iter().all(|other| (other - y).abs() > 13.0) {
                printed.push(y);
                svg.text(r#"<text x="25" y=""#).number(y + 4.0).text(r#"" text-anchor="end">"#).value(value).text("</text>");
            }
        }
    }
    svg.text(r#"<path class="ax" d="M30 110H278"/>"#);
    for place in shown_labels(labels.len()) {
        svg.text(r#"<text x=""#).number(x(place)).text(r#"" y="124" text-anchor="middle">"#).escaped(&labels[place]).text("</text>");
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
        let (start, end) = ((low - spread * 0.6).min(value - spread * 0.1), (high + spread * 0.6).max(value + spread * 0.1));
        let x = |number: f64| clamp(8.0 + (number - start) / (end - start) * 324.0, 8.0, 332.0);
        svg.text(r#"<rect class="tg" x=""#).number(x(low)).text(r#"" y="18" width=""#).number(x(high) - x(low));
        svg.text(r#"" height="9"/><path class="mk" d="M"#).number(x(value)).text(r#" 17l-5 -8h10z"/>"#);
        for (place, number) in [(x(low), low), (x(high), high)] {
            svg.text(r#"<text x=""#).number(place).text(r#"" y="41" text-anchor="middle">"#).value(number).text("</text>");
        }
        let middle = (x(low) + x(high)) / 2.0;
        if x(high) - x(low) > 90.0 {
            svg.text(r#"<text x=""#).number(middle).text(r#"" y="41" text-anchor="middle">"#).escaped(words).text("</text>");
        }
    }
    svg.text("</svg>");
    RangeBar(svg.0)
}

/// Place and value of each number that can be drawn.
fn finite(values: &[f64]) -> Vec<(usize, f64)> {
    values.iter().copied().enumerate().filter(|(_, value)| drawable(*value)).collect()
}

/// Finite, and small enough that no step of the arithmetic overflows.
fn drawable(value: f64) -> bool {
    value.abs() < 1e12
}

fn finite_band(band: &(f64, f64)) -> bool {
    drawable(band.0) && drawable(band.1) && band.0 <= band.1
}

fn intervals(values: usize) -> f64 {
    values.saturating_sub(1).max(1) as f64
}

fn clamp(value: f64, low: f64, high: f64) -> f64 {
    value.max(low).min(high)
}

/// First, middle and last.
fn shown_labels(count: usize) -> impl Iterator<Item = usize> {
    let mut places = vec![0, count / 2, count.saturating_sub(1)];
    places.dedup();
    places.into_iter().filter(move |place| *place < count)
}

/// Turns values into heights.
struct Scale {
    low: f64,
    spread: f64,
    bottom: f64,
    height: f64,
}

impl Scale {
    /// Holds all points and bands with some air; nothing where there is no point. `span` is (bottom, top).
    fn fit(points: &[(usize, f64)], bands: &[(f64, f64)], air: f64, span: (f64, f64)) -> Option<Self> {
        let values = points.iter().map(|(_, value)| *value);
        let ends = bands.iter().flat_map(|(low, high)| [*low, *high]);
        points.first()?;
        let (low, high) = values.chain(ends).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let air = if high > low { (high - low) * air } else { 1.0 };
        // The spread of two numbers of the size of 1e12 that differ by little may still vanish.
        let spread = (high - low + 2.0 * air).max(1e-6);
        Some(Self { low: low - air, spread, bottom: span.0, height: span.0 - span.1 })
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - (value - self.low) / self.spread * self.height
    }
}

/// An SVG in the making.
struct Svg(String);

impl Svg {
    fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    fn escaped(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// A coordinate with one decimal at most. By hand, because the queue prints thousands of them per second and the
    /// general formatter of floats takes five times as long.
    fn number(&mut self, number: f64) -> &mut Self {
        let tenths = (number * 10.0).round() as i64;
        if tenths < 0 {
            self.0.push('-');
        }
        let tenths = tenths.unsigned_abs();
        self.whole(tenths / 10);
        if !tenths.is_multiple_of(10) {
            self.0.push('.');
            self.0.push(char::from(b'0' + (tenths % 10) as u8));
        }
        self
    }

    fn whole(&mut self, mut number: u64) {
        let mut digits = [0u8; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.0.extend(digits[start..].iter().copied().map(char::from));
    }

    /// A measured value, as it was measured: at most two decimals.
    fn value(&mut self, value: f64) -> &mut Self {
        self.0.push_str(&crate::web::format::number(value, 2));
        self
    }

    fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        self.text(r#"<polyline class=""#).text(class).text(r#"" points=""#);
        for (place, (x, y)) in points.enumerate() {
            if place > 0 {
                self.0.push(' ');
            }
            self.number(x);
            self.0.push(',');
            self.number(y);
        }
        self.text(r#""/>"#);
    }

    /// A dot in the range, a triangle upwards above it, downwards below it.
    fn mark(&mut self, x: f64, y: f64, value: f64, band: Option<(f64, f64)>, second: bool) {
        match band {
            Some((_, high)) if value > high => {
                self.text(r#"<path class="hi" d="M"#).number(x).text(" ").number(y - 4.6).text(r#"l4.4 7.6h-8.8z"/>"#);
            }
            Some((low, _)) if value < low => {
                self.text(r#"<path class="lo" d="M"#).number(x).text(" ").number(y + 4.6).text(r#"l4.4 -7.6h-8.8z"/>"#);
            }
            Some(_) | None => {
                let class = if second { "pt0 p2" } else { "pt0" };
                let _ = write!(self.0, r#"<circle class="{class}" cx=""#);
                self.number(x).text(r#"" cy=""#).number(y).text(r#"" r="2"/>"#);
            }
        }
    }
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
            @r#"<svg class="ch spark" viewBox="0 0 88 24" aria-hidden="true"><rect class="band" x="0" y="12" width="88" height="10.3"/><polyline class="ln" points="2,22.3 42,12 82,1.7"/><path class="hi" d="M82 -2.9l4.4 7.6h-8.8z"/></svg>"#
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
        assert!(chart.contains("<title id=\"bp-t\">Blood pressure; Systolic latest 184 mmHg, reference 110 to 135.</title>"), "{chart}");
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

        #[test]
        fn coordinates_are_what_the_formatter_would_print(number in -5000.0..5000.0f64) {
            let mut svg = Svg::with_capacity(8);
            svg.number(number);
            let rounded = (number * 10.0).round() / 10.0;
            let printed: f64 = svg.0.parse().expect("a number");
            prop_assert!((printed - rounded).abs() < 1e-9, "{} {}", svg.0, number);
        }
    }
}
