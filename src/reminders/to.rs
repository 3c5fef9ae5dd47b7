//! Who is told: whoever must act, where they still work there; else, and later, those above them.

use std::collections::HashMap;

use super::{Due, store};
use crate::auth;
use crate::auth::Place;
use crate::auth::policy::Role;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// This worker, or the coordinators where they do not work there any more.
    Worker(Uid),
    /// This user, wherever they work.
    User(Uid),
    /// Those who coordinate at the place, in the narrowest area around it that has any.
    Coordinators { but: Option<Uid> },
    /// Those one level above: the work waited long enough for the others.
    Above { but: Option<Uid> },
    /// Organisers of the area or of one around it who may approve what these two wrote.
    Approvers { area: Uid, but: [Option<Uid>; 2] },
}

/// Coordinators by the place asked for: many records of a page stand at the same one.
pub type Known = HashMap<Place, Vec<Uid>>;

/// The users that a reminder goes to now.
pub fn users(c: &mut DbConn, due: &Due, now: Micros, known: &mut Known) -> AppResult<Vec<Uid>> {
    match due.to {
        To::User(user) => Ok(vec![user]),
        To::Worker(user) => {
            let roles = [Role::FieldMember, Role::Coordinator];
            match auth::store::holds(c, user, &roles, &due.place, now)? {
                true => Ok(vec![user]),
                false => coordinators(c, due.place, now, known),
            }
        }
        To::Coordinators { but } => {
            let all = coordinators(c, due.place, now, known)?;
            Ok(all.into_iter().filter(|user| Some(*user) != but).collect())
        }
        To::Above { but } => {
            let all = above(c, due.place, now, known)?;
            Ok(all.into_iter().filter(|user| Some(*user) != but).collect())
        }
        To::Approvers { area, but } => {
            let all = store::organisers_around(c, area, now)?;
            Ok(all
                .into_iter()
                .filter(|user| !but.contains(&Some(*user)))
                .collect())
        }
    }
}

/// Those who coordinate around whoever does so at the place; nobody where these are a county's own.
fn above(c: &mut DbConn, place: Place, now: Micros, known: &mut Known) -> AppResult<Vec<Uid>> {
    let first = coordinators(c, place, now, known)?;
    let mut at = place;
    while let Some(wider) = wider(at) {
        let found = coordinators(c, wider, now, known)?;
        if found != first {
            return Ok(found);
        }
        at = wider;
    }
    Ok(Vec::new())
}

/// A level wider, up to the county.
fn wider(place: Place) -> Option<Place> {
    let (village, town) = (None, place.town.filter(|_| place.village.is_some()));
    (place.village.is_some() || place.town.is_some()).then_some(Place {
        village,
        town,
        ..place
    })
}

fn coordinators(
    c: &mut DbConn,
    place: Place,
    now: Micros,
    known: &mut Known,
) -> AppResult<Vec<Uid>> {
    if let Some(found) = known.get(&place) {
        return Ok(found.clone());
    }
    let found = auth::store::coordinators_at(c, &place, now)?;
    known.insert(place, found.clone());
    Ok(found)
}
