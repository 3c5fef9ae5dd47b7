//! Finding a family that agrees, seeing what is masked, and the end of care, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::CareEnd;
use super::store;
use super::view::CareFamily;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::households::model::HouseholdRow;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{AreaCode, PersonName, PhoneNumber};
use crate::people::fields;
use crate::people::model::{PersonRow, Purpose};
use crate::people::reveal::{Reveal, RevealReason};
use crate::state::App;
use crate::{households, people};

/// The exact phone of somebody who agrees to be cared for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "13812345678"}))]
pub struct CareLookUp {
    phone: PhoneNumber,
}

/// A household that may be cared for.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareHousehold {
    pub household_id: Uid,
    pub area: AreaCode,
    /// The family that it is already.
    pub family_id: Option<Uid>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundCareHouseholds {
    #[schema(max_items = 50)]
    pub items: Vec<CareHousehold>,
}

/// Households of the caller's areas of which somebody with this phone agrees to be cared for.
fn look_up(
    c: &mut DbConn,
    who: &Who,
    indexes: &[Vec<u8>],
) -> AppResult<Vec<(HouseholdRow, Option<Uid>)>> {
    let found = people::store::by_index(c, None, Some(indexes), None)?;
    let ids: Vec<Uid> = found.iter().map(|p| p.id).collect();
    let agreed = people::store::agreed(c, &ids, Purpose::CareSupport)?;
    let agreeing = found.iter().filter(|p| agreed.contains(&p.id));
    let mut homes: Vec<Uid> = agreeing.filter_map(|p| p.household_id).collect();
    homes.sort_unstable();
    homes.dedup();
    // One entry whatever was found.
    let entry = Entry::new(
        Action::CareFamilyLookUp,
        "look_up",
        Uid::new(who.at),
        Default::default(),
    );
    audit::record(c, who, entry.because("phone"))?;
    let homes = households::store::among(c, who, Action::CareFamilyLookUp, &homes)?;
    let ids: Vec<Uid> = homes.iter().map(|h| h.id).collect();
    let known = store::of_households(c, &ids)?;
    let with = |home: HouseholdRow| {
        let family = known.iter().find(|(of, _)| *of == home.id);
        let family = family.map(|(_, id)| *id);
        (home, family)
    };
    Ok(homes.into_iter().map(with).collect())
}

/// Look up a family that agrees to care
///
/// By the exact phone of one of its people who agrees to `care_support`, in the caller's areas alone. Every look-up is
/// in the audit.
#[utoipa::path(tag = "care", request_body = CareLookUp, responses((status = 200, description = "What was found", body = FoundCareHouseholds)))]
#[post("/care-families/look-up")]
pub async fn look_up_care_family(
    app: web::Data<App>,
    who: Who,
    body: Body<CareLookUp>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyLookUp)?;
    let phone = fields::phone(&body.value.phone, "/phone")?;
    let indexes = fields::phone_indexes(&app.vault, &phone);
    let found = app.db.write(move |c| look_up(c, &who, &indexes)).await?;
    let item = |(home, family_id): (HouseholdRow, Option<Uid>)| {
        Ok(CareHousehold {
            household_id: home.id,
            area: AreaCode::stored(home.area_code)?,
            family_id,
        })
    };
    let items: AppResult<Vec<CareHousehold>> = found.into_iter().map(item).collect();
    Ok(HttpResponse::Ok().json(FoundCareHouseholds { items: items? }))
}

/// Somebody of a family, in clear. Show it, do not keep it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedCarePerson {
    pub name: PersonName,
    /// E.164.
    #[schema(
        min_length = 5,
        max_length = 20,
        pattern = r"^\+[0-9]+$",
        example = "+8613812345678"
    )]
    pub phone: Option<String>,
}

/// Those of a family's people who agree, in clear.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedCareFamily {
    pub id: Uid,
    #[schema(max_items = 50)]
    pub people: Vec<RevealedCarePerson>,
}

/// Whoever is shown in clear is noted before they are, each by themselves: it stands on their receipts.
fn reveal(c: &mut DbConn, who: &Who, id: Uid, why: RevealReason) -> AppResult<Vec<PersonRow>> {
    let family = store::visible(c, who, Action::CareFamilyReveal, id)?;
    let people = store::agreeing(c, &[family.home.id])?;
    for person in &people {
        let place = family.place();
        let entry = Entry::new(Action::CareFamilyReveal, "person", person.id, place);
        audit::record(c, who, entry.because(why.as_str()))?;
    }
    Ok(people)
}

fn shown(vault: &Vault, row: &PersonRow) -> AppResult<RevealedCarePerson> {
    let clear = fields::open(vault, row)?.1;
    Ok(RevealedCarePerson {
        name: PersonName::parse(clear.name)
            .map_err(|_| AppError::internal("a stored name is not one"))?,
        phone: clear.phone,
    })
}

/// Reveal a family in care
///
/// Names and phones of those who agree, for a reason that is kept in the audit with the caller and the time, and that
/// each of them can see.
#[utoipa::path(tag = "care", request_body = Reveal, params(("id" = Uid, Path, description = "The family's id")),
    responses((status = 200, description = "The people in clear", body = RevealedCareFamily)))]
#[post("/care-families/{id}/reveal")]
pub async fn reveal_care_family(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyReveal)?;
    let (id, reason) = (path_id(id)?, body.value.reason);
    let rows = app.db.write(move |c| reveal(c, &who, id, reason)).await?;
    let people = rows.iter().take(50).map(|row| shown(&app.vault, row));
    let people: AppResult<Vec<RevealedCarePerson>> = people.collect();
    Ok(HttpResponse::Ok().json(RevealedCareFamily {
        id,
        people: people?,
    }))
}

/// The end of a family's care.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ended_on": "2026-05-31", "reason": "own_wish"}))]
pub struct CareEnding {
    pub ended_on: Day,
    pub reason: CareEnd,
}

/// End a family's care
///
/// It is in the list of those whose care ended from then on.
#[utoipa::path(tag = "care", request_body = CareEnding, params(("id" = Uid, Path, description = "The family's id")),
    responses((status = 200, description = "The family", body = CareFamily)))]
#[post("/care-families/{id}/ending")]
pub async fn end_care_family(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<CareEnding>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::end(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
