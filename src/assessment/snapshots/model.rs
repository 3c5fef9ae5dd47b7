//! Rows and words of frozen years.

use diesel::prelude::*;

use crate::auth::handle::Leads;
use crate::auth::{Place, Placed};
use crate::db::schema::{
    assessment_snapshot_facts, assessment_snapshot_sheets, assessment_snapshots,
};
use crate::db::{Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Why a revision was made: the year ended, something was recorded late or corrected, an objection or an appeal was
    /// decided.
    FreezeReason {
        YearEnd = "year_end",
        LateRecord = "late_record",
        Correction = "correction",
        ObjectionDecided = "objection_decided",
        AppealDecided = "appeal_decided",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_snapshots, treat_none_as_default_value = false)]
pub struct SnapshotRow {
    pub id: Uid,
    pub area_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub year: i64,
    pub revision: i64,
    pub because: FreezeReason,
    #[diesel(column_name = content)]
    pub document: String,
    pub digest: String,
    pub signature: String,
    pub signed_with: String,
    pub signer: String,
    pub frozen_by: Uid,
    pub frozen_at: Micros,
}

impl Placed for SnapshotRow {
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

/// An area's sheet of a frozen year.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_snapshot_sheets, treat_none_as_default_value = false)]
pub struct SheetRow {
    pub snapshot_id: Uid,
    pub area_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub year: i64,
    #[diesel(column_name = content)]
    pub result: String,
}

impl Placed for SheetRow {
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

/// Whoever may read a sheet reads what it is a sheet of: the list, the signature, and nobody else's figures.
impl Leads<SnapshotRow> for SheetRow {
    fn leads_to(&self, snapshot: &SnapshotRow) -> bool {
        self.snapshot_id == snapshot.id
    }
}

impl SheetRow {
    /// Whether it lay in an area of whose sheet this is, itself among them; `root` is all that was frozen.
    pub fn is_within(&self, area: Uid, root: Uid) -> bool {
        area == root
            || [Some(self.area_id), self.county, self.town, self.village].contains(&Some(area))
    }
}

/// The facts behind a source of a frozen year.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_snapshot_facts, treat_none_as_default_value = false)]
pub struct FactsRow {
    pub snapshot_id: Uid,
    pub source: String,
    #[diesel(column_name = content)]
    pub facts: String,
}
