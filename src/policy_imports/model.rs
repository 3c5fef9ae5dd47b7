//! Rows and words of imports.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::{Column, Positions};
use crate::auth::{Place, Placed};
use crate::db::schema::{policy_import_faults, policy_import_rows, policy_imports};
use crate::db::{Json, Micros, Uid};
use crate::error::Fault;
use crate::sheets::csv_in::Charset;
use crate::text_enum;

text_enum! {
    /// Where an import stands.
    ImportState {
        /// Its file is being read; nobody sees it yet.
        Receiving = "receiving",
        /// Its rows are being checked; nothing is stored by that.
        Checking = "checking",
        /// All rows are good; it waits to be confirmed.
        Checked = "checked",
        /// Confirmed: its rows are made ready, out of everybody's sight.
        Importing = "importing",
        /// All of it is there.
        Imported = "imported",
        /// Nothing of it is there, and why says `ending`.
        Refused = "refused",
        Cancelled = "cancelled",
    }
}
text_enum! {
    /// Why an import ended without importing anything.
    Ending {
        /// Cells are at fault.
        Faults = "faults",
        Cancelled = "cancelled",
        /// Nobody confirmed it in time.
        Expired = "expired",
        /// Whoever asked for it may not do it any more.
        Rights = "rights",
        /// Somebody whom it names was erased meanwhile.
        RowsGone = "rows_gone",
        /// It failed again and again; the log of the server knows why.
        Failed = "failed",
    }
}
text_enum! {
    /// What kind of file it was.
    SheetFormat { Csv = "csv", Xlsx = "xlsx" }
}

/// How the file was read, and where in it the columns are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sheet {
    pub format: SheetFormat,
    pub charset: Option<Charset>,
    #[serde(default)]
    pub date1904: bool,
    #[serde(default)]
    pub header_row: u32,
    #[serde(default)]
    pub columns: Positions,
}

/// What a sheet comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub policies: i64,
    /// People whom nobody knew.
    pub people: i64,
    pub households: i64,
    pub consents: i64,
}

impl Counts {
    pub fn add(&mut self, more: Counts) {
        self.policies += more.policies;
        self.people += more.people;
        self.households += more.households;
        self.consents += more.consents;
    }
}

/// What is wrong with a cell, a row or a column: where it is and a word, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    pub row: u32,
    /// From 0; none where the column is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Column>,
    pub code: String,
    /// The row that it does not go with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_row: Option<u32>,
    /// The policy that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<Uid>,
}

impl RowFault {
    pub fn at(row: u32) -> RowFault {
        RowFault {
            row,
            column: None,
            title: None,
            code: String::new(),
            other_row: None,
            policy_id: None,
        }
    }
    pub fn in_column(mut self, column: usize) -> Self {
        self.column = Some(column);
        self
    }
    pub fn titled(mut self, title: Column) -> Self {
        self.title = Some(title);
        self
    }
    pub fn of(mut self, fault: Fault) -> Self {
        self.code = fault.as_str().to_owned();
        self
    }
    pub fn with_row(mut self, other: u32) -> Self {
        self.other_row = Some(other);
        self
    }
    pub fn with_policy(mut self, policy: Uid) -> Self {
        self.policy_id = Some(policy);
        self
    }
}

/// Faults of one import that are kept; of all of them the number. Whoever has more has one and the same in a whole
/// column.
pub const MOST_FAULTS: i64 = 20_000;

/// What was found so far of a file that is being read.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub count: i64,
    pub first: Vec<RowFault>,
}

impl Faults {
    pub fn add(&mut self, more: Vec<RowFault>) {
        self.count += more.len() as i64;
        let most = usize::try_from(MOST_FAULTS).unwrap_or_default();
        let room = most.saturating_sub(self.first.len());
        self.first.extend(more.into_iter().take(room));
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_imports, treat_none_as_default_value = false)]
pub struct ImportRow {
    pub id: Uid,
    pub version: i64,
    pub area_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub state: ImportState,
    pub ending: Option<Ending>,
    pub sheet: Json<Sheet>,
    pub file_sha256: String,
    /// Of what rests of the file; gone once the import ended.
    pub data_key: Option<Vec<u8>>,
    pub row_count: i64,
    /// Groups of rows that are checked and made ready together, numbered from 1.
    pub units: i64,
    /// The last group that was checked.
    pub checked: i64,
    /// The last group that was made ready.
    pub staged: i64,
    /// The last group that the feed told of.
    pub told: i64,
    pub counts: Json<Counts>,
    pub fault_count: i64,
    pub created_by: Uid,
    pub confirmed_by: Option<Uid>,
    pub confirmed_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
    pub ended_at: Option<Micros>,
    /// Nothing of its rows rests any more.
    pub emptied_at: Option<Micros>,
    pub expires_at: Micros,
    pub leased_by: Option<Uid>,
    pub lease_until: Micros,
    /// Since it last came further.
    pub tries: i64,
}

impl Placed for ImportRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
}

impl ImportRow {
    /// It ends, one way or another; with its key goes what rests of the file.
    pub fn end(&mut self, state: ImportState, ending: Option<Ending>, now: Micros) {
        (self.state, self.ending) = (state, ending);
        self.data_key = None;
        self.ended_at = Some(now);
    }
    /// How far it is, in percent.
    pub fn progress(&self) -> i64 {
        let of = |done: i64| {
            (done * 100)
                .checked_div(self.units)
                .unwrap_or(100)
                .clamp(0, 99)
        };
        match self.state {
            ImportState::Receiving => 0,
            ImportState::Checking => of(self.checked),
            ImportState::Importing => of(self.staged),
            ImportState::Refused | ImportState::Cancelled => 0,
            ImportState::Checked | ImportState::Imported => 100,
        }
    }
}

/// A fault as it is kept, in the order in which they were found.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_import_faults)]
pub struct FaultRow {
    pub import_id: Uid,
    pub number: i64,
    pub sheet_row: i64,
    pub fault: Json<RowFault>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_import_rows, treat_none_as_default_value = false)]
pub struct SheetRow {
    pub import_id: Uid,
    pub number: i64,
    pub unit: i64,
    pub person_id: Option<Uid>,
    pub holder_person_id: Option<Uid>,
    pub payer_person_id: Option<Uid>,
    pub beneficiary_person_id: Option<Uid>,
    pub policy_mac: Option<Vec<u8>>,
    pub family_mac: Option<Vec<u8>>,
    pub insured_mac: Option<Vec<u8>>,
    pub person_mac: Option<Vec<u8>>,
    pub body: Vec<u8>,
}

impl SheetRow {
    /// As it came, not looked at yet.
    pub fn new(import: Uid, number: u32, unit: i64, body: Vec<u8>) -> SheetRow {
        SheetRow {
            import_id: import,
            number: i64::from(number),
            unit,
            person_id: None,
            holder_person_id: None,
            payer_person_id: None,
            beneficiary_person_id: None,
            policy_mac: None,
            family_mac: None,
            insured_mac: None,
            person_mac: None,
            body,
        }
    }
}
