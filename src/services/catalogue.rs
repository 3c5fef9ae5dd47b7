//! The catalogue of services.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::store;
use crate::auth::{Action, Who};
use crate::db::DbConn;
use crate::error::AppResult;
use crate::http::page::Cursor;
use crate::http::text::{FactWord, Label};
use crate::state::App;

/// A free service that residents have like everybody else.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueService {
    /// As `kind` of a service, or where it is of health as `health_kind`.
    #[schema(value_type = FactWord, example = "health_education")]
    pub kind: String,
    /// A service to somebody's health, of which their record says no more than that.
    #[schema(example = true)]
    pub health: bool,
    #[schema(value_type = Label)]
    pub label_zh: String,
    #[schema(value_type = Label)]
    pub label_en: String,
}

/// The catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceKindList {
    /// In their usual order.
    #[schema(max_items = 20)]
    pub items: Vec<CatalogueService>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// The kinds of services.
pub fn service_kinds(c: &mut DbConn) -> AppResult<Vec<CatalogueService>> {
    let rows = store::kinds(c)?.into_iter();
    Ok(rows
        .map(|row| CatalogueService {
            kind: row.kind,
            health: row.health,
            label_zh: row.label_zh,
            label_en: row.label_en,
        })
        .collect())
}

/// List the kinds of services
///
/// The free services that residents have like everybody else.
#[utoipa::path(tag = "services", responses((status = 200, description = "The kinds", body = ServiceKindList)))]
#[get("/service-kinds")]
pub async fn list_service_kinds(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::ServiceKindRead)?;
    let items = app.db.read(service_kinds).await?;
    Ok(HttpResponse::Ok().json(ServiceKindList {
        items,
        next_cursor: None,
    }))
}
