//! The document of a scheme.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::areas::model::AreaLevel;
use crate::http::text::{Decimal, IndicatorCode, Label, Note, SourceName, UpTo, not_null};
use crate::text_enum;

text_enum! {
    /// How an indicator is reckoned: a share that has a target (`ratio`) or has to lie between two (`range`), a number
    /// of acts (`count`), several things at once (`all_of`), what people decided (`recorded_decision`), or what the
    /// association's own plan of the year says (`by_plan`).
    FormulaKind {
        Ratio = "ratio",
        Count = "count",
        Range = "range",
        AllOf = "all_of",
        RecordedDecision = "recorded_decision",
        ByPlan = "by_plan",
    }
}
text_enum! {
    /// The level of an area whose association is judged.
    JudgedLevel { City = "city", County = "county", Town = "town", Village = "village" }
}
text_enum! {
    /// Where a target holds: everywhere, where the foundation of the work is good, or everywhere else.
    Where { Everywhere = "everywhere", Good = "good", Elsewhere = "elsewhere" }
}
text_enum! {
    /// What the guide does not print, or prints garbled, and was assumed here.
    Assumed { Target = "target", Weight = "weight" }
}

impl JudgedLevel {
    /// A municipality directly under the central government is a province by its code.
    pub fn of(level: AreaLevel) -> JudgedLevel {
        match level {
            AreaLevel::Province | AreaLevel::City => JudgedLevel::City,
            AreaLevel::County => JudgedLevel::County,
            AreaLevel::Town => JudgedLevel::Town,
            AreaLevel::Village => JudgedLevel::Village,
        }
    }
}

/// The bounds that a figure has to keep. Shares are in per cent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"where": "good", "more_than": "50"}))]
pub struct Target {
    /// Everywhere without it.
    #[serde(
        default,
        deserialize_with = "not_null",
        rename = "where",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub place: Option<Where>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub at_least: Option<Decimal>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub more_than: Option<Decimal>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub at_most: Option<Decimal>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub less_than: Option<Decimal>,
}

/// One source of an indicator, and what is asked of its figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"source": "dedicated_studies", "targets": [{"at_least": "1"}]}))]
pub struct Clause {
    pub source: SourceName,
    /// At these levels only; at all of the indicator's without it.
    #[serde(default, skip_serializing_if = "is_empty")]
    #[schema(value_type = Vec<JudgedLevel>, max_items = 4)]
    pub levels: UpTo<4, JudgedLevel>,
    /// One that holds where an association is. Without any: all of a share, one act at least.
    #[serde(default, skip_serializing_if = "is_empty")]
    #[schema(value_type = Vec<Target>, max_items = 2)]
    pub targets: UpTo<2, Target>,
}

fn is_empty<const N: usize, T>(list: &UpTo<N, T>) -> bool {
    list.0.is_empty()
}

/// How an indicator is reckoned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "count", "sources": [{"source": "dedicated_studies", "targets": [{"at_least": "1"}]}]}))]
pub struct Formula {
    pub kind: FormulaKind,
    /// One, or several of `all_of` and `by_plan`.
    #[schema(value_type = Vec<Clause>, min_items = 1, max_items = 12)]
    pub sources: UpTo<12, Clause>,
}

/// Something that associations are assessed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "A2", "zh": "专题研究", "en": "Dedicated studies", "formula": {"kind": "count", "sources": [{"source": "dedicated_studies", "targets": [{"at_least": "1"}]}]}, "weight": "100", "assumed": ["weight"], "levels": ["city", "county", "town"]}))]
pub struct Indicator {
    pub code: IndicatorCode,
    pub zh: Note,
    pub en: Note,
    pub formula: Formula,
    /// Of the scheme's total. None where a decision of people alone speaks.
    pub weight: Decimal,
    #[serde(default)]
    #[schema(value_type = Vec<Assumed>, max_items = 2)]
    pub assumed: UpTo<2, Assumed>,
    /// The levels at which it is judged.
    #[schema(value_type = Vec<JudgedLevel>, min_items = 1, max_items = 4)]
    pub levels: UpTo<4, JudgedLevel>,
}

/// What a year asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title_zh": "年终考核方案", "title_en": "Year-end assessment", "total": "100", "indicators": [{"code": "A2", "zh": "专题研究", "en": "Dedicated studies", "formula": {"kind": "count", "sources": [{"source": "dedicated_studies", "targets": [{"at_least": "1"}]}]}, "weight": "100", "assumed": ["weight"], "levels": ["city", "county", "town"]}]}))]
pub struct SchemeDocument {
    pub title_zh: Label,
    pub title_en: Label,
    /// What all weights come to.
    pub total: Decimal,
    #[schema(value_type = Vec<Indicator>, min_items = 1, max_items = 80)]
    pub indicators: UpTo<80, Indicator>,
}

impl SchemeDocument {
    pub fn indicator(&self, code: &str) -> Option<&Indicator> {
        self.indicators.0.iter().find(|i| i.code.as_str() == code)
    }

    /// The names of all sources that it asks.
    pub fn sources(&self) -> Vec<&str> {
        let clauses = self.indicators.0.iter().flat_map(|i| &i.formula.sources.0);
        let mut names: Vec<&str> = clauses.map(|clause| clause.source.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
