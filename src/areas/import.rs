//! `import areas DIR --edition YEAR`: the published files, read and checked.
//!
//! They are checked whole before anything is written; `editions_store` writes.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use super::editions_store::{self, Edition};
use super::model::AreaLevel;
use crate::db::{DbConn, Micros};

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

/// An area as an edition lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub level: AreaLevel,
    pub code: String,
    pub name: String,
    /// The code of the area it lies in, as the file says, whatever the digits look like.
    pub parent: Option<String>,
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
    (level, name, digits, parent): (AreaLevel, &str, usize, Option<&str>),
) -> Result<Vec<Listed>, String> {
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
        let entry = Listed {
            level,
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
pub fn load(dir: &Path) -> Result<(Vec<Listed>, Counts), String> {
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
pub fn load_built_in() -> Result<(Vec<Listed>, Counts), String> {
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
fn build_all(open: impl Fn(&str) -> Opened) -> Result<(Vec<Listed>, Counts), String> {
    let levels = FILES
        .iter()
        .map(|file| parse(open(file.1)?, *file))
        .collect::<Result<Vec<_>, String>>()?;
    let counts = Counts {
        provinces: levels[0].len(),
        cities: levels[1].len(),
        counties: levels[2].len(),
        towns: levels[3].len(),
        villages: levels[4].len(),
    };
    let mut known: HashSet<&str> = HashSet::with_capacity(counts.total());
    for entry in levels.iter().flatten() {
        if let Some(code) = &entry.parent
            && !known.contains(code.as_str())
        {
            return Err(format!(
                "area {} names a parent {code} that is in no file",
                entry.code
            ));
        }
        if !known.insert(&entry.code) {
            return Err(format!("the code {} stands twice", entry.code));
        }
    }
    drop(known);
    Ok((levels.into_iter().flatten().collect(), counts))
}

/// Stores the published edition.
pub fn store(
    c: &mut DbConn,
    listed: &[Listed],
    now: Micros,
    source: &str,
    progress: impl FnMut(usize),
) -> Result<(), String> {
    let edition = Edition {
        year: EDITION,
        source,
        at: now,
    };
    editions_store::store(c, listed, &edition, progress).map(drop)
}
