//! How phones' sync fares: noted in memory at each push and pull, stored every few seconds.
//!
//! A write for each empty pull would cost more than the pull; what a crash loses is when a phone was last
//! heard of, by some seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::model::DeviceSyncRow;
use super::store;
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::text::AppVersion;
use crate::state::App;

/// Phones noted between two stores at most; more are stored with their next request.
const MOST: usize = 20_000;

/// A phone, what it said of its backlog, and of its app.
type Phone = (DeviceSyncRow, Option<i64>, Option<AppVersion>);
type Noted = HashMap<Uid, Phone>;

/// What was seen of phones since it was stored last.
#[derive(Default)]
pub struct Seen(Mutex<Noted>);

impl Seen {
    /// Notes a push or a pull; what is `None` stays as it was.
    pub fn note(&self, row: DeviceSyncRow, backlog: Option<i64>, app: Option<AppVersion>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST && !noted.contains_key(&row.device_id) {
            return;
        }
        match noted.get_mut(&row.device_id) {
            Some((known, known_backlog, known_app)) => {
                known.last_push_at = row.last_push_at.or(known.last_push_at);
                known.last_pull_at = row.last_pull_at.or(known.last_pull_at);
                known.clock_skew_ms = row.clock_skew_ms.or(known.clock_skew_ms);
                if backlog.is_some() {
                    known.backlog = row.backlog;
                    *known_backlog = backlog;
                }
                if app.is_some() {
                    *known_app = app;
                }
                known.updated_at = row.updated_at;
            }
            None => {
                noted.insert(row.device_id, (row, backlog, app));
            }
        }
    }

    fn take(&self) -> Noted {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stores what was noted.
pub async fn store_seen(app: &App) -> AppResult<()> {
    let mut noted: Vec<_> = app.seen.take().into_values().collect();
    // The same order on every node: two that store the same phones do not wait for each other in a ring.
    noted.sort_unstable_by_key(|(row, _, _)| row.device_id);
    for part in noted.chunks(200) {
        let part = part.to_vec();
        app.db
            .write(move |c| {
                part.iter().try_for_each(|(row, backlog, app)| {
                    store::note_device(c, row, *backlog)?;
                    match app {
                        Some(app) => {
                            store::note_app_version(c, row.device_id, app.as_str(), row.updated_at)
                        }
                        None => Ok(()),
                    }
                })
            })
            .await?;
    }
    Ok(())
}
