//! Which step may follow which, and when.

use jiff::civil::Date;

use super::model::CaseState;
use crate::text_enum;

text_enum! {
    /// A step of an assessment.
    CaseStep {
        Statement = "statement",
        Submission = "submission",
        Review = "review",
        Objection = "objection",
        Decision = "decision",
    }
}

/// Where an assessment stands today.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub state: CaseState,
    /// The last day on which the association may object.
    pub until: Option<Date>,
    pub today: Date,
}

/// What may be done next.
pub fn allowed(at: At) -> Vec<CaseStep> {
    let open = at.until.is_some_and(|until| at.today <= until);
    match at.state {
        CaseState::SelfAssessment => vec![CaseStep::Statement, CaseStep::Submission],
        CaseState::Submitted => vec![CaseStep::Review],
        CaseState::Reviewed if open => vec![CaseStep::Objection],
        CaseState::Reviewed | CaseState::Objected => vec![CaseStep::Decision],
        CaseState::Decided => Vec::new(),
    }
}

/// The state after a step.
pub fn after(step: CaseStep) -> CaseState {
    match step {
        CaseStep::Statement => CaseState::SelfAssessment,
        CaseStep::Submission => CaseState::Submitted,
        CaseStep::Review => CaseState::Reviewed,
        CaseStep::Objection => CaseState::Objected,
        CaseStep::Decision => CaseState::Decided,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i8) -> Date {
        jiff::civil::date(2026, 3, n)
    }

    #[test]
    fn an_objection_has_its_window_and_a_decision_waits_for_its_end() {
        let at = |today| At {
            state: CaseState::Reviewed,
            until: Some(day(15)),
            today: day(today),
        };
        assert_eq!(allowed(at(15)), [CaseStep::Objection]);
        assert_eq!(allowed(at(16)), [CaseStep::Decision]);
    }

    proptest! {
        /// Whatever is tried: states go forward alone, and nothing follows a decision.
        #[test]
        fn nothing_goes_back(steps in prop::collection::vec((0..5usize, 0..4i8), 1..40)) {
            let (mut state, mut today) = (CaseState::SelfAssessment, day(1));
            for (step, days) in steps {
                for _ in 0..days {
                    today = today.tomorrow().unwrap();
                }
                let step = CaseStep::ALL[step];
                let until = (state == CaseState::Reviewed).then(|| day(10));
                if allowed(At { state, until, today }).contains(&step) {
                    let next = after(step);
                    prop_assert!(next >= state);
                    prop_assert!(state != CaseState::Decided);
                    state = next;
                }
            }
        }
    }
}
