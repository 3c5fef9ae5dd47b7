//! How an import is shown: counts, and where in the sheet something is at fault; never what stands there.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::db::{Micros, Uid};
use crate::error::Fault;
use crate::http::page::Cursor;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Sha256Hex};
use crate::page_of;
use crate::sheets::csv_in::Charset;
use crate::sheets::letters;

/// Something that keeps a sheet from being imported.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetFault {
    /// The row, as a spreadsheet numbers it.
    #[schema(minimum = 1, maximum = 1_048_576, example = 12)]
    pub row: i64,
    /// The letter of the column; null for what is of the whole row, or missing.
    #[schema(max_length = 3, pattern = "^[A-Z]+$", example = "R")]
    pub column: Option<String>,
    /// The column's title in the template; null where it is not known.
    #[schema(
        max_length = 60,
        pattern = r"^[^\u0000]+$",
        example = "被保险人证件号码"
    )]
    pub header: Option<&'static str>,
    /// The stable word for the fault.
    #[schema(
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "number_precision_lost"
    )]
    pub code: String,
    /// The fault in words, and what to do.
    #[schema(
        max_length = 500,
        pattern = r"^[^\u0000]+$",
        example = "Format the column as text, then put the number in again."
    )]
    pub detail: &'static str,
    /// The row with which it does not go.
    #[schema(minimum = 1, maximum = 1_048_576, example = 3)]
    pub other_row: Option<i64>,
    /// The policy that is there already.
    pub policy_id: Option<Uid>,
}

/// An import of policies from a sheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyImport {
    pub id: Uid,
    /// Grows with every step.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 3)]
    pub version: i64,
    pub area: AreaCode,
    pub state: ImportState,
    /// Why it was refused or cancelled.
    pub ending: Option<Ending>,
    pub format: SheetFormat,
    /// How a text file was read.
    pub charset: Option<Charset>,
    #[schema(value_type = Sha256Hex)]
    pub file_sha256: String,
    /// Rows of the sheet, its first one left out.
    #[schema(minimum = 0, maximum = 1_048_576, example = 1250)]
    pub rows: i64,
    /// How far the step under way is, in percent.
    #[schema(minimum = 0, maximum = 100, example = 100)]
    pub progress: i64,
    /// Policies that it comes to, as far as it was checked.
    #[schema(minimum = 0, maximum = 1_048_576, example = 1200)]
    pub policies: i64,
    /// People whom nobody knew before.
    #[schema(minimum = 0, maximum = 1_048_576, example = 40)]
    pub people: i64,
    /// Households that are new.
    #[schema(minimum = 0, maximum = 1_048_576, example = 12)]
    pub households: i64,
    /// Consents that the sheet tells of.
    #[schema(minimum = 0, maximum = 1_048_576, example = 300)]
    pub consents: i64,
    /// How many faults there are in all.
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 0)]
    pub fault_count: i64,
    /// The first of them, from the top of the sheet; none in a list.
    #[schema(max_items = 200)]
    pub faults: Vec<SheetFault>,
    pub created_by: Uid,
    pub confirmed_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
    pub confirmed_at: Option<Micros>,
    pub ended_at: Option<Micros>,
    /// Until then it can be confirmed; then its rows are removed.
    pub expires_at: Micros,
}

impl Tagged for PolicyImport {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of imports.
    PolicyImportPage of PolicyImport
}

/// What is wrong with a sheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetFaultPage {
    /// The faults of this page, from the top of the sheet to its bottom.
    #[schema(max_items = 200)]
    pub items: Vec<SheetFault>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<Cursor>,
}

/// A fault in words.
pub fn fault(told: RowFault, zh: bool) -> SheetFault {
    SheetFault {
        row: i64::from(told.row),
        column: told.column.map(letters),
        header: told.title.map(|title| title.title(zh)),
        detail: Fault::parse(&told.code).map_or("", |fault| fault.detail(zh)),
        code: told.code,
        other_row: told.other_row.map(i64::from),
        policy_id: told.policy_id,
    }
}

/// An import whose area has this code, its faults left out.
pub fn show(row: ImportRow, area: AreaCode) -> PolicyImport {
    let (sheet, counts) = (row.sheet.0.clone(), row.counts.0);
    PolicyImport {
        id: row.id,
        version: row.version,
        area,
        state: row.state,
        ending: row.ending,
        format: sheet.format,
        charset: sheet.charset,
        progress: row.progress(),
        file_sha256: row.file_sha256,
        rows: row.row_count,
        policies: counts.policies,
        people: counts.people,
        households: counts.households,
        consents: counts.consents,
        fault_count: row.fault_count,
        faults: Vec::new(),
        created_by: row.created_by,
        confirmed_by: row.confirmed_by,
        created_at: row.created_at,
        updated_at: row.updated_at,
        confirmed_at: row.confirmed_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
    }
}
