//! What a change event does to the areas: each one transaction, with its code rows, its assignments and its audit.
//!
//! - A **rename** and a **recode** touch no record: those point at the area's id.
//! - A **transfer** takes an area with all below it under another; who was assigned there stays assigned there.
//! - A **merge** puts what was below an area below another, and ends it. Of what an area has once and both have one,
//!   such as an association, that of the merged area waits for a person. Assignments of field members go along, since
//!   these see only their own; the others would see more than they did, so they wait for a person.
//! - A **split** makes parts and gives each the areas next below that its row names. What stands in the area itself
//!   waits for a person.
//! - An **abolished** area has nothing below it; what stands in it waits for a person.
//!
//! Records are carried along afterwards, in chunks (`carry`).

use diesel::prelude::*;

use super::codes_store::{self, Reach};
use super::events::{Event, Line, Problem};
use super::model::{AreaLevel, AreaRow, ChangeKind, ChangeRow, ChangeState, Code, local_id};
use super::placed_store::{self, Way};
use super::{changes_store, store};
use crate::associations;
use crate::audit;
use crate::auth::Action;
use crate::db::schema::area_changes;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It holds now. How many areas it touched, and in which state the change stands.
    Applied { areas: usize, state: ChangeState },
    /// It was applied before.
    Before,
}

/// Why an event was not applied: nothing of it was.
pub type Judged<T> = Result<T, Problem>;

/// An event under way.
struct Doing<'a> {
    event: &'a Event,
    area: AreaRow,
    edition: i64,
    day: Day,
    at: Micros,
    id: Uid,
    areas: usize,
}

/// Applies an event, in the caller's transaction.
pub fn apply(c: &mut DbConn, event: &Event, at: Micros) -> AppResult<Judged<Done>> {
    let line = &event.first;
    for known in changes_store::of_code(c, line.kind, &line.code, line.effective_on)? {
        if known.id == line.kind.of(known.from_area, &event.what()) {
            return Ok(Ok(Done::Before));
        }
    }
    let Some(area) = store::by_code(c, &line.code)? else {
        return Ok(Err(
            line.problem("code", format!("there is no area {}", line.code))
        ));
    };
    let day = line.effective_on;
    let Some(edition) = codes_store::edition_at(c, day)? else {
        return Ok(Err(line.problem(
            "effective_on",
            "before the first edition that stands here",
        )));
    };
    let mut doing = Doing {
        id: line.kind.of(area.id, &event.what()),
        event,
        area,
        edition,
        day,
        at,
        areas: 1,
    };
    if let Err(problem) = doing.check(c)? {
        return Ok(Err(problem));
    }
    match doing.run(c)? {
        Err(problem) => Ok(Err(problem)),
        Ok(state) => Ok(Ok(Done::Applied {
            areas: doing.areas,
            state,
        })),
    }
}

/// Leaves the function with a problem of a column.
macro_rules! refuse {
    ($line:expr, $column:literal, $($what:tt)+) => {
        return Ok(Err($line.problem($column, format!($($what)+))))
    };
}

/// An area and those in it.
type Part = (AreaRow, Vec<AreaRow>);

impl Doing<'_> {
    fn line(&self) -> &Line {
        &self.event.first
    }

    /// What every kind asks.
    fn check(&self, c: &mut DbConn) -> AppResult<Judged<()>> {
        let (line, area) = (self.line(), &self.area);
        if let Some(name) = &line.name
            && *name != area.name
        {
            refuse!(line, "name", "{} is called {}", line.code, area.name);
        }
        if area.level == AreaLevel::Province && line.kind != ChangeKind::Rename {
            refuse!(line, "kind", "a province can only be renamed");
        }
        let latest = match line.kind {
            ChangeKind::Rename => codes_store::open_row(c, area.id)?.map(|row| row.valid_from),
            _ => codes_store::latest_turn(c, area)?,
        };
        if let Some(latest) = latest.filter(|latest| *latest > self.day) {
            refuse!(
                line,
                "effective_on",
                "it changed on {latest} already: a history goes on, not back"
            );
        }
        Ok(Ok(()))
    }

    fn change(&self, to: Option<Uid>, state: ChangeState) -> ChangeRow {
        ChangeRow {
            id: self.id,
            kind: self.line().kind,
            edition: self.edition,
            from_area: self.area.id,
            to_area: to,
            source: self.line().source.clone(),
            effective_on: self.day,
            state,
            old_code: Some(self.area.code.clone()),
            new_code: None,
            old_name: None,
            new_name: None,
            created_at: self.at,
            settled_at: (state == ChangeState::Applied).then_some(self.at),
            settled_by: None,
        }
    }

    fn run(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let judged = match self.line().kind {
            ChangeKind::Rename => self.rename(c)?,
            ChangeKind::Recode => self.recode(c)?,
            ChangeKind::Transfer => self.transfer(c)?,
            ChangeKind::Merge => self.merge(c)?,
            ChangeKind::Split => self.split(c)?,
            ChangeKind::Abolish => self.abolish(c)?,
        };
        if let Ok(state) = &judged {
            let facts = serde_json::json!({
                "change": self.id, "kind": self.line().kind, "area": self.area.id, "to": state, "areas": self.areas,
            });
            audit::record_own(c, self.at, Action::AreaChange, "area_change", &facts)?;
        }
        Ok(judged)
    }

    fn rename(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let name = self.line().to_name.clone().unwrap_or_default();
        if name == self.area.name {
            refuse!(self.line(), "to_name", "it is called so already");
        }
        let mut change = self.change(None, ChangeState::Applied);
        (change.old_name, change.new_name) = (Some(self.area.name.clone()), Some(name.clone()));
        let renamed = AreaRow {
            name,
            ..self.area.clone()
        };
        codes_store::rename(c, &renamed)?;
        codes_store::turn(c, self.area.id, self.edition, self.day)?;
        changes_store::insert(c, &change)?;
        Ok(Ok(ChangeState::Applied))
    }

    /// The code it gets: free, of as many digits, and below the code of what it lies in.
    fn new_code(&self, c: &mut DbConn, code: Code, parent: &AreaRow) -> AppResult<Judged<()>> {
        if code.len() != self.area.code.len() {
            refuse!(
                self.line(),
                "to_code",
                "a {} has {} digits",
                self.area.level,
                self.area.code.len()
            );
        }
        if !lies_under(&code, parent) {
            refuse!(
                self.line(),
                "to_code",
                "it lies in {}, and its code begins as that one",
                parent.code
            );
        }
        if changes_store::any_below_code(c, &code)? {
            refuse!(
                self.line(),
                "to_code",
                "{code}, or a code that begins with it, is another area's"
            );
        }
        Ok(Ok(()))
    }

    fn recode(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let Some(code) = self.line().to_code else {
            refuse!(self.line(), "to_code", "it is missing");
        };
        let parent = match self.area.parent_id {
            Some(id) => store::by_id(c, id)?,
            None => None,
        };
        let Some(parent) = parent else {
            refuse!(self.line(), "code", "it lies in no area");
        };
        if let Err(problem) = self.new_code(c, code, &parent)? {
            return Ok(Err(problem));
        }
        changes_store::lock_areas(c, &[self.area.id])?;
        self.areas = changes_store::recode(c, &self.area, &code)?;
        let all = Reach::All(self.area.level);
        codes_store::turn_all(c, all, self.area.id, self.edition, self.day)?;
        let mut change = self.change(None, ChangeState::Applied);
        change.new_code = Some(code.to_string());
        changes_store::insert(c, &change)?;
        // What a token's bearer is told of their assignments names codes.
        placed_store::rights_changed(c, std::slice::from_ref(&self.area), self.at)?;
        Ok(Ok(ChangeState::Applied))
    }

    fn transfer(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let line = self.line().clone();
        let parent = match line.to_parent {
            Some(code) => store::by_code(c, &code)?,
            None => None,
        };
        let Some(parent) = parent else {
            refuse!(line, "to_parent", "there is no such area");
        };
        if Some(parent.level) != self.area.level.above() {
            refuse!(
                line,
                "to_parent",
                "a {} does not lie in a {}",
                self.area.level,
                parent.level
            );
        }
        if Some(parent.id) == self.area.parent_id {
            refuse!(line, "to_parent", "it lies there already");
        }
        if let Some(code) = line.to_code
            && let Err(problem) = self.new_code(c, code, &parent)?
        {
            return Ok(Err(problem));
        }
        changes_store::lock_areas(c, &[self.area.id, parent.id])?;
        let before = self.area.clone();
        let mut moved = changes_store::put_under(c, &self.area, &parent)?;
        let mut change = self.change(Some(parent.id), ChangeState::Carrying);
        let reach = match line.to_code {
            None => Reach::Itself,
            Some(code) => {
                self.areas = changes_store::recode(c, &moved, &code)?;
                moved.code = code.to_string();
                change.new_code = Some(code.to_string());
                Reach::All(self.area.level)
            }
        };
        codes_store::turn_all(c, reach, self.area.id, self.edition, self.day)?;
        // A county's records name the county, and no wider area.
        if self.area.level.depth() <= AreaLevel::County.depth() {
            change.state = ChangeState::Applied;
            change.settled_at = Some(self.at);
        }
        changes_store::insert(c, &change)?;
        if change.state == ChangeState::Carrying {
            changes_store::add_carry(c, self.id, self.area.id, self.area.id)?;
        }
        changes_store::settle_transfer(c, self.area.id, parent.id, self.at)?;
        let way = Way {
            level: self.area.level,
            from: self.area.id,
            to: moved.clone(),
        };
        placed_store::move_assignments(c, &way)?;
        if change.state == ChangeState::Applied {
            associations::carried::under_new_parents(c, &moved, self.at)?;
        }
        placed_store::rights_changed(c, &[before, moved], self.at)?;
        Ok(Ok(change.state))
    }

    /// An area that a change makes here: it stands in no published edition.
    fn made(
        &self,
        c: &mut DbConn,
        line: &Line,
        code: Code,
        parent: &AreaRow,
    ) -> AppResult<Judged<AreaRow>> {
        let Some(name) = &line.to_name else {
            refuse!(
                line,
                "to_name",
                "there is no area {code}: a new one needs a name"
            );
        };
        if !lies_under(&code, parent) {
            refuse!(
                line,
                "to_code",
                "it is to lie in {}, and its code begins as that one",
                parent.code
            );
        }
        if changes_store::any_below_code(c, &code)? {
            refuse!(
                line,
                "to_code",
                "a code that begins with {code} is another area's"
            );
        }
        let area = AreaRow::new(
            local_id(&code, self.day),
            self.area.level,
            &code,
            name,
            Some(parent),
            false,
        );
        add(c, &area, self.edition, self.day)?;
        Ok(Ok(area))
    }

    fn merge(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let line = self.line().clone();
        let Some(code) = line
            .to_code
            .filter(|code| code.len() == self.area.code.len())
        else {
            refuse!(
                line,
                "to_code",
                "a {} has {} digits",
                self.area.level,
                self.area.code.len()
            );
        };
        let into = match store::by_code(c, &code)? {
            Some(into) if line.to_name.as_ref().is_some_and(|name| *name != into.name) => {
                refuse!(line, "to_name", "{code} is called {}", into.name);
            }
            Some(into) => into,
            None => {
                let parent = match (line.to_parent, self.area.parent_id) {
                    (Some(code), _) => store::by_code(c, &code)?,
                    (None, Some(id)) => store::by_id(c, id)?,
                    (None, None) => None,
                };
                let Some(parent) = parent.filter(|p| Some(p.level) == self.area.level.above())
                else {
                    refuse!(
                        line,
                        "to_parent",
                        "no area in which a {} lies",
                        self.area.level
                    );
                };
                match self.made(c, &line, code, &parent)? {
                    Ok(area) => area,
                    Err(problem) => return Ok(Err(problem)),
                }
            }
        };
        if into.id == self.area.id {
            refuse!(line, "to_code", "an area is not merged into itself");
        }
        changes_store::lock_areas(c, &[self.area.id, into.id])?;
        let children = changes_store::children(c, self.area.id)?;
        for child in &children {
            changes_store::put_under(c, child, &into)?;
            codes_store::turn(c, child.id, self.edition, self.day)?;
        }
        self.areas += children.len();
        codes_store::abolish(c, self.area.id, self.day)?;
        let mut change = self.change(Some(into.id), ChangeState::Carrying);
        change.new_code = Some(into.code.clone());
        changes_store::insert(c, &change)?;
        changes_store::add_carry(c, self.id, self.area.id, into.id)?;
        let way = Way {
            level: self.area.level,
            from: self.area.id,
            to: into.clone(),
        };
        placed_store::merge_assignments(c, &way)?;
        placed_store::rights_changed(c, &[self.area.clone(), into], self.at)?;
        Ok(Ok(ChangeState::Carrying))
    }

    /// The parts that a split's rows name, and what each of them takes.
    fn parts(&self, c: &mut DbConn) -> AppResult<Judged<Vec<Part>>> {
        let parent = match self.area.parent_id {
            Some(id) => store::by_id(c, id)?,
            None => None,
        };
        let Some(parent) = parent else {
            refuse!(self.line(), "code", "it lies in no area");
        };
        let mut left = changes_store::children(c, self.area.id)?;
        let mut parts: Vec<(AreaRow, Vec<AreaRow>)> = Vec::new();
        for line in self.event.lines() {
            let Some(code) = line
                .to_code
                .filter(|code| code.len() == self.area.code.len())
            else {
                refuse!(
                    line,
                    "to_code",
                    "a {} has {} digits",
                    self.area.level,
                    self.area.code.len()
                );
            };
            if parts.iter().any(|(part, _)| part.code == *code) {
                refuse!(line, "to_code", "a part stands twice");
            }
            let part = match store::by_code(c, &code)? {
                Some(part) => part,
                None => match self.made(c, line, code, &parent)? {
                    Ok(part) => part,
                    Err(problem) => return Ok(Err(problem)),
                },
            };
            let mut takes = Vec::new();
            for child in &line.children {
                let Some(at) = left.iter().position(|area| area.code == **child) else {
                    refuse!(
                        line,
                        "children",
                        "{child} does not lie in {}, or stands twice",
                        self.area.code
                    );
                };
                takes.push(left.remove(at));
            }
            parts.push((part, takes));
        }
        let stays = parts.iter().any(|(part, _)| part.id == self.area.id);
        if let Some(child) = left.first().filter(|_| !stays) {
            refuse!(
                self.line(),
                "children",
                "{} goes to no part, nor does it stay: {} is none",
                child.code,
                self.area.code
            );
        }
        if parts.len() < 2 {
            refuse!(
                self.line(),
                "to_code",
                "a split has two parts at least, a row each"
            );
        }
        Ok(Ok(parts))
    }

    fn split(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let parts = match self.parts(c)? {
            Ok(parts) => parts,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut locked: Vec<Uid> = parts.iter().map(|(part, _)| part.id).collect();
        locked.push(self.area.id);
        changes_store::lock_areas(c, &locked)?;
        let change = self.change(None, ChangeState::Carrying);
        changes_store::insert(c, &change)?;
        let mut touched = vec![self.area.clone()];
        for (part, takes) in &parts {
            changes_store::add_part(c, self.id, part.id)?;
            touched.push(part.clone());
            for child in takes.iter().filter(|_| part.id != self.area.id) {
                let moved = changes_store::put_under(c, child, part)?;
                codes_store::turn(c, child.id, self.edition, self.day)?;
                changes_store::add_carry(c, self.id, child.id, child.id)?;
                placed_store::move_assignments(
                    c,
                    &Way {
                        level: child.level,
                        from: child.id,
                        to: moved,
                    },
                )?;
                self.areas += 1;
            }
        }
        if !parts.iter().any(|(part, _)| part.id == self.area.id) {
            codes_store::abolish(c, self.area.id, self.day)?;
        }
        placed_store::rights_changed(c, &touched, self.at)?;
        let state = settle(c, &change, self.at)?;
        Ok(Ok(state))
    }

    fn abolish(&mut self, c: &mut DbConn) -> AppResult<Judged<ChangeState>> {
        let children = changes_store::children(c, self.area.id)?;
        if !children.is_empty() {
            refuse!(
                self.line(),
                "code",
                "{} areas lie in it: merge it, or say what becomes of them first",
                children.len()
            );
        }
        changes_store::lock_areas(c, &[self.area.id])?;
        codes_store::abolish(c, self.area.id, self.day)?;
        let change = self.change(None, ChangeState::Carrying);
        changes_store::insert(c, &change)?;
        let state = settle(c, &change, self.at)?;
        Ok(Ok(state))
    }
}

/// A code says in what an area lies; one that keeps its code through a transfer lies elsewhere than its code says.
fn lies_under(code: &Code, parent: &AreaRow) -> bool {
    code.starts_with(parent.code.as_str())
}

/// Stores an area with its first code row.
pub fn add(c: &mut DbConn, area: &AreaRow, edition: i64, day: Day) -> AppResult<()> {
    changes_store::insert_area(c, area)?;
    codes_store::turn(c, area.id, edition, day)
}

/// What a change is once nothing is to be carried for it: done, or waiting for a person.
pub fn settle(c: &mut DbConn, change: &ChangeRow, at: Micros) -> AppResult<ChangeState> {
    let state = match changes_store::open_carries(c, change.id)? {
        0 => match placed_store::waits(c, change, at)? {
            true => ChangeState::WaitsForPerson,
            false => ChangeState::Applied,
        },
        _ => ChangeState::Carrying,
    };
    changes_store::set_state(c, change.id, state, at, None)?;
    Ok(state)
}

/// When a change was made last.
pub fn changed_at(c: &mut DbConn) -> AppResult<Option<i64>> {
    Ok(area_changes::table
        .select(diesel::dsl::max(area_changes::created_at))
        .first(c)?)
}
