use proptest::prelude::*;
use std::collections::BTreeSet;

use super::*;

/// A table as its readers have it, and the truth: areas within areas, each area without parts with its counts.
#[derive(Debug, Clone)]
struct Case {
    parents: Vec<Option<usize>>,
    kinds: usize,
    /// Of each area without parts, by kind.
    truth: Vec<Vec<u64>>,
}

impl Case {
    fn has_parts(&self, row: usize) -> bool {
        self.parents.contains(&Some(row))
    }

    fn table(&self) -> Table {
        let mut table = Table::new(self.kinds);
        for parent in &self.parents {
            table.add(*parent);
        }
        for (row, counts) in self.truth.iter().enumerate() {
            for (kind, times) in counts.iter().enumerate() {
                if !self.has_parts(row) {
                    table.count(row, kind, *times);
                }
            }
        }
        table
    }

    /// The sum of an area's parts, from the counts of those without parts.
    fn sum(&self, row: usize, kind: usize, leaves: &[Vec<u64>]) -> u64 {
        if !self.has_parts(row) {
            return leaves[row][kind];
        }
        let parts = (0..self.parents.len()).filter(|part| self.parents[*part] == Some(row));
        parts.map(|part| self.sum(part, kind, leaves)).sum()
    }

    /// All cells of all rows: first all kinds together.
    fn cells(&self, leaves: &[Vec<u64>]) -> Vec<Vec<u64>> {
        let row = |row: usize| {
            let kinds: Vec<u64> = (0..self.kinds)
                .map(|kind| self.sum(row, kind, leaves))
                .collect();
            std::iter::once(kinds.iter().sum()).chain(kinds).collect()
        };
        (0..self.parents.len()).map(row).collect()
    }

    /// The hidden cells for which a reader finds one value alone, by trying: each hidden count of an area
    /// without parts takes every value within two of the truth, zero left out. Whoever finds a second table
    /// that fits has found it; so what is not reported here is truly open.
    fn determined(&self, shown: &[Vec<Option<u64>>]) -> BTreeSet<(usize, usize)> {
        let mut unknown = Vec::new();
        let mut leaves = self.truth.clone();
        for (row, cells) in shown.iter().enumerate() {
            for kind in 0..self.kinds {
                if !self.has_parts(row) && cells[kind + 1].is_none() {
                    unknown.push((row, kind));
                }
            }
        }
        let truth = self.cells(&self.truth);
        let mut alone = BTreeSet::new();
        for (row, cells) in shown.iter().enumerate() {
            for (cell, value) in cells.iter().enumerate() {
                if value.is_none() {
                    alone.insert((row, cell));
                }
            }
        }
        self.try_all(&unknown, &mut leaves, shown, &truth, &mut alone);
        alone
    }

    fn try_all(
        &self,
        unknown: &[(usize, usize)],
        leaves: &mut Vec<Vec<u64>>,
        shown: &[Vec<Option<u64>>],
        truth: &[Vec<u64>],
        alone: &mut BTreeSet<(usize, usize)>,
    ) {
        if alone.is_empty() {
            return;
        }
        let Some(((row, kind), rest)) = unknown.split_first() else {
            let cells = self.cells(leaves);
            let fits = shown.iter().flatten().zip(cells.iter().flatten());
            let mut fits = fits.map(|(shown, cell)| match shown {
                Some(value) => value == cell,
                // Zeros are shown.
                None => *cell > 0,
            });
            if fits.all(|fits| fits) {
                alone.retain(|(row, cell)| cells[*row][*cell] == truth[*row][*cell]);
            }
            return;
        };
        let was = self.truth[*row][*kind];
        for value in was.saturating_sub(2).max(1)..=was + 2 {
            leaves[*row][*kind] = value;
            self.try_all(rest, leaves, shown, truth, alone);
        }
        leaves[*row][*kind] = was;
    }
}

fn cells(shown: Vec<Shown>) -> Vec<Vec<Option<u64>>> {
    let row = |row: Shown| std::iter::once(row.all).chain(row.kinds).collect();
    shown.into_iter().map(row).collect()
}

/// Small counts and zeros more often than others.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0u64), 3 => 1..5u64, 2 => 5..9u64, 1 => 9..60u64]
}

fn case() -> impl Strategy<Value = Case> {
    let shapes = prop_oneof![
        Just((vec![None], 4)),
        Just((vec![None, Some(0), Some(0)], 3)),
        Just((vec![None, Some(0), Some(0), Some(0)], 2)),
        Just((vec![None, Some(0), Some(0), Some(1), Some(1), Some(2)], 2)),
        Just((vec![None, Some(0), Some(1), Some(1), Some(0), Some(4)], 2)),
        Just((vec![None, Some(0), Some(0), None, Some(3), Some(3)], 2)),
        Just((vec![None, Some(0), Some(1), Some(2)], 3)),
    ];
    shapes.prop_flat_map(|(parents, kinds): (Vec<Option<usize>>, usize)| {
        let row = prop::collection::vec(count(), kinds);
        prop::collection::vec(row, parents.len()).prop_map(move |truth| Case {
            parents: parents.clone(),
            kinds,
            truth,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nobody_can_work_out_what_is_hidden(case in case()) {
        let shown = cells(case.table().suppressed());
        let truth = case.cells(&case.truth);
        for (shown, truth) in shown.iter().flatten().zip(truth.iter().flatten()) {
            match shown {
                Some(value) => {
                    prop_assert_eq!(value, truth);
                    prop_assert!(*value == 0 || *value >= LEAST);
                }
                None => prop_assert!(*truth > 0, "a zero is shown"),
            }
        }
        prop_assert_eq!(case.determined(&shown), BTreeSet::new(), "{:?}", shown);
    }
}

/// The test above would see a table in which small counts alone are hidden.
#[test]
fn hiding_small_counts_alone_is_found_out() {
    let case = Case {
        parents: vec![None, Some(0), Some(0)],
        kinds: 2,
        truth: vec![vec![0, 0], vec![3, 20], vec![10, 30]],
    };
    let only_small = case.cells(&case.truth).into_iter();
    let only_small: Vec<Vec<Option<u64>>> = only_small
        .map(|row| row.into_iter().map(|v| (v >= LEAST).then_some(v)).collect())
        .collect();
    assert_eq!(case.determined(&only_small), BTreeSet::from([(1, 1)]));
    // One more in the same column leaves the row's sum.
    let mut one_more = only_small.clone();
    one_more[2][1] = None;
    assert_eq!(case.determined(&one_more), BTreeSet::from([(1, 1), (2, 1)]));
    // A rectangle does.
    let shown = cells(case.table().suppressed());
    assert_eq!(case.determined(&shown), BTreeSet::new());
    let hidden = shown.iter().flatten().filter(|cell| cell.is_none()).count();
    assert!((3..=4).contains(&hidden), "{shown:?}");
}

/// Two hidden counts with a sum of two are one each, because zeros are shown.
#[test]
fn that_zeros_are_shown_tells_nothing() {
    let case = Case {
        parents: vec![None, Some(0), Some(0), Some(0)],
        kinds: 1,
        truth: vec![vec![0], vec![1], vec![1], vec![40]],
    };
    let shown = cells(case.table().suppressed());
    assert_eq!(case.determined(&shown), BTreeSet::new(), "{shown:?}");
    let mut naive = shown.clone();
    (naive[0], naive[3]) = (vec![Some(42); 2], vec![Some(40); 2]);
    assert_eq!(case.determined(&naive).len(), 4);
}

#[test]
fn where_all_is_large_all_is_shown() {
    let case = Case {
        parents: vec![None, Some(0), Some(0)],
        kinds: 2,
        truth: vec![vec![0, 0], vec![5, 0], vec![9, 12]],
    };
    let shown = case.table().suppressed();
    let open = |row: &Shown| row.all.is_some() && row.kinds.iter().all(Option::is_some);
    assert!(shown.iter().all(open), "{shown:?}");
}

/// What an area counts of its own, beside its parts, is no part that is shown: it must not follow from the rest.
#[test]
fn what_an_area_with_parts_counts_of_its_own_is_hidden_too() {
    let mut table = Table::new(2);
    let city = table.add(None);
    let county = table.add(Some(city));
    table.count(county, 0, 30);
    table.count(county, 1, 40);
    table.count(city, 0, 2);
    let shown = table.suppressed();
    // 32 in the city and 30 in its only county would tell of the two.
    assert!(shown[0].kinds[0].is_none() || shown[1].kinds[0].is_none());
    assert!(shown[0].all.is_none() || shown[1].all.is_none());
}

/// A province: counted in the time that an answer may take.
#[test]
fn a_province_is_done_at_once() {
    let mut table = Table::new(12);
    let province = table.add(None);
    let mut dice = 7u64;
    for _ in 0..11 {
        let city = table.add(Some(province));
        for _ in 0..9 {
            let county = table.add(Some(city));
            for _ in 0..14 {
                let town = table.add(Some(county));
                for kind in 0..12 {
                    dice = dice
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(99);
                    table.count(town, kind, (dice >> 33) % 11);
                }
            }
        }
    }
    let started = std::time::Instant::now();
    let shown = table.suppressed();
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    // The sums of counties and above stand.
    assert!(shown[..2].iter().all(|row| row.all.is_some()));
}
