//! What phones hold of residents and their stays, and what they do to them offline.

use super::api::{NewResident, ResidentPatch};
use super::departure::{self, Departure};
use super::{care, register, residences, store, view};
use crate::auth::{Action, Placed};
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};

/// Residents: those who look after them hold them in full, coordinators masked.
pub static RESIDENT: Entry = Entry {
    table: "residents",
    read: Action::ResidentRead,
    shared: false,
    people: true,
    ages: false,
    masked: &[
        "name",
        "phone",
        "document",
        "address",
        "employer",
        "language",
        "contact_hours",
    ],
    load: |c, vault, who, ids| {
        let rows = store::among(c, who, Action::ResidentRead, ids)?;
        rows.into_iter()
            .map(|(resident, person)| {
                let (place, full) = (resident.place(), who.owns(&resident));
                let shown = view::show(vault, who, resident, person)?;
                Loaded::new(shown.id, shown.version, place, full, &shown)
            })
            .collect()
    },
    stand: stand!(residents),
    commands: &[
        Command {
            action: "create",
            operations: &["create_resident"],
            prepare: |ask| {
                let (new, ..) = ask.body_with_id::<NewResident>()?.seal(ask.app, ask.who)?;
                Ok(Box::new(move |c, who, _| {
                    register::register(c, who, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_resident"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let patch = ask.body::<ResidentPatch>()?.check(ask.who.at.china_day())?;
                Ok(Box::new(move |c, who, version| {
                    register::amend(c, &vault, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "departure",
            operations: &["record_departure"],
            prepare: |ask| {
                let (left, id) = (ask.body::<Departure>()?, ask.record);
                Ok(Box::new(move |c, who, _| {
                    departure::depart(c, who, id, &left)
                }))
            },
        },
        Command {
            action: "assignee",
            operations: &["assign_resident"],
            prepare: |ask| {
                let (to, id) = (ask.body::<care::Assignee>()?.assignee, ask.record);
                Ok(Box::new(move |c, who, _| care::assign(c, who, id, to)))
            },
        },
    ],
};

/// Stays: they go with their resident.
pub static RESIDENCE: Entry = Entry {
    table: "residence_episodes",
    read: Action::ResidenceRead,
    shared: false,
    people: false,
    ages: false,
    masked: &[],
    load: |c, _, who, ids| {
        let stays = store::episodes_among(c, ids)?;
        let mut of: Vec<_> = stays.iter().map(|stay| stay.resident_id).collect();
        of.sort_unstable();
        of.dedup();
        let residents = store::among(c, who, Action::ResidenceRead, &of)?;
        let mut shown = Vec::with_capacity(stays.len());
        for stay in stays {
            let resident = residents.iter().find(|(r, _)| r.id == stay.resident_id);
            if let Some((resident, _)) = resident {
                let (place, full) = (resident.place(), who.owns(resident));
                let stay = residences::show(stay)?;
                shown.push(Loaded::new(stay.id, stay.version, place, full, &stay)?);
            }
        }
        Ok(shown)
    },
    stand: stand!(residence_episodes, whole),
    commands: &[Command {
        action: "create",
        operations: &["create_residence"],
        prepare: |ask| {
            let (vault, resident) = (ask.app.vault.clone(), ask.parent()?);
            let new = ask
                .body_with_id::<residences::NewResidence>()?
                .check(ask.who)?;
            Ok(Box::new(move |c, who, _| {
                residences::moved(c, &vault, who, resident, &new).map(|_| ())
            }))
        },
    }],
};
