//! An operation as a phone sends it.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;
use validator::Validate;

use super::feed::Kind;
use super::kinds::{self, Ask, Command, Work};
use super::model::RestingRow;
use crate::auth::Who;
use crate::crypto::{MacPurpose, Vault};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Fault, FieldError, Problem};
use crate::http::json::{self, MAX_BODY};
use crate::http::text::{AppVersion, Int, SyncWord, UpTo, fault, not_null};
use crate::state::App;

/// Operations in one request at most.
pub const MOST: usize = 500;
/// Bytes of one request at most, after decompression.
pub const PUSH_BODY: usize = 4 * 1024 * 1024;

/// What waits on a phone, in the order it was made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncPush {
    /// The phone's clock when it sends this; the server measures how far it is off. Order never depends on it.
    pub sent_at: Micros,
    /// How many operations still wait on the phone after these.
    #[serde(default)]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 1_000_000, example = 0)]
    pub backlog: Option<Int<0, 1_000_000>>,
    /// The version of the app, when it may have changed since the phone was bound.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub app_version: Option<AppVersion>,
    /// Done one after the other; one that fails stops no other.
    #[schema(value_type = Vec<SyncOperation>, max_items = 500)]
    pub operations: UpTo<MOST, SyncOperation>,
}

/// One thing that was done on a phone: a command of a REST operation, with its rules and refusals.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncOperation {
    /// Made by the phone once for each operation (UUID version 7): however often it is sent, it happens once.
    #[serde(deserialize_with = "version_7")]
    pub op_id: Uid,
    /// The kind of record.
    pub kind: SyncWord,
    /// `create`, `update`, or the last word of the REST operation's path (`submission`, `departure`, …).
    #[schema(example = "create")]
    pub action: SyncWord,
    /// The record it makes or changes.
    pub record_id: Uid,
    /// The record in the REST path before it: the resident of a residence, the household of a person, the
    /// resident or person of a consent.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub parent_id: Option<Uid>,
    /// The version the phone had; needed for `update`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 9_000_000_000_000_000i64, example = 3)]
    pub base_version: Option<Int<1, 9_000_000_000_000_000>>,
    /// The body of that REST operation; for `update` its merge patch.
    #[serde(default = "nothing")]
    #[schema(value_type = Object, example = json!({"phone": "13812345678"}))]
    pub changed: Box<RawValue>,
    /// The phone's clock when it was done.
    pub made_at: Micros,
}

/// An id as phones make them: in the order of time, which keeps the index of operations small and warm.
fn version_7<'de, D: Deserializer<'de>>(d: D) -> Result<Uid, D::Error> {
    let id = Uid::deserialize(d)?;
    if id.0.get_version_num() == 7 {
        Ok(id)
    } else {
        Err(fault(Fault::BadId))
    }
}

fn nothing() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

/// An operation read, checked and sealed as far as that needs no database.
pub struct Prepared {
    pub op: SyncOperation,
    /// The kind and command, when this version knows them.
    pub known: Result<(Kind, &'static Command), Fault>,
    /// Over everything in it, to tell a repeat from another operation under the same id.
    pub mac: Vec<u8>,
    /// The command, or why it is refused already.
    pub work: AppResult<Work>,
}

/// Pointers of a body stand below `/changed` in an operation.
pub fn below_changed(e: AppError) -> AppError {
    match e {
        AppError::Problem(mut problem) => {
            for error in &mut problem.errors {
                error.pointer = match error.pointer.strip_prefix("../") {
                    Some(beside) => format!("/{beside}"),
                    None => format!("/changed{}", error.pointer),
                };
            }
            AppError::Problem(problem)
        }
        other => other,
    }
}

impl SyncOperation {
    /// One that rested.
    pub fn again(row: &RestingRow, body: String) -> AppResult<SyncOperation> {
        let word = |text: &str| SyncWord::parse(text).map_err(|f| AppError::internal(f.as_str()));
        Ok(SyncOperation {
            op_id: row.op_id,
            kind: word(&row.kind)?,
            action: word(&row.action)?,
            record_id: row.record_id,
            parent_id: row.parent_id,
            base_version: row.base_version.map(Int),
            changed: RawValue::from_string(body).map_err(AppError::internal)?,
            made_at: row.made_at,
        })
    }

    /// The same on the records that stand for these, wherever it names one of them.
    pub fn on(&self, kept: &HashMap<Uid, Uid>, base: Option<i64>) -> AppResult<SyncOperation> {
        let of = |id: Uid| kept.get(&id).copied().unwrap_or(id);
        let mut changed = self.changed.get().to_owned();
        for (old, new) in kept {
            changed = changed.replace(&format!("\"{old}\""), &format!("\"{new}\""));
        }
        let moved = of(self.record_id) != self.record_id;
        Ok(SyncOperation {
            op_id: self.op_id,
            kind: self.kind.clone(),
            action: self.action.clone(),
            record_id: of(self.record_id),
            parent_id: self.parent_id.map(of),
            base_version: match (&self.base_version, base) {
                (Some(_), Some(base)) if moved => Some(Int(base)),
                (Some(said), _) => Some(Int(said.0)),
                (None, _) => None,
            },
            changed: RawValue::from_string(changed).map_err(AppError::internal)?,
            made_at: self.made_at,
        })
    }

    pub fn body(&self) -> &[u8] {
        self.changed.get().as_bytes()
    }

    /// The body as far as it may be kept, in a digest or where it rests.
    pub fn kept(&self) -> Cow<'_, [u8]> {
        let kind = self.kind.as_str().parse::<Kind>();
        let forgotten = kind.map_or(&[][..], kinds::forgotten);
        json::without(self.body(), forgotten)
    }

    pub fn command(&self) -> Result<(Kind, &'static Command), Fault> {
        let kind = self
            .kind
            .as_str()
            .parse::<Kind>()
            .map_err(|_| Fault::NotOneOf)?;
        let command = kinds::command(kind, self.action.as_str()).ok_or(Fault::Unknown)?;
        Ok((kind, command))
    }

    fn mac(&self, vault: &Vault, user: Uid) -> Vec<u8> {
        let parent = self.parent_id.unwrap_or(Uid::NIL);
        let base = self.base_version.as_ref().map_or(0, |v| v.0).to_be_bytes();
        let parts: [&[u8]; 8] = [
            b"sync",
            user.as_bytes(),
            self.kind.as_str().as_bytes(),
            self.action.as_str().as_bytes(),
            self.record_id.as_bytes(),
            parent.as_bytes(),
            &base,
            &self.kept(),
        ];
        vault.mac(MacPurpose::IdempotencyBody, &parts)[..16].to_vec()
    }

    /// Makes the command ready.
    pub fn prepare(self, app: &App, who: &Who) -> Prepared {
        let known = self.command();
        let mac = self.mac(&app.vault, who.user);
        let work = match known {
            Ok((_, command)) => work(app, who, command, &self, self.body()),
            Err(Fault::NotOneOf) => Err(AppError::field("/kind", Fault::NotOneOf)),
            Err(_) => Err(AppError::field("/action", Fault::NotOneOf)),
        };
        Prepared {
            op: self,
            known,
            mac,
            work,
        }
    }
}

/// The command over this body.
pub fn work(
    app: &App,
    who: &Who,
    command: &Command,
    op: &SyncOperation,
    body: &[u8],
) -> AppResult<Work> {
    if body.len() > MAX_BODY {
        return Err(AppError::Problem(Box::new(Problem {
            errors: vec![FieldError::new("/changed", Fault::TooLong)],
            ..Problem::new(crate::error::Code::PayloadTooLarge)
        })));
    }
    let ask = Ask {
        app,
        who,
        record: op.record_id,
        parent: op.parent_id,
        base: op.base_version.as_ref().map(|v| v.0),
        body,
    };
    (command.prepare)(&ask).map_err(below_changed)
}
