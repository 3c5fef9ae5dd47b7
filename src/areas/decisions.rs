//! What a person decides after an area was split or abolished: where each record that stood in it belongs now; and
//! after two were merged that had something each of which an area has one: an association, a charter.
//!
//! Nothing is given to a part by itself. A record goes with what it is about: a household with its people, visits and
//! policies, a person with their notices, a member home with its activities, an
//! association with all it has. Who decides works in the whole area, sees
//! ids and no person, and stands in the audit.

use super::model::{AreaLevel, AreaRow, ChangeKind, ChangeRow, ChangeState, Code};
use super::placed::{self, TABLES, Table};
use super::placed_store::{self, Queue, Way};
use super::{changes_store, store};
use crate::associations;
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{self, Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault, FieldError, Problem};
use crate::sync;

/// Records of one command.
pub const MOST: usize = 200;
/// How assignments are called in the queue.
pub const ASSIGNMENT: &str = "assignment";

/// The kinds of the queue, in its order.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    TABLES
        .iter()
        .filter_map(|table| table.kind)
        .chain([ASSIGNMENT])
}

fn table_of(kind: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.kind == Some(kind))
}

/// A change that waits, and the area it left records in: for those who may decide there.
pub struct Opened {
    pub change: ChangeRow,
    pub area: AreaRow,
    /// The areas that something may be given to; `None` says any of the same level.
    pub parts: Option<Vec<AreaRow>>,
}

impl Opened {
    fn queue(&self) -> Queue<'_> {
        Queue {
            change: &self.change,
            area: &self.area,
        }
    }
    /// Whether records of a table wait. Of a merge only those of which an area has one, where both had one.
    fn of_records(&self, table: &Table) -> bool {
        placed::decided(self.change.kind).any(|one| one.kind == table.kind)
    }
    fn of_assignments(&self) -> bool {
        self.area.abolished_on.is_some()
    }
}

/// Opens a change's queue.
pub fn open(c: &mut DbConn, who: &Who, id: Uid, lock: bool) -> AppResult<Opened> {
    who.may(Action::AreaDecide)?;
    let change = match lock {
        true => changes_store::locked(c, id)?,
        false => changes_store::by_id(c, id)?,
    };
    let change = change.ok_or_else(AppError::not_found)?;
    let area = store::by_id(c, change.from_area)?.ok_or_else(AppError::not_found)?;
    if !who.may_within(Action::AreaDecide, &area) {
        return Err(AppError::not_found());
    }
    let parts = match change.kind {
        ChangeKind::Split => Some(changes_store::parts(c, id)?),
        ChangeKind::Merge => match change.to_area {
            Some(to) => Some(store::by_id(c, to)?.into_iter().collect()),
            None => Some(Vec::new()),
        },
        _ => None,
    };
    Ok(Opened {
        change,
        area,
        parts,
    })
}

/// How much waits, by kind; kinds of which nothing waits are left out.
pub fn waiting(c: &mut DbConn, who: &Who, opened: &Opened) -> AppResult<Vec<(&'static str, i64)>> {
    if opened.change.state != ChangeState::WaitsForPerson {
        return Ok(Vec::new());
    }
    let mut counts = Vec::new();
    for table in placed::decided(opened.change.kind) {
        if let Some(kind) = table.kind {
            counts.push((kind, opened.queue().count(c, table)?));
        }
    }
    if opened.of_assignments() {
        counts.push((
            ASSIGNMENT,
            placed_store::count_assignments(c, opened.area.id, who.at)?,
        ));
    }
    counts.retain(|(_, n)| *n > 0);
    Ok(counts)
}

/// A page of what waits, kind by kind, after a kind and an id.
pub fn page(
    c: &mut DbConn,
    who: &Who,
    opened: &Opened,
    kind: Option<&str>,
    after: Option<(&str, Uid)>,
    limit: i64,
) -> AppResult<Vec<(&'static str, Uid)>> {
    let mut found = Vec::new();
    if opened.change.state != ChangeState::WaitsForPerson {
        return Ok(found);
    }
    let mut begun = after.is_none();
    for one in kinds() {
        let from = match after {
            Some((at, id)) if at == one => {
                begun = true;
                id
            }
            _ => Uid::NIL,
        };
        if !begun || kind.is_some_and(|kind| kind != one) {
            continue;
        }
        let left = limit - found.len() as i64;
        if left <= 0 {
            break;
        }
        let ids = match table_of(one) {
            Some(table) if opened.of_records(table) => opened.queue().page(c, table, from, left)?,
            None if opened.of_assignments() => {
                placed_store::undecided_assignments(c, opened.area.id, who.at, from, left)?
            }
            _ => Vec::new(),
        };
        found.extend(ids.into_iter().map(|id| (one, id)));
    }
    Ok(found)
}

/// What is decided about one record: where it belongs, or, of an assignment, that it ends.
#[derive(Debug, Clone)]
pub struct Decision {
    pub kind: String,
    pub id: Uid,
    pub to: Option<Code>,
}

/// Decides about records, all of them or none.
pub fn decide(c: &mut DbConn, who: &Who, id: Uid, decisions: &[Decision]) -> AppResult<usize> {
    let opened = open(c, who, id, true)?;
    if opened.change.state != ChangeState::WaitsForPerson {
        return Err(AppError::state_forbids(opened.change.state, [""; 0]));
    }
    for (n, one) in decisions.iter().enumerate() {
        let to = target(c, who, &opened, one, &format!("/items/{n}/to"))?;
        let at = format!("/items/{n}/id");
        match table_of(&one.kind) {
            Some(table) => {
                if !of_records_by(who, &opened.area) {
                    return Err(AppError::of(crate::error::Code::ForbiddenAction));
                }
                let to =
                    to.ok_or_else(|| AppError::field(format!("/items/{n}/to"), Fault::Required))?;
                if !opened.of_records(table)
                    || opened.queue().among(c, table, &[one.id])?.is_empty()
                {
                    return Err(AppError::field(at, Fault::NoSuchRecord));
                }
                if placed_store::is_one_there(c, table, one.id, to.id)? {
                    return Err(is_one_there(table, format!("/items/{n}/to")));
                }
                records(c, who, &opened, table, one.id, &to)?;
            }
            None => assignment(c, who, &opened, one, to.as_ref(), &at)?,
        }
    }
    settled(c, who, &opened)?;
    Ok(decisions.len())
}

/// Of what an area has once another one is there: a person ends one of the two first.
fn is_one_there(table: &Table, pointer: String) -> AppError {
    let code = match table.kind {
        Some("association") => crate::error::Code::AssociationExists,
        _ => crate::error::Code::TextInForce,
    };
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(pointer, Fault::NotFitting)],
        ..Problem::new(code)
    }))
}

/// Records are given away by those who answer for the area's records, not by whoever manages accounts.
fn of_records_by(who: &Who, area: &AreaRow) -> bool {
    who.roles_within(Action::AreaDecide, area)
        .any(|role| role != Role::Administrator)
}

/// Decides about what waits still, at most so much, by one word.
pub fn decide_rest(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    kind: Option<&str>,
    to: &Code,
) -> AppResult<usize> {
    let opened = open(c, who, id, true)?;
    let records = of_records_by(who, &opened.area);
    let mut rest = Vec::new();
    for one in kinds().filter(|one| kind.is_none_or(|kind| kind == *one)) {
        // Assignments are given one by one, by whoever gives them.
        if (one == ASSIGNMENT) != (kind == Some(ASSIGNMENT)) || (one != ASSIGNMENT && !records) {
            continue;
        }
        let left = MOST - rest.len();
        let found = page(c, who, &opened, Some(one), None, left as i64)?;
        rest.extend(found.into_iter().map(|(kind, id)| Decision {
            kind: kind.to_owned(),
            id,
            to: Some(*to),
        }));
    }
    if rest.is_empty() {
        // The word is judged even where nothing waits.
        let none = Decision {
            kind: "household".into(),
            id: Uid::NIL,
            to: Some(*to),
        };
        target(c, who, &opened, &none, "/rest_to")?;
    }
    decide(c, who, id, &rest)
}

fn target(
    c: &mut DbConn,
    who: &Who,
    opened: &Opened,
    one: &Decision,
    at: &str,
) -> AppResult<Option<AreaRow>> {
    let Some(code) = one.to else {
        return Ok(None);
    };
    let to = match &opened.parts {
        Some(parts) => parts
            .iter()
            .find(|part| part.code == *code)
            .cloned()
            .ok_or_else(|| AppError::field(at, Fault::NotFitting))?,
        None => {
            let to =
                store::by_code(c, &code)?.ok_or_else(|| AppError::field(at, Fault::NoSuchArea))?;
            if to.level != opened.area.level {
                return Err(AppError::field(at, Fault::NotFitting));
            }
            if !who.may_within(Action::AreaDecide, &to) {
                return Err(AppError::field(at, Fault::AreaOutside));
            }
            to
        }
    };
    Ok(Some(to))
}

fn records(
    c: &mut DbConn,
    who: &Who,
    opened: &Opened,
    table: &'static Table,
    id: Uid,
    to: &AreaRow,
) -> AppResult<()> {
    let kind = table.kind.unwrap_or_default();
    let way = Way {
        level: opened.area.level,
        from: opened.area.id,
        to: to.clone(),
    };
    if to.id != opened.area.id {
        let ids = placed_store::decide(c, table, &[id], &way)?;
        for some in ids.chunks(MOST) {
            sync::carried(c, &way, Some(some), 10 * MOST as i64, who.at)?;
        }
        if table.kind == Some("association") {
            associations::carried::under_new_parents(c, to, who.at)?;
        }
    }
    let by = (who.user, who.at);
    changes_store::decided(c, opened.change.id, kind, &[id], Some(to.id), by)?;
    noted(c, who, opened, kind, id, Some(to))
}

fn assignment(
    c: &mut DbConn,
    who: &Who,
    opened: &Opened,
    one: &Decision,
    to: Option<&AreaRow>,
    at: &str,
) -> AppResult<()> {
    let id = one.id;
    let waits = one.kind == ASSIGNMENT && opened.of_assignments();
    let row = auth::store::assignment(c, id)?
        .filter(|(row, _)| waits && row.area_id == opened.area.id)
        .filter(|(row, _)| row.ends_at.is_none_or(|end| who.at < end))
        .ok_or_else(|| AppError::field(at, Fault::NoSuchRecord))?
        .0;
    let area = to.unwrap_or(&opened.area);
    // As wherever else an assignment is given: by an administrator of the area, and not to oneself.
    if !who.may_within(Action::AssignmentWrite, area) {
        return Err(AppError::of(crate::error::Code::ForbiddenAction));
    }
    auth::staff::not_oneself(who, row.user_id)?;
    match to {
        Some(to) => {
            let way = Way {
                level: opened.area.level,
                from: opened.area.id,
                to: to.clone(),
            };
            placed_store::reassign(c, &[id], &way)?;
        }
        None => {
            auth::store::end_assignment(c, &row, who.at)?;
        }
    }
    auth::store::rights_changed(c, row.user_id, who.at)?;
    let by = (who.user, who.at);
    changes_store::decided(
        c,
        opened.change.id,
        ASSIGNMENT,
        &[id],
        to.map(|to| to.id),
        by,
    )?;
    noted(c, who, opened, ASSIGNMENT, id, to)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    opened: &Opened,
    kind: &'static str,
    id: Uid,
    to: Option<&AreaRow>,
) -> AppResult<()> {
    let area = to.unwrap_or(&opened.area);
    let facts = serde_json::json!({
        "change": opened.change.id, "area": opened.area.id, "into": to.map(|to| to.id),
    });
    let wide = (area.level.depth() < AreaLevel::County.depth()).then_some(area.id);
    let entry = Entry::new(Action::AreaDecide, kind, id, area.place()).of(wide);
    audit::record(c, who, entry.with(&facts))
}

/// The change is settled once nothing waits.
fn settled(c: &mut DbConn, who: &Who, opened: &Opened) -> AppResult<()> {
    if !placed_store::waits(c, &opened.change, who.at)? {
        let by = Some(who.user);
        changes_store::set_state(c, opened.change.id, ChangeState::Applied, who.at, by)?;
    }
    Ok(())
}
