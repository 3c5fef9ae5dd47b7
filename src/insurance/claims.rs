//! Claims: reported to the insurer, listed, read and amended. Their papers stand in `papers`, their steps in
//! `step_api` and `claim_events`.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::claim_store::{self as store, ClaimChange, Filter};
use super::claim_view::{Claim, ClaimSummary, show};
use super::machine::ClaimState;
use super::model::*;
use super::notes;
use super::policies::{key_of, product_of};
use super::steps::change;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Fen, Json, Uid, groups};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params, invalid};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Limit, Money, Note, not_null};
use crate::people::model::Purpose;
use crate::state::App;
use crate::sync;
use crate::{page_of, people};

/// A new claim: the insurer was told of an event (报案).
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = in_order))]
pub struct NewClaim {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    policy_id: Uid,
    /// One of the insured, whose consent to `insurance` stands.
    insured_person_id: Uid,
    claim_type: ClaimType,
    event_on: Day,
    /// The family knew of it.
    known_on: Day,
    /// The insurer was told.
    reported_on: Day,
    /// What the family claims, where it is a sum.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    claimed: Option<Money>,
    /// The insurer said what to bring.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    told_papers_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    description: Option<Note>,
}

fn in_order(k: &NewClaim) -> Result<(), validator::ValidationError> {
    if k.known_on < k.event_on {
        return Err(invalid("/known_on", Fault::BadOrder));
    }
    if k.reported_on < k.known_on {
        return Err(invalid("/reported_on", Fault::BadOrder));
    }
    if k.told_papers_on.is_some_and(|day| day < k.reported_on) {
        return Err(invalid("/told_papers_on", Fault::BadOrder));
    }
    if k.claimed.is_some_and(|sum| sum.0.0 == 0) {
        return Err(invalid("/claimed/amount", Fault::OutOfRange));
    }
    Ok(())
}

/// Stores a claim as reported, with the checklist of its product.
pub fn report(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, new: &NewClaim) -> AppResult<Uid> {
    who.may(Action::ClaimWrite)?;
    let no_such = |pointer: &str| AppError::field(pointer, Fault::NoSuchRecord);
    let today = Day(who.at.china_day());
    for (day, pointer) in [
        (Some(new.event_on), "/event_on"),
        (Some(new.known_on), "/known_on"),
        (Some(new.reported_on), "/reported_on"),
        (new.told_papers_on, "/told_papers_on"),
    ] {
        if day.is_some_and(|day| day > today) {
            return Err(AppError::field(pointer, Fault::InTheFuture));
        }
    }
    let policy = super::store::locked_policy(c, who, Action::ClaimWrite, new.policy_id).map_err(
        |e| match e {
            AppError::Problem(p) if p.code == Code::NotFound => no_such("/policy_id"),
            other => other,
        },
    )?;
    let insured = super::store::insured(c, &[policy.id])?;
    if !insured.iter().any(|i| i.person_id == new.insured_person_id) {
        return Err(no_such("/insured_person_id"));
    }
    let person = people::store::lock(c, new.insured_person_id)?.ok_or_else(AppError::not_found)?;
    let at = Some("/insured_person_id".to_owned());
    people::consents::require(c, &person, Purpose::Insurance, at)?;
    if new.event_on < policy.starts_on || new.event_on > policy.ends_on {
        return Err(AppError::field("/event_on", Fault::NotFitting));
    }
    let key = key_of(c, vault, policy.household_id)?;
    let product = product_of(c, &key, &policy)?;
    let Some(papers) = product.papers_for(new.claim_type) else {
        return Err(AppError::field("/claim_type", Fault::NotFitting));
    };
    let description = new.description.as_ref();
    let description = description.map(|d| key.seal("claims.description", id.0, d.as_str()));
    let claim = ClaimRow {
        id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        policy_id: policy.id,
        household_id: policy.household_id,
        insured_person_id: new.insured_person_id,
        county: policy.county,
        town: policy.town,
        village: policy.village,
        claim_type: new.claim_type,
        state: ClaimStateWord(ClaimState::Reported),
        event_on: new.event_on,
        known_on: new.known_on,
        reported_on: new.reported_on,
        last_on: new.reported_on,
        told_papers_on: new.told_papers_on,
        refusal_notice_on: None,
        claimed_amount: new.claimed.map(|m| m.0),
        approved_amount: None,
        description: description.transpose().map_err(AppError::internal)?,
        registered_by: who.user,
        // Whoever looks after the policy looks after its claims.
        assignee: policy.assignee.or(Some(policy.registered_by)),
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &claim)?;
    let first = EventRow {
        id: Uid::new(who.at),
        claim_id: id,
        number: 1,
        step: REPORT.to_owned(),
        from_state: None,
        to_state: claim.state,
        on_day: new.reported_on,
        facts: Json(EventFacts::default()),
        insurer_reference: None,
        reasons: None,
        late: Json(Vec::new()),
        by_user: who.user,
        at: who.at,
    };
    store::add_event(c, &first)?;
    let paper = |(position, kind): (i64, &PaperKind)| DocumentRow {
        claim_id: id,
        kind: *kind,
        position,
        required: true,
        requested_on: None,
        received_on: None,
        file_sha256: None,
        updated_by: who.user,
        updated_at: who.at,
    };
    let rows: Vec<_> = (0..).zip(papers).map(paper).collect();
    store::add_documents(c, &rows)?;
    let entry = Entry::new(Action::ClaimWrite, "claim", id, claim.place());
    audit::record(c, who, entry.because(REPORT))?;
    sync::record_change(c, change(who, &claim, 1))?;
    Ok(id)
}

pub(super) fn one(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid) -> AppResult<Claim> {
    let claim = store::visible(c, who, Action::ClaimRead, id)?;
    show(c, vault, who, claim)
}

/// Report a claim
///
/// The insurer was told of an event. The product's checklist of papers comes with it, and every clock that
/// the law names.
#[utoipa::path(tag = "insurance", request_body = NewClaim, responses((status = 201, description = "The claim", body = Claim)))]
#[post("/claims")]
pub async fn create_claim(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewClaim>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let once = key.bind(&app.vault, who.user, "create_claim", &body.raw);
    let id = body.value.id.unwrap_or_else(|| Uid::new(who.at));
    let (new, vault) = (body.value, app.vault.clone());
    let claim = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| report(c, &vault, &who, id, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            one(c, &vault, &who, id)
        })
        .await?;
    Ok(created("claims", &claim))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClaimQuery {
    /// In this state alone.
    #[param(inline, value_type = Option<ClaimStateWord>, example = "reported")]
    state: Option<ClaimStateWord>,
    /// On this policy alone.
    #[param(inline, value_type = Option<Uid>)]
    policy_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

page_of! {
    /// A page of claims.
    ClaimPage of ClaimSummary
}

/// List claims
///
/// Coordinators: those of their areas. Field members: those they reported or are assigned to. Of an insured who withdrew
/// their consent to `insurance` those alone that go on, for whoever looks after them: they may be ended.
#[utoipa::path(tag = "insurance", params(ClaimQuery), responses((status = 200, description = "A page of claims", body = ClaimPage)))]
#[get("/claims")]
pub async fn list_claims(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ClaimQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimRead)?;
    let filter = Filter {
        state: query.state,
        policy: query.policy_id,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_claims {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, caller) = (who.scope(Action::ClaimRead), who.user);
    let (rows, agreeing, payments) = app
        .db
        .read(move |c| {
            let rows = store::list(c, (&scope, caller), filter, page)?;
            let agreeing = store::agreeing(c, &rows)?;
            let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
            let payments = groups(store::payments(c, &ids)?, |p| p.claim_id);
            Ok((rows, agreeing, payments))
        })
        .await?;
    let show = |row: ClaimRow| {
        let agreed = agreeing.contains(&row.insured_person_id);
        let paid = payments.get(&row.id).map_or(0, |of_claim| paid(of_claim));
        Ok(ClaimSummary::of(row, agreed, paid))
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, show)?;
    Ok(HttpResponse::Ok().json(ClaimPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a claim
///
/// Where it stands, what is possible from there, what is missing, what was paid, and how the clocks stand
/// today.
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[get("/claims/{id}")]
pub async fn get_claim(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimRead)?;
    let id = path_id(id)?;
    let vault = app.vault.clone();
    let claim = app.db.read(move |c| one(c, &vault, &who, id)).await?;
    Ok(found(&req, &claim))
}

/// A change of a claim (JSON Merge Patch). Its state is changed by steps alone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": "摔伤，已报案。"}))]
pub struct ClaimPatch {
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    description: Option<Option<Note>>,
    /// What the family claims.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Money>)]
    claimed: Option<Option<Money>>,
    /// The insurer said what to bring.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Day>)]
    told_papers_on: Option<Option<Day>>,
    /// The insurer's notice of refusal, with its reasons, was sent.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Day>)]
    refusal_notice_on: Option<Option<Day>>,
    /// Why either of these days is late, as the insurer told it; kept where it is. Without it: `not_explained`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    late_reason: Option<LateReason>,
}

/// Work on a claim rests on the insured's consent: withdrawn, nothing is done but to end the claim.
pub fn consented(c: &mut DbConn, claim: &ClaimRow, purpose: Purpose) -> AppResult<()> {
    // Locked, so that consent is not withdrawn meanwhile.
    let person =
        people::store::lock(c, claim.insured_person_id)?.ok_or_else(AppError::not_found)?;
    people::consents::require(c, &person, purpose, None)
}

/// Applies a patch to a claim.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &ClaimPatch,
) -> AppResult<()> {
    let claim = store::locked(c, who, Action::ClaimWrite, id)?;
    if version.is_some_and(|v| v != claim.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    consented(c, &claim, Purpose::Insurance)?;
    let today = Day(who.at.china_day());
    for (day, pointer) in [
        (patch.told_papers_on.flatten(), "/told_papers_on"),
        (patch.refusal_notice_on.flatten(), "/refusal_notice_on"),
    ] {
        match day {
            Some(day) if day > today => return Err(AppError::field(pointer, Fault::InTheFuture)),
            Some(day) if day < claim.reported_on => {
                return Err(AppError::field(pointer, Fault::BadOrder));
            }
            _ => {}
        }
    }
    if patch.claimed.flatten().is_some_and(|sum| sum.0.0 == 0) {
        return Err(AppError::field("/claimed/amount", Fault::OutOfRange));
    }
    let description = match &patch.description {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(
            key_of(c, vault, claim.household_id)?
                .seal("claims.description", id.0, text.as_str())
                .map_err(AppError::internal)?,
        )),
    };
    let fields: Vec<&str> = [
        ("description", patch.description.is_some()),
        ("claimed", patch.claimed.is_some()),
        ("told_papers_on", patch.told_papers_on.is_some()),
        ("refusal_notice_on", patch.refusal_notice_on.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    let next = claim.version + 1;
    let amendment = ClaimChange {
        version: next,
        field_versions: sync::touch(&claim.field_versions, next, &fields),
        told_papers_on: patch.told_papers_on,
        refusal_notice_on: patch.refusal_notice_on,
        claimed_amount: patch.claimed.map(|m| m.map(|m| Fen(m.0.0))),
        description,
        updated_at: who.at,
        ..ClaimChange::default()
    };
    store::change(c, &claim, &amendment)?;
    notes::if_late(c, vault, who, &claim, &amendment, patch.late_reason)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ClaimWrite, "claim", id, claim.place())
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    sync::record_change(c, change(who, &claim, next))
}

/// Amend a claim
///
/// JSON Merge Patch with `If-Match`: what was noted beside the steps. State, decision and payments are
/// never set here.
#[utoipa::path(tag = "insurance", request_body = ClaimPatch, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim after the change", body = Claim)))]
#[patch("/claims/{id}")]
pub async fn update_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<ClaimPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let id = path_id(id)?;
    let (vault, patch) = (app.vault.clone(), body.value);
    let claim = app
        .db
        .write(move |c| {
            amend(c, &vault, &who, id, Some(version.0), &patch)?;
            one(c, &vault, &who, id)
        })
        .await?;
    Ok(changed(&claim))
}
