//! The plain text part of a letter. Owns its layout; the words are `outline`'s.

use super::outline::{Block, Entry, Outline, Section};

/// Lines are at most so long, in characters, unless one word is longer: an address stays whole.
const WIDTH: usize = 76;

/// Writes the outline as plain text, with `\n` as line ends.
pub(super) fn write(outline: &Outline) -> String {
    let mut page = Page(String::new());
    page.paragraph("", &outline.headline);
    for sentence in outline.lead.iter().chain(&outline.summary).chain(&outline.trouble) {
        page.paragraph("", sentence);
    }
    for section in &outline.sections {
        write_section(&mut page, section);
    }
    if let Some(left_out) = &outline.left_out {
        page.gap();
        page.paragraph("", left_out);
    }
    if !outline.footer.is_empty() || outline.link.is_some() || outline.command.is_some() {
        page.gap();
    }
    for sentence in &outline.footer {
        page.paragraph("", sentence);
    }
    if let Some((words, url)) = &outline.link {
        page.line(&format!("{words}: {url}"));
    }
    if let Some((words, command)) = &outline.command {
        page.line(&format!("{words}: {command}"));
    }
    page.0
}

fn write_section(page: &mut Page, section: &Section) {
    page.gap();
    if let Some(title) = &section.title {
        page.line(title);
        page.line(&"-".repeat(title.chars().count()));
        page.gap();
    }
    for (place, block) in section.blocks.iter().enumerate() {
        if place > 0 {
            page.gap();
        }
        write_block(page, block);
    }
}

fn write_block(page: &mut Page, block: &Block) {
    if let Some(cause) = &block.cause {
        page.paragraph("", &format!("{}: {}", cause.title, cause.extent));
        page.paragraph("  ", &cause.reason);
        for sentence in &cause.evidence {
            page.hanging("  ", "    ", sentence);
        }
        page.paragraph("  ", &format!("{}, {}", cause.name, cause.foot));
        if let Some(url) = &cause.url {
            page.line(&format!("  {url}"));
        }
        if !block.shown.is_empty() {
            page.gap();
        }
    }
    for entry in &block.shown {
        write_entry(page, entry);
    }
    if let Some(more) = &block.more {
        page.line(&format!("  … {more}"));
    }
}

fn write_entry(page: &mut Page, entry: &Entry) {
    page.hanging("  - ", "    ", &entry.title);
    page.paragraph("    ", &entry.facts.join("; "));
    if let Some(note) = &entry.note {
        page.paragraph("    ", note);
    }
    page.line(&format!("    {}", entry.url));
}

/// The text so far.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Wraps words, each line behind `indent`.
    fn paragraph(&mut self, indent: &str, text: &str) {
        self.hanging(indent, indent, text);
    }

    /// Wraps words behind `first` on the first line and `rest` on all others.
    fn hanging(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut width = first.chars().count();
        let mut begun = false;
        for word in text.split(' ') {
            let length = word.chars().count();
            if begun && width + 1 + length > WIDTH {
                self.line(&line);
                rest.clone_into(&mut line);
                width = rest.chars().count();
                begun = false;
            }
            if begun {
                line.push(' ');
                width += 1;
            }
            line.push_str(word);
            width += length;
            begun = true;
        }
        self.line(&line);
    }
}
