//! Rows of sync: operations that came, and work that rests.

use diesel::prelude::*;
use serde_json::{Value, json};

use crate::auth::{Place, Placed};
use crate::db::schema::{device_sync, disclosures, sync_operations, sync_resting};
use crate::db::{Day, Json, Micros, Uid};
use crate::error::{Code, Fault, FieldError, Problem};
use crate::residents::view::View;
use crate::text_enum;

text_enum! {
    /// What became of an operation.
    Outcome {
        Applied = "applied",
        Merged = "merged",
        Conflict = "conflict",
        Held = "held",
        Quarantined = "quarantined",
        Rejected = "rejected",
    }
}
text_enum! {
    /// Why work rests: it needs a record that has not arrived, its author no longer has the area, or
    /// somebody else changed the same fields.
    Cause { Held = "held", Quarantined = "quarantined", Conflict = "conflict" }
}
text_enum! {
    /// Whether work still rests, or how that ended.
    RestState {
        Open = "open",
        Applied = "applied",
        Rejected = "rejected",
        Declined = "declined",
        KeptServer = "kept_server",
        TookPhone = "took_phone",
        Expired = "expired",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sync_operations, treat_none_as_default_value = false)]
pub struct OperationRow {
    pub user_id: Uid,
    pub op_id: Uid,
    pub device_id: Option<Uid>,
    pub kind: String,
    pub action: String,
    pub record_id: Uid,
    pub body_mac: Vec<u8>,
    pub outcome: Outcome,
    pub version: Option<i64>,
    pub problem: Option<String>,
    pub resting_id: Option<Uid>,
    pub made_at: Micros,
    pub at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sync_resting, treat_none_as_default_value = false)]
pub struct RestingRow {
    pub id: Uid,
    pub cause: Cause,
    pub state: RestState,
    pub user_id: Uid,
    pub device_id: Option<Uid>,
    pub op_id: Uid,
    pub kind: String,
    pub action: String,
    pub record_id: Uid,
    pub parent_id: Option<Uid>,
    pub base_version: Option<i64>,
    /// Of a conflict: the fields that overlap.
    pub fields: Json<Vec<String>>,
    pub waits_for: Option<Uid>,
    pub waits_also: Option<Uid>,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub data_key: Option<Vec<u8>>,
    pub body: Option<Vec<u8>>,
    pub problem: Option<String>,
    pub made_at: Micros,
    pub seen_pos: i64,
    pub next_try_at: Micros,
    pub expires_at: Micros,
    pub settled_by: Option<Uid>,
    pub settled_at: Option<Micros>,
    pub created_at: Micros,
}

impl Placed for RestingRow {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.user_id), None]
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = device_sync, treat_none_as_default_value = false)]
pub struct DeviceSyncRow {
    pub device_id: Uid,
    pub user_id: Uid,
    pub last_push_at: Option<Micros>,
    pub last_pull_at: Option<Micros>,
    pub backlog: i64,
    pub clock_skew_ms: Option<i64>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = disclosures, treat_none_as_default_value = false)]
pub struct DisclosureRow {
    pub record_id: Uid,
    pub user_id: Uid,
    pub day: Day,
    pub view: View,
    pub kind: &'static str,
    pub device_id: Option<Uid>,
    pub at: Micros,
    /// Where the record was: there it is read who was given it.
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
}

/// A refusal as it rests beside an operation: words and pointers, nothing that was typed.
pub fn problem_text(problem: &Problem) -> String {
    let errors: Vec<_> = problem
        .errors
        .iter()
        .map(|e| json!([e.pointer, e.fault.as_str()]))
        .collect();
    json!({ "code": problem.code.as_str(), "errors": errors, "state": problem.state }).to_string()
}

/// The same read again; words that this version does not know any more are left out.
pub fn problem_of(text: &str) -> Problem {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let code = value["code"].as_str().and_then(Code::parse);
    let mut problem = Problem::new(code.unwrap_or(Code::Internal));
    for error in value["errors"].as_array().into_iter().flatten() {
        let fault = error[1].as_str().and_then(Fault::parse);
        if let (Some(pointer), Some(fault)) = (error[0].as_str(), fault) {
            problem.errors.push(FieldError::new(pointer, fault));
        }
    }
    problem.state = serde_json::from_value(value["state"].clone()).unwrap_or_default();
    problem
}
