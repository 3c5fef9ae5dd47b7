//! Whose turn it is: what becomes of each delivery that was claimed, before anything is sent.
//!
//! Pure decisions over what was loaded; the store claims, locks and writes.

use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// The phone of its receiver at which all that they are sent is counted: their first.
    pub account: Uid,
    pub announces: i64,
    pub counted_on: Option<Day>,
    /// Another phone of its receiver was sent the same, and counted it.
    pub told: bool,
    /// Why it is not to be sent at all.
    pub moot: Option<&'static str>,
    /// Its account was sent as much as its channel takes, until then.
    pub paced: Option<Micros>,
    /// It is due. The others only wait beside one that is, and may become one push with it.
    pub due: bool,
}

/// What somebody was sent on their newest day, at the phone where that is counted; and when a phone was sent
/// something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub day: Day,
    /// Notifications, however many phones each of them went to.
    pub routine: i64,
    pub campaign: i64,
    /// When the last routine push went out to this phone.
    pub routine_at: Option<Micros>,
}

impl Sent {
    /// Nothing yet.
    pub fn none(today: Day) -> Sent {
        Sent {
            day: today,
            routine: 0,
            campaign: 0,
            routine_at: None,
        }
    }
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
pub const PACE: &str = "member_pace";

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
    let counted = all.iter().filter(|c| c.told || c.counted_on.is_some());
    let mut book = Book {
        told: counted.map(|c| c.notification).collect(),
        sent,
        now,
    };
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
            turns[i] = Some(book.counted(c, c.announces, c.counted_on, of(c)));
        }
    }
    for mut group in together.into_values() {
        // Ids of notifications are in the order in which they were made: the newest is the last.
        group.sort_by_key(|i| all[*i].notification);
        let members: Vec<&Candidate> = group.iter().map(|i| &all[*i]).collect();
        let Some(newest) = members.last() else {
            continue;
        };
        let found = digest(&members, newest, of(newest), &mut book);
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
    book: &mut Book,
) -> Vec<Turn> {
    let now = book.now;
    let leave = vec![Turn::Leave; members.len()];
    if members.iter().all(|c| !c.due) {
        return leave;
    }
    // Shortly after another push they wait for each other. A second try by itself waits for nobody.
    let last = book.sent.get(&newest.device).and_then(|s| s.routine_at);
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
    let of_newest = book.counted(newest, announces, before, manners);
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

/// Where it is counted what goes out.
struct Book<'a> {
    sent: &'a mut HashMap<Uid, Sent>,
    /// Notifications that are counted already.
    told: HashSet<Uid>,
    now: Micros,
}

impl Book<'_> {
    /// One push of a counted lane: out, if its receiver's day has room for it. One that was counted already has, and
    /// one of which another phone of theirs tells them anyway.
    fn counted(
        &mut self,
        c: &Candidate,
        announces: i64,
        before: Option<Day>,
        manners: &Manners,
    ) -> Turn {
        let today = manners.day(self.now);
        let mut counted_on = before;
        if before.is_none() && !self.told.contains(&c.notification) {
            let person = self.of_today(c.account, today);
            let full = |most: i64, count: i64| most > 0 && count >= most;
            let campaign = c.lane == Lane::Campaign;
            if full(manners.daily, person.routine + person.campaign)
                || (campaign && full(manners.campaigns, person.campaign))
            {
                return Turn::Suppress(CAP);
            }
            match campaign {
                true => person.campaign += 1,
                false => person.routine += 1,
            }
            counted_on = Some(today);
        }
        self.told.insert(c.notification);
        let now = self.now;
        let phone = self.of_today(c.device, today);
        if c.lane == Lane::Routine {
            phone.routine_at = Some(now);
        }
        Turn::Send {
            announces,
            counted_on,
        }
    }

    /// The row of a phone, begun anew where its day is over.
    fn of_today(&mut self, phone: Uid, today: Day) -> &mut Sent {
        let row = self.sent.entry(phone).or_insert(Sent::none(today));
        if row.day != today {
            (row.day, row.routine, row.campaign) = (today, 0, 0);
        }
        row
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
