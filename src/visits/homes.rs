//! Opening and amending member homes and checking their possessions: the commands that
//! REST and sync share.

use super::homes_api::{HomePatch, NewHome, PossessionCheck};
use super::homes_store as store;
use super::model::*;
use super::texts::{self, Sealer};
use crate::areas;
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Place, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::Label;
use crate::residents::register::PLACES;
use crate::sync::{self, Change, Kind};

/// Opens a member home in an area of the caller's own.
pub fn open(c: &mut DbConn, who: &Who, new: &NewHome) -> AppResult<Uid> {
    who.may(Action::MemberHomeWrite)?;
    let area = areas::store::placed(c, new.area.as_str(), "/area", PLACES)?;
    if !who.may_at(Action::MemberHomeWrite, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    if let Some(keeper) = new.keeper_id {
        keeper_holds(c, who, keeper, &area.place())?;
    }
    let home = HomeRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        county: area.county.unwrap_or(Uid::NIL),
        town: area.town,
        village: area.village,
        area_id: area.id,
        area_code: area.code.clone(),
        title: new.title.as_str().to_owned(),
        site_address: new.site_address.as_str().to_owned(),
        opening_hours: new.opening_hours.as_ref().map(|h| h.as_str().to_owned()),
        keeper_id: new.keeper_id,
        state: HomeState::Open,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &home)?;
    noted(c, who, Action::MemberHomeWrite, &home, 1, &["opened"])?;
    Ok(home.id)
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &HomePatch,
) -> AppResult<()> {
    let home = store::locked(c, who, Action::MemberHomeWrite, id)?;
    if version.is_some_and(|v| v != home.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    if let Some(Some(keeper)) = patch.keeper_id {
        keeper_holds(c, who, keeper, &home.place())?;
    }
    let fields = patch.fields();
    let next = home.version + 1;
    let text = |label: &Label| label.as_str().to_owned();
    let change = store::HomeAmendment {
        version: next,
        field_versions: sync::touch(&home.field_versions, next, &fields),
        title: patch.title.as_ref().map(text),
        site_address: patch.site_address.as_ref().map(|a| a.as_str().to_owned()),
        opening_hours: patch.opening_hours.as_ref().map(|h| h.as_ref().map(text)),
        keeper_id: patch.keeper_id,
        state: patch.state,
        updated_at: who.at,
    };
    store::amend(c, &home, &change)?;
    let today = Day(who.at.china_day());
    match patch.state.filter(|state| *state != home.state) {
        Some(HomeState::Open) => store::opened(c, id, today)?,
        Some(HomeState::Closed) => store::closed(c, id, today)?,
        None => {}
    }
    noted(c, who, Action::MemberHomeWrite, &home, next, &fields)
}

/// A kind of possession by its word.
pub fn kind(c: &mut DbConn, word: &str) -> AppResult<Option<PossessionKindRow>> {
    Ok(store::kinds(c)?.into_iter().find(|k| k.kind == word))
}

/// Records that somebody looked whether the home has one of its possessions.
pub fn check(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    kind: &PossessionKindRow,
    found: &PossessionCheck,
) -> AppResult<()> {
    let kind = kind.kind.as_str();
    let home = store::locked(c, who, Action::MemberHomeEvidence, id)?;
    if found.checked_on.0 > who.at.china_day() {
        return Err(AppError::field("/checked_on", Fault::InTheFuture));
    }
    // A phone that was offline does not undo what somebody saw later.
    let known = store::possessions_of(c, &[id])?;
    let known = known.iter().find(|p| p.kind == kind);
    if known.is_some_and(|p| p.checked_on > found.checked_on) {
        return Err(AppError::state_forbids("checked_later", [""; 0]));
    }
    let row_id = Uid::new(who.at);
    let note = found.note.as_ref().map(|n| n.as_str());
    let row = PossessionRow {
        id: row_id,
        home_id: id,
        kind: kind.to_owned(),
        present: found.present,
        checked_on: found.checked_on,
        checked_by: who.user,
        note: Sealer::House(vault).seal_some(texts::EVIDENCE, row_id, note)?,
        photo: found.photo.clone().map(Json),
        updated_at: who.at,
    };
    store::put_possession(c, &home, &row)?;
    let field = format!("possessions.{kind}");
    let next = home.version + 1;
    let change = store::HomeAmendment {
        version: next,
        field_versions: sync::touch(&home.field_versions, next, &[&field]),
        title: None,
        site_address: None,
        opening_hours: None,
        keeper_id: None,
        state: None,
        updated_at: who.at,
    };
    store::amend(c, &home, &change)?;
    noted(c, who, Action::MemberHomeEvidence, &home, next, &[&field])
}

/// A keeper holds some assignment at the home's place.
fn keeper_holds(c: &mut DbConn, who: &Who, keeper: Uid, place: &Place) -> AppResult<()> {
    if crate::auth::store::holds(c, keeper, Role::ALL, place, who.at)? {
        Ok(())
    } else {
        Err(AppError::field("/keeper_id", Fault::NoSuchRecord))
    }
}

/// Audit and feed of one change.
fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    home: &HomeRow,
    version: i64,
    fields: &[&str],
) -> AppResult<()> {
    audit::record(
        c,
        who,
        Entry::new(action, "member_home", home.id, home.place())
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    sync::record_change(
        c,
        Change::upsert(Kind::MemberHome, home.id, version, home.place(), who.at),
    )
}
