//! Telling phones of what was imported.
//!
//! The write that brings an import into use copies rows within the database and leaves the feed out: so many rows of it
//! would hold up everybody else's writes for seconds. What was imported is told of right after it, some hundred records
//! at a time, each with the row of the feed as it is then; the import remembers how far it came, so that nothing is
//! left out after a crash.

use std::collections::{HashMap, HashSet};

use super::model::ImportRow;
use super::stage_store::{self as store, StagedPerson};
use crate::auth::{self, Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::households::model::{HouseholdRow, HouseholdState};
use crate::insurance::policies;
use crate::people::feed::consents_seen;
use crate::people::model::{ConsentRow, PersonRow, PersonState};
use crate::sync::{self, Kind, record_change};
use crate::{areas, households};

/// Tells of the units up to this one.
pub fn of(c: &mut DbConn, who: &Who, import: &ImportRow, last: i64) -> AppResult<()> {
    let after = import.told;
    areas::store::remembered(|| {
        auth::store::holding_remembered(|| {
            sync::together(c, |c| {
                let people = store::people(c, import.id, after, last)?;
                let told = Told::load(c, &people)?;
                told.households(c, who, &people)?;
                told.people(c, who, &people)?;
                for policy in store::policies(c, import.id, after, last)? {
                    record_change(c, policies::change(who, &policy))?;
                }
                Ok(())
            })
        })
    })
}

/// Those whom it is about, as they are now.
struct Told {
    homes: HashMap<Uid, HouseholdRow>,
    persons: HashMap<Uid, PersonRow>,
    consents: HashMap<Uid, ConsentRow>,
}

impl Told {
    fn load(c: &mut DbConn, people: &[StagedPerson]) -> AppResult<Told> {
        // Only where something of theirs is new.
        let new = |p: &&StagedPerson| p.fresh || p.consent_id.is_some();
        let unique = |ids: Vec<Uid>| -> Vec<Uid> {
            let ids: HashSet<Uid> = ids.into_iter().collect();
            ids.into_iter().collect()
        };
        let of: Vec<&StagedPerson> = people.iter().filter(new).collect();
        let homes = store::homes(c, &unique(of.iter().map(|p| p.household_id).collect()))?;
        let persons = store::persons(c, &unique(of.iter().map(|p| p.person_id).collect()))?;
        let consents =
            store::consents(c, &unique(of.iter().filter_map(|p| p.consent_id).collect()))?;
        let used = homes
            .into_iter()
            .filter(|h| h.state == HouseholdState::Active);
        // Whoever withdrew meanwhile is told of as such already.
        let active = persons
            .into_iter()
            .filter(|p| p.state == PersonState::Active);
        Ok(Told {
            homes: used.map(|h| (h.id, h)).collect(),
            persons: active.map(|p| (p.id, p)).collect(),
            consents: consents.into_iter().map(|k| (k.id, k)).collect(),
        })
    }

    /// Households that are new, and those to which somebody came.
    fn households(&self, c: &mut DbConn, who: &Who, people: &[StagedPerson]) -> AppResult<()> {
        let mut done = HashSet::new();
        for one in people.iter().filter(|p| p.fresh) {
            let Some(home) = self.homes.get(&one.household_id) else {
                continue;
            };
            if !done.insert(home.id) {
                continue;
            }
            if one.fresh_household {
                let change = households::feed::change(who, home, home.version);
                record_change(c, change.shown_anew())?;
            } else {
                let home = who.authorise(Action::PolicyImport, Some(home.clone()))?;
                households::people::touched(c, who, &home)?;
            }
        }
        Ok(())
    }

    fn people(&self, c: &mut DbConn, who: &Who, people: &[StagedPerson]) -> AppResult<()> {
        let mut done = HashSet::new();
        for one in people {
            let (Some(person), Some(home)) = (
                self.persons.get(&one.person_id),
                self.homes.get(&one.household_id),
            ) else {
                continue;
            };
            // They may have moved in the moment since.
            let here = person.household_id == Some(home.id);
            let first = done.insert(person.id);
            if one.fresh && first && here {
                let seen = households::feed::seen(c, who, home, person)?;
                let change = households::feed::person(who, &seen, person.id, person.version);
                record_change(c, change.shown_anew())?;
            }
            let consent = one.consent_id.and_then(|id| self.consents.get(&id));
            if let Some(consent) = consent {
                let seen = match one.fresh && here {
                    true => households::feed::seen(c, who, home, person)?,
                    false => consents_seen(c, who, person)?,
                };
                let change = seen.change(who, Kind::Consent, consent.id, consent.version);
                record_change(c, change.shown_anew())?;
                if !one.fresh {
                    households::feed::person_changed(c, who, person, person.version)?;
                }
            }
        }
        Ok(())
    }
}
