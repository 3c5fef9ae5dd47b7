//! Who may move a visit where, and the other decisions about visits that need no database.
//!
//! Everything about states is read from [`TABLE`]; what is not in it is refused with the
//! state and with what is allowed instead.
//!
//! ```text
//! draft → submitted → confirmed
//!            ⇅
//!         returned        (amended by its author while draft or returned)
//! ```

use jiff::civil::Date;

use crate::db::Micros;
use crate::error::{AppError, AppResult, Code, Fault};
use crate::text_enum;

text_enum! {
    /// Where a visit stands. A draft is seen by its author alone.
    VisitState { Draft = "draft", Submitted = "submitted", Returned = "returned", Confirmed = "confirmed" }
}
text_enum! {
    /// What can happen to a visit.
    VisitStep { Amendment = "amendment", Submission = "submission", Return = "return", Confirmation = "confirmation" }
}
text_enum! {
    /// Whether a follow-up is still to be done.
    FollowUpState { Open = "open", Done = "done", Cancelled = "cancelled" }
}

/// Whose step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Who logged the visit, and nobody else.
    Author,
    /// A coordinator of the area who took no part in the visit.
    Reviewer,
}

/// What part somebody had in a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Author,
    /// Came along: what they saw is not theirs to confirm.
    Companion,
    None,
}

use Party::*;
use VisitState as S;
use VisitStep as T;

/// Every change there is: from, step, by whom, to. A pair of state and step occurs once.
pub const TABLE: &[(VisitState, VisitStep, Party, VisitState)] = &[
    (S::Draft, T::Amendment, Author, S::Draft),
    (S::Draft, T::Submission, Author, S::Submitted),
    (S::Submitted, T::Return, Reviewer, S::Returned),
    (S::Submitted, T::Confirmation, Reviewer, S::Confirmed),
    (S::Returned, T::Amendment, Author, S::Returned),
    (S::Returned, T::Submission, Author, S::Submitted),
];

/// Whose step this is, in whatever state.
pub fn party(step: VisitStep) -> Party {
    TABLE
        .iter()
        .find(|(_, s, _, _)| *s == step)
        .map_or(Reviewer, |(_, _, party, _)| *party)
}

/// What may happen to a visit in this state, in the order of the table.
pub fn allowed(state: VisitState) -> Vec<VisitStep> {
    TABLE
        .iter()
        .filter(|(from, ..)| *from == state)
        .map(|(_, step, ..)| *step)
        .collect()
}

/// The state after a step, or why it cannot be taken. First whose step it is: the wrong
/// person learns nothing about the state.
pub fn decide(state: VisitState, step: VisitStep, part: Part) -> AppResult<VisitState> {
    match (party(step), part) {
        (Reviewer, Part::Author | Part::Companion) => {
            return Err(AppError::of(Code::SelfApproval));
        }
        (Author, Part::Companion | Part::None) => {
            return Err(AppError::of(Code::ForbiddenAction));
        }
        _ => {}
    }
    TABLE
        .iter()
        .find(|(from, s, ..)| *from == state && *s == step)
        .map(|(.., to)| *to)
        .ok_or_else(|| AppError::state_forbids(state, allowed(state)))
}

/// A follow-up is completed or moved while it is open, and never again.
pub fn still_open(state: FollowUpState) -> AppResult<()> {
    match state {
        FollowUpState::Open => Ok(()),
        closed => Err(AppError::state_forbids(closed, [""; 0])),
    }
}

/// Overdue from the day after it was due.
pub fn overdue(state: FollowUpState, due_on: Date, today: Date) -> bool {
    state == FollowUpState::Open && due_on < today
}

/// How far a phone's clock may run ahead.
pub const CLOCK_AHEAD: i64 = 5 * Micros::MINUTE;

/// A visit is logged when it happens or afterwards, and ends after it started.
pub fn check_times(started_at: Micros, ended_at: Option<Micros>, now: Micros) -> AppResult<()> {
    let latest = now.plus(CLOCK_AHEAD);
    if started_at > latest {
        return Err(AppError::field("/started_at", Fault::InTheFuture));
    }
    match ended_at {
        Some(end) if end < started_at => Err(AppError::field("/ended_at", Fault::BadOrder)),
        Some(end) if end > latest => Err(AppError::field("/ended_at", Fault::InTheFuture)),
        _ => Ok(()),
    }
}

/// Degrees in thousandths, about 100 m: all that is ever stored of a position.
pub fn coarse(degrees: f64) -> i64 {
    (degrees * 1000.0).round() as i64
}

/// Visits by one author that begin closer together than this are probably one visit.
pub const ONE_VISIT: i64 = 30 * Micros::MINUTE;

/// Whether two visits of one day look like one: the same place, whoever went, or the same
/// author at nearly the same time, who cannot have been in two places.
pub fn looks_duplicate(same_target: bool, same_author: bool, a: Micros, b: Micros) -> bool {
    same_target || (same_author && (a.0 - b.0).abs() < ONE_VISIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_step_stands_once_or_is_refused() {
        for state in VisitState::ALL {
            for step in VisitStep::ALL {
                let rows: Vec<_> = TABLE
                    .iter()
                    .filter(|(from, s, ..)| from == state && s == step)
                    .collect();
                assert!(rows.len() <= 1, "{state} {step} stands twice");
                let is_author = party(*step) == Author;
                let (right, wrong) = match is_author {
                    true => (Part::Author, Part::None),
                    false => (Part::None, Part::Author),
                };
                match (rows.first(), decide(*state, *step, right)) {
                    (Some((.., to)), Ok(after)) => assert_eq!(*to, after),
                    (None, Err(AppError::Problem(p))) => {
                        let words = allowed(*state).iter().map(|s| s.to_string()).collect();
                        assert_eq!(p.code, Code::StateForbids);
                        assert_eq!(p.state, Some((state.to_string(), words)));
                    }
                    (row, other) => panic!("{state} {step}: {row:?} against {other:?}"),
                }
                // The other person is refused in every state, and is not told the state.
                let code = if is_author {
                    Code::ForbiddenAction
                } else {
                    Code::SelfApproval
                };
                for wrong in [wrong, Part::Companion] {
                    match decide(*state, *step, wrong) {
                        Err(e) => assert_eq!(e.code(), code),
                        Ok(to) => panic!("{state} {step} by the wrong person led to {to}"),
                    }
                }
            }
        }
    }

    #[test]
    fn each_step_belongs_to_one_party() {
        for (_, step, by, _) in TABLE {
            assert_eq!(party(*step), *by);
        }
    }

    #[test]
    fn a_confirmed_visit_stays_as_it_is() {
        assert!(allowed(VisitState::Confirmed).is_empty());
    }

    #[test]
    fn positions_are_kept_to_a_thousandth_of_a_degree() {
        assert_eq!(coarse(30.746_49), 30_746);
        assert_eq!(coarse(30.746_51), 30_747);
        assert_eq!(coarse(-0.000_4), 0);
        assert_eq!(coarse(-179.999_9), -180_000);
    }

    #[test]
    fn a_follow_up_is_overdue_from_the_next_day() {
        let day = |d| jiff::civil::date(2026, 5, d);
        assert!(!overdue(FollowUpState::Open, day(29), day(29)));
        assert!(overdue(FollowUpState::Open, day(29), day(30)));
        assert!(!overdue(FollowUpState::Done, day(29), day(30)));
    }

    #[test]
    fn times_may_run_five_minutes_ahead() {
        let now = Micros(1_000 * Micros::HOUR);
        assert!(check_times(now.plus(CLOCK_AHEAD), None, now).is_ok());
        assert!(check_times(now.plus(CLOCK_AHEAD + 1), None, now).is_err());
        assert!(check_times(now, Some(Micros(now.0 - 1)), now).is_err());
        assert!(check_times(now, Some(now), now).is_ok());
    }

    #[test]
    fn two_visits_of_a_day_look_like_one_by_place_or_by_time() {
        let at = |minutes| Micros(minutes * Micros::MINUTE);
        assert!(looks_duplicate(true, false, at(0), at(600)));
        assert!(looks_duplicate(false, true, at(10), at(30)));
        assert!(!looks_duplicate(false, true, at(0), at(30)));
        assert!(!looks_duplicate(false, false, at(0), at(0)));
    }
}
