//! What stands at the foot of a letter: how it came about, who else got it, and what to do next. Owns these
//! sentences.

use super::outline::cards_in;
use super::words;
use crate::domain::ids::CardId;
use crate::domain::owners::NotMailed;
use crate::domain::report::{Audience, Report, count};
use crate::domain::sight::SightNews;

/// Sentences at the foot.
pub(super) fn sentences(report: &Report) -> Vec<String> {
    let goes_on = matches!(report.sight, Some(SightNews::Lost { .. }))
        .then(|| "Each sweep tries again; when one can decide cards, you are told.".to_owned());
    let settling = (!report.flapping.is_empty()).then(|| {
        let window = words::span(report.flap_window);
        let card = if cards_in(report) == 1 { "it" } else { "a flapping card" };
        format!("Nothing more is said of {card} until it stays as it is for {window}.")
    });
    let known = [invalid_functions(report), confirmation(report), settling, goes_on];
    known.into_iter().flatten().chain(others(&report.audience)).collect()
}

fn confirmation(report: &Report) -> Option<String> {
    let again = words::span(report.confirmed_after?);
    let newly = count(&report.broke) + count(&report.first_seen);
    let which = match newly {
        0 => return None,
        _ if newly < cards_in(report) => "Each newly broken card",
        1 => "It",
        _ => "Each",
    };
    Some(format!("{which} was rendered again {again} later before this was sent."))
}

fn invalid_functions(report: &Report) -> Option<String> {
    let invalid = report.digest.as_ref()?.invalid_functions.filter(|invalid| *invalid > 0)?;
    Some(format!("Domo counts {invalid} invalid beast mode{}.", if invalid == 1 { "" } else { "s" }))
}

/// Who else is told.
fn others(audience: &Audience) -> Vec<String> {
    match audience {
        Audience::Owner { .. } => vec!["The admins of cardwatch are told too.".to_owned()],
        Audience::Admins { told_owners, untold_owners } => {
            let told = words::names(told_owners).map(|names| format!("Mailed about their own cards: {names}."));
            let untold: Vec<String> =
                NotMailed::ALL.into_iter().filter_map(|why| left_out(untold_owners, why)).collect();
            let untold = (!untold.is_empty()).then(|| format!("Not mailed: {}.", untold.join("; ")));
            told.into_iter().chain(untold).collect()
        }
    }
}

/// 'Jo Doe, Kim (no address known)'.
fn left_out(untold: &[(String, NotMailed)], reason: NotMailed) -> Option<String> {
    let names: Vec<&String> = untold.iter().filter(|(_, why)| *why == reason).map(|(name, _)| name).collect();
    let why = match reason {
        NotMailed::Group if names.len() == 1 => "a group",
        NotMailed::Group => "groups",
        NotMailed::NoAddress => "no address known",
        NotMailed::OtherDomain => "address outside owner_domains",
        NotMailed::TooMany => "more than max_owner_mails",
    };
    words::names(&names).map(|names| format!("{names} ({why})"))
}

/// What to run so that nothing more is said of a card that is broken: words and command.
pub(super) fn command(report: &Report) -> Option<(String, String)> {
    match &report.audience {
        Audience::Owner { .. } => None,
        Audience::Admins { .. } => {
            let mute = |card: CardId| format!("cardwatch mute {card} --for 3d --reason \"…\"");
            first_broken(report).map(|card| ("To mute one".to_owned(), mute(card)))
        }
    }
}

fn first_broken(report: &Report) -> Option<CardId> {
    let groups = [&report.broke, &report.first_seen, &report.still_broken];
    groups.into_iter().flatten().flat_map(|group| &group.cards).map(|line| line.id).next()
}

/// The words of the link to the status page.
pub(super) fn link(report: &Report) -> String {
    match (&report.audience, &report.sight, report.totals.broken) {
        // An owner finds all cards there, not just their own.
        (Audience::Owner { .. }, _, _) | (_, Some(SightNews::Lost { .. }), _) | (_, _, 0) => "Status page".to_owned(),
        (Audience::Admins { .. }, _, 1) => "The broken card".to_owned(),
        (Audience::Admins { .. }, _, broken) => format!("All {broken} broken cards"),
    }
}
