//! What may happen to a service, and when.
//!
//! Everything about states is read from [`TABLE`]; what is not in it is refused with the state and with what
//! is allowed instead.
//!
//! ```text
//! offered → accepted → delivered
//!    ↓         ↓           ↑
//! declined   referred ─────┘      (a day to come back is set and taken away while it is not declined)
//! ```

use crate::error::{AppError, AppResult};
use crate::text_enum;

text_enum! {
    /// Where a service stands.
    ServiceState { Offered = "offered", Accepted = "accepted", Declined = "declined", Referred = "referred", Delivered = "delivered" }
}
text_enum! {
    /// What can happen to a service.
    ServiceStep { Acceptance = "acceptance", Refusal = "refusal", Referral = "referral", Delivery = "delivery", FollowUp = "follow_up" }
}

use ServiceState as S;
use ServiceStep as T;

/// Every change there is: from, step, to. A pair of state and step occurs once.
pub const TABLE: &[(ServiceState, ServiceStep, ServiceState)] = &[
    (S::Offered, T::Acceptance, S::Accepted),
    (S::Offered, T::Refusal, S::Declined),
    (S::Offered, T::FollowUp, S::Offered),
    (S::Accepted, T::Referral, S::Referred),
    (S::Accepted, T::Delivery, S::Delivered),
    (S::Accepted, T::FollowUp, S::Accepted),
    (S::Referred, T::Delivery, S::Delivered),
    (S::Referred, T::FollowUp, S::Referred),
    (S::Delivered, T::FollowUp, S::Delivered),
];

/// What may happen to a service in this state, in the order of the table.
pub fn allowed(state: ServiceState) -> Vec<ServiceStep> {
    let rows = TABLE.iter().filter(|(from, ..)| *from == state);
    rows.map(|(_, step, _)| *step).collect()
}

/// The state after a step, or why it cannot be taken.
pub fn decide(state: ServiceState, step: ServiceStep) -> AppResult<ServiceState> {
    TABLE
        .iter()
        .find(|(from, s, _)| *from == state && *s == step)
        .map(|(.., to)| *to)
        .ok_or_else(|| AppError::state_forbids(state, allowed(state)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn every_pair_of_state_and_step_stands_once_or_is_refused() {
        let mut taken = 0;
        for state in ServiceState::ALL {
            for step in ServiceStep::ALL {
                let rows: Vec<_> = TABLE
                    .iter()
                    .filter(|(from, s, _)| from == state && s == step)
                    .collect();
                assert!(rows.len() <= 1, "{state} {step} stands twice");
                match (rows.first(), decide(*state, *step)) {
                    (Some((.., to)), Ok(after)) => {
                        assert_eq!(*to, after);
                        taken += 1;
                    }
                    (None, Err(AppError::Problem(p))) => {
                        let words = allowed(*state).iter().map(|s| s.to_string()).collect();
                        assert_eq!(p.code, Code::StateForbids);
                        assert_eq!(p.state, Some((state.to_string(), words)));
                    }
                    (row, other) => panic!("{state} {step}: {row:?} against {other:?}"),
                }
            }
        }
        assert_eq!(taken, TABLE.len());
    }

    #[test]
    fn who_declined_is_asked_no_more() {
        assert!(allowed(ServiceState::Declined).is_empty());
    }
}
