//! What phones hold of activities, and how they plan and report them offline.

use super::api::{ActivityPatch, NewActivity};
use super::steps_api::{ActivityReport, ActivityReturn};
use super::{commands, store, view};
use crate::auth::{Action, Placed};
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};

/// Activities: everybody of the area works with them.
pub static ACTIVITY: Entry = Entry {
    table: "activities",
    read: Action::ActivityRead,
    shared: true,
    people: false,
    ages: true,
    masked: &[],
    load: |c, _, who, ids| {
        let rows = store::among(c, who, ids)?;
        let places: Vec<_> = rows.iter().map(Placed::place).collect();
        let shown = view::show(c, who, rows)?;
        shown
            .iter()
            .zip(places)
            .map(|(shown, place)| Loaded::new(shown.id, shown.version, place, true, shown))
            .collect()
    },
    stand: stand!(activities),
    commands: &[
        Command {
            action: "create",
            operations: &["create_activity"],
            prepare: |ask| {
                let new = ask.body_with_id::<NewActivity>()?;
                Ok(Box::new(move |c, who, _| {
                    commands::plan(c, who, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_activity"],
            prepare: |ask| {
                let (patch, id) = (ask.body::<ActivityPatch>()?, ask.record);
                Ok(Box::new(move |c, who, version| {
                    commands::amend(c, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "report",
            operations: &["report_activity"],
            prepare: |ask| {
                let (report, id) = (ask.body::<ActivityReport>()?, ask.record);
                Ok(Box::new(move |c, who, _| {
                    commands::report(c, who, id, &report)
                }))
            },
        },
        Command {
            action: "return",
            operations: &["return_activity"],
            prepare: |ask| {
                let (why, id) = (ask.body::<ActivityReturn>()?, ask.record);
                Ok(Box::new(move |c, who, _| {
                    commands::send_back(c, who, id, &why)
                }))
            },
        },
        Command {
            action: "confirmation",
            operations: &["confirm_activity"],
            prepare: |ask| {
                ask.no_body()?;
                let (id, read) = (ask.record, ask.base);
                Ok(Box::new(move |c, who, _| {
                    commands::confirm(c, who, id, read)
                }))
            },
        },
        Command {
            action: "cancellation",
            operations: &["cancel_activity"],
            prepare: |ask| {
                ask.no_body()?;
                let id = ask.record;
                Ok(Box::new(move |c, who, _| commands::cancel(c, who, id)))
            },
        },
    ],
};
