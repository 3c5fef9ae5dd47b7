//! Looking areas up.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::history_api::{self, Year};
use super::model::{AreaLevel, AreaRow};
use super::store;
use crate::auth::{Action, Who, tokens};
use crate::crypto::hex;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::json::Params;
use crate::http::text::{AreaCode, Label, Limit};
use crate::state::App;

/// An administrative division.
#[derive(Debug, Serialize, ToSchema)]
pub struct Area {
    /// Its statistical code in the newest edition that has it.
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
    /// Since when it is no more; its code may have gone to another area.
    pub abolished_on: Option<Day>,
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

/// Areas as they are shown, each with the codes of those it lies in: which ones, its parents say, for
/// digits may begin with another area's.
pub fn show(c: &mut DbConn, rows: Vec<AreaRow>) -> AppResult<Vec<Area>> {
    let mut around: Vec<Uid> = rows.iter().flat_map(AreaRow::chain).collect();
    around.sort_unstable();
    around.dedup();
    let codes = store::codes_of(c, around)?;
    let parse = |code: &str| AreaCode::stored(code);
    rows.into_iter()
        .map(|row| {
            let path = row
                .chain()
                .skip(1)
                .filter(|id| *id != row.id)
                .filter_map(|id| codes.get(&id))
                .map(|code| parse(code))
                .collect::<AppResult<Vec<_>>>()?;
            Ok(Area {
                path,
                code: parse(&row.code)?,
                level: row.level,
                name: row.name,
                official: row.official,
                abolished_on: row.abolished_on,
            })
        })
        .collect()
}

/// An ETag of what is answered: the same content, the same tag.
fn etag(area: &Area) -> AppResult<String> {
    let content = serde_json::to_string(area).map_err(AppError::internal)?;
    let digest = tokens::hash(&content);
    Ok(format!("\"{}\"", hex(&digest[..8])))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AreaQuery {
    /// The code of the area whose children are asked for, or below which to search.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "3304")]
    parent: Option<AreaCode>,
    /// Part of a name, two characters or more.
    #[param(value_type = Option<String>, min_length = 2, max_length = 80, pattern = r"^[^\u0000-\u001f]+$", example = "街道")]
    q: Option<Label>,
    /// How many areas at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before: a code.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    cursor: Option<AreaCode>,
    /// The areas as an edition had them, `parent` by its code of then; not with `q`.
    #[param(value_type = Option<i64>, minimum = 2009, maximum = 2100, example = 2023)]
    edition: Option<Year>,
}

/// List areas
///
/// Children of an area (provinces without `parent`), or with `q` every area below it whose name holds the text.
/// A search looks at a bounded part of the areas at once: while `next_cursor` is not null there may be more,
/// even after a page that holds few or none. Abolished areas are left out. With `edition` the areas are shown as they
/// were called then, those abolished since among them.
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
    let text = query.q.as_ref().map(Label::as_str);
    if text.is_some_and(|q| q.chars().count() < 2) {
        return Err(AppError::of(Code::MalformedQuery));
    }
    if let Some(Year(year)) = query.edition {
        if query.q.is_some() {
            return Err(AppError::of(Code::MalformedQuery));
        }
        let page = app
            .db
            .read(move |c| {
                let parent = query.parent.as_ref().map(AreaCode::as_str);
                let after = query.cursor.as_ref().map(AreaCode::as_str);
                history_api::of_edition(c, year, parent, after, limit)
            })
            .await?;
        return Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
            .json(page));
    }
    let (items, next) = app
        .db
        .read(move |c| {
            let parent = match &query.parent {
                None => None,
                Some(code) => {
                    Some(store::by_code(c, code.as_str())?.ok_or_else(AppError::not_found)?)
                }
            };
            let after = query.cursor.as_ref().map(AreaCode::as_str);
            let found = match &query.q {
                Some(q) => store::search(c, q.as_str(), parent.as_ref(), after, limit)?,
                None => store::children(c, parent.map(|p| p.id), after, limit)?,
            };
            Ok((show(c, found.rows)?, found.next))
        })
        .await?;
    let next_cursor = next.and_then(|code| AreaCode::parse(code).ok());
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, max-age=3600"))
        .json(AreaPage { items, next_cursor }))
}

/// Read an area
///
/// One area with the path of codes above it; of an abolished one, too, while no other has its code. Reference
/// data: it may be cached.
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
    let area = app
        .db
        .read(move |c| {
            let row = store::by_code_ever(c, code.as_str())?.ok_or_else(AppError::not_found)?;
            show(c, vec![row])?.pop().ok_or_else(AppError::not_found)
        })
        .await?;
    let etag = etag(&area)?;
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
