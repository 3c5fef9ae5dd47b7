//! What a campaign reached and came to, over HTTP; and, for whoever must follow up, whom.

use actix_web::{HttpResponse, get, web};

use super::results_view::*;
use super::{by_code, lifecycle, results, results_store as store};
use crate::areas;
use crate::auth::{self, Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Code};
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::AreaCode;
use crate::people::masks;
use crate::state::App;

/// Read a campaign's results
///
/// How many people it reached: targeted, without a push, held back, accepted by a provider, displayed, opened,
/// done; and what its activities came to; in all and by area, with the same festival's year before beside them.
/// Areas come a page at a time.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id"), ResultsQuery),
    responses((status = 200, description = "The results", body = CampaignResults)))]
#[get("/campaigns/{id}/results")]
pub async fn get_campaign_results(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<ResultsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let id = path_id(id)?;
    let level = query.level.unwrap_or(ResultLevel::Village);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("get_campaign_results {id} {level}"),
    };
    let page = by_code::open(&bound, query.limit, query.cursor.as_deref())?;
    let (mut results, next) = app
        .db
        .read(move |c| {
            let campaign = lifecycle::read(c, &who, id)?;
            results::of(c, campaign.id, level, page)
        })
        .await?;
    results.next_cursor = next.map(|last| Cursor(bound.encode(last)));
    Ok(HttpResponse::Ok().json(results))
}

/// List a campaign's receivers
///
/// Whom it told and how far each came, by masked names: for the organiser who planned it and has to follow up,
/// and for nobody else.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id"), ReceiverQuery),
    responses((status = 200, description = "A page of receivers", body = CampaignReceiverPage)))]
#[get("/campaigns/{id}/receivers")]
pub async fn list_campaign_receivers(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<ReceiverQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let id = path_id(id)?;
    let acknowledged = query.acknowledged;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_campaign_receivers {id} {acknowledged:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let caller = who.clone();
    let (rows, names, codes) = app
        .db
        .read(move |c| {
            let campaign = lifecycle::read(c, &caller, id)?;
            if campaign.created_by != caller.user {
                return Err(AppError::of(Code::ForbiddenAction));
            }
            let rows = store::receivers(c, id, acknowledged, page.after, page.limit + 1)?;
            let users = rows.iter().map(|row| row.user_id).collect();
            let names = auth::store::display_names(c, users)?;
            let codes = areas::store::codes_of(c, rows.iter().filter_map(|r| r.area).collect())?;
            Ok((rows, names, codes))
        })
        .await?;
    let show = |row: store::Receiver| {
        let sealed = names.get(&row.user_id).ok_or_else(AppError::not_found)?;
        let name = app
            .vault
            .open_sealed("users.display_name", row.user_id.0, sealed)
            .map_err(AppError::internal)?;
        let code = row.area.and_then(|id| codes.get(&id));
        Ok(CampaignReceiver {
            user_id: row.user_id,
            display_name: masks::name(&name),
            area: code.and_then(|code| AreaCode::parse(code.as_str()).ok()),
            with_push: row.devices > 0,
            displayed: row.displayed == 1,
            opened: row.opened == 1,
            done: row.done == 1,
            acknowledged: row.acknowledged == 1,
        })
    };
    let (items, next) = bound.finish(page, rows, |r| r.user_id, show)?;
    Ok(HttpResponse::Ok().json(CampaignReceiverPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
