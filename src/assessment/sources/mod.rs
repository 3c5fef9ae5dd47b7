//! The sources of facts (数据来源): where each figure of an assessment is counted from.
//!
//! A source is one registration: a name, what it counts, and one query of rows, each in an area, each with what it
//! adds to the figure (`n`) and to what that is a share of (`of_n`). The figures of a whole city are sums over these
//! rows by area, and the facts behind a figure are a page of the same rows: a figure cannot say what its rows do not.
//!
//! Sources count units and what they did. People are numbers, by area alone: such a source opens to areas, and small
//! numbers are hidden (`tally`).
//!
//! A year is counted as it was on its last day: what was changed or told since then is looked up as it was before, in
//! the records by days that the domains keep (`office_records`, `site_headcounts`, `site_links`, `possession_checks`,
//! `care_provisions`, `former_terms`, `former_backbone`). Three things are always today's. Consent: whoever agrees no
//! more is counted nowhere, in no year. What is known of households, where they live and since when a family is special:
//! of people nothing former is kept for a figure's sake. And what is data about the asking, the rules of posts and
//! sites, the haves and the kinds of possessions, as the tree of areas. A year that is to keep its figures whatever these
//! become is frozen.
//!
//! In a query `q` is the row of what is asked: `root`, `first_day`, `last_day`, `year`. `store::render` fills in
//! `{within}` (`a` is in the area asked for), `{placed}` (so is `x`, by its county, township and village), `{living}`
//! and `{living y}` (the association `x` or `y` is on the last day), `{of_area}` (`x` is an area's own association),
//! `{grassroots}` and `{grassroots y}`, `{serving}` (the post `p` is held on the last day), `{as_was}` (joins `f`, what
//! was known of it then where that was amended since), `{agreed_policy}` (`r` insures somebody who agrees),
//! `{agreed_claim}` (so is whoever `x` is for), `{agreed_family}`, and `{find}`, by which the databases look for a text
//! in a text.
//!
//! A row whose `n` or `of_n` is nothing says that something was not recorded: a share that has such a row cannot be told
//! (`no_data`), whatever the others say.

pub mod api;
mod governance;
mod grassroots;
mod leading;
mod members;
mod money;
mod services;
mod sites;
pub mod store;
pub mod tally;

use self::store::{AtArea, FactRow};
use crate::areas::model::AreaRow;
use crate::assessment::scheme::document::JudgedLevel;
use crate::assessment::span::Span;
use crate::crypto::Vault;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::text_enum;

text_enum! {
    /// What a source counts.
    SourceUnit {
        Point = "point",
        Study = "study",
        Act = "act",
        Problem = "problem",
        Association = "association",
        Post = "post",
        Staff = "staff",
        Decision = "decision",
        Household = "household",
        Claim = "claim",
        Member = "member",
        Activity = "activity",
        Service = "service",
        Notice = "notice",
        Fen = "fen",
        Family = "family",
        Site = "site",
        Programme = "programme",
        Village = "village",
    }
}
text_enum! {
    /// What its figure is: a number, a share, decisions that stand against the association, or decisions that were
    /// taken of those that are owed.
    SourceMeasure { Count = "count", Share = "share", Against = "against", Owed = "owed" }
}
text_enum! {
    /// Whose rows count for an association: its own, or those of everything in its area.
    SourceBasis { Own = "own", Within = "within" }
}
text_enum! {
    /// The kind of a fact that a figure is opened down to.
    FactKind {
        ResponsibilityTarget = "responsibility_target",
        Study = "study",
        ActionItem = "action_item",
        Work = "association_work",
        Rating = "rating",
        Veto = "veto",
        Association = "association",
        Activity = "activity",
        Budget = "budget",
        VillageNeed = "village_need",
        FundEntry = "fund_entry",
        Programme = "care_programme",
        Site = "site",
        Selection = "selection",
        Village = "village",
        Area = "area",
    }
}

impl FactKind {
    /// Where such a fact is read; what stands in an area is read of that.
    pub fn path(self, id: crate::db::Uid, area: &str, year: i64) -> String {
        let of = |collection: &str| format!("/v1/{collection}/{id}");
        match self {
            FactKind::ResponsibilityTarget => {
                format!("/v1/assessments/{year}/areas/{area}/responsibility-target")
            }
            FactKind::Study => of("studies"),
            FactKind::ActionItem => of("action-items"),
            FactKind::Work => of("association-works"),
            FactKind::Rating => of("ratings"),
            FactKind::Veto => of("assessment-vetoes"),
            FactKind::Association => of("associations"),
            FactKind::Activity => of("activities"),
            FactKind::Budget => of("budgets"),
            FactKind::VillageNeed => of("village-needs"),
            FactKind::FundEntry => of("fund-entries"),
            FactKind::Programme => of("care-programmes"),
            FactKind::Site => of("sites"),
            FactKind::Selection => of("selections"),
            FactKind::Village => format!("/v1/self-governance/villages/{area}/standing"),
            FactKind::Area => format!("/v1/assessments/{year}/areas/{area}"),
        }
    }
}

/// What it means that nothing was counted that a share could be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    NoData,
    /// There is nothing to be done.
    NotApplicable,
}

/// What of a figure is about people, so that a small one is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hides {
    Nothing,
    /// The number itself; what it is a share of is public.
    Number,
    /// The number, and those who are not among it.
    Both,
}

type Found = fn(&mut DbConn, &AreaRow, Span) -> AppResult<Vec<FactRow>>;
type Summed = fn(&mut DbConn, &Vault, &AreaRow, Span) -> AppResult<Vec<AtArea>>;

/// Where the rows of a source come from.
#[derive(Debug, Clone, Copy)]
pub enum Rows {
    /// A query: kind, id, area_id, label, on_day, n, of_n.
    Sql(&'static str),
    /// What another domain found of an area and everything in it: few rows, one for a village at most.
    Found(Found),
    /// What another domain counted of people, by areas: it opens to these alone.
    Summed(Summed),
}

/// A source of facts.
#[derive(Debug)]
pub struct Source {
    pub name: &'static str,
    pub unit: SourceUnit,
    pub zh: &'static str,
    pub en: &'static str,
    pub measure: SourceMeasure,
    pub basis: SourceBasis,
    pub empty: Empty,
    pub hides: Hides,
    /// The levels at which it answers.
    pub levels: &'static [JudgedLevel],
    pub rows: Rows,
}

const ALL_LEVELS: &[JudgedLevel] = JudgedLevel::ALL;
const TO_TOWNS: &[JudgedLevel] = &[JudgedLevel::City, JudgedLevel::County, JudgedLevel::Town];

/// A number of the association's own acts.
const fn own(
    name: &'static str,
    unit: SourceUnit,
    zh: &'static str,
    en: &'static str,
    rows: &'static str,
) -> Source {
    Source {
        name,
        unit,
        zh,
        en,
        measure: SourceMeasure::Count,
        basis: SourceBasis::Own,
        empty: Empty::NoData,
        hides: Hides::Nothing,
        levels: ALL_LEVELS,
        rows: Rows::Sql(rows),
    }
}

/// A number of everything in the area.
const fn within(
    name: &'static str,
    unit: SourceUnit,
    zh: &'static str,
    en: &'static str,
    rows: &'static str,
) -> Source {
    Source {
        basis: SourceBasis::Within,
        ..own(name, unit, zh, en, rows)
    }
}

impl Source {
    const fn share(self) -> Source {
        Source {
            measure: SourceMeasure::Share,
            ..self
        }
    }
    const fn measured(self, measure: SourceMeasure) -> Source {
        Source { measure, ..self }
    }
    /// Where there is nothing to be done, it is not asked.
    const fn if_any(self) -> Source {
        Source {
            empty: Empty::NotApplicable,
            ..self
        }
    }
    const fn hiding(self, hides: Hides) -> Source {
        Source { hides, ..self }
    }
    const fn at(self, levels: &'static [JudgedLevel]) -> Source {
        Source { levels, ..self }
    }
}

/// Every source there is.
pub fn all() -> impl Iterator<Item = &'static Source> {
    let parts = [
        leading::SOURCES,
        money::SOURCES,
        members::SOURCES,
        sites::SOURCES,
        services::SOURCES,
        governance::SOURCES,
        grassroots::SOURCES,
    ];
    parts.into_iter().flatten()
}

pub fn named(name: &str) -> Option<&'static Source> {
    all().find(|source| source.name == name)
}
