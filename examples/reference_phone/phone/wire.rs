//! The JSON of docs/sync.md. Members that are not named here are ignored: the server may add some.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Id, Moment};

#[derive(Serialize)]
pub struct PushRequest {
    /// The phone's clock: the server measures how far it is off.
    pub sent_at: Moment,
    /// Operations that wait on the phone after this request.
    pub backlog: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    pub op_id: Id,
    pub kind: String,
    pub action: String,
    pub record_id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<i64>,
    pub changed: Value,
    pub made_at: Moment,
}

#[derive(Debug, Deserialize)]
pub struct PushAnswer {
    /// One for each operation, in the same order.
    pub results: Vec<OperationResult>,
    pub server_time: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Applied,
    Merged,
    Conflict,
    Held,
    Quarantined,
    Rejected,
    Duplicate,
    /// Of a newer server. The operation is kept and asked about again.
    #[serde(other)]
    Unknown,
}

/// What became of an operation. Which members there are depends on the outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OperationResult {
    #[serde(default)]
    pub op_id: Option<Id>,
    pub outcome: Outcome,
    /// Of a duplicate: what became of the operation then or since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    /// When it first arrived, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Moment>,
    /// The version that the operation made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The record as the caller sees it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
    /// The record of the same person that stands for the one that was named, since they were merged: the rest
    /// is of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Id>,
    /// Of a conflict: the fields that somebody else had changed as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Where work that rests is shown: `/v1/sync/conflicts/{resting_id}` and its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// As a word with the other members beside it, or as a result of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Original {
    Word(Outcome),
    Result(Box<OperationResult>),
}

impl OperationResult {
    pub fn of(outcome: Outcome) -> OperationResult {
        OperationResult {
            op_id: None,
            outcome,
            original: None,
            arrived_at: None,
            version: None,
            record: None,
            merged_into: None,
            fields: Vec::new(),
            resting_id: None,
            problem: None,
        }
    }

    /// What a duplicate was answered to be; any other result as it is.
    pub fn settled(mut self) -> OperationResult {
        match self.original.take() {
            None => self,
            Some(Original::Word(outcome)) => OperationResult { outcome, ..self },
            Some(Original::Result(original)) => *original,
        }
    }
}

#[derive(Serialize)]
pub struct PullQuery<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    /// Written several times: `kinds=visit&kinds=area`.
    pub kinds: &'a [String],
}

#[derive(Debug, Deserialize)]
pub struct Page {
    pub changes: Vec<Change>,
    pub next_cursor: String,
    pub more: bool,
    /// On the first page of a first pull.
    pub progress: Option<Progress>,
    #[serde(default)]
    pub purge_areas: Vec<Id>,
    pub keep_until: Moment,
    pub server_time: Moment,
}

#[derive(Debug, Deserialize)]
pub struct Change {
    pub kind: String,
    pub id: Id,
    pub op: Op,
    /// The rest comes with an `upsert`.
    pub version: Option<i64>,
    pub view: Option<String>,
    #[serde(default)]
    pub areas: Vec<Id>,
    pub record: Option<Value>,
    /// Of a `delete`: what stands for the record since both were merged. It comes by itself.
    #[allow(dead_code)] // for apps that show where a record went
    #[serde(default)]
    pub merged_into: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Upsert,
    Left,
    Revoked,
    Delete,
    /// Of a newer server: passed over.
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Progress {
    pub total: i64,
    pub counts: Vec<Count>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Count {
    pub kind: String,
    pub count: i64,
}

/// A refusal (RFC 9457). `code` is what a program decides by, `title` and `detail` what a user reads.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Problem {
    pub status: u16,
    pub code: String,
    pub title: String,
    pub detail: String,
    pub errors: Vec<FieldProblem>,
    /// Of `resync_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_after: Option<Moment>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldProblem {
    pub pointer: String,
    pub code: String,
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)?;
        for error in &self.errors {
            write!(f, "; {} {}", error.pointer, error.code)?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
pub struct SignIn<'a> {
    pub login: &'a str,
    pub password: &'a str,
}

#[derive(Serialize)]
pub struct Redemption<'a> {
    pub code: &'a str,
    pub installation_id: Id,
    pub device_name: &'a str,
    pub platform: &'a str,
    pub app_version: &'a str,
}

#[derive(Serialize)]
pub struct Refresh<'a> {
    pub refresh_token: &'a str,
}

/// No `Debug`: tokens stand in no log.
#[derive(Deserialize)]
pub struct Session {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    #[serde(default)]
    pub user_id: Option<Id>,
    pub device_id: Option<Id>,
}

#[derive(Serialize)]
pub struct ReceiptRequest<'a> {
    pub day: &'a str,
}

#[derive(Deserialize)]
pub struct ReceiptAnswer {
    pub receipt: String,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Summary {
    pub sub: Id,
    pub did: Option<Id>,
    /// In seconds since 1970.
    pub iat: i64,
    pub day: String,
    pub operations: u64,
    pub op_ids_sha256: String,
    pub counts: Vec<ReceiptCount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceiptCount {
    pub kind: String,
    pub outcome: Outcome,
    pub count: u64,
}

/// The published halves of the keys that sign receipts.
#[derive(Serialize, Deserialize)]
pub struct ReceiptKeys {
    pub keys: Vec<ReceiptKey>,
}

#[derive(Serialize, Deserialize)]
pub struct ReceiptKey {
    pub kid: String,
    /// The point on P-256.
    pub x: String,
    pub y: String,
    /// It signed nothing after this second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<i64>,
}
