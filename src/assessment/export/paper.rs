//! The sheet of an area's assessment, fit to print and to sign: a table of its indicators, how its parts came out, and
//! lines for signatures and seals. Headers stand on every page, and so do page numbers. A later revision says which it
//! follows, and what it corrects.

use super::corrected::Corrected;
use super::layout::{Column, Paper};
use super::pdf;
use super::printout::Printout;
use super::words::{self, pick};
use crate::assessment::judge::IndicatorOutcome;
use crate::assessment::view::{AreaResult, SourceResult};
use crate::error::{AppError, AppResult};

/// A paper, and the characters it could not write.
pub struct Made {
    pub bytes: Vec<u8>,
    pub missing: Vec<char>,
    #[allow(dead_code)] // for tests, and whoever counts
    pub pages: usize,
}

fn columns<const N: usize>(
    chinese: bool,
    of: [(&'static str, &'static str, f32); N],
) -> Vec<Column> {
    of.into_iter()
        .map(|(zh, en, width)| Column {
            title: pick(chinese, zh, en),
            width,
        })
        .collect()
}

/// A share with what it is of below it, or the number.
fn figure(source: &SourceResult, chinese: bool) -> String {
    if source.hidden {
        return pick(chinese, "不予显示", "hidden").to_owned();
    }
    if source.value.is_none() {
        return String::new();
    }
    let figure = words::figure(source, chinese);
    match words::per_cent(source) {
        Some(share) => format!("{share}%\n{figure}"),
        None => figure,
    }
}

/// What is said of an outcome where there is room for a short word.
fn narrow(outcome: &str) -> &str {
    match outcome {
        words::NOT_APPLICABLE => "n/a",
        other => other,
    }
}

fn indicator_rows(paper: &mut Paper, print: &Printout, whole: &AreaResult) -> AppResult<()> {
    let zh = print.chinese;
    let columns = columns(
        zh,
        [
            ("指标", "code", 26.0),
            ("内容", "what it asks", 88.0),
            ("数据来源", "source", 81.0),
            ("数值", "figure", 66.0),
            ("目标", "target", 56.0),
            ("来源\n结果", "source result", 33.0),
            ("结果", "result", 33.0),
            ("认定", "found", 33.0),
            ("上年", "last year", 33.0),
            ("分值", "weight", 34.0),
            ("得分", "score", 28.0),
        ],
    );
    paper.header(&columns)?;
    for indicator in &whole.indicators {
        let asks = print.scheme.indicator(indicator.code.as_str());
        let asks = asks.map_or("", |asks| words::indicator(asks, zh));
        let before = print.last_of(whole, indicator);
        let before = before.map_or("", |before| words::in_the_end(before, zh));
        for i in 0..indicator.sources.len().max(1) {
            let once = |text: &str| match i {
                0 => text.to_owned(),
                _ => String::new(),
            };
            let source = indicator.sources.get(i);
            let of = |show: &dyn Fn(&SourceResult) -> String| source.map(show).unwrap_or_default();
            let cells = [
                once(indicator.code.as_str()),
                once(asks),
                of(&|s| words::source(s, zh)),
                of(&|s| figure(s, zh)),
                of(&|s| words::target(s, zh, "\n")),
                of(&|s| narrow(words::outcome(s.outcome, zh)).to_owned()),
                // How the whole indicator was counted: that is what it earns by, not how one of its sources came out.
                once(narrow(words::outcome(indicator.outcome, zh))),
                once(narrow(words::found(indicator.found, zh))),
                once(narrow(before)),
                once(indicator.weight.as_str()),
                once(indicator.score.as_str()),
            ];
            paper.row(&columns, &cells)?;
        }
    }
    Ok(())
}

fn part_rows(paper: &mut Paper, print: &Printout) -> AppResult<()> {
    let zh = print.chinese;
    let parts = print.areas.get(1..).unwrap_or(&[]);
    if parts.is_empty() {
        return Ok(());
    }
    paper.y -= 14.0;
    if !paper.holds(60.0) {
        paper.turn();
    }
    paper.words(pick(zh, "下级协会考核结果", "How the parts came out"))?;
    paper.y -= 4.0;
    let columns = columns(
        zh,
        [
            ("代码", "code", 64.0),
            ("名称", "name", 86.0),
            ("协会", "association", 112.0),
            ("完成", "met", 30.0),
            ("未完成", "not met", 33.0),
            ("缺数据", "no data", 33.0),
            ("考核", "assessment", 54.0),
            ("得分 / 应得分", "score / of", 60.0),
            ("上年", "last year", 39.0),
        ],
    );
    paper.header(&columns)?;
    for part in parts {
        let count = |outcome: IndicatorOutcome| {
            let of = part.indicators.iter().filter(|i| i.outcome == outcome);
            of.count().to_string()
        };
        let score = match part.vetoed {
            true => pick(zh, "一票否决", "vetoed").to_owned(),
            false => format!("{} / {}", part.score.as_str(), part.of.as_str()),
        };
        let cells = [
            part.area.as_str().to_owned(),
            part.name.clone(),
            part.association.clone().unwrap_or_default(),
            count(IndicatorOutcome::Met),
            count(IndicatorOutcome::NotMet),
            count(IndicatorOutcome::NoData),
            words::case(part.case.as_ref(), zh).to_owned(),
            score,
            print
                .last(part)
                .map(|last| last.result.score.as_str().to_owned())
                .unwrap_or_default(),
        ];
        paper.row(&columns, &cells)?;
    }
    Ok(())
}

/// The year before, what people found, what a revision corrects, and what was not decided.
fn people_said(paper: &mut Paper, print: &Printout, whole: &AreaResult) -> AppResult<()> {
    let zh = print.chinese;
    if let Some(last) = print.last(whole) {
        let (year, score, of) = (last.year, &last.result.score, &last.result.of);
        let how = match last.revision {
            Some(revision) => match zh {
                true => format!("冻结修订 {revision}"),
                false => format!("frozen, revision {revision}"),
            },
            None => pick(zh, "未冻结", "not frozen").to_owned(),
        };
        paper.words(&match zh {
            true => format!(
                "上年（{year}）得分：{} / {}（{how}）",
                score.as_str(),
                of.as_str()
            ),
            false => format!(
                "Last year ({year}): {} of {} ({how})",
                score.as_str(),
                of.as_str()
            ),
        })?;
    }
    if let Some(case) = &whole.case {
        let stands = words::case(Some(case), zh);
        let on = case
            .decided_on
            .map(|day| day.to_string())
            .unwrap_or_default();
        let (score, of) = (whole.counted_score.as_str(), whole.counted_of.as_str());
        paper.words(&match zh {
            true => format!("考核进程：{stands} {on}  仅按统计得分：{score} / {of}"),
            false => {
                format!("Assessment: {stands} {on}  by what was counted alone: {score} of {of}")
            }
        })?;
    }
    let Some(frozen) = &print.frozen else {
        return Ok(());
    };
    if let Some(corrected) = &frozen.corrected {
        paper.words(&corrections(frozen.revision, corrected, zh))?;
    }
    if frozen.open_cases > 0 || frozen.open_appeals > 0 {
        let (cases, appeals) = (frozen.open_cases, frozen.open_appeals);
        paper.words(&match zh {
            true => format!("冻结时尚未认定的考核 {cases} 项，尚未裁决的申诉 {appeals} 项。"),
            false => {
                format!("Not decided when it was frozen: {cases} assessments, {appeals} appeals.")
            }
        })?;
    }
    Ok(())
}

/// Areas that a revision names one by one; its differences over HTTP name all.
const NAMED: usize = 12;

/// Which revision this one follows, why, and what it says otherwise of the areas on this paper.
fn corrections(revision: i64, corrected: &Corrected, zh: bool) -> String {
    let (follows, because) = (corrected.follows, words::because(corrected.because, zh));
    let mut said = match zh {
        true => format!("修订 {revision} 接续修订 {follows}（{because}）"),
        false => format!("Revision {revision} follows revision {follows} ({because})"),
    };
    if corrected.areas.is_empty() {
        said.push_str(pick(
            zh,
            "，本表所列无更正。",
            " and corrects nothing on this paper.",
        ));
        return said;
    }
    let named: Vec<String> = (corrected.areas.iter().take(NAMED))
        .map(|area| words::corrected(area, zh))
        .collect();
    said.push_str(pick(zh, "，更正：", " and corrects: "));
    said.push_str(&named.join(pick(zh, "；", "; ")));
    let more = corrected.areas.len().saturating_sub(NAMED);
    if more > 0 {
        said.push_str(&match zh {
            true => format!("；另有 {more} 个地区"),
            false => format!("; and {more} more areas"),
        });
    }
    said.push_str(pick(zh, "。", "."));
    said
}

pub fn make(print: &Printout) -> AppResult<Made> {
    let zh = print.chinese;
    let whole = print
        .whole()
        .ok_or_else(|| AppError::internal("an export of no area"))?;
    let mut paper = Paper::begin()?;
    let unit = whole.association.as_ref().unwrap_or(&whole.name);
    let title = match zh {
        true => format!("{unit}{}年度考核表", print.year),
        false => format!("{unit}: assessment of {}", print.year),
    };
    paper.title(&title, 15.0)?;
    let foundation = words::foundation(whole.foundation, zh);
    let (score, of) = (whole.score.as_str(), whole.of.as_str());
    paper.words(&match zh {
        true => format!(
            "行政区划：{}（{}）  统计截止：{}  工作基础：{foundation}  得分：{score} / {of}",
            whole.name,
            whole.area.as_str(),
            print.as_of
        ),
        false => format!(
            "Area: {} ({})  counted for {}  foundation: {foundation}  score: {score} of {of}",
            whole.name,
            whole.area.as_str(),
            print.as_of
        ),
    })?;
    people_said(&mut paper, print, whole)?;
    if whole.vetoed {
        paper.words(pick(
            zh,
            "本年度已被一票否决，总分不计。",
            "A veto stands: the whole counts nothing.",
        ))?;
    }
    paper.y -= 6.0;
    indicator_rows(&mut paper, print, whole)?;
    part_rows(&mut paper, print)?;
    paper.signatures(zh)?;
    let of = match &print.frozen {
        Some(frozen) => format!(
            "{} {}  SHA-256 {}  {}",
            pick(zh, "冻结修订", "frozen, revision"),
            frozen.revision,
            frozen.digest,
            frozen.signer.as_deref().unwrap_or(pick(
                zh,
                "签名未通过核验",
                "THE SIGNATURE DOES NOT FIT"
            ))
        ),
        None => pick(zh, "实时统计，未冻结", "as counted now, not frozen").to_owned(),
    };
    paper.feet(zh, &of);
    let pages = paper.pages.len();
    Ok(Made {
        bytes: pdf::write(&title, &paper.font, paper.pages)?,
        missing: paper.font.missing().to_vec(),
        pages,
    })
}
