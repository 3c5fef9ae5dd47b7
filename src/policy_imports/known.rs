//! What is known of those whom some rows of a sheet name: asked for many rows at once.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::row::Named;
use crate::auth::rights::Scope;
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid, groups};
use crate::error::{AppResult, Fault};
use crate::households::model::HouseholdRow;
use crate::insurance::model::ProductRow;
use crate::insurance::rules::Beside;
use crate::insurance::{policies, store as insurance};
use crate::people::fields;
use crate::people::model::{ConsentRow, PersonRow, PersonState, Purpose};
use crate::{households, people};

/// People with one phone or document of some hundred; past that somebody is not told from somebody else.
const MOST: i64 = 5_000;

pub struct KnownPerson {
    pub row: PersonRow,
    name: Zeroizing<String>,
}

pub struct KnownPolicy {
    pub id: Uid,
    pub insurer_code: String,
    pub number: Option<String>,
    pub product: Uid,
    pub period: (Day, Day),
    pub insured: Vec<Uid>,
}

impl KnownPolicy {
    pub fn beside(&self) -> Beside<'_> {
        Beside {
            insurer_code: &self.insurer_code,
            number: self.number.as_deref(),
            product: self.product,
            period: self.period,
            insured: &self.insured,
        }
    }
}

#[derive(Default)]
pub struct Known {
    people: Vec<KnownPerson>,
    /// Who withdrew, and is to be erased.
    gone: Vec<KnownPerson>,
    by_document: HashMap<Vec<u8>, Vec<usize>>,
    by_phone: HashMap<Vec<u8>, Vec<usize>>,
    pub households: HashMap<Uid, HouseholdRow>,
    answers: HashMap<Uid, Vec<ConsentRow>>,
    policies: HashMap<Uid, Vec<KnownPolicy>>,
}

/// The products that an association has, by their codes.
pub type Products = HashMap<String, ProductRow>;

pub fn products(c: &mut DbConn) -> AppResult<Products> {
    let all = insurance::all_products(c)?;
    Ok(all.into_iter().map(|p| (p.code.clone(), p)).collect())
}

impl Known {
    /// Of these people, as far as they live in the area.
    pub fn of<'a>(
        c: &mut DbConn,
        vault: &Vault,
        area: &Scope,
        named: impl Iterator<Item = &'a Named>,
    ) -> AppResult<Known> {
        let (mut documents, mut phones) = (Vec::new(), Vec::new());
        for one in named {
            let (by_document, by_phone) = one.indexes(vault);
            documents.extend(by_document);
            phones.extend(by_phone);
        }
        for indexes in [&mut documents, &mut phones] {
            indexes.sort_unstable();
            indexes.dedup();
        }
        let mut known = Known::default();
        for row in people::store::by_indexes(c, area, &phones, &documents, MOST)? {
            let (_, clear) = fields::open(vault, &row)?;
            let name = Zeroizing::new(clear.name);
            if row.state != PersonState::Active {
                known.gone.push(KnownPerson { row, name });
                continue;
            }
            let at = known.people.len();
            let add = |to: &mut HashMap<Vec<u8>, Vec<usize>>, index: &Option<Vec<u8>>| {
                if let Some(index) = index {
                    to.entry(index.clone()).or_default().push(at);
                }
            };
            add(&mut known.by_document, &row.document_index);
            add(&mut known.by_phone, &row.phone_index);
            known.people.push(KnownPerson { row, name });
        }
        let people: Vec<Uid> = known.people.iter().map(|p| p.row.id).collect();
        let answers = people::store::answers(c, &people, Purpose::Insurance)?;
        known.answers = groups(answers, |answer| answer.person_id);
        known.homes(c, vault)?;
        Ok(known)
    }

    /// Their households, and what these have.
    fn homes(&mut self, c: &mut DbConn, vault: &Vault) -> AppResult<()> {
        let mut ids: Vec<Uid> = (self.people.iter())
            .filter_map(|p| p.row.household_id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = households::store::these(c, &ids)?;
        self.households = rows.into_iter().map(|h| (h.id, h)).collect();
        let rows = insurance::of_households(c, &ids)?;
        let of: Vec<Uid> = rows.iter().map(|p| p.id).collect();
        let mut insured = groups(insurance::insured(c, &of)?, |i| i.policy_id);
        for row in rows {
            let Some(home) = self.households.get(&row.household_id) else {
                continue;
            };
            let key = households::view::data_key(vault, home)?;
            let number = row.policy_number.as_deref();
            let number = number
                .map(|n| policies::number(&key, row.id, n))
                .transpose()?;
            let known = KnownPolicy {
                id: row.id,
                number,
                product: policies::product_id(&key, &row)?,
                period: (row.starts_on, row.ends_on),
                insured: (insured.remove(&row.id).unwrap_or_default().iter())
                    .map(|i| i.person_id)
                    .collect(),
                insurer_code: row.insurer_code,
            };
            self.policies
                .entry(row.household_id)
                .or_default()
                .push(known);
        }
        Ok(())
    }

    /// Whom somebody named is, if they are known: by their document, or else by phone and name.
    pub fn find(&self, vault: &Vault, named: &Named) -> Result<Option<&KnownPerson>, Fault> {
        let (documents, phones) = named.indexes(vault);
        let among = |by: &HashMap<Vec<u8>, Vec<usize>>, indexes: &[Vec<u8>]| -> Vec<&KnownPerson> {
            let mut found: Vec<usize> = indexes
                .iter()
                .filter_map(|i| by.get(i))
                .flatten()
                .copied()
                .collect();
            found.sort_unstable();
            found.dedup();
            found
                .into_iter()
                .filter_map(|at| self.people.get(at))
                .collect()
        };
        let by_document = among(&self.by_document, &documents);
        let called: Vec<_> = (by_document.iter())
            .filter(|p| named.same_name(&p.name))
            .collect();
        match (by_document.len(), called.as_slice()) {
            (0, _) => {}
            (_, [one]) => return Ok(Some(one)),
            (_, []) => return Err(Fault::NameDiffers),
            (_, _) => return Err(Fault::AmbiguousPerson),
        }
        let by_phone = among(&self.by_phone, &phones);
        let called: Vec<_> = (by_phone.into_iter())
            .filter(|p| named.same_name(&p.name))
            .collect();
        match called.as_slice() {
            [] => Ok(None),
            // Of the same name and phone, and by another document somebody else.
            [one] if named.documents.is_empty() || one.row.document_index.is_none() => {
                Ok(Some(one))
            }
            [_] => Err(Fault::NotFitting),
            _ => Err(Fault::AmbiguousPerson),
        }
    }

    /// When somebody withdrew who is not known any more and not erased yet.
    pub fn withdrew(&self, vault: &Vault, named: &Named) -> Option<Micros> {
        if self.gone.is_empty() {
            return None;
        }
        let (documents, phones) = named.indexes(vault);
        let among = |index: &Option<Vec<u8>>, all: &[Vec<u8>]| {
            index.as_ref().is_some_and(|index| all.contains(index))
        };
        let same = |p: &&KnownPerson| {
            among(&p.row.document_index, &documents)
                || among(&p.row.phone_index, &phones) && named.same_name(&p.name)
        };
        self.gone
            .iter()
            .filter(same)
            .map(|p| p.row.updated_at)
            .max()
    }

    /// All that somebody ever answered when they were asked about insurance.
    pub fn answers(&self, person: Uid) -> &[ConsentRow] {
        self.answers.get(&person).map_or(&[], Vec::as_slice)
    }

    pub fn policies(&self, household: Uid) -> &[KnownPolicy] {
        self.policies.get(&household).map_or(&[], Vec::as_slice)
    }
}
