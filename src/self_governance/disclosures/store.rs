//! All SQL about what villages made public.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::village_disclosures;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::Village;
use crate::{village_cancel, village_lookups, village_rows};

village_lookups!(village_disclosures, DisclosureRow);
village_cancel!(village_disclosures, DisclosureRow);

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &DisclosureRow) -> AppResult<()> {
    diesel::insert_into(village_disclosures::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of what the caller's villages made public, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<DisclosureRow>> {
    let query = village_rows!(
        village_disclosures,
        DisclosureRow,
        posted_from,
        scope,
        filter,
        page
    );
    Ok(query.load(c)?)
}

/// What of a deliberation, its decisions, their work and its checks was made public, and counts.
pub fn of_chain(
    c: &mut DbConn,
    deliberation: Uid,
    (decisions, works, checks): (&[Uid], &[Uid], &[Uid]),
    most: i64,
) -> AppResult<Vec<DisclosureRow>> {
    use village_disclosures as t;
    let of_it = t::deliberation_id
        .eq(deliberation)
        .or(t::decision_id.eq_any(decisions.to_vec()))
        .or(t::implementation_id.eq_any(works.to_vec()))
        .or(t::check_id.eq_any(checks.to_vec()));
    Ok(t::table
        .filter(of_it)
        .filter(t::cancelled_at.is_null())
        .select(DisclosureRow::as_select())
        .order(t::id)
        .limit(most)
        .load(c)?)
}

pub fn remove(
    c: &mut DbConn,
    disclosure: &Handle<DisclosureRow>,
    last: Day,
    at: Micros,
) -> AppResult<()> {
    diesel::update(village_disclosures::table.find(disclosure.id))
        .set((
            village_disclosures::posted_until.eq(last),
            village_disclosures::version.eq(disclosure.version + 1),
            village_disclosures::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
