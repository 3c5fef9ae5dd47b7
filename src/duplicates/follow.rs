//! Where an old id leads: to the record that stands for a merged one, for those who may see that.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use diesel::prelude::*;
use std::collections::HashMap;

use crate::auth::{Action, Who};
use crate::db::schema::{persons, residents};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people::model::PersonState;
use crate::state::App;
use crate::{households, people, residents as residence};

/// Merges of merges that are followed.
const HOPS: usize = 8;

/// Those of these ids, of residents or of people, that were merged, with the ids that stand for them now.
pub fn kept(c: &mut DbConn, ids: &[Uid]) -> AppResult<HashMap<Uid, Uid>> {
    let mut found: HashMap<Uid, Uid> = HashMap::new();
    let mut next: Vec<Uid> = ids.to_vec();
    for _ in 0..HOPS {
        if next.is_empty() {
            break;
        }
        let mut step: Vec<(Uid, Option<Uid>)> = residents::table
            .filter(residents::id.eq_any(next.clone()))
            .filter(residents::merged_into.is_not_null())
            .select((residents::id, residents::merged_into))
            .load(c)?;
        step.extend::<Vec<(Uid, Option<Uid>)>>(
            persons::table
                .filter(persons::id.eq_any(next))
                .filter(persons::state.eq(PersonState::Merged))
                .select((persons::id, persons::merged_into))
                .load(c)?,
        );
        next = step.iter().filter_map(|(_, into)| *into).collect();
        found.extend(step.into_iter().filter_map(|(id, into)| Some((id, into?))));
    }
    let end = |id: &Uid| {
        let mut at = *found.get(id)?;
        for _ in 0..HOPS {
            match found.get(&at) {
                Some(further) => at = *further,
                None => break,
            }
        }
        Some((*id, at))
    };
    Ok(ids.iter().filter_map(end).collect())
}

/// The record that an id of a resident or a person means now.
pub fn now(c: &mut DbConn, id: Uid) -> AppResult<Uid> {
    Ok(kept(c, &[id])?.get(&id).copied().unwrap_or(id))
}

/// Those of these ids that were merged, where the caller may see what stands for them.
pub fn kept_for(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<HashMap<Uid, Uid>> {
    let mut found = kept(c, ids)?;
    if found.is_empty() {
        return Ok(found);
    }
    let to: Vec<Uid> = found.values().copied().collect();
    let mut seen: Vec<Uid> = Vec::new();
    if who.may(Action::ResidentRead).is_ok() {
        let residents = residence::store::among(c, who, Action::ResidentRead, &to)?;
        seen.extend(residents.iter().map(|(resident, _)| resident.id));
    }
    if who.may(Action::HouseholdRead).is_ok() {
        let people = households::people::among(c, who, Action::HouseholdRead, &to)?;
        seen.extend(people.iter().map(|(person, _)| person.id));
    }
    found.retain(|_, to| seen.contains(to));
    Ok(found)
}

/// The parts of a path that name a record which may have been merged.
fn parts(path: &str) -> Option<(Option<Uid>, Uid, String)> {
    let mut parts = path.strip_prefix("/v1/")?.split('/');
    let (collection, id) = (parts.next()?, parts.next()?);
    let id: Uid = id.parse().ok()?;
    let rest =
        |parts: std::str::Split<'_, char>| parts.fold(String::new(), |all, part| all + "/" + part);
    match collection {
        "residents" => Some((None, id, rest(parts))),
        "households" if parts.next()? == "people" => {
            let person = parts.next()?.parse().ok()?;
            Some((Some(id), person, rest(parts)))
        }
        _ => None,
    }
}

/// Where what this path names is now.
fn location(c: &mut DbConn, who: &Who, path: &str) -> AppResult<Option<String>> {
    let Some((household, id, rest)) = parts(path) else {
        return Ok(None);
    };
    if household.is_none() {
        let found = kept_for(c, who, &[id])?;
        return Ok(found.get(&id).map(|to| format!("/v1/residents/{to}{rest}")));
    }
    let Some(to) = kept(c, &[id])?.get(&id).copied() else {
        return Ok(None);
    };
    let people = households::people::among(c, who, Action::HouseholdRead, &[to])?;
    if let Some(home) = people.first().and_then(|(person, _)| person.household_id) {
        return Ok(Some(format!("/v1/households/{home}/people/{to}{rest}")));
    }
    // The kept one left the household since, or is seen as a resident alone.
    let Some(person) = people::store::find(c, to)? else {
        return Ok(None);
    };
    let Some(resident) = residence::store::of_person(c, person.id)? else {
        return Ok(None);
    };
    let seen = residence::store::among(c, who, Action::ResidentRead, &[resident.id])?;
    Ok(seen
        .first()
        .map(|(resident, _)| format!("/v1/residents/{}{rest}", resident.id)))
}

/// An answer that there is no such record: 308 to the record that stands for a merged one, whatever was asked of
/// it. Nothing was done, and with the same method and body it is asked there again.
pub async fn redirected<B: MessageBody + 'static>(
    app: &App,
    who: &Who,
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let path = response.request().path().to_owned();
    if response.status() != StatusCode::NOT_FOUND || parts(&path).is_none() {
        return response.map_into_left_body();
    }
    let caller = who.clone();
    let query = response.request().query_string();
    let query = (!query.is_empty()).then(|| format!("?{query}"));
    let found = app.db.read(move |c| location(c, &caller, &path)).await;
    let to = match found {
        Ok(Some(to)) => to + query.as_deref().unwrap_or_default(),
        // Whatever went wrong here, that there is no such record is true.
        Ok(None) | Err(_) => return response.map_into_left_body(),
    };
    match HeaderValue::from_str(&to) {
        Ok(to) => {
            let moved = HttpResponse::PermanentRedirect()
                .insert_header((header::LOCATION, to))
                .finish();
            response.into_response(moved).map_into_right_body()
        }
        Err(_) => response.map_into_left_body(),
    }
}
