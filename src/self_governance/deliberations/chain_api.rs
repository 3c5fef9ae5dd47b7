//! What followed from a deliberation, over HTTP: the whole chain, in ids and states.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::decisions_store as decisions;
use super::model::*;
use super::store;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::self_governance::disclosures;
use crate::self_governance::disclosures::model::DisclosureSubject;
use crate::self_governance::implementations;
use crate::self_governance::implementations::model::{CheckFinding, ImplementationState};
use crate::state::App;

/// Links of one kind that a chain shows at most.
const MOST: i64 = 200;

/// How somebody found it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainCheck {
    pub check_id: Uid,
    pub finding: CheckFinding,
}

/// What was to be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainImplementation {
    pub implementation_id: Uid,
    pub state: ImplementationState,
    #[schema(max_items = 200)]
    pub checks: Vec<ChainCheck>,
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainDecision {
    pub decision_id: Uid,
    pub result: DecisionResult,
    #[schema(max_items = 200)]
    pub implementations: Vec<ChainImplementation>,
}

/// What of it was made public.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainDisclosure {
    pub disclosure_id: Uid,
    pub subject: DisclosureSubject,
    pub subject_id: Option<Uid>,
}

/// What followed from a deliberation. What was cancelled is not in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliberationChain {
    /// The charter under which it is held.
    pub charter_id: Option<Uid>,
    pub deliberation_id: Uid,
    pub state: DeliberationState,
    #[schema(max_items = 200)]
    pub decisions: Vec<ChainDecision>,
    /// Of the deliberation, of what was decided, done and found.
    #[schema(max_items = 200)]
    pub disclosures: Vec<ChainDisclosure>,
}

fn chain(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<DeliberationChain> {
    let deliberation = store::visible(c, who, Action::SelfGovernanceRead, id)?;
    let decided = decisions::of(c, id, MOST)?;
    let ids: Vec<Uid> = decided.iter().map(|row| row.id).collect();
    let done = implementations::store::of(c, &ids, MOST)?;
    let done_ids: Vec<Uid> = done.iter().map(|row| row.id).collect();
    let checks = implementations::checks_store::of(c, &done_ids, MOST)?;
    let check_ids: Vec<Uid> = checks.iter().map(|row| row.id).collect();
    let posted = disclosures::store::of_chain(c, id, (&ids, &done_ids, &check_ids), MOST)?;
    let implementation = |row: &implementations::model::ImplementationRow| ChainImplementation {
        implementation_id: row.id,
        state: row.state,
        checks: checks
            .iter()
            .filter(|check| check.implementation_id == row.id)
            .map(|check| ChainCheck {
                check_id: check.id,
                finding: check.finding,
            })
            .collect(),
    };
    let decision = |row: &DecisionRow| ChainDecision {
        decision_id: row.id,
        result: row.result,
        implementations: done
            .iter()
            .filter(|done| done.decision_id == row.id)
            .map(implementation)
            .collect(),
    };
    Ok(DeliberationChain {
        charter_id: deliberation.charter_id,
        deliberation_id: id,
        state: deliberation.state,
        decisions: decided.iter().map(decision).collect(),
        disclosures: posted
            .iter()
            .map(|row| ChainDisclosure {
                disclosure_id: row.id,
                subject: row.subject,
                subject_id: row.subject_id(),
            })
            .collect(),
    })
}

/// Follow a deliberation
///
/// From the charter over what was decided, done and found to what was made public: ids and states, each of which can
/// be read by itself.
#[utoipa::path(tag = "self-governance", params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 200, description = "What followed", body = DeliberationChain)))]
#[get("/self-governance/deliberations/{deliberation_id}/chain")]
pub async fn get_deliberation_chain(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let id = path_id(id)?;
    let found = app.db.read(move |c| chain(c, &who, id)).await?;
    Ok(HttpResponse::Ok().json(found))
}
