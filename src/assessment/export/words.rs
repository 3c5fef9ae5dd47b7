//! The words of an export, in Chinese and English.

use super::corrected::CorrectedArea;
use crate::assessment::cases::model::{CaseOutcome, CaseSaid, CaseState};
use crate::assessment::judge::IndicatorOutcome;
use crate::assessment::scheme::document::{Indicator, JudgedLevel, Target, Where};
use crate::assessment::snapshots::document::AreaStood;
use crate::assessment::snapshots::model::FreezeReason;
use crate::assessment::sources::{self, SourceMeasure, SourceUnit};
use crate::assessment::view::{CaseResult, IndicatorResult, SourceResult};

pub fn pick(chinese: bool, zh: &'static str, en: &'static str) -> &'static str {
    if chinese { zh } else { en }
}

/// In English too long for a narrow column.
pub const NOT_APPLICABLE: &str = "not applicable";

pub fn outcome(outcome: IndicatorOutcome, chinese: bool) -> &'static str {
    match outcome {
        IndicatorOutcome::Met => pick(chinese, "完成", "met"),
        IndicatorOutcome::NotMet => pick(chinese, "未完成", "not met"),
        IndicatorOutcome::NotApplicable => pick(chinese, "不适用", NOT_APPLICABLE),
        IndicatorOutcome::NoData => pick(chinese, "缺数据", "no data"),
    }
}

/// What people found; nothing where they did not say, or it is not decided.
pub fn found(found: Option<CaseSaid>, chinese: bool) -> &'static str {
    match found {
        Some(CaseSaid::Met) => pick(chinese, "完成", "met"),
        Some(CaseSaid::NotMet) => pick(chinese, "未完成", "not met"),
        Some(CaseSaid::NotApplicable) => pick(chinese, "不适用", NOT_APPLICABLE),
        None => "",
    }
}

/// How it came out in the end: as it was found, else as it was counted.
pub fn in_the_end(result: &IndicatorResult, chinese: bool) -> &'static str {
    match result.found {
        None => outcome(result.outcome, chinese),
        said => found(said, chinese),
    }
}

/// How an association's year stands among people.
pub fn case(case: Option<&CaseResult>, chinese: bool) -> &'static str {
    let Some(case) = case else {
        return "";
    };
    match (case.state, case.outcome) {
        (_, Some(CaseOutcome::Unobjected)) => pick(chinese, "无异议", "not objected to"),
        (_, Some(CaseOutcome::Upheld)) => pick(chinese, "异议后维持", "upheld"),
        (_, Some(CaseOutcome::Changed)) => pick(chinese, "异议后变更", "changed"),
        (CaseState::SelfAssessment, None) => pick(chinese, "自评中", "self-assessment"),
        (CaseState::Submitted, None) => pick(chinese, "已提交", "handed in"),
        (CaseState::Reviewed, None) => pick(chinese, "已评审", "reviewed"),
        (CaseState::Objected, None) => pick(chinese, "异议待定", "objected to"),
        (CaseState::Decided, None) => pick(chinese, "已认定", "decided"),
    }
}

pub fn level(level: JudgedLevel, chinese: bool) -> &'static str {
    match level {
        JudgedLevel::City => pick(chinese, "市级", "city"),
        JudgedLevel::County => pick(chinese, "县级", "county"),
        JudgedLevel::Town => pick(chinese, "乡级", "township"),
        JudgedLevel::Village => pick(chinese, "村级", "village"),
    }
}

pub fn foundation(foundation: Where, chinese: bool) -> &'static str {
    match foundation {
        Where::Good => pick(chinese, "基础好", "good"),
        Where::Elsewhere | Where::Everywhere => pick(chinese, "一般", "ordinary"),
    }
}

pub fn indicator(indicator: &Indicator, chinese: bool) -> &str {
    match chinese {
        true => indicator.zh.as_str(),
        false => indicator.en.as_str(),
    }
}

pub fn source(result: &SourceResult, chinese: bool) -> String {
    match sources::named(result.source.as_str()) {
        Some(source) => pick(chinese, source.zh, source.en).to_owned(),
        None => result.source.as_str().to_owned(),
    }
}

fn measure(result: &SourceResult) -> Option<SourceMeasure> {
    sources::named(result.source.as_str()).map(|source| source.measure)
}

fn is_share(result: &SourceResult) -> bool {
    measure(result) == Some(SourceMeasure::Share)
}

fn is_money(result: &SourceResult) -> bool {
    result.unit == Some(SourceUnit::Fen)
}

/// Of one, and in English of several.
fn unit_words(unit: SourceUnit) -> (&'static str, &'static str, &'static str) {
    match unit {
        SourceUnit::Point => ("分", "point", "points"),
        SourceUnit::Study => ("次", "study", "studies"),
        SourceUnit::Act => ("次", "act", "acts"),
        SourceUnit::Problem => ("个", "problem", "problems"),
        SourceUnit::Association => ("个", "association", "associations"),
        SourceUnit::Post => ("个", "post", "posts"),
        SourceUnit::Staff => ("人", "staff", "staff"),
        SourceUnit::Decision => ("项", "decision", "decisions"),
        SourceUnit::Household => ("户", "household", "households"),
        SourceUnit::Claim => ("件", "claim", "claims"),
        SourceUnit::Member => ("人", "member", "members"),
        SourceUnit::Activity => ("场", "activity", "activities"),
        SourceUnit::Service => ("项", "service", "services"),
        SourceUnit::Notice => ("份", "notice", "notices"),
        // What is counted in fen is told in yuan.
        SourceUnit::Fen => ("元", "yuan", "yuan"),
        SourceUnit::Family => ("户", "family", "families"),
        SourceUnit::Site => ("处", "site", "sites"),
        SourceUnit::Programme => ("项", "programme", "programmes"),
        SourceUnit::Village => ("个", "village", "villages"),
    }
}

/// What is counted, as a column names it.
pub fn unit(unit: Option<SourceUnit>, chinese: bool) -> &'static str {
    unit.map_or("", |unit| {
        let (zh, en, _) = unit_words(unit);
        pick(chinese, zh, en)
    })
}

/// Fen as yuan, with two digits behind the point; more only where a bound has parts of a fen.
fn yuan(fen: &str) -> String {
    let (sign, size) = match fen.strip_prefix('-') {
        Some(size) => ("-", size),
        None => ("", fen),
    };
    let (whole, parts) = size.split_once('.').unwrap_or((size, ""));
    let whole = format!("{whole:0>3}");
    let (yuan, cents) = whole.split_at(whole.len() - 2);
    format!("{sign}{yuan}.{cents}{parts}")
}

/// So much of what a source counts, money in yuan.
pub fn amount(result: &SourceResult, n: i64) -> String {
    match is_money(result) {
        true => yuan(&n.to_string()),
        false => n.to_string(),
    }
}

/// `68 / 72个`, or the number alone, with its unit. What a number is of is told where it is a share, or so much of what
/// is owed: of other numbers it says nothing.
pub fn figure(result: &SourceResult, chinese: bool) -> String {
    let Some(n) = result.n else {
        return String::new();
    };
    let is_part = matches!(
        measure(result),
        Some(SourceMeasure::Share | SourceMeasure::Owed)
    );
    let base = result.of.filter(|_| is_part);
    let told = match base {
        Some(of) => format!("{} / {}", amount(result, n), amount(result, of)),
        None => amount(result, n),
    };
    let Some(unit) = result.unit else {
        return told;
    };
    let (zh, one, many) = unit_words(unit);
    match chinese {
        true => format!("{told}{zh}"),
        false if base.unwrap_or(n) == 1 => format!("{told} {one}"),
        false => format!("{told} {many}"),
    }
}

/// The number, where it is no share; money in yuan.
pub fn value(result: &SourceResult) -> Option<String> {
    let value = result.value.as_ref().filter(|_| !is_share(result))?;
    Some(match is_money(result) {
        true => yuan(value.as_str()),
        false => value.as_str().to_owned(),
    })
}

/// The share in per cent, where it is one.
pub fn per_cent(result: &SourceResult) -> Option<String> {
    let value = result.value.as_ref().filter(|_| is_share(result))?;
    Some(value.as_str().to_owned())
}

/// What the plan says: per cent of a share, money in yuan.
pub fn planned(result: &SourceResult) -> Option<String> {
    let planned = result.planned?;
    Some(match is_share(result) {
        true => planned.to_string(),
        false => amount(result, planned),
    })
}

/// What was asked, by the plan or by the scheme: its bounds, as `≥8%` and `≤10%`, with something between them.
pub fn target(result: &SourceResult, chinese: bool, between: &str) -> String {
    let bound = |sign: &str, bound: &str| match (is_share(result), is_money(result)) {
        (true, _) => format!("{sign}{bound}%"),
        (false, true) => format!("{sign}{}{}", yuan(bound), pick(chinese, "元", " yuan")),
        (false, false) => format!("{sign}{bound}"),
    };
    let of = |target: &Target| {
        let bounds = [
            ("≥", &target.at_least),
            (">", &target.more_than),
            ("≤", &target.at_most),
            ("<", &target.less_than),
        ];
        let said = bounds
            .into_iter()
            .filter_map(|(sign, of)| Some(bound(sign, of.as_ref()?.as_str())));
        said.collect::<Vec<_>>().join(between)
    };
    match (&result.target, result.planned) {
        (_, Some(planned)) => bound("≥", &planned.to_string()),
        (Some(target), None) => of(target),
        (None, None) => String::new(),
    }
}

pub fn yes(is: bool, chinese: bool) -> &'static str {
    match is {
        true => pick(chinese, "是", "yes"),
        false => pick(chinese, "否", "no"),
    }
}

/// Why a revision was made.
pub fn because(because: FreezeReason, chinese: bool) -> &'static str {
    match because {
        FreezeReason::YearEnd => pick(chinese, "年终", "the year ended"),
        FreezeReason::LateRecord => pick(chinese, "补录", "recorded late"),
        FreezeReason::Correction => pick(chinese, "更正", "corrected"),
        FreezeReason::ObjectionDecided => pick(chinese, "异议已裁定", "an objection was decided"),
        FreezeReason::AppealDecided => pick(chinese, "申诉已裁定", "an appeal was decided"),
    }
}

/// Indicators of an area that a revision names one by one.
const NAMED: usize = 10;

/// What a revision says otherwise of an area: `330402 南湖区：A2、A3，得分 0 → 9`.
pub fn corrected(area: &CorrectedArea, chinese: bool) -> String {
    let mut said = Vec::new();
    let codes: Vec<&str> = (area.indicators.iter().take(NAMED))
        .map(|code| code.as_str())
        .collect();
    if !codes.is_empty() {
        let named = codes.join(pick(chinese, "、", ", "));
        said.push(match (area.indicators.len(), chinese) {
            (all, true) if all > NAMED => format!("{named} 等 {all} 项"),
            (all, false) if all > NAMED => format!("{named} and others, {all} in all"),
            _ => named,
        });
    }
    match &area.whole {
        Some((Some(was), Some(is))) => {
            if (&was.score, &was.of) != (&is.score, &is.of) {
                let stood = |one: &AreaStood| match was.of == is.of {
                    true => one.score.as_str().to_owned(),
                    false => format!("{} / {}", one.score.as_str(), one.of.as_str()),
                };
                let score = pick(chinese, "得分", "score");
                said.push(format!("{score} {} → {}", stood(was), stood(is)));
            }
            if was.vetoed != is.vetoed {
                said.push(match is.vetoed {
                    true => pick(chinese, "一票否决", "vetoed").to_owned(),
                    false => pick(chinese, "否决解除", "no veto any more").to_owned(),
                });
            }
            if was.case != is.case {
                let stands = case(is.case.as_ref(), chinese);
                said.push(format!(
                    "{} {stands}",
                    pick(chinese, "考核进程", "assessment")
                ));
            }
        }
        Some((None, _)) => said.push(pick(chinese, "新列入", "was not there").to_owned()),
        Some((_, None)) => said.push(pick(chinese, "不再列入", "not there any more").to_owned()),
        None => {}
    }
    if said.is_empty() {
        said.push(pick(chinese, "协会变更", "another association").to_owned());
    }
    let (code, name) = (area.area.as_str(), area.name.as_str());
    match chinese {
        true => format!("{code} {name}：{}", said.join("，")),
        false => format!("{code} {name}: {}", said.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_told_in_yuan() {
        for (fen, told) in [
            ("0", "0.00"),
            ("7", "0.07"),
            ("-7", "-0.07"),
            ("123456", "1234.56"),
            ("-103200000", "-1032000.00"),
            ("9000000000000000", "90000000000000.00"),
            ("100.5", "1.005"),
        ] {
            assert_eq!(yuan(fen), told, "{fen}");
        }
    }

    #[test]
    fn every_unit_has_a_word() {
        for one in SourceUnit::ALL {
            assert!(!unit(Some(*one), true).is_ascii());
            assert!(unit(Some(*one), false).is_ascii());
        }
    }
}
