//! Insurance products: what a cover costs, pays and asks for. Reference data, the same for everybody.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{Json, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params, invalid};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{Tagged, created, found};
use crate::http::text::{Int, Label, Money, Note, ShortCode, UpTo, not_null};
use crate::page_of;
use crate::state::App;
use crate::sync::{self, Change, Kind};

/// What a kind of claim needs.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoveredClaim {
    pub claim_type: ClaimType,
    /// The papers to bring.
    #[schema(value_type = Vec<PaperKind>, max_items = 20)]
    pub papers: UpTo<20, PaperKind>,
}

/// A new product. Either a sum or a day rate, or both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = fits))]
pub struct NewInsuranceProduct {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    #[schema(example = "village-accident")]
    code: ShortCode,
    #[schema(example = "农村居民意外伤害保险")]
    title_zh: Label,
    #[schema(example = "Accident insurance of villagers")]
    title_en: Label,
    #[schema(example = "一年期，自愿投保。")]
    terms_zh: Note,
    #[schema(example = "One year, of one's own will.")]
    terms_en: Note,
    basis: Basis,
    /// The sum of a family is shared equally by the insured.
    #[serde(default)]
    #[schema(default = false, example = false)]
    sum_divided: bool,
    /// Claims of life insurance lapse after five years, others after two.
    #[serde(default)]
    #[schema(default = false, example = false)]
    life_insurance: bool,
    /// A year.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    premium: Option<Money>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    sum_insured: Option<Money>,
    /// Paid for each day; needs `day_cap`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    day_rate: Option<Money>,
    /// Days a year at most.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 366, example = 90)]
    day_cap: Option<Int<1, 366>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 120, example = 1)]
    min_age: Option<Int<0, 120>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 120, example = 65)]
    max_age: Option<Int<0, 120>>,
    /// The contract's own time for the decision, in days.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 365, example = 30)]
    determination_days: Option<Int<1, 365>>,
    /// The contract's own time for paying, in days.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 365, example = 10)]
    payment_days: Option<Int<1, 365>>,
    /// What is covered, each with its checklist.
    #[schema(value_type = Vec<CoveredClaim>, min_items = 1, max_items = 4)]
    covers: UpTo<4, CoveredClaim>,
}

fn fits(p: &NewInsuranceProduct) -> Result<(), validator::ValidationError> {
    let kinds: std::collections::HashSet<_> = p.covers.0.iter().map(|k| k.claim_type).collect();
    if p.covers.0.is_empty() {
        return Err(invalid("/covers", Fault::TooShort));
    }
    if kinds.len() < p.covers.0.len() {
        return Err(invalid("/covers", Fault::Repeated));
    }
    if p.day_rate.is_some() != p.day_cap.is_some() {
        return Err(invalid("/day_cap", Fault::NotFitting));
    }
    if let (Some(min), Some(max)) = (p.min_age, p.max_age)
        && min > max
    {
        return Err(invalid("/max_age", Fault::BadOrder));
    }
    Ok(())
}

impl NewInsuranceProduct {
    fn row(self, id: Uid, who: &Who) -> ProductRow {
        let papers = self.covers.0.into_iter().map(|k| PaperList {
            claim_type: k.claim_type,
            papers: k.papers.0,
        });
        ProductRow {
            id,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            code: self.code.into_string(),
            title_zh: self.title_zh.into_string(),
            title_en: self.title_en.into_string(),
            terms_zh: self.terms_zh.into_string(),
            terms_en: self.terms_en.into_string(),
            basis: self.basis,
            sum_divided: self.sum_divided,
            life_insurance: self.life_insurance,
            premium: self.premium.map(|m| m.0),
            sum_insured: self.sum_insured.map(|m| m.0),
            day_rate: self.day_rate.map(|m| m.0),
            day_cap: self.day_cap.map(|n| n.0),
            min_age: self.min_age.map(|n| n.0),
            max_age: self.max_age.map(|n| n.0),
            determination_days: self.determination_days.map(|n| n.0),
            payment_days: self.payment_days.map(|n| n.0),
            papers: Json(papers.collect()),
            created_by: Some(who.user),
            created_at: who.at,
            updated_at: who.at,
        }
    }
}

/// A product.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsuranceProduct {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(value_type = ShortCode)]
    pub code: String,
    #[schema(value_type = Label)]
    pub title_zh: String,
    #[schema(value_type = Label)]
    pub title_en: String,
    #[schema(value_type = Note)]
    pub terms_zh: String,
    #[schema(value_type = Note)]
    pub terms_en: String,
    pub basis: Basis,
    /// The sum of a family is shared equally by the insured.
    #[schema(example = false)]
    pub sum_divided: bool,
    #[schema(example = false)]
    pub life_insurance: bool,
    /// A year; null: as the contract says.
    pub premium: Option<Money>,
    pub sum_insured: Option<Money>,
    pub day_rate: Option<Money>,
    #[schema(minimum = 1, maximum = 366, example = 90)]
    pub day_cap: Option<i64>,
    #[schema(minimum = 0, maximum = 120, example = 1)]
    pub min_age: Option<i64>,
    #[schema(minimum = 0, maximum = 120, example = 65)]
    pub max_age: Option<i64>,
    #[schema(minimum = 1, maximum = 365, example = 30)]
    pub determination_days: Option<i64>,
    #[schema(minimum = 1, maximum = 365, example = 10)]
    pub payment_days: Option<i64>,
    /// What is covered, each with its checklist.
    #[schema(max_items = 4)]
    pub covers: Vec<CoveredClaim>,
    pub created_at: Micros,
}

impl From<ProductRow> for InsuranceProduct {
    fn from(r: ProductRow) -> Self {
        let covers = r.papers.0.into_iter().map(|l| CoveredClaim {
            claim_type: l.claim_type,
            papers: UpTo(l.papers),
        });
        InsuranceProduct {
            id: r.id,
            version: r.version,
            code: r.code,
            title_zh: r.title_zh,
            title_en: r.title_en,
            terms_zh: r.terms_zh,
            terms_en: r.terms_en,
            basis: r.basis,
            sum_divided: r.sum_divided,
            life_insurance: r.life_insurance,
            premium: r.premium.map(Money),
            sum_insured: r.sum_insured.map(Money),
            day_rate: r.day_rate.map(Money),
            day_cap: r.day_cap,
            min_age: r.min_age,
            max_age: r.max_age,
            determination_days: r.determination_days,
            payment_days: r.payment_days,
            covers: covers.collect(),
            created_at: r.created_at,
        }
    }
}

impl Tagged for InsuranceProduct {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of products.
    InsuranceProductPage of InsuranceProduct
}

/// The feed row of a product: everybody sees it.
pub(super) fn change(product: &ProductRow, at: Micros) -> Change {
    let nowhere = Place::default();
    Change::upsert(Kind::Product, product.id, product.version, nowhere, at)
}

/// Add an insurance product
///
/// With what it covers and the papers each kind of claim needs. Its code is its own.
#[utoipa::path(tag = "insurance", request_body = NewInsuranceProduct, responses((status = 201, description = "The product", body = InsuranceProduct)))]
#[post("/insurance-products")]
pub async fn create_insurance_product(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewInsuranceProduct>,
) -> AppResult<HttpResponse> {
    who.may(Action::ProductWrite)?;
    let once = key.bind(&app.vault, who.user, "create_insurance_product", &body.raw);
    let id = body.value.id.unwrap_or_else(|| Uid::new(who.at));
    let new = body.value.row(id, &who);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                store::insert_product(c, &new)?;
                let nowhere = Place::default();
                let entry = Entry::new(Action::ProductWrite, "insurance_product", id, nowhere);
                audit::record(c, &who, entry)?;
                sync::record_change(c, change(&new, who.at))?;
                Ok(id)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            store::product(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created("insurance-products", &InsuranceProduct::from(row)))
}

/// List insurance products
///
/// All of them, newest first. Insurance is voluntary, and nobody here earns by it.
#[utoipa::path(tag = "insurance", params(PageParams), responses((status = 200, description = "A page of products", body = InsuranceProductPage)))]
#[get("/insurance-products")]
pub async fn list_insurance_products(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ProductRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_insurance_products".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app.db.read(move |c| store::products(c, page)).await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(InsuranceProduct::from(r)))?;
    Ok(HttpResponse::Ok().json(InsuranceProductPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an insurance product
///
/// With its terms and the papers each kind of claim needs.
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The product's id")),
    responses((status = 200, description = "The product", body = InsuranceProduct)))]
#[get("/insurance-products/{id}")]
pub async fn get_insurance_product(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ProductRead)?;
    let id = path_id(id)?;
    let row = app
        .db
        .read(move |c| store::product(c, id)?.ok_or_else(AppError::not_found))
        .await?;
    Ok(found(&req, &InsuranceProduct::from(row)))
}
