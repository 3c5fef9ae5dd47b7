//! Who is told: whoever must act, where they still work there; else, and later, those above them.

use std::collections::HashMap;

use super::store;
use crate::areas;
use crate::auth;
use crate::auth::Place;
use crate::auth::policy::{Action, Role};
use crate::campaigns::writers_store;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// This user, wherever they work.
    User(Uid),
    /// A rung of the ladder at the place.
    Rung(Rung),
    /// Those who may approve a campaign of this area, and who wrote none of it: its organisers; `late`, or where
    /// there is none: the officers.
    Approvers {
        campaign: Uid,
        area: Uid,
        author: Uid,
        late: bool,
    },
    /// Who planned a campaign of this area; `late`, or where they organise there no longer: all who do.
    Organisers { area: Uid, author: Uid, late: bool },
}

/// Who acts at a place, one above the other: the worker, if they still work there; those who coordinate the narrowest
/// area around it that has any; those of the next one, up to the province. Nobody stands on two rungs, and who may
/// not act on it stands on none: where somebody is the only one of their level, it is the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    worker: Option<Uid>,
    but: [Option<Uid>; 2],
    /// The lowest is 0.
    up: usize,
}

impl To {
    /// This worker, or the coordinators where they do not work there any more.
    pub fn worker(user: Uid) -> To {
        To::above_worker(user, 0)
    }
    /// Those so many rungs above a worker.
    pub fn above_worker(user: Uid, up: usize) -> To {
        To::Rung(Rung {
            worker: Some(user),
            but: [None, None],
            up,
        })
    }
    /// Those who coordinate at the place, without these.
    pub fn coordinators(but: [Option<Uid>; 2]) -> To {
        To::above(but, 0)
    }
    /// Those so many rungs above them: the work waited long enough for the others.
    pub fn above(but: [Option<Uid>; 2], up: usize) -> To {
        To::Rung(Rung {
            worker: None,
            but,
            up,
        })
    }
}

/// What was asked for before: many records of a page stand at the same place.
#[derive(Default)]
pub struct Known {
    /// The coordinators of an area itself.
    coordinators: HashMap<Uid, Vec<Uid>>,
    /// A county with the areas around it.
    around: HashMap<Uid, Vec<Uid>>,
}

/// The users that a reminder goes to now.
pub fn users(
    c: &mut DbConn,
    to: To,
    place: Place,
    now: Micros,
    known: &mut Known,
) -> AppResult<Vec<Uid>> {
    match to {
        To::User(user) => Ok(vec![user]),
        To::Rung(rung) => on(c, rung, place, now, known),
        To::Approvers {
            campaign,
            area,
            author,
            late,
        } => {
            let writers = writers_store::of_one(c, campaign)?;
            let wrote = |user: &Uid| *user == author || writers.iter().any(|w| w.user_id == *user);
            organisers(c, area, late, now, wrote)
        }
        To::Organisers { area, author, late } => {
            let roles = Action::CampaignWrite.roles();
            if !late && auth::store::holds_in(c, author, roles, area, now)? {
                return Ok(vec![author]);
            }
            organisers(c, area, false, now, |_| false)
        }
    }
}

/// Those who organise campaigns around an area, without some; the officers where there is none, or it is late.
fn organisers(
    c: &mut DbConn,
    area: Uid,
    late: bool,
    now: Micros,
    not: impl Fn(&Uid) -> bool,
) -> AppResult<Vec<Uid>> {
    for role in [Role::CampaignOrganiser, Role::Officer] {
        if late && role == Role::CampaignOrganiser {
            continue;
        }
        let mut found = store::around(c, area, role, now)?;
        found.retain(|user| !not(user));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn on(
    c: &mut DbConn,
    rung: Rung,
    place: Place,
    now: Micros,
    known: &mut Known,
) -> AppResult<Vec<Uid>> {
    let mut below: Vec<Uid> = rung.but.into_iter().flatten().collect();
    let mut left = rung.up;
    if let Some(worker) = rung.worker {
        let roles = [Role::FieldMember, Role::Coordinator];
        if auth::store::holds(c, worker, &roles, &place, now)? {
            if left == 0 {
                return Ok(vec![worker]);
            }
            left -= 1;
        }
        below.push(worker);
    }
    for area in ladder(c, place, known)? {
        let mut found = coordinators(c, area, now, known)?;
        found.retain(|user| !below.contains(user));
        if found.is_empty() {
            continue;
        }
        if left == 0 {
            return Ok(found);
        }
        left -= 1;
        below.extend(found);
    }
    Ok(Vec::new())
}

/// The areas around a place, the narrowest first.
fn ladder(c: &mut DbConn, place: Place, known: &mut Known) -> AppResult<Vec<Uid>> {
    let mut areas: Vec<Uid> = [place.village, place.town].into_iter().flatten().collect();
    let Some(county) = place.county else {
        return Ok(areas);
    };
    let around = match known.around.get(&county) {
        Some(around) => around.clone(),
        None => {
            let row = areas::store::by_id(c, county)?;
            let wider = row.map(|row| [row.city, Some(row.province)]);
            let around: Vec<Uid> = std::iter::once(county)
                .chain(wider.into_iter().flatten().flatten())
                .collect();
            known.around.insert(county, around.clone());
            around
        }
    };
    areas.extend(around);
    Ok(areas)
}

fn coordinators(c: &mut DbConn, area: Uid, now: Micros, known: &mut Known) -> AppResult<Vec<Uid>> {
    if let Some(found) = known.coordinators.get(&area) {
        return Ok(found.clone());
    }
    let found = auth::store::coordinators_of(c, area, now)?;
    known.coordinators.insert(area, found.clone());
    Ok(found)
}
