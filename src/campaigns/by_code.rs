//! Figures of many areas, a page at a time in the order of their codes.

use crate::areas;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::page::{Bound, Page};
use crate::http::text::Limit;

/// So many areas are answered at once to who names no limit.
const MOST: i64 = 2000;

/// Which page is asked for.
pub fn open(bound: &Bound<'_>, limit: Option<Limit>, cursor: Option<&str>) -> AppResult<Page> {
    let unlimited = limit.is_none();
    let page = bound.open(limit, cursor)?;
    Ok(match unlimited {
        true => Page {
            limit: MOST,
            ..page
        },
        false => page,
    })
}

/// An area's code, name and id.
pub type Named = (String, String, Uid);

/// The page of these, and its last one where others follow.
pub fn one_page(
    c: &mut DbConn,
    page: Page,
    mut all: Vec<Named>,
) -> AppResult<(Vec<Named>, Option<Uid>)> {
    all.sort_by(|a, b| (&a.0, a.2).cmp(&(&b.0, b.2)));
    if let Some(after) = page.after {
        let mut codes = areas::store::codes_of(c, vec![after])?;
        let last = codes
            .remove(&after)
            .ok_or_else(|| AppError::of(Code::CursorInvalid))?;
        // Two areas may have had one code at different times.
        all.retain(|(code, _, id)| (code, id) > (&last, &after));
    }
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|(.., id)| *id);
    Ok((all, next))
}
