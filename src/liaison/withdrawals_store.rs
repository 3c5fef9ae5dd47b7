//! All SQL about withdrawals that an office outside has to be told of: owed from the moment of the withdrawal until a file was
//! made or a letter printed. They hold a code and an office and lead to nobody, so they outlive the person's data.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{liaison_files, liaison_withdrawals};
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// Whether a thread went out, as a file or a letter.
pub fn given_out(c: &mut DbConn, thread: Uid) -> AppResult<bool> {
    let out = liaison_files::table
        .filter(liaison_files::thread.eq(thread))
        .filter(liaison_files::direction.eq(LiaisonDirection::Out))
        .filter(liaison_files::what.eq_any([LiaisonPaper::Notice, LiaisonPaper::Letter]));
    Ok(diesel::select(exists(out)).get_result(c)?)
}

/// Owes the office of a notice that went out the withdrawal of these fields; none: of all of it, once.
pub fn owe(c: &mut DbConn, who: &Who, row: &NoticeRow, fields: &[LiaisonField]) -> AppResult<()> {
    let Some(office) = row.office.clone().filter(|_| row.side == LiaisonSide::Out) else {
        return Ok(());
    };
    let whole = liaison_withdrawals::table
        .filter(liaison_withdrawals::thread.eq(row.thread))
        .filter(liaison_withdrawals::fields.eq("[]"));
    let known: bool = diesel::select(exists(whole)).get_result(c)?;
    if known || !given_out(c, row.thread)? {
        return Ok(());
    }
    diesel::insert_into(liaison_withdrawals::table)
        .values(WithdrawalRow {
            id: Uid::new(who.at),
            thread: row.thread,
            code: row.code.clone(),
            county: row.county,
            town: row.town,
            village: row.village,
            office,
            other_area_code: row.other_area_code.clone(),
            peer: row.peer,
            fields: Json(fields.to_vec()),
            asked_at: who.at,
            passed_on_at: None,
            passed_on_by: None,
        })
        .execute(c)?;
    Ok(())
}

/// Owes every office that was ever told something about somebody the withdrawal of all of it.
pub fn owe_all(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<()> {
    for row in super::store::of_person(c, person)? {
        owe(c, who, &row, &[])?;
    }
    Ok(())
}

/// The withdrawal, if the caller may pass it on, locked.
pub fn locked(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Handle<WithdrawalRow>> {
    let row = first_locked!(
        c,
        liaison_withdrawals::table
            .find(id)
            .select(WithdrawalRow::as_select())
    )
    .optional()?;
    who.authorise(Action::LiaisonSend, row)
}

/// A page of those that are owed in the caller's areas, newest first.
pub fn owed(c: &mut DbConn, scope: &Scope, page: Page) -> AppResult<Vec<WithdrawalRow>> {
    let mut query = liaison_withdrawals::table
        .filter(in_scope!(liaison_withdrawals, scope))
        .filter(liaison_withdrawals::passed_on_at.is_null())
        .select(WithdrawalRow::as_select())
        .order(liaison_withdrawals::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(liaison_withdrawals::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Those that have been owed since before this; bounded, behind an id.
pub fn owed_since(
    c: &mut DbConn,
    before: Micros,
    after: Option<Uid>,
    limit: i64,
) -> AppResult<Vec<WithdrawalRow>> {
    let mut query = liaison_withdrawals::table
        .filter(liaison_withdrawals::passed_on_at.is_null())
        .filter(liaison_withdrawals::asked_at.le(before.0))
        .select(WithdrawalRow::as_select())
        .order(liaison_withdrawals::id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(liaison_withdrawals::id.gt(after));
    }
    Ok(query.load(c)?)
}

/// A file was made or a letter printed; the first time counts.
pub fn passed_on(c: &mut DbConn, who: &Who, row: &Handle<WithdrawalRow>) -> AppResult<()> {
    diesel::update(liaison_withdrawals::table.find(row.id))
        .filter(liaison_withdrawals::passed_on_at.is_null())
        .set((
            liaison_withdrawals::passed_on_at.eq(who.at.0),
            liaison_withdrawals::passed_on_by.eq(who.user),
        ))
        .execute(c)?;
    Ok(())
}

/// Notes a file or a letter that went out or came in; one that came in before is `file_replayed`.
pub fn note_file(c: &mut DbConn, row: &FileRow) -> AppResult<()> {
    diesel::insert_into(liaison_files::table)
        .values(row)
        .execute(c)
        .map_err(super::file::replayed)?;
    Ok(())
}

/// What was taken back of a thread whose notice had not come yet.
#[derive(Debug, PartialEq, Eq)]
pub enum TakenBack {
    All,
    /// These fields; none, where nothing was taken back.
    Fields(Vec<LiaisonField>),
}

/// What withdrawals took back that came in before their notice did.
pub fn came_before(c: &mut DbConn, peer: Uid, thread: Uid) -> AppResult<TakenBack> {
    let rows: Vec<Option<Json<Vec<LiaisonField>>>> = liaison_files::table
        .filter(liaison_files::thread.eq(thread))
        .filter(liaison_files::peer.eq(peer))
        .filter(liaison_files::direction.eq(LiaisonDirection::In))
        .filter(liaison_files::what.eq(LiaisonPaper::Withdrawal))
        .select(liaison_files::fields)
        .load(c)?;
    let mut fields = Vec::new();
    for row in rows {
        match row {
            Some(Json(some)) if !some.is_empty() => fields.extend(some),
            _ => return Ok(TakenBack::All),
        }
    }
    Ok(TakenBack::Fields(fields))
}
