//! Where an activity stands and what may happen to it, and the other decisions that need no database.
//!
//! ```text
//! planned → reported → confirmed
//!              ⇅
//!           returned        (amended while planned or returned; either may be cancelled)
//! ```

use crate::db::Micros;
use crate::error::{AppError, AppResult, Code, Fault};
use crate::text_enum;

text_enum! {
    /// Where an activity stands. `returned`: its report is to be corrected.
    ActivityState {
        Planned = "planned",
        Reported = "reported",
        Returned = "returned",
        Confirmed = "confirmed",
        Cancelled = "cancelled",
    }
}
text_enum! {
    /// What can happen to an activity.
    ActivityStep {
        Amendment = "amendment",
        Report = "report",
        Return = "return",
        Confirmation = "confirmation",
        Cancellation = "cancellation",
    }
}

/// What part somebody had in an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Reported it or organised it: not theirs to confirm.
    pub took_part: bool,
    /// Planned it, organises it, or answers for the area: theirs to change and to call off.
    pub in_charge: bool,
}

use ActivityState as S;
use ActivityStep as T;

/// Every change there is: from, step, to. A pair of state and step occurs once.
pub const TABLE: &[(ActivityState, ActivityStep, ActivityState)] = &[
    (S::Planned, T::Amendment, S::Planned),
    (S::Planned, T::Report, S::Reported),
    (S::Planned, T::Cancellation, S::Cancelled),
    (S::Reported, T::Return, S::Returned),
    (S::Reported, T::Confirmation, S::Confirmed),
    (S::Returned, T::Amendment, S::Returned),
    (S::Returned, T::Report, S::Reported),
    (S::Returned, T::Cancellation, S::Cancelled),
];

/// What may happen to an activity in this state, in the order of the table.
pub fn allowed(state: ActivityState) -> Vec<ActivityStep> {
    TABLE
        .iter()
        .filter(|(from, ..)| *from == state)
        .map(|(_, step, _)| *step)
        .collect()
}

/// The state after a step, or why it cannot be taken. First whose step it is: the wrong person learns
/// nothing about the state.
pub fn decide(state: ActivityState, step: ActivityStep, part: Part) -> AppResult<ActivityState> {
    match step {
        T::Return | T::Confirmation if part.took_part => {
            return Err(AppError::of(Code::SelfApproval));
        }
        T::Amendment | T::Cancellation if !part.in_charge => {
            return Err(AppError::of(Code::ForbiddenAction));
        }
        _ => {}
    }
    TABLE
        .iter()
        .find(|(from, s, _)| *from == state && *s == step)
        .map(|(.., to)| *to)
        .ok_or_else(|| AppError::state_forbids(state, allowed(state)))
}

/// The longest activity, such as a week of publicity with its days before and after.
pub const LONGEST: i64 = 31 * Micros::DAY;
/// Nobody plans farther ahead.
pub const FARTHEST: i64 = 3 * 366 * Micros::DAY;
/// How far a phone's clock may run ahead.
pub const CLOCK_AHEAD: i64 = 5 * Micros::MINUTE;

/// Hours as they are planned.
pub fn check_hours(starts_at: Micros, ends_at: Micros, now: Micros) -> AppResult<()> {
    if starts_at > now.plus(FARTHEST) {
        return Err(AppError::field("/starts_at", Fault::OutOfRange));
    }
    if ends_at <= starts_at {
        return Err(AppError::field("/ends_at", Fault::BadOrder));
    }
    if ends_at.0 - starts_at.0 > LONGEST {
        return Err(AppError::field("/ends_at", Fault::OutOfRange));
    }
    Ok(())
}

/// Hours as they were: nothing is reported before it began.
pub fn check_held(starts_at: Micros, ends_at: Micros, now: Micros) -> AppResult<()> {
    check_hours(starts_at, ends_at, now)?;
    if starts_at > now.plus(CLOCK_AHEAD) {
        return Err(AppError::field("/starts_at", Fault::InTheFuture));
    }
    if ends_at > now.plus(CLOCK_AHEAD) {
        return Err(AppError::field("/ends_at", Fault::InTheFuture));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Part = Part {
        took_part: false,
        in_charge: true,
    };

    #[test]
    fn every_pair_of_state_and_step_stands_once_or_is_refused() {
        for state in ActivityState::ALL {
            for step in ActivityStep::ALL {
                let rows: Vec<_> = TABLE
                    .iter()
                    .filter(|(from, s, _)| from == state && s == step)
                    .collect();
                assert!(rows.len() <= 1, "{state} {step} stands twice");
                match (rows.first(), decide(*state, *step, FREE)) {
                    (Some((.., to)), Ok(after)) => assert_eq!(*to, after),
                    (None, Err(e)) => assert_eq!(e.code(), Code::StateForbids),
                    (row, other) => panic!("{state} {step}: {row:?} against {other:?}"),
                }
            }
        }
    }

    #[test]
    fn nobody_confirms_what_they_took_part_in_and_strangers_change_nothing() {
        let took_part = Part {
            took_part: true,
            in_charge: true,
        };
        let stranger = Part {
            took_part: false,
            in_charge: false,
        };
        for state in ActivityState::ALL {
            for step in [ActivityStep::Return, ActivityStep::Confirmation] {
                let refused = decide(*state, step, took_part).map_err(|e| e.code());
                assert_eq!(refused, Err(Code::SelfApproval));
            }
            for step in [ActivityStep::Amendment, ActivityStep::Cancellation] {
                let refused = decide(*state, step, stranger).map_err(|e| e.code());
                assert_eq!(refused, Err(Code::ForbiddenAction));
            }
        }
    }

    #[test]
    fn what_has_ended_stays_as_it_is() {
        assert!(allowed(ActivityState::Confirmed).is_empty());
        assert!(allowed(ActivityState::Cancelled).is_empty());
    }

    #[test]
    fn hours_have_an_order_a_length_and_a_horizon() {
        let now = Micros(1_000 * Micros::DAY);
        let fault =
            |starts: i64, ends: i64| match check_hours(now.plus(starts), now.plus(ends), now) {
                Err(AppError::Problem(p)) => Some((p.errors[0].pointer.clone(), p.errors[0].fault)),
                _ => None,
            };
        assert_eq!(fault(0, Micros::HOUR), None);
        assert_eq!(fault(0, LONGEST), None);
        assert_eq!(fault(0, 0), Some(("/ends_at".into(), Fault::BadOrder)));
        let long = fault(0, LONGEST + 1);
        assert_eq!(long, Some(("/ends_at".into(), Fault::OutOfRange)));
        let far = fault(FARTHEST + 1, FARTHEST + 2);
        assert_eq!(far, Some(("/starts_at".into(), Fault::OutOfRange)));
        assert!(check_held(now.plus(-Micros::HOUR), now.plus(CLOCK_AHEAD), now).is_ok());
        assert!(check_held(now.plus(-Micros::HOUR), now.plus(CLOCK_AHEAD + 1), now).is_err());
        assert!(check_held(now.plus(Micros::DAY), now.plus(2 * Micros::DAY), now).is_err());
    }
}
