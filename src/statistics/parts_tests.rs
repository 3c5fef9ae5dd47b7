//! An attacker who has every answer of every level, knows the rule and the ranks, and reckons.
//!
//! An answer is what is shown and what is not: a table that would have been answered with other areas hidden can be
//! ruled out, as one with other sums can.

use proptest::prelude::*;

use super::*;

/// Shapes of areas within areas: the parent of each, widest first.
const SHAPES: &[&[Option<usize>]] = &[
    &[None],
    &[None, Some(0), Some(0)],
    &[None, Some(0), Some(0), Some(0)],
    &[None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)],
    &[None, Some(0), Some(1), Some(2), Some(2), Some(2)],
    &[None, Some(0), Some(0), Some(0), Some(1), Some(1), Some(1)],
];

/// Of each area; the attacker knows them.
const RANKS: [u64; 7] = [4, 6, 1, 5, 3, 7, 2];

#[derive(Debug, Clone)]
struct Case {
    parents: Vec<Option<usize>>,
    /// Of each area its sums, of each cell.
    sums: Vec<Vec<u64>>,
    /// What each area counts beside its parts.
    own: Vec<Vec<u64>>,
}

impl Case {
    fn new(parents: &[Option<usize>], own: Vec<Vec<u64>>) -> Case {
        let mut sums = own.clone();
        for area in (0..parents.len()).rev() {
            if let Some(parent) = parents[area] {
                let more = sums[area].clone();
                add(&mut sums[parent], &more);
            }
        }
        Case {
            parents: parents.to_vec(),
            sums,
            own,
        }
    }

    fn parts(&self, area: usize) -> Vec<usize> {
        let all = 0..self.parents.len();
        all.filter(|part| self.parents[*part] == Some(area))
            .collect()
    }

    fn shown(&self) -> Vec<bool> {
        let mut tree = Tree::default();
        for (parent, counts) in self.parents.iter().zip(&self.sums) {
            let rank = RANKS[tree.counts.len() % RANKS.len()];
            tree.add(*parent, rank, counts.clone());
        }
        tree.shown(0..self.sums[0].len())
    }

    /// Other tables that give the same answers, the same areas hidden: what areas count of their own, changed by a
    /// few at one place or two, in every way. Whoever cannot rule one out does not know the count. That an area
    /// counts nothing beside its parts is known. `answer` is the rule.
    fn others(&self, cell: usize, answer: &dyn Fn(&Case) -> Vec<bool>) -> Vec<Vec<u64>> {
        let shown = answer(self);
        let fits = |own: &[Vec<u64>]| {
            let other = Case::new(&self.parents, own.to_vec());
            let same = (0..shown.len()).all(|a| !shown[a] || other.sums[a] == self.sums[a]);
            (same && answer(&other) == shown)
                .then(|| other.sums.iter().map(|s| s[cell]).collect::<Vec<u64>>())
        };
        let known = |area: &usize| {
            let has_parts = self.parents.contains(&Some(*area));
            has_parts && self.own[*area].iter().all(|n| *n == 0)
        };
        let places: Vec<usize> = (0..self.own.len()).filter(|a| !known(a)).collect();
        let mut found = Vec::new();
        for some in 1..=LEAST {
            for from in places.iter().copied() {
                let mut less = self.own.clone();
                if less[from][cell] < some {
                    continue;
                }
                less[from][cell] -= some;
                found.extend(fits(&less));
                for to in places.iter().copied().filter(|to| *to != from) {
                    let mut moved = less.clone();
                    moved[to][cell] += some;
                    found.extend(fits(&moved));
                }
            }
            for to in places.iter().copied() {
                let mut more = self.own.clone();
                more[to][cell] += some;
                found.extend(fits(&more));
            }
        }
        found
    }
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0u64), 3 => 1..5u64, 2 => 5..9u64, 1 => 9..60u64]
}

fn case() -> impl Strategy<Value = Case> {
    (0..SHAPES.len(), 1..3usize).prop_flat_map(|(shape, cells)| {
        let parents = SHAPES[shape];
        let row = prop::collection::vec(count(), cells);
        // Few areas count something beside their parts.
        let beside = prop::collection::vec(prop::bool::weighted(0.2), parents.len());
        (prop::collection::vec(row, parents.len()), beside).prop_map(move |(mut own, beside)| {
            for (area, counts) in own.iter_mut().enumerate() {
                let has_parts = parents.contains(&Some(area));
                if has_parts && !beside[area] {
                    counts.fill(0);
                }
            }
            Case::new(parents, own)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_small_is_shown_or_follows(case in case()) {
        let shown = case.shown();
        for (area, is) in shown.iter().enumerate() {
            let sums = &case.sums[area];
            if *is {
                prop_assert!(is_open(sums), "{sums:?} is shown");
                let around = case.parents[area];
                prop_assert!(around.is_none_or(|p| shown[p]), "shown within a hidden area");
                // By difference: the shown area less those of its parts that are shown.
                let parts = case.parts(area);
                let mut rest = sums.clone();
                for part in parts.iter().filter(|p| shown[**p]) {
                    for (rest, of) in rest.iter_mut().zip(&case.sums[*part]) {
                        *rest -= of;
                    }
                }
                prop_assert!(parts.is_empty() || is_open(&rest), "{rest:?} follows: {shown:?}");
            }
            for (cell, sum) in sums.iter().enumerate() {
                if !*is && (1..LEAST).contains(sum) {
                    let others = case.others(cell, &Case::shown);
                    prop_assert!(others.iter().any(|o| o[area] != *sum), "area {area} follows: {shown:?}");
                }
            }
        }
    }

    /// The answer does not depend on who asks: the parts of an area are judged by it and them alone.
    #[test]
    fn an_area_by_itself_is_answered_as_within_all(case in case()) {
        let shown = case.shown();
        for area in (0..shown.len()).filter(|a| shown[*a]) {
            let parts = case.parts(area);
            let of = |p: usize| (case.sums[p].as_slice(), RANKS[p % RANKS.len()]);
            let counts: Vec<(&[u64], u64)> = parts.iter().map(|p| of(*p)).collect();
            let alone = super::shown(&case.sums[area], &counts);
            let within: Vec<bool> = parts.iter().map(|p| shown[*p]).collect();
            prop_assert_eq!(alone, within);
        }
    }
}

/// The tests would see an answer in which small counts alone are hidden.
#[test]
fn hiding_small_counts_alone_is_found_out() {
    let parents = [None, Some(0), Some(0), Some(0)];
    let own = [0, 3, 20, 10].map(|n| vec![n]);
    let case = Case::new(&parents, own.to_vec());
    let alone = |case: &Case| -> Vec<bool> { case.sums.iter().map(|s| is_open(s)).collect() };
    assert!(case.others(0, &alone).iter().all(|other| other[1] == 3));
    let others = case.others(0, &Case::shown);
    assert!(others.iter().any(|other| other[1] != 3));
    let naive = |_: &[u64], parts: &[(&[u64], u64)]| -> Vec<bool> {
        parts.iter().map(|(part, _)| is_open(part)).collect()
    };
    assert!(!pinned(3, 1, 20, false, &naive).is_empty());
}

/// And one in which the smallest others go along: what is chosen by size tells of sizes.
#[test]
fn choosing_the_smallest_is_found_out() {
    let smallest = |whole: &[u64], parts: &[(&[u64], u64)]| -> Vec<bool> {
        let mut shown: Vec<bool> = parts
            .iter()
            .map(|(part, _)| is_open(part) && size(part) > 0)
            .collect();
        if parts.iter().all(|(part, _)| is_open(part)) {
            return vec![true; parts.len()];
        }
        let mut hidden = vec![0; whole.len()];
        for ((part, _), _) in parts.iter().zip(&shown).filter(|(_, shown)| !**shown) {
            add(&mut hidden, part);
        }
        let mut others: Vec<usize> = (0..parts.len()).filter(|i| shown[*i]).collect();
        others.sort_by_key(|i| size(parts[*i].0));
        for next in others {
            if is_open(&hidden) {
                break;
            }
            shown[next] = false;
            add(&mut hidden, parts[next].0);
        }
        shown
    };
    let found = pinned(3, 1, 30, false, &smallest);
    // 13 in all and 5 of it shown: four and four.
    let four = (vec![13], vec![Some(vec![5]), None, None], 1, 0);
    assert!(found.contains(&four), "{found:?}");
}

type Rule<'a> = &'a dyn Fn(&[u64], &[(&[u64], u64)]) -> Vec<bool>;
/// The whole, what is shown of each part, and the part and cell of which too much is known.
type Told = (Vec<u64>, Vec<Option<Vec<u64>>>, usize, usize);

/// A whole, and which of its parts are shown with what.
type Answer = (Vec<u64>, Vec<Option<Vec<u64>>>);

/// Of every table of so many parts and cells that comes to no more than this: the answers from which a small count
/// follows, or that there is one. With `beside` the last one is what is counted in no part: never shown, and never
/// none, which would be known.
fn pinned(parts: usize, cells: usize, most: u64, beside: bool, rule: Rule<'_>) -> Vec<Told> {
    use std::collections::{BTreeMap, BTreeSet};
    let mut rows = vec![vec![0u64; 0]];
    for _ in 0..cells {
        let longer = |row: &Vec<u64>| -> Vec<Vec<u64>> {
            let with = |n| row.iter().copied().chain([n]).collect();
            (0..=most).map(with).collect()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    let mut tables: Vec<(Vec<u64>, Vec<Vec<u64>>)> = vec![(vec![0; cells], Vec::new())];
    for _ in 0..parts {
        let mut longer = Vec::new();
        for (sum, table) in &tables {
            for row in &rows {
                let mut sum = sum.clone();
                add(&mut sum, row);
                if sum.iter().all(|n| *n <= most) {
                    let table = table.iter().chain([row]).cloned().collect();
                    longer.push((sum, table));
                }
            }
        }
        tables = longer;
    }
    // By answer: what each hidden count may be.
    let mut seen: BTreeMap<Answer, Vec<Vec<BTreeSet<u64>>>> = BTreeMap::new();
    for (whole, table) in tables {
        let listed = parts - usize::from(beside);
        if !is_open(&whole) || (beside && size(&table[listed]) == 0) {
            continue;
        }
        let ranked: Vec<(&[u64], u64)> = (table.iter().take(listed).zip(RANKS))
            .map(|(row, rank)| (row.as_slice(), rank))
            .collect();
        let shown = rule(&whole, &ranked);
        let told = |(row, shown): (&Vec<u64>, &bool)| shown.then(|| row.clone());
        let told = table.iter().zip(&shown).map(told).collect();
        let may = seen.entry((whole, told));
        let may = may.or_insert_with(|| vec![vec![BTreeSet::new(); cells]; listed]);
        for (at, row) in table
            .iter()
            .take(listed)
            .enumerate()
            .filter(|(at, _)| !shown[*at])
        {
            for (cell, count) in row.iter().enumerate() {
                may[at][cell].insert(*count);
            }
        }
    }
    let mut found = Vec::new();
    for ((whole, told), may) in seen {
        for (at, cells) in may.iter().enumerate() {
            for (cell, may) in cells.iter().enumerate() {
                let small = may.iter().any(|n| (1..LEAST).contains(n));
                if small && (may.len() == 1 || !may.contains(&0)) {
                    found.push((whole.clone(), told.clone(), at, cell));
                }
            }
        }
    }
    found
}

/// Every table of a few parts: of no hidden count is it known that it is small, nor that it is any.
#[test]
fn no_table_is_told_by_what_is_hidden() {
    for (parts, cells, most) in [(2, 1, 40), (3, 1, 30), (4, 1, 24), (2, 2, 12), (3, 2, 10)] {
        for beside in [false, true] {
            let found = pinned(parts, cells, most, beside, &shown);
            assert!(found.is_empty(), "{parts} of {cells}: {found:?}");
        }
    }
}

fn ranked<const N: usize>(parts: [&[u64]; N]) -> Vec<(&[u64], u64)> {
    parts.into_iter().zip(RANKS).collect()
}

#[test]
fn that_a_count_is_hidden_says_nothing_of_it() {
    // Among four hidden parts one has none, two have some, and one has enough.
    let parts = ranked([&[0], &[1], &[2], &[9]]);
    assert_eq!(shown(&[12], &parts), [false; 4]);
    // Where all is large, zeros are shown.
    let parts = ranked([&[0], &[5], &[7]]);
    assert_eq!(shown(&[12], &parts), [true; 3]);
    // Five of one each: nobody knows that there are none of two.
    let parts = ranked([&[1], &[1], &[1], &[1], &[1]]);
    assert_eq!(shown(&[5], &parts), [false; 5]);
    // Nothing at all is no secret, of two either.
    assert_eq!(shown(&[0], &ranked([&[0], &[0]])), [true; 2]);
    assert_eq!(shown(&[9], &ranked([&[0], &[9]])), [false; 2]);
}

/// Who goes along is no matter of how many they are.
#[test]
fn who_goes_along_is_chosen_by_rank() {
    let along = |ranks: [u64; 4]| {
        let parts: [&[u64]; 4] = [&[3], &[8], &[90], &[700]];
        let parts: Vec<(&[u64], u64)> = parts.into_iter().zip(ranks).collect();
        shown(&[801], &parts)
    };
    assert_eq!(along([0, 1, 2, 3]), [false, false, false, true]);
    assert_eq!(along([0, 9, 2, 3]), [false, true, false, false]);
    assert_eq!(along([9, 3, 2, 1]), [false, true, false, false]);
}

#[test]
fn a_rank_is_of_an_area_and_of_an_installation() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
    let (ours, theirs) = (
        Vault::create(&ours).unwrap(),
        Vault::create(&theirs).unwrap(),
    );
    let area = |n: u128| Uid(uuid::Uuid::from_u128(n));
    assert_eq!(rank(&ours, area(1)), rank(&ours, area(1)));
    assert_ne!(rank(&ours, area(1)), rank(&ours, area(2)));
    assert_ne!(rank(&ours, area(1)), rank(&theirs, area(1)));
}

#[test]
fn what_is_counted_together_is_hidden_together() {
    // Decided in time and late: one late claim hides its area, and others with it until there are enough late ones.
    let parts = ranked([&[10, 1], &[6, 0], &[8, 6], &[40, 9]]);
    assert_eq!(shown(&[64, 16], &parts), [false, true, false, false]);
}

#[test]
fn what_is_counted_in_no_part_is_no_part_that_follows() {
    // 52 in the town and 50 in its only village would tell of two.
    assert_eq!(shown(&[52], &ranked([&[50]])), [false]);
    assert_eq!(shown(&[57], &ranked([&[50]])), [true]);
}
