//! What may happen to a notice, on which side, and when.
//!
//! Both sides hold a copy, and a step of one moves the other too: at once inside one installation, with a file or by
//! hand where the other side has no account here. Everything about states is read from [`TABLE`]; what is not in it
//! is refused with the state and with what is allowed instead.
//!
//! ```text
//! draft → sent → received → accepted ─┐
//!            \        │ \→  declined ─┼→ closed
//!             \───────┴──→  expired ──┘        (an answer that comes after all moves an expired one on)
//! ```

use crate::error::{AppError, AppResult};
use crate::text_enum;

text_enum! {
    /// Where a notice stands.
    LiaisonState {
        Draft = "draft",
        Sent = "sent",
        Received = "received",
        Accepted = "accepted",
        Declined = "declined",
        Expired = "expired",
        Closed = "closed",
    }
}
text_enum! {
    /// Whose copy it is: the sender's, or the receiver's.
    LiaisonSide { Out = "out", In = "in" }
}
text_enum! {
    /// What can happen to a notice.
    LiaisonStep {
        Dispatch = "dispatch",
        Reception = "reception",
        Acceptance = "acceptance",
        Rejection = "rejection",
        Expiry = "expiry",
        Closure = "closure",
    }
}

impl LiaisonSide {
    pub fn other(self) -> LiaisonSide {
        match self {
            LiaisonSide::Out => LiaisonSide::In,
            LiaisonSide::In => LiaisonSide::Out,
        }
    }
}

use LiaisonSide as D;
use LiaisonState as S;
use LiaisonStep as T;

/// Who takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The side whose copy it is.
    Own,
    /// An office outside, whose answer is entered by hand or imported.
    Outside,
}

/// Every change there is: on which side's copy, by whom, from, step, to.
pub const TABLE: &[(LiaisonSide, By, LiaisonState, LiaisonStep, LiaisonState)] = &[
    (D::Out, By::Own, S::Draft, T::Dispatch, S::Sent),
    (D::Out, By::Own, S::Draft, T::Closure, S::Closed),
    (D::Out, By::Own, S::Sent, T::Expiry, S::Expired),
    (D::Out, By::Own, S::Received, T::Expiry, S::Expired),
    (D::Out, By::Own, S::Accepted, T::Closure, S::Closed),
    (D::Out, By::Own, S::Declined, T::Closure, S::Closed),
    (D::Out, By::Own, S::Expired, T::Closure, S::Closed),
    (D::Out, By::Outside, S::Sent, T::Reception, S::Received),
    (D::Out, By::Outside, S::Sent, T::Acceptance, S::Accepted),
    (D::Out, By::Outside, S::Sent, T::Rejection, S::Declined),
    (D::Out, By::Outside, S::Received, T::Acceptance, S::Accepted),
    (D::Out, By::Outside, S::Received, T::Rejection, S::Declined),
    (D::Out, By::Outside, S::Expired, T::Acceptance, S::Accepted),
    (D::Out, By::Outside, S::Expired, T::Rejection, S::Declined),
    (D::Out, By::Outside, S::Accepted, T::Closure, S::Closed),
    (D::In, By::Own, S::Sent, T::Reception, S::Received),
    (D::In, By::Own, S::Received, T::Acceptance, S::Accepted),
    (D::In, By::Own, S::Received, T::Rejection, S::Declined),
    // Who declined holds nothing any more; a receiver closes what they accepted.
    (D::In, By::Own, S::Accepted, T::Closure, S::Closed),
];

/// How a copy stands, as far as the steps go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub side: LiaisonSide,
    pub state: LiaisonState,
    /// The other side has no account here.
    pub outside: bool,
    /// Its day has passed without an answer.
    pub overdue: bool,
}

/// What an answer from outside is called, whichever of its steps it is.
pub const REPLY: &str = "reply";

impl Standing {
    fn fits(&self, by: By, step: LiaisonStep) -> bool {
        let due = step != T::Expiry || self.overdue;
        let there = by == By::Own || self.outside;
        due && there
    }

    /// What may happen now, in the order of the table; answers of an office outside are one word.
    pub fn allowed(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for (side, by, from, step, _) in TABLE {
            let here = *side == self.side && *from == self.state && self.fits(*by, *step);
            let word = match by {
                By::Own => step.as_str(),
                By::Outside => REPLY,
            };
            if here && !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }

    /// The state after a step, or why it cannot be taken.
    pub fn decide(&self, by: By, step: LiaisonStep) -> AppResult<LiaisonState> {
        TABLE
            .iter()
            .find(|(side, who, from, s, _)| {
                (*side, *who, *from, *s) == (self.side, by, self.state, step)
            })
            .filter(|_| self.fits(by, step))
            .map(|(.., to)| *to)
            .ok_or_else(|| AppError::state_forbids(self.state, self.allowed()))
    }
}

/// Whether what was told is needed no longer once a notice is in this state.
pub fn over(state: LiaisonState) -> bool {
    matches!(state, S::Declined | S::Expired | S::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    fn standing() -> impl Strategy<Value = Standing> {
        let side = prop::sample::select(LiaisonSide::ALL);
        let state = prop::sample::select(LiaisonState::ALL);
        (side, state, any::<bool>(), any::<bool>()).prop_map(|(side, state, outside, overdue)| {
            Standing {
                side,
                state,
                outside,
                overdue,
            }
        })
    }

    proptest! {
        /// Whatever is allowed can be done, and nothing else; a refusal names the state and what is allowed.
        #[test]
        fn what_is_allowed_is_what_can_be_done(
            standing in standing(),
            step in prop::sample::select(LiaisonStep::ALL),
            own in any::<bool>(),
        ) {
            let by = if own { By::Own } else { By::Outside };
            let word = if own { step.as_str() } else { REPLY };
            match standing.decide(by, step) {
                Ok(_) => prop_assert!(standing.allowed().contains(&word)),
                Err(AppError::Problem(p)) => {
                    prop_assert!(!own || !standing.allowed().contains(&word));
                    prop_assert_eq!(p.code, Code::StateForbids);
                    let words = standing.allowed().iter().map(|s| s.to_string()).collect();
                    prop_assert_eq!(p.state, Some((standing.state.to_string(), words)));
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }

        /// Whatever is done, a notice comes to its end and nothing leads back to where it was a draft.
        #[test]
        fn every_course_ends(steps in prop::collection::vec((prop::sample::select(LiaisonStep::ALL), any::<bool>()), 1..40), outside in any::<bool>()) {
            let mut at = Standing { side: D::Out, state: S::Draft, outside, overdue: true };
            let mut moved = 0;
            for (step, own) in steps {
                let by = if own { By::Own } else { By::Outside };
                if let Ok(to) = at.decide(by, step) {
                    prop_assert!(to != S::Draft && at.state != S::Closed);
                    at.state = to;
                    moved += 1;
                }
            }
            prop_assert!(moved <= 5, "{}", moved);
        }
    }

    #[test]
    fn every_step_stands_once() {
        for (i, (side, by, from, step, _)) in TABLE.iter().enumerate() {
            let again = TABLE[..i]
                .iter()
                .any(|(d, b, f, s, _)| (d, b, f, s) == (side, by, from, step));
            assert!(!again, "{side} {from} {step}");
        }
    }

    #[test]
    fn nothing_expires_before_its_day_and_nobody_here_answers_for_an_office_outside() {
        let sent = Standing {
            side: D::Out,
            state: S::Sent,
            outside: false,
            overdue: false,
        };
        assert!(sent.allowed().is_empty());
        let late = Standing {
            overdue: true,
            ..sent
        };
        assert_eq!(late.allowed(), ["expiry"]);
        let outside = Standing {
            outside: true,
            ..late
        };
        assert_eq!(outside.allowed(), ["expiry", "reply"]);
        assert!(sent.decide(By::Outside, T::Acceptance).is_err());
        assert!(outside.decide(By::Outside, T::Acceptance).is_ok());
    }
}
