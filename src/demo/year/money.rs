//! Budgets with the papers that show them, what villages needed and were given, care programmes, and the ledger of
//! the care fund.

use serde_json::json;

use super::faults::{HALF_MET, LITTLE_HELP, LOW_SHARE, LOW_TOWN_SHARE};
use super::records::{CITY_FUND, COUNTY_FUND, Fund, TOWN_FUND};
use super::scene::{Act, body, yuan};
use super::world::{County, Town};
use crate::areas::model::AreaRow;
use crate::care::programmes::commands as programmes;
use crate::care::programmes::{projects, sessions};
use crate::db::Uid;
use crate::error::AppResult;
use crate::funds::budgets::commands as budgets;
use crate::funds::budgets::model::BudgetFactKind;
use crate::funds::ledger::commands as ledger;
use crate::funds::needs;

const KINDS: [&str; 5] = [
    "family_holding_hands",
    "three_in_one",
    "happiness_project",
    "adolescent_health_education",
    "family_insurance",
];

impl Act<'_> {
    /// A budget of so many fen, of which so many of a thousand are for the association.
    fn budget(
        &mut self,
        association: Uid,
        whole: i64,
        of_thousand: i64,
        facts: &[BudgetFactKind],
    ) -> AppResult<()> {
        let paper = format!("嘉财预〔{}〕1号", self.s.year);
        let approved = self.s.day(1, 18)?.to_string();
        let new = json!({ "association_id": association, "year": self.s.year, "activity_funds": yuan(whole / 1000 * of_thousand),
            "family_planning_funds": yuan(whole), "approved_on": approved, "evidence": paper });
        let who = self.s.officer(1, 22)?;
        let id = budgets::record(self.c, &who, &body(new)?)?;
        for kind in facts {
            let mut note = json!({ "holds": true, "evidence": paper, "shown_on": approved });
            if *kind == BudgetFactKind::WagesInBudget {
                note["amount"] = yuan(54_000_000);
                note["heads"] = json!(3);
            }
            budgets::note(self.c, &who, id, *kind, &body(note)?)?;
        }
        Ok(())
    }

    fn booked(
        &mut self,
        association: Uid,
        area: &AreaRow,
        (source, month, day): (&str, i8, i8),
        lines: [(&str, &str); 2],
        fen: i64,
    ) -> AppResult<()> {
        let line = |(account, side): (&str, &str)| json!({ "account": account, "side": side, "amount": yuan(fen) });
        let voucher = format!("记-{}-{}{month:02}{day:02}", self.s.year, &*area.code);
        let new = json!({ "association_id": association, "source": source, "booked_on": self.s.day(month, day)?.to_string(),
            "voucher": voucher, "lines": lines.map(line) });
        let who = self.s.officer(month, day)?;
        ledger::post(self.c, &who, &body(new)?).map(|_| ())
    }

    /// What came into the fund from the government, from a department and by donation, which was a tenth more than
    /// planned; then what was spent of it, on hardship in two parts and on projects.
    fn fund(&mut self, association: Uid, area: &AreaRow, fund: &Fund) -> AppResult<()> {
        let comes_in = [("1002", "debit"), ("4001", "credit")];
        let helps = [("5001", "debit"), ("1002", "credit")];
        let projects = [("5002", "debit"), ("1002", "credit")];
        let given = fund.donation / 10 * 11;
        for (on, lines, fen) in [
            (("government", 2, 26), comes_in, fund.government),
            (("department", 4, 9), comes_in, fund.department),
            (("donation", 5, 30), comes_in, given),
            (("government", 6, 18), helps, fund.hardship / 2),
            (("donation", 9, 24), projects, fund.projects),
            (("government", 11, 20), helps, fund.hardship / 2),
        ] {
            self.booked(association, area, on, lines, fen)?;
        }
        Ok(())
    }

    fn programme(&mut self, association: Uid, kind: &str) -> AppResult<Uid> {
        let new = json!({ "association_id": association, "kind": kind, "year": self.s.year,
            "began_on": self.s.day(3, 1)?.to_string(), "evidence": format!("嘉计协〔{}〕5号", self.s.year) });
        let who = self.s.officer(3, 2)?;
        programmes::begin(self.c, &who, &body(new)?)
    }
}

const PAPERS: [BudgetFactKind; 4] = [
    BudgetFactKind::OwnLine,
    BudgetFactKind::SeparateAccount,
    BudgetFactKind::Earmarked,
    BudgetFactKind::WagesInBudget,
];

pub fn municipal(act: &mut Act<'_>) -> AppResult<()> {
    let id = act.association(&act.s.world.city)?;
    act.budget(id, 1_200_000_000, 86, &PAPERS)?;
    for kind in KINDS {
        let programme = act.programme(id, kind)?;
        if kind == "adolescent_health_education" {
            lessons(act, programme)?;
        }
    }
    act.fund(id, &act.s.world.city, &CITY_FUND)
}

/// A project of health education and its lessons: participants are counted, never named.
fn lessons(act: &mut Act<'_>, programme: Uid) -> AppResult<()> {
    let new = json!({ "programme_id": programme, "title": "青春健康进校园", "plan": "每学期在中学开课。", "budget": yuan(8_000_000),
        "begins_on": act.s.day(3, 10)?.to_string(), "ends_on": act.s.day(12, 10)?.to_string() });
    let who = act.s.officer(3, 10)?;
    let project = projects::plan(act.c, &act.s.vault, &who, &body(new)?)?;
    for (month, participants) in [(4, 180), (6, 150), (10, 210)] {
        let lesson = json!({ "project_id": project, "held_on": act.s.day(month, 14)?.to_string(), "participants": participants, "hours": 2 });
        let who = act.s.officer(month, 15)?;
        sessions::record(act.c, &who, &body(lesson)?)?;
    }
    Ok(())
}

pub fn county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    let id = act.association(&county.area)?;
    let of_thousand = if county.is(LOW_SHARE) { 76 } else { 90 };
    act.budget(id, 300_000_000, of_thousand, &PAPERS[..3])?;
    for kind in KINDS.iter().take(3) {
        act.programme(id, kind)?;
    }
    let mut fund = COUNTY_FUND;
    if county.is(LITTLE_HELP) {
        fund.hardship /= 2;
    }
    act.fund(id, &county.area, &fund)
}

pub fn town(act: &mut Act<'_>, _: &County, town: &Town) -> AppResult<()> {
    let id = act.association(&town.area)?;
    let of_thousand = if town.is(LOW_TOWN_SHARE) { 94 } else { 120 };
    act.budget(id, 60_000_000, of_thousand, &[])?;
    act.programme(id, KINDS[1])?;
    act.fund(id, &town.area, &TOWN_FUND)?;
    // The first village of each asks for something, and is given it.
    let Some(village) = town.villages.first() else {
        return Ok(());
    };
    let asking = act.association(&village.area)?;
    let new = json!({ "association_id": asking, "need": "equipment", "asked": yuan(600_000), "asked_on": act.s.day(2, 10)?.to_string() });
    let who = act.s.officer(2, 10)?;
    let need = needs::ask(act.c, &who, &body(new)?)?;
    let met = if town.is(HALF_MET) { 300_000 } else { 600_000 };
    let answer = json!({ "met": yuan(met), "answered_on": act.s.day(3, 5)?.to_string() });
    let who = act.s.officer(3, 5)?;
    needs::answer(act.c, &who, need, &body(answer)?)
}
