//! All SQL about associations themselves.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::*;
use super::rules::Above;
use crate::areas::model::AreaRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::associations;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

pub fn insert(c: &mut DbConn, row: &AssociationRow) -> AppResult<()> {
    diesel::insert_into(associations::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The association, whoever may see it.
pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<AssociationRow>> {
    Ok(associations::table
        .find(id)
        .select(AssociationRow::as_select())
        .first(c)
        .optional()?)
}

/// These associations, whoever may see them.
pub fn these(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<Vec<AssociationRow>> {
    Ok(associations::table
        .filter(associations::id.eq_any(ids))
        .select(AssociationRow::as_select())
        .load(c)?)
}

/// The association, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<AssociationRow>> {
    let row = find(c, id)?;
    who.authorise(action, row)
}

/// The same, locked for writing: it, or whatever hangs on it.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<AssociationRow>> {
    let row = locked_row(c, id)?;
    who.authorise(action, row)
}

/// One that another is to stand under: locked, so that it is not dissolved meanwhile.
pub(super) fn locked_row(c: &mut DbConn, id: Uid) -> AppResult<Option<AssociationRow>> {
    Ok(first_locked!(
        c,
        associations::table
            .find(id)
            .select(AssociationRow::as_select())
    )
    .optional()?)
}

/// Every association whose area or seat lies in an area, of whatever kind, dissolved ones too: locked in the order of
/// their ids, so that two who ask wait for each other.
pub fn all_within_locked(c: &mut DbConn, area: &AreaRow) -> AppResult<Vec<AssociationRow>> {
    use crate::areas::model::AreaLevel;
    use crate::db::schema::areas;
    macro_rules! within {
        ($column:ident) => {
            crate::all_locked!(
                c,
                associations::table
                    .filter(
                        associations::area_id.eq_any(
                            areas::table
                                .filter(areas::$column.eq(area.id))
                                .select(areas::id),
                        ),
                    )
                    .select(AssociationRow::as_select())
                    .order(associations::id)
            )
        };
    }
    Ok(match area.level {
        AreaLevel::Province => within!(province),
        AreaLevel::City => within!(city),
        AreaLevel::County => within!(county),
        AreaLevel::Town => within!(town),
        AreaLevel::Village => within!(village),
    }?)
}

const OF_AN_AREA: [AssociationKind; 4] = [
    AssociationKind::Municipal,
    AssociationKind::County,
    AssociationKind::Township,
    AssociationKind::Village,
];

/// Whether this area has a living association.
pub fn area_has_one(c: &mut DbConn, area: Uid) -> AppResult<bool> {
    let living = associations::table
        .filter(associations::area_id.eq(area))
        .filter(associations::dissolved_on.is_null())
        .filter(associations::kind.eq_any(OF_AN_AREA));
    Ok(diesel::select(diesel::dsl::exists(living)).get_result(c)?)
}

/// The living associations of an area and of those around it.
pub fn around(c: &mut DbConn, area: &AreaRow) -> AppResult<Vec<Above>> {
    let areas: Vec<Uid> = area.chain().collect();
    let rows: Vec<(Uid, AssociationKind, Uid)> = associations::table
        .filter(associations::area_id.eq_any(areas))
        .filter(associations::dissolved_on.is_null())
        .filter(associations::kind.eq_any(OF_AN_AREA))
        .select((associations::id, associations::kind, associations::area_id))
        .load(c)?;
    let above = |(id, kind, area)| Above {
        id,
        kind,
        area,
        living: true,
    };
    Ok(rows.into_iter().map(above).collect())
}

/// Whether a living association stands under this one.
pub fn has_parts(c: &mut DbConn, id: Uid) -> AppResult<bool> {
    let parts = associations::table
        .filter(associations::parent_id.eq(id))
        .filter(associations::dissolved_on.is_null());
    Ok(diesel::select(diesel::dsl::exists(parts)).get_result(c)?)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// The living associations of an area, or seated in it, that stand under one of an area which is not around theirs
/// any more.
pub fn astray(c: &mut DbConn, area: &AreaRow) -> AppResult<Vec<AssociationRow>> {
    let elsewhere = ["province", "city", "county", "town", "village"]
        .map(|level| format!("p.area_id IS DISTINCT FROM a.{level}"))
        .join(" AND ");
    let sql = format!(
        "SELECT s.id FROM areas a JOIN associations s ON s.area_id = a.id JOIN associations p ON p.id = s.parent_id \
         WHERE a.{} = $1 AND s.dissolved_on IS NULL AND {elsewhere}",
        area.level
    );
    let found: Vec<Found> = diesel::sql_query(sql).bind::<UidSql, _>(area.id).load(c)?;
    let mut rows = Vec::with_capacity(found.len());
    for one in found {
        rows.extend(locked_row(c, one.id)?);
    }
    Ok(rows)
}

/// Puts one that went elsewhere with its area under another one.
pub fn put_under(
    c: &mut DbConn,
    association: &AssociationRow,
    parent: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(associations::table.find(association.id))
        .set((
            associations::parent_id.eq(parent),
            associations::version.eq(association.version + 1),
            associations::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Which associations a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub kind: Option<AssociationKind>,
    pub state: AssociationState,
    /// This one and whatever stands under it, however far down.
    pub under: Option<Uid>,
}

/// A page of associations of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<AssociationRow>> {
    let mine = associations::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = associations::table
        .filter(mine.or(in_scope!(associations, scope)))
        .select(AssociationRow::as_select())
        .order(associations::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        AssociationState::Living => query.filter(associations::dissolved_on.is_null()),
        AssociationState::Dissolved => query.filter(associations::dissolved_on.is_not_null()),
    };
    if let Some(kind) = filter.kind {
        query = query.filter(associations::kind.eq(kind));
    }
    if let Some(root) = filter.under {
        let within = sql::<Bool>(
            "associations.id IN (WITH RECURSIVE sub(id) AS (SELECT r.id FROM associations r WHERE r.id = ",
        )
        .bind::<UidSql, _>(root)
        .sql(
            " UNION SELECT a.id FROM associations a JOIN sub ON a.parent_id = sub.id) SELECT id FROM sub)",
        );
        query = query.filter(within);
    }
    if let Some(after) = page.after {
        query = query.filter(associations::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = associations)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub parent_id: Option<Option<Uid>>,
    pub founded_on: Option<Day>,
    pub office_rank: Option<Option<OfficeRank>>,
    pub office_premises: Option<Option<Premises>>,
    pub office_equipped: Option<Option<bool>>,
    pub office_own_line: Option<Option<bool>>,
    pub staff_establishment: Option<Option<i64>>,
    pub staff_full_time: Option<Option<i64>>,
    pub staff_by_reference: Option<Option<bool>>,
    pub staff_fit: Option<Option<bool>>,
    pub staff_wages_budgeted: Option<Option<bool>>,
    pub updated_at: Micros,
}

impl Amendment {
    /// One that alters nothing yet.
    pub fn of(version: i64, at: Micros) -> Amendment {
        Amendment {
            version,
            title: None,
            parent_id: None,
            founded_on: None,
            office_rank: None,
            office_premises: None,
            office_equipped: None,
            office_own_line: None,
            staff_establishment: None,
            staff_full_time: None,
            staff_by_reference: None,
            staff_fit: None,
            staff_wages_budgeted: None,
            updated_at: at,
        }
    }
}

pub fn amend(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    change: &Amendment,
) -> AppResult<()> {
    diesel::update(associations::table.find(association.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn dissolve(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    on: Day,
    because: DissolutionReason,
    at: Micros,
) -> AppResult<()> {
    diesel::update(associations::table.find(association.id))
        .set((
            associations::dissolved_on.eq(on),
            associations::dissolved_because.eq(because),
            associations::version.eq(association.version + 1),
            associations::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
