//! What phones hold of the inbox, and how they mark it offline.

use std::collections::BTreeMap;

use super::api::Notification;
use super::marks::{self, Mark};
use super::store;
use crate::auth::{Action, Place};
use crate::error::AppError;
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};

/// One's own notifications, wherever one works.
pub static NOTIFICATION: Entry = Entry {
    table: "notifications",
    read: Action::NotificationRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, _, who, ids| {
        if who.may(Action::NotificationRead).is_err() {
            return Ok(Vec::new());
        }
        store::among(c, who.user, ids)?
            .into_iter()
            .map(|row| {
                let shown = Notification::from(row);
                Loaded::new(shown.id, shown.version, Place::default(), true, &shown)
            })
            .collect()
    },
    stand: stand!(notifications, whole),
    commands: &[Command {
        action: "marks",
        operations: &["mark_notifications"],
        prepare: |ask| {
            let (id, mark) = (ask.record, ask.body::<Mark>()?);
            let wanted = BTreeMap::from([(id, vec![mark])]);
            Ok(Box::new(move |c, who, _| {
                let (_, unknown) = marks::take(c, who, &wanted)?;
                match unknown.is_empty() {
                    true => Ok(()),
                    false => Err(AppError::not_found()),
                }
            }))
        },
    }],
};
