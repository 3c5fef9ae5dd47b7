//! What phones hold of consents, and what they do to them offline.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// Consents, with the person they are of.
pub static CONSENT: Entry = Entry {
    table: "consents",
    read: Action::ConsentRead,
    shared: false,
    people: false,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
