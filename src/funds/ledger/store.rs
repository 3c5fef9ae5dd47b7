//! All SQL about entries of the ledger. There is none that changes or removes one.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{associations, fund_entries, fund_lines};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::funds::sources::FundSource;
use crate::http::page::Page;
use crate::{each_backend, first_kept, in_scope};

/// The association, if the caller may do this to it, kept from being changed until the transaction ends. Others may
/// keep it so as well.
pub fn kept(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<AssociationRow>> {
    let row = first_kept!(
        c,
        associations::table
            .find(id)
            .select(AssociationRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Writes an entry with its lines; the association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    entry: &EntryRow,
    lines: &[LineRow],
) -> AppResult<()> {
    let written = diesel::insert_into(fund_entries::table)
        .values(entry)
        .execute(c);
    written.map_err(|e| taken(e, entry))?;
    each_backend!(c, |c| diesel::insert_into(fund_lines::table)
        .values(lines)
        .execute(c))?;
    Ok(())
}

/// Which of the unique keys was taken: the id, the reversal or the voucher. All of PostgreSQL's are named; SQLite
/// names the columns.
fn taken(e: diesel::result::Error, entry: &EntryRow) -> AppError {
    use diesel::result::{DatabaseErrorKind, Error};
    let Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) = &e else {
        return e.into();
    };
    let named = info
        .constraint_name()
        .unwrap_or_else(|| info.message())
        .to_owned();
    if entry.reverses_id.is_some() && named.contains("revers") {
        return AppError::state_forbids(EntryState::Reversed, [""; 0]);
    }
    if named.contains("voucher") {
        return AppError::Problem(Box::new(Problem {
            errors: vec![FieldError::new("/voucher", Fault::Repeated)],
            ..Problem::new(Code::VoucherTaken)
        }));
    }
    AppError::of(Code::AlreadyExists)
}

/// An entry with its lines, and the one that reverses it.
#[derive(Debug, Clone)]
pub struct Whole {
    pub entry: EntryRow,
    pub lines: Vec<LineRow>,
    pub reversed_by: Option<Uid>,
}

impl Whole {
    pub fn state(&self) -> EntryState {
        match (self.entry.reverses_id, self.reversed_by) {
            (Some(_), _) => EntryState::Reversal,
            (None, Some(_)) => EntryState::Reversed,
            (None, None) => EntryState::Posted,
        }
    }
}

/// The entry, if the caller may do this to it. None is ever changed, so that there is nothing to lock.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<EntryRow>> {
    let row = fund_entries::table
        .find(id)
        .select(EntryRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same with all that belongs to it.
pub fn whole(c: &mut DbConn, entry: Handle<EntryRow>) -> AppResult<Whole> {
    let mut found = wholes(c, vec![entry.into_row()])?;
    found.pop().ok_or_else(AppError::not_found)
}

fn wholes(c: &mut DbConn, entries: Vec<EntryRow>) -> AppResult<Vec<Whole>> {
    let ids: Vec<Uid> = entries.iter().map(|entry| entry.id).collect();
    let lines: Vec<LineRow> = fund_lines::table
        .filter(fund_lines::entry_id.eq_any(ids.clone()))
        .select(LineRow::as_select())
        .order((fund_lines::entry_id, fund_lines::position))
        .load(c)?;
    let reversals: Vec<(Uid, Option<Uid>)> = fund_entries::table
        .filter(fund_entries::reverses_id.eq_any(ids))
        .select((fund_entries::id, fund_entries::reverses_id))
        .load(c)?;
    let mut lines = crate::db::groups(lines, |line| line.entry_id);
    let whole = |entry: EntryRow| Whole {
        lines: lines.remove(&entry.id).unwrap_or_default(),
        reversed_by: reversals
            .iter()
            .find(|(_, of)| *of == Some(entry.id))
            .map(|(id, _)| *id),
        entry,
    };
    Ok(entries.into_iter().map(whole).collect())
}

/// Which entries a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub source: Option<FundSource>,
    /// The first and the last day.
    pub booked: Option<(Day, Day)>,
}

/// A page of the entries of associations in the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<Whole>> {
    let mine = fund_entries::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = fund_entries::table
        .filter(mine.or(in_scope!(fund_entries, scope)))
        .select(EntryRow::as_select())
        .order(fund_entries::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(fund_entries::association_id.eq(association));
    }
    if let Some(source) = filter.source {
        query = query.filter(fund_entries::source.eq(source));
    }
    if let Some((first, last)) = filter.booked {
        query = query
            .filter(fund_entries::booked_on.ge(first))
            .filter(fund_entries::booked_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(fund_entries::id.lt(after));
    }
    let rows = query.load(c)?;
    wholes(c, rows)
}

/// The lines of an entry that is to be reversed, in their order.
pub fn lines_of(c: &mut DbConn, entry: &Handle<EntryRow>) -> AppResult<Vec<LineRow>> {
    Ok(fund_lines::table
        .filter(fund_lines::entry_id.eq(entry.id))
        .select(LineRow::as_select())
        .order(fund_lines::position)
        .load(c)?)
}

/// Whether an entry was reversed.
pub fn is_reversed(c: &mut DbConn, entry: &Handle<EntryRow>) -> AppResult<bool> {
    let reversal = fund_entries::table.filter(fund_entries::reverses_id.eq(entry.id));
    Ok(diesel::select(diesel::dsl::exists(reversal)).get_result(c)?)
}

/// Whether this is an entry of the association that stands: no reversal, and not reversed.
pub fn stands(c: &mut DbConn, association: Uid, id: Uid) -> AppResult<bool> {
    let entry = fund_entries::table
        .find(id)
        .filter(fund_entries::association_id.eq(association))
        .filter(fund_entries::reverses_id.is_null());
    let reversal = fund_entries::table.filter(fund_entries::reverses_id.eq(id));
    let booked: bool = diesel::select(diesel::dsl::exists(entry)).get_result(c)?;
    let reversed: bool = diesel::select(diesel::dsl::exists(reversal)).get_result(c)?;
    Ok(booked && !reversed)
}
