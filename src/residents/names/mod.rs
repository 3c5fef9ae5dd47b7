//! The names of an area's residents, opened for searches by coordinators.
//!
//! Names rest sealed, and nothing of them is indexed. A search opens those of the coordinator's own area, at most
//! [`AT_MOST`], outside any transaction, and keeps them in memory for a few minutes; the next search asks the feed
//! which of them changed. What is found is shown as the database has it at that moment: whoever withdrew or moved
//! away is in no answer, whatever is remembered here.

pub mod matching;
pub mod search_api;

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::store::{self, SealedName};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::state::App;
use crate::sync::sources::At;
use matching::{Fit, Wanted};

/// Names of one search.
pub const AT_MOST: usize = 50_000;
/// Changes since the last search that are looked at one by one; more, and all names are opened again.
const CHANGES: i64 = 2_000;
/// Names of all areas that are remembered.
const REMEMBERED: usize = 4 * AT_MOST;
/// How long after its last search an area's names are forgotten.
const FORGET: Duration = Duration::from_secs(600);

/// What is remembered of the areas that were searched.
#[derive(Default)]
pub struct Names {
    areas: Lock<HashMap<At, Remembered>>,
}

struct Remembered {
    used: Instant,
    size: usize,
    /// Whoever searches waits for whoever opens the same names.
    names: Arc<Mutex<Opened>>,
}

/// The names of one area as of a position of the feed.
#[derive(Default)]
struct Opened {
    pos: Option<i64>,
    by_resident: HashMap<Uid, Zeroizing<String>>,
}

/// What was read of an area.
enum News {
    All(i64, Vec<SealedName>),
    Changed(i64, Vec<Uid>, Vec<SealedName>),
}

/// The residents of these areas who are meant by what was typed, best first; and how many names were looked at.
pub async fn search(
    app: &web::Data<App>,
    areas: &[At],
    wanted: Wanted,
) -> AppResult<(Vec<Uid>, usize)> {
    let mut opened = Vec::with_capacity(areas.len());
    let mut looked_at = 0;
    for area in areas {
        let names = app.names.of(*area);
        let mut names = names.lock_owned().await;
        refresh(app, *area, &mut names).await?;
        looked_at += names.by_resident.len();
        app.names.used(*area, names.by_resident.len());
        if looked_at > AT_MOST {
            return Err(AppError::field("/area", Fault::TooMany));
        }
        opened.push(names);
    }
    let found = web::block(move || {
        let mut found: Vec<(Fit, Uid)> = Vec::new();
        for names in &opened {
            for (resident, name) in &names.by_resident {
                if let Some(fit) = wanted.fit(name) {
                    found.push((fit, *resident));
                }
            }
        }
        // The newest first among those that fit as well.
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        found.dedup();
        found.into_iter().map(|(_, resident)| resident).collect()
    });
    Ok((found.await.map_err(AppError::internal)?, looked_at))
}

async fn refresh(app: &web::Data<App>, area: At, names: &mut Opened) -> AppResult<()> {
    let since = names.pos;
    let news = app.db.read(move |c| news(c, area, since)).await?;
    let vault = app.vault.clone();
    let (pos, changed, sealed) = match news {
        News::All(pos, sealed) => {
            names.by_resident.clear();
            (pos, Vec::new(), sealed)
        }
        News::Changed(pos, changed, sealed) => (pos, changed, sealed),
    };
    for resident in changed {
        names.by_resident.remove(&resident);
    }
    if !sealed.is_empty() {
        let opened = web::block(move || open(&vault, sealed)).await;
        names
            .by_resident
            .extend(opened.map_err(AppError::internal)?);
    }
    names.pos = Some(pos);
    Ok(())
}

fn news(c: &mut DbConn, area: At, since: Option<i64>) -> AppResult<News> {
    let pos = store::feed_position(c)?;
    if let Some(since) = since.filter(|since| *since <= pos) {
        let changed = store::changed_in(c, area, since, CHANGES + 1)?;
        if changed.len() as i64 <= CHANGES {
            let sealed = store::names_among(c, area, &changed)?;
            return Ok(News::Changed(pos, changed, sealed));
        }
    }
    // One more than may be, to know that there are more.
    let sealed = store::names_in(c, area, AT_MOST as i64 + 1)?;
    Ok(News::All(pos, sealed))
}

/// One that does not open is left out and told in the log: it keeps nobody from finding the others.
fn open(vault: &Vault, sealed: Vec<SealedName>) -> Vec<(Uid, Zeroizing<String>)> {
    let one = |row: SealedName| {
        let key = vault.open_data_key(row.person.0, &row.data_key);
        let name = key.and_then(|key| key.open("persons.name", row.person.0, &row.name));
        match name {
            Ok(name) => Some((row.resident, Zeroizing::new(name))),
            Err(cause) => {
                tracing::error!(person = %row.person, %cause, "a name does not open");
                None
            }
        }
    };
    sealed.into_iter().filter_map(one).collect()
}

impl Names {
    fn areas(&self) -> std::sync::MutexGuard<'_, HashMap<At, Remembered>> {
        self.areas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, area: At) -> Arc<Mutex<Opened>> {
        let new = || Remembered {
            used: Instant::now(),
            size: 0,
            names: Arc::default(),
        };
        self.areas().entry(area).or_insert_with(new).names.clone()
    }

    /// Notes how many names an area has, and forgets those of others where it becomes too much.
    fn used(&self, area: At, size: usize) {
        let mut areas = self.areas();
        if let Some(remembered) = areas.get_mut(&area) {
            (remembered.used, remembered.size) = (Instant::now(), size);
        }
        while areas.values().map(|r| r.size).sum::<usize>() > REMEMBERED {
            let others = areas.iter().filter(|(at, _)| **at != area);
            let oldest = others.min_by_key(|(_, r)| r.used).map(|(at, _)| *at);
            match oldest {
                Some(oldest) => drop(areas.remove(&oldest)),
                None => return,
            }
        }
    }

    /// Forgets what nobody searched lately.
    pub fn forget_unused(&self) {
        self.areas().retain(|_, r| r.used.elapsed() < FORGET);
    }

    /// Forgets everything: somebody was erased.
    pub fn forget(&self) {
        self.areas().clear();
    }
}
