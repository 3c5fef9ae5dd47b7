//! Who looked at somebody's record or changed it, as the person is told: role, unit and time, never a name.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::looks::Noted;
use crate::auth::Place;
use crate::auth::policy::{Action, Role};
use crate::auth::store::Unit;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::text::{FactWord, Label};
use crate::sync::disclosures::{self, Given};
use crate::{audit, auth, text_enum};

text_enum! {
    /// Under which role the association looked; `service` is the program itself.
    LookRole {
        FieldMember = "field_member",
        Coordinator = "coordinator",
        CampaignOrganiser = "campaign_organiser",
        Officer = "officer",
        CareOfficer = "care_officer",
        Administrator = "administrator",
        Auditor = "auditor",
        Service = "service",
    }
}

/// A look at the record, or a change of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Look {
    pub at: Micros,
    /// What was done: an action of the policy table, or `sync.pull` for a phone that was given the record.
    #[schema(value_type = FactWord, example = "resident.reveal")]
    pub what: String,
    pub role: Option<LookRole>,
    /// The unit for which it was done: the area of the assignment.
    #[schema(value_type = Option<Label>, example = "百福社区")]
    pub unit: Option<String>,
    /// Why, where a reason was needed; `full` or `masked` for what a phone was given.
    #[schema(value_type = Option<FactWord>, example = "home_visit")]
    pub reason: Option<String>,
}

/// The newest looks at these records, which are one person's.
pub fn at(c: &mut DbConn, records: &[Uid], most: i64) -> AppResult<Vec<Look>> {
    let noted = audit::looks::about(c, records, most)?;
    let given = disclosures::about(c, records, most)?;
    let mut users: Vec<Uid> = noted.iter().filter_map(|n| n.actor_id).collect();
    users.extend(given.iter().map(|g| g.user_id));
    users.sort_unstable();
    users.dedup();
    let units = auth::store::units_of(c, &users)?;
    let mut looks: Vec<Look> = noted.into_iter().map(|n| of_entry(&units, n)).collect();
    looks.extend(given.into_iter().map(|g| of_disclosure(&units, g)));
    looks.sort_by_key(|look| std::cmp::Reverse(look.at));
    looks.truncate(most as usize);
    Ok(looks)
}

fn of_entry(units: &[Unit], noted: Noted) -> Look {
    let role: Option<Role> = noted.role.as_deref().and_then(|r| r.parse().ok());
    let place = Place {
        county: noted.county,
        town: noted.town,
        village: noted.village,
    };
    let unit = noted.actor_id.and_then(|user| {
        let roles: Vec<Role> = role.into_iter().collect();
        acting(units, user, &roles, &place, noted.at)
    });
    let shown = match noted.actor_id {
        None => Some(LookRole::Service),
        Some(_) => role.and_then(look_role),
    };
    Look {
        at: noted.at,
        what: noted.action,
        role: shown,
        unit: unit.map(|u| u.area_name.clone()),
        reason: noted.reason,
    }
}

fn of_disclosure(units: &[Unit], given: Given) -> Look {
    let place = given.place();
    let roles = Action::ResidentRead.roles();
    let unit = acting(units, given.user_id, roles, &place, given.at);
    Look {
        at: given.at,
        what: Action::SyncPull.as_str().to_owned(),
        role: unit.and_then(|u| look_role(u.role)),
        unit: unit.map(|u| u.area_name.clone()),
        reason: Some(given.view),
    }
}

fn look_role(role: Role) -> Option<LookRole> {
    role.as_str().parse().ok()
}

/// The assignment under which somebody did something at a place: of these roles, held then, and covering it.
fn acting<'a>(
    units: &'a [Unit],
    user: Uid,
    roles: &[Role],
    place: &Place,
    at: Micros,
) -> Option<&'a Unit> {
    let held = |u: &&Unit| {
        u.user_id == user
            && roles.contains(&u.role)
            && u.starts_at <= at
            && u.ends_at.is_none_or(|end| at < end)
    };
    let covering = units.iter().filter(held).find(|u| u.covers(place));
    covering.or_else(|| units.iter().find(held))
}
