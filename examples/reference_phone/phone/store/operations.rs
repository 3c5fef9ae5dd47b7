//! The work done on this phone: what waits, what rests at the server, and for 30 days what was settled.

use diesel::prelude::*;
use serde_json::Value;

use super::super::clock::Moment;
use super::super::error::Result;
use super::super::wire::{self, OperationResult};
use super::{Db, Id, Json, State};

diesel::table! {
    operations (seq) {
        seq -> BigInt,
        op_id -> Text,
        kind -> Text,
        action -> Text,
        record_id -> Text,
        parent_id -> Nullable<Text>,
        base_version -> Nullable<BigInt>,
        changed -> Text,
        before -> Text,
        made_at -> BigInt,
        state -> Text,
        ever_sent -> Bool,
        result -> Nullable<Text>,
        answered_at -> Nullable<BigInt>,
    }
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = operations)]
pub struct Operation {
    /// The order in which they were made, which is the order in which they are sent.
    pub seq: i64,
    pub op_id: Id,
    pub kind: String,
    pub action: String,
    pub record_id: Id,
    pub parent_id: Option<Id>,
    pub base_version: Option<i64>,
    pub changed: Json<Value>,
    /// Of an update: what the server's record of `base_version` says in the fields that it changes.
    pub before: Json<Value>,
    pub made_at: Moment,
    pub state: State,
    /// What was sent once is never altered: the server knows an operation by all that is in it.
    pub ever_sent: bool,
    /// The newest answer, without the record.
    pub result: Option<Json<OperationResult>>,
    /// When it came, by the server's clock.
    pub answered_at: Option<Moment>,
}

impl Operation {
    pub fn to_wire(&self) -> wire::Operation {
        wire::Operation {
            op_id: self.op_id,
            kind: self.kind.clone(),
            action: self.action.clone(),
            record_id: self.record_id,
            parent_id: self.parent_id,
            base_version: self.base_version,
            changed: self.changed.0.clone(),
            made_at: self.made_at,
        }
    }
}

/// An operation as it is made.
#[derive(Insertable)]
#[diesel(table_name = operations)]
pub struct NewOperation<'a> {
    pub op_id: Id,
    pub kind: &'a str,
    pub action: &'a str,
    pub record_id: Id,
    pub parent_id: Option<Id>,
    pub base_version: Option<i64>,
    pub changed: Json<Value>,
    pub before: Json<Value>,
    pub made_at: Moment,
    pub state: State,
    pub ever_sent: bool,
}

pub fn insert(c: &mut Db, new: &NewOperation<'_>) -> Result<()> {
    diesel::insert_into(operations::table)
        .values(new)
        .execute(c)?;
    Ok(())
}

/// Those in one of these states, oldest first.
pub fn in_states(c: &mut Db, states: &[State]) -> Result<Vec<Operation>> {
    Ok(operations::table
        .filter(operations::state.eq_any(states.to_vec()))
        .order(operations::seq)
        .select(Operation::as_select())
        .load(c)?)
}

/// Those of a kind whose effect is still to come, oldest first; of one record or of all.
pub fn open_of(c: &mut Db, kind: &str, record: Option<Id>) -> Result<Vec<Operation>> {
    let mut query = operations::table
        .filter(operations::kind.eq(kind.to_owned()))
        .filter(operations::state.eq_any(State::OPEN))
        .order(operations::seq)
        .select(Operation::as_select())
        .into_boxed();
    if let Some(id) = record {
        query = query.filter(operations::record_id.eq(id));
    }
    Ok(query.load(c)?)
}

/// What may be sent now, oldest first: what waits, and what rests and was not asked about since then.
pub fn due(c: &mut Db, asked_before: Moment, limit: i64) -> Result<Vec<Operation>> {
    let resting = operations::state.eq_any([State::Held, State::Quarantined]);
    Ok(operations::table
        .filter(
            operations::state.eq(State::Waiting).or(resting.and(
                operations::answered_at
                    .le(asked_before)
                    .or(operations::answered_at.is_null()),
            )),
        )
        .order(operations::seq)
        .limit(limit)
        .select(Operation::as_select())
        .load(c)?)
}

pub fn count(c: &mut Db, state: State) -> Result<i64> {
    Ok(operations::table
        .filter(operations::state.eq(state))
        .count()
        .get_result(c)?)
}

/// Notes, before anything is sent, that these are being sent together.
pub fn mark_sent(c: &mut Db, sent: &[Operation]) -> Result<()> {
    let seqs: Vec<i64> = sent.iter().map(|o| o.seq).collect();
    diesel::update(operations::table.filter(operations::seq.eq_any(seqs)))
        .set((
            operations::state.eq(State::Sent),
            operations::ever_sent.eq(true),
        ))
        .execute(c)?;
    Ok(())
}

/// Notes where an operation stands, and by which answer.
pub fn settle(
    c: &mut Db,
    seq: i64,
    state: State,
    result: OperationResult,
    at: Moment,
) -> Result<()> {
    diesel::update(operations::table.find(seq))
        .set((
            operations::state.eq(state),
            operations::result.eq(Json(result)),
            operations::answered_at.eq(at),
        ))
        .execute(c)?;
    Ok(())
}

pub fn set_state(c: &mut Db, op_id: Id, state: State) -> Result<()> {
    diesel::update(operations::table.filter(operations::op_id.eq(op_id)))
        .set(operations::state.eq(state))
        .execute(c)?;
    Ok(())
}

/// Raises what an operation that was never sent starts from.
pub fn set_base(c: &mut Db, seq: i64, version: i64, before: Value) -> Result<()> {
    diesel::update(operations::table.find(seq))
        .set((
            operations::base_version.eq(version),
            operations::before.eq(Json(before)),
        ))
        .execute(c)?;
    Ok(())
}

/// Back into the queue: everything whose result came after this, and what is under way. In their old
/// places, and as they were sent: those that the server still knows come back as duplicates.
pub fn requeue_after(c: &mut Db, after: Moment) -> Result<usize> {
    let answered = operations::answered_at.gt(after);
    Ok(
        diesel::update(operations::table.filter(answered.or(operations::state.eq(State::Sent))))
            .set(operations::state.eq(State::Waiting))
            .execute(c)?,
    )
}

/// Deletes an operation if it is in this state.
pub fn forget(c: &mut Db, op_id: Id, state: State) -> Result<usize> {
    let found = operations::table
        .filter(operations::op_id.eq(op_id))
        .filter(operations::state.eq(state));
    Ok(diesel::delete(found).execute(c)?)
}

/// Moves an operation on if it is in this state.
pub fn set_state_of(c: &mut Db, op_id: Id, from: State, to: State) -> Result<usize> {
    let found = operations::table
        .filter(operations::op_id.eq(op_id))
        .filter(operations::state.eq(from));
    Ok(diesel::update(found)
        .set(operations::state.eq(to))
        .execute(c)?)
}

/// Deletes what was settled of a record that is gone for everybody: sent again after a restore, it would
/// bring back what was erased.
pub fn forget_settled_of(c: &mut Db, record: Id) -> Result<usize> {
    Ok(diesel::delete(
        operations::table
            .filter(
                operations::record_id
                    .eq(record)
                    .or(operations::parent_id.eq(record)),
            )
            .filter(operations::state.eq_any([State::Acknowledged, State::Conflict])),
    )
    .execute(c)?)
}

/// Deletes what was settled longer ago than a restored server may want it again, and conflicts that the
/// server has closed by now.
pub fn forget_old(c: &mut Db, now: Moment) -> Result<usize> {
    let settled_before = |days: i64| operations::answered_at.lt(now.plus(-days * Moment::DAY));
    let settled = operations::state
        .eq(State::Acknowledged)
        .and(settled_before(30));
    let conflicts = operations::state
        .eq(State::Conflict)
        .and(settled_before(90));
    Ok(diesel::delete(operations::table.filter(settled.or(conflicts))).execute(c)?)
}
