//! The inbox over HTTP: reading it, and telling how far one came with it.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::marks::{self, Mark};
use super::model::{NotificationKind, NotificationMark, NotificationRow};
use super::store;
use crate::auth::{Action, Who};
use crate::db::{Micros, Uid};
use crate::error::AppResult;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::text::{Limit, Note, UpTo, not_null};
use crate::page_of;
use crate::state::App;
use crate::sync::Kind;

/// Something its receiver should know. It never tells of a person served.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub kind: NotificationKind,
    #[schema(value_type = Note, example = "第29个会员活动日")]
    pub title_zh: String,
    #[schema(value_type = Note, example = "Members' Day")]
    pub title_en: String,
    #[schema(value_type = Note)]
    pub body_zh: String,
    #[schema(value_type = Note)]
    pub body_en: String,
    /// The kind of record it is about.
    pub subject_kind: Option<Kind>,
    /// The record it is about.
    pub subject_id: Option<Uid>,
    /// After this it is old news.
    pub expires_at: Micros,
    pub displayed_at: Option<Micros>,
    pub opened_at: Option<Micros>,
    pub read_at: Option<Micros>,
    pub done_at: Option<Micros>,
    pub created_at: Micros,
}

impl From<NotificationRow> for Notification {
    fn from(r: NotificationRow) -> Self {
        Notification {
            id: r.id,
            version: r.version,
            kind: r.kind,
            title_zh: r.title_zh,
            title_en: r.title_en,
            body_zh: r.body_zh,
            body_en: r.body_en,
            subject_kind: r.subject_kind.and_then(|k| k.parse().ok()),
            subject_id: r.subject_id,
            expires_at: r.expires_at,
            displayed_at: r.displayed_at,
            opened_at: r.opened_at,
            read_at: r.read_at,
            done_at: r.done_at,
            created_at: r.created_at,
        }
    }
}

page_of! {
    /// A page of an inbox.
    NotificationPage of Notification
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only those neither read nor done.
    #[param(value_type = Option<bool>, example = true)]
    unread: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List one's notifications
///
/// The caller's own inbox, newest first. It is the truth; a push only announces what stands here.
#[utoipa::path(tag = "inbox", params(NotificationQuery), responses((status = 200, description = "A page of the inbox", body = NotificationPage)))]
#[get("/notifications")]
pub async fn list_notifications(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<NotificationQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::NotificationRead)?;
    let unread = query.unread == Some(true);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_notifications {unread}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let user = who.user;
    let rows = app
        .db
        .read(move |c| store::list(c, user, unread, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Notification::from(r)))?;
    Ok(HttpResponse::Ok().json(NotificationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// How far one came with one notification.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMark {
    pub notification_id: Uid,
    pub mark: NotificationMark,
    /// When it happened by the phone's clock, if it was offline. A time ahead of the server counts as now.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub at: Option<Micros>,
}

/// Marks of up to 200 notifications.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "marks": [{ "notification_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "mark": "opened" }] }))]
pub struct NotificationMarks {
    #[schema(value_type = Vec<NewMark>, max_items = 200)]
    marks: UpTo<200, NewMark>,
}

/// What became of the marks.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarksTaken {
    /// Notifications that changed; a mark repeated changes nothing.
    #[schema(minimum = 0, maximum = 200, example = 1)]
    pub changed: i64,
    /// Ids that are not in the caller's inbox.
    #[schema(max_items = 200)]
    pub unknown: Vec<Uid>,
}

/// Mark notifications
///
/// As displayed, opened, read or done, many at once and safe to repeat. The first time counts; opened implies
/// displayed, read and done imply both.
#[utoipa::path(tag = "inbox", request_body = NotificationMarks, responses((status = 200, description = "What changed", body = MarksTaken)))]
#[post("/notifications/marks")]
pub async fn mark_notifications(
    app: web::Data<App>,
    who: Who,
    body: Body<NotificationMarks>,
) -> AppResult<HttpResponse> {
    who.may(Action::NotificationMark)?;
    let mut wanted: BTreeMap<Uid, Vec<Mark>> = BTreeMap::new();
    for new in body.value.marks.0 {
        let (mark, at) = (new.mark, new.at);
        let of = wanted.entry(new.notification_id).or_default();
        of.push(Mark { mark, at });
    }
    let (changed, unknown) = app.db.write(move |c| marks::take(c, &who, &wanted)).await?;
    Ok(HttpResponse::Ok().json(MarksTaken { changed, unknown }))
}
