//! Taking a file in: it is read once, row by row, and each row is sealed before it rests. The file itself never does.

use std::collections::HashSet;

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::columns;
use super::model::{Faults, RowFault, Sheet, SheetFormat, SheetRow};
use super::row;
use crate::crypto::DataKey;
use crate::db::Uid;
use crate::error::{AppError, AppResult, Code, Fault};
use crate::policy_imports::columns::Column;
use crate::sheets::csv_in::{self, Charset};
use crate::sheets::workbook::Workbook;
use crate::sheets::xlsx_in::{self, Told};
use crate::sheets::xlsx_out::MEDIA;
use crate::sheets::{Bounds, Broken, Cell, Line, Next};

/// How long a file may take to arrive: while it does, no other one is taken.
const ARRIVES: std::time::Duration = std::time::Duration::from_secs(120);
/// Rows of one write.
const ROWS: usize = 400;
/// Rows of one household or policy.
const TOGETHER: usize = 200;
/// What the one sheet of several is called that is meant.
const NAMES: &[&str] = &["保单", "Policies", "policies"];

/// What the header says the body is.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    pub format: SheetFormat,
    pub charset: Option<Charset>,
}

/// Reads `Content-Type`. GBK and GB2312 are parts of GB18030.
pub fn declared(req: &HttpRequest) -> AppResult<Declared> {
    let unsupported = || AppError::of(Code::UnsupportedMediaType);
    let coded = req.headers().get(header::CONTENT_ENCODING);
    if coded.is_some_and(|v| v.as_bytes() != b"identity") {
        return Err(unsupported());
    }
    let given = req.headers().get(header::CONTENT_TYPE);
    let given = given.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    if essence == MEDIA {
        return Ok(Declared {
            format: SheetFormat::Xlsx,
            charset: None,
        });
    }
    if essence != "text/csv" {
        return Err(unsupported());
    }
    let mut charset = None;
    for part in parts {
        let Some((name, value)) = part.split_once('=') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("charset") {
            continue;
        }
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        charset = Some(match value.as_str() {
            "utf-8" | "utf8" => Charset::Utf8,
            "gb18030" | "gbk" | "gb2312" => Charset::Gb18030,
            _ => return Err(unsupported()),
        });
    }
    Ok(Declared {
        format: SheetFormat::Csv,
        charset,
    })
}

/// Collects the body, and stops at the limit whatever was declared.
pub async fn body(mut payload: web::Payload, limit: usize) -> AppResult<Vec<u8>> {
    let read = async {
        let mut sent = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| AppError::field("/file", Fault::BadFile))?;
            if sent.len() + chunk.len() > limit {
                return Err(AppError::of(Code::PayloadTooLarge));
            }
            sent.extend_from_slice(&chunk);
        }
        Ok(sent)
    };
    match tokio::time::timeout(ARRIVES, read).await {
        Ok(read) => read,
        Err(_) => Err(AppError::later(Code::Overloaded, 5)),
    }
}

/// What a file was found to hold.
pub struct Received {
    pub sheet: Sheet,
    pub faults: Faults,
    pub rows: i64,
    pub units: i64,
    /// Without these columns nothing of it can be checked.
    pub unreadable: bool,
}

/// A file to be read, and whose rows it is to become.
pub struct File {
    pub bytes: Vec<u8>,
    pub declared: Declared,
    pub import: Uid,
    pub key: DataKey,
    /// Rows at most, the first one left out.
    pub rows: u32,
}

impl File {
    fn bounds(&self) -> Bounds {
        Bounds {
            rows: self.rows.saturating_add(1),
            columns: 200,
            text: 500,
            // A sheet of as many rows as may be, as wordy as spreadsheets are.
            inflated: 64 * 1024 * 1024 + u64::from(self.rows) * 4 * 1024,
            strings: 64 * 1024 * 1024,
        }
    }
}

/// Reads a file on a thread of its own, and gives its rows to whoever stores them, a few at a time.
pub fn read(file: File, to: mpsc::Sender<Vec<SheetRow>>) -> AppResult<Received> {
    let bounds = file.bounds();
    let mut taking = Taking::new(&file, to);
    match file.declared.format {
        SheetFormat::Csv => {
            let charset = Charset::of(&file.bytes, file.declared.charset);
            taking.sheet.charset = Some(charset);
            csv_in::read(&file.bytes, charset, bounds, |line| taking.line(line))
                .map_err(refused)?;
        }
        SheetFormat::Xlsx => {
            let mut workbook = Workbook::open(&file.bytes, NAMES, bounds).map_err(refused)?;
            taking.sheet.date1904 = workbook.date1904;
            let take = |_: &Told, line: Line| taking.line(line);
            let told = xlsx_in::read(&mut workbook, bounds, take).map_err(refused)?;
            taking.around(&told);
        }
    }
    taking.end()
}

fn refused(broken: Broken) -> AppError {
    match broken {
        Broken::NotASheet => AppError::field("/file", Fault::BadFile),
        Broken::TooLarge => AppError::of(Code::PayloadTooLarge),
        Broken::TooManyRows => AppError::field("/file", Fault::TooMany),
        Broken::Encoding(row) => AppError::field(format!("/file/{row}"), Fault::BadEncoding),
        Broken::Hidden | Broken::Several => AppError::field("/file", Fault::WhichSheet),
    }
}

/// The rows of a file, as they come.
struct Taking<'a> {
    file: &'a File,
    to: mpsc::Sender<Vec<SheetRow>>,
    sheet: Sheet,
    begun: bool,
    faults: Faults,
    /// Columns of unknown titles that were told.
    told: HashSet<usize>,
    waiting: Vec<SheetRow>,
    rows: i64,
    units: i64,
    /// What the rows of the unit have in common, and how many there are.
    together: Option<String>,
    of_unit: usize,
    unreadable: bool,
    failed: Option<AppError>,
}

impl<'a> Taking<'a> {
    fn new(file: &'a File, to: mpsc::Sender<Vec<SheetRow>>) -> Taking<'a> {
        Taking {
            file,
            to,
            sheet: Sheet {
                format: file.declared.format,
                charset: None,
                date1904: false,
                header_row: 0,
                columns: Vec::new(),
            },
            begun: false,
            faults: Faults::default(),
            told: HashSet::new(),
            waiting: Vec::new(),
            rows: 0,
            units: 0,
            together: None,
            of_unit: 0,
            unreadable: false,
            failed: None,
        }
    }

    fn fault(&mut self, fault: RowFault) {
        self.faults.add(vec![fault]);
    }

    fn line(&mut self, line: Line) -> Next {
        if !self.begun {
            self.begun = true;
            let mut faults = Vec::new();
            self.sheet.columns = columns::read(&line, &mut faults);
            self.sheet.header_row = line.number;
            self.unreadable = !faults.is_empty();
            self.faults.add(faults);
            return match self.unreadable {
                true => Next::Enough,
                false => Next::More,
            };
        }
        match self.row(line) {
            Ok(next) => next,
            Err(e) => {
                self.failed = Some(e);
                Next::Enough
            }
        }
    }

    fn row(&mut self, line: Line) -> AppResult<Next> {
        let number = line.number;
        if line.hidden {
            self.fault(RowFault::at(number).of(Fault::HiddenCells));
        }
        if line.beyond {
            self.fault(RowFault::at(number).of(Fault::TooMany));
        }
        let unknown: Vec<usize> = columns::unknown(&self.sheet.columns, &line).collect();
        for column in unknown {
            if self.told.insert(column) {
                let at = RowFault::at(self.sheet.header_row).in_column(column);
                self.fault(at.of(Fault::UnknownHeader).with_row(number));
            }
        }
        let cells = columns::pick(&self.sheet.columns, line);
        if cells.iter().all(Cell::is_empty) {
            return Ok(Next::More);
        }
        let together = row::together(&cells);
        let on = together.is_some() && together == self.together;
        if on && self.of_unit >= TOGETHER {
            let fault = self.sheet.fault(number, Column::Household, Fault::TooMany);
            self.fault(fault);
        }
        if !on || self.of_unit >= TOGETHER {
            (self.units, self.of_unit, self.together) = (self.units + 1, 0, together);
        }
        (self.rows, self.of_unit) = (self.rows + 1, self.of_unit + 1);
        let body = row::seal(&self.file.key, self.file.import, number, &cells)?;
        let row = SheetRow::new(self.file.import, number, self.units, body);
        self.waiting.push(row);
        match self.waiting.len() < ROWS {
            true => Ok(Next::More),
            false => self.give(),
        }
    }

    fn give(&mut self) -> AppResult<Next> {
        let rows = std::mem::take(&mut self.waiting);
        match rows.is_empty() || self.to.blocking_send(rows).is_ok() {
            true => Ok(Next::More),
            // Whoever stores them has failed, and says why.
            false => Err(AppError::internal("rows of a file are not taken")),
        }
    }

    /// What a workbook tells around its rows.
    fn around(&mut self, told: &Told) {
        let header = self.sheet.header_row;
        for (row, column) in &told.merged {
            if *row >= header {
                self.fault(RowFault::at(*row).in_column(*column).of(Fault::MergedCells));
            }
        }
        let known: Vec<(Column, usize)> = self.sheet.columns.clone();
        for (title, column) in known {
            if told
                .hidden
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&column))
            {
                let at = RowFault::at(header).in_column(column).titled(title);
                self.fault(at.of(Fault::HiddenCells));
            }
        }
    }

    fn end(mut self) -> AppResult<Received> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        self.give()?;
        if !self.begun || self.rows == 0 && self.faults.count == 0 {
            return Err(AppError::field("/file", Fault::TooShort));
        }
        Ok(Received {
            sheet: self.sheet,
            faults: self.faults,
            rows: self.rows,
            units: self.units,
            unreadable: self.unreadable,
        })
    }
}
