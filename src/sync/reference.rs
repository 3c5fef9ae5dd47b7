//! What everybody looks things up in, through the same stream: areas of one's own and around them, catalogues.
//!
//! It rests in no feed: when the areas are imported anew or a consent text comes into force its stamp changes,
//! and phones walk it again.

use serde::Serialize;

use super::cursor::Scope;
use super::kinds::Loaded;
use crate::areas;
use crate::auth::{Place, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::people;
use crate::services;
use crate::visits;

/// Positions of a walk are counted by part and item.
const PART: i64 = 1 << 32;

/// Counts on when a catalogue is added or changed by a version of the program: phones walk them again.
const CATALOGUES: u64 = 2;

/// One thing of reference, as REST shows it.
pub struct Item {
    pub kind: &'static str,
    pub loaded: Loaded,
}

/// A part of a walk.
pub struct Part {
    /// Each with the position to go on from after it.
    pub items: Vec<(Item, i64)>,
    /// There are no more.
    pub over: bool,
}

/// A number that changes when reference data does.
pub fn stamp(c: &mut DbConn, who: &Who) -> AppResult<u32> {
    let imported = areas::store::changed_at(c)?.unwrap_or(0);
    let texts = people::store::texts_so_far(c, Day(who.at.china_day()))?;
    let mixed = (imported as u64)
        .wrapping_mul(31)
        .wrapping_add(CATALOGUES)
        .wrapping_mul(31)
        .wrapping_add(texts as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Ok((mixed >> 32) as u32)
}

/// The id of what REST names by words.
fn id_of(kind: &str, words: &str) -> Uid {
    let name = format!("qianshou:{kind}:{words}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

fn item<T: Serialize>(kind: &'static str, id: Uid, place: Place, record: &T) -> AppResult<Item> {
    let loaded = Loaded::new(id, 1, place, true, record)?;
    Ok(Item { kind, loaded })
}

fn catalogues(c: &mut DbConn, who: &Who) -> AppResult<Vec<Item>> {
    let mut items = Vec::new();
    for kind in visits::homes_api::possession_kinds(c)? {
        let id = id_of("possession_kind", &kind.kind);
        items.push(item("possession_kind", id, Place::default(), &kind)?);
    }
    for kind in services::catalogue::service_kinds(c)? {
        let id = id_of("service_kind", &kind.kind);
        items.push(item("service_kind", id, Place::default(), &kind)?);
    }
    for text in people::consents::texts(c, Day(who.at.china_day()))? {
        let words = format!("{}:{}:{}", text.purpose, text.language, text.text_version);
        let id = id_of("consent_text", &words);
        items.push(item("consent_text", id, Place::default(), &text)?);
    }
    Ok(items)
}

/// At most `limit` items from a walk's position. The catalogues are the first part, and small; each scope's
/// areas are one more.
pub fn items(
    c: &mut DbConn,
    who: &Who,
    scopes: &[Scope],
    from: i64,
    limit: usize,
) -> AppResult<Part> {
    let (mut part, mut skip) = (from / PART, from % PART);
    let mut items = Vec::new();
    while items.len() < limit {
        let wanted = limit - items.len();
        let found: Vec<Item> = if part == 0 {
            let all = catalogues(c, who)?.into_iter();
            all.skip(skip as usize).take(wanted).collect()
        } else {
            match scopes.get((part - 1) as usize) {
                None => return Ok(Part { items, over: true }),
                Some(scope) => areas_of(c, *scope, skip, wanted as i64)?,
            }
        };
        let whole = found.len() < wanted;
        for item in found {
            skip += 1;
            items.push((item, part * PART + skip));
        }
        if whole {
            (part, skip) = (part + 1, 0);
        }
    }
    Ok(Part { items, over: false })
}

fn areas_of(c: &mut DbConn, scope: Scope, skip: i64, limit: i64) -> AppResult<Vec<Item>> {
    let Some(area) = areas::store::by_id(c, scope.area)? else {
        return Ok(Vec::new());
    };
    let rows = areas::store::around(c, &area, skip, limit)?;
    let ids: Vec<(Uid, Place)> = rows.iter().map(|row| (row.id, row.place())).collect();
    let shown = areas::api::show(c, rows)?;
    ids.into_iter()
        .zip(shown)
        .map(|((id, place), area)| item("area", id, place, &area))
        .collect()
}
