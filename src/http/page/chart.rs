//! Charts, drawn on the server into SVG that stretches to the width it is given. Owns how lines, areas and bars are
//! drawn and what stands around them; what they show is [`graphs`](super::graphs)'s and
//! [`timeline`](super::timeline)'s.
//!
//! A drawing holds no text: on a telephone it is squeezed, and text would be with it. The labels of its axes are HTML,
//! and below it stands in words what it shows, which is its name for a screen reader too. Its colours are the style
//! sheet's, which knows each [`Ink`] by the attribute that it is written as.

use maud::{Markup, PreEscaped, html};
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _};
use plotters::element::{PathElement, Rectangle};
use plotters::prelude::SVGBackend;
use plotters::series::AreaSeries;
use plotters::style::{Color as _, RGBColor};

use crate::domain::Timestamp;

/// The units of a drawing, which are whole numbers: fine enough that no two points that differ fall together.
const WIDTH: u32 = 4_000;
const HEIGHT: u32 = 800;

/// How much of its ink an area takes: what lies behind it is still seen.
const AREA: f64 = 0.16;

/// What something is drawn in. Each has a colour of its own, by which the style sheet knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Cards that are broken.
    Broken,
    /// Cards that work.
    Working,
    /// Cards that could not be checked.
    Unchecked,
    /// What nobody knows.
    Unknown,
    /// How long something took.
    Time,
    /// How long it usually took.
    Usual,
    /// The lines that help to read a height.
    Rule,
}

impl Ink {
    /// The light colour of the style sheet, for whoever shows the drawing without it. No two are alike.
    fn colour(self) -> RGBColor {
        match self {
            Self::Broken => RGBColor(0xB3, 0x26, 0x1E),
            Self::Working => RGBColor(0x23, 0x71, 0x4A),
            Self::Unchecked => RGBColor(0x7D, 0x58, 0x00),
            Self::Unknown => RGBColor(0xE3, 0xDF, 0xD5),
            Self::Time => RGBColor(0x1A, 0x56, 0xB0),
            Self::Usual => RGBColor(0x56, 0x5E, 0x6A),
            Self::Rule => RGBColor(0xE3, 0xDF, 0xD6),
        }
    }
}

/// The time that a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Window {
    /// Where an instant lies in it: 0 at its beginning, 1 at its end, nowhere beyond.
    fn place(self, at: Timestamp) -> f64 {
        let millis = |length: chrono::TimeDelta| f64::from(i32::try_from(length.num_seconds()).unwrap_or(i32::MAX));
        (millis(at - self.from) / millis(self.until - self.from).max(1.0)).clamp(0.0, 1.0)
    }
}

/// One line of a chart, through points in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) ink: Ink,
    /// Whether the area below it is filled.
    pub(super) filled: bool,
    pub(super) points: Vec<(Timestamp, f64)>,
}

/// A chart of lines over time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    /// Unlike every other id of the page.
    pub(super) id: &'static str,
    pub(super) window: Window,
    /// How the beginning and the middle of the window are called; its end is 'now'.
    pub(super) days: [&'static str; 2],
    /// The height of the chart, more than zero: see [`ceiling`].
    pub(super) top: f64,
    /// What stands at its top and at half its height.
    pub(super) heights: [String; 2],
    /// Those that come later are drawn over those before.
    pub(super) lines: Vec<Line>,
}

impl Chart {
    /// The chart with what it shows in words.
    pub(super) fn figure(&self, in_words: &Markup) -> Markup {
        let [top, half] = &self.heights;
        let [begin, middle] = self.days;
        let drawing = drawing((WIDTH, HEIGHT), |area| self.draw(area));
        html! {
            figure.chart {
                div.plot {
                    div.y aria-hidden="true" { span { (top) } span { (half) } span { "0" } }
                    (svg(self.id, (WIDTH, HEIGHT), &drawing))
                    div.x aria-hidden="true" { span { (begin) } span { (middle) } span { "now" } }
                }
                figcaption.small.soft id=(self.id) { (in_words) }
            }
        }
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        let mut chart = ChartBuilder::on(area).build_cartesian_2d(0.0..1.0, 0.0..self.top)?;
        let rules = [0.0, self.top / 2.0, self.top].map(|height| vec![(0.0, height), (1.0, height)]);
        chart.draw_series(rules.map(|rule| PathElement::new(rule, Ink::Rule.colour())))?;
        for line in &self.lines {
            let points: Vec<(f64, f64)> =
                line.points.iter().map(|(at, height)| (self.window.place(*at), *height)).collect();
            if line.filled {
                let area = AreaSeries::new(points.iter().copied(), 0.0, line.ink.colour().mix(AREA).filled());
                chart.draw_series(area)?;
            }
            chart.draw_series([PathElement::new(points, line.ink.colour().stroke_width(2))])?;
        }
        Ok(())
    }
}

/// The units between two bars, and those that a bar is wide.
const GAP: i32 = 12;
const BAR: i32 = 32;
const BARS_HEIGHT: i32 = 400;

/// Bars side by side, each in its ink and as high as it is given, from 0 to 1. Its name is the element `id`.
pub(super) fn bars(id: &str, bars: &[(Ink, f64)]) -> Markup {
    let count = i32::try_from(bars.len()).unwrap_or(i32::MAX / (GAP + BAR));
    let size = ((count * (GAP + BAR) - GAP).max(1).unsigned_abs(), BARS_HEIGHT.unsigned_abs());
    let drawing = drawing(size, |area| {
        for (place, (ink, height)) in (0_i32..).zip(bars) {
            let left = place * (GAP + BAR);
            let top = share(1.0 - height.clamp(0.0, 1.0));
            area.draw(&Rectangle::new([(left, top), (left + BAR, BARS_HEIGHT)], ink.colour().filled()))?;
        }
        Ok(())
    });
    svg(id, size, &drawing)
}

/// A share of a bar's height, in its units.
fn share(of: f64) -> i32 {
    (0..BARS_HEIGHT).find(|units| f64::from(*units) >= of * f64::from(BARS_HEIGHT)).unwrap_or(BARS_HEIGHT)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// What is drawn, without the element around it.
fn drawing(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut text = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area).and_then(|()| area.present())
    };
    // Into a text nothing fails to be written; a chart that did would be empty beside its words.
    let inner = text.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>")).map(|(inner, _)| inner);
    inner.filter(|_| drawn.is_ok()).map(str::to_owned).unwrap_or_default()
}

/// The element around a drawing: as wide as what it stands in, and as high as the style sheet says.
fn svg(id: &str, (width, height): (u32, u32), drawing: &str) -> Markup {
    html! {
        svg viewBox=(format!("0 0 {width} {height}")) preserveAspectRatio="none" role="img" aria-labelledby=(id) {
            (PreEscaped(drawing))
        }
    }
}

/// The height of a chart that has to hold `most`, at least `least`: a round number, the half of which is round too.
pub(super) fn ceiling(most: f64, least: f64) -> f64 {
    const ROUND: [f64; 5] = [2.0, 4.0, 6.0, 8.0, 10.0];
    let mut unit = least / 2.0;
    for _ in 0..24 {
        if let Some(round) = ROUND.into_iter().map(|round| round * unit).find(|round| *round >= most) {
            return round;
        }
        unit *= 10.0;
    }
    most
}
