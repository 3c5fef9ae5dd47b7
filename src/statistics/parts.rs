//! Which counts of areas within areas may be shown, so that no small one follows from the others.
//!
//! A count from 1 to 4 is hidden. What a count is made of (decided in time, decided late) is counted beside it and
//! shown or hidden with it, so that nothing follows by taking one from another. It goes from the widest area
//! inwards, each area and its parts by themselves:
//!
//! - Nothing within a hidden area is shown, zeros neither.
//! - Where one part of a shown area is hidden, so is every part of zero: that a count is hidden says nothing, not
//!   even that there was one. And so are the smallest others, one after the other, until all that are hidden
//!   together count none or [`LEAST`] of each.
//!
//! So of a shown area the hidden parts make up a sum that is known and not small, and each of them may have more of
//! it or less. An area knows only its own parts: the answer for a county is the same whoever asks, and from how far
//! above. What an area counts beside its parts is shown nowhere; the whole less its parts would tell, so it is
//! treated like one more part.

use std::ops::Range;

use crate::privacy::suppression::LEAST;

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

/// Which parts of a shown area are shown.
pub fn shown(whole: &[u64], parts: &[&[u64]]) -> Vec<bool> {
    let mut counted = vec![0; whole.len()];
    for part in parts {
        add(&mut counted, part);
    }
    let beside: Vec<u64> = whole
        .iter()
        .zip(&counted)
        .map(|(whole, counted)| whole.saturating_sub(*counted))
        .collect();
    let mut shown: Vec<bool> = parts
        .iter()
        .map(|part| is_open(part) && size(part) > 0)
        .collect();
    let small = parts.iter().any(|part| !is_open(part)) || !is_open(&beside);
    if !small {
        return vec![true; parts.len()];
    }
    let mut hidden = beside;
    for (part, shown) in parts.iter().zip(&shown) {
        if !shown {
            add(&mut hidden, part);
        }
    }
    // The order of the parts decides between equals: it is that of their codes.
    let mut others: Vec<usize> = (0..parts.len()).filter(|i| shown[*i]).collect();
    others.sort_by_key(|i| size(parts[*i]));
    let mut others = others.into_iter();
    while !is_open(&hidden) {
        // All parts hidden make up the whole, which is shown: it does not come to that.
        let Some(next) = others.next() else { break };
        shown[next] = false;
        add(&mut hidden, parts[next]);
    }
    shown
}

/// Areas within areas, with what was counted in each.
#[derive(Debug, Default)]
pub struct Tree {
    counts: Vec<Vec<u64>>,
    parts: Vec<Vec<usize>>,
    roots: Vec<usize>,
}

impl Tree {
    /// Adds an area within another that was added before, or of none, and answers its number.
    pub fn add(&mut self, parent: Option<usize>, counts: Vec<u64>) -> usize {
        let number = self.counts.len();
        self.counts.push(counts);
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
            let counts: Vec<&[u64]> = parts.iter().map(|part| of(*part)).collect();
            for (part, is) in parts.iter().zip(self::shown(of(area), &counts)) {
                shown[*part] = is;
                todo.push(*part);
            }
        }
        shown
    }
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
