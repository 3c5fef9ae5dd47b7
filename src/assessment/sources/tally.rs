//! Figures of areas within areas, summed up from the rows of a source, and which of them may be shown.

use std::collections::HashMap;

use super::store::AtArea;
use super::{Hides, Source, SourceBasis};
use crate::areas::model::AreaRow;
use crate::crypto::Vault;
use crate::db::Uid;
use crate::statistics::parts::{Tree, rank};

/// A figure: so many, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure {
    pub n: i64,
    pub of: i64,
    /// So many that should be among them were not recorded: what the share is cannot be told.
    pub missing: i64,
}

/// The areas that are counted, the widest first: each stands behind the one it lies in.
#[derive(Debug)]
pub struct Areas {
    rows: Vec<AreaRow>,
    numbers: HashMap<Uid, usize>,
}

impl Areas {
    pub fn new(mut rows: Vec<AreaRow>) -> Areas {
        rows.sort_by(|a, b| (a.level, &a.code, a.id).cmp(&(b.level, &b.code, b.id)));
        let numbers = rows.iter().enumerate().map(|(i, area)| (area.id, i));
        Areas {
            numbers: numbers.collect(),
            rows,
        }
    }
    pub fn get(&self, id: Uid) -> Option<&AreaRow> {
        self.numbers.get(&id).and_then(|i| self.rows.get(*i))
    }
    pub fn iter(&self) -> impl Iterator<Item = &AreaRow> {
        self.rows.iter()
    }
    /// Where it lies, if that is counted, too.
    fn around(&self, area: &AreaRow) -> Option<usize> {
        area.parent_id.and_then(|id| self.numbers.get(&id).copied())
    }
}

/// The figures of one source.
#[derive(Debug, Default)]
pub struct Figures {
    by_area: HashMap<Uid, Figure>,
    hidden: HashMap<Uid, bool>,
}

impl Figures {
    /// None where it may not be shown.
    pub fn of(&self, area: Uid) -> Option<Figure> {
        match self.hidden.get(&area) {
            Some(true) => None,
            _ => Some(self.counted(area)),
        }
    }
    /// Whether it may be shown or not.
    pub fn counted(&self, area: Uid) -> Figure {
        self.by_area.get(&area).copied().unwrap_or_default()
    }
}

/// The sums of each area: of what is its own, or of everything in it.
pub fn sum(basis: SourceBasis, areas: &Areas, rows: &[AtArea]) -> HashMap<Uid, Figure> {
    let mut sums: HashMap<Uid, Figure> = HashMap::new();
    let mut add = |area: Uid, row: &AtArea| {
        let sum = sums.entry(area).or_default();
        sum.n = sum.n.saturating_add(row.n);
        sum.of = sum.of.saturating_add(row.of);
        sum.missing = sum.missing.saturating_add(row.missing);
    };
    for row in rows {
        add(row.area, row);
        if basis == SourceBasis::Own {
            continue;
        }
        let mut at = areas.get(row.area);
        while let Some(around) = at.and_then(|area| areas.around(area)) {
            at = areas.rows.get(around);
            if let Some(area) = at {
                add(area.id, row);
            }
        }
    }
    sums
}

/// Sums up rows, and hides what is small or would tell of something small.
pub fn figures(source: &Source, vault: &Vault, areas: &Areas, rows: &[AtArea]) -> Figures {
    let by_area = sum(source.basis, areas, rows);
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let cells = |figure: Figure| match source.hides {
        Hides::Nothing => Vec::new(),
        Hides::Number => vec![count(figure.n)],
        Hides::Both => vec![count(figure.n), count(figure.of.saturating_sub(figure.n))],
    };
    if source.hides == Hides::Nothing {
        return Figures {
            by_area,
            hidden: HashMap::new(),
        };
    }
    let mut tree = Tree::default();
    for area in areas.iter() {
        let figure = by_area.get(&area.id).copied().unwrap_or_default();
        tree.add(areas.around(area), rank(vault, area.id), cells(figure));
    }
    let shown = tree.shown(0..cells(Figure::default()).len());
    let hidden = areas.iter().zip(shown).map(|(area, is)| (area.id, !is));
    Figures {
        hidden: hidden.collect(),
        by_area,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::areas::model::AreaLevel;
    use crate::assessment::sources;
    use proptest::prelude::*;

    fn id(n: u128) -> Uid {
        Uid(uuid::Uuid::from_u128(n))
    }

    /// A city of counties, each of towns, each of villages.
    pub(crate) fn city(counties: u128, towns: u128, villages: u128) -> Areas {
        let mut rows = Vec::new();
        let mut add = |level, n: u128, around: &[u128]| {
            let at = |i: usize| around.get(i).map(|n| id(*n));
            rows.push(AreaRow {
                id: id(n),
                level,
                code: n.to_string(),
                name: "某地".into(),
                parent_id: around.iter().rev().nth(1).map(|n| id(*n)).or(Some(id(1))),
                province: id(1),
                city: at(0),
                county: at(1),
                town: at(2),
                village: at(3),
                official: true,
                abolished_on: None,
            });
        };
        add(AreaLevel::City, 2, &[2]);
        for county in 0..counties {
            let c = 10 + county;
            add(AreaLevel::County, c, &[2, c]);
            for town in 0..towns {
                let t = c * 100 + town;
                add(AreaLevel::Town, t, &[2, c, t]);
                for village in 0..villages {
                    let v = t * 100 + village;
                    add(AreaLevel::Village, v, &[2, c, t, v]);
                }
            }
        }
        Areas::new(rows)
    }

    proptest! {
        /// What an area counts is what its parts count and what stands at the area itself: of everything in it, always.
        #[test]
        fn sums_over_parts_are_the_whole(rows in prop::collection::vec((0usize..60, 0i64..50, 0i64..90), 0..80)) {
            let areas = city(3, 3, 3);
            let all: Vec<Uid> = areas.iter().map(|a| a.id).collect();
            let rows: Vec<AtArea> = rows.into_iter()
                .map(|(at, n, of)| AtArea { area: all[at % all.len()], n, of, missing: n % 2 }).collect();
            let sums = sum(SourceBasis::Within, &areas, &rows);
            let figure = |id: Uid| sums.get(&id).copied().unwrap_or_default();
            for area in areas.iter() {
                let parts: Vec<Figure> = areas.iter().filter(|p| p.parent_id == Some(area.id)).map(|p| figure(p.id)).collect();
                let here: Vec<&AtArea> = rows.iter().filter(|r| r.area == area.id).collect();
                let n: i64 = parts.iter().map(|p| p.n).sum::<i64>() + here.iter().map(|r| r.n).sum::<i64>();
                let of: i64 = parts.iter().map(|p| p.of).sum::<i64>() + here.iter().map(|r| r.of).sum::<i64>();
                let missing: i64 = parts.iter().map(|p| p.missing).sum::<i64>() + here.iter().map(|r| r.missing).sum::<i64>();
                prop_assert_eq!(figure(area.id), Figure { n, of, missing });
            }
            let own = sum(SourceBasis::Own, &areas, &rows);
            for area in areas.iter() {
                let n: i64 = rows.iter().filter(|r| r.area == area.id).map(|r| r.n).sum();
                prop_assert_eq!(own.get(&area.id).copied().unwrap_or_default().n, n);
            }
        }
    }

    #[test]
    fn few_people_are_hidden_and_do_not_follow() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::create(&dir.path().join("keys")).unwrap();
        let areas = city(3, 1, 0);
        let source = sources::named("households_insured").unwrap();
        let rows = [(1000, 3), (1100, 40), (1200, 60)].map(|(town, n)| AtArea {
            area: id(town),
            n,
            of: 0,
            missing: 0,
        });
        let shown = figures(source, &vault, &areas, &rows);
        let all = |n| Figure {
            n,
            ..Figure::default()
        };
        assert_eq!(shown.of(id(2)), Some(all(103)));
        assert_eq!(shown.of(id(10)), None);
        // The other two would tell, one by one.
        assert!([11, 12].iter().any(|c| shown.of(id(*c)).is_none()));
        // Of associations everything is told.
        let source = sources::named("trainings").unwrap();
        let shown = figures(source, &vault, &areas, &rows);
        assert_eq!(shown.of(id(10)), Some(all(3)));
    }
}
