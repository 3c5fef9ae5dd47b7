//! All SQL about members who take the lead.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::db::DbConn;
use crate::db::schema::leading_examples;
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::Village;
use crate::{village_cancel, village_lookups, village_rows};

village_lookups!(leading_examples, ExampleRow);
village_cancel!(leading_examples, ExampleRow);

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &ExampleRow) -> AppResult<()> {
    diesel::insert_into(leading_examples::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of what was recorded in the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ExampleRow>> {
    let query = village_rows!(leading_examples, ExampleRow, shown_on, scope, filter, page);
    Ok(query.load(c)?)
}
