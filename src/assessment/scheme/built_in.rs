//! The scheme of the guide, rows A1 to H5: what holds for a year in which nobody put another in force. The guide prints
//! no weights but that of A1: they are assumed, as is every target that it leaves open or prints garbled.

use std::sync::LazyLock;

use super::document::{Indicator, SchemeDocument};
use crate::assessment::sources;
use crate::error::{AppError, AppResult};

const TEXT: &str = include_str!("built_in.json");

static DOCUMENT: LazyLock<Result<SchemeDocument, String>> =
    LazyLock::new(|| serde_json::from_str(TEXT).map_err(|e| e.to_string()));

/// The document; a test reads it, so that it never fails.
pub fn document() -> AppResult<&'static SchemeDocument> {
    DOCUMENT.as_ref().map_err(AppError::internal)
}

/// The sources that an indicator asks and that nobody registered.
pub fn missing(indicator: &Indicator) -> Vec<&str> {
    let clauses = indicator.formula.sources.0.iter();
    let names = clauses.map(|clause| clause.source.as_str());
    names
        .filter(|name| sources::named(name).is_none())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assessment::scheme::check::check;
    use crate::assessment::scheme::document::{Assumed, FormulaKind};

    #[test]
    fn every_row_of_the_guide_is_there() {
        let scheme: SchemeDocument = serde_json::from_str(TEXT).unwrap();
        let codes: Vec<&str> = (scheme.indicators.0.iter())
            .map(|i| i.code.as_str())
            .collect();
        assert_eq!(
            codes.join(" "),
            "A1 A2 A3 A4 A5 A6 B1 C1 D1 D2 E1 F1 F2 F3 G1 G2 G3 G4 G5 G6 G7 H1 H2 H3 H4 H5"
        );
        for indicator in &scheme.indicators.0 {
            let recorded = indicator.formula.kind == FormulaKind::RecordedDecision;
            assert_eq!(recorded, ["A4", "A6"].contains(&indicator.code.as_str()));
            let assumed = indicator.assumed.0.contains(&Assumed::Weight);
            assert_eq!(assumed, !recorded, "{}", indicator.code.as_str());
        }
    }

    /// Every row is counted from facts.
    #[test]
    fn every_row_is_wired() {
        let missing: Vec<(&str, Vec<&str>)> = (document().unwrap().indicators.0.iter())
            .map(|i| (i.code.as_str(), missing(i)))
            .filter(|(_, missing)| !missing.is_empty())
            .collect();
        assert_eq!(missing, []);
        check(document().unwrap(), "").unwrap();
    }
}
