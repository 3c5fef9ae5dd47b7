//! Going through what the feed holds already: at a first pull, and when assignments come and go.

use std::collections::HashSet;

use super::cursor::{Purpose, Scope, Walk};
use super::kinds::{self, Loaded};
use super::pull::{ChangeOp, Given, Pull, Step, dropped, shown};
use super::reference;
use super::sources::{self, Range, Row};
use crate::auth::policy::{Role, reach};
use crate::auth::{Place, Reach};
use crate::db::Micros;
use crate::error::AppResult;

/// Whether a walk takes records from the phone.
pub(super) fn takes(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::Revoked | Purpose::Unplaced)
}

impl Pull<'_> {
    /// Goes on with the walks under way, then with what changed since.
    pub(super) fn run(&mut self) -> AppResult<Step> {
        let mut waiting = 0;
        while let Some(walk) = self.state.walks.get(waiting).cloned() {
            let step = match walk.purpose {
                Purpose::Reference => self.walk_reference(waiting, &walk)?,
                Purpose::First | Purpose::Grown => self.walk_down(waiting, &walk)?,
                Purpose::Revoked | Purpose::Unplaced => self.walk_up(waiting, &walk)?,
            };
            match step {
                Step::Full => return Ok(Step::Full),
                Step::Over => {
                    self.state.walks.remove(waiting);
                }
                Step::Waits => waiting += 1,
            }
        }
        self.changed()
    }

    /// Notes how far a walk is.
    fn walked(&mut self, walk: usize, at: i64) {
        if let Some(walk) = self.state.walks.get_mut(walk) {
            walk.at = at;
        }
    }

    fn walk_reference(&mut self, index: usize, walk: &Walk) -> AppResult<Step> {
        if self.left() == 0 {
            return Ok(Step::Full);
        }
        let part = reference::items(self.c, self.who, &walk.scopes, walk.at, self.left())?;
        for (item, next) in part.items {
            let given = Given {
                kind: item.kind,
                id: item.loaded.id,
                version: item.loaded.version,
                op: ChangeOp::Upsert,
                loaded: Some(item.loaded),
                merged_into: None,
            };
            if !self.put(given) {
                return Ok(Step::Full);
            }
            self.walked(index, next);
        }
        Ok(if part.over { Step::Over } else { Step::Full })
    }

    /// What the feed holds already, from its newest downwards: what changes meanwhile moves up, to where
    /// `changed` begins.
    fn walk_down(&mut self, index: usize, walk: &Walk) -> AppResult<Step> {
        let sources = self.sources(&walk.scopes);
        let mut at = walk.at;
        while at > 0 {
            let left = self.left();
            if left == 0 {
                return Ok(Step::Full);
            }
            let (rows, more) = sources::rows(self.c, &sources, Range::Below(at), left)?;
            if !self.bring(index, walk, &rows, Row::pos)? {
                return Ok(Step::Full);
            }
            at = rows.last().filter(|_| more).map_or(0, Row::pos);
            self.walked(index, at);
        }
        if self.c.is_sqlite() || walk.purpose != Purpose::First {
            return Ok(Step::Over);
        }
        // At the end of a first pull a phone drops what it did not bring, so it brings what has no position
        // yet too. It comes again when it has one.
        loop {
            let left = self.left();
            if left == 0 {
                return Ok(Step::Full);
            }
            let (rows, more) = sources::rows(self.c, &sources, Range::Waiting(-at), left)?;
            if !self.bring(index, walk, &rows, |row| -row.seq)? {
                return Ok(Step::Full);
            }
            if !more {
                return Ok(Step::Over);
            }
            at = rows.last().map_or(at, |row| -row.seq);
        }
    }

    /// Brings the records of these rows; false when the page is full.
    fn bring(
        &mut self,
        index: usize,
        walk: &Walk,
        rows: &[Row],
        at: impl Fn(&Row) -> i64,
    ) -> AppResult<bool> {
        let mut loaded = self.load(rows)?;
        for row in rows {
            let found = loaded.remove(&row.key());
            let given = found.and_then(|found| self.brought(walk, row, found));
            if given.is_some_and(|given| !self.put(given)) {
                return Ok(false);
            }
            self.walked(index, at(row));
        }
        Ok(true)
    }

    /// What ended assignments showed, from the oldest upwards: what changes meanwhile is met farther on, and
    /// nobody else would tell of it.
    fn walk_up(&mut self, index: usize, walk: &Walk) -> AppResult<Step> {
        let wanted = |kind| self.state.holds(kind);
        let sources = match walk.purpose {
            Purpose::Unplaced => sources::unplaced(self.who, &walk.scopes, &wanted),
            _ => sources::of(self.who, &walk.scopes, &wanted),
        };
        let wide = walk.scopes.iter();
        let wide = wide
            .filter_map(|scope| sources::grant(self.who, *scope))
            .any(sources::is_wide);
        let mut at = walk.at;
        loop {
            let left = self.left();
            if left == 0 {
                return Ok(Step::Full);
            }
            let (rows, more) = sources::rows(self.c, &sources, Range::Above(at), left)?;
            let loaded = self.load(&rows)?;
            let mut seen = HashSet::new();
            for row in &rows {
                let held = !row.of_wide_area() || wide;
                let gone = held && !loaded.contains_key(&row.key()) && seen.insert(row.key());
                if gone && !self.put(dropped(row, ChangeOp::Revoked)) {
                    return Ok(Step::Full);
                }
                at = row.pos();
                self.walked(index, at);
            }
            if !more {
                let (waiting, _) = sources::rows(self.c, &sources, Range::Waiting(0), 1)?;
                return Ok(if waiting.is_empty() {
                    Step::Over
                } else {
                    Step::Waits
                });
            }
        }
    }

    /// A record that a first pull or a new assignment brings.
    fn brought(&self, walk: &Walk, row: &Row, loaded: Loaded) -> Option<Given> {
        let there = || self.of_scopes(&walk.scopes, row, &loaded);
        if self.aged(row) || walk.purpose == Purpose::Grown && !there() {
            return None;
        }
        Some(shown(row, loaded))
    }

    /// Whether a record is of these assignments. One's own rows are of all of them; what is in no area may
    /// be seen by any.
    fn of_scopes(&self, scopes: &[Scope], row: &Row, loaded: &Loaded) -> bool {
        let covered = |scope: &Scope| {
            sources::grant(self.who, *scope).is_some_and(|g| g.covers(&loaded.place))
        };
        !row.own() || loaded.place == Place::default() || scopes.iter().any(covered)
    }

    /// Whether it stays behind at a first pull, being old and of its moment.
    fn aged(&self, row: &Row) -> bool {
        kinds::of(row.kind).ages && row.at < self.oldest()
    }

    /// Before this, what is of its moment stays behind at a first pull.
    pub(super) fn oldest(&self) -> Micros {
        let days = |role: Role| match reach(role) {
            Reach::Own => self.config.sync_member_days,
            Reach::Area => self.config.sync_coordinator_days,
        };
        let days = self.who.grants().map(|g| days(g.role)).max().unwrap_or(0);
        self.who.at.plus(-days * Micros::DAY)
    }
}
