//! All SQL about sites.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{
    associations, haves, site_checks, site_headcounts, site_links, site_rules, sites,
};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

pub fn insert(c: &mut DbConn, row: &SiteRow) -> AppResult<()> {
    diesel::insert_into(sites::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The site, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<SiteRow>> {
    let row = sites::table
        .find(id)
        .select(SiteRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing: it, or whatever hangs on it.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<SiteRow>> {
    let row = first_locked!(c, sites::table.find(id).select(SiteRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// Which sites a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub kind: Option<SiteKind>,
    pub state: SiteState,
    /// Those of more people than the rule of their kind says, or the others.
    pub over: Option<bool>,
    /// Those with a living association of their own, or the others.
    pub with_association: Option<bool>,
}

/// A page of the sites of the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<SiteRow>> {
    let mut query = sites::table
        .filter(in_scope!(sites, scope))
        .select(SiteRow::as_select())
        .order(sites::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        SiteState::Open => query.filter(sites::closed_on.is_null()),
        SiteState::Closed => query.filter(sites::closed_on.is_not_null()),
    };
    if let Some(kind) = filter.kind {
        query = query.filter(sites::kind.eq(kind));
    }
    let due = || {
        exists(
            site_rules::table
                .filter(site_rules::kind.eq(sites::kind))
                .filter(site_rules::over_people.lt(sites::people)),
        )
    };
    query = match filter.over {
        None => query,
        Some(true) => query.filter(due()),
        Some(false) => query.filter(not(due())),
    };
    let has_one = || {
        exists(
            associations::table
                .filter(associations::id.nullable().eq(sites::association_id))
                .filter(associations::dissolved_on.is_null()),
        )
    };
    query = match filter.with_association {
        None => query,
        Some(true) => query.filter(has_one()),
        Some(false) => query.filter(not(has_one())),
    };
    if let Some(after) = page.after {
        query = query.filter(sites::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Whether an association is already that of an open site, other than this one.
pub fn is_of_another(c: &mut DbConn, association: Uid, site: Uid) -> AppResult<bool> {
    let other = sites::table
        .filter(sites::association_id.eq(association))
        .filter(sites::closed_on.is_null())
        .filter(sites::id.ne(site));
    Ok(diesel::select(exists(other)).get_result(c)?)
}

/// Those of these associations that are no more.
pub fn dissolved(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<Vec<Uid>> {
    Ok(associations::table
        .filter(associations::id.eq_any(ids))
        .filter(associations::dissolved_on.is_not_null())
        .select(associations::id)
        .load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset, Default)]
#[diesel(table_name = sites)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub people: Option<i64>,
    pub counted_on: Option<Day>,
    pub counted_by: Option<HeadcountSource>,
    pub association_id: Option<Option<Uid>>,
    pub linked_on: Option<Option<Day>>,
    pub closed_on: Option<Day>,
    pub closed_because: Option<SiteEnd>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, site: &Handle<SiteRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(sites::table.find(site.id))
        .set(change)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Which association is that of a site, and since when.
pub type Link = Option<(Uid, Day)>;

/// Notes which association a site has from a day on, or none from today; what was before keeps its days. Of the same
/// association another day mends the one that was told.
pub fn link(c: &mut DbConn, site: Uid, was: Link, is: Link, today: Day) -> AppResult<()> {
    let all = site_links::table.filter(site_links::site_id.eq(site));
    let from = is.map_or(today, |(_, on)| on);
    if is.is_some() && is.map(|l| l.0) == was.map(|l| l.0) {
        diesel::delete(all.filter(site_links::until_on.is_null())).execute(c)?;
    }
    diesel::delete(all.filter(site_links::linked_on.ge(from))).execute(c)?;
    let lasting = site_links::until_on.is_null();
    diesel::update(all.filter(lasting.or(site_links::until_on.gt(from))))
        .set(site_links::until_on.eq(Some(from)))
        .execute(c)?;
    let Some((association, on)) = is else {
        return Ok(());
    };
    let row = (
        site_links::site_id.eq(site),
        site_links::association_id.eq(association),
        site_links::linked_on.eq(on),
    );
    diesel::insert_into(site_links::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// Notes a headcount; one of a day takes the place of what was told of that day. The site's handle is the right to it.
pub fn count(c: &mut DbConn, site: &Handle<SiteRow>, row: &HeadcountRow) -> AppResult<()> {
    let same = site_headcounts::table
        .filter(site_headcounts::site_id.eq(site.id))
        .filter(site_headcounts::counted_on.eq(row.counted_on));
    diesel::delete(same).execute(c)?;
    insert_count(c, row)
}

/// The first headcount of a site that was made just now.
pub fn insert_count(c: &mut DbConn, row: &HeadcountRow) -> AppResult<()> {
    diesel::insert_into(site_headcounts::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of a site's headcounts, newest entry first.
pub fn counts(c: &mut DbConn, site: Uid, page: Page) -> AppResult<Vec<HeadcountRow>> {
    let mut query = site_headcounts::table
        .filter(site_headcounts::site_id.eq(site))
        .select(HeadcountRow::as_select())
        .order(site_headcounts::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(site_headcounts::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The headcount of the newest day.
pub fn newest_count(c: &mut DbConn, site: Uid) -> AppResult<Option<HeadcountRow>> {
    Ok(site_headcounts::table
        .filter(site_headcounts::site_id.eq(site))
        .select(HeadcountRow::as_select())
        .order(site_headcounts::counted_on.desc())
        .first(c)
        .optional()?)
}

/// The site's handle is the right to it.
pub fn insert_check(c: &mut DbConn, _site: &Handle<SiteRow>, row: &CheckRow) -> AppResult<()> {
    diesel::insert_into(site_checks::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of a site's checks, newest entry first.
pub fn checks(
    c: &mut DbConn,
    site: Uid,
    have: Option<&str>,
    page: Page,
) -> AppResult<Vec<CheckRow>> {
    let mut query = site_checks::table
        .filter(site_checks::site_id.eq(site))
        .select(CheckRow::as_select())
        .order(site_checks::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(have) = have {
        query = query.filter(site_checks::have.eq(have.to_owned()));
    }
    if let Some(after) = page.after {
        query = query.filter(site_checks::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The check of a site's that was made by this id.
pub fn check(c: &mut DbConn, site: Uid, id: Uid) -> AppResult<Option<CheckRow>> {
    Ok(site_checks::table
        .find(id)
        .filter(site_checks::site_id.eq(site))
        .select(CheckRow::as_select())
        .first(c)
        .optional()?)
}

/// The checks of these sites that hold: of each have the newest day, and of that day the newest entry.
pub fn standing(c: &mut DbConn, these: &[Uid]) -> AppResult<Vec<CheckRow>> {
    let newer = diesel::alias!(site_checks as newer);
    let later = newer
        .filter(newer.field(site_checks::site_id).eq(site_checks::site_id))
        .filter(newer.field(site_checks::have).eq(site_checks::have))
        .filter(
            newer
                .field(site_checks::checked_on)
                .gt(site_checks::checked_on)
                .or(newer
                    .field(site_checks::checked_on)
                    .eq(site_checks::checked_on)
                    .and(newer.field(site_checks::id).gt(site_checks::id))),
        );
    Ok(site_checks::table
        .filter(site_checks::site_id.eq_any(these.to_vec()))
        .filter(not(exists(later)))
        .select(CheckRow::as_select())
        .load(c)?)
}

/// The rules, kind by kind.
pub fn rules(c: &mut DbConn) -> AppResult<Vec<SiteRuleRow>> {
    Ok(site_rules::table
        .select(SiteRuleRow::as_select())
        .order(site_rules::kind)
        .load(c)?)
}

pub fn rule(c: &mut DbConn, kind: SiteKind) -> AppResult<Option<SiteRuleRow>> {
    Ok(site_rules::table
        .find(kind)
        .select(SiteRuleRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked for writing.
pub fn locked_rule(c: &mut DbConn, kind: SiteKind) -> AppResult<Option<SiteRuleRow>> {
    Ok(first_locked!(
        c,
        site_rules::table
            .find(kind)
            .select(SiteRuleRow::as_select())
    )
    .optional()?)
}

#[derive(AsChangeset)]
#[diesel(table_name = site_rules)]
pub struct RuleAmendment {
    pub version: i64,
    pub over_people: Option<i64>,
    pub assumed: Option<bool>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

pub fn amend_rule(c: &mut DbConn, rule: &SiteRuleRow, change: &RuleAmendment) -> AppResult<()> {
    diesel::update(site_rules::table.find(rule.kind))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The haves, the three before the four; those that are not asked for, too.
pub fn all_haves(c: &mut DbConn) -> AppResult<Vec<HaveRow>> {
    Ok(haves::table
        .select(HaveRow::as_select())
        .order((haves::part.desc(), haves::ordinal))
        .limit(50)
        .load(c)?)
}

pub fn have(c: &mut DbConn, code: &str) -> AppResult<Option<HaveRow>> {
    Ok(haves::table
        .find(code.to_owned())
        .select(HaveRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked for writing.
pub fn locked_have(c: &mut DbConn, code: &str) -> AppResult<Option<HaveRow>> {
    Ok(first_locked!(
        c,
        haves::table
            .find(code.to_owned())
            .select(HaveRow::as_select())
    )
    .optional()?)
}

#[derive(AsChangeset)]
#[diesel(table_name = haves)]
pub struct HaveAmendment {
    pub version: i64,
    pub label_zh: Option<String>,
    pub label_en: Option<String>,
    pub asked: Option<bool>,
    pub assumed: Option<bool>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

pub fn amend_have(c: &mut DbConn, have: &HaveRow, change: &HaveAmendment) -> AppResult<()> {
    diesel::update(haves::table.find(have.code.clone()))
        .set(change)
        .execute(c)?;
    Ok(())
}
