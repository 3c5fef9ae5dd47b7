//! All SQL about what was known of terms before they were amended: a year is counted as it was.

use diesel::prelude::*;

use super::model::{PostRow, PublicPosition};
use crate::auth::Handle;
use crate::db::schema::former_terms;
use crate::db::{Day, DbConn, Fen, Uid};
use crate::error::AppResult;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = former_terms, treat_none_as_default_value = false)]
struct FormerRow {
    post_id: Uid,
    /// The day from which it is otherwise.
    until_on: Day,
    ends_on: Day,
    holds_position: PublicPosition,
    full_time: bool,
    civil_servant: bool,
    five_elders: bool,
    allowance: Option<Fen>,
}

/// Keeps what is known of a term until a day from which it is otherwise; what was told of later days holds no more.
pub fn keep(c: &mut DbConn, post: &Handle<PostRow>, until: Day) -> AppResult<()> {
    let later = former_terms::table
        .filter(former_terms::post_id.eq(post.id))
        .filter(former_terms::until_on.ge(until));
    let then: Option<FormerRow> = later
        .order(former_terms::until_on)
        .select(FormerRow::as_select())
        .first(c)
        .optional()?;
    diesel::delete(later).execute(c)?;
    if until <= post.begins_on {
        return Ok(());
    }
    let now = FormerRow {
        post_id: post.id,
        until_on: until,
        ends_on: post.ends_on,
        holds_position: post.holds_position,
        full_time: post.full_time,
        civil_servant: post.civil_servant,
        five_elders: post.five_elders,
        allowance: post.allowance,
    };
    let row = then.map_or(now, |then| FormerRow {
        until_on: until,
        ..then
    });
    diesel::insert_into(former_terms::table)
        .values(&row)
        .execute(c)?;
    Ok(())
}
