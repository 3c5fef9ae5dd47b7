//! Whoever joins an association or takes a post in one: somebody known already, or a person taken in with no more
//! than a name, a phone, and their own consent to `membership`.

use super::members;
use super::model::AssociationRow;
use super::posts;
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::{Action, Handle, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError};
use crate::http::text::{AreaCode, PersonName, PhoneNumber};
use crate::people::consents::{self, Birth, NewConsent};
use crate::people::feed::Seen;
use crate::people::fields::{self, Sealed};
use crate::people::intake::{self, NewPerson, Typed};
use crate::people::model::{PersonRow, PersonState, Purpose, Sex};
use crate::privacy::{erasure, subject};
use crate::{duplicates, people};

/// Where somebody may be who is nothing but a member.
const PLACES: [AreaLevel; 3] = [AreaLevel::County, AreaLevel::Town, AreaLevel::Village];

/// What associations ask anybody to agree to.
pub const OURS: &[Purpose] = &[Purpose::Membership, Purpose::Photos];

/// Somebody as they were typed: known by their id, or by a name.
pub struct TypedPerson {
    pub person_id: Option<Uid>,
    pub name: Option<PersonName>,
    pub phone: Option<PhoneNumber>,
    pub area: Option<AreaCode>,
    pub consents: Vec<NewConsent>,
}

/// The same, with everything sealed that will rest.
pub enum Joining {
    Known {
        id: Uid,
        consents: Vec<NewConsent>,
    },
    New {
        id: Uid,
        sealed: Sealed,
        area: Option<String>,
        consents: Vec<NewConsent>,
    },
}

impl TypedPerson {
    /// Checks what needs no database and seals what will rest.
    pub fn seal(self, vault: &Vault, who: &Who) -> AppResult<Joining> {
        let typed = self.phone.is_some() || self.area.is_some();
        let not_ours = |k: &NewConsent| !OURS.contains(&k.purpose);
        if let Some(i) = self.consents.iter().position(not_ours) {
            let at = format!("/consents/{i}/purpose");
            return Err(AppError::field(at, Fault::NotFitting));
        }
        match (self.person_id, self.name) {
            (None, None) => Err(AppError::field("/name", Fault::Required)),
            (Some(_), Some(_)) => Err(AppError::field("/person_id", Fault::NotFitting)),
            // What is known of somebody is amended where they are known.
            (Some(_), None) if typed => Err(AppError::field("/person_id", Fault::NotFitting)),
            (Some(id), None) => Ok(Joining::Known {
                id,
                consents: self.consents,
            }),
            (None, Some(name)) => {
                let id = Uid::new(who.at);
                let typed = Typed {
                    name,
                    phone: self.phone.as_ref(),
                    document: None,
                    address: None,
                };
                let (clear, _) = intake::read(typed, who.at.china_day())?;
                let (_, sealed) = fields::seal_new(vault, id, &clear)?;
                Ok(Joining::New {
                    id,
                    sealed,
                    area: self.area.map(AreaCode::into_string),
                    consents: self.consents,
                })
            }
        }
    }
}

/// The person, locked, who agrees to `membership`; somebody new is stored.
pub fn joined(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    association: &Handle<AssociationRow>,
    joining: &Joining,
) -> AppResult<PersonRow> {
    match joining {
        Joining::Known { id, consents } => {
            let person = known(c, who, *id)?;
            for (i, consent) in consents.iter().enumerate() {
                let given = consents::record(c, vault, who, &person, consent);
                given.map_err(|e| within(e, &format!("/consents/{i}")))?;
            }
            let at = Some("/person_id".to_owned());
            consents::require(c, &person, Purpose::Membership, at)?;
            Ok(person.into_row())
        }
        Joining::New {
            id,
            sealed,
            area,
            consents,
        } => {
            let agrees = consents.iter().any(|k| k.purpose == Purpose::Membership);
            if !agrees {
                return Err(AppError::of(Code::ConsentRequired));
            }
            erasure::refuse_erased(c, *id)?;
            let area = place(c, association, area.as_deref())?;
            let new = NewPerson {
                id: *id,
                sealed,
                // Nobody needs to know it of a member.
                sex: Sex::Unspecified,
                birth_year: None,
                language: None,
                contact_hours: None,
                household_id: None,
            };
            let person = intake::row(who, new, &area);
            let seen = Seen::as_it_stands(&person);
            intake::take_in(c, who, &person, seen, Birth::default(), consents)?;
            Ok(person)
        }
    }
}

/// Where a new person stands: in the area that was said, else in the association's own.
fn place(c: &mut DbConn, association: &AssociationRow, said: Option<&str>) -> AppResult<AreaRow> {
    let area = match said {
        Some(code) => areas::store::by_code(c, code)?
            .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?,
        None => areas::store::by_id(c, association.area_id)?
            .ok_or_else(|| AppError::internal("an association without an area"))?,
    };
    if !PLACES.contains(&area.level) {
        let fault = if said.is_some() {
            Fault::NotFitting
        } else {
            Fault::Required
        };
        return Err(AppError::field("/area", fault));
    }
    let inside = area.chain().any(|id| id == association.area_id);
    match inside {
        true => Ok(area),
        false => Err(AppError::field("/area", Fault::AreaOutside)),
    }
}

/// Somebody whom the caller knows: a member or holder of a post in their areas, or one of the people they work with.
fn known(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Handle<PersonRow>> {
    let unknown = || AppError::field("/person_id", Fault::NoSuchRecord);
    let id = duplicates::follow::now(c, id)?;
    people::store::lock(c, id)?;
    let scope = who.scope(Action::MemberWrite);
    let person = match members::store::in_scope_of(c, &scope, id)? {
        Some(membership) => {
            let membership = who.authorise(Action::MemberWrite, Some(membership))?;
            people::store::find(c, id)?.map(|p| membership.lead(p))
        }
        None => match posts::store::in_scope_of(c, &scope, id)? {
            Some(post) => {
                let post = who.authorise(Action::PostWrite, Some(post))?;
                people::store::find(c, id)?.map(|p| post.lead(p))
            }
            None if who.may(Action::ConsentWrite).is_ok() => {
                Some(subject::subject(c, who, Action::ConsentWrite, id))
            }
            None => None,
        },
    };
    let person = person.ok_or_else(unknown)??;
    match person.state {
        PersonState::Active => Ok(person),
        _ => Err(unknown()),
    }
}

/// A fault in a part of what was sent.
pub fn within(e: AppError, at: &str) -> AppError {
    match e {
        AppError::Problem(mut problem) => {
            for fault in &mut problem.errors {
                *fault = FieldError {
                    pointer: format!("{at}{}", fault.pointer),
                    ..fault.clone()
                };
            }
            AppError::Problem(problem)
        }
        other => other,
    }
}
