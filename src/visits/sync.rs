//! What phones hold of member homes, visits and follow-ups, and what they do to them offline.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// Member homes: everybody of the area works with them.
pub static MEMBER_HOME: Entry = Entry {
    table: "member_homes",
    read: Action::MemberHomeRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// Visits.
pub static VISIT: Entry = Entry {
    table: "visits",
    read: Action::VisitRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// Follow-ups.
pub static FOLLOW_UP: Entry = Entry {
    table: "follow_ups",
    read: Action::FollowUpRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
