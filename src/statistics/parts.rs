//! Which counts of areas within areas may be shown, so that no small one follows from the others.
//!
//! A count from 1 to 4 is hidden. What a count is made of (decided in time, decided late) is counted beside it and
//! shown or hidden with it, so that nothing follows by taking one from another. It goes from the widest area
//! inwards, each area and its parts by themselves:
//!
//! - Nothing within a hidden area is shown, zeros neither.
//! - Where one part of a shown area is hidden, so is every part of zero, and at least one that is not small; and
//!   others with them, until at least [`FEWEST`] are hidden that together count none or [`MASS`] of each.
//! - Of two parts of which one counts none, both are hidden: or that both are hidden would say that each has some.
//!
//! So of a shown area the hidden parts make up a sum that is known and not small, and each of them may have more of
//! it, less or none. Which others go with the small ones is no matter of their counts: the rule is known and the
//! answer tells whom it chose, so that a choice of the smallest would tell how small. It goes by a rank of each area
//! ([`rank`]), which nobody knows without the installation's keys. The rank is one for all quarters and counts: from
//! answers in which different areas went along the small ones would stand out. The tests let an attacker know even the
//! ranks, and try every table that gives the same answer.
//!
//! An area knows only its own parts: the answer for a county is the same whoever asks, and from how far above. What an
//! area counts beside its parts is shown nowhere; the whole less its parts would tell, so it is treated like one more
//! part.

use std::ops::Range;

use crate::crypto::{MacPurpose, Vault};
use crate::db::Uid;
use crate::privacy::suppression::LEAST;

/// So many parts are hidden together, where there are so many.
const FEWEST: usize = 3;
/// What hidden parts count together at least, where it is any.
const MASS: u64 = 2 * LEAST;

/// In which order an area goes along with smaller ones.
pub fn rank(vault: &Vault, area: Uid) -> u64 {
    let tag = vault.mac(MacPurpose::SecretHash, &[b"statistics", area.as_bytes()]);
    let (first, _) = tag.split_at(8);
    first.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// Whether counts may be shown by themselves.
pub fn is_open(counts: &[u64]) -> bool {
    counts.iter().all(|n| *n == 0 || *n >= LEAST)
}

fn add(sum: &mut [u64], more: &[u64]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

fn size(counts: &[u64]) -> u64 {
    counts.iter().sum()
}

/// Which parts of a shown area are shown; each has its rank.
pub fn shown(whole: &[u64], parts: &[(&[u64], u64)]) -> Vec<bool> {
    let mut counted = vec![0; whole.len()];
    for (part, _) in parts {
        add(&mut counted, part);
    }
    let beside: Vec<u64> = whole
        .iter()
        .zip(&counted)
        .map(|(whole, counted)| whole.saturating_sub(*counted))
        .collect();
    let is_beside = size(&beside) > 0;
    let among = parts.len() + usize::from(is_beside);
    let empty = parts.iter().any(|(part, _)| size(part) == 0);
    let small = parts.iter().any(|(part, _)| !is_open(part))
        || !is_open(&beside)
        || (among == 2 && empty && size(whole) > 0);
    if !small {
        return vec![true; parts.len()];
    }
    let mut shown: Vec<bool> = parts
        .iter()
        .map(|(part, _)| is_open(part) && size(part) > 0)
        .collect();
    let (mut hidden, mut hiding) = (beside, usize::from(is_beside));
    for ((part, _), shown) in parts.iter().zip(&shown) {
        if !shown {
            add(&mut hidden, part);
            hiding += 1;
        }
    }
    // All of them hidden make up the whole, which is shown.
    let mut others: Vec<usize> = (0..parts.len()).filter(|i| shown[*i]).collect();
    others.sort_by_key(|i| (parts[*i].1, *i));
    for (at, next) in others.into_iter().enumerate() {
        let enough = hidden.iter().all(|n| *n == 0 || *n >= MASS);
        if at > 0 && hiding >= FEWEST && enough {
            break;
        }
        shown[next] = false;
        add(&mut hidden, parts[next].0);
        hiding += 1;
    }
    shown
}

/// Areas within areas, with what was counted in each.
#[derive(Debug, Default)]
pub struct Tree {
    counts: Vec<Vec<u64>>,
    ranks: Vec<u64>,
    parts: Vec<Vec<usize>>,
    roots: Vec<usize>,
}

impl Tree {
    /// Adds an area within another that was added before, or of none, and answers its number.
    pub fn add(&mut self, parent: Option<usize>, rank: u64, counts: Vec<u64>) -> usize {
        let number = self.counts.len();
        self.counts.push(counts);
        self.ranks.push(rank);
        self.parts.push(Vec::new());
        match parent.and_then(|parent| self.parts.get_mut(parent)) {
            Some(parts) => parts.push(number),
            None => self.roots.push(number),
        }
        number
    }

    /// Of which areas these cells, which belong together, are shown.
    pub fn shown(&self, cells: Range<usize>) -> Vec<bool> {
        let of = |area: usize| -> &[u64] {
            let counts = self.counts.get(area).map_or(&[][..], Vec::as_slice);
            counts.get(cells.clone()).unwrap_or(&[])
        };
        let mut shown = vec![false; self.counts.len()];
        let mut todo = Vec::new();
        for root in &self.roots {
            shown[*root] = is_open(of(*root));
            todo.push(*root);
        }
        while let Some(area) = todo.pop() {
            let Some(parts) = self.parts.get(area).filter(|_| shown[area]) else {
                continue;
            };
            let rank = |part: usize| self.ranks.get(part).copied().unwrap_or(0);
            let counts: Vec<(&[u64], u64)> = parts.iter().map(|p| (of(*p), rank(*p))).collect();
            for (part, is) in parts.iter().zip(self::shown(of(area), &counts)) {
                shown[*part] = is;
                todo.push(*part);
            }
        }
        shown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "parts_tests.rs"]
mod tests;
