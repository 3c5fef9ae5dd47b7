//! Whom a pull gave a record: who saw it, beside what the audit tells of those who revealed or changed it.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::{Action, Who};
use crate::db::types::Day;
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::Limit;
use crate::page_of;
use crate::state::App;
use crate::sync::disclosures::{self, Given};

/// Somebody was given a record on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Disclosure {
    pub record_id: Uid,
    /// The kind of record.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "resident"
    )]
    pub kind: String,
    /// Who was given it.
    pub user_id: Uid,
    /// The phone onto which it came; null for a session without one.
    pub device_id: Option<Uid>,
    /// The day, in China.
    pub day: Day,
    /// In full, or masked.
    #[schema(
        min_length = 1,
        max_length = 10,
        pattern = "^(full|masked)$",
        example = "masked"
    )]
    pub view: String,
    /// The first time on that day.
    pub at: Micros,
}

page_of! {
    /// A page of disclosures.
    DisclosurePage of Disclosure
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DisclosureQuery {
    /// The record; has to be named.
    #[param(value_type = String, required = true, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    record_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List whom a record was given
///
/// Every pull that brought a person's record onto a phone, once for each user, day and view, newest first: in full,
/// or masked. Read where the record was then. What was revealed or changed stands in `/v1/audit-entries`.
#[utoipa::path(tag = "audit", params(DisclosureQuery), responses((status = 200, description = "A page of disclosures", body = DisclosurePage)))]
#[get("/disclosures")]
pub async fn list_disclosures(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<DisclosureQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AuditRead)?;
    let Some(record) = query.record_id else {
        let mut problem = Problem::new(Code::MalformedQuery);
        let missing = FieldError::new("/record_id".to_owned(), Fault::Required);
        problem.errors.push(missing);
        return Err(AppError::Problem(Box::new(problem)));
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_disclosures {record}"),
    };
    let (limit, after) = bound.open_at(query.limit, query.cursor.as_deref())?;
    let after = after.as_deref().and_then(disclosures::Position::read);
    let scope = who.scope(Action::AuditRead);
    let mut given = app
        .db
        .read(move |c| disclosures::of(c, &scope, record, after, limit + 1))
        .await?;
    let more = given.len() as i64 > limit;
    given.truncate(limit as usize);
    let last = given.last().filter(|_| more).map(Given::position);
    Ok(HttpResponse::Ok().json(DisclosurePage {
        next_cursor: last.map(|last| Cursor(bound.encode_at(&last.bytes()))),
        items: given.into_iter().map(show).collect(),
    }))
}

fn show(given: Given) -> Disclosure {
    Disclosure {
        record_id: given.record_id,
        kind: given.kind,
        user_id: given.user_id,
        device_id: given.device_id,
        day: given.day,
        view: given.view,
        at: given.at,
    }
}
