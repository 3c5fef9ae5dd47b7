//! All SQL about members and their cards. Those of somebody who is kept out of use are in no list.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{former_backbone, member_cards, memberships, persons};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState};
use crate::{all_locked, first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &MembershipRow,
) -> AppResult<()> {
    diesel::insert_into(memberships::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<MembershipRow>> {
    Ok(memberships::table
        .find(id)
        .select(MembershipRow::as_select())
        .first(c)
        .optional()?)
}

fn in_use(person: Option<PersonRow>) -> AppResult<PersonRow> {
    let person = person.filter(|p| p.state == PersonState::Active);
    person.ok_or_else(AppError::not_found)
}

/// The member, if the caller may do this to them; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<MembershipRow>, Handle<PersonRow>)> {
    let member = who.authorise(action, find(c, id)?)?;
    let person = in_use(people::store::find(c, member.person_id)?)?;
    let person = member.lead(person)?;
    Ok((member, person))
}

/// The same, locked for writing: the person first, as every write does.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<MembershipRow>, Handle<PersonRow>)> {
    let before = who.authorise(action, find(c, id)?)?;
    let person = in_use(people::store::lock(c, before.person_id)?)?;
    let row = first_locked!(
        c,
        memberships::table
            .find(id)
            .select(MembershipRow::as_select())
    )
    .optional()?;
    let member = who.authorise(action, row)?;
    let person = member.lead(person)?;
    Ok((member, person))
}

/// Which members a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub association: Option<Uid>,
    pub state: MemberState,
    pub backbone: Option<bool>,
}

pub type Found = (MembershipRow, PersonRow, Option<CardRow>);

/// A page of the members of the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<Found>> {
    let mine = memberships::area_id.nullable().eq_any(scope.areas.clone());
    let active = persons::table
        .filter(persons::id.eq(memberships::person_id))
        .filter(persons::state.eq(PersonState::Active));
    let mut query = memberships::table
        .filter(mine.or(in_scope!(memberships, scope)))
        .filter(exists(active))
        .select(MembershipRow::as_select())
        .order(memberships::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        MemberState::Member => query.filter(memberships::left_on.is_null()),
        MemberState::Left => query.filter(memberships::left_on.is_not_null()),
    };
    if let Some(association) = filter.association {
        query = query.filter(memberships::association_id.eq(association));
    }
    query = match filter.backbone {
        None => query,
        Some(true) => query.filter(memberships::backbone_since.is_not_null()),
        Some(false) => query.filter(memberships::backbone_since.is_null()),
    };
    if let Some(after) = page.after {
        query = query.filter(memberships::id.lt(after));
    }
    let rows: Vec<MembershipRow> = query.load(c)?;
    with_people(c, rows)
}

/// These members with who they are and their cards that are good.
fn with_people(c: &mut DbConn, rows: Vec<MembershipRow>) -> AppResult<Vec<Found>> {
    let people: Vec<Uid> = rows.iter().map(|row| row.person_id).collect();
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let people = people::store::these(c, &people)?;
    let cards = cards_of(c, ids)?;
    let with = |row: MembershipRow| {
        let person = people.iter().find(|p| p.id == row.person_id)?.clone();
        let card = cards.iter().find(|card| card.membership_id == row.id);
        Some((row, person, card.cloned()))
    };
    Ok(rows.into_iter().filter_map(with).collect())
}

/// The cards of these members that are good.
pub fn cards_of(c: &mut DbConn, members: Vec<Uid>) -> AppResult<Vec<CardRow>> {
    Ok(member_cards::table
        .filter(member_cards::membership_id.eq_any(members))
        .filter(member_cards::voided_on.is_null())
        .select(CardRow::as_select())
        .load(c)?)
}

/// Those of these people's memberships that are in the caller's areas, newest first; bounded.
pub fn of_people_in(c: &mut DbConn, scope: &Scope, people: &[Uid]) -> AppResult<Vec<Found>> {
    let mine = memberships::area_id.nullable().eq_any(scope.areas.clone());
    let rows: Vec<MembershipRow> = memberships::table
        .filter(mine.or(in_scope!(memberships, scope)))
        .filter(memberships::person_id.eq_any(people.to_vec()))
        .select(MembershipRow::as_select())
        .order(memberships::id.desc())
        .limit(50)
        .load(c)?;
    with_people(c, rows)
}

/// A membership of somebody in these areas, the newest.
pub fn in_scope_of(c: &mut DbConn, scope: &Scope, person: Uid) -> AppResult<Option<MembershipRow>> {
    let mine = memberships::area_id.nullable().eq_any(scope.areas.clone());
    Ok(memberships::table
        .filter(mine.or(in_scope!(memberships, scope)))
        .filter(memberships::person_id.eq(person))
        .select(MembershipRow::as_select())
        .order(memberships::id.desc())
        .first(c)
        .optional()?)
}

/// Whether somebody is a member of this association now.
pub fn is_member(c: &mut DbConn, association: Uid, person: Uid) -> AppResult<bool> {
    let living = memberships::table
        .filter(memberships::person_id.eq(person))
        .filter(memberships::association_id.eq(association))
        .filter(memberships::left_on.is_null());
    Ok(diesel::select(exists(living)).get_result(c)?)
}

/// Whether somebody is a member of anything now.
pub fn is_any(c: &mut DbConn, person: Uid) -> AppResult<bool> {
    let living = memberships::table
        .filter(memberships::person_id.eq(person))
        .filter(memberships::left_on.is_null());
    Ok(diesel::select(exists(living)).get_result(c)?)
}

/// What somebody is and was a member of, newest first; for their own eyes.
pub fn of_person(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<MembershipRow>> {
    Ok(memberships::table
        .filter(memberships::person_id.eq(person))
        .select(MembershipRow::as_select())
        .order(memberships::id.desc())
        .limit(most)
        .load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = memberships)]
pub struct Amendment {
    pub version: i64,
    pub joined_on: Option<Day>,
    pub backbone_since: Option<Option<Day>>,
    pub updated_at: Micros,
}

/// Keeps since when a member was of the backbone, who is none from a day on: a year is counted as it was.
pub fn left_backbone(
    c: &mut DbConn,
    member: &Handle<MembershipRow>,
    since: Day,
    until: Day,
) -> AppResult<()> {
    let same = former_backbone::table
        .filter(former_backbone::membership_id.eq(member.id))
        .filter(former_backbone::since_on.eq(since));
    diesel::delete(same).execute(c)?;
    let row = (
        former_backbone::membership_id.eq(member.id),
        former_backbone::since_on.eq(since),
        former_backbone::until_on.eq(until),
    );
    diesel::insert_into(former_backbone::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

pub fn amend(c: &mut DbConn, member: &Handle<MembershipRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(memberships::table.find(member.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// How and when somebody stops to be a member.
#[derive(Debug, Clone, Copy)]
pub struct Leaving {
    pub on: Day,
    pub because: LeaveReason,
    pub at: Micros,
}

pub fn leave(c: &mut DbConn, member: &Handle<MembershipRow>, leaving: Leaving) -> AppResult<()> {
    leave_row(c, member, leaving)
}

fn leave_row(c: &mut DbConn, member: &MembershipRow, leaving: Leaving) -> AppResult<()> {
    // Nobody leaves before they joined.
    let on = leaving.on.max(member.joined_on);
    diesel::update(memberships::table.find(member.id))
        .set((
            memberships::left_on.eq(on),
            memberships::left_because.eq(leaving.because),
            memberships::version.eq(member.version + 1),
            memberships::updated_at.eq(leaving.at.0),
        ))
        .execute(c)?;
    void_cards(c, member, on, CardVoid::Left)
}

/// What somebody is a member of, locked: their own lock is held by whoever asks.
pub fn living_of(c: &mut DbConn, person: Uid) -> AppResult<Vec<MembershipRow>> {
    Ok(all_locked!(
        c,
        memberships::table
            .filter(memberships::person_id.eq(person))
            .filter(memberships::left_on.is_null())
            .select(MembershipRow::as_select())
            .order(memberships::id)
    )?)
}

/// Ends what somebody is a member of, and answers it; their own handle is the right to it.
pub fn end_of_person(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    leaving: Leaving,
) -> AppResult<Vec<MembershipRow>> {
    let rows: Vec<MembershipRow> = all_locked!(
        c,
        memberships::table
            .filter(memberships::person_id.eq(person.id))
            .filter(memberships::left_on.is_null())
            .select(MembershipRow::as_select())
            .order(memberships::id)
    )?;
    for row in &rows {
        leave_row(c, row, leaving)?;
    }
    Ok(rows)
}

/// Members of one step of what is done to many.
const AT_ONCE: i64 = 500;

/// Ends some of the memberships in an association that is no more; true when more may be left.
pub fn end_some_of_association(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    leaving: Leaving,
) -> AppResult<bool> {
    let rows: Vec<MembershipRow> = all_locked!(
        c,
        memberships::table
            .filter(memberships::association_id.eq(association.id))
            .filter(memberships::left_on.is_null())
            .select(MembershipRow::as_select())
            .order(memberships::id)
            .limit(AT_ONCE)
    )?;
    for row in &rows {
        leave_row(c, row, leaving)?;
    }
    Ok(rows.len() as i64 == AT_ONCE)
}

/// Every membership that somebody has or had.
pub fn ids_of_person(c: &mut DbConn, person: Uid) -> AppResult<Vec<Uid>> {
    Ok(memberships::table
        .filter(memberships::person_id.eq(person))
        .select(memberships::id)
        .load(c)?)
}

/// The member's handle is the right to it.
pub fn insert_card(
    c: &mut DbConn,
    _member: &Handle<MembershipRow>,
    row: &CardRow,
) -> AppResult<()> {
    diesel::insert_into(member_cards::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The member's card that is good, if there is one.
pub fn card(c: &mut DbConn, member: &MembershipRow) -> AppResult<Option<CardRow>> {
    Ok(cards_of(c, vec![member.id])?.into_iter().next())
}

/// Every card that a member had, newest first; few.
pub fn all_cards(c: &mut DbConn, member: &MembershipRow) -> AppResult<Vec<CardRow>> {
    Ok(member_cards::table
        .filter(member_cards::membership_id.eq(member.id))
        .select(CardRow::as_select())
        .order(member_cards::id.desc())
        .limit(100)
        .load(c)?)
}

pub fn void(
    c: &mut DbConn,
    member: &Handle<MembershipRow>,
    on: Day,
    because: CardVoid,
) -> AppResult<()> {
    void_cards(c, member, on, because)
}

fn void_cards(c: &mut DbConn, member: &MembershipRow, on: Day, because: CardVoid) -> AppResult<()> {
    diesel::update(
        member_cards::table
            .filter(member_cards::membership_id.eq(member.id))
            .filter(member_cards::voided_on.is_null()),
    )
    .set((
        member_cards::voided_on.eq(on),
        member_cards::voided_because.eq(because),
    ))
    .execute(c)?;
    Ok(())
}

/// The member's record changes with their card or their name.
pub fn touch(c: &mut DbConn, member: &Handle<MembershipRow>, at: Micros) -> AppResult<()> {
    diesel::update(memberships::table.find(member.id))
        .set((
            memberships::version.eq(member.version + 1),
            memberships::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
