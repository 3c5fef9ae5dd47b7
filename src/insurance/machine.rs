//! What may happen to a claim, and when.
//!
//! The insurer decides. These steps record its dated decisions and what the family does; none of
//! them is our own judgement. Everything here is read from one list, [`TABLE`]; what is not in it
//! is refused with the state and with what is allowed instead. Numbers in brackets are articles of
//! the Insurance Law (2015).
//!
//! ```text
//! reported → accepted ⇄ documents_requested
//!               ↓                ↓
//!            under_review  ⇄  investigation
//!               ↓                ↓
//!      approved | partly_approved | refused  → (refused) closed
//!               ↓
//!            agreed → paid → closed
//! withdrawn: by the family, until it has agreed to a result
//! disputed:  from every state after the report but withdrawn → under_review | closed
//! ```

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimState {
    /// 报案: the insurer was told of the event.
    Reported,
    /// 受理: the insurer took the claim in.
    Accepted,
    /// 补充材料: the insurer asked for papers that are missing.
    DocumentsRequested,
    /// 核定: the insurer examines whether and what it owes.
    UnderReview,
    /// 调查: the insurer looks into the event itself.
    Investigation,
    /// Determined: all that was claimed is owed.
    Approved,
    /// Determined: a part is owed, the rest is refused.
    PartlyApproved,
    /// Determined: nothing is owed.
    Refused,
    /// Family and insurer agreed on the sum; the time for paying runs.
    Agreed,
    /// Something was paid on the agreement; more may follow.
    Paid,
    /// The end, unless the family contests it after all.
    Closed,
    /// The end, by the family's own will; a new claim may be made within the limitation (26).
    Withdrawn,
    /// With the insurer's complaint desk, the regulator, a mediator, an arbitrator or a court.
    Disputed,
}

/// What the insurer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// All that was claimed.
    Approved,
    /// A part of it.
    PartlyApproved,
    /// Nothing of it.
    Refused,
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisputeOutcome {
    /// The insurer has to look again, or was told what to decide.
    BackToReview,
    /// It stays as it was.
    Closed,
}

/// What happens to a claim. In paths the words are joined by hyphens, and the decision or outcome is
/// in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimStep {
    /// The insurer takes the claim in.
    Acceptance,
    /// The insurer asks for missing papers (22).
    DocumentRequest,
    /// All papers asked for have reached the insurer.
    DocumentsCompletion,
    /// The insurer begins, or goes on with, its examination.
    Review,
    /// The insurer investigates the event.
    Investigation,
    /// The insurer's decision (23, 24).
    Determination(Decision),
    /// Family and insurer agree on the result (23).
    Agreement,
    /// A payment on the agreement.
    Payment,
    /// A payment of what is certain before the whole is (25); the state stays.
    AdvancePayment,
    /// Nothing is left to do.
    Closure,
    /// The family takes its claim back.
    Withdrawal,
    /// The family contests what the insurer did or failed to do.
    Dispute,
    /// The dispute has an end.
    DisputeOutcome(DisputeOutcome),
}

use ClaimState as S;
use ClaimStep as T;

const APPROVED: ClaimStep = T::Determination(Decision::Approved);
const PARTLY: ClaimStep = T::Determination(Decision::PartlyApproved);
const REFUSED: ClaimStep = T::Determination(Decision::Refused);

/// Every change there is: from, step, to. A pair of state and step occurs once.
pub const TABLE: &[(ClaimState, ClaimStep, ClaimState)] = &[
    // The report is only a notice (21); the claim itself has to be taken in.
    (S::Reported, T::Acceptance, S::Accepted),
    // No claim handed in after all.
    (S::Reported, T::Withdrawal, S::Withdrawn),
    // The insurer does not take the claim in.
    (S::Reported, T::Dispute, S::Disputed),
    // Papers are missing: to be said promptly and all at once (22).
    (S::Accepted, T::DocumentRequest, S::DocumentsRequested),
    // The papers suffice (23).
    (S::Accepted, T::Review, S::UnderReview),
    // Sixty days after claim and proofs what is certain is due, whatever the insurer still does (25).
    (S::Accepted, T::AdvancePayment, S::Accepted),
    (S::Accepted, T::Withdrawal, S::Withdrawn),
    // Nothing happens: deciding promptly is owed (23).
    (S::Accepted, T::Dispute, S::Disputed),
    // Back to where it was, so that another request is possible, if not lawful, and is on record.
    (S::DocumentsRequested, T::DocumentsCompletion, S::Accepted),
    // The insurer goes on without a paper that cannot be had; the claim must not be stuck for it.
    (S::DocumentsRequested, T::Review, S::UnderReview),
    // The 60 days never pause (25).
    (
        S::DocumentsRequested,
        T::AdvancePayment,
        S::DocumentsRequested,
    ),
    (S::DocumentsRequested, T::Withdrawal, S::Withdrawn),
    // Papers that cannot be had, or that the contract does not ask for (22).
    (S::DocumentsRequested, T::Dispute, S::Disputed),
    // What is missing often shows only on examining; late, but it has to be recorded (22).
    (S::UnderReview, T::DocumentRequest, S::DocumentsRequested),
    // Cause, extent or truth of the event is in doubt.
    (S::UnderReview, T::Investigation, S::Investigation),
    // The three results (23, 24).
    (S::UnderReview, APPROVED, S::Approved),
    (S::UnderReview, PARTLY, S::PartlyApproved),
    (S::UnderReview, REFUSED, S::Refused),
    (S::UnderReview, T::AdvancePayment, S::UnderReview),
    (S::UnderReview, T::Withdrawal, S::Withdrawn),
    // Not decided in time (23).
    (S::UnderReview, T::Dispute, S::Disputed),
    // Findings are in, the examination goes on.
    (S::Investigation, T::Review, S::UnderReview),
    // Or they settle it.
    (S::Investigation, APPROVED, S::Approved),
    (S::Investigation, PARTLY, S::PartlyApproved),
    (S::Investigation, REFUSED, S::Refused),
    (S::Investigation, T::AdvancePayment, S::Investigation),
    (S::Investigation, T::Withdrawal, S::Withdrawn),
    (S::Investigation, T::Dispute, S::Disputed),
    // The ten days for paying begin with the agreement, not with the decision (23).
    (S::Approved, T::Agreement, S::Agreed),
    (S::Approved, T::Withdrawal, S::Withdrawn),
    // The sum is contested.
    (S::Approved, T::Dispute, S::Disputed),
    // Agreeing on the approved part does not give up the rest; see paid → disputed.
    (S::PartlyApproved, T::Agreement, S::Agreed),
    (S::PartlyApproved, T::Withdrawal, S::Withdrawn),
    // The refused part, with the reasons that had to be given (24).
    (S::PartlyApproved, T::Dispute, S::Disputed),
    // The family lets it rest.
    (S::Refused, T::Closure, S::Closed),
    (S::Refused, T::Dispute, S::Disputed),
    // Where advances cover the whole sum, the settling payment is the difference of zero (25):
    // closing an agreed claim always leads through paid.
    (S::Agreed, T::Payment, S::Paid),
    // Not paid in time: damages are owed as well (23).
    (S::Agreed, T::Dispute, S::Disputed),
    // By instalments, or day rates month by month.
    (S::Paid, T::Payment, S::Paid),
    (S::Paid, T::Closure, S::Closed),
    // Less than agreed, or the refused part of a partial approval.
    (S::Paid, T::Dispute, S::Disputed),
    // What nobody contests is to be paid meanwhile (25).
    (S::Disputed, T::AdvancePayment, S::Disputed),
    // Won or settled: the insurer decides anew, so that clocks and notices run as for any decision.
    (
        S::Disputed,
        T::DisputeOutcome(DisputeOutcome::BackToReview),
        S::UnderReview,
    ),
    // Lost, or given up.
    (
        S::Disputed,
        T::DisputeOutcome(DisputeOutcome::Closed),
        S::Closed,
    ),
    // Whoever let it rest may think otherwise while the limitation runs, and appeal against what ended a dispute (26).
    (S::Closed, T::Dispute, S::Disputed),
];

/// The step is not allowed where the claim stands.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a claim that is {state} takes no {step}; allowed: {}", join(.allowed))]
pub struct Refused {
    /// Where the claim stands.
    pub state: ClaimState,
    /// What was tried.
    pub step: ClaimStep,
    /// What is possible instead, in the order of [`TABLE`]; empty at the end.
    pub allowed: Vec<ClaimStep>,
}

fn join(steps: &[ClaimStep]) -> String {
    let names: Vec<_> = steps.iter().map(|step| step.as_str()).collect();
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

/// Whether a step leads a claim to its end and begins nothing: it needs no consent. An agreed claim ends by being paid
/// alone, a disputed one by the end of its dispute.
pub const fn ends(step: ClaimStep) -> bool {
    matches!(
        step,
        T::Withdrawal | T::Payment | T::Closure | T::DisputeOutcome(DisputeOutcome::Closed)
    )
}

/// The state after `step`.
///
/// # Errors
/// [`Refused`] where [`TABLE`] has no such row.
pub fn apply(state: ClaimState, step: ClaimStep) -> Result<ClaimState, Refused> {
    let row = TABLE.iter().find(|row| row.0 == state && row.1 == step);
    row.map(|row| row.2).ok_or_else(|| Refused {
        state,
        step,
        allowed: allowed(state),
    })
}

/// The steps possible in `state`, in the order of [`TABLE`].
pub fn allowed(state: ClaimState) -> Vec<ClaimStep> {
    let rows = TABLE.iter().filter(|row| row.0 == state);
    rows.map(|row| row.1).collect()
}

impl ClaimState {
    /// Every state, in the usual order.
    pub const ALL: [ClaimState; 13] = [
        S::Reported,
        S::Accepted,
        S::DocumentsRequested,
        S::UnderReview,
        S::Investigation,
        S::Approved,
        S::PartlyApproved,
        S::Refused,
        S::Agreed,
        S::Paid,
        S::Closed,
        S::Withdrawn,
        S::Disputed,
    ];

    /// The name in the API and the database; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            S::Reported => "reported",
            S::Accepted => "accepted",
            S::DocumentsRequested => "documents_requested",
            S::UnderReview => "under_review",
            S::Investigation => "investigation",
            S::Approved => "approved",
            S::PartlyApproved => "partly_approved",
            S::Refused => "refused",
            S::Agreed => "agreed",
            S::Paid => "paid",
            S::Closed => "closed",
            S::Withdrawn => "withdrawn",
            S::Disputed => "disputed",
        }
    }

    /// Whether nothing is awaited any more: a closed claim goes on only where the family contests it.
    pub const fn is_final(self) -> bool {
        matches!(self, S::Closed | S::Withdrawn)
    }
}

impl ClaimStep {
    /// Every step, in the usual order.
    pub const ALL: [ClaimStep; 16] = [
        T::Acceptance,
        T::DocumentRequest,
        T::DocumentsCompletion,
        T::Review,
        T::Investigation,
        APPROVED,
        PARTLY,
        REFUSED,
        T::Agreement,
        T::Payment,
        T::AdvancePayment,
        T::Closure,
        T::Withdrawal,
        T::Dispute,
        T::DisputeOutcome(DisputeOutcome::BackToReview),
        T::DisputeOutcome(DisputeOutcome::Closed),
    ];

    /// The full name, decision and outcome included; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            T::Acceptance => "acceptance",
            T::DocumentRequest => "document_request",
            T::DocumentsCompletion => "documents_completion",
            T::Review => "review",
            T::Investigation => "investigation",
            T::Determination(Decision::Approved) => "determination_approved",
            T::Determination(Decision::PartlyApproved) => "determination_partly_approved",
            T::Determination(Decision::Refused) => "determination_refused",
            T::Agreement => "agreement",
            T::Payment => "payment",
            T::AdvancePayment => "advance_payment",
            T::Closure => "closure",
            T::Withdrawal => "withdrawal",
            T::Dispute => "dispute",
            T::DisputeOutcome(DisputeOutcome::BackToReview) => "dispute_outcome_back_to_review",
            T::DisputeOutcome(DisputeOutcome::Closed) => "dispute_outcome_closed",
        }
    }
}

impl Decision {
    /// `approved`, `partly_approved` or `refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Decision::Approved => "approved",
            Decision::PartlyApproved => "partly_approved",
            Decision::Refused => "refused",
        }
    }
}

impl DisputeOutcome {
    /// `back_to_review` or `closed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            DisputeOutcome::BackToReview => "back_to_review",
            DisputeOutcome::Closed => "closed",
        }
    }
}

/// No state or step has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown name of a claim's state or step")]
pub struct UnknownName;

impl FromStr for ClaimState {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<ClaimState, UnknownName> {
        let found = ClaimState::ALL
            .into_iter()
            .find(|state| state.as_str() == name);
        found.ok_or(UnknownName)
    }
}

impl FromStr for ClaimStep {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<ClaimStep, UnknownName> {
        let found = ClaimStep::ALL
            .into_iter()
            .find(|step| step.as_str() == name);
        found.ok_or(UnknownName)
    }
}

impl fmt::Display for ClaimState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ClaimStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "machine_tests.rs"]
mod tests;
