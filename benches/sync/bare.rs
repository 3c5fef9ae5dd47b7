//! The bare limit of a push: the same rows by prepared statements, a transaction for as many operations as a
//! push has, in the same database with the same durability, and nothing else.
//!
//! Which rows, and how many of each table, is learnt from what the server wrote for such operations.

use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::support::rows::AuditRow;
use qianshou::db::schema::{
    audit_entries, changes, consents, persons, residence_episodes, residents, sync_operations,
    visit_opinions, visits,
};
use qianshou::db::types::Micros;
use qianshou::db::{DbConn, Uid};
use qianshou::each_backend;
use qianshou::error::AppResult;
use qianshou::people::model::{ConsentRow, PersonRow};
use qianshou::residents::model::{EpisodeRow, ResidentRow};
use qianshou::sync::model::OperationRow;
use qianshou::visits::model::{OpinionRow, VisitRow};

use super::support::Fixture;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct ChangeRow {
    pos: Option<i64>,
    kind: String,
    record_id: Uid,
    audience: Uid,
    op: String,
    version: i64,
    view: String,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    assignee: Option<Uid>,
    at: i64,
}

/// Rows of one transaction.
#[derive(Clone, Default)]
struct Rows {
    persons: Vec<PersonRow>,
    residents: Vec<ResidentRow>,
    episodes: Vec<EpisodeRow>,
    consents: Vec<ConsentRow>,
    visits: Vec<VisitRow>,
    opinions: Vec<OpinionRow>,
    audits: Vec<AuditRow>,
    changes: Vec<ChangeRow>,
    operations: Vec<OperationRow>,
}

/// What the server writes for one push.
pub struct Sample(Rows);

fn now() -> Micros {
    Micros(jiff::Timestamp::now().as_microsecond())
}

impl Sample {
    /// Of a database in which nothing was done but these pushes.
    pub fn learn(c: &mut DbConn, pushes: usize) -> Sample {
        // An average push: of each table a share of its rows.
        macro_rules! share {
            ($table:ident, $row:ty) => {{
                let rows: Vec<$row> = $table::table.select(<$row>::as_select()).load(c).unwrap();
                let count = rows.len() / pushes;
                rows.into_iter().take(count).collect()
            }};
        }
        Sample(Rows {
            persons: share!(persons, PersonRow),
            residents: share!(residents, ResidentRow),
            episodes: share!(residence_episodes, EpisodeRow),
            consents: share!(consents, ConsentRow),
            visits: share!(visits, VisitRow),
            opinions: share!(visit_opinions, OpinionRow),
            audits: share!(audit_entries, AuditRow),
            changes: share!(changes, ChangeRow),
            operations: share!(sync_operations, OperationRow),
        })
    }

    /// Rows of one push in words.
    pub fn describe(&self) -> String {
        let r = &self.0;
        let all = [
            ("persons", r.persons.len()),
            ("residents", r.residents.len()),
            ("stays", r.episodes.len()),
            ("consents", r.consents.len()),
            ("visits", r.visits.len()),
            ("opinions", r.opinions.len()),
            ("audit", r.audits.len()),
            ("feed", r.changes.len()),
            ("operations", r.operations.len()),
        ];
        let total: usize = all.iter().map(|(_, n)| n).sum();
        let words: Vec<String> = all
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        format!("{total} ({})", words.join(", "))
    }

    /// The same rows once more, as other records.
    fn anew(&self) -> Rows {
        let at = now();
        let mut rows = self.0.clone();
        for (i, person) in rows.persons.iter_mut().enumerate() {
            person.id = Uid::new(at);
            if let Some(resident) = rows.residents.get_mut(i) {
                (resident.id, resident.person_id) = (Uid::new(at), person.id);
                if let Some(stay) = rows.episodes.get_mut(i) {
                    stay.id = Uid::new(at);
                    (stay.resident_id, stay.person_id) = (resident.id, person.id);
                }
            }
            if let Some(consent) = rows.consents.get_mut(i) {
                (consent.id, consent.person_id) = (Uid::new(at), person.id);
            }
        }
        for (i, visit) in rows.visits.iter_mut().enumerate() {
            visit.id = Uid::new(at);
            if let Some(opinion) = rows.opinions.get_mut(i) {
                (opinion.id, opinion.visit_id) = (Uid::new(at), visit.id);
            }
        }
        for row in &mut rows.audits {
            (row.id, row.record_id, row.seq) = (Uid::new(at), Uid::new(at), None);
        }
        for row in &mut rows.changes {
            (row.record_id, row.pos) = (Uid::new(at), None);
        }
        for row in &mut rows.operations {
            (row.op_id, row.record_id) = (Uid::new(at), Uid::new(at));
        }
        rows
    }
}

fn store(c: &mut DbConn, rows: &mut Rows) -> AppResult<()> {
    if c.is_sqlite() {
        // One writer gives the numbers out.
        let seq: Option<i64> = audit_entries::table
            .select(diesel::dsl::max(audit_entries::seq))
            .first(c)?;
        for (row, seq) in rows.audits.iter_mut().zip(seq.unwrap_or(0) + 1..) {
            row.seq = Some(seq);
        }
        let pos: Option<i64> = changes::table
            .select(diesel::dsl::max(changes::pos))
            .first(c)?;
        for (row, pos) in rows.changes.iter_mut().zip(pos.unwrap_or(0) + 1..) {
            row.pos = Some(pos);
        }
    }
    macro_rules! insert {
        ($table:ident, $rows:expr) => {
            each_backend!(c, |c| {
                for row in &$rows {
                    diesel::insert_into($table::table).values(row).execute(c)?;
                }
            })
        };
    }
    insert!(persons, rows.persons);
    insert!(residents, rows.residents);
    insert!(residence_episodes, rows.episodes);
    insert!(consents, rows.consents);
    insert!(visits, rows.visits);
    insert!(visit_opinions, rows.opinions);
    insert!(audit_entries, rows.audits);
    insert!(changes, rows.changes);
    insert!(sync_operations, rows.operations);
    Ok(())
}

/// Stores so many pushes, on as many connections as the server writes with. The rows are made before the
/// clock runs.
pub fn run(fixture: &Fixture, sample: &Sample, pushes: usize, connections: usize) -> Duration {
    let connections = connections.min(pushes);
    let mut work: Vec<(DbConn, Vec<Rows>)> = (0..connections)
        .map(|n| {
            let share = (pushes + n) / connections;
            let mut c = fixture.connect();
            // Statements are prepared before the clock runs, too, as the server's are.
            let warm = qianshou::db::transact(&mut c, |c| store(c, &mut sample.anew()));
            warm.unwrap();
            (c, (0..share).map(|_| sample.anew()).collect())
        })
        .collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (c, pushes) in &mut work {
            scope.spawn(move || {
                for rows in pushes {
                    qianshou::db::transact(c, |c| store(c, rows)).unwrap();
                }
            });
        }
    });
    began.elapsed()
}
