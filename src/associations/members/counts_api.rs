//! Counts of members over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::counts::{self, OfArea};
use super::counts_store as store;
use crate::associations::store as associations;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit};
use crate::state::App;
use crate::statistics::query::{self, PartLevel};

/// How many members an association has.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssociationMembers {
    pub association_id: Uid,
    /// The day for which they were counted.
    pub on: Day,
    /// Its own.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 240)]
    pub members: u64,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 71)]
    pub backbone: u64,
    /// With those of whatever stands under it, each person once.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 5200)]
    pub members_with_parts: u64,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 1503)]
    pub backbone_with_parts: u64,
}

/// Count an association's members
///
/// Exactly, for its own officers, who see the list of them.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The counts", body = AssociationMembers)))]
#[get("/associations/{id}/member-counts")]
pub async fn get_association_members(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberRead)?;
    let (id, today) = (path_id(id)?, Day(who.at.china_day()));
    let (own, all) = app
        .db
        .read(move |c| {
            let association = associations::visible(c, &who, Action::MemberRead, id)?;
            let own = store::own(c, &association)?;
            Ok((own, store::with_parts(c, &association)?))
        })
        .await?;
    Ok(HttpResponse::Ok().json(AssociationMembers {
        association_id: id,
        on: today,
        members: own.0,
        backbone: own.1,
        members_with_parts: all.0,
        backbone_with_parts: all.1,
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// The level of the rows: one or two below the area, else `not_fitting`. The one next below without it.
    #[param(inline, value_type = Option<PartLevel>, example = "town")]
    by: Option<PartLevel>,
    /// How many rows at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// The members of an area. Null is hidden: fewer than 5 of either kind, or what fewer would follow from; it may be
/// none.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembersOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 5200)]
    pub members: Option<u64>,
    /// Of these, those of the backbone.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 1503)]
    pub backbone: Option<u64>,
}

/// Members by area.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberStatistics {
    /// The day for which they were counted.
    pub on: Day,
    pub total: MembersOfArea,
    /// The areas in it, in the order of their codes.
    #[schema(max_items = 200)]
    pub rows: Vec<MembersOfArea>,
    pub next_cursor: Option<Cursor>,
}

fn show(of: OfArea) -> AppResult<MembersOfArea> {
    Ok(MembersOfArea {
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
        members: of.members,
        backbone: of.backbone,
    })
}

/// Count members by area
///
/// Of an area and the areas in it, today, each person once, by where their association stands. Small counts are
/// hidden, and so much beside them that they follow from nothing that is shown.
#[utoipa::path(tag = "associations", params(MemberStatisticsQuery), responses((status = 200, description = "The counts", body = MemberStatistics)))]
#[get("/member-statistics")]
pub async fn get_member_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<MemberStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberCount)?;
    let today = Day(who.at.china_day());
    let (area, by) = (asked.area, asked.by);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "get_member_statistics {by:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let vault = app.vault.clone();
    let mut found = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::MemberCount, &area)?;
            let level = query::level(&area, by)?;
            counts::of(c, &vault, area, level, page)
        })
        .await?;
    let rows = std::mem::take(&mut found.rows);
    let row = |area| show(found.of(area));
    let (rows, next) = bound.finish(page, rows, |row| row.id, row)?;
    Ok(HttpResponse::Ok().json(MemberStatistics {
        on: today,
        rows,
        next_cursor: next.map(Cursor),
        total: show(found.whole)?,
    }))
}
