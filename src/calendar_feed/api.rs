//! One's own calendar over HTTP: its address for its owner, and what the address opens.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{events, ical, store};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{self, Action, Place, Who};
use crate::crypto::{MacPurpose, Vault, hex, random_token};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::house::RequestId;
use crate::state::App;

/// How long a calendar program may go without asking again.
const FRESH: &str = "private, max-age=900";

/// The form in which a token rests.
fn hash(vault: &Vault, token: &str) -> Vec<u8> {
    vault
        .mac(MacPurpose::SecretHash, &[b"calendar", token.as_bytes()])
        .to_vec()
}

/// Whether one's calendar has an address.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarFeed {
    #[schema(example = true)]
    pub active: bool,
    /// Since when; null without one.
    pub made_at: Option<Micros>,
}

/// The address of one's calendar, shown this once. Whoever holds it reads the calendar.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarAddress {
    #[schema(
        max_length = 500,
        format = "uri",
        example = "https://qianshou.example/v1/calendar/AZ2kq0Yx7s1bq3lFvV0mAZ2kq0Yx7s1bq3lFvV0mAZ2.ics"
    )]
    pub url: String,
    pub made_at: Micros,
}

/// Read about one's calendar
///
/// Whether it has an address, and since when; the address itself was shown once.
#[utoipa::path(tag = "inbox", responses((status = 200, description = "How the calendar stands", body = CalendarFeed)))]
#[get("/me/calendar-feed")]
pub async fn get_calendar_feed(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::CalendarFeedOwn)?;
    let made_at = app.db.read(move |c| store::made_at(c, who.user)).await?;
    Ok(HttpResponse::Ok().json(CalendarFeed {
        active: made_at.is_some(),
        made_at,
    }))
}

/// Make an address for one's calendar
///
/// For any calendar program that can subscribe. An address made before opens nothing any more.
#[utoipa::path(tag = "inbox", responses((status = 201, description = "The address", body = CalendarAddress)))]
#[post("/me/calendar-feed")]
pub async fn create_calendar_feed(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::CalendarFeedOwn)?;
    let token = random_token();
    let (hash, at) = (hash(&app.vault, &token), who.at);
    app.db
        .write(move |c| {
            store::put(c, who.user, &hash, who.at)?;
            noted(c, &who, "made")
        })
        .await?;
    let base = app.config.public_url.trim_end_matches('/');
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/me/calendar-feed"))
        .json(CalendarAddress {
            url: format!("{base}/v1/calendar/{token}.ics"),
            made_at: at,
        }))
}

/// Revoke the address of one's calendar
///
/// It opens nothing any more. Safe to repeat.
#[utoipa::path(tag = "inbox", responses((status = 204, description = "There is no address now")))]
#[delete("/me/calendar-feed")]
pub async fn revoke_calendar_feed(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::CalendarFeedOwn)?;
    app.db
        .write(move |c| match store::remove(c, who.user)? {
            true => noted(c, &who, "revoked"),
            false => Ok(()),
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn noted(c: &mut crate::db::DbConn, who: &Who, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what });
    let nowhere = Place::default();
    let entry = Entry::new(Action::CalendarFeedOwn, "calendar_feed", who.user, nowhere);
    audit::record(c, who, entry.with(&facts))
}

/// A calendar as iCalendar (RFC 5545).
#[derive(ToSchema)]
#[schema(
    value_type = String,
    max_length = 5_000_000,
    pattern = "^BEGIN:VCALENDAR",
    example = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
)]
#[allow(dead_code)] // what stands in the document
pub struct CalendarText(String);

/// Read a calendar
///
/// By its address alone, for calendar programs: campaigns of one's areas or for one's work, and the activities one
/// organises; what was called off is `CANCELLED`. An unknown, a revoked and a disabled one are 404 alike. Ask with
/// `If-None-Match`.
#[utoipa::path(tag = "inbox", params(("file" = String, Path, description = "The token of the address, and `.ics`",
        min_length = 5, max_length = 100, pattern = r"^[A-Za-z0-9_\-]+\.ics$", example = "AZ2kq0Yx7s1bq3lFvV0mAZ2kq0Yx7s1bq3lFvV0mAZ2.ics")),
    responses((status = 200, description = "The calendar", content((CalendarText = "text/calendar")))))]
#[get("/calendar/{file}")]
pub async fn get_calendar(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    file: web::Path<String>,
) -> AppResult<HttpResponse> {
    let token = file.strip_suffix(".ics").ok_or_else(AppError::not_found)?;
    let (hash, now) = (hash(&app.vault, token), app.clock.now());
    let events = app
        .db
        .read(move |c| {
            let user = store::owner(c, &hash)?.ok_or_else(AppError::not_found)?;
            let who = owner(c, user, now, &id)?;
            events::of(c, &who)
        })
        .await?;
    let text = ical::calendar(&events);
    let etag = etag(&text);
    let held = req.headers().get(header::IF_NONE_MATCH);
    let held = held.and_then(|v| v.to_str().ok()).unwrap_or_default();
    if held
        .split(',')
        .any(|tag| tag.trim() == etag || tag.trim() == "*")
    {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .insert_header((header::CACHE_CONTROL, FRESH))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("text/calendar; charset=utf-8")
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, FRESH))
        .body(text))
}

/// The owner with the rights they have now; a disabled account has none.
fn owner(c: &mut crate::db::DbConn, user: Uid, now: Micros, id: &RequestId) -> AppResult<Who> {
    let rights = auth::store::load_rights(c, user, now)?;
    if !rights.active {
        return Err(AppError::not_found());
    }
    Ok(Who {
        by: By::Account,
        user,
        session: Uid::NIL,
        device: None,
        at: now,
        request_id: id.0.clone(),
        rights: rights.into(),
    })
}

/// A strong tag of the very text.
fn etag(text: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    format!("\"{}\"", hex(&hash.as_ref()[..16]))
}
