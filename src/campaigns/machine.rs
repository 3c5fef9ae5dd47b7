//! Where a campaign stands and what may happen to it; decided from one table.
//!
//! ```text
//! draft → approved → scheduled → running → finished
//!   ↑________│___________│__________│  (an amendment of what people are told takes the approval back)
//! any of the first four → cancelled
//! ```

use crate::error::{AppError, AppResult, Code};
use crate::text_enum;

text_enum! {
    /// Where a campaign stands.
    CampaignState {
        Draft = "draft",
        Approved = "approved",
        Scheduled = "scheduled",
        Running = "running",
        Finished = "finished",
        Cancelled = "cancelled",
    }
}
text_enum! {
    /// What can happen to a campaign. The first reminder starts it, its last day finishes it.
    CampaignStep {
        Amendment = "amendment",
        Approval = "approval",
        Schedule = "schedule",
        Start = "start",
        Finish = "finish",
        Cancellation = "cancellation",
    }
}

use CampaignState as S;
use CampaignStep as T;

/// Every change there is: from, step, to. A pair of state and step occurs once.
pub const TABLE: &[(CampaignState, CampaignStep, CampaignState)] = &[
    (S::Draft, T::Amendment, S::Draft),
    (S::Draft, T::Approval, S::Approved),
    (S::Draft, T::Cancellation, S::Cancelled),
    (S::Approved, T::Amendment, S::Draft),
    (S::Approved, T::Schedule, S::Scheduled),
    (S::Approved, T::Cancellation, S::Cancelled),
    (S::Scheduled, T::Amendment, S::Draft),
    (S::Scheduled, T::Start, S::Running),
    (S::Scheduled, T::Finish, S::Finished),
    (S::Scheduled, T::Cancellation, S::Cancelled),
    (S::Running, T::Amendment, S::Draft),
    (S::Running, T::Finish, S::Finished),
    (S::Running, T::Cancellation, S::Cancelled),
];

/// What a person may do in this state; starting and finishing happen by themselves.
pub fn allowed(state: CampaignState) -> Vec<CampaignStep> {
    TABLE
        .iter()
        .filter(|(from, step, _)| *from == state && !matches!(step, T::Start | T::Finish))
        .map(|(_, step, _)| *step)
        .collect()
}

/// The state after a step, or why it cannot be taken. Nobody approves what they made.
pub fn decide(
    state: CampaignState,
    step: CampaignStep,
    is_author: bool,
) -> AppResult<CampaignState> {
    if step == T::Approval && is_author {
        return Err(AppError::of(Code::SelfApproval));
    }
    TABLE
        .iter()
        .find(|(from, s, _)| *from == state && *s == step)
        .map(|(.., to)| *to)
        .ok_or_else(|| AppError::state_forbids(state, allowed(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_step_stands_once_or_is_refused() {
        for state in CampaignState::ALL {
            for step in CampaignStep::ALL {
                let rows: Vec<_> = TABLE
                    .iter()
                    .filter(|(from, s, _)| from == state && s == step)
                    .collect();
                assert!(rows.len() <= 1, "{state} {step} stands twice");
                match (rows.first(), decide(*state, *step, false)) {
                    (Some((.., to)), Ok(after)) => assert_eq!(*to, after),
                    (None, Err(e)) => assert_eq!(e.code(), Code::StateForbids),
                    (row, other) => panic!("{state} {step}: {row:?} against {other:?}"),
                }
            }
        }
    }

    #[test]
    fn nobody_approves_what_they_made_in_whatever_state() {
        for state in CampaignState::ALL {
            let refused = decide(*state, CampaignStep::Approval, true);
            assert_eq!(refused.map_err(|e| e.code()), Err(Code::SelfApproval));
        }
    }

    #[test]
    fn what_has_ended_stays_as_it_is() {
        assert!(allowed(CampaignState::Finished).is_empty());
        assert!(allowed(CampaignState::Cancelled).is_empty());
    }
}
