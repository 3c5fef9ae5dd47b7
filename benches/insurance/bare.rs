//! The bare limit of transitions: the same rows by prepared statements, a transaction for each step, in the same
//! database with the same durability, and nothing else.
//!
//! Which rows is learnt from what the server wrote for such steps.

use std::time::Instant;

use diesel::prelude::*;

use super::support::Fixture;
use super::support::rows::AuditRow;
use qianshou::db::schema::{audit_entries, changes, claim_events, claim_payments, claims};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::error::AppResult;
use qianshou::insurance::model::{EventRow, PaymentRow};

/// What one step writes: itself, a payment now and then, the claim, an entry of the audit, and the rows of the feed
/// that tell of the claim.
#[derive(Clone)]
struct Rows {
    event: EventRow,
    payment: Option<PaymentRow>,
    audit: AuditRow,
    audiences: Vec<Uid>,
}

pub struct Sample(Vec<Rows>);

impl Sample {
    /// Of the steps taken since then.
    pub fn learn(c: &mut DbConn, from: Micros) -> Sample {
        let events: Vec<EventRow> = claim_events::table
            .filter(claim_events::at.ge(from.0))
            .select(EventRow::as_select())
            .load(c)
            .unwrap();
        let audit: AuditRow = audit_entries::table
            .filter(audit_entries::kind.eq("claim"))
            .order(audit_entries::id.desc())
            .select(AuditRow::as_select())
            .first(c)
            .unwrap();
        let of = |event: EventRow| {
            let payment = claim_payments::table
                .filter(claim_payments::event_id.eq(event.id))
                .select(PaymentRow::as_select())
                .first(c)
                .optional()
                .unwrap();
            let audiences = changes::table
                .filter(changes::record_id.eq(event.claim_id))
                .filter(changes::kind.eq("claim"))
                .select(changes::audience)
                .load(c)
                .unwrap();
            Rows {
                event,
                payment,
                audit: audit.clone(),
                audiences,
            }
        };
        Sample(events.into_iter().map(of).collect())
    }

    /// Rows of one step in words.
    pub fn describe(&self) -> String {
        let count = self.0.len().max(1) as f64;
        let paid = self.0.iter().filter(|rows| rows.payment.is_some()).count();
        let told: usize = self.0.iter().map(|rows| rows.audiences.len()).sum();
        format!(
            "a step, a claim, an entry of the audit, {:.1} of the feed, {:.1} payments",
            told as f64 / count,
            paid as f64 / count
        )
    }
}

fn store(c: &mut DbConn, rows: &Rows) -> AppResult<()> {
    let at = Micros(jiff::Timestamp::now().as_microsecond());
    let mut event = rows.event.clone();
    // The same claim once more: its steps go on from where they ended.
    (event.id, event.number) = (Uid::new(at), event.number + 1000);
    diesel::insert_into(claim_events::table)
        .values(&event)
        .execute(c)?;
    if let Some(payment) = &rows.payment {
        let mut payment = payment.clone();
        (payment.id, payment.event_id) = (event.id, event.id);
        diesel::insert_into(claim_payments::table)
            .values(&payment)
            .execute(c)?;
    }
    diesel::update(claims::table.find(event.claim_id))
        .set((
            claims::version.eq(event.number),
            claims::state.eq(event.to_state),
            claims::last_on.eq(event.on_day),
            claims::updated_at.eq(at.0),
        ))
        .execute(c)?;
    let mut audit = rows.audit.clone();
    (audit.id, audit.seq) = (Uid::new(at), None);
    let mut pos: Option<i64> = None;
    if c.is_sqlite() {
        // One writer gives the numbers out.
        let seq: Option<i64> = audit_entries::table
            .select(diesel::dsl::max(audit_entries::seq))
            .first(c)?;
        audit.seq = Some(seq.unwrap_or(0) + 1);
        pos = changes::table
            .select(diesel::dsl::max(changes::pos))
            .first(c)?;
    }
    diesel::insert_into(audit_entries::table)
        .values(&audit)
        .execute(c)?;
    for audience in &rows.audiences {
        pos = pos.map(|pos| pos + 1);
        let told = changes::table
            .filter(changes::record_id.eq(event.claim_id))
            .filter(changes::audience.eq(audience))
            .filter(changes::kind.eq("claim"));
        diesel::update(told)
            .set((
                changes::pos.eq(pos),
                changes::version.eq(event.number),
                changes::at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// Writes all steps once more, on as many connections as steps were taken at once; steps a second.
pub fn run(fixture: &Fixture, sample: &Sample, lanes: usize) -> f64 {
    let rows = &sample.0;
    let mut connections: Vec<DbConn> = (0..lanes).map(|_| fixture.connect()).collect();
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
