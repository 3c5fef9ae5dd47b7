//! Rows and words of sites, of what is asked of them and of what was found.

use diesel::prelude::*;

use crate::associations::model::AssociationKind;
use crate::auth::{Place, Placed};
use crate::db::schema::{haves, site_checks, site_headcounts, site_rules, sites};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// A non-public enterprise (非公企业), a fixed market (固定市场), a place where migrants gather (流动人口聚集地).
    SiteKind {
        NonPublicEnterprise = "non_public_enterprise",
        FixedMarket = "fixed_market",
        MigrantPlace = "migrant_place",
    }
}

impl SiteKind {
    /// The kind of association that such a site has.
    pub fn association(self) -> AssociationKind {
        match self {
            SiteKind::NonPublicEnterprise => AssociationKind::Enterprise,
            SiteKind::FixedMarket => AssociationKind::Market,
            SiteKind::MigrantPlace => AssociationKind::FloatingPopulation,
        }
    }
}

text_enum! {
    /// Who counted the people of a site: it told so itself, an office's statistics, somebody on the spot.
    HeadcountSource {
        OwnReport = "own_report",
        Statistics = "statistics",
        OnTheSpot = "on_the_spot",
        Other = "other",
    }
}
text_enum! {
    /// Whether a site is.
    SiteState { Open = "open", Closed = "closed" }
}
text_enum! {
    /// Why a site is no more.
    SiteEnd { Closed = "closed", Moved = "moved", Merged = "merged", Mistaken = "mistaken" }
}
text_enum! {
    /// The three haves (三有), or the four (四有).
    HavePart { Three = "three", Four = "four" }
}
text_enum! {
    /// By what something was found to be there, or not to be.
    CheckEvidence {
        Document = "document",
        Register = "register",
        AccountBook = "account_book",
        Photo = "photo",
        Conversation = "conversation",
        Seen = "seen",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sites, treat_none_as_default_value = false)]
pub struct SiteRow {
    pub id: Uid,
    pub version: i64,
    pub kind: SiteKind,
    pub title: String,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub area_code: String,
    /// As they were counted last.
    pub people: i64,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
    pub association_id: Option<Uid>,
    /// The day from which on that association is the site's.
    pub linked_on: Option<Day>,
    pub closed_on: Option<Day>,
    pub closed_because: Option<SiteEnd>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl SiteRow {
    pub fn state(&self) -> SiteState {
        match self.closed_on {
            None => SiteState::Open,
            Some(_) => SiteState::Closed,
        }
    }
}

impl Placed for SiteRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn shared(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = site_headcounts, treat_none_as_default_value = false)]
pub struct HeadcountRow {
    pub id: Uid,
    pub site_id: Uid,
    pub people: i64,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
    pub registered_by: Uid,
    pub created_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = site_rules)]
pub struct SiteRuleRow {
    pub kind: SiteKind,
    pub version: i64,
    /// A site of more people is to have an association.
    pub over_people: i64,
    /// The guide does not say it; whoever runs this may know better.
    pub assumed: bool,
    pub updated_by: Option<Uid>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = haves)]
pub struct HaveRow {
    pub code: String,
    pub version: i64,
    pub part: HavePart,
    pub ordinal: i64,
    pub label_zh: String,
    pub label_en: String,
    /// One that is not asked for any more keeps the checks that were made of it.
    pub asked: bool,
    pub assumed: bool,
    pub updated_by: Option<Uid>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = site_checks, treat_none_as_default_value = false)]
pub struct CheckRow {
    pub id: Uid,
    pub site_id: Uid,
    pub have: String,
    pub found: bool,
    pub checked_on: Day,
    /// Whoever checked it, and answers for it.
    pub checked_by: Uid,
    pub evidence: CheckEvidence,
    pub note: Option<Vec<u8>>,
    pub created_at: Micros,
}
