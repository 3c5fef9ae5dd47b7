//! All SQL about receipts. A person's are those of every record that was merged into theirs, too.

use diesel::prelude::*;

use crate::auth::Handle;
use crate::db::schema::person_receipts;
use crate::db::{DbConn, Micros, Uid};
use crate::duplicates;
use crate::error::AppResult;
use crate::http::page::Page;
use crate::people::model::PersonRow;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = person_receipts, treat_none_as_default_value = false)]
pub struct ReceiptRow {
    pub id: Uid,
    pub person_id: Uid,
    pub code_hash: Vec<u8>,
    pub issued_by: Uid,
    pub issued_at: Micros,
    pub expires_at: Micros,
    pub revoked_at: Option<Micros>,
    pub revoked_by: Option<Uid>,
    pub last_used_at: Option<Micros>,
}

pub fn insert(c: &mut DbConn, _person: &Handle<PersonRow>, row: &ReceiptRow) -> AppResult<()> {
    diesel::insert_into(person_receipts::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// The receipt of a code that is good now. One statement whatever is wrong with a code, so that its time tells
/// nothing.
pub fn live_by_hash(c: &mut DbConn, hash: &[u8], now: Micros) -> AppResult<Option<ReceiptRow>> {
    Ok(person_receipts::table
        .filter(person_receipts::code_hash.eq(hash.to_vec()))
        .filter(person_receipts::revoked_at.is_null())
        .filter(person_receipts::expires_at.gt(now.0))
        .select(ReceiptRow::as_select())
        .first(c)
        .optional()?)
}

/// A person's receipts that are good now, newest first.
pub fn live(c: &mut DbConn, person: Uid, now: Micros) -> AppResult<Vec<ReceiptRow>> {
    let known_as = duplicates::store::known_as(c, person)?;
    Ok(person_receipts::table
        .filter(person_receipts::person_id.eq_any(known_as))
        .filter(person_receipts::revoked_at.is_null())
        .filter(person_receipts::expires_at.gt(now.0))
        .select(ReceiptRow::as_select())
        .order(person_receipts::id.desc())
        .load(c)?)
}

pub fn of_person(c: &mut DbConn, person: Uid, id: Uid) -> AppResult<Option<ReceiptRow>> {
    let known_as = duplicates::store::known_as(c, person)?;
    Ok(person_receipts::table
        .find(id)
        .filter(person_receipts::person_id.eq_any(known_as))
        .select(ReceiptRow::as_select())
        .first(c)
        .optional()?)
}

/// A page of a person's receipts, newest first.
pub fn list(c: &mut DbConn, person: Uid, page: Page) -> AppResult<Vec<ReceiptRow>> {
    let known_as = duplicates::store::known_as(c, person)?;
    let mut query = person_receipts::table
        .filter(person_receipts::person_id.eq_any(known_as))
        .select(ReceiptRow::as_select())
        .order(person_receipts::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(person_receipts::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn revoke(
    c: &mut DbConn,
    _person: &Handle<PersonRow>,
    id: Uid,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(person_receipts::table.find(id))
        .set((
            person_receipts::revoked_at.eq(at.0),
            person_receipts::revoked_by.eq(by),
        ))
        .execute(c)?;
    Ok(())
}

pub fn used(c: &mut DbConn, _person: &Handle<PersonRow>, id: Uid, at: Micros) -> AppResult<()> {
    diesel::update(person_receipts::table.find(id))
        .set(person_receipts::last_used_at.eq(at.0))
        .execute(c)?;
    Ok(())
}
