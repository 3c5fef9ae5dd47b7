//! Policies of households: who is insured by what, each by their own consent.
//!
//! Which product a family has may say what befell it. So the product rests sealed, and only whoever
//! registered the policy or is assigned to it sees it; nobody else, in no list and no push.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::policy_view::{Policy, PolicyPage, show};
use super::rules::{self, Bar, Beside, Concluded, Same};
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Uid, groups};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params, invalid};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{InsurerReference, Int, Limit, ShortCode, UpTo, not_null};
use crate::people::consents::Birth;
use crate::people::model::Purpose;
use crate::state::App;
use crate::sync::{self, Change, Kind};
use crate::{households, people};

/// Somebody insured.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInsured {
    /// One of the household's people, with a consent to `insurance`.
    person_id: Uid,
    /// The insured agreed to the sum: needed where death is covered (Insurance Law 34).
    #[serde(default)]
    #[schema(default = false, example = true)]
    sum_agreed: bool,
}

/// Somebody who benefits.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBeneficiary {
    /// One of the household's people.
    person_id: Uid,
    /// Percent; all of them make 100.
    #[schema(value_type = i64, minimum = 1, maximum = 100, example = 100)]
    share: Int<1, 100>,
    /// The insured agreed to this beneficiary (Insurance Law 39).
    #[schema(example = true)]
    agreed_by_insured: bool,
}

/// A new policy of a household.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = fits))]
pub struct NewPolicy {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    household_id: Uid,
    product_id: Uid,
    /// Who concluded it: one of the household's people.
    holder_person_id: Uid,
    /// Who pays: one of the household's people.
    payer_person_id: Uid,
    #[schema(value_type = Vec<NewInsured>, min_items = 1, max_items = 20)]
    insured: UpTo<20, NewInsured>,
    /// None: as the law says.
    #[serde(default)]
    #[schema(value_type = Vec<NewBeneficiary>, max_items = 20)]
    beneficiaries: UpTo<20, NewBeneficiary>,
    /// Not before anybody insured was born.
    starts_on: Day,
    /// Within ten years; within eighty of a product for life.
    ends_on: Day,
    /// The insurer, by a code of your own.
    #[schema(example = "picc-life")]
    insurer_code: ShortCode,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    policy_number: Option<InsurerReference>,
}

fn fits(p: &NewPolicy) -> Result<(), validator::ValidationError> {
    let twice = |ids: Vec<Uid>| {
        let different: std::collections::HashSet<_> = ids.iter().collect();
        different.len() < ids.len()
    };
    if p.insured.0.is_empty() {
        return Err(invalid("/insured", Fault::TooShort));
    }
    if twice(p.insured.0.iter().map(|i| i.person_id).collect()) {
        return Err(invalid("/insured", Fault::Repeated));
    }
    if twice(p.beneficiaries.0.iter().map(|b| b.person_id).collect()) {
        return Err(invalid("/beneficiaries", Fault::Repeated));
    }
    if !rules::shared_out(p.beneficiaries.0.iter().map(|b| b.share.0)) {
        return Err(invalid("/beneficiaries", Fault::NotFitting));
    }
    if p.ends_on < p.starts_on {
        return Err(invalid("/ends_on", Fault::BadOrder));
    }
    Ok(())
}

/// The feed rows of a policy, for everybody who may see it.
pub fn change(who: &Who, policy: &PolicyRow) -> Change {
    Change::upsert(
        Kind::Policy,
        policy.id,
        policy.version,
        policy.place(),
        who.at,
    )
    .seen_by(policy.owners())
    .by_worker(who)
    .about_people()
}

/// The key that a household's policies and claims rest under.
pub fn key_of(c: &mut DbConn, vault: &Vault, household: Uid) -> AppResult<DataKey> {
    let wrapped = households::store::data_key(c, household)?;
    vault
        .open_data_key(household.0, &wrapped)
        .map_err(AppError::internal)
}

/// The keys of several households.
pub fn keys_of(
    c: &mut DbConn,
    vault: &Vault,
    households: impl Iterator<Item = Uid>,
) -> AppResult<HashMap<Uid, DataKey>> {
    let mut ids: Vec<Uid> = households.collect();
    ids.sort_unstable();
    ids.dedup();
    households::store::wrapped_keys(c, &ids)?
        .into_iter()
        .map(|(id, wrapped)| {
            let key = vault.open_data_key(id.0, &wrapped);
            Ok((id, key.map_err(AppError::internal)?))
        })
        .collect()
}

/// Which product a policy is of, opened.
pub fn product_id(key: &DataKey, policy: &PolicyRow) -> AppResult<Uid> {
    key.open("policies.product", policy.id.0, &policy.product)
        .map_err(AppError::internal)?
        .parse()
        .map_err(AppError::internal)
}

/// The insurer's number of a policy, opened.
pub fn number(key: &DataKey, policy: Uid, sealed: &[u8]) -> AppResult<String> {
    key.open("policies.policy_number", policy.0, sealed)
        .map_err(AppError::internal)
}

/// The product of a policy, opened.
pub fn product_of(c: &mut DbConn, key: &DataKey, policy: &PolicyRow) -> AppResult<ProductRow> {
    store::product(c, product_id(key, policy)?)?
        .ok_or_else(|| AppError::internal("a policy without a product"))
}

/// Refuses a cover that the household, whose lock is held, has already.
fn not_twice(
    c: &mut DbConn,
    key: &DataKey,
    household: Uid,
    product: &ProductRow,
    new: &NewPolicy,
) -> AppResult<()> {
    let known = store::of_households(c, &[household])?;
    let ids: Vec<Uid> = known.iter().map(|policy| policy.id).collect();
    let mut insured = groups(store::insured(c, &ids)?, |i| i.policy_id);
    let people: Vec<Uid> = new.insured.0.iter().map(|i| i.person_id).collect();
    let wanted = Beside {
        insurer_code: new.insurer_code.as_str(),
        number: new.policy_number.as_ref().map(|n| n.as_str()),
        product: product.id,
        period: (new.starts_on, new.ends_on),
        insured: &people,
    };
    for policy in &known {
        let sealed = policy.policy_number.as_deref();
        let its_number = sealed.map(|n| number(key, policy.id, n)).transpose()?;
        let of = insured.remove(&policy.id).unwrap_or_default();
        let of: Vec<Uid> = of.iter().map(|i| i.person_id).collect();
        let there = Beside {
            insurer_code: &policy.insurer_code,
            number: its_number.as_deref(),
            product: product_id(key, policy)?,
            period: (policy.starts_on, policy.ends_on),
            insured: &of,
        };
        let pointer = match rules::same_cover(there, wanted, product) {
            Some(Same::Number) => "/policy_number",
            Some(Same::Period) => "/starts_on",
            None => continue,
        };
        return Err(AppError::field(pointer, Fault::PolicyExists));
    }
    Ok(())
}

/// Stores a policy: every person of that household, every insured by a live consent.
pub fn conclude(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    new: &NewPolicy,
) -> AppResult<Uid> {
    who.may(Action::PolicyWrite)?;
    let no_such = |pointer: String| AppError::field(pointer, Fault::NoSuchRecord);
    let household = households::store::locked(c, who, Action::PolicyWrite, new.household_id)
        .map_err(|e| match e {
            AppError::Problem(p) if p.code == Code::NotFound => no_such("/household_id".into()),
            other => other,
        })?;
    let product =
        store::product(c, new.product_id)?.ok_or_else(|| no_such("/product_id".into()))?;
    let member = |c: &mut DbConn, person: Uid, pointer: String| {
        if people::store::belongs(c, person, household.id)? {
            Ok(())
        } else {
            Err(no_such(pointer))
        }
    };
    member(c, new.holder_person_id, "/holder_person_id".into())?;
    member(c, new.payer_person_id, "/payer_person_id".into())?;
    for (i, insured) in new.insured.0.iter().enumerate() {
        member(c, insured.person_id, format!("/insured/{i}/person_id"))?;
    }
    for (i, beneficiary) in new.beneficiaries.0.iter().enumerate() {
        let at = format!("/beneficiaries/{i}");
        member(c, beneficiary.person_id, format!("{at}/person_id"))?;
        if !beneficiary.agreed_by_insured {
            return Err(AppError::field(
                format!("{at}/agreed_by_insured"),
                Fault::NotFitting,
            ));
        }
    }
    for (i, insured) in new.insured.0.iter().enumerate() {
        // Locked, so that consent is not withdrawn meanwhile.
        let person = people::store::lock(c, insured.person_id)?.ok_or_else(AppError::not_found)?;
        let at = format!("/insured/{i}");
        people::consents::require(c, &person, Purpose::Insurance, Some(at.clone()))?;
        let birth = Birth {
            day: None,
            year: person.birth_year,
        };
        match rules::bar(&product, birth, insured.sum_agreed, new.starts_on) {
            None => {}
            Some(Bar::SumNotAgreed) => {
                return Err(AppError::field(format!("{at}/sum_agreed"), Fault::Required));
            }
            Some(Bar::Age) => {
                return Err(AppError::field(
                    format!("{at}/person_id"),
                    Fault::NotFitting,
                ));
            }
            Some(Bar::Unborn) => return Err(AppError::field("/starts_on", Fault::NotFitting)),
        }
    }
    if rules::lasts_too_long(&product, new.starts_on, new.ends_on) {
        return Err(AppError::field("/ends_on", Fault::OutOfRange));
    }
    let key = households::view::data_key(vault, &household)?;
    not_twice(c, &key, household.id, &product, new)?;
    let concluded = Concluded {
        id,
        household: &household,
        product: product.id,
        insurer_code: new.insurer_code.as_str(),
        policy_number: new.policy_number.as_ref().map(|n| n.as_str()),
        holder: new.holder_person_id,
        payer: new.payer_person_id,
        starts_on: new.starts_on,
        ends_on: new.ends_on,
        registered_by: who.user,
        at: who.at,
        insured: (new.insured.0.iter())
            .map(|one| (one.person_id, one.sum_agreed))
            .collect(),
        beneficiaries: (new.beneficiaries.0.iter())
            .map(|one| (one.person_id, one.share.0))
            .collect(),
    };
    let (row, insured, beneficiaries) = concluded.rows(&key)?;
    store::insert_policy(c, &row, &insured, &beneficiaries)?;
    audit::record(
        c,
        who,
        Entry::new(Action::PolicyWrite, "policy", id, row.place()),
    )?;
    sync::record_change(c, change(who, &row))?;
    Ok(id)
}

fn one(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid) -> AppResult<Policy> {
    let row = store::policy(c, who, Action::PolicyRead, id)?.into_row();
    let shown = show(c, vault, who, vec![row])?.pop();
    shown.ok_or_else(AppError::not_found)
}

/// Record a policy
///
/// Of one household: holder, payer, insured and beneficiaries are its people. Each insured needs a live
/// consent to `insurance` (`consent_required`, `consent_withdrawn`) and, where death is covered, agreed to the sum. A cover
/// that the household has already is refused (`policy_exists`), as an import of it is.
#[utoipa::path(tag = "insurance", request_body = NewPolicy, responses((status = 201, description = "The policy", body = Policy)))]
#[post("/policies")]
pub async fn create_policy(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewPolicy>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyWrite)?;
    let once = key.bind(&app.vault, who.user, "create_policy", &body.raw);
    let id = body.value.id.unwrap_or_else(|| Uid::new(who.at));
    let (new, vault) = (body.value, app.vault.clone());
    let policy = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| conclude(c, &vault, &who, id, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            one(c, &vault, &who, id)
        })
        .await?;
    Ok(created("policies", &policy))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyQuery {
    /// Of this household alone.
    #[param(inline, value_type = Option<Uid>)]
    household_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List policies
///
/// Coordinators: those of their areas, without the product. Field members: those they registered or are
/// assigned to.
#[utoipa::path(tag = "insurance", params(PolicyQuery), responses((status = 200, description = "A page of policies", body = PolicyPage)))]
#[get("/policies")]
pub async fn list_policies(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PolicyQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyRead)?;
    let household = query.household_id;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_policies {household:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::PolicyRead);
    let (vault, caller) = (app.vault.clone(), who.clone());
    let (items, next) = app
        .db
        .read(move |c| {
            let mut rows = store::list_policies(c, &scope, household, page)?;
            let more = rows.len() as i64 > page.limit;
            rows.truncate(usize::try_from(page.limit).unwrap_or_default());
            let last = rows.last().map(|r| r.id).filter(|_| more);
            Ok((show(c, &vault, &caller, rows)?, last))
        })
        .await?;
    Ok(HttpResponse::Ok().json(PolicyPage {
        items,
        next_cursor: next.map(|id| Cursor(bound.encode(id))),
    }))
}

/// Read a policy
///
/// Coordinators see it without the product and the insurer's number.
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The policy's id")),
    responses((status = 200, description = "The policy", body = Policy)))]
#[get("/policies/{id}")]
pub async fn get_policy(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyRead)?;
    let id = path_id(id)?;
    let vault = app.vault.clone();
    let policy = app.db.read(move |c| one(c, &vault, &who, id)).await?;
    Ok(found(&req, &policy))
}
