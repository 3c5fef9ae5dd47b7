//! Setting what holds for a year of an area: points and plans before it is over, what is known of the area until it is
//! frozen, and after that as a correction with its reason. What stood there before stands in the audit alone.

use super::api::{NewPlan, NewProfile, NewTarget};
use super::store::{self, PlanRow, ProfileChange, TargetRow};
use crate::areas::model::{AreaLevel, AreaRow};
use crate::assessment::above::set_from_above;
use crate::assessment::api::area;
use crate::assessment::snapshots::{self, model::FreezeReason};
use crate::assessment::sources::{self, SourceMeasure};
use crate::assessment::span::is_over;
use crate::associations::model::AssociationRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError};
use crate::funds::years;

/// Refuses what is to be reached in a year once that is over: what was done is not agreed on.
fn refuse_over(who: &Who, year: i64) -> AppResult<()> {
    match is_over(year, who.at.china_day()) {
        true => Err(AppError::of(Code::YearOver)),
        false => Ok(()),
    }
}

/// Whether a year was frozen of an area or of one around it, or is being frozen: its books are closed first, and whoever
/// closes them waits until the caller is through.
fn is_frozen(c: &mut DbConn, area: &AreaRow, year: i64) -> AppResult<bool> {
    let around: Vec<Uid> = area.chain().collect();
    for association in store::associations_of(c, around.clone())? {
        if years::frozen(c, association, year)? {
            return Ok(true);
        }
    }
    snapshots::store::is_frozen(c, area.id, around, year)
}

/// What an area was judged by in a frozen year is only corrected, and why is said; a year that is open needs no reason.
fn refuse_frozen(
    c: &mut DbConn,
    area: &AreaRow,
    year: i64,
    because: Option<FreezeReason>,
) -> AppResult<()> {
    match (is_frozen(c, area, year)?, because) {
        (true, None) => Err(AppError::of(Code::YearFrozen)),
        (true, Some(FreezeReason::YearEnd)) | (false, Some(_)) => {
            Err(AppError::field("/because", Fault::NotFitting))
        }
        (true, Some(_)) | (false, None) => Ok(()),
    }
}

fn association(c: &mut DbConn, area: &AreaRow) -> AppResult<AssociationRow> {
    store::association_of(c, area.id)?.ok_or_else(|| AppError::of(Code::NoAssociation))
}

pub fn set_profile(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    year: i64,
    new: &NewProfile,
) -> AppResult<()> {
    let area = area(c, who, Action::AssessmentRecord, code)?;
    if new.population.is_none() && new.foundation.is_none() {
        return Err(AppError::field("/population", Fault::Required));
    }
    // Wider areas are the sum of their townships.
    if new.population.is_some() && area.level != AreaLevel::Town {
        return Err(AppError::field("/population", Fault::NotFitting));
    }
    // Both decide by what an association is judged.
    set_from_above(who, Action::AssessmentRecord, &area)?;
    refuse_frozen(c, &area, year, new.because)?;
    let change = ProfileChange {
        population: new.population.map(|n| n.map(|n| n.0)),
        foundation: new.foundation.map(|f| f.map(Into::into)),
        updated_by: who.user,
        updated_at: who.at,
    };
    let before = store::profile(c, area.id, year)?;
    store::set_profile(c, area.id, year, &change)?;
    let (people, foundation) = before.map_or((None, None), |b| (b.population, b.foundation));
    let mut changes = Vec::new();
    if let Some(is) = change.population {
        changes.push(Change::number("population", people, is));
    }
    if let Some(is) = change.foundation {
        changes.push(Change::word("foundation", foundation, is));
    }
    for change in changes {
        let change = change.because(new.because);
        change.noted(c, who, &area, "area_profile", area.id, year)?;
    }
    Ok(())
}

pub fn set_target(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    year: i64,
    new: &NewTarget,
) -> AppResult<()> {
    let area = area(c, who, Action::AssessmentRecord, code)?;
    set_from_above(who, Action::AssessmentRecord, &area)?;
    refuse_over(who, year)?;
    if new.association_points.0 > new.total_points.0 {
        return Err(AppError::field("/association_points", Fault::OutOfRange));
    }
    if new.agreed_on.0 > who.at.china_day() {
        return Err(AppError::field("/agreed_on", Fault::InTheFuture));
    }
    let association = association(c, &area)?;
    let row = TargetRow {
        id: Uid::new(who.at),
        association_id: association.id,
        area_id: area.id,
        year,
        total_points: new.total_points.0,
        association_points: new.association_points.0,
        agreed_on: new.agreed_on,
        updated_by: who.user,
        updated_at: who.at,
    };
    let before =
        store::target(c, area.id, year)?.filter(|was| was.association_id == row.association_id);
    store::set_target(c, &row)?;
    let was = before.as_ref();
    let changes = [
        Change::number(
            "total_points",
            was.map(|w| w.total_points),
            Some(row.total_points),
        ),
        Change::number(
            "association_points",
            was.map(|w| w.association_points),
            Some(row.association_points),
        ),
        Change::only("agreed_on", was.map(|w| w.agreed_on) != Some(row.agreed_on)),
    ];
    for change in changes {
        change.noted(c, who, &area, "responsibility_target", association.id, year)?;
    }
    Ok(())
}

pub fn set_plan(c: &mut DbConn, who: &Who, code: &str, year: i64, new: &NewPlan) -> AppResult<()> {
    let area = area(c, who, Action::AssessmentRecord, code)?;
    set_from_above(who, Action::AssessmentRecord, &area)?;
    refuse_over(who, year)?;
    let items = &new.items.0;
    let mut faults = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let at = format!("/items/{i}/source");
        if items
            .iter()
            .take(i)
            .any(|before| before.source == item.source)
        {
            faults.push(FieldError::new(at.as_str(), Fault::Repeated));
        }
        match sources::named(item.source.as_str()) {
            None => faults.push(FieldError::new(at, Fault::NoSuchSource)),
            Some(source) => match source.measure {
                SourceMeasure::Count => {}
                // So many per cent.
                SourceMeasure::Share if item.planned.0 <= 100 => {}
                SourceMeasure::Share => {
                    let at = format!("/items/{i}/planned");
                    faults.push(FieldError::new(at, Fault::OutOfRange));
                }
                SourceMeasure::Against | SourceMeasure::Owed => {
                    faults.push(FieldError::new(at, Fault::WrongKind));
                }
            },
        }
    }
    if !faults.is_empty() {
        return Err(AppError::fields(faults));
    }
    let association = association(c, &area)?;
    let row = |item: &super::api::PlanItem| PlanRow {
        association_id: association.id,
        year,
        source: item.source.as_str().to_owned(),
        planned: item.planned.0,
        updated_by: who.user,
        updated_at: who.at,
    };
    let rows: Vec<PlanRow> = items.iter().map(row).collect();
    let before = store::plan(c, association.id, year)?;
    store::set_plan(c, association.id, year, &rows)?;
    let known = |rows: &[PlanRow], source: &str| {
        rows.iter().find(|r| r.source == source).map(|r| r.planned)
    };
    let mut named: Vec<&str> = before
        .iter()
        .chain(&rows)
        .map(|r| r.source.as_str())
        .collect();
    named.sort_unstable();
    named.dedup();
    for source in named {
        let change = Change::number(source, known(&before, source), known(&rows, source));
        change.noted(c, who, &area, "assessment_plan", association.id, year)?;
    }
    Ok(())
}

/// What was set otherwise than it stood: numbers, or words of fixed lists.
struct Change<'a> {
    what: &'a str,
    is_another: bool,
    /// Under which names it stands in the audit, how it was and how it is.
    named: [&'static str; 2],
    values: [Option<serde_json::Value>; 2],
    /// Of a year that was frozen.
    because: Option<FreezeReason>,
}

impl<'a> Change<'a> {
    /// What is typed is not told, only that it is another one.
    fn only(what: &'a str, is_another: bool) -> Change<'a> {
        Change {
            what,
            is_another,
            named: ["from", "to"],
            values: [None, None],
            because: None,
        }
    }

    fn number(what: &'a str, was: Option<i64>, is: Option<i64>) -> Change<'a> {
        Change {
            what,
            is_another: was != is,
            named: ["before", "after"],
            values: [was.map(Into::into), is.map(Into::into)],
            because: None,
        }
    }

    fn word<T: std::fmt::Display + PartialEq>(
        what: &'a str,
        was: Option<T>,
        is: Option<T>,
    ) -> Change<'a> {
        let word = |one: Option<T>| one.map(|word| serde_json::Value::from(word.to_string()));
        Change {
            what,
            is_another: was != is,
            named: ["from", "to"],
            values: [was, is].map(word),
            because: None,
        }
    }

    fn because(self, because: Option<FreezeReason>) -> Change<'a> {
        Change { because, ..self }
    }

    /// Tells of it, where it is one: of each an entry.
    fn noted(
        self,
        c: &mut DbConn,
        who: &Who,
        area: &AreaRow,
        kind: &'static str,
        record: Uid,
        year: i64,
    ) -> AppResult<()> {
        if !self.is_another {
            return Ok(());
        }
        let mut facts = serde_json::json!({ "what": self.what, "year": year });
        for (name, value) in self.named.into_iter().zip(self.values) {
            if let Some(value) = value {
                facts[name] = value;
            }
        }
        let entry = Entry::new(Action::AssessmentRecord, kind, record, area.place());
        let entry = entry.of(Some(area.id)).with(&facts);
        let entry = match self.because {
            Some(reason) => entry.because(reason.as_str()),
            None => entry,
        };
        audit::record(c, who, entry)
    }
}
