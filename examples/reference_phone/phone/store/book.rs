//! Which work arrived when, and the receipts for it. Ids and times alone: it stays when the records go.

use diesel::prelude::*;

use super::super::clock::Moment;
use super::super::error::Result;
use super::{Db, Id};

diesel::table! {
    arrivals (op_id, device) {
        op_id -> Text,
        device -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    receipts (day, device) {
        day -> Text,
        device -> Text,
        receipt -> Text,
        operations -> BigInt,
        agreed -> Bool,
    }
}

/// Under which device the server knew the phone. In a session without one it is no device.
fn word(device: Option<Id>) -> String {
    device.map(|id| id.to_string()).unwrap_or_default()
}

/// Notes when an operation arrived, by the server's clock. After a restore it arrives once more.
pub fn note(c: &mut Db, op_id: Id, device: Option<Id>, at: Moment) -> Result<()> {
    diesel::replace_into(arrivals::table)
        .values((
            arrivals::op_id.eq(op_id),
            arrivals::device.eq(word(device)),
            arrivals::at.eq(at),
        ))
        .execute(c)?;
    Ok(())
}

/// What arrived from then until before then, in ascending order.
pub fn arrived(c: &mut Db, device: Option<Id>, from: Moment, to: Moment) -> Result<Vec<Id>> {
    Ok(arrivals::table
        .filter(arrivals::device.eq(word(device)))
        .filter(arrivals::at.ge(from).and(arrivals::at.lt(to)))
        .select(arrivals::op_id)
        .order(arrivals::op_id)
        .load(c)?)
}

/// Whether a device is one that work went under from here.
pub fn knows(c: &mut Db, device: Option<Id>) -> Result<bool> {
    let of = arrivals::table.filter(arrivals::device.eq(word(device)));
    let kept = receipts::table.filter(receipts::device.eq(word(device)));
    Ok(
        diesel::select(diesel::dsl::exists(of).or(diesel::dsl::exists(kept)))
            .get_result::<bool>(c)?,
    )
}

/// A receipt that was checked.
#[derive(Queryable)]
pub struct Kept {
    pub receipt: String,
    pub operations: i64,
    /// Whether it agreed with the book when it came.
    pub agreed: bool,
}

pub fn keep(c: &mut Db, day: &str, device: Option<Id>, kept: &Kept) -> Result<()> {
    diesel::replace_into(receipts::table)
        .values((
            receipts::day.eq(day),
            receipts::device.eq(word(device)),
            receipts::receipt.eq(&kept.receipt),
            receipts::operations.eq(kept.operations),
            receipts::agreed.eq(kept.agreed),
        ))
        .execute(c)?;
    Ok(())
}

/// That of a day under one device.
pub fn kept_under(c: &mut Db, day: &str, device: Option<Id>) -> Result<Option<Kept>> {
    Ok(receipts::table
        .find((day.to_owned(), word(device)))
        .select((receipts::receipt, receipts::operations, receipts::agreed))
        .first(c)
        .optional()?)
}

/// That of a day that names the most operations.
pub fn kept_of(c: &mut Db, day: &str) -> Result<Option<Kept>> {
    Ok(receipts::table
        .filter(receipts::day.eq(day.to_owned()))
        .order(receipts::operations.desc())
        .select((receipts::receipt, receipts::operations, receipts::agreed))
        .first(c)
        .optional()?)
}

/// Forgets arrivals for which no receipt is signed any more.
pub fn forget_before(c: &mut Db, before: Moment) -> Result<()> {
    diesel::delete(arrivals::table.filter(arrivals::at.lt(before))).execute(c)?;
    Ok(())
}
