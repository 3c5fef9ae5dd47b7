//! All SQL about imports and the rows of their sheets.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable};

use super::check::Macs as RowMacs;
use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{policy_import_faults, policy_import_rows, policy_imports};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{each_backend, first_locked, in_scope};

/// How long a node holds an import without a word.
const LEASE: i64 = 15 * Micros::SECOND;
/// How long a file may take to arrive.
const ARRIVES: i64 = Micros::HOUR;

// --- imports ---

pub fn insert(c: &mut DbConn, row: &ImportRow) -> AppResult<()> {
    diesel::insert_into(policy_imports::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<ImportRow>> {
    Ok(policy_imports::table
        .find(id)
        .filter(policy_imports::state.ne(ImportState::Receiving))
        .select(ImportRow::as_select())
        .first(c)
        .optional()?)
}

/// The import wherever it stands: for those who work on it.
pub fn current(c: &mut DbConn, id: Uid) -> AppResult<Option<ImportRow>> {
    Ok(policy_imports::table
        .find(id)
        .select(ImportRow::as_select())
        .first(c)
        .optional()?)
}

fn lock(c: &mut DbConn, id: Uid) -> AppResult<Option<ImportRow>> {
    Ok(first_locked!(
        c,
        policy_imports::table
            .find(id)
            .select(ImportRow::as_select())
    )
    .optional()?)
}

/// The import, if the caller may do this to it.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ImportRow>> {
    let row = find(c, id)?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ImportRow>> {
    let row = lock(c, id)?.filter(|row| row.state != ImportState::Receiving);
    who.authorise(action, row)
}

/// A page of imports the caller may see, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, page: Page) -> AppResult<Vec<ImportRow>> {
    let mut query = policy_imports::table
        .filter(in_scope!(policy_imports, scope))
        .filter(policy_imports::state.ne(ImportState::Receiving))
        .select(ImportRow::as_select())
        .order(policy_imports::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(policy_imports::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Keeps what changed in an import, which is locked, as its next version.
pub fn save(c: &mut DbConn, row: &mut ImportRow, now: Micros) -> AppResult<()> {
    (row.version, row.updated_at) = (row.version + 1, now);
    diesel::update(policy_imports::table.find(row.id))
        .set((
            (
                policy_imports::version.eq(row.version),
                policy_imports::state.eq(row.state),
                policy_imports::ending.eq(row.ending),
                policy_imports::sheet.eq(&row.sheet),
                policy_imports::file_sha256.eq(&row.file_sha256),
                policy_imports::data_key.eq(&row.data_key),
                policy_imports::row_count.eq(row.row_count),
                policy_imports::units.eq(row.units),
                policy_imports::checked.eq(row.checked),
                policy_imports::staged.eq(row.staged),
                policy_imports::told.eq(row.told),
            ),
            (
                policy_imports::counts.eq(Json(row.counts.0)),
                policy_imports::fault_count.eq(row.fault_count),
                policy_imports::confirmed_by.eq(row.confirmed_by),
                policy_imports::confirmed_at.eq(row.confirmed_at),
                policy_imports::updated_at.eq(row.updated_at),
                policy_imports::ended_at.eq(row.ended_at),
                policy_imports::emptied_at.eq(row.emptied_at),
                policy_imports::expires_at.eq(row.expires_at),
                policy_imports::tries.eq(row.tries),
            ),
        ))
        .execute(c)?;
    Ok(())
}

/// One that is still being received.
pub fn receiving(c: &mut DbConn, id: Uid) -> AppResult<Option<ImportRow>> {
    Ok(lock(c, id)?.filter(|row| row.state == ImportState::Receiving))
}

/// Removes an import that never came to be.
pub fn forget(c: &mut DbConn, id: Uid) -> AppResult<()> {
    diesel::delete(
        policy_imports::table
            .find(id)
            .filter(policy_imports::state.eq(ImportState::Receiving)),
    )
    .execute(c)?;
    Ok(())
}

/// Removes imports that ended long ago, a bounded part at once; true when more may be left.
pub fn forget_ended(c: &mut DbConn, before: Micros, most: i64) -> AppResult<bool> {
    let old: Vec<Uid> = policy_imports::table
        .filter(policy_imports::emptied_at.lt(before.0))
        .order(policy_imports::id)
        .select(policy_imports::id)
        .limit(most)
        .load(c)?;
    let more = old.len() as i64 == most;
    diesel::delete(
        policy_import_faults::table.filter(policy_import_faults::import_id.eq_any(old.clone())),
    )
    .execute(c)?;
    diesel::delete(policy_imports::table.filter(policy_imports::id.eq_any(old))).execute(c)?;
    Ok(more)
}

// --- what is wrong with it ---

/// Keeps faults of an import, which is locked, behind those that were found before.
pub fn fault(c: &mut DbConn, import: &mut ImportRow, faults: &[RowFault]) -> AppResult<()> {
    let from = import.fault_count;
    let rows: Vec<FaultRow> = (from..MOST_FAULTS)
        .zip(faults)
        .map(|(number, fault)| FaultRow {
            import_id: import.id,
            number,
            sheet_row: i64::from(fault.row),
            fault: Json(fault.clone()),
        })
        .collect();
    for some in rows.chunks(1_000) {
        each_backend!(c, |c| diesel::insert_into(policy_import_faults::table)
            .values(some)
            .execute(c))?;
    }
    import.fault_count = from + faults.len() as i64;
    Ok(())
}

/// Where in the list of faults one stands.
#[derive(Debug, Clone, Copy)]
pub struct FaultAt {
    pub row: i64,
    pub number: i64,
}

/// Faults behind that one, from the top of the sheet to its bottom.
pub fn faults(
    c: &mut DbConn,
    import: Uid,
    after: Option<FaultAt>,
    most: i64,
) -> AppResult<Vec<FaultRow>> {
    use policy_import_faults::dsl as t;
    let mut query = t::policy_import_faults
        .filter(t::import_id.eq(import))
        .select(FaultRow::as_select())
        .order((t::sheet_row, t::number))
        .limit(most)
        .into_boxed();
    if let Some(FaultAt { row, number }) = after {
        let behind = t::sheet_row.eq(row).and(t::number.gt(number));
        query = query.filter(t::sheet_row.gt(row).or(behind));
    }
    Ok(query.load(c)?)
}

// --- whose turn it is ---

/// Imports with something to do, the oldest first.
pub fn due(c: &mut DbConn, now: Micros) -> AppResult<Option<Uid>> {
    use policy_imports::dsl::{created_at, expires_at, state};
    let work = state.eq_any([
        ImportState::Checking,
        ImportState::Importing,
        ImportState::Imported,
        ImportState::Refused,
        ImportState::Cancelled,
    ]);
    let lost = state
        .eq(ImportState::Receiving)
        .and(created_at.lt(now.plus(-ARRIVES).0));
    let expired = state.eq(ImportState::Checked).and(expires_at.le(now.0));
    Ok(policy_imports::table
        .filter(policy_imports::emptied_at.is_null())
        .filter(policy_imports::lease_until.le(now.0))
        .filter(work.or(lost).or(expired))
        .order(policy_imports::id)
        .select(policy_imports::id)
        .first(c)
        .optional()?)
}

/// Takes an import, unless another node has it; what that node still writes is refused from then on.
pub fn claim(c: &mut DbConn, id: Uid, token: Uid, now: Micros) -> AppResult<Option<ImportRow>> {
    let Some(mut row) = lock(c, id)?.filter(|row| row.lease_until <= now) else {
        return Ok(None);
    };
    (row.leased_by, row.lease_until, row.tries) = (Some(token), now.plus(LEASE), row.tries + 1);
    diesel::update(policy_imports::table.find(id))
        .set((
            policy_imports::leased_by.eq(row.leased_by),
            policy_imports::lease_until.eq(row.lease_until),
            policy_imports::tries.eq(row.tries),
        ))
        .execute(c)?;
    Ok(Some(row))
}

/// The import, locked, while it is this node's; its time begins anew, and it came further.
pub fn mine(c: &mut DbConn, id: Uid, token: Uid, now: Micros) -> AppResult<Option<ImportRow>> {
    let Some(mut row) = lock(c, id)?.filter(|row| row.leased_by == Some(token)) else {
        return Ok(None);
    };
    (row.lease_until, row.tries) = (now.plus(LEASE), 0);
    diesel::update(policy_imports::table.find(id))
        .set(policy_imports::lease_until.eq(row.lease_until))
        .execute(c)?;
    Ok(Some(row))
}

pub fn release(c: &mut DbConn, id: Uid, token: Uid) -> AppResult<()> {
    diesel::update(
        policy_imports::table
            .find(id)
            .filter(policy_imports::leased_by.eq(token)),
    )
    .set((
        policy_imports::leased_by.eq(None::<Uid>),
        policy_imports::lease_until.eq(0i64),
    ))
    .execute(c)?;
    Ok(())
}

// --- rows ---

pub fn insert_rows(c: &mut DbConn, rows: &[SheetRow]) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(policy_import_rows::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// The rows of the next whole units after this one: about so many.
pub fn rows_after(c: &mut DbConn, import: Uid, unit: i64, about: i64) -> AppResult<Vec<SheetRow>> {
    let of = policy_import_rows::table.filter(policy_import_rows::import_id.eq(import));
    let last: Option<i64> = of
        .filter(policy_import_rows::unit.gt(unit))
        .order((policy_import_rows::unit, policy_import_rows::number))
        .select(policy_import_rows::unit)
        .offset(about - 1)
        .first(c)
        .optional()?;
    let mut query = of
        .filter(policy_import_rows::unit.gt(unit))
        .select(SheetRow::as_select())
        .order((policy_import_rows::unit, policy_import_rows::number))
        .into_boxed();
    if let Some(last) = last {
        query = query.filter(policy_import_rows::unit.le(last));
    }
    Ok(query.load(c)?)
}

/// The rows of these units.
pub fn rows_of(c: &mut DbConn, import: Uid, units: &[i64]) -> AppResult<Vec<SheetRow>> {
    Ok(policy_import_rows::table
        .filter(policy_import_rows::import_id.eq(import))
        .filter(policy_import_rows::unit.eq_any(units.to_vec()))
        .select(SheetRow::as_select())
        .order((policy_import_rows::unit, policy_import_rows::number))
        .load(c)?)
}

pub fn rows_left(c: &mut DbConn, import: Uid) -> AppResult<i64> {
    Ok(policy_import_rows::table
        .filter(policy_import_rows::import_id.eq(import))
        .count()
        .get_result(c)?)
}

/// Digests to look for.
pub struct Macs {
    pub policy: Vec<Vec<u8>>,
    pub family: Vec<Vec<u8>>,
    pub insured: Vec<Vec<u8>>,
    pub person: Vec<Vec<u8>>,
}

/// Rows before this one that have any of these digests, a few for each sort and digest; and whether it is that of
/// an insured, whose period matters.
pub fn earlier(
    c: &mut DbConn,
    import: Uid,
    before: u32,
    macs: &Macs,
) -> AppResult<Vec<(Vec<u8>, SheetRow, bool)>> {
    use policy_import_rows::dsl as t;
    const MOST: i64 = 5_000;
    let mut found = Vec::new();
    macro_rules! look {
        ($wanted:ident, $mac:ident, $with_period:literal) => {
            for some in macs.$wanted.chunks(500) {
                let rows: Vec<SheetRow> = policy_import_rows::table
                    .filter(t::$mac.eq_any(some.to_vec()))
                    .filter(t::import_id.eq(import))
                    .filter(t::number.lt(i64::from(before)))
                    .select(SheetRow::as_select())
                    .order(t::number)
                    .limit(MOST)
                    .load(c)?;
                for row in rows {
                    if let Some(mac) = row.$mac.clone() {
                        found.push((mac, row, $with_period));
                    }
                }
            }
        };
    }
    look!(policy, policy_mac, false);
    look!(family, family_mac, false);
    look!(insured, insured_mac, true);
    look!(person, person_mac, false);
    Ok(found)
}

/// What is noted of a row once it was checked.
pub struct Noted {
    pub number: u32,
    pub person: Option<Uid>,
    pub holder: Option<Uid>,
    pub payer: Option<Uid>,
    pub beneficiary: Option<Uid>,
    pub macs: RowMacs,
}

/// Notes of rows whom they name.
pub fn note(c: &mut DbConn, import: Uid, rows: &[Noted]) -> AppResult<()> {
    use policy_import_rows::dsl as t;
    if let DbConn::Pg(c) = c {
        return note_together(c, import, rows);
    }
    for row in rows {
        diesel::update(t::policy_import_rows.find((import, i64::from(row.number))))
            .set((
                t::person_id.eq(row.person),
                t::holder_person_id.eq(row.holder),
                t::payer_person_id.eq(row.payer),
                t::beneficiary_person_id.eq(row.beneficiary),
                t::policy_mac.eq(&row.macs.policy),
                t::family_mac.eq(&row.macs.family),
                t::insured_mac.eq(&row.macs.insured),
                t::person_mac.eq(&row.macs.person),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// By one statement: each trip to the server counts.
fn note_together(c: &mut PgConnection, import: Uid, rows: &[Noted]) -> AppResult<()> {
    diesel::sql_query(
        "UPDATE policy_import_rows AS r SET person_id = n.person_id, holder_person_id = n.holder_person_id, \
         payer_person_id = n.payer_person_id, beneficiary_person_id = n.beneficiary_person_id, \
         policy_mac = n.policy_mac, family_mac = n.family_mac, insured_mac = n.insured_mac, \
         person_mac = n.person_mac FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], \
         $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[]) AS n (number, person_id, holder_person_id, \
         payer_person_id, beneficiary_person_id, policy_mac, family_mac, insured_mac, person_mac) \
         WHERE r.import_id = $10 AND r.number = n.number",
    )
    .bind::<Array<BigInt>, _>(column(rows, |row| i64::from(row.number)))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |row| row.person))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |row| row.holder))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |row| row.payer))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |row| row.beneficiary))
    .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.macs.policy.clone()))
    .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.macs.family.clone()))
    .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.macs.insured.clone()))
    .bind::<Array<Nullable<Binary>>, _>(column(rows, |row| row.macs.person.clone()))
    .bind::<UidSql, _>(import)
    .execute(c)?;
    Ok(())
}

/// Removes about so many rows of an import; true when none is left.
pub fn remove_rows(c: &mut DbConn, import: Uid, about: i64) -> AppResult<bool> {
    let of = policy_import_rows::table.filter(policy_import_rows::import_id.eq(import));
    let last: Option<i64> = of
        .order(policy_import_rows::number)
        .select(policy_import_rows::number)
        .offset(about - 1)
        .first(c)
        .optional()?;
    match last {
        Some(last) => {
            diesel::delete(of.filter(policy_import_rows::number.le(last))).execute(c)?;
        }
        None => {
            diesel::delete(of).execute(c)?;
        }
    }
    Ok(last.is_none())
}
