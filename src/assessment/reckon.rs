//! The assessment of a year: every source of the scheme is counted once for all areas that are asked for, and each
//! association is judged from that.

use std::collections::HashMap;

use super::judge::{self, Known, Sheet, Standing};
use super::reckon_store::{self as store, Own};
use super::scheme::document::{JudgedLevel, SchemeDocument, Where};
use super::scheme::{built_in, store as schemes};
use super::sources::tally::{Areas, Figure, Figures, figures};
use super::sources::{self, Hides, Source};
use super::span::Span;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::associations::rules;
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// What was counted for an area and everything in it.
#[derive(Debug)]
pub struct Reckoned {
    pub scheme: SchemeDocument,
    /// None where the guide's own holds.
    pub scheme_id: Option<Uid>,
    pub span: Span,
    pub areas: Areas,
    figures: HashMap<&'static str, Figures>,
    /// By association and source.
    plans: HashMap<(Uid, String), i64>,
    foundations: HashMap<Uid, Where>,
    associations: HashMap<Uid, Own>,
}

/// An area as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    pub id: Uid,
    pub level: AreaLevel,
}

/// The widest area that has an association: what is hidden is decided from there inwards, whoever asks.
pub fn widest(area: &AreaRow) -> Root {
    // The cities of a municipality directly under the central government are none: it is one itself.
    let itself = area.code.get(..2).is_some_and(rules::is_city_itself);
    match area.city.filter(|_| !itself) {
        Some(city) => Root {
            id: city,
            level: AreaLevel::City,
        },
        None => Root {
            id: area.province,
            level: AreaLevel::Province,
        },
    }
}

/// The scheme of a year.
pub fn scheme_of(c: &mut DbConn, year: i64) -> AppResult<(Option<Uid>, SchemeDocument)> {
    Ok(match schemes::in_force(c, year)? {
        Some(row) => (Some(row.id), row.document.0),
        None => (None, built_in::document()?.clone()),
    })
}

/// The figures of one source, for an area and everything in it.
pub fn count(
    c: &mut DbConn,
    vault: &Vault,
    source: &Source,
    areas: &Areas,
    area: &AreaRow,
    span: Span,
) -> AppResult<Figures> {
    // What is hidden of people follows from all of the widest area.
    let root = match source.hides {
        Hides::Nothing => area,
        Hides::Number | Hides::Both => areas.get(widest(area).id).unwrap_or(area),
    };
    let rows = sources::store::sums(c, vault, source, root, span)?;
    Ok(figures(source, vault, areas, &rows))
}

/// The areas in which figures are summed up, for whoever asks for one of them.
pub fn areas_around(c: &mut DbConn, area: &AreaRow) -> AppResult<Areas> {
    Ok(Areas::new(store::areas_within(c, widest(area))?))
}

pub fn reckon(c: &mut DbConn, vault: &Vault, area: &AreaRow, span: Span) -> AppResult<Reckoned> {
    let (scheme_id, scheme) = scheme_of(c, span.year)?;
    let areas = areas_around(c, area)?;
    let all: Vec<Uid> = areas.iter().map(|a| a.id).collect();
    let within = |part: &&AreaRow| part.chain().any(|id| id == area.id);
    let there: Vec<Uid> = areas.iter().filter(within).map(|a| a.id).collect();
    let mut figures = HashMap::new();
    for source in scheme.sources().into_iter().filter_map(sources::named) {
        figures.insert(source.name, count(c, vault, source, &areas, area, span)?);
    }
    let associations = store::associations_of(c, there, span.last)?;
    let own = associations.iter().map(|own| own.id).collect();
    let plans = store::plans(c, own, span.year)?;
    Ok(Reckoned {
        scheme,
        scheme_id,
        span,
        figures,
        plans: (plans.into_iter())
            .map(|(association, source, planned)| ((association, source), planned))
            .collect(),
        foundations: store::foundations(c, all, span.year)?.into_iter().collect(),
        associations: associations
            .into_iter()
            .map(|own| (own.area, own))
            .collect(),
        areas,
    })
}

struct OfArea<'a> {
    all: &'a Reckoned,
    area: Uid,
}

impl Known for OfArea<'_> {
    fn figure(&self, source: &Source) -> Figure {
        let figures = self.all.figures.get(source.name);
        figures.map_or_else(Figure::default, |figures| figures.counted(self.area))
    }
    fn hides(&self, source: &Source) -> bool {
        let figures = self.all.figures.get(source.name);
        figures.is_some_and(|figures| figures.of(self.area).is_none())
    }
    fn planned(&self, source: &Source) -> Option<i64> {
        let own = self.all.associations.get(&self.area)?;
        let key = (own.id, source.name.to_owned());
        self.all.plans.get(&key).copied()
    }
}

impl Reckoned {
    pub fn association(&self, area: &AreaRow) -> Option<&Own> {
        self.associations.get(&area.id)
    }

    /// As it was said of the area, or of the narrowest one around it.
    pub fn foundation(&self, area: &AreaRow) -> Where {
        let province = Some(area.province);
        let around = [area.village, area.town, area.county, area.city, province];
        let mut chain = std::iter::once(area.id).chain(around.into_iter().flatten());
        chain
            .find_map(|id| self.foundations.get(&id).copied())
            .unwrap_or(Where::Elsewhere)
    }

    pub fn sheet(&self, area: &AreaRow) -> Sheet {
        let standing = Standing {
            level: JudgedLevel::of(area.level),
            foundation: self.foundation(area),
            has_association: self.association(area).is_some(),
        };
        let known = OfArea {
            all: self,
            area: area.id,
        };
        judge::sheet(&self.scheme, standing, &known)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::areas::model::area_id;

    fn area(level: AreaLevel, code: &str, parent: Option<&AreaRow>) -> AreaRow {
        AreaRow::new(area_id(2024, code), level, code, "某地", parent, true)
    }

    /// A province, a city and a county of it.
    fn chain(codes: [&str; 3]) -> [AreaRow; 3] {
        let province = area(AreaLevel::Province, codes[0], None);
        let city = area(AreaLevel::City, codes[1], Some(&province));
        let county = area(AreaLevel::County, codes[2], Some(&city));
        [province, city, county]
    }

    #[test]
    fn a_municipality_is_hidden_and_judged_as_one_city() {
        // Chongqing has two cities by its codes, neither of which is one.
        let beside = chain(["50", "5001", "500101"]);
        let second = area(AreaLevel::City, "5002", Some(&beside[0]));
        for of in beside.iter().chain([&second]) {
            let root = widest(of);
            assert_eq!((root.id, root.level), (beside[0].id, AreaLevel::Province));
        }
        let [_, city, county] = chain(["33", "3304", "330402"]);
        for of in [&city, &county] {
            assert_eq!(
                (widest(of).id, widest(of).level),
                (city.id, AreaLevel::City)
            );
        }
    }

    #[test]
    fn what_is_said_of_a_municipality_holds_in_all_of_it() {
        let [province, city, county] = chain(["11", "1101", "110101"]);
        let mut reckoned = Reckoned {
            scheme: built_in::document().unwrap().clone(),
            scheme_id: None,
            span: Span::of_year(2025, jiff::civil::date(2026, 5, 29)).unwrap(),
            areas: Areas::new(vec![province.clone(), city, county.clone()]),
            figures: HashMap::new(),
            plans: HashMap::new(),
            foundations: HashMap::from([(province.id, Where::Good)]),
            associations: HashMap::new(),
        };
        assert_eq!(reckoned.foundation(&county), Where::Good);
        reckoned.foundations.insert(county.id, Where::Elsewhere);
        assert_eq!(reckoned.foundation(&county), Where::Elsewhere);
        assert_eq!(reckoned.foundation(&province), Where::Good);
    }
}
