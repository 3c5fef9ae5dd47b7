//! The audit's hash chain: each seal covers the entries since the one before.
//!
//! Beside its hash a seal keeps a short digest of each entry. The hash is what counts; the digests
//! only tell which entry it is that does not fit (`verify`).

use aws_lc_rs::digest;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::db::schema::{audit_entries, audit_seals};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Entries that one seal covers at most.
const BATCH: i64 = 5_000;
/// Entries that are held in memory at once.
const PART: i64 = 1_000;

/// Who seals, or removes what was sealed, does it alone.
pub(super) fn lock(c: &mut DbConn) -> AppResult<()> {
    if let DbConn::Pg(c) = c {
        use diesel::connection::SimpleConnection;
        c.batch_execute("SELECT pg_advisory_xact_lock(7237043)")?;
    }
    Ok(())
}

#[derive(QueryableByName)]
pub(super) struct Sealed {
    #[diesel(sql_type = BigInt)]
    pub(super) seq: i64,
    #[diesel(sql_type = UidSql)]
    pub(super) id: Uid,
    #[diesel(sql_type = BigInt)]
    pub(super) at: i64,
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

/// An entry's short digest, beside its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) seq: i64,
    digest: [u8; Leaf::DIGEST],
}

impl Leaf {
    const DIGEST: usize = 8;

    fn of(seq: i64, line: &[u8]) -> Leaf {
        let mut digest = [0; Leaf::DIGEST];
        let whole = digest::digest(&digest::SHA256, line);
        digest.copy_from_slice(&whole.as_ref()[..Leaf::DIGEST]);
        Leaf { seq, digest }
    }

    fn put(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.seq.to_be_bytes());
        into.extend_from_slice(&self.digest);
    }

    /// Those that a seal keeps; none for one of a time before they were kept.
    pub(super) fn read(bytes: &[u8]) -> Vec<Leaf> {
        let (leaves, _) = bytes.as_chunks::<{ 8 + Leaf::DIGEST }>();
        let read = |leaf: &[u8; 8 + Leaf::DIGEST]| {
            let (mut seq, mut digest) = ([0; 8], [0; Leaf::DIGEST]);
            seq.copy_from_slice(&leaf[..8]);
            digest.copy_from_slice(&leaf[8..]);
            Leaf {
                seq: i64::from_be_bytes(seq),
                digest,
            }
        };
        leaves.iter().map(read).collect()
    }
}

/// Goes through the entries after one number up to another, a part at a time, and answers the hash that
/// a seal over them has. `see` is shown each entry with its digest.
pub(super) fn chain(
    c: &mut DbConn,
    before: &[u8],
    (after, to): (i64, i64),
    mut see: impl FnMut(&Sealed, Leaf),
) -> AppResult<Vec<u8>> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before);
    let mut after = after;
    loop {
        let part = entries(c, after, to)?;
        for e in &part {
            let line = line(e);
            context.update(line.as_bytes());
            see(e, Leaf::of(e.seq, line.as_bytes()));
        }
        match part.last() {
            Some(last) if part.len() as i64 == PART => after = last.seq,
            _ => return Ok(context.finish().as_ref().to_vec()),
        }
    }
}

fn entries(c: &mut DbConn, after: i64, to: i64) -> AppResult<Vec<Sealed>> {
    Ok(diesel::sql_query(
        "SELECT seq, id, at, actor_id, device_id, role, action, kind, record_id, county, town, village, \
         area_id, reason, facts, request_id FROM audit_entries WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
    )
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(to)
    .bind::<BigInt, _>(PART)
    .load(c)?)
}

/// Everything that an entry says.
fn line(e: &Sealed) -> String {
    serde_json::json!([
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
    ])
    .to_string()
}

/// Seals what is numbered and not yet sealed; true when there may be more.
pub fn seal(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    lock(c)?;
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
    let mut leaves = Vec::new();
    let hash = chain(c, &before, (from, to), |_, leaf| leaf.put(&mut leaves))?;
    diesel::insert_into(audit_seals::table)
        .values((
            audit_seals::last_seq.eq(to),
            audit_seals::first_seq.eq(from + 1),
            audit_seals::at.eq(now.0),
            audit_seals::hash.eq(hash),
            audit_seals::leaf_hash.eq(leaves),
        ))
        .execute(c)?;
    Ok(newest.unwrap_or(0) > to)
}
