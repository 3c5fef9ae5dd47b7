//! What a phone is given: walks through what the feed holds already, then what changed since.
//!
//! What a change shows is decided when it is given, by REST's own rule: the feed says that something happened
//! to a record, `kinds::Entry::load` what of it the caller may see now.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::cursor::{Purpose, Scope, State, Walk, bit};
use super::feed::Kind;
use super::kinds::{self, Loaded};
use super::sources::{self, Range, Row};
use super::{lineage, reference, store};
use crate::auth::policy::{Role, reach};
use crate::auth::{Place, Reach, Who};
use crate::config::Config;
use crate::crypto::Vault;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Problem};
use crate::text_enum;

/// How long a phone may be away before what was deleted is forgotten.
pub const AWAY_DAYS: u32 = 400;
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
struct Pull<'a> {
    c: &'a mut DbConn,
    vault: &'a Vault,
    config: &'a Config,
    who: &'a Who,
    state: State,
    changes: Vec<Given>,
    /// Bytes left on this page.
    room: usize,
    limit: usize,
}

/// How a step of a pull ended.
enum Step {
    /// The page is full.
    Full,
    /// There is no more of this.
    Over,
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
    let walk = |purpose, down| Walk {
        purpose,
        down,
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
    fn sources(&self, scopes: &[Scope]) -> Vec<sources::Source> {
        sources::of(self.who, scopes, &|kind| self.state.holds(kind))
    }

    fn counts(&mut self) -> AppResult<BTreeMap<String, i64>> {
        let sources = self.sources(&self.state.scopes);
        sources::counts(self.c, &sources)
    }

    /// Takes up assignments that came and lets go of those that ended; answers the areas to purge.
    fn rescope(&mut self, now: &[Scope]) -> AppResult<Vec<Uid>> {
        let ended = apart(&self.state.scopes, now);
        let come = apart(now, &self.state.scopes);
        let mut purge = Vec::new();
        let mut overlapping = Vec::new();
        for scope in ended {
            match self.parts_to_purge(scope) {
                Some(areas) => purge.extend(areas),
                None => overlapping.push(scope),
            }
        }
        let (pos, stamp) = (self.state.pos, reference::stamp(self.c, self.who)?);
        let walks = &mut self.state.walks;
        // Nothing more is brought of what ended.
        for walk in walks.iter_mut().filter(|w| w.purpose != Purpose::Revoked) {
            walk.scopes.retain(|scope| now.contains(scope));
        }
        let mut begin = |purpose, down, scopes: Vec<Scope>| {
            walks.push(Walk {
                purpose,
                down,
                scopes,
            });
        };
        if !overlapping.is_empty() {
            begin(Purpose::Revoked, pos + 1, overlapping);
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

    fn run(&mut self) -> AppResult<Step> {
        while let Some(walk) = self.state.walks.first().cloned() {
            let step = match walk.purpose {
                Purpose::Reference => self.walk_reference(&walk)?,
                _ => self.walk_feed(&walk)?,
            };
            match step {
                Step::Full => return Ok(Step::Full),
                Step::Over => {
                    self.state.walks.remove(0);
                }
            }
        }
        self.changed()
    }

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.changes.len())
    }

    /// Puts a change on the page; false when it has no room for it.
    fn put(&mut self, given: Given) -> bool {
        let size = 200 + given.loaded.as_ref().map_or(0, |l| l.record.get().len());
        if size > self.room && !self.changes.is_empty() {
            return false;
        }
        self.room = self.room.saturating_sub(size);
        self.changes.push(given);
        true
    }

    fn walk_reference(&mut self, walk: &Walk) -> AppResult<Step> {
        if self.left() == 0 {
            return Ok(Step::Full);
        }
        let (items, next) =
            reference::items(self.c, self.who, &walk.scopes, walk.down, self.left())?;
        for item in items {
            // Small and bounded by the page's limit: one part of a page is not cut.
            self.room = self.room.saturating_sub(item.loaded.record.get().len());
            self.changes.push(Given {
                kind: item.kind,
                id: item.loaded.id,
                version: item.loaded.version,
                op: ChangeOp::Upsert,
                loaded: Some(item.loaded),
            });
        }
        match next {
            None => Ok(Step::Over),
            Some(at) => {
                if let Some(walk) = self.state.walks.first_mut() {
                    walk.down = at;
                }
                Ok(Step::Full)
            }
        }
    }

    /// What the feed holds already, from its newest downwards.
    fn walk_feed(&mut self, walk: &Walk) -> AppResult<Step> {
        let sources = self.sources(&walk.scopes);
        let mut down = walk.down;
        loop {
            let left = self.left();
            if left == 0 {
                return Ok(Step::Full);
            }
            let (rows, more) = sources::rows(self.c, &sources, Range::Below(down), left)?;
            let mut loaded = self.load(&rows)?;
            let mut seen = HashSet::new();
            for row in &rows {
                let given = match loaded.remove(&row.key()) {
                    _ if !seen.insert(row.key()) => None,
                    found => self.given_by_walk(walk, row, found),
                };
                if given.is_some_and(|given| !self.put(given)) {
                    return Ok(Step::Full);
                }
                down = row.pos();
                if let Some(walk) = self.state.walks.first_mut() {
                    walk.down = down;
                }
            }
            if !more {
                return Ok(Step::Over);
            }
        }
    }

    fn given_by_walk(&self, walk: &Walk, row: &Row, loaded: Option<Loaded>) -> Option<Given> {
        match (walk.purpose, loaded) {
            (Purpose::Revoked, None) => Some(dropped(row, ChangeOp::Revoked)),
            (Purpose::Revoked, Some(_)) | (_, None) => None,
            (_, Some(_)) if self.aged(row) => None,
            (Purpose::Grown, Some(loaded)) if !self.of_scopes(&walk.scopes, row, &loaded) => None,
            (_, Some(loaded)) => Some(shown(row, loaded)),
        }
    }

    /// Whether a record is of these assignments: one's own rows are of all of them.
    fn of_scopes(&self, scopes: &[Scope], row: &Row, loaded: &Loaded) -> bool {
        let covered = |scope: &Scope| {
            sources::grant(self.who, *scope).is_some_and(|g| g.covers(&loaded.place))
        };
        !row.own() || scopes.iter().any(covered)
    }

    /// Whether it stays behind at a first pull, being old and of its moment.
    fn aged(&self, row: &Row) -> bool {
        let days = |role: Role| match reach(role) {
            Reach::Own => self.config.sync_member_days,
            Reach::Area => self.config.sync_coordinator_days,
        };
        let days = self.who.grants().map(|g| days(g.role)).max().unwrap_or(0);
        kinds::of(row.kind).ages && row.at < self.who.at.plus(-days * Micros::DAY)
    }

    /// What changed since.
    fn changed(&mut self) -> AppResult<Step> {
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
            let last: HashMap<_, _> = rows.iter().map(|row| (row.key(), row.pos())).collect();
            for row in &rows {
                // Of several rows of a record the last one speaks for it.
                if last.get(&row.key()) == Some(&row.pos()) {
                    let given = match loaded.remove(&row.key()) {
                        Some(loaded) => shown(row, loaded),
                        None if row.op == "delete" => dropped(row, ChangeOp::Delete),
                        None => dropped(row, ChangeOp::Left),
                    };
                    if !self.put(given) {
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

    /// What the caller may see of the records of these rows.
    fn load(&mut self, rows: &[Row]) -> AppResult<HashMap<(Kind, Uid), Loaded>> {
        kinds::load_all(self.c, self.vault, self.who, rows.iter().map(Row::key))
    }

    /// Whether there is more, and the cursor to come back with: the one that was given where nothing moved.
    fn next(
        &mut self,
        given: Option<&State>,
        text: Option<&str>,
        full: bool,
    ) -> AppResult<(bool, String)> {
        if self.state.walks.len() > 8 {
            // Assignments came and went faster than they were walked: from the start is sooner done.
            let scopes = self.state.scopes.clone();
            self.state = first(self.c, self.who, &scopes, self.state.kinds)?;
        }
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
        let more = full || !self.state.walks.is_empty();
        Ok((more, self.state.encode(self.vault, self.who.user)))
    }
}

fn shown(row: &Row, loaded: Loaded) -> Given {
    Given {
        kind: row.kind.as_str(),
        id: row.record,
        version: loaded.version,
        op: ChangeOp::Upsert,
        loaded: Some(loaded),
    }
}

fn dropped(row: &Row, op: ChangeOp) -> Given {
    Given {
        kind: row.kind.as_str(),
        id: row.record,
        version: row.version,
        op,
        loaded: None,
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
