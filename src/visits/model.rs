//! Rows of member homes, visits and follow-ups, and the words they are coded in.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{FollowUpState, Part, VisitState};
use crate::auth::{Place, Placed};
use crate::db::schema::{
    follow_ups, home_possessions, member_homes, possession_kinds, visit_opinions, visits,
};
use crate::db::{Day, Json, Micros, Uid};
use crate::http::text::{Int, Sha256Hex};
use crate::residents::model::Need;
use crate::text_enum;

text_enum! {
    /// Whether a member home receives members.
    HomeState { Open = "open", Closed = "closed" }
}
text_enum! {
    /// Whether a possession was found at the last check; `unchecked` when nobody has looked.
    PossessionStatus { Present = "present", Missing = "missing", Unchecked = "unchecked" }
}
text_enum! {
    /// What a visit is for.
    VisitPurpose {
        Routine = "routine",
        ServiceOffer = "service_offer",
        InsuranceGuidance = "insurance_guidance",
        Publicity = "publicity",
        ActivitySupport = "activity_support",
        FollowUp = "follow_up",
        FestivalGreeting = "festival_greeting",
        Other = "other",
    }
}
text_enum! {
    /// A need that was voiced. Choose a code first; a note only where none fits.
    VoicedNeed {
        PolicyInformation = "policy_information",
        Services = "services",
        InsuranceGuidance = "insurance_guidance",
        ClaimHelp = "claim_help",
        Employment = "employment",
        Schooling = "schooling",
        LegalAid = "legal_aid",
        Materials = "materials",
        Equipment = "equipment",
        Premises = "premises",
        Training = "training",
        Other = "other",
    }
}
text_enum! {
    /// What an opinion is about.
    OpinionTopic {
        Services = "services",
        Facilities = "facilities",
        Activities = "activities",
        Benefits = "benefits",
        Insurance = "insurance",
        Rights = "rights",
        Association = "association",
        Other = "other",
    }
}
text_enum! {
    /// Why a visit goes back to its author.
    ReturnReason {
        Incomplete = "incomplete",
        WrongTime = "wrong_time",
        NeedsUnclear = "needs_unclear",
        FollowUpMissing = "follow_up_missing",
        PrivateMatters = "private_matters",
        Duplicate = "duplicate",
        Other = "other",
    }
}
text_enum! {
    /// How a follow-up ended; `no_longer_needed` cancels it.
    FollowUpOutcome {
        Solved = "solved",
        PartlySolved = "partly_solved",
        Referred = "referred",
        NotReached = "not_reached",
        NoLongerNeeded = "no_longer_needed",
    }
}
text_enum! {
    /// Something worth a second look. Never a refusal.
    VisitWarning { DuplicateSuspected = "duplicate_suspected" }
}
text_enum! {
    /// The format of a photo.
    PhotoType { Jpeg = "image/jpeg", Png = "image/png", Webp = "image/webp", Heic = "image/heic" }
}

/// A photo that was taken, declared before its file is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhotoSlot {
    /// Made by the phone; the file is sent under it.
    pub id: Uid,
    pub sha256: Sha256Hex,
    /// The size of the file.
    #[schema(value_type = i64, minimum = 1, maximum = 20_000_000, example = 482133)]
    pub bytes: Int<1, 20_000_000>,
    pub media_type: PhotoType,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = possession_kinds)]
pub struct PossessionKindRow {
    pub kind: String,
    pub ordinal: i64,
    pub label_zh: String,
    pub label_en: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = member_homes, treat_none_as_default_value = false)]
pub struct HomeRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub area_code: String,
    pub title: String,
    pub site_address: String,
    pub opening_hours: Option<String>,
    pub keeper_id: Option<Uid>,
    pub state: HomeState,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for HomeRow {
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

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = home_possessions, treat_none_as_default_value = false)]
pub struct PossessionRow {
    pub id: Uid,
    pub home_id: Uid,
    pub kind: String,
    pub present: bool,
    pub checked_on: Day,
    pub checked_by: Uid,
    pub note: Option<Vec<u8>>,
    pub photo: Option<Json<PhotoSlot>>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = visits, treat_none_as_default_value = false)]
pub struct VisitRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub state: VisitState,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_code: String,
    /// The author.
    pub registered_by: Uid,
    /// The household's worker when the visit was logged.
    pub assignee: Option<Uid>,
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub purpose: VisitPurpose,
    pub started_at: Micros,
    pub ended_at: Option<Micros>,
    pub visit_day: Day,
    pub companions: Json<Vec<Uid>>,
    pub lat_milli: Option<i64>,
    pub lng_milli: Option<i64>,
    pub offered: Json<Vec<Need>>,
    pub needs_voiced: Json<Vec<VoicedNeed>>,
    pub needs_note: Option<Vec<u8>>,
    pub photos: Json<Vec<PhotoSlot>>,
    pub return_reason: Option<ReturnReason>,
    pub return_note: Option<Vec<u8>>,
    pub submitted_at: Option<Micros>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl VisitRow {
    /// What part somebody had in the visit.
    pub fn part_of(&self, user: Uid) -> Part {
        if self.registered_by == user {
            Part::Author
        } else if self.companions.0.contains(&user) {
            Part::Companion
        } else {
            Part::None
        }
    }
}

impl Placed for VisitRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.registered_by), self.assignee]
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_opinions, treat_none_as_default_value = false)]
pub struct OpinionRow {
    pub id: Uid,
    pub visit_id: Uid,
    pub ordinal: i64,
    pub topic: OpinionTopic,
    pub opinion: Vec<u8>,
    pub answer_owed: bool,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = follow_ups, treat_none_as_default_value = false)]
pub struct FollowUpRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub visit_id: Uid,
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    /// The author of the visit.
    pub registered_by: Uid,
    pub assignee: Uid,
    pub published: bool,
    pub due_on: Day,
    pub task: Vec<u8>,
    pub state: FollowUpState,
    pub outcome: Option<FollowUpOutcome>,
    pub outcome_note: Option<Vec<u8>>,
    pub closed_by: Option<Uid>,
    pub closed_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for FollowUpRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.registered_by), Some(self.assignee)]
    }
}
