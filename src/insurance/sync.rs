//! What phones hold of products, policies and claims, and what they do to them offline.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use validator::Validate;

use super::claims::{self, ClaimPatch, NewClaim};
use super::machine::ClaimStep;
use super::model::PaperKind;
use super::notes::{self, Note};
use super::notes_api::{ClaimInterruption, ClaimObstacle, ClaimObstacleEnd};
use super::papers::{self, ReceivedDocument};
use super::policies::{self, NewPolicy};
use super::products::InsuranceProduct;
use super::step_bodies::*;
use super::steps::{self, Step};
use super::{claim_store, claim_view, policy_view, store};
use crate::auth::{Action, Place, Placed, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::text::{Sha256Hex, not_null};
use crate::residents::view::View;
use crate::stand;
use crate::sync::kinds::{Ask, Command, Entry, Loaded, Work};

/// Products: the catalogue, the same for everybody who may read it.
pub static PRODUCT: Entry = Entry {
    table: "insurance_products",
    read: Action::ProductRead,
    shared: true,
    people: false,
    ages: false,
    masked: &[],
    load: |c, _, who, ids| {
        if who.may(Action::ProductRead).is_err() {
            return Ok(Vec::new());
        }
        store::products_among(c, ids)?
            .into_iter()
            .map(|row| {
                let shown = InsuranceProduct::from(row);
                Loaded::new(shown.id, shown.version, Place::default(), true, &shown)
            })
            .collect()
    },
    stand: stand!(insurance_products),
    commands: &[],
};

/// Policies: their product is seen by whoever looks after them.
pub static POLICY: Entry = Entry {
    table: "policies",
    read: Action::PolicyRead,
    shared: false,
    people: true,
    ages: false,
    // Who agreed to a sum tells whether death is covered.
    masked: &["product_id", "policy_number", "insured"],
    load: |c, vault, who, ids| {
        let rows = store::policies_among(c, who, ids)?;
        let places: HashMap<Uid, Place> = rows.iter().map(|r| (r.id, r.place())).collect();
        let loaded = policy_view::show(c, vault, who, rows)?
            .into_iter()
            .map(|shown| {
                let place = places.get(&shown.id).copied().unwrap_or_default();
                let full = shown.view == View::Full;
                Loaded::new(shown.id, shown.version, place, full, &shown)
            });
        loaded.collect()
    },
    stand: stand!(policies),
    commands: &[Command {
        action: "create",
        operations: &["create_policy"],
        prepare: |ask| {
            let (vault, id) = (ask.app.vault.clone(), ask.record);
            let new = ask.body_with_id::<NewPolicy>()?;
            Ok(Box::new(move |c, who, _| {
                policies::conclude(c, &vault, who, id, &new).map(|_| ())
            }))
        },
    }],
};

/// A paper that is there: what the operation takes, with the kind that stands in its path.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Paper {
    kind: PaperKind,
    received_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    file_sha256: Option<Sha256Hex>,
}

/// Prepares the step that a body tells of.
fn taken<T: DeserializeOwned + Validate>(
    ask: &Ask<'_>,
    told: impl FnOnce(T, &Who) -> Step,
) -> AppResult<Work> {
    let (vault, id) = (ask.app.vault.clone(), ask.record);
    let step = told(ask.body::<T>()?, ask.who);
    Ok(Box::new(move |c, who, _| {
        steps::take(c, &vault, who, id, &step)
    }))
}

/// Prepares a step of which only the day is told.
fn on_a_day(ask: &Ask<'_>, which: ClaimStep) -> AppResult<Work> {
    taken(ask, |day: ClaimStepDay, who| day.step(who, which))
}

/// Prepares a note beside the steps.
fn noted<T: DeserializeOwned + Validate>(
    ask: &Ask<'_>,
    told: impl FnOnce(T) -> Note,
) -> AppResult<Work> {
    let (id, note) = (ask.record, told(ask.body::<T>()?));
    Ok(Box::new(move |c, who, _| notes::note(c, who, id, &note)))
}

/// Claims, each with its papers, payments and clocks.
pub static CLAIM: Entry = Entry {
    table: "claims",
    read: Action::ClaimRead,
    shared: false,
    people: true,
    ages: true,
    // The last two are of the steps.
    masked: &["description", "reasons", "insurer_reference"],
    load: |c, vault, who, ids| {
        let rows = claim_store::among(c, who, ids)?;
        let places: Vec<Place> = rows.iter().map(Placed::place).collect();
        let shown = claim_view::show_all(c, vault, who, rows)?.into_iter();
        let loaded = shown.zip(places).map(|(shown, place)| {
            let full = shown.view == View::Full;
            Loaded::new(shown.id, shown.version, place, full, &shown)
        });
        loaded.collect()
    },
    stand: stand!(claims),
    commands: &[
        Command {
            action: "create",
            operations: &["create_claim"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let new = ask.body_with_id::<NewClaim>()?;
                Ok(Box::new(move |c, who, _| {
                    claims::report(c, &vault, who, id, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "update",
            operations: &["update_claim"],
            prepare: |ask| {
                let (vault, id) = (ask.app.vault.clone(), ask.record);
                let patch = ask.body::<ClaimPatch>()?;
                Ok(Box::new(move |c, who, version| {
                    claims::amend(c, &vault, who, id, version, &patch)
                }))
            },
        },
        Command {
            action: "documents",
            operations: &["receive_claim_document"],
            prepare: |ask| {
                let (paper, id) = (ask.body::<Paper>()?, ask.record);
                let given = ReceivedDocument {
                    received_on: paper.received_on,
                    file_sha256: paper.file_sha256,
                };
                Ok(Box::new(move |c, who, _| {
                    papers::receive(c, who, id, paper.kind, &given)
                }))
            },
        },
        Command {
            action: "acceptance",
            operations: &["accept_claim"],
            prepare: |ask| taken(ask, ClaimAcceptance::step),
        },
        Command {
            action: "document-request",
            operations: &["request_claim_documents"],
            prepare: |ask| taken(ask, DocumentRequest::step),
        },
        Command {
            action: "documents-completion",
            operations: &["complete_claim_documents"],
            prepare: |ask| on_a_day(ask, ClaimStep::DocumentsCompletion),
        },
        Command {
            action: "review",
            operations: &["review_claim"],
            prepare: |ask| {
                taken(ask, |told: ClaimExamination, who| {
                    told.step(who, ClaimStep::Review)
                })
            },
        },
        Command {
            action: "investigation",
            operations: &["investigate_claim"],
            prepare: |ask| {
                taken(ask, |told: ClaimExamination, who| {
                    told.step(who, ClaimStep::Investigation)
                })
            },
        },
        Command {
            action: "determination",
            operations: &["determine_claim"],
            prepare: |ask| taken(ask, ClaimDetermination::step),
        },
        Command {
            action: "agreement",
            operations: &["agree_claim"],
            prepare: |ask| on_a_day(ask, ClaimStep::Agreement),
        },
        Command {
            action: "payment",
            operations: &["pay_claim"],
            prepare: |ask| taken(ask, NewClaimPayment::step),
        },
        Command {
            action: "closure",
            operations: &["close_claim"],
            prepare: |ask| on_a_day(ask, ClaimStep::Closure),
        },
        Command {
            action: "withdrawal",
            operations: &["withdraw_claim"],
            prepare: |ask| on_a_day(ask, ClaimStep::Withdrawal),
        },
        Command {
            action: "dispute",
            operations: &["dispute_claim"],
            prepare: |ask| taken(ask, ClaimDispute::step),
        },
        Command {
            action: "dispute-outcome",
            operations: &["end_claim_dispute"],
            prepare: |ask| taken(ask, ClaimDisputeOutcome::step),
        },
        Command {
            action: "obstacle",
            operations: &["note_claim_obstacle"],
            prepare: |ask| noted(ask, ClaimObstacle::note),
        },
        Command {
            action: "obstacle-end",
            operations: &["end_claim_obstacle"],
            prepare: |ask| noted(ask, ClaimObstacleEnd::note),
        },
        Command {
            action: "interruption",
            operations: &["note_claim_interruption"],
            prepare: |ask| noted(ask, ClaimInterruption::note),
        },
    ],
};
