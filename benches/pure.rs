//! `cargo bench --bench pure`: what the parts cost that neither ask nor save. Owns their inputs, as large as an instance
//! of 10,000 cards makes them, and a table of what a card costs in each, beside an instance a tenth of that size: where
//! all that grows is the number of cards, each costs the same. Whole sweeps are measured by `benches/sweeps/`.
#![expect(
    clippy::unwrap_used,
    reason = "inputs are made up here, and a bench that cannot make them has nothing to say"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use cardwatch::clock::Clock as _;
use cardwatch::daemon::clock::SystemClock;
use cardwatch::domain::alerts::Policy;
use cardwatch::domain::card::{CardMemory, CardState};
use cardwatch::domain::closing::{Asked, Closing, Judged, Memory, Reporting, Swept, close};
use cardwatch::domain::dataset::Feeding;
use cardwatch::domain::ids::{CardId, PageId, SweepId, UserId};
use cardwatch::domain::owners::Owner;
use cardwatch::domain::snapshot::{CardNow, InstanceSnapshot, PageNow};
use cardwatch::domain::sweep::{
    CardKind, Exclusions, ListedCard, ListedPage, Listing, PageKind, Plan, Remembered, RememberedPage, Scope,
};
use cardwatch::domain::verdict::{Answer, Class, Reason, Rendered, Verdict, judge};
use cardwatch::domain::{Timestamp, rendering::Rendering, strip::Strip};
use cardwatch::domo::body::{of_large_render, of_render};
use cardwatch::http::live::LiveBoard;
use cardwatch::http::{Board, Kept, Reach, Settings, router};
use cardwatch::mail::message::{Envelope, compose};
use cardwatch::store::Store;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;

/// An instance, and one a tenth as large.
const SIZES: [i64; 2] = [1_000, 10_000];

/// Where criterion keeps what it measured, to compare the next run with.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/criterion");

/// What is measured at both sizes.
const GROWING: [&str; 5] =
    ["plan", "close/all work", "close/one in 25 broke", "close/letter, one in 25 broke", "scrape"];

/// So many cards are on a page.
const A_PAGE: i64 = 5;

/// One card in so many is broken.
const ONE_BROKEN_IN: i64 = 25;

/// A healthy card's answer.
const WORKING: &str = r#"{"dynamic":{},"summary":{"label":"Total","value":"1.2M","number":1204331.5,"data":[],"status":"success"},"limited":false,"notAllDataShown":false}"#;

/// A broken one's.
const BROKEN: &str = r#"{"status":400,"statusReason":"Bad Request","path":"/api/content/v1/cards/kpi/1/render","toe":"7XQ2-ABCD","message":"Bad Request","details":{"error":"Invalid column(s) referenced: amount_17"}}"#;

fn main() {
    let criterion = Criterion::default().sample_size(20).output_directory(Path::new(KEPT));
    let mut criterion = criterion.configure_from_args();
    renders(&mut criterion);
    for size in SIZES {
        planning(&mut criterion, size);
        closing(&mut criterion, size);
        scraping(&mut criterion, size);
    }
    criterion.final_summary();
    table();
}

/// What a card costs in each, at both sizes.
fn table() {
    println!("\n| {:<32} | {:>12} | {:>12} | {:>8} |", "what", "1,000: ns", "10,000: ns", "ratio");
    println!("| {:-<32} | {:->11}: | {:->11}: | {:->7}: |", "", "", "", "");
    for what in GROWING {
        let [Some(small), Some(large)] = SIZES.map(|size| nanoseconds_a_card(what, size)) else { continue };
        println!("| {what:<32} | {small:>12.1} | {large:>12.1} | {:>8.2} |", large / small);
    }
}

/// By what criterion left; `None` where it was never measured.
fn nanoseconds_a_card(what: &str, size: i64) -> Option<f64> {
    let kept = fs::read_to_string(format!("{KEPT}/{what}/{size}/new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&kept).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a count of cards")]
    Some(estimates["median"]["point_estimate"].as_f64()? / size as f64)
}

/// One render, from its body to its finding.
fn renders(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Elements(1));
    for (name, status, body) in [("working", 200, WORKING), ("broken", 400, BROKEN)] {
        let answer = |body: &str| Rendered::Answered(Answer { status, body: of_render(body.as_bytes(), false) });
        group.bench_function(BenchmarkId::new("parse", name), |it| {
            it.iter(|| of_render(black_box(body.as_bytes()), false));
        });
        let rendered = answer(body);
        group.bench_function(BenchmarkId::new("judge", name), |it| it.iter(|| judge(black_box(&rendered))));
    }
    group.finish();
    let (large, mut group) = (large_answer(), criterion.benchmark_group("large render"));
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("sieve", |it| it.iter(|| of_large_render(black_box(&large).chunks(64 * 1024))));
    group.finish();
}

/// An answer of a megabyte, nearly all of which is rows that nobody looks at.
fn large_answer() -> Vec<u8> {
    let rows = "[\"2026-01-31\",\"EMEA\",\"größe\",184467.25],".repeat(25_000);
    format!("{{\"dynamic\":{{\"rows\":[{rows}[]]}},\"summary\":{{\"status\":\"success\"}}}}").into_bytes()
}

/// From the lists to what is to be rendered.
fn planning(criterion: &mut Criterion, size: i64) {
    let (listing, remembered) = (listing(size), remembered(size));
    let mut group = criterion.benchmark_group("plan");
    group.throughput(Throughput::Elements(size.unsigned_abs()));
    group.bench_function(BenchmarkId::from_parameter(size), |it| {
        it.iter_batched(
            || listing.clone(),
            |listing| Plan::new(listing, &remembered, &Exclusions::default()),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// From verdicts to states, transitions and a report, and from that to a letter.
fn closing(criterion: &mut Criterion, size: i64) {
    let (memory, reporting) = (memory(size), reporting());
    let working = swept(size, |_| Verdict::Working { no_data: false });
    let breaking = swept(size, |card| if is_broken(card) { broke(card) } else { Verdict::Working { no_data: false } });
    let mut group = criterion.benchmark_group("close");
    group.throughput(Throughput::Elements(size.unsigned_abs()));
    for (name, swept) in [("all work", &working), ("one in 25 broke", &breaking)] {
        group.bench_function(BenchmarkId::new(name, size), |it| it.iter(|| close(swept, &memory, Some(&reporting))));
    }
    let Closing { report, .. } = close(&breaking, &memory, Some(&reporting));
    let (report, references) = report.unwrap();
    let (message_id, to) = ("1@example.com".to_owned(), ["admins@example.com".parse().unwrap()]);
    group.bench_function(BenchmarkId::new("letter, one in 25 broke", size), |it| {
        it.iter_batched(
            || Envelope { message_id: message_id.clone(), references: references.clone(), to: &to, link_base: None },
            |envelope| compose(&report, envelope),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// From what is true to the text of a scrape. What several scrapes share at the same time is not shared here.
fn scraping(criterion: &mut Criterion, size: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = runtime.block_on(Store::open(&folder.path().join("cards.db"))).unwrap();
    let (_settings, set) = watch::channel(settings());
    let (_snapshot, shown) = watch::channel(vec![Arc::new(snapshot(size))]);
    let board = Board {
        registry: prometheus::Registry::new(),
        snapshot: shown,
        kept: Kept::default(),
        live: LiveBoard::default(),
        store,
        clock: Arc::new(SystemClock::start()),
        settings: set,
        readiness: Arc::new(|| Ok(())),
    };
    let service = TowerToHyperService::new(router(board, Reach::of("127.0.0.1:9917".parse().unwrap())));
    let mut group = criterion.benchmark_group("scrape");
    group.throughput(Throughput::Elements(size.unsigned_abs()));
    group.bench_function(BenchmarkId::from_parameter(size), |it| {
        it.iter(|| {
            let request = Request::get("/metrics").body(Body::empty()).unwrap();
            let answer = runtime.block_on(service.call(request)).unwrap();
            assert_eq!(answer.status(), 200);
            answer
        });
    });
    group.finish();
}

fn settings() -> Settings {
    Settings {
        stale_after: Duration::from_hours(24),
        max_broken_card_series: 500,
        basic_auth: None,
        public_without_auth: false,
        instances: BTreeMap::new(),
    }
}

/// So many seconds after some morning.
fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp(1_793_602_800 + second, 0).unwrap()
}

fn is_broken(card: i64) -> bool {
    card % ONE_BROKEN_IN == 3
}

/// One of a few hundred causes.
fn reason(card: i64) -> Reason {
    let text = format!("Invalid column(s) referenced: amount_{}", card / ONE_BROKEN_IN % 300);
    Reason { class: Class::Misconfigured, text }
}

fn broke(card: i64) -> Verdict {
    Verdict::Broken(reason(card))
}

fn title(card: i64) -> String {
    format!("Revenue by region and month {card}")
}

fn owners(card: i64) -> Arc<[Owner]> {
    [Owner { user: Some(UserId(card % 40)), name: format!("Owner {}", card % 40) }].into()
}

fn cards(size: i64) -> BTreeMap<CardId, ListedCard> {
    let card = |id| ListedCard {
        id: CardId(id),
        title: title(id),
        kind: CardKind::named("kpi"),
        owners: owners(id),
        datasets: Some(Feeding::default()),
    };
    (0..size).map(|id| (CardId(id), card(id))).collect()
}

fn pages(size: i64) -> impl Iterator<Item = ListedPage> {
    (0..size / A_PAGE).map(|id| ListedPage {
        id: PageId(id),
        title: format!("Page {id}"),
        kind: PageKind::Page,
        owners: [].into(),
        cards: on_page(id).collect(),
    })
}

fn on_page(page: i64) -> impl Iterator<Item = CardId> {
    (page * A_PAGE..(page + 1) * A_PAGE).map(CardId)
}

fn listing(size: i64) -> Listing {
    Listing {
        scope: Scope::Instance,
        pages: pages(size).collect(),
        cards: cards(size),
        loose: BTreeSet::new(),
        datasets: BTreeMap::new(),
        unlisted: Vec::new(),
    }
}

fn remembered(size: i64) -> Remembered {
    let pages = pages(size).map(|page| (page.id, RememberedPage { page, doubted: false })).collect();
    Remembered { pages, cards: cards(size) }
}

fn memory(size: i64) -> Memory {
    let state = CardState::Working { since: at(-90_000), decided_at: at(-900) };
    let memory = CardMemory { state, ..CardMemory::default() };
    Memory {
        cards: (0..size).map(|id| (CardId(id), memory.clone())).collect(),
        present: (0..size).map(CardId).collect(),
        ..Memory::default()
    }
}

fn swept(size: i64, verdict: impl Fn(i64) -> Verdict) -> Swept {
    let plan = Plan::new(listing(size), &remembered(size), &Exclusions::default());
    let judged = |id| Judged { verdict: verdict(id), at: at(10), latency: Duration::from_millis(50) };
    Swept {
        sweep: SweepId(1),
        started_at: at(0),
        finished_at: at(20),
        plan,
        verdicts: (0..size).map(|id| (CardId(id), judged(id))).collect(),
        trouble: None,
        asked: Asked::default(),
    }
}

fn reporting() -> Reporting {
    let day = Duration::from_hours(24);
    Reporting {
        instance: "acme".parse().unwrap(),
        url: "https://acme.domo.com".parse().unwrap(),
        timezone: chrono_tz::UTC,
        policy: Policy {
            recoveries: true,
            remind_every: Some(day),
            report_first_seen: true,
            stale_after: day,
            flap_transitions: 4,
            flap_window: day,
            blind_after: 2,
        },
        confirmed_after: Some(Duration::from_secs(30)),
        message_id: "1@example.com".to_owned(),
        owners: None,
        after_maintenance: None,
    }
}

/// What is true after the sweep in which cards broke.
fn snapshot(size: i64) -> InstanceSnapshot {
    let now = SystemClock::start().now();
    let state = |id| {
        if is_broken(id) {
            CardState::Broken { since: now, decided_at: now, reason: reason(id), first_seen: false }
        } else {
            CardState::Working { since: now, decided_at: now }
        }
    };
    let card = |id| CardNow {
        title: title(id),
        owners: owners(id),
        pages: vec![PageId(id / A_PAGE)],
        state: state(id),
        flapping: false,
        rendering: Rendering::default(),
        mute: None,
        incident: None,
        datasets: [].into(),
        recent: Strip::default(),
        unchecked_because: None,
    };
    let page = |page: ListedPage| {
        let cards = page.cards.iter().copied().collect();
        (page.id, PageNow { title: page.title, kind: page.kind, owners: page.owners, cards })
    };
    InstanceSnapshot {
        cards: (0..size).map(|id| (CardId(id), card(id))).collect(),
        pages: pages(size).map(page).collect(),
        ..InstanceSnapshot::empty("acme".parse().unwrap())
    }
}
