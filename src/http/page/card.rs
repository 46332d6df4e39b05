//! `/instances/{name}/cards/{card_id}`: all that is known of one card. Owns what stands on its page and in which order;
//! its past in tables is [`past`]'s, its charts are [`graphs`]'s and
//! [`timeline`]'s.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::cards::{answerable, since};
use super::missing::{Asked, Missing, asked, counted, id};
use super::parts::{
    NAME_LIMIT, address, card_address, card_in_domo, card_link, instance_address, many, number, page_address, pages_of,
    strip,
};
use super::scene::{Scene, state, title};
use super::shell::{Head, page};
use super::timeline::Timeline;
use super::{graphs, past, removed, timeline};
use crate::domain::Timestamp;
use crate::domain::card::CardState;
use crate::domain::counted::Counted;
use crate::domain::findings::{Findings, Piece};
use crate::domain::foreign::{one_line, whole_line};
use crate::domain::ids::{CardId, DatasetId};
use crate::domain::search::Which;
use crate::domain::shown::Shown;
use crate::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use crate::http::Board;
use crate::store::{CardPast, PastTransition};

/// So many pages, owners and datasets of a card are named, and so many other cards of its incident.
const PAGES_SHOWN: usize = 100;
const OWNERS_SHOWN: usize = 50;
const DATASETS_SHOWN: usize = 20;
const OTHERS_SHOWN: usize = 10;

/// The longest words about why a card was muted or could not be checked, in characters.
const WORDS_LIMIT: usize = 1_500;

/// `/instances/{name}/cards/{card_id}`
pub(in super::super) async fn card(State(board): State<Board>, address: Asked<(String, String)>) -> Response {
    let scene = Scene::of(&board);
    show(&board, &scene, address).await.unwrap_or_else(|missing| missing.answer(&scene))
}

async fn show(board: &Board, scene: &Scene, address: Asked<(String, String)>) -> Result<Response, Missing> {
    let (name, text) = asked(address)?;
    let (instance, counted) = counted(scene, &name)?;
    let id = CardId(id("card", &text)?);
    let Some(card) = instance.cards.get(&id) else { return removed::show(board, scene, instance, id).await };
    let past = board.store.card_past(&instance.name, id, graphs::since(scene)).await?.unwrap_or_default();
    // Without a change its state says since when it holds; beyond those that are told nobody knows what it was.
    let first_decided = match past.transitions.len() {
        0 | CardPast::MOST_TRANSITIONS.. => None,
        _ => board.store.first_decided(&instance.name, id, timeline::begin(scene)).await?,
    };
    let shown = Known { scene, instance, counted, id, card, first_decided };
    let head = Head { title: title(&card.title), here: card_address(&instance.name, id) };
    Ok(page(StatusCode::OK, scene, &head, &shown.page(&past)))
}

/// A card that is listed, and what it is seen from.
struct Known<'a> {
    scene: &'a Scene,
    instance: &'a InstanceSnapshot,
    counted: &'a Counted,
    id: CardId,
    card: &'a CardNow,
    /// When it was first decided, of what is kept of the time that the timeline shows.
    first_decided: Option<Timestamp>,
}

impl Known<'_> {
    fn page(&self, past: &CardPast) -> Markup {
        let Self { scene, instance, id, card, .. } = self;
        let changes: Vec<past::Told<'_>> =
            past.transitions.iter().map(|told| (&told.transition, Some(told.letters.as_slice()))).collect();
        html! {
            (back(instance))
            h1 { (title(&card.title)) }
            p {
                (state(self.shown())) (self.standing())
                @if scene.settings_of(&instance.name).is_some() { " · " (card_in_domo(scene, &instance.name, *id, card)) }
            }
            (self.unchecked())
            (self.mute())
            (self.why())
            h2 { "What it is" }
            (self.facts())
            h2 { "The last 90 days" }
            div.sheet.panel { (self.timeline(past).figure()) }
            h2 { "Time to render" }
            div.sheet.panel { (graphs::renders(scene, &past.renders, card.rendering.slow_against)) }
            h2 { "What happened" }
            (past::changes(scene, &changes))
            (past::incidents(scene, &past.incidents))
            (past::mutes(scene, &past.mutes))
            h2 { "Latest results" }
            (past::results(scene, &past.results))
        }
    }

    fn shown(&self) -> Shown {
        self.card.state.shown(self.scene.now, self.scene.stale_after())
    }

    /// Since when it is what it is, and what it was when that was last decided.
    fn standing(&self) -> Markup {
        match (self.shown(), &self.card.state) {
            (_, CardState::Undecided) => html! { ": no sweep could decide it yet" },
            (_, CardState::Unsupported) => html! { ": Domo has no way to render it but in a browser" },
            (Shown::Unchecked, CardState::Working { .. }) => {
                html! { ", " (since(self.scene, &self.card.state)) ", when it worked" }
            }
            (Shown::Unchecked, CardState::Broken { .. }) => {
                html! { ", " (since(self.scene, &self.card.state)) ", when it was broken" }
            }
            (
                Shown::Working | Shown::Broken | Shown::Unsupported,
                CardState::Working { .. } | CardState::Broken { .. },
            ) => html! { " since " (since(self.scene, &self.card.state)) },
        }
    }

    fn unchecked(&self) -> Markup {
        html! {
            @if let Some(why) = &self.card.unchecked_because {
                p.notice { strong { "The last sweep could not check it." } " " (one_line(why, WORDS_LIMIT)) }
            }
        }
    }

    fn mute(&self) -> Markup {
        html! {
            @if let Some(mute) = self.card.mute_at(self.scene.now) {
                p.notice {
                    strong { "Muted " (past::open_end(self.scene, mute)) "." }
                    " No mail speaks of it, said " (one_line(&mute.by, NAME_LIMIT)) " " (self.scene.time(mute.at))
                    ": “" (one_line(&mute.reason, WORDS_LIMIT)) "”"
                }
            }
        }
    }

    /// Why it is broken, in full, and which other cards are broken of the same cause.
    fn why(&self) -> Markup {
        let CardState::Broken { reason, .. } = &self.card.state else { return html! {} };
        html! {
            h2 { @if self.shown() == Shown::Broken { "Why" } @else { "Why it was broken" } }
            div.incident.sheet {
                header {
                    p { code { (whole_line(&reason.text)) } }
                    p.small.soft { (reason.class.name().to_lowercase()) }
                    (self.incident())
                }
            }
        }
    }

    fn incident(&self) -> Markup {
        let incident = self.card.incident.and_then(|id| self.instance.incidents.get_key_value(&id));
        let Some((id, incident)) = incident else { return html! {} };
        let broken = self.counted.incidents.get(id).into_iter().flatten().filter(|other| **other != self.id);
        let others: Vec<_> = broken.filter_map(|other| self.instance.cards.get_key_value(other)).collect();
        let whole = address("/", &[("incident", &id.to_string())]);
        html! {
            p {
                "Incident " (id) ": " a href=(whole) { (title(&incident.title)) } ", since "
                (self.scene.time(incident.opened_at))
            }
            p.small {
                @if others.is_empty() { span.soft { "No other card is in it." } }
                @else { "The same cause as " (many(others.len(), "other card", "other cards")) ": " }
                @for (place, (other, card)) in others.iter().take(OTHERS_SHOWN).enumerate() {
                    @if place > 0 { ", " } (card_link(&self.instance.name, **other, card))
                }
                @if others.len() > OTHERS_SHOWN {
                    " and " a href=(whole) { (number(others.len() - OTHERS_SHOWN)) " more" }
                }
            }
        }
    }

    fn facts(&self) -> Markup {
        let Self { scene, card, id, .. } = self;
        let is = |which: Which| which.holds(card, scene.now, scene.stale_after());
        html! {
            div.sheet.panel {
                dl.facts {
                    dt { "Recent sweeps" } dd { (strip(card.recent)) }
                    @if is(Which::Flapping) { dt { "Flapping" } dd { "it goes back and forth between working and broken" } }
                    (self.rendering())
                    dt { "Pages" } dd { (self.pages()) }
                    dt { "Owners" } dd { (self.owners()) }
                    dt { "Datasets" } dd { (self.datasets()) }
                    @if let CardState::Working { decided_at, .. } | CardState::Broken { decided_at, .. } = card.state {
                        dt { "Last decided" } dd { (scene.time(decided_at)) }
                    }
                    dt { "Card" } dd { (id) }
                }
            }
        }
    }

    fn rendering(&self) -> Markup {
        let rendering = self.card.rendering;
        html! {
            @if let Some(took) = rendering.latency {
                dt { "Time to render" }
                dd {
                    (graphs::seconds(took))
                    @if let Some(usual) = rendering.slow_against {
                        " " span.tag { "slow" } " " (graphs::seconds(usual)) " was usual"
                    }
                }
            }
            @if let Some(since) = rendering.no_data_since {
                dt { "Data" } dd { span.tag { "no data" } " it renders without any since " (self.scene.time(since)) }
            }
        }
    }

    fn pages(&self) -> Markup {
        let pages: Vec<(_, &PageNow)> = pages_of(self.instance, self.id).collect();
        html! {
            @if pages.is_empty() { span.soft { "on no page" } }
            @for (place, (id, held)) in pages.iter().take(PAGES_SHOWN).enumerate() {
                @if place > 0 { ", " } a href=(page_address(&self.instance.name, *id)) { (title(&held.title)) }
            }
            @if pages.len() > PAGES_SHOWN { span.soft { " and " (number(pages.len() - PAGES_SHOWN)) " more" } }
        }
    }

    /// Its owners; where it has none, those of its pages.
    fn owners(&self) -> Markup {
        let mut names: Vec<String> = Vec::new();
        for name in answerable(self.card, self.instance, self.id).iter().map(|owner| one_line(&owner.name, NAME_LIMIT))
        {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(OWNERS_SHOWN);
        names.truncate(OWNERS_SHOWN);
        html! {
            @if names.is_empty() { span.soft { "no owner" } }
            (names.join(", "))
            @if more > 0 { span.soft { " and " (number(more)) " more" } }
            @if self.card.owners.is_empty() && !names.is_empty() { span.soft { " (of its pages: it has none itself)" } }
        }
    }

    fn datasets(&self) -> Markup {
        let datasets = &self.card.datasets;
        html! {
            @if datasets.is_empty() { span.soft { "none known" } }
            @else { ul.evidence { @for id in datasets.iter().take(DATASETS_SHOWN) { li { (self.dataset(id)) } } } }
            @if datasets.len() > DATASETS_SHOWN { span.soft { "and " (number(datasets.len() - DATASETS_SHOWN)) " more" } }
        }
    }

    /// 'Orders: last run failed 13:58: connection refused'. What was found out when it last broke is told while it is
    /// broken.
    fn dataset(&self, id: &DatasetId) -> Markup {
        let known = self.instance.datasets.get(id);
        let name = known.map(|known| one_line(&known.dataset.name, NAME_LIMIT)).filter(|name| !name.is_empty());
        let evidence = known.and_then(|known| known.evidence.as_ref());
        let findings = Findings::of(known.map(|known| &known.dataset), evidence, self.broke_at());
        html! {
            b { (name.unwrap_or_else(|| one_line(id.as_str(), NAME_LIMIT))) }
            @if let Some(findings) = &findings {
                ": "
                @for piece in findings.pieces() {
                    @match piece { Piece::Words(words) => { (words) } Piece::At(at) => { (self.scene.time(*at)) } }
                }
            }
        }
    }

    /// When what it is broken of began; of a card that works, now.
    fn broke_at(&self) -> Timestamp {
        match &self.card.state {
            CardState::Broken { since, .. } => {
                let incident = self.card.incident.and_then(|id| self.instance.incidents.get(&id));
                incident.map_or(*since, |incident| incident.opened_at.min(*since))
            }
            CardState::Undecided | CardState::Unsupported | CardState::Working { .. } => self.scene.now,
        }
    }

    fn timeline(&self, past: &CardPast) -> Timeline {
        let changes: Vec<&PastTransition> = past.transitions.iter().map(|told| &told.transition).collect();
        Timeline::of(self.scene, self.card, &changes, self.first_decided)
    }
}

/// The way up.
pub(super) fn back(instance: &InstanceSnapshot) -> Markup {
    html! {
        p.back { a href="/" { "← Status" } " · " a href=(instance_address(&instance.name)) { (instance.name) } }
    }
}
