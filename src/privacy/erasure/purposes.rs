//! What rested on one purpose alone goes some days after consent to it was withdrawn; the person stays known.
//!
//! Its use ends at once, when consent is withdrawn. Some days are left for a withdrawal that was recorded by
//! mistake, as they are before somebody is erased: who agrees again meanwhile keeps what there is. Of purposes on
//! which nothing rests alone (a service rests on registration, the day of a follow-up goes at once, what was told
//! to a home area is untold at once) there is nothing left to end.

use actix_web::web;

use super::{ends, store};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people::model::{PersonState, Purpose};
use crate::state::App;
use crate::{associations, care, insurance, people};

/// Withdrawn consents of one step.
const AT_ONCE: i64 = 100;

/// One step of the job; true when more may be due.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let before = now.plus(-app.config.erase_after_days * Micros::DAY);
    let due = app
        .db
        .read(move |c| store::withdrawn(c, before, AT_ONCE))
        .await?;
    let mut more = due.len() as i64 >= AT_ONCE;
    for one in due {
        // One that cannot be ended keeps no other one.
        let ended = app.db.write(move |c| end(c, one, now)).await;
        if let Err(cause) = ended {
            tracing::error!(consent = %one.consent, ?cause, "what rested on a withdrawn consent cannot be ended");
            more = false;
        }
    }
    // A family in care rests on the consent of whoever of it agrees, not on one person's.
    Ok(care::ends::run(app).await? || more)
}

fn end(c: &mut DbConn, one: store::Withdrawn, now: Micros) -> AppResult<()> {
    let row = people::store::lock(c, one.person)?.filter(|p| p.state == PersonState::Active);
    let Some(row) = row else {
        return Ok(());
    };
    store::data_ended(c, one.consent, now)?;
    if one.never || people::store::consenting(c, row.id, one.purpose)? {
        return Ok(());
    }
    let who = Who::without_account(By::Service, now, "purpose".into());
    let person = who.authorise(Action::PurposeEnd, Some(row))?;
    let ended = match one.purpose {
        Purpose::Insurance => insurance(c, &who, person.id, now)?,
        Purpose::Membership => associations::members::ends::purpose(c, &person, now)?,
        Purpose::SensitiveDocuments => insurance::ends::medical_papers(c, &who, person.id)?,
        _ => false,
    };
    if ended {
        let entry = Entry::new(Action::PurposeEnd, "consent", one.consent, person.place());
        audit::record(c, &who, entry.because(one.purpose.as_str()))?;
    }
    Ok(())
}

/// Their claims, the policies that insure nobody else, and their names on those of others.
fn insurance(c: &mut DbConn, who: &Who, person: Uid, now: Micros) -> AppResult<bool> {
    let policies = insurance::store::of_these_alone(c, &[person])?;
    let claims = insurance::claim_store::ids_of_insured(c, person)?;
    let any = !policies.is_empty() || !claims.is_empty();
    ends::of_rows(c, "claims", &claims, now)?;
    ends::of_rows(c, "policies", &policies, now)?;
    Ok(insurance::ends::named_no_more(c, who, person)? || any)
}
