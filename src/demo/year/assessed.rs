//! December and the January after it: what people do with the figures. Each county says how it did; one is reviewed,
//! one objected and was decided about; a township is under a veto, against which it appealed in vain.
//!
//! The year itself is not frozen: that is the visitor's to try.

use serde_json::{Value, json};

use super::faults::{ALL_MEMBERS, FAULTS, NO_EQUIPMENT, VETOED};
use super::scene::{Act, body};
use super::staff::{APPELLANT, OFFICER, SECOND, of};
use super::world::County;
use crate::areas::model::AreaLevel;
use crate::assessment::cases::commands as cases;
use crate::assessment::cases::rules::CaseStep;
use crate::assessment::cases::steps_api::NewReview;
use crate::assessment::reckon;
use crate::assessment::scheme::document::JudgedLevel;
use crate::assessment::vetoes::commands as vetoes;
use crate::error::AppResult;

/// The county that was reviewed, and the one that objected to it.
const REVIEWED: &str = "330402";
const OBJECTED: &str = "330411";

/// What a county did not meet: what the story says of it, the share of members, and member homes of its villages.
fn missed(county: &County, code: &str) -> bool {
    let lies_in = |area: &str| area.starts_with(&*county.area.code);
    let told = FAULTS
        .iter()
        .any(|f| county.is(f.area) && f.indicator == code);
    match code {
        "G4" => true,
        "G5" => !lies_in(ALL_MEMBERS),
        "H3" => lies_in(ALL_MEMBERS) || lies_in(NO_EQUIPMENT),
        _ => told,
    }
}

fn said(missed: bool) -> &'static str {
    if missed { "not_met" } else { "met" }
}

pub fn county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    let vault = &act.s.vault;
    let association = act.association(&county.area)?;
    let own = of(county, "officer");
    let who = act.s.who(&own, 12, 28)?;
    let new = json!({ "association_id": association, "year": act.s.year });
    let id = cases::open(act.c, &who, &body(new)?)?;
    let (_, scheme) = reckon::scheme_of(act.c, i64::from(act.s.year))?;
    let level = JudgedLevel::of(AreaLevel::County);
    let asked = scheme
        .indicators
        .0
        .iter()
        .filter(|i| i.levels.0.contains(&level));
    let codes: Vec<String> = asked.map(|i| i.code.as_str().to_owned()).collect();
    for code in &codes {
        // About its publicity one county is of another opinion.
        let claims = missed(county, code) && !(county.is(OBJECTED) && code == "H5");
        let statement = if claims {
            "未完成，正在整改。"
        } else {
            "已按方案完成，记录见系统。"
        };
        let new = json!({ "claimed": said(claims), "statement": statement });
        cases::say(act.c, vault, &who, id, code, &body(new)?)?;
    }
    let who = act.s.afterwards(&own, 6)?;
    cases::submit(act.c, &who, id)?;
    if ![REVIEWED, OBJECTED].iter().any(|code| county.is(code)) {
        return Ok(());
    }
    let finding = |code: &String| json!({ "indicator": code, "found": said(missed(county, code)), "remark": "已对照系统统计和现场记录核查。" });
    let findings: Vec<Value> = codes.iter().map(finding).collect();
    let review: NewReview = body(json!({ "findings": findings }))?;
    let who = act.s.afterwards(OFFICER, 12)?;
    let days = act.s.objection_days;
    let counted = cases::counted(act.c, vault, &who, id, CaseStep::Review)?;
    cases::review(act.c, vault, &who, id, &review.findings.0, &counted, days)?;
    if county.is(REVIEWED) {
        return Ok(());
    }
    let objection = body(json!({ "objection": "另有三篇报道未录入，请复核H5。" }))?;
    let who = act.s.afterwards(&own, 14)?;
    cases::object(act.c, vault, &who, id, &objection)?;
    let decision = body(json!({ "answer": "经复核，三篇报道属于下一年度，维持原评定。" }))?;
    let who = act.s.afterwards(SECOND, 22)?;
    // It finds nothing anew.
    let counted = cases::Counted::default();
    cases::decide(act.c, vault, &who, id, &decision, &counted)
}

pub fn veto(act: &mut Act<'_>) -> AppResult<()> {
    let Some(town) = act.s.world.towns().find(|town| town.is(VETOED)) else {
        return Ok(());
    };
    let association = act.association(&town.area)?;
    let day = |month, day| act.s.day(month, day).map(|day| day.to_string());
    let veto = json!({ "association_id": association, "year": act.s.year, "decided_by": "leading_group", "decided_on": day(12, 3)?,
        "reasons": ["organisation", "activities"], "statement": "协会班子一年未召开会议，影响全镇工作。" });
    let who = act.s.officer(12, 4)?;
    let id = vetoes::decide(act.c, &act.s.vault, &who, &body(veto)?)?;
    let appeal =
        json!({ "appealed_on": day(12, 11)?, "appeal": "班子会议因镇政府搬迁推迟，请复核。" });
    let who = act.s.who(APPELLANT, 12, 11)?;
    vetoes::appeal(act.c, &act.s.vault, &who, id, &body(appeal)?)?;
    let settled = json!({ "settled_on": day(12, 24)?, "outcome": "upheld", "answer": "会议全年未补开，维持原决定。" });
    let who = act.s.who(SECOND, 12, 24)?;
    vetoes::settle(act.c, &act.s.vault, &who, id, &body(settled)?)
}
