//! How a claim is shown: where it stands, what is possible, what is missing, and the insurer's clocks.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::claim_store as store;
use super::clock_view::ClaimClock;
use super::clocks;
use super::facts::facts;
use super::machine::{self, ClaimState, ClaimStep};
use super::model::*;
use super::policies::{keys_of, product_id};
use crate::auth::{Handle, Who};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Fen, Micros, Uid, groups};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{Money, Note};
use crate::residents::view::View;
use crate::workdays::calendar;

/// A claim in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimSummary {
    pub id: Uid,
    /// Grows with every step and change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub policy_id: Uid,
    pub household_id: Uid,
    pub insured_person_id: Uid,
    pub claim_type: ClaimType,
    pub state: ClaimStateWord,
    pub event_on: Day,
    /// The day of the newest step.
    pub last_step_on: Day,
    /// The steps possible from here: no closure while something of what was agreed on is left to be paid. Once the insured
    /// withdrew their consent, those that end the claim.
    #[schema(max_items = 16)]
    pub allowed_actions: Vec<ClaimStepWord>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub updated_at: Micros,
}

impl ClaimSummary {
    /// A claim whose insured agrees to that, or does no more, and of which so much was paid.
    pub fn of(r: ClaimRow, agreed: bool, paid: i64) -> ClaimSummary {
        let allowed_actions = allowed(&r, agreed, paid);
        ClaimSummary {
            id: r.id,
            version: r.version,
            policy_id: r.policy_id,
            household_id: r.household_id,
            insured_person_id: r.insured_person_id,
            claim_type: r.claim_type,
            state: r.state,
            event_on: r.event_on,
            last_step_on: r.last_on,
            allowed_actions,
            registered_by: r.registered_by,
            assignee: r.assignee,
            updated_at: r.updated_at,
        }
    }
}

/// A claim. `x-masked` fields are null when `view` is `masked`. Once the insured withdrew their consent to `insurance`
/// whoever looks after it sees it masked, without its papers, until it has ended; nobody else sees it, nor it after that.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claim {
    pub id: Uid,
    /// Grows with every step and change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub policy_id: Uid,
    pub household_id: Uid,
    pub insured_person_id: Uid,
    pub claim_type: ClaimType,
    pub state: ClaimStateWord,
    /// The steps possible from here. The insurer decides; they record what it did. Once the insured withdrew their
    /// consent, those alone that end the claim.
    #[schema(max_items = 16)]
    pub allowed_actions: Vec<ClaimStepWord>,
    pub event_on: Day,
    /// The family knew of the event.
    pub known_on: Day,
    /// The insurer was told of it (报案).
    pub reported_on: Day,
    /// The day of the newest step.
    pub last_step_on: Day,
    /// The insurer said what to bring.
    pub told_papers_on: Option<Day>,
    /// The insurer's notice of refusal, with its reasons, was sent.
    pub refusal_notice_on: Option<Day>,
    pub claimed: Option<Money>,
    /// What the insurer granted, in all.
    pub approved: Option<Money>,
    /// What it paid, advances included.
    pub paid: Money,
    #[schema(value_type = Option<Note>, extensions(("x-masked" = json!(true))))]
    pub description: Option<String>,
    /// The checklist.
    #[schema(max_items = 20)]
    pub documents: Vec<ClaimDocument>,
    /// Those of the checklist that are not there yet.
    #[schema(max_items = 20)]
    pub missing_papers: Vec<PaperKind>,
    #[schema(max_items = 1000)]
    pub payments: Vec<ClaimPayment>,
    #[schema(max_items = 9)]
    pub clocks: Vec<ClaimClock>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// Clocks move with the day, without a change of the record.
    #[serde(skip)]
    #[schema(ignore)]
    pub as_of: Day,
}

impl Tagged for Claim {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn etag(&self) -> String {
        let view = match self.view {
            View::Full => "f",
            View::Masked => "m",
        };
        format!("\"{}-{view}-{}\"", self.version, self.as_of)
    }
}

/// A paper of a claim's checklist.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimDocument {
    pub kind: PaperKind,
    /// The product's checklist wants it.
    #[schema(example = true)]
    pub required: bool,
    /// The insurer asked for it.
    pub requested_on: Option<Day>,
    /// It is there.
    pub received_on: Option<Day>,
    /// The file it is kept as.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = r"^[0-9a-f]+$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub file_sha256: Option<String>,
}

impl From<DocumentRow> for ClaimDocument {
    fn from(r: DocumentRow) -> Self {
        ClaimDocument {
            kind: r.kind,
            required: r.required,
            requested_on: r.requested_on,
            received_on: r.received_on,
            file_sha256: r.file_sha256,
        }
    }
}

/// A payment of the insurer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimPayment {
    pub id: Uid,
    pub kind: PaymentKind,
    pub amount: Money,
    pub paid_on: Day,
}

/// The steps possible where a claim stands and so much of it was paid; where the insured does not agree any more, those
/// that end it.
pub fn allowed(claim: &ClaimRow, agreed: bool, paid: i64) -> Vec<ClaimStepWord> {
    let owed = agreed && is_owed(claim, paid);
    let steps = machine::allowed(claim.state.0).into_iter();
    let steps = steps.filter(|step| agreed || machine::ends(*step));
    let steps = steps.filter(|step| !(owed && *step == ClaimStep::Closure));
    steps.map(ClaimStepWord).collect()
}

/// Whether something of the sum that was agreed on is left to be paid: nobody closes that over the family's head. It is
/// paid, or contested.
pub fn is_owed(claim: &ClaimRow, paid: i64) -> bool {
    claim.state.0 == ClaimState::Paid && claim.approved_amount.is_some_and(|sum| sum.0 > paid)
}

/// A claim as this caller may see it today.
pub fn show(c: &mut DbConn, vault: &Vault, who: &Who, claim: Handle<ClaimRow>) -> AppResult<Claim> {
    let shown = show_all(c, vault, who, vec![claim.into_row()])?.pop();
    shown.ok_or_else(AppError::not_found)
}

/// Claims that this caller may see, as they may see them today.
pub fn show_all(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    claims: Vec<ClaimRow>,
) -> AppResult<Vec<Claim>> {
    let ids: Vec<Uid> = claims.iter().map(|claim| claim.id).collect();
    let keys = keys_of(c, vault, claims.iter().map(|claim| claim.household_id))?;
    let covers = covers(c, &keys, &claims)?;
    let agreeing = store::agreeing(c, &claims)?;
    let mut events = groups(store::events(c, &ids)?, |e| e.claim_id);
    let mut documents = groups(store::documents(c, &ids)?, |d| d.claim_id);
    let mut payments = groups(store::payments(c, &ids)?, |p| p.claim_id);
    claims
        .into_iter()
        .map(|claim| {
            let agreed = agreeing.contains(&claim.insured_person_id);
            // To end it nobody needs its papers.
            let papers = documents.remove(&claim.id).filter(|_| agreed);
            let hung = Hung {
                agreed,
                events: events.remove(&claim.id).unwrap_or_default(),
                documents: papers.unwrap_or_default(),
                payments: payments.remove(&claim.id).unwrap_or_default(),
            };
            let key = keys.get(&claim.household_id);
            let product = covers.of(&claim);
            show_one(who, key.ok_or_else(keyless)?, product?, claim, hung)
        })
        .collect()
}

/// The clocks of these claims today, for whoever is reminded of them.
pub fn clocks_of(
    c: &mut DbConn,
    vault: &Vault,
    claims: &[ClaimRow],
    today: Day,
) -> AppResult<HashMap<Uid, Vec<clocks::Clock>>> {
    let ids: Vec<Uid> = claims.iter().map(|claim| claim.id).collect();
    let keys = keys_of(c, vault, claims.iter().map(|claim| claim.household_id))?;
    let covers = covers(c, &keys, claims)?;
    let events = groups(store::events(c, &ids)?, |e| e.claim_id);
    let payments = groups(store::payments(c, &ids)?, |p| p.claim_id);
    let of = |claim: &ClaimRow| {
        let events = events.get(&claim.id).map_or(&[][..], Vec::as_slice);
        let payments = payments.get(&claim.id).map_or(&[][..], Vec::as_slice);
        let facts = facts(claim, covers.of(claim)?, events, payments);
        Ok((claim.id, clocks::clocks(&facts, &calendar(), today.0)))
    };
    claims.iter().map(of).collect()
}

/// What the clocks of these claims knew by the end of a day, and where each claim stood then.
pub fn known_by(
    c: &mut DbConn,
    vault: &Vault,
    claims: &[ClaimRow],
    day: Day,
) -> AppResult<Vec<Known>> {
    let ids: Vec<Uid> = claims.iter().map(|claim| claim.id).collect();
    let keys = keys_of(c, vault, claims.iter().map(|claim| claim.household_id))?;
    let covers = covers(c, &keys, claims)?;
    let mut events = groups(store::events(c, &ids)?, |e| e.claim_id);
    let mut payments = groups(store::payments(c, &ids)?, |p| p.claim_id);
    let of = |claim: &ClaimRow| {
        let mut events = events.remove(&claim.id).unwrap_or_default();
        let mut payments = payments.remove(&claim.id).unwrap_or_default();
        events.retain(|e| e.on_day <= day);
        payments.retain(|p| p.paid_on <= day);
        let mut then = claim.clone();
        then.told_papers_on = claim.told_papers_on.filter(|on| *on <= day);
        then.refusal_notice_on = claim.refusal_notice_on.filter(|on| *on <= day);
        let facts = facts(&then, covers.of(claim)?, &events, &payments);
        then.state = events.last().map_or(then.state, |e| e.to_state);
        Ok(Known {
            clocks: clocks::clocks(&facts, &calendar(), day.0),
            claim: then,
            late: events.into_iter().flat_map(|e| e.late.0).collect(),
        })
    };
    claims.iter().map(of).collect()
}

/// A claim as it was known by the end of a day.
pub struct Known {
    pub claim: ClaimRow,
    pub clocks: Vec<clocks::Clock>,
    /// The clocks that steps until then came too late for, in earlier rounds, too.
    pub late: Vec<String>,
}

fn keyless() -> AppError {
    AppError::internal("a claim without a household's key")
}

/// The products that claims are made on.
struct Covers {
    /// By policy.
    product: HashMap<Uid, Uid>,
    rows: HashMap<Uid, ProductRow>,
}

fn covers(c: &mut DbConn, keys: &HashMap<Uid, DataKey>, claims: &[ClaimRow]) -> AppResult<Covers> {
    let mut product = HashMap::new();
    for policy in super::store::policies_of(c, claims)? {
        let key = keys.get(&policy.household_id).ok_or_else(keyless)?;
        product.insert(policy.id, product_id(key, &policy)?);
    }
    let mut ids: Vec<Uid> = product.values().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = super::store::products_among(c, &ids)?;
    Ok(Covers {
        product,
        rows: rows.into_iter().map(|row| (row.id, row)).collect(),
    })
}

impl Covers {
    fn of(&self, claim: &ClaimRow) -> AppResult<&ProductRow> {
        let product = self.product.get(&claim.policy_id);
        product
            .and_then(|id| self.rows.get(id))
            .ok_or_else(|| AppError::internal("a claim without a product"))
    }
}

/// What hangs on a claim.
struct Hung {
    /// The insured agrees to insurance now.
    agreed: bool,
    events: Vec<EventRow>,
    documents: Vec<DocumentRow>,
    payments: Vec<PaymentRow>,
}

fn show_one(
    who: &Who,
    key: &DataKey,
    product: &ProductRow,
    claim: ClaimRow,
    hung: Hung,
) -> AppResult<Claim> {
    let (documents, payments) = (hung.documents, hung.payments);
    let today = who.at.china_day();
    let facts = facts(&claim, product, &hung.events, &payments);
    let paid = paid(&payments);
    let allowed_actions = allowed(&claim, hung.agreed, paid);
    let clocks = clocks::clocks(&facts, &calendar(), today).into_iter();
    let full = who.owns(&claim) && hung.agreed;
    let description = match &claim.description {
        Some(sealed) if full => Some(
            key.open("claims.description", claim.id.0, sealed)
                .map_err(AppError::internal)?,
        ),
        _ => None,
    };
    Ok(Claim {
        id: claim.id,
        version: claim.version,
        view: if full { View::Full } else { View::Masked },
        policy_id: claim.policy_id,
        household_id: claim.household_id,
        insured_person_id: claim.insured_person_id,
        claim_type: claim.claim_type,
        state: claim.state,
        allowed_actions,
        event_on: claim.event_on,
        known_on: claim.known_on,
        reported_on: claim.reported_on,
        last_step_on: claim.last_on,
        told_papers_on: claim.told_papers_on,
        refusal_notice_on: claim.refusal_notice_on,
        claimed: claim.claimed_amount.map(Money),
        approved: claim.approved_amount.map(Money),
        paid: Money(Fen(paid)),
        description,
        missing_papers: documents
            .iter()
            .filter(|d| d.missing())
            .map(|d| d.kind)
            .collect(),
        documents: documents.into_iter().map(ClaimDocument::from).collect(),
        payments: payments
            .into_iter()
            .map(|p| ClaimPayment {
                id: p.id,
                kind: p.kind,
                amount: Money(p.amount),
                paid_on: p.paid_on,
            })
            .collect(),
        clocks: clocks.map(|c| ClaimClock::of(c, &hung.events)).collect(),
        registered_by: claim.registered_by,
        assignee: claim.assignee,
        created_at: claim.created_at,
        updated_at: claim.updated_at,
        as_of: Day(today),
    })
}
