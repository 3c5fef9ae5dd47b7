//! All SQL of leasing what is due from the outbox, and of ending what nobody sent in time.
//!
//! Whoever leases a delivery raises its fence; only the holder of the newest fence can end it. A worker
//! that stood still past its lease therefore cannot undo what another one did meanwhile.
//!
//! What is claimed is asked whose turn it is (`turn`) in the same transaction: what need not go out ends or waits
//! at once, and only what is to be sent is leased. A delivery that waits for the end of quiet hours is so
//! touched once a night, however many there are.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use std::collections::{BTreeMap, HashMap};

use super::candidates_store::{self as candidates, Loaded, NO_LIVE_TOKEN};
use super::fate::pauses;
use super::manners::{House, Manners};
use super::members_store as members;
use super::model::{DeliveryState, Lane};
use super::phones_store as phones;
use super::standing_store::{Standing, holds, probed, standing};
use super::turn::{self, Candidate, Turn};
use crate::auth::model::PushProvider;
use crate::auth::push_tokens_store;
use crate::db::schema::deliveries;
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid, indexed};
use crate::error::AppResult;
use crate::notifications::model::NotificationKind;
use crate::prepared;

/// The states in which a delivery is still to be sent, as the partial indexes of the outbox name them. SQLite makes a
/// table of three words in `IN` each time that a row is put into such an index, and none of words joined by `OR`.
pub fn open_sql(sqlite: bool) -> &'static str {
    match sqlite {
        true => "(state = 'pending' OR state = 'leased' OR state = 'retry')",
        false => "state IN ('pending','leased','retry')",
    }
}
/// What waits and is held by nobody, as the partial index by phone names it.
pub const WAITING: &str = "state IN ('pending','retry')";
/// What may become one push with another one to the same phone.
pub const BESIDE: &str = "lane = 1 AND state IN ('pending','retry')";
/// Beside those that are due, at the most.
const MOST_BESIDE: i64 = 500;

/// Who leases, what and until when.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub provider: PushProvider,
    pub worker: Uid,
    pub now: Micros,
    pub until: Micros,
    pub limit: i64,
    pub house: House,
}

/// A delivery of which this worker holds the lease, with all that sending it takes.
#[derive(Debug, Clone)]
pub struct Leased {
    pub id: Uid,
    pub fence: i64,
    /// Tries before this one.
    pub attempts: i64,
    pub lane: Lane,
    pub expires_at: Micros,
    pub notification: Uid,
    pub kind: NotificationKind,
    pub title: String,
    pub unread: i64,
    /// How many notifications it tells of.
    pub announces: i64,
    /// The day on which it counts against its phone's cap.
    pub counted_on: Option<Day>,
    pub device: Uid,
    /// Sealed; absent where no push can reach the phone any more.
    pub token: Option<Vec<u8>>,
    pub token_index: Option<Vec<u8>>,
    /// What an earlier try of the last hours left as its reference.
    pub reference: Option<String>,
}

/// What a worker finds when it looks.
#[derive(Debug)]
pub enum Found {
    /// Leased to it; none when nothing is due.
    Due(Vec<Leased>),
    /// Nothing of what was due is to be sent; there may be more.
    Again,
    /// The provider refuses us, or asks all of us to wait: not before this instant.
    Stopped(Micros),
}

#[derive(QueryableByName)]
pub(super) struct Id {
    #[diesel(sql_type = UidSql)]
    pub(super) id: Uid,
}

/// Leases what is due, the urgent lane first. While the provider is stopped, one delivery at a time probes it.
pub fn lease(c: &mut DbConn, lease: &Lease) -> AppResult<Found> {
    let standing = standing(c, lease.provider)?;
    if let Some(until) = standing.as_ref().and_then(|s| s.held_until)
        && holds(until, lease.now)
    {
        return Ok(Found::Stopped(until));
    }
    let stopped = standing.filter(Standing::stopped);
    if let Some(retry_at) = stopped.as_ref().and_then(|s| s.retry_at)
        && pauses(retry_at, lease.now)
    {
        return Ok(Found::Stopped(retry_at));
    }
    let limit = if stopped.is_some() { 1 } else { lease.limit };
    indexed(c)?;
    let mut due: Vec<Uid> = Vec::new();
    for lane in Lane::ALL {
        let left = limit - due.len() as i64;
        if left <= 0 {
            break;
        }
        due.extend(claim(c, lease, lane, left)?);
    }
    if due.is_empty() {
        return Ok(Found::Due(Vec::new()));
    }
    let mut loaded = candidates::load(c, &due, true, lease.now)?;
    look_again(c, lease, &mut loaded)?;
    if lease.provider == PushProvider::WeCom {
        members::pace(c, &mut loaded, lease.now)?;
    }
    let beside = beside(c, lease, &loaded)?;
    loaded.extend(candidates::load(c, &beside, false, lease.now)?);
    let turns = decide(c, lease, &loaded)?;
    let leased = write(c, lease, loaded, &turns)?;
    if leased.is_empty() {
        return Ok(Found::Again);
    }
    if let Some(stopped) = stopped {
        probed(c, lease.provider, &stopped, lease.now)?;
    }
    Ok(Found::Due(leased))
}

/// What is due in a lane, in the order in which it became due. `$1` provider, `$2` lane, `$3` now, `$4` limit.
pub fn due_sql(sqlite: bool) -> String {
    format!(
        "SELECT id FROM deliveries WHERE provider = $1 AND lane = $2 AND next_at <= $3 AND {} \
         ORDER BY next_at LIMIT $4 {}",
        open_sql(sqlite),
        skip(sqlite)
    )
}

/// SQLite has one writer; PostgreSQL's workers step over what others are claiming.
fn skip(sqlite: bool) -> &'static str {
    match sqlite {
        true => "",
        false => "FOR UPDATE SKIP LOCKED",
    }
}

fn claim(c: &mut DbConn, lease: &Lease, lane: Lane, limit: i64) -> AppResult<Vec<Uid>> {
    let rows: Vec<Id> = diesel::sql_query(due_sql(c.is_sqlite()))
        .bind::<Text, _>(lease.provider.as_str())
        .bind::<BigInt, _>(lane.ordinal())
        .bind::<BigInt, _>(lease.now.0)
        .bind::<BigInt, _>(limit)
        .load(c)?;
    Ok(rows.into_iter().map(|r| r.id).collect())
}

/// Phones that no token reaches are looked at once more, locked: an app that brings one at this moment is waited for,
/// and what waits for its phone is sent.
fn look_again(c: &mut DbConn, lease: &Lease, loaded: &mut [Loaded]) -> AppResult<()> {
    let silent = loaded
        .iter()
        .map(|l| &l.candidate)
        .filter(|c| c.moot == Some(NO_LIVE_TOKEN));
    let (ids, phones): (Vec<Uid>, Vec<Uid>) = silent.map(|c| (c.id, c.device)).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    push_tokens_store::locked_tokens(c, phones)?;
    for found in candidates::load(c, &ids, true, lease.now)? {
        let same = |l: &&mut Loaded| l.candidate.id == found.candidate.id;
        if let Some(known) = loaded.iter_mut().find(same) {
            *known = found;
        }
    }
    Ok(())
}

/// What waits for the same phones as the routine pushes that are due, and is due itself within the window.
fn beside(c: &mut DbConn, lease: &Lease, due: &[Loaded]) -> AppResult<Vec<Uid>> {
    let phones: Vec<Uid> = due
        .iter()
        .filter(|l| l.candidate.lane == Lane::Routine && l.candidate.moot.is_none())
        .map(|l| l.candidate.device)
        .collect();
    if phones.is_empty() || lease.house.window == 0 {
        return Ok(Vec::new());
    }
    let query = deliveries::table
        .filter(deliveries::device_id.eq_any(phones))
        .filter(diesel::dsl::sql::<Bool>(BESIDE))
        .filter(deliveries::next_at.le(lease.now.0 + lease.house.window))
        .filter(deliveries::provider.eq(lease.provider))
        .select(deliveries::id)
        .order((deliveries::device_id, deliveries::next_at))
        .limit(MOST_BESIDE + due.len() as i64);
    let found: Vec<Uid> = match c {
        DbConn::Pg(c) => query.for_update().skip_locked().load(c)?,
        DbConn::Sqlite(c) => query.load(c)?,
    };
    let claimed = |id: &Uid| due.iter().any(|l| l.candidate.id == *id);
    Ok(found.into_iter().filter(|id| !claimed(id)).collect())
}

/// Asks whose turn it is, and counts what goes out where it is counted.
fn decide(c: &mut DbConn, lease: &Lease, loaded: &[Loaded]) -> AppResult<Vec<Turn>> {
    let house = &lease.house;
    let manners: HashMap<Uid, Manners> = loaded
        .iter()
        .filter_map(|l| Some((l.candidate.user, house.of(Some(l.own.clone()?)))))
        .collect();
    let usual = house.of(None);
    let of = |user: Uid| manners.get(&user).unwrap_or(&usual);
    // A cap of one's own counts where the house has none; what is urgent is never counted.
    let capped = house.daily > 0
        || house.campaigns > 0
        || house.window > 0
        || manners.values().any(|m| m.daily > 0);
    let counts = capped
        && loaded
            .iter()
            .any(|l| l.candidate.lane != Lane::Urgent && l.candidate.moot.is_none());
    let mut sent = HashMap::new();
    let mut all: Vec<Candidate> = column(loaded, |l| l.candidate.clone());
    if counts {
        let accounts = phones::accounts(c, column(loaded, |l| l.candidate.user))?;
        for c in &mut all {
            c.account = accounts.get(&c.user).copied().unwrap_or(c.device);
        }
        let phones: Vec<Uid> = all
            .iter()
            .filter(|c| c.lane != Lane::Urgent && c.moot.is_none())
            .filter(|c| of(c.user).wakes(c.user, lease.now).is_none())
            .flat_map(|c| [c.device, c.account])
            .collect();
        sent = phones::locked(c, &phones, usual.day(lease.now))?;
        // Only now: whoever counted one of these a moment before held its receiver's row.
        let notifications = column(&all, |c| c.notification);
        let counted = phones::counted(c, notifications)?;
        for c in &mut all {
            let by = counted.get(&c.notification);
            c.told = by.is_some_and(|deliveries| deliveries.iter().any(|id| *id != c.id));
        }
    }
    let before = sent.clone();
    let turns = turn::turns(&all, &manners, &mut sent, house, lease.now);
    if counts {
        let mut changed: Vec<(Uid, turn::Sent)> = sent
            .into_iter()
            .filter(|(device, now)| before.get(device) != Some(now))
            .collect();
        changed.sort_unstable_by_key(|(device, _)| *device);
        phones::put(c, &changed)?;
    }
    Ok(turns)
}

/// Stores what was decided; answers what is to be sent.
fn write(
    c: &mut DbConn,
    lease: &Lease,
    loaded: Vec<Loaded>,
    turns: &[Turn],
) -> AppResult<Vec<Leased>> {
    let mut sends: BTreeMap<(i64, Option<Day>, bool), Vec<Uid>> = BTreeMap::new();
    let mut ends: BTreeMap<(DeliveryState, &str), Vec<Uid>> = BTreeMap::new();
    let mut holds: Vec<(Uid, Micros, &'static str)> = Vec::new();
    let mut leased = Vec::new();
    for (l, turn) in loaded.into_iter().zip(turns) {
        let id = l.candidate.id;
        match *turn {
            Turn::Send {
                announces,
                counted_on,
            } => {
                let lost = l.lease_was_lost();
                sends
                    .entry((announces, counted_on, lost))
                    .or_default()
                    .push(id);
                leased.push(l.leased(announces, counted_on));
            }
            Turn::Suppress(why) => ends
                .entry((DeliveryState::Suppressed, why))
                .or_default()
                .push(id),
            Turn::Expire => ends
                .entry((DeliveryState::Expired, "expired"))
                .or_default()
                .push(id),
            Turn::Hold(until, why) => holds.push((id, until, why)),
            Turn::Leave => {}
        }
    }
    for ((announces, counted_on, lost), ids) in sends {
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
            .set((
                deliveries::state.eq(DeliveryState::Leased),
                deliveries::lease_until.eq(Some(lease.until.0)),
                deliveries::next_at.eq(lease.until.0),
                deliveries::leased_by.eq(Some(lease.worker)),
                deliveries::fence.eq(deliveries::fence + 1),
                deliveries::lost_leases.eq(deliveries::lost_leases + i64::from(lost)),
                deliveries::announces.eq(announces),
                deliveries::counted_on.eq(counted_on),
                deliveries::updated_at.eq(lease.now.0),
            ))
            .execute(c)?;
    }
    let mut pointless: Vec<Uid> = Vec::new();
    for ((state, why), ids) in ends {
        // What became one push with others is counted with them.
        if why != turn::DIGEST {
            pointless.extend(&ids);
        }
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
            .set((
                deliveries::state.eq(state),
                deliveries::last_code.eq(why),
                deliveries::lease_until.eq(None::<i64>),
                deliveries::leased_by.eq(None::<Uid>),
                deliveries::fence.eq(deliveries::fence + 1),
                deliveries::updated_at.eq(lease.now.0),
            ))
            .execute(c)?;
    }
    hold(c, &holds, lease.now)?;
    phones::give_back(c, &pointless)?;
    Ok(leased)
}

prepared! {
    /// One that waits on.
    struct HeldRow<'a> {
        "UPDATE deliveries SET state = CASE WHEN attempts > 0 THEN 'retry' ELSE 'pending' END, \
         lease_until = NULL, leased_by = NULL, fence = fence + 1, next_at = " next_at: BigInt as i64,
        ", last_code = " code: Text as &'a str,
        ", updated_at = " now: BigInt as i64,
        " WHERE id = " id: UidSql as Uid;
        ""
    }
}

/// They wait on, each until its own instant.
fn hold(c: &mut DbConn, holds: &[(Uid, Micros, &'static str)], now: Micros) -> AppResult<()> {
    match c {
        DbConn::Pg(c) if !holds.is_empty() => {
            diesel::sql_query(
                "UPDATE deliveries SET state = CASE WHEN attempts > 0 THEN 'retry' ELSE 'pending' END, \
                 lease_until = NULL, leased_by = NULL, fence = fence + 1, next_at = v.next_at, last_code = v.code, \
                 updated_at = $4 FROM unnest($1, $2, $3) AS v(id, next_at, code) WHERE deliveries.id = v.id",
            )
            .bind::<Array<UidSql>, _>(column(holds, |h| h.0))
            .bind::<Array<BigInt>, _>(column(holds, |h| h.1.0))
            .bind::<Array<Text>, _>(column(holds, |h| h.2))
            .bind::<BigInt, _>(now.0)
            .execute(c)?;
        }
        DbConn::Pg(_) => {}
        DbConn::Sqlite(c) => {
            for (id, until, why) in holds {
                HeldRow {
                    next_at: until.0,
                    code: why,
                    now: now.0,
                    id: *id,
                }
                .execute(c)?;
            }
        }
    }
    Ok(())
}

/// What is too late, oldest first. `$1` now, `$2` limit. A lease that runs is its holder's to end: its `next_at`
/// lies ahead.
pub fn late_sql(sqlite: bool) -> String {
    format!(
        "SELECT id FROM deliveries WHERE expires_at <= $1 AND {} AND (state <> 'leased' OR next_at <= $1) \
         ORDER BY expires_at LIMIT $2 {}",
        open_sql(sqlite),
        skip(sqlite)
    )
}

/// Ends what nobody sent in time, whoever its provider is; true when there may be more.
pub fn expire(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    const BATCH: i64 = 1_000;
    let sql = format!(
        "WITH late AS MATERIALIZED ({}) \
         UPDATE deliveries SET state = 'expired', last_code = COALESCE(last_code, 'expired'), lease_until = NULL, \
         leased_by = NULL, fence = fence + 1, updated_at = $1 FROM late WHERE deliveries.id = late.id \
         RETURNING deliveries.id",
        late_sql(c.is_sqlite())
    );
    let ended: Vec<Id> = diesel::sql_query(sql)
        .bind::<BigInt, _>(now.0)
        .bind::<BigInt, _>(BATCH)
        .load(c)?;
    let ended: Vec<Uid> = ended.into_iter().map(|row| row.id).collect();
    phones::give_back(c, &ended)?;
    Ok(ended.len() as i64 == BATCH)
}
