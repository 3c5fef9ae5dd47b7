//! Registering, amending and closing sites, counting their people, checking what their associations have.

use super::api::{NewSite, SitePatch};
use super::checks_api::NewCheck;
use super::model::*;
use super::steps_api::{NewHeadcount, SiteClosing};
use super::store::{self, Amendment};
use crate::areas;
use crate::areas::model::AreaLevel;
use crate::associations::commands::past;
use crate::associations::model::{AssociationRow, AssociationState};
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// The sealed column.
pub const NOTE: &str = "site_checks.note";

/// Where a site may be.
const PLACES: &[AreaLevel] = &[AreaLevel::County, AreaLevel::Town, AreaLevel::Village];

/// Registers a site in an area of the caller's own.
pub fn register(c: &mut DbConn, who: &Who, new: &NewSite) -> AppResult<Uid> {
    let area = areas::store::placed(c, new.area.as_str(), "/area", PLACES)?;
    if !who.may_at(Action::SiteWrite, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    past(who, new.counted_on, "/counted_on")?;
    let county = area
        .county
        .ok_or_else(|| AppError::internal("a place in no county"))?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let linked = match (new.association_id, new.linked_on) {
        (None, None) => None,
        (Some(_), None) => return Err(AppError::field("/linked_on", Fault::Required)),
        (None, Some(_)) => return Err(AppError::field("/linked_on", Fault::NotFitting)),
        (Some(association), Some(on)) => {
            fits(c, who, id, new.kind, county, association, on)?;
            Some((association, on))
        }
    };
    let row = SiteRow {
        id,
        version: 1,
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        county,
        town: area.town,
        village: area.village,
        area_id: area.id,
        area_code: area.code.clone(),
        people: new.people.0,
        counted_on: new.counted_on,
        counted_by: new.counted_by,
        association_id: linked.map(|l| l.0),
        linked_on: linked.map(|l| l.1),
        closed_on: None,
        closed_because: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    let count = headcount(who, id, new.people.0, new.counted_on, new.counted_by);
    store::insert_count(c, &count)?;
    if linked.is_some() {
        store::link(c, id, None, linked, Day(who.at.china_day()))?;
    }
    let facts = serde_json::json!({ "what": "registered", "kind": row.kind });
    noted(c, who, Action::SiteWrite, &row, &facts)?;
    Ok(id)
}

fn headcount(who: &Who, site: Uid, people: i64, on: Day, by: HeadcountSource) -> HeadcountRow {
    HeadcountRow {
        id: Uid::new(who.at),
        site_id: site,
        people,
        counted_on: on,
        counted_by: by,
        registered_by: who.user,
        created_at: who.at,
    }
}

/// Whether an association can be that of a site: of its kind, living, in the site's county, of no other site.
fn fits(
    c: &mut DbConn,
    who: &Who,
    site: Uid,
    kind: SiteKind,
    county: Uid,
    association: Uid,
    on: Day,
) -> AppResult<()> {
    let wrong = |fault| AppError::field("/association_id", fault);
    let found = associations::locked(c, who, Action::AssociationRead, association);
    let found = found.map_err(|e| match e.code() {
        Code::NotFound => wrong(Fault::NoSuchRecord),
        _ => e,
    })?;
    let found: AssociationRow = found.into_row();
    let living = found.state() == AssociationState::Living;
    if found.kind != kind.association() || !living || found.county != Some(county) {
        return Err(wrong(Fault::NotFitting));
    }
    if store::is_of_another(c, association, site)? {
        return Err(wrong(Fault::Repeated));
    }
    past(who, on, "/linked_on")?;
    match on < found.founded_on {
        true => Err(AppError::field("/linked_on", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// Nothing is changed of a site that is no more.
fn open(site: &SiteRow) -> AppResult<()> {
    match site.state() {
        SiteState::Open => Ok(()),
        closed => Err(AppError::state_forbids(closed, [""; 0])),
    }
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(c: &mut DbConn, who: &Who, id: Uid, version: i64, patch: &SitePatch) -> AppResult<()> {
    let site = store::locked(c, who, Action::SiteWrite, id)?;
    if version != site.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    open(&site)?;
    let link = link(c, who, &site, patch)?;
    let change = Amendment {
        version: site.version + 1,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        association_id: link.map(|l| l.map(|l| l.0)),
        linked_on: link.map(|l| l.map(|l| l.1)),
        updated_at: who.at,
        ..Amendment::default()
    };
    store::amend(c, &site, &change)?;
    if let Some(is) = link {
        let was = site.association_id.zip(site.linked_on);
        store::link(c, id, was, is, Day(who.at.china_day()))?;
    }
    let facts = serde_json::json!({ "fields": patch.fields() });
    noted(c, who, Action::SiteWrite, &site, &facts)
}

/// The association that a patch gives a site, with the day; `Some(None)` takes it away.
fn link(
    c: &mut DbConn,
    who: &Who,
    site: &SiteRow,
    patch: &SitePatch,
) -> AppResult<Option<Option<(Uid, Day)>>> {
    let association = patch.association_id.unwrap_or(site.association_id);
    let on = patch.linked_on.or(match patch.association_id {
        // Another association comes with a day of its own.
        Some(Some(other)) if site.association_id != Some(other) => None,
        _ => site.linked_on,
    });
    if patch.association_id.is_none() && patch.linked_on.is_none() {
        return Ok(None);
    }
    match (association, on) {
        (None, _) if patch.linked_on.is_some() => {
            Err(AppError::field("/linked_on", Fault::NotFitting))
        }
        (None, _) => Ok(Some(None)),
        (Some(_), None) => Err(AppError::field("/linked_on", Fault::Required)),
        (Some(association), Some(on)) => {
            fits(c, who, site.id, site.kind, site.county, association, on)?;
            Ok(Some(Some((association, on))))
        }
    }
}

/// A site is no more, from a day that has come.
pub fn close(c: &mut DbConn, who: &Who, id: Uid, given: &SiteClosing) -> AppResult<()> {
    let site = store::locked(c, who, Action::SiteWrite, id)?;
    open(&site)?;
    past(who, given.closed_on, "/closed_on")?;
    let change = Amendment {
        version: site.version + 1,
        closed_on: Some(given.closed_on),
        closed_because: Some(given.reason),
        updated_at: who.at,
        ..Amendment::default()
    };
    store::amend(c, &site, &change)?;
    let facts = serde_json::json!({ "to": SiteState::Closed });
    let entry = Entry::new(Action::SiteWrite, "site", site.id, site.place());
    audit::record(c, who, entry.with(&facts).because(given.reason.as_str()))
}

/// Notes how many people there were on a day; the site shows the newest day.
pub fn count(c: &mut DbConn, who: &Who, id: Uid, given: &NewHeadcount) -> AppResult<Uid> {
    let site = store::locked(c, who, Action::SiteWrite, id)?;
    open(&site)?;
    past(who, given.counted_on, "/counted_on")?;
    let row = headcount(who, id, given.people.0, given.counted_on, given.counted_by);
    store::count(c, &site, &row)?;
    let newest = store::newest_count(c, id)?
        .ok_or_else(|| AppError::internal("a site that nobody counted"))?;
    let change = Amendment {
        version: site.version + 1,
        people: Some(newest.people),
        counted_on: Some(newest.counted_on),
        counted_by: Some(newest.counted_by),
        updated_at: who.at,
        ..Amendment::default()
    };
    store::amend(c, &site, &change)?;
    let facts = serde_json::json!({ "what": "counted" });
    noted(c, who, Action::SiteWrite, &site, &facts)?;
    Ok(row.id)
}

/// Notes what the caller found of one of the haves of a site's association.
pub fn check(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &NewCheck,
) -> AppResult<Uid> {
    let site = store::locked(c, who, Action::SiteCheck, id)?;
    open(&site)?;
    let has = site.association_id;
    if has.is_none() {
        // What an association has is asked where there is one.
        return Err(AppError::state_forbids("no_association", [""; 0]));
    }
    let have = store::have(c, given.have.as_str())?.filter(|have| have.asked);
    let have = have.ok_or_else(|| AppError::field("/have", Fault::NotOneOf))?;
    past(who, given.checked_on, "/checked_on")?;
    if site.linked_on.is_some_and(|day| given.checked_on < day) {
        return Err(AppError::field("/checked_on", Fault::BadOrder));
    }
    let row_id = given.id.unwrap_or_else(|| Uid::new(who.at));
    let note = given
        .note
        .as_ref()
        .map(|n| vault.seal(NOTE, row_id.0, n.as_str()));
    let row = CheckRow {
        id: row_id,
        site_id: site.id,
        have: have.code,
        found: given.found,
        checked_on: given.checked_on,
        checked_by: who.user,
        evidence: given.evidence,
        note: note.transpose().map_err(AppError::internal)?,
        created_at: who.at,
    };
    store::insert_check(c, &site, &row)?;
    let touched = Amendment {
        version: site.version + 1,
        updated_at: who.at,
        ..Amendment::default()
    };
    store::amend(c, &site, &touched)?;
    let what = if row.found { "found" } else { "missing" };
    let facts = serde_json::json!({ "what": what, "kind": row.have });
    noted(c, who, Action::SiteCheck, &site, &facts)?;
    Ok(row.id)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    row: &SiteRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(action, "site", row.id, row.place());
    audit::record(c, who, entry.with(facts))
}
