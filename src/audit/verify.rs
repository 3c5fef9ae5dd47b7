//! Walks the audit's hash chain again, one batch after the other, and says which batch and which entry do not fit.
//!
//! Memory is bounded by one batch, however long the audit is. Batches whose entries were removed because they had
//! been kept long enough are the oldest ones; their seals stay, so that the chain holds from there on.

use diesel::prelude::*;
use std::fmt;

use super::keep::SHORTEST;
use super::seal::{Leaf, chain};
use crate::db::schema::{audit_entries, audit_seals};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Seals read at once.
const PART: i64 = 100;

/// A seal that somebody wrote down: the number of its last entry, and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub last: i64,
    pub hash: Vec<u8>,
}

/// What fitted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub seals: u64,
    pub entries: u64,
    /// Of the seals, those whose entries were kept long enough and then removed.
    pub removed: u64,
    /// Entries that no seal covers yet.
    pub unsealed: i64,
    /// The newest seal: worth writing down elsewhere.
    pub newest: Option<Known>,
}

/// A batch that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit {
    /// The numbers of the batch's first and last entry.
    pub batch: (i64, i64),
    pub what: What,
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Altered(i64, Uid),
    Removed(i64),
    Inserted(i64, Uid),
    /// The hash does not fit, and the seal does not tell of which entry.
    Hash,
    /// Entries before this batch have no seal: one was removed.
    NoSealBefore,
    /// Its entries are said to have been kept long enough, and cannot have been.
    RemovedTooEarly,
    /// The seal that was written down is not there, or is another one.
    NotAsKnown,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.batch;
        write!(f, "the batch of entries {first} to {last} does not fit: ")?;
        match self.what {
            What::Altered(seq, id) => write!(f, "entry {seq} ({id}) was altered"),
            What::Removed(seq) => write!(f, "entry {seq} was removed"),
            What::Inserted(seq, id) => write!(f, "entry {seq} ({id}) was inserted"),
            What::Hash => f.write_str("an entry of it was altered, or a seal was"),
            What::NoSealBefore => f.write_str("the seal before it is missing"),
            What::RemovedTooEarly => {
                f.write_str("its entries were removed before their time, or out of turn")
            }
            What::NotAsKnown => f.write_str("the seal that was written down is not this one"),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_seals)]
struct Seal {
    last_seq: i64,
    first_seq: i64,
    at: Micros,
    hash: Vec<u8>,
    leaf_hash: Vec<u8>,
    removed_at: Option<Micros>,
}

impl Seal {
    fn misfit(&self, what: What) -> Misfit {
        Misfit {
            batch: (self.first_seq, self.last_seq),
            what,
        }
    }
    fn is(&self, known: &Known) -> bool {
        self.last_seq == known.last && self.hash == known.hash
    }
}

/// Walks the seals, from the one that covers entry `from` on. `known` is a seal that has to be among them:
/// without one, somebody who removes the newest seals and makes new ones is not found out.
pub fn verify(
    c: &mut DbConn,
    from: i64,
    known: Option<&Known>,
) -> AppResult<Result<Verified, Misfit>> {
    let mut done = Verified::default();
    let mut before = seal_before(c, from)?;
    let (mut kept, mut met) = (false, false);
    if before.is_none()
        && let Some(stray) = stray(c, 1)?
    {
        return Ok(Err(stray));
    }
    loop {
        let after = before.as_ref().map_or(0, |seal| seal.last_seq);
        let seals = seals_after(c, after)?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            let expected = before.as_ref().map_or(1, |seal| seal.last_seq + 1);
            if seal.first_seq != expected || seal.last_seq < seal.first_seq {
                return Ok(Err(seal.misfit(What::NoSealBefore)));
            }
            let hash = before.map(|seal| seal.hash).unwrap_or_default();
            match batch(c, &seal, &hash, kept)? {
                Ok(Some(entries)) => {
                    kept = true;
                    done.entries += entries;
                }
                Ok(None) => done.removed += 1,
                Err(what) => return Ok(Err(seal.misfit(what))),
            }
            if known.is_some_and(|known| known.last == seal.last_seq) {
                if !known.is_some_and(|known| seal.is(known)) {
                    return Ok(Err(seal.misfit(What::NotAsKnown)));
                }
                met = true;
            }
            done.seals += 1;
            before = Some(seal);
        }
    }
    if let Some(known) = known.filter(|_| !met) {
        return Ok(Err(Misfit {
            batch: (known.last, known.last),
            what: What::NotAsKnown,
        }));
    }
    let last = before.as_ref().map_or(0, |seal| seal.last_seq);
    done.unsealed = audit_entries::table
        .filter(audit_entries::seq.gt(last).or(audit_entries::seq.is_null()))
        .count()
        .get_result(c)?;
    done.newest = before.map(|seal| Known {
        last: seal.last_seq,
        hash: seal.hash,
    });
    Ok(Ok(done))
}

/// The entries that a batch holds, when all is right with it; none for one whose time was over.
fn batch(
    c: &mut DbConn,
    seal: &Seal,
    before: &[u8],
    kept: bool,
) -> AppResult<Result<Option<u64>, What>> {
    if let Some(removed_at) = seal.removed_at {
        return removed(c, seal, removed_at, kept);
    }
    let mut walk = Walk::along(&seal.leaf_hash);
    let range = (seal.first_seq - 1, seal.last_seq);
    let mut entries = 0;
    let hash = chain(c, before, range, |entry, leaf| {
        entries += 1;
        walk.see(leaf, entry.id);
    })?;
    if hash == seal.hash {
        return Ok(Ok(Some(entries)));
    }
    // It may have been removed in its turn since its seal was read.
    let now: Option<Option<Micros>> = audit_seals::table
        .find(seal.last_seq)
        .select(audit_seals::removed_at)
        .first(c)
        .optional()?;
    match now.flatten() {
        Some(removed_at) => removed(c, seal, removed_at, kept),
        None => Ok(Err(walk.end().unwrap_or(What::Hash))),
    }
}

/// Removed in turn: the oldest first, none before its time, and all of it.
fn removed(
    c: &mut DbConn,
    seal: &Seal,
    removed_at: Micros,
    kept: bool,
) -> AppResult<Result<Option<u64>, What>> {
    if kept || removed_at < seal.at.plus(SHORTEST) {
        return Ok(Err(What::RemovedTooEarly));
    }
    let left = first_between(c, seal.first_seq, seal.last_seq)?;
    Ok(match left {
        Some((seq, id)) => Err(What::Inserted(seq, id)),
        None => Ok(None),
    })
}

/// Compares the entries that are there with those that were sealed; keeps the first difference.
struct Walk {
    sealed: std::iter::Peekable<std::vec::IntoIter<Leaf>>,
    /// A seal of a time before digests were kept tells nothing.
    tells: bool,
    found: Option<What>,
}

impl Walk {
    fn along(leaves: &[u8]) -> Walk {
        let sealed = Leaf::read(leaves);
        Walk {
            tells: !sealed.is_empty(),
            sealed: sealed.into_iter().peekable(),
            found: None,
        }
    }

    fn see(&mut self, leaf: Leaf, id: Uid) {
        if self.found.is_some() || !self.tells {
            return;
        }
        self.found = match self.sealed.peek() {
            Some(sealed) if sealed.seq < leaf.seq => Some(What::Removed(sealed.seq)),
            Some(sealed) if sealed.seq == leaf.seq => {
                (*sealed != leaf).then_some(What::Altered(leaf.seq, id))
            }
            _ => Some(What::Inserted(leaf.seq, id)),
        };
        self.sealed.next();
    }

    fn end(mut self) -> Option<What> {
        let missing = self.sealed.next().map(|leaf| What::Removed(leaf.seq));
        self.found.or(missing)
    }
}

/// An entry numbered below the first one: no seal covers it.
fn stray(c: &mut DbConn, first: i64) -> AppResult<Option<Misfit>> {
    let found = first_between(c, i64::MIN, first - 1)?;
    Ok(found.map(|(seq, id)| Misfit {
        batch: (seq, first - 1),
        what: What::Inserted(seq, id),
    }))
}

fn first_between(c: &mut DbConn, first: i64, last: i64) -> AppResult<Option<(i64, Uid)>> {
    let found: Option<(Option<i64>, Uid)> = audit_entries::table
        .filter(audit_entries::seq.ge(first))
        .filter(audit_entries::seq.le(last))
        .order(audit_entries::seq)
        .select((audit_entries::seq, audit_entries::id))
        .first(c)
        .optional()?;
    Ok(found.and_then(|(seq, id)| Some((seq?, id))))
}

/// The seal before the one that covers an entry.
fn seal_before(c: &mut DbConn, entry: i64) -> AppResult<Option<Seal>> {
    Ok(audit_seals::table
        .filter(audit_seals::last_seq.lt(entry))
        .order(audit_seals::last_seq.desc())
        .select(Seal::as_select())
        .first(c)
        .optional()?)
}

fn seals_after(c: &mut DbConn, after: i64) -> AppResult<Vec<Seal>> {
    Ok(audit_seals::table
        .filter(audit_seals::last_seq.gt(after))
        .order(audit_seals::last_seq)
        .select(Seal::as_select())
        .limit(PART)
        .load(c)?)
}
