//! All SQL about which fields somebody agreed to have told.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::db::schema::{consents, liaison_scopes};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people::model::{PersonRow, Purpose};

/// The live consent to liaison of somebody, with the fields that were noted with it.
pub fn scope_of(c: &mut DbConn, person: Uid) -> AppResult<Option<(Uid, Option<ScopeRow>)>> {
    Ok(consents::table
        .left_join(liaison_scopes::table.on(liaison_scopes::consent_id.eq(consents::id)))
        .filter(consents::person_id.eq(person))
        .filter(consents::purpose.eq(Purpose::LiaisonWithHomeArea))
        .filter(consents::withdrawn_at.is_null())
        .select((consents::id, Option::<ScopeRow>::as_select()))
        .first(c)
        .optional()?)
}

/// Notes anew what a consent covers.
pub fn put_scope(c: &mut DbConn, _person: &Handle<PersonRow>, row: &ScopeRow) -> AppResult<()> {
    diesel::delete(liaison_scopes::table.find(row.consent_id)).execute(c)?;
    diesel::insert_into(liaison_scopes::table)
        .values(row)
        .execute(c)?;
    Ok(())
}
