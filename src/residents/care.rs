//! Looking somebody up, seeing what is masked, and giving a resident somebody to turn to.

use actix_web::{HttpResponse, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::model::ResidentRow;
use super::{feed, store};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, invalid};
use crate::http::precondition::changed;
use crate::http::text::{PhoneNumber, not_null};
use crate::people;
use crate::people::fields;
use crate::people::intake::NewDocument;
use crate::people::reveal::{Reveal, Revealed};
use crate::state::App;

/// Either the exact phone or the exact document.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = one_of_two))]
#[schema(example = json!({"phone": "13812345678"}))]
pub struct LookUp {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    phone: Option<PhoneNumber>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    document: Option<NewDocument>,
}

fn one_of_two(l: &LookUp) -> Result<(), validator::ValidationError> {
    match (&l.phone, &l.document) {
        (None, None) => Err(invalid("/phone", Fault::Required)),
        (Some(_), Some(_)) => Err(invalid("/document", Fault::NotFitting)),
        _ => Ok(()),
    }
}

/// What a look-up found in the caller's own area.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookUpAnswer {
    /// Somebody with it is registered in the caller's area. A field member then asks the coordinator to assign.
    #[schema(example = true)]
    pub known_in_area: bool,
    /// The records among them that the caller may read.
    #[schema(max_items = 50)]
    pub resident_ids: Vec<Uid>,
}

/// Look a resident up
///
/// By exact phone or document, in the caller's own area alone: what is known elsewhere is never told,
/// match or not. Every look-up is in the audit.
#[utoipa::path(tag = "residents", request_body = LookUp, responses((status = 200, description = "What is known", body = LookUpAnswer)))]
#[post("/residents/look-up")]
pub async fn look_up_resident(
    app: web::Data<App>,
    who: Who,
    body: Body<LookUp>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentLookUp)?;
    let today = who.at.china_day();
    let phone = body
        .value
        .phone
        .as_ref()
        .map(|p| fields::phone(p, "/phone"))
        .transpose()?;
    let phone = phone.map(|p| fields::phone_indexes(&app.vault, &p));
    let document = match &body.value.document {
        None => None,
        Some(d) => {
            let number = fields::document(d.kind, &d.number, today, "/document/number")?.number;
            Some(fields::document_indexes(&app.vault, d.kind, &number))
        }
    };
    let answer = app
        .db
        .write(move |c| {
            let areas = who.scope(Action::ResidentLookUp).shared();
            let (phone, document) = (phone.as_deref(), document.as_deref());
            let here = people::store::by_index(c, Some(&areas), phone, document)?;
            let mut resident_ids = Vec::new();
            let mut known_in_area = false;
            for person in &here {
                let Some(resident) = store::of_person(c, person.id)? else {
                    continue;
                };
                if !people::store::consenting(c, person.id, people::model::Purpose::Registration)? {
                    continue;
                }
                known_in_area = true;
                if who.can(Action::ResidentRead, &resident) {
                    resident_ids.push(resident.id);
                }
            }
            // One entry whatever was found: the audit, too, must not tell who lives where.
            let by = if phone.is_some() { "phone" } else { "document" };
            audit::record(
                c,
                &who,
                Entry::new(
                    Action::ResidentLookUp,
                    "look_up",
                    Uid::new(who.at),
                    Default::default(),
                )
                .because(by),
            )?;
            Ok(LookUpAnswer {
                known_in_area,
                resident_ids,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Reveal a resident
///
/// The identity fields in clear, for a reason that is kept in the audit with the caller and the time,
/// and that the person can see.
#[utoipa::path(tag = "residents", request_body = Reveal, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The fields in clear", body = Revealed)))]
#[post("/residents/{id}/reveal")]
pub async fn reveal_resident(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentReveal)?;
    let id = path_id(id)?;
    let reason = body.value.reason;
    // The audit entry is durable before the fields are opened.
    let person = app
        .db
        .write(move |c| {
            let (resident, person) = store::locked(c, &who, Action::ResidentReveal, id)?;
            let entry = Entry::new(
                Action::ResidentReveal,
                "resident",
                resident.id,
                resident.place(),
            );
            audit::record(c, &who, entry.because(reason.as_str()))?;
            Ok(person.into_row())
        })
        .await?;
    Ok(HttpResponse::Ok().json(Revealed::of(&app.vault, id, &person)?))
}

/// Who looks after a resident or a household from now on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignee {
    /// A field member of the record's area; null: nobody.
    pub assignee: Option<Uid>,
}

/// Gives a resident to a field member of the area, or to nobody.
pub(super) fn assign(c: &mut DbConn, who: &Who, id: Uid, assignee: Option<Uid>) -> AppResult<()> {
    let (resident, person) = store::locked(c, who, Action::ResidentAssign, id)?;
    if let Some(user) = assignee {
        let roles = [Role::FieldMember];
        if !crate::auth::store::holds(c, user, &roles, &resident.place(), who.at)? {
            return Err(AppError::field("/assignee", Fault::NoSuchRecord));
        }
    }
    if resident.assignee == assignee {
        return Ok(());
    }
    store::assign(c, &resident, assignee, who.at)?;
    people::store::assign(c, &person, assignee, who.at)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ResidentAssign, "resident", id, resident.place())
            .with(&serde_json::json!({ "assignee": assignee })),
    )?;
    let after = ResidentRow {
        version: resident.version + 1,
        assignee,
        ..ResidentRow::clone(&resident)
    };
    feed::shown_anew(c, who, &after)
}

/// Assign a resident
///
/// To a field member of the area, who then sees the resident in clear; the one before no longer does,
/// unless they registered them.
#[utoipa::path(tag = "residents", request_body = Assignee, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The resident", body = super::view::Resident)))]
#[put("/residents/{id}/assignee")]
pub async fn assign_resident(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Assignee>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentAssign)?;
    let id = path_id(id)?;
    let assignee = body.value.assignee;
    let caller = who.clone();
    app.db
        .write(move |c| assign(c, &caller, id, assignee))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
