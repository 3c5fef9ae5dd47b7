//! What is stored about a family of which nobody agrees any more goes some days later, with its visits and the help it
//! was given. Its use ended at once, when consent was withdrawn.

use actix_web::web;

use super::families::store;
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people::model::Purpose;
use crate::privacy::erasure;
use crate::state::App;

/// Families of one step.
const AT_ONCE: i64 = 100;

/// One step of the job; true when more may be due.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let before = now.plus(-app.config.erase_after_days * Micros::DAY);
    let due = app
        .db
        .read(move |c| store::without_consent(c, before, AT_ONCE))
        .await?;
    let mut more = due.len() as i64 >= AT_ONCE;
    for (family, home) in due {
        // One that cannot be ended keeps no other one.
        let ended = app.db.write(move |c| end(c, family, home, now)).await;
        if let Err(cause) = ended {
            tracing::error!(%family, ?cause, "a family that nobody agrees for cannot be ended");
            more = false;
        }
    }
    Ok(more)
}

fn end(c: &mut DbConn, family: Uid, home: Uid, now: Micros) -> AppResult<()> {
    if !store::may_go(c, family, home)? {
        return Ok(());
    }
    erasure::ends::of_rows(c, "care_families", &[family], now)?;
    let who = Who::without_account(By::Service, now, "purpose".into());
    let place = Default::default();
    let entry = Entry::new(Action::PurposeEnd, "care_family", family, place);
    audit::record(c, &who, entry.because(Purpose::CareSupport.as_str()))
}
