//! Which kind of association is of which area, and what it stands under.

use super::model::AssociationKind::{self, *};
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::Uid;
use crate::error::Fault;

/// The municipalities directly under the central government: provinces that are cities.
const CITIES_THAT_ARE_PROVINCES: &[&str] = &["11", "12", "31", "50"];

/// Whether the province of this code is one.
pub fn is_city_itself(province: &str) -> bool {
    CITIES_THAT_ARE_PROVINCES.contains(&province)
}

impl AssociationKind {
    /// The kinds that it may stand under, the one to be preferred first.
    pub fn stands_under(self) -> &'static [AssociationKind] {
        match self {
            Municipal => &[],
            County => &[Municipal],
            // A city may have no counties.
            Township => &[County, Municipal],
            Village => &[Township],
            Enterprise | Market | FloatingPopulation => &[Village, Township, County, Municipal],
        }
    }

    /// It is of an area, and the only one of it; else it has a seat in one.
    pub fn has_an_area(self) -> bool {
        matches!(self, Municipal | County | Township | Village)
    }

    /// It may be the widest of an installation, where nothing that it could stand under is registered.
    pub fn may_be_first(self) -> bool {
        matches!(self, Municipal | County | Township)
    }
}

/// Whether an association of this kind can be of this area, or have its seat there.
pub fn fits_area(kind: AssociationKind, area: &AreaRow) -> bool {
    match (kind, area.level) {
        (Municipal, AreaLevel::City) => true,
        (Municipal, AreaLevel::Province) => is_city_itself(&area.code),
        (County, AreaLevel::County)
        | (Township, AreaLevel::Town)
        | (Village, AreaLevel::Village) => true,
        (
            Enterprise | Market | FloatingPopulation,
            AreaLevel::County | AreaLevel::Town | AreaLevel::Village,
        ) => true,
        _ => false,
    }
}

/// An association as another one may stand under it.
#[derive(Debug, Clone, Copy)]
pub struct Above {
    pub id: Uid,
    pub kind: AssociationKind,
    pub area: Uid,
    pub living: bool,
}

/// Whether one of `kind` in `area` can stand under this one, or under none; `around` are the living ones of the areas
/// around it.
pub fn fits_parent(
    kind: AssociationKind,
    area: &AreaRow,
    parent: Option<&Above>,
    around: &[Above],
) -> Result<(), Fault> {
    let wanted = kind.stands_under();
    let Some(parent) = parent else {
        let any = around.iter().any(|a| wanted.contains(&a.kind));
        return match kind.may_be_first() && !any {
            true => Ok(()),
            false => Err(Fault::Required),
        };
    };
    // What lies elsewhere says nothing of whether it exists.
    if !area.chain().any(|id| id == parent.area) {
        return Err(Fault::NoSuchRecord);
    }
    if !wanted.contains(&parent.kind) || !parent.living {
        return Err(Fault::NotFitting);
    }
    // A township skips its county only where the county has no association.
    let skips =
        |above: &Above| kind.has_an_area() && rank(wanted, above.kind) < rank(wanted, parent.kind);
    match around.iter().any(skips) {
        true => Err(Fault::NotFitting),
        false => Ok(()),
    }
}

fn rank(wanted: &[AssociationKind], kind: AssociationKind) -> usize {
    let at = wanted.iter().position(|k| *k == kind);
    at.unwrap_or(wanted.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u128) -> Uid {
        Uid(uuid::Uuid::from_u128(n))
    }

    /// Province 1, city 2, county 3, town 4, village 5.
    fn area(level: AreaLevel, code: &str) -> AreaRow {
        let at = |wanted: AreaLevel, n: u128| (level >= wanted).then(|| id(n));
        let own = match level {
            AreaLevel::Province => 1,
            AreaLevel::City => 2,
            AreaLevel::County => 3,
            AreaLevel::Town => 4,
            AreaLevel::Village => 5,
        };
        AreaRow {
            id: id(own),
            level,
            code: code.into(),
            name: "某地".into(),
            parent_id: (own > 1).then(|| id(own - 1)),
            province: id(1),
            city: at(AreaLevel::City, 2),
            county: at(AreaLevel::County, 3),
            town: at(AreaLevel::Town, 4),
            village: at(AreaLevel::Village, 5),
            official: true,
            abolished_on: None,
        }
    }

    fn above(n: u128, kind: AssociationKind) -> Above {
        Above {
            id: id(100 + n),
            kind,
            area: id(n),
            living: true,
        }
    }

    #[test]
    fn each_kind_has_its_area() {
        assert!(fits_area(Municipal, &area(AreaLevel::City, "3304")));
        assert!(fits_area(Municipal, &area(AreaLevel::Province, "31")));
        assert!(!fits_area(Municipal, &area(AreaLevel::Province, "33")));
        assert!(!fits_area(
            Township,
            &area(AreaLevel::Village, "330402007024")
        ));
        assert!(fits_area(Market, &area(AreaLevel::Town, "330402007")));
        assert!(!fits_area(Market, &area(AreaLevel::City, "3304")));
    }

    #[test]
    fn one_stands_under_the_next_wider_one() {
        let town = area(AreaLevel::Town, "330402007");
        let (city, county) = (above(2, Municipal), above(3, County));
        let fits =
            |parent: Option<&Above>, around: &[Above]| fits_parent(Township, &town, parent, around);
        assert_eq!(fits(Some(&county), &[city, county]), Ok(()));
        assert_eq!(fits(Some(&city), &[city, county]), Err(Fault::NotFitting));
        assert_eq!(fits(Some(&city), &[city]), Ok(()));
        assert_eq!(fits(None, &[city]), Err(Fault::Required));
        assert_eq!(fits(None, &[]), Ok(()));
        assert_eq!(
            fits(Some(&above(9, County)), &[county]),
            Err(Fault::NoSuchRecord)
        );
        let gone = Above {
            living: false,
            ..county
        };
        assert_eq!(fits(Some(&gone), &[]), Err(Fault::NotFitting));
        let village = area(AreaLevel::Village, "330402007024");
        assert_eq!(
            fits_parent(Village, &village, None, &[]),
            Err(Fault::Required)
        );
        assert_eq!(
            fits_parent(Village, &village, Some(&county), &[county]),
            Err(Fault::NotFitting)
        );
        assert_eq!(
            fits_parent(
                Enterprise,
                &village,
                Some(&county),
                &[county, above(5, Village)]
            ),
            Ok(())
        );
        assert_eq!(
            fits_parent(Enterprise, &village, Some(&above(5, Market)), &[]),
            Err(Fault::NotFitting)
        );
    }

    proptest! {
        /// Whatever stands under whatever, the way up ends: no kind stands under itself, however far up.
        #[test]
        fn there_is_no_circle(start in 0..AssociationKind::ALL.len(), ways in prop::collection::vec(0..4usize, 12)) {
            let mut at = AssociationKind::ALL[start];
            for way in ways {
                let up = at.stands_under();
                let Some(next) = up.get(way % up.len().max(1)) else { break };
                prop_assert_ne!(*next, at);
                at = *next;
            }
            // Four steps lead from anywhere to a municipal one, which stands under nothing.
            prop_assert!(at.stands_under().is_empty() || at.has_an_area());
        }
    }
}
