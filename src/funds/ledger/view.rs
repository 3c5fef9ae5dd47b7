//! How an entry of the ledger is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::store::Whole;
use crate::db::{Day, Micros, Uid};
use crate::funds::accounts::AccountCode;
use crate::funds::sources::FundSource;
use crate::http::precondition::Tagged;
use crate::http::text::Money;
use crate::page_of;

/// A line of an entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundLine {
    #[schema(value_type = AccountCode)]
    pub account: String,
    pub side: EntrySide,
    pub amount: Money,
}

/// An entry of the care fund's ledger. It is never changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundEntry {
    pub id: Uid,
    pub association_id: Uid,
    pub source: FundSource,
    pub booked_on: Day,
    #[schema(value_type = VoucherNumber)]
    pub voucher: String,
    pub state: EntryState,
    /// The entry that this one reverses.
    pub reverses_id: Option<Uid>,
    /// The entry that reverses this one.
    pub reversed_by_id: Option<Uid>,
    #[schema(max_items = 40)]
    pub lines: Vec<FundLine>,
    pub posted_at: Micros,
}

page_of! {
    /// A page of entries.
    FundEntryPage of FundEntry
}

impl Tagged for FundEntry {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
    /// That it was reversed changes how it is shown, and not the entry.
    fn view(&self) -> &str {
        match self.state {
            EntryState::Reversed => "r",
            _ => "f",
        }
    }
}

impl From<Whole> for FundEntry {
    fn from(whole: Whole) -> FundEntry {
        let line = |line: LineRow| FundLine {
            account: line.account,
            side: line.side,
            amount: Money(line.amount),
        };
        FundEntry {
            state: whole.state(),
            id: whole.entry.id,
            association_id: whole.entry.association_id,
            source: whole.entry.source,
            booked_on: whole.entry.booked_on,
            voucher: whole.entry.voucher,
            reverses_id: whole.entry.reverses_id,
            reversed_by_id: whole.reversed_by,
            lines: whole.lines.into_iter().map(line).collect(),
            posted_at: whole.entry.posted_at,
        }
    }
}
