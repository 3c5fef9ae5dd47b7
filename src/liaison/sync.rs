//! What phones hold of notices, and what they do to them offline. To send one needs the server: what is told is read
//! by the consents of that moment.

use super::amendment::{self, LiaisonNoticePatch};
use super::api::NewLiaisonNotice;
use super::steps::{self, Taken};
use super::steps_api::*;
use super::{drafts, drafts_store, store, view};
use crate::auth::Action;
use crate::error::AppResult;
use crate::residents::care::Assignee;
use crate::sync::kinds::{Ask, Command, Entry, Work};

fn step(ask: &Ask<'_>, taken: Taken) -> AppResult<Work> {
    let (vault, id) = (ask.app.vault.clone(), ask.record);
    Ok(Box::new(move |c, who, _| {
        steps::take(c, &vault, who, id, &taken)
    }))
}

/// Notices: those who drafted or are assigned to one hold it in full, coordinators masked.
pub static LIAISON_NOTICE: Entry = Entry {
    table: "liaison_notices",
    read: Action::LiaisonRead,
    shared: false,
    people: true,
    ages: false,
    masked: &["told", "note", "reply_note"],
    load: |c, vault, who, ids| {
        let rows = store::among(c, who, ids)?;
        let hung = view::hung(c, &rows)?;
        rows.into_iter()
            .map(|row| view::loaded(vault, who, row, &hung))
            .collect()
    },
    stand: drafts_store::stand,
    commands: &[
        Command {
            action: "create",
            operations: &["create_liaison_notice"],
            prepare: |ask| {
                let draft = ask.body_with_id::<NewLiaisonNotice>()?.draft()?;
                let vault = ask.app.vault.clone();
                Ok(Box::new(move |c, who, _| {
                    drafts::draft(c, &vault, who, &draft).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_liaison_notice"],
            prepare: |ask| {
                let (patch, id) = (ask.body::<LiaisonNoticePatch>()?, ask.record);
                let vault = ask.app.vault.clone();
                Ok(Box::new(move |c, who, version| {
                    amendment::amend(c, &vault, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "reception",
            operations: &["receive_liaison_notice"],
            prepare: |ask| step(ask, ask.body::<LiaisonReception>()?.taken()),
        },
        Command {
            action: "acceptance",
            operations: &["accept_liaison_notice"],
            prepare: |ask| step(ask, ask.body::<LiaisonAcceptance>()?.taken()),
        },
        Command {
            action: "rejection",
            operations: &["decline_liaison_notice"],
            prepare: |ask| step(ask, ask.body::<LiaisonRejection>()?.taken()),
        },
        Command {
            action: "closure",
            operations: &["close_liaison_notice"],
            prepare: |ask| step(ask, ask.body::<LiaisonClosure>()?.taken()),
        },
        Command {
            action: "assignee",
            operations: &["assign_liaison_notice"],
            prepare: |ask| {
                let (to, id) = (ask.body::<Assignee>()?.assignee, ask.record);
                Ok(Box::new(move |c, who, _| steps::assign(c, who, id, to)))
            },
        },
    ],
};
