//! Taking a family into care, what it is given, and the end of it.

use super::api::NewCareFamily;
use super::model::*;
use super::patch_api::{CareFamilyPatch, ContactGiven, ProviderGiven};
use super::provisions_store::{self as provisions, Told};
use super::steps_api::CareEnding;
use super::store::{self, Amendment};
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{self, Action, Handle, Placed, Who};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::households;
use crate::people::consents;
use crate::people::model::Purpose;

/// The sealed columns.
pub const DOCTOR: &str = "care_families.doctor";
pub const CHANNEL: &str = "care_families.channel";

/// Takes a family into care of which somebody agrees.
pub fn begin(c: &mut DbConn, who: &Who, new: &NewCareFamily) -> AppResult<Uid> {
    let found = households::store::locked(c, who, Action::CareFamilyWrite, new.household_id);
    let home = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/household_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    let at = Some("/household_id".to_owned());
    consents::require_of_household(c, home.id, Purpose::CareSupport, at)?;
    past(who, new.began_on, "/began_on")?;
    if let Some(day) = new.special_since {
        past(who, day, "/special_since")?;
    }
    let row = FamilyRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        household_id: home.id,
        began_on: new.began_on,
        special_since: new.special_since,
        township_contact: None,
        township_contact_since: None,
        village_contact: None,
        village_contact_since: None,
        doctor: None,
        doctor_since: None,
        channel: None,
        channel_since: None,
        ended_on: None,
        ended_because: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &home, &row)?;
    let facts = serde_json::json!({ "what": "begun" });
    let entry = Entry::new(Action::CareFamilyWrite, "care_family", row.id, home.place());
    audit::record(c, who, entry.with(&facts))?;
    Ok(row.id)
}

fn in_care(family: &Handle<Family>) -> AppResult<()> {
    match family.row.state() {
        CareFamilyState::InCare => Ok(()),
        ended => Err(AppError::state_forbids(ended, [""; 0])),
    }
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &CareFamilyPatch,
) -> AppResult<()> {
    let family = store::locked(c, who, Action::CareFamilyWrite, id)?;
    if version != family.row.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    in_care(&family)?;
    if let Some(Some(day)) = patch.special_since {
        past(who, day, "/special_since")?;
    }
    let place = family.place();
    let township = contact(
        c,
        who,
        "/township_contact",
        place.town,
        &patch.township_contact,
    )?;
    let village = contact(
        c,
        who,
        "/village_contact",
        place.village,
        &patch.village_contact,
    )?;
    let both = [
        township.map_or(family.row.township_contact, |t| t.map(|(user, _)| user)),
        village.map_or(family.row.village_contact, |v| v.map(|(user, _)| user)),
    ];
    // Two people, so that a family has somebody when one of them is away.
    if both[0].is_some() && both[0] == both[1] {
        let at = match patch.village_contact {
            Some(_) => "/village_contact/user_id",
            None => "/township_contact/user_id",
        };
        return Err(AppError::field(at, Fault::NotFitting));
    }
    let key = vault.open_data_key(family.home.id.0, &family.home.data_key);
    let key = key.map_err(AppError::internal)?;
    let doctor = provider(
        who,
        &key,
        DOCTOR,
        id,
        "/family_doctor",
        &patch.family_doctor,
    )?;
    let channel = provider(
        who,
        &key,
        CHANNEL,
        id,
        "/green_channel",
        &patch.green_channel,
    )?;
    let row = &family.row;
    let was = |column, sealed: &Option<Vec<u8>>| named(&key, column, id, sealed.as_deref());
    let (doctor_was, channel_was) = (was(DOCTOR, &row.doctor)?, was(CHANNEL, &row.channel)?);
    let told = [
        of_contact(
            CareProvision::TownshipContact,
            &patch.township_contact,
            row.township_contact,
        ),
        of_contact(
            CareProvision::VillageContact,
            &patch.village_contact,
            row.village_contact,
        ),
        of_provider(CareProvision::Doctor, &patch.family_doctor, doctor_was),
        of_provider(CareProvision::Channel, &patch.green_channel, channel_was),
    ];
    let change = Amendment {
        version: family.row.version + 1,
        special_since: patch.special_since,
        township_contact: township.map(|t| t.map(|(user, _)| user)),
        township_contact_since: township.map(|t| t.map(|(_, since)| since)),
        village_contact: village.map(|v| v.map(|(user, _)| user)),
        village_contact_since: village.map(|v| v.map(|(_, since)| since)),
        doctor_since: doctor.as_ref().map(|d| d.as_ref().map(|(_, since)| *since)),
        doctor: doctor.map(|d| d.map(|(sealed, _)| sealed)),
        channel_since: channel
            .as_ref()
            .map(|h| h.as_ref().map(|(_, since)| *since)),
        channel: channel.map(|h| h.map(|(sealed, _)| sealed)),
        updated_at: who.at,
    };
    store::amend(c, &family, &change)?;
    for told in told.into_iter().flatten() {
        provisions::note(c, &family, told, Day(who.at.china_day()))?;
    }
    let facts = serde_json::json!({ "fields": patch.fields() });
    noted(c, who, &family, &facts)
}

/// What a provider was called until now.
fn named(
    key: &DataKey,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let opened = sealed.map(|sealed| key.open(column, id.0, sealed));
    opened.transpose().map_err(AppError::internal)
}

fn of_contact(
    kind: CareProvision,
    given: &Option<Option<ContactGiven>>,
    was: Option<Uid>,
) -> Option<Told> {
    given.as_ref().map(|given| Told {
        kind,
        since: given.as_ref().map(|given| given.since),
        mends: given.as_ref().map(|given| given.user_id) == was,
    })
}

fn of_provider(
    kind: CareProvision,
    given: &Option<Option<ProviderGiven>>,
    was: Option<String>,
) -> Option<Told> {
    let name = |given: &ProviderGiven| given.provider.as_str().to_owned();
    given.as_ref().map(|given| Told {
        kind,
        since: given.as_ref().map(|given| given.since),
        mends: given.as_ref().map(name) == was,
    })
}

/// A contact is a field member of that very township or village, and of no wider area.
fn contact(
    c: &mut DbConn,
    who: &Who,
    at: &str,
    area: Option<Uid>,
    given: &Option<Option<ContactGiven>>,
) -> AppResult<Option<Option<(Uid, Day)>>> {
    let given = match given {
        None => return Ok(None),
        Some(None) => return Ok(Some(None)),
        Some(Some(given)) => given,
    };
    past(who, given.since, &format!("{at}/since"))?;
    // A family that is known by its township alone has no contact of a village.
    let area = area.ok_or_else(|| AppError::field(at, Fault::NotFitting))?;
    let (user, roles) = (given.user_id, &[Role::FieldMember]);
    match auth::store::is_of(c, user, roles, area, who.at)? {
        true => Ok(Some(Some((user, given.since)))),
        false => Err(AppError::field(
            format!("{at}/user_id"),
            Fault::NoSuchRecord,
        )),
    }
}

type Sealed = Option<Option<(Vec<u8>, Day)>>;

fn provider(
    who: &Who,
    key: &DataKey,
    column: &'static str,
    id: Uid,
    at: &str,
    given: &Option<Option<ProviderGiven>>,
) -> AppResult<Sealed> {
    let given = match given {
        None => return Ok(None),
        Some(None) => return Ok(Some(None)),
        Some(Some(given)) => given,
    };
    past(who, given.since, &format!("{at}/since"))?;
    let sealed = key.seal(column, id.0, given.provider.as_str());
    let sealed = sealed.map_err(AppError::internal)?;
    Ok(Some(Some((sealed, given.since))))
}

/// The family is cared for no more.
pub fn end(c: &mut DbConn, who: &Who, id: Uid, given: &CareEnding) -> AppResult<()> {
    let family = store::locked(c, who, Action::CareFamilyWrite, id)?;
    in_care(&family)?;
    past(who, given.ended_on, "/ended_on")?;
    if given.ended_on < family.row.began_on {
        return Err(AppError::field("/ended_on", Fault::BadOrder));
    }
    store::end(c, &family, given.ended_on, given.reason, who.at)?;
    let facts = serde_json::json!({ "to": CareFamilyState::Ended });
    noted(c, who, &family, &facts)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    family: &Handle<Family>,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let (id, place) = (family.row.id, family.place());
    let entry = Entry::new(Action::CareFamilyWrite, "care_family", id, place);
    audit::record(c, who, entry.with(facts))
}
