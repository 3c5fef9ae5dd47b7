//! What phones hold of consents, and what they do to them offline.

use std::collections::BTreeMap;

use super::consents::{self, Consent, NewConsent, NewRefusal, Withdrawal};
use super::model::PersonRow;
use super::store;
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppResult, Code};
use crate::stand;
use crate::sync::kinds::{Command, Entry, Loaded};
use crate::{households, residents};

/// Consents, with the person they are of.
pub static CONSENT: Entry = Entry {
    table: "consents",
    read: Action::ConsentRead,
    shared: false,
    people: false,
    ages: false,
    masked: &[],
    load: |c, _, who, ids| {
        let rows = store::consents_among(c, ids)?;
        let mut of: Vec<_> = rows.iter().map(|consent| consent.person_id).collect();
        of.sort_unstable();
        of.dedup();
        let people = seen(c, who, &of)?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some((place, full)) = people.get(&row.person_id) {
                let one = Consent::from(row);
                shown.push(Loaded::new(one.id, one.version, *place, *full, &one)?);
            }
        }
        Ok(shown)
    },
    stand: stand!(consents, whole),
    commands: &[
        Command {
            action: "create",
            operations: &["create_consent", "create_household_person_consent"],
            prepare: |ask| {
                let (vault, of) = (ask.app.vault.clone(), ask.parent()?);
                let new = ask.body_with_id::<NewConsent>()?;
                Ok(Box::new(move |c, who, _| {
                    let person = locked(c, who, of)?;
                    consents::record(c, &vault, who, &person, &new).map(|_| ())
                }))
            },
        },
        Command {
            action: "refusal",
            operations: &["create_refusal", "create_household_person_refusal"],
            prepare: |ask| {
                let (vault, of) = (ask.app.vault.clone(), ask.parent()?);
                let said = ask.body_with_id::<NewRefusal>()?;
                Ok(Box::new(move |c, who, _| {
                    let person = locked(c, who, of)?;
                    consents::refuse(c, &vault, who, &person, &said).map(|_| ())
                }))
            },
        },
        Command {
            action: "withdrawal",
            operations: &["withdraw_consent", "withdraw_household_person_consent"],
            prepare: |ask| {
                let (of, id) = (ask.parent()?, ask.record);
                let channel = ask.body::<Withdrawal>()?.channel;
                Ok(Box::new(move |c, who, _| {
                    let person = locked(c, who, of)?;
                    consents::withdraw(c, who, &person, id, channel).map(|_| ())
                }))
            },
        },
    ],
};

/// Those of these people whose consents the caller may read, as residents or as people of households:
/// where, and whether the caller looks after them.
fn seen(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<BTreeMap<Uid, (Place, bool)>> {
    let read = Action::ConsentRead;
    let mut people = BTreeMap::new();
    for (person, place) in households::people::among(c, who, read, ids)? {
        people.insert(person.id, (place, who.owns(&person)));
    }
    let of = residents::store::ids_of(c, ids)?;
    for (resident, person) in residents::store::among(c, who, read, &of)? {
        people.insert(person.id, (resident.place(), who.owns(&resident)));
    }
    Ok(people)
}

/// The person whose consents these are, named by the id of a resident or of a household's person.
fn locked(c: &mut DbConn, who: &Who, named: Uid) -> AppResult<Handle<PersonRow>> {
    let write = Action::ConsentWrite;
    match residents::store::locked(c, who, write, named) {
        Err(e) if e.code() == Code::NotFound => {
            households::people::locked_anywhere(c, who, write, named)
        }
        found => found.map(|(_, person)| person),
    }
}
