//! Rows and words of posts and of the rules about them.

use diesel::prelude::*;

use crate::associations::model::AssociationKind;
use crate::auth::{Leads, Place, Placed};
use crate::db::schema::{post_rules, posts};
use crate::db::{Day, Fen, Json, Micros, Uid};
use crate::people::model::PersonRow;
use crate::text_enum;

text_enum! {
    /// A post in an association (会长、常务副会长、副会长、秘书长).
    PostKind {
        President = "president",
        ExecutiveVicePresident = "executive_vice_president",
        VicePresident = "vice_president",
        SecretaryGeneral = "secretary_general",
    }
}
text_enum! {
    /// The public position that a holder has beside the post: deputy head or member of the leading group for
    /// population work, principal of a party committee or government, director of a family-planning office, branch
    /// secretary, village director, family-planning specialist, principal of an enterprise or market.
    PublicPosition {
        LeadingGroupDeputyHead = "leading_group_deputy_head",
        LeadingGroupMember = "leading_group_member",
        PartyPrincipal = "party_principal",
        GovernmentPrincipal = "government_principal",
        FamilyPlanningOfficeDirector = "family_planning_office_director",
        BranchSecretary = "branch_secretary",
        VillageDirector = "village_director",
        FamilyPlanningSpecialist = "family_planning_specialist",
        EnterprisePrincipal = "enterprise_principal",
        MarketPrincipal = "market_principal",
        Other = "other",
        None = "none",
    }
}
text_enum! {
    /// Why a term ended.
    PostEnd {
        Resigned = "resigned",
        Retired = "retired",
        Transferred = "transferred",
        TermOver = "term_over",
        ReElected = "re_elected",
        ConsentWithdrawn = "consent_withdrawn",
        AssociationDissolved = "association_dissolved",
        Other = "other",
    }
}
text_enum! {
    /// Why a term ended, as officers say it.
    PostEndReason {
        Resigned = "resigned",
        Retired = "retired",
        Transferred = "transferred",
        TermOver = "term_over",
        Other = "other",
    }
}

impl From<PostEndReason> for PostEnd {
    fn from(said: PostEndReason) -> PostEnd {
        match said {
            PostEndReason::Resigned => PostEnd::Resigned,
            PostEndReason::Retired => PostEnd::Retired,
            PostEndReason::Transferred => PostEnd::Transferred,
            PostEndReason::TermOver => PostEnd::TermOver,
            PostEndReason::Other => PostEnd::Other,
        }
    }
}

text_enum! {
    /// How a term stands: it runs, it ran out and nobody was elected since, or it ended.
    PostStanding { Serving = "serving", Overdue = "overdue", Ended = "ended" }
}
text_enum! {
    /// Of whom a rule asks: of every holder of the post, or of one holder at least.
    AskedOf { Every = "every", One = "one" }
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = post_rules)]
pub struct RuleRow {
    pub code: String,
    pub version: i64,
    pub association_kind: AssociationKind,
    pub post: PostKind,
    pub asked_of: AskedOf,
    /// One of these; any where there is none.
    pub positions: Json<Vec<PublicPosition>>,
    pub five_elders: Option<bool>,
    pub full_time: Option<bool>,
    pub civil_servant: Option<bool>,
    /// Holders at once.
    pub least: i64,
    pub most: i64,
    pub term_years: i64,
    /// The guide does not say it; whoever runs this may know better.
    pub assumed: bool,
    pub updated_by: Option<Uid>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub struct PostRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    /// Nobody, once they no longer agree to its being known.
    pub person_id: Option<Uid>,
    pub post: PostKind,
    pub holds_position: PublicPosition,
    pub full_time: bool,
    pub civil_servant: bool,
    pub managed_by_reference: bool,
    pub five_elders: bool,
    pub retired: bool,
    /// A month.
    pub allowance: Option<Fen>,
    pub begins_on: Day,
    pub ends_on: Day,
    pub ended_on: Option<Day>,
    pub ended_because: Option<PostEnd>,
    /// Their first in this post, or the how manieth.
    pub term: i64,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl PostRow {
    pub fn standing(&self, today: jiff::civil::Date) -> PostStanding {
        match self.ended_on {
            Some(_) => PostStanding::Ended,
            None if self.ends_on.0 < today => PostStanding::Overdue,
            None => PostStanding::Serving,
        }
    }
}

impl Placed for PostRow {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    fn area(&self) -> Option<Uid> {
        Some(self.area_id)
    }
}

impl Leads<PersonRow> for PostRow {
    fn leads_to(&self, person: &PersonRow) -> bool {
        self.person_id == Some(person.id)
    }
}
