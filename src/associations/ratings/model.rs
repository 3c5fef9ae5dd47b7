//! Rows and words of ratings.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::{rating_consequences, ratings};
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// How an association was rated.
    RatingGrade { Advanced = "advanced", Ordinary = "ordinary", Backward = "backward" }
}
text_enum! {
    /// Who decided.
    RatingBody {
        HigherAssociation = "higher_association",
        LeadingGroup = "leading_group",
        Government = "government",
    }
}
text_enum! {
    /// Why.
    RatingReason {
        Organisation = "organisation",
        Posts = "posts",
        Funds = "funds",
        Activities = "activities",
        Care = "care",
        Insurance = "insurance",
        Members = "members",
        MemberHome = "member_home",
        SelfGovernance = "self_governance",
        FloatingPopulation = "floating_population",
        Publicity = "publicity",
        Other = "other",
    }
}
text_enum! {
    /// Where a rating stands: it was decided, the association appealed, the appeal was decided.
    RatingState { Decided = "decided", Appealed = "appealed", Settled = "settled" }
}
text_enum! {
    /// What became of an appeal.
    AppealOutcome { Upheld = "upheld", Changed = "changed" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = ratings, treat_none_as_default_value = false)]
pub struct RatingRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub year: i64,
    /// As it was decided first.
    pub decided: RatingGrade,
    /// As it stands now.
    pub grade: RatingGrade,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    pub reasons: Json<Vec<RatingReason>>,
    pub state: RatingState,
    pub appealed_on: Option<Day>,
    pub appeal: Option<Vec<u8>>,
    pub settled_on: Option<Day>,
    pub outcome: Option<AppealOutcome>,
    pub answer: Option<Vec<u8>>,
    /// The unit's work is not put up for awards; nothing until somebody decided.
    pub awards_withheld: Option<bool>,
    pub awards_decided_on: Option<Day>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// What was decided to follow from a backward rating. Nothing is changed of it: another decision stands beside it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rating_consequences, treat_none_as_default_value = false)]
pub struct ConsequenceRow {
    pub id: Uid,
    pub rating_id: Uid,
    pub awards_withheld: bool,
    pub decided_on: Day,
    pub registered_by: Uid,
    pub created_at: Micros,
}

impl Placed for RatingRow {
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
    fn shared(&self) -> bool {
        true
    }
}
