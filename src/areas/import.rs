//! `import areas DIR --edition YEAR`: the published files, read and checked.
//!
//! They are checked whole before anything is written, so that a broken or foreign file changes nothing;
//! `editions_store` writes. The whole country has 665,276 rows: they are held in about 100 bytes each.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use super::editions_store::{self, Edition};
use super::model::{AreaLevel, Code};
use crate::db::{DbConn, Micros};
use crate::http::text::check_line;

/// The edition of the published files: the statistical codes of 2023, the last public ones.
pub const EDITION: i64 = 2023;

/// What a file may hold once it is unpacked: the country's villages are 40 MB.
const LARGEST: u64 = 96 << 20;
/// Areas of one edition: half as many again as there are.
const MOST: usize = 1_000_000;
/// Characters of a name.
const NAME: usize = 80;

/// How many areas of each level stand in the files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub provinces: usize,
    pub cities: usize,
    pub counties: usize,
    pub towns: usize,
    pub villages: usize,
}

/// The whole country, as it was published last.
pub const COUNTRY: Counts = Counts {
    provinces: 31,
    cities: 342,
    counties: 2_978,
    towns: 41_352,
    villages: 620_573,
};

impl Counts {
    pub fn total(&self) -> usize {
        self.by_level().iter().sum()
    }

    fn by_level(&self) -> [usize; 5] {
        [
            self.provinces,
            self.cities,
            self.counties,
            self.towns,
            self.villages,
        ]
    }

    /// Files of the last published edition that name all cities are the whole country's, and hold as much at every
    /// level: a file that was cut off is told by that.
    fn check(&self, edition: i64) -> Result<(), String> {
        if edition != EDITION || self.cities != COUNTRY.cities {
            return Ok(());
        }
        for (n, file) in FILES.iter().enumerate() {
            let (found, wanted) = (self.by_level()[n], COUNTRY.by_level()[n]);
            if found != wanted {
                return Err(format!(
                    "{}: {found} areas, and the edition {edition} of the whole country has {wanted}: the file is not whole",
                    file.1
                ));
            }
        }
        Ok(())
    }
}

/// An area as an edition lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub level: AreaLevel,
    pub code: Code,
    pub name: Box<str>,
    /// The code of the area it lies in, as the file says, whatever the digits look like.
    pub parent: Option<Code>,
}

type File = (
    AreaLevel,
    &'static str,
    usize,
    Option<(&'static str, usize)>,
);

/// The five files, in the form of the published ones: `code,name,…`. Each names its parent in a column.
const FILES: [File; 5] = [
    (AreaLevel::Province, "provinces.csv", 2, None),
    (AreaLevel::City, "cities.csv", 4, Some(("provinceCode", 2))),
    (AreaLevel::County, "areas.csv", 6, Some(("cityCode", 4))),
    (AreaLevel::Town, "streets.csv", 9, Some(("areaCode", 6))),
    (
        AreaLevel::Village,
        "villages.csv",
        12,
        Some(("streetCode", 9)),
    ),
];

/// A reader that fails past a size instead of filling memory: a small archive may unpack to anything.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| {
            std::io::Error::other(format!("the file holds more than {} MiB", LARGEST >> 20))
        })?;
        Ok(n)
    }
}

/// As much of a value as a message may show.
fn shown(value: &str) -> String {
    value
        .chars()
        .take(40)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// Reads one file behind those of the wider levels; answers how many areas it had.
fn parse(
    text: impl Read,
    (level, name, digits, parent): File,
    known: &mut HashSet<Code>,
    out: &mut Vec<Listed>,
) -> Result<usize, String> {
    let bounded = Bounded {
        inner: text,
        left: LARGEST,
    };
    let mut reader = csv::Reader::from_reader(bounded);
    let headers = reader
        .headers()
        .map_err(|e| format!("{name} line 1: {e}"))?
        .clone();
    let column = |wanted: &str| {
        headers
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}') == wanted)
            .ok_or_else(|| format!("{name} line 1: there is no column '{wanted}'"))
    };
    let (code_at, name_at) = (column("code")?, column("name")?);
    let parent_at = parent
        .map(|(wanted, _)| column(wanted))
        .transpose()?
        .unwrap_or(0);
    let before = out.len();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        let at = |what: &str| format!("{name} line {line}: {what}");
        if !reader
            .read_record(&mut record)
            .map_err(|e| at(&e.to_string()))?
        {
            return Ok(out.len() - before);
        }
        let line = record.position().map_or(line, csv::Position::line);
        let at = |what: &str| format!("{name} line {line}: {what}");
        let field = |i: usize| record.get(i).unwrap_or("").trim();
        let of_digits = |value: &str, digits: usize| {
            Code::parse(value)
                .filter(|code| code.len() == digits)
                .ok_or_else(|| {
                    at(&format!(
                        "'{}' is not a code of {digits} digits",
                        shown(value)
                    ))
                })
        };
        let code = of_digits(field(code_at), digits)?;
        let parent = match parent {
            None => None,
            Some((_, digits)) => {
                let parent = of_digits(field(parent_at), digits)?;
                if !known.contains(&parent) {
                    return Err(at(&format!(
                        "area {code} names a parent {parent} that is in no file before it"
                    )));
                }
                Some(parent)
            }
        };
        let title = field(name_at);
        if title.is_empty() || title.chars().count() > NAME {
            return Err(at(&format!(
                "the name is empty or longer than {NAME} characters"
            )));
        }
        if check_line(title).is_err() {
            return Err(at("the name holds a control character"));
        }
        if !known.insert(code) {
            return Err(at(&format!("the code {code} stands twice")));
        }
        if out.len() == MOST {
            return Err(at(&format!("there are more than {MOST} areas")));
        }
        out.push(Listed {
            level,
            code,
            name: title.into(),
            parent,
        });
    }
}

/// Reads and checks the files of a folder; each may be gzipped (`villages.csv.gz`).
pub fn load(dir: &Path) -> Result<(Vec<Listed>, Counts), String> {
    load_edition(dir, EDITION)
}

/// The same of an edition: those of the last published one are known by their numbers.
pub fn load_edition(dir: &Path, edition: i64) -> Result<(Vec<Listed>, Counts), String> {
    let (rows, counts) = build_all(|name| {
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
            Box::new(flate2::bufread::MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        })
    })?;
    counts.check(edition)?;
    Ok((rows, counts))
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
    let (mut rows, mut known) = (Vec::new(), HashSet::new());
    let mut found = [0; 5];
    for (n, file) in FILES.iter().enumerate() {
        found[n] = parse(open(file.1)?, *file, &mut known, &mut rows)?;
    }
    let [provinces, cities, counties, towns, villages] = found;
    let counts = Counts {
        provinces,
        cities,
        counties,
        towns,
        villages,
    };
    Ok((rows, counts))
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
