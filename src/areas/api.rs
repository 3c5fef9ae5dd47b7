//! Looking areas up.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{AreaLevel, AreaRow};
use super::store;
use crate::auth::{Action, Who};
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::text::{AreaCode, Label, Limit};
use crate::state::App;

/// An administrative division.
#[derive(Debug, Serialize, ToSchema)]
pub struct Area {
    /// Its statistical code in the newest edition.
    pub code: AreaCode,
    pub level: AreaLevel,
    /// Its name.
    #[schema(value_type = Label)]
    pub name: String,
    /// The codes of the areas it lies in, widest first, without itself.
    #[schema(max_items = 4)]
    pub path: Vec<AreaCode>,
    /// False for areas that were added here and stand in no published edition.
    #[schema(example = true)]
    pub official: bool,
}

/// A page of areas, in the order of their codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaPage {
    /// The areas of this page.
    #[schema(max_items = 200)]
    pub items: Vec<Area>,
    /// The code after which the next page starts; null on the last one.
    pub next_cursor: Option<AreaCode>,
}

impl From<AreaRow> for Area {
    fn from(row: AreaRow) -> Self {
        // Inside one edition a code begins with the codes of the areas around it.
        let code = row.code;
        let path = [2, 4, 6, 9]
            .into_iter()
            .filter(|n| *n < code.len())
            .filter_map(|n| AreaCode::parse(&code[..n]).ok())
            .collect();
        let fallback =
            || AreaCode::parse("00").unwrap_or_else(|_| unreachable!("two digits are a code"));
        Area {
            path,
            level: row.level,
            name: row.name,
            official: row.official,
            code: AreaCode::parse(code).unwrap_or_else(|_| fallback()),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AreaQuery {
    /// The code of the area whose children are asked for, or below which to search.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "3304")]
    parent: Option<AreaCode>,
    /// Part of a name.
    #[param(value_type = Option<String>, min_length = 1, max_length = 80, pattern = r"^[^\u0000-\u001f]+$", example = "街道")]
    q: Option<Label>,
    /// How many areas at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before: a code.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    cursor: Option<AreaCode>,
}

/// List areas
///
/// Children of an area (provinces without `parent`), or with `q` every area below it whose name holds the text.
#[utoipa::path(tag = "areas", params(AreaQuery), responses((status = 200, description = "A page of areas", body = AreaPage)))]
#[get("/areas")]
pub async fn list_areas(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<AreaQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaRead)?;
    let limit = query
        .limit
        .map_or(crate::http::page::DEFAULT_LIMIT, |l| l.0);
    let mut rows = app
        .db
        .read(move |c| {
            let parent = match &query.parent {
                None => None,
                Some(code) => {
                    Some(store::by_code(c, code.as_str())?.ok_or_else(AppError::not_found)?)
                }
            };
            let after = query.cursor.as_ref().map(AreaCode::as_str);
            match &query.q {
                Some(q) => store::search(c, q.as_str(), parent.as_ref(), after, limit + 1),
                None => store::children(c, parent.map(|p| p.id), after, limit + 1),
            }
        })
        .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let items: Vec<Area> = rows.into_iter().map(Area::from).collect();
    let next_cursor = if more {
        items.last().map(|a| a.code.clone())
    } else {
        None
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .json(AreaPage { items, next_cursor }))
}

/// Read an area
///
/// One area with the path of codes above it. Reference data: it may be cached.
#[utoipa::path(tag = "areas", params(("code" = AreaCode, Path, description = "The area's code", example = "330402007")),
    responses((status = 200, description = "The area", body = Area)))]
#[get("/areas/{code}")]
pub async fn get_area(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    code: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaRead)?;
    let code = AreaCode::parse(code.into_inner()).map_err(|_| AppError::not_found())?;
    let row = app
        .db
        .read(move |c| store::by_code(c, code.as_str()))
        .await?
        .ok_or_else(AppError::not_found)?;
    let area = Area::from(row);
    let etag = format!("\"{}-{}\"", area.code.as_str(), area.name.len());
    if req
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|h| h.as_bytes() == etag.as_bytes())
    {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .json(area))
}
