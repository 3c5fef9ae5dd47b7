//! All SQL of how much the members of a channel are sent at their accounts there, and how much more they may be.
//!
//! WeCom takes thirty messages a minute and a thousand an hour of an app for each member, and drops what is more
//! without a word. So it is counted here, in the database, where every worker counts together and a restart forgets
//! nothing: what was accepted lately, and what is on its way. A little is left for tries of which nobody heard back.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashMap;

use super::candidates_store::Loaded;
use super::phones_store;
use crate::db::schema::deliveries;
use crate::db::together::column;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;

/// What was sent to an account or is being sent, as its partial index names it.
pub const SENT: &str = "provider = 'wecom' AND state IN ('leased','accepted')";

/// So many messages within so long for one account, and how long one more waits.
const LIMITS: [(i64, i64, i64); 2] = [
    (27, Micros::MINUTE, Micros::MINUTE),
    (950, Micros::HOUR, 5 * Micros::MINUTE),
];

/// Says of each delivery that is due until when its account was sent enough, if it was.
pub(super) fn pace(c: &mut DbConn, loaded: &mut [Loaded], now: Micros) -> AppResult<()> {
    let going = |l: &&mut Loaded| l.candidate.due && l.candidate.moot.is_none();
    let mut accounts: Vec<Uid> = column(loaded, |l| l.candidate.device);
    accounts.sort_unstable();
    accounts.dedup();
    // Whoever counts holds their rows: another worker's leases are seen here, and ours there. With those at which
    // these people's day is counted, which are asked for next: all at once, in one order.
    let people = phones_store::accounts(c, column(loaded, |l| l.candidate.user))?;
    let rows: Vec<Uid> = accounts.iter().chain(people.values()).copied().collect();
    phones_store::locked(c, &rows, Day(now.china_day()))?;
    let mut left: Vec<HashMap<Uid, i64>> = Vec::new();
    for (most, within, _) in LIMITS {
        let sent = sent_since(c, &accounts, now.plus(-within))?;
        let of = |account: &Uid| most - sent.get(account).copied().unwrap_or(0);
        left.push(accounts.iter().map(|a| (*a, of(a))).collect());
    }
    for l in loaded.iter_mut().filter(going) {
        let account = l.candidate.device;
        let spent = LIMITS.iter().zip(&left).filter(|(_, left)| {
            let left = left.get(&account).copied().unwrap_or(0);
            left <= 0
        });
        let wait = spent.map(|((_, _, wait), _)| *wait).max();
        l.candidate.paced = wait.map(|wait| now.plus(wait));
        if wait.is_none() {
            for left in &mut left {
                if let Some(left) = left.get_mut(&account) {
                    *left -= 1;
                }
            }
        }
    }
    Ok(())
}

/// How many messages each of these accounts was sent since then, with those that are on their way.
fn sent_since(c: &mut DbConn, accounts: &[Uid], since: Micros) -> AppResult<HashMap<Uid, i64>> {
    Ok(deliveries::table
        .filter(deliveries::device_id.eq_any(accounts.to_vec()))
        .filter(diesel::dsl::sql::<Bool>(SENT))
        .filter(
            deliveries::accepted_at
                .is_null()
                .or(deliveries::accepted_at.gt(since.0)),
        )
        .group_by(deliveries::device_id)
        .select((deliveries::device_id, diesel::dsl::count_star()))
        .load(c)?
        .into_iter()
        .collect())
}
