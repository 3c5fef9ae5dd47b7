//! The audit's hash chain: each seal covers the entries since the one before.

use aws_lc_rs::digest;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::schema::{audit_entries, audit_seals};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Entries that one seal covers at most.
const BATCH: i64 = 5_000;

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Nullable<UidSql>)]
    actor_id: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    device_id: Option<Uid>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = UidSql)]
    record_id: Uid,
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    area_id: Option<Uid>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Text)]
    facts: String,
    #[diesel(sql_type = Text)]
    request_id: String,
}

fn entries(c: &mut DbConn, after: i64, to: i64) -> AppResult<Vec<Sealed>> {
    Ok(diesel::sql_query(
        "SELECT seq, id, at, actor_id, device_id, role, action, kind, record_id, county, town, village, \
         area_id, reason, facts, request_id FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq",
    )
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(to)
    .load(c)?)
}

fn chain(before: &[u8], entries: &[Sealed]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before);
    for e in entries {
        let line = serde_json::json!([
            e.seq,
            e.id,
            e.at,
            e.actor_id,
            e.device_id,
            e.role,
            e.action,
            e.kind,
            e.record_id,
            e.county,
            e.town,
            e.village,
            e.area_id,
            e.reason,
            e.facts,
            e.request_id
        ]);
        context.update(line.to_string().as_bytes());
    }
    context.finish().as_ref().to_vec()
}

/// Seals what is numbered and not yet sealed; true when there may be more.
pub fn seal(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let last: Option<(i64, Vec<u8>)> = audit_seals::table
        .order(audit_seals::last_seq.desc())
        .select((audit_seals::last_seq, audit_seals::hash))
        .first(c)
        .optional()?;
    let (from, before) = last.unwrap_or((0, Vec::new()));
    let newest: Option<i64> = audit_entries::table
        .select(diesel::dsl::max(audit_entries::seq))
        .first(c)?;
    let to = newest.unwrap_or(0).min(from + BATCH);
    if to <= from {
        return Ok(false);
    }
    let entries = entries(c, from, to)?;
    let hash = chain(&before, &entries);
    diesel::insert_into(audit_seals::table)
        .values((
            audit_seals::last_seq.eq(to),
            audit_seals::first_seq.eq(from + 1),
            audit_seals::at.eq(now.0),
            audit_seals::hash.eq(hash),
        ))
        .execute(c)?;
    Ok(newest.unwrap_or(0) > to)
}

/// Walks the chain again; the error names the first seal that does not fit.
pub fn verify(c: &mut DbConn) -> AppResult<Result<usize, i64>> {
    let seals: Vec<(i64, Vec<u8>)> = audit_seals::table
        .order(audit_seals::last_seq)
        .select((audit_seals::last_seq, audit_seals::hash))
        .load(c)?;
    let (mut from, mut before) = (0, Vec::new());
    for (to, hash) in &seals {
        if chain(&before, &entries(c, from, *to)?) != *hash {
            return Ok(Err(*to));
        }
        (from, before) = (*to, hash.clone());
    }
    Ok(Ok(seals.len()))
}
