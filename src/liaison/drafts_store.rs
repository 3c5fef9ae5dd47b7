//! All SQL about drafts alone: when each of their fields was changed last, and how many wait about one person.

use diesel::prelude::*;

use super::model::*;
use super::store;
use crate::auth::Handle;
use crate::db::schema::{liaison_drafts, liaison_notices};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::sync::kinds::Stand;

/// How many notices about somebody are not closed, counted once each.
pub fn unclosed_about(c: &mut DbConn, person: Uid) -> AppResult<i64> {
    Ok(liaison_notices::table
        .filter(liaison_notices::person_id.eq(person))
        .filter(liaison_notices::side.eq(LiaisonSide::Out))
        .filter(liaison_notices::state.ne(LiaisonState::Closed))
        .count()
        .get_result(c)?)
}

/// When each field of a draft was changed last.
pub fn field_versions(c: &mut DbConn, id: Uid) -> AppResult<String> {
    let known: Option<String> = liaison_drafts::table
        .find(id)
        .select(liaison_drafts::field_versions)
        .first(c)
        .optional()?;
    Ok(known.unwrap_or_else(|| crate::sync::fields::NEW.into()))
}

pub fn put_field_versions(
    c: &mut DbConn,
    draft: &Handle<NoticeRow>,
    versions: &str,
) -> AppResult<()> {
    diesel::delete(liaison_drafts::table.find(draft.id)).execute(c)?;
    diesel::insert_into(liaison_drafts::table)
        .values((
            liaison_drafts::notice_id.eq(draft.id),
            liaison_drafts::field_versions.eq(versions),
        ))
        .execute(c)?;
    Ok(())
}

/// Where a copy stands, for phones that changed it while they were away.
pub fn stand(c: &mut DbConn, id: Uid) -> AppResult<Option<Stand>> {
    let Some(row) = store::find(c, id)? else {
        return Ok(None);
    };
    Ok(Some(Stand {
        version: row.version,
        field_versions: field_versions(c, id)?,
    }))
}
