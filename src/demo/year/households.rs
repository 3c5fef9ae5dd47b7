//! Households of one village of each county: they are insured by their own will, visited, helped with a claim, and as
//! special families looked after by two contacts, a doctor and a hospital.

use serde_json::json;

use super::names;
use super::records::HOUSEHOLDS;
use super::scene::{Act, body, consents, moment, yuan};
use super::staff::of;
use super::world::County;
use crate::care::families::{commands as families, visits as care_visits};
use crate::db::Uid;
use crate::error::AppResult;
use crate::households::api::{Founding, establish};
use crate::households::model::HouseholdKind;
use crate::households::people::{Joining, take_in};
use crate::insurance::machine::ClaimStep;
use crate::insurance::step_bodies::{
    ClaimAcceptance, ClaimDetermination, ClaimExamination, ClaimStepDay, NewClaimPayment,
};
use crate::insurance::{catalogue, claims, policies, steps};
use crate::people::consents::Birth;
use crate::people::fields::{self, Clear};
use crate::people::model::Sex;
use crate::visits::visits_log;

/// Numbers of their names.
const OF_HOUSEHOLDS: usize = 30_000;
/// What they agree to.
const AGREED: [&str; 4] = [
    "registration",
    "service_follow_up",
    "insurance",
    "care_support",
];
/// What a visit offers them.
pub const OFFERED: [&str; 2] = ["schooling", "employment"];

/// A household with one person; answers both.
fn founded(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<(Uid, Uid)> {
    let village = &county.of_people()?.1.area;
    let who = act.s.who(&of(county, "member"), 2, 18)?;
    let id = Uid::new(who.at);
    let household = Founding::new(
        &act.s.vault,
        id,
        HouseholdKind::Local,
        village.code.to_string(),
    )?;
    establish(act.c, &who, &household)?;
    let at_county = act
        .s
        .world
        .counties
        .iter()
        .position(|c| c.is(&county.area.code));
    let clear = Clear {
        name: names::of(OF_HOUSEHOLDS + at_county.unwrap_or(0) * HOUSEHOLDS + nth),
        phone: None,
        address: None,
        document: None,
    };
    let person = Uid::new(who.at);
    let (_, sealed) = fields::seal_new(&act.s.vault, person, &clear)?;
    let joining = Joining {
        id: person,
        sealed,
        sex: Sex::Unspecified,
        birth: Birth {
            day: None,
            year: i64::try_from(1966 + nth).ok(),
        },
        consents: consents(&AGREED)?,
    };
    take_in(act.c, &who, id, &joining)?;
    Ok((id, person))
}

/// One of the county's households.
pub fn one(act: &mut Act<'_>, county: &County, nth: usize) -> AppResult<()> {
    let (household, person) = founded(act, county, nth)?;
    insured(act, county, household, person)?;
    visited(act, county, household)?;
    cared_for(act, county, household)
}

fn insured(act: &mut Act<'_>, county: &County, household: Uid, person: Uid) -> AppResult<()> {
    let day = |month, day| act.s.day(month, day).map(|day| day.to_string());
    let policy = json!({ "household_id": household, "product_id": catalogue::built_in("family-accident"),
        "holder_person_id": person, "payer_person_id": person, "insured": [{ "person_id": person, "sum_agreed": true }],
        "starts_on": day(3, 5)?, "ends_on": act.s.day_before(-1, 3, 4)?.to_string(), "insurer_code": "picc-life" });
    let member = of(county, "member");
    let who = act.s.who(&member, 3, 4)?;
    let id = Uid::new(who.at);
    policies::conclude(act.c, &act.s.vault, &who, id, &body(policy)?)?;
    let claim = json!({ "policy_id": id, "insured_person_id": person, "claim_type": "medical", "event_on": day(6, 10)?,
        "known_on": day(6, 10)?, "reported_on": day(6, 11)?, "told_papers_on": day(6, 11)? });
    let who = act.s.who(&member, 6, 11)?;
    let id = Uid::new(who.at);
    claims::report(act.c, &act.s.vault, &who, id, &body(claim)?)?;
    settled(act, &member, id)
}

/// The insurer decides and pays in time, and the member notes each step on its day.
fn settled(act: &mut Act<'_>, member: &str, claim: Uid) -> AppResult<()> {
    let (sum, reference) = (yuan(260_000), format!("PICC-{}-{}", act.s.year, claim));
    let on = |day| act.s.day(6, day).map(|day| day.to_string());
    let just = |day: i8| on(day).map(|on| json!({ "on": on }));
    let who = |day| act.s.who(member, 6, day);
    let steps = [
        body::<ClaimAcceptance>(just(12)?)?.step(&who(12)?),
        body::<ClaimExamination>(just(13)?)?.step(&who(13)?, ClaimStep::Review),
        body::<ClaimDetermination>(json!({ "decision": "approved", "decided_on": on(17)?, "amount": sum, "insurer_reference": reference }))?
            .step(&who(17)?),
        body::<ClaimStepDay>(just(18)?)?.step(&who(18)?, ClaimStep::Agreement),
        body::<NewClaimPayment>(json!({ "kind": "full", "amount": sum, "paid_on": on(19)?, "insurer_reference": reference }))?
            .step(&who(19)?),
        body::<ClaimStepDay>(just(20)?)?.step(&who(20)?, ClaimStep::Closure),
    ];
    for step in &steps {
        let who = act.s.staff.at(member, moment(step.on.0, 11)?)?;
        steps::take(act.c, &act.s.vault, &who, claim, step)?;
    }
    Ok(())
}

fn visited(act: &mut Act<'_>, county: &County, household: Uid) -> AppResult<()> {
    let (begins, ends) = (act.s.at(4, 15, 9)?, act.s.at(4, 15, 10)?);
    let visit = json!({ "household_id": household, "purpose": "routine", "started_at": begins.to_string(),
        "ended_at": ends.to_string(), "offered": OFFERED });
    let who = act.s.who(&of(county, "member"), 4, 16)?;
    let visit = visits_log::log(act.c, &act.s.vault, &who, &body(visit)?)?.id;
    visits_log::submit(act.c, &act.s.vault, &who, visit)?;
    let other = act.s.who(&of(county, "coordinator"), 4, 17)?;
    visits_log::confirm(act.c, &other, visit)
}

fn cared_for(act: &mut Act<'_>, county: &County, household: Uid) -> AppResult<()> {
    let since = act.s.day(3, 10)?.to_string();
    let care = of(county, "care");
    let family = json!({ "household_id": household, "began_on": since, "special_since": since });
    let who = act.s.who(&care, 3, 10)?;
    let id = families::begin(act.c, &who, &body(family)?)?;
    let contact = |what: &str| {
        act.s
            .staff
            .at(&of(county, what), who.at)
            .map(|c| json!({ "user_id": c.user, "since": since }))
    };
    let provider = |name: &str| json!({ "provider": name, "since": since });
    let patch = json!({ "township_contact": contact("town")?, "village_contact": contact("village")?,
        "family_doctor": provider("社区卫生服务中心"), "green_channel": provider("第一医院") });
    families::amend(act.c, &act.s.vault, &who, id, 1, &body(patch)?)?;
    for (month, contact) in [(5, "village"), (9, "township")] {
        let visit = json!({ "family_id": id, "contact": contact, "visited_on": act.s.day(month, 20)?.to_string(), "way": "in_person" });
        let who = act.s.who(&care, month, 21)?;
        care_visits::note(act.c, &who, &body(visit)?)?;
    }
    Ok(())
}
