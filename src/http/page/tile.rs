//! One tile an instance on the status page: how many cards are broken, what broke last, the sweeps before and after
//! now, and what stands in the way. Owns these few lines; what all instances come to is [`answer`](super::answer)'s.

use maud::{Markup, html};

use super::answer::{Seen, View};
use super::parts::{card_link, instance_address, many, number};
use super::scene::{Scene, span};
use crate::domain::card::CardState;
use crate::domain::foreign::{capitalised, one_line};
use crate::domain::ids::CardId;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot};
use crate::domain::sweep::Outcome;

/// The longest trouble of a sweep on a page, in characters. It ends in a remedy, which must not be cut.
const TROUBLE_LIMIT: usize = 1_500;

/// All tiles.
pub(super) fn tiles(scene: &Scene, instances: &[Seen<'_>]) -> Markup {
    html! {
        h2.visually-hidden { "Instances" }
        ul.instances { @for seen in instances { li.sheet { (tile(scene, seen)) } } }
    }
}

fn tile(scene: &Scene, seen: &Seen<'_>) -> Markup {
    let instance = seen.instance;
    html! {
        h3 { a href=(instance_address(&instance.name)) { (instance.name) } }
        (count(scene, seen))
        @if let Some((since, id, card)) = latest_break(scene, instance) {
            p.small { "broke last: " (card_link(&instance.name, id, card)) ", " (scene.time(since)) }
        }
        p.small.soft { (last_sweep(scene, instance)) }
        (next_sweep(scene, instance))
        (obstacle(scene, seen))
        (maintenance(scene, instance))
    }
}

/// '7 broken of 942 cards'; a question mark where nobody knows.
fn count(scene: &Scene, seen: &Seen<'_>) -> Markup {
    let counts = seen.counts;
    let of = format!("of {}", many(counts.all(), "card", "cards"));
    match seen.view {
        View::NeverSwept => html! { p.count.unsure { "? " small { "not checked yet" } } },
        View::CannotCheck { .. } | View::NotLately { .. } => html! {
            p.count.unsure { "?" span.visually-hidden { " not known now" } }
            p.small { (last_known(scene, seen)) }
        },
        View::Partly { .. } | View::Clear if counts.broken > 0 => html! {
            p.count.bad { (number(counts.broken)) " broken " small { (of) } }
        },
        View::Partly { .. } | View::Clear => html! {
            p.count.good[counts.unchecked == 0].unsure[counts.unchecked > 0] { "0 broken " small { (of) } }
        },
    }
}

/// How it stood when that was last seen; what is too long ago is not claimed.
fn last_known(scene: &Scene, seen: &Seen<'_>) -> Markup {
    let counts = seen.counts;
    let decided = counts.working + counts.broken;
    match (decided, seen.instance.last_completed) {
        (0, _) => html! { (many(counts.all(), "card", "cards")) ", none decided lately" },
        (_, Some(at)) => html! {
            (number(counts.broken)) " of " (many(counts.all(), "card", "cards")) " broken when last seen, "
            (scene.time(at))
        },
        (_, None) => {
            html! { (number(counts.broken)) " of " (many(counts.all(), "card", "cards")) " broken when last seen" }
        }
    }
}

/// The card that broke last, of those that are broken now.
fn latest_break<'a>(
    scene: &Scene,
    instance: &'a InstanceSnapshot,
) -> Option<(crate::domain::Timestamp, CardId, &'a CardNow)> {
    let broken = instance.cards.iter().filter_map(|(id, card)| match card.state {
        CardState::Broken { since, .. } if card.state.shown(scene.now, scene.stale_after()) == Shown::Broken => {
            Some((since, *id, card))
        }
        CardState::Broken { .. } | CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => None,
    });
    broken.max_by_key(|(since, id, _)| (*since, std::cmp::Reverse(*id)))
}

/// 'last sweep 14:20, completed, took 41 s'.
pub(super) fn last_sweep(scene: &Scene, instance: &InstanceSnapshot) -> Markup {
    let Some(last) = &instance.last_sweep else { return html! { "no sweep has ended yet" } };
    let ended = match last.outcome {
        Outcome::Completed => "completed",
        Outcome::Partial => "partial",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "interrupted",
        Outcome::Skipped => "skipped",
    };
    let took = span(last.finished_at - last.started_at);
    html! { "last sweep " (scene.time(last.finished_at)) ", " (ended) ", took " (took) }
}

/// The sweep that runs with its progress, else when the next one is due.
pub(super) fn next_sweep(scene: &Scene, instance: &InstanceSnapshot) -> Markup {
    let live = scene.live.of_instance(&instance.name);
    let (remaining, planned) = live.progress();
    let decided = planned - remaining;
    html! {
        @if planned > 0 {
            label.progress.small {
                span { "a sweep runs: " (number(decided)) " of " (many(planned, "card", "cards")) }
                progress value=(decided) max=(planned) { (number(decided)) " of " (number(planned)) }
            }
        } @else if let Some(due) = live.next_sweep() {
            p.small.soft {
                "next sweep " (scene.time(due))
                @if due > scene.now { ", in " (scene.distance(due)) } @else { ", due now" }
            }
        }
    }
}

/// What keeps the instance from being seen, and what helps.
pub(super) fn obstacle(scene: &Scene, seen: &Seen<'_>) -> Markup {
    match seen.view {
        View::NeverSwept | View::Clear => html! {},
        View::CannotCheck { since, sweeps, why } => html! {
            div.notice {
                strong { "Cannot check since " (scene.time(since)) "." } " "
                @if sweeps > 1 { (sweeps) " sweeps in a row decided nothing. " }
                @if let Some(why) = why { (sentence(why)) " " }
                (runbook("cardwatchcannotcheck"))
            }
        },
        View::NotLately { last } => html! {
            div.notice {
                strong { "Not checked for " (scene.distance(last)) "." }
                " See whether its schedule is what it should be, and what the log says of its sweeps. "
                (runbook("cardwatchsweepsoverdue"))
            }
        },
        View::Partly { why } => html! {
            div.notice { strong { "The last sweep did not see everything." } " " (sentence(why)) }
        },
    }
}

/// Where it is told what to do.
fn runbook(section: &str) -> Markup {
    html! { a href=(format!("/runbook#{section}")) { "What to do" } }
}

/// A trouble as a sentence of its own.
fn sentence(trouble: &str) -> String {
    capitalised(&one_line(trouble, TROUBLE_LIMIT))
}

pub(super) fn maintenance(scene: &Scene, instance: &InstanceSnapshot) -> Markup {
    let open = scene.settings_of(&instance.name).and_then(|settings| settings.maintenance.span_at(scene.now));
    html! {
        @if let Some(open) = open {
            div.notice.calm { strong { "Maintenance window until " (scene.time(open.until)) "." } " Sweeps go on, mails wait." }
        }
    }
}
