//! Claims for the insurer, as a sheet (理赔导出): whom it is about, what was decided, what was paid.
//!
//! A claim is told to an insurer only while its insured agrees to that. It is a disclosure: for a reason, noted for
//! each person before anything is given out, and shown to them on their receipt. The sheet is made while it is sent
//! and rests nowhere; who withdraws while it is sent is left out from there on.

use std::collections::VecDeque;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use futures_util::stream;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{claim_rows, claim_store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json::{Body, invalid};
use crate::http::problem::wants_chinese;
use crate::http::text::ShortCode;
use crate::sheets::csv_out;
use crate::sheets::xlsx_out::{self, Xlsx};
use crate::state::App;
use crate::text_enum;

/// Claims of one sheet.
const MOST: i64 = 5_000;
/// Claims that are opened at once.
const AT_ONCE: usize = 200;

text_enum! {
    /// Why an insurer is given claims.
    ExportReason {
        /// It is helped with claims that are open.
        ClaimHelp = "claim_help",
        /// Both sides compare what they have.
        Reconciliation = "reconciliation",
        /// The insurer asked for it.
        InsurerRequest = "insurer_request",
    }
}
text_enum! {
    /// What kind of file it is to be.
    ClaimSheetFormat { Csv = "csv", Xlsx = "xlsx" }
}

/// Which claims, and why.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = fits))]
#[schema(example = json!({ "insurer_code": "picc-life", "from": "2026-01-01", "to": "2026-12-31", "format": "xlsx", "reason": "reconciliation" }))]
pub struct ClaimExport {
    /// The insurer, by the code of the policies.
    insurer_code: ShortCode,
    /// Reported on this day or later.
    from: Day,
    /// Reported on this day or before.
    to: Day,
    format: ClaimSheetFormat,
    reason: ExportReason,
}

fn fits(asked: &ClaimExport) -> Result<(), validator::ValidationError> {
    match asked.to < asked.from {
        true => Err(invalid("/to", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// Claims as comma-separated values, the titles of the columns first.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 20_000_000, pattern = r"^[^\u0000]*$", example = "案件编号,保单号\r\n")]
#[allow(dead_code)] // what stands in the document
pub struct ClaimsCsv(String);

/// Claims as a workbook (XLSX) whose cells are all texts.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 20_000_000, example = "PK")]
#[allow(dead_code)] // what stands in the document
pub struct ClaimsXlsx(Vec<u8>);

/// Export claims for an insurer
///
/// Claims of the caller's areas on policies of one insurer that were reported in some days, at most 5,000
/// (`too_many` at `/to`): who is insured, in clear, where the claim stands, what was decided and paid. Only of people
/// who consent to `insurance`; papers that tell of health only of those who also consent to `sensitive_documents`. Each
/// is noted in the audit beforehand, with the reason, and shown to the person on their receipt. Titles and words are
/// Chinese or English by `Accept-Language`. In a spreadsheet no cell is a formula.
#[utoipa::path(tag = "insurance", request_body = ClaimExport, responses((status = 200, description = "The claims",
    content((ClaimsCsv = "text/csv"), (ClaimsXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[post("/claims/export")]
pub async fn export_claims(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    body: Body<ClaimExport>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimExport)?;
    let zh = wants_chinese(req.headers());
    let (asked, caller) = (body.value, who.clone());
    let format = asked.format;
    let ids = app.db.write(move |c| noted(c, &caller, &asked)).await?;
    let sheet = Sheet::begin(format, zh).map_err(AppError::internal)?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(match format {
            ClaimSheetFormat::Csv => "text/csv; charset=utf-8; header=present",
            ClaimSheetFormat::Xlsx => xlsx_out::MEDIA,
        })
        .insert_header(("Cache-Control", "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"claims.{format}\""),
        ));
    let sending = Sending {
        app,
        zh,
        ids: ids.into(),
        sheet: Some(sheet),
    };
    Ok(answer.streaming(stream::try_unfold(sending, Sending::next)))
}

/// Notes whose claims are given out, and why; answers which these are.
fn noted(c: &mut DbConn, who: &Who, asked: &ClaimExport) -> AppResult<Vec<Uid>> {
    let scope = who.scope(Action::ClaimExport);
    let (code, days) = (asked.insurer_code.as_str(), (asked.from, asked.to));
    let claims = claim_store::for_insurer(c, &scope, code, days, MOST + 1)?;
    if claims.len() as i64 > MOST {
        return Err(AppError::field("/to", Fault::TooMany));
    }
    audit::together(c, |c| {
        let mut ids = Vec::with_capacity(claims.len());
        for (claim, person) in claim_rows::agreed(c, claims)? {
            let facts = serde_json::json!({ "record": claim.id });
            let entry = Entry::new(Action::ClaimExport, "person", person.id, claim.place());
            let entry = entry.because(asked.reason.as_str()).with(&facts);
            audit::record(c, who, entry)?;
            ids.push(claim.id);
        }
        Ok(ids)
    })
}

/// A sheet that is made while it is sent.
enum Sheet {
    Csv(String),
    Xlsx(Box<Xlsx>),
}

impl Sheet {
    fn begin(format: ClaimSheetFormat, zh: bool) -> std::io::Result<Sheet> {
        let titles = claim_rows::titles(zh);
        let mut sheet = match format {
            // The mark by which a spreadsheet knows that it is UTF-8.
            ClaimSheetFormat::Csv => Sheet::Csv("\u{feff}".into()),
            ClaimSheetFormat::Xlsx => {
                let name = if zh { "理赔" } else { "Claims" };
                Sheet::Xlsx(Box::new(Xlsx::begin(name, titles.len())?))
            }
        };
        sheet.row(titles)?;
        Ok(sheet)
    }

    fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> std::io::Result<()> {
        match self {
            Sheet::Csv(text) => {
                csv_out::line(text, cells);
                Ok(())
            }
            Sheet::Xlsx(workbook) => workbook.row(cells),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            Sheet::Csv(text) => std::mem::take(text).into_bytes(),
            Sheet::Xlsx(workbook) => workbook.take(),
        }
    }

    fn end(self) -> std::io::Result<Vec<u8>> {
        match self {
            Sheet::Csv(text) => Ok(text.into_bytes()),
            Sheet::Xlsx(workbook) => workbook.end(),
        }
    }
}

/// What is left to be sent.
struct Sending {
    app: web::Data<App>,
    zh: bool,
    ids: VecDeque<Uid>,
    /// Nothing once it has ended.
    sheet: Option<Sheet>,
}

impl Sending {
    /// The next piece. Where one fails the answer breaks off, and so is no whole file.
    async fn next(mut self) -> AppResult<Option<(web::Bytes, Sending)>> {
        let Some(mut sheet) = self.sheet.take() else {
            return Ok(None);
        };
        let some: Vec<Uid> = self.ids.drain(..self.ids.len().min(AT_ONCE)).collect();
        if some.is_empty() {
            let rest = sheet.end().map_err(AppError::internal)?;
            return Ok(Some((rest.into(), self)));
        }
        let (vault, zh) = (self.app.vault.clone(), self.zh);
        let rows = self
            .app
            .db
            .read(move |c| claim_rows::of(c, &vault, &some, zh));
        for row in rows.await? {
            sheet
                .row(row.iter().map(String::as_str))
                .map_err(AppError::internal)?;
        }
        let piece = sheet.take();
        self.sheet = Some(sheet);
        Ok(Some((piece.into(), self)))
    }
}
