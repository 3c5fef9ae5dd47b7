//! All SQL about since when families have what they are to have, and until when they had it.
//!
//! A year is counted as it was: whoever takes the place of a contact in January does not take last year's away.

use diesel::prelude::*;

use super::model::{CareProvision, Family};
use crate::auth::Handle;
use crate::db::schema::care_provisions;
use crate::db::{Day, DbConn};
use crate::error::AppResult;

/// What was told of a provision.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub kind: CareProvision,
    /// Since when; not any more without it.
    pub since: Option<Day>,
    /// Of whoever it was before: another day mends the one that was told.
    pub mends: bool,
}

/// Notes it from a day on. The family's handle is the right to it.
pub fn note(c: &mut DbConn, family: &Handle<Family>, told: Told, today: Day) -> AppResult<()> {
    let all = care_provisions::table
        .filter(care_provisions::family_id.eq(family.row.id))
        .filter(care_provisions::kind.eq(told.kind));
    let from = told.since.unwrap_or(today);
    if told.mends && told.since.is_some() {
        diesel::delete(all.filter(care_provisions::until_on.is_null())).execute(c)?;
    }
    diesel::delete(all.filter(care_provisions::since_on.ge(from))).execute(c)?;
    let lasting = care_provisions::until_on.is_null();
    diesel::update(all.filter(lasting.or(care_provisions::until_on.gt(from))))
        .set(care_provisions::until_on.eq(Some(from)))
        .execute(c)?;
    let Some(since) = told.since else {
        return Ok(());
    };
    let row = (
        care_provisions::family_id.eq(family.row.id),
        care_provisions::kind.eq(told.kind),
        care_provisions::since_on.eq(since),
    );
    diesel::insert_into(care_provisions::table)
        .values(row)
        .execute(c)?;
    Ok(())
}
