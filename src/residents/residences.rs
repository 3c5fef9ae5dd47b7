//! Residence episodes (居住): one stay in one inflow area, from a day to a day.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::register::PLACES;
use super::{feed, store};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{Tagged, created};
use crate::http::text::{Address, AreaCode, not_null};
use crate::people::model::PersonRow;
use crate::state::App;
use crate::sync;
use crate::{households, liaison, page_of, people, visits};

/// Whom a resident may be assigned to.
const ASSIGNEES: &[Role] = &[Role::FieldMember];

/// One stay.
#[derive(Debug, Serialize, ToSchema)]
pub struct Residence {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub resident_id: Uid,
    pub area: AreaCode,
    pub from_day: Day,
    /// Null while it lasts.
    pub to_day: Option<Day>,
    pub reason: StayReason,
    /// Why it ended, where the person left the area for good.
    pub left_reason: Option<DepartureReason>,
    pub created_at: Micros,
}

page_of! {
    /// A page of stays.
    ResidencePage of Residence
}

impl Tagged for Residence {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub(super) fn show(row: EpisodeRow) -> AppResult<Residence> {
    Ok(Residence {
        id: row.id,
        version: row.version,
        resident_id: row.resident_id,
        area: AreaCode::stored(row.area_code)?,
        from_day: row.from_day,
        to_day: row.to_day,
        reason: row.reason,
        left_reason: row.left_reason,
        created_at: row.created_at,
    })
}

/// A move: where to, since when.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResidence {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    /// The township or village of the new home, inside the caller's areas.
    area: AreaCode,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    address: Option<Address>,
    from_day: Day,
    reason: StayReason,
}

impl NewResidence {
    /// Checks what needs no database.
    pub(super) fn check(self, who: &Who) -> AppResult<NewResidence> {
        if self.from_day.0 > who.at.china_day() {
            return Err(AppError::field("/from_day", Fault::InTheFuture));
        }
        Ok(self)
    }
}

/// List a resident's stays
///
/// Where the resident has lived since the first registration, newest first.
#[utoipa::path(tag = "residents", params(PageParams, ("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "A page of stays", body = ResidencePage)))]
#[get("/residents/{id}/residences")]
pub async fn list_residences(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidenceRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_residences {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let resident = store::visible(c, &who, Action::ResidenceRead, id)?;
            store::episodes(c, &resident, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, show)?;
    Ok(HttpResponse::Ok().json(ResidencePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Record a move
///
/// Ends the stay before on the day the new one begins, and moves the resident to the new area. Whoever
/// worked with them in the old area no longer sees them, and they leave their household there. Somebody
/// who had left is back.
#[utoipa::path(tag = "residents", request_body = NewResidence, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The new stay", body = Residence)))]
#[post("/residents/{id}/residences")]
pub async fn create_residence(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewResidence>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidenceWrite)?;
    let resident = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_residence", &body.raw);
    let (vault, new) = (app.vault.clone(), body.value.check(&who)?);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| moved(c, &vault, &who, resident, &new))?;
            if let Made::Before(_) = made {
                store::visible(c, &who, Action::ResidenceRead, resident)?;
            }
            let (Made::New(id) | Made::Before(id)) = made;
            store::episode(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created(
        &format!("residents/{resident}/residences"),
        &show(row)?,
    ))
}

/// Moves a resident into a new stay and answers its id.
pub(super) fn moved(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    new: &NewResidence,
) -> AppResult<Uid> {
    let (resident, person) = store::locked(c, who, Action::ResidenceWrite, id)?;
    let area = areas::store::placed(c, new.area.as_str(), "/area", PLACES)?;
    if !who.may_at(Action::ResidenceWrite, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    // A worker stays with somebody as long as they work where that somebody lives.
    let moving = resident.place() != area.place();
    let assignee = match resident.assignee {
        Some(user) if moving => {
            crate::auth::store::holds(c, user, ASSIGNEES, &area.place(), who.at)?.then_some(user)
        }
        other => other,
    };
    let home = NewHome {
        id: new.id,
        area: &area,
        address: new.address.as_ref().map(Address::as_str),
        from_day: new.from_day,
        reason: new.reason,
        assignee,
        pointer: "/from_day",
        handed_over: false,
    };
    move_to(c, vault, who, &resident, &person, &home)
}

/// Where and since when somebody lives, and who looks after them there.
pub struct NewHome<'a> {
    pub id: Option<Uid>,
    pub area: &'a AreaRow,
    pub address: Option<&'a str>,
    pub from_day: Day,
    pub reason: StayReason,
    pub assignee: Option<Uid>,
    /// What the day is called where it came from.
    pub pointer: &'static str,
    /// Both sides agreed to it: a household of which they are all goes along.
    pub handed_over: bool,
}

/// Moves a resident who is locked, by whichever right, into a new stay; answers its id.
pub fn move_to(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    resident: &Handle<ResidentRow>,
    person: &Handle<PersonRow>,
    home: &NewHome<'_>,
) -> AppResult<Uid> {
    let (id, area) = (resident.id, home.area);
    let earliest = match store::open_episode(c, id)? {
        Some(open) if home.from_day >= open.from_day => {
            store::end_episode(c, &open, home.from_day, None, who.at)?;
            let version = open.version + 1;
            sync::record_change(c, feed::stay(who, resident, open.id, version).shown_anew())?;
            None
        }
        Some(open) => Some(open.from_day),
        // Whoever had left comes back on that day or later.
        None => store::last_left_on(c, id)?,
    };
    if earliest.is_some_and(|day| home.from_day < day) {
        return Err(AppError::field(home.pointer, Fault::BadOrder));
    }
    let address = match home.address {
        None => None,
        Some(text) => {
            let key = vault
                .open_data_key(person.id.0, &person.data_key)
                .map_err(AppError::internal)?;
            Some(
                key.seal("persons.address", person.id.0, text)
                    .map_err(AppError::internal)?,
            )
        }
    };
    let episode = EpisodeRow {
        id: home.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        resident_id: id,
        person_id: person.id,
        area_id: area.id,
        area_code: area.code.clone(),
        address: None,
        from_day: home.from_day,
        to_day: None,
        reason: home.reason,
        left_reason: None,
        created_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert_episode(c, &episode)?;
    let moving = resident.place() != area.place();
    let along = moving
        && home.handed_over
        && households::moves::along(c, who, person, area, home.assignee)?;
    if moving && !along {
        households::people::leave(c, who, person, "person_moved")?;
    }
    let lives = people::store::NewHome {
        area,
        address: address.as_deref(),
        household: person.household_id.filter(|_| !moving || along),
        assignee: home.assignee,
    };
    people::store::move_to(c, person, &lives, who.at)?;
    if let Some(left) = person.household_id.filter(|_| moving && !along) {
        visits::follow_ups::if_nobody_agrees(c, who, left)?;
    }
    store::move_to(c, resident, area, home.assignee, who.at)?;
    audit::record(
        c,
        who,
        Entry::new(
            Action::ResidenceWrite,
            "residence",
            episode.id,
            area.place(),
        )
        .with(&serde_json::json!({ "resident": id })),
    )?;
    let after = ResidentRow {
        version: resident.version + 1,
        county: area.county.unwrap_or(Uid::NIL),
        town: area.town,
        village: area.village,
        assignee: home.assignee,
        ..ResidentRow::clone(resident)
    };
    feed::shown_anew(c, who, &after)?;
    if moving {
        liaison::moves::moved(c, who, person, area, home.assignee)?;
    }
    Ok(episode.id)
}
