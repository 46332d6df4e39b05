//! Signs for states in tables: what a card is and was, at a glance. Owns the signs, and their colours on a terminal that
//! has any; colour never tells what the sign does not.

use std::borrow::Cow;

use console::Style;

use crate::domain::strip::{Cell, Strip};

const WORKING: char = '▪';
const BROKEN: char = '✕';
const UNCHECKED: char = '▫';

/// The sign of a state or verdict by its name, and the name: '✕ broken'. Other words stand alone.
pub(super) fn signed(word: &str) -> String {
    match word {
        "working" => format!("{WORKING} {word}"),
        "broken" => format!("{BROKEN} {word}"),
        "unchecked" => format!("{UNCHECKED} {word}"),
        other => other.to_owned(),
    }
}

/// The latest verdicts, the oldest first: '▪▪▪▫✕✕'.
pub(super) fn strip(recent: Strip) -> String {
    let sign = |cell| match cell {
        Cell::Working => WORKING,
        Cell::Broken => BROKEN,
        Cell::Unchecked => UNCHECKED,
    };
    recent.cells().map(sign).collect()
}

/// Colours the signs of a text for stdout, where that is a terminal and nobody asked for none (`NO_COLOR`). Tables are
/// laid out before, since a colour has no width.
pub(super) fn coloured(text: &str) -> Cow<'_, str> {
    if console::colors_enabled() { Cow::Owned(painted(text)) } else { Cow::Borrowed(text) }
}

fn painted(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let style = match first {
            WORKING => Some(Style::new().green()),
            BROKEN => Some(Style::new().red()),
            UNCHECKED => Some(Style::new().yellow()),
            _ => None,
        };
        match style {
            Some(style) => painted.push_str(&style.force_styling(true).apply_to(&rest[..run]).to_string()),
            None => painted.push_str(&rest[..run]),
        }
        rest = &rest[run..];
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::{painted, signed, strip};
    use crate::domain::strip::Strip;
    use crate::domain::verdict::{Class, Reason, Verdict};

    #[test]
    fn a_strip_shows_each_sweep_by_its_sign_the_latest_last() {
        let broken = Verdict::Broken(Reason { class: Class::Misconfigured, text: "x".to_owned() });
        let verdicts = [Verdict::Working { no_data: false }, Verdict::Unchecked("x".to_owned()), broken];
        assert_eq!(strip(verdicts.iter().fold(Strip::default(), Strip::after)), "▪▫✕");
        assert_eq!(strip(Strip::default()), "");
    }

    #[test]
    fn a_word_that_is_no_state_has_no_sign() {
        assert_eq!([signed("broken"), signed("partial")], ["✕ broken", "partial"]);
    }

    #[test]
    fn colours_are_put_around_signs_alone_and_take_nothing_away() {
        let text = "é ▪▪✕ broken";
        let painted = painted(text);
        assert_eq!(console::strip_ansi_codes(&painted), text);
        assert_eq!(painted, "é \u{1b}[32m▪▪\u{1b}[0m\u{1b}[31m✕\u{1b}[0m broken");
    }
}
