//! How what was told ends: with the consent, with a single purpose or field of it, or because nobody answered.
//!
//! A withdrawal destroys the values on both sides at once, and the keys under which they rest. What went to an
//! office outside cannot be reached from here: a withdrawal is owed to it (`withdrawals`) until somebody passed it
//! on, as a file or a letter.

use actix_web::web;

use super::disclosure;
use super::model::*;
use super::withdrawals_store as withdrawals;
use super::{feed, steps, store};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people::model::{PersonRow, Purpose};
use crate::state::App;
use crate::sync;

/// Days past its day after which a notice that nobody answered is ended by itself.
const EXPIRES: i64 = 30;
/// Notices of one step.
const AT_ONCE: i64 = 50;

/// The person no longer consents to liaison: whatever was told is gone, and every notice closed.
pub fn withdrawn(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>) -> AppResult<()> {
    for row in store::lock_open_of_person(c, person.id)? {
        end(c, who, &row)?;
    }
    withdrawals::owe_all(c, who, person.id)
}

/// The person is kept out of use: the same, and no phone holds anything of it.
pub fn restricted(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>) -> AppResult<()> {
    withdrawn(c, who, person)?;
    for row in store::of_person(c, person.id)? {
        sync::record_change(c, feed::change(who, &row, row.version).deleted())?;
    }
    Ok(())
}

/// The person no longer consents to a purpose that single fields serve.
pub fn purpose_withdrawn(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    purpose: Purpose,
) -> AppResult<()> {
    let fields: Vec<LiaisonField> = LiaisonField::ALL
        .iter()
        .copied()
        .filter(|field| disclosure::purpose(*field) == purpose)
        .collect();
    if fields.is_empty() {
        return Ok(());
    }
    for row in store::lock_open_of_person(c, person.id)? {
        // A notice that is about nothing else ends with it.
        if disclosure::purposes(row.kind).contains(&purpose) {
            end(c, who, &row)?;
            withdrawals::owe(c, who, &row, &[])?;
        }
    }
    narrowed(c, who, person, &fields)
}

/// These fields are agreed to no longer.
pub fn narrowed(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    fields: &[LiaisonField],
) -> AppResult<()> {
    let rows = store::lock_open_of_person(c, person.id)?;
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let gone = store::untell_fields(c, &ids, fields)?;
    for row in &rows {
        let of_row: Vec<LiaisonField> = gone
            .iter()
            .filter(|(id, _)| *id == row.id)
            .map(|(_, field)| *field)
            .collect();
        if of_row.is_empty() {
            continue;
        }
        let change = store::Change {
            version: row.version + 1,
            updated_at: who.at,
            ..store::Change::default()
        };
        store::change(c, row, &change)?;
        let facts = serde_json::json!({ "what": "narrowed", "fields": of_row });
        let entry = Entry::new(ENDS, "liaison_notice", row.id, row.place());
        audit::record(c, who, entry.because("consent_withdrawn").with(&facts))?;
        sync::record_change(c, feed::change(who, row, row.version + 1))?;
        withdrawals::owe(c, who, row, &of_row)?;
    }
    Ok(())
}

/// Under which action it stands in the audit, whoever withdrew: a worker who was told, or the person themselves.
const ENDS: Action = Action::ConsentWrite;

fn end(c: &mut DbConn, who: &Who, row: &NoticeRow) -> AppResult<()> {
    let change = store::Change {
        version: row.version + 1,
        state: Some(LiaisonState::Closed),
        closed_because: Some(LiaisonEnd::ConsentWithdrawn),
        updated_at: who.at,
        ..store::Change::default()
    };
    store::change(c, row, &change)?;
    store::untell(c, &[row.id])?;
    let facts = serde_json::json!({ "from": row.state, "to": LiaisonState::Closed });
    let entry = Entry::new(ENDS, "liaison_notice", row.id, row.place());
    audit::record(c, who, entry.because("consent_withdrawn").with(&facts))?;
    sync::record_change(c, feed::change(who, row, row.version + 1))
}

/// One step of the job: ends what nobody answered for long, and forgets what was declined long ago. True when more may
/// be left.
pub async fn expire(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let past = Day(now.plus(-EXPIRES * Micros::DAY).china_day());
    let (unanswered, declined) = app
        .db
        .read(move |c| {
            let unanswered = store::unanswered_since(c, past, AT_ONCE)?;
            Ok((unanswered, store::declined_since(c, past, AT_ONCE)?))
        })
        .await?;
    let more = unanswered.len().max(declined.len()) as i64 >= AT_ONCE;
    for thread in unanswered {
        app.db.write(move |c| expire_one(c, thread, now)).await?;
    }
    for thread in declined {
        app.db.write(move |c| forget_one(c, thread, now)).await?;
    }
    Ok(more)
}

fn service(now: Micros) -> Who {
    Who::without_account(By::Service, now, "liaison-expiry".into())
}

fn expire_one(c: &mut DbConn, thread: Uid, now: Micros) -> AppResult<()> {
    let who = service(now);
    for row in store::lock_thread(c, thread)? {
        if !row.open() {
            continue;
        }
        let change = store::Change {
            version: row.version + 1,
            state: Some(LiaisonState::Expired),
            updated_at: now,
            ..store::Change::default()
        };
        store::change(c, &row, &change)?;
        store::untell(c, &[row.id])?;
        steps::noted(c, &who, &row, LiaisonState::Expired)?;
        sync::record_change(c, feed::change(&who, &row, row.version + 1))?;
    }
    Ok(())
}

/// What an office outside asked and was declined: its answer went out long ago, or never will.
fn forget_one(c: &mut DbConn, thread: Uid, now: Micros) -> AppResult<()> {
    for row in store::lock_thread(c, thread)? {
        if row.state == LiaisonState::Declined && row.side == LiaisonSide::In && row.outside() {
            steps::close(c, &service(now), &row, LiaisonEnd::Done)?;
        }
    }
    Ok(())
}
