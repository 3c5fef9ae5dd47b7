//! All SQL of what was left undone: follow-ups past their day, homes with a possession missing or unproven.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::auth::rights::Scope;
use crate::db::schema::{consents, follow_ups, member_homes, persons};
use crate::db::{Day, DbConn};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::in_scope;
use crate::people::model::{PersonState, Purpose};
use crate::visits::model::{FollowUpRow, HomeRow, HomeState};

/// Open follow-ups that were due before a day, of these areas: at member homes, and of households of which somebody
/// agrees to be come back to. Those planned first come first.
pub fn overdue(
    c: &mut DbConn,
    scope: &Scope,
    today: Day,
    page: Page,
) -> AppResult<Vec<FollowUpRow>> {
    let agreed = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(persons::household_id.eq(follow_ups::household_id))
        .filter(persons::state.eq(PersonState::Active))
        .filter(consents::purpose.eq(Purpose::ServiceFollowUp))
        .filter(consents::refused.eq(false))
        .filter(consents::withdrawn_at.is_null());
    let mut query = follow_ups::table
        .filter(in_scope!(follow_ups, scope))
        .filter(follow_ups::closed_at.is_null())
        .filter(follow_ups::published.eq(true))
        .filter(follow_ups::due_on.lt(today))
        .filter(follow_ups::household_id.is_null().or(exists(agreed)))
        .select(FollowUpRow::as_select())
        .order(follow_ups::id)
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(follow_ups::id.gt(after));
    }
    Ok(query.load(c)?)
}

/// Open homes of these areas that lack a possession, or the evidence of one that is younger than `stale_before`,
/// newest first.
pub fn homes_with_gaps(
    c: &mut DbConn,
    scope: &Scope,
    stale_before: Day,
    page: Page,
) -> AppResult<Vec<HomeRow>> {
    let proven = sql::<Bool>(
        "(SELECT COUNT(*) FROM home_possessions p WHERE p.home_id = member_homes.id AND p.present = TRUE \
         AND p.photo IS NOT NULL AND p.checked_on >= ",
    )
    .bind::<Text, _>(stale_before.to_string())
    .sql(") < (SELECT COUNT(*) FROM possession_kinds)");
    let mut query = member_homes::table
        .filter(in_scope!(member_homes, scope))
        .filter(member_homes::state.eq(HomeState::Open))
        .filter(proven)
        .select(HomeRow::as_select())
        .order(member_homes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(member_homes::id.lt(after));
    }
    Ok(query.load(c)?)
}
