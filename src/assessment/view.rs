//! How an assessment is shown, and how it stands in a snapshot: what was counted, and beside it what people found.
//!
//! What was found counts once the association's assessment is decided, in the place of what was counted: in the scores of
//! the indicators and of the whole. What was counted alone stays beside it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cases::model::{CaseOutcome, CaseSaid, CaseState};
use super::cases::store::{self as cases, OfYear};
use super::exact::Exact;
use super::judge::{IndicatorOutcome, Judged, Part};
use super::reckon::Reckoned;
use super::scheme::document::{JudgedLevel, Target, Where};
use super::sources::SourceUnit;
use crate::areas::model::AreaRow;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::text::{AreaCode, Decimal, IndicatorCode, Label, SourceName};

/// What was counted from one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceResult {
    pub source: SourceName,
    /// Null for a source that this installation does not have.
    pub unit: Option<SourceUnit>,
    pub outcome: IndicatorOutcome,
    /// Null where it may not be shown, or nothing could be counted.
    #[schema(minimum = -9_000_000_000_000_000i64, maximum = 9_000_000_000_000_000i64, example = 68)]
    pub n: Option<i64>,
    /// How much of that which it counts was not recorded: a share of it is none that anybody knows. The facts with
    /// `lacking=true` say which.
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 0)]
    pub missing: Option<i64>,
    /// What it is a share of.
    #[schema(minimum = -9_000_000_000_000_000i64, maximum = 9_000_000_000_000_000i64, example = 72)]
    pub of: Option<i64>,
    /// The number, or the share in per cent.
    pub value: Option<Decimal>,
    /// What the association's plan says.
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 12)]
    pub planned: Option<i64>,
    /// What was asked here.
    pub target: Option<Target>,
    /// It counts few people: the figure is not told, only whether it is enough.
    #[schema(example = false)]
    pub hidden: bool,
}

/// How an indicator came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorResult {
    pub code: IndicatorCode,
    /// As it was counted.
    pub outcome: IndicatorOutcome,
    /// What people found in the end, once the assessment is decided; null where it is not, or this was not asked.
    pub found: Option<CaseSaid>,
    pub weight: Decimal,
    /// What it earns: as it was found, else as it was counted.
    pub score: Decimal,
    #[schema(max_items = 12)]
    pub sources: Vec<SourceResult>,
}

/// How an association's year stands among people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseResult {
    pub case_id: Uid,
    pub state: CaseState,
    /// Null until it is decided.
    pub outcome: Option<CaseOutcome>,
    pub decided_on: Option<Day>,
}

/// How an area's association came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AreaResult {
    pub area_id: Uid,
    pub area: AreaCode,
    #[schema(value_type = Label, example = "嘉兴市")]
    pub name: String,
    pub level: JudgedLevel,
    /// Null where the area has none.
    pub association_id: Option<Uid>,
    #[schema(value_type = Option<Label>, example = "嘉兴市计划生育协会")]
    pub association: Option<String>,
    /// Whether the foundation of the work is good there: some targets differ by that.
    pub foundation: Where,
    /// By what was found where that is decided, else by what was counted.
    pub score: Decimal,
    /// What the weights come to that are asked here.
    pub of: Decimal,
    /// The same by what was counted alone, whether a veto stands or not.
    pub counted_score: Decimal,
    pub counted_of: Decimal,
    /// A veto stands: the whole counts nothing.
    #[schema(example = false)]
    pub vetoed: bool,
    /// How its assessment stands among people; null where none was begun.
    pub case: Option<CaseResult>,
    #[schema(max_items = 80)]
    pub indicators: Vec<IndicatorResult>,
}

pub fn decimal(number: Exact) -> AppResult<Decimal> {
    Decimal::parse(number.to_string()).map_err(|_| AppError::internal("a figure is no decimal"))
}

fn word<T>(parsed: Result<T, crate::error::Fault>) -> AppResult<T> {
    parsed.map_err(|_| AppError::internal("a stored word is none"))
}

fn source(part: &Part) -> AppResult<SourceResult> {
    Ok(SourceResult {
        source: word(SourceName::parse(part.source.as_str()))?,
        unit: part.found.map(|s| s.unit),
        outcome: part.outcome,
        n: part.figure.map(|f| f.n),
        of: part.figure.map(|f| f.of),
        missing: part.figure.map(|f| f.missing),
        value: part.value.map(decimal).transpose()?,
        planned: part.planned,
        target: part.target.clone(),
        hidden: part.hidden,
    })
}

/// What an indicator earns and what it could: nothing where it is not asked.
pub fn earned(judged: &Judged, found: Option<CaseSaid>) -> Option<(Exact, Exact)> {
    match (found, judged.outcome) {
        (Some(CaseSaid::Met), _) => Some((judged.weight, judged.weight)),
        (Some(CaseSaid::NotMet), _) => Some((Exact::ZERO, judged.weight)),
        (Some(CaseSaid::NotApplicable), _) | (None, IndicatorOutcome::NotApplicable) => None,
        (None, _) => Some((judged.score, judged.weight)),
    }
}

fn indicator(judged: &Judged, found: Option<CaseSaid>) -> AppResult<IndicatorResult> {
    let score = earned(judged, found).map_or(Exact::ZERO, |(score, _)| score);
    Ok(IndicatorResult {
        code: word(IndicatorCode::parse(judged.code.as_str()))?,
        outcome: judged.outcome,
        found,
        weight: decimal(judged.weight)?,
        score: decimal(score)?,
        sources: judged.parts.iter().map(source).collect::<AppResult<_>>()?,
    })
}

/// The assessments of the associations of these areas, by association.
pub fn cases_of<'a>(
    c: &mut DbConn,
    reckoned: &Reckoned,
    areas: impl IntoIterator<Item = &'a AreaRow>,
) -> AppResult<HashMap<Uid, OfYear>> {
    let own = areas
        .into_iter()
        .filter_map(|area| reckoned.association(area));
    cases::of_year(c, own.map(|own| own.id).collect(), reckoned.span.year)
}

pub fn show(
    reckoned: &Reckoned,
    cases: &HashMap<Uid, OfYear>,
    area: &AreaRow,
) -> AppResult<AreaResult> {
    let sheet = reckoned.sheet(area);
    let own = reckoned.association(area);
    let case = own.and_then(|own| cases.get(&own.id));
    let found = |judged: &Judged| case.and_then(|case| case.found.get(&judged.code).copied());
    let sums = (sheet.indicators.iter())
        .filter_map(|judged| earned(judged, found(judged)))
        .fold((Exact::ZERO, Exact::ZERO), |(score, of), one| {
            (score.plus(one.0), of.plus(one.1))
        });
    let score = match sheet.vetoed {
        true => Exact::ZERO,
        false => sums.0,
    };
    Ok(AreaResult {
        area_id: area.id,
        area: word(AreaCode::parse(area.code.as_str()))?,
        name: area.name.clone(),
        level: JudgedLevel::of(area.level),
        association_id: own.map(|own| own.id),
        association: own.map(|own| own.title.clone()),
        foundation: reckoned.foundation(area),
        score: decimal(score)?,
        of: decimal(sums.1)?,
        counted_score: decimal(sheet.earned)?,
        counted_of: decimal(sheet.of)?,
        vetoed: sheet.vetoed,
        case: case.map(|case| CaseResult {
            case_id: case.id,
            state: case.state,
            outcome: case.outcome,
            decided_on: case.decided_on,
        }),
        indicators: sheet
            .indicators
            .iter()
            .map(|judged| indicator(judged, found(judged)))
            .collect::<AppResult<_>>()?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn judged(outcome: IndicatorOutcome) -> Judged {
        let weight = Exact::whole(9);
        Judged {
            code: "A2".into(),
            outcome,
            weight,
            score: match outcome {
                IndicatorOutcome::Met => weight,
                _ => Exact::ZERO,
            },
            parts: Vec::new(),
        }
    }

    #[test]
    fn what_was_found_counts_in_the_place_of_what_was_counted() {
        use IndicatorOutcome::*;
        let (all, none) = (Exact::whole(9), Exact::ZERO);
        for counted in [Met, NotMet, NotApplicable, NoData] {
            let of = |found| earned(&judged(counted), Some(found));
            assert_eq!(of(CaseSaid::Met), Some((all, all)));
            assert_eq!(of(CaseSaid::NotMet), Some((none, all)));
            assert_eq!(of(CaseSaid::NotApplicable), None);
        }
        assert_eq!(earned(&judged(Met), None), Some((all, all)));
        assert_eq!(earned(&judged(NoData), None), Some((none, all)));
        assert_eq!(earned(&judged(NotApplicable), None), None);
    }
}
