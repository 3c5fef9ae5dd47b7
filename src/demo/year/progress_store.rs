//! How far the year came, in `meta`: kept in the transaction of what was done, so that nothing is done twice or left out.

use diesel::prelude::*;

use crate::db::DbConn;
use crate::db::schema::meta;
use crate::each_backend;
use crate::error::AppResult;

const KEY: &str = "demo_year";

/// The year that is filled, and how much of it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub year: i16,
    pub done: usize,
    pub total: usize,
    /// Steps that were refused, because somebody had made what stands in their way.
    pub skipped: usize,
}

impl Progress {
    fn read(text: &str) -> Option<Progress> {
        let mut words = text.split(' ');
        let mut next = || words.next();
        Some(Progress {
            year: next()?.parse().ok()?,
            done: next()?.parse().ok()?,
            total: next()?.parse().ok()?,
            skipped: next()?.parse().ok()?,
        })
    }

    fn write(&self) -> String {
        format!(
            "{} {} {} {}",
            self.year, self.done, self.total, self.skipped
        )
    }
}

pub fn find(c: &mut DbConn) -> AppResult<Option<Progress>> {
    let text: Option<String> = meta::table
        .find(KEY)
        .select(meta::value)
        .first(c)
        .optional()?;
    Ok(text.as_deref().and_then(Progress::read))
}

pub fn put(c: &mut DbConn, progress: &Progress) -> AppResult<()> {
    let value = progress.write();
    each_backend!(c, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(KEY), meta::value.eq(&value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(&value))
        .execute(c))?;
    Ok(())
}
