//! Noting how leases ended: many in one write, as they come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

use super::engine::Engine;
use super::settle_store::{Ended, Noter, settle};
use crate::db::Micros;
use crate::error::AppResult;

/// Noted in one write at the most.
pub(super) const NOTED: usize = 500;
/// A malformed message says something about its token when the provider took others within this.
const LATELY: i64 = 10 * Micros::MINUTE;
/// Waiting on a full database.
pub(super) const AGAIN: Duration = Duration::from_millis(300);

/// Notes ends until nobody is left who could send one.
pub(super) async fn note(engine: Arc<Engine>, mut ended: mpsc::Receiver<Ended>) {
    let mut batch = Vec::with_capacity(NOTED);
    while ended.recv_many(&mut batch, NOTED).await > 0 {
        let noted: Arc<[Ended]> = std::mem::take(&mut batch).into();
        // What a provider took is not forgotten because the database is busy for a moment. Where it
        // stays away past the lease, another try is made: at least once.
        let until = Instant::now() + engine.lease();
        while let Err(e) = write(&engine, noted.clone()).await {
            engine.unnoted.store(true, Ordering::Relaxed);
            if Instant::now() > until {
                tracing::error!(lost = noted.len(), cause = ?e, "ends of deliveries could not be noted");
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        engine.unnoted.store(false, Ordering::Relaxed);
    }
}

async fn write(engine: &Engine, noted: Arc<[Ended]>) -> AppResult<()> {
    let now = engine.app.clock.now();
    let by = Noter {
        provider: engine.provider.name(),
        worker: engine.worker,
        others_pass: now.0 - engine.accepted_at.load(Ordering::Relaxed) < LATELY,
        now,
    };
    let settled = engine.app.db.write_behind(move |c| settle(c, &by, &noted));
    let lost = settled.await?;
    if lost > 0 {
        tracing::warn!(provider = %by.provider, lost, "leases had run out before their deliveries ended; some may arrive twice");
    }
    Ok(())
}
