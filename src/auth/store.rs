//! All SQL about staff: what they may do, their accounts, their assignments.

use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

use super::handle::Place;
use super::model::*;
use super::policy::Role;
use super::rights::{Binding, Grant, Rights};
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::schema::{areas, assignments, auth_events, devices, sessions, users};
use crate::db::together::{Answers, remember};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::first_locked;
use crate::sync::fields;

/// Everything a request needs to know about its caller.
pub fn load_rights(c: &mut DbConn, user: Uid, since: Micros) -> AppResult<Rights> {
    let state: Option<UserState> = users::table
        .find(user)
        .select(users::state)
        .first(c)
        .optional()?;
    let rows: Vec<(AssignmentRow, AreaRow)> = assignments::table
        .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
        .filter(assignments::user_id.eq(user))
        .select((AssignmentRow::as_select(), AreaRow::as_select()))
        .load(c)?;
    let grants = rows
        .into_iter()
        .map(|(a, area)| grant(c, a, area))
        .collect::<AppResult<Vec<_>>>()?;
    let bound: Vec<(Uid, Option<Micros>)> = devices::table
        .filter(devices::user_id.eq(user))
        .select((devices::id, devices::revoked_at))
        .load(c)?;
    let revoked_sessions = sessions::table
        .filter(
            sessions::user_id
                .eq(user)
                .and(sessions::revoked_at.gt(since.0)),
        )
        .select(sessions::id)
        .load(c)?;
    Ok(Rights {
        active: state == Some(UserState::Active),
        grants,
        devices: bound
            .into_iter()
            .map(|(id, revoked_at)| match revoked_at {
                None => (id, Binding::Bound),
                Some(_) => (id, Binding::Revoked),
            })
            .collect(),
        revoked_sessions: revoked_sessions.into_iter().collect(),
        loaded: std::time::Instant::now(),
    })
}

fn grant(c: &mut DbConn, a: AssignmentRow, area: AreaRow) -> AppResult<Grant> {
    let counties = match area.level {
        AreaLevel::Town | AreaLevel::Village => Vec::new(),
        _ => crate::areas::store::counties(c, &area)?,
    };
    Ok(Grant {
        role: a.role,
        area: area.id,
        place: area.place(),
        area_code: area.code,
        counties,
        town: if area.level == AreaLevel::Town {
            area.town
        } else {
            None
        },
        village: area.village,
        starts_at: a.starts_at,
        ends_at: a.ends_at,
    })
}

/// Tells every node to forget what it knows about a user.
pub fn rights_changed(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    diesel::insert_into(auth_events::table)
        .values((auth_events::user_id.eq(user), auth_events::at.eq(now.0)))
        .execute(c)?;
    Ok(())
}

/// The users of events since then.
pub fn events_since(c: &mut DbConn, since: Micros) -> AppResult<Vec<Uid>> {
    let found: HashSet<Uid> = auth_events::table
        .filter(auth_events::at.ge(since.0))
        .select(auth_events::user_id)
        .load(c)?
        .into_iter()
        .collect();
    Ok(found.into_iter().collect())
}

pub fn forget_old_events(c: &mut DbConn, before: Micros) -> AppResult<()> {
    diesel::delete(auth_events::table.filter(auth_events::at.lt(before.0))).execute(c)?;
    Ok(())
}

// --- users ---

/// A user together with what they hold, held or will hold, which is what access to them goes by.
#[derive(Debug, Clone)]
pub struct Staff {
    pub user: UserRow,
    pub held: Vec<(AssignmentRow, AreaRow)>,
}

impl Staff {
    /// Where the audit notes what is done to this account: where its user works now, or did last.
    pub fn place(&self, now: Micros) -> Place {
        let live = self.held.iter().find(|(a, _)| a.live(now));
        live.or(self.held.last())
            .map(|(_, area)| area.place())
            .unwrap_or_default()
    }
}

pub fn user_by_login(c: &mut DbConn, login: &str) -> AppResult<Option<UserRow>> {
    Ok(users::table
        .filter(users::login.eq(login))
        .select(UserRow::as_select())
        .first(c)
        .optional()?)
}

pub fn user(c: &mut DbConn, id: Uid) -> AppResult<Option<UserRow>> {
    Ok(users::table
        .find(id)
        .select(UserRow::as_select())
        .first(c)
        .optional()?)
}

pub fn lock_user(c: &mut DbConn, id: Uid) -> AppResult<Option<UserRow>> {
    Ok(first_locked!(c, users::table.find(id).select(UserRow::as_select())).optional()?)
}

pub fn staff(c: &mut DbConn, id: Uid) -> AppResult<Option<Staff>> {
    let Some(user) = user(c, id)? else {
        return Ok(None);
    };
    let held = assignments::table
        .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
        .filter(assignments::user_id.eq(id))
        .select((AssignmentRow::as_select(), AreaRow::as_select()))
        .order(assignments::id)
        .load(c)?;
    Ok(Some(Staff { user, held }))
}

pub fn insert_user(c: &mut DbConn, row: &UserRow) -> AppResult<()> {
    diesel::insert_into(users::table)
        .values(row)
        .execute(c)
        .map_err(taken)?;
    Ok(())
}

/// A unique key that holds the value already is the caller's 409.
pub fn taken(e: diesel::result::Error) -> AppError {
    match crate::db::violation(&e) {
        Some(crate::db::Violation::Unique { .. }) => AppError::of(Code::AlreadyExists),
        _ => e.into(),
    }
}

pub fn set_password(c: &mut DbConn, user: Uid, hash: &str, now: Micros) -> AppResult<()> {
    diesel::update(users::table.find(user))
        .set((
            users::password_hash.eq(hash),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Disables or enables an account; `user` is its row, locked.
pub fn set_state(c: &mut DbConn, user: &UserRow, state: UserState, now: Micros) -> AppResult<()> {
    let version = user.version + 1;
    diesel::update(users::table.find(user.id))
        .set((
            users::state.eq(state),
            users::version.eq(version),
            users::field_versions.eq(fields::touch(&user.field_versions, version, &["state"])),
            users::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Users with an assignment in the scope, newest first; every user for an unbounded one.
pub fn list_users(
    c: &mut DbConn,
    scope: &crate::auth::rights::Scope,
    page: crate::http::page::Page,
) -> AppResult<Vec<UserRow>> {
    let mut query = assignments::table
        .filter(
            crate::in_scope!(assignments, scope)
                .or(assignments::area_id.eq_any(scope.areas.clone()).nullable()),
        )
        .select(assignments::user_id)
        .distinct()
        .order(assignments::user_id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(assignments::user_id.lt(after));
    }
    let ids: Vec<Uid> = query.load(c)?;
    Ok(users::table
        .filter(users::id.eq_any(ids))
        .select(UserRow::as_select())
        .order(users::id.desc())
        .load(c)?)
}

// --- assignments ---

pub fn assignments_of(c: &mut DbConn, user: Uid) -> AppResult<Vec<(AssignmentRow, String)>> {
    Ok(assignments::table
        .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
        .filter(assignments::user_id.eq(user))
        .select((AssignmentRow::as_select(), areas::code))
        .order(assignments::id.desc())
        .limit(200)
        .load(c)?)
}

pub fn insert_assignment(c: &mut DbConn, row: &AssignmentRow) -> AppResult<()> {
    diesel::insert_into(assignments::table)
        .values(row)
        .execute(c)
        .map_err(taken)?;
    Ok(())
}

pub fn assignment(c: &mut DbConn, id: Uid) -> AppResult<Option<(AssignmentRow, AreaRow)>> {
    Ok(assignments::table
        .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
        .filter(assignments::id.eq(id))
        .select((AssignmentRow::as_select(), AreaRow::as_select()))
        .first(c)
        .optional()?)
}

/// Ends an assignment now; false when it has ended, because what was stays as it was.
pub fn end_assignment(c: &mut DbConn, row: &AssignmentRow, now: Micros) -> AppResult<bool> {
    // One that has not begun ends just after it would have begun, so that the row stays true.
    let ends_at = now.max(row.starts_at.plus(1));
    if row.ends_at.is_some_and(|end| end <= ends_at) {
        return Ok(false);
    }
    diesel::update(assignments::table.find(row.id))
        .set((
            assignments::ends_at.eq(ends_at.0),
            assignments::version.eq(assignments::version + 1),
            assignments::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(true)
}

/// The sealed names of users, by id.
pub fn display_names(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<HashMap<Uid, Vec<u8>>> {
    let rows: Vec<(Uid, Vec<u8>)> = users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::display_name))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// Whether a user in use holds one of these roles at a place at this time.
pub fn holds(
    c: &mut DbConn,
    user: Uid,
    roles: &[Role],
    place: &Place,
    now: Micros,
) -> AppResult<bool> {
    let ask = |(user, roles, place): &(Uid, Vec<Role>, Place)| held(c, *user, roles, place, now);
    HOLDS.with(|known| known.or_ask((user, roles.to_vec(), *place), ask))
}

thread_local! {
    static HOLDS: Answers<(Uid, Vec<Role>, Place), bool> = const { Answers::none() };
}

/// Does work of one moment that asks again and again who works where, and changes nothing of that.
pub fn holding_remembered<R>(f: impl FnOnce() -> R) -> R {
    remember(&HOLDS, f)
}

fn held(c: &mut DbConn, user: Uid, roles: &[Role], place: &Place, now: Micros) -> AppResult<bool> {
    let Some(narrowest) = place.village.or(place.town).or(place.county) else {
        return Ok(false);
    };
    holds_in(c, user, roles, narrowest, now)
}

/// Whether somebody works in one of these roles in that very area, and not only in one around it.
pub fn is_of(c: &mut DbConn, user: Uid, roles: &[Role], area: Uid, now: Micros) -> AppResult<bool> {
    let live = assignments::table
        .inner_join(users::table)
        .filter(users::state.eq(UserState::Active))
        .filter(assignments::user_id.eq(user))
        .filter(assignments::area_id.eq(area))
        .filter(assignments::role.eq_any(roles.to_vec()))
        .filter(assignments::starts_at.le(now.0))
        .filter(
            assignments::ends_at
                .is_null()
                .or(assignments::ends_at.gt(now.0)),
        );
    Ok(diesel::select(diesel::dsl::exists(live)).get_result(c)?)
}

/// The same in an area, which may be wider than a county.
pub fn holds_in(
    c: &mut DbConn,
    user: Uid,
    roles: &[Role],
    area: Uid,
    now: Micros,
) -> AppResult<bool> {
    // An area knows all those around it: an assignment for any of them covers it, so that this is an equality
    // on `area_id`, however wide the assignment.
    let Some(area) = crate::areas::store::by_id(c, area)? else {
        return Ok(false);
    };
    let found = assignments::table
        .inner_join(users::table)
        .filter(users::state.eq(UserState::Active))
        .filter(assignments::user_id.eq(user))
        .filter(assignments::area_id.eq_any(area.chain().collect::<Vec<_>>()))
        .filter(assignments::role.eq_any(roles.to_vec()))
        .filter(assignments::starts_at.le(now.0))
        .filter(
            assignments::ends_at
                .is_null()
                .or(assignments::ends_at.gt(now.0)),
        )
        .select(assignments::id)
        .first::<Uid>(c)
        .optional()?;
    Ok(found.is_some())
}

/// Those who coordinate at a place: of the narrowest area around it that has any, a bounded number.
pub fn coordinators_at(c: &mut DbConn, place: &Place, now: Micros) -> AppResult<Vec<Uid>> {
    for area in [place.village, place.town, place.county]
        .into_iter()
        .flatten()
    {
        let found = coordinators_of(c, area, now)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Users in use who coordinate an area itself, a bounded number.
pub fn coordinators_of(c: &mut DbConn, area: Uid, now: Micros) -> AppResult<Vec<Uid>> {
    const MOST: i64 = 50;
    Ok(assignments::table
        .inner_join(users::table)
        .filter(users::state.eq(UserState::Active))
        .filter(assignments::area_id.eq(area))
        .filter(assignments::role.eq(Role::Coordinator))
        .filter(assignments::starts_at.le(now.0))
        .filter(
            assignments::ends_at
                .is_null()
                .or(assignments::ends_at.gt(now.0)),
        )
        .select(assignments::user_id)
        .distinct()
        .order(assignments::user_id)
        .limit(MOST)
        .load(c)?)
}

/// An assignment with the name of its area: the unit for which somebody acts.
#[derive(Debug, Clone)]
pub struct Unit {
    pub user_id: Uid,
    pub role: Role,
    pub place: Place,
    pub starts_at: Micros,
    pub ends_at: Option<Micros>,
    pub area_name: String,
}

impl Unit {
    /// Whether it is for this place, or for an area around it.
    pub fn covers(&self, place: &Place) -> bool {
        let same = |own: Option<Uid>, there: Option<Uid>| own.is_none() || own == there;
        same(self.place.county, place.county)
            && same(self.place.town, place.town)
            && same(self.place.village, place.village)
    }
}

/// The assignments that these users have or had; the newest, as many as one person's record may need.
pub fn units_of(c: &mut DbConn, users: &[Uid]) -> AppResult<Vec<Unit>> {
    const MOST: i64 = 2000;
    let rows: Vec<(AssignmentRow, String)> = assignments::table
        .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
        .filter(assignments::user_id.eq_any(users.to_vec()))
        .select((AssignmentRow::as_select(), areas::name))
        .order(assignments::id.desc())
        .limit(MOST)
        .load(c)?;
    let unit = |(row, area_name): (AssignmentRow, String)| Unit {
        user_id: row.user_id,
        role: row.role,
        place: Place {
            county: row.county,
            town: row.town,
            village: row.village,
        },
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        area_name,
    };
    Ok(rows.into_iter().map(unit).collect())
}
