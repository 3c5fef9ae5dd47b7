//! Pull: what changed comes page by page, each stored with the cursor that follows it.

use super::account::from_json;
use super::error::{Error, Result};
use super::store::{Db, Json, Record, meta, operations, records};
use super::transport::Method;
use super::wire::{Change, Op, Page, Problem, Progress, PullQuery};
use super::{Moment, Phone};

/// A restored server names a time by its own clock, and the phone knows that clock only roughly. To send a
/// little more than was lost costs nothing: it comes back as duplicates.
const MARGIN: i64 = Moment::HOUR;

/// What a pull brought.
#[derive(Debug, Default)]
pub struct Pulled {
    pub pages: usize,
    /// Records that came.
    pub upserts: usize,
    /// Records that went: dropped one by one, with an area, or left behind by a pull from the start.
    pub dropped: usize,
    /// Of a first pull: how much there is to come.
    pub progress: Option<Progress>,
}

impl Phone {
    /// Pulls until there is no more. A cursor that does not hold any more is replaced by a pull from the
    /// start; on `ResyncRequired` the queue was filled again, and a push comes first.
    pub async fn pull(&mut self) -> Result<Pulled> {
        let mut pulled = Pulled::default();
        let mut started_over = false;
        loop {
            let more = match self.pull_page(&mut pulled).await {
                Err(Error::Refused(problem)) if !started_over => {
                    self.start_over(*problem)?;
                    started_over = true;
                    true
                }
                more => more?,
            };
            if !more {
                return Ok(pulled);
            }
        }
    }

    /// One page. Answers whether there are more.
    pub async fn pull_page(&mut self, pulled: &mut Pulled) -> Result<bool> {
        let cursor = self.cursor()?;
        let query = PullQuery {
            cursor: cursor.as_deref(),
            limit: self.settings.page,
            max_bytes: self.settings.page_bytes,
            kinds: &self.settings.kinds,
        };
        let query =
            serde_html_form::to_string(&query).map_err(|e| Error::NotAsPromised(e.to_string()))?;
        let path = format!("/v1/sync/pull?{query}");
        let page: Page = from_json(&self.call(Method::Get, &path, None).await?)?;
        if page.more && cursor.as_ref() == Some(&page.next_cursor) {
            let what = "more to come, and a cursor that stays where it is";
            return Err(Error::NotAsPromised(what.into()));
        }
        let now = self.clock.now();
        let more = page.more;
        self.db
            .immediate_transaction(|c| take_page(c, page, now, pulled))?;
        Ok(more)
    }

    /// Deals with a refused cursor; any other refusal stays an error.
    fn start_over(&mut self, problem: Problem) -> Result<()> {
        match problem.code.as_str() {
            "cursor_expired" | "cursor_invalid" => self.db.immediate_transaction(meta::start_over),
            "resync_required" => {
                let after = problem.acknowledged_after.unwrap_or(Moment(0));
                self.db.immediate_transaction(|c| {
                    operations::requeue_after(c, after.plus(-MARGIN))?;
                    meta::start_over(c)
                })?;
                Err(Error::ResyncRequired)
            }
            _ => Err(Error::Refused(Box::new(problem))),
        }
    }
}

/// Stores a page: all of it with its cursor, or nothing.
fn take_page(c: &mut Db, page: Page, now: Moment, pulled: &mut Pulled) -> Result<()> {
    let era = meta::era(c)?;
    // Before the changes: what the caller still sees of such an area may come again on the same page.
    let mut dropped = records::drop_areas(c, &page.purge_areas)?;
    // What came with a result after the last pull may lie there, too. This pull brings it, if it may stay.
    if !page.purge_areas.is_empty() {
        dropped += records::drop_without_areas(c)?;
    }
    let mut upserts = 0;
    for change in page.changes {
        match change.op {
            Op::Upsert => {
                take_record(c, change, era, now)?;
                upserts += 1;
            }
            // Whatever the version: to hold what one does not see any more is worse than to fetch it again.
            Op::Left | Op::Revoked => dropped += records::drop_one(c, &change.kind, change.id)?,
            Op::Delete => {
                dropped += records::drop_one(c, &change.kind, change.id)?;
                operations::forget_settled_of(c, change.id)?;
            }
            Op::Unknown => {}
        }
    }
    meta::put(c, meta::CURSOR, &page.next_cursor)?;
    meta::put(c, meta::KEEP_UNTIL, &page.keep_until)?;
    Phone::note_server_time(c, page.server_time, now)?;
    if !page.more && meta::get::<bool>(c, meta::SWEEPING)?.is_some() {
        dropped += records::drop_unbrought(c, era)?;
        meta::unset(c, meta::SWEEPING)?;
    }
    pulled.pages += 1;
    pulled.upserts += upserts;
    pulled.dropped += dropped;
    if page.progress.is_some() {
        pulled.progress = page.progress;
    }
    Ok(())
}

fn take_record(c: &mut Db, change: Change, era: i64, now: Moment) -> Result<()> {
    let (Some(version), Some(body)) = (change.version, change.record) else {
        let what = format!(
            "an upsert of {} {} without its record",
            change.kind, change.id
        );
        return Err(Error::NotAsPromised(what));
    };
    let known = records::find(c, &change.kind, change.id)?;
    if known.is_some_and(|known| known.era == era && known.version > version) {
        return records::mark_brought(c, &change.kind, change.id, era);
    }
    records::put(
        c,
        &Record {
            kind: change.kind,
            id: change.id,
            version,
            view: change.view.unwrap_or_else(|| "full".to_owned()),
            areas: Json(change.areas),
            body: Json(body),
            pulled_at: now,
            era,
            brought: era,
        },
    )
}
