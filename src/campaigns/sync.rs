//! What phones hold of festivals and campaigns.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// Campaigns, of organisers.
pub static CAMPAIGN: Entry = Entry {
    table: "campaigns",
    read: Action::CampaignRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};

/// Festivals: everybody sees them.
pub static FESTIVAL: Entry = Entry {
    table: "festivals",
    read: Action::FestivalRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
