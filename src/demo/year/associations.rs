//! January: the associations of the city, its counties, townships and villages, with their offices, and who leads
//! them. They were founded long ago; the year begins with their being entered.

use serde_json::{Value, json};

use super::faults::{NO_EXECUTIVE, NOBODY_FULL_TIME};
use super::scene::{Act, body, yuan};
use super::staff::OFFICER;
use super::world::{County, Town, Village, short, village_name};
use crate::areas::model::AreaRow;
use crate::associations::commands::found;
use crate::associations::posts::commands as posts;
use crate::associations::posts::steps_api::PostEnding;
use crate::associations::store;
use crate::associations::subsidies::commands as subsidies;
use crate::db::{Day, Uid};
use crate::error::AppResult;

/// Numbers of people, so that each has a name: those of counties, townships and villages begin here.
const OF_COUNTIES: usize = 100;
const OF_TOWNS: usize = 500;
const OF_VILLAGES: usize = 2_000;

fn office(rank: &str) -> Value {
    json!({ "rank": rank, "premises": "own", "equipped": true, "own_line": true })
}

fn staffing(full_time: i64, by_reference: bool) -> Value {
    json!({ "establishment": full_time.max(1), "full_time": full_time, "managed_by_reference": by_reference,
        "fit": true, "wages_budgeted": by_reference })
}

impl Act<'_> {
    /// Founds an area's association, unless somebody entered one before.
    fn founds(
        &mut self,
        area: &AreaRow,
        kind: &str,
        parent: Option<Uid>,
        more: Value,
    ) -> AppResult<Uid> {
        if store::area_has_one(self.c, area.id)? {
            return self.association(area);
        }
        let name = match kind {
            "village" => village_name(area),
            _ => area.name.as_str(),
        };
        let years = match kind {
            "municipal" | "county" => 39,
            "township" => 36,
            _ => 30,
        };
        let mut new = json!({ "kind": kind, "title": format!("{name}计划生育协会"), "area": &*area.code,
            "founded_on": self.s.day_before(years, 5, 29)?.to_string() });
        if let Some(parent) = parent {
            new["parent_id"] = json!(parent);
        }
        for part in ["office", "staffing"] {
            if let Some(value) = more.get(part) {
                new[part] = value.clone();
            }
        }
        let who = self.s.officer(1, 5)?;
        found(self.c, &who, &body(new)?)
    }

    /// Puts a new person into a post.
    pub(super) fn post(
        &mut self,
        association: Uid,
        at_home: Option<&AreaRow>,
        n: usize,
        mut post: Value,
    ) -> AppResult<Uid> {
        let who = self.s.who(OFFICER, 1, 12)?;
        let holder = self.s.joining(&who, n, at_home, &["membership"])?;
        post["association_id"] = json!(association);
        if post.get("begins_on").is_none() {
            post["begins_on"] = json!(self.s.day_before(1, 3, 1)?.to_string());
        }
        posts::fill(self.c, &self.s.vault, &who, &body(post)?, &holder)
    }
}

/// The city's own, with a vice-president who retires in March and is paid a subsidy since.
pub fn municipal(act: &mut Act<'_>) -> AppResult<()> {
    let (city, first) = (&act.s.world.city, &act.s.world.counties);
    let more = json!({ "office": office("section"), "staffing": staffing(3, true) });
    let id = act.founds(city, "municipal", None, more)?;
    let home = first.first().map(|county| &county.area);
    for (n, post) in [
        json!({ "post": "president", "holds_position": "leading_group_deputy_head", "civil_servant": true }),
        json!({ "post": "executive_vice_president", "holds_position": "leading_group_member", "civil_servant": true }),
        json!({ "post": "vice_president", "holds_position": "none", "full_time": true }),
        json!({ "post": "secretary_general", "holds_position": "other", "full_time": true }),
    ]
    .into_iter()
    .enumerate()
    {
        act.post(id, home, n, post)?;
    }
    let since = act.s.day_before(4, 6, 1)?.to_string();
    let retiring = json!({ "post": "vice_president", "holds_position": "none", "retired": true, "begins_on": since });
    let post = act.post(id, home, 10, retiring)?;
    let last = act.s.day(3, 31)?;
    let who = act.s.officer(4, 1)?;
    let ending: PostEnding = body(json!({ "ended_on": last.to_string(), "reason": "retired" }))?;
    posts::end(act.c, &who, post, &ending)?;
    let subsidy =
        json!({ "monthly": yuan(30_000), "paid_from": "budget", "from_on": last.to_string() });
    subsidies::grant(act.c, &who, post, &body(subsidy)?).map(|_| ())
}

pub fn county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    let city = act.association(&act.s.world.city)?;
    let more = json!({ "office": office("subsection"), "staffing": staffing(2, true) });
    let id = act.founds(&county.area, "county", Some(city), more)?;
    let nth = act
        .s
        .world
        .counties
        .iter()
        .position(|c| c.is(&county.area.code));
    let n = OF_COUNTIES + nth.unwrap_or(0) * 10;
    act.post(id, None, n, json!({ "post": "president", "holds_position": "leading_group_deputy_head", "civil_servant": true }))?;
    if !county.is(NO_EXECUTIVE) {
        act.post(id, None, n + 1, json!({ "post": "executive_vice_president", "holds_position": "leading_group_member", "civil_servant": true }))?;
    }
    act.post(
        id,
        None,
        n + 2,
        json!({ "post": "vice_president", "holds_position": "none", "full_time": true }),
    )?;
    act.post(
        id,
        None,
        n + 3,
        json!({ "post": "secretary_general", "holds_position": "other", "full_time": true }),
    )?;
    Ok(())
}

pub fn township(act: &mut Act<'_>, county: &County, town: &Town) -> AppResult<()> {
    let parent = act.association(&county.area)?;
    let full_time = i64::from(!town.is(NOBODY_FULL_TIME));
    let more = json!({ "office": office("subsection"), "staffing": staffing(full_time, false) });
    let id = act.founds(&town.area, "township", Some(parent), more)?;
    let nth = act.s.world.towns().position(|t| t.is(&town.area.code));
    let n = OF_TOWNS + nth.unwrap_or(0) * 10;
    act.post(
        id,
        None,
        n,
        json!({ "post": "president", "holds_position": "party_principal", "civil_servant": true }),
    )?;
    act.post(id, None, n + 1, json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true, "retired": true }))?;
    act.post(id, None, n + 2, json!({ "post": "secretary_general", "holds_position": "family_planning_office_director", "civil_servant": true, "full_time": true }))?;
    Ok(())
}

pub fn village(act: &mut Act<'_>, _: &County, town: &Town, village: &Village) -> AppResult<()> {
    let parent = act.association(&town.area)?;
    let id = act.founds(&village.area, "village", Some(parent), json!({}))?;
    // A code's own digits tell villages of a city from one another.
    let nth = act
        .s
        .world
        .villages()
        .position(|v| v.is(&village.area.code));
    let n = OF_VILLAGES + nth.unwrap_or(0) * 3;
    let president = act.s.named(&president_of(&village.area))?;
    act.post(
        id,
        None,
        n,
        json!({ "id": president, "post": "president", "holds_position": "branch_secretary" }),
    )?;
    act.post(id, None, n + 1, json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true, "retired": true, "allowance": yuan(30_000) }))?;
    act.post(
        id,
        None,
        n + 2,
        json!({ "post": "secretary_general", "holds_position": "family_planning_specialist" }),
    )?;
    Ok(())
}

/// The name by which a village's president is found again.
pub fn president_of(village: &AreaRow) -> String {
    format!("president of {}", &*village.code)
}

/// An association of a site, with its president; answers since when it is.
pub fn of_site(
    act: &mut Act<'_>,
    county: &County,
    village: &AreaRow,
    (id, kind): (Uid, &str),
    title: &str,
    n: usize,
) -> AppResult<Day> {
    let founded = act.s.day(3, 20)?;
    let parent = act.association(village)?;
    let new = json!({ "id": id, "kind": kind, "title": format!("{}{title}计划生育协会", short(&county.area)), "area": &*village.code,
        "parent_id": parent, "founded_on": founded.to_string() });
    let who = act.s.officer(4, 2)?;
    found(act.c, &who, &body(new)?)?;
    let holder = act.s.joining(&who, n, None, &["membership"])?;
    let position = match kind {
        "enterprise" => "enterprise_principal",
        "market" => "market_principal",
        _ => "other",
    };
    let post = json!({ "association_id": id, "post": "president", "holds_position": position, "begins_on": founded.to_string() });
    posts::fill(act.c, &act.s.vault, &who, &body(post)?, &holder)?;
    Ok(founded)
}
