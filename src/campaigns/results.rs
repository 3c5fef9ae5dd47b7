//! What a campaign reached and came to, rolled up from places to areas, with the year before beside it.
//!
//! Everything is counted once at the narrowest area it is of; wider areas are sums of those, so that the
//! villages' figures and what is of the whole township are the township's, to the unit.

use std::collections::HashMap;

use super::by_code::one_page;
use super::results_store::{self as store, Of};
use super::results_view::*;
use crate::activities::figures;
use crate::areas;
use crate::auth::Place;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;

/// The area under which something is summed; nothing for what is of more than a county.
fn area(place: &Place, level: ResultLevel) -> Option<Uid> {
    let Place {
        county,
        town,
        village,
    } = *place;
    match level {
        ResultLevel::Village => village.or(town).or(county),
        ResultLevel::Town => town.or(county),
        ResultLevel::County => county,
    }
}

/// Figures of one year, in all and by area.
#[derive(Default)]
struct Year {
    total: YearBefore,
    areas: HashMap<Uid, YearBefore>,
}

fn year(c: &mut DbConn, of: Of, campaign: Uid, level: ResultLevel) -> AppResult<Year> {
    let mut year = Year::default();
    for (place, reach) in store::by_place(c, of, campaign)? {
        year.total.figures += reach;
        if let Some(area) = area(&place, level) {
            year.areas.entry(area).or_default().figures += reach;
        }
    }
    let of = of.on("a.campaign_id");
    for (place, held) in figures::by_place(c, &of, campaign)? {
        year.total.activities += held;
        if let Some(area) = area(&place, level) {
            year.areas.entry(area).or_default().activities += held;
        }
    }
    Ok(year)
}

/// What a campaign came to: in all, and a page of its areas with the last one's id where others follow.
pub fn of(
    c: &mut DbConn,
    campaign: Uid,
    level: ResultLevel,
    page: Page,
) -> AppResult<(CampaignResults, Option<Uid>)> {
    let now = year(c, Of::This, campaign, level)?;
    let before = match store::has_year_before(c, campaign)? {
        true => Some(year(c, Of::YearBefore, campaign, level)?),
        false => None,
    };
    let mut ids: Vec<Uid> = now.areas.keys().copied().collect();
    ids.extend(before.iter().flat_map(|year| year.areas.keys().copied()));
    ids.sort_unstable();
    ids.dedup();
    let named = areas::store::named(c, ids)?;
    // An area that was recoded keeps its id and so its figures.
    let all = named
        .into_iter()
        .map(|(id, (code, name))| (code, name, id))
        .collect();
    let (areas, next) = one_page(c, page, all)?;
    let by_area = areas
        .into_iter()
        .map(|(area, name, id)| {
            let here = now.areas.get(&id).copied().unwrap_or_default();
            let then = |year: &Year| year.areas.get(&id).copied().unwrap_or_default();
            AreaReach {
                area,
                name,
                figures: here.figures,
                activities: here.activities,
                year_before: before.as_ref().map(then),
            }
        })
        .collect();
    let results = CampaignResults {
        level,
        total: now.total.figures,
        activities: now.total.activities,
        year_before: before.map(|year| year.total),
        by_area,
        next_cursor: None,
    };
    Ok((results, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Micros;

    #[test]
    fn what_is_of_a_place_counts_at_the_level_asked_for_or_a_wider_one() {
        let [county, town, village] = [1, 2, 3].map(|n| Some(Uid::least_of(Micros(n * 1000))));
        let there = Place {
            county,
            town,
            village,
        };
        assert_eq!(area(&there, ResultLevel::Village), village);
        assert_eq!(area(&there, ResultLevel::Town), town);
        assert_eq!(area(&there, ResultLevel::County), county);
        let of_county = Place {
            county,
            ..Place::default()
        };
        for level in ResultLevel::ALL {
            assert_eq!(area(&of_county, *level), county);
            assert_eq!(area(&Place::default(), *level), None);
        }
    }

    #[test]
    fn sums_of_nothing_are_nothing() {
        let mut sum = YearBefore::default();
        sum.figures += ReachFigures::default();
        sum.activities += figures::ActivityFigures::default();
        assert_eq!(sum, YearBefore::default());
    }
}
