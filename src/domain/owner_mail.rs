//! What the owners of cards are sent of a report: each one's own cards and nothing else. Owns dividing the report;
//! which owners may be mailed is [`owners`]'.

use std::collections::{BTreeMap, BTreeSet};

use super::card::CardMemory;
use super::closing::{Closing, OwnerReport, Reporting, Swept};
use super::ids::{CardId, UserId};
use super::lines;
use super::owners::{self, Mailed, Owner, OwnerPolicy};
use super::report::{Audience, CardLine, Group, Report};
use super::telling::{self, Thread};

/// The admins' report, which says who else is told, and the reports of the owners. `followed` are the mails in which
/// the cards of which there is news were told before.
pub(super) fn divide(
    mut report: Report,
    followed: &BTreeMap<CardId, String>,
    closing: &Closing,
    swept: &Swept,
    reporting: &Reporting,
) -> (Report, Vec<OwnerReport>) {
    let Some(policy) = &reporting.owners else { return (report, Vec::new()) };
    let (mailed, audience) = readers(&news(&report), swept, policy);
    let mut owned = owned_by(&mailed, swept);
    let reports = mailed.into_iter().map(|owner| {
        let cards = owned.remove(&owner.user).unwrap_or_default();
        let mut thread = Thread::default();
        for (_, earlier) in followed.iter().filter(|(card, _)| cards.contains(*card)) {
            thread.follow(&message_id(earlier, owner.user));
        }
        OwnerReport {
            user: owner.user,
            to: owner.to,
            report: own(&report, owner.name, &cards, closing, swept, reporting),
            message_id: message_id(&reporting.message_id, owner.user),
            references: thread.0,
        }
    });
    let reports = reports.collect();
    report.audience = audience;
    (report, reports)
}

/// The cards of which a report tells news; what is still broken is none.
fn news(report: &Report) -> BTreeSet<CardId> {
    let grouped = report.broke.iter().chain(&report.first_seen).flat_map(|group| &group.cards);
    let flapping = report.flapping.iter().map(|card| &card.line);
    grouped.chain(flapping).chain(&report.recovered).map(|line| line.id).collect()
}

/// The owners that are mailed about some of these cards, and what the admins are told of that.
fn readers(news: &BTreeSet<CardId>, swept: &Swept, policy: &OwnerPolicy) -> (Vec<Mailed>, Audience) {
    let mut concerned: BTreeMap<_, (&Owner, BTreeSet<CardId>)> = BTreeMap::new();
    for card in news {
        for owner in swept.plan.cards.get(card).map(|planned| swept.plan.owners_of(planned)).unwrap_or_default() {
            concerned.entry(owner.identity()).or_insert((owner, BTreeSet::new())).1.insert(*card);
        }
    }
    let concerned = concerned.into_values().map(|(owner, cards)| (owner, cards.len())).collect();
    let picked = owners::pick(concerned, &swept.asked.addresses, policy);
    let told_owners = picked.mailed.iter().map(|owner| owner.name.clone()).collect();
    (picked.mailed, Audience::Admins { told_owners, untold_owners: picked.left_out })
}

/// All cards of the plan that each of these owners answers for.
fn owned_by(mailed: &[Mailed], swept: &Swept) -> BTreeMap<UserId, BTreeSet<CardId>> {
    let mut owned: BTreeMap<UserId, BTreeSet<CardId>> =
        mailed.iter().map(|owner| (owner.user, BTreeSet::new())).collect();
    for (id, planned) in &swept.plan.cards {
        for user in swept.plan.owners_of(planned).into_iter().filter_map(|owner| owner.user) {
            if let Some(cards) = owned.get_mut(&user) {
                cards.insert(*id);
            }
        }
    }
    owned
}

/// What a report says of these cards alone.
fn own(
    report: &Report,
    name: String,
    cards: &BTreeSet<CardId>,
    closing: &Closing,
    swept: &Swept,
    reporting: &Reporting,
) -> Report {
    let is_own = |line: &&CardLine| cards.contains(&line.id);
    let recovered: Vec<CardLine> = report.recovered.iter().filter(is_own).cloned().collect();
    let memories = cards.iter().filter_map(|card| closing.cards.get::<CardId>(card));
    let memories: Vec<&CardMemory> = memories.collect();
    Report {
        broke: own_groups(&report.broke, cards),
        first_seen: own_groups(&report.first_seen, cards),
        left: lines::left(&recovered, closing),
        recovered,
        flapping: report.flapping.iter().filter(|card| is_own(&&card.line)).cloned().collect(),
        still_broken: Vec::new(),
        digest: None,
        // Both speak of the instance, and of pages that may be none of the owner's business.
        sight: None,
        trouble: None,
        totals: telling::count(memories.into_iter(), swept.finished_at, &reporting.policy),
        audience: Audience::Owner { name },
        ..report.clone()
    }
}

fn own_groups(groups: &[Group], own: &BTreeSet<CardId>) -> Vec<Group> {
    let groups = groups.iter().filter_map(|group| {
        let cards: Vec<CardLine> = group.cards.iter().filter(|line| own.contains(&line.id)).cloned().collect();
        let mut incident = group.incident.clone();
        // The incident's reason may be that of somebody else's card.
        incident.reason = cards.first()?.reason.clone().unwrap_or(incident.reason);
        Some(Group { incident, cards })
    });
    groups.collect()
}

/// The owner to whom the mail with a Message-ID was sent; `None` = it was sent to the admins.
pub fn reader(message_id: &str) -> Option<UserId> {
    let local = message_id.rsplit_once('@').map_or(message_id, |(local, _)| local);
    local.rsplit_once(".u")?.1.parse().ok().map(UserId)
}

/// The Message-ID of an owner's mail beside that of the admins'; see [`reader`].
fn message_id(admins: &str, user: UserId) -> String {
    match admins.rsplit_once('@') {
        Some((local, domain)) => format!("{local}.u{user}@{domain}"),
        None => format!("{admins}.u{user}"),
    }
}
