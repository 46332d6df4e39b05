//! The two charts over time: how many cards of an instance were broken, and how long a card took to render. Owns what
//! is drawn of a past and how it reads in words; drawing is [`chart`](super::chart)'s.

use std::time::Duration;

use chrono::TimeDelta;
use maud::{Markup, html};

use super::chart::{Chart, Ink, Line, Window, ceiling};
use super::parts::{many, number};
use super::scene::Scene;
use crate::domain::Timestamp;
use crate::store::Level;

/// So far back the charts look.
const DAYS: TimeDelta = TimeDelta::days(14);
const CALLED: [&str; 2] = ["14 days ago", "7 days ago"];

/// When the charts begin.
pub(super) fn since(scene: &Scene) -> Timestamp {
    scene.now.checked_sub_signed(DAYS).unwrap_or(scene.now)
}

fn window(scene: &Scene) -> Window {
    Window { from: since(scene), until: scene.now }
}

/// How many cards were broken, and how many could not be checked, the earliest first.
pub(super) fn broken(scene: &Scene, levels: &[Level]) -> Markup {
    if levels.is_empty() {
        return html! { p.soft { "No sweep ended in the last 14 days that decided anything." } };
    }
    let most = levels.iter().map(|level| level.broken.max(level.unchecked)).max().unwrap_or_default();
    let top = ceiling(height(most), 2.0);
    let unchecked = levels.iter().any(|level| level.unchecked > 0);
    let line = |ink, filled, of: fn(&Level) -> usize| Line { ink, filled, points: stairs(scene.now, levels, of) };
    let mut lines = vec![line(Ink::Broken, true, |level| level.broken)];
    if unchecked {
        lines.insert(0, line(Ink::Unchecked, false, |level| level.unchecked));
    }
    let heights = [format!("{top:.0}"), format!("{:.0}", top / 2.0)];
    let chart = Chart { id: "broken-over-time", window: window(scene), days: CALLED, top, heights, lines };
    chart.figure(&html! {
        span.key.broken aria-hidden="true" {} "Broken cards over 14 days: " (course(scene, levels, |level| level.broken)) "."
        @if unchecked {
            " " span.key.unchecked aria-hidden="true" {} "Cards that could not be checked: "
            (course(scene, levels, |level| level.unchecked)) "."
        }
    })
}

/// A count as a height.
fn height(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A count holds from one sweep to the next.
fn stairs(now: Timestamp, levels: &[Level], of: impl Fn(&Level) -> usize) -> Vec<(Timestamp, f64)> {
    let ends = levels.iter().skip(1).map(|level| level.at).chain([now]);
    levels.iter().zip(ends).flat_map(|(level, end)| [level.at, end].map(|at| (at, height(of(level))))).collect()
}

/// '0 until 24 Nov, 14:05, then 4 until 16:00, now 7'.
fn course(scene: &Scene, levels: &[Level], of: impl Fn(&Level) -> usize) -> Markup {
    let mut spells: Vec<(Timestamp, usize)> = Vec::new();
    for level in levels {
        if spells.last().is_none_or(|(_, count)| *count != of(level)) {
            spells.push((level.at, of(level)));
        }
    }
    match spells.as_slice() {
        [] => html! { "unknown" },
        [(_, all)] => html! { (number(*all)) " throughout" },
        [(_, first), (change, now)] => {
            html! { (number(*first)) " until " (scene.time(*change)) ", now " (number(*now)) }
        }
        [(_, first), (change, then), (latest, now)] => html! {
            (number(*first)) " until " (scene.time(*change)) ", then " (number(*then)) " until " (scene.time(*latest))
            ", now " (number(*now))
        },
        [.., (latest, now)] => {
            let least = spells.iter().map(|(_, count)| *count).min().unwrap_or_default();
            // Of several the latest: that is the one a reader remembers.
            let (worst, most) = spells.iter().max_by_key(|(_, count)| *count).copied().unwrap_or_default();
            html! {
                "between " (number(least)) " and " (number(most)) ", most at " (scene.time(worst)) ", now " (number(*now))
                " since " (scene.time(*latest))
            }
        }
    }
}

/// How long a card took to render when it worked, and what was usual before it became slow. The renders come in any
/// order.
pub(super) fn renders(scene: &Scene, renders: &[(Timestamp, Duration)], usual: Option<Duration>) -> Markup {
    let mut renders = renders.to_vec();
    renders.sort_unstable();
    let Some((latest, took)) = renders.last().copied() else {
        return html! { p.soft { "It did not render in the last 14 days." } };
    };
    let most = renders.iter().map(|(_, took)| *took).max().unwrap_or_default().max(usual.unwrap_or_default());
    let top = ceiling(most.as_secs_f64(), 0.2);
    let mut lines: Vec<Line> =
        unbroken(&renders).map(|run| Line { ink: Ink::Time, filled: false, points: run }).collect();
    if let Some(usual) = usual {
        let points = [since(scene), scene.now].map(|at| (at, usual.as_secs_f64())).to_vec();
        lines.insert(0, Line { ink: Ink::Usual, filled: false, points });
    }
    let heights = [top, top / 2.0].map(|height| seconds(Duration::try_from_secs_f64(height).unwrap_or_default()));
    let chart = Chart { id: "render-time", window: window(scene), days: CALLED, top, heights, lines };
    let (worst, longest) = renders.iter().max_by_key(|(_, took)| *took).copied().unwrap_or((latest, took));
    chart.figure(&html! {
        span.key.time aria-hidden="true" {} "Time to render over 14 days: "
        @if renders.len() == 1 { (seconds(took)) ", " (scene.time(latest)) "." }
        @else {
            "mostly " (seconds(median(&renders))) ", at most " (seconds(longest)) " at " (scene.time(worst))
            ", last " (seconds(took)) " at " (scene.time(latest)) "."
        }
        @if let Some(usual) = usual {
            " " span.key.usual aria-hidden="true" {} (seconds(usual)) " was usual before it became slow."
        }
        " " (many(renders.len(), "render", "renders")) " shown."
    })
}

fn median(renders: &[(Timestamp, Duration)]) -> Duration {
    let mut all: Vec<Duration> = renders.iter().map(|(_, took)| *took).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Renders are joined by a line unless so many times as long passed between them as is usual: then it was broken, or
/// nobody looked.
const PAUSE: i32 = 4;

/// A render that stands alone is drawn as a line of this length, or nobody would see it.
const DASH: TimeDelta = TimeDelta::minutes(40);

/// The renders in the stretches in which nothing came between.
fn unbroken(renders: &[(Timestamp, Duration)]) -> impl Iterator<Item = Vec<(Timestamp, f64)>> {
    let mut pauses: Vec<TimeDelta> = renders.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    pauses.sort_unstable();
    let longest = pauses.get(pauses.len() / 2).copied().unwrap_or_default() * PAUSE;
    let stretches = renders.chunk_by(move |one, next| next.0 - one.0 <= longest);
    stretches.map(|stretch| match stretch {
        [(at, took)] => [*at - DASH / 2, *at + DASH / 2].map(|at| (at, took.as_secs_f64())).to_vec(),
        more => more.iter().map(|(at, took)| (*at, took.as_secs_f64())).collect(),
    })
}

/// '0.24 s', '2.1 s', '90 s'.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..1.0 => format!("{seconds:.2} s"),
        ..10.0 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}
