//! January, too: what holds for the year. Profiles of the areas, sheets of target responsibility, and plans.

use serde_json::json;

use super::faults::FEW_POINTS;
use super::scene::{Act, body};
use super::world::{CITY, County, Town};
use crate::assessment::records::commands::{set_plan, set_profile, set_target};
use crate::error::AppResult;

/// Counties whose foundation is good.
const GOOD: [&str; 3] = ["330402", "330481", "330483"];

/// What every township tells households at one of the two days.
pub const INFORMED: i64 = 40;
/// Households of a county's story: all are insured, as many claims are helped with.
pub const HOUSEHOLDS: usize = 6;
/// Of what a fund spends, so many per cent at least are to be help in hardship.
const HARDSHIP_SHARE: i64 = 60;

/// What a care fund has in a year, in fen: what is to come in by its sources, and what is spent on hardship and projects.
#[derive(Debug, Clone, Copy)]
pub struct Fund {
    pub government: i64,
    pub department: i64,
    pub donation: i64,
    pub hardship: i64,
    pub projects: i64,
}

pub const CITY_FUND: Fund = Fund {
    government: 36_000_000,
    department: 9_000_000,
    donation: 15_000_000,
    hardship: 24_000_000,
    projects: 12_000_000,
};
pub const COUNTY_FUND: Fund = Fund {
    government: 12_000_000,
    department: 3_000_000,
    donation: 5_000_000,
    hardship: 8_000_000,
    projects: 4_000_000,
};
pub const TOWN_FUND: Fund = Fund {
    government: 480_000,
    department: 120_000,
    donation: 200_000,
    hardship: 300_000,
    projects: 150_000,
};

impl Fund {
    fn planned(&self) -> [(&'static str, i64); 4] {
        [
            ("fund_income_government", self.government),
            ("fund_income_department", self.department),
            ("fund_income_donation", self.donation),
            ("hardship_share", HARDSHIP_SHARE),
        ]
    }
}

fn planned(act: &mut Act<'_>, code: &str, fund: &Fund, items: &[(&str, i64)]) -> AppResult<()> {
    let item = |(source, n): &(&str, i64)| json!({ "source": source, "planned": n });
    let of_fund = fund.planned();
    let items: Vec<_> = of_fund.iter().chain(items).map(item).collect();
    let (who, year) = (act.s.officer(1, 20)?, i64::from(act.s.year));
    set_plan(act.c, &who, code, year, &body(json!({ "items": items }))?)
}

fn target(act: &mut Act<'_>, code: &str, points: i64) -> AppResult<()> {
    let new = json!({ "total_points": 100, "association_points": points, "agreed_on": act.s.day(1, 15)?.to_string() });
    let (who, year) = (act.s.officer(1, 20)?, i64::from(act.s.year));
    set_target(act.c, &who, code, year, &body(new)?)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub fn city(act: &mut Act<'_>) -> AppResult<()> {
    let (counties, towns) = (
        count(act.s.world.counties.len()),
        count(act.s.world.towns().count()),
    );
    let helped = counties * count(HOUSEHOLDS);
    target(act, CITY, 20)?;
    let plan = [
        ("care_programmes_active", 5),
        ("households_informed", towns * INFORMED),
        ("households_insured", helped),
        ("claims_helped", helped),
        ("trainings", counties + towns),
        ("two_for_two", counties),
        ("publicity", 2 * towns),
    ];
    planned(act, CITY, &CITY_FUND, &plan)
}

pub fn county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    let (code, towns) = (&*county.area.code, count(county.towns.len()));
    target(act, code, 20)?;
    let foundation = match GOOD.contains(&code) {
        true => "good",
        false => "elsewhere",
    };
    let (who, year) = (act.s.officer(1, 20)?, i64::from(act.s.year));
    let profile = body(json!({ "foundation": foundation }))?;
    set_profile(act.c, &who, code, year, &profile)?;
    let plan = [
        ("care_programmes_active", 3),
        ("households_informed", towns * INFORMED),
        ("households_insured", count(HOUSEHOLDS)),
        ("claims_helped", count(HOUSEHOLDS)),
        ("trainings", towns + 1),
        ("two_for_two", 1),
        ("publicity", 2 * towns + 4),
    ];
    planned(act, code, &COUNTY_FUND, &plan)
}

/// A township's people are so many a village, a few more or less.
pub fn population(people: i64, town: &Town) -> i64 {
    let tail = town.area.code.bytes().map(i64::from).sum::<i64>() % 9;
    (people * count(town.villages.len()) * (100 + tail - 4) / 100).max(1)
}

pub fn town(act: &mut Act<'_>, _: &County, town: &Town) -> AppResult<()> {
    let code = &*town.area.code;
    target(act, code, if town.is(FEW_POINTS) { 15 } else { 20 })?;
    let (who, year) = (act.s.officer(1, 20)?, i64::from(act.s.year));
    let profile = body(json!({ "population": population(act.s.people, town) }))?;
    set_profile(act.c, &who, code, year, &profile)?;
    let plan = [
        ("care_programmes_active", 1),
        ("households_informed", INFORMED),
        ("households_insured", 0),
        ("claims_helped", 0),
        ("trainings", 1),
        ("two_for_two", 1),
        ("publicity", 2),
    ];
    planned(act, code, &TOWN_FUND, &plan)
}
