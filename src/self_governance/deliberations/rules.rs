//! When and in which ways people can have taken part.

use jiff::civil::Date;

use super::model::PartStage::{self, *};
use super::model::PartWay::{self, *};
use crate::db::Day;
use crate::error::Fault;

/// A way in which people took part, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub stage: PartStage,
    pub way: PartWay,
    pub on: Day,
    pub participants: i64,
}

/// The deliberation that it is told of.
#[derive(Debug, Clone, Copy)]
pub struct Meeting {
    /// The day it was held and how many took part; nothing before that.
    pub held: Option<(Day, i64)>,
    pub today: Date,
}

fn is_of(way: PartWay, stage: PartStage) -> bool {
    match way {
        Notice | Consultation | Proposal => stage == Before,
        Attendance | Discussion | Vote => stage == During,
        Information | Oversight | Appraisal => stage == After,
    }
}

/// What is wrong with one of them: the member and the fault.
fn fault_of(told: &Told, meeting: &Meeting) -> Option<(&'static str, Fault)> {
    if !is_of(told.way, told.stage) {
        return Some(("way", Fault::NotFitting));
    }
    if told.on.0 > meeting.today {
        return Some(("on", Fault::InTheFuture));
    }
    match (told.stage, meeting.held) {
        (Before, None) => None,
        (Before, Some((held, _))) => (told.on > held).then_some(("on", Fault::BadOrder)),
        (During | After, None) => Some(("stage", Fault::NotFitting)),
        (During, Some((held, _))) if told.on != held => Some(("on", Fault::NotFitting)),
        (During, Some((_, there))) => {
            (told.participants > there).then_some(("participants", Fault::OutOfRange))
        }
        (After, Some((held, _))) => (told.on < held).then_some(("on", Fault::BadOrder)),
    }
}

/// The first fault among them: which one, its member, and what it is.
pub fn fault(all: &[Told], meeting: &Meeting) -> Option<(usize, &'static str, Fault)> {
    for (i, told) in all.iter().enumerate() {
        if let Some((member, fault)) = fault_of(told, meeting) {
            return Some((i, member, fault));
        }
        let same =
            |other: &Told| (other.stage, other.way, other.on) == (told.stage, told.way, told.on);
        if all.iter().take(i).any(same) {
            return Some((i, "way", Fault::Repeated));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: i8) -> Day {
        Day(jiff::civil::date(2026, 4, d))
    }

    fn told(stage: PartStage, way: PartWay, on: i8, participants: i64) -> Told {
        Told {
            stage,
            way,
            on: day(on),
            participants,
        }
    }

    #[test]
    fn each_way_has_its_time() {
        let meeting = |held: Option<(Day, i64)>| Meeting {
            held,
            today: day(20).0,
        };
        let announced = meeting(None);
        let held = meeting(Some((day(10), 40)));
        for (told, under, wanted) in [
            (told(Before, Consultation, 9, 200), &announced, None),
            (told(Before, Consultation, 10, 200), &held, None),
            (
                told(Before, Notice, 11, 200),
                &held,
                Some((0, "on", Fault::BadOrder)),
            ),
            (
                told(During, Vote, 10, 40),
                &announced,
                Some((0, "stage", Fault::NotFitting)),
            ),
            (told(During, Vote, 10, 40), &held, None),
            (
                told(During, Vote, 9, 40),
                &held,
                Some((0, "on", Fault::NotFitting)),
            ),
            (
                told(During, Vote, 10, 41),
                &held,
                Some((0, "participants", Fault::OutOfRange)),
            ),
            (told(After, Oversight, 12, 90), &held, None),
            (
                told(After, Oversight, 9, 90),
                &held,
                Some((0, "on", Fault::BadOrder)),
            ),
            (
                told(After, Oversight, 21, 90),
                &held,
                Some((0, "on", Fault::InTheFuture)),
            ),
            (
                told(After, Vote, 12, 9),
                &held,
                Some((0, "way", Fault::NotFitting)),
            ),
            (
                told(Before, Attendance, 9, 9),
                &held,
                Some((0, "way", Fault::NotFitting)),
            ),
        ] {
            assert_eq!(fault(&[told], under), wanted, "{told:?}");
        }
        let twice = [told(After, Appraisal, 12, 9), told(After, Appraisal, 12, 8)];
        assert_eq!(fault(&twice, &held), Some((1, "way", Fault::Repeated)));
    }
}
