//! The sheet to fill in: the titles of the columns and nothing else, so that no example is imported by mistake.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::columns::Column;
use super::model::SheetFormat;
use crate::auth::{Action, Who};
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::problem::wants_chinese;
use crate::sheets::csv_out;
use crate::sheets::xlsx_out::{self, Xlsx};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// What kind of file.
    #[serde(default)]
    #[param(inline, value_type = Option<SheetFormat>, example = "xlsx")]
    format: Option<SheetFormat>,
}

/// A sheet as comma-separated values in UTF-8 or GB18030, the titles of its columns in its first row.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 268_435_456, pattern = r"^[^\u0000]*$", example = "产品代码,保险公司代码\r\n")]
#[allow(dead_code)] // what stands in the document
pub struct SheetCsv(String);

/// A sheet as a workbook (XLSX).
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 268_435_456, example = "PK")]
#[allow(dead_code)] // what stands in the document
pub struct SheetXlsx(Vec<u8>);

/// Get the sheet to fill in
///
/// The titles of all columns, in Chinese or English by `Accept-Language`; as a workbook all of its cells are texts, so
/// that no number loses its digits.
#[utoipa::path(tag = "insurance", params(TemplateQuery), responses((status = 200, description = "An empty sheet",
    content((SheetCsv = "text/csv"), (SheetXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/policy-imports/template")]
pub async fn get_policy_import_template(
    who: Who,
    req: HttpRequest,
    Params(query): Params<TemplateQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImportRead)?;
    let zh = wants_chinese(req.headers());
    let titles = || Column::ALL.iter().map(|column| column.title(zh));
    let format = query.format.unwrap_or(SheetFormat::Csv);
    let mut answer = HttpResponse::Ok();
    answer.insert_header((
        header::CONTENT_DISPOSITION,
        format!("attachment; filename=\"policies.{format}\""),
    ));
    let body = match format {
        SheetFormat::Csv => {
            // The mark by which a spreadsheet knows that it is UTF-8.
            let mut text = String::from("\u{feff}");
            csv_out::line(&mut text, titles());
            answer.content_type("text/csv; charset=utf-8; header=present");
            text.into_bytes()
        }
        SheetFormat::Xlsx => {
            answer.content_type(xlsx_out::MEDIA);
            workbook(titles()).map_err(AppError::internal)?
        }
    };
    Ok(answer.body(web::Bytes::from(body)))
}

fn workbook(titles: impl Iterator<Item = &'static str>) -> std::io::Result<Vec<u8>> {
    let mut workbook = Xlsx::begin("保单", Column::ALL.len())?;
    workbook.row(titles)?;
    let mut bytes = workbook.take();
    bytes.extend(workbook.end()?);
    Ok(bytes)
}
