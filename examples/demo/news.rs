//! The mails that tell what happened: whom each is for, which cards it tells of, what it says, and to which thread it
//! belongs. Owns holding a mail against that; what happens and when is `script`'s.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use cardwatch::domain::report::cards as count_cards;
use fake_domo::CardInfo;
use fake_smtp::Mail;

use crate::audience::Promise;
use crate::instance::DANA;
use crate::stage::{ADMINS, Stage};

/// Waits for the mails that tell that these cards broke: the admins', and that of the owner who may be mailed. Gives
/// the admins'.
pub(crate) async fn await_breakage(stage: &mut Stage, what: &str, cards: &[CardInfo]) -> anyhow::Result<Mail> {
    let mail = await_news(stage, what, cards).await?;
    let message_id = mail.header("Message-ID").context("a mail without a Message-ID")?;
    stage.script.told_in.extend(cards.iter().map(|card| (card.id, message_id.clone())));
    Ok(mail)
}

/// The same for cards that work again; the mail belongs to those that told that they broke.
pub(crate) async fn await_recovery(stage: &mut Stage, cards: &[CardInfo]) -> anyhow::Result<Mail> {
    let mail = await_news(stage, &format!("{} recovered", count_cards(cards.len())), cards).await?;
    let references = mail.header("References").unwrap_or_default();
    for card in cards {
        let told = stage.script.told_in.remove(&card.id).context("a card recovered that was not told as broken")?;
        ensure!(
            references.contains(&told),
            "the mail is in another thread than {told}, in which '{}' broke",
            card.title
        );
    }
    Ok(mail)
}

async fn await_news(stage: &mut Stage, what: &str, cards: &[CardInfo]) -> anyhow::Result<Mail> {
    let Stage { script, audience, .. } = stage;
    let broken = script.truth.broken();
    let subject = format!("[cardwatch] acme: {what} ({broken} broken now)");
    let mut promises = vec![Promise { to: ADMINS, subject }];
    let own = DANA.cards(cards).len();
    if let Some(to) = DANA.email.filter(|_| own > 0) {
        let how =
            what.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(" card").trim_start_matches('s');
        promises.push(Promise { to, subject: format!("[cardwatch] acme: {own} of your cards{how}") });
    }
    let mut mails = audience.await_mails(&promises).await?.into_iter();
    ensure!(audience.broken() == broken, "the mail and the database do not agree");
    let mail = mails.next().context("no mail")?;
    // A digest that is due comes in the same mail.
    let told = cards_in(&mail);
    let untold = cards.iter().find(|card| !told.contains(&card.id));
    ensure!(untold.is_none(), "the mail says nothing of '{}'", untold.map_or("", |card| &card.title));
    for of_owner in mails {
        let told = cards_in(&of_owner);
        ensure!(told == DANA.cards(cards), "{} is told of the cards {told:?}, which are not just hers", DANA.name);
    }
    Ok(mail)
}

/// The cards that a mail tells of.
pub(crate) fn cards_in(mail: &Mail) -> BTreeSet<i64> {
    let text = text(mail);
    text.split_whitespace().filter_map(|word| word.rsplit_once("/kpis/details/")?.1.parse().ok()).collect()
}

fn text(mail: &Mail) -> String {
    mail.text().unwrap_or_default()
}

/// Lines are wrapped where they must be: a mail says it wherever its lines break.
pub(crate) fn must_say(mail: &Mail, all: &[&str]) -> anyhow::Result<()> {
    let said = text(mail).split_whitespace().collect::<Vec<_>>().join(" ");
    let missing = all.iter().find(|told| !said.contains(**told));
    missing.map_or(Ok(()), |missing| bail!("the mail does not say '{missing}'"))
}
