//! A claim as its family is told of it, put together for today.

use std::collections::HashMap;

use super::stand::{self, ClaimActor, Stand};
use super::view::*;
use super::whose::{self, ClaimThrough, Seen};
use super::{insurers, nouns, says};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Fen, Micros, Uid, groups};
use crate::error::{AppError, AppResult};
use crate::http::text::Money;
use crate::insurance::claim_store as claims;
use crate::insurance::clock_view::late_reason;
use crate::insurance::clocks::{Clock, ClockName, ClockState, days_between};
use crate::insurance::machine::{ClaimState, ClaimStep, Decision, DisputeOutcome};
use crate::insurance::model::*;
use crate::insurance::policies::keys_of;
use crate::insurance::step_bodies::InsurerDecision;
use crate::insurance::{claim_view, store as policies};
use crate::people;
use crate::people::model::PersonState;
use crate::people::store::Standing;

/// What somebody is told by their own receipt.
pub fn of(c: &mut DbConn, vault: &Vault, person: Uid, now: Micros) -> AppResult<OwnClaims> {
    let today = now.china_day();
    let row = people::store::find(c, person)?.ok_or_else(AppError::not_found)?;
    if !matches!(row.state, PersonState::Active | PersonState::Restricted) {
        return Err(AppError::not_found());
    }
    let (standing, seen, more) = whose::of(c, vault, &row, today)?;
    let rows: Vec<ClaimRow> = seen.iter().map(|s| s.claim.clone()).collect();
    let ids: Vec<Uid> = rows.iter().map(|claim| claim.id).collect();
    let keys = keys_of(c, vault, rows.iter().map(|claim| claim.household_id))?;
    let clocks = claim_view::clocks_of(c, vault, &rows, Day(today))?;
    let covers: HashMap<Uid, PolicyRow> = policies::policies_of(c, &rows)?
        .into_iter()
        .map(|policy| (policy.id, policy))
        .collect();
    let mut events = groups(claims::events(c, &ids)?, |e| e.claim_id);
    let mut papers = groups(claims::documents(c, &ids)?, |d| d.claim_id);
    let mut payments = groups(claims::payments(c, &ids)?, |p| p.claim_id);
    let mut about_others: Vec<Uid> = seen
        .iter()
        .filter(|s| s.through != ClaimThrough::Insured)
        .map(|s| s.claim.insured_person_id)
        .collect();
    about_others.sort_unstable();
    about_others.dedup();
    let broken = || AppError::internal("a claim without its policy or its household's key");
    let one = |seen: Seen| {
        let id = seen.claim.id;
        let cover = covers.get(&seen.claim.policy_id).ok_or_else(broken)?;
        let hung = Hung {
            key: keys.get(&seen.claim.household_id).ok_or_else(broken)?,
            insurer_code: cover.insurer_code.clone(),
            clocks: clocks.get(&id).map_or(&[][..], Vec::as_slice),
            events: events.remove(&id).unwrap_or_default(),
            papers: papers.remove(&id).unwrap_or_default(),
            payments: payments.remove(&id).unwrap_or_default(),
        };
        tell(seen, hung, Day(today))
    };
    Ok(OwnClaims {
        as_of: now,
        today: Day(today),
        consent: match standing {
            Standing::Live => InsuranceConsent::Given,
            Standing::Withdrawn => InsuranceConsent::Withdrawn,
            Standing::Never => InsuranceConsent::Never,
        },
        items: seen.into_iter().map(one).collect::<AppResult<_>>()?,
        more,
        about_others,
    })
}

/// What hangs on a claim.
struct Hung<'a> {
    key: &'a DataKey,
    insurer_code: String,
    clocks: &'a [Clock],
    events: Vec<EventRow>,
    papers: Vec<DocumentRow>,
    payments: Vec<PaymentRow>,
}

fn tell(seen: Seen, hung: Hung<'_>, today: Day) -> AppResult<OwnClaim> {
    let (claim, events) = (&seen.claim, &hung.events);
    let state = claim.state.0;
    let paid = paid(&hung.payments);
    let left = claim.approved_amount.map(|sum| sum.0 - paid);
    let sums = stand::Sums {
        claimed: claim.claimed_amount.map(|sum| sum.0),
        granted: claim.approved_amount.map(|sum| sum.0),
        left,
    };
    let deciding = |c: &&Clock| c.name == ClockName::Determination;
    let paused = hung.clocks.iter().find(deciding);
    let paused = paused.is_some_and(|c| c.state == ClockState::Paused);
    let stand = Stand::of(state, events, sums, paused);
    let sufficed = sufficed(events);
    let wanted = hung.papers.iter().filter(|d| missing(state, sufficed, d));
    let papers: Vec<OwnPaper> = wanted.map(paper).collect();
    let insurer = insurers::of(&hung.insurer_code);
    let bring = stand == Stand::Accepted && !papers.is_empty();
    let limitation = limitation(hung.clocks, stand, today);
    Ok(OwnClaim {
        id: claim.id,
        through: seen.through,
        claim_type: claim.claim_type,
        name: nouns::claim(claim.claim_type),
        event_on: claim.event_on,
        reported_on: claim.reported_on,
        state: claim.state,
        state_text: says::state(stand),
        since: since(claim, events),
        acts: match bring {
            true => ClaimActor::Family,
            false => stand.acts(),
        },
        next_text: match bring {
            true => says::BRING_PAPERS,
            false => says::next(stand),
        },
        missing_papers: papers,
        deadlines: deadlines(state, hung.clocks, today),
        late: delays(state, hung.clocks, events, today),
        decisions: decisions(hung.key, events)?,
        claimed: claim.claimed_amount.map(Money),
        granted: claim.approved_amount.map(Money),
        paid: Money(Fen(paid)),
        left: left.map(|sum| Money(Fen(sum.max(0)))),
        payments: hung.payments.iter().map(payment).collect(),
        ways: match stand.contestable(state) {
            true => ways(events, limitation.as_ref()),
            false => Vec::new(),
        },
        limitation,
        stand,
        insured_name: seen.insured_name,
        insurer_name: insurer.map(|insurer| insurer.name),
        insurer_phone: insurer.map(|insurer| insurer.phone),
        insurer_reference: reference(hung.key, events)?,
        insurer_code: hung.insurer_code,
    })
}

/// The last day on which the papers sufficed, or the insurer went on without those that were missing.
fn sufficed(events: &[EventRow]) -> Option<Day> {
    let back = ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview);
    let all = events.iter().rev();
    let mut went_on = all.filter(|e| match e.step() {
        Some(ClaimStep::Review | ClaimStep::Investigation) => true,
        step => step == Some(back),
    });
    went_on.next().map(|e| e.on_day)
}

/// Papers matter until the insurer examines what it has; after that, those that it asks for then.
fn missing(state: ClaimState, sufficed: Option<Day>, paper: &DocumentRow) -> bool {
    use ClaimState::{Accepted, DocumentsRequested, Reported};
    let asked_since = |day: Day| paper.requested_on.is_some_and(|asked| asked >= day);
    matches!(state, Reported | Accepted | DocumentsRequested)
        && paper.missing()
        && sufficed.is_none_or(asked_since)
}

fn paper(paper: &DocumentRow) -> OwnPaper {
    OwnPaper {
        kind: paper.kind,
        name: nouns::paper(paper.kind),
        asked_on: paper.requested_on,
    }
}

/// The newest sign that the insurer put under anything.
fn reference(key: &DataKey, events: &[EventRow]) -> AppResult<Option<String>> {
    let newest = events.iter().rev();
    let mut signed =
        newest.filter_map(|e| e.insurer_reference.as_ref().map(|sealed| (e.id, sealed)));
    let opened = signed.next().map(|(id, sealed)| {
        let column = "claim_events.insurer_reference";
        key.open(column, id.0, sealed).map_err(AppError::internal)
    });
    opened.transpose()
}

/// The step that led to where the claim stands, not one that left it there.
fn since(claim: &ClaimRow, events: &[EventRow]) -> Day {
    let led = events
        .iter()
        .rev()
        .find(|e| e.from_state != Some(e.to_state));
    led.map_or(claim.reported_on, |e| e.on_day)
}

fn days_left(due: jiff::civil::Date, today: Day) -> i64 {
    days_between(today.0, due)
}

fn deadlines(state: ClaimState, clocks: &[Clock], today: Day) -> Vec<OwnDeadline> {
    use ClockName::{Limitation, Notice, PaperRequest};
    use ClockState::{Overdue, Paused, Running};
    if state.is_final() {
        return Vec::new();
    }
    // The notice is the family's and was given, or there were no claim; of papers the insurer's request tells.
    let told = clocks
        .iter()
        .filter(|c| !matches!(c.name, Notice | PaperRequest | Limitation))
        .filter(|c| matches!(c.state, Running | Paused | Overdue));
    told.map(|c| OwnDeadline {
        clock: c.name.as_str(),
        name: nouns::clock(c.name),
        state: c.state.as_str(),
        due_on: c.due_on.map(Day),
        due_unrolled: c.due_unrolled.map(Day),
        days_left: c.due_on.map(|due| days_left(due, today)),
        provisional: c.provisional,
    })
    .collect()
}

fn delays(state: ClaimState, clocks: &[Clock], events: &[EventRow], today: Day) -> Vec<OwnDelay> {
    // What the insurer owes it owes after the end, too: its reasons in writing, and what it agreed to pay.
    let owed = |c: &Clock| matches!(c.name, ClockName::RefusalNotice | ClockName::Payment);
    let late = |c: &&Clock| match c.state {
        ClockState::Late => true,
        ClockState::Overdue => !state.is_final() || owed(c),
        _ => false,
    };
    let told = clocks
        .iter()
        .filter(|c| c.name != ClockName::Limitation)
        .filter(late);
    told.filter_map(|c| {
        let due = c.due_on?;
        let reason = c.done_on.and_then(|_| late_reason(c.name, events));
        Some(OwnDelay {
            clock: c.name.as_str(),
            name: nouns::clock(c.name),
            due_on: Day(due),
            due_unrolled: c.due_unrolled.map(Day),
            provisional: c.provisional,
            done_on: c.done_on.map(Day),
            days_late: days_between(due, c.done_on.unwrap_or(today.0)),
            reason,
            reason_text: reason.map(nouns::late),
            advice_text: nouns::advice(c.name),
        })
    })
    .collect()
}

fn decisions(key: &DataKey, events: &[EventRow]) -> AppResult<Vec<OwnDecision>> {
    let determined = |e: &EventRow| match e.step() {
        Some(ClaimStep::Determination(decision)) => Some(decision),
        _ => None,
    };
    let standing = stand::present(events)
        .iter()
        .rfind(|e| determined(e).is_some());
    let standing = standing.map(|e| e.id);
    let mut told = Vec::new();
    for event in events {
        let Some(decision) = determined(event) else {
            continue;
        };
        let reasons = event.reasons.as_deref();
        let reasons = reasons.map(|sealed| key.open("claim_events.reasons", event.id.0, sealed));
        told.push(OwnDecision {
            on: event.on_day,
            decision: match decision {
                Decision::Approved => InsurerDecision::Approved,
                Decision::PartlyApproved => InsurerDecision::PartlyApproved,
                Decision::Refused => InsurerDecision::Refused,
            },
            name: nouns::decision(decision),
            granted: event.facts.0.amount.map(|sum| Money(Fen(sum))),
            reasons: reasons.transpose().map_err(AppError::internal)?,
            stands: Some(event.id) == standing,
        });
    }
    Ok(told)
}

fn payment(row: &PaymentRow) -> OwnPayment {
    OwnPayment {
        on: row.paid_on,
        kind: row.kind,
        name: nouns::payment(row.kind),
        amount: Money(row.amount),
    }
}

fn ways(events: &[EventRow], limitation: Option<&OwnLimitation>) -> Vec<OwnWay> {
    let one = |way: &DisputeWay| {
        let (name, how_text) = nouns::way(*way);
        // The others can be tried later, too, though nobody has to give in to them then.
        let bound = matches!(way, DisputeWay::Arbitration | DisputeWay::Suit);
        let until = limitation.filter(|_| bound);
        OwnWay {
            way: *way,
            name,
            how_text,
            phone: nouns::phone(*way),
            taken_on: stand::taken(events, *way),
            until: until.map(|l| l.due_on),
            days_left: until.map(|l| l.days_left),
        }
    };
    DisputeWay::ALL.iter().map(one).collect()
}

fn limitation(clocks: &[Clock], stand: Stand, today: Day) -> Option<OwnLimitation> {
    let clock = clocks.iter().find(|c| c.name == ClockName::Limitation)?;
    if clock.state == ClockState::Met || stand == Stand::ClosedPaid {
        return None;
    }
    let due = clock.due_on?;
    Some(OwnLimitation {
        state: clock.state.as_str(),
        due_on: Day(due),
        days_left: days_left(due, today),
        provisional: clock.provisional,
        text: nouns::limitation(clock.state),
    })
}
