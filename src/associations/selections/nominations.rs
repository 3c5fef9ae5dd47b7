//! Nominating, and what a nominee says to it.

use super::commands::may;
use super::model::*;
use super::nominations_api::{Agreement, NewNomination};
use super::store::{self, NominationStep};
use crate::areas;
use crate::associations::commands::past;
use crate::associations::members::model::MemberState;
use crate::associations::members::store as members;
use crate::associations::model::{AssociationRow, AssociationState};
use crate::associations::posts::model::PostKind;
use crate::associations::posts::store as posts;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people;
use crate::people::model::{PersonRow, PersonState};

/// Nominees of one selection at most.
const MOST: i64 = 500;

/// Who is nominated: an association, or somebody of one.
struct Nominee {
    association: Uid,
    person: Option<Uid>,
    pointer: &'static str,
}

fn unknown(pointer: &'static str) -> impl Fn(AppError) -> AppError {
    move |e| match e.code() {
        Code::NotFound => AppError::field(pointer, Fault::NoSuchRecord),
        _ => e,
    }
}

/// Exactly what the category asks for, and nothing of the others.
fn named(category: SelectionCategory, new: &NewNomination) -> AppResult<(&'static str, Uid)> {
    let all = [
        (
            SelectionCategory::Associations,
            "/association_id",
            new.association_id,
        ),
        (SelectionCategory::Members, "/member_id", new.member_id),
        (SelectionCategory::Presidents, "/post_id", new.post_id),
    ];
    let other = all.iter().find(|one| one.0 != category && one.2.is_some());
    if let Some((_, pointer, _)) = other {
        return Err(AppError::field(*pointer, Fault::NotFitting));
    }
    let wanted = all.into_iter().find(|one| one.0 == category);
    match wanted {
        Some((_, pointer, Some(id))) => Ok((pointer, id)),
        Some((_, pointer, None)) => Err(AppError::field(pointer, Fault::Required)),
        None => Err(AppError::internal("a category of nobody")),
    }
}

fn nominee(
    c: &mut DbConn,
    who: &Who,
    selection: &SelectionRow,
    new: &NewNomination,
) -> AppResult<Nominee> {
    let (pointer, id) = named(selection.category, new)?;
    let unfit = || AppError::field(pointer, Fault::NotFitting);
    Ok(match selection.category {
        SelectionCategory::Associations => Nominee {
            association: id,
            person: None,
            pointer,
        },
        SelectionCategory::Members => {
            let found = members::locked(c, who, Action::MemberRead, id);
            let (member, _) = found.map_err(unknown(pointer))?;
            if member.state() != MemberState::Member {
                return Err(unfit());
            }
            Nominee {
                association: member.association_id,
                person: Some(member.person_id),
                pointer,
            }
        }
        SelectionCategory::Presidents => {
            let found = posts::locked(c, who, Action::PostRead, id);
            let (post, person) = found.map_err(unknown(pointer))?;
            let presides = post.post == PostKind::President && post.ended_on.is_none();
            let person = person.filter(|_| presides).ok_or_else(unfit)?;
            Nominee {
                association: post.association_id,
                person: Some(person.id),
                pointer,
            }
        }
    })
}

/// The nominee's association is a living one of the area for which the selection is; none selects itself.
fn belongs(
    c: &mut DbConn,
    who: &Who,
    selection: &SelectionRow,
    nominee: &Nominee,
) -> AppResult<AssociationRow> {
    let found = associations::visible(c, who, Action::AssociationRead, nominee.association);
    let association = found.map_err(unknown(nominee.pointer))?.into_row();
    let area = areas::store::by_id(c, association.area_id)?
        .ok_or_else(|| AppError::internal("an association without an area"))?;
    let inside = area.chain().any(|around| around == selection.area_id);
    let itself = nominee.person.is_none() && association.id == selection.association_id;
    let living = association.state() == AssociationState::Living;
    match inside && living && !itself {
        true => Ok(association),
        false => Err(AppError::field(nominee.pointer, Fault::NotFitting)),
    }
}

/// Names somebody, or an association, for a selection.
pub fn nominate(c: &mut DbConn, who: &Who, id: Uid, new: &NewNomination) -> AppResult<Uid> {
    let selection = store::locked(c, who, Action::NominationWrite, id)?;
    may(&selection, "nominations")?;
    let reasons = &new.reasons.0;
    if reasons.is_empty() {
        return Err(AppError::field("/reasons", Fault::TooShort));
    }
    for (i, reason) in reasons.iter().enumerate() {
        if reasons.iter().take(i).any(|before| before == reason) {
            return Err(AppError::field(format!("/reasons/{i}"), Fault::Repeated));
        }
    }
    let nominee = nominee(c, who, &selection, new)?;
    let association = belongs(c, who, &selection, &nominee)?;
    if store::is_nominated(c, selection.id, association.id, nominee.person)? {
        return Err(AppError::field(nominee.pointer, Fault::Repeated));
    }
    if store::how_many(c, selection.id)? >= MOST {
        return Err(AppError::field(nominee.pointer, Fault::TooMany));
    }
    let row = NominationRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        selection_id: selection.id,
        association_id: association.id,
        area_id: association.area_id,
        person_id: nominee.person,
        reasons: Json(reasons.clone()),
        state: NominationState::Proposed,
        agreed_on: None,
        agreed_channel: None,
        settled_on: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::nominate(c, &selection, &row)?;
    let facts = serde_json::json!({ "what": "nominated", "kind": selection.category,
        "person": row.person_id, "record": row.association_id });
    noted(c, who, &selection, row.id, &facts)?;
    Ok(row.id)
}

/// The nomination and its selection, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
) -> AppResult<(Handle<SelectionRow>, NominationRow)> {
    who.may(Action::NominationRead)?;
    let row = store::nomination(c, id)?.ok_or_else(AppError::not_found)?;
    let selection = store::visible(c, who, Action::NominationRead, row.selection_id)?;
    Ok((selection, row))
}

/// The same for writing: the selection is locked first, then whoever is nominated, then the nomination.
type Locked = (
    Handle<SelectionRow>,
    Option<PersonRow>,
    Handle<NominationRow>,
);

fn locked(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Locked> {
    who.may(Action::NominationWrite)?;
    let row = store::nomination(c, id)?.ok_or_else(AppError::not_found)?;
    let selection = store::locked(c, who, Action::NominationWrite, row.selection_id)?;
    let person = match row.person_id {
        Some(person) => people::store::lock(c, person)?.filter(|p| p.state == PersonState::Active),
        None => None,
    };
    let row = store::locked_nomination(c, id)?.ok_or_else(AppError::not_found)?;
    let nomination = selection.lead(row)?;
    Ok((selection, person, nomination))
}

/// What may be done from where a nomination stands.
pub fn allowed(state: NominationState, selection: SelectionState) -> &'static [&'static str] {
    match (selection, state) {
        (SelectionState::Nominating, NominationState::Proposed) => &["agreement", "withdrawal"],
        (
            SelectionState::Nominating | SelectionState::Published,
            NominationState::Proposed | NominationState::Agreed,
        ) => &["withdrawal"],
        _ => &[],
    }
}

fn may_step(nomination: &NominationRow, selection: &SelectionRow, step: &str) -> AppResult<()> {
    let allowed = allowed(nomination.state, selection.state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(nomination.state, allowed)),
    }
}

/// The nominee agrees to be published.
pub fn agree(c: &mut DbConn, who: &Who, id: Uid, given: &Agreement) -> AppResult<()> {
    let (selection, person, nomination) = locked(c, who, id)?;
    may_step(&nomination, &selection, "agreement")?;
    past(who, given.agreed_on, "/agreed_on")?;
    if selection.category != SelectionCategory::Associations && person.is_none() {
        return Err(AppError::state_forbids("nobody", ["withdrawal"]));
    }
    let step = NominationStep {
        version: nomination.version + 1,
        state: NominationState::Agreed,
        agreed_on: Some(given.agreed_on),
        agreed_channel: Some(given.channel),
        settled_on: None,
        updated_at: who.at,
    };
    store::step_nomination(c, &nomination, &step)?;
    let facts = serde_json::json!({ "from": nomination.state, "to": step.state,
        "person": nomination.person_id });
    noted(c, who, &selection, id, &facts)
}

/// The nominee wants out, which holds at once.
pub fn withdraw(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let (selection, _, nomination) = locked(c, who, id)?;
    may_step(&nomination, &selection, "withdrawal")?;
    let step = NominationStep {
        version: nomination.version + 1,
        state: NominationState::Withdrawn,
        agreed_on: None,
        agreed_channel: None,
        settled_on: Some(Day(who.at.china_day())),
        updated_at: who.at,
    };
    store::step_nomination(c, &nomination, &step)?;
    let facts = serde_json::json!({ "from": nomination.state, "to": step.state });
    noted(c, who, &selection, id, &facts)
}

pub(super) fn noted(
    c: &mut DbConn,
    who: &Who,
    selection: &SelectionRow,
    id: Uid,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let place = selection.place();
    let entry = Entry::new(Action::NominationWrite, "nomination", id, place);
    audit::record(c, who, entry.of(Some(selection.area_id)).with(facts))
}
