//! Whether some rows of a sheet can be imported: by the rules of every policy, with a fault for each cell that keeps
//! them from it.
//!
//! Rows that stand together are one unit: of one household, or of one policy. What is checked here is checked again
//! when it is imported, for days may lie between.

use std::collections::HashMap;

use jiff::civil::Date;

use super::known::{Known, Products};
use super::members::{Home, Member, Members};
use super::model::{Counts, ImportRow, RowFault, Sheet, SheetRow};
use super::row::{self, Row};
use super::{covers, store};
use crate::auth::Who;
use crate::auth::rights::Scope;
use crate::crypto::{DataKey, MacPurpose, Vault};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppResult, Fault};
use crate::insurance::model::{Basis, ProductRow};
use crate::policy_imports::columns::Column;

/// Where and for whom rows are checked.
pub struct Scene<'a> {
    pub vault: &'a Vault,
    pub who: &'a Who,
    pub import: &'a ImportRow,
    pub key: &'a DataKey,
    pub products: &'a Products,
    pub today: Date,
}

impl Scene<'_> {
    pub fn sheet(&self) -> &Sheet {
        &self.import.sheet.0
    }
    /// The area that the sheet is of.
    pub fn area(&self) -> Scope {
        let import = self.import;
        let mut scope = Scope::default();
        match (import.village, import.town) {
            (Some(village), _) => scope.villages.push(village),
            (None, Some(town)) => scope.towns.push(town),
            (None, None) => scope.counties.push(import.county),
        }
        scope
    }
    /// Whether a place lies in that area.
    pub fn covers(&self, place: &crate::auth::Place) -> bool {
        let import = self.import;
        match (import.village, import.town) {
            (Some(village), _) => place.village == Some(village),
            (None, Some(town)) => place.town == Some(town),
            (None, None) => place.county == Some(import.county),
        }
    }
    /// A digest of a value, which tells only whether the same stands in the sheet again.
    fn mac(&self, what: &str, value: &str) -> Vec<u8> {
        let parts: [&[u8]; 4] = [
            b"policy import",
            self.import.id.as_bytes(),
            what.as_bytes(),
            value.as_bytes(),
        ];
        let tag = self.vault.mac(MacPurpose::SecretHash, &parts);
        tag.iter().take(16).copied().collect()
    }
}

/// A policy that is to be.
pub struct Cover {
    pub product: ProductRow,
    pub insurer: String,
    pub number: Option<String>,
    pub starts_on: Day,
    pub ends_on: Day,
    pub holder: usize,
    pub payer: usize,
    /// Each with whether they agreed to the sum, by their place among the members.
    pub insured: Vec<(usize, bool)>,
    pub beneficiaries: Vec<(usize, i64)>,
    /// The first of its rows.
    pub row: u32,
}

/// Rows that can be imported together.
pub struct Unit {
    pub number: i64,
    pub home: Home,
    pub members: Vec<Member>,
    pub covers: Vec<Cover>,
    /// How many the household has already.
    pub policies_before: i64,
    pub rows: Vec<Traced>,
}

/// Whom a row names, by their place among the members, and what else is noted of it.
pub struct Traced {
    pub number: u32,
    pub insured: usize,
    pub holder: usize,
    pub payer: usize,
    pub beneficiary: Option<usize>,
    pub macs: Macs,
    period: (Day, Day),
}

#[derive(Debug, Clone, Default)]
pub struct Macs {
    pub policy: Option<Vec<u8>>,
    pub family: Option<Vec<u8>>,
    pub insured: Option<Vec<u8>>,
    pub person: Option<Vec<u8>>,
}

/// What came of some units.
#[derive(Default)]
pub struct Checked {
    pub units: Vec<Unit>,
    pub faults: Vec<RowFault>,
    pub counts: Counts,
    /// The last of them.
    pub last: i64,
}

/// Checks whole units, in their order.
pub fn batch(c: &mut DbConn, scene: &Scene<'_>, rows: &[SheetRow]) -> AppResult<Checked> {
    let mut checked = Checked::default();
    let mut units: Vec<(i64, bool, Vec<Row>)> = Vec::new();
    for stored in rows {
        let number = u32::try_from(stored.number).unwrap_or_default();
        let cells = row::open(scene.key, scene.import.id, number, &stored.body)?;
        let read = row::read(
            scene.sheet(),
            number,
            &cells,
            scene.today,
            &mut checked.faults,
        );
        if units.last().is_none_or(|(unit, ..)| *unit != stored.unit) {
            units.push((stored.unit, true, Vec::new()));
        }
        if let Some((_, whole, of)) = units.last_mut() {
            *whole &= read.is_some();
            of.extend(read);
        }
    }
    checked.last = rows.last().map_or(0, |row| row.unit);
    let named = units.iter().flat_map(|(.., rows)| rows).flat_map(|row| {
        let more = [&row.holder, &row.payer, &row.beneficiary];
        more.into_iter().flatten().chain([&row.insured])
    });
    let known = Known::of(c, scene.vault, &scene.area(), named)?;
    for (number, whole, rows) in units {
        // Of a unit with a cell at fault nothing more is told: what follows from it would mislead.
        if !whole {
            continue;
        }
        let before = checked.faults.len();
        let unit = unit(c, scene, &known, number, &rows, &mut checked.faults)?;
        if let Some(unit) = unit.filter(|_| checked.faults.len() == before) {
            checked.units.push(unit);
        }
    }
    elsewhere(c, scene, &mut checked)?;
    for unit in &checked.units {
        checked.counts.add(unit.counts());
    }
    Ok(checked)
}

fn unit(
    c: &mut DbConn,
    scene: &Scene<'_>,
    known: &Known,
    number: i64,
    rows: &[Row],
    faults: &mut Vec<RowFault>,
) -> AppResult<Option<Unit>> {
    let mut members = Members::of(scene, known, rows, faults);
    let Some(home) = members.home(c, rows, faults)? else {
        return Ok(None);
    };
    members.consents(c, rows, faults)?;
    let Some((covers, traced)) = covers::of(scene, known, &home, &mut members, rows, faults) else {
        return Ok(None);
    };
    let members = members.into_all();
    let rows = traced.into_iter().zip(rows).filter_map(|(to, row)| {
        let member = members.get(to.insured)?;
        Some(Traced {
            number: row.number,
            macs: macs(scene, &home, member, row),
            period: (row.starts_on, row.ends_on),
            insured: to.insured,
            holder: to.holder,
            payer: to.payer,
            beneficiary: to.beneficiary,
        })
    });
    let policies_before = match &home {
        Home::Known(home) => known.policies(home.id).len() as i64,
        Home::New { .. } => 0,
    };
    Ok(Some(Unit {
        number,
        policies_before,
        rows: rows.collect(),
        home,
        members,
        covers,
    }))
}

impl Unit {
    fn counts(&self) -> Counts {
        let new = self.members.iter().filter(|m| m.known.is_none()).count();
        let consents = self.members.iter().filter(|m| m.given.is_some()).count();
        Counts {
            policies: self.covers.len() as i64,
            people: new as i64,
            households: i64::from(matches!(self.home, Home::New { .. })),
            consents: consents as i64,
        }
    }
    /// The id of a member who is known.
    pub fn known(&self, member: usize) -> Option<Uid> {
        self.members.get(member)?.known.as_ref().map(|p| p.id)
    }
}

/// The digests by which a row is found again.
fn macs(scene: &Scene<'_>, home: &Home, member: &Member, row: &Row) -> Macs {
    let identity = member.identity();
    let family = scene
        .products
        .get(&row.product)
        .is_some_and(|p| p.basis == Basis::Family);
    let covered = match (family, home) {
        (false, _) => Some(identity.clone()),
        (true, Home::Known(home)) => Some(home.id.to_string()),
        // A new household has all its rows together.
        (true, Home::New { .. }) => None,
    };
    let number = row.policy_number.as_deref();
    let new = member.known.is_none();
    Macs {
        policy: number.map(|n| scene.mac("policy", &format!("{}\n{n}", row.insurer))),
        family: row.family.as_deref().map(|f| scene.mac("family", f)),
        insured: covered.map(|who| scene.mac("insured", &format!("{}\n{who}", row.product))),
        person: new.then(|| scene.mac("person", &identity)),
    }
}

/// A row before, of another unit.
pub struct Before {
    pub number: u32,
    pub unit: i64,
    pub period: Option<(Day, Day)>,
}

/// What stands elsewhere in the sheet, too: by rows that were checked before, and by those of this batch.
fn elsewhere(c: &mut DbConn, scene: &Scene<'_>, checked: &mut Checked) -> AppResult<()> {
    let mut seen = Seen::load(c, scene, checked)?;
    let mut faulty = Vec::new();
    for unit in &checked.units {
        let mut faults = Vec::new();
        for traced in &unit.rows {
            faults.extend(seen.fault(scene.sheet(), unit.number, traced));
        }
        for traced in &unit.rows {
            seen.add(unit.number, traced);
        }
        if !faults.is_empty() {
            faulty.push(unit.number);
            checked.faults.append(&mut faults);
        }
    }
    checked.units.retain(|unit| !faulty.contains(&unit.number));
    Ok(())
}

#[derive(Default)]
struct Seen {
    by: HashMap<Vec<u8>, Vec<Before>>,
}

impl Seen {
    fn load(c: &mut DbConn, scene: &Scene<'_>, checked: &Checked) -> AppResult<Seen> {
        let rows = || checked.units.iter().flat_map(|unit| &unit.rows);
        let Some(first) = rows().map(|traced| traced.number).min() else {
            return Ok(Seen::default());
        };
        let of = |pick: fn(&Macs) -> &Option<Vec<u8>>| -> Vec<Vec<u8>> {
            let mut all: Vec<_> = rows().filter_map(|t| pick(&t.macs).clone()).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let macs = store::Macs {
            policy: of(|m| &m.policy),
            family: of(|m| &m.family),
            insured: of(|m| &m.insured),
            person: of(|m| &m.person),
        };
        let mut seen = Seen::default();
        for (mac, stored, with_period) in store::earlier(c, scene.import.id, first, &macs)? {
            let number = u32::try_from(stored.number).unwrap_or_default();
            let period = match with_period {
                false => None,
                true => {
                    let cells = row::open(scene.key, scene.import.id, number, &stored.body)?;
                    let read =
                        row::read(scene.sheet(), number, &cells, scene.today, &mut Vec::new());
                    read.map(|row| (row.starts_on, row.ends_on))
                }
            };
            let before = Before {
                number,
                unit: stored.unit,
                period,
            };
            seen.by.entry(mac).or_default().push(before);
        }
        Ok(seen)
    }

    /// The first thing by which a row does not go with one of another unit.
    fn fault(&self, sheet: &Sheet, unit: i64, traced: &Traced) -> Option<RowFault> {
        let elsewhere = |mac: &Option<Vec<u8>>, overlaps: bool| {
            let all = mac
                .as_ref()
                .and_then(|mac| self.by.get(mac))
                .into_iter()
                .flatten();
            let mut others = all.filter(|before| before.unit != unit);
            others.find(|before| {
                let period = before.period.filter(|_| overlaps);
                !overlaps
                    || period.is_some_and(|p| crate::insurance::rules::overlap(p, traced.period))
            })
        };
        let at = |column, fault, before: &Before| {
            sheet
                .fault(traced.number, column, fault)
                .with_row(before.number)
        };
        let macs = &traced.macs;
        if let Some(before) = elsewhere(&macs.policy, false) {
            return Some(at(Column::PolicyNumber, Fault::NotTogether, before));
        }
        if let Some(before) = elsewhere(&macs.family, false) {
            return Some(at(Column::Household, Fault::NotTogether, before));
        }
        if let Some(before) = elsewhere(&macs.person, false) {
            return Some(at(Column::Name, Fault::NotTogether, before));
        }
        let before = elsewhere(&macs.insured, true)?;
        Some(at(Column::StartsOn, Fault::Repeated, before))
    }

    fn add(&mut self, unit: i64, traced: &Traced) {
        let macs = &traced.macs;
        for (mac, period) in [
            (&macs.policy, None),
            (&macs.family, None),
            (&macs.person, None),
            (&macs.insured, Some(traced.period)),
        ] {
            if let Some(mac) = mac {
                let before = Before {
                    number: traced.number,
                    unit,
                    period,
                };
                self.by.entry(mac.clone()).or_default().push(before);
            }
        }
    }
}
