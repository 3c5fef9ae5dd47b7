//! How deep the queue is, for the operator's metrics.
//!
//! Counting grows with the queue, from the index alone, so it is paced by what it costs: at most a hundredth of
//! the time is spent on it.

use actix_web::web;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::standing_store::depth;
use crate::state::App;

/// At the soonest.
const PAUSE: Duration = Duration::from_secs(10);
/// Of the time that counting takes, so much again is rest.
const REST: u32 = 100;

/// Counts until `stop` turns true.
pub fn watch(app: &web::Data<App>, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (app, mut stop) = (app.clone(), stop.clone());
    actix_web::rt::spawn(async move {
        while !*stop.borrow() {
            let began = Instant::now();
            count(&app).await;
            let pause = (began.elapsed() * REST).max(PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    })
}

/// Counts once.
pub async fn count(app: &App) {
    match app.db.read(depth).await {
        Ok(found) => {
            app.metrics.push_queue_empty();
            for (provider, lane, state, waiting) in found {
                app.metrics
                    .push_queue(provider.as_str(), lane.as_str(), state.as_str(), waiting);
            }
        }
        Err(e) => {
            tracing::warn!(cause = ?e, "the queue of pushes could not be counted; again later")
        }
    }
}
