//! The cause of an incident in words: right, short and printable, whatever Domo calls things.

use cardwatch::domain::verdict::{Class, Reason};
use fake_domo::nasty_text;
use proptest::prelude::*;

use crate::cause::{Ill, ill};
use crate::incidents::{Ward, lost, only, slow};

fn title(cards: &[Ill]) -> String {
    only(cards).title
}

#[test]
fn each_kind_reads_as_a_sentence_with_and_without_a_dataset() {
    for (text, with, without) in [
        ("Invalid column(s) referenced: a", "Dataset Orders lost column a", "Column a is missing"),
        ("Invalid column(s) referenced: b, a", "Dataset Orders lost columns a and b", "Columns a and b are missing"),
        ("c, b, a", "Dataset Orders lost columns a, b and c", "Columns a, b and c are missing"),
        ("d, c, b, a", "Dataset Orders lost 4 columns such as a and b", "4 columns such as a and b are missing"),
        ("A column is missing", "Dataset Orders lost a column", "A column is missing"),
        ("No indexed schema found", "Dataset Orders is gone or not indexed", "A dataset is gone or not indexed"),
        ("Access denied", "No access to dataset Orders", "No access to the data"),
        (
            "Syntax error",
            "A beast mode or query on dataset Orders cannot be read",
            "A beast mode or query cannot be read",
        ),
        (
            "Beast mode 'Margin' has a syntax error",
            "Beast mode Margin on dataset Orders cannot be read",
            "Beast mode Margin cannot be read",
        ),
        ("Query timed out", "Dataset Orders is too slow", "The query takes too long"),
        ("Bad Request", "Domo refuses without a reason on dataset Orders", "Domo refuses without a reason"),
        ("Query failed", "Domo says 'Query failed' on dataset Orders", "Domo says 'Query failed'"),
    ] {
        assert_eq!(title(&[ill(1, text, &["orders"])]), with, "{text}");
        assert_eq!(title(&[ill(1, text, &["nameless"])]), without, "{text}");
        assert_eq!(title(&[ill(1, text, &[])]), without, "{text}");
    }
}

#[test]
fn a_server_error_blames_no_dataset() {
    let reason = Reason { class: Class::Other, text: "500 Internal Server Error".to_owned() };
    assert_eq!(title(&[Ill { reason, ..lost(1, "") }]), "Domo answers with a server error");
}

#[test]
fn a_column_counts_once_however_it_is_spelt() {
    assert_eq!(title(&[lost(1, "Region"), lost(2, "region")]), "Dataset Orders lost column Region");
}

#[test]
fn a_beast_mode_is_named_where_all_cards_speak_of_one() {
    let beast = |card, name: &str| ill(card, &format!("Beast mode '{name}' has a syntax error"), &["orders"]);
    assert_eq!(title(&[beast(1, "Margin"), beast(2, "Margin")]), "Beast mode Margin on dataset Orders cannot be read");
    let several = title(&[beast(1, "Margin"), beast(2, "Profit")]);
    assert_eq!(several, "A beast mode or query on dataset Orders cannot be read");
}

#[test]
fn of_two_datasets_that_all_cards_share_either_may_be_to_blame() {
    let both = ill(1, "Invalid column(s) referenced: a", &["orders", "dates"]);
    assert_eq!(title(&[both]), "Dataset Dates or Orders lost column a");
    assert_eq!(title(&[slow(1, &["orders", "dates"])]), "Dataset Dates or Orders is too slow");
}

#[test]
fn no_dataset_is_named_where_more_than_two_or_none_are_shared() {
    assert_eq!(title(&[ill(1, "a, b", &["orders", "dates", "long"])]), "Columns a and b are missing");
    assert_eq!(title(&[ill(1, "a, b", &["orders", "nameless"])]), "Columns a and b are missing");
    let chained = [slow(1, &["orders"]), slow(2, &["orders", "dates"]), slow(3, &["dates"])];
    assert_eq!(title(&chained), "The query takes too long");
}

#[test]
fn the_dataset_that_the_reason_names_is_the_one_in_the_title() {
    let id = "5e88c674-d499-4a97-a834-60797d0d17d4";
    let blamed = ill(1, &format!("Dataset {id} is not indexed"), &["orders"]);
    assert_eq!(title(&[blamed]), "A dataset is gone or not indexed", "Orders is not the one that is gone");
}

/// The title of a card on a dataset 'Orders', broken at minute 1, once Domo was asked for some datasets at a minute.
fn title_after(looks: &[(&str, i64, bool)], datasets: &[&str]) -> String {
    let mut ward = Ward::default();
    for (dataset, minute, gone) in looks {
        ward.look(dataset, *minute, *gone);
    }
    let broken = Ill { minute: 1, ..ill(1, "No indexed schema found", datasets) };
    ward.sweep(&[broken]).open.into_values().next().unwrap().title
}

#[test]
fn a_dataset_that_was_looked_at_is_said_to_be_what_it_was_seen_to_be() {
    assert_eq!(title_after(&[("orders", 1, true)], &["orders"]), "Dataset Orders is gone");
    assert_eq!(title_after(&[("orders", 1, false)], &["orders"]), "Dataset Orders is not indexed");
    assert_eq!(title_after(&[("nameless", 1, false)], &["nameless"]), "A dataset is not indexed");
    let old = title_after(&[("orders", 0, true)], &["orders"]);
    assert_eq!(old, "Dataset Orders is gone or not indexed", "that was before");
}

#[test]
fn of_two_datasets_both_have_to_be_seen() {
    let both = |looks: &[(&str, i64, bool)]| title_after(looks, &["orders", "dates"]);
    assert_eq!(both(&[("orders", 1, false), ("dates", 1, false)]), "Dataset Dates or Orders is not indexed");
    assert_eq!(both(&[("orders", 1, true), ("dates", 1, false)]), "Dataset Dates or Orders is gone or not indexed");
    assert_eq!(both(&[("orders", 1, false)]), "Dataset Dates or Orders is gone or not indexed");
}

#[test]
fn long_names_are_cut() {
    let column = "a_column_of_a_name_that_is_far_too_long_to_be_read_in_a_mail".repeat(3);
    let long = ill(1, &format!("Invalid column(s) referenced: {column}"), &["long"]);
    assert_eq!(
        title(&[long]),
        "Dataset A dataset of a name that nobody ever reads to its… lost column a_column_of_a_name_that_is_far_too_long…"
    );
}

#[test]
fn a_nasty_text_makes_a_title_of_one_printable_line() {
    for text in
        [nasty_text(), "Invalid column(s) referenced: \u{1b}[31m\u{202E}a\r\nb", "Dataset '\u{0}😀 is gone\u{0}"]
    {
        let title = title(&[ill(1, text, &["nasty"])]);
        assert!(title.chars().count() <= 160, "{title}");
        assert!(!title.contains(char::is_control) && !title.contains('\u{202E}'), "{title:?}");
    }
}

proptest! {
    #[test]
    fn any_text_makes_a_short_printable_title(text in any::<String>(), column in ".{0,300}", times in 1..20_usize) {
        for text in [text.repeat(times), format!("Invalid column(s) referenced: {column}"), format!("Beast mode '{column}' is bad")] {
            let title = title(&[ill(1, &text, &["long", "nasty"])]);
            prop_assert!(!title.is_empty() && title.chars().count() <= 160, "{}", title);
            prop_assert!(!title.contains(char::is_control), "{:?}", title);
        }
    }
}
