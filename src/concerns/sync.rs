//! What phones hold of opinions and needs, and what coordinators do to them offline.

use super::api::{self, ConcernAnswer, ConcernReferral};
use super::commands::{self, Move};
use super::store;
use crate::auth::{Action, Placed};
use crate::error::AppResult;
use crate::stand;
use crate::sync::kinds::{Ask, Command, Entry, Loaded, Work};
use crate::visits::texts::{self, Sealer};

fn step(ask: &Ask<'_>, step: Move) -> AppResult<Work> {
    let (vault, id) = (ask.app.vault.clone(), ask.record);
    Ok(Box::new(move |c, who, _| {
        commands::take(c, &vault, who, id, &step)
    }))
}

/// Concerns. They are born with the submission of a visit, never by themselves.
pub static CONCERN: Entry = Entry {
    table: "concerns",
    read: Action::ConcernRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, vault, who, ids| {
        let rows = store::among(c, who, ids)?;
        let keys = texts::keys(c, rows.iter().filter_map(|row| row.household_id))?;
        rows.into_iter()
            .map(|row| {
                let place = row.place();
                let sealer = Sealer::among(vault, row.household_id, &keys)?;
                let shown = api::show(&sealer, who, row)?;
                Loaded::new(shown.id, shown.version, place, true, &shown)
            })
            .collect()
    },
    stand: stand!(concerns, whole),
    commands: &[
        Command {
            action: "referral",
            operations: &["refer_concern"],
            prepare: |ask| step(ask, ask.body::<ConcernReferral>()?.step()),
        },
        Command {
            action: "answer",
            operations: &["answer_concern"],
            prepare: |ask| step(ask, ask.body::<ConcernAnswer>()?.step()),
        },
    ],
};
