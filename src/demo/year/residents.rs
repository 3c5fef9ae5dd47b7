//! Residents of one village of each county: they register by their own consent, are offered what local households
//! are, and in one county agree that their home area hears of them. That county answers, some of it late.

use serde_json::json;

use super::faults::LATE_ANSWERS;
use super::households::OFFERED;
use super::names;
use super::records::HOUSEHOLDS;
use super::scene::{Act, body, consents};
use super::staff::of;
use super::world::County;
use crate::auth::Action;
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::liaison::disclosure::LiaisonField;
use crate::liaison::drafts::{self, Draft};
use crate::liaison::machine::{LiaisonSide, LiaisonStep};
use crate::liaison::model::LiaisonKind;
use crate::liaison::steps::{self, Taken};
use crate::liaison::{dispatch, store};
use crate::people::consents::Birth;
use crate::people::fields::{self, Clear};
use crate::people::model::Sex;
use crate::residents::model::{ExpectedStay, Need, StayReason};
use crate::residents::register::{self, Registration};
use crate::services::steps as services;

/// Numbers of their names.
const OF_RESIDENTS: usize = 32_000;
/// The county whose residents agree to liaison, and how many.
const TELLING: &str = "330411";
const LATE: usize = 6;
const IN_TIME: usize = 8;
/// Residents of a county at most.
pub const MOST: usize = LATE + IN_TIME;

fn how_many(county: &County) -> usize {
    match county.is(TELLING) {
        true => MOST,
        false => HOUSEHOLDS,
    }
}

fn registered(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<(Uid, Uid)> {
    let who = act.s.who(&of(county, "member"), 3, 16)?;
    let (id, person) = (Uid::new(who.at), Uid::new(who.at));
    let at_county = act
        .s
        .world
        .counties
        .iter()
        .position(|c| c.is(&county.area.code));
    let clear = Clear {
        name: names::of(OF_RESIDENTS + at_county.unwrap_or(0) * MOST + nth),
        phone: None,
        address: None,
        document: None,
    };
    let (_, sealed) = fields::seal_new(&act.s.vault, person, &clear)?;
    let home = act
        .s
        .world
        .county(LATE_ANSWERS)
        .filter(|_| county.is(TELLING));
    let home = home.map(County::of_people).transpose()?;
    let mut agreed = vec!["registration", "service_follow_up"];
    if home.is_some() {
        agreed.push("liaison_with_home_area");
    }
    let new = Registration {
        id,
        person_id: person,
        sealed,
        document_indexes: Vec::new(),
        employer: None,
        sex: Sex::Unspecified,
        birth: Birth {
            day: None,
            year: i64::try_from(1978 + nth).ok(),
        },
        language: None,
        contact_hours: None,
        area: county.of_people()?.1.area.code.to_string(),
        home_area: home.map(|(_, village)| village.area.code.to_string()),
        arrived_on: act.s.day(2, 20)?,
        expected_stay: ExpectedStay::OverOneYear,
        reason: StayReason::Work,
        needs: vec![Need::Health],
        consents: consents(&agreed)?,
    };
    register::register(act.c, &who, &new)?;
    Ok((id, person))
}

/// One of the county's residents, as far as there are so many.
pub fn one(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<()> {
    if nth >= how_many(county) {
        return Ok(());
    }
    let (resident, person) = registered(act, county, nth)?;
    let who = act.s.who(&of(county, "member"), 4, 22)?;
    for kind in OFFERED {
        let service = json!({ "kind": kind, "offered_on": act.s.day(4, 22)?.to_string() });
        services::offer(act.c, &who, resident, &body(service)?)?;
    }
    let home = act
        .s
        .world
        .county(LATE_ANSWERS)
        .filter(|_| county.is(TELLING));
    match home {
        Some(home) => told(act, county, home, person, nth < LATE),
        None => Ok(()),
    }
}

/// The home area hears of somebody, and answers within its ten working days or long after.
fn told(
    act: &mut Act<'_>,
    county: &County,
    home: &County,
    person: Uid,
    late: bool,
) -> AppResult<()> {
    let draft = Draft {
        id: None,
        kind: LiaisonKind::RegistrationNotice,
        person_id: Some(person),
        regards: None,
        to_area: None,
        peer_id: None,
        office: None,
        fields: vec![LiaisonField::Name],
        topics: Vec::new(),
        note: None,
        due_days: 10,
    };
    draft.check()?;
    let vault = &act.s.vault;
    let who = act.s.who(&of(county, "coordinator"), 5, 6)?;
    let id = drafts::draft(act.c, vault, &who, &draft)?;
    dispatch::dispatch(act.c, vault, &who, id)?;
    let thread = store::visible(act.c, &who, Action::LiaisonRead, id)?.thread;
    let copy = store::of_thread(act.c, thread, LiaisonSide::In)?.ok_or_else(AppError::not_found)?;
    let coordinator = of(home, "coordinator");
    let answered = if late { (7, 2) } else { (5, 12) };
    for ((month, day), step) in [
        ((5, 8), LiaisonStep::Reception),
        (answered, LiaisonStep::Acceptance),
    ] {
        let who = act.s.who(&coordinator, month, day)?;
        steps::take(act.c, vault, &who, copy.id, &Taken::only(step))?;
    }
    Ok(())
}
