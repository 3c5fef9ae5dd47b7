//! Departure (离开): the person left the area; their registration stays, without a present stay.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::model::*;
use super::{feed, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::not_null;
use crate::people::model::PersonRow;
use crate::state::App;
use crate::sync;

/// When somebody left, and why, as far as they said.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Departure {
    /// Not before the present stay began, not in the future.
    pub left_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub reason: Option<DepartureReason>,
}

/// Ends the present stay; the registration is kept as one of somebody who left.
pub fn depart(c: &mut DbConn, who: &Who, id: Uid, left: &Departure) -> AppResult<()> {
    let (resident, person) = store::locked(c, who, Action::ResidenceWrite, id)?;
    departed(c, who, &resident, &person, left)
}

/// The same of a resident who is locked, by whichever right.
pub fn departed(
    c: &mut DbConn,
    who: &Who,
    resident: &Handle<ResidentRow>,
    person: &Handle<PersonRow>,
    left: &Departure,
) -> AppResult<()> {
    let id = resident.id;
    if resident.state != ResidentState::Active {
        return Err(AppError::state_forbids(resident.state, ["residence"]));
    }
    if left.left_on.0 > who.at.china_day() {
        return Err(AppError::field("/left_on", Fault::InTheFuture));
    }
    if let Some(open) = store::open_episode(c, id)? {
        if left.left_on < open.from_day {
            return Err(AppError::field("/left_on", Fault::BadOrder));
        }
        store::end_episode(c, &open, left.left_on, left.reason, who.at)?;
        let stay = feed::stay(who, resident, open.id, open.version + 1);
        sync::record_change(c, stay.shown_anew())?;
    }
    store::depart(c, person, resident, who.at)?;
    let facts = serde_json::json!({ "what": "departed", "from": resident.state, "to": ResidentState::Left });
    let entry = Entry::new(Action::ResidenceWrite, "resident", id, resident.place()).with(&facts);
    let entry = match &left.reason {
        Some(reason) => entry.because(reason.as_str()),
        None => entry,
    };
    audit::record(c, who, entry)?;
    sync::record_change(c, feed::change(who, resident, resident.version + 1))
}

/// Record a departure
///
/// The resident left the area: the present stay ends on that day, and the resident is listed among those
/// who left. A new residence brings them back.
#[utoipa::path(tag = "residents", request_body = Departure, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The resident", body = super::view::Resident)))]
#[post("/residents/{id}/departure")]
pub async fn record_departure(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Departure>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidenceWrite)?;
    let id = path_id(id)?;
    let (caller, left) = (who.clone(), body.value);
    app.db.write(move |c| depart(c, &caller, id, &left)).await?;
    Ok(changed(&read(&app, &who, id).await?))
}
