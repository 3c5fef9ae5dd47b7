//! Which work arrived when, and the receipts for it. Ids and times alone: it stays when the records go.

use diesel::prelude::*;

use super::super::clock::Moment;
use super::super::error::Result;
use super::{Db, Id};

diesel::table! {
    arrivals (op_id) {
        op_id -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    receipts (day) {
        day -> Text,
        receipt -> Text,
    }
}

/// Notes when an operation arrived, by the server's clock. After a restore it arrives once more.
pub fn note(c: &mut Db, op_id: Id, at: Moment) -> Result<()> {
    diesel::replace_into(arrivals::table)
        .values((arrivals::op_id.eq(op_id), arrivals::at.eq(at)))
        .execute(c)?;
    Ok(())
}

/// What arrived from then until before then, in ascending order.
pub fn arrived(c: &mut Db, from: Moment, to: Moment) -> Result<Vec<Id>> {
    Ok(arrivals::table
        .filter(arrivals::at.ge(from).and(arrivals::at.lt(to)))
        .select(arrivals::op_id)
        .order(arrivals::op_id)
        .load(c)?)
}

pub fn keep(c: &mut Db, day: &str, receipt: &str) -> Result<()> {
    diesel::replace_into(receipts::table)
        .values((receipts::day.eq(day), receipts::receipt.eq(receipt)))
        .execute(c)?;
    Ok(())
}

pub fn receipt_of(c: &mut Db, day: &str) -> Result<Option<String>> {
    Ok(receipts::table
        .find(day)
        .select(receipts::receipt)
        .first(c)
        .optional()?)
}

/// Forgets arrivals for which no receipt is signed any more.
pub fn forget_before(c: &mut Db, before: Moment) -> Result<()> {
    diesel::delete(arrivals::table.filter(arrivals::at.lt(before))).execute(c)?;
    Ok(())
}
