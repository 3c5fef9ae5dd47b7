//! All SQL about the office and staff of associations by days.

use diesel::prelude::*;

use crate::associations::model::{OfficeRank, Premises};
use crate::db::schema::office_records;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = office_records, treat_none_as_default_value = false)]
pub struct OfficeRow {
    pub id: Uid,
    pub association_id: Uid,
    pub as_of: Day,
    pub office_rank: Option<OfficeRank>,
    pub office_premises: Option<Premises>,
    pub office_equipped: Option<bool>,
    pub office_own_line: Option<bool>,
    pub staff_establishment: Option<i64>,
    pub staff_full_time: Option<i64>,
    pub staff_by_reference: Option<bool>,
    pub staff_fit: Option<bool>,
    pub staff_wages_budgeted: Option<bool>,
    pub registered_by: Uid,
    pub created_at: Micros,
}

/// Keeps a record, in place of what was told of the same day.
pub fn put(c: &mut DbConn, row: &OfficeRow) -> AppResult<()> {
    let same = office_records::table
        .filter(office_records::association_id.eq(row.association_id))
        .filter(office_records::as_of.eq(row.as_of));
    diesel::delete(same).execute(c)?;
    diesel::insert_into(office_records::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// What was known on a day: the newest record until then.
pub fn until(c: &mut DbConn, association: Uid, day: Day) -> AppResult<Option<OfficeRow>> {
    Ok(office_records::table
        .filter(office_records::association_id.eq(association))
        .filter(office_records::as_of.le(day))
        .select(OfficeRow::as_select())
        .order(office_records::as_of.desc())
        .first(c)
        .optional()?)
}

/// Whether something is known of a later day.
pub fn is_later(c: &mut DbConn, association: Uid, day: Day) -> AppResult<bool> {
    let later = office_records::table
        .filter(office_records::association_id.eq(association))
        .filter(office_records::as_of.gt(day));
    Ok(diesel::select(diesel::dsl::exists(later)).get_result(c)?)
}

/// A page of an association's records, newest entry first.
pub fn list(c: &mut DbConn, association: Uid, page: Page) -> AppResult<Vec<OfficeRow>> {
    let mut query = office_records::table
        .filter(office_records::association_id.eq(association))
        .select(OfficeRow::as_select())
        .order(office_records::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(office_records::id.lt(after));
    }
    Ok(query.load(c)?)
}
