//! Follow-ups that are overdue, over HTTP: whose they are, and for how long.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

use super::store;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Limit, PersonName};
use crate::state::App;
use crate::visits::model::FollowUpRow;
use crate::{areas, auth, page_of};

/// A follow-up that was to be done by now. What it is about is read in the follow-up itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverdueFollowUp {
    pub id: Uid,
    pub visit_id: Uid,
    /// One of `member_home_id` and `household_id` is set.
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub area: Option<AreaCode>,
    pub due_on: Day,
    #[schema(minimum = 1, maximum = 100_000, example = 4)]
    pub days_overdue: i64,
    /// The colleague whose it is.
    pub assignee: Uid,
    #[schema(value_type = Option<PersonName>)]
    pub assignee_name: Option<String>,
}

page_of! {
    /// A page of overdue follow-ups, in the order in which they were planned.
    OverdueFollowUpPage of OverdueFollowUp
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverdueFollowUpQuery {
    /// One area of the caller's; all of them without it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// The narrowest area that a follow-up is in.
fn area_of(row: &FollowUpRow) -> Uid {
    row.village.or(row.town).unwrap_or(row.county)
}

/// What hangs on the rows of a page.
struct Hung {
    codes: HashMap<Uid, String>,
    names: HashMap<Uid, Vec<u8>>,
}

fn show(vault: &Vault, today: Day, hung: &Hung, row: FollowUpRow) -> AppResult<OverdueFollowUp> {
    let code = hung.codes.get(&area_of(&row)).cloned();
    let name = hung.names.get(&row.assignee).map(|sealed| {
        let opened = vault.open_sealed("users.display_name", row.assignee.0, sealed);
        opened.map_err(AppError::internal)
    });
    let days = row.due_on.0.duration_until(today.0).as_hours() / 24;
    Ok(OverdueFollowUp {
        id: row.id,
        visit_id: row.visit_id,
        member_home_id: row.member_home_id,
        household_id: row.household_id,
        area: code.map(AreaCode::stored).transpose()?,
        due_on: row.due_on,
        days_overdue: days,
        assignee: row.assignee,
        assignee_name: name.transpose()?,
    })
}

/// List overdue follow-ups
///
/// Open ones past their day, at member homes and of households of which somebody agrees to be come back to, with
/// the colleague whose they are.
#[utoipa::path(tag = "supervision", params(OverdueFollowUpQuery), responses((status = 200, description = "A page of overdue follow-ups", body = OverdueFollowUpPage)))]
#[get("/supervision/follow-ups")]
pub async fn list_overdue_follow_ups(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<OverdueFollowUpQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SupervisionRead)?;
    let (area, today) = (asked.area, Day(who.at.china_day()));
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_overdue_follow_ups {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (rows, hung) = app
        .db
        .read(move |c| {
            let scope = super::within(c, &who, area.as_ref())?;
            let rows = store::overdue(c, &scope, today, page)?;
            let codes = areas::store::codes_of(c, rows.iter().map(area_of).collect())?;
            let users = rows.iter().map(|row| row.assignee).collect();
            let names = auth::store::display_names(c, users)?;
            Ok((rows, Hung { codes, names }))
        })
        .await?;
    let render = |row| show(&app.vault, today, &hung, row);
    let (items, next) = bound.finish(page, rows, |row| row.id, render)?;
    Ok(HttpResponse::Ok().json(OverdueFollowUpPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
