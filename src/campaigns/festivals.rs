//! Keeping festivals: the built-in ones, those offered, added ones, and their days two years ahead.

use super::calendar::{BUILT_IN, BuiltIn, DayRule, Offer, materialise};
use super::festivals_store as store;
use super::model::FestivalRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::sync::{self, Change, Kind};

/// How far ahead the days stand.
pub const YEARS_AHEAD: u8 = 2;

/// The id of a festival that every installation has.
pub fn built_in_id(code: &str) -> Uid {
    let name = format!("qianshou:festival:{code}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

fn row(festival: &BuiltIn) -> FestivalRow {
    FestivalRow {
        id: built_in_id(festival.code),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        code: festival.code.to_owned(),
        title_zh: festival.name_zh.to_owned(),
        title_en: festival.name_en.to_owned(),
        rule: festival.rule.to_string(),
        built_in: true,
        enabled: festival.offer == Offer::BuiltIn,
        created_by: None,
        created_at: Micros(0),
        updated_at: Micros(0),
    }
}

/// Stores the festivals that are not there yet, and their days, and tells phones of them.
pub fn seed(c: &mut DbConn, now: Micros) -> AppResult<()> {
    for festival in BUILT_IN {
        store::offer(c, &row(festival))?;
    }
    refresh_days(c, now)
}

/// Adds the days that came into reach since the last time. A festival is shown with its days, so it is told
/// of anew; and once for all if it never was.
pub fn refresh_days(c: &mut DbConn, now: Micros) -> AppResult<()> {
    let festivals = store::all(c)?;
    let ids: Vec<Uid> = festivals.iter().map(|festival| festival.id).collect();
    let untold = sync::untold(c, Kind::Festival, &ids)?;
    for festival in festivals {
        let added = store::put_days(c, festival.id, &days(&festival, now)?)?;
        if added == 0 && !untold.contains(&festival.id) {
            continue;
        }
        // Locked, so that nobody is told of an older version after a newer one.
        if let Some(festival) = store::locked(c, festival.id)? {
            let change = change(&festival, festival.version, now);
            sync::record_change(c, change.shown_anew())?;
        }
    }
    Ok(())
}

/// The feed row of a festival: everybody sees it.
fn change(festival: &FestivalRow, version: i64, at: Micros) -> Change {
    Change::upsert(Kind::Festival, festival.id, version, Place::default(), at)
}

/// The days of a festival from today on.
fn days(festival: &FestivalRow, now: Micros) -> AppResult<Vec<(Day, Day)>> {
    let rule: DayRule = festival.rule.parse().map_err(AppError::internal)?;
    Ok(materialise(rule, now.china_day(), YEARS_AHEAD)
        .into_iter()
        .map(|(from, to)| (Day(from), Day(to)))
        .collect())
}

/// What somebody adds.
#[derive(Debug, Clone)]
pub struct NewFestival {
    pub id: Uid,
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    pub rule: String,
}

pub fn add(c: &mut DbConn, who: &Who, new: &NewFestival) -> AppResult<Uid> {
    who.may(Action::FestivalWrite)?;
    let festival = FestivalRow {
        id: new.id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        code: new.code.clone(),
        title_zh: new.title_zh.clone(),
        title_en: new.title_en.clone(),
        rule: new.rule.clone(),
        built_in: false,
        enabled: true,
        created_by: Some(who.user),
        created_at: who.at,
        updated_at: who.at,
    };
    let days = days(&festival, who.at)?;
    if days.is_empty() {
        // Such as a lunar 30th that no month of the next two years has.
        return Err(AppError::field("/rule", Fault::ImpossibleDate));
    }
    store::insert(c, &festival)?;
    store::put_days(c, festival.id, &days)?;
    noted(c, who, &festival, 1, &["added"])?;
    Ok(festival.id)
}

/// A change; `None` leaves a field.
#[derive(Debug, Clone, Default)]
pub struct FestivalChange {
    pub title_zh: Option<String>,
    pub title_en: Option<String>,
    pub enabled: Option<bool>,
}

/// Renames a festival or switches it on or off. Built-in names stay, and so do the two that everybody
/// holds.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    change: &FestivalChange,
) -> AppResult<()> {
    who.may(Action::FestivalWrite)?;
    let festival = store::locked(c, id)?.ok_or_else(AppError::not_found)?;
    if version != festival.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let always = BUILT_IN
        .iter()
        .any(|b| b.code == festival.code && b.offer == Offer::BuiltIn);
    if festival.built_in {
        if change.title_zh.is_some() {
            return Err(AppError::field("/title_zh", Fault::NotFitting));
        }
        if change.title_en.is_some() {
            return Err(AppError::field("/title_en", Fault::NotFitting));
        }
    }
    if always && change.enabled == Some(false) {
        return Err(AppError::field("/enabled", Fault::NotFitting));
    }
    let fields: Vec<&str> = [
        ("title_zh", change.title_zh.is_some()),
        ("title_en", change.title_en.is_some()),
        ("enabled", change.enabled.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    let next = festival.version + 1;
    let field_versions = sync::touch(&festival.field_versions, next, &fields);
    store::amend(c, &festival, next, field_versions, change, who.at)?;
    noted(c, who, &festival, next, &fields)
}

/// Audit and feed of one change.
fn noted(
    c: &mut DbConn,
    who: &Who,
    festival: &FestivalRow,
    version: i64,
    fields: &[&str],
) -> AppResult<()> {
    let nowhere = Place::default();
    audit::record(
        c,
        who,
        Entry::new(Action::FestivalWrite, "festival", festival.id, nowhere)
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    sync::record_change(c, change(festival, version, who.at))
}
