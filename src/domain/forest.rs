//! What hangs together by links. Owns joining many at once without looking at each pair; what makes a link is
//! [`cause`](super::cause)'s.

use std::time::Duration;

use super::Timestamp;

/// One of those that have something in common.
pub(super) struct Member {
    /// Its place among all.
    pub(super) place: usize,
    /// When it came up.
    pub(super) since: Timestamp,
    /// Of two that are linked, one at least vouches for the link.
    pub(super) vouches: bool,
}

/// Which places hang together (a union-find forest).
pub(super) struct Forest(Vec<usize>);

impl Forest {
    pub(super) fn new(places: usize) -> Self {
        Self((0..places).collect())
    }

    /// What stands for all that hang together with a place: the first of them.
    pub(super) fn root(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }

    /// Joins each that vouches with all others.
    pub(super) fn join_all(&mut self, members: &[Member]) {
        if let Some(sure) = members.iter().find(|member| member.vouches) {
            for member in members {
                self.join(sure.place, member.place);
            }
        }
    }

    /// Joins each that vouches with all others that came up within `near` of it.
    ///
    /// What lies near one hangs together as a row of neighbours, and these rows only move on in time: so each two
    /// neighbours are joined once, however many there are.
    pub(super) fn join_near(&mut self, members: &mut [Member], near: Duration) {
        let is_near =
            |earlier: &Member, later: &Member| (later.since - earlier.since).to_std().unwrap_or_default() <= near;
        members.sort_by_key(|member| member.since);
        let (mut from, mut to) = (0, 0);
        for (place, member) in members.iter().enumerate().filter(|(_, member)| member.vouches) {
            let joined = to;
            while !is_near(&members[from], member) {
                from += 1;
            }
            to = to.max(place);
            while members.get(to + 1).is_some_and(|next| is_near(member, next)) {
                to += 1;
            }
            for neighbour in from.max(joined)..to {
                self.join(members[neighbour].place, members[neighbour + 1].place);
            }
        }
    }
}
