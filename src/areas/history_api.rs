//! What areas were: an edition's areas, an area's history, the editions that stand here.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::api::{Area, AreaPage, show};
use super::changes_api::{AreaChange, show_changes};
use super::changes_store::Wanted;
use super::model::{AreaRow, CodeRow, first_day};
use super::{changes_store, codes_store, store};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Label, fault};
use crate::state::App;

/// The year of an edition, in an address.
#[derive(Debug, Clone, Copy)]
pub struct Year(pub i64);

impl<'de> Deserialize<'de> for Year {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        match text.parse() {
            Ok(n) if (2009..=2100).contains(&n) => Ok(Year(n)),
            Ok(_) => Err(fault(Fault::OutOfRange)),
            Err(_) => Err(fault(Fault::WrongType)),
        }
    }
}

fn parsed(code: &str) -> AppResult<AreaCode> {
    AreaCode::stored(code)
}

/// The areas next below one, as an edition had them.
pub fn of_edition(
    c: &mut DbConn,
    year: i64,
    parent: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> AppResult<AreaPage> {
    if !codes_store::has_edition(c, year)? {
        return Err(AppError::not_found());
    }
    let day = first_day(year);
    let around = match parent {
        None => Vec::new(),
        Some(code) => {
            let (row, _) = codes_store::holder(c, code, day)?.ok_or_else(AppError::not_found)?;
            chain(c, row, day)?
        }
    };
    let parent = around.last().map(|row| row.area_id);
    let path = around
        .iter()
        .map(|row| parsed(&row.code))
        .collect::<AppResult<Vec<_>>>()?;
    let mut rows = codes_store::children_on(c, parent, day, after, limit)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next_cursor = match rows.last() {
        Some((row, _)) if more => Some(parsed(&row.code)?),
        _ => None,
    };
    let items = rows
        .into_iter()
        .map(|(row, area)| {
            Ok(Area {
                code: parsed(&row.code)?,
                level: area.level,
                name: row.name,
                path: path.clone(),
                official: area.official,
                abolished_on: area.abolished_on,
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    Ok(AreaPage { items, next_cursor })
}

/// A row and those of the areas it lay in on a day, widest first.
fn chain(c: &mut DbConn, row: CodeRow, day: Day) -> AppResult<Vec<CodeRow>> {
    let mut chain = vec![row];
    while let Some(parent) = chain.last().and_then(|row| row.parent_id) {
        let above = codes_store::codes_on(c, vec![parent], day)?.remove(&parent);
        match above {
            Some(row) if chain.len() < 5 => chain.push(row),
            _ => break,
        }
    }
    chain.reverse();
    Ok(chain)
}

/// What an area was called, from a day until another.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaName {
    pub code: AreaCode,
    #[schema(value_type = Label, example = "建设街道")]
    pub name: String,
    /// The code that the area it lies in had last.
    pub parent: Option<AreaCode>,
    /// The edition that brought it, or in which a change did.
    #[schema(minimum = 2009, maximum = 2100, example = 2023)]
    pub edition: i64,
    /// An edition holds from the first of January of its year: the published files name no day.
    pub valid_from: Day,
    /// The day it was no more; null while it holds.
    pub valid_to: Option<Day>,
}

/// What became of an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaHistory {
    /// The area as it is now.
    pub area: Area,
    /// Its codes, names and parents, newest first.
    #[schema(max_items = 200)]
    pub names: Vec<AreaName>,
    /// Its changes and those into it, newest first.
    #[schema(max_items = 200)]
    pub changes: Vec<AreaChange>,
}

/// Rows of one history.
const MOST: i64 = 200;

/// Read an area's history
///
/// Of the area that has this code, or had it last: every code, name and parent, from when until when, and the changes
/// with their sources.
#[utoipa::path(tag = "areas", params(("code" = AreaCode, Path, description = "A code it has or had", example = "330402007")),
    responses((status = 200, description = "The history", body = AreaHistory)))]
#[get("/areas/{code}/history")]
pub async fn get_area_history(
    app: web::Data<App>,
    who: Who,
    code: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaRead)?;
    let code = AreaCode::parse(code.into_inner()).map_err(|_| AppError::not_found())?;
    let history = app.db.read(move |c| history(c, code.as_str())).await?;
    Ok(HttpResponse::Ok().json(history))
}

fn history(c: &mut DbConn, code: &str) -> AppResult<AreaHistory> {
    let row: AreaRow = match store::by_code(c, code)? {
        Some(row) => row,
        None => codes_store::last_holder(c, code)?.ok_or_else(AppError::not_found)?,
    };
    let rows = codes_store::history(c, row.id, MOST)?;
    let parents: Vec<Uid> = rows.iter().filter_map(|row| row.parent_id).collect();
    let codes = store::codes_of(c, parents)?;
    let names = rows
        .into_iter()
        .map(|row| {
            let parent = row.parent_id.and_then(|id| codes.get(&id));
            Ok(AreaName {
                code: parsed(&row.code)?,
                name: row.name,
                parent: parent.map(|code| parsed(code)).transpose()?,
                edition: row.edition,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    let wanted = Wanted {
        area: Some(row.id),
        ..Wanted::default()
    };
    let mut changes = changes_store::list(c, &wanted, None, MOST)?;
    changes.truncate(MOST as usize);
    let changes = show_changes(c, changes)?;
    let area = show(c, vec![row])?.pop().ok_or_else(AppError::not_found)?;
    Ok(AreaHistory {
        area,
        names,
        changes,
    })
}

/// An edition of the codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaEdition {
    /// Its year.
    #[schema(minimum = 2009, maximum = 2100, example = 2023)]
    pub edition: i64,
    /// Where its files came from.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"^[^\u0000-\u001F]+$",
        example = "files of divisions"
    )]
    pub source: String,
    /// From when its codes hold: the published files name no day.
    pub valid_from: Day,
}

/// The editions that were imported here.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaEditionList {
    /// Newest first.
    #[schema(max_items = 100)]
    pub items: Vec<AreaEdition>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the editions of area codes
///
/// Those whose files were imported here; no public one came after 2023.
#[utoipa::path(tag = "areas", responses((status = 200, description = "The editions", body = AreaEditionList)))]
#[get("/area-editions")]
pub async fn list_area_editions(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::AreaRead)?;
    let rows = app.db.read(|c| codes_store::editions(c, 100)).await?;
    let items = rows
        .into_iter()
        .map(|(edition, source)| AreaEdition {
            edition,
            source,
            valid_from: first_day(edition),
        })
        .collect();
    Ok(HttpResponse::Ok().json(AreaEditionList {
        items,
        next_cursor: None,
    }))
}
