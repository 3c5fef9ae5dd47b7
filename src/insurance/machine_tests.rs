use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const BACK: ClaimStep = T::DisputeOutcome(DisputeOutcome::BackToReview);
const LOST: ClaimStep = T::DisputeOutcome(DisputeOutcome::Closed);

fn walk(steps: &[ClaimStep]) -> Result<ClaimState, Refused> {
    steps
        .iter()
        .try_fold(S::Reported, |state, step| apply(state, *step))
}

/// The states that `from` can lead to without passing `without`.
fn reachable(from: ClaimState, without: &[ClaimState]) -> HashSet<ClaimState> {
    let mut seen = HashSet::from([from]);
    let mut todo = vec![from];
    while let Some(state) = todo.pop() {
        for row in TABLE
            .iter()
            .filter(|row| row.0 == state && !without.contains(&row.2))
        {
            if seen.insert(row.2) {
                todo.push(row.2);
            }
        }
    }
    seen
}

#[test]
fn whole_lives_of_claims() {
    let plain = [
        T::Acceptance,
        T::Review,
        APPROVED,
        T::Agreement,
        T::Payment,
        T::Closure,
    ];
    assert_eq!(walk(&plain), Ok(S::Closed));
    let hard = [
        T::Acceptance,
        T::DocumentRequest,
        T::AdvancePayment,
        T::DocumentsCompletion,
        T::Review,
        T::Investigation,
        T::AdvancePayment,
        PARTLY,
        T::Agreement,
        T::Payment,
        T::Payment,
        T::Dispute,
        T::AdvancePayment,
        BACK,
        REFUSED,
        T::Dispute,
        LOST,
    ];
    assert_eq!(walk(&hard), Ok(S::Closed));
    assert_eq!(
        walk(&[T::Acceptance, T::Review, REFUSED, T::Closure]),
        Ok(S::Closed)
    );
    assert_eq!(walk(&[T::Acceptance, T::Withdrawal]), Ok(S::Withdrawn));
    assert_eq!(walk(&[T::Dispute, BACK, APPROVED]), Ok(S::Approved));
}

#[test]
fn what_an_officer_must_not_be_able_to_record() {
    let refused = [
        (S::Reported, APPROVED),
        (S::Reported, T::AdvancePayment),
        (S::Accepted, APPROVED),
        (S::Accepted, T::Payment),
        (S::DocumentsRequested, REFUSED),
        (S::UnderReview, T::Payment),
        (S::UnderReview, T::Closure),
        (S::Approved, T::Payment),
        (S::Approved, T::Closure),
        (S::Approved, T::AdvancePayment),
        (S::PartlyApproved, T::Closure),
        (S::Refused, T::Agreement),
        (S::Refused, T::Payment),
        (S::Agreed, T::Closure),
        (S::Agreed, T::Withdrawal),
        (S::Paid, T::Withdrawal),
        (S::Paid, APPROVED),
        (S::Disputed, T::Dispute),
        (S::Disputed, T::Payment),
    ];
    for (state, step) in refused {
        assert!(apply(state, step).is_err(), "{state} {step}");
    }
}

#[test]
fn an_advance_never_changes_the_state_and_comes_before_the_decision() {
    let from: Vec<_> = TABLE
        .iter()
        .filter(|row| row.1 == T::AdvancePayment)
        .collect();
    assert!(from.iter().all(|row| row.0 == row.2));
    let states: Vec<_> = from.iter().map(|row| row.0.as_str()).collect();
    let before = [
        "accepted",
        "documents_requested",
        "under_review",
        "investigation",
        "disputed",
    ];
    assert_eq!(states, before);
}

#[test]
fn a_pair_of_state_and_step_occurs_once() {
    let pairs: HashSet<_> = TABLE.iter().map(|row| (row.0, row.1)).collect();
    assert_eq!(pairs.len(), TABLE.len());
}

#[test]
fn every_state_is_reached_and_none_is_a_trap() {
    assert_eq!(reachable(S::Reported, &[]).len(), ClaimState::ALL.len());
    for state in ClaimState::ALL {
        let ends = reachable(state, &[]);
        assert!(
            ends.contains(&S::Closed) || state == S::Withdrawn,
            "{state}"
        );
        assert_eq!(
            state.is_final(),
            matches!(state, S::Closed | S::Withdrawn),
            "{state}"
        );
        assert_eq!(state == S::Withdrawn, allowed(state).is_empty());
    }
    assert_eq!(allowed(S::Closed), [T::Dispute]);
    for step in ClaimStep::ALL {
        assert!(TABLE.iter().any(|row| row.1 == step), "{step}");
    }
}

#[test]
fn payment_needs_an_agreement_and_agreement_an_approval() {
    assert!(!reachable(S::Reported, &[S::Agreed]).contains(&S::Paid));
    assert!(!reachable(S::Reported, &[S::Approved, S::PartlyApproved]).contains(&S::Agreed));
    // an undisputed claim ends by a payment, a refusal, or the family's own will
    let quiet = reachable(S::Reported, &[S::Disputed, S::Paid, S::Refused]);
    assert!(!quiet.contains(&S::Closed));
}

#[test]
fn a_determination_leads_to_the_state_of_its_name() {
    for (_, step, to) in TABLE {
        if let T::Determination(decision) = step {
            assert_eq!(decision.as_str(), to.as_str());
        }
    }
}

#[test]
fn all_that_was_not_taken_back_can_be_disputed_and_all_undecided_withdrawn() {
    for state in ClaimState::ALL {
        let disputable = !matches!(state, S::Withdrawn | S::Disputed);
        assert_eq!(apply(state, T::Dispute).is_ok(), disputable, "{state}");
        let agreed = matches!(state, S::Refused | S::Agreed | S::Paid | S::Disputed);
        assert_eq!(
            apply(state, T::Withdrawal).is_ok(),
            !state.is_final() && !agreed,
            "{state}"
        );
    }
}

#[test]
fn a_refusal_names_the_state_and_what_is_allowed() {
    let refused = apply(S::Refused, T::Payment).unwrap_err();
    assert_eq!((refused.state, refused.step), (S::Refused, T::Payment));
    assert_eq!(refused.allowed, [T::Closure, T::Dispute]);
    let message = "a claim that is refused takes no payment; allowed: closure, dispute";
    assert_eq!(refused.to_string(), message);
    let over = apply(S::Closed, APPROVED).unwrap_err().to_string();
    assert_eq!(
        over,
        "a claim that is closed takes no determination_approved; allowed: dispute"
    );
    let gone = apply(S::Withdrawn, APPROVED).unwrap_err().to_string();
    assert_eq!(
        gone,
        "a claim that is withdrawn takes no determination_approved; allowed: nothing"
    );
}

#[test]
fn names_are_stable_and_distinct() {
    let states = ClaimState::ALL.map(ClaimState::as_str);
    assert_eq!(
        states.join(" "),
        "reported accepted documents_requested under_review investigation approved \
         partly_approved refused agreed paid closed withdrawn disputed"
    );
    for state in ClaimState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    for step in ClaimStep::ALL {
        assert_eq!(step.as_str().parse(), Ok(step));
    }
    assert_eq!("determined".parse::<ClaimState>(), Err(UnknownName));
    assert_eq!("determination".parse::<ClaimStep>(), Err(UnknownName));
}

proptest! {
    /// Whichever ways are open, nothing is paid on a claim but by a decision that holds: of its present round, and
    /// for a sum that was agreed on.
    #[test]
    fn no_path_reaches_paid_without_a_decision(picks in prop::collection::vec(0..16_usize, 0..80)) {
        let (mut state, mut decision) = (S::Reported, None);
        for pick in picks {
            let open = allowed(state);
            let Some(&step) = open.get(pick % open.len().max(1)) else {
                break;
            };
            state = apply(state, step).unwrap();
            match step {
                T::Determination(made) => decision = Some(made),
                BACK => decision = None,
                _ => {}
            }
            let paid = matches!(state, S::Agreed | S::Paid);
            let granted = matches!(decision, Some(Decision::Approved | Decision::PartlyApproved));
            prop_assert!(!paid || granted, "{} by {:?}", state, decision);
        }
    }

    /// A log of accepted steps always tells a story that could have happened.
    #[test]
    fn any_row_of_steps_keeps_the_rules(picks in prop::collection::vec(0..16_usize, 0..60)) {
        let mut state = S::Reported;
        let (mut decided, mut agreed) = (None, false);
        for pick in picks {
            let step = ClaimStep::ALL[pick];
            let Ok(next) = apply(state, step) else {
                prop_assert!(!allowed(state).contains(&step));
                continue;
            };
            prop_assert!(allowed(state).contains(&step));
            prop_assert!(!state.is_final() || step == T::Dispute);
            match step {
                T::Determination(decision) => (decided, agreed) = (Some(decision), false),
                T::Agreement => {
                    prop_assert!(decided.is_some_and(|d| d != Decision::Refused));
                    agreed = true;
                }
                T::Payment => prop_assert!(agreed),
                BACK => (decided, agreed) = (None, false),
                T::Closure => prop_assert!(agreed || decided == Some(Decision::Refused)),
                _ => {}
            }
            state = next;
        }
    }
}
