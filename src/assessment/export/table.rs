//! An assessment as a table: a row for each source of each indicator of each area.
//!
//! Figures are numbers, money in yuan. What is of an indicator or of an area as a whole, and is a number, stands in its
//! first row alone: a sum over a column says what it should, and counts no score twice. Words stand in every row, so
//! that each can be found by them.

use super::printout::{Printout, source_of};
use super::words::{self, pick};
use crate::assessment::view::{AreaResult, IndicatorResult, SourceResult};
use crate::error::{AppError, AppResult};
use crate::sheets::csv_out;
use crate::sheets::xlsx_out::{Cell, Xlsx};

const COLUMNS: [(&str, &str); 29] = [
    ("年度", "year"),
    ("行政区划代码", "area"),
    ("名称", "name"),
    ("层级", "level"),
    ("协会", "association"),
    ("协会得分", "area score"),
    ("协会应得分", "area score possible"),
    ("一票否决", "vetoed"),
    ("指标", "indicator"),
    ("内容", "what it asks"),
    ("结果", "outcome"),
    ("认定", "found"),
    ("分值", "weight"),
    ("得分", "score"),
    ("考核进程", "assessment"),
    ("上年结果", "last year"),
    ("上年得分", "score of last year"),
    ("上年修订", "revision of last year"),
    ("数据来源", "source"),
    ("单位", "unit"),
    ("数量", "n"),
    ("基数", "of"),
    ("值", "value"),
    ("占比（%）", "per cent"),
    ("上年值", "value of last year"),
    ("上年占比（%）", "per cent of last year"),
    ("计划", "planned"),
    ("目标", "target"),
    ("来源结果", "outcome of the source"),
];

/// Of what a row is the first one.
#[derive(Debug, Clone, Copy)]
struct First {
    of_area: bool,
    of_indicator: bool,
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(number: Option<String>) -> Cell {
    Cell::Number(number.unwrap_or_default())
}

fn row(
    print: &Printout,
    area: &AreaResult,
    indicator: &IndicatorResult,
    source: Option<&SourceResult>,
    first: First,
) -> [Cell; COLUMNS.len()] {
    let zh = print.chinese;
    let asks = print.scheme.indicator(indicator.code.as_str());
    let before = print.last_of(area, indicator);
    let source_before = source.and_then(|source| source_of(before, source));
    let once = |is_first: bool, figure: &str| number(is_first.then(|| figure.to_owned()));
    let of_area = |figure: &str| once(first.of_area, figure);
    let of_indicator = |figure: &str| once(first.of_indicator, figure);
    let of = |f: &dyn Fn(&SourceResult) -> String| text(source.map(f).unwrap_or_default());
    let figure = |n: Option<i64>| {
        let told = source.zip(n).map(|(s, n)| words::amount(s, n));
        number(told)
    };
    [
        number(Some(print.year.to_string())),
        text(area.area.as_str()),
        text(area.name.as_str()),
        text(words::level(area.level, zh)),
        text(area.association.as_deref().unwrap_or_default()),
        of_area(area.score.as_str()),
        of_area(area.of.as_str()),
        text(words::yes(area.vetoed, zh)),
        text(indicator.code.as_str()),
        text(asks.map_or("", |asks| words::indicator(asks, zh))),
        text(words::outcome(indicator.outcome, zh)),
        text(words::found(indicator.found, zh)),
        of_indicator(indicator.weight.as_str()),
        of_indicator(indicator.score.as_str()),
        text(words::case(area.case.as_ref(), zh)),
        text(before.map_or("", |b| words::in_the_end(b, zh))),
        of_indicator(before.map_or("", |b| b.score.as_str())),
        number(
            (print.last(area))
                .and_then(|last| last.revision)
                .map(|revision| revision.to_string()),
        ),
        of(&|s| words::source(s, zh)),
        of(&|s| words::unit(s.unit, zh).to_owned()),
        figure(source.and_then(|s| s.n)),
        figure(source.and_then(|s| s.of)),
        number(source.and_then(words::value)),
        number(source.and_then(words::per_cent)),
        number(source_before.and_then(words::value)),
        number(source_before.and_then(words::per_cent)),
        number(source.and_then(words::planned)),
        of(&|s| words::target(s, zh, " ")),
        of(&|s| {
            let outcome = words::outcome(s.outcome, zh);
            match (s.hidden, zh) {
                (true, true) => format!("{outcome}（人数过少，不予显示）"),
                (true, false) => format!("{outcome} (hidden: few people)"),
                (false, _) => outcome.to_owned(),
            }
        }),
    ]
}

fn each(print: &Printout, mut take: impl FnMut(&[Cell]) -> AppResult<()>) -> AppResult<()> {
    let titles = COLUMNS.map(|(zh, en)| text(pick(print.chinese, zh, en)));
    take(&titles)?;
    for area in &print.areas {
        let mut of_area = true;
        for indicator in &area.indicators {
            // One that nothing is counted for has a row all the same.
            let sources = (indicator.sources.iter().map(Some))
                .chain(indicator.sources.is_empty().then_some(None));
            for (i, source) in sources.enumerate() {
                let first = First {
                    of_area,
                    of_indicator: i == 0,
                };
                take(&row(print, area, indicator, source, first))?;
                of_area = false;
            }
        }
    }
    Ok(())
}

/// In UTF-8 with a byte order mark, so that spreadsheets read Chinese.
pub fn csv(print: &Printout) -> AppResult<Vec<u8>> {
    let mut text = String::from("\u{feff}");
    each(print, |cells| {
        csv_out::line(&mut text, cells.iter().map(Cell::as_str));
        Ok(())
    })?;
    Ok(text.into_bytes())
}

pub fn xlsx(print: &Printout) -> AppResult<Vec<u8>> {
    let name = pick(print.chinese, "年终考核", "assessment");
    let mut book = Xlsx::begin(name, COLUMNS.len()).map_err(AppError::internal)?;
    each(print, |cells| book.cells(cells).map_err(AppError::internal))?;
    book.end().map_err(AppError::internal)
}
