//! Rows and words of families and their contacts' visits.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::{care_families, care_visits};
use crate::db::{Day, Micros, Uid};
use crate::households::model::HouseholdRow;
use crate::text_enum;

text_enum! {
    /// Which of a family's two contacts: the one of the township or the one of the village.
    CareContact { Township = "township", Village = "village" }
}
text_enum! {
    /// What a special family is to have.
    CareProvision {
        TownshipContact = "township_contact",
        VillageContact = "village_contact",
        Doctor = "doctor",
        Channel = "channel",
    }
}
text_enum! {
    /// How a contact met a family.
    CareVisitWay { InPerson = "in_person", Phone = "phone" }
}
text_enum! {
    /// Whether a family is cared for still.
    CareFamilyState { InCare = "in_care", Ended = "ended" }
}
text_enum! {
    /// Why care ended, without what is nobody's to know.
    CareEnd {
        OwnWish = "own_wish",
        MovedAway = "moved_away",
        NoLongerEntitled = "no_longer_entitled",
        Other = "other",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_families, treat_none_as_default_value = false)]
pub struct FamilyRow {
    pub id: Uid,
    pub version: i64,
    pub household_id: Uid,
    pub began_on: Day,
    pub special_since: Option<Day>,
    pub township_contact: Option<Uid>,
    pub township_contact_since: Option<Day>,
    pub village_contact: Option<Uid>,
    pub village_contact_since: Option<Day>,
    pub doctor: Option<Vec<u8>>,
    pub doctor_since: Option<Day>,
    pub channel: Option<Vec<u8>>,
    pub channel_since: Option<Day>,
    pub ended_on: Option<Day>,
    pub ended_because: Option<CareEnd>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl FamilyRow {
    pub fn state(&self) -> CareFamilyState {
        match self.ended_on {
            None => CareFamilyState::InCare,
            Some(_) => CareFamilyState::Ended,
        }
    }

    pub fn contact(&self, which: CareContact) -> Option<Uid> {
        match which {
            CareContact::Township => self.township_contact,
            CareContact::Village => self.village_contact,
        }
    }

    /// Which of its contacts somebody is.
    pub fn contact_of(&self, user: Uid) -> Option<CareContact> {
        let all = CareContact::ALL.iter().copied();
        all.into_iter()
            .find(|which| self.contact(*which) == Some(user))
    }
}

/// A family with the household that it is: it stands where that stands.
#[derive(Debug, Clone)]
pub struct Family {
    pub row: FamilyRow,
    pub home: HouseholdRow,
}

impl Placed for Family {
    fn place(&self) -> Place {
        self.home.place()
    }
    /// Its contacts see it, whoever registered it.
    fn owners(&self) -> [Option<Uid>; 2] {
        [self.row.township_contact, self.row.village_contact]
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_visits, treat_none_as_default_value = false)]
pub struct VisitRow {
    pub id: Uid,
    pub family_id: Uid,
    pub contact: CareContact,
    pub visited_by: Uid,
    pub visited_on: Day,
    pub way: CareVisitWay,
    pub noted_by: Uid,
    pub noted_at: Micros,
}
