//! What stands in somebody's calendar: campaigns of their areas or for their work, and what they organise.

use std::collections::HashMap;

use super::ical::{Event, When};
use crate::activities::model::ActivityRow;
use crate::activities::rules::ActivityState;
use crate::areas::model::AreaRow;
use crate::auth::{Action, Who};
use crate::campaigns::machine::CampaignState;
use crate::campaigns::model::CampaignRow;
use crate::campaigns::{announced, lifecycle, store as campaigns_store};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::visits::homes_store;
use crate::{activities, areas};

/// What is over for longer is in nobody's way.
const BEHIND: i64 = 90 * Micros::DAY;
/// Campaigns looked at, those to come before those that are over, and activities shown.
const MOST: i64 = 500;

/// The entries of a calendar, in the order of their days.
pub fn of(c: &mut DbConn, who: &Who) -> AppResult<Vec<Event>> {
    let from = Day(who.at.plus(-BEHIND).china_day());
    // Campaigns name the same few areas again and again.
    let campaigns = areas::store::remembered(|| concerning(c, who, from))?;
    let mut events: Vec<Event> = campaigns.into_iter().map(of_campaign).collect();
    let organised = match who.may(Action::ActivityRead) {
        Ok(()) => activities::store::organised_by(c, who.user, from, MOST)?,
        Err(_) => Vec::new(),
    };
    let homes = organised.iter().filter_map(|a| a.member_home_id).collect();
    let homes = homes_store::titles(c, homes)?;
    let own = organised
        .into_iter()
        .filter(|a| who.can(Action::ActivityRead, a));
    events.extend(own.map(|activity| of_activity(activity, &homes)));
    Ok(events)
}

/// Campaigns that run or ran, or were called off after they had been approved: of the areas of an organiser, or
/// with the caller in their audience. One that is being changed stands here as it was announced. An audience lies in its campaign's area, so that whoever is in it works in that
/// area: of all campaigns those of one's areas and of the areas around them are asked about.
fn concerning(c: &mut DbConn, who: &Who, from: Day) -> AppResult<Vec<CampaignRow>> {
    let scope = who.scope(Action::CampaignRead);
    let mut around = Vec::new();
    for grant in who.grants() {
        let area = areas::store::by_id(c, grant.area)?;
        around.extend(area.iter().flat_map(AreaRow::chain));
    }
    around.sort_unstable();
    around.dedup();
    let days = [from, Day(who.at.china_day())];
    let mut found = Vec::new();
    let rows = campaigns_store::announced(c, &scope, &around, days, MOST)?;
    let told = announced::of(c, rows.iter().map(|campaign| campaign.id).collect())?;
    for campaign in rows {
        let told = told.get(&campaign.id);
        let announced = told.is_some() || campaign.approved_at.is_some();
        let known = campaign.state != CampaignState::Cancelled || announced;
        let organises = who.can(Action::CampaignRead, &campaign);
        let campaign = announced::as_announced(campaign, told);
        if known && (organises || lifecycle::audience_of(c, &campaign)?.includes(c, who)?) {
            found.push(campaign);
        }
    }
    found.sort_by_key(|campaign| (campaign.starts_on, campaign.id));
    Ok(found)
}

fn of_campaign(campaign: CampaignRow) -> Event {
    Event {
        kind: "campaign",
        id: campaign.id,
        version: campaign.version,
        changed_at: campaign.updated_at,
        when: When::Days(campaign.starts_on.0, campaign.ends_on.0),
        summary: campaign.title,
        location: None,
        cancelled: campaign.state == CampaignState::Cancelled,
    }
}

fn of_activity(activity: ActivityRow, homes: &HashMap<Uid, String>) -> Event {
    let home = activity
        .member_home_id
        .and_then(|id| homes.get(&id).cloned());
    Event {
        kind: "activity",
        id: activity.id,
        version: activity.version,
        changed_at: activity.updated_at,
        when: When::Hours(activity.starts_at, activity.ends_at),
        summary: activity.title,
        location: activity.venue.or(home),
        cancelled: activity.state == ActivityState::Cancelled,
    }
}
