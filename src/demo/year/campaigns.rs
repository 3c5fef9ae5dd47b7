//! 29 May and 11 July: the campaigns of Members' Day and World Population Day, planned by one officer and approved by
//! another, with an activity in each county and township and what the media told of it.

use serde_json::{Value, json};

use super::faults::UNREPORTED;
use super::records::INFORMED;
use super::scene::{Act, body};
use super::staff::{OFFICER, SECOND, of};
use super::world::{CITY, County, Town, short};
use crate::activities::commands as activities;
use crate::areas::model::AreaRow;
use crate::campaigns::campaigns_api::CampaignPlan;
use crate::campaigns::drafts::{self, NewCampaign};
use crate::campaigns::festivals::{self, built_in_id};
use crate::campaigns::lifecycle;
use crate::error::AppResult;
use crate::http::precondition::IfMatch;

/// One of the two days.
struct Festival {
    code: &'static str,
    theme: &'static str,
    title: &'static str,
    on: (i8, i8),
    /// The day on which it is planned.
    planned: (i8, i8),
}

const MEMBERS_DAY: Festival = Festival {
    code: "members_day",
    theme: "members_day",
    title: "会员活动日",
    on: (5, 29),
    planned: (5, 8),
};
const POPULATION_DAY: Festival = Festival {
    code: "world_population_day",
    theme: "policy_information",
    title: "世界人口日宣传",
    on: (7, 11),
    planned: (6, 20),
};

fn planned(act: &mut Act<'_>, festival: &Festival) -> AppResult<()> {
    let (month, day) = festival.planned;
    // The calendar's days of that year, as they stood then.
    festivals::refresh_days(act.c, act.s.at(1, 2, 9)?)?;
    let starts_on = act.s.day(festival.on.0, festival.on.1)?.to_string();
    let plan: CampaignPlan = body(json!({
        "id": act.s.named(festival.code)?, "area": CITY, "festival_id": built_in_id(festival.code), "starts_on": starts_on,
        "theme": festival.theme, "title": festival.title, "goals": "每个镇（街道）举办一场现场活动，并由媒体报道。",
        "audience": { "areas": [CITY], "roles": ["field_member", "coordinator"] },
        "message_zh": { "title": "{campaign}", "body": "{day} 举行，还有 {days_left} 天，请做好准备。" },
        "message_en": { "title": "{campaign}", "body": "On {day}, in {days_left} days. Please prepare." }
    }))?;
    let who = act.s.who(OFFICER, month, day)?;
    let id = drafts::draft(act.c, &who, &NewCampaign::from(plan))?;
    let other = act.s.who(SECOND, month, day + 1)?;
    lifecycle::approve(act.c, &other, id, IfMatch(1))?;
    let who = act.s.who(OFFICER, month, day + 2)?;
    lifecycle::schedule(act.c, &who, id)
}

pub fn members_day(act: &mut Act<'_>) -> AppResult<()> {
    planned(act, &MEMBERS_DAY)
}

pub fn population_day(act: &mut Act<'_>) -> AppResult<()> {
    planned(act, &POPULATION_DAY)
}

/// An activity in an area; where it was reported, a colleague confirmed the figures.
fn held(
    act: &mut Act<'_>,
    festival: &Festival,
    county: &County,
    area: &AreaRow,
    media: &[(&str, String)],
    reported: bool,
) -> AppResult<()> {
    let (month, day) = festival.on;
    let (begins, ends) = (
        act.s.at(month, day, 9)?.to_string(),
        act.s.at(month, day, 11)?.to_string(),
    );
    let new = json!({ "campaign_id": act.s.named(festival.code)?, "area": &*area.code, "venue": format!("{}文化广场", area.name),
        "kind": "on_the_spot", "title": format!("{}现场活动", festival.title), "starts_at": begins, "ends_at": ends });
    let officer = of(county, "officer");
    let who = act.s.who(&officer, month, day - 7)?;
    let id = activities::plan(act.c, &who, &body(new)?)?;
    if !reported {
        return Ok(());
    }
    let published = act.s.day(month, day)?.to_string();
    let told = |(channel, outlet): &(&str, String)| json!({ "channel": channel, "outlet": outlet, "title": festival.title, "published_on": published });
    let media: Vec<Value> = media.iter().map(told).collect();
    let report = json!({ "starts_at": begins, "ends_at": ends, "participants": 85, "leaflets": 200,
        "households_informed": INFORMED, "media": media });
    let who = act.s.who(&officer, month, day + 1)?;
    activities::report(act.c, &who, id, &body(report)?)?;
    let other = act.s.who(&of(county, "coordinator"), month, day + 2)?;
    activities::confirm(act.c, &other, id, None)
}

fn of_county(
    act: &mut Act<'_>,
    festival: &Festival,
    county: &County,
    reported: bool,
) -> AppResult<()> {
    let name = short(&county.area);
    let media = [
        ("radio", format!("{name}电台")),
        ("television", format!("{name}电视台")),
        ("internet", format!("{name}发布")),
    ];
    held(act, festival, county, &county.area, &media, reported)
}

fn of_town(
    act: &mut Act<'_>,
    festival: &Festival,
    county: &County,
    town: &Town,
    reported: bool,
) -> AppResult<()> {
    let media = [("internet", format!("{}发布", short(&town.area)))];
    held(act, festival, county, &town.area, &media, reported)
}

pub fn members_day_of_county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    of_county(act, &MEMBERS_DAY, county, true)
}

pub fn members_day_of_town(act: &mut Act<'_>, county: &County, town: &Town) -> AppResult<()> {
    of_town(act, &MEMBERS_DAY, county, town, true)
}

pub fn population_day_of_county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    of_county(act, &POPULATION_DAY, county, !county.is(UNREPORTED))
}

pub fn population_day_of_town(act: &mut Act<'_>, county: &County, town: &Town) -> AppResult<()> {
    of_town(act, &POPULATION_DAY, county, town, !county.is(UNREPORTED))
}
