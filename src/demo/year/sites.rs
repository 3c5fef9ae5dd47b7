//! April: in each county a large enterprise, a large market and a place where migrants gather, with an association and
//! a member home each, of which the haves and the possessions are looked for.

use serde_json::json;

use super::associations::of_site;
use super::faults::MARKET_ALONE;
use super::homes::{self, Home};
use super::scene::{Act, body};
use super::world::{County, short};
use crate::associations::sites::commands as sites;
use crate::db::Uid;
use crate::error::AppResult;

const HAVES: [&str; 7] = [
    "people",
    "rules",
    "money",
    "good_network",
    "high_enthusiasm",
    "regular_activities",
    "good_results",
];

/// (site, association, title, people)
pub const SITES: [(&str, &str, &str, i64); 3] = [
    ("non_public_enterprise", "enterprise", "纺织有限公司", 1_260),
    ("fixed_market", "market", "农贸市场", 680),
    ("migrant_place", "floating_population", "新居民公寓", 820),
];

/// Numbers of the presidents' names.
const OF_SITES: usize = 1_500;

/// The association of one of a county's sites, where it has one: the same however often it is asked for.
pub fn association_of(act: &Act<'_>, county: &County, nth: usize) -> AppResult<Option<Uid>> {
    let Some((site, kind, ..)) = SITES.get(nth).copied() else {
        return Ok(None);
    };
    if site == "fixed_market" && county.is(MARKET_ALONE) {
        return Ok(None);
    }
    let name = format!("{kind} of {}", &*county.area.code);
    act.s.named(&name).map(Some)
}

/// One of the county's sites.
pub fn one(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<()> {
    let Some((kind, association, title, people)) = SITES.get(nth).copied() else {
        return Ok(());
    };
    let village = &county.of_people()?.1.area;
    let place = format!("{}{title}", short(&county.area));
    let mut site = json!({ "kind": kind, "title": place, "area": &*village.code,
        "people": people, "counted_on": act.s.day(3, 15)?.to_string(), "counted_by": "statistics" });
    let own = association_of(act, county, nth)?;
    if let Some(id) = own {
        let at_county = act
            .s
            .world
            .counties
            .iter()
            .position(|c| c.is(&county.area.code));
        let n = OF_SITES + at_county.unwrap_or(0) * SITES.len() + nth;
        let since = of_site(act, county, village, (id, association), title, n)?;
        site["association_id"] = json!(id);
        site["linked_on"] = json!(since.to_string());
    }
    let who = act.s.officer(4, 8)?;
    let id = sites::register(act.c, &who, &body(site)?)?;
    if own.is_none() {
        return Ok(());
    }
    let address = format!("{place}一楼活动室");
    let home = Home {
        area: village,
        title: format!("{place}会员之家"),
        address: &address,
        opened: (4, 20),
        checked: (6, 18),
        missing: None,
    };
    homes::open(act, county, &home)?;
    let who = act.s.officer(6, 20)?;
    for have in HAVES {
        let check = json!({ "have": have, "found": true, "checked_on": act.s.day(6, 18)?.to_string(), "evidence": "seen" });
        sites::check(act.c, &act.s.vault, &who, id, &body(check)?)?;
    }
    Ok(())
}
