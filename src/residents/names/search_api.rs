//! Searching residents by name over HTTP: for coordinators, in their own area, audited.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::matching::Wanted;
use super::search;
use crate::areas;
use crate::audit::{self, Entry};
use crate::auth::rights::Scope;
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json::Body;
use crate::http::text::{AreaCode, PersonName, not_null};
use crate::residents::store;
use crate::residents::view::{Resident, show};
use crate::state::App;
use crate::sync::sources::At;

/// Whom to look for, and where.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameSearch {
    /// At least one Chinese character, or two letters: of the name itself, or of how it is read, whole, begun or by
    /// first letters (`zhangwei`, `zhang w`, `zw`).
    pub name: PersonName,
    /// An area inside the caller's; all of the caller's areas without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub area: Option<AreaCode>,
}

/// Residents found by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundResidents {
    /// Masked, those whose name fits best first.
    #[schema(max_items = 50)]
    pub items: Vec<Resident>,
    /// More fit than are answered: type more of the name.
    #[schema(example = false)]
    pub more: bool,
}

/// Residents of one answer.
const ANSWERED: usize = 50;
/// Looked up for it: some may have withdrawn or moved since their names were opened.
const LOOKED_UP: usize = 200;

/// Search residents by name
///
/// For coordinators, among the residents of their own area and nobody else's; in characters or in pinyin. Answers
/// are masked as ever. At most 50,000 names are searched: a wider area is refused, and `area` narrows it. Every
/// search is in the audit, without what was typed.
#[utoipa::path(tag = "residents", request_body = NameSearch, responses((status = 200, description = "Who was found", body = FoundResidents)))]
#[post("/residents/search")]
pub async fn search_residents(
    app: web::Data<App>,
    who: Who,
    body: Body<NameSearch>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentSearch)?;
    let NameSearch { name, area } = body.value;
    let wanted =
        Wanted::of(name.as_str()).ok_or_else(|| AppError::field("/name", Fault::TooShort))?;
    let caller = who.clone();
    // The audit entry is durable before a name is opened.
    let areas = app
        .db
        .write(move |c| {
            let (areas, place) = areas_of(c, &caller, area.as_ref())?;
            let entry = Entry::new(Action::ResidentSearch, "search", Uid::new(caller.at), place);
            audit::record(c, &caller, entry.because("name"))?;
            Ok(areas)
        })
        .await?;
    let (found, _) = search(&app, &areas, wanted).await?;
    let some: Vec<Uid> = found.iter().copied().take(LOOKED_UP).collect();
    let caller = who.clone();
    let rows = app
        .db
        .read(move |c| store::among(c, &caller, Action::ResidentSearch, &some))
        .await?;
    let mut rows: Vec<_> = rows.into_iter().map(|row| (row.0.id, row)).collect();
    let rank = |id: Uid| found.iter().position(|one| *one == id);
    rows.sort_by_key(|(id, _)| rank(*id));
    let more = rows.len() > ANSWERED || found.len() > LOOKED_UP;
    let items: AppResult<Vec<Resident>> = rows
        .into_iter()
        .take(ANSWERED)
        .map(|(_, (resident, person))| show(&app.vault, &who, resident, person))
        .collect();
    Ok(HttpResponse::Ok().json(FoundResidents {
        items: items?,
        more,
    }))
}

/// The areas to search, and where the audit notes it.
fn areas_of(c: &mut DbConn, who: &Who, area: Option<&AreaCode>) -> AppResult<(Vec<At>, Place)> {
    let Some(code) = area else {
        let scope: Scope = who.scope(Action::ResidentSearch);
        let counties = scope.counties.iter().copied().map(At::County);
        let towns = scope.towns.iter().copied().map(At::Town);
        let villages = scope.villages.iter().copied().map(At::Village);
        return Ok((
            counties.chain(towns).chain(villages).collect(),
            Place::default(),
        ));
    };
    let area = areas::store::today_of(c, code.as_str())?
        .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
    let place = area.place();
    if !who.may_at(Action::ResidentSearch, &place) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    let at = match place {
        Place {
            village: Some(id), ..
        } => At::Village(id),
        Place { town: Some(id), .. } => At::Town(id),
        Place {
            county: Some(id), ..
        } => At::County(id),
        _ => return Err(AppError::field("/area", Fault::NotFitting)),
    };
    Ok((vec![at], place))
}
