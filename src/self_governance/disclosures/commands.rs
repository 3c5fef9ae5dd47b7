//! Posting something, taking it down, cancelling what was recorded by mistake.

use super::api::NewVillageDisclosure;
use super::model::*;
use super::steps_api::VillageDisclosureRemoval;
use super::store;
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::self_governance::deliberations::model::DeliberationState;
use crate::self_governance::deliberations::{decisions_store, store as deliberations};
use crate::self_governance::implementations::{checks_store, store as implementations};
use crate::self_governance::texts::store as texts;
use crate::self_governance::village::{
    self, GovernanceCancelReason, Village, after, named, past, same_village,
};

const WRITE: Action = Action::SelfGovernanceWrite;
const POINTER: &str = "/subject_id";

/// A record of the village that is made public: since when it is, and whether it counts.
struct Subject {
    village: Uid,
    since: Day,
    counts: bool,
}

fn subject(
    c: &mut DbConn,
    who: &Who,
    subject: DisclosureSubject,
    id: Uid,
) -> AppResult<Option<Subject>> {
    let found = match subject {
        DisclosureSubject::Text => {
            let row = named(texts::locked(c, who, WRITE, id), POINTER)?;
            (row.village, row.adopted_on, true)
        }
        DisclosureSubject::Deliberation => {
            let row = named(deliberations::locked(c, who, WRITE, id), POINTER)?;
            (
                row.village,
                row.announced_on,
                row.state != DeliberationState::Cancelled,
            )
        }
        DisclosureSubject::Decision => {
            let row = named(decisions_store::locked(c, who, WRITE, id), POINTER)?;
            (row.village, row.decided_on, row.cancelled_at.is_none())
        }
        DisclosureSubject::Implementation => {
            let row = named(implementations::locked(c, who, WRITE, id), POINTER)?;
            (row.village, row.begun_on, row.cancelled_at.is_none())
        }
        DisclosureSubject::Check => {
            let row = named(checks_store::locked(c, who, WRITE, id), POINTER)?;
            (row.village, row.checked_on, row.cancelled_at.is_none())
        }
        DisclosureSubject::Funds | DisclosureSubject::Services => return Ok(None),
    };
    let (village, since, counts) = found;
    Ok(Some(Subject {
        village,
        since,
        counts,
    }))
}

fn fits(c: &mut DbConn, who: &Who, place: &Village, new: &NewVillageDisclosure) -> AppResult<()> {
    let at_large = matches!(
        new.subject,
        DisclosureSubject::Funds | DisclosureSubject::Services
    );
    let id = match (new.subject_id, at_large) {
        (None, true) => return Ok(()),
        (None, false) => return Err(AppError::field(POINTER, Fault::Required)),
        (Some(_), true) => return Err(AppError::field(POINTER, Fault::NotFitting)),
        (Some(id), false) => id,
    };
    let Some(found) = subject(c, who, new.subject, id)? else {
        return Ok(());
    };
    same_village(found.village, place.id, POINTER)?;
    if !found.counts {
        return Err(AppError::field(POINTER, Fault::NotFitting));
    }
    match new.posted_from < found.since {
        true => Err(AppError::field("/posted_from", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// Records that something was posted.
pub fn post(c: &mut DbConn, who: &Who, new: &NewVillageDisclosure) -> AppResult<Uid> {
    let place = village::open(c, who, WRITE, &new.area)?;
    past(who, new.posted_from, "/posted_from")?;
    if new.posted_until.is_some_and(|last| last < new.posted_from) {
        return Err(AppError::field("/posted_until", Fault::BadOrder));
    }
    fits(c, who, &place, new)?;
    let of = |subject| new.subject_id.filter(|_| new.subject == subject);
    let row = DisclosureRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        subject: new.subject,
        text_id: of(DisclosureSubject::Text),
        deliberation_id: of(DisclosureSubject::Deliberation),
        decision_id: of(DisclosureSubject::Decision),
        implementation_id: of(DisclosureSubject::Implementation),
        check_id: of(DisclosureSubject::Check),
        title: new.title.as_str().to_owned(),
        board: new.board,
        spot: new.spot.as_ref().map(|s| s.as_str().to_owned()),
        posted_from: new.posted_from,
        posted_until: new.posted_until,
        evidence: new.evidence.clone().map(Json),
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let facts =
        serde_json::json!({ "what": "posted", "kind": row.subject, "record": new.subject_id });
    noted(c, who, &row, &facts, None)?;
    Ok(row.id)
}

/// What may be done from where a posting stands.
pub fn allowed(state: VillageDisclosureState) -> &'static [&'static str] {
    match state {
        VillageDisclosureState::Posted => &["removal", "cancellation"],
        VillageDisclosureState::Removed => &["cancellation"],
        VillageDisclosureState::Cancelled => &[],
    }
}

fn may(row: &DisclosureRow, who: &Who, step: &str) -> AppResult<()> {
    let state = row.state(who.at.china_day());
    let allowed = allowed(state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(state, allowed)),
    }
}

/// It was taken down; earlier than was said, or nothing was said.
pub fn remove(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    given: &VillageDisclosureRemoval,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    may(&row, who, "removal")?;
    after(who, given.posted_until, row.posted_from, "/posted_until")?;
    store::remove(c, &row, given.posted_until, who.at)?;
    noted(
        c,
        who,
        &row,
        &serde_json::json!({ "what": "removed" }),
        None,
    )
}

/// It does not count, and stays readable.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    may(&row, who, "cancellation")?;
    store::cancel(c, &row, because, who.at)?;
    let facts = serde_json::json!({ "to": VillageDisclosureState::Cancelled });
    noted(c, who, &row, &facts, Some(because.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &DisclosureRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    let which = (WRITE, "village_disclosure", row.id);
    village::noted(c, who, row, which, facts, because)
}
