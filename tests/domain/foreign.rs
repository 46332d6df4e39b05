//! Foreign text is fit to print, and no spreadsheet takes it for a formula.

use cardwatch::domain::foreign::{self, escaped, formula_safe, one_line, whole_line};
use proptest::prelude::*;

#[test]
fn what_a_spreadsheet_would_run_is_made_text() {
    for (given, safe) in [
        ("=1+1", "'=1+1"),
        ("+41 44", "'+41 44"),
        ("-5 %", "'-5 %"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("\r\n=1", "'=1"),
        ("\u{FEFF}=1", "'=1"),
        ("\u{200B} =1", "'=1"),
        ("＝1+1", "'＝1+1"),
        ("Sales; =1+1; -2;+3", "Sales; '=1+1; '-2;'+3"),
        ("x;\" @SUM(A1)|-1", "x;\" '@SUM(A1)|'-1"),
    ] {
        assert_eq!(formula_safe(given), safe, "{given:?}");
    }
}

#[test]
fn harmless_text_is_left_alone() {
    for text in ["Revenue by region", "a=b", "'quoted", "1+1", "a; b", "x - y", "a@b.c", ""] {
        assert_eq!(formula_safe(text), text);
    }
}

#[test]
fn a_line_has_no_line_ends_and_no_escape_sequences() {
    assert_eq!(whole_line(" a\r\n b\u{2028}c\u{1b}[2J "), "a b c\u{FFFD}[2J");
}

#[test]
fn characters_that_reorder_their_neighbours_are_dropped() {
    assert_eq!(whole_line("a\u{202E}b\u{2066}c\u{200B}"), "abc");
    assert_eq!(whole_line("\u{AD}\u{E0041}\u{3164}a\u{180E}"), "a");
}

#[test]
fn harmful_is_what_steers_a_terminal_ends_a_line_or_changes_its_neighbours() {
    for c in ['\u{1b}', '\n', '\u{9b}', '\u{202E}', '\u{AD}', '\u{FEFF}', '\u{2028}', '\u{2029}'] {
        assert!(foreign::is_harmful(c), "{c:?}");
    }
    for c in ['a', 'ß', '日', '😀', ' ', '<', '"', '\u{A0}', '\u{200D}'] {
        assert!(!foreign::is_harmful(c), "{c:?}");
    }
}

#[test]
fn what_is_harmful_is_written_as_json_escapes_it_and_all_else_stays() {
    for (given, written) in [
        ("\u{1b}[31mred\u{202E}", "\\u001b[31mred\\u202e"),
        ("two\nlines", "two\\u000alines"),
        ("a tag\u{E0041}", "a tag\\udb40\\udc41"),
        ("Umsätze nach Größe 😀", "Umsätze nach Größe 😀"),
        ("", ""),
    ] {
        assert_eq!(escaped(given), written, "{given:?}");
    }
}

#[test]
fn a_line_that_is_too_long_ends_in_an_ellipsis() {
    assert_eq!(one_line("four words are here", 10), "four word…");
    assert_eq!(one_line("four words", 10), "four words");
    assert_eq!(one_line("ab cd", 4), "ab…");
    assert_eq!(one_line("abc", 1), "…");
}

proptest! {
    #[test]
    fn no_text_at_all_starts_a_formula(text in "[=+@ \t\r\n\u{FEFF}\u{200B}'a-]{0,12}") {
        prop_assert!(!formula_safe(&text).starts_with(['=', '+', '-', '@', '\t', '\r', ' ']));
    }

    #[test]
    fn no_part_between_semicolons_starts_a_formula(text in "[=+@;| \"＝a-]{0,12}") {
        for part in formula_safe(&text).split([';', '|']) {
            prop_assert!(!part.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@', '＝']), "{}", part);
        }
    }

    #[test]
    fn a_line_of_plain_text_is_left_whole(text in "[a-zäß日0-9 ,.:!?()\u{200d}😀-]{0,30}") {
        let words: Vec<_> = text.split_whitespace().collect();
        prop_assert_eq!(whole_line(&text), words.join(" "));
    }

    #[test]
    fn a_line_holds_no_harmful_character(text in any::<String>()) {
        prop_assert!(!whole_line(&text).chars().any(foreign::is_harmful));
    }

    #[test]
    fn a_line_never_holds_a_control_character_and_keeps_its_limit(text in any::<String>(), limit in 1..40_usize) {
        let line = one_line(&text, limit);
        prop_assert!(line.chars().count() <= limit);
        prop_assert!(!line.chars().any(char::is_control));
        prop_assert_eq!(line.trim(), &line);
    }
}

#[test]
fn a_plain_line_stays_as_it_is_and_only_just_so() {
    for (text, wanted) in [
        ("Revenue by region", "Revenue by region"),
        ("", ""),
        (" ", ""),
        (" Revenue", "Revenue"),
        ("Revenue ", "Revenue"),
        ("Revenue  by", "Revenue by"),
        ("Revenue\tby", "Revenue by"),
        ("Umsätze", "Umsätze"),
        ("exactly ten", "exactly t…"),
        ("just ten.c", "just ten.c"),
        ("\u{7f}", "\u{FFFD}"),
    ] {
        assert_eq!(one_line(text, if text.len() == 11 { 10 } else { 20 }), wanted, "{text:?}");
    }
}

#[test]
fn the_number_of_a_systems_error_is_left_out() {
    for (text, wanted) in [
        ("Connection refused (os error 111)", "Connection refused"),
        (
            "tcp connect error: Network is unreachable (os error 101), twice",
            "tcp connect error: Network is unreachable, twice",
        ),
        ("no number", "no number"),
        ("it ends in (os error 1", "it ends in (os error 1"),
    ] {
        assert_eq!(foreign::without_number(text), wanted);
    }
}
