//! Records that facts and evidence point at: by whom they are read, whether one is there, and of whose year it is.

use super::cases::model::Evidence;
use super::records;
use super::scheme::document::Indicator;
use super::sources::{self, FactKind, SourceBasis};
use super::vetoes;
use crate::activities;
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::associations::{ratings, selections, sites, store as associations, studies, works};
use crate::auth::{Action, Handle, Placed, Who};
use crate::care::programmes;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError};
use crate::funds::{budgets, ledger, needs_store};

/// What a record of a kind is read by.
pub fn read_by(kind: FactKind) -> Action {
    match kind {
        FactKind::ResponsibilityTarget | FactKind::Area => Action::AssessmentRead,
        FactKind::Study | FactKind::ActionItem => Action::StudyRead,
        FactKind::Work => Action::WorkRead,
        FactKind::Rating => Action::RatingRead,
        FactKind::Veto => Action::VetoRead,
        FactKind::Association => Action::AssociationRead,
        FactKind::Activity => Action::ActivityRead,
        FactKind::Budget | FactKind::VillageNeed => Action::BudgetRead,
        FactKind::FundEntry => Action::FundRead,
        FactKind::Programme => Action::CareProgrammeRead,
        FactKind::Site => Action::SiteRead,
        FactKind::Selection => Action::SelectionRead,
        FactKind::Village => Action::SelfGovernanceRead,
    }
}

/// Refuses facts to whoever may not read such records there: what opens to them tells what they say.
pub fn may_open(
    who: &Who,
    area: &AreaRow,
    kinds: impl IntoIterator<Item = FactKind>,
) -> AppResult<()> {
    let mut kinds = kinds.into_iter();
    match kinds.all(|kind| who.may_within(read_by(kind), area)) {
        true => Ok(()),
        false => Err(AppError::of(Code::ForbiddenAction)),
    }
}

/// What evidence is asked for.
pub struct Of<'a> {
    pub association: Uid,
    /// The association's.
    pub area: &'a AreaRow,
    pub year: i64,
    pub indicator: &'a Indicator,
}

impl Of<'_> {
    /// Whether the indicator counts everything in the area: then whatever lies there may show it.
    fn reaches_within(&self) -> bool {
        let clauses = self.indicator.formula.sources.0.iter();
        clauses
            .filter_map(|clause| sources::named(clause.source.as_str()))
            .any(|source| source.basis == SourceBasis::Within)
    }

    fn holds(&self, day: Day) -> bool {
        i64::from(day.0.year()) == self.year
    }

    /// Whether something was there in the year that began and, maybe, ended.
    fn lasted(&self, from: Day, until: Option<Day>) -> bool {
        let over = until.is_some_and(|day| i64::from(day.0.year()) < self.year);
        i64::from(from.0.year()) <= self.year && !over
    }
}

/// Whose a record is, where there is an association to name, and whether it is of the year.
type Told = (Option<Uid>, bool);

/// A record that is there for the caller to read: what it tells, and the narrowest area it lies in.
type Shown = Option<(Told, Option<Uid>)>;

fn shown<T: Placed>(
    found: AppResult<Handle<T>>,
    told: impl FnOnce(&T) -> Told,
) -> AppResult<Shown> {
    match found {
        Ok(row) => {
            let row = row.into_row();
            let place = row.place();
            let lies_in = place.village.or(place.town).or(place.county);
            Ok(Some((told(&row), lies_in.or(row.area()))))
        }
        Err(e) if matches!(e.code(), Code::NotFound | Code::ForbiddenAction) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The record, if it is there for the caller to read.
fn found(c: &mut DbConn, who: &Who, of: &Of<'_>, evidence: &Evidence) -> AppResult<Shown> {
    let (id, action) = (evidence.id, read_by(evidence.kind));
    let own = |association: Uid, of_year: bool| (Some(association), of_year);
    match evidence.kind {
        FactKind::ResponsibilityTarget => {
            let target = records::store::target(c, of.area.id, of.year)?;
            let target = target.filter(|target| target.id == id);
            Ok(target.map(|target| (own(target.association_id, true), Some(target.area_id))))
        }
        FactKind::Area | FactKind::Village => {
            let village = evidence.kind == FactKind::Village;
            let found = areas::store::by_id(c, id)?.filter(|found| {
                found.chain().any(|around| around == of.area.id)
                    && (!village || found.level == AreaLevel::Village)
            });
            Ok(found.map(|found| ((None, true), Some(found.id))))
        }
        FactKind::Study => shown(studies::store::visible(c, who, action, id), |row| {
            own(row.association_id, of.holds(row.held_on))
        }),
        FactKind::ActionItem => shown(studies::store::item(c, who, action, id), |row| {
            own(row.association_id, of.lasted(row.raised_on, row.settled_on))
        }),
        FactKind::Work => shown(works::store::visible(c, who, action, id), |row| {
            own(row.association_id, of.holds(row.held_on))
        }),
        FactKind::Rating => shown(ratings::store::visible(c, who, action, id), |row| {
            own(row.association_id, row.year == of.year)
        }),
        FactKind::Veto => shown(vetoes::store::visible(c, who, action, id), |row| {
            own(row.association_id, row.year == of.year)
        }),
        FactKind::Association => shown(associations::visible(c, who, action, id), |row| {
            own(row.id, of.lasted(row.founded_on, row.dissolved_on))
        }),
        FactKind::Activity => shown(activities::store::visible(c, who, action, id), |row| {
            (None, of.holds(row.activity_day))
        }),
        FactKind::Budget => shown(budgets::store::visible(c, who, action, id), |row| {
            own(row.association_id, row.year == of.year)
        }),
        FactKind::VillageNeed => shown(needs_store::visible(c, who, action, id), |row| {
            own(row.association_id, of.lasted(row.asked_on, row.answered_on))
        }),
        FactKind::FundEntry => shown(ledger::store::visible(c, who, action, id), |row| {
            own(row.association_id, of.holds(row.booked_on))
        }),
        FactKind::Programme => shown(programmes::store::visible(c, who, action, id), |row| {
            own(row.association_id, row.year == of.year)
        }),
        FactKind::Site => shown(sites::store::visible(c, who, action, id), |row| {
            (
                None,
                row.closed_on
                    .is_none_or(|day| i64::from(day.0.year()) >= of.year),
            )
        }),
        FactKind::Selection => shown(selections::store::visible(c, who, action, id), |row| {
            own(row.association_id, row.year == of.year)
        }),
    }
}

/// Whether it shows something of the association's year: its own, or what lies in its area, where no association owns
/// such records or the indicator counts everything there.
fn fits(c: &mut DbConn, of: &Of<'_>, told: Told, lies_in: Option<Uid>) -> AppResult<bool> {
    let (association, of_year) = told;
    if !of_year || association == Some(of.association) {
        return Ok(of_year);
    }
    if association.is_some() && !of.reaches_within() {
        return Ok(false);
    }
    let area = match lies_in {
        Some(id) => areas::store::by_id(c, id)?,
        None => None,
    };
    Ok(area.is_some_and(|area| area.chain().any(|around| around == of.area.id)))
}

/// Refuses evidence that is not there, or shows nothing of it, each by its pointer.
pub fn check(c: &mut DbConn, who: &Who, of: &Of<'_>, evidence: &[Evidence]) -> AppResult<()> {
    let mut faults = Vec::new();
    for (i, one) in evidence.iter().enumerate() {
        let at = format!("/evidence/{i}/id");
        if evidence.iter().take(i).any(|before| before == one) {
            faults.push(FieldError::new(at, Fault::Repeated));
            continue;
        }
        match found(c, who, of, one)? {
            None => faults.push(FieldError::new(at, Fault::NoSuchRecord)),
            Some((told, lies_in)) => {
                if !fits(c, of, told, lies_in)? {
                    faults.push(FieldError::new(at, Fault::NotFitting));
                }
            }
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(AppError::fields(faults)),
    }
}
