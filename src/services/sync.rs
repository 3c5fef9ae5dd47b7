//! What phones hold of services, and what they do to them offline.

use super::bodies::*;
use super::steps::{self, Told};
use super::{store, view};
use crate::auth::{Action, Placed};
use crate::error::AppResult;
use crate::stand;
use crate::sync::kinds::{Ask, Command, Entry, Loaded, Work};

/// A step of a service, as its operation does it.
fn step(ask: &Ask<'_>, told: Told) -> AppResult<Work> {
    let (vault, id) = (ask.app.vault.clone(), ask.record);
    Ok(Box::new(move |c, who, _| {
        steps::take(c, &vault, who, id, &told)
    }))
}

/// Services go with their resident: those who look after them hold them in full, coordinators masked.
pub static SERVICE: Entry = Entry {
    table: "services",
    read: Action::ServiceRead,
    shared: false,
    people: true,
    ages: false,
    masked: &["provider_contact"],
    load: |c, vault, who, ids| {
        let rows = store::among(c, who, ids)?;
        rows.into_iter()
            .map(|(row, resident, person)| {
                let (place, full) = (resident.place(), who.owns(&resident));
                let shown = view::show(vault, who, row, &resident, &person)?;
                Loaded::new(shown.id, shown.version, place, full, &shown)
            })
            .collect()
    },
    stand: stand!(services, whole),
    commands: &[
        Command {
            action: "create",
            operations: &["create_service"],
            prepare: |ask| {
                let (new, resident) = (ask.body_with_id::<NewService>()?, ask.parent()?);
                Ok(Box::new(move |c, who, _| {
                    steps::offer(c, who, resident, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "acceptance",
            operations: &["accept_service"],
            prepare: |ask| step(ask, ask.body::<ServiceAcceptance>()?.told()),
        },
        Command {
            action: "refusal",
            operations: &["decline_service"],
            prepare: |ask| step(ask, ask.body::<ServiceRefusal>()?.told()),
        },
        Command {
            action: "referral",
            operations: &["refer_service"],
            prepare: |ask| step(ask, ask.body::<ServiceReferral>()?.told()),
        },
        Command {
            action: "delivery",
            operations: &["deliver_service"],
            prepare: |ask| step(ask, ask.body::<ServiceDelivery>()?.told()),
        },
        Command {
            action: "follow-up",
            operations: &["set_service_follow_up"],
            prepare: |ask| step(ask, ask.body::<ServiceFollowUp>()?.told()),
        },
    ],
};
