//! What phones hold of the inbox, and how they mark it offline.

use crate::auth::Action;
use crate::sync::kinds::Entry;

/// One's own notifications.
pub static NOTIFICATION: Entry = Entry {
    table: "notifications",
    read: Action::NotificationRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |_, _, _, _| Ok(Vec::new()),
    stand: |_, _| Ok(None),
    commands: &[],
};
