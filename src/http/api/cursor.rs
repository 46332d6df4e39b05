//! Where a list goes on. Owns how a place in it is written so that nobody has to understand it: what it names is the
//! last row that was given, so that rows that come and go before it change nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::ids::{CardId, IncidentId, InstanceName, SweepId};

/// A place in a list.
pub(super) trait Cursor: Sized {
    /// The list that it is of.
    const LIST: &'static str;

    /// What it names, as words between blanks.
    fn words(&self) -> String;

    /// What these words name.
    fn named(words: &[&str]) -> Option<Self>;
}

/// The last card that was given: they are in the order of the instances, and of their ids within one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AfterCard(pub(super) InstanceName, pub(super) CardId);

/// The last incident that was given, in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AfterIncident(pub(super) InstanceName, pub(super) IncidentId);

/// The last sweep that was given: the latest is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BeforeSweep(pub(super) SweepId);

impl Cursor for AfterCard {
    const LIST: &'static str = "cards";

    fn words(&self) -> String {
        format!("{} {}", self.0, self.1)
    }

    fn named(words: &[&str]) -> Option<Self> {
        let [instance, card] = words else { return None };
        Some(Self(instance.parse().ok()?, CardId(card.parse().ok()?)))
    }
}

impl Cursor for AfterIncident {
    const LIST: &'static str = "incidents";

    fn words(&self) -> String {
        format!("{} {}", self.0, self.1)
    }

    fn named(words: &[&str]) -> Option<Self> {
        let [instance, incident] = words else { return None };
        Some(Self(instance.parse().ok()?, IncidentId(incident.parse().ok()?)))
    }
}

impl Cursor for BeforeSweep {
    const LIST: &'static str = "sweeps";

    fn words(&self) -> String {
        self.0.to_string()
    }

    fn named(words: &[&str]) -> Option<Self> {
        let [sweep] = words else { return None };
        Some(Self(SweepId(sweep.parse().ok()?)))
    }
}

/// A cursor as it is sent.
pub(super) fn write<C: Cursor>(cursor: &C) -> String {
    let said = format!("{} {}", C::LIST, cursor.words());
    URL_SAFE_NO_PAD.encode(format!("{:08x} {said}", check(&said)))
}

/// The cursor that a text is; why it is none, to follow 'the parameter'.
pub(super) fn read<C: Cursor>(text: &str) -> Result<C, String> {
    let whole = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (sum, said) = text.split_once(' ')?;
        (sum == format!("{:08x}", check(said))).then(|| said.to_owned())
    };
    let said = whole().ok_or("was cut or changed on its way")?;
    let words: Vec<&str> = said.split(' ').collect();
    let (list, words) = words.split_first().ok_or("is empty")?;
    if *list != C::LIST {
        return Err(format!("is one of {list}, and this is the list of {}", C::LIST));
    }
    C::named(words).ok_or_else(|| "names no place".to_owned())
}

/// FNV-1a: tells a cursor that was cut or mistyped. It keeps no secret: a cursor gives nothing away.
fn check(said: &str) -> u32 {
    said.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
