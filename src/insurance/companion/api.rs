//! The companion over HTTP, for apps: by the code of a receipt, in the body.

use actix_web::{HttpRequest, HttpResponse, post, web};

use super::view::OwnClaims;
use crate::error::AppResult;
use crate::http::house::RequestId;
use crate::http::json::Body;
use crate::privacy::receipt_public::ByReceipt;
use crate::privacy::receipts;
use crate::state::App;

/// Show how claims stand, by receipt
///
/// In plain words of both languages: where each claim stands, what comes next and who has to act, missing papers, days
/// left, whom to call and by which reference, decisions with the insurer's reasons, payments, what is late, and the ways to contest. One's own claims; as
/// the holder of their policy those of a child under fourteen of the same household; after a death those by which one
/// benefits. Nothing of anybody who does not consent to `insurance`. The product of a cover is left out, as in
/// `view_by_receipt`. The page `/r/claims` shows the same without JavaScript.
#[utoipa::path(tag = "receipts", request_body = ByReceipt, security(()),
    responses((status = 200, description = "The claims", body = OwnClaims)))]
#[post("/receipt/claims")]
pub async fn list_claims_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<ByReceipt>,
) -> AppResult<HttpResponse> {
    let hash = receipts::hash(&app.vault, body.value.code.as_str());
    let told = super::read(&app, &req, id, hash, super::Look::First).await?;
    Ok(HttpResponse::Ok().json(told))
}
