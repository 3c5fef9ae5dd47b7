//! Joining, amending and leaving.

use super::api::{MemberPatch, NewMember};
use super::model::*;
use super::steps_api::Leave;
use super::store::{self, Amendment, Found, Leaving};
use crate::associations::commands::{living, past};
use crate::associations::joining::{self, Joining};
use crate::associations::posts;
use crate::associations::selections;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people::amend::{self, PersonPatch};
use crate::people::consents;
use crate::people::model::{PersonRow, Purpose};
use crate::{people, residents};

/// Makes somebody a member.
pub fn join(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    new: &NewMember,
    joining: &Joining,
) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::MemberWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    past(who, new.joined_on, "/joined_on")?;
    if new.joined_on < association.founded_on {
        return Err(AppError::field("/joined_on", Fault::BadOrder));
    }
    backbone(who, new.joined_on, new.backbone_since)?;
    let person = joining::joined(c, vault, who, &association, joining)?;
    if store::is_member(c, association.id, person.id)? {
        return Err(AppError::of(Code::AlreadyMember));
    }
    let row = MembershipRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        person_id: person.id,
        joined_on: new.joined_on,
        backbone_since: new.backbone_since,
        left_on: None,
        left_because: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    let facts = serde_json::json!({ "what": "joined", "person": row.person_id, "record": row.association_id });
    noted(c, who, &row, &facts)?;
    Ok(row.id)
}

/// A decision about the backbone comes after joining and before tomorrow.
fn backbone(who: &Who, joined: Day, since: Option<Day>) -> AppResult<()> {
    let Some(since) = since else { return Ok(()) };
    past(who, since, "/backbone_since")?;
    match since < joined {
        true => Err(AppError::field("/backbone_since", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// Nothing is changed of somebody who left.
pub(super) fn still(member: &MembershipRow) -> AppResult<()> {
    match member.state() {
        MemberState::Member => Ok(()),
        left => Err(AppError::state_forbids(left, [""; 0])),
    }
}

/// A patch of a member, with the phone as it is to be stored.
pub struct Change {
    pub patch: MemberPatch,
    pub person: PersonPatch,
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: i64,
    change: &Change,
) -> AppResult<()> {
    let (member, person) = store::locked(c, who, Action::MemberWrite, id)?;
    if version != member.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    still(&member)?;
    let patch = &change.patch;
    let joined = patch.joined_on.unwrap_or(member.joined_on);
    past(who, joined, "/joined_on")?;
    let association = associations::find(c, member.association_id)?
        .ok_or_else(|| AppError::internal("a member without an association"))?;
    if joined < association.founded_on {
        return Err(AppError::field("/joined_on", Fault::BadOrder));
    }
    backbone(
        who,
        joined,
        patch.backbone_since.unwrap_or(member.backbone_since),
    )?;
    let fields = change.person.fields();
    if let Some(first) = fields.first() {
        // Of a resident or one of a household, whoever looks after them amends what is known.
        let known_elsewhere =
            person.household_id.is_some() || residents::store::of_person(c, person.id)?.is_some();
        if known_elsewhere {
            return Err(AppError::field(format!("/{first}"), Fault::NotFitting));
        }
        amend::apply(c, vault, who, &person, &change.person)?;
        let facts = serde_json::json!({ "fields": fields });
        let entry = Entry::new(Action::MemberWrite, "person", person.id, member.place());
        audit::record(c, who, entry.of(Some(member.area_id)).with(&facts))?;
    }
    let amendment = Amendment {
        version: member.version + 1,
        joined_on: patch.joined_on,
        backbone_since: patch.backbone_since,
        updated_at: who.at,
    };
    let today = Day(who.at.china_day());
    // A year that counted them goes on doing so: whoever is of the backbone no more, or only since a later day.
    if let (Some(changed), Some(since)) = (patch.backbone_since, member.backbone_since) {
        let until = changed.map_or(today, |day| day.min(today));
        if since < until {
            store::left_backbone(c, &member, since, until)?;
        }
    }
    store::amend(c, &member, &amendment)?;
    noted(
        c,
        who,
        &member,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

/// Somebody leaves. With the last association, and no post in any, their consent has served its purpose.
pub fn leave(c: &mut DbConn, who: &Who, id: Uid, given: &Leave) -> AppResult<Found> {
    let (member, person) = store::locked(c, who, Action::MemberWrite, id)?;
    still(&member)?;
    past(who, given.left_on, "/left_on")?;
    if given.left_on < member.joined_on {
        return Err(AppError::field("/left_on", Fault::BadOrder));
    }
    if member.backbone_since.is_some_and(|day| given.left_on < day) {
        return Err(AppError::field("/left_on", Fault::BadOrder));
    }
    let leaving = Leaving {
        on: given.left_on,
        because: given.reason.into(),
        at: who.at,
    };
    store::leave(c, &member, leaving)?;
    left(c, who, &member, leaving.because)?;
    selections::ends::left(c, who, &person, Some(member.association_id))?;
    let after = MembershipRow {
        version: member.version + 1,
        left_on: Some(given.left_on),
        left_because: Some(leaving.because),
        updated_at: who.at,
        ..MembershipRow::clone(&member)
    };
    let shown: PersonRow = PersonRow::clone(&person);
    if !store::is_any(c, person.id)? && !posts::store::holds_any(c, person.id)? {
        let consent = people::store::live_consent(c, person.id, Purpose::Membership)?;
        if let Some(consent) = consent {
            consents::withdraw(c, who, &person, consent, given.channel)?;
        }
    }
    Ok((after, shown, None))
}

/// The audit's entry of somebody who is a member no more.
pub(super) fn left(
    c: &mut DbConn,
    who: &Who,
    member: &MembershipRow,
    because: LeaveReason,
) -> AppResult<()> {
    let facts = serde_json::json!({ "to": MemberState::Left, "person": member.person_id });
    let entry = Entry::new(Action::MemberWrite, "member", member.id, member.place());
    let entry = entry.of(Some(member.area_id)).because(because.as_str());
    audit::record(c, who, entry.with(&facts))
}

pub(super) fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &MembershipRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(Action::MemberWrite, "member", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}

/// Whoever is shown in clear is noted before they are.
pub(super) fn revealed(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    reason: &str,
) -> AppResult<(Handle<MembershipRow>, Handle<PersonRow>)> {
    let (member, person) = store::visible(c, who, Action::MemberReveal, id)?;
    let entry = Entry::new(Action::MemberReveal, "person", person.id, member.place());
    let entry = entry.of(Some(member.area_id)).because(reason);
    audit::record(c, who, entry)?;
    Ok((member, person))
}
