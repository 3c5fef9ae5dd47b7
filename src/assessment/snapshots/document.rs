//! The document of a frozen year: how it is written, signed and compared.
//!
//! The document is a list: of each area's sheet, and of the facts behind each source, it holds the digest. So whoever
//! holds one sheet of it proves that by the signature over the whole, and reads nobody else's.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::FreezeReason;
use crate::assessment::judge::IndicatorOutcome;
use crate::assessment::scheme::document::SchemeDocument;
use crate::assessment::sources::{FactKind, SourceBasis};
use crate::assessment::view::{AreaResult, CaseResult, IndicatorResult};
use crate::crypto::hex;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::text::{AreaCode, Decimal, IndicatorCode, Sha256Hex, SourceName};

/// What is signed begins with this: a signature of ours over something else is none here.
const SIGNED: &[u8] = b"qianshou assessment snapshot 1\n";

/// That an area's sheet was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetDigest {
    pub area_id: Uid,
    pub area: AreaCode,
    /// Of its canonical text.
    #[schema(value_type = Sha256Hex)]
    pub digest: String,
}

/// That the facts behind a source were frozen. Sources that count people have none: their figures open to sheets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactsDigest {
    pub source: SourceName,
    pub basis: SourceBasis,
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 72)]
    pub rows: i64,
    /// Of their canonical text.
    #[schema(value_type = Sha256Hex)]
    pub digest: String,
}

/// A frozen year.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SnapshotDocument {
    /// Of this document's form.
    #[schema(minimum = 1, maximum = 1, example = 1)]
    pub format: i64,
    /// Under which it is read.
    pub snapshot_id: Uid,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i64,
    pub because: FreezeReason,
    /// The digest of the revision before; null for the first.
    #[schema(value_type = Option<Sha256Hex>)]
    pub previous: Option<String>,
    /// Who froze it.
    pub frozen_by: Uid,
    pub frozen_at: Micros,
    pub area_id: Uid,
    pub area: AreaCode,
    pub as_of: Day,
    /// The scheme in force; null where the guide's own held.
    pub scheme_id: Option<Uid>,
    /// What was asked, whole: what is put in force later changes nothing here.
    pub scheme: SchemeDocument,
    /// Assessments in the area that were begun and not decided: what people found in them does not count yet.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub open_cases: i64,
    /// Appeals against vetoes that were not decided: those vetoes stand.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub open_appeals: i64,
    /// The area and what lay in it down to townships, by code.
    #[schema(max_items = 5000)]
    pub sheets: Vec<SheetDigest>,
    #[schema(max_items = 200)]
    pub facts: Vec<FactsDigest>,
}

/// A fact as it was counted, where it lay then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenFact {
    pub kind: FactKind,
    pub id: Uid,
    pub area_id: Uid,
    pub area: String,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub label: Option<String>,
    pub on: Option<Day>,
    /// Null where it was not recorded.
    pub n: Option<i64>,
    pub of: Option<i64>,
}

impl FrozenFact {
    /// Whether it stands behind the figure of an area in a year that was frozen of `root`.
    pub fn is_behind(&self, basis: SourceBasis, area: Uid, root: Uid) -> bool {
        self.area_id == area
            || basis == SourceBasis::Within
                && (area == root || [self.county, self.town].contains(&Some(area)))
    }
}

/// Canonical text: members in the order of their names, no blanks, no numbers but whole ones.
pub fn canonical(what: &impl Serialize) -> AppResult<String> {
    // A map of `serde_json` is ordered by name.
    let value = serde_json::to_value(what).map_err(AppError::internal)?;
    serde_json::to_string(&value).map_err(AppError::internal)
}

/// What canonical text says.
pub fn read<T: serde::de::DeserializeOwned>(text: &str) -> AppResult<T> {
    serde_json::from_str(text).map_err(AppError::internal)
}

pub fn digest_of(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

/// The bytes that are signed for a document.
pub fn signed_bytes(text: &str) -> Vec<u8> {
    [SIGNED, text.as_bytes()].concat()
}

/// How an indicator stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndicatorStood {
    pub outcome: IndicatorOutcome,
    pub score: Decimal,
    pub result: IndicatorResult,
}

/// What a revision says otherwise of an indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SnapshotDifference {
    pub area_id: Uid,
    pub area: AreaCode,
    pub indicator: IndicatorCode,
    /// Null where it was not there.
    pub before: Option<IndicatorStood>,
    /// Null where it is not there any more.
    pub after: Option<IndicatorStood>,
}

/// How an area's association stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AreaStood {
    pub association_id: Option<Uid>,
    pub score: Decimal,
    pub of: Decimal,
    #[schema(example = false)]
    pub vetoed: bool,
    pub case: Option<CaseResult>,
}

/// What a revision says otherwise of an area as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AreaDifference {
    pub area_id: Uid,
    pub area: AreaCode,
    /// Null where it was not there.
    pub before: Option<AreaStood>,
    /// Null where it is not there any more.
    pub after: Option<AreaStood>,
}

fn stood(result: &IndicatorResult) -> IndicatorStood {
    IndicatorStood {
        outcome: result.outcome,
        score: result.score.clone(),
        result: result.clone(),
    }
}

fn area_stood(result: &AreaResult) -> AreaStood {
    AreaStood {
        association_id: result.association_id,
        score: result.score.clone(),
        of: result.of.clone(),
        vetoed: result.vetoed,
        case: result.case.clone(),
    }
}

/// Each area of two revisions by its id, whatever its code was: how it was, how it is. By the code it has last.
fn pairs<'a>(
    before: &'a [AreaResult],
    after: &'a [AreaResult],
) -> Vec<(
    Option<&'a AreaResult>,
    Option<&'a AreaResult>,
    &'a AreaResult,
)> {
    let of = |list: &'a [AreaResult], id: Uid| list.iter().find(|result| result.area_id == id);
    let mut found: Vec<_> = (after.iter())
        .map(|is| (of(before, is.area_id), Some(is), is))
        .collect();
    let gone = before.iter().filter(|was| of(after, was.area_id).is_none());
    found.extend(gone.map(|was| (Some(was), None, was)));
    found.sort_by(|a, b| (&a.2.area, a.2.area_id).cmp(&(&b.2.area, b.2.area_id)));
    found
}

/// Every indicator of every area that two revisions say differently of.
pub fn differences(before: &[AreaResult], after: &[AreaResult]) -> Vec<SnapshotDifference> {
    let mut found = Vec::new();
    for (was, is, named) in pairs(before, after) {
        let old = was.map_or(&[][..], |r| &r.indicators);
        let new = is.map_or(&[][..], |r| &r.indicators);
        let mut indicators: Vec<&IndicatorCode> =
            old.iter().chain(new).map(|result| &result.code).collect();
        indicators.sort_unstable();
        indicators.dedup();
        for code in indicators {
            let of = |list: &[IndicatorResult]| list.iter().find(|r| r.code == *code).map(stood);
            let (was, is) = (of(old), of(new));
            if was != is {
                found.push(SnapshotDifference {
                    area_id: named.area_id,
                    area: named.area.clone(),
                    indicator: code.clone(),
                    before: was,
                    after: is,
                });
            }
        }
    }
    found
}

/// Every area that two revisions say differently of as a whole.
pub fn area_differences(before: &[AreaResult], after: &[AreaResult]) -> Vec<AreaDifference> {
    (pairs(before, after).into_iter())
        .map(|(was, is, named)| AreaDifference {
            area_id: named.area_id,
            area: named.area.clone(),
            before: was.map(area_stood),
            after: is.map(area_stood),
        })
        .filter(|found| found.before != found.after)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assessment::scheme::built_in;
    use proptest::prelude::*;

    fn sheet(area: u128, code: &str, scores: &[u8]) -> AreaResult {
        let indicators: Vec<serde_json::Value> = (scores.iter().enumerate())
            .map(|(i, n)| {
                serde_json::json!({ "code": format!("A{i}"), "outcome": if *n > 0 { "met" } else { "not_met" },
                    "found": null, "weight": "9", "score": n.to_string(), "sources": [] })
            })
            .collect();
        let area = serde_json::json!({ "area_id": uuid::Uuid::from_u128(area), "area": code, "name": "嘉兴市",
            "level": "city", "association_id": null, "association": null, "foundation": "elsewhere", "score": "1",
            "of": "9", "counted_score": "1", "counted_of": "9", "vetoed": false, "case": null,
            "indicators": indicators });
        serde_json::from_value(area).unwrap()
    }

    fn document(digest: &str) -> SnapshotDocument {
        let area = AreaCode::parse("3304").unwrap();
        SnapshotDocument {
            format: 1,
            snapshot_id: Uid(uuid::Uuid::from_u128(7)),
            year: 2025,
            revision: 1,
            because: FreezeReason::YearEnd,
            previous: None,
            frozen_by: Uid(uuid::Uuid::from_u128(8)),
            frozen_at: Micros(1_767_225_600_000_001),
            area_id: Uid(uuid::Uuid::from_u128(1)),
            area: area.clone(),
            as_of: "2025-12-31".parse().unwrap(),
            scheme_id: None,
            scheme: built_in::document().unwrap().clone(),
            open_cases: 0,
            open_appeals: 0,
            sheets: vec![SheetDigest {
                area_id: Uid(uuid::Uuid::from_u128(1)),
                area,
                digest: digest.to_owned(),
            }],
            facts: Vec::new(),
        }
    }

    proptest! {
        /// The same content is the same text, and reading it loses nothing.
        #[test]
        fn a_document_is_canonical(scores in prop::collection::vec(0u8..9, 0..12)) {
            let text = canonical(&sheet(1, "3304", &scores)).unwrap();
            prop_assert_eq!(canonical(&read::<AreaResult>(&text).unwrap()).unwrap(), text.clone());
            let whole = canonical(&document(&digest_of(&text))).unwrap();
            prop_assert_eq!(canonical(&read::<SnapshotDocument>(&whole).unwrap()).unwrap(), whole.clone());
            prop_assert!(whole.starts_with("{\"area\":\"3304\",\"area_id\":"), "{}", whole);
        }

        /// What differs is exactly what was changed.
        #[test]
        fn differences_are_what_was_changed(scores in prop::collection::vec(0u8..9, 1..12), at in 0..12usize, to in 0u8..9) {
            let mut changed = scores.clone();
            let at = at % scores.len();
            changed[at] = to;
            let found = differences(&[sheet(1, "3304", &scores)], &[sheet(1, "3304", &changed)]);
            if scores[at] == to {
                prop_assert!(found.is_empty());
            } else {
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(found[0].indicator.as_str().to_owned(), format!("A{at}"));
                prop_assert_eq!(found[0].after.as_ref().unwrap().score.as_str().to_owned(), to.to_string());
            }
        }
    }

    #[test]
    fn an_area_is_the_same_by_its_id_whatever_its_code() {
        let before = [sheet(1, "330402", &[1]), sheet(2, "330411", &[2])];
        // One was recoded, and the other has its code now.
        let after = [sheet(1, "330499", &[1]), sheet(2, "330402", &[3])];
        let found = differences(&before, &after);
        assert_eq!(found.len(), 1);
        let one = &found[0];
        assert_eq!(
            (one.area_id, one.area.as_str()),
            (after[1].area_id, "330402")
        );
        assert_eq!(area_differences(&before, &after), []);
        assert_eq!(area_differences(&before, &after[..1]).len(), 1);
    }

    #[test]
    fn a_fact_stands_behind_its_own_area_and_those_around_it() {
        let id = |n| Uid(uuid::Uuid::from_u128(n));
        let fact = FrozenFact {
            kind: FactKind::Work,
            id: id(9),
            area_id: id(4),
            area: "330402007024".into(),
            county: Some(id(2)),
            town: Some(id(3)),
            label: None,
            on: None,
            n: Some(1),
            of: Some(1),
        };
        let behind = |basis, area| fact.is_behind(basis, id(area), id(1));
        assert!(
            [1, 2, 3, 4]
                .into_iter()
                .all(|area| behind(SourceBasis::Within, area))
        );
        assert!(!behind(SourceBasis::Within, 5));
        assert!(behind(SourceBasis::Own, 4));
        assert!(
            ![1, 2, 3]
                .into_iter()
                .any(|area| behind(SourceBasis::Own, area))
        );
    }
}
