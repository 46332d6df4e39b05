//! A card's past in tables: its changes with the mails that told of them, its latest results, the incidents that it was
//! in, its mutes. Owns how these rows read; the pages of cards say which of them stand where.

use maud::{Markup, html};

use super::parts::many;
use super::scene::{Scene, span, title};
use crate::domain::Timestamp;
use crate::domain::foreign::one_line;
use crate::domain::mute::{Mute, MuteEnd};
use crate::domain::shown::Shown;
use crate::store::{LetterNote, MuteRecord, PastIncident, PastResult, PastTransition};

/// The longest reason in a table, in characters.
const REASON_LIMIT: usize = 300;

/// The longest name of a recipient or of who muted, in characters, and so many recipients are named.
const NAME_LIMIT: usize = 80;
const RECIPIENTS_SHOWN: usize = 3;

/// The most mails that are told of beside one change.
const LETTERS_SHOWN: usize = 3;

/// So many rows of incidents and of mutes at most: what is older is the command line's.
const ROWS_SHOWN: usize = 50;

/// A change of a card, and the mails of the sweep that saw it; `None` = they were not looked up.
pub(super) type Told<'a> = (&'a PastTransition, Option<&'a [LetterNote]>);

/// The changes of a card, the latest first.
pub(super) fn changes(scene: &Scene, changes: &[Told<'_>]) -> Markup {
    if changes.is_empty() {
        return html! { p.soft { "Its state never changed." } };
    }
    let are_told = changes.iter().any(|(_, letters)| letters.is_some());
    html! {
        div.sheet.rows {
            table {
                caption.visually-hidden { "Its changes" }
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Change" } th scope="col" { "Reason" }
                    @if are_told { th scope="col" { "Told" } }
                } }
                tbody {
                    @for (place, (change, letters)) in changes.iter().enumerate() {
                        tr {
                            td.when { (scene.time(change.at)) }
                            td { (changed(change, changes.get(place + 1).map(|(before, _)| before.at))) }
                            td.reason { @if let Some(reason) = &change.reason { (one_line(reason, REASON_LIMIT)) } }
                            @if let Some(letters) = letters { td data-label="told" { (told(scene, letters)) } }
                        }
                    }
                }
            }
        }
    }
}

fn changed(change: &PastTransition, before: Option<Timestamp>) -> Markup {
    if change.to == Shown::Broken {
        return html! {
            strong.bad { span aria-hidden="true" { "✕ " } "broke" }
            @if change.first_seen { " " span.soft { "when first seen" } }
        };
    }
    html! {
        span.good { span aria-hidden="true" { "● " } "recovered" }
        @if let Some(broke) = before { " " span.soft { "after " (span(change.at - broke)) } }
    }
}

/// The mails that told of a change; nothing is said of a change that no mail told of but that.
fn told(scene: &Scene, letters: &[LetterNote]) -> Markup {
    html! {
        @if letters.is_empty() { span.soft { "no mail" } }
        @for letter in letters.iter().take(LETTERS_SHOWN) {
            div {
                @match letter.sent_at {
                    Some(at) => { "mail " (scene.time(at)) }
                    None => { span.unsure { "mail not sent" } }
                }
                " to " (recipients(&letter.to))
                div.small.soft { (one_line(&letter.subject, REASON_LIMIT)) }
            }
        }
        @if letters.len() > LETTERS_SHOWN { div.soft { "and " (many(letters.len() - LETTERS_SHOWN, "more mail", "more mails")) } }
    }
}

fn recipients(to: &[String]) -> String {
    let named: Vec<String> = to.iter().take(RECIPIENTS_SHOWN).map(|to| one_line(to, NAME_LIMIT)).collect();
    match (named.is_empty(), to.len() - named.len()) {
        (true, _) => "nobody".to_owned(),
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and {more} more", named.join(", ")),
    }
}

/// So many results are in sight; those before them unfold.
const RESULTS_IN_SIGHT: usize = 15;

/// The latest results of a card, the latest first.
pub(super) fn results(scene: &Scene, results: &[PastResult]) -> Markup {
    let (first, earlier) = results.split_at(results.len().min(RESULTS_IN_SIGHT));
    html! {
        @if first.is_empty() { p.soft { "No result of it is kept." } }
        @else { (results_table(scene, "Its latest results", first)) }
        @if !earlier.is_empty() {
            details {
                summary { (many(earlier.len(), "earlier result", "earlier results")) }
                (results_table(scene, "Its earlier results", earlier))
            }
        }
    }
}

fn results_table(scene: &Scene, called: &str, results: &[PastResult]) -> Markup {
    html! {
        div.sheet.rows {
            table {
                caption.visually-hidden { (called) }
                thead { tr {
                    th scope="col" { "Checked" } th scope="col" { "Verdict" } th.num scope="col" { "Took" }
                    th scope="col" { "Reason" }
                } }
                tbody {
                    @for (place, result) in results.iter().enumerate() {
                        tr {
                            td.when { (scene.time(result.checked_at)) }
                            td.state { (super::scene::state(result.verdict)) }
                            td.num data-label="took" { (millis(result.latency_ms)) }
                            td.reason { (why(result, place.checked_sub(1).and_then(|above| results.get(above)))) }
                        }
                    }
                }
            }
        }
    }
}

/// The reason of a result; what stands in the row above already is not told in full again.
fn why(result: &PastResult, above: Option<&PastResult>) -> Markup {
    let Some(reason) = &result.reason else { return html! {} };
    if above.is_some_and(|above| above.reason.as_ref() == Some(reason)) {
        return html! { span.soft { "as above" } };
    }
    html! { (one_line(reason, REASON_LIMIT)) }
}

fn millis(time: i64) -> String {
    super::graphs::seconds(std::time::Duration::from_millis(time.unsigned_abs()))
}

/// The incidents that a card was in, the latest first, the one that it is in aside; nothing where there was none.
pub(super) fn incidents(scene: &Scene, incidents: &[PastIncident]) -> Markup {
    let earlier = incidents.iter().filter_map(|incident| Some((incident, incident.left_at?)));
    let earlier: Vec<_> = earlier.take(ROWS_SHOWN).collect();
    html! {
        @if !earlier.is_empty() {
            h2 { "Earlier incidents" }
            div.sheet.rows {
                table {
                    caption.visually-hidden { "Its earlier incidents" }
                    thead { tr { th scope="col" { "Incident" } th scope="col" { "From" } th scope="col" { "To" } } }
                    tbody {
                        @for (incident, left_at) in earlier {
                            tr {
                                td { (title(&incident.title)) }
                                td.when data-label="from" { (scene.time(incident.joined_at)) }
                                td.when data-label="to" { (scene.time(left_at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The mutes of a card, the latest first, one that holds among them; nothing where there was none.
pub(super) fn mutes(scene: &Scene, mutes: &[MuteRecord]) -> Markup {
    html! {
        @if !mutes.is_empty() {
            h2 { "Mutes" }
            div.sheet.rows {
                table {
                    caption.visually-hidden { "Its mutes" }
                    thead { tr {
                        th scope="col" { "Why" } th scope="col" { "By" } th scope="col" { "From" } th scope="col" { "To" }
                    } }
                    tbody {
                        @for record in mutes.iter().take(ROWS_SHOWN) {
                            tr {
                                td { (one_line(&record.mute.reason, REASON_LIMIT)) }
                                td data-label="by" { (one_line(&record.mute.by, NAME_LIMIT)) }
                                td.when data-label="from" { (scene.time(record.mute.at)) }
                                td data-label="to" { (mute_end(scene, record)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn mute_end(scene: &Scene, record: &MuteRecord) -> Markup {
    let Some(ended) = &record.ended else { return open_end(scene, &record.mute) };
    html! {
        (scene.time(ended.at)) ", "
        @match ended.how {
            MuteEnd::Expired => { "its time was up" }
            MuteEnd::Recovered => { "the card recovered" }
            MuteEnd::Unmuted => { "ended" @if let Some(by) = &ended.by { " by " (one_line(by, NAME_LIMIT)) } }
        }
    }
}

/// When a mute ends that nobody ended.
pub(super) fn open_end(scene: &Scene, mute: &Mute) -> Markup {
    match mute.until {
        Some(until) if until <= scene.now => html! { (scene.time(until)) ", its time was up" },
        Some(until) => html! { "until " (scene.time(until)) },
        None => html! { "until it works" },
    }
}
