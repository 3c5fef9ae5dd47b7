//! Rows and words of members and their cards.

use diesel::prelude::*;

use crate::auth::{Leads, Place, Placed};
use crate::db::schema::{member_cards, memberships};
use crate::db::{Day, Micros, Uid};
use crate::people::model::PersonRow;
use crate::text_enum;

text_enum! {
    /// Whether somebody is a member still.
    MemberState { Member = "member", Left = "left" }
}
text_enum! {
    /// Why somebody is no member any more.
    LeaveReason {
        OwnWish = "own_wish",
        MovedAway = "moved_away",
        OtherAssociation = "other_association",
        ConsentWithdrawn = "consent_withdrawn",
        AssociationDissolved = "association_dissolved",
        RecordedTwice = "recorded_twice",
        Other = "other",
    }
}
text_enum! {
    /// Why somebody leaves, as they told an officer.
    LeaveTold {
        OwnWish = "own_wish",
        MovedAway = "moved_away",
        OtherAssociation = "other_association",
        Other = "other",
    }
}

impl From<LeaveTold> for LeaveReason {
    fn from(told: LeaveTold) -> LeaveReason {
        match told {
            LeaveTold::OwnWish => LeaveReason::OwnWish,
            LeaveTold::MovedAway => LeaveReason::MovedAway,
            LeaveTold::OtherAssociation => LeaveReason::OtherAssociation,
            LeaveTold::Other => LeaveReason::Other,
        }
    }
}

text_enum! {
    /// Why a card is good no more.
    CardVoid { Lost = "lost", Damaged = "damaged", Mistaken = "mistaken", Left = "left" }
}
text_enum! {
    /// Why an officer voids a card.
    CardVoidReason { Lost = "lost", Damaged = "damaged", Mistaken = "mistaken" }
}

impl From<CardVoidReason> for CardVoid {
    fn from(said: CardVoidReason) -> CardVoid {
        match said {
            CardVoidReason::Lost => CardVoid::Lost,
            CardVoidReason::Damaged => CardVoid::Damaged,
            CardVoidReason::Mistaken => CardVoid::Mistaken,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, treat_none_as_default_value = false)]
pub struct MembershipRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub person_id: Uid,
    pub joined_on: Day,
    /// The day on which it was decided that they are of the backbone.
    pub backbone_since: Option<Day>,
    pub left_on: Option<Day>,
    pub left_because: Option<LeaveReason>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl MembershipRow {
    pub fn state(&self) -> MemberState {
        match self.left_on {
            None => MemberState::Member,
            Some(_) => MemberState::Left,
        }
    }
}

impl Placed for MembershipRow {
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

impl Leads<PersonRow> for MembershipRow {
    fn leads_to(&self, person: &PersonRow) -> bool {
        self.person_id == person.id
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = member_cards, treat_none_as_default_value = false)]
pub struct CardRow {
    pub id: Uid,
    pub membership_id: Uid,
    pub number: String,
    pub issued_on: Day,
    pub issued_by: Uid,
    pub voided_on: Option<Day>,
    pub voided_because: Option<CardVoid>,
}
