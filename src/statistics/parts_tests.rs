//! An attacker who has every answer of every level, and reckons.

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
            tree.add(*parent, counts.clone());
        }
        tree.shown(0..self.sums[0].len())
    }

    /// Other tables that give the same answers: what areas count of their own, changed by one at one place or
    /// two, in every way. Whoever cannot rule one out does not know the count. That an area counts nothing beside
    /// its parts is known.
    fn others(&self, shown: &[bool], cell: usize) -> Vec<Vec<u64>> {
        let fits = |own: &[Vec<u64>]| {
            let other = Case::new(&self.parents, own.to_vec());
            let same = (0..shown.len()).all(|a| !shown[a] || other.sums[a] == self.sums[a]);
            same.then(|| other.sums.iter().map(|s| s[cell]).collect::<Vec<u64>>())
        };
        let known = |area: &usize| {
            let has_parts = self.parents.contains(&Some(*area));
            has_parts && self.own[*area].iter().all(|n| *n == 0)
        };
        let places: Vec<usize> = (0..self.own.len()).filter(|a| !known(a)).collect();
        let mut found = Vec::new();
        for from in places.iter().copied() {
            let mut less = self.own.clone();
            if less[from][cell] == 0 {
                continue;
            }
            less[from][cell] -= 1;
            found.extend(fits(&less));
            for to in places.iter().copied().filter(|to| *to != from) {
                let mut moved = less.clone();
                moved[to][cell] += 1;
                found.extend(fits(&moved));
            }
        }
        for to in places.iter().copied() {
            let mut more = self.own.clone();
            more[to][cell] += 1;
            found.extend(fits(&more));
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
    #![proptest_config(ProptestConfig::with_cases(3000))]

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
                    let others = case.others(&shown, cell);
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
            let counts: Vec<&[u64]> = parts.iter().map(|p| case.sums[*p].as_slice()).collect();
            let alone = super::shown(&case.sums[area], &counts);
            let within: Vec<bool> = parts.iter().map(|p| shown[*p]).collect();
            prop_assert_eq!(alone, within);
        }
    }
}

/// The test above would see an answer in which small counts alone are hidden.
#[test]
fn hiding_small_counts_alone_is_found_out() {
    let parents = [None, Some(0), Some(0), Some(0)];
    let own = [0, 3, 20, 10].map(|n| vec![n]);
    let case = Case::new(&parents, own.to_vec());
    let naive = [true, false, true, true];
    assert!(case.others(&naive, 0).iter().all(|other| other[1] == 3));
    // The smallest other one goes with it.
    assert_eq!(case.shown(), [true, false, true, false]);
    let others = case.others(&case.shown(), 0);
    assert!(others.iter().any(|other| other[1] != 3));
}

#[test]
fn that_a_count_is_hidden_says_nothing_of_it() {
    let whole = [12];
    // Among four hidden parts one has none, two have some, and one has enough.
    let parts: [&[u64]; 4] = [&[0], &[1], &[2], &[9]];
    assert_eq!(shown(&whole, &parts), [false; 4]);
    // Where all is large, zeros are shown.
    let parts: [&[u64]; 3] = [&[0], &[5], &[7]];
    assert_eq!(shown(&whole, &parts), [true; 3]);
    // Five of one each: nobody knows that there are none of two.
    let parts: [&[u64]; 5] = [&[1]; 5];
    assert_eq!(shown(&[5], &parts), [false; 5]);
}

#[test]
fn what_is_counted_together_is_hidden_together() {
    // Decided in time and late: one late claim hides its area, and one other beside it does not do.
    let parts: [&[u64]; 4] = [&[10, 1], &[6, 0], &[8, 6], &[40, 9]];
    assert_eq!(shown(&[64, 16], &parts), [false, false, false, true]);
}

#[test]
fn what_is_counted_in_no_part_is_no_part_that_follows() {
    // 52 in the town and 50 in its only village would tell of two.
    assert_eq!(shown(&[52], &[&[50]]), [false]);
    assert_eq!(shown(&[57], &[&[50]]), [true]);
}
