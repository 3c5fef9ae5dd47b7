//! Making ready what a confirmed import will store.

use super::check::{Cover, Scene, Unit};
use super::members::{Home, Member};
use super::stage_store::{Staged, StagedBeneficiary, StagedInsured, StagedPerson, StagedPolicy};
use super::store::Noted;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::households::api::Founding;
use crate::households::model::{HouseholdRow, HouseholdState};
use crate::insurance::rules::Concluded;
use crate::people::fields::{self, Clear};
use crate::people::intake::{self, NewPerson};
use crate::people::model::PersonState;

/// The rows of these units, and whom the rows of the sheet that name somebody new name from now on.
pub fn of(
    c: &mut DbConn,
    scene: &Scene<'_>,
    units: &[Unit],
    at: Micros,
) -> AppResult<(Staged, Vec<Noted>)> {
    let (mut staged, mut noted) = (Staged::default(), Vec::new());
    for unit in units {
        let people = one(c, scene, unit, at, &mut staged)?;
        let fresh = unit.members.iter().any(|member| member.known.is_none());
        if fresh {
            noted.extend(notes(unit, |member| people.get(member).copied()));
        }
    }
    Ok((staged, noted))
}

/// What is noted of a unit's rows.
pub fn notes(unit: &Unit, id: impl Fn(usize) -> Option<Uid>) -> impl Iterator<Item = Noted> {
    let of = unit.rows.iter().map(move |row| {
        let person = id(row.insured);
        let other = |member: usize| id(member).filter(|other| Some(*other) != person);
        Noted {
            number: row.number,
            person,
            holder: other(row.holder),
            payer: other(row.payer),
            beneficiary: row.beneficiary.and_then(other),
            macs: row.macs.clone(),
        }
    });
    of.collect::<Vec<_>>().into_iter()
}

/// Makes a unit ready; answers the ids of its members.
fn one(
    c: &mut DbConn,
    scene: &Scene<'_>,
    unit: &Unit,
    at: Micros,
    staged: &mut Staged,
) -> AppResult<Vec<Uid>> {
    let (home, fresh) = match &unit.home {
        Home::Known(home) => (home.clone(), false),
        Home::New { kind, area } => {
            let founding = Founding::new(scene.vault, Uid::new(at), *kind, area.code.clone())?;
            (founding.row(scene.who, area), true)
        }
    };
    let area = match &unit.home {
        Home::New { area, .. } => area.clone(),
        Home::Known(home) => area_of(c, home)?,
    };
    let key = scene
        .vault
        .open_data_key(home.id.0, &home.data_key)
        .map_err(AppError::internal)?;
    let mut ids = Vec::with_capacity(unit.members.len());
    for member in &unit.members {
        let id = match &member.known {
            Some(person) => person.id,
            None => fresh_person(scene, member, &home, &area, at, staged)?,
        };
        ids.push(id);
        staged.people.push(StagedPerson {
            import_id: scene.import.id,
            unit: unit.number,
            person_id: id,
            household_id: home.id,
            fresh: member.known.is_none(),
            fresh_household: fresh,
            person_version: member.known.as_ref().map_or(1, |p| p.version),
            household_version: home.version,
            answers: member.answers,
            agreed: member.agreed,
            household_policies: unit.policies_before,
            consent_id: member.given.as_ref().map(|_| Uid::new(at)),
            text_version: member.given.as_ref().map(|given| given.text),
            channel: member.given.as_ref().map(|given| given.channel),
            given_by: member.given.as_ref().map(|given| given.by),
            given_at: member.given.as_ref().map(|given| given.at),
        });
    }
    let id = |member: usize| ids.get(member).copied().unwrap_or(Uid::NIL);
    for cover in &unit.covers {
        let concluded = concluded(scene, cover, &home, fresh, at, &id);
        let (policy, insured, beneficiaries) = concluded.rows(&key)?;
        staged.policies.push(StagedPolicy {
            import_id: scene.import.id,
            unit: unit.number,
            id: policy.id,
            household_id: policy.household_id,
            county: policy.county,
            town: policy.town,
            village: policy.village,
            product: policy.product,
            policy_number: policy.policy_number,
            insurer_code: policy.insurer_code,
            holder_person_id: policy.holder_person_id,
            payer_person_id: policy.payer_person_id,
            starts_on: policy.starts_on,
            ends_on: policy.ends_on,
            registered_by: policy.registered_by,
            assignee: policy.assignee,
            at: policy.created_at,
        });
        staged
            .insured
            .extend(insured.into_iter().map(|row| StagedInsured {
                import_id: scene.import.id,
                unit: unit.number,
                policy_id: row.policy_id,
                person_id: row.person_id,
                position: row.position,
                sum_agreed: row.sum_agreed,
            }));
        let rows = beneficiaries.into_iter().map(|row| StagedBeneficiary {
            import_id: scene.import.id,
            unit: unit.number,
            policy_id: row.policy_id,
            person_id: row.person_id,
            position: row.position,
            share: row.share,
        });
        staged.beneficiaries.extend(rows);
    }
    if fresh {
        // Out of use until all of it comes into use.
        staged.households.push(HouseholdRow {
            state: HouseholdState::Erased,
            ..home
        });
    }
    Ok(ids)
}

fn area_of(c: &mut DbConn, home: &HouseholdRow) -> AppResult<AreaRow> {
    areas::store::by_id(c, home.area_id)?
        .ok_or_else(|| AppError::internal("a household without an area"))
}

/// Who looks after a household looks after what an import brings to it: to import is no reason to see somebody in
/// clear. What is new is in the care of whoever imports it, until it is given to somebody.
fn fresh_person(
    scene: &Scene<'_>,
    member: &Member,
    home: &HouseholdRow,
    area: &AreaRow,
    at: Micros,
    staged: &mut Staged,
) -> AppResult<Uid> {
    let clear = Clear {
        name: member.named.name.clone(),
        phone: member.named.phone.clone(),
        address: None,
        document: member.named.documents.first().cloned(),
    };
    let id = Uid::new(at);
    let (_, sealed) = fields::seal_new(scene.vault, id, &clear)?;
    let new = NewPerson {
        id,
        sealed: &sealed,
        sex: member.sex,
        birth_year: member.birth.year,
        language: None,
        contact_hours: None,
        household_id: Some(home.id),
    };
    let mut row = intake::row(scene.who, new, area);
    let worker = home.assignee.unwrap_or(home.registered_by);
    (row.registered_by, row.assignee) = (worker, Some(worker));
    (row.created_at, row.updated_at) = (at, at);
    row.state = PersonState::Restricted;
    staged.persons.push(row);
    Ok(id)
}

fn concluded<'a>(
    scene: &Scene<'_>,
    cover: &'a Cover,
    home: &'a HouseholdRow,
    fresh: bool,
    at: Micros,
    id: &impl Fn(usize) -> Uid,
) -> Concluded<'a> {
    let registered_by = match fresh {
        true => scene.who.user,
        false => home.assignee.unwrap_or(home.registered_by),
    };
    Concluded {
        id: Uid::new(at),
        household: home,
        product: cover.product.id,
        insurer_code: &cover.insurer,
        policy_number: cover.number.as_deref(),
        holder: id(cover.holder),
        payer: id(cover.payer),
        starts_on: cover.starts_on,
        ends_on: cover.ends_on,
        registered_by,
        at,
        insured: cover
            .insured
            .iter()
            .map(|(who, agreed)| (id(*who), *agreed))
            .collect(),
        beneficiaries: cover
            .beneficiaries
            .iter()
            .map(|(who, share)| (id(*who), *share))
            .collect(),
    }
}
