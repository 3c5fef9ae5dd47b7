//! What phones hold of products, policies and claims, and what they do to them offline.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// Products: the catalogue.
pub static PRODUCT: Entry = Entry {
    table: "insurance_products",
    read: Action::ProductRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// Policies.
pub static POLICY: Entry = Entry {
    table: "policies",
    read: Action::PolicyRead,
    shared: false,
    people: true,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// Claims.
pub static CLAIM: Entry = Entry {
    table: "claims",
    read: Action::ClaimRead,
    shared: false,
    people: true,
    ages: true,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
