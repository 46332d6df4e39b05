//! `/badge/{name}.svg`: one instance in a small picture, in the look that badges have. Owns the look, and that it is green
//! only while every card is known to render.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::Board;
use crate::domain::shown::Counts;
use crate::domain::shown::Shown;
use crate::domain::snapshot::InstanceSnapshot;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("image/svg+xml; charset=utf-8");

/// The route takes no name with an ending.
const ENDING: &str = ".svg";

pub(super) async fn badge(State(board): State<Board>, Path(file): Path<String>) -> Response {
    let snapshot = board.snapshot.borrow().clone();
    let counted = board.kept.counted(&snapshot, board.clock.now(), &board.settings.borrow());
    let mut each = snapshot.iter().zip(&counted);
    let found = file.strip_suffix(ENDING).and_then(|name| each.find(|(of, _)| of.name.as_str() == name));
    let Some((instance, counted)) = found else {
        let why = "no instance has this badge: its address is /badge/NAME.svg with the name of an instance\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    let picture = picture(&format!("{} cards", instance.name), &Standing::of(instance, &counted.counts));
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], picture.into_string()).into_response()
}

/// How an instance stands, in as few words as fit.
enum Standing {
    /// So many cards do not render.
    Broken(usize),
    /// Nobody can tell.
    NotChecked,
    /// No card is known to be broken, and nobody can tell of so many.
    PartlyChecked(usize),
    /// Every card that can be rendered does.
    AllRender,
}

impl Standing {
    fn of(instance: &InstanceSnapshot, counts: &Counts) -> Self {
        match (counts.of(Shown::Broken), counts.of(Shown::Working), counts.of(Shown::Unchecked)) {
            (broken @ 1.., _, _) => Self::Broken(broken),
            (0, 0, _) => Self::NotChecked,
            (0, _, _) if !instance.domo_up() => Self::NotChecked,
            (0, _, unchecked @ 1..) => Self::PartlyChecked(unchecked),
            (0, 1.., 0) => Self::AllRender,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Broken(cards) => format!("{cards} broken"),
            Self::NotChecked => "not checked".to_owned(),
            Self::PartlyChecked(cards) => format!("{cards} unchecked"),
            Self::AllRender => "all render".to_owned(),
        }
    }

    /// White stands on it at a contrast of 4.5 at least (WCAG 2, 1.4.3).
    fn colour(&self) -> &'static str {
        match self {
            Self::Broken(_) => "#c62828",
            Self::NotChecked | Self::PartlyChecked(_) => "#946200",
            Self::AllRender => "#2e7d32",
        }
    }
}

/// The space beside a text, in pixels.
const MARGIN: usize = 6;

/// A badge: what it is about on the left, how that stands on the right.
fn picture(label: &str, standing: &Standing) -> Markup {
    let words = standing.words();
    let (left, right) = (width(label), width(&words));
    let (split, whole) = (left + 2 * MARGIN, left + right + 4 * MARGIN);
    let said = format!("{label}: {words}");
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(whole) height="20" viewBox=(format!("0 0 {whole} 20")) role="img"
            aria-label=(said) {
            title { (said) }
            linearGradient id="s" x2="0" y2="100%" {
                stop offset="0" stop-color="#bbb" stop-opacity=".1" {}
                stop offset="1" stop-opacity=".1" {}
            }
            clipPath id="r" { rect width=(whole) height="20" rx="3" fill="#fff" {} }
            g clip-path="url(#r)" {
                rect width=(split) height="20" fill="#555" {}
                rect x=(split) width=(whole - split) height="20" fill=(standing.colour()) {}
                rect width=(whole) height="20" fill="url(#s)" {}
            }
            g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11"
                text-rendering="geometricPrecision" {
                (text(MARGIN, left, label))
                (text(split + MARGIN, right, &words))
            }
        }
    }
}

/// A text and its shadow, stretched to the width that was reckoned: another font may be wider.
fn text(x: usize, width: usize, text: &str) -> Markup {
    html! {
        text x=(x) y="15" fill="#010101" fill-opacity=".3" textLength=(width) aria-hidden="true" { (text) }
        text x=(x) y="14" textLength=(width) { (text) }
    }
}

/// How wide the letters from the blank to the tilde are in Verdana, in 2,048ths of its size.
const WIDTHS: [u16; 95] = [
    720, 806, 940, 1676, 1302, 2204, 1488, 550, 930, 930, 1302, 1676, 745, 930, 745, 930, 1302, 1302, 1302, 1302, 1302,
    1302, 1302, 1302, 1302, 1302, 930, 930, 1676, 1676, 1676, 1117, 2048, 1400, 1404, 1430, 1578, 1295, 1177, 1588,
    1539, 862, 931, 1419, 1140, 1726, 1532, 1612, 1235, 1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403,
    930, 930, 930, 1676, 1302, 1302, 1230, 1276, 1067, 1276, 1220, 720, 1276, 1296, 562, 705, 1212, 562, 1992, 1296,
    1243, 1276, 1276, 874, 1067, 807, 1296, 1212, 1676, 1212, 1212, 1076, 1300, 930, 1300, 1676,
];

/// The size of the letters, in pixels.
const SIZE: usize = 11;

/// How wide a text is, in pixels.
fn width(text: &str) -> usize {
    let widest = 2_048;
    let of =
        |byte: u8| byte.checked_sub(b' ').and_then(|place| WIDTHS.get(usize::from(place))).map(|w| usize::from(*w));
    (text.bytes().map(|byte| of(byte).unwrap_or(widest)).sum::<usize>() * SIZE).div_ceil(2_048)
}
