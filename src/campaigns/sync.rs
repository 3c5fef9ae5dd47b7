//! What phones hold of festivals and campaigns. Both are kept at a desk.

use super::{alarms_api, alarms_store, festivals_api, festivals_store, store, view};
use crate::auth::{Action, Place, Placed};
use crate::db::Day;
use crate::stand;
use crate::sync::kinds::{Entry, Loaded};

/// Campaigns, of organisers.
pub static CAMPAIGN: Entry = Entry {
    table: "campaigns",
    read: Action::CampaignRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, _, who, ids| {
        let rows = store::among(c, who, ids)?;
        let stand: Vec<_> = rows.iter().map(|row| (row.place(), row.area())).collect();
        view::show(c, who, rows)?
            .into_iter()
            .zip(stand)
            .map(|(shown, (place, area))| {
                let loaded = Loaded::new(shown.id, shown.version, place, true, &shown)?;
                Ok(loaded.of_area(area))
            })
            .collect()
    },
    stand: stand!(campaigns),
    commands: &[],
};

/// Festivals: everybody sees them.
pub static FESTIVAL: Entry = Entry {
    table: "festivals",
    read: Action::FestivalRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |c, _, who, ids| {
        if who.may(Action::FestivalRead).is_err() {
            return Ok(Vec::new());
        }
        let rows = festivals_store::among(c, ids)?;
        let days = festivals_store::days_of(c, ids, Day(who.at.china_day()))?;
        rows.into_iter()
            .map(|row| {
                let shown = festivals_api::shown(row, &days);
                Loaded::new(shown.id, shown.version, Place::default(), true, &shown)
            })
            .collect()
    },
    stand: stand!(festivals),
    commands: &[],
};

/// Alarms: one's own, wherever one works.
pub static CAMPAIGN_ALARM: Entry = Entry {
    table: "campaign_alarms",
    read: Action::CampaignAlarmRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, _, who, ids| {
        if who.may(Action::CampaignAlarmRead).is_err() {
            return Ok(Vec::new());
        }
        let found = alarms_store::among(c, who.user, ids)?;
        let hung = alarms_api::load(c, &found)?;
        found
            .into_iter()
            .map(|one| {
                let shown = alarms_api::show(&hung, one)?;
                Loaded::new(shown.id, shown.version, Place::default(), true, &shown)
            })
            .collect()
    },
    stand: stand!(campaign_alarms, whole),
    commands: &[],
};
