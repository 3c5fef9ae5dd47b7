//! Rows and words of the ledger.

use diesel::prelude::*;

use crate::db::schema::{fund_entries, fund_lines};
use crate::db::{Day, Fen, Micros, Uid};
use crate::funds::sources::FundSource;
use crate::{stands_with_its_association, text_enum, text_type};

text_enum! {
    /// The side of an account on which a line is booked: 借 or 贷.
    EntrySide { Debit = "debit", Credit = "credit" }
}
text_enum! {
    /// What an entry is: booked and standing, booked and reversed by another, or the reversal of another.
    EntryState { Posted = "posted", Reversed = "reversed", Reversal = "reversal" }
}
text_type! {
    /// The number of the paper that an entry is booked from, once in an association. It names nobody.
    VoucherNumber 1..=40 LINE check_line "记-2026-0312";
}

impl EntrySide {
    pub fn other(self) -> EntrySide {
        match self {
            EntrySide::Debit => EntrySide::Credit,
            EntrySide::Credit => EntrySide::Debit,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fund_entries, treat_none_as_default_value = false)]
pub struct EntryRow {
    pub id: Uid,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub source: FundSource,
    pub booked_on: Day,
    pub voucher: String,
    pub reverses_id: Option<Uid>,
    pub posted_by: Uid,
    pub posted_at: Micros,
}

stands_with_its_association!(EntryRow);

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fund_lines, treat_none_as_default_value = false)]
pub struct LineRow {
    pub entry_id: Uid,
    pub position: i64,
    pub account: String,
    pub side: EntrySide,
    pub amount: Fen,
}
