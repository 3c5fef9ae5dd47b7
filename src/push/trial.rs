//! A push to oneself, to see whether they come: through the real inbox and outbox, to every live phone.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Action, Place, Who, store};
use crate::db::schema::notifications;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::state::App;
use crate::sync::Kind;

/// A test that comes later than this tests nothing.
const WORTH: i64 = 10 * Micros::MINUTE;
/// So many tests…
const MOST: i64 = 3;
/// …within this.
const WITHIN: i64 = 10 * Micros::MINUTE;

/// A test that is on its way.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PushTest {
    /// As it stands in the caller's inbox and in the push's `data`.
    pub notification_id: Uid,
    /// Phones it was sent to; 0: none of the caller's has a live token.
    #[schema(minimum = 0, maximum = 1000, example = 1)]
    pub phones: i64,
}

/// Tells a user that pushes work, by a push. Whoever calls this has asked whether they may.
pub fn send(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<PushTest> {
    let title = Text::of("推送测试", "Push test");
    let body = Text::of(
        "看到这条消息，说明此手机可以收到推送。",
        "You see this: pushes reach this phone.",
    );
    tell(c, user, now, title, body, None)
}

/// Tells a user this, as a test. Whoever calls this has asked whether they may.
pub fn tell(
    c: &mut DbConn,
    user: Uid,
    now: Micros,
    title: Text,
    body: Text,
    subject: Option<(Kind, Uid)>,
) -> AppResult<PushTest> {
    let occurrence = Uid::new(now);
    let what = Announcement {
        kind: NotificationKind::PushTest,
        title,
        body,
        subject,
        campaign: None,
        occurrence,
        not_before: now,
        ramp: None,
        expires_at: now.plus(WORTH),
    };
    let recipient = Recipient {
        user,
        place: Place::default(),
    };
    let told = announce(c, now, &what, &[recipient])?;
    let id = notifications::table
        .filter(notifications::occurrence_id.eq(occurrence))
        .select(notifications::id)
        .first(c)?;
    Ok(PushTest {
        notification_id: id,
        phones: told.deliveries as i64,
    })
}

/// Refuses a test too many, and says when there may be another one. Tests of one user are one after another: each of
/// several that come at once counts those before it.
pub fn check_pace(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    store::lock_user(c, user)?;
    let since = Uid::least_of(now.plus(-WITHIN));
    let tests: Vec<Micros> = notifications::table
        .filter(notifications::user_id.eq(user))
        .filter(notifications::id.ge(since))
        .filter(notifications::kind.eq(NotificationKind::PushTest))
        .select(notifications::created_at)
        .order(notifications::id.desc())
        .limit(MOST)
        .load(c)?;
    let Some(oldest) = tests.get(MOST as usize - 1) else {
        return Ok(());
    };
    let left = oldest.plus(WITHIN).0 - now.0;
    let seconds = u32::try_from(left / Micros::SECOND + 1).unwrap_or(1);
    Err(AppError::later(Code::RateLimited, seconds))
}

/// Test pushes
///
/// Puts one notification of kind `push_test` into the caller's inbox and pushes it to each of their phones, at any
/// hour. With tests of campaigns three times within ten minutes.
#[utoipa::path(tag = "pushes", responses((status = 200, description = "It is on its way", body = PushTest)))]
#[post("/push/test")]
pub async fn test_push(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::PushTest)?;
    let (user, now) = (who.user, who.at);
    let sent = app
        .db
        .write(move |c| {
            check_pace(c, user, now)?;
            send(c, user, now)
        })
        .await?;
    app.outbox.notify_waiters();
    Ok(HttpResponse::Ok().json(sent))
}
