//! The HTML part of a letter. Owns its layout; the words are `outline`'s. Nothing in it is fetched from
//! anywhere. Tables and inline styles, since Outlook lays out with Word and Gmail drops much of a style
//! sheet; what stands in the sheet only darkens the letter and narrows its margins where that is known.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::incident::Cause;
use super::outline::{Block, Entry, Mood, Outline};

const SHEET: &str = "\
@media (prefers-color-scheme:dark){\
.paper{background:#14161a!important}\
.sheet{background:#1b1e24!important;border-color:#2c313a!important}\
.ink{color:#e8e9ec!important}.soft{color:#a3aab6!important}\
.broken{color:#ff8a80!important}.well{color:#7fd1a0!important}.link{color:#8ab4f8!important}\
.rule{border-color:#2c313a!important}.bar{border-color:#ff8a80!important}\
.notice{background:#372d17!important;border-color:#e8c06a!important}}\
@media (max-width:480px){.outer{padding:0!important}.sheet{border-width:0!important;border-radius:0!important}\
.cell{padding-left:18px!important;padding-right:18px!important}}";

/// Word knows none of the fonts and would fall back on Times.
const FONT_FOR_WORD: &str =
    "<!--[if mso]><style>table,td,div,span,a{font-family:'Segoe UI',Arial,sans-serif!important}</style><![endif]-->";

/// Word does not know `max-width`: it gets a table of fixed width around the sheet.
const SHEET_FOR_WORD: &str =
    r#"<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0"><tr><td><![endif]-->"#;
const SHEET_FOR_WORD_END: &str = "<!--[if mso]></td></tr></table><![endif]-->";

const PAPER: &str = "background:#f4f2ee";
const SHEET_STYLE: &str = "width:100%;max-width:600px;table-layout:fixed;border-collapse:separate;background:#ffffff;\
    border:1px solid #e6e2da;border-radius:8px;\
    font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1d2129;font-size:15px;\
    line-height:22px;text-align:left;overflow-wrap:anywhere;word-break:break-word";
const HEADLINE: &str = "margin:0 0 6px;font-size:22px;line-height:28px;font-weight:bold";
const SECTION: &str = "margin:0;font-size:17px;line-height:24px;font-weight:bold";
const SOFT: &str = "color:#5c6470";
const SMALL: &str = "color:#5c6470;font-size:13px;line-height:19px";
const REASON: &str = "font-family:Menlo,Consolas,monospace;font-size:13px;line-height:19px";
const EVIDENCE: &str = "font-size:13px;line-height:19px";
const ROWS: &str = "width:100%;table-layout:fixed;font-size:14px;line-height:20px";
const ROW: &str = "padding:8px 0;border-top:1px solid #e6e2da";
const LINK: &str = "color:#1f5fbf";
const BAR: &str = "border-left:4px solid #b3261e;padding-left:12px";
const BAR_OVER: &str = "border-left:4px solid #e6e2da;padding-left:12px";
const NOTICE: &str =
    "background:#fdf4dc;border-left:4px solid #8a6100;padding:8px 12px;font-size:14px;line-height:20px";

/// Writes the outline as one HTML document.
pub(super) fn write(outline: &Outline, subject: &str) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                meta name="format-detection" content="telephone=no, date=no, address=no, email=no";
                title { (subject) }
                style { (PreEscaped(SHEET)) }
                (PreEscaped(FONT_FOR_WORD))
            }
            body.paper style=(format!("margin:0;padding:0;{PAPER}")) {
                div style="display:none;max-height:0;overflow:hidden;mso-hide:all" { (outline.preview) }
                table.paper role="presentation" width="100%" cellpadding="0" cellspacing="0" style=(PAPER) {
                    tr { td.outer align="center" style="padding:24px 12px" {
                        (PreEscaped(SHEET_FOR_WORD))
                        (sheet(outline))
                        (PreEscaped(SHEET_FOR_WORD_END))
                    } }
                }
            }
        }
    }
    .into_string()
}

fn sheet(outline: &Outline) -> Markup {
    html! {
        table.sheet.ink role="presentation" width="100%" cellpadding="0" cellspacing="0" style=(SHEET_STYLE) {
            (row("24px 28px 8px", &head(outline)))
            @if let Some(trouble) = &outline.trouble {
                (row("8px 28px 4px", &framed("notice ink", NOTICE, &html! { (trouble) })))
            }
            @for section in &outline.sections {
                @if let Some(title) = &section.title {
                    (row("24px 28px 0", &html! {
                        h2 class=(class(section.mood)) style=(format!("{SECTION};{}", colour(section.mood))) {
                            (sign(section.mood)) (title)
                        }
                    }))
                }
                @for block in &section.blocks { (block_rows(block)) }
            }
            @if let Some(left_out) = &outline.left_out {
                (row("16px 28px 0", &html! { div.soft style=(SMALL) { (left_out) } }))
            }
            (row("22px 28px 26px", &foot(outline)))
        }
    }
}

fn head(outline: &Outline) -> Markup {
    html! {
        h1 class=(class(outline.mood)) style=(format!("{HEADLINE};{}", colour(outline.mood))) {
            (sign(outline.mood)) (outline.headline)
        }
        @if let Some(lead) = &outline.lead { div style="margin:0 0 6px" { (lead) } }
        @for sentence in &outline.summary { div.soft style=(SOFT) { (sentence) } }
    }
}

fn block_rows(block: &Block) -> Markup {
    html! {
        @if let Some(cause) = &block.cause {
            @let (class, style) = if cause.is_over { ("rule", BAR_OVER) } else { ("bar", BAR) };
            (row("16px 28px 0", &framed(class, style, &cause_lines(cause))))
        }
        @if !block.shown.is_empty() || block.more.is_some() {
            (row("8px 28px 0", &html! {
                table role="presentation" width="100%" cellpadding="0" cellspacing="0" style=(ROWS) {
                    @for entry in &block.shown { (entry_row(entry)) }
                    @if let Some(more) = &block.more {
                        tr { td.rule.soft style=(format!("{ROW};{SMALL}")) {
                            "… " (more)
                        } }
                    }
                }
            }))
        }
    }
}

fn cause_lines(cause: &Cause) -> Markup {
    html! {
        strong { (cause.title) } ": " (cause.extent)
        div style=(REASON) { (cause.reason) }
        @for sentence in &cause.evidence { div style=(EVIDENCE) { (sentence) } }
        div.soft style=(SMALL) {
            @if let Some(url) = &cause.url { a.link href=(url) style=(LINK) { (cause.name) } } @else { (cause.name) }
            ", " (cause.foot)
        }
    }
}

fn entry_row(entry: &Entry) -> Markup {
    html! {
        tr { td.rule style=(ROW) {
            a.link href=(entry.url) style=(LINK) { (entry.title) } br;
            span.soft style=(SMALL) { (entry.facts.join(" · ")) }
            @if let Some(note) = &entry.note { br; span.soft style=(SMALL) { (note) } }
        } }
    }
}

fn foot(outline: &Outline) -> Markup {
    html! {
        div.soft style=(SMALL) {
            @for sentence in &outline.footer { (sentence) " " }
            @if let Some((words, url)) = &outline.link {
                a.link href=(url) style=(LINK) { (words) }
            }
            @if let Some((words, command)) = &outline.command {
                br; (words) ": " span style=(REASON) { (command) }
            }
        }
    }
}

fn row(padding: &str, content: &Markup) -> Markup {
    html! { tr { td.cell style=(format!("padding:{padding}")) { (content) } } }
}

/// Word draws the border of a cell, not that of a block.
fn framed(class: &str, style: &str, content: &Markup) -> Markup {
    html! {
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="width:100%;table-layout:fixed" {
            tr { td class=(class) style=(style) { (content) } }
        }
    }
}

fn class(mood: Mood) -> &'static str {
    match mood {
        Mood::Broken => "broken",
        Mood::Well => "well",
        Mood::Plain => "ink",
    }
}

fn colour(mood: Mood) -> &'static str {
    match mood {
        Mood::Broken => "color:#b3261e",
        Mood::Well => "color:#2e7d4f",
        Mood::Plain => "color:#1d2129",
    }
}

/// Colour alone tells nothing to those who do not see it.
fn sign(mood: Mood) -> Markup {
    match mood {
        Mood::Broken => html! { span aria-hidden="true" { "✕ " } },
        Mood::Well => html! { span aria-hidden="true" { "✓ " } },
        Mood::Plain => html! {},
    }
}
