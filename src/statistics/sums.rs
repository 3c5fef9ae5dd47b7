//! Sums of areas, from what was counted at places.

use std::collections::HashMap;

use crate::areas::model::AreaRow;
use crate::auth::Place;
use crate::db::Uid;

/// The counts of each area, of so many cells.
#[derive(Debug)]
pub struct Sums {
    cells: usize,
    /// The areas around each county.
    around: HashMap<Uid, Vec<Uid>>,
    by_area: HashMap<Uid, Vec<u64>>,
}

impl Sums {
    /// `counties` are those that places may be in.
    pub fn new<'a>(cells: usize, counties: impl IntoIterator<Item = &'a AreaRow>) -> Sums {
        let around = |county: &AreaRow| {
            let wider = [county.city, Some(county.province)];
            (county.id, wider.into_iter().flatten().collect())
        };
        Sums {
            cells,
            around: counties.into_iter().map(around).collect(),
            by_area: HashMap::new(),
        }
    }

    /// Counts something at a place, and in all around it.
    pub fn count(&mut self, place: Place, cell: usize, times: u64) {
        let mut areas: Vec<Uid> = [place.village, place.town, place.county]
            .into_iter()
            .flatten()
            .collect();
        if let Some(wider) = place.county.and_then(|county| self.around.get(&county)) {
            areas.extend(wider);
        }
        for area in areas {
            let counts = self.by_area.entry(area);
            let counts = counts.or_insert_with(|| vec![0; self.cells]);
            if let Some(count) = counts.get_mut(cell) {
                *count = count.saturating_add(times);
            }
        }
    }

    /// What was counted in an area; zeros where there was nothing.
    pub fn of(&self, area: Uid) -> Vec<u64> {
        let counts = self.by_area.get(&area).cloned();
        counts.unwrap_or_else(|| vec![0; self.cells])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::areas::model::AreaLevel;

    #[test]
    fn what_is_counted_at_a_place_is_counted_around_it() {
        let id = |n: u128| Uid(uuid::Uuid::from_u128(n));
        let county = AreaRow {
            id: id(3),
            level: AreaLevel::County,
            code: "330402".into(),
            name: "南湖区".into(),
            parent_id: Some(id(2)),
            province: id(1),
            city: Some(id(2)),
            county: Some(id(3)),
            town: None,
            village: None,
            official: true,
            abolished_on: None,
        };
        let mut sums = Sums::new(2, [&county]);
        let town = Place {
            county: Some(id(3)),
            town: Some(id(4)),
            village: None,
        };
        sums.count(town, 1, 7);
        let village = Place {
            village: Some(id(5)),
            ..town
        };
        sums.count(village, 1, 2);
        sums.count(village, 0, 1);
        for (area, counts) in [
            (1, [1, 9]),
            (2, [1, 9]),
            (3, [1, 9]),
            (4, [1, 9]),
            (5, [1, 2]),
            (6, [0, 0]),
        ] {
            assert_eq!(sums.of(id(area)), counts, "{area}");
        }
    }
}
