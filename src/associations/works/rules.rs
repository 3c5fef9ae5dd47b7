//! Which figures each kind of work has.

use super::model::WorkKind;
use crate::error::Fault;

/// Which of the figures somebody gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    pub participants: bool,
    pub hours: bool,
    pub groups_commended: bool,
    pub people_commended: bool,
    pub channel: bool,
    pub outlet: bool,
    pub link: bool,
}

/// What a kind does with a figure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Has {
    Needs,
    May,
    Never,
}

/// The figure at fault, if one is missing or is another kind's.
pub fn fault(kind: WorkKind, given: &Given) -> Option<(&'static str, Fault)> {
    use Has::*;
    let training = matches!(kind, WorkKind::Training);
    let commends = matches!(kind, WorkKind::Commendation);
    let publicity = matches!(kind, WorkKind::Publicity);
    let needs = |is: bool| if is { Needs } else { Never };
    let counted = match kind {
        WorkKind::Training | WorkKind::TwoForTwo => Needs,
        WorkKind::Publicity => Never,
        _ => May,
    };
    let figures = [
        ("/participants", counted, given.participants),
        ("/hours", needs(training), given.hours),
        ("/groups_commended", needs(commends), given.groups_commended),
        ("/people_commended", needs(commends), given.people_commended),
        ("/channel", needs(publicity), given.channel),
        ("/outlet", needs(publicity), given.outlet),
        ("/link", if publicity { May } else { Never }, given.link),
    ];
    let wrong = |(pointer, has, is): (&'static str, Has, bool)| match (has, is) {
        (Needs, false) => Some((pointer, Fault::Required)),
        (Never, true) => Some((pointer, Fault::NotFitting)),
        _ => None,
    };
    figures.into_iter().find_map(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_figures() {
        let none = Given::default();
        let training = Given {
            participants: true,
            hours: true,
            ..none
        };
        assert_eq!(fault(WorkKind::Training, &training), None);
        assert_eq!(
            fault(WorkKind::Training, &none),
            Some(("/participants", Fault::Required))
        );
        assert_eq!(
            fault(WorkKind::Deployment, &training),
            Some(("/hours", Fault::NotFitting))
        );
        assert_eq!(fault(WorkKind::Deployment, &none), None);
        let commends = Given {
            groups_commended: true,
            people_commended: true,
            ..none
        };
        assert_eq!(fault(WorkKind::Commendation, &commends), None);
        assert_eq!(
            fault(WorkKind::Commendation, &none),
            Some(("/groups_commended", Fault::Required))
        );
        let told = Given {
            channel: true,
            outlet: true,
            link: true,
            ..none
        };
        assert_eq!(fault(WorkKind::Publicity, &told), None);
        assert_eq!(
            fault(WorkKind::TwoForTwo, &told),
            Some(("/participants", Fault::Required))
        );
        for kind in WorkKind::ALL {
            let all = Given {
                hours: true,
                channel: true,
                ..commends
            };
            assert!(fault(*kind, &all).is_some(), "{kind}");
        }
    }
}
