//! Whether an association met an indicator: pure decisions over counted facts.

use super::exact::Exact;
use super::scheme::document::{
    Clause, FormulaKind, Indicator, JudgedLevel, SchemeDocument, Target, Where,
};
use super::sources::tally::Figure;
use super::sources::{self, Empty, Source, SourceBasis, SourceMeasure};
use crate::http::text::Decimal;
use crate::text_enum;

text_enum! {
    /// How an indicator came out: met, not met, not asked here, or not to be told because something is not recorded.
    IndicatorOutcome { Met = "met", NotMet = "not_met", NotApplicable = "not_applicable", NoData = "no_data" }
}

/// Whose association is judged.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub level: JudgedLevel,
    /// Whether the foundation of the work is good there.
    pub foundation: Where,
    pub has_association: bool,
}

/// What is known of it.
pub trait Known {
    fn figure(&self, source: &Source) -> Figure;
    /// Whether the figure may not be shown. It is judged like any other: were it not, a neighbour's few people would
    /// decide how an association comes out.
    fn hides(&self, source: &Source) -> bool;
    fn planned(&self, source: &Source) -> Option<i64>;
}

/// One source of an indicator, judged.
#[derive(Debug, Clone)]
pub struct Part {
    pub source: String,
    /// Nothing where nobody registered the source yet.
    pub found: Option<&'static Source>,
    pub figure: Option<Figure>,
    /// It may not be shown.
    pub hidden: bool,
    /// The number, or the share in per cent.
    pub value: Option<Exact>,
    pub planned: Option<i64>,
    pub target: Option<Target>,
    pub outcome: IndicatorOutcome,
}

/// An indicator, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    pub code: String,
    pub outcome: IndicatorOutcome,
    pub weight: Exact,
    pub score: Exact,
    pub parts: Vec<Part>,
}

/// All indicators of an association.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub indicators: Vec<Judged>,
    /// What they earn, whether a veto stands or not.
    pub earned: Exact,
    pub score: Exact,
    /// What the weights come to that could be earned.
    pub of: Exact,
    /// A veto stands: the whole counts nothing.
    pub vetoed: bool,
}

pub fn number(decimal: &Decimal) -> Exact {
    Exact::parse(decimal.as_str()).unwrap_or(Exact::ZERO)
}

/// Whether a value keeps the bounds of a target.
pub fn keeps(target: &Target, value: Exact) -> bool {
    let holds = |bound: &Option<Decimal>, is: fn(Exact, Exact) -> bool| {
        bound.as_ref().is_none_or(|b| is(value, number(b)))
    };
    holds(&target.at_least, |v, b| v >= b)
        && holds(&target.more_than, |v, b| v > b)
        && holds(&target.at_most, |v, b| v <= b)
        && holds(&target.less_than, |v, b| v < b)
}

fn target_of(clause: &Clause, foundation: Where) -> Option<&Target> {
    let mut targets = clause.targets.0.iter();
    targets.find(|target| match target.place {
        None | Some(Where::Everywhere) => true,
        Some(place) => place == foundation,
    })
}

/// The number, or the share in per cent where there is one that is known.
fn value(source: &Source, figure: Figure) -> Option<Exact> {
    match source.measure {
        SourceMeasure::Share if figure.missing > 0 => None,
        SourceMeasure::Share => Exact::percent(figure.n, figure.of),
        SourceMeasure::Count | SourceMeasure::Against | SourceMeasure::Owed => {
            Some(Exact::whole(figure.n))
        }
    }
}

/// One source, judged; of a figure that is hidden nothing is told but whether it is enough.
fn part(kind: FormulaKind, clause: &Clause, standing: Standing, known: &dyn Known) -> Part {
    let part = counted(kind, clause, standing, known);
    match part
        .found
        .is_some_and(|source| part.figure.is_some() && known.hides(source))
    {
        true => Part {
            figure: None,
            value: None,
            hidden: true,
            ..part
        },
        false => part,
    }
}

fn counted(kind: FormulaKind, clause: &Clause, standing: Standing, known: &dyn Known) -> Part {
    let target = target_of(clause, standing.foundation);
    let mut part = Part {
        source: clause.source.as_str().to_owned(),
        found: sources::named(clause.source.as_str()),
        figure: None,
        hidden: false,
        value: None,
        planned: None,
        target: target.cloned(),
        outcome: IndicatorOutcome::NoData,
    };
    let Some(source) = part.found else {
        return part;
    };
    if source.basis == SourceBasis::Own && !standing.has_association {
        return part;
    }
    let figure = known.figure(source);
    part.figure = Some(figure);
    if !standing.has_association {
        // What others did in an area is told, and earns nothing: there is nobody to earn it.
        part.value = value(source, figure);
        return part;
    }
    let met = |is: bool| match is {
        true => IndicatorOutcome::Met,
        false => IndicatorOutcome::NotMet,
    };
    match source.measure {
        SourceMeasure::Count => {
            let value = Exact::whole(figure.n);
            part.value = Some(value);
            if kind == FormulaKind::ByPlan {
                part.planned = known.planned(source);
                if let Some(planned) = part.planned {
                    part.outcome = met(figure.n >= planned);
                }
            } else {
                part.outcome = met(target.map_or(figure.n >= 1, |t| keeps(t, value)));
            }
        }
        // Where something that belongs to it was not recorded, nobody knows the share.
        SourceMeasure::Share if figure.missing > 0 => {}
        SourceMeasure::Share => match value(source, figure) {
            Some(value) => {
                part.value = Some(value);
                if kind == FormulaKind::ByPlan && target.is_none() {
                    part.planned = known.planned(source);
                    if let Some(planned) = part.planned {
                        part.outcome = met(value >= Exact::whole(planned));
                    }
                } else {
                    part.outcome = met(target.map_or(figure.n >= figure.of, |t| keeps(t, value)));
                }
            }
            None if source.empty == Empty::NotApplicable => {
                part.outcome = IndicatorOutcome::NotApplicable;
            }
            None => {}
        },
        SourceMeasure::Against => {
            part.value = Some(Exact::whole(figure.n));
            part.outcome = met(figure.n == 0);
        }
        SourceMeasure::Owed => {
            part.value = Some(Exact::whole(figure.n));
            part.outcome = match figure.of {
                0 => IndicatorOutcome::NotApplicable,
                of => met(figure.n >= of),
            };
        }
    }
    part
}

/// One that fails fails all; what is not known leaves it open.
fn together(parts: &[Part]) -> IndicatorOutcome {
    let any = |outcome: IndicatorOutcome| parts.iter().any(|part| part.outcome == outcome);
    [
        IndicatorOutcome::NotMet,
        IndicatorOutcome::NoData,
        IndicatorOutcome::Met,
    ]
    .into_iter()
    .find(|outcome| any(*outcome))
    .unwrap_or(IndicatorOutcome::NotApplicable)
}

pub fn judge(indicator: &Indicator, standing: Standing, known: &dyn Known) -> Judged {
    let kind = indicator.formula.kind;
    let asked = indicator.levels.0.contains(&standing.level);
    let here = |clause: &&Clause| {
        let levels = &clause.levels.0;
        asked && (levels.is_empty() || levels.contains(&standing.level))
    };
    let clauses = indicator.formula.sources.0.iter().filter(here);
    let parts: Vec<Part> = clauses
        .map(|clause| part(kind, clause, standing, known))
        .collect();
    let outcome = together(&parts);
    let weight = number(&indicator.weight);
    Judged {
        code: indicator.code.as_str().to_owned(),
        score: match outcome {
            IndicatorOutcome::Met => weight,
            _ => Exact::ZERO,
        },
        outcome,
        weight,
        parts,
    }
}

/// The whole sheet of an association.
pub fn sheet(scheme: &SchemeDocument, standing: Standing, known: &dyn Known) -> Sheet {
    let indicators: Vec<Judged> = (scheme.indicators.0.iter())
        .map(|indicator| judge(indicator, standing, known))
        .collect();
    let sum = |of: fn(&Judged) -> Exact| {
        (indicators.iter())
            .filter(|i| i.outcome != IndicatorOutcome::NotApplicable)
            .fold(Exact::ZERO, |sum, i| sum.plus(of(i)))
    };
    let against = |part: &Part| {
        part.outcome == IndicatorOutcome::NotMet
            && part
                .found
                .is_some_and(|s| s.measure == SourceMeasure::Against)
    };
    let vetoed = indicators.iter().flat_map(|i| &i.parts).any(against);
    let earned = sum(|i| i.score);
    Sheet {
        score: match vetoed {
            true => Exact::ZERO,
            false => earned,
        },
        earned,
        of: sum(|i| i.weight),
        vetoed,
        indicators,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "judge_tests.rs"]
mod tests;
