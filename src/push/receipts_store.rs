//! All SQL of what earlier tries left behind for the next one, and of how long tries are remembered.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::DeliveryState;
use crate::db::schema::delivery_receipts;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// A provider that knows a message again by what it was asked under does so for a day (JPush); a try late in
/// that day could end after it.
const KNOWN_FOR: i64 = 20 * Micros::HOUR;
/// Rows of one look: the tries of a full batch that waits since hours.
const MOST: i64 = 5_000;
/// Removed in one write.
const FORGOTTEN: i64 = 1_000;

/// Forgets tries of before this instant, the oldest first; true when there may be more.
pub fn forget(c: &mut DbConn, before: Micros) -> AppResult<bool> {
    // Ids begin with the time they were made at.
    let old: Vec<Uid> = delivery_receipts::table
        .filter(delivery_receipts::id.lt(Uid::least_of(before)))
        .select(delivery_receipts::id)
        .order(delivery_receipts::id)
        .limit(FORGOTTEN)
        .load(c)?;
    let found = old.len() as i64;
    if found > 0 {
        diesel::delete(delivery_receipts::table.filter(delivery_receipts::id.eq_any(old)))
            .execute(c)?;
    }
    Ok(found == FORGOTTEN)
}

/// For each of these deliveries the reference of its newest failed try, unless it is in use for too long.
pub(super) fn left_references(
    c: &mut DbConn,
    deliveries: &[Uid],
    now: Micros,
) -> AppResult<HashMap<Uid, String>> {
    if deliveries.is_empty() {
        return Ok(HashMap::new());
    }
    let tries: Vec<(Uid, Option<String>, Micros)> = delivery_receipts::table
        .filter(delivery_receipts::delivery_id.eq_any(deliveries.to_vec()))
        .filter(delivery_receipts::outcome.eq(DeliveryState::Retry.as_str()))
        .filter(delivery_receipts::provider_message.is_not_null())
        .select((
            delivery_receipts::delivery_id,
            delivery_receipts::provider_message,
            delivery_receipts::at,
        ))
        .order(delivery_receipts::at.desc())
        .limit(MOST)
        .load(c)?;
    Ok(newest(tries, now))
}

/// Of tries from the newest to the oldest: the newest reference of each, by the age of its oldest use.
fn newest(tries: Vec<(Uid, Option<String>, Micros)>, now: Micros) -> HashMap<Uid, String> {
    let mut found: HashMap<Uid, (String, Micros)> = HashMap::new();
    for (delivery, reference, at) in tries {
        let Some(reference) = reference else { continue };
        let (known, since) = found
            .entry(delivery)
            .or_insert_with(|| (reference.clone(), at));
        if *known == reference {
            *since = at;
        }
    }
    found
        .into_iter()
        .filter(|(_, (_, since))| now.0 - since.0 < KNOWN_FOR)
        .map(|(delivery, (reference, _))| (delivery, reference))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64, id: Uid, reference: &str) -> (Uid, Option<String>, Micros) {
        (id, Some(reference.to_owned()), Micros(hours * Micros::HOUR))
    }

    #[test]
    fn the_newest_reference_counts_from_its_first_use() {
        let (one, two) = (Uid::new(Micros(1)), Uid::new(Micros(2)));
        let now = Micros(40 * Micros::HOUR);
        // Used at 15 and 30 hours: older than a day's memory allows by now.
        let worn = vec![at(30, one, "a"), at(15, one, "a")];
        assert!(newest(worn, now).is_empty());
        let replaced = vec![at(39, one, "b"), at(15, one, "a"), at(30, two, "c")];
        let found = newest(replaced, now);
        assert_eq!(found.get(&one).map(String::as_str), Some("b"));
        assert_eq!(found.get(&two).map(String::as_str), Some("c"));
    }
}
