//! Consent to `membership` of somebody who is a member of nothing any more, because their association is no more or
//! because a term ended.
//!
//! They did not say that they no longer agree, so there are some days in which they may join another association or
//! take another post by the same consent. Then its purpose is over: the consent ends, what rested on it alone goes, and
//! whoever is known by nothing else is kept out of use and erased.

use actix_web::web;

use super::ends;
use super::lapses_store as store;
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people;
use crate::people::consents;
use crate::people::model::{PersonState, Purpose};
use crate::state::App;

/// People of one step.
const AT_ONCE: i64 = 100;

/// One step of the job; true when more may be due.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let before = now.plus(-app.config.erase_after_days * Micros::DAY);
    let due = app
        .db
        .read(move |c| store::of_nothing(c, before, AT_ONCE))
        .await?;
    let mut more = due.len() as i64 >= AT_ONCE;
    for person in due {
        // One that cannot be ended keeps no other one.
        let ended = app.db.write(move |c| end(c, person, before, now)).await;
        if let Err(cause) = ended {
            tracing::error!(%person, ?cause, "a consent whose purpose is over cannot be ended");
            more = false;
        }
    }
    Ok(more)
}

fn end(c: &mut DbConn, id: Uid, before: Micros, now: Micros) -> AppResult<()> {
    let row = people::store::lock(c, id)?.filter(|p| p.state == PersonState::Active);
    let Some(row) = row else {
        return Ok(());
    };
    let consent = people::store::live_consent(c, id, Purpose::Membership)?;
    // Nobody joins or takes a post while the person is locked.
    let (Some(consent), true) = (consent, store::is_of_nothing(c, id, before)?) else {
        return Ok(());
    };
    let who = Who::without_account(By::Service, now, "purpose".into());
    let person = who.authorise(Action::PurposeEnd, Some(row))?;
    consents::lapse(c, &who, &person, consent)?;
    ends::purpose(c, &person, now)?;
    let entry = Entry::new(Action::PurposeEnd, "consent", consent, person.place());
    audit::record(c, &who, entry.because(Purpose::Membership.as_str()))
}
