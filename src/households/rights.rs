//! The rights of a household's people: correcting what is known of them, and who saw it in clear.

use actix_web::{HttpResponse, patch, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::people::{locked, one, touched};
use super::people_api::two;
use super::view::{HouseholdPerson, show_person};
use super::{feed, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::json::Body;
use crate::http::precondition::{IfMatch, changed};
use crate::http::text::{Int, PersonName, PhoneNumber, not_null};
use crate::people::amend::{self, PersonPatch};
use crate::people::intake::{NewDocument, check_birth_year};
use crate::people::model::Sex;
use crate::people::reveal::{Reveal, Revealed};
use crate::residents;
use crate::state::App;

/// A change of one of a household's people (JSON Merge Patch): absent members stay, `null` empties
/// where that is allowed.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdPersonPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    name: Option<PersonName>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    sex: Option<Sex>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 1900, maximum = 2100, example = 1991)]
    birth_year: Option<Option<Int<1900, 2100>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PhoneNumber>)]
    phone: Option<Option<PhoneNumber>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<NewDocument>)]
    document: Option<Option<NewDocument>>,
}

impl HouseholdPersonPatch {
    pub(super) fn check(self, today: jiff::civil::Date) -> AppResult<PersonPatch> {
        check_birth_year(self.birth_year.flatten(), today)?;
        Ok(PersonPatch {
            name: self.name.map(PersonName::into_string),
            sex: self.sex,
            birth_year: self.birth_year.map(|y| y.map(|y| y.0)),
            phone: amend::phone(self.phone)?,
            document: amend::document(self.document, today)?,
            ..PersonPatch::default()
        })
    }
}

/// Applies a patch to one of a household's people; a resident among them has a new version too.
pub fn amend_person(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    household: Uid,
    person: Uid,
    version: Option<i64>,
    patch: &PersonPatch,
) -> AppResult<()> {
    let person = locked(c, who, Action::HouseholdWrite, household, person)?;
    if version.is_some_and(|v| v != person.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    let fields = patch.fields();
    amend::apply(c, vault, who, &person, patch)?;
    residents::feed::person_changed(c, who, &person, &fields)?;
    feed::person_changed(c, who, &person, person.version + 1)?;
    audit::record(
        c,
        who,
        Entry::new(Action::HouseholdWrite, "person", person.id, person.place())
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    let household = store::locked(c, who, Action::HouseholdWrite, household)?;
    touched(c, who, &household)
}

/// Amend one of a household's people
///
/// JSON Merge Patch with `If-Match`.
#[utoipa::path(tag = "households", request_body = HouseholdPersonPatch,
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "The person after the change", body = HouseholdPerson)))]
#[patch("/households/{id}/people/{person_id}")]
pub async fn update_household_person(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    version: IfMatch,
    body: Body<HouseholdPersonPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdWrite)?;
    let (household, person) = two(ids)?;
    let patch = body.value.check(who.at.china_day())?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    let (row, purposes) = app
        .db
        .write(move |c| {
            let version = Some(version.0);
            amend_person(c, &vault, &caller, household, person, version, &patch)?;
            one(c, &caller, household, person)
        })
        .await?;
    Ok(changed(&show_person(&app.vault, &who, row, &purposes)?))
}

/// Reveal one of a household's people
///
/// The identity fields in clear, for a reason that is kept in the audit with the caller and the time,
/// and that the person can see.
#[utoipa::path(tag = "households", request_body = Reveal,
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "The fields in clear", body = Revealed)))]
#[post("/households/{id}/people/{person_id}/reveal")]
pub async fn reveal_household_person(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdReveal)?;
    let (household, person) = two(ids)?;
    let reason = body.value.reason;
    // The audit entry is durable before the fields are opened.
    let row = app
        .db
        .write(move |c| {
            let person = locked(c, &who, Action::HouseholdReveal, household, person)?;
            let entry = Entry::new(Action::HouseholdReveal, "person", person.id, person.place());
            audit::record(c, &who, entry.because(reason.as_str()))?;
            Ok(person.into_row())
        })
        .await?;
    Ok(HttpResponse::Ok().json(Revealed::of(&app.vault, person, &row)?))
}
