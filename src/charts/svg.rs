//! The pen behind the charts: scales, coordinates, marks.

use std::fmt::Write;

/// Place and value of each number that can be drawn.
pub(super) fn finite(values: &[f64]) -> Vec<(usize, f64)> {
    values.iter().copied().enumerate().filter(|(_, value)| drawable(*value)).collect()
}

/// Finite, and small enough that no step of the arithmetic overflows.
fn drawable(value: f64) -> bool {
    value.abs() < 1e12
}

/// Both ends can be drawn, and stand in order.
pub(super) fn finite_band(band: &(f64, f64)) -> bool {
    drawable(band.0) && drawable(band.1) && band.0 <= band.1
}

/// The gaps between so many values, at least one.
pub(super) fn intervals(values: usize) -> f64 {
    float(values.saturating_sub(1).max(1))
}

/// A place on the x axis; more than four thousand million readings are not drawn.
pub(super) fn float(place: usize) -> f64 {
    f64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

/// `value`, or the end it lies beyond.
pub(super) fn clamp(value: f64, low: f64, high: f64) -> f64 {
    value.max(low).min(high)
}

/// First, middle and last.
pub(super) fn shown_labels(count: usize) -> impl Iterator<Item = usize> {
    let mut places = vec![0, count / 2, count.saturating_sub(1)];
    places.dedup();
    places.into_iter().filter(move |place| *place < count)
}

/// Turns values into heights.
pub(super) struct Scale {
    low: f64,
    spread: f64,
    bottom: f64,
    height: f64,
}

impl Scale {
    /// Holds all points and bands with some air; nothing where there is no point. `span` is (bottom, top).
    pub(super) fn fit(points: &[(usize, f64)], bands: &[(f64, f64)], air: f64, span: (f64, f64)) -> Option<Self> {
        let values = points.iter().map(|(_, value)| *value);
        let ends = bands.iter().flat_map(|(low, high)| [*low, *high]);
        points.first()?;
        let (low, high) = values.chain(ends).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let air = if high > low { (high - low) * air } else { 1.0 };
        // The spread of two numbers of the size of 1e12 that differ by little may still vanish.
        let spread = (high - low + 2.0 * air).max(1e-6);
        Some(Self { low: low - air, spread, bottom: span.0, height: span.0 - span.1 })
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (value - self.low) / self.spread * self.height
    }
}

/// An SVG in the making.
pub(super) struct Svg(pub(super) String);

impl Svg {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    pub(super) fn escaped(&mut self, text: &str) -> &mut Self {
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
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        #[expect(clippy::cast_possible_truncation, reason = "coordinates of a drawing a few hundred units wide")]
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
    pub(super) fn value(&mut self, value: f64) -> &mut Self {
        self.0.push_str(&crate::web::format::number(value, 2));
        self
    }

    pub(super) fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
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
    pub(super) fn mark(&mut self, x: f64, y: f64, value: f64, band: Option<(f64, f64)>, second: bool) {
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

    proptest! {
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
