//! How work that rests is shown: what the phone wanted, beside what the server has.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::people::masks;
use crate::sync::feed::Kind;
use crate::sync::kinds;
use crate::sync::model::*;
use crate::sync::push_api::FieldName;

/// Work that rests, without its body.
#[derive(Debug, Serialize, ToSchema)]
pub struct RestingWork {
    pub id: Uid,
    pub cause: Cause,
    pub state: RestState,
    /// Whose work it is.
    pub user_id: Uid,
    pub device_id: Option<Uid>,
    pub op_id: Uid,
    /// The kind of record.
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "resident")]
    pub kind: String,
    /// The action on it.
    #[schema(max_length = 40, pattern = "^[a-z-]+$", example = "update")]
    pub action: String,
    pub record_id: Uid,
    pub parent_id: Option<Uid>,
    /// Of a conflict: the fields that overlap.
    #[schema(max_items = 60)]
    pub fields: Vec<FieldName>,
    /// The phone's clock when it was done.
    pub made_at: Micros,
    pub created_at: Micros,
    /// Until when it may be settled.
    pub expires_at: Micros,
    pub settled_by: Option<Uid>,
    pub settled_at: Option<Micros>,
}

/// Work that rests, with both values.
#[derive(Serialize, ToSchema)]
pub struct RestingWorkInFull {
    pub work: RestingWork,
    /// What the phone wanted: the operation's body, of a conflict the fields that overlap. Identity fields come
    /// masked, unless it is one's own work of one's own area. Null when it was settled.
    #[schema(value_type = Option<Object>)]
    pub phone: Option<Value>,
    /// The record as the server has it and the caller may see it.
    #[schema(value_type = Option<Object>)]
    pub server: Option<Value>,
}

impl From<RestingRow> for RestingWork {
    fn from(row: RestingRow) -> RestingWork {
        RestingWork {
            id: row.id,
            cause: row.cause,
            state: row.state,
            user_id: row.user_id,
            device_id: row.device_id,
            op_id: row.op_id,
            kind: row.kind,
            action: row.action,
            record_id: row.record_id,
            parent_id: row.parent_id,
            fields: row.fields.0.into_iter().map(FieldName).collect(),
            made_at: row.made_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            settled_by: row.settled_by,
            settled_at: row.settled_at,
        }
    }
}

/// What stands for a masked value.
fn masked(field: &str, value: &Value) -> Value {
    match (field, value) {
        ("name", Value::String(text)) => masks::name(text).into(),
        ("phone", Value::String(text)) => masks::phone(text).into(),
        (_, Value::Null) => Value::Null,
        _ => masks::ADDRESS.into(),
    }
}

/// Who lost the area no longer sees its people in clear, what they typed themselves included.
fn in_clear(who: &Who, row: &RestingRow) -> bool {
    let own = row.user_id == who.user;
    own && match row.cause {
        Cause::Conflict => who.may_at(Action::RestingRead, &row.place()),
        // Where it belongs is not known yet.
        Cause::Held => who.may(Action::RestingRead).is_ok(),
        Cause::Quarantined => false,
    }
}

pub fn in_full(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    row: RestingRow,
) -> AppResult<RestingWorkInFull> {
    let kind: Kind = row.kind.parse().map_err(AppError::internal)?;
    let entry = kinds::of(kind);
    let body = super::open_body(vault, &row)?;
    let mut phone: Option<Value> = body
        .map(|text| serde_json::from_str(&text).map_err(AppError::internal))
        .transpose()?;
    let clear = in_clear(who, &row);
    if let (Some(Value::Object(fields)), false) = (&mut phone, clear) {
        for (field, value) in fields.iter_mut() {
            if entry.masked.contains(&field.as_str()) {
                *value = masked(field, value);
            }
        }
    }
    let loaded = (entry.load)(c, vault, who, &[row.record_id])?;
    let server = loaded
        .into_iter()
        .next()
        .map(|loaded| serde_json::from_str(loaded.record.get()).map_err(AppError::internal));
    Ok(RestingWorkInFull {
        work: row.into(),
        phone,
        server: server.transpose()?,
    })
}
