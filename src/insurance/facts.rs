//! What the steps of a claim tell the clocks. Pure: rows in, dates out.

use jiff::civil::Date;

use super::clocks::{Clock, ClockName, ClockState, Facts, Obstacle, PaperRequest, clocks};
use super::machine::{ClaimState, ClaimStep, Decision, DisputeOutcome};
use super::model::*;
use crate::db::Fen;
use crate::workdays::calendar;

/// A medical claim up to this sum is a small one (保险小额理赔服务指引).
const SMALL: Fen = Fen(300_000);

/// The dates of the claim's present round. What came before a dispute sent it back only interrupted
/// the limitation.
pub fn facts(
    claim: &ClaimRow,
    product: &ProductRow,
    events: &[EventRow],
    payments: &[PaymentRow],
) -> Facts {
    let back = ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview);
    let round = events.iter().rposition(|e| e.step() == Some(back));
    let (before, present) = events.split_at(round.unwrap_or(0));
    let mut facts = Facts {
        event_known: Some(claim.known_on.0),
        reported: Some(claim.reported_on.0),
        told_what_to_bring: claim.told_papers_on.map(|d| d.0),
        refusal_notice: claim.refusal_notice_on.map(|d| d.0),
        small_medical: claim.claim_type == ClaimType::Medical
            && claim.claimed_amount.is_some_and(|sum| sum <= SMALL),
        life_insurance: product.life_insurance,
        contract_determination_days: days(product.determination_days),
        contract_payment_days: days(product.payment_days),
        ..Facts::default()
    };
    for event in before {
        interrupts(&mut facts, event);
    }
    for event in present {
        add(&mut facts, event);
    }
    beside(&mut facts, events);
    let paid = paid(payments);
    let approved = claim.approved_amount.map(|sum| sum.0);
    let claimed = claim.claimed_amount.map(|sum| sum.0);
    facts.granted_less = approved.zip(claimed).is_some_and(|(sum, all)| sum < all);
    facts.paid_in_full = approved.is_some_and(|sum| paid >= sum) && !facts.payments.is_empty();
    facts
}

fn days(stored: Option<i64>) -> Option<u16> {
    stored.and_then(|days| u16::try_from(days).ok())
}

/// What Civil Code 195 lets the limitation begin anew.
fn interrupts(facts: &mut Facts, event: &EventRow) {
    let on = event.on_day.0;
    match event.step() {
        Some(ClaimStep::Acceptance) => {
            let received = event.facts.0.received_on.map_or(on, |d| d.0);
            facts.interruptions.push(received);
        }
        Some(
            ClaimStep::Determination(Decision::Approved | Decision::PartlyApproved)
            | ClaimStep::Agreement
            | ClaimStep::Payment
            | ClaimStep::AdvancePayment
            | ClaimStep::Dispute,
        ) => facts.interruptions.push(on),
        _ => {}
    }
}

fn add(facts: &mut Facts, event: &EventRow) {
    let (on, more) = (event.on_day.0, &event.facts.0);
    facts.complex |= more.complex == Some(true);
    // Whatever leads on from waiting for papers ends the wait: there, or gone on without.
    if event.from_state == Some(ClaimStateWord(ClaimState::DocumentsRequested))
        && matches!(
            event.step(),
            Some(ClaimStep::DocumentsCompletion | ClaimStep::Review)
        )
    {
        for request in &mut facts.paper_requests {
            request.supplied_on.get_or_insert(on);
        }
    }
    match event.step() {
        Some(ClaimStep::Acceptance) => {
            facts.received = Some(more.received_on.map_or(on, |d| d.0));
        }
        Some(ClaimStep::DocumentRequest) => {
            facts.found_incomplete = more.found_incomplete_on.map(|d| d.0).or(Some(on));
            facts.paper_requests.push(PaperRequest {
                reached_on: on,
                supplied_on: None,
            });
        }
        Some(ClaimStep::Investigation) => facts.small_medical = false,
        Some(ClaimStep::Determination(decision)) => facts.determination = Some((on, decision)),
        Some(ClaimStep::Agreement) => facts.agreed = Some(on),
        Some(ClaimStep::Payment) => facts.payments.push(on),
        Some(ClaimStep::AdvancePayment) => facts.advances.push(on),
        Some(ClaimStep::Dispute) => facts.interruptions.push(on),
        // A new round: the insurer has everything and looks again.
        Some(ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview)) => facts.received = Some(on),
        _ => {}
    }
}

/// What was noted beside the steps: obstacles and their ends, and what else lets the limitation begin anew. No new
/// round of the claim undoes it.
fn beside(facts: &mut Facts, events: &[EventRow]) {
    let mut obstacles: Vec<(Option<ObstacleKind>, Obstacle)> = Vec::new();
    for event in events {
        let (on, more) = (event.on_day.0, &event.facts.0);
        match event.step.as_str() {
            OBSTACLE => {
                let until = more.until.map(|d| d.0);
                obstacles.push((more.obstacle, Obstacle { from: on, until }));
            }
            OBSTACLE_END => {
                let open = |(kind, o): &&mut (Option<ObstacleKind>, Obstacle)| {
                    *kind == more.obstacle && o.until.is_none()
                };
                if let Some((_, obstacle)) = obstacles.iter_mut().rev().find(open) {
                    obstacle.until = Some(on);
                }
            }
            INTERRUPTION if more.interruption == Some(InterruptionKind::Acknowledgement) => {
                facts.acknowledgements.push(on);
            }
            INTERRUPTION => facts.interruptions.push(on),
            _ => {}
        }
    }
    facts
        .obstacles
        .extend(obstacles.into_iter().map(|(_, o)| o));
}

/// The clocks that are late now and were not before: those a step came too late for.
pub fn newly_late(before: &Facts, after: &Facts, today: Date) -> Vec<String> {
    let late = |facts: &Facts| -> Vec<Clock> {
        let all = clocks(facts, &calendar(), today).into_iter();
        all.filter(|c| c.state == ClockState::Late).collect()
    };
    let known = late(before);
    late(after)
        .into_iter()
        .filter(|c| known.iter().all(|k| k.name != c.name))
        .map(|c| c.name.as_str().to_owned())
        .collect()
}

/// Whether the insurer had a number of days for its decision, by the law or the contract.
pub fn decision_is_timed(facts: &Facts, today: Date) -> bool {
    let all = clocks(facts, &calendar(), today).into_iter();
    let mut determination = all.filter(|c| c.name == ClockName::Determination);
    determination.any(|c| c.due_on.is_some())
}
