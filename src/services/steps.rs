//! Offering a service and what becomes of it: the commands that REST and sync share.

use super::bodies::*;
use super::machine;
use super::model::*;
use super::store::{self, ServiceChange};
use super::tally::{self, TallyKind};
use super::{feed, view};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::Address;
use crate::people::consents;
use crate::people::model::{PersonRow, Purpose};
use crate::residents;
use crate::residents::model::ResidentState;
use crate::sync;

/// Offers a service to a resident and answers its id.
pub fn offer(c: &mut DbConn, who: &Who, resident: Uid, new: &NewService) -> AppResult<Uid> {
    let (resident, person) = residents::store::locked(c, who, Action::ServiceWrite, resident)?;
    if resident.state != ResidentState::Active {
        return Err(AppError::state_forbids(resident.state, ["residence"]));
    }
    consents::require(c, &person, Purpose::Registration, None)?;
    let kind = TallyKind::told(new.kind, new.health_kind)?;
    let today = Day(who.at.china_day());
    let offered_on = new.offered_on.unwrap_or(today);
    if offered_on > today {
        return Err(AppError::field("/offered_on", Fault::InTheFuture));
    }
    to_come_back(c, who, &person, new.follow_up_on)?;
    let row = ServiceRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        resident_id: resident.id,
        person_id: person.id,
        kind: new.kind,
        state: ServiceState::Offered,
        offered_on,
        provider: None,
        provider_contact: None,
        sealed_as: None,
        delivered_on: None,
        follow_up_on: new.follow_up_on,
        recorded_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &resident, &row)?;
    let entry = Entry::new(Action::ServiceWrite, "service", row.id, resident.place());
    let facts = serde_json::json!({ "what": "offered", "resident": resident.id });
    audit::record(c, who, entry.with(&facts))?;
    sync::record_change(c, feed::change(who, &resident, row.id, row.version))?;
    tally::count(c, who, &resident.place(), kind, Tallied::Offered)?;
    Ok(row.id)
}

/// To come back to somebody is a purpose of its own, and lies ahead.
fn to_come_back(c: &mut DbConn, who: &Who, person: &PersonRow, on: Option<Day>) -> AppResult<()> {
    let Some(day) = on else {
        return Ok(());
    };
    if day.0 < who.at.china_day() {
        return Err(AppError::field("/follow_up_on", Fault::InThePast));
    }
    let at = Some("/follow_up_on".to_owned());
    consents::require(c, person, Purpose::ServiceFollowUp, at)
}

/// What a step tells.
#[derive(Debug, Clone)]
pub struct Told {
    pub step: ServiceStep,
    pub health_kind: Option<HealthKind>,
    pub provider: Option<(ProviderKind, Option<Address>)>,
    pub delivered_on: Option<Day>,
    /// `Some(None)` takes the day away.
    pub follow_up_on: Option<Option<Day>>,
}

impl Told {
    pub fn only(step: ServiceStep) -> Told {
        Told {
            step,
            health_kind: None,
            provider: None,
            delivered_on: None,
            follow_up_on: None,
        }
    }
}

/// What the tally counts of a step.
fn tallied(step: ServiceStep) -> Option<Tallied> {
    match step {
        ServiceStep::Acceptance => Some(Tallied::Accepted),
        ServiceStep::Refusal => Some(Tallied::Declined),
        ServiceStep::Delivery => Some(Tallied::Delivered),
        ServiceStep::Referral | ServiceStep::FollowUp => None,
    }
}

/// Takes one step, or refuses it with the state and what is possible instead.
pub fn take(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, told: &Told) -> AppResult<()> {
    let (row, resident, person) = store::locked(c, who, Action::ServiceWrite, id)?;
    let after = machine::decide(row.state, told.step)?;
    let kind = TallyKind::told(row.kind, told.health_kind)?;
    if let Some(day) = told.delivered_on {
        if day.0 > who.at.china_day() {
            return Err(AppError::field("/delivered_on", Fault::InTheFuture));
        }
        if day < row.offered_on {
            return Err(AppError::field("/delivered_on", Fault::BadOrder));
        }
    }
    to_come_back(c, who, &person, told.follow_up_on.flatten())?;
    let contact = match &told.provider {
        Some((_, Some(contact))) => {
            let key = vault
                .open_data_key(person.id.0, &person.data_key)
                .map_err(AppError::internal)?;
            let sealed = key.seal(view::CONTACT, id.0, contact.as_str());
            Some(sealed.map_err(AppError::internal)?)
        }
        _ => None,
    };
    let change = ServiceChange {
        version: row.version + 1,
        state: after,
        provider: told.provider.as_ref().map(|(kind, _)| *kind),
        sealed_as: contact.is_some().then_some(None),
        provider_contact: contact,
        delivered_on: told.delivered_on,
        follow_up_on: match told.step {
            // Nobody comes back to somebody who said no.
            ServiceStep::Refusal => Some(None),
            _ => told.follow_up_on,
        },
        updated_at: who.at,
    };
    store::change(c, &resident, &row, &change)?;
    let entry = Entry::new(Action::ServiceWrite, "service", id, resident.place());
    let facts = serde_json::json!({ "from": row.state, "to": after, "resident": resident.id });
    let entry = entry.because(told.step.as_str()).with(&facts);
    audit::record(c, who, entry)?;
    sync::record_change(c, feed::change(who, &resident, id, change.version))?;
    if let Some(what) = tallied(told.step) {
        tally::count(c, who, &resident.place(), kind, what)?;
    }
    Ok(())
}
