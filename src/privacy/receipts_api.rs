//! Receipts over HTTP, for the staff who hand them out.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::receipts::{self, New, ReceiptRow};
use super::receipts_store as store;
use crate::associations::members;
use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::text::ReceiptCode;
use crate::people::model::PersonRow;
use crate::state::App;
use crate::{households, page_of, residents};

/// Asking for a receipt.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceipt {
    /// Ends the person's earlier receipts, as after a loss; else they stay good.
    #[serde(default)]
    #[schema(example = false)]
    pub revoke_earlier: bool,
}

/// A receipt with its code, which is shown this once. Hand it to the person, or print it for them.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedReceipt {
    pub id: Uid,
    pub person_id: Uid,
    pub code: ReceiptCode,
    /// The page that the code opens; the code stands behind the `#`, so that no server's log has it.
    #[schema(
        max_length = 500,
        format = "uri",
        example = "https://qianshou.example/r#7KQM-3TXP-9AWE-7KQM-3TXP-9AWE-7KQM"
    )]
    pub url: String,
    /// The same as a QR code, SVG.
    #[schema(
        min_length = 10,
        max_length = 60000,
        pattern = r"^<[^\u0000]+>$",
        example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"
    )]
    pub qr_svg: String,
    pub issued_at: Micros,
    pub expires_at: Micros,
}

/// A receipt, without its code.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    pub id: Uid,
    pub person_id: Uid,
    pub issued_by: Uid,
    pub issued_at: Micros,
    pub expires_at: Micros,
    pub revoked_at: Option<Micros>,
    /// Null where the person ended it themselves.
    pub revoked_by: Option<Uid>,
    /// When somebody last opened the page with it.
    pub last_used_at: Option<Micros>,
}

page_of! {
    /// A page of receipts.
    ReceiptPage of Receipt
}

impl From<ReceiptRow> for Receipt {
    fn from(r: ReceiptRow) -> Receipt {
        Receipt {
            id: r.id,
            person_id: r.person_id,
            issued_by: r.issued_by,
            issued_at: r.issued_at,
            expires_at: r.expires_at,
            revoked_at: r.revoked_at,
            revoked_by: r.revoked_by,
            last_used_at: r.last_used_at,
        }
    }
}

/// Where a receipt's person is found, by the path that names them.
#[derive(Debug, Clone, Copy)]
enum Named {
    Resident(Uid),
    OfHousehold(Uid, Uid),
    Member(Uid),
}

impl Named {
    fn resident(id: &str) -> AppResult<Named> {
        Ok(Named::Resident(parsed(id)?))
    }
    fn of_household(household: &str, person: &str) -> AppResult<Named> {
        Ok(Named::OfHousehold(parsed(household)?, parsed(person)?))
    }
    fn member(id: &str) -> AppResult<Named> {
        Ok(Named::Member(parsed(id)?))
    }
    fn locked(self, c: &mut DbConn, who: &Who, action: Action) -> AppResult<Handle<PersonRow>> {
        match self {
            Named::Resident(id) => residents::store::locked(c, who, action, id).map(|(_, p)| p),
            Named::OfHousehold(household, person) => {
                households::people::locked(c, who, action, household, person)
            }
            Named::Member(id) => {
                let found = members::store::locked(c, who, Action::MemberReceipt, id);
                found.map(|(_, person)| person)
            }
        }
    }
    /// The person's id, if the caller may do this.
    fn visible(self, c: &mut DbConn, who: &Who, action: Action) -> AppResult<Uid> {
        match self {
            Named::Resident(id) => {
                residents::store::visible(c, who, action, id).map(|r| r.person_id)
            }
            Named::OfHousehold(household, person) => {
                households::people::visible(c, who, action, household, person).map(|p| p.id)
            }
            Named::Member(id) => {
                let found = members::store::visible(c, who, Action::MemberReceipt, id);
                found.map(|(_, person)| person.id)
            }
        }
    }
    /// The path of the person's receipts.
    fn path(self) -> String {
        match self {
            Named::Resident(id) => format!("/v1/residents/{id}/receipts"),
            Named::OfHousehold(household, person) => {
                format!("/v1/households/{household}/people/{person}/receipts")
            }
            Named::Member(id) => format!("/v1/members/{id}/receipts"),
        }
    }
}

fn parsed(text: &str) -> AppResult<Uid> {
    text.parse().map_err(|_| AppError::not_found())
}

async fn issue(app: &App, who: Who, named: Named, asked: NewReceipt) -> AppResult<HttpResponse> {
    let code = receipts::new_code();
    let new = New {
        hash: receipts::hash(&app.vault, &code),
        days: app.config.receipt_days,
        revoke_earlier: asked.revoke_earlier,
    };
    let row = app
        .db
        .write(move |c| {
            let person = named.locked(c, &who, Action::ReceiptIssue)?;
            receipts::issue(c, &who, &person, &new)
        })
        .await?;
    let url = format!("{}/r#{code}", app.config.public_url.trim_end_matches('/'));
    let qr = qrcode::QrCode::new(url.as_bytes()).map_err(AppError::internal)?;
    let qr_svg = qr
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    let qr_svg = qr_svg
        .trim_start_matches("<?xml version=\"1.0\" standalone=\"yes\"?>")
        .to_owned();
    let location = format!("{}/{}", named.path(), row.id);
    Ok(HttpResponse::Created()
        .insert_header(("Location", location))
        .json(IssuedReceipt {
            id: row.id,
            person_id: row.person_id,
            code: ReceiptCode::parse(code)
                .map_err(|_| AppError::internal("a made code does not fit its form"))?,
            url,
            qr_svg,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
        }))
}

async fn list(
    app: &App,
    who: Who,
    named: Named,
    operation: &str,
    query: PageParams,
) -> AppResult<HttpResponse> {
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("{operation} {}", named.path()),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let person = named.visible(c, &who, Action::ReceiptRead)?;
            store::list(c, person, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Receipt::from(r)))?;
    Ok(HttpResponse::Ok().json(ReceiptPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

async fn revoke(app: &App, who: Who, named: Named, receipt: String) -> AppResult<HttpResponse> {
    let receipt = parsed(&receipt)?;
    let row = app
        .db
        .write(move |c| {
            let person = named.locked(c, &who, Action::ReceiptRevoke)?;
            receipts::revoke(c, &who, &person, receipt)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Receipt::from(row)))
}

/// Make a receipt for a resident
///
/// A code of the resident's own that shows them, without an account, what is held about them and who looked at it,
/// and lets them withdraw consents and ask. It is answered once and stored only as a keyed hash. Earlier receipts
/// stay good unless `revoke_earlier` says otherwise; five at most.
#[utoipa::path(tag = "receipts", request_body = NewReceipt, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The receipt with its code", body = IssuedReceipt)))]
#[post("/residents/{id}/receipts")]
pub async fn create_receipt(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewReceipt>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptIssue)?;
    issue(&app, who, Named::resident(&id)?, body.value).await
}

/// List a resident's receipts
///
/// Without their codes, revoked and expired ones too, newest first.
#[utoipa::path(tag = "receipts", params(PageParams, ("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "A page of receipts", body = ReceiptPage)))]
#[get("/residents/{id}/receipts")]
pub async fn list_receipts(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptRead)?;
    list(&app, who, Named::resident(&id)?, "list_receipts", query).await
}

/// Revoke a resident's receipt
///
/// Its code opens nothing from now on.
#[utoipa::path(tag = "receipts",
    params(("id" = Uid, Path, description = "The resident's id"), ("receipt_id" = Uid, Path, description = "The receipt's id")),
    responses((status = 200, description = "The revoked receipt", body = Receipt)))]
#[post("/residents/{id}/receipts/{receipt_id}/revocation")]
pub async fn revoke_receipt(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptRevoke)?;
    let (id, receipt) = ids.into_inner();
    revoke(&app, who, Named::resident(&id)?, receipt).await
}

/// Make a receipt for one of a household's people
///
/// As `create_receipt` does for a resident.
#[utoipa::path(tag = "receipts", request_body = NewReceipt,
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 201, description = "The receipt with its code", body = IssuedReceipt)))]
#[post("/households/{id}/people/{person_id}/receipts")]
pub async fn create_household_person_receipt(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    body: Body<NewReceipt>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptIssue)?;
    let named = Named::of_household(&ids.0, &ids.1)?;
    issue(&app, who, named, body.value).await
}

/// List the receipts of one of a household's people
///
/// Without their codes, revoked and expired ones too, newest first.
#[utoipa::path(tag = "receipts",
    params(PageParams, ("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "A page of receipts", body = ReceiptPage)))]
#[get("/households/{id}/people/{person_id}/receipts")]
pub async fn list_household_person_receipts(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptRead)?;
    let named = Named::of_household(&ids.0, &ids.1)?;
    list(&app, who, named, "list_household_person_receipts", query).await
}

/// Revoke a receipt of one of a household's people
///
/// Its code opens nothing from now on.
#[utoipa::path(tag = "receipts",
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id"), ("receipt_id" = Uid, Path, description = "The receipt's id")),
    responses((status = 200, description = "The revoked receipt", body = Receipt)))]
#[post("/households/{id}/people/{person_id}/receipts/{receipt_id}/revocation")]
pub async fn revoke_household_person_receipt(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::ReceiptRevoke)?;
    let (household, person, receipt) = ids.into_inner();
    revoke(
        &app,
        who,
        Named::of_household(&household, &person)?,
        receipt,
    )
    .await
}

/// Make a receipt for a member of an association
///
/// As `create_receipt` does for a resident.
#[utoipa::path(tag = "receipts", request_body = NewReceipt, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 201, description = "The receipt with its code", body = IssuedReceipt)))]
#[post("/members/{id}/receipts")]
pub async fn create_member_receipt(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewReceipt>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberReceipt)?;
    issue(&app, who, Named::member(&id)?, body.value).await
}

/// List the receipts of a member of an association
///
/// Without their codes, revoked and expired ones too, newest first.
#[utoipa::path(tag = "receipts", params(PageParams, ("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "A page of receipts", body = ReceiptPage)))]
#[get("/members/{id}/receipts")]
pub async fn list_member_receipts(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberReceipt)?;
    let named = Named::member(&id)?;
    list(&app, who, named, "list_member_receipts", query).await
}

/// Revoke a receipt of a member of an association
///
/// Its code opens nothing from now on.
#[utoipa::path(tag = "receipts",
    params(("id" = Uid, Path, description = "The member's id"), ("receipt_id" = Uid, Path, description = "The receipt's id")),
    responses((status = 200, description = "The revoked receipt", body = Receipt)))]
#[post("/members/{id}/receipts/{receipt_id}/revocation")]
pub async fn revoke_member_receipt(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberReceipt)?;
    let (id, receipt) = ids.into_inner();
    revoke(&app, who, Named::member(&id)?, receipt).await
}
