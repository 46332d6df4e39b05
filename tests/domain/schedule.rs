//! What is a schedule, and what is refused in words that help.

use cardwatch::domain::schedule::{BadSchedule, Schedule};
use chrono_tz::Tz;

fn refusal(text: &str) -> String {
    Schedule::parse(text, Tz::UTC).unwrap_err().to_string()
}

/// Names the case and what its refusal must hold.
macro_rules! refused {
    ($($name:ident: $text:expr => $why:expr;)*) => {
        $(#[test]
        fn $name() {
            let remedy = "write five fields (minute hour day month weekday), or six with seconds first";
            assert_eq!(refusal($text), format!("'{}' is not a cron expression: {}; {remedy}", $text, $why));
        })*
    };
}

refused! {
    nothing_is_no_schedule: "" => "it has 0 fields";
    blanks_are_no_schedule: "   " => "it has 0 fields";
    four_fields_are_too_few: "* * * *" => "it has 4 fields";
    seven_fields_are_too_many: "0 0 7 * * * 2030" => "it has 7 fields";
    a_word_is_one_field: "daily" => "it has 1 field";
    a_step_beyond_the_minutes_is_refused: "*/99 * * * *" => "a step of 99 is beyond the minutes";
    a_step_beyond_the_hours_is_refused: "0 */24 * * *" => "a step of 24 is beyond the hours";
    a_step_beyond_the_seconds_is_refused: "*/60 * * * * *" => "a step of 60 is beyond the seconds";
    a_step_in_a_list_is_looked_at_too: "5,0-30/90 * * * *" => "a step of 90 is beyond the minutes";
    nothing_but_a_comma_is_refused: ", 3,0 5 * * *" => "the second has an empty item in its list";
    an_empty_item_at_the_end_is_refused: "0 5, * * *" => "the hour has an empty item in its list";
    an_empty_item_in_the_middle_is_refused: "0 7 1,,15 * *" => "the day has an empty item in its list";
    a_number_out_of_range_is_refused: "61 * * * *" => "the minute 61 is out of range, 0 to 59";
    a_day_zero_is_out_of_range: "0 0 0 * *" => "the day 0 is out of range, 1 to 31";
    a_number_within_a_range_that_is_out_of_range_is_refused: "0 8-25 * * *" => "the hour 25 is out of range, 0 to 23";
    a_letter_is_refused: "a b c d e" => "the minute 'a' is not a number, a list, a range or a step";
    a_negative_number_is_refused: "-5 * * * *" => "the minute '-5' is not a number, a list, a range or a step";
    a_step_that_is_a_letter_is_refused: "*/a * * * *" => "the minute '*/a' is not a number, a list, a range or a step";
    a_step_of_nothing_is_refused: "*/0 * * * *" => "the minute has a step of 0";
    a_range_that_ends_before_it_begins_is_refused: "5-1 * * * *" => "the range 5-1 of the minute ends before it begins";
    a_month_that_is_none_is_refused: "0 0 1 JUNE *" => "the month 'JUNE' is not a number, a list, a range or a step";
    a_weekday_among_the_days_is_refused: "0 7 1,WED * *" => "the day 'WED' is not a number, a list, a range or a step";
    a_weekday_among_the_months_is_refused:
        "0 7 * * mon-fri *" => "the month 'mon-fri' is not a number, a list, a range or a step";
    a_month_among_the_weekdays_is_refused: "0 7 * * JUL" => "the weekday 'JUL' is not a number, a list, a range or a step";
    a_word_that_is_part_of_a_number_is_refused: "5Jan * * * *" => "the minute '5Jan' is not a number, a list, a range or a step";
    what_may_be_anything_is_not_what_is_wrong: "* a ? * *" => "the hour 'a' is not a number, a list, a range or a step";
    a_range_of_one_is_not_what_is_wrong: "5-5 a * * *" => "the hour 'a' is not a number, a list, a range or a step";
    the_name_of_a_month_is_not_what_is_wrong: "0 0 1 Jan x" => "the weekday 'x' is not a number, a list, a range or a step";
    the_last_day_is_not_what_is_wrong: "0 0 L 13 *" => "the month 13 is out of range, 1 to 12";
    an_unknown_nickname_is_refused: "@dayly" => "the nicknames are @yearly, @monthly, @weekly, @daily and @hourly";
    a_day_that_never_comes_is_refused: "0 0 30 2 *" => "it is never due";
}

#[test]
fn the_refusal_gives_the_text_and_the_cause_apart() {
    let BadSchedule { text, why } = Schedule::parse("*", Tz::UTC).unwrap_err();
    assert_eq!((text.as_str(), why.as_str()), ("*", "it has 1 field"));
}

#[test]
fn five_fields_six_fields_and_nicknames_are_read() {
    for text in [
        "*/15 * * * *",
        "*/59 */23 * * *",
        "5-5 7 * * *",
        "0 7 L JAN MON-FRI",
        "*/10 * * * * *",
        "@hourly",
        "@daily",
        "0 0 29 2 *",
        " 5  4 * * * ",
    ] {
        assert!(Schedule::parse(text, Tz::UTC).is_ok(), "{text}");
    }
}

#[test]
fn a_schedule_prints_as_it_was_written() {
    let schedule = Schedule::parse("0 7 * * MON-FRI", Tz::Europe__Berlin).unwrap();
    assert_eq!(schedule.to_string(), "0 7 * * MON-FRI");
    assert_eq!(format!("{schedule:?}"), "0 7 * * MON-FRI (Europe/Berlin)");
    assert_eq!(schedule.zone(), Tz::Europe__Berlin);
}
