//! An entry as it stands in the database, and as it is shown.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::schema::audit_entries;
use crate::db::{Micros, Uid};
use crate::http::text::{FactWord, Sha256Hex};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub(super) struct AuditRow {
    pub(super) id: Uid,
    pub(super) at: Micros,
    pub(super) actor_id: Option<Uid>,
    pub(super) role: Option<String>,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) record_id: Uid,
    pub(super) reason: Option<String>,
    pub(super) facts: String,
    pub(super) request_id: String,
    pub(super) county: Option<Uid>,
    pub(super) town: Option<Uid>,
    pub(super) village: Option<Uid>,
    pub(super) area_id: Option<Uid>,
}

/// What exactly was done, in ids and words of fixed lists; members that do not apply are left out.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AuditFacts {
    /// The step of a record's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "approved")]
    pub what: Option<String>,
    /// The fields that changed; never their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FactWord>, max_items = 50)]
    pub fields: Vec<String>,
    /// The state before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "under_review")]
    pub from: Option<String>,
    /// The state after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "approved")]
    pub to: Option<String>,
    /// The legal clocks for which it came too late.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FactWord>, max_items = 9)]
    pub late: Vec<String>,
    /// The kind of paper received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "claim_form")]
    pub paper: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resident: Option<Uid>,
    /// Whose work it was that rested and was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub author: Option<Uid>,
    /// The kind of the record that work was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "resident")]
    pub kind: Option<String>,
    /// The record that work was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub record: Option<Uid>,
    /// The year for which something is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1990, maximum = 2999, example = 2026)]
    pub year: Option<i64>,
    /// How much a number of a year was before a change (a plan, points, people); without it none was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 4)]
    pub before: Option<i64>,
    /// How much it is after it; without it none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 6)]
    pub after: Option<i64>,
    /// The area that changed, or in which something stood when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub area: Option<Uid>,
    /// What became of the area.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub change: Option<Uid>,
    /// The area that a record was given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub into: Option<Uid>,
    /// How many areas a change touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 12)]
    pub areas: Option<i64>,
    /// How many records were carried along with a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 1200)]
    pub carried: Option<i64>,
    /// How many records a pull brought onto a phone in full; which ones, `/v1/disclosures` tells of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 12)]
    pub full: Option<i64>,
    /// How many it brought masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 3)]
    pub masked: Option<i64>,
    /// How many entries were exported, or removed because they had been kept long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 200)]
    pub entries: Option<i64>,
    /// How many policies were imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 1200)]
    pub policies: Option<i64>,
    /// How many people came with them whom nobody knew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 40)]
    pub people: Option<i64>,
    /// How many households came with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 12)]
    pub households: Option<i64>,
    /// How many consents came with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 300)]
    pub consents: Option<i64>,
    /// How many rows the file had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 1250)]
    pub rows: Option<i64>,
    /// The digest of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file_sha256: Option<Sha256Hex>,
    /// The number of the first entry removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, example = 1)]
    pub first: Option<i64>,
    /// The number of the last entry removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, example = 200)]
    pub last: Option<i64>,
}

/// Who did what to which record, when, and why. Ids and words of fixed lists only.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: Uid,
    pub at: Micros,
    pub actor_id: Option<Uid>,
    /// The role under which it was done.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "coordinator"
    )]
    pub role: Option<String>,
    /// As in the policy table.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_.]+$",
        example = "resident.reveal"
    )]
    pub action: String,
    /// The kind of record.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "resident"
    )]
    pub kind: String,
    pub record_id: Uid,
    /// A word of a fixed list, where the action needs a reason.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "home_visit"
    )]
    pub reason: Option<String>,
    pub facts: AuditFacts,
    /// The request in which it was done.
    #[schema(
        min_length = 0,
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]*$",
        example = "019a8c5e7c0070008000"
    )]
    pub request_id: String,
}

impl AuditRow {
    pub(super) fn show(self) -> AuditEntry {
        AuditEntry {
            id: self.id,
            at: self.at,
            actor_id: self.actor_id,
            role: self.role,
            action: self.action,
            kind: self.kind,
            record_id: self.record_id,
            reason: self.reason,
            // Facts of a kind that this version does not know are no reason to hide the entry.
            facts: serde_json::from_str(&self.facts).unwrap_or_default(),
            request_id: self.request_id,
        }
    }
}
