//! `cardwatch export`: every saved render result as a stream, in constant memory however many there are.
//! Owns the two forms.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use anyhow::anyhow;
use futures::TryStreamExt as _;
use serde::Serialize;

use super::args::{ExportFormat, ExportOptions};
use super::output::{forgive_closed_pipe, of_csv};
use super::{Exit, Outcome, Session, json, must_know};
use crate::clock::SharedClock;
use crate::daemon::clock::SystemClock;
use crate::domain::foreign;
use crate::domain::rfc3339;
use crate::store::{ExportFilter, ExportedResult, Store};

#[derive(Serialize)]
struct Line<'a> {
    instance: &'a str,
    card_id: i64,
    title: &'a str,
    checked_at: String,
    verdict: &'static str,
    reason: Option<&'a str>,
    latency_ms: i64,
}

const COLUMNS: [&str; 7] = ["instance", "card_id", "title", "checked_at", "verdict", "reason", "latency_ms"];

pub(super) async fn execute(session: &Session, options: &ExportOptions) -> Outcome {
    let config = session.load()?.config;
    let clock: SharedClock = Arc::new(SystemClock::start());
    let now = clock.now();
    let filter = ExportFilter {
        since: options.since.map(|since| since.instant(now)),
        until: options.until.map(|until| until.instant(now)),
        instance: options.instance.as_ref().map(ToString::to_string),
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        return Err(anyhow!("--since: it is not before --until; swap them, or leave one out").into());
    }
    let store = Store::open_existing(&config.storage.path).await?;
    must_know(&config, &store, options.instance.as_ref()).await?;
    let mut out = Out::new(BufWriter::new(io::stdout()), options.format)?;
    let mut results = std::pin::pin!(store.export(&filter));
    while let Some(result) = results.try_next().await? {
        if let Err(error) = out.write(&result) {
            // The reader has enough.
            forgive_closed_pipe(Err(error))?;
            return Ok(Exit::Well);
        }
    }
    forgive_closed_pipe(out.finish())?;
    Ok(Exit::Well)
}

enum Out<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Out<W> {
    fn new(writer: W, format: ExportFormat) -> io::Result<Self> {
        Ok(match format {
            ExportFormat::Jsonl => Self::Jsonl(writer),
            ExportFormat::Csv => {
                let mut rows = csv::Writer::from_writer(writer);
                rows.write_record(COLUMNS).map_err(of_csv)?;
                Self::Csv(Box::new(rows))
            }
        })
    }

    fn write(&mut self, result: &ExportedResult) -> io::Result<()> {
        let line = Line {
            instance: &result.instance,
            card_id: result.card.0,
            title: &result.title,
            checked_at: rfc3339(result.result.checked_at),
            verdict: result.result.verdict.name(),
            reason: result.result.reason.as_deref(),
            latency_ms: result.result.latency_ms,
        };
        match self {
            Self::Jsonl(writer) => Ok(json::write_line(writer, &line)?),
            Self::Csv(rows) => rows
                .write_record([
                    line.instance,
                    &line.card_id.to_string(),
                    &foreign::formula_safe(line.title),
                    &line.checked_at,
                    line.verdict,
                    &foreign::formula_safe(line.reason.unwrap_or_default()),
                    &line.latency_ms.to_string(),
                ])
                .map_err(of_csv),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut rows) => rows.flush(),
            Self::Jsonl(mut writer) => writer.flush(),
        }
    }
}
