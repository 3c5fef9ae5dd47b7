//! Change events as a file tells them: CSV or JSON, a row each, with a source.
//!
//! Columns: `kind`, `effective_on`, `code`, `name`, `to_code`, `to_name`, `to_parent`, `children`, `source`. A split
//! is one row for each part, one below the other. Here a file is read and each row judged by itself; what the areas
//! make of it is `events_store`'s to say.

use std::collections::BTreeMap;
use std::path::Path;

use super::model::{ChangeKind, Code};
use crate::db::Day;
use crate::http::text::check_line;

/// Rows of one file.
pub const MOST: usize = 1_000;
/// Bytes of one file.
const LARGEST: u64 = 4 << 20;
/// Areas that one part of a split takes.
const CHILDREN: usize = 1_000;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// As an editor counts: the header of a CSV file is row 1. In JSON the first object is row 1.
    pub row: usize,
    pub column: &'static str,
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}, {}: {}", self.row, self.column, self.what)
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub row: usize,
    pub kind: ChangeKind,
    pub effective_on: Day,
    pub code: Code,
    /// Its present name, where the file says it: a guard against a wrong code.
    pub name: Option<String>,
    pub to_code: Option<Code>,
    pub to_name: Option<String>,
    pub to_parent: Option<Code>,
    /// What a part of a split takes of the areas next below.
    pub children: Vec<Code>,
    pub source: String,
}

impl Line {
    pub fn problem(&self, column: &'static str, what: impl Into<String>) -> Problem {
        Problem {
            row: self.row,
            column,
            what: what.into(),
        }
    }
}

/// What is done as one: a row, or the rows of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub first: Line,
    /// Further parts of a split.
    pub more: Vec<Line>,
}

impl Event {
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.first).chain(&self.more)
    }
    /// What makes it this event and no other, whatever file it stands in.
    pub fn what(&self) -> String {
        let mut text = self.first.effective_on.to_string();
        let code = |code: &Option<Code>| code.map_or(String::new(), |c| c.to_string());
        for line in self.lines() {
            let children: Vec<&str> = line.children.iter().map(|c| &**c).collect();
            text.push_str(&format!(
                ":{}:{}:{}:{}",
                code(&line.to_code),
                line.to_name.as_deref().unwrap_or(""),
                code(&line.to_parent),
                children.join(";")
            ));
        }
        text
    }
}

const COLUMNS: [&str; 9] = [
    "kind",
    "effective_on",
    "code",
    "name",
    "to_code",
    "to_name",
    "to_parent",
    "children",
    "source",
];

type Fields = BTreeMap<&'static str, String>;

fn column(name: &str) -> Option<&'static str> {
    COLUMNS.iter().copied().find(|c| *c == name)
}

/// Reads a file; the problems are all of it, or the events are.
pub fn read(path: &Path, today: Day) -> Result<Vec<Event>, Vec<Problem>> {
    let whole = |what: String| {
        vec![Problem {
            row: 1,
            column: "file",
            what,
        }]
    };
    let size = std::fs::metadata(path)
        .map_err(|e| whole(e.to_string()))?
        .len();
    if size > LARGEST {
        return Err(whole(format!("larger than {} MiB", LARGEST >> 20)));
    }
    let text = std::fs::read(path).map_err(|e| whole(e.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| whole("not UTF-8".into()))?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = match text.trim_start().starts_with('[') {
        true => json_rows(text),
        false => csv_rows(text),
    }?;
    events(rows, today)
}

fn csv_rows(text: &str) -> Result<Vec<(usize, Fields)>, Vec<Problem>> {
    let at = |row: usize, column: &'static str, what: String| vec![Problem { row, column, what }];
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|e| at(1, "file", e.to_string()))?
        .clone();
    let mut names = Vec::new();
    for header in &headers {
        let known = column(header.trim()).ok_or_else(|| {
            at(
                1,
                "file",
                format!("no column is called '{}'", short(header)),
            )
        })?;
        if names.contains(&known) {
            return Err(at(1, known, "stands twice".into()));
        }
        names.push(known);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            at(line as usize, "file", e.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let fields = names.iter().copied().zip(record.iter().map(str::to_owned));
        rows.push((line, fields.collect()));
    }
    Ok(rows)
}

fn json_rows(text: &str) -> Result<Vec<(usize, Fields)>, Vec<Problem>> {
    use serde_json::Value;
    let at = |row: usize, column: &'static str, what: String| vec![Problem { row, column, what }];
    let objects: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(text).map_err(|e| at(1, "file", e.to_string()))?;
    let mut rows = Vec::new();
    for (n, object) in objects.into_iter().enumerate() {
        let mut fields = Fields::new();
        for (key, value) in object {
            let name = column(&key).ok_or_else(|| {
                at(
                    n + 1,
                    "file",
                    format!("no column is called '{}'", short(&key)),
                )
            })?;
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Array(all) if name == "children" => {
                    let all: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
                    all.map(|all| all.join(";"))
                        .ok_or_else(|| at(n + 1, name, "a list of codes".into()))?
                }
                _ => return Err(at(n + 1, name, "not a text".into())),
            };
            fields.insert(name, text);
        }
        rows.push((n + 1, fields));
    }
    Ok(rows)
}

fn events(rows: Vec<(usize, Fields)>, today: Day) -> Result<Vec<Event>, Vec<Problem>> {
    let mut problems = Vec::new();
    if rows.len() > MOST {
        problems.push(Problem {
            row: MOST + 1,
            column: "file",
            what: format!("more than {MOST} rows"),
        });
    }
    let mut events: Vec<Event> = Vec::new();
    for (row, fields) in rows.into_iter().take(MOST) {
        let Some(line) = line(row, &fields, today, &mut problems) else {
            continue;
        };
        match events.last_mut() {
            Some(last)
                if line.kind == ChangeKind::Split
                    && last.first.kind == ChangeKind::Split
                    && (last.first.code, last.first.effective_on)
                        == (line.code, line.effective_on) =>
            {
                last.more.push(line);
            }
            _ => events.push(Event {
                first: line,
                more: Vec::new(),
            }),
        }
    }
    if problems.is_empty() {
        Ok(events)
    } else {
        Err(problems)
    }
}

/// As much of a value as a message may show.
fn short(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Columns that a kind needs, and those that it may have besides.
fn columns_of(kind: ChangeKind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        ChangeKind::Rename => (&["to_name"], &[]),
        ChangeKind::Recode => (&["to_code"], &[]),
        ChangeKind::Merge => (&["to_code"], &["to_name", "to_parent"]),
        ChangeKind::Split => (&["to_code"], &["to_name", "children"]),
        ChangeKind::Transfer => (&["to_parent"], &["to_code"]),
        ChangeKind::Abolish => (&[], &[]),
    }
}

fn line(row: usize, fields: &Fields, today: Day, problems: &mut Vec<Problem>) -> Option<Line> {
    let before = problems.len();
    let mut wrong = |column: &'static str, what: &str| {
        problems.push(Problem {
            row,
            column,
            what: what.to_owned(),
        });
    };
    let field = |name: &str| {
        let text = fields.get(name).map(|text| text.trim());
        text.filter(|text| !text.is_empty())
    };
    let code = |name: &str| field(name).map(|text| Code::parse(text).ok_or(()));
    let kind = field("kind").and_then(|text| text.parse::<ChangeKind>().ok());
    if kind.is_none() {
        let all: Vec<&str> = ChangeKind::ALL.iter().map(ChangeKind::as_str).collect();
        wrong("kind", &format!("one of {}", all.join(", ")));
    }
    if let Some(kind) = kind {
        let (needed, allowed) = columns_of(kind);
        for name in ["to_code", "to_name", "to_parent", "children"] {
            let column = column(name).unwrap_or("file");
            if needed.contains(&name) && field(name).is_none() {
                wrong(column, &format!("a {kind} needs it"));
            }
            if !needed.contains(&name) && !allowed.contains(&name) && field(name).is_some() {
                wrong(column, &format!("a {kind} has none"));
            }
        }
    }
    let day = field("effective_on").and_then(|text| text.parse::<Day>().ok());
    match day {
        None => wrong("effective_on", "a day, like 2025-03-01"),
        Some(day) if day > today => wrong("effective_on", "the day has not come yet"),
        Some(day) if day.0.year() < 1949 => wrong("effective_on", "before there were any"),
        Some(_) => {}
    }
    for name in ["code", "to_code", "to_parent"] {
        let column = column(name).unwrap_or("file");
        match code(name) {
            Some(Err(())) => wrong(column, "a code has 2, 4, 6, 9 or 12 digits"),
            None if name == "code" => wrong(column, "it is missing"),
            _ => {}
        }
    }
    for (name, most) in [("name", 80), ("to_name", 80), ("source", 200)] {
        let column = column(name).unwrap_or("file");
        match field(name) {
            None if name == "source" => {
                wrong(
                    column,
                    "where it is published: a change without a source is none",
                );
            }
            Some(text) if text.chars().count() > most => {
                wrong(column, &format!("longer than {most} characters"));
            }
            Some(text) if check_line(text).is_err() => wrong(column, "holds a control character"),
            _ => {}
        }
    }
    let children: Vec<Option<Code>> = field("children")
        .map(|all| all.split(';').map(|one| Code::parse(one.trim())).collect())
        .unwrap_or_default();
    if children.len() > CHILDREN {
        wrong("children", &format!("more than {CHILDREN} areas"));
    } else if children.iter().any(Option::is_none) {
        wrong("children", "codes with ; between them");
    }
    let (Some(kind), Some(effective_on), Some(Ok(code_of))) = (kind, day, code("code")) else {
        return None;
    };
    if problems.len() > before {
        return None;
    }
    let own = |name: &str| field(name).map(str::to_owned);
    Some(Line {
        row,
        kind,
        effective_on,
        code: code_of,
        name: own("name"),
        to_code: code("to_code").and_then(Result::ok),
        to_name: own("to_name"),
        to_parent: code("to_parent").and_then(Result::ok),
        children: children.into_iter().flatten().collect(),
        source: own("source").unwrap_or_default(),
    })
}
