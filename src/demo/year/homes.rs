//! Spring: member homes are opened, of villages and of the associations of sites, and somebody looks whether the five
//! possessions are there.

use serde_json::json;

use super::faults::{NO_EQUIPMENT, OPENED_LATER};
use super::scene::{Act, body};
use super::staff::of;
use super::world::{County, Town, Village, village_name};
use crate::areas::model::AreaRow;
use crate::error::{AppError, AppResult};
use crate::visits::homes;

const POSSESSIONS: [&str; 5] = ["premises", "sign", "rules", "equipment", "activities"];

/// A home to open.
pub struct Home<'a> {
    pub area: &'a AreaRow,
    pub title: String,
    pub address: &'a str,
    pub opened: (i8, i8),
    /// The day on which somebody looks for its possessions.
    pub checked: (i8, i8),
    /// The one that is not there.
    pub missing: Option<&'a str>,
}

/// Opens one of a county's homes, which somebody else checks later.
pub fn open(act: &mut Act<'_>, county: &County, home: &Home<'_>) -> AppResult<()> {
    let new = json!({ "area": &*home.area.code, "title": home.title, "site_address": home.address,
        "opening_hours": "周一至周六 8:30-17:00" });
    let (month, day) = home.opened;
    let who = act.s.who(&of(county, "officer"), month, day)?;
    let id = homes::open(act.c, &who, &body(new)?)?;
    let (month, day) = home.checked;
    let checked = act.s.day(month, day)?.to_string();
    let who = act.s.who(&of(county, "coordinator"), month, day)?;
    for word in POSSESSIONS {
        let there = home.missing != Some(word);
        let kind = homes::kind(act.c, word)?.ok_or_else(AppError::not_found)?;
        let found = body(json!({ "present": there, "checked_on": checked }))?;
        homes::check(act.c, &act.s.vault, &who, id, &kind, &found)?;
    }
    Ok(())
}

pub fn village(
    act: &mut Act<'_>,
    county: &County,
    town: &Town,
    village: &Village,
) -> AppResult<()> {
    if OPENED_LATER.iter().any(|code| village.is(code)) {
        return Ok(());
    }
    let is_first = town
        .villages
        .first()
        .is_some_and(|first| first.is(&village.area.code));
    let home = Home {
        area: &village.area,
        title: format!("{}会员之家", village_name(&village.area)),
        address: "文化礼堂一楼",
        opened: (3, 30),
        checked: (5, 12),
        missing: (town.is(NO_EQUIPMENT) && is_first).then_some("equipment"),
    };
    open(act, county, &home)
}
