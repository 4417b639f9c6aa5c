//! Charts over time, for series of any length.
//!
//! Many readings are shown as a band: each column of pixels from the lowest to the highest of what falls into it. Few enough for a
//! line ([`Size::line`]) are joined by one, through those readings that make its shape ([`sample::triangles`]); whichever of them the
//! line leaves out, the highest and the lowest stay, and what is out of range has its mark.

use super::LineChart;
use super::sample;
use super::svg::{Scale, Svg, finite_band};

/// What falls into one column of pixels; lowest and highest are the same where that is one reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, as a share of the span: 0 is its beginning and 1 its end.
    pub at: f64,
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
}

/// One line over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend<'a> {
    /// "Systolic".
    pub name: &'a str,
    /// Oldest first.
    pub points: &'a [Point],
    /// The reference range, lower and upper end.
    pub band: Option<(f64, f64)>,
    /// The person's goal, lower and upper end; equal where it is one value.
    pub goal: Option<(f64, f64)>,
    /// The latest reading, of this span or before.
    pub latest: Option<f64>,
}

/// How large a chart is, in units of its drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One of several on a page.
    Small,
    /// The one that the page is about.
    Large,
}

impl Size {
    const fn box_of(self) -> (f64, f64) {
        match self {
            Self::Small => (312.0, 128.0),
            Self::Large => (760.0, 260.0),
        }
    }

    /// Columns of pixels: more points than these are not to be told apart.
    #[must_use]
    pub const fn columns(self) -> u32 {
        match self {
            Self::Small => 248,
            Self::Large => 680,
        }
    }

    /// Up to so many readings are joined by a line, and more are shown as columns: two in a column of pixels still have a direction.
    #[must_use]
    pub const fn line(self) -> u32 {
        self.columns() * 2
    }
}

const LEFT: f64 = 34.0;
const RIGHT: f64 = 34.0;

/// Up to so many readings each has a mark of its own.
const MARKED: usize = 100;

/// Marks of readings out of range stand at least this far apart: a row of triangles says no more than some of them.
const MARK_GAP: f64 = 7.0;

/// Draws up to two lines over one span of time. `id` must be unique on the page; `labels` are shares of the span with words.
#[must_use]
pub fn trend(
    id: &str,
    title: &str,
    unit: &str,
    labels: &[(f64, String)],
    size: Size,
    lines: &[Trend<'_>],
) -> LineChart {
    let (width, height) = size.box_of();
    let (right, bottom) = (width - RIGHT, height - 18.0);
    let kept: Vec<Vec<Point>> = lines.iter().map(|line| drawable(line.points)).collect();
    let values: Vec<(usize, f64)> = kept.iter().flatten().flat_map(|point| [(0, point.low), (0, point.high)]).collect();
    let bands: Vec<(f64, f64)> =
        lines.iter().flat_map(|line| [line.band, line.goal]).flatten().filter(finite_band).collect();

    let mut svg = Svg::with_capacity(1200 + values.len() * 10);
    svg.text(r#"<svg class="ch"#).text(if size == Size::Large { " wide" } else { "" }).text(r#"" viewBox="0 0 "#);
    svg.number(width).text(" ").number(height).text(r#"" role="img" aria-labelledby=""#).escaped(id);
    svg.text(r#"-t"><title id=""#).escaped(id).text(r#"-t">"#).escaped(title);
    for line in lines {
        said(&mut svg, line, unit);
    }
    svg.text(".</title>");
    let Some(scale) = Scale::fit(&values, &bands, 0.1, (bottom, 8.0)) else {
        svg.text(r#"<text x=""#).number(width / 2.0).text(r#"" y=""#).number(height / 2.0);
        svg.text(r#"" text-anchor="middle">No readings in this time</text></svg>"#);
        return LineChart(svg.0);
    };
    let x = |at: f64| LEFT + at.clamp(0.0, 1.0) * (right - LEFT);
    ground(&mut svg, &scale, lines, (right, bottom));
    for (at, label) in labels {
        svg.text(r#"<text x=""#).number(x(*at)).text(r#"" y=""#).number(height - 4.0);
        svg.text(r#"" text-anchor="middle">"#).escaped(label).text("</text>");
    }
    let mut taken: Vec<f64> = Vec::new();
    for (order, (line, points)) in lines.iter().zip(&kept).enumerate() {
        drawn(&mut svg, points, order > 0, size, (&x, &scale));
        marks(&mut svg, points, line.band.filter(finite_band), order > 0, &x, &scale);
        if let (Some(last), Some(latest)) = (points.last(), line.latest) {
            let mut y = scale.y(last.high.min(latest.max(last.low)));
            if let Some(other) = taken.iter().find(|other| (*other - y).abs() < 11.0) {
                y = other + 11.0;
            }
            taken.push(y);
            svg.text(r#"<text class="lab" x=""#).number(right + 5.0).text(r#"" y=""#).number(y + 4.0);
            svg.text(r#"">"#).value(latest).text("</text>");
        }
    }
    svg.text("</svg>");
    LineChart(svg.0)
}

/// What can be drawn at all.
fn drawable(points: &[Point]) -> Vec<Point> {
    let fine = |value: f64| value.abs() < 1e12;
    points.iter().copied().filter(|point| fine(point.low) && fine(point.high) && point.at.is_finite()).collect()
}

fn said(svg: &mut Svg, line: &Trend<'_>, unit: &str) {
    svg.text("; ").escaped(line.name);
    match line.latest {
        Some(value) => svg.text(" latest ").value(value).text(" ").escaped(unit),
        None => svg.text(" no readings"),
    };
    for (words, range) in [(", reference ", line.band), (", goal ", line.goal)] {
        if let Some((low, high)) = range.filter(finite_band) {
            svg.text(words).value(low);
            if high > low {
                svg.text(" to ").value(high);
            }
        }
    }
}

/// Bands, goals and the axis.
fn ground(svg: &mut Svg, scale: &Scale, lines: &[Trend<'_>], (right, bottom): (f64, f64)) {
    let mut printed: Vec<f64> = Vec::new();
    let mut tick = |svg: &mut Svg, y: f64, value: f64| {
        if printed.iter().all(|other| (other - y).abs() > 12.0) {
            printed.push(y);
            svg.text(r#"<text x="29" y=""#)
                .number(y + 4.0)
                .text(r#"" text-anchor="end">"#)
                .value(value)
                .text("</text>");
        }
    };
    for (low, high) in lines.iter().filter_map(|line| line.band.filter(finite_band)) {
        let (top, base) = (scale.y(high), scale.y(low));
        svg.text(r#"<rect class="band" x="34" y=""#).number(top).text(r#"" width=""#).number(right - LEFT);
        svg.text(r#"" height=""#).number(base - top).text(r#""/><path class="bl" d="M34 "#).number(top).text("H");
        svg.number(right).text("M34 ").number(base).text("H").number(right).text(r#""/>"#);
        tick(svg, top, high);
        tick(svg, base, low);
    }
    for (low, high) in lines.iter().filter_map(|line| line.goal.filter(finite_band)) {
        for value in if high > low { vec![low, high] } else { vec![low] } {
            let y = scale.y(value);
            svg.text(r#"<path class="gl" d="M34 "#).number(y).text("H").number(right).text(r#""/>"#);
            tick(svg, y, value);
        }
    }
    svg.text(r#"<path class="ax" d="M34 "#).number(bottom).text("H").number(right).text(r#""/>"#);
}

/// A line through single readings, broken where readings are missing; a column from lowest to highest where several share one.
fn drawn(svg: &mut Svg, points: &[Point], second: bool, size: Size, (x, scale): (&impl Fn(f64) -> f64, &Scale)) {
    let class = if second { "ln l2" } else { "ln" };
    if points.iter().any(|point| point.high > point.low) {
        svg.text(r#"<path class=""#).text(class).text(r#" rg" d=""#);
        for point in points {
            let (top, base) = (scale.y(point.high), scale.y(point.low));
            // A single reading is a dot, not nothing.
            let base = if base - top < 1.0 { top + 1.0 } else { base };
            svg.text("M").number(x(point.at)).text(" ").number(top).text("V").number(base);
        }
        svg.text(r#""/>"#);
        return;
    }
    for stretch in stretches(points) {
        let share = size.columns() as usize * stretch.len() / points.len();
        let values: Vec<(f64, f64)> = stretch.iter().map(|point| (point.at, point.high)).collect();
        let kept = sample::triangles(&values, share);
        svg.line(class, kept.into_iter().map(|place| (x(stretch[place].at), scale.y(stretch[place].high))));
    }
}

/// Stretches without a hole. A hole is a pause more than five times as long as usual.
fn stretches(points: &[Point]) -> Vec<&[Point]> {
    let mut pauses: Vec<f64> = points.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    pauses.sort_by(f64::total_cmp);
    let usual = pauses.get(pauses.len() / 2).copied().unwrap_or(1.0).max(1e-6);
    points.chunk_by(|one, next| points.len() < 4 || next.at - one.at <= usual * 5.0).collect()
}

/// Shapes on what is out of range, and dots on the rest where there are few.
fn marks(
    svg: &mut Svg,
    points: &[Point],
    band: Option<(f64, f64)>,
    second: bool,
    x: &impl Fn(f64) -> f64,
    scale: &Scale,
) {
    let few = points.len() <= MARKED && points.iter().all(|point| point.low >= point.high);
    if few {
        for point in points {
            svg.mark(x(point.at), scale.y(point.high), point.high, band, second);
        }
        return;
    }
    let Some((low, high)) = band else { return };
    let (mut up, mut down) = (f64::MIN, f64::MIN);
    for point in points {
        let place = x(point.at);
        if point.high > high && place - up >= MARK_GAP {
            up = place;
            svg.mark(place, scale.y(point.high), point.high, band, second);
        }
        if point.low < low && place - down >= MARK_GAP {
            down = place;
            svg.mark(place, scale.y(point.low), point.low, band, second);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(at: f64, value: f64) -> Point {
        Point { at, low: value, high: value }
    }

    fn chart(points: &[Point]) -> String {
        let line = Trend {
            name: "Weight",
            points,
            band: Some((60.0, 80.0)),
            goal: Some((75.0, 75.0)),
            latest: points.last().map(|point| point.high),
        };
        trend("w", "Weight, 14 days", "kg", &[(0.0, "01-Nov".into())], Size::Small, &[line]).to_string()
    }

    #[test]
    fn the_title_says_range_and_goal_and_the_line_breaks_where_readings_are_missing() {
        let mut points: Vec<_> = (0..10).map(|day| one(f64::from(day) / 40.0, 70.0)).collect();
        points.push(one(0.9, 85.0));
        points.push(one(0.95, 71.0));
        let drawn = chart(&points);
        assert!(drawn.contains("Weight latest 71 kg, reference 60 to 80, goal 75."), "{drawn}");
        assert_eq!(drawn.matches("<polyline").count(), 2, "{drawn}");
        assert_eq!(drawn.matches(r#"class="hi""#).count(), 1, "{drawn}");
        assert!(drawn.contains(r#"class="gl""#));
        assert!(chart(&[]).contains("No readings in this time"));
    }

    #[test]
    fn a_long_line_is_drawn_through_fewer_readings_and_keeps_what_is_out_of_range() {
        let mut points: Vec<_> =
            (0..490).map(|place| one(f64::from(place) / 490.0, 70.0 + f64::from(place % 7))).collect();
        points[200] = one(200.0 / 490.0, 95.0);
        let drawn = chart(&points);
        let line = drawn.split(r#"points=""#).nth(1).and_then(|rest| rest.split('"').next()).expect("a line");
        let corners = line.split(' ').count();
        assert!((240..=250).contains(&corners), "{corners}");
        assert_eq!(drawn.matches(r#"class="hi""#).count(), 1, "{drawn}");
    }

    #[test]
    fn a_column_shows_lowest_and_highest() {
        let drawn = chart(&[Point { at: 0.5, low: 50.0, high: 90.0 }]);
        assert!(
            drawn.contains(r#"class="ln rg""#) && drawn.contains(r#"class="hi""#) && drawn.contains(r#"class="lo""#),
            "{drawn}"
        );
    }

    proptest! {
        #[test]
        fn nothing_ever_prints_what_is_not_a_number(
            values in proptest::collection::vec((proptest::num::f64::ANY, proptest::num::f64::ANY, proptest::num::f64::ANY), 0..20),
            low in proptest::num::f64::ANY, high in proptest::num::f64::ANY,
        ) {
            let points: Vec<_> = values.iter().map(|(at, low, high)| Point { at: *at, low: *low, high: *high }).collect();
            let line = Trend { name: "A", points: &points, band: Some((low, high)), goal: Some((high, low)), latest: None };
            let drawn = trend("x", "T", "u", &[(0.5, "now".into())], Size::Large, &[line.clone(), line]).to_string();
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
