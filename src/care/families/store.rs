//! All SQL about families. Whatever finds one finds it only while somebody of it agrees to be cared for.

use diesel::dsl::{InnerJoinQuerySource, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{care_families, care_visits, households, persons};
use crate::db::{Day, DbConn, Micros, MultiBackend, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::households::model::{HouseholdRow, HouseholdState};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState, Purpose};
use crate::{first_locked, in_scope};

/// Somebody of the household agrees now. It is asked of every query that finds a family.
pub const AGREES: &str = "EXISTS (SELECT 1 FROM persons agreeing JOIN consents agreed ON agreed.person_id = agreeing.id \
     WHERE agreeing.household_id = care_families.household_id AND agreeing.state = 'active' \
     AND agreed.purpose = 'care_support' AND agreed.withdrawn_at IS NULL)";

type Source = InnerJoinQuerySource<care_families::table, households::table>;
type Seen = Box<dyn BoxableExpression<Source, MultiBackend, SqlType = Nullable<Bool>>>;

/// Families of the areas where the caller sees all of them, and those of which they are a contact where they work.
fn seen(scope: &Scope) -> Seen {
    let areas: Seen = in_scope!(households, scope, Source);
    let (true, Some(user)) = (scope.own, scope.user) else {
        return areas;
    };
    let worked = scope.clone().shared();
    let there: Seen = in_scope!(households, &worked, Source);
    let contact = care_families::township_contact
        .eq(user)
        .or(care_families::village_contact.eq(user));
    Box::new(areas.or(contact.and(there)))
}

fn found(c: &mut DbConn, id: Uid) -> AppResult<Option<Family>> {
    let row: Option<(FamilyRow, HouseholdRow)> = care_families::table
        .inner_join(households::table)
        .filter(care_families::id.eq(id))
        .filter(households::state.eq(HouseholdState::Active))
        .filter(sql::<Bool>(AGREES))
        .select((FamilyRow::as_select(), HouseholdRow::as_select()))
        .first(c)
        .optional()?;
    Ok(row.map(|(row, home)| Family { row, home }))
}

/// The family, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<Family>> {
    let family = found(c, id)?;
    who.authorise(action, family)
}

/// The same, locked for writing by its household: it, or whatever hangs on it.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<Family>> {
    let before = visible(c, who, action, id)?;
    lock_home(c, before.home.id)?;
    visible(c, who, action, id)
}

fn lock_home(c: &mut DbConn, home: Uid) -> AppResult<()> {
    let _: Option<Uid> = first_locked!(
        c,
        households::table
            .filter(households::id.eq(home))
            .select(households::id)
    )
    .optional()?;
    Ok(())
}

/// The household's handle, which is locked, is the right to it.
pub fn insert(c: &mut DbConn, home: &Handle<HouseholdRow>, row: &FamilyRow) -> AppResult<()> {
    let living = care_families::table
        .filter(care_families::household_id.eq(home.id))
        .filter(care_families::ended_on.is_null());
    let cared_for: bool = diesel::select(diesel::dsl::exists(living)).get_result(c)?;
    if cared_for {
        return Err(AppError::of(Code::CareFamilyExists));
    }
    diesel::insert_into(care_families::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Which families a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub state: CareFamilyState,
    pub special: Option<bool>,
}

/// A page of the families that the caller sees, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<Family>> {
    let mut query = care_families::table
        .inner_join(households::table)
        .filter(seen(scope))
        .filter(households::state.eq(HouseholdState::Active))
        .filter(sql::<Bool>(AGREES))
        .select((FamilyRow::as_select(), HouseholdRow::as_select()))
        .order(care_families::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        CareFamilyState::InCare => query.filter(care_families::ended_on.is_null()),
        CareFamilyState::Ended => query.filter(care_families::ended_on.is_not_null()),
    };
    query = match filter.special {
        None => query,
        Some(true) => query.filter(care_families::special_since.is_not_null()),
        Some(false) => query.filter(care_families::special_since.is_null()),
    };
    if let Some(after) = page.after {
        query = query.filter(care_families::id.lt(after));
    }
    let rows: Vec<(FamilyRow, HouseholdRow)> = query.load(c)?;
    let family = |(row, home)| Family { row, home };
    Ok(rows.into_iter().map(family).collect())
}

/// Those of these households' people who agree to be cared for, in the order of their households.
pub fn agreeing(c: &mut DbConn, homes: &[Uid]) -> AppResult<Vec<PersonRow>> {
    let rows: Vec<PersonRow> = persons::table
        .filter(persons::household_id.eq_any(homes.to_vec()))
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .order((persons::household_id, persons::id))
        .load(c)?;
    let ids: Vec<Uid> = rows.iter().map(|p| p.id).collect();
    let agreed = people::store::agreed(c, &ids, Purpose::CareSupport)?;
    Ok(rows
        .into_iter()
        .filter(|p| agreed.contains(&p.id))
        .collect())
}

/// The living records of these households, by household.
pub fn of_households(c: &mut DbConn, homes: &[Uid]) -> AppResult<Vec<(Uid, Uid)>> {
    Ok(care_families::table
        .filter(care_families::household_id.eq_any(homes.to_vec()))
        .filter(care_families::ended_on.is_null())
        .select((care_families::household_id, care_families::id))
        .load(c)?)
}

/// The records of a household, those that ended too, newest first; for the eyes of its people.
pub fn all_of_household(c: &mut DbConn, home: Uid, most: i64) -> AppResult<Vec<FamilyRow>> {
    Ok(care_families::table
        .filter(care_families::household_id.eq(home))
        .select(FamilyRow::as_select())
        .order(care_families::id.desc())
        .limit(most)
        .load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = care_families)]
pub struct Amendment {
    pub version: i64,
    pub special_since: Option<Option<Day>>,
    pub township_contact: Option<Option<Uid>>,
    pub township_contact_since: Option<Option<Day>>,
    pub village_contact: Option<Option<Uid>>,
    pub village_contact_since: Option<Option<Day>>,
    pub doctor: Option<Option<Vec<u8>>>,
    pub doctor_since: Option<Option<Day>>,
    pub channel: Option<Option<Vec<u8>>>,
    pub channel_since: Option<Option<Day>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, family: &Handle<Family>, change: &Amendment) -> AppResult<()> {
    diesel::update(care_families::table.find(family.row.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn end(
    c: &mut DbConn,
    family: &Handle<Family>,
    on: Day,
    because: CareEnd,
    at: Micros,
) -> AppResult<()> {
    diesel::update(care_families::table.find(family.row.id))
        .set((
            care_families::ended_on.eq(on),
            care_families::ended_because.eq(because),
            care_families::version.eq(family.row.version + 1),
            care_families::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// The family's handle is the right to it.
pub fn insert_visit(c: &mut DbConn, _family: &Handle<Family>, row: &VisitRow) -> AppResult<()> {
    diesel::insert_into(care_visits::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A visit, whoever may see it.
pub fn visit(c: &mut DbConn, id: Uid) -> AppResult<Option<VisitRow>> {
    Ok(care_visits::table
        .find(id)
        .select(VisitRow::as_select())
        .first(c)
        .optional()?)
}

/// A page of a family's visits, newest first.
pub fn visits_of(c: &mut DbConn, family: &Handle<Family>, page: Page) -> AppResult<Vec<VisitRow>> {
    visits_of_row(c, family.row.id, page)
}

pub fn visits_of_row(c: &mut DbConn, family: Uid, page: Page) -> AppResult<Vec<VisitRow>> {
    let mut query = care_visits::table
        .filter(care_visits::family_id.eq(family))
        .select(VisitRow::as_select())
        .order(care_visits::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(care_visits::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// When each of these families was last visited.
pub fn last_visits(c: &mut DbConn, families: Vec<Uid>) -> AppResult<Vec<(Uid, Option<Day>)>> {
    Ok(care_visits::table
        .filter(care_visits::family_id.eq_any(families))
        .group_by(care_visits::family_id)
        .select((
            care_visits::family_id,
            diesel::dsl::max(care_visits::visited_on),
        ))
        .load(c)?)
}

/// Families of which nobody agrees any more, and nobody took it back since then: what is stored of them may go.
/// Bounded.
pub fn without_consent(c: &mut DbConn, since: Micros, limit: i64) -> AppResult<Vec<(Uid, Uid)>> {
    let lately = format!(
        "NOT EXISTS (SELECT 1 FROM persons leaving JOIN consents taken ON taken.person_id = leaving.id \
         WHERE leaving.household_id = care_families.household_id AND leaving.state = 'active' \
         AND taken.purpose = 'care_support' AND taken.withdrawn_at > {})",
        since.0
    );
    Ok(care_families::table
        .filter(sql::<Bool>(&format!("NOT {AGREES}")))
        .filter(sql::<Bool>(&lately))
        .select((care_families::id, care_families::household_id))
        .order(care_families::id)
        .limit(limit)
        .load(c)?)
}

/// Whether a family may go now, with its household locked.
pub fn may_go(c: &mut DbConn, family: Uid, home: Uid) -> AppResult<bool> {
    lock_home(c, home)?;
    let agrees: Option<Uid> = care_families::table
        .filter(care_families::id.eq(family))
        .filter(sql::<Bool>(&format!("NOT {AGREES}")))
        .select(care_families::id)
        .first(c)
        .optional()?;
    Ok(agrees.is_some())
}
