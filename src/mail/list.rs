//! The attached list of cards, as CSV. Owns its columns and their safety in a spreadsheet; which letter
//! has one is `message`'s.

use super::outline::REASON_LIMIT;
use super::recovered;
use crate::domain::foreign::{formula_safe, one_line};
use crate::domain::report::{CardLine, Group, Report};
use crate::domain::rfc3339;

const COLUMNS: [&str; 10] =
    ["what", "card_id", "title", "pages", "owners", "reason_class", "reason", "since", "url", "incident"];

/// A list that is longer than this, in bytes, gets its reasons shortened: mail servers commonly refuse
/// messages beyond 10 MB, and base64 adds a third.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Every card of a report, in the order of the mail.
pub(super) fn list(report: &Report) -> String {
    let whole = write(report, usize::MAX);
    if whole.len() > MOST_BYTES { write(report, REASON_LIMIT) } else { whole }
}

fn write(report: &Report, reason_limit: usize) -> String {
    let mut list = String::new();
    push_row(&mut list, &COLUMNS.map(str::to_owned));
    let mut push_all = |what: &str, lines: &mut dyn Iterator<Item = &CardLine>| {
        for line in lines {
            push_row(&mut list, &row(what, line, reason_limit));
        }
    };
    push_all("broke", &mut lines_of(&report.broke));
    push_all("broken when first seen", &mut lines_of(&report.first_seen));
    push_all("flapping", &mut report.flapping.iter().map(|card| &card.line));
    push_all("recovered", &mut recovered::lines(report));
    push_all("still broken", &mut lines_of(&report.still_broken));
    list
}

fn lines_of(groups: &[Group]) -> impl Iterator<Item = &CardLine> {
    groups.iter().flat_map(|group| &group.cards)
}

fn row(what: &str, line: &CardLine, reason_limit: usize) -> [String; 10] {
    let reason = line.reason.as_ref();
    [
        what.to_owned(),
        line.id.to_string(),
        formula_safe(&line.title),
        formula_safe(&pages(line)),
        formula_safe(&line.owners.join("; ")),
        reason.map_or(String::new(), |reason| reason.class.name().to_owned()),
        reason.map_or(String::new(), |reason| formula_safe(&one_line(&reason.text, reason_limit))),
        rfc3339(line.since),
        formula_safe(&line.url),
        line.incident.map_or(String::new(), |incident| incident.to_string()),
    ]
}

fn pages(line: &CardLine) -> String {
    line.pages.iter().map(|page| page.title.as_str()).collect::<Vec<_>>().join("; ")
}

/// One record by RFC 4180: quoted where it holds a comma or a quote, ended by CR LF. By hand, since a writer's errors could
/// not happen here, and a letter is composed without any.
fn push_row(list: &mut String, fields: &[String; 10]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            list.push(',');
        }
        if field.contains([',', '"']) {
            list.push('"');
            list.push_str(&field.replace('"', "\"\""));
            list.push('"');
        } else {
            list.push_str(field);
        }
    }
    list.push_str("\r\n");
}
