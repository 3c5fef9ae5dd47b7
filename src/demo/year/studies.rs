//! What party committees, governments and associations did about the work: studies with the problems they raised,
//! the five that go together, trainings, publicity.

use serde_json::{Value, json};

use super::faults::{LITTLE_PUBLICITY, NO_INVESTIGATION, OPEN_PROBLEM};
use super::scene::{Act, body};
use super::world::{County, Town, short};
use crate::associations::studies::commands as studies;
use crate::associations::works::commands as works;
use crate::db::Uid;
use crate::error::AppResult;

/// A problem that a study raised, and whether it was solved.
struct Problem<'a> {
    text: &'a str,
    outcome: Option<&'a str>,
}

impl Act<'_> {
    fn study(
        &mut self,
        association: Uid,
        (kind, led_by, topic): (&str, &str, &str),
        (month, day): (i8, i8),
        findings: &str,
        problem: Option<Problem<'_>>,
    ) -> AppResult<()> {
        let item = self.s.named(&format!("problem {association} {month}"))?;
        let mut new = json!({ "association_id": association, "kind": kind, "led_by": led_by, "topic": topic,
            "held_on": self.s.day(month, day)?.to_string(), "findings": findings });
        if let Some(problem) = &problem {
            let due = self.s.day(month + 3, 30)?.to_string();
            new["problems"] = json!([{ "id": item, "problem": problem.text, "owner_post": "secretary_general", "due_on": due }]);
        }
        let who = self.s.officer(month, day)?;
        studies::note(self.c, &self.s.vault, &who, &body(new)?)?;
        let Some(outcome) = problem.and_then(|p| p.outcome) else {
            return Ok(());
        };
        let closed = self.s.day(month + 2, 20)?.to_string();
        let closure = body(json!({ "closed_on": closed, "outcome": outcome }))?;
        let who = self.s.officer(month + 2, 20)?;
        studies::close(self.c, &self.s.vault, &who, item, &closure)
    }

    fn work(
        &mut self,
        association: Uid,
        kind: &str,
        title: &str,
        (month, day): (i8, i8),
        figures: Value,
    ) -> AppResult<()> {
        let mut new = json!({ "association_id": association, "kind": kind, "title": title,
            "held_on": self.s.day(month, day)?.to_string() });
        for (key, value) in figures.as_object().into_iter().flatten() {
            new[key] = value.clone();
        }
        let who = self.s.officer(month, day)?;
        works::note(self.c, &who, &body(new)?).map(|_| ())
    }

    /// Deployment, inspection, assessment and commendation; research is a study.
    fn four_together(&mut self, id: Uid, groups: i64, people: i64) -> AppResult<()> {
        self.work(id, "deployment", "部署全年协会工作", (2, 20), json!({}))?;
        self.work(id, "inspection", "半年工作检查", (7, 25), json!({}))?;
        self.work(id, "assessment", "年度工作考核", (11, 28), json!({}))?;
        let commended = json!({ "groups_commended": groups, "people_commended": people });
        self.work(
            id,
            "commendation",
            "表彰先进集体和个人",
            (12, 18),
            commended,
        )
    }

    fn published(&mut self, id: Uid, times: i8, place: &str) -> AppResult<()> {
        let channels = [
            ("internet", "发布", "协会动态"),
            ("newspaper", "日报", "会员之家故事"),
            ("radio", "电台", "生育关怀访谈"),
            ("television", "电视台", "协会工作专题"),
        ];
        for n in 0..times {
            let (channel, outlet, title) = channels[usize::from(n.unsigned_abs()) % channels.len()];
            let told = json!({ "channel": channel, "outlet": format!("{place}{outlet}") });
            self.work(id, "publicity", title, (3 + n * 2, 16), told)?;
        }
        Ok(())
    }
}

pub fn municipal(act: &mut Act<'_>) -> AppResult<()> {
    let id = act.association(&act.s.world.city)?;
    let funds = Problem {
        text: "设立生育关怀基金专户。",
        outcome: Some("专户已于六月设立。"),
    };
    let study = ("dedicated_study", "party_and_government", "funds");
    act.study(id, study, (3, 12), "协会经费已列入预算。", Some(funds))?;
    let study = ("dedicated_study", "government", "care");
    act.study(
        id,
        study,
        (8, 20),
        "生育关怀行动覆盖全部县（市、区）。",
        None,
    )?;
    let study = ("field_investigation", "main_leader", "organisation");
    act.study(id, study, (4, 22), "实地调研基层协会建设。", None)?;
    act.four_together(id, 12, 40)?;
    let figures = json!({ "participants": 120, "hours": 16 });
    act.work(id, "training", "全市协会干部培训", (4, 9), figures)?;
    act.published(id, 4, "嘉兴")
}

pub fn county(act: &mut Act<'_>, county: &County) -> AppResult<()> {
    let id = act.association(&county.area)?;
    let open = county.is(OPEN_PROBLEM);
    let problem = Problem {
        text: "为所有村（社区）协会配齐活动器材。",
        outcome: (!open).then_some("器材已配发到村。"),
    };
    let study = ("dedicated_study", "party_and_government", "organisation");
    act.study(
        id,
        study,
        (3, 18),
        "基层协会班子已配备，器材不足。",
        Some(problem),
    )?;
    let study = ("field_investigation", "main_leader", "self_governance");
    act.study(id, study, (5, 14), "走访三个镇（街道）的会员之家。", None)?;
    act.four_together(id, 6, 20)?;
    let figures = json!({ "participants": 80, "hours": 8 });
    act.work(id, "training", "骨干会员培训", (4, 18), figures)?;
    let figures = json!({ "participants": 260 });
    act.work(id, "two_for_two", "“两为两争”主题活动", (9, 10), figures)?;
    let times = if county.is(LITTLE_PUBLICITY) { 1 } else { 4 };
    act.published(id, times, short(&county.area))
}

pub fn town(act: &mut Act<'_>, county: &County, town: &Town) -> AppResult<()> {
    let id = act.association(&town.area)?;
    let study = ("dedicated_study", "party_committee", "care");
    act.study(id, study, (3, 25), "会员之家和生育关怀工作。", None)?;
    if !town.is(NO_INVESTIGATION) {
        let study = ("field_investigation", "main_leader", "insurance");
        act.study(id, study, (6, 10), "走访村（社区）协会。", None)?;
    }
    act.four_together(id, 2, 8)?;
    let figures = json!({ "participants": 45, "hours": 6 });
    act.work(id, "training", "会员培训", (5, 8), figures)?;
    let figures = json!({ "participants": 90 });
    act.work(id, "two_for_two", "“两为两争”活动", (9, 16), figures)?;
    act.published(id, 2, short(&county.area))
}
