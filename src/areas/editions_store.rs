//! An edition of the codes into the tables. Areas keep their ids for good; codes come and go.
//!
//! An area's code row stays open while the editions agree with it. Where the name differs the row is closed and
//! another opened; one that no longer stands in the files is abolished, where they say: they list all children of an
//! area or none, below the cities; the files of one city name every province, so a province or city that is missing
//! means nothing. What the files cannot say (that a new code is an old area, or part of one) is not guessed: it waits
//! for a person. What an event has changed since the edition's day stays as it is.
//!
//! A county with all below it is stored whole or not at all: one transaction holds one county or several small
//! ones. Between them SQLite's writer is left to whoever waits, so that a running server is never starved. An import
//! that was interrupted is repeated: a county that the tables already agree with is passed over by its digest.

use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::codes_store::{self, Moment};
use super::import::Listed;
use super::model::{
    AreaLevel, AreaRow, ChangeKind, ChangeRow, ChangeState, Code, CodeRow, area_id, first_day,
};
use super::{bulk_store, changes_store, placed_store};
use crate::auth::tokens;
use crate::crypto::hex;
use crate::db::schema::{area_coverage, area_editions, areas};
use crate::db::{Day, DbConn, Micros, Uid, passes, transact};
use crate::each_backend;
use crate::error::{AppError, AppResult};

/// How long one transaction may hold SQLite's writer, about; a large county alone takes longer.
const HELD: Duration = Duration::from_millis(150);
/// How long the writer is left alone after it was held so long: longer than SQLite sleeps between two tries of whoever
/// waited all the while.
const LEFT_ALONE: [(Duration, Duration); 3] = [
    (Duration::from_millis(10), Duration::ZERO),
    (Duration::from_millis(50), Duration::from_millis(26)),
    (Duration::from_millis(178), Duration::from_millis(52)),
];
/// The longest that SQLite sleeps between two tries.
const LONGEST: Duration = Duration::from_millis(102);
/// Areas of the first transactions, until it is known how long they take.
const AT_FIRST: usize = 2_000;
/// Areas of one transaction, or about.
const AT_LEAST: usize = 1_000;
const AT_MOST: usize = 8_000;
/// Tries of a transaction that another process's work came in the way of.
const TRIES: usize = 20;

/// Which edition, from where, imported when.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    pub year: i64,
    pub source: &'a str,
    pub at: Micros,
}

/// What an import changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub new: usize,
    pub renamed: usize,
    pub abolished: usize,
    /// Areas that the files put elsewhere, and abolished ones with records: a person decides.
    pub waiting: usize,
}

impl Outcome {
    /// Nothing was changed.
    pub fn is_nothing(&self) -> bool {
        *self == Outcome::default()
    }
    fn plus(&mut self, other: Outcome) {
        self.new += other.new;
        self.renamed += other.renamed;
        self.abolished += other.abolished;
        self.waiting += other.waiting;
    }
}

/// A county of the files: its place in the list, what is below it, and a digest of both.
struct County<'a> {
    itself: &'a Listed,
    below: Vec<&'a Listed>,
}

impl County<'_> {
    fn digest(&self, edition: &Edition<'_>) -> String {
        let mut text = format!("{}\n", edition.year);
        for one in std::iter::once(&self.itself).chain(&self.below) {
            for part in [&*one.code, &one.name, one.parent.as_deref().unwrap_or("")] {
                text.push_str(part);
                text.push('\t');
            }
        }
        hex(&tokens::hash(&text)[..16])
    }
}

/// The files by county, wider areas apart: what is below a county follows in the order of the files.
fn by_county(listed: &[Listed]) -> (Vec<&Listed>, Vec<County<'_>>) {
    let (mut wide, mut counties): (Vec<&Listed>, Vec<County<'_>>) = Default::default();
    let mut within: HashMap<Code, usize> = HashMap::new();
    for one in listed {
        match one.level {
            AreaLevel::Province | AreaLevel::City => wide.push(one),
            AreaLevel::County => {
                within.insert(one.code, counties.len());
                counties.push(County {
                    itself: one,
                    below: Vec::new(),
                });
            }
            AreaLevel::Town | AreaLevel::Village => {
                let Some(at) = one.parent.and_then(|p| within.get(&p).copied()) else {
                    continue;
                };
                if one.level == AreaLevel::Town {
                    within.insert(one.code, at);
                }
                counties[at].below.push(one);
            }
        }
    }
    (wide, counties)
}

/// Stores an edition whose files were checked, parents before children.
pub fn store(
    c: &mut DbConn,
    listed: &[Listed],
    edition: &Edition<'_>,
    mut progress: impl FnMut(usize),
) -> Result<Outcome, String> {
    let failed = |e: AppError| {
        let cause = std::error::Error::source(&e).map(|s| format!(": {s}"));
        format!("the import failed: {e}{}", cause.unwrap_or_default())
    };
    let (wide, counties) = by_county(listed);
    if let Some(code) = newer(c, &counties, edition.year).map_err(failed)? {
        return Err(format!(
            "the edition {} is older than what stands here of {code}: nothing was changed",
            edition.year
        ));
    }
    let codes: HashSet<Code> = listed.iter().map(|l| l.code).collect();
    let told: HashSet<Code> = listed.iter().filter_map(|l| l.parent).collect();
    let mut run = Run {
        edition,
        day: first_day(edition.year),
        codes: &codes,
        told: &told,
        rows: AT_FIRST,
    };
    let mut outcome = run
        .paced(c, wide.len(), |run, c| {
            note_edition(c, edition)?;
            run.take(c, &wide, &mut HashMap::new())
        })
        .map_err(failed)?;
    let mut done = wide.len();
    progress(done);
    let mut rest = &counties[..];
    while !rest.is_empty() {
        let mut size = 0;
        let fits = rest.iter().take_while(|county| {
            size += county.below.len() + 1;
            size <= run.rows
        });
        let (now, later) = rest.split_at(fits.count().max(1));
        let size = now.iter().map(|county| county.below.len() + 1).sum();
        let changed = run
            .paced(c, size, |run, c| {
                let mut sum = Outcome::default();
                for county in now {
                    sum.plus(run.county(c, county)?);
                }
                Ok(sum)
            })
            .map_err(failed)?;
        outcome.plus(changed);
        done += size;
        progress(done);
        rest = later;
    }
    let cities: Vec<&str> = (listed.iter())
        .filter(|l| l.level == AreaLevel::City && told.contains(&l.code))
        .map(|l| &*l.code)
        .collect();
    for county in gone_counties(c, &cities, &codes).map_err(failed)? {
        let changed = run
            .paced(c, AT_FIRST, |run, c| run.abolish_with_parts(c, &county))
            .map_err(failed)?;
        outcome.plus(changed);
    }
    // Phones look reference data up anew when it changed, and only then.
    if !outcome.is_nothing() {
        run.paced(c, 1, |_, c| {
            codes_store::from_files(c, edition.year, edition.source)?;
            codes_store::stamp(c, edition.year, edition.at)?;
            Ok(outcome)
        })
        .map_err(failed)?;
    }
    Ok(outcome)
}

/// A county of the files of which a later edition has told already.
fn newer(c: &mut DbConn, counties: &[County<'_>], year: i64) -> AppResult<Option<Code>> {
    let later: Vec<String> = area_coverage::table
        .inner_join(areas::table.on(areas::id.eq(area_coverage::county)))
        .filter(area_coverage::edition.gt(year))
        .select(areas::code)
        .distinct()
        .load(c)?;
    let later: HashSet<String> = later.into_iter().collect();
    let found = counties
        .iter()
        .find(|county| later.contains(&*county.itself.code));
    Ok(found.map(|county| county.itself.code))
}

fn note_edition(c: &mut DbConn, edition: &Edition<'_>) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(area_editions::table)
        .values((
            area_editions::edition.eq(edition.year),
            area_editions::source.eq(edition.source),
            area_editions::imported_at.eq(edition.at.0)
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Counties of these cities that the files do not have.
fn gone_counties(
    c: &mut DbConn,
    cities: &[&str],
    codes: &HashSet<Code>,
) -> AppResult<Vec<AreaRow>> {
    let mut gone = Vec::new();
    for some in cities.chunks(200) {
        let rows: Vec<AreaRow> = areas::table
            .filter(areas::level.eq(AreaLevel::County))
            .filter(areas::abolished_on.is_null())
            .filter(areas::official.eq(true))
            .filter(
                areas::parent_id.eq_any(
                    areas::table
                        .filter(areas::code.eq_any(some.to_vec()))
                        .filter(areas::abolished_on.is_null())
                        .select(areas::id.nullable())
                        .load::<Option<Uid>>(c)?,
                ),
            )
            .select(AreaRow::as_select())
            .order(areas::code)
            .load(c)?;
        let missing = |area: &AreaRow| !codes.contains(&Code::from(area.code.as_str()));
        gone.extend(rows.into_iter().filter(missing));
    }
    Ok(gone)
}

/// An import under way.
struct Run<'a> {
    edition: &'a Edition<'a>,
    day: Day,
    codes: &'a HashSet<Code>,
    /// Areas of which the files list children, and so all of them.
    told: &'a HashSet<Code>,
    /// Areas of the next transaction.
    rows: usize,
}

impl Run<'_> {
    /// One transaction, no longer than the writer may be held, about, and a pause for whoever waits for it.
    fn paced(
        &mut self,
        c: &mut DbConn,
        size: usize,
        work: impl Fn(&Run<'_>, &mut DbConn) -> AppResult<Outcome>,
    ) -> AppResult<Outcome> {
        let mut tries = 0;
        let (outcome, held) = loop {
            let begun = Instant::now();
            match transact(c, |c| work(self, c)) {
                Ok(outcome) => break (outcome, begun.elapsed()),
                Err(AppError::Db(e)) if passes(&e) && tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(LONGEST);
                }
                Err(e) => return Err(e),
            }
        };
        // As many as fit, at most twice as many as before.
        let fit = size as f64 * HELD.as_secs_f64() / held.as_secs_f64().max(0.001);
        self.rows = (fit as usize).clamp(AT_LEAST, (self.rows * 2).min(AT_MOST));
        if c.is_sqlite() {
            let pause = LEFT_ALONE.iter().find(|(short, _)| held < *short);
            std::thread::sleep(pause.map_or(LONGEST, |(_, pause)| *pause));
        }
        Ok(outcome)
    }

    /// A county with all below it, unless the tables agree with it as they did before.
    fn county(&self, c: &mut DbConn, county: &County<'_>) -> AppResult<Outcome> {
        let digest = county.digest(self.edition);
        let known: Option<Uid> = area_coverage::table
            .inner_join(areas::table.on(areas::id.eq(area_coverage::county)))
            .filter(areas::code.eq(&*county.itself.code))
            .filter(area_coverage::edition.eq(self.edition.year))
            .filter(area_coverage::digest.eq(&digest))
            .select(areas::id)
            .first(c)
            .optional()?;
        if known.is_some() {
            return Ok(Outcome::default());
        }
        let mut parents = HashMap::new();
        let mut outcome = self.take(c, &[county.itself], &mut parents)?;
        let Some(itself) = parents.get(&county.itself.code).cloned() else {
            // An event has taken its code since: what the files say of it is of the past.
            return Ok(outcome);
        };
        outcome.plus(self.take(c, &county.below, &mut parents)?);
        for area in self.gone(c, &itself)? {
            outcome.plus(self.abolish(c, &area)?);
        }
        let covered = (
            area_coverage::county.eq(itself.id),
            area_coverage::edition.eq(self.edition.year),
            area_coverage::digest.eq(&digest),
        );
        each_backend!(c, |c| diesel::insert_into(area_coverage::table)
            .values(&covered)
            .on_conflict((area_coverage::county, area_coverage::edition))
            .do_update()
            .set(area_coverage::digest.eq(&digest))
            .execute(c))?;
        Ok(outcome)
    }

    /// Brings codes of the edition in, parents before children: each area is found, renamed or made.
    fn take(
        &self,
        c: &mut DbConn,
        listed: &[&Listed],
        parents: &mut HashMap<Code, AreaRow>,
    ) -> AppResult<Outcome> {
        let mut outcome = Outcome::default();
        let (mut new, mut rows): (Vec<AreaRow>, Vec<CodeRow>) = Default::default();
        for some in listed.chunks(1000) {
            let asked = some
                .iter()
                .map(|l| l.code)
                .chain(some.iter().filter_map(|l| l.parent))
                .filter(|code| !parents.contains_key(code))
                .map(|code| code.to_string());
            let found = codes_store::moments(c, asked.collect(), self.day)?;
            for one in some {
                let parent = match one.parent {
                    None => None,
                    Some(code) => match parents.get(&code).or(match found.get(&*code) {
                        Some(Moment::Held(held)) => Some(&held.1),
                        _ => None,
                    }) {
                        Some(parent) => Some(parent.clone()),
                        // Its parent was changed by an event since: so was it.
                        None => continue,
                    },
                };
                let area = match found.get(&*one.code) {
                    None => {
                        let area = AreaRow::new(
                            area_id(self.edition.year, &one.code),
                            one.level,
                            &one.code,
                            &one.name,
                            parent.as_ref(),
                            true,
                        );
                        outcome.new += 1;
                        rows.push(codes_store::row_of(&area, self.edition.year, self.day));
                        new.push(area.clone());
                        area
                    }
                    Some(Moment::Since) => continue,
                    Some(Moment::Held(held)) => {
                        let (row, area) = &**held;
                        self.agree(c, one, row, area, parent.as_ref(), &mut outcome)?
                    }
                };
                if area.level != AreaLevel::Village {
                    parents.insert(one.code, area);
                }
            }
            // Children of the next thousand may lie in these.
            bulk_store::insert(c, &new, &rows)?;
            new.clear();
            rows.clear();
        }
        Ok(outcome)
    }

    /// An area that the tables have under this code.
    fn agree(
        &self,
        c: &mut DbConn,
        one: &Listed,
        row: &CodeRow,
        area: &AreaRow,
        parent: Option<&AreaRow>,
        outcome: &mut Outcome,
    ) -> AppResult<AreaRow> {
        let mut area = area.clone();
        if area.parent_id != parent.map(|p| p.id) {
            let mut change = self.change(ChangeKind::Transfer, &area);
            change.to_area = parent.map(|p| p.id);
            change.state = ChangeState::WaitsForPerson;
            if changes_store::insert(c, &change)? {
                outcome.waiting += 1;
            }
        }
        if area.name != *one.name {
            let mut change = self.change(ChangeKind::Rename, &area);
            (change.old_name, change.new_name) =
                (Some(area.name.clone()), Some(one.name.to_string()));
            area.name = one.name.to_string();
            codes_store::rename(c, &area)?;
            codes_store::turn(c, area.id, self.edition.year, self.day.max(row.valid_from))?;
            changes_store::insert(c, &change)?;
            outcome.renamed += 1;
        }
        if !area.official {
            codes_store::make_official(c, area.id)?;
            area.official = true;
            outcome.new += 1;
        }
        Ok(area)
    }

    fn change(&self, kind: ChangeKind, area: &AreaRow) -> ChangeRow {
        ChangeRow {
            id: kind.of(area.id, &self.edition.year.to_string()),
            kind,
            edition: self.edition.year,
            from_area: area.id,
            to_area: None,
            source: self.edition.source.to_owned(),
            effective_on: self.day,
            state: ChangeState::Applied,
            old_code: Some(area.code.clone()),
            new_code: None,
            old_name: None,
            new_name: None,
            created_at: self.edition.at,
            settled_at: None,
            settled_by: None,
        }
    }

    /// The areas below a county that the edition no longer has, widest first.
    fn gone(&self, c: &mut DbConn, county: &AreaRow) -> AppResult<Vec<AreaRow>> {
        let live = codes_store::live_below(c, county, self.day)?;
        let mut told: HashSet<Uid> = live
            .iter()
            .chain([county])
            .filter(|area| self.told.contains(&Code::from(area.code.as_str())))
            .map(|area| area.id)
            .collect();
        let mut gone = Vec::new();
        for area in live {
            let missing = area.official && !self.codes.contains(&Code::from(area.code.as_str()));
            if missing && area.parent_id.is_some_and(|p| told.contains(&p)) {
                // What is below it goes with it.
                told.insert(area.id);
                gone.push(area);
            }
        }
        Ok(gone)
    }

    fn abolish(&self, c: &mut DbConn, area: &AreaRow) -> AppResult<Outcome> {
        let mut change = self.change(ChangeKind::Abolish, area);
        let holds = placed_store::holds_any(c, area, self.edition.at)?;
        if holds {
            change.state = ChangeState::WaitsForPerson;
        }
        codes_store::abolish(c, area.id, self.day)?;
        changes_store::insert(c, &change)?;
        Ok(Outcome {
            abolished: 1,
            waiting: usize::from(holds),
            ..Outcome::default()
        })
    }

    fn abolish_with_parts(&self, c: &mut DbConn, county: &AreaRow) -> AppResult<Outcome> {
        let mut outcome = self.abolish(c, county)?;
        for area in codes_store::live_below(c, county, self.day)? {
            if area.official {
                outcome.plus(self.abolish(c, &area)?);
            }
        }
        Ok(outcome)
    }
}
