//! Posting entries, and reversing them.

use super::api::{NewFundEntry, NewFundLine, Reversal};
use super::model::*;
use super::rules::{self, Booked};
use super::store::{self, Whole};
use crate::associations::commands::{living, past};
use crate::associations::model::AssociationRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Fen, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::funds::{accounts_store, unknown_association, years};

/// Books an entry of a living association's fund.
pub fn post(c: &mut DbConn, who: &Who, new: &NewFundEntry) -> AppResult<Whole> {
    let found = store::kept(c, who, Action::FundWrite, new.association_id);
    let association = found.map_err(unknown_association)?;
    living(&association)?;
    let booked: Vec<Booked> = new.lines.0.iter().map(NewFundLine::booked).collect();
    if let Some((pointer, fault)) = rules::fault(&booked) {
        return Err(AppError::field(pointer, fault));
    }
    rules::refuse_closed(new.source, new.booked_on)?;
    open(c, who, &association, new.booked_on)?;
    known(c, &new.lines.0)?;
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
    years::refuse_frozen(c, association.id, years::year_of(day), "/booked_on")
}

fn known(c: &mut DbConn, lines: &[NewFundLine]) -> AppResult<()> {
    let mut codes: Vec<String> = lines
        .iter()
        .map(|line| line.account.as_str().to_owned())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let known = accounts_store::known(c, codes)?;
    let unknown = |line: &NewFundLine| !known.iter().any(|code| code == line.account.as_str());
    match lines.iter().position(unknown) {
        Some(i) => {
            let at = format!("/lines/{i}/account");
            Err(AppError::field(at, Fault::UnknownAccount))
        }
        None => Ok(()),
    }
}

/// Reverses an entry: the same lines on the other sides, of the same source, by a voucher of its own.
pub fn reverse(c: &mut DbConn, who: &Who, id: Uid, given: &Reversal) -> AppResult<Whole> {
    let entry = store::visible(c, who, Action::FundWrite, id)?;
    let association = store::kept(c, who, Action::FundWrite, entry.association_id)?;
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
    let reversal = EntryRow {
        id: given.id.unwrap_or_else(|| Uid::new(who.at)),
        booked_on: given.booked_on,
        voucher: given.voucher.as_str().to_owned(),
        reverses_id: Some(entry.id),
        posted_by: who.user,
        posted_at: who.at,
        ..EntryRow::clone(&entry)
    };
    let before = store::lines_of(c, &entry)?;
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
