//! Whether a document is a scheme: every fault of it with its pointer.

use super::document::*;
use crate::assessment::exact::Exact;
use crate::assessment::sources::{self, Source, SourceMeasure};
use crate::error::{AppError, AppResult, Fault, FieldError};
use crate::http::text::Decimal;

/// Faults that are told at once.
const MOST: usize = 50;

struct Faults<'a> {
    under: &'a str,
    found: Vec<FieldError>,
}

impl Faults<'_> {
    fn add(&mut self, at: impl AsRef<str>, fault: Fault) {
        if self.found.len() < MOST {
            let pointer = format!("{}{}", self.under, at.as_ref());
            self.found.push(FieldError::new(pointer, fault));
        }
    }
}

/// Refuses a document, which stands at `under`, that is no scheme.
pub fn check(document: &SchemeDocument, under: &str) -> AppResult<()> {
    let mut faults = Faults {
        under,
        found: Vec::new(),
    };
    let indicators = &document.indicators.0;
    if indicators.is_empty() {
        faults.add("/indicators", Fault::TooShort);
    }
    for (i, indicator) in indicators.iter().enumerate() {
        let at = format!("/indicators/{i}");
        let before = indicators.iter().take(i);
        if before.into_iter().any(|b| b.code == indicator.code) {
            faults.add(format!("{at}/code"), Fault::Repeated);
        }
        of_indicator(&mut faults, &at, indicator);
    }
    let number = |d: &Decimal| Exact::parse(d.as_str()).unwrap_or(Exact::ZERO);
    let sum = (indicators.iter()).fold(Exact::ZERO, |sum, i| sum.plus(number(&i.weight)));
    let total = number(&document.total);
    if total == Exact::ZERO || total > Exact::whole(10_000) {
        faults.add("/total", Fault::OutOfRange);
    } else if !indicators.is_empty() && sum != total {
        faults.add("/total", Fault::SumDiffers);
    }
    match faults.found.is_empty() {
        true => Ok(()),
        false => Err(AppError::fields(faults.found)),
    }
}

fn of_indicator(faults: &mut Faults<'_>, at: &str, indicator: &Indicator) {
    if indicator.levels.0.is_empty() {
        faults.add(format!("{at}/levels"), Fault::TooShort);
    }
    twice(faults, &format!("{at}/levels"), &indicator.levels.0);
    twice(faults, &format!("{at}/assumed"), &indicator.assumed.0);
    let (kind, clauses) = (indicator.formula.kind, &indicator.formula.sources.0);
    let at = format!("{at}/formula/sources");
    let many = matches!(kind, FormulaKind::AllOf | FormulaKind::ByPlan);
    if clauses.is_empty() {
        faults.add(&at, Fault::TooShort);
    }
    if clauses.len() > 1 && !many {
        faults.add(format!("{at}/1"), Fault::TooMany);
    }
    for (i, clause) in clauses.iter().enumerate() {
        let at = format!("{at}/{i}");
        if clauses.iter().take(i).any(|before| meets(before, clause)) {
            faults.add(format!("{at}/source"), Fault::Repeated);
        }
        match sources::named(clause.source.as_str()) {
            None => faults.add(format!("{at}/source"), Fault::NoSuchSource),
            Some(source) => of_clause(faults, &at, indicator, clause, source),
        }
    }
}

/// Whether two clauses ask the same source at one level.
fn meets(one: &Clause, other: &Clause) -> bool {
    let (a, b) = (&one.levels.0, &other.levels.0);
    let apart = !a.is_empty() && !b.is_empty() && !a.iter().any(|level| b.contains(level));
    one.source == other.source && !apart
}

fn twice<T: PartialEq>(faults: &mut Faults<'_>, at: &str, list: &[T]) {
    for (i, one) in list.iter().enumerate() {
        if list.iter().take(i).any(|before| before == one) {
            faults.add(format!("{at}/{i}"), Fault::Repeated);
        }
    }
}

fn of_clause(
    faults: &mut Faults<'_>,
    at: &str,
    indicator: &Indicator,
    clause: &Clause,
    source: &Source,
) {
    let kind = indicator.formula.kind;
    if !fits(kind, source.measure) {
        faults.add(format!("{at}/source"), Fault::WrongKind);
        return;
    }
    twice(faults, &format!("{at}/levels"), &clause.levels.0);
    let own = &clause.levels.0;
    for (i, level) in own.iter().enumerate() {
        if !indicator.levels.0.contains(level) {
            faults.add(format!("{at}/levels/{i}"), Fault::NotFitting);
        } else if !source.levels.contains(level) {
            faults.add(format!("{at}/levels/{i}"), Fault::WrongLevel);
        }
    }
    let judged = &indicator.levels.0;
    if own.is_empty() && judged.iter().any(|level| !source.levels.contains(level)) {
        faults.add(format!("{at}/source"), Fault::WrongLevel);
    }
    let targets = &clause.targets.0;
    // A plan says how much of a count, people what they decided.
    let none_asked = kind == FormulaKind::RecordedDecision
        || (kind == FormulaKind::ByPlan && source.measure == SourceMeasure::Count);
    if none_asked && !targets.is_empty() {
        faults.add(format!("{at}/targets"), Fault::NotFitting);
        return;
    }
    if targets.is_empty() && matches!(kind, FormulaKind::Ratio | FormulaKind::Range) {
        faults.add(format!("{at}/targets"), Fault::Required);
    }
    let place = |target: &Target| target.place.unwrap_or(Where::Everywhere);
    if let [first, second] = targets.as_slice() {
        let both = [place(first), place(second)];
        if !both.contains(&Where::Good) || !both.contains(&Where::Elsewhere) {
            faults.add(format!("{at}/targets/1/where"), Fault::NotFitting);
        }
    } else if let [only] = targets.as_slice()
        && place(only) != Where::Everywhere
    {
        faults.add(format!("{at}/targets/0/where"), Fault::NotFitting);
    }
    for (i, target) in targets.iter().enumerate() {
        of_target(faults, &format!("{at}/targets/{i}"), kind, source, target);
    }
}

/// What a formula of a kind reckons with.
pub fn fits(kind: FormulaKind, measure: SourceMeasure) -> bool {
    match kind {
        FormulaKind::Ratio | FormulaKind::Range => measure == SourceMeasure::Share,
        FormulaKind::Count => measure == SourceMeasure::Count,
        FormulaKind::AllOf | FormulaKind::ByPlan => {
            matches!(measure, SourceMeasure::Share | SourceMeasure::Count)
        }
        FormulaKind::RecordedDecision => {
            matches!(measure, SourceMeasure::Against | SourceMeasure::Owed)
        }
    }
}

fn of_target(
    faults: &mut Faults<'_>,
    at: &str,
    kind: FormulaKind,
    source: &Source,
    target: &Target,
) {
    let most = match source.measure {
        SourceMeasure::Share => Exact::whole(100),
        _ => Exact::whole(1_000_000_000_000),
    };
    let bounds = [
        ("at_least", &target.at_least),
        ("more_than", &target.more_than),
        ("at_most", &target.at_most),
        ("less_than", &target.less_than),
    ];
    for (name, bound) in bounds {
        let number = bound.as_ref().and_then(|b| Exact::parse(b.as_str()));
        if number.is_some_and(|n| n > most) {
            faults.add(format!("{at}/{name}"), Fault::OutOfRange);
        }
    }
    let number = |d: &Option<Decimal>| d.as_ref().and_then(|d| Exact::parse(d.as_str()));
    let (least, above) = (number(&target.at_least), number(&target.more_than));
    let (top, below) = (number(&target.at_most), number(&target.less_than));
    if least.is_some() && above.is_some() {
        faults.add(format!("{at}/more_than"), Fault::NotFitting);
    }
    if top.is_some() && below.is_some() {
        faults.add(format!("{at}/less_than"), Fault::NotFitting);
    }
    let (low, high) = (least.or(above), top.or(below));
    if low.is_none() && high.is_none() {
        faults.add(at, Fault::Required);
    }
    if kind == FormulaKind::Range && (low.is_none() || high.is_none()) {
        faults.add(at, Fault::Required);
    }
    if let (Some(low), Some(high)) = (low, high) {
        let strict = above.is_some() || below.is_some();
        if low > high || (strict && low == high) {
            let name = if top.is_some() {
                "at_most"
            } else {
                "less_than"
            };
            faults.add(format!("{at}/{name}"), Fault::BadOrder);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assessment::scheme::built_in;
    use crate::error::AppError;

    /// The guide's first two rows.
    fn small() -> SchemeDocument {
        let mut document = built_in::document().unwrap().clone();
        document.indicators.0.truncate(2);
        document.total = Decimal::parse("8").unwrap();
        document
    }

    fn faults(document: &SchemeDocument) -> Vec<(String, Fault)> {
        match check(document, "/document") {
            Ok(()) => Vec::new(),
            Err(AppError::Problem(p)) => (p.errors.into_iter())
                .map(|e| (e.pointer, e.fault))
                .collect(),
            Err(_) => unreachable!(),
        }
    }

    /// Whatever is changed in one place of a good scheme is found there, and nowhere else.
    #[test]
    fn each_fault_is_found_where_it_is() {
        let whole = serde_json::to_value(small()).unwrap();
        let cases: &[(&str, serde_json::Value, &str, Fault)] = &[
            ("/total", "99".into(), "/total", Fault::SumDiffers),
            ("/total", "0".into(), "/total", Fault::OutOfRange),
            (
                "/indicators/1/code",
                "A1".into(),
                "/indicators/1/code",
                Fault::Repeated,
            ),
            (
                "/indicators/0/levels",
                serde_json::json!([]),
                "/indicators/0/levels",
                Fault::TooShort,
            ),
            (
                "/indicators/0/formula/sources/0/source",
                "nothing_such".into(),
                "/indicators/0/formula/sources/0/source",
                Fault::NoSuchSource,
            ),
            (
                "/indicators/0/formula/sources/0/source",
                "dedicated_studies".into(),
                "/indicators/0/formula/sources/0/source",
                Fault::WrongKind,
            ),
            (
                "/indicators/0/formula/sources/0/targets/0",
                serde_json::json!({"at_least": "100.5"}),
                "/indicators/0/formula/sources/0/targets/0/at_least",
                Fault::OutOfRange,
            ),
            (
                "/indicators/0/formula/sources/0/targets",
                serde_json::json!([]),
                "/indicators/0/formula/sources/0/targets",
                Fault::Required,
            ),
            (
                "/indicators/0/formula/sources/0/targets/0",
                serde_json::json!({"at_least": "30", "at_most": "20"}),
                "/indicators/0/formula/sources/0/targets/0/at_most",
                Fault::BadOrder,
            ),
            (
                "/indicators/0/formula/sources/0/targets/0",
                serde_json::json!({"where": "good", "at_least": "30"}),
                "/indicators/0/formula/sources/0/targets/0/where",
                Fault::NotFitting,
            ),
        ];
        for (at, value, pointer, fault) in cases {
            let mut changed = whole.clone();
            *changed.pointer_mut(at).unwrap() = value.clone();
            let document: SchemeDocument = serde_json::from_value(changed).unwrap();
            let pointer = format!("/document{pointer}");
            assert_eq!(faults(&document), [(pointer, *fault)], "{at} {value}");
        }
    }

    #[test]
    fn several_faults_are_told_at_once() {
        let mut document = small();
        document.total = Decimal::parse("99").unwrap();
        document.indicators.0[1].code = document.indicators.0[0].code.clone();
        let found = faults(&document);
        assert_eq!(
            found,
            [
                ("/document/indicators/1/code".into(), Fault::Repeated),
                ("/document/total".into(), Fault::SumDiffers)
            ]
        );
    }
}
