//! The loops of a running server. Each ends when the server stops.

use actix_web::web;
use std::time::Duration;
use tokio::sync::watch;

use super::sequencer;
use crate::auth::store;
use crate::db::Micros;
use crate::state::App;

/// Rights changed within this window are looked at again and again, so that none is missed.
const WINDOW: i64 = 10 * Micros::SECOND;

/// Starts all loops on this runtime; they stop when `stop` turns true.
pub fn start(app: web::Data<App>, stop: watch::Receiver<bool>) {
    every(
        stop.clone(),
        Duration::from_millis(500),
        app.clone(),
        watch_rights,
    );
    every(
        stop.clone(),
        Duration::from_millis(500),
        app.clone(),
        seal_audit,
    );
    every(
        stop.clone(),
        Duration::from_secs(3600),
        app.clone(),
        forget_old,
    );
    every(
        stop.clone(),
        Duration::from_secs(1),
        app.clone(),
        send_reminders,
    );
    every(
        stop.clone(),
        Duration::from_secs(6 * 3600),
        app.clone(),
        fill_calendar,
    );
    if !app.db.is_sqlite() {
        every(stop, Duration::from_millis(50), app, number_feed);
    }
}

/// Runs a step again and again; true asks for the next one at once.
fn every<F, Fut>(mut stop: watch::Receiver<bool>, pause: Duration, app: web::Data<App>, step: F)
where
    F: Fn(web::Data<App>) -> Fut + 'static,
    Fut: std::future::Future<Output = bool> + 'static,
{
    actix_web::rt::spawn(async move {
        loop {
            let again = step(app.clone()).await;
            if *stop.borrow() {
                return;
            }
            if !again {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = stop.changed() => return,
                }
            }
        }
    });
}

fn failed(what: &str, e: crate::error::AppError) -> bool {
    tracing::warn!(what, cause = ?e, "a background step failed; it is tried again");
    false
}

async fn watch_rights(app: web::Data<App>) -> bool {
    app.metrics.waiting(app.db.waiting());
    let since = app.clock.now().plus(-WINDOW);
    match app.db.read(move |c| store::events_since(c, since)).await {
        Ok(users) => app.rights.apply(&users),
        Err(e) => return failed("watching rights", e),
    }
    false
}

async fn seal_audit(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app
        .db
        .write(move |c| {
            if let crate::db::DbConn::Pg(c) = c {
                use diesel::connection::SimpleConnection;
                c.batch_execute("SELECT pg_advisory_xact_lock(7237043)")?;
            }
            crate::audit::seal::seal(c, now)
        })
        .await
    {
        Ok(more) => more,
        Err(e) => failed("sealing the audit", e),
    }
}

async fn forget_old(app: web::Data<App>) -> bool {
    let before = app.clock.now().plus(-Micros::DAY);
    match app
        .db
        .write(move |c| store::forget_old_events(c, before))
        .await
    {
        Ok(()) => false,
        Err(e) => failed("forgetting old events", e),
    }
}

async fn send_reminders(app: web::Data<App>) -> bool {
    match crate::campaigns::scheduler::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("sending reminders", e),
    }
}

async fn fill_calendar(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app
        .db
        .write(move |c| crate::campaigns::festivals::refresh_days(c, now))
        .await
    {
        Ok(()) => false,
        Err(e) => failed("filling the festivals' calendar", e),
    }
}

async fn number_feed(app: web::Data<App>) -> bool {
    match app.db.write(sequencer::run).await {
        Ok(more) => more,
        Err(e) => failed("numbering the feed", e),
    }
}
