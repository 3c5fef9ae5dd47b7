//! The loops of a running server or worker. Each ends when it stops.

use actix_web::web;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::sequencer;
use crate::associations::members::lapses;
use crate::auth::{sessions_store, store};
use crate::db::Micros;
use crate::http::idempotency;
use crate::privacy::erasure;
use crate::push;
use crate::reminders;
use crate::state::App;
use crate::sync::health;
use crate::sync::resting::settle;
use crate::workdays;

/// Rights changed within this window are looked at again and again, so that none is missed.
const WINDOW: i64 = 10 * Micros::SECOND;

/// The loops that run.
#[must_use = "they are to end in order"]
pub struct Workers(Vec<JoinHandle<()>>);

impl Workers {
    /// Waits until all have ended after `stop` turned true; false when patience ran out first.
    pub async fn ended(self, patience: Duration) -> bool {
        let all = futures_util::future::join_all(self.0);
        tokio::time::timeout(patience, all).await.is_ok()
    }
}

/// Starts all loops on this runtime, those that send pushes among them; they end when `stop` turns true.
/// The error names the key of a push provider that is configured wrongly.
pub fn start(app: &web::Data<App>, stop: &watch::Receiver<bool>) -> Result<Workers, String> {
    push::prepare(&app.config)?;
    let engines = if app.config.push_worker {
        let mut engines = push::engine::start(app, push::providers(&app.config)?, stop);
        engines.push(push::depth::watch(app, stop));
        engines.push(push::ahead::watch(app, stop));
        engines
    } else {
        Vec::new()
    };
    let mut loops = engines;
    let second = Duration::from_secs(1);
    loops.extend([
        every(app, stop, second / 2, watch_rights),
        every(app, stop, second * 5, watch_keys),
        every(app, stop, second * 5, move_to_newest_key),
        every(app, stop, second / 2, seal_audit),
        every(app, stop, second, send_reminders),
        every(app, stop, second, give_out_alarms),
        every(app, stop, second * 600, remind_of_work),
        every(app, stop, second * 5, expire_pushes),
        every(app, stop, second / 2, search_duplicates),
        every(app, stop, second, try_held_work),
        every(app, stop, second / 2, work_on_imports),
        every(app, stop, second * 60, expire_resting),
        every(app, stop, second * 5, store_seen),
        every(app, stop, second * 3600, forget_old),
        every(app, stop, second, erase_due),
        every(app, stop, second * 60, clean_erased),
        every(app, stop, second * 600, end_long_ago),
        every(app, stop, second * 3600, expire_audit),
        every(app, stop, second * 6 * 3600, fill_calendar),
        every(app, stop, second * 60, watch_work_days),
        every(app, stop, second * 600, expire_notices),
        every(app, stop, second * 3600, close_quarters),
    ]);
    if !app.db.is_sqlite() {
        loops.push(every(app, stop, second / 20, number_feed));
        loops.push(every(app, stop, second / 4, number_audit));
        loops.push(every(app, stop, second * 3, watch_lineage));
    }
    Ok(Workers(loops))
}

/// Runs a step again and again; true asks for the next one at once.
fn every<F, Fut>(
    app: &web::Data<App>,
    stop: &watch::Receiver<bool>,
    pause: Duration,
    step: F,
) -> JoinHandle<()>
where
    F: Fn(web::Data<App>) -> Fut + 'static,
    Fut: std::future::Future<Output = bool> + 'static,
{
    let (app, mut stop) = (app.clone(), stop.clone());
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
    })
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

/// A rotation on another node: what it seals can be read here, and no more is signed with the key before.
async fn watch_keys(app: web::Data<App>) -> bool {
    match app.vault.look() {
        Ok(true) => tracing::info!("the keys were rotated; the new ones are in use"),
        Ok(false) => {}
        Err(cause) => {
            tracing::warn!(%cause, "the key folder cannot be read; the keys held stay in use")
        }
    }
    false
}

/// After a rotation, what rests under older keys moves under the newest.
async fn move_to_newest_key(app: web::Data<App>) -> bool {
    match crate::privacy::moves::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("moving what is sealed under the newest key", e),
    }
}

async fn seal_audit(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app
        .db
        .write_behind(move |c| crate::audit::seal::seal(c, now))
        .await
    {
        Ok(more) => more,
        Err(e) => failed("sealing the audit", e),
    }
}

async fn remind_of_work(app: web::Data<App>) -> bool {
    match reminders::run(&app).await {
        Ok(()) => false,
        Err(e) => failed("reminding of work", e),
    }
}

/// Those whose time has come are erased, and whom other machines erased stands in this one's journal too.
async fn erase_due(app: web::Data<App>) -> bool {
    let purposes = match erasure::purposes::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("ending what rested on a consent", e),
    };
    let lapsed = match lapses::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("ending a consent whose purpose is over", e),
    };
    match erasure::run(&app).await {
        Ok(more) => more || purposes || lapsed,
        Err(e) => failed("erasing", e),
    }
}

async fn clean_erased(app: web::Data<App>) -> bool {
    app.names.forget_unused();
    if let Err(e) = erasure::keep_journal(&app).await {
        return failed("keeping the journal of erasures", e);
    }
    match erasure::scrub::run(&app).await {
        Ok(()) => false,
        Err(e) => failed("cleaning what was erased", e),
    }
}

async fn end_long_ago(app: web::Data<App>) -> bool {
    match erasure::retention::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("ending what was kept long enough", e),
    }
}

async fn expire_audit(app: web::Data<App>) -> bool {
    let (now, months) = (app.clock.now(), app.config.audit_keep_months);
    let expired = app
        .db
        .write_behind(move |c| crate::audit::keep::expire(c, now, months));
    match expired.await {
        Ok(more) => more,
        Err(e) => failed("removing what the audit kept long enough", e),
    }
}

async fn forget_old(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    let tries = now.plus(-app.config.push_keep_micros);
    match app
        .db
        .write_behind(move |c| {
            store::forget_old_events(c, now.plus(-Micros::DAY))?;
            let sessions = sessions_store::forget_ended(c, now)?;
            let keys = idempotency::forget(c, now)?;
            push::standing_store::forget_minutes(c, now)?;
            let synced = crate::sync::forget(c, now)?;
            let links = crate::channels::forget_expired(c, now)?;
            let tries = push::receipts_store::forget(c, tries)?;
            let imports = crate::policy_imports::forget(c, now)?;
            Ok(sessions || keys || synced || links || tries || imports)
        })
        .await
    {
        Ok(more) => more,
        Err(e) => failed("forgetting what ended long ago", e),
    }
}

async fn send_reminders(app: web::Data<App>) -> bool {
    match crate::campaigns::scheduler::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("sending reminders", e),
    }
}

async fn give_out_alarms(app: web::Data<App>) -> bool {
    match crate::campaigns::alarms::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("giving out alarms", e),
    }
}

async fn expire_pushes(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app
        .db
        .write_behind(move |c| push::store::expire(c, now))
        .await
    {
        Ok(more) => more,
        Err(e) => failed("expiring pushes", e),
    }
}

async fn search_duplicates(app: web::Data<App>) -> bool {
    match crate::duplicates::search::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("searching for duplicates", e),
    }
}

async fn try_held_work(app: web::Data<App>) -> bool {
    match settle::try_held(&app).await {
        Ok(more) => more,
        Err(e) => failed("trying held work", e),
    }
}

async fn work_on_imports(app: web::Data<App>) -> bool {
    match crate::policy_imports::job::run(&app).await {
        Ok(more) => more,
        Err(e) => failed("working on an import", e),
    }
}

async fn expire_resting(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app.db.write_behind(move |c| settle::expire(c, now)).await {
        Ok(more) => more,
        Err(e) => failed("ending what rested too long", e),
    }
}

async fn store_seen(app: web::Data<App>) -> bool {
    match health::store_seen(&app).await {
        Ok(()) => false,
        Err(e) => failed("storing how phones fare", e),
    }
}

async fn fill_calendar(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app
        .db
        .write_behind(move |c| crate::campaigns::festivals::refresh_days(c, now))
        .await
    {
        Ok(()) => false,
        Err(e) => failed("filling the festivals' calendar", e),
    }
}

/// An operator imported a year's arrangement of working days.
async fn watch_work_days(app: web::Data<App>) -> bool {
    match workdays::watch(&app).await {
        Ok(()) => false,
        Err(e) => failed("looking for imported working days", e),
    }
}

/// Notices that nobody answered for long past their day.
async fn expire_notices(app: web::Data<App>) -> bool {
    match crate::liaison::ends::expire(&app).await {
        Ok(more) => more,
        Err(e) => failed("ending notices that nobody answered", e),
    }
}

async fn close_quarters(app: web::Data<App>) -> bool {
    match crate::insurance::statistics::close(&app).await {
        Ok(()) => false,
        Err(e) => failed("closing quarters", e),
    }
}

async fn number_audit(app: web::Data<App>) -> bool {
    match app.db.write_behind(sequencer::run_audit).await {
        Ok(more) => more,
        Err(e) => failed("numbering the audit", e),
    }
}

async fn number_feed(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    match app.db.write_behind(move |c| sequencer::run(c, now)).await {
        Ok(more) => more,
        Err(e) => {
            let again = failed("numbering the feed", e);
            // A database that is away is not asked, and not told of in the log, twenty times a second.
            tokio::time::sleep(Duration::from_millis(250)).await;
            again
        }
    }
}

async fn watch_lineage(app: web::Data<App>) -> bool {
    let now = app.clock.now();
    // Nearly always nothing moved, and a read takes no place in the queue of writes.
    let noted = match app.db.read(sequencer::moved_on).await {
        Ok(true) => app.db.write_behind(move |c| sequencer::watch(c, now)).await,
        other => other,
    };
    match noted {
        Ok(true) => {
            tracing::warn!(
                "the database was restarted, restored or failed over; phones that are ahead of it will resync"
            );
            match erasure::replay_running(&app).await {
                Ok(0) => {}
                Ok(people) => tracing::warn!(
                    people,
                    "the database had people back who were erased; they are erased again"
                ),
                Err(e) => return failed("erasing again who was erased", e),
            }
        }
        Ok(false) => {}
        Err(e) => return failed("watching the feed's lineage", e),
    }
    false
}
