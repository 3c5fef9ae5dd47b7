//! All SQL about posts and the rules about them.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::{AssociationKind, AssociationRow};
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{persons, post_rules, posts};
use crate::db::{Day, DbConn, Fen, Json, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState};
use crate::{all_locked, first_locked, in_scope};

/// All rules, kind by kind; there are a few dozen.
pub fn rules(c: &mut DbConn) -> AppResult<Vec<RuleRow>> {
    Ok(post_rules::table
        .select(RuleRow::as_select())
        .order(post_rules::code)
        .limit(200)
        .load(c)?)
}

/// The rules of a kind of association.
pub fn rules_of(c: &mut DbConn, kind: AssociationKind) -> AppResult<Vec<RuleRow>> {
    Ok(post_rules::table
        .filter(post_rules::association_kind.eq(kind))
        .select(RuleRow::as_select())
        .order(post_rules::code)
        .load(c)?)
}

pub fn rule(c: &mut DbConn, code: &str) -> AppResult<Option<RuleRow>> {
    Ok(post_rules::table
        .find(code.to_owned())
        .select(RuleRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked for writing.
pub fn locked_rule(c: &mut DbConn, code: &str) -> AppResult<Option<RuleRow>> {
    Ok(first_locked!(
        c,
        post_rules::table
            .find(code.to_owned())
            .select(RuleRow::as_select())
    )
    .optional()?)
}

/// What a change of a rule alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = post_rules)]
pub struct RuleAmendment {
    pub version: i64,
    pub positions: Option<Json<Vec<PublicPosition>>>,
    pub five_elders: Option<Option<bool>>,
    pub full_time: Option<Option<bool>>,
    pub civil_servant: Option<Option<bool>>,
    pub least: Option<i64>,
    pub most: Option<i64>,
    pub term_years: Option<i64>,
    pub assumed: Option<bool>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

pub fn amend_rule(c: &mut DbConn, rule: &RuleRow, change: &RuleAmendment) -> AppResult<()> {
    diesel::update(post_rules::table.find(&rule.code))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &PostRow,
) -> AppResult<()> {
    insert_row(c, row)
}

/// A term that follows another one, whose handle is the right to it.
pub fn insert_after(c: &mut DbConn, _before: &Handle<PostRow>, row: &PostRow) -> AppResult<()> {
    insert_row(c, row)
}

fn insert_row(c: &mut DbConn, row: &PostRow) -> AppResult<()> {
    diesel::insert_into(posts::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<PostRow>> {
    Ok(posts::table
        .find(id)
        .select(PostRow::as_select())
        .first(c)
        .optional()?)
}

/// The post, if the caller may do this to it, with who holds it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<PostRow>, Option<PersonRow>)> {
    let row = find(c, id)?;
    let post = who.authorise(action, row)?;
    let person = match post.person_id {
        Some(person) => people::store::find(c, person)?,
        None => None,
    };
    Ok((post, person.filter(|p| p.state == PersonState::Active)))
}

/// The same, locked for writing: whoever holds it first, as every write does.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<PostRow>, Option<Handle<PersonRow>>)> {
    let before = who.authorise(action, find(c, id)?)?;
    let person = match before.person_id {
        Some(person) => people::store::lock(c, person)?,
        None => None,
    };
    let row = first_locked!(c, posts::table.find(id).select(PostRow::as_select())).optional()?;
    let post = who.authorise(action, row)?;
    let person = person.filter(|p| p.state == PersonState::Active);
    let person = person.map(|person| post.lead(person)).transpose()?;
    Ok((post, person))
}

/// Which posts a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub post: Option<PostKind>,
    /// Those that ended, too.
    pub ended: bool,
}

pub type Found = (PostRow, Option<PersonRow>);

/// A page of the posts of the caller's areas, newest first, with who holds them.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<Found>> {
    let mine = posts::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = posts::table
        .filter(mine.or(in_scope!(posts, scope)))
        .select(PostRow::as_select())
        .order(posts::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(posts::association_id.eq(association));
    }
    if let Some(post) = filter.post {
        query = query.filter(posts::post.eq(post));
    }
    if !filter.ended {
        query = query.filter(posts::ended_on.is_null());
    }
    if let Some(after) = page.after {
        query = query.filter(posts::id.lt(after));
    }
    let rows: Vec<PostRow> = query.load(c)?;
    let ids: Vec<Uid> = rows.iter().filter_map(|row| row.person_id).collect();
    let people: Vec<PersonRow> = persons::table
        .filter(persons::id.eq_any(ids))
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .load(c)?;
    let with = |row: PostRow| {
        let person = people.iter().find(|p| row.person_id == Some(p.id));
        (row, person.cloned())
    };
    Ok(rows.into_iter().map(with).collect())
}

/// Every term of an association's posts.
pub fn of_association(c: &mut DbConn, association: Uid) -> AppResult<Vec<PostRow>> {
    Ok(posts::table
        .filter(posts::association_id.eq(association))
        .select(PostRow::as_select())
        .order(posts::id)
        .load(c)?)
}

/// Terms that somebody has or had, newest first; for their own eyes.
pub fn of_person(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<PostRow>> {
    Ok(posts::table
        .filter(posts::person_id.eq(person))
        .select(PostRow::as_select())
        .order(posts::id.desc())
        .limit(most)
        .load(c)?)
}

/// Whether somebody holds a post anywhere.
pub fn holds_any(c: &mut DbConn, person: Uid) -> AppResult<bool> {
    let held = posts::table
        .filter(posts::person_id.eq(person))
        .filter(posts::ended_on.is_null());
    Ok(diesel::select(diesel::dsl::exists(held)).get_result(c)?)
}

/// A term of somebody in these areas, the newest.
pub fn in_scope_of(c: &mut DbConn, scope: &Scope, person: Uid) -> AppResult<Option<PostRow>> {
    let mine = posts::area_id.nullable().eq_any(scope.areas.clone());
    Ok(posts::table
        .filter(mine.or(in_scope!(posts, scope)))
        .filter(posts::person_id.eq(person))
        .select(PostRow::as_select())
        .order(posts::id.desc())
        .first(c)
        .optional()?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = posts)]
pub struct Amendment {
    pub version: i64,
    pub holds_position: Option<PublicPosition>,
    pub full_time: Option<bool>,
    pub civil_servant: Option<bool>,
    pub managed_by_reference: Option<bool>,
    pub five_elders: Option<bool>,
    pub retired: Option<bool>,
    pub allowance: Option<Option<Fen>>,
    pub ends_on: Option<Day>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, post: &Handle<PostRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(posts::table.find(post.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// How and when a term ends.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub on: Day,
    pub because: PostEnd,
    pub at: Micros,
}

pub fn end(c: &mut DbConn, post: &Handle<PostRow>, ending: Ending) -> AppResult<()> {
    end_row(c, post, ending)
}

fn end_row(c: &mut DbConn, post: &PostRow, ending: Ending) -> AppResult<()> {
    // A term that began later than it ends now began and ended on one day.
    let on = ending.on.max(post.begins_on);
    diesel::update(posts::table.find(post.id))
        .set((
            posts::ended_on.eq(on),
            posts::ended_because.eq(ending.because),
            posts::version.eq(post.version + 1),
            posts::updated_at.eq(ending.at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Ends what somebody holds, and answers it; their own handle is the right to it.
pub fn end_of_person(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    ending: Ending,
) -> AppResult<Vec<PostRow>> {
    let rows: Vec<PostRow> = all_locked!(
        c,
        posts::table
            .filter(posts::person_id.eq(person.id))
            .filter(posts::ended_on.is_null())
            .select(PostRow::as_select())
            .order(posts::id)
    )?;
    for row in &rows {
        end_row(c, row, ending)?;
    }
    Ok(rows)
}

/// Ends what is held in an association that is no more, and answers it.
pub fn end_of_association(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    ending: Ending,
) -> AppResult<Vec<PostRow>> {
    let rows: Vec<PostRow> = all_locked!(
        c,
        posts::table
            .filter(posts::association_id.eq(association.id))
            .filter(posts::ended_on.is_null())
            .select(PostRow::as_select())
            .order(posts::id)
    )?;
    for row in &rows {
        end_row(c, row, ending)?;
    }
    Ok(rows)
}

/// What somebody held becomes terms of nobody; answers how many. They ended before.
pub fn forget_holder(c: &mut DbConn, person: &Handle<PersonRow>, at: Micros) -> AppResult<usize> {
    Ok(diesel::update(
        posts::table
            .filter(posts::person_id.eq(person.id))
            .filter(posts::ended_on.is_not_null()),
    )
    .set((
        posts::person_id.eq(None::<Uid>),
        posts::version.eq(posts::version + 1),
        posts::updated_at.eq(at.0),
    ))
    .execute(c)?)
}

/// Whoever holds it, if they are in use.
pub fn holder_of(c: &mut DbConn, post: &Handle<PostRow>) -> AppResult<Handle<PersonRow>> {
    let person = match post.person_id {
        Some(person) => people::store::find(c, person)?,
        None => None,
    };
    let person = person.filter(|p| p.state == PersonState::Active);
    post.lead(person.ok_or_else(AppError::not_found)?)
}
