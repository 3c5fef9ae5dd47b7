//! Whose turn it is: what becomes of each delivery that was claimed, before anything is sent.
//!
//! Pure decisions over what was loaded; the store claims, locks and writes.

use std::collections::{BTreeMap, HashMap};

use super::manners::{House, Manners};
use super::model::Lane;
use crate::db::{Day, Micros, Uid};

/// A delivery that could go out now.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub id: Uid,
    pub lane: Lane,
    pub attempts: i64,
    pub expires_at: Micros,
    pub notification: Uid,
    pub user: Uid,
    pub device: Uid,
    pub announces: i64,
    pub counted_on: Option<Day>,
    /// Why it is not to be sent at all.
    pub moot: Option<&'static str>,
    /// Its account was sent as much as its channel takes, until then.
    pub paced: Option<Micros>,
    /// It is due. The others only wait beside one that is, and may become one push with it.
    pub due: bool,
}

/// What a phone was sent on its newest day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub day: Day,
    pub routine: i64,
    pub campaign: i64,
    /// When the last routine push went out.
    pub routine_at: Option<Micros>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Out with it.
    Send {
        announces: i64,
        counted_on: Option<Day>,
    },
    /// The inbox alone has it, and why.
    Suppress(&'static str),
    /// Its time has passed.
    Expire,
    /// Not before this instant, and why.
    Hold(Micros, &'static str),
    /// It stays as it was.
    Leave,
}

pub const QUIET: &str = "quiet_hours";
pub const DIGEST: &str = "digest";
pub const CAP: &str = "daily_cap";
pub const PACE: &str = "account_pace";

/// Decides over all that was claimed together. `sent` tells of the phones of the lanes that are counted; what
/// goes out is counted there.
pub fn turns(
    all: &[Candidate],
    manners: &HashMap<Uid, Manners>,
    sent: &mut HashMap<Uid, Sent>,
    house: &House,
    now: Micros,
) -> Vec<Turn> {
    let fallback = house.of(None);
    let of = |c: &Candidate| manners.get(&c.user).unwrap_or(&fallback);
    let mut turns: Vec<Option<Turn>> = all.iter().map(|c| alone(c, of(c), now)).collect();
    let mut together: BTreeMap<Uid, Vec<usize>> = BTreeMap::new();
    for (i, c) in all.iter().enumerate() {
        if turns[i].is_some() {
            continue;
        }
        if c.lane == Lane::Routine && of(c).window > 0 {
            together.entry(c.device).or_default().push(i);
        } else if !c.due {
            turns[i] = Some(Turn::Leave);
        } else {
            turns[i] = Some(counted(c, c.announces, c.counted_on, of(c), sent, now));
        }
    }
    for mut group in together.into_values() {
        // Ids of notifications are in the order in which they were made: the newest is the last.
        group.sort_by_key(|i| all[*i].notification);
        let members: Vec<&Candidate> = group.iter().map(|i| &all[*i]).collect();
        let Some(newest) = members.last() else {
            continue;
        };
        let found = digest(&members, newest, of(newest), sent, now);
        for (i, turn) in group.into_iter().zip(found) {
            turns[i] = Some(turn);
        }
    }
    turns
        .into_iter()
        .map(|t| t.unwrap_or(Turn::Leave))
        .collect()
}

/// What is decided of a delivery by itself; nothing, where others have a say.
fn alone(c: &Candidate, manners: &Manners, now: Micros) -> Option<Turn> {
    if let (Some(why), true) = (c.moot, c.due) {
        return Some(Turn::Suppress(why));
    }
    if c.moot.is_some() {
        return Some(Turn::Leave);
    }
    if c.expires_at <= now {
        return Some(if c.due { Turn::Expire } else { Turn::Leave });
    }
    match c.paced {
        Some(_) if !c.due => return Some(Turn::Leave),
        Some(until) if until >= c.expires_at => return Some(Turn::Suppress(PACE)),
        Some(until) => return Some(Turn::Hold(until, PACE)),
        None => {}
    }
    if c.lane == Lane::Urgent {
        return Some(Turn::Send {
            announces: c.announces,
            counted_on: None,
        });
    }
    match manners.wakes(c.user, now) {
        Some(_) if !c.due => Some(Turn::Leave),
        Some(until) if until >= c.expires_at => Some(Turn::Suppress(QUIET)),
        Some(until) => Some(Turn::Hold(until, QUIET)),
        None => None,
    }
}

/// What waits for one phone: one push of the newest, that says how many there are.
fn digest(
    members: &[&Candidate],
    newest: &Candidate,
    manners: &Manners,
    sent: &mut HashMap<Uid, Sent>,
    now: Micros,
) -> Vec<Turn> {
    let leave = vec![Turn::Leave; members.len()];
    if members.iter().all(|c| !c.due) {
        return leave;
    }
    // Shortly after another push they wait for each other. A second try by itself waits for nobody.
    let last = sent.get(&newest.device).and_then(|s| s.routine_at);
    let until = last.map(|at| at.plus(manners.window));
    let retry = members.len() == 1 && newest.attempts > 0;
    if let Some(until) = until.filter(|until| *until > now && !retry)
        && members.iter().all(|c| c.expires_at > until)
    {
        return members
            .iter()
            .map(|c| match c.due {
                true => Turn::Hold(until, DIGEST),
                false => Turn::Leave,
            })
            .collect();
    }
    let announces = members.iter().map(|c| c.announces).sum();
    let before = members.iter().find_map(|c| c.counted_on);
    let of_newest = counted(newest, announces, before, manners, sent, now);
    let others = match of_newest {
        Turn::Suppress(why) => Turn::Suppress(why),
        _ => Turn::Suppress(DIGEST),
    };
    let mut turns = vec![others; members.len()];
    if let Some(last) = turns.last_mut() {
        *last = of_newest;
    }
    turns
}

/// One push of a counted lane: out, if the phone's day has room for it. One that was counted already has.
fn counted(
    c: &Candidate,
    announces: i64,
    before: Option<Day>,
    manners: &Manners,
    sent: &mut HashMap<Uid, Sent>,
    now: Micros,
) -> Turn {
    let today = manners.day(now);
    let phone = sent.entry(c.device).or_insert(Sent {
        day: today,
        routine: 0,
        campaign: 0,
        routine_at: None,
    });
    if phone.day != today {
        (phone.day, phone.routine, phone.campaign) = (today, 0, 0);
    }
    if before.is_none() {
        let full = |most: i64, count: i64| most > 0 && count >= most;
        let campaign = c.lane == Lane::Campaign;
        if full(manners.daily, phone.routine + phone.campaign)
            || (campaign && full(manners.campaigns, phone.campaign))
        {
            return Turn::Suppress(CAP);
        }
        match campaign {
            true => phone.campaign += 1,
            false => phone.routine += 1,
        }
    }
    if c.lane == Lane::Routine {
        phone.routine_at = Some(now);
    }
    Turn::Send {
        announces,
        counted_on: before.or(Some(today)),
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
