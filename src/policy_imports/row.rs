//! A row of a sheet as it is meant, with what is wrong in its cells.

use jiff::civil::Date;

use super::cells::{self, Read};
use super::columns::Column;
use super::model::{RowFault, Sheet};
use super::words::{CHANNELS, GIVERS, HOUSEHOLDS, KINDS, SEXES, Stated};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, Fen, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::households::model::HouseholdKind;
use crate::http::text::{AreaCode, InsurerReference, PersonName, ShortCode};
use crate::people::model::{ConsentChannel, DocumentType, GivenBy, Sex};
use crate::people::{documents, fields, phones};
use crate::residents::names::matching;
use crate::sheets::Cell;

/// The longest sign by which a sheet tells its households apart.
const FAMILY: usize = 60;

/// Somebody as a sheet names them.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub name: String,
    /// Of whichever kinds the number can be, where the sheet does not say.
    pub documents: Vec<(DocumentType, String)>,
    pub phone: Option<String>,
    /// As far as the document tells.
    pub born: Option<Date>,
    pub sex: Option<Sex>,
}

impl Named {
    pub fn same_name(&self, other: &str) -> bool {
        matching::same(&self.name, other)
    }
    /// Somebody named twice in one sheet. A name alone is enough only where it is asked among a few.
    pub fn is(&self, other: &Named) -> bool {
        if !self.documents.is_empty() && !other.documents.is_empty() {
            return self.documents.iter().any(|d| other.documents.contains(d));
        }
        self.phone.is_some() && self.phone == other.phone && self.same_name(&other.name)
    }
    /// Nothing but a name is known.
    pub fn by_name_alone(&self) -> bool {
        self.documents.is_empty() && self.phone.is_none()
    }
    /// All indexes under which they may be known, by document and by phone.
    pub fn indexes(&self, vault: &Vault) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let of = |d: &(DocumentType, String)| fields::document_indexes(vault, d.0, &d.1);
        let documents = self.documents.iter().flat_map(of).collect();
        let phones = self
            .phone
            .as_deref()
            .map(|p| fields::phone_indexes(vault, p));
        (documents, phones.unwrap_or_default())
    }
}

/// What the sheet says of a consent.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub on: Option<Day>,
    pub text: Option<i64>,
    pub channel: Option<ConsentChannel>,
    pub by: Option<GivenBy>,
}

impl Said {
    pub fn nothing(&self) -> bool {
        self.on.is_none() && self.text.is_none() && self.channel.is_none() && self.by.is_none()
    }
}

#[derive(Debug, Clone)]
pub struct Row {
    pub number: u32,
    pub product: String,
    pub insurer: String,
    pub policy_number: Option<String>,
    pub starts_on: Day,
    pub ends_on: Day,
    pub premium: Option<Fen>,
    pub family: Option<String>,
    pub household_kind: Option<HouseholdKind>,
    pub area: Option<String>,
    pub holder: Option<Named>,
    pub payer: Option<Named>,
    pub insured: Named,
    pub sex: Option<Sex>,
    pub birth_year: Option<i64>,
    pub sum_agreed: bool,
    pub said: Said,
    pub beneficiary: Option<Named>,
    pub share: Option<i64>,
}

/// The known cells of a row as they rest: its number with them, so that no row stands for another.
pub fn seal(key: &DataKey, import: Uid, number: u32, cells: &[Cell]) -> AppResult<Vec<u8>> {
    let cells: Vec<String> = cells.iter().map(Cell::write).collect();
    let text = serde_json::to_string(&(number, cells)).map_err(AppError::internal)?;
    key.seal("policy_import_rows.body", import.0, &text)
        .map_err(AppError::internal)
}

pub fn open(key: &DataKey, import: Uid, number: u32, body: &[u8]) -> AppResult<Vec<Cell>> {
    let text = key
        .open("policy_import_rows.body", import.0, body)
        .map_err(AppError::internal)?;
    let (stored, cells): (u32, Vec<String>) =
        serde_json::from_str(&text).map_err(AppError::internal)?;
    match stored == number {
        true => Ok(cells.iter().map(|cell| Cell::read(cell)).collect()),
        false => Err(AppError::internal("a row of an import stands for another")),
    }
}

/// Reads the cells of a row.
struct Reader<'a> {
    sheet: &'a Sheet,
    number: u32,
    cells: &'a [Cell],
    today: Date,
    faults: &'a mut Vec<RowFault>,
}

impl Reader<'_> {
    fn cell(&self, column: Column) -> &Cell {
        self.cells.get(column as usize).unwrap_or(&Cell::Empty)
    }
    fn fault(&mut self, column: Column, fault: Fault) {
        let fault = self.sheet.fault(self.number, column, fault);
        self.faults.push(fault);
    }
    fn get<T>(&mut self, column: Column, read: impl FnOnce(&Cell) -> Read<T>) -> Option<T> {
        match read(self.cell(column)) {
            Ok(value) => value,
            Err(fault) => {
                self.fault(column, fault);
                None
            }
        }
    }
    /// The same of what has to be there.
    fn need<T>(&mut self, column: Column, read: impl FnOnce(&Cell) -> Read<T>) -> Option<T> {
        if self.cell(column).is_empty() {
            self.fault(column, Fault::Required);
            return None;
        }
        self.get(column, read)
    }
    fn day(&mut self, column: Column) -> Option<Day> {
        let date1904 = self.sheet.date1904;
        self.need(column, |cell| cells::day(cell, date1904))
    }
    fn phone(&mut self, column: Column) -> Option<String> {
        let text = self.get(column, cells::number)?;
        match phones::parse(&text) {
            Ok(phone) => Some(phone),
            Err(_) => {
                self.fault(column, Fault::BadPhone);
                None
            }
        }
    }

    /// Somebody by name, and by document or phone; the columns of these three.
    fn named(&mut self, name: Column, document: Column, phone: Column) -> Option<Named> {
        let given = |column| !self.cell(column).is_empty();
        if !given(name) && !given(document) && !given(phone) {
            return None;
        }
        let mut named = Named {
            name: self.need(name, person_name).unwrap_or_default(),
            phone: self.phone(phone),
            ..Named::default()
        };
        let kind = match document {
            Column::Document => {
                let stated = self.get(Column::DocumentKind, |cell| cells::one_of(cell, KINDS));
                Some(stated.unwrap_or(Stated::ResidentId))
            }
            _ => None,
        };
        if let Some(number) = self.get(document, cells::number) {
            match self.documents(kind, &number, &mut named) {
                Ok(()) => {}
                Err(fault) => self.fault(document, fault),
            }
        }
        Some(named)
    }

    /// Checks a document's number: as the kind that the sheet states, or as each kind that it can be.
    fn documents(
        &self,
        kind: Option<Stated>,
        number: &str,
        named: &mut Named,
    ) -> Result<(), Fault> {
        let kinds: Vec<DocumentType> = match kind {
            Some(kind) => vec![kind.kind(number)],
            None => DocumentType::ALL.to_vec(),
        };
        let mut first = None;
        for kind in kinds {
            let parsed = kind.as_str().parse().ok();
            let parsed = parsed.map(|k| documents::parse(k, number, self.today));
            match parsed {
                Some(Ok(found)) => {
                    named.born = named.born.or(found.birth_date);
                    named.sex = named.sex.or(found.sex_digit.map(|sex| match sex {
                        documents::Sex::Male => Sex::Male,
                        documents::Sex::Female => Sex::Female,
                    }));
                    named.documents.push((kind, found.number));
                }
                // Of a number that fits none, what keeps it from being the commonest is told.
                Some(Err(fault)) => first = first.or(Fault::parse(fault.code())),
                None => {}
            }
        }
        match named.documents.is_empty() {
            true => Err(first.unwrap_or(Fault::BadCharacter)),
            false => Ok(()),
        }
    }
}

fn person_name(cell: &Cell) -> Read<String> {
    checked(cells::text(cell)?, |t| {
        PersonName::parse(t).map(PersonName::into_string)
    })
}

/// A text that the rest of the service takes, by the rule that it has for it.
fn checked(
    text: Option<String>,
    parse: impl FnOnce(String) -> Result<String, Fault>,
) -> Read<String> {
    text.map(parse).transpose()
}

/// Reads a row; nothing where a cell is at fault.
pub fn read(
    sheet: &Sheet,
    number: u32,
    cells: &[Cell],
    today: Date,
    faults: &mut Vec<RowFault>,
) -> Option<Row> {
    let before = faults.len();
    let mut r = Reader {
        sheet,
        number,
        cells,
        today,
        faults: &mut *faults,
    };
    let code = |cell: &Cell| {
        checked(cells::number(cell)?, |t| {
            ShortCode::parse(t).map(ShortCode::into_string)
        })
    };
    let product = r.need(Column::Product, code);
    let insurer = r.need(Column::Insurer, code);
    let policy_number = r.get(Column::PolicyNumber, |cell| {
        checked(cells::number(cell)?, |t| {
            InsurerReference::parse(t).map(InsurerReference::into_string)
        })
    });
    let (starts_on, ends_on) = (r.day(Column::StartsOn), r.day(Column::EndsOn));
    if let (Some(from), Some(to)) = (starts_on, ends_on)
        && to < from
    {
        r.fault(Column::EndsOn, Fault::BadOrder);
    }
    let premium = r.get(Column::Premium, cells::money);
    let family = r.get(Column::Household, family);
    let household_kind = r.get(Column::HouseholdKind, |cell| {
        cells::one_of(cell, HOUSEHOLDS)
    });
    let area = r.get(Column::Area, |cell| {
        checked(cells::number(cell)?, |t| {
            AreaCode::parse(t).map(AreaCode::into_string)
        })
    });
    use Column::*;
    let holder = r.named(HolderName, HolderDocument, HolderPhone);
    let payer = r.named(PayerName, PayerDocument, PayerPhone);
    let insured = r.named(Name, Document, Phone);
    match &insured {
        None => r.fault(Name, Fault::Required),
        // By a name alone nobody is known again.
        Some(named) if named.by_name_alone() && r.faults.len() == before => {
            r.fault(Document, Fault::Required);
        }
        Some(_) => {}
    }
    let sex = r.get(Sex, |cell| cells::one_of(cell, SEXES));
    let this_year = i64::from(today.year());
    let birth_year = r.get(BirthYear, |cell| cells::integer(cell, 1900, this_year));
    let sum_agreed = r.get(SumAgreed, cells::yes).unwrap_or(false);
    let date1904 = sheet.date1904;
    let said = Said {
        on: r.get(ConsentOn, |cell| cells::day(cell, date1904)),
        text: r.get(ConsentText, |cell| cells::integer(cell, 1, 100_000)),
        channel: r.get(Column::ConsentChannel, |cell| cells::one_of(cell, CHANNELS)),
        by: r.get(ConsentBy, |cell| cells::one_of(cell, GIVERS)),
    };
    if said.on.is_some_and(|on| on.0 > today) {
        r.fault(ConsentOn, Fault::DateInFuture);
    }
    let beneficiary = r.named(BeneficiaryName, BeneficiaryDocument, BeneficiaryPhone);
    let share = r.get(BeneficiaryShare, cells::percent);
    let agreed_by_insured = r.get(BeneficiaryAgreed, cells::yes).unwrap_or(false);
    match (&beneficiary, share) {
        (Some(_), None) if r.cell(BeneficiaryShare).is_empty() => {
            r.fault(BeneficiaryShare, Fault::Required);
        }
        (None, Some(_)) => r.fault(BeneficiaryName, Fault::Required),
        _ => {}
    }
    // Insurance Law 39: the insured agrees to who benefits.
    if beneficiary.is_some() && !agreed_by_insured {
        r.fault(BeneficiaryAgreed, Fault::NotFitting);
    }
    if faults.len() > before {
        return None;
    }
    Some(Row {
        number,
        product: product?,
        insurer: insurer?,
        policy_number,
        starts_on: starts_on?,
        ends_on: ends_on?,
        premium,
        family,
        household_kind,
        area,
        holder,
        payer,
        insured: insured?,
        sex,
        birth_year,
        sum_agreed,
        said,
        beneficiary,
        share,
    })
}

fn family(cell: &Cell) -> Read<String> {
    match cells::text(cell)? {
        Some(text) if text.chars().count() > FAMILY => Err(Fault::TooLong),
        other => Ok(other),
    }
}

/// What tells which rows stand together: the household that they name, or else the policy.
pub fn together(cells: &[Cell]) -> Option<String> {
    let of = |column: Column| {
        let text = cells.get(column as usize).map(cells::text);
        text.and_then(Result::ok).flatten()
    };
    match of(Column::Household) {
        Some(household) => Some(format!("h{household}")),
        None => {
            let number = of(Column::PolicyNumber)?;
            Some(format!(
                "p{}\n{number}",
                of(Column::Insurer).unwrap_or_default()
            ))
        }
    }
}
