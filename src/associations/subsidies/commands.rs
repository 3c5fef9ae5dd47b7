//! Granting and ending subsidies.

use super::api::{NewSubsidy, SubsidyEnding};
use super::model::*;
use super::store;
use crate::associations::posts::model::{PostEnd, PostKind, PostRow, PostStanding};
use crate::associations::posts::store as posts;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// After whose terms it is paid: those of whoever led an association, until they retired.
fn entitled(post: &PostRow) -> AppResult<()> {
    let Some(because) = post.ended_because else {
        return Err(AppError::state_forbids(PostStanding::Serving, ["ending"]));
    };
    let led = post.post != PostKind::SecretaryGeneral;
    let retired = because == PostEnd::Retired || post.retired;
    match led && retired {
        true => Ok(()),
        false => Err(AppError::state_forbids("not_retired", [""; 0])),
    }
}

/// Something is paid from a day on.
pub fn grant(c: &mut DbConn, who: &Who, post: Uid, new: &NewSubsidy) -> AppResult<Uid> {
    let (post, holder) = posts::locked(c, who, Action::PostWrite, post)?;
    entitled(&post)?;
    if holder.is_none() {
        return Err(AppError::state_forbids("nobody", [""; 0]));
    }
    if new.monthly.0.0 <= 0 {
        return Err(AppError::field("/monthly/amount", Fault::OutOfRange));
    }
    if post.ended_on.is_some_and(|ended| new.from_on < ended) {
        return Err(AppError::field("/from_on", Fault::BadOrder));
    }
    if new.until_on.is_some_and(|until| until < new.from_on) {
        return Err(AppError::field("/until_on", Fault::BadOrder));
    }
    match store::newest(c, post.id)? {
        Some(before) if before.until_on.is_none() => {
            return Err(AppError::of(Code::AlreadyExists));
        }
        Some(before) if before.until_on.is_some_and(|until| new.from_on <= until) => {
            return Err(AppError::field("/from_on", Fault::BadOrder));
        }
        _ => {}
    }
    let row = SubsidyRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        post_id: post.id,
        association_id: post.association_id,
        county: post.county,
        town: post.town,
        village: post.village,
        area_id: post.area_id,
        monthly: new.monthly.0,
        paid_from: new.paid_from,
        from_on: new.from_on,
        until_on: new.until_on,
        ended_because: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &post, &row)?;
    noted(c, who, &row, "subsidy_granted")?;
    Ok(row.id)
}

/// It is paid until a day.
pub fn end(c: &mut DbConn, who: &Who, id: Uid, given: &SubsidyEnding) -> AppResult<()> {
    let subsidy = store::locked(c, who, Action::PostWrite, id)?;
    if subsidy.until_on.is_some() {
        return Err(AppError::state_forbids("ended", [""; 0]));
    }
    if given.until_on < subsidy.from_on {
        return Err(AppError::field("/until_on", Fault::BadOrder));
    }
    store::end(c, &subsidy, given.until_on, given.reason, who.at)?;
    noted(c, who, &subsidy, "subsidy_ended")
}

fn noted(c: &mut DbConn, who: &Who, row: &SubsidyRow, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what, "record": row.id });
    let entry = Entry::new(Action::PostWrite, "post", row.post_id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}
