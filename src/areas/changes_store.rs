//! All SQL about what became of areas: the changes, their parts, and records to be carried along.

use diesel::prelude::*;

use super::model::{AreaLevel, AreaRow, ChangeKind, ChangeRow, ChangeState};
use crate::db::schema::{area_carries, area_change_parts, area_changes, areas};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{all_locked, each_backend, first_locked};

/// Notes a change; false where it stands already.
pub fn insert(c: &mut DbConn, change: &ChangeRow) -> AppResult<bool> {
    let stored = each_backend!(c, |c| diesel::insert_into(area_changes::table)
        .values(change)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(stored > 0)
}

pub fn by_id(c: &mut DbConn, id: Uid) -> AppResult<Option<ChangeRow>> {
    Ok(area_changes::table
        .find(id)
        .select(ChangeRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked until the transaction ends.
pub fn locked(c: &mut DbConn, id: Uid) -> AppResult<Option<ChangeRow>> {
    Ok(first_locked!(
        c,
        area_changes::table.find(id).select(ChangeRow::as_select())
    )
    .optional()?)
}

/// Locks areas, in the order of their ids, until the transaction ends: nobody places a record there meanwhile.
pub fn lock_areas(c: &mut DbConn, ids: &[Uid]) -> AppResult<()> {
    let _: Vec<Uid> = all_locked!(
        c,
        areas::table
            .filter(areas::id.eq_any(ids.to_vec()))
            .order(areas::id)
            .select(areas::id)
    )?;
    Ok(())
}

/// Changes of a kind and day that began with an area of this code.
pub fn of_code(
    c: &mut DbConn,
    kind: ChangeKind,
    code: &str,
    day: Day,
) -> AppResult<Vec<ChangeRow>> {
    Ok(area_changes::table
        .filter(area_changes::old_code.eq(code))
        .filter(area_changes::effective_on.eq(day))
        .filter(area_changes::kind.eq(kind))
        .select(ChangeRow::as_select())
        .limit(100)
        .load(c)?)
}

/// What to look for among the changes.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Changes of these areas, or into them.
    pub area: Option<Uid>,
    pub state: Option<ChangeState>,
    pub kind: Option<ChangeKind>,
}

/// What an area was merged into, if it was.
pub fn merged_into(c: &mut DbConn, area: Uid) -> AppResult<Option<AreaRow>> {
    Ok(area_changes::table
        .inner_join(areas::table.on(areas::id.nullable().eq(area_changes::to_area)))
        .filter(area_changes::from_area.eq(area))
        .filter(area_changes::kind.eq(ChangeKind::Merge))
        .order(area_changes::created_at.desc())
        .select(AreaRow::as_select())
        .first(c)
        .optional()?)
}

/// A transfer that an edition showed and that a person has carried out since.
pub fn settle_transfer(c: &mut DbConn, area: Uid, parent: Uid, at: Micros) -> AppResult<()> {
    diesel::update(
        area_changes::table
            .filter(area_changes::from_area.eq(area))
            .filter(area_changes::kind.eq(ChangeKind::Transfer))
            .filter(area_changes::state.eq(ChangeState::WaitsForPerson))
            .filter(area_changes::to_area.eq(parent)),
    )
    .set((
        area_changes::state.eq(ChangeState::Applied),
        area_changes::settled_at.eq(at.0),
    ))
    .execute(c)?;
    Ok(())
}

pub fn set_state(
    c: &mut DbConn,
    change: Uid,
    state: ChangeState,
    at: Micros,
    by: Option<Uid>,
) -> AppResult<()> {
    let settled = (state == ChangeState::Applied).then_some(at);
    diesel::update(area_changes::table.find(change))
        .set((
            area_changes::state.eq(state),
            area_changes::settled_at.eq(settled),
            area_changes::settled_by.eq(by),
        ))
        .execute(c)?;
    Ok(())
}

pub fn add_part(c: &mut DbConn, change: Uid, area: Uid) -> AppResult<()> {
    diesel::insert_into(area_change_parts::table)
        .values((
            area_change_parts::change_id.eq(change),
            area_change_parts::area_id.eq(area),
        ))
        .execute(c)?;
    Ok(())
}

/// The parts of a split, in the order of their codes.
pub fn parts(c: &mut DbConn, change: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(area_change_parts::table
        .inner_join(areas::table.on(areas::id.eq(area_change_parts::area_id)))
        .filter(area_change_parts::change_id.eq(change))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .load(c)?)
}

/// Records of one area that go along with a change.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = area_carries, treat_none_as_default_value = false)]
pub struct Carry {
    pub change_id: Uid,
    pub from_area: Uid,
    pub to_area: Uid,
    pub carried: i64,
    pub done_at: Option<Micros>,
}

pub fn add_carry(c: &mut DbConn, change: Uid, from: Uid, to: Uid) -> AppResult<()> {
    let carry = Carry {
        change_id: change,
        from_area: from,
        to_area: to,
        carried: 0,
        done_at: None,
    };
    diesel::insert_into(area_carries::table)
        .values(&carry)
        .execute(c)?;
    Ok(())
}

/// What is to be carried, oldest change first; what was done lately, too: a write that began before a change may
/// have ended after it.
pub fn carries(c: &mut DbConn, since: Micros) -> AppResult<Vec<Carry>> {
    Ok(area_carries::table
        .inner_join(area_changes::table.on(area_changes::id.eq(area_carries::change_id)))
        .filter(
            area_carries::done_at
                .is_null()
                .or(area_carries::done_at.gt(since.0)),
        )
        .order((area_changes::created_at, area_carries::from_area))
        .select(Carry::as_select())
        .load(c)?)
}

/// How much is to be carried for a change still.
pub fn open_carries(c: &mut DbConn, change: Uid) -> AppResult<i64> {
    Ok(area_carries::table
        .filter(area_carries::change_id.eq(change))
        .filter(area_carries::done_at.is_null())
        .count()
        .get_result(c)?)
}

pub fn carried(c: &mut DbConn, carry: &Carry, more: i64) -> AppResult<()> {
    diesel::update(area_carries::table.find((carry.change_id, carry.from_area)))
        .set(area_carries::carried.eq(area_carries::carried + more))
        .execute(c)?;
    Ok(())
}

pub fn carry_done(c: &mut DbConn, carry: &Carry, at: Micros) -> AppResult<()> {
    diesel::update(area_carries::table.find((carry.change_id, carry.from_area)))
        .set(area_carries::done_at.eq(at.0))
        .execute(c)?;
    Ok(())
}

/// How many records were carried for a change so far.
pub fn carried_for(c: &mut DbConn, change: Uid) -> AppResult<i64> {
    let rows: Vec<i64> = area_carries::table
        .filter(area_carries::change_id.eq(change))
        .select(area_carries::carried)
        .load(c)?;
    Ok(rows.into_iter().sum())
}

/// The live areas next below one, in the order of their codes.
pub fn children(c: &mut DbConn, area: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(areas::parent_id.eq(area))
        .filter(areas::abolished_on.is_null())
        .select(AreaRow::as_select())
        .order(areas::code)
        .load(c)?)
}

/// Whether a live area has a code that begins with this one.
pub fn any_below_code(c: &mut DbConn, code: &str) -> AppResult<bool> {
    let found = areas::table
        .filter(areas::code.ge(code.to_owned()))
        // The character after '9'.
        .filter(areas::code.lt(format!("{code}:")))
        .filter(areas::abolished_on.is_null());
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(c)?)
}

pub fn insert_area(c: &mut DbConn, area: &AreaRow) -> AppResult<()> {
    diesel::insert_into(areas::table).values(area).execute(c)?;
    Ok(())
}

/// Puts an area under another, with all below it.
pub fn put_under(c: &mut DbConn, area: &AreaRow, parent: &AreaRow) -> AppResult<AreaRow> {
    let moved = AreaRow {
        official: area.official,
        ..AreaRow::new(
            area.id,
            area.level,
            &area.code,
            &area.name,
            Some(parent),
            area.official,
        )
    };
    diesel::update(areas::table.find(area.id))
        .set(areas::parent_id.eq(parent.id))
        .execute(c)?;
    within(c, area.level, area.id, &moved)?;
    Ok(moved)
}

/// Everything in `from`, at its level, lies in `to` from now on, at the wider levels too.
pub fn within(c: &mut DbConn, level: AreaLevel, from: Uid, to: &AreaRow) -> AppResult<()> {
    let wide = (areas::province.eq(to.province), areas::city.eq(to.city));
    match level {
        AreaLevel::Province => {}
        AreaLevel::City => {
            diesel::update(areas::table.filter(areas::city.eq(from)))
                .set(wide)
                .execute(c)?;
        }
        AreaLevel::County => {
            diesel::update(areas::table.filter(areas::county.eq(from)))
                .set((wide, areas::county.eq(to.county)))
                .execute(c)?;
        }
        AreaLevel::Town => {
            diesel::update(areas::table.filter(areas::town.eq(from)))
                .set((wide, areas::county.eq(to.county), areas::town.eq(to.town)))
                .execute(c)?;
        }
        AreaLevel::Village => {
            diesel::update(areas::table.filter(areas::village.eq(from)))
                .set((
                    wide,
                    areas::county.eq(to.county),
                    areas::town.eq(to.town),
                    areas::village.eq(to.village),
                ))
                .execute(c)?;
        }
    }
    Ok(())
}

/// Gives an area, and all below it whose codes begin with its own, a new code.
pub fn recode(c: &mut DbConn, area: &AreaRow, to: &str) -> AppResult<usize> {
    use diesel::sql_types::Text;
    let digits = area.code.len();
    let which = super::codes_store::Reach::All(area.level).condition(2);
    Ok(diesel::sql_query(format!(
        "UPDATE areas SET code = $1 || substr(code, {}) WHERE {which} AND substr(code, 1, {digits}) = $3 \
         AND abolished_on IS NULL",
        digits + 1
    ))
    .bind::<Text, _>(to.to_owned())
    .bind::<crate::db::types::UidSql, _>(area.id)
    .bind::<Text, _>(area.code.clone())
    .execute(c)?)
}

/// Remembers what a person decided about records of one kind.
pub fn decided(
    c: &mut DbConn,
    change: Uid,
    kind: &str,
    ids: &[Uid],
    to: Option<Uid>,
    (by, at): (Uid, Micros),
) -> AppResult<()> {
    use crate::db::schema::area_decisions as d;
    for id in ids {
        diesel::insert_into(d::table)
            .values((
                d::change_id.eq(change),
                d::record_id.eq(id),
                d::kind.eq(kind),
                d::to_area.eq(to),
                d::decided_by.eq(by),
                d::decided_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// Changes, newest first, after one of them.
pub fn list(
    c: &mut DbConn,
    wanted: &Wanted,
    after: Option<(Micros, Uid)>,
    limit: i64,
) -> AppResult<Vec<ChangeRow>> {
    let mut query = area_changes::table
        .select(ChangeRow::as_select())
        .order((area_changes::created_at.desc(), area_changes::id.desc()))
        .limit(limit + 1)
        .into_boxed();
    if let Some(area) = wanted.area {
        let into: Vec<Uid> = area_change_parts::table
            .filter(area_change_parts::area_id.eq(area))
            .select(area_change_parts::change_id)
            .limit(1000)
            .load(c)?;
        query = query.filter(
            area_changes::from_area
                .nullable()
                .eq(area)
                .or(area_changes::to_area.eq(area))
                .or(area_changes::id.nullable().eq_any(into)),
        );
    }
    if let Some(state) = wanted.state {
        query = query.filter(area_changes::state.eq(state));
    }
    if let Some(kind) = wanted.kind {
        query = query.filter(area_changes::kind.eq(kind));
    }
    if let Some((at, id)) = after {
        query = query.filter(
            area_changes::created_at
                .lt(at.0)
                .or(area_changes::created_at
                    .eq(at.0)
                    .and(area_changes::id.lt(id))),
        );
    }
    Ok(query.load(c)?)
}
