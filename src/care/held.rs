//! What is held of somebody's family as one in care, as they themselves see it.
//!
//! That it is a special family is left out: whoever reads it over a shoulder would know why.

use serde::Serialize;
use utoipa::ToSchema;

use super::families::model::{CareEnd, CareFamilyState, CareVisitWay};
use super::families::store as families;
use super::support::model::CareSupportKind;
use super::support::store as support;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::http::text::Money;

/// Help that the family was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldHelp {
    pub kind: CareSupportKind,
    pub value: Money,
    pub given_on: Day,
}

/// A visit of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldCareVisit {
    pub on: Day,
    pub way: CareVisitWay,
}

/// The family as one in care.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldCare {
    pub state: CareFamilyState,
    pub began_on: Day,
    /// How many people are named as its contacts.
    #[schema(minimum = 0, maximum = 2, example = 2)]
    pub contacts: i64,
    /// Since when a family doctor and a hospital's green channel are noted.
    pub family_doctor_since: Option<Day>,
    pub green_channel_since: Option<Day>,
    pub ended_on: Option<Day>,
    pub ended_because: Option<CareEnd>,
    #[schema(max_items = 100)]
    pub help: Vec<HeldHelp>,
    #[schema(max_items = 100)]
    pub visits: Vec<HeldCareVisit>,
}

/// The newest records of a household.
pub fn of_household(c: &mut DbConn, home: Uid, most: i64) -> AppResult<Vec<HeldCare>> {
    let rows = families::all_of_household(c, home, most)?;
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let help = support::of_families(c, &ids, most)?;
    let page = Page {
        limit: most - 1,
        after: None,
    };
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let theirs = help.iter().filter(|help| help.family_id == row.id);
        let visits = families::visits_of_row(c, row.id, page)?;
        let contacts = [row.township_contact, row.village_contact];
        all.push(HeldCare {
            state: row.state(),
            began_on: row.began_on,
            contacts: contacts.into_iter().flatten().count() as i64,
            family_doctor_since: row.doctor_since,
            green_channel_since: row.channel_since,
            ended_on: row.ended_on,
            ended_because: row.ended_because,
            help: theirs
                .map(|help| HeldHelp {
                    kind: help.kind,
                    value: Money(help.value),
                    given_on: help.given_on,
                })
                .collect(),
            visits: visits
                .into_iter()
                .map(|visit| HeldCareVisit {
                    on: visit.visited_on,
                    way: visit.way,
                })
                .collect(),
        });
    }
    Ok(all)
}
