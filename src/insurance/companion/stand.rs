//! Where a claim stands for the family: finer than its state where the state alone would mislead. Pure decisions.

use crate::insurance::machine::{self, ClaimState, ClaimStep, Decision, DisputeOutcome};
use crate::insurance::model::*;
use crate::text_enum;

/// Where a claim stands, as the family is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stand {
    Reported,
    Accepted,
    /// Papers are asked for, and the insurer's time stands still.
    DocumentsRequested,
    /// Papers are asked for, and its time does not: it was over before.
    DocumentsRequestedLate,
    UnderReview,
    Investigation,
    /// All that was claimed is granted.
    Approved,
    /// A sum is granted that is less, or nobody noted what was claimed.
    ApprovedSum,
    PartlyApproved,
    Refused,
    Agreed,
    /// Something was paid, and something is left.
    PaidPart,
    Paid,
    /// Paid as it was claimed.
    ClosedPaid,
    /// Not all was paid: a part was refused, or is left.
    ClosedPart,
    ClosedRefused,
    /// By the end of a dispute.
    ClosedDisputed,
    Withdrawn,
    Disputed,
}

text_enum! {
    /// Who has to do what comes next.
    ClaimActor { Family = "family", Insurer = "insurer", ThirdParty = "third_party", Nobody = "nobody" }
}

/// What is known of the sums of a claim, in fen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    pub claimed: Option<i64>,
    pub granted: Option<i64>,
    /// Granted and not paid.
    pub left: Option<i64>,
}

impl Sums {
    /// Whether all that was claimed is granted; nothing where that is not known.
    fn grants_all(self) -> Option<bool> {
        Some(self.granted? >= self.claimed?)
    }
}

impl Stand {
    pub const ALL: [Stand; 19] = [
        Stand::Reported,
        Stand::Accepted,
        Stand::DocumentsRequested,
        Stand::DocumentsRequestedLate,
        Stand::UnderReview,
        Stand::Investigation,
        Stand::Approved,
        Stand::ApprovedSum,
        Stand::PartlyApproved,
        Stand::Refused,
        Stand::Agreed,
        Stand::PaidPart,
        Stand::Paid,
        Stand::ClosedPaid,
        Stand::ClosedPart,
        Stand::ClosedRefused,
        Stand::ClosedDisputed,
        Stand::Withdrawn,
        Stand::Disputed,
    ];

    /// By the state, the steps that led there, the sums, and whether the time for the decision stands still.
    pub fn of(state: ClaimState, events: &[EventRow], sums: Sums, paused: bool) -> Stand {
        let settled = sums.left.is_none_or(|left| left <= 0);
        match state {
            ClaimState::Reported => Stand::Reported,
            ClaimState::Accepted => Stand::Accepted,
            ClaimState::DocumentsRequested if paused => Stand::DocumentsRequested,
            ClaimState::DocumentsRequested => Stand::DocumentsRequestedLate,
            ClaimState::UnderReview => Stand::UnderReview,
            ClaimState::Investigation => Stand::Investigation,
            // An insurer calls it approved though it grants less than was claimed.
            ClaimState::Approved if sums.grants_all() == Some(true) => Stand::Approved,
            ClaimState::Approved => Stand::ApprovedSum,
            ClaimState::PartlyApproved => Stand::PartlyApproved,
            ClaimState::Refused => Stand::Refused,
            ClaimState::Agreed => Stand::Agreed,
            ClaimState::Paid if settled => Stand::Paid,
            ClaimState::Paid => Stand::PaidPart,
            ClaimState::Closed => closed(events, settled && sums.grants_all() != Some(false)),
            ClaimState::Withdrawn => Stand::Withdrawn,
            ClaimState::Disputed => Stand::Disputed,
        }
    }

    /// Whether the family may contest, or does: it can be recorded as a dispute, or is one.
    pub fn contestable(self, state: ClaimState) -> bool {
        match self {
            // Nothing is left to demand.
            Stand::ClosedPaid => false,
            _ => state == ClaimState::Disputed || machine::apply(state, ClaimStep::Dispute).is_ok(),
        }
    }

    /// Whether contesting is what a family at this point thinks of, so that its ways are told at length.
    pub fn invites_contest(self) -> bool {
        match self {
            Stand::Approved
            | Stand::ApprovedSum
            | Stand::PartlyApproved
            | Stand::Refused
            | Stand::PaidPart
            | Stand::ClosedPart
            | Stand::ClosedRefused
            | Stand::ClosedDisputed
            | Stand::Disputed => true,
            Stand::Reported
            | Stand::Accepted
            | Stand::DocumentsRequested
            | Stand::DocumentsRequestedLate
            | Stand::UnderReview
            | Stand::Investigation
            | Stand::Agreed
            | Stand::Paid
            | Stand::ClosedPaid
            | Stand::Withdrawn => false,
        }
    }

    pub fn acts(self) -> ClaimActor {
        match self {
            Stand::Reported
            | Stand::DocumentsRequested
            | Stand::DocumentsRequestedLate
            | Stand::Approved
            | Stand::ApprovedSum
            | Stand::PartlyApproved
            | Stand::Refused
            | Stand::Paid => ClaimActor::Family,
            Stand::Accepted
            | Stand::UnderReview
            | Stand::Investigation
            | Stand::Agreed
            | Stand::PaidPart => ClaimActor::Insurer,
            Stand::Disputed => ClaimActor::ThirdParty,
            Stand::ClosedPaid
            | Stand::ClosedPart
            | Stand::ClosedRefused
            | Stand::ClosedDisputed
            | Stand::Withdrawn => ClaimActor::Nobody,
        }
    }
}

fn closed(events: &[EventRow], whole: bool) -> Stand {
    let lost = ClaimStep::DisputeOutcome(DisputeOutcome::Closed);
    if events.iter().any(|e| e.step() == Some(lost)) {
        return Stand::ClosedDisputed;
    }
    match standing_decision(events) {
        Some(Decision::Refused) => Stand::ClosedRefused,
        Some(Decision::Approved) if whole => Stand::ClosedPaid,
        _ => Stand::ClosedPart,
    }
}

/// The steps of the present round: since a dispute last sent the claim back to the insurer.
pub fn present(events: &[EventRow]) -> &[EventRow] {
    let back = ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview);
    let from = events.iter().rposition(|e| e.step() == Some(back));
    &events[from.unwrap_or(0)..]
}

/// The decision that stands.
pub fn standing_decision(events: &[EventRow]) -> Option<Decision> {
    present(events).iter().rev().find_map(|e| match e.step() {
        Some(ClaimStep::Determination(decision)) => Some(decision),
        _ => None,
    })
}

/// The day on which a way to contest was last taken.
pub fn taken(events: &[EventRow], way: DisputeWay) -> Option<crate::db::Day> {
    let disputes = events
        .iter()
        .rev()
        .filter(|e| e.step() == Some(ClaimStep::Dispute));
    let mut days = disputes
        .filter(|e| e.facts.0.way == Some(way))
        .map(|e| e.on_day);
    days.next()
}
