//! Posting entries, and reversing them.

use super::api::{NewFundEntry, NewFundLine, Reversal};
use super::lowest_store;
use super::model::*;
use super::rules::{self, Booked};
use super::store::{self, Whole};
use crate::associations::commands::{living, past};
use crate::associations::model::AssociationRow;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::care::support::store as support;
use crate::db::{Day, DbConn, Fen, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::funds::accounts::{AccountClass, AccountRow};
use crate::funds::sources::Takes;
use crate::funds::{accounts_store, unknown_association, years};

/// Books an entry of a living association's fund.
pub fn post(c: &mut DbConn, who: &Who, new: &NewFundEntry) -> AppResult<Whole> {
    let lines = &new.lines.0;
    let chart = accounts_store::these(c, codes(lines.iter().map(|line| line.account.as_str())))?;
    let drawn = rests_on_what_is_there(lines.iter().map(|l| (l.account.as_str(), l.side)), &chart);
    let found = held(c, who, new.association_id, drawn);
    let association = found.map_err(unknown_association)?;
    living(&association)?;
    let booked: Vec<Booked> = lines.iter().map(NewFundLine::booked).collect();
    if let Some((pointer, fault)) = rules::fault(&booked) {
        return Err(AppError::field(pointer, fault));
    }
    let classes = known(lines, &chart)?;
    let sides: Vec<_> = lines.iter().map(|l| (l.account.as_str(), l.side)).collect();
    if let Some(i) = rules::on_both_sides(&sides) {
        let at = format!("/lines/{i}/account");
        return Err(AppError::field(at, Fault::NotFitting));
    }
    rules::refuse_closed(new.source, new.booked_on, &classes)?;
    open(c, who, &association, new.booked_on)?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let entry = EntryRow {
        id,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        source: new.source,
        booked_on: new.booked_on,
        voucher: new.voucher.as_str().to_owned(),
        reverses_id: None,
        posted_by: who.user,
        posted_at: who.at,
    };
    let line = |(position, line): (usize, &NewFundLine)| LineRow {
        entry_id: id,
        position: position as i64,
        account: line.account.as_str().to_owned(),
        side: line.side,
        amount: line.amount.0,
    };
    let lines: Vec<LineRow> = new.lines.0.iter().enumerate().map(line).collect();
    let at = |i: usize| format!("/lines/{i}/amount");
    enough(c, &association, &entry, &lines, &chart, at)?;
    store::insert(c, &association, &entry, &lines)?;
    noted(c, who, &entry, &serde_json::json!({ "what": "posted" }))?;
    Ok(Whole {
        entry,
        lines,
        reversed_by: None,
    })
}

/// A day on which something may be booked: it has come, the association was there, and its year is open.
fn open(
    c: &mut DbConn,
    who: &Who,
    association: &Handle<AssociationRow>,
    day: Day,
) -> AppResult<()> {
    past(who, day, "/booked_on")?;
    if day < association.founded_on {
        return Err(AppError::field("/booked_on", Fault::BadOrder));
    }
    years::refuse_behind_frozen(c, association.id, day, "/booked_on")
}

fn codes<'a>(accounts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut codes: Vec<String> = accounts.map(str::to_owned).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn account<'a>(chart: &'a [AccountRow], code: &str) -> Option<&'a AccountRow> {
    chart.iter().find(|account| account.code == code)
}

/// The classes of the accounts, which the chart has.
fn known(lines: &[NewFundLine], chart: &[AccountRow]) -> AppResult<Vec<(AccountClass, EntrySide)>> {
    let class = |(i, line): (usize, &NewFundLine)| match account(chart, line.account.as_str()) {
        Some(account) => Ok((account.class, line.side)),
        None => {
            let at = format!("/lines/{i}/account");
            Err(AppError::field(at, Fault::UnknownAccount))
        }
    };
    lines.iter().enumerate().map(class).collect()
}

/// Whether an entry takes from assets: then it is booked by itself, so that no two take the same money.
fn rests_on_what_is_there<'a>(
    mut lines: impl Iterator<Item = (&'a str, EntrySide)>,
    chart: &[AccountRow],
) -> bool {
    let asset = |code: &str| account(chart, code).is_some_and(|a| a.class == AccountClass::Asset);
    lines.any(|(code, side)| side == EntrySide::Credit && asset(code))
}

/// The association of an entry: for itself where money is taken, else beside others who book.
fn held(
    c: &mut DbConn,
    who: &Who,
    association: Uid,
    alone: bool,
) -> AppResult<Handle<AssociationRow>> {
    match alone {
        true => associations::locked(c, who, Action::FundWrite, association),
        false => store::kept(c, who, Action::FundWrite, association),
    }
}

/// What becomes less by some lines: debits less credits.
fn moved<'a>(lines: impl Iterator<Item = &'a LineRow>) -> i128 {
    let signed = |line: &LineRow| match line.side {
        EntrySide::Debit => i128::from(line.amount.0),
        EntrySide::Credit => -i128::from(line.amount.0),
    };
    lines.map(signed).sum()
}

/// Money that can be counted is there or it is not: neither it nor what is left of a closed source is less than
/// nothing, on the entry's day and on every later one.
fn enough(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    entry: &EntryRow,
    lines: &[LineRow],
    chart: &[AccountRow],
    at: impl Fn(usize) -> String,
) -> AppResult<()> {
    let closed = entry.source.takes(entry.booked_on) == Takes::WhatIsLeft;
    let is_asset = |line: &&LineRow| {
        account(chart, &line.account).is_some_and(|a| a.class == AccountClass::Asset)
    };
    for (i, line) in lines.iter().enumerate() {
        let Some(asset) = account(chart, &line.account).filter(|_| is_asset(&line)) else {
            continue;
        };
        if line.side != EntrySide::Credit {
            continue;
        }
        if asset.holds_cash {
            let less = moved(lines.iter().filter(|l| l.account == line.account));
            let left =
                lowest_store::lowest_of_account(c, association, &asset.code, entry.booked_on)?;
            if i128::from(left) + less < 0 {
                return Err(overdrawn(at(i)));
            }
        }
        if closed {
            let less = moved(lines.iter().filter(is_asset));
            let left =
                lowest_store::lowest_of_source(c, association, entry.source, entry.booked_on)?;
            if i128::from(left) + less < 0 {
                return Err(overdrawn(at(i)));
            }
        }
    }
    Ok(())
}

fn overdrawn(at: String) -> AppError {
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(at, Fault::OutOfRange)],
        ..Problem::new(Code::Overdrawn)
    }))
}

/// Reverses an entry: the same lines on the other sides, of the same source, by a voucher of its own.
pub fn reverse(c: &mut DbConn, who: &Who, id: Uid, given: &Reversal) -> AppResult<Whole> {
    let entry = store::visible(c, who, Action::FundWrite, id)?;
    let before = store::lines_of(c, &entry)?;
    let chart = accounts_store::these(c, codes(before.iter().map(|line| line.account.as_str())))?;
    // Also that no help comes to name it meanwhile, which locks its association.
    let association = held(c, who, entry.association_id, true)?;
    if entry.reverses_id.is_some() {
        return Err(AppError::state_forbids(EntryState::Reversal, [""; 0]));
    }
    if store::is_reversed(c, &entry)? {
        return Err(AppError::state_forbids(EntryState::Reversed, [""; 0]));
    }
    if given.booked_on < entry.booked_on {
        return Err(AppError::field("/booked_on", Fault::BadOrder));
    }
    open(c, who, &association, given.booked_on)?;
    if support::names_entry(c, entry.id)? {
        return Err(AppError::of(Code::SupportRestsOnIt));
    }
    let reversal = EntryRow {
        id: given.id.unwrap_or_else(|| Uid::new(who.at)),
        booked_on: given.booked_on,
        voucher: given.voucher.as_str().to_owned(),
        reverses_id: Some(entry.id),
        posted_by: who.user,
        posted_at: who.at,
        ..EntryRow::clone(&entry)
    };
    let booked: Vec<Booked> = before.iter().map(LineRow::booked).collect();
    let turned = before.iter().zip(rules::reversed(&booked));
    let lines: Vec<LineRow> = turned
        .map(|(line, turned)| LineRow {
            entry_id: reversal.id,
            side: turned.side,
            amount: Fen(turned.fen),
            ..line.clone()
        })
        .collect();
    let at = |_| "/booked_on".to_owned();
    enough(c, &association, &reversal, &lines, &chart, at)?;
    store::insert(c, &association, &reversal, &lines)?;
    let facts = serde_json::json!({ "what": "reversed", "record": entry.id });
    noted(c, who, &reversal, &facts)?;
    Ok(Whole {
        entry: reversal,
        lines,
        reversed_by: None,
    })
}

impl LineRow {
    fn booked(&self) -> Booked {
        Booked {
            side: self.side,
            fen: self.amount.0,
        }
    }
}

fn noted(c: &mut DbConn, who: &Who, row: &EntryRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(Action::FundWrite, "fund_entry", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
