//! The bare limit of postings: the same rows by prepared statements, a transaction for each entry, in the same
//! database with the same durability, and nothing else.

use std::time::Instant;

use diesel::prelude::*;

use super::support::Fixture;
use super::support::rows::AuditRow;
use qianshou::db::schema::{audit_entries, fund_entries, fund_lines};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::each_backend;
use qianshou::error::AppResult;
use qianshou::funds::ledger::model::{EntryRow, LineRow};

/// What one posting writes.
struct Rows {
    entry: EntryRow,
    lines: Vec<LineRow>,
    audit: AuditRow,
}

pub struct Sample(Vec<Rows>);

impl Sample {
    /// Of all that was booked.
    pub fn learn(c: &mut DbConn) -> Sample {
        let entries: Vec<EntryRow> = fund_entries::table
            .select(EntryRow::as_select())
            .order(fund_entries::id)
            .load(c)
            .unwrap();
        let lines: Vec<LineRow> = fund_lines::table
            .select(LineRow::as_select())
            .order((fund_lines::entry_id, fund_lines::position))
            .load(c)
            .unwrap();
        let audit: AuditRow = audit_entries::table
            .filter(audit_entries::kind.eq("fund_entry"))
            .order(audit_entries::id.desc())
            .select(AuditRow::as_select())
            .first(c)
            .unwrap();
        let mut lines = qianshou::db::groups(lines, |line| line.entry_id);
        let rows = |entry: EntryRow| Rows {
            lines: lines.remove(&entry.id).unwrap(),
            entry,
            audit: audit.clone(),
        };
        Sample(entries.into_iter().map(rows).collect())
    }

    /// Rows of one posting in words.
    pub fn describe(&self) -> String {
        let lines: usize = self.0.iter().map(|rows| rows.lines.len()).sum();
        let each = lines as f64 / self.0.len().max(1) as f64;
        format!("an entry, {each:.1} lines, an entry of the audit")
    }
}

fn store(c: &mut DbConn, rows: &Rows) -> AppResult<()> {
    let at = Micros(jiff::Timestamp::now().as_microsecond());
    let mut entry = rows.entry.clone();
    (entry.id, entry.posted_at) = (Uid::new(at), at);
    entry.voucher = format!("{} 再", entry.voucher);
    let mut lines = rows.lines.clone();
    for line in &mut lines {
        line.entry_id = entry.id;
    }
    diesel::insert_into(fund_entries::table)
        .values(&entry)
        .execute(c)?;
    each_backend!(c, |c| diesel::insert_into(fund_lines::table)
        .values(&lines)
        .execute(c))?;
    let mut audit = rows.audit.clone();
    (audit.id, audit.seq, audit.record_id) = (Uid::new(at), None, entry.id);
    if c.is_sqlite() {
        // One writer gives the numbers out.
        let seq: Option<i64> = audit_entries::table
            .select(diesel::dsl::max(audit_entries::seq))
            .first(c)?;
        audit.seq = Some(seq.unwrap_or(0) + 1);
    }
    diesel::insert_into(audit_entries::table)
        .values(&audit)
        .execute(c)?;
    Ok(())
}

/// Writes all of it once more, on as many connections as clerks booked at once; entries a second. SQLite has one writer,
/// here as there.
pub fn run(fixture: &Fixture, sample: &Sample, clerks: usize) -> f64 {
    let rows = &sample.0;
    let mut connections = vec![fixture.connect()];
    if !connections[0].is_sqlite() {
        connections.resize_with(clerks, || fixture.connect());
    }
    let lanes = connections.len();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (lane, c) in connections.iter_mut().enumerate() {
            scope.spawn(move || {
                for rows in rows.iter().skip(lane).step_by(lanes) {
                    qianshou::db::transact(c, |c| store(c, rows)).unwrap();
                }
            });
        }
    });
    rows.len() as f64 / began.elapsed().as_secs_f64()
}
