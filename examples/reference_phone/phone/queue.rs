//! Work done on this phone: stored first, sent when there is coverage.

use serde_json::{Value, json};

use super::error::{Error, Result};
use super::store::operations::{self, NewOperation, Operation};
use super::store::{Db, Id, Json, State, records};
use super::{Phone, merge, push};

/// An operation as an app asks for it: the command of a REST operation, with its body.
#[derive(Debug, Clone)]
pub struct Draft {
    pub kind: String,
    /// `create`, `update`, or the last word of the REST operation's path, such as `submission`.
    pub action: String,
    pub record_id: Id,
    /// Where the path names two records: the first.
    pub parent_id: Option<Id>,
    /// The body; for an update, only what changes.
    pub changed: Value,
}

impl Phone {
    /// Makes a record and answers its id, which is its id for good.
    pub fn create(&mut self, kind: &str, body: Value) -> Result<Id> {
        self.create_of(kind, None, body)
    }

    /// Makes a record that belongs to another one, as a person to a household.
    pub fn create_under(&mut self, parent: Id, kind: &str, body: Value) -> Result<Id> {
        self.create_of(kind, Some(parent), body)
    }

    fn create_of(&mut self, kind: &str, parent_id: Option<Id>, changed: Value) -> Result<Id> {
        let record_id = self.new_id();
        self.queue(Draft {
            kind: kind.to_owned(),
            action: "create".to_owned(),
            record_id,
            parent_id,
            changed,
        })?;
        Ok(record_id)
    }

    /// Changes some fields of a record (JSON Merge Patch). Answers the operation's id, as `act` does.
    pub fn update(&mut self, kind: &str, id: Id, changed: Value) -> Result<Id> {
        self.act(kind, id, "update", changed)
    }

    /// Does something with a record: `act("visit", id, "submission", json!({}))`.
    pub fn act(&mut self, kind: &str, id: Id, action: &str, body: Value) -> Result<Id> {
        self.queue(Draft {
            kind: kind.to_owned(),
            action: action.to_owned(),
            record_id: id,
            parent_id: None,
            changed: body,
        })
    }

    /// Stores an operation. From here on it is safe.
    pub fn queue(&mut self, draft: Draft) -> Result<Id> {
        if !draft.changed.is_object() {
            return Err(Error::NotAnObject);
        }
        let bytes = draft.changed.to_string().len() + push::ENVELOPE;
        if bytes > self.settings.push_bytes {
            return Err(Error::TooLarge { bytes });
        }
        let (op_id, made_at) = (self.new_id(), self.clock.now());
        self.db.immediate_transaction(|c| {
            let (base_version, before) = match draft.action.as_str() {
                "update" => start_of_update(c, &draft)?,
                _ => (None, json!({})),
            };
            let new = NewOperation {
                op_id,
                kind: &draft.kind,
                action: &draft.action,
                record_id: draft.record_id,
                parent_id: draft.parent_id,
                base_version,
                changed: Json(draft.changed.clone()),
                before: Json(before),
                made_at,
                state: State::Waiting,
                ever_sent: false,
            };
            operations::insert(c, &new)
        })?;
        Ok(op_id)
    }

    /// The operations in these states, oldest first.
    pub fn operations(&mut self, states: &[State]) -> Result<Vec<Operation>> {
        operations::in_states(&mut self.db, states)
    }

    /// Gives up a refused operation, or closes the notice of a conflict.
    pub fn dismiss(&mut self, op_id: Id) -> Result<()> {
        operations::set_state_of(&mut self.db, op_id, State::Conflict, State::Acknowledged)?;
        operations::forget(&mut self.db, op_id, State::Rejected)?;
        Ok(())
    }

    /// Does a refused operation again with another body. It is a new operation: what was refused under the
    /// old id stays refused.
    pub fn correct(&mut self, op_id: Id, body: Value) -> Result<Id> {
        let refused = operations::in_states(&mut self.db, &[State::Rejected])?;
        let refused = refused.into_iter().find(|o| o.op_id == op_id);
        let refused = refused.ok_or(Error::NotRefused { op_id })?;
        let corrected = self.queue(Draft {
            kind: refused.kind,
            action: refused.action,
            record_id: refused.record_id,
            parent_id: refused.parent_id,
            changed: body,
        })?;
        self.dismiss(op_id)?;
        Ok(corrected)
    }
}

/// The version that an update starts from, and what the record says there.
///
/// A record that is only being made here has no version yet; its making will give it the first.
fn start_of_update(c: &mut Db, draft: &Draft) -> Result<(Option<i64>, Value)> {
    if let Some(record) = records::find(c, &draft.kind, draft.record_id)? {
        let before = merge::before(&record.body.0, &draft.changed);
        return Ok((Some(record.version), before));
    }
    let open = operations::open_of(c, &draft.kind, Some(draft.record_id))?;
    if open.iter().any(|o| o.action == "create") {
        return Ok((Some(1), json!({})));
    }
    Err(Error::NotOnPhone {
        kind: draft.kind.clone(),
        id: draft.record_id,
    })
}
