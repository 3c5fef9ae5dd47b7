//! All SQL about services. They stand where their resident stands: every query that lists or finds asks for
//! a resident whose consent to registration lives.

use diesel::dsl::{InnerJoinQuerySource, exists};
use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{consents, residents, service_kinds, services};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people::model::{PersonRow, Purpose};
use crate::residents::model::{ResidentRow, ResidentState};
use crate::residents::store as of;
use crate::{each_backend, in_scope_or_own};

/// The catalogue, in its usual order.
pub fn kinds(c: &mut DbConn) -> AppResult<Vec<KindRow>> {
    Ok(service_kinds::table
        .select(KindRow::as_select())
        .order((service_kinds::ordinal, service_kinds::kind))
        .load(c)?)
}

/// The resident's handle is the right to what is theirs.
pub fn insert(c: &mut DbConn, resident: &Handle<ResidentRow>, row: &ServiceRow) -> AppResult<()> {
    if row.resident_id != resident.id {
        return Err(AppError::internal("a service of another resident"));
    }
    each_backend!(c, |c| diesel::insert_into(services::table)
        .values(row)
        .execute(c))
    .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<ServiceRow>> {
    Ok(services::table
        .find(id)
        .select(ServiceRow::as_select())
        .first(c)
        .optional()?)
}

/// Whose it is; of none as much is asked as of another's.
fn whose(row: &Option<ServiceRow>) -> Uid {
    row.as_ref().map_or(Uid::NIL, |row| row.resident_id)
}

/// The service and its resident, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(ServiceRow, Handle<ResidentRow>)> {
    let row = find(c, id)?;
    let resident = of::visible(c, who, action, whose(&row))?;
    Ok((row.ok_or_else(AppError::not_found)?, resident))
}

/// The same with the person, locked for writing. The person's row is the lock of all that is theirs.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(ServiceRow, Handle<ResidentRow>, Handle<PersonRow>)> {
    let before = find(c, id)?;
    let (resident, person) = of::locked(c, who, action, whose(&before))?;
    // Read again: it may have changed while the lock was waited for.
    let row = find(c, id)?.filter(|row| row.resident_id == resident.id);
    Ok((row.ok_or_else(AppError::not_found)?, resident, person))
}

/// Those of these services that the caller may see, as [`visible`] finds one, each with whose it is.
pub fn among(
    c: &mut DbConn,
    who: &Who,
    ids: &[Uid],
) -> AppResult<Vec<(ServiceRow, ResidentRow, PersonRow)>> {
    let rows: Vec<ServiceRow> = services::table
        .filter(services::id.eq_any(ids.to_vec()))
        .select(ServiceRow::as_select())
        .load(c)?;
    with_theirs(c, who, rows)
}

/// A page of services with whose they are; those whose resident the caller may not see are left out.
pub fn with_theirs(
    c: &mut DbConn,
    who: &Who,
    rows: Vec<ServiceRow>,
) -> AppResult<Vec<(ServiceRow, ResidentRow, PersonRow)>> {
    let mut wanted: Vec<Uid> = rows.iter().map(|row| row.resident_id).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let theirs = of::among(c, who, Action::ServiceRead, &wanted)?;
    let with = |row: ServiceRow| {
        let (resident, person) = theirs.iter().find(|(r, _)| r.id == row.resident_id)?;
        Some((row, resident.clone(), person.clone()))
    };
    Ok(rows.into_iter().filter_map(with).collect())
}

/// A page of a resident's services, newest first.
pub fn of_resident(
    c: &mut DbConn,
    resident: &Handle<ResidentRow>,
    page: Page,
) -> AppResult<Vec<ServiceRow>> {
    let mut query = services::table
        .filter(services::resident_id.eq(resident.id))
        .select(ServiceRow::as_select())
        .order(services::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(services::id.lt(after));
    }
    Ok(query.load(c)?)
}

type WithResident = InnerJoinQuerySource<services::table, residents::table>;

/// A page of the services the caller may see, newest first. Those that are due are of people who agree to be
/// come back to, and of nobody else.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    state: Option<ServiceState>,
    due_before: Option<Day>,
    page: Page,
) -> AppResult<Vec<ServiceRow>> {
    let agreed = |purpose: Purpose| {
        exists(
            consents::table
                .filter(consents::person_id.eq(services::person_id))
                .filter(consents::purpose.eq(purpose))
                .filter(consents::withdrawn_at.is_null()),
        )
    };
    let mut query = services::table
        .inner_join(residents::table)
        .filter(in_scope_or_own!(residents, scope, WithResident))
        .filter(residents::state.eq_any([ResidentState::Active, ResidentState::Left]))
        .filter(agreed(Purpose::Registration))
        .select(ServiceRow::as_select())
        .order(services::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(services::state.eq(state));
    }
    if let Some(day) = due_before {
        query = query
            .filter(services::follow_up_on.lt(day))
            .filter(agreed(Purpose::ServiceFollowUp));
    }
    if let Some(after) = page.after {
        query = query.filter(services::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// These services, whoever may see them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ServiceRow>> {
    Ok(services::table
        .filter(services::id.eq_any(ids.to_vec()))
        .select(ServiceRow::as_select())
        .load(c)?)
}

/// The newest services of somebody, for the person themselves.
pub fn newest_of_person(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<ServiceRow>> {
    Ok(services::table
        .filter(services::person_id.eq(person))
        .select(ServiceRow::as_select())
        .order(services::id.desc())
        .limit(most)
        .load(c)?)
}

/// A resident's services with their versions.
pub fn versions(c: &mut DbConn, resident: Uid) -> AppResult<Vec<(Uid, i64)>> {
    Ok(services::table
        .filter(services::resident_id.eq(resident))
        .select((services::id, services::version))
        .order(services::id)
        .load(c)?)
}

/// What changes in a service; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = services)]
pub struct ServiceChange {
    pub version: i64,
    pub state: ServiceState,
    pub provider: Option<ProviderKind>,
    pub provider_contact: Option<Vec<u8>>,
    pub sealed_as: Option<Option<Uid>>,
    pub delivered_on: Option<Day>,
    pub follow_up_on: Option<Option<Day>>,
    pub updated_at: Micros,
}

pub fn change(
    c: &mut DbConn,
    resident: &Handle<ResidentRow>,
    row: &ServiceRow,
    change: &ServiceChange,
) -> AppResult<()> {
    let theirs = services::table
        .find(row.id)
        .filter(services::resident_id.eq(resident.id));
    diesel::update(theirs).set(change).execute(c)?;
    Ok(())
}

/// Takes every day on which somebody meant to come back from a person's services, and answers those that had
/// one, with their versions of then.
pub fn clear_follow_ups(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    at: Micros,
) -> AppResult<Vec<(Uid, i64)>> {
    let due: Vec<(Uid, i64)> = services::table
        .filter(services::person_id.eq(person.id))
        .filter(services::follow_up_on.is_not_null())
        .select((services::id, services::version))
        .order(services::id)
        .load(c)?;
    if due.is_empty() {
        return Ok(due);
    }
    let theirs = services::table
        .filter(services::person_id.eq(person.id))
        .filter(services::follow_up_on.is_not_null());
    diesel::update(theirs)
        .set((
            services::follow_up_on.eq(None::<Day>),
            services::version.eq(services::version + 1),
            services::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(due.into_iter().map(|(id, v)| (id, v + 1)).collect())
}
