//! `import calendar FILE`: the arrangement of one or more years, read and checked whole before anything is stored.
//!
//! The form is the one of `assets/calendar/cn_days.csv`: `date,kind,name_en,name_zh,source`; `source` is
//! `published`, or `statutory_only` for days that the law alone gives.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use jiff::civil::{Date, Weekday};

use super::store;
use crate::db::{DbConn, Micros};
use crate::error::AppResult;
use crate::insurance::workdays::{DayKind, DayRow};

/// Days of one file: a year has about thirty.
const MOST: usize = 2_000;

/// A day that differs from the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDay {
    pub date: Date,
    pub kind: DayKind,
    pub title_en: String,
    pub title_zh: String,
    pub published: bool,
}

impl ListedDay {
    pub fn row(&self) -> DayRow {
        DayRow {
            date: self.date,
            kind: self.kind,
            published: self.published,
        }
    }
}

/// The days of a file; the error names the line and what is wrong with it.
pub fn read(text: impl Read) -> Result<Vec<ListedDay>, String> {
    let mut reader = csv::Reader::from_reader(text);
    let headers = reader.headers().map_err(|e| e.to_string())?.clone();
    let column = |name: &str| {
        let at = headers.iter().position(|h| h == name);
        at.ok_or_else(|| format!("there is no column '{name}'"))
    };
    let (date, kind) = (column("date")?, column("kind")?);
    let (en, zh, source) = (column("name_en")?, column("name_zh")?, column("source")?);
    let (mut days, mut seen) = (Vec::new(), BTreeSet::new());
    for (number, record) in reader.records().enumerate() {
        let at = |what: String| format!("line {}: {what}", number + 2);
        let record = record.map_err(|e| at(e.to_string()))?;
        let field = |i: usize| record.get(i).unwrap_or("").trim().to_owned();
        let day: Date =
            (field(date).parse()).map_err(|_| at(format!("'{}' is no day", field(date))))?;
        let kind: DayKind = field(kind).parse().map_err(|e| at(format!("{e}")))?;
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        if kind == DayKind::MakeupWorkday && !weekend {
            return Err(at(format!(
                "{day} is no Saturday or Sunday to be worked on"
            )));
        }
        if !seen.insert(day) {
            return Err(at(format!("{day} stands twice")));
        }
        let published = match field(source).as_str() {
            "published" => true,
            "statutory_only" => false,
            other => {
                return Err(at(format!(
                    "the source '{other}' is neither published nor statutory_only"
                )));
            }
        };
        let (title_en, title_zh) = (field(en), field(zh));
        if [&title_en, &title_zh]
            .iter()
            .any(|t| t.is_empty() || t.chars().count() > 60)
        {
            return Err(at("a name is empty or longer than 60 characters".to_owned()));
        }
        days.push(ListedDay {
            date: day,
            kind,
            title_en,
            title_zh,
            published,
        });
        if days.len() > MOST {
            return Err(at(format!("more than {MOST} days")));
        }
    }
    match days.is_empty() {
        true => Err("it lists no day".to_owned()),
        false => Ok(days),
    }
}

/// The same of a file on disk.
pub fn load(file: &Path) -> Result<Vec<ListedDay>, String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let open = std::fs::File::open(file).map_err(|e| told(&e))?;
    read(std::io::BufReader::new(open)).map_err(|e| told(&e))
}

/// Stores the years of a file, each in the place of what was imported of it before; answers them.
pub fn store(c: &mut DbConn, days: &[ListedDay], now: Micros) -> AppResult<BTreeSet<i16>> {
    let years: BTreeSet<i16> = days.iter().map(|day| day.date.year()).collect();
    for year in &years {
        store::forget_year(c, *year)?;
    }
    for day in days {
        store::insert(c, day, now)?;
    }
    Ok(years)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &str = "date,kind,name_en,name_zh,source\n";

    fn refused(lines: &str) -> String {
        read(format!("{HEAD}{lines}").as_bytes()).unwrap_err()
    }

    #[test]
    fn a_file_is_checked_line_by_line() {
        let good = "2031-01-01,holiday,New Year's Day,元旦,published\n";
        let days = read(format!("{HEAD}{good}").as_bytes()).unwrap();
        assert!(days[0].published && days[0].title_zh == "元旦");
        for (line, says) in [
            (
                "2031-02-30,holiday,X,春节,published\n",
                "line 3: '2031-02-30' is no day",
            ),
            (
                "2031-01-02,weekend,X,元旦,published\n",
                "line 3: a listed day is",
            ),
            ("2031-01-01,holiday,X,元旦,published\n", "stands twice"),
            (
                "2031-01-06,makeup_workday,X,元旦,published\n",
                "no Saturday or Sunday",
            ),
            ("2031-01-02,holiday,X,元旦,rumour\n", "the source 'rumour'"),
            ("2031-01-02,holiday,,元旦,published\n", "a name is empty"),
        ] {
            let said = refused(&format!("{good}{line}"));
            assert!(said.contains(says), "{said}");
        }
        assert!(refused("").contains("lists no day"));
        assert!(
            read("a,b\n1,2\n".as_bytes())
                .unwrap_err()
                .contains("'date'")
        );
    }
}
