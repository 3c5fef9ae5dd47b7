//! Winter: the three top ten, associations, members and presidents. Nominees agree, are public for a week, and the
//! council decides.

use serde_json::{Value, json};

use super::associations::president_of;
use super::faults::ALL_MEMBERS;
use super::members::{KNOWN, name_of};
use super::scene::{Act, body};
use crate::associations::selections::{commands as selections, nominations};
use crate::error::AppResult;

const PLACES: usize = 10;

fn selected(act: &mut Act<'_>, category: &str, nominees: Vec<Value>) -> AppResult<()> {
    let association = act.association(&act.s.world.city)?;
    let new = json!({ "association_id": association, "year": act.s.year, "category": category });
    let who = act.s.officer(11, 10)?;
    let id = selections::open(act.c, &who, &body(new)?)?;
    let agreement =
        body(json!({ "agreed_on": act.s.day(11, 18)?.to_string(), "channel": "phone" }))?;
    let mut chosen = Vec::new();
    for mut nominee in nominees {
        nominee["reasons"] = json!(["care", "volunteering"]);
        let who = act.s.officer(11, 12)?;
        let nomination = nominations::nominate(act.c, &who, id, &body(nominee)?)?;
        let who = act.s.officer(11, 18)?;
        nominations::agree(act.c, &who, nomination, &agreement)?;
        chosen.push(nomination);
    }
    let day = |month, day| act.s.day(month, day).map(|day| day.to_string());
    let publication = json!({ "publicity_from": day(12, 1)?, "publicity_to": day(12, 7)? });
    let who = act.s.officer(11, 28)?;
    selections::publish(act.c, &who, id, &body(publication)?)?;
    let decision =
        json!({ "decided_on": day(12, 12)?, "decided_by": "council", "selected": chosen });
    let who = act.s.officer(12, 12)?;
    selections::decide(act.c, &who, id, &body(decision)?)
}

pub fn associations(act: &mut Act<'_>) -> AppResult<()> {
    let mut nominees = Vec::new();
    for village in act.s.world.villages().take(PLACES) {
        nominees.push(json!({ "association_id": act.association(&village.area)? }));
    }
    selected(act, "associations", nominees)
}

pub fn presidents(act: &mut Act<'_>) -> AppResult<()> {
    let mut nominees = Vec::new();
    for village in act.s.world.villages().take(PLACES) {
        nominees.push(json!({ "post_id": act.s.named(&president_of(&village.area))? }));
    }
    selected(act, "presidents", nominees)
}

pub fn members(act: &mut Act<'_>) -> AppResult<()> {
    let town = act.s.world.towns().find(|town| town.is(ALL_MEMBERS));
    let mut nominees = Vec::new();
    for village in town.into_iter().flat_map(|town| &town.villages) {
        for nth in 0..KNOWN {
            nominees.push(json!({ "member_id": act.s.named(&name_of(&village.area, nth))? }));
        }
    }
    nominees.truncate(PLACES);
    selected(act, "members", nominees)
}
