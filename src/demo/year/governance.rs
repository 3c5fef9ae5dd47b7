//! Spring: how each village governs itself. Under its charter it deliberates about its member home; people take part
//! before, in it and after; what was decided is done, looked at and made public.

use serde_json::json;

use super::faults::UNCHECKED;
use super::scene::{Act, body};
use super::staff::of;
use super::world::{County, Town, Village, village_name};
use crate::error::AppResult;
use crate::self_governance::deliberations::{commands as deliberations, decisions};
use crate::self_governance::disclosures::commands as disclosures;
use crate::self_governance::implementations::{checks, commands as implementations};
use crate::self_governance::texts::commands as texts;

/// Of so many villages one made nothing public.
const SILENT: usize = 25;

pub fn village(
    act: &mut Act<'_>,
    county: &County,
    town: &Town,
    village: &Village,
) -> AppResult<()> {
    let (code, name) = (&*village.area.code, village_name(&village.area));
    let officer = of(county, "officer");
    let who = act.s.who(&officer, 2, 24)?;
    for (kind, title) in [("charter", "自治章程"), ("village_agreement", "村规民约")] {
        let text = json!({ "area": code, "kind": kind, "title": format!("{name}{title}"), "adopted_by": "villagers_assembly",
            "adopted_on": act.s.day_before(2, 4, 12)?.to_string() });
        texts::adopt(act.c, &who, &body(text)?)?;
    }
    let day = |month, day| act.s.day(month, day).map(|day| day.to_string());
    let announced = json!({ "area": code, "topic": "services", "title": "会员之家开放时间", "form": "representatives_assembly",
        "announced_on": day(4, 1)? });
    let who = act.s.who(&officer, 4, 1)?;
    let id = deliberations::announce(act.c, &who, &body(announced)?)?;
    let part = |stage: &str, way: &str, on: String, participants: i64| json!({ "stage": stage, "way": way, "on": on, "participants": participants });
    let held = json!({ "held_on": day(4, 10)?, "participants": 46, "taking_part": [
        part("before", "consultation", day(4, 3)?, 120), part("during", "vote", day(4, 10)?, 46), part("after", "information", day(4, 18)?, 150) ] });
    let who = act.s.who(&officer, 4, 20)?;
    deliberations::hold(act.c, &who, id, &body(held)?)?;
    let decision = json!({ "title": "会员之家周末开放", "result": "adopted", "votes": { "in_favour": 41, "against": 3, "abstained": 2 } });
    let decision = decisions::decide(act.c, &who, id, &body(decision)?)?;
    let work = json!({ "task": "排定周末值班表", "owner_post": "secretary_general", "due_on": day(5, 31)? });
    let work = implementations::begin(act.c, &who, decision, &body(work)?)?;
    let done = json!({ "done_on": day(5, 20)?, "outcome": "值班表已排定并公布。" });
    let who = act.s.who(&officer, 5, 21)?;
    implementations::complete(act.c, &act.s.vault, &who, work, &body(done)?)?;
    if !town.is(UNCHECKED) {
        let check = json!({ "checked_on": day(6, 12)?, "checked_by": "supervision_committee", "finding": "in_order" });
        // By somebody else than who said that it is done.
        let who = act.s.who(&of(county, "coordinator"), 6, 13)?;
        checks::check(act.c, &act.s.vault, &who, work, &body(check)?)?;
    }
    if village.nth % SILENT == SILENT - 1 {
        return Ok(());
    }
    let posted = json!({ "area": code, "subject": "services", "title": "免费服务项目公示", "board": "notice_board", "spot": "公开栏",
        "posted_from": day(6, 15)?, "posted_until": day(7, 15)? });
    let who = act.s.who(&officer, 6, 15)?;
    disclosures::post(act.c, &who, &body(posted)?).map(|_| ())
}
