//! All that is wrong with a sheet, a page at a time: whoever mends it goes from its top to its bottom.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::store::{self, FaultAt};
use super::view::{SheetFaultPage, fault};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Code};
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::problem::wants_chinese;
use crate::state::App;

impl FaultAt {
    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (row, number) = bytes.split_at_mut(8);
        row.copy_from_slice(&self.row.to_be_bytes());
        number.copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<FaultAt> {
        let (row, number) = bytes.split_at_checked(8)?;
        Some(FaultAt {
            row: i64::from_be_bytes(row.try_into().ok()?),
            number: i64::from_be_bytes(number.try_into().ok()?),
        })
    }
}

/// List what is wrong with a sheet
///
/// Each cell that keeps it from being imported, from the top of the sheet to its bottom: row, column and a word, never
/// what stands there. The first 20,000 are kept, and of all of them the number (`fault_count` of the import).
#[utoipa::path(tag = "insurance", params(PageParams, ("id" = Uid, Path, description = "The import's id")),
    responses((status = 200, description = "A page of faults", body = SheetFaultPage)))]
#[get("/policy-imports/{id}/faults")]
pub async fn list_policy_import_faults(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImportRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_policy_import_faults {id}"),
    };
    let (limit, at) = bound.open_at(query.limit, query.cursor.as_deref())?;
    let invalid = || AppError::of(Code::CursorInvalid);
    let after = at
        .map(|at| FaultAt::read(&at).ok_or_else(invalid))
        .transpose()?;
    let zh = wants_chinese(req.headers());
    let rows = app
        .db
        .read(move |c| {
            store::visible(c, &who, Action::PolicyImportRead, id)?;
            store::faults(c, id, after, limit + 1)
        })
        .await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let last = rows
        .get(limit.wrapping_sub(1))
        .filter(|_| rows.len() > limit);
    let next = last.map(|row| FaultAt {
        row: row.sheet_row,
        number: row.number,
    });
    let shown = rows.into_iter().take(limit);
    Ok(HttpResponse::Ok().json(SheetFaultPage {
        items: shown.map(|row| fault(row.fault.0, zh)).collect(),
        next_cursor: next.map(|at| Cursor(bound.encode_at(&at.bytes()))),
    }))
}
