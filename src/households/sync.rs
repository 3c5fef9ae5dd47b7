//! What phones hold of households and their people, and what they do to them offline.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// Households.
pub static HOUSEHOLD: Entry = Entry {
    table: "households",
    read: Action::HouseholdRead,
    shared: false,
    people: true,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// A household's people.
pub static HOUSEHOLD_PERSON: Entry = Entry {
    table: "persons",
    read: Action::HouseholdRead,
    shared: false,
    people: true,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
