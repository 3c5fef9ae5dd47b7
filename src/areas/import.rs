//! `import areas DIR`: the published files into the database, repeatable.
//!
//! The files are checked whole before anything is written; the writes go in one
//! bounded transaction a county, so that a running server is never starved.

use diesel::prelude::*;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::model::{AreaLevel, AreaRow, area_id};
use crate::db::schema::{area_codes, area_editions, areas};
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;

/// The edition of the published files: the statistical codes of 2023, the last public ones.
pub const EDITION: i64 = 2023;

/// How many areas of each level stand in the files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub provinces: usize,
    pub cities: usize,
    pub counties: usize,
    pub towns: usize,
    pub villages: usize,
}

impl Counts {
    pub fn total(&self) -> usize {
        self.provinces + self.cities + self.counties + self.towns + self.villages
    }
}

struct Entry {
    code: String,
    name: String,
    parent: Option<String>,
}

/// The five files, in the form of the published ones: `code,name,…`.
const FILES: [(AreaLevel, &str, usize, Option<&str>); 5] = [
    (AreaLevel::Province, "provinces.csv", 2, None),
    (AreaLevel::City, "cities.csv", 4, Some("provinceCode")),
    (AreaLevel::County, "areas.csv", 6, Some("cityCode")),
    (AreaLevel::Town, "streets.csv", 9, Some("areaCode")),
    (AreaLevel::Village, "villages.csv", 12, Some("streetCode")),
];

fn parse(
    text: impl Read,
    name: &str,
    digits: usize,
    parent: Option<&str>,
) -> Result<Vec<Entry>, String> {
    let path = Path::new(name);
    let mut reader = csv::Reader::from_reader(text);
    let headers = reader
        .headers()
        .map_err(|e| format!("{}: {e}", path.display()))?
        .clone();
    let column = |wanted: &str| {
        headers
            .iter()
            .position(|h| h == wanted)
            .ok_or_else(|| format!("{}: there is no column '{wanted}'", path.display()))
    };
    let (code_at, name_at) = (column("code")?, column("name")?);
    let parent_at = parent.map(column).transpose()?;
    let mut out = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let at = |what: &str| format!("{} line {}: {what}", path.display(), line + 2);
        let record = record.map_err(|e| at(&e.to_string()))?;
        let field = |i: usize| record.get(i).unwrap_or("").trim().to_owned();
        let entry = Entry {
            code: field(code_at),
            name: field(name_at),
            parent: parent_at.map(field),
        };
        if entry.code.len() != digits || !entry.code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(at(&format!(
                "'{}' is not a code of {digits} digits",
                entry.code
            )));
        }
        if entry.name.is_empty() || entry.name.chars().count() > 80 {
            return Err(at("the name is empty or longer than 80 characters"));
        }
        out.push(entry);
    }
    Ok(out)
}

/// Reads and checks the files of a folder; each may be gzipped (`villages.csv.gz`).
pub fn load(dir: &Path) -> Result<(Vec<AreaRow>, Counts), String> {
    build_all(|name| {
        let plain = dir.join(name);
        let zipped = dir.join(format!("{name}.gz"));
        let (path, gz) = if plain.exists() {
            (plain, false)
        } else {
            (zipped, true)
        };
        let file = std::fs::File::open(&path)
            .map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let file = std::io::BufReader::new(file);
        Ok(if gz {
            Box::new(flate2::bufread::GzDecoder::new(file))
        } else {
            Box::new(file)
        })
    })
}

/// The real divisions of one city (3304), built into the program for `demo`.
pub fn load_built_in() -> Result<(Vec<AreaRow>, Counts), String> {
    build_all(|name| {
        let text: &'static str = match name {
            "provinces.csv" => include_str!("../../assets/areas-3304/provinces.csv"),
            "cities.csv" => include_str!("../../assets/areas-3304/cities.csv"),
            "areas.csv" => include_str!("../../assets/areas-3304/areas.csv"),
            "streets.csv" => include_str!("../../assets/areas-3304/streets.csv"),
            _ => include_str!("../../assets/areas-3304/villages.csv"),
        };
        Ok(Box::new(text.as_bytes()))
    })
}

type Opened = Result<Box<dyn Read>, String>;

/// Checks everything before anything is stored, parents before children.
fn build_all(open: impl Fn(&str) -> Opened) -> Result<(Vec<AreaRow>, Counts), String> {
    let levels = FILES
        .iter()
        .map(|(level, name, digits, parent)| {
            Ok((*level, parse(open(name)?, name, *digits, *parent)?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let counts = Counts {
        provinces: levels[0].1.len(),
        cities: levels[1].1.len(),
        counties: levels[2].1.len(),
        towns: levels[3].1.len(),
        villages: levels[4].1.len(),
    };
    let mut known: HashMap<String, AreaRow> = HashMap::with_capacity(counts.total());
    let mut rows = Vec::with_capacity(counts.total());
    for (level, entries) in levels {
        for entry in entries {
            let parent = match &entry.parent {
                None => None,
                Some(code) => Some(known.get(code).ok_or_else(|| {
                    format!(
                        "area {} names a parent {code} that is in no file",
                        entry.code
                    )
                })?),
            };
            let row = build(level, &entry, parent);
            if known.insert(entry.code.clone(), row.clone()).is_some() {
                return Err(format!("the code {} stands twice", entry.code));
            }
            rows.push(row);
        }
    }
    Ok((rows, counts))
}

fn build(level: AreaLevel, entry: &Entry, parent: Option<&AreaRow>) -> AreaRow {
    let id = area_id(EDITION, &entry.code);
    let at = |wanted: AreaLevel, from: Option<Uid>| if level == wanted { Some(id) } else { from };
    AreaRow {
        id,
        level,
        code: entry.code.clone(),
        name: entry.name.clone(),
        parent_id: parent.map(|p| p.id),
        province: parent.map_or(id, |p| p.province),
        city: at(AreaLevel::City, parent.and_then(|p| p.city)),
        county: at(AreaLevel::County, parent.and_then(|p| p.county)),
        town: at(AreaLevel::Town, parent.and_then(|p| p.town)),
        village: at(AreaLevel::Village, parent.and_then(|p| p.village)),
        official: true,
        abolished_on: None,
    }
}

/// Writes the areas; what stands already is brought up to the file's name.
pub fn store(
    c: &mut DbConn,
    rows: &[AreaRow],
    now: Micros,
    source: &str,
    mut progress: impl FnMut(usize),
) -> Result<(), String> {
    let failed = |e: diesel::result::Error| format!("the import failed: {e}");
    let edition = (
        area_editions::edition.eq(EDITION),
        area_editions::source.eq(source),
        area_editions::imported_at.eq(now.0),
    );
    each_backend!(c, |c| diesel::insert_into(area_editions::table)
        .values(edition)
        .on_conflict(area_editions::edition)
        .do_update()
        .set((
            area_editions::source.eq(source),
            area_editions::imported_at.eq(now.0)
        ))
        .execute(c))
    .map_err(failed)?;
    for (n, chunk) in rows.chunks(1000).enumerate() {
        c.transaction::<_, diesel::result::Error, _>(|c| {
            chunk.iter().try_for_each(|row| upsert(c, row))
        })
        .map_err(failed)?;
        progress((n * 1000 + chunk.len()).min(rows.len()));
    }
    Ok(())
}

fn upsert(c: &mut DbConn, row: &AreaRow) -> diesel::QueryResult<()> {
    each_backend!(c, |c| {
        diesel::insert_into(areas::table)
            .values(row)
            .on_conflict(areas::id)
            .do_update()
            .set((areas::name.eq(&row.name), areas::code.eq(&row.code)))
            .execute(c)?;
        diesel::insert_into(area_codes::table)
            .values((
                area_codes::area_id.eq(row.id),
                area_codes::edition.eq(EDITION),
                area_codes::code.eq(&row.code),
            ))
            .on_conflict_do_nothing()
            .execute(c)?;
        Ok(())
    })
}
