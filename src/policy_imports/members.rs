//! The people of a unit, the household they are of, and what they agree to.

use super::check::Scene;
use super::columns::Column;
use super::known::{Known, KnownPerson};
use super::model::RowFault;
use super::row::{Named, Row};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::auth::Placed;
use crate::db::types::china;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppResult, Fault};
use crate::households::model::{HouseholdKind, HouseholdRow};
use crate::people::consents::{Birth, too_soon};
use crate::people::model::{ConsentChannel, GivenBy, PersonRow, Purpose, Sex, TextLanguage};
use crate::people::store::{self, Standing};
use crate::residents::register::PLACES;

/// Whose the policies of a unit are.
pub enum Home {
    Known(HouseholdRow),
    New { kind: HouseholdKind, area: AreaRow },
}

/// A consent that the sheet tells of.
pub struct Given {
    pub text: i64,
    pub channel: ConsentChannel,
    pub by: GivenBy,
    pub at: Micros,
}

/// Somebody of a unit.
pub struct Member {
    pub named: Named,
    pub known: Option<PersonRow>,
    pub sex: Sex,
    pub birth: Birth,
    /// How often they answered when they were asked about insurance.
    pub answers: i64,
    /// They agree to it now.
    pub agreed: bool,
    pub given: Option<Given>,
    /// The first row that names them.
    pub row: u32,
}

impl Member {
    fn new(named: &Named, known: Option<&KnownPerson>, row: u32) -> Member {
        let known = known.map(|k| k.row.clone());
        let year = known.as_ref().and_then(|p| p.birth_year);
        let year = year.or(named.born.map(|day| i64::from(day.year())));
        Member {
            birth: Birth {
                day: named.born,
                year,
            },
            sex: named.sex.unwrap_or(Sex::Unspecified),
            named: named.clone(),
            known,
            answers: 0,
            agreed: false,
            given: None,
            row,
        }
    }

    fn is(&self, person: &PersonRow) -> bool {
        self.known
            .as_ref()
            .is_some_and(|known| known.id == person.id)
    }

    /// One text for one person, in whichever row.
    pub fn identity(&self) -> String {
        match (&self.known, self.named.documents.first()) {
            (Some(person), _) => person.id.to_string(),
            (None, Some((kind, number))) => format!("{kind}:{number}"),
            (None, None) => {
                let phone = self.named.phone.as_deref().unwrap_or_default();
                format!("{phone}\n{}", self.named.name)
            }
        }
    }
}

pub struct Members<'a> {
    scene: &'a Scene<'a>,
    known: &'a Known,
    all: Vec<Member>,
    /// The insured of each row.
    of_row: Vec<Option<usize>>,
    home: Option<Uid>,
}

impl<'a> Members<'a> {
    /// Those whom the rows insure.
    pub fn of(
        scene: &'a Scene<'a>,
        known: &'a Known,
        rows: &[Row],
        faults: &mut Vec<RowFault>,
    ) -> Members<'a> {
        let mut members = Members {
            scene,
            known,
            all: Vec::new(),
            of_row: Vec::new(),
            home: None,
        };
        for row in rows {
            let found = members.insured(row, faults);
            members.of_row.push(found);
        }
        members
    }

    pub fn into_all(self) -> Vec<Member> {
        self.all
    }
    pub fn get(&self, member: usize) -> Option<&Member> {
        self.all.get(member)
    }
    /// The insured of a row, by its place among the rows.
    pub fn of_row(&self, row: usize) -> Option<usize> {
        self.of_row.get(row).copied().flatten()
    }

    fn fault(&self, row: u32, column: Column, fault: Fault) -> RowFault {
        self.scene.sheet().fault(row, column, fault)
    }

    fn insured(&mut self, row: &Row, faults: &mut Vec<RowFault>) -> Option<usize> {
        let named = &row.insured;
        let found = match self.all.iter().position(|m| m.named.is(named)) {
            Some(at) => Some(at),
            None => match self.known.find(self.scene.vault, named) {
                Ok(None) => None,
                Ok(Some(known)) => match self.all.iter().position(|m| m.is(&known.row)) {
                    Some(at) => Some(at),
                    None => {
                        self.all.push(Member::new(named, Some(known), row.number));
                        Some(self.all.len() - 1)
                    }
                },
                Err(fault) => {
                    let column = match (fault, named.documents.is_empty()) {
                        (Fault::NameDiffers, _) => Column::Name,
                        (_, true) => Column::Phone,
                        (_, false) => Column::Document,
                    };
                    faults.push(self.fault(row.number, column, fault));
                    return None;
                }
            },
        };
        let at = found.unwrap_or_else(|| {
            self.all.push(Member::new(named, None, row.number));
            self.all.len() - 1
        });
        let member = self.all.get_mut(at)?;
        if !named.same_name(&member.named.name) {
            let other = member.row;
            let fault = self.fault(row.number, Column::Name, Fault::NameDiffers);
            faults.push(fault.with_row(other));
            return None;
        }
        // What one row leaves out another may tell.
        if member.known.is_none() {
            member.named.phone = member.named.phone.take().or(named.phone.clone());
            if let (Some(sex), Sex::Unspecified) = (row.sex, member.sex) {
                member.sex = sex;
            }
            member.birth.year = row.birth_year.or(member.birth.year);
        }
        Some(at)
    }

    /// The one household that all of them are of: that of whoever is known, or a new one.
    pub fn home(
        &mut self,
        c: &mut DbConn,
        rows: &[Row],
        faults: &mut Vec<RowFault>,
    ) -> AppResult<Option<Home>> {
        let (before, known) = (faults.len(), self.known);
        let mut home: Option<(&HouseholdRow, u32)> = None;
        for member in &self.all {
            let Some(person) = &member.known else {
                continue;
            };
            let at = |fault| self.fault(member.row, Column::Name, fault);
            let theirs = person.household_id.and_then(|id| known.households.get(&id));
            match (theirs, home) {
                (None, _) => faults.push(at(Fault::NoHousehold)),
                // They live here, and are of a household that does not.
                (Some(theirs), _) if !self.scene.covers(&theirs.place()) => {
                    faults.push(at(Fault::OtherHousehold));
                }
                (Some(theirs), Some((first, row))) if theirs.id != first.id => {
                    faults.push(at(Fault::OtherHousehold).with_row(row));
                }
                (Some(theirs), _) => home = home.or(Some((theirs, member.row))),
            }
        }
        if faults.len() > before {
            return Ok(None);
        }
        if let Some((home, _)) = home {
            self.home = Some(home.id);
            return Ok(Some(Home::Known(home.clone())));
        }
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let kind = rows.iter().find_map(|row| row.household_kind);
        let area = rows
            .iter()
            .find_map(|row| Some((row.number, row.area.as_deref()?)));
        if kind.is_none() {
            faults.push(self.fault(first.number, Column::HouseholdKind, Fault::Required));
        }
        let Some((row, code)) = area else {
            faults.push(self.fault(first.number, Column::Area, Fault::Required));
            return Ok(None);
        };
        let wrong = match areas::store::today_of(c, code)? {
            None => Fault::NoSuchArea,
            Some(area) if !PLACES.contains(&area.level) => Fault::AreaTooWide,
            Some(area) if !self.scene.covers(&area.place()) => Fault::AreaOutside,
            Some(area) => return Ok(kind.map(|kind| Home::New { kind, area })),
        };
        faults.push(self.fault(row, Column::Area, wrong));
        Ok(None)
    }

    /// Each insured agrees, by a consent that is known or by one that the sheet tells of: by nothing else.
    pub fn consents(
        &mut self,
        c: &mut DbConn,
        rows: &[Row],
        faults: &mut Vec<RowFault>,
    ) -> AppResult<()> {
        for at in 0..self.all.len() {
            let of = |i: &usize| self.of_row.get(*i).copied().flatten() == Some(at);
            let theirs: Vec<&Row> = (0..rows.len())
                .filter(of)
                .filter_map(|i| rows.get(i))
                .collect();
            let said = theirs
                .iter()
                .find(|row| !row.said.nothing())
                .or(theirs.first());
            let Some(row) = said else {
                continue;
            };
            let (agreed, answers, given) = match self.all.get(at) {
                None => continue,
                Some(member) => {
                    let answers = member.known.as_ref().map(|p| self.known.answers(p.id));
                    let answers = answers.unwrap_or_default();
                    let withdrawn: Vec<Option<Micros>> = (answers.iter())
                        .filter(|answer| !answer.refused)
                        .map(|answer| answer.withdrawn_at)
                        .collect();
                    let standing = Standing::of(&withdrawn);
                    let given = match standing {
                        Standing::Live => None,
                        _ => self.given(c, member, standing, row, faults)?,
                    };
                    (standing == Standing::Live, answers.len() as i64, given)
                }
            };
            if let Some(member) = self.all.get_mut(at) {
                (member.agreed, member.answers, member.given) = (agreed, answers, given);
            }
        }
        Ok(())
    }

    /// The consent that a row tells of, if it is one.
    fn given(
        &self,
        c: &mut DbConn,
        member: &Member,
        standing: Standing,
        row: &Row,
        faults: &mut Vec<RowFault>,
    ) -> AppResult<Option<Given>> {
        let said = &row.said;
        let at = |column, fault| self.fault(row.number, column, fault);
        let withdrew = match member.known {
            Some(_) => None,
            None => self.known.withdrew(self.scene.vault, &member.named),
        };
        if said.nothing() {
            let fault = match (standing, withdrew) {
                (Standing::Withdrawn, _) | (_, Some(_)) => Fault::TookBack,
                _ => Fault::NoConsent,
            };
            faults.push(at(Column::ConsentOn, fault));
            return Ok(None);
        }
        let missing = [
            (Column::ConsentOn, said.on.is_none()),
            (Column::ConsentText, said.text.is_none()),
            (Column::ConsentChannel, said.channel.is_none()),
            (Column::ConsentBy, said.by.is_none()),
        ];
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        faults.extend(missing.map(|(column, _)| at(column, Fault::Required)));
        let (Some(on), Some(text), Some(channel), Some(by)) =
            (said.on, said.text, said.channel, said.by)
        else {
            return Ok(None);
        };
        let given_at = morning(on);
        let answers = member.known.as_ref().map(|p| self.known.answers(p.id));
        let no = answers.unwrap_or_default().iter();
        let no = no
            .filter_map(|answer| Some((answer.withdrawn_at?, answer.text_version)))
            .max();
        let purpose = Purpose::Insurance;
        let shown = store::text_in_force(c, purpose, TextLanguage::ZhCn, text, on)?;
        let fault = if !shown {
            (Column::ConsentText, Fault::OldText)
        } else if member.birth.is_child(on.0) && by != GivenBy::Guardian {
            (Column::ConsentBy, Fault::NotFitting)
        } else if withdrew
            .max(no.map(|(when, _)| when))
            .is_some_and(|when| given_at < when)
        {
            // Whatever was agreed before, the last word counts.
            (Column::ConsentOn, Fault::TookBack)
        } else if no.is_some_and(|no| too_soon(no, text, given_at)) {
            (Column::ConsentOn, Fault::AskedAgain)
        } else {
            return Ok(Some(Given {
                text,
                channel,
                by,
                at: given_at,
            }));
        };
        faults.push(at(fault.0, fault.1));
        Ok(None)
    }

    /// Whom a row names beside the insured: one of the insured, or somebody known of that household.
    pub fn other(
        &mut self,
        row: u32,
        named: &Named,
        (name, document): (Column, Column),
        faults: &mut Vec<RowFault>,
    ) -> Option<usize> {
        let found = match named.by_name_alone() {
            true => {
                let called = |m: &&Member| named.same_name(&m.named.name);
                match self.all.iter().filter(called).count() {
                    1 => self.all.iter().position(|m| named.same_name(&m.named.name)),
                    // Which of several, or who else, a name does not say.
                    _ => {
                        faults.push(self.fault(row, document, Fault::Required));
                        return None;
                    }
                }
            }
            false => self.all.iter().position(|m| m.named.is(named)),
        };
        if let Some(at) = found {
            let member = self.all.get(at)?;
            if named.same_name(&member.named.name) {
                return Some(at);
            }
            let fault = self
                .fault(row, name, Fault::NameDiffers)
                .with_row(member.row);
            faults.push(fault);
            return None;
        }
        let wrong = match self.known.find(self.scene.vault, named) {
            Ok(None) => Fault::NoSuchRecord,
            Err(fault) => fault,
            Ok(Some(known)) => {
                if let Some(at) = self.all.iter().position(|m| m.is(&known.row)) {
                    return Some(at);
                }
                if self.home.is_some() && known.row.household_id == self.home {
                    self.all.push(Member::new(named, Some(known), row));
                    return Some(self.all.len() - 1);
                }
                Fault::OtherHousehold
            }
        };
        faults.push(self.fault(row, name, wrong));
        None
    }
}

/// When a day begins in China.
fn morning(day: Day) -> Micros {
    let begins = china().to_timestamp(day.0.at(0, 0, 0, 0));
    Micros(begins.map_or(0, |at| at.as_microsecond()))
}
