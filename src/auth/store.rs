//! All SQL about staff, phones, sessions and one-use codes.

use diesel::prelude::*;
use std::collections::HashSet;

use super::handle::{Handle, Place, Placed};
use super::model::*;
use super::policy::Role;
use super::rights::{Grant, Rights};
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::schema::{areas, assignments, auth_events, devices, enrolments, sessions, users};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::first_locked;

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
    let revoked_devices = devices::table
        .filter(
            devices::user_id
                .eq(user)
                .and(devices::revoked_at.is_not_null()),
        )
        .select(devices::id)
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
        revoked_devices: revoked_devices.into_iter().collect(),
        revoked_sessions: revoked_sessions.into_iter().collect(),
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

/// A user together with where they work, which is what access to them goes by.
#[derive(Debug, Clone)]
pub struct Staff {
    pub user: UserRow,
    /// The place of each assignment; an administrator sees users without any, too.
    pub places: Vec<Place>,
    pub areas: Vec<Uid>,
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
    let held: Vec<AssignmentRow> = assignments::table
        .filter(assignments::user_id.eq(id))
        .select(AssignmentRow::as_select())
        .load(c)?;
    let place = |a: &AssignmentRow| Place {
        county: a.county,
        town: a.town,
        village: a.village,
    };
    Ok(Some(Staff {
        user,
        places: held.iter().map(place).collect(),
        areas: held.iter().map(|a| a.area_id).collect(),
    }))
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
            users::failed_attempts.eq(0i64),
            users::locked_until.eq(None::<i64>),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn set_attempts(
    c: &mut DbConn,
    user: Uid,
    failed: i64,
    locked_until: Option<Micros>,
) -> AppResult<()> {
    diesel::update(users::table.find(user))
        .set((
            users::failed_attempts.eq(failed),
            users::locked_until.eq(locked_until),
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

pub fn end_assignment(c: &mut DbConn, row: &AssignmentRow, now: Micros) -> AppResult<()> {
    // One that has not begun ends just after it would have begun, so that the row stays true.
    let ends_at = now.max(row.starts_at.plus(1));
    diesel::update(assignments::table.find(row.id))
        .set((
            assignments::ends_at.eq(ends_at.0),
            assignments::version.eq(assignments::version + 1),
            assignments::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Users who hold one of these roles at a place at this time.
pub fn holders(c: &mut DbConn, roles: &[Role], place: &Place, now: Micros) -> AppResult<Vec<Uid>> {
    let mut found = HashSet::new();
    for role in roles {
        let rows: Vec<(AssignmentRow, AreaRow)> = assignments::table
            .inner_join(areas::table.on(areas::id.eq(assignments::area_id)))
            .filter(assignments::role.eq(role))
            .filter(assignments::starts_at.le(now.0))
            .filter(
                assignments::ends_at
                    .is_null()
                    .or(assignments::ends_at.gt(now.0)),
            )
            .select((AssignmentRow::as_select(), AreaRow::as_select()))
            .load(c)?;
        for (a, area) in rows {
            if grant(c, a.clone(), area)?.covers(place) {
                found.insert(a.user_id);
            }
        }
    }
    Ok(found.into_iter().collect())
}

// --- devices ---

impl Placed for DeviceRow {
    fn place(&self) -> Place {
        Place::default()
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.user_id), None]
    }
}

pub fn find_device(c: &mut DbConn, id: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(devices::table
        .find(id)
        .select(DeviceRow::as_select())
        .first(c)
        .optional()?)
}

pub fn lock_device(c: &mut DbConn, id: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(first_locked!(c, devices::table.find(id).select(DeviceRow::as_select())).optional()?)
}

pub fn device_of(c: &mut DbConn, user: Uid, installation: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(first_locked!(
        c,
        devices::table
            .filter(
                devices::user_id
                    .eq(user)
                    .and(devices::installation_id.eq(installation))
            )
            .select(DeviceRow::as_select())
    )
    .optional()?)
}

pub fn insert_device(c: &mut DbConn, row: &DeviceRow) -> AppResult<()> {
    diesel::insert_into(devices::table)
        .values(row)
        .execute(c)
        .map_err(taken)?;
    Ok(())
}

/// The same phone again: it keeps its id, so that what it queued stays valid.
pub fn reenrol_device(
    c: &mut DbConn,
    id: Uid,
    name: &str,
    app_version: &str,
    now: Micros,
) -> AppResult<()> {
    diesel::update(devices::table.find(id))
        .set((
            devices::name.eq(name),
            devices::app_version.eq(app_version),
            devices::revoked_at.eq(None::<i64>),
            devices::enrolled_at.eq(now.0),
            devices::last_seen_at.eq(now.0),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn revoke_device(c: &mut DbConn, device: &Handle<DeviceRow>, now: Micros) -> AppResult<()> {
    diesel::update(devices::table.find(device.id))
        .set((
            devices::revoked_at.eq(now.0),
            devices::push_state.eq(PushState::None),
            devices::push_token.eq(None::<Vec<u8>>),
            devices::push_token_index.eq(None::<Vec<u8>>),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .execute(c)?;
    diesel::update(
        sessions::table.filter(
            sessions::device_id
                .eq(device.id)
                .and(sessions::revoked_at.is_null()),
        ),
    )
    .set((
        sessions::revoked_at.eq(now.0),
        sessions::revoked_why.eq("device_revoked"),
    ))
    .execute(c)?;
    Ok(())
}

pub fn set_push(
    c: &mut DbConn,
    device: &Handle<DeviceRow>,
    provider: PushProvider,
    token: &[u8],
    index: &[u8],
    now: Micros,
) -> AppResult<i64> {
    // A token moved to another account's phone belongs to the newer one alone.
    diesel::update(
        devices::table.filter(
            devices::push_token_index
                .eq(index)
                .and(devices::id.ne(device.id)),
        ),
    )
    .set((
        devices::push_state.eq(PushState::None),
        devices::push_token.eq(None::<Vec<u8>>),
        devices::push_token_index.eq(None::<Vec<u8>>),
        devices::push_changed_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(diesel::update(devices::table.find(device.id))
        .set((
            devices::push_provider.eq(Some(provider)),
            devices::push_token.eq(token),
            devices::push_token_index.eq(index),
            devices::push_state.eq(PushState::Live),
            devices::push_changed_at.eq(now.0),
            devices::push_strikes.eq(0i64),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .returning(devices::version)
        .get_result(c)?)
}

/// Phones of these users, newest first; `users` is bounded by the caller's page of them.
pub fn devices_of(
    c: &mut DbConn,
    user: Uid,
    page: crate::http::page::Page,
) -> AppResult<Vec<DeviceRow>> {
    let mut query = devices::table
        .filter(devices::user_id.eq(user))
        .select(DeviceRow::as_select())
        .order(devices::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(devices::id.lt(after));
    }
    Ok(query.load(c)?)
}

// --- sessions ---

pub fn insert_session(c: &mut DbConn, row: &SessionRow) -> AppResult<()> {
    diesel::insert_into(sessions::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

pub fn lock_session(c: &mut DbConn, id: Uid) -> AppResult<Option<SessionRow>> {
    Ok(first_locked!(c, sessions::table.find(id).select(SessionRow::as_select())).optional()?)
}

pub fn rotate_session(
    c: &mut DbConn,
    id: Uid,
    new: &[u8],
    previous: &[u8],
    now: Micros,
    expires: Micros,
) -> AppResult<()> {
    diesel::update(sessions::table.find(id))
        .set((
            sessions::token_hash.eq(new),
            sessions::previous_hash.eq(previous),
            sessions::rotated_at.eq(now.0),
            sessions::expires_at.eq(expires.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn revoke_session(c: &mut DbConn, id: Uid, why: &str, now: Micros) -> AppResult<()> {
    diesel::update(sessions::table.filter(sessions::id.eq(id).and(sessions::revoked_at.is_null())))
        .set((
            sessions::revoked_at.eq(now.0),
            sessions::revoked_why.eq(why),
        ))
        .execute(c)?;
    Ok(())
}

pub fn revoke_all_sessions(
    c: &mut DbConn,
    user: Uid,
    except: Option<Uid>,
    why: &str,
    now: Micros,
) -> AppResult<usize> {
    let mut query = diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .set((
            sessions::revoked_at.eq(now.0),
            sessions::revoked_why.eq(why),
        ))
        .into_boxed();
    if let Some(except) = except {
        query = query.filter(sessions::id.ne(except));
    }
    Ok(query.execute(c)?)
}

// --- one-use codes ---

pub fn insert_enrolment(c: &mut DbConn, row: &EnrolmentRow) -> AppResult<()> {
    // A newer code makes the older ones of the same user useless.
    diesel::update(
        enrolments::table.filter(
            enrolments::user_id
                .eq(row.user_id)
                .and(enrolments::used_at.is_null()),
        ),
    )
    .set(enrolments::expires_at.eq(row.created_at))
    .execute(c)?;
    diesel::insert_into(enrolments::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

pub fn lock_enrolment(c: &mut DbConn, code_hash: &[u8]) -> AppResult<Option<EnrolmentRow>> {
    Ok(first_locked!(
        c,
        enrolments::table
            .filter(enrolments::code_hash.eq(code_hash))
            .select(EnrolmentRow::as_select())
    )
    .optional()?)
}

pub fn use_enrolment(c: &mut DbConn, id: Uid, device: Uid, now: Micros) -> AppResult<()> {
    diesel::update(enrolments::table.find(id))
        .set((
            enrolments::used_at.eq(now.0),
            enrolments::device_id.eq(device),
        ))
        .execute(c)?;
    Ok(())
}
