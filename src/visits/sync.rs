//! What phones hold of member homes, visits and follow-ups, and what they do to them offline.

use serde::Deserialize;
use validator::Validate;

use super::follow_ups_api::{Completion, FollowUpPatch};
use super::homes_api::{HomePatch, NewHome, PossessionCheck, PossessionWord};
use super::model::PhotoSlot;
use super::texts::{self, Sealer};
use super::visits_api::{NewVisit, ReturnNote, VisitPatch};
use super::{
    follow_ups, follow_ups_api, follow_ups_store, homes, homes_store, homes_view, visits_log,
    visits_store, visits_view,
};
use crate::auth::{Action, Placed};
use crate::db::Day;
use crate::error::{AppError, Fault};
use crate::http::text::{Note, not_null};
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};

/// Evidence of a possession: what the operation takes, with the kind that stands in its path.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Evidence {
    kind: PossessionWord,
    present: bool,
    checked_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    note: Option<Note>,
    #[serde(default, deserialize_with = "not_null")]
    photo: Option<PhotoSlot>,
}

/// Member homes: everybody of the area works with them.
pub static MEMBER_HOME: Entry = Entry {
    table: "member_homes",
    read: Action::MemberHomeRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |c, vault, who, ids| {
        let rows = homes_store::among(c, who, ids)?;
        let evidence = homes_view::load(c, &rows)?;
        rows.into_iter()
            .map(|row| {
                let place = row.place();
                let shown = homes_view::show(vault, &evidence, row)?;
                Loaded::new(shown.id, shown.version, place, true, &shown)
            })
            .collect()
    },
    stand: stand!(member_homes),
    commands: &[
        Command {
            action: "create",
            operations: &["create_member_home"],
            prepare: |ask| {
                let new = ask.body_with_id::<NewHome>()?;
                Ok(Box::new(move |c, who, _| {
                    homes::open(c, who, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_member_home"],
            prepare: |ask| {
                let (patch, id) = (ask.body::<HomePatch>()?, ask.record);
                Ok(Box::new(move |c, who, version| {
                    homes::amend(c, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "possessions",
            operations: &["set_possession"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let sent = ask.body::<Evidence>()?;
                let kind = sent.kind.into_string();
                let found = PossessionCheck {
                    present: sent.present,
                    checked_on: sent.checked_on,
                    note: sent.note,
                    photo: sent.photo,
                };
                Ok(Box::new(move |c, who, _| {
                    // Not a record that may still come: the kinds are the same for everybody.
                    let kind = homes::kind(c, &kind)?
                        .ok_or_else(|| AppError::field("/kind", Fault::NotOneOf))?;
                    homes::check(c, &vault, who, id, &kind, &found)
                }))
            },
        },
    ],
};

/// Visits, each with its follow-ups: a draft is its author's alone.
pub static VISIT: Entry = Entry {
    table: "visits",
    read: Action::VisitRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, vault, who, ids| {
        let rows = visits_store::among(c, who, ids)?;
        let mut hung = visits_view::load(c, &rows)?;
        rows.into_iter()
            .map(|row| {
                let place = row.place();
                let shown = visits_view::show(vault, who, &mut hung, row)?;
                Loaded::new(shown.id, shown.version, place, true, &shown)
            })
            .collect()
    },
    stand: stand!(visits),
    commands: &[
        Command {
            action: "create",
            operations: &["create_visit"],
            prepare: |ask| {
                let vault = ask.app.vault.clone();
                let new = ask.body_with_id::<NewVisit>()?;
                Ok(Box::new(move |c, who, _| {
                    visits_log::log(c, &vault, who, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_visit"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let patch = ask.body::<VisitPatch>()?;
                Ok(Box::new(move |c, who, version| {
                    visits_log::amend(c, &vault, who, id, version, &patch).map(|_| ())
                }))
            },
        },
        Command {
            action: "submission",
            operations: &["submit_visit"],
            prepare: |ask| {
                ask.no_body()?;
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                Ok(Box::new(move |c, who, _| {
                    visits_log::submit(c, &vault, who, id)
                }))
            },
        },
        Command {
            action: "return",
            operations: &["return_visit"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let why = ask.body::<ReturnNote>()?;
                Ok(Box::new(move |c, who, _| {
                    visits_log::send_back(c, &vault, who, id, &why)
                }))
            },
        },
        Command {
            action: "confirmation",
            operations: &["confirm_visit"],
            prepare: |ask| {
                ask.no_body()?;
                let id = ask.record;
                Ok(Box::new(move |c, who, _| visits_log::confirm(c, who, id)))
            },
        },
    ],
};

/// Follow-ups. They are planned with their visit, never by themselves.
pub static FOLLOW_UP: Entry = Entry {
    table: "follow_ups",
    read: Action::FollowUpRead,
    shared: false,
    people: false,
    ages: true,
    masked: &[],
    load: |c, vault, who, ids| {
        let rows = follow_ups_store::among(c, who, ids)?;
        let keys = texts::keys(c, rows.iter().filter_map(|row| row.household_id))?;
        rows.into_iter()
            .map(|row| {
                let place = row.place();
                let sealer = Sealer::among(vault, row.household_id, &keys)?;
                let shown = follow_ups_api::show(&sealer, who, row)?;
                Loaded::new(shown.id, shown.version, place, true, &shown)
            })
            .collect()
    },
    stand: stand!(follow_ups),
    commands: &[
        Command {
            action: "update",
            operations: &["update_follow_up"],
            prepare: |ask| {
                let (patch, id) = (ask.body::<FollowUpPatch>()?, ask.record);
                Ok(Box::new(move |c, who, version| {
                    follow_ups::amend(c, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "completion",
            operations: &["complete_follow_up"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let done = ask.body::<Completion>()?;
                Ok(Box::new(move |c, who, _| {
                    follow_ups::complete(c, &vault, who, id, &done)
                }))
            },
        },
    ],
};
