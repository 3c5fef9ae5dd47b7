//! What a phone is given: walks through what the feed holds already, then what changed since.
//!
//! What a change shows is decided when it is given, by REST's own rule: the feed says that something happened
//! to a record, `kinds::Entry::load` what of it the caller may see now.

use std::collections::{BTreeMap, HashMap};

use super::cursor::{MAX_CURSOR, Purpose, Scope, State, Walk, bit};
use super::feed::Kind;
use super::kinds::{self, Loaded};
use super::sources::{self, Range, Row};
use super::{lineage, reference, store, walks};
use crate::auth::{Place, Who};
use crate::config::Config;
use crate::crypto::Vault;
use crate::db::{DbConn, Micros, Uid};
use crate::duplicates;
use crate::error::{AppError, AppResult, Code, Problem};
use crate::text_enum;

/// How long a phone may be away before what was deleted is forgotten.
pub const AWAY_DAYS: u32 = 400;
/// Walks under way at once.
const MOST_WALKS: usize = 8;
/// A cursor is given out anew when it is older than this, though nothing changed.
const FRESH_DAYS: u32 = 30;

text_enum! {
    /// What to do with a record: replace it, drop it because the caller no longer sees it, drop it because
    /// their rights ended, drop it because it is gone.
    ChangeOp { Upsert = "upsert", Left = "left", Revoked = "revoked", Delete = "delete" }
}

/// What is asked for.
pub struct Ask {
    pub cursor: Option<String>,
    pub limit: usize,
    pub max_bytes: usize,
    /// A bit for each kind; `None`: all, or those of the cursor.
    pub kinds: Option<u32>,
}

/// One change, ready to be answered.
pub struct Given {
    pub kind: &'static str,
    pub id: Uid,
    pub version: i64,
    pub op: ChangeOp,
    pub loaded: Option<Loaded>,
    /// Of one that is gone: the record of the same person that stands for it, where the caller sees that.
    pub merged_into: Option<Uid>,
}

/// A page of changes.
pub struct Page {
    pub changes: Vec<Given>,
    pub next_cursor: String,
    pub more: bool,
    /// How many records there are, at the beginning of a first pull.
    pub counts: Option<BTreeMap<String, i64>>,
    pub purge: Vec<Uid>,
}

/// What a pull is made with.
pub(super) struct Pull<'a> {
    pub(super) c: &'a mut DbConn,
    vault: &'a Vault,
    pub(super) config: &'a Config,
    pub(super) who: &'a Who,
    pub(super) state: State,
    changes: Vec<Given>,
    /// Bytes left on this page.
    room: usize,
    limit: usize,
}

/// How a step of a pull ended.
pub(super) enum Step {
    /// The page is full.
    Full,
    /// There is no more of this.
    Over,
    /// There is no more of this yet: something is written and has no position.
    Waits,
}

fn day(now: Micros) -> u32 {
    u32::try_from(now.0.div_euclid(Micros::DAY)).unwrap_or(0)
}

/// Answers one page.
pub fn pull(
    c: &mut DbConn,
    vault: &Vault,
    config: &Config,
    who: &Who,
    ask: &Ask,
) -> AppResult<Page> {
    let scopes = sources::scopes(who);
    let given = match &ask.cursor {
        None => None,
        Some(text) => Some(open(c, vault, who, ask, text)?),
    };
    let state = match &given {
        Some(state) => state.clone(),
        None => first(c, who, &scopes, ask.kinds.unwrap_or(u32::MAX))?,
    };
    let mut pull = Pull {
        c,
        vault,
        config,
        who,
        state,
        changes: Vec::new(),
        room: ask.max_bytes,
        limit: ask.limit,
    };
    let counts = match given {
        None => Some(pull.counts()?),
        Some(_) => None,
    };
    let purge = pull.rescope(&scopes)?;
    let full = matches!(pull.run()?, Step::Full);
    let (more, next_cursor) = pull.next(given.as_ref(), ask.cursor.as_deref(), full)?;
    Ok(Page {
        changes: pull.changes,
        next_cursor,
        more,
        counts,
        purge,
    })
}

/// Reads a cursor and sees whether it still holds.
fn open(c: &mut DbConn, vault: &Vault, who: &Who, ask: &Ask, text: &str) -> AppResult<State> {
    let state =
        State::decode(vault, who.user, text).ok_or_else(|| AppError::of(Code::CursorInvalid))?;
    if ask.kinds.is_some_and(|kinds| kinds != state.kinds) {
        return Err(AppError::of(Code::CursorInvalid));
    }
    if !lineage::holds(c, state.lineage, state.pos)? {
        return Err(AppError::Problem(Box::new(Problem {
            acknowledged_after: Some(lineage::restored_at(c, state.lineage)?),
            ..Problem::new(Code::ResyncRequired)
        })));
    }
    if day(who.at).saturating_sub(state.day) > AWAY_DAYS {
        return Err(AppError::of(Code::CursorExpired));
    }
    Ok(state)
}

/// Where a first pull begins: everything up to the newest position, from there downwards.
fn first(c: &mut DbConn, who: &Who, scopes: &[Scope], kinds: u32) -> AppResult<State> {
    let pos = store::newest_pos(c)?;
    let walk = |purpose, at| Walk {
        purpose,
        at,
        scopes: scopes.to_vec(),
    };
    Ok(State {
        lineage: lineage::newest(c)?,
        day: day(who.at),
        pos,
        reference: reference::stamp(c, who)?,
        kinds,
        scopes: scopes.to_vec(),
        walks: vec![walk(Purpose::Reference, 0), walk(Purpose::First, pos + 1)],
    })
}

impl Pull<'_> {
    pub(super) fn sources(&self, scopes: &[Scope]) -> Vec<sources::Source> {
        sources::of(self.who, scopes, &|kind| self.state.holds(kind))
    }

    fn counts(&mut self) -> AppResult<BTreeMap<String, i64>> {
        let sources = self.sources(&self.state.scopes);
        sources::counts(self.c, &sources, self.oldest())
    }

    /// Takes up assignments that came and lets go of those that ended; answers the areas to purge.
    fn rescope(&mut self, now: &[Scope]) -> AppResult<Vec<Uid>> {
        let ended = apart(&self.state.scopes, now);
        let come = apart(now, &self.state.scopes);
        let mut purge = Vec::new();
        let (mut overlapping, mut unplaced) = (Vec::new(), Vec::new());
        for scope in ended {
            match self.parts_to_purge(scope) {
                Some(areas) => {
                    purge.extend(areas);
                    if sources::kinds_lost(self.who, scope) {
                        unplaced.push(scope);
                    }
                }
                None => overlapping.push(scope),
            }
        }
        let (pos, stamp) = (self.state.pos, reference::stamp(self.c, self.who)?);
        let walks = &mut self.state.walks;
        // Nothing more is brought of what ended.
        for walk in walks.iter_mut().filter(|w| !walks::takes(w.purpose)) {
            let before = walk.scopes.len();
            walk.scopes.retain(|scope| now.contains(scope));
            // Items are counted by scope.
            if walk.purpose == Purpose::Reference && walk.scopes.len() < before {
                walk.at = 0;
            }
        }
        let mut begin = |purpose, at, scopes: Vec<Scope>| {
            walks.push(Walk {
                purpose,
                at,
                scopes,
            });
        };
        if !overlapping.is_empty() {
            begin(Purpose::Revoked, 0, overlapping);
        }
        if !unplaced.is_empty() {
            begin(Purpose::Unplaced, 0, unplaced);
        }
        if stamp != self.state.reference {
            begin(Purpose::Reference, 0, now.to_vec());
        } else if !come.is_empty() {
            begin(Purpose::Reference, 0, come.clone());
        }
        if !come.is_empty() {
            begin(Purpose::Grown, pos + 1, come);
        }
        self.state.reference = stamp;
        self.state.scopes = now.to_vec();
        purge.sort_unstable();
        purge.dedup();
        Ok(purge)
    }

    /// The areas to drop with an assignment that ended; `None` where another one still shows part of them,
    /// so that records have to be named one by one.
    fn parts_to_purge(&self, scope: Scope) -> Option<Vec<Uid>> {
        let grant = sources::grant(self.who, scope)?;
        let areas = sources::areas(grant);
        let within = |place: &Place, areas: &[Uid]| {
            let levels = [place.county, place.town, place.village];
            levels.into_iter().flatten().any(|id| areas.contains(&id))
        };
        let still = self.who.grants().any(|g| {
            let theirs = sources::areas(g);
            let shared = theirs.iter().any(|id| areas.contains(id));
            shared || within(&g.place, &areas) || within(&grant.place, &theirs)
        });
        (!still).then_some(areas)
    }

    pub(super) fn left(&self) -> usize {
        self.limit.saturating_sub(self.changes.len())
    }

    /// Puts a change on the page; false when it has no room for it.
    pub(super) fn put(&mut self, given: Given) -> bool {
        let size = 200 + given.loaded.as_ref().map_or(0, |l| l.record.get().len());
        if size > self.room && !self.changes.is_empty() {
            return false;
        }
        self.room = self.room.saturating_sub(size);
        self.changes.push(given);
        true
    }

    /// What changed since.
    pub(super) fn changed(&mut self) -> AppResult<Step> {
        let scopes = self.state.scopes.clone();
        let sources = self.sources(&scopes);
        loop {
            let left = self.left();
            if left == 0 {
                // The page is full; whether anything is left is not worth a query.
                return Ok(Step::Full);
            }
            let (rows, more) = sources::rows(self.c, &sources, Range::Above(self.state.pos), left)?;
            let mut loaded = self.load(&rows)?;
            let merged = self.merged(&rows, &loaded)?;
            let last: HashMap<_, _> = rows.iter().map(|row| (row.key(), row.pos())).collect();
            for row in &rows {
                // Of several rows of a record the last one speaks for it.
                if last.get(&row.key()) == Some(&row.pos()) {
                    let given = match loaded.remove(&row.key()) {
                        Some(loaded) => Some(shown(row, loaded)),
                        None if row.op == "delete" => Some(Given {
                            merged_into: merged.get(&row.record).copied(),
                            ..dropped(row, ChangeOp::Delete)
                        }),
                        None if row.of_wide_area() => None,
                        None => Some(dropped(row, ChangeOp::Left)),
                    };
                    if given.is_some_and(|given| !self.put(given)) {
                        return Ok(Step::Full);
                    }
                }
                self.state.pos = row.pos();
            }
            if !more {
                return Ok(Step::Over);
            }
        }
    }

    /// Those of these rows' records that are gone because they were merged, with what stands for them.
    fn merged(
        &mut self,
        rows: &[Row],
        loaded: &HashMap<(Kind, Uid), Loaded>,
    ) -> AppResult<HashMap<Uid, Uid>> {
        let may_be = |row: &&Row| {
            let merges = matches!(row.kind, Kind::Resident | Kind::HouseholdPerson);
            merges && row.op == "delete" && !loaded.contains_key(&row.key())
        };
        let gone: Vec<Uid> = rows.iter().filter(may_be).map(|row| row.record).collect();
        if gone.is_empty() {
            return Ok(HashMap::new());
        }
        duplicates::follow::kept_for(self.c, self.who, &gone)
    }

    /// What the caller may see of the records of these rows.
    pub(super) fn load(&mut self, rows: &[Row]) -> AppResult<HashMap<(Kind, Uid), Loaded>> {
        kinds::load_all(self.c, self.vault, self.who, rows.iter().map(Row::key))
    }

    /// Whether there is more, and the cursor to come back with: the one that was given where nothing moved.
    fn next(
        &mut self,
        given: Option<&State>,
        text: Option<&str>,
        full: bool,
    ) -> AppResult<(bool, String)> {
        let today = day(self.who.at);
        if let (Some(given), Some(text)) = (given, text)
            && *given == self.state
        {
            if today.saturating_sub(given.day) < FRESH_DAYS {
                return Ok((full, text.to_owned()));
            }
            // Nothing of the caller's is newer, so the phone has everything to the feed's end.
            self.state.pos = self.state.pos.max(store::newest_pos(self.c)?);
        }
        self.state.lineage = lineage::newest(self.c)?;
        self.state.day = today;
        let text = self.state.encode(self.vault, self.who.user);
        if self.state.walks.len() > MOST_WALKS || text.len() > MAX_CURSOR {
            // Assignments came and went faster than they were walked: from the start is sooner done.
            return Err(AppError::of(Code::CursorInvalid));
        }
        Ok((full, text))
    }
}

pub(super) fn shown(row: &Row, loaded: Loaded) -> Given {
    Given {
        kind: row.kind.as_str(),
        id: row.record,
        version: loaded.version,
        op: ChangeOp::Upsert,
        loaded: Some(loaded),
        merged_into: None,
    }
}

pub(super) fn dropped(row: &Row, op: ChangeOp) -> Given {
    Given {
        kind: row.kind.as_str(),
        id: row.record,
        version: row.version,
        op,
        loaded: None,
        merged_into: None,
    }
}

/// Those of `these` that are not among `those`.
fn apart(these: &[Scope], those: &[Scope]) -> Vec<Scope> {
    let missing = |scope: &&Scope| !those.contains(scope);
    these.iter().filter(missing).copied().collect()
}

/// The kinds of a list, as bits.
pub fn kinds_of(list: &[Kind]) -> u32 {
    list.iter().fold(0, |bits, kind| bits | bit(*kind))
}
