//! Small counts of the people served are not published, and cannot be worked out from what is.
//!
//! A count from 1 to 4 is hidden. With it others are hidden, sums among them, until from all that is published
//! together, every area and kind of the table with all their sums, no hidden count follows: for each there are
//! at least two values that fit. Nothing is published that tells a hidden count from a zero, so whoever reads
//! a table knows that a hidden count is at least 1, and that is reckoned with. A zero is shown: it tells of
//! nobody.
//!
//! How that is known: the counts of areas within areas, by kind, with sums over areas and over kinds, are a
//! network. Each count is an arc between two sums it is a part of (or of which it is the sum), and two tables
//! have the same sums exactly when they differ by a circulation. So a hidden count has another value that fits
//! if and only if it lies on a cycle of hidden counts along which one more and one less can be passed on, none
//! falling below 1. For every small count the cycle that costs least is looked for, and what it needs of the
//! published is hidden; what lies on a cycle stays free however much more is hidden.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Counts from here on are shown by themselves.
pub const LEAST: u64 = 5;
/// A hidden count is no smaller: zeros are shown.
const HIDDEN_LEAST: u64 = 1;

/// Counts of areas by kind. An area's counts are its own and those of the areas in it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    kinds: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    parent: Option<usize>,
    /// First of all kinds together, then of each.
    counts: Vec<u64>,
    has_parts: bool,
}

/// What may be shown of a row: `None` is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// All kinds together.
    pub all: Option<u64>,
    pub kinds: Vec<Option<u64>>,
}

impl Table {
    /// A table of so many kinds, without rows.
    pub fn new(kinds: usize) -> Table {
        Table {
            kinds,
            rows: Vec::new(),
        }
    }

    /// Adds an area within another that was added before, or of none, and answers its number.
    pub fn add(&mut self, parent: Option<usize>) -> usize {
        if let Some(row) = parent.and_then(|p| self.rows.get_mut(p)) {
            row.has_parts = true;
        }
        self.rows.push(Row {
            parent: parent.filter(|p| *p < self.rows.len()),
            counts: vec![0; self.kinds + 1],
            has_parts: false,
        });
        self.rows.len() - 1
    }

    /// Counts something in an area, and in all around it.
    pub fn count(&mut self, row: usize, kind: usize, times: u64) {
        let mut at = Some(row);
        while let Some(row) = at.and_then(|row| self.rows.get_mut(row)) {
            for i in [0, kind + 1] {
                if let Some(count) = row.counts.get_mut(i) {
                    *count += times;
                }
            }
            at = row.parent;
        }
    }

    /// Hides what has to be hidden and answers what may be shown, row by row.
    pub fn suppressed(&self) -> Vec<Shown> {
        let net = Net::of(self);
        let hidden = net.hide();
        let mut shown = Vec::with_capacity(self.rows.len());
        for (number, row) in self.rows.iter().enumerate() {
            let cell = |kind: usize| {
                let arc = number * (self.kinds + 1) + kind;
                let count = row.counts.get(kind).copied().unwrap_or(0);
                (!hidden.get(arc).copied().unwrap_or(false)).then_some(count)
            };
            shown.push(Shown {
                all: cell(0),
                kinds: (1..=self.kinds).map(cell).collect(),
            });
        }
        shown
    }
}

/// One count: `below` is the sum that it makes up (of its row's kinds, or of its area's parts), `above` the one
/// that it is a part of. One more of it passes one unit from `from` to `to`.
#[derive(Clone, Copy)]
struct Arc {
    from: usize,
    to: usize,
    value: u64,
}

/// What a way costs: the people that are not shown any more, and after that how long it is.
type Cost = (u64, u32);
/// Each node that was reached: at what cost, and from which node by which arc.
type Walked = HashMap<usize, (Cost, Option<(usize, usize)>)>;

struct Net {
    /// Those of the table, row by row; then what areas with parts count of their own, which nobody is shown.
    arcs: Vec<Arc>,
    shown: usize,
    /// The arcs that begin or end at a node; counts of zero take no part.
    at: Vec<Vec<usize>>,
}

impl Net {
    fn of(table: &Table) -> Net {
        let width = table.kinds + 1;
        // Of each row a node for the sum of its kinds (of what is in no area: the way back of all), and one for
        // each kind's sum of its parts.
        let ground = |row: usize| row * (2 + width);
        let kinds_of = |row: usize| row * (2 + width) + 1;
        let parts_of = |row: usize, kind: usize| row * (2 + width) + 2 + kind;
        let root = |row: usize| {
            let mut top = row;
            while let Some(parent) = table.rows.get(top).and_then(|r| r.parent) {
                top = parent;
            }
            top
        };
        let mut net = Net {
            arcs: Vec::with_capacity(table.rows.len() * width),
            shown: table.rows.len() * width,
            at: vec![Vec::new(); table.rows.len() * (2 + width)],
        };
        let mut own: Vec<Vec<u64>> = table.rows.iter().map(|r| r.counts.clone()).collect();
        for (number, row) in table.rows.iter().enumerate() {
            for (kind, value) in row.counts.iter().copied().enumerate() {
                let below = match row.has_parts {
                    true => parts_of(number, kind),
                    false => kinds_of(number),
                };
                let above = match row.parent {
                    Some(parent) => parts_of(parent, kind),
                    None => ground(root(number)),
                };
                net.add(kind, below, above, value);
                let around = row.parent.and_then(|parent| own.get_mut(parent));
                if let Some(left) = around.and_then(|counts| counts.get_mut(kind)) {
                    *left = left.saturating_sub(value);
                }
            }
        }
        let with_parts = own.iter().enumerate();
        for (number, left) in with_parts.filter(|(n, _)| table.rows[*n].has_parts) {
            for (kind, value) in left.iter().copied().enumerate() {
                net.add(kind, kinds_of(number), parts_of(number, kind), value);
            }
        }
        net
    }

    /// A sum of kinds stands on the other side of its row than the kinds do.
    fn add(&mut self, kind: usize, below: usize, above: usize, value: u64) {
        let (from, to) = match kind {
            0 => (above, below),
            _ => (below, above),
        };
        if value > 0 {
            self.at[from].push(self.arcs.len());
            self.at[to].push(self.arcs.len());
        }
        self.arcs.push(Arc { from, to, value });
    }

    fn hide(&self) -> Vec<bool> {
        let small = |arc: &Arc| (1..LEAST).contains(&arc.value);
        let of = |(i, arc): (usize, &Arc)| i >= self.shown || small(arc);
        let mut hidden: Vec<bool> = self.arcs.iter().enumerate().map(of).collect();
        for arc in (0..self.arcs.len()).filter(|i| small(&self.arcs[*i])) {
            let one_more = self.way(arc, true, &hidden);
            let one_less = self.way(arc, false, &hidden);
            // One more can always be passed on, up all the sums: there is a way at the least.
            let cheapest = [one_more, one_less]
                .into_iter()
                .flatten()
                .min_by_key(|(cost, _)| *cost);
            for needed in cheapest.map(|(_, arcs)| arcs).unwrap_or_default() {
                hidden[needed] = true;
            }
        }
        hidden
    }

    /// The cheapest way to pass on one more, or one less, of a count, and what it costs.
    fn way(&self, arc: usize, more: bool, hidden: &[bool]) -> Option<(Cost, Vec<usize>)> {
        let it = self.arcs.get(arc)?;
        if !more && it.value <= HIDDEN_LEAST {
            return None;
        }
        let (start, goal) = match more {
            true => (it.to, it.from),
            false => (it.from, it.to),
        };
        let mut best: Walked = HashMap::new();
        let mut open = BinaryHeap::new();
        best.insert(start, ((0, 0), None));
        open.push(Reverse(((0, 0), start)));
        while let Some(Reverse((cost, node))) = open.pop() {
            if best.get(&node).is_none_or(|(known, _)| *known < cost) {
                continue;
            }
            if node == goal {
                return Some((cost, walked(&best, node)));
            }
            for next in self.at.get(node)?.iter().copied().filter(|i| *i != arc) {
                let Arc { from, to, value } = *self.arcs.get(next)?;
                let there = match node == from {
                    true => to,
                    false if value > HIDDEN_LEAST => from,
                    false => continue,
                };
                let price = if hidden[next] { 0 } else { value };
                let (people, steps) = cost;
                let cost = (people.saturating_add(price), steps + 1);
                if best.get(&there).is_none_or(|(known, _)| cost < *known) {
                    best.insert(there, (cost, Some((node, next))));
                    open.push(Reverse((cost, there)));
                }
            }
        }
        None
    }
}

/// The arcs of a way that was found.
fn walked(best: &Walked, goal: usize) -> Vec<usize> {
    let (mut arcs, mut node) = (Vec::new(), goal);
    while let Some((_, Some((before, arc)))) = best.get(&node) {
        arcs.push(*arc);
        node = *before;
    }
    arcs
}

#[cfg(test)]
#[path = "suppression_tests.rs"]
mod tests;
