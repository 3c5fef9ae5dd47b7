//! How a site, what is asked of it and what was found are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands::NOTE;
use super::model::*;
use crate::associations::view::code;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Label, Note, ShortCode};
use crate::page_of;

/// What was found of one of the haves, last.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteHave {
    #[schema(value_type = ShortCode, example = "people")]
    pub have: String,
    pub part: HavePart,
    /// Null: nobody looked.
    #[schema(example = true)]
    pub found: Option<bool>,
    pub checked_on: Option<Day>,
    /// Whoever checked it.
    pub checked_by: Option<Uid>,
}

/// An enterprise, a market or a place where migrants gather.
#[derive(Debug, Serialize, ToSchema)]
pub struct Site {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub kind: SiteKind,
    #[schema(value_type = Label, example = "南湖纺织有限公司")]
    pub title: String,
    pub area: AreaCode,
    pub state: SiteState,
    /// As they were counted on the newest day.
    #[schema(minimum = 0, maximum = 10_000_000, example = 1260)]
    pub people: i64,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
    /// More people than the rule of its kind says today: it is to have an association.
    #[schema(example = true)]
    pub over_threshold: bool,
    /// Its own association; null for none.
    pub association_id: Option<Uid>,
    pub linked_on: Option<Day>,
    /// That association is living.
    #[schema(example = true)]
    pub has_association: bool,
    /// What is asked for today, with what was found last.
    #[schema(max_items = 50)]
    pub haves: Vec<SiteHave>,
    /// All of the three haves were found.
    #[schema(example = true)]
    pub three_haves: bool,
    /// All of the four were.
    #[schema(example = false)]
    pub four_haves: bool,
    pub closed_on: Option<Day>,
    pub closed_because: Option<SiteEnd>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of sites.
    SitePage of Site
}

impl Tagged for Site {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// A rule is amended, or an association dissolved, without a new version of the site.
    fn view(&self) -> &str {
        match (self.over_threshold, self.has_association) {
            (true, true) => "oa",
            (true, false) => "o",
            (false, true) => "a",
            (false, false) => "f",
        }
    }
}

/// What sites are shown by.
pub struct Asked {
    pub rules: Vec<SiteRuleRow>,
    pub haves: Vec<HaveRow>,
    pub checks: Vec<CheckRow>,
    /// Associations that are no more.
    pub dissolved: Vec<Uid>,
}

pub fn show(asked: &Asked, row: SiteRow) -> AppResult<Site> {
    let haves = asked.haves.iter().filter(|have| have.asked);
    let haves: Vec<SiteHave> = haves
        .map(|have| {
            let mut checks = asked.checks.iter();
            let check = checks.find(|k| k.site_id == row.id && k.have == have.code);
            SiteHave {
                have: have.code.clone(),
                part: have.part,
                found: check.map(|k| k.found),
                checked_on: check.map(|k| k.checked_on),
                checked_by: check.map(|k| k.checked_by),
            }
        })
        .collect();
    let all = |part: HavePart| {
        let mut of_part = haves.iter().filter(|have| have.part == part).peekable();
        of_part.peek().is_some() && of_part.all(|have| have.found == Some(true))
    };
    let over = asked.rules.iter().find(|rule| rule.kind == row.kind);
    let living = |id: Uid| !asked.dissolved.contains(&id);
    Ok(Site {
        three_haves: all(HavePart::Three),
        four_haves: all(HavePart::Four),
        over_threshold: over.is_some_and(|rule| row.people > rule.over_people),
        has_association: row.association_id.is_some_and(living),
        haves,
        state: row.state(),
        id: row.id,
        version: row.version,
        kind: row.kind,
        title: row.title,
        area: code(row.area_code)?,
        people: row.people,
        counted_on: row.counted_on,
        counted_by: row.counted_by,
        association_id: row.association_id,
        linked_on: row.linked_on,
        closed_on: row.closed_on,
        closed_because: row.closed_because,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// How many people there were at a site on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteHeadcount {
    pub id: Uid,
    #[schema(minimum = 0, maximum = 10_000_000, example = 1260)]
    pub people: i64,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
    pub registered_by: Uid,
    pub created_at: Micros,
}

page_of! {
    /// A page of headcounts.
    SiteHeadcountPage of SiteHeadcount
}

impl From<HeadcountRow> for SiteHeadcount {
    fn from(r: HeadcountRow) -> SiteHeadcount {
        SiteHeadcount {
            id: r.id,
            people: r.people,
            counted_on: r.counted_on,
            counted_by: r.counted_by,
            registered_by: r.registered_by,
            created_at: r.created_at,
        }
    }
}

/// What somebody found of one of the haves on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteCheck {
    pub id: Uid,
    #[schema(value_type = ShortCode, example = "people")]
    pub have: String,
    #[schema(example = true)]
    pub found: bool,
    pub checked_on: Day,
    /// Whoever checked it, and answers for it.
    pub checked_by: Uid,
    pub evidence: CheckEvidence,
    #[schema(value_type = Option<Note>)]
    pub note: Option<String>,
    pub created_at: Micros,
}

page_of! {
    /// A page of checks.
    SiteCheckPage of SiteCheck
}

impl Tagged for SiteCheck {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
}

pub fn show_check(vault: &Vault, row: CheckRow) -> AppResult<SiteCheck> {
    let note = row
        .note
        .as_ref()
        .map(|sealed| vault.open_sealed(NOTE, row.id.0, sealed));
    Ok(SiteCheck {
        note: note.transpose().map_err(AppError::internal)?,
        id: row.id,
        have: row.have,
        found: row.found,
        checked_on: row.checked_on,
        checked_by: row.checked_by,
        evidence: row.evidence,
        created_at: row.created_at,
    })
}

/// From how many people on a site is to have an association.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteRule {
    pub kind: SiteKind,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    /// A site of more people than this is to have one.
    #[schema(minimum = 0, maximum = 10_000_000, example = 1000)]
    pub over_people: i64,
    /// The guide does not say it in so many words.
    #[schema(example = false)]
    pub assumed: bool,
    /// Null while it is what the program came with.
    pub updated_by: Option<Uid>,
}

impl From<SiteRuleRow> for SiteRule {
    fn from(r: SiteRuleRow) -> SiteRule {
        SiteRule {
            kind: r.kind,
            version: r.version,
            over_people: r.over_people,
            assumed: r.assumed,
            updated_by: r.updated_by,
        }
    }
}

/// The id under which something that has a code stands in the audit.
fn named(what: &str, code: &str) -> Uid {
    let name = format!("qianshou:{what}:{code}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

impl Tagged for SiteRule {
    fn id(&self) -> Uid {
        named("site-rule", self.kind.as_str())
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// One of what an association at a site is to have.
#[derive(Debug, Serialize, ToSchema)]
pub struct Have {
    #[schema(value_type = ShortCode, example = "people")]
    pub code: String,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub part: HavePart,
    #[schema(value_type = Label, example = "有人员")]
    pub label_zh: String,
    #[schema(value_type = Label, example = "People")]
    pub label_en: String,
    /// Whether it is asked for; checks that were made of it stay.
    #[schema(example = true)]
    pub asked: bool,
    /// The guide does not name it.
    #[schema(example = false)]
    pub assumed: bool,
    /// Null while it is what the program came with.
    pub updated_by: Option<Uid>,
}

impl From<HaveRow> for Have {
    fn from(r: HaveRow) -> Have {
        Have {
            code: r.code,
            version: r.version,
            part: r.part,
            label_zh: r.label_zh,
            label_en: r.label_en,
            asked: r.asked,
            assumed: r.assumed,
            updated_by: r.updated_by,
        }
    }
}

impl Tagged for Have {
    fn id(&self) -> Uid {
        named("have", &self.code)
    }
    fn version(&self) -> i64 {
        self.version
    }
}
