//! Rows of the queue of duplicates, and the words they are coded in.

use diesel::prelude::*;

use crate::auth::Place;
use crate::db::schema::{duplicate_pairs, merge_moves};
use crate::db::{Day, Micros, Uid};
use crate::people::model::PersonRow;
use crate::text_enum;

text_enum! {
    /// What two records have in common: the document; the phone, with names that are alike; or names that are
    /// alike, with the year of birth and the township.
    DuplicateReason { SameDocument = "same_document", SamePhone = "same_phone", SimilarName = "similar_name" }
}
text_enum! {
    /// Whether somebody has decided. `confirmed`: the same person, and the merge waits for somebody who works at
    /// both places.
    DuplicateState { Open = "open", Confirmed = "confirmed", Dismissed = "dismissed", Merged = "merged" }
}
text_enum! {
    /// Why two records are not one person.
    DismissalReason {
        DifferentPeople = "different_people",
        Relatives = "relatives",
        MistypedDocument = "mistyped_document",
        Other = "other",
    }
}

/// Two records that may be one person: the older one first.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = duplicate_pairs, treat_none_as_default_value = false)]
pub struct PairRow {
    pub id: Uid,
    pub version: i64,
    pub person_id: Uid,
    pub other_person_id: Uid,
    pub why: DuplicateReason,
    pub state: DuplicateState,
    pub reason: Option<DismissalReason>,
    /// The coordinators of the older record's place may know that there is another one elsewhere.
    pub told: bool,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub other_county: Uid,
    pub other_town: Option<Uid>,
    pub other_village: Option<Uid>,
    /// Who made the newer record.
    pub asked_by: Uid,
    pub found_on: Day,
    pub kept_person_id: Option<Uid>,
    pub settled_by: Option<Uid>,
    pub settled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl PairRow {
    /// Where the older record is: the audit's place of the pair.
    pub fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    pub fn people(&self) -> [Uid; 2] {
        [self.person_id, self.other_person_id]
    }
}

/// A pair with its people, and whether the caller works with both.
#[derive(Debug, Clone)]
pub struct Seen {
    pub pair: PairRow,
    pub older: PersonRow,
    pub newer: PersonRow,
    pub both: bool,
}

/// One value that a merge changed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = merge_moves, treat_none_as_default_value = false)]
pub struct MoveRow {
    pub id: Uid,
    pub pair_id: Uid,
    pub ordinal: i64,
    pub moved_table: String,
    pub row_id: Uid,
    pub moved_column: String,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
    /// The version that the row, or the one it belongs to, had when the merge was done.
    pub version_after: Option<i64>,
}
