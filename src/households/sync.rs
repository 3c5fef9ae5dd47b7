//! What phones hold of households and their people, and what they do to them offline.

use super::api::{HouseholdPatch, NewHousehold};
use super::people_api::NewHouseholdPerson;
use super::rights::HouseholdPersonPatch;
use super::{api, assignee, people, rights, store, view};
use crate::auth::{Action, Placed};
use crate::people::store::purposes_of;
use crate::residents::care::Assignee;
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};

/// Households: those who look after them hold them in full, coordinators masked.
pub static HOUSEHOLD: Entry = Entry {
    table: "households",
    read: Action::HouseholdRead,
    shared: false,
    people: true,
    ages: false,
    masked: &["address"],
    load: |c, vault, who, ids| {
        let rows = store::among(c, who, Action::HouseholdRead, ids)?;
        rows.into_iter()
            .map(|row| {
                let (place, full) = (row.place(), who.owns(&row));
                let shown = view::show(vault, who, row)?;
                Loaded::new(shown.id, shown.version, place, full, &shown)
            })
            .collect()
    },
    stand: stand!(households),
    commands: &[
        Command {
            action: "create",
            operations: &["create_household"],
            prepare: |ask| {
                let new = ask
                    .body_with_id::<NewHousehold>()?
                    .seal(&ask.app.vault, ask.who)?;
                Ok(Box::new(move |c, who, _| {
                    api::establish(c, who, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_household"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let patch = ask.body::<HouseholdPatch>()?;
                Ok(Box::new(move |c, who, version| {
                    api::amend(c, &vault, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "assignee",
            operations: &["assign_household"],
            prepare: |ask| {
                let (to, id) = (ask.body::<Assignee>()?.assignee, ask.record);
                Ok(Box::new(move |c, who, _| assignee::assign(c, who, id, to)))
            },
        },
    ],
};

/// A household's people: each is held where the household is held too.
pub static HOUSEHOLD_PERSON: Entry = Entry {
    table: "persons",
    read: Action::HouseholdRead,
    shared: false,
    people: true,
    ages: false,
    masked: &["name", "phone", "document"],
    load: |c, vault, who, ids| {
        let rows = people::among(c, who, Action::HouseholdRead, ids)?;
        let seen: Vec<_> = rows.iter().map(|(person, _)| person.id).collect();
        let purposes = purposes_of(c, &seen)?;
        rows.into_iter()
            .map(|(row, place)| {
                let full = who.owns(&row);
                let shown = view::show_person(vault, who, row, &purposes)?;
                Loaded::new(shown.id, shown.version, place, full, &shown)
            })
            .collect()
    },
    stand: stand!(persons),
    commands: &[
        Command {
            action: "create",
            operations: &["create_household_person"],
            prepare: |ask| {
                let household = ask.parent()?;
                let new = ask
                    .body_with_id::<NewHouseholdPerson>()?
                    .seal(&ask.app.vault, ask.who)?;
                Ok(Box::new(move |c, who, _| {
                    people::take_in(c, who, household, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_household_person"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let household = ask.parent()?;
                let patch = ask
                    .body::<HouseholdPersonPatch>()?
                    .check(ask.who.at.china_day())?;
                Ok(Box::new(move |c, who, version| {
                    rights::amend_person(c, &vault, who, household, id, version, &patch)
                }))
            },
        },
        Command {
            action: "join",
            operations: &["join_household"],
            prepare: |ask| {
                let (household, id) = (ask.parent()?, ask.record);
                ask.no_body()?;
                Ok(Box::new(move |c, who, _| {
                    people::join(c, who, household, id)
                }))
            },
        },
    ],
};
