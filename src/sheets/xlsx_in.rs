//! The rows of a workbook's sheet, one after the other.

use quick_xml::events::{BytesStart, Event};

use super::cell::reference;
use super::strings::Strings;
use super::workbook::Workbook;
use super::xml::{Part, add_text, attribute, says_yes};
use super::{Bounds, Broken, Cell, Line, Next};

/// What a sheet says of itself around its rows.
#[derive(Debug, Default)]
pub struct Told {
    /// The first cell of ranges that were merged into one, as row and column; a bounded number of them.
    pub merged: Vec<(u32, usize)>,
    /// Columns that nobody sees, as ranges from 0.
    pub hidden: Vec<(usize, usize)>,
}

/// Ranges of each kind that are told.
const RANGES: usize = 1_000;
/// As far down as a spreadsheet goes.
const LAST_ROW: u32 = 1_048_576;

/// Reads every row that holds something, until `f` has enough. What is told before the rows is there by then, what is
/// told after them only where they were read to their end.
pub fn read(
    workbook: &mut Workbook<'_>,
    bounds: Bounds,
    mut f: impl FnMut(&Told, Line) -> Next,
) -> Result<Told, Broken> {
    let (part, strings) = workbook.sheet()?;
    let mut part = Part::new(part, bounds.inflated);
    let mut told = Told::default();
    let mut row = Row::new(strings, bounds);
    let (mut given, mut any) = (0u32, false);
    while let Some(event) = part.next()? {
        match &event {
            Event::Start(tag) => match tag.local_name().into_inner() {
                "worksheet" => any = true,
                "row" => row.begin(tag)?,
                name => row.open(name, tag, &mut told, false)?,
            },
            Event::Empty(tag) => match tag.local_name().into_inner() {
                "worksheet" => any = true,
                "row" => row.begin(tag)?,
                name => row.open(name, tag, &mut told, true)?,
            },
            Event::End(tag) => match tag.local_name().into_inner() {
                "row" => {
                    let Some(line) = row.end() else { continue };
                    given += 1;
                    if given > bounds.rows {
                        return Err(Broken::TooManyRows);
                    }
                    if f(&told, line) == Next::Enough {
                        return Ok(told);
                    }
                }
                name => row.close(name),
            },
            other => row.text(other),
        }
    }
    match any {
        true => Ok(told),
        false => Err(Broken::NotASheet),
    }
}

/// The row being read.
struct Row<'s> {
    strings: &'s Strings,
    bounds: Bounds,
    line: Line,
    /// The cell being read: its column, the word for its type, whether a formula stands in it.
    column: usize,
    kind: String,
    formula: bool,
    in_cell: bool,
    /// Inside what holds the value or a part of it.
    in_value: bool,
    value: String,
    /// The row before.
    last: u32,
    /// Where a cell without a reference stands.
    next: usize,
}

impl<'s> Row<'s> {
    fn new(strings: &'s Strings, bounds: Bounds) -> Row<'s> {
        Row {
            strings,
            bounds,
            line: Line::default(),
            column: 0,
            kind: String::new(),
            formula: false,
            in_cell: false,
            in_value: false,
            value: String::new(),
            last: 0,
            next: 0,
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) -> Result<(), Broken> {
        let number = match attribute(tag, "r") {
            None => self.last + 1,
            Some(text) => text.parse().map_err(|_| Broken::NotASheet)?,
        };
        if number <= self.last || number > LAST_ROW {
            return Err(Broken::NotASheet);
        }
        self.last = number;
        self.next = 0;
        self.line = Line {
            number,
            hidden: says_yes(tag, "hidden"),
            ..Line::default()
        };
        Ok(())
    }

    fn open(
        &mut self,
        name: &str,
        tag: &BytesStart<'_>,
        told: &mut Told,
        empty: bool,
    ) -> Result<(), Broken> {
        match name {
            "c" => {
                self.column = match attribute(tag, "r") {
                    None => self.next,
                    Some(at) => reference(&at).ok_or(Broken::NotASheet)?.1,
                };
                self.next = self.column + 1;
                self.kind = attribute(tag, "t").unwrap_or_default();
                (self.formula, self.in_cell) = (false, !empty);
                self.value.clear();
            }
            "f" if self.in_cell => self.formula = true,
            "v" | "t" if self.in_cell && !empty => self.in_value = true,
            "col" if says_yes(tag, "hidden") && told.hidden.len() < RANGES => {
                let number = |name| attribute(tag, name)?.parse::<usize>().ok();
                if let (Some(min), Some(max)) = (number("min"), number("max")) {
                    let from = min.saturating_sub(1);
                    told.hidden.push((from, max.saturating_sub(1).max(from)));
                }
            }
            "mergeCell" if told.merged.len() < RANGES => {
                let range = attribute(tag, "ref").unwrap_or_default();
                let (first, last) = range.split_once(':').unwrap_or((&range, &range));
                if first != last
                    && let Some(first) = reference(first)
                {
                    told.merged.push(first);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, event: &Event<'_>) {
        // One more than fits tells that it is too long.
        if self.in_value && self.value.len() <= self.bounds.text * 8 {
            add_text(&mut self.value, event);
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "v" | "t" => self.in_value = false,
            "c" if self.in_cell => {
                self.in_cell = false;
                let cell = self.cell();
                self.put(cell);
            }
            _ => {}
        }
    }

    fn cell(&self) -> Cell {
        if self.formula {
            return Cell::Formula;
        }
        let text = match self.kind.as_str() {
            "s" => match self.strings.get(self.value.trim()) {
                Some(text) => text,
                None => return Cell::Error,
            },
            "b" => return Cell::Bool(self.value.trim() == "1"),
            "e" => return Cell::Error,
            // Days in their own form, texts of their own, texts that formulas made.
            "d" | "inlineStr" | "str" => &self.value,
            _ => {
                let digits = self.value.trim();
                return match digits.len() {
                    0 => Cell::Empty,
                    1..=40 => Cell::Number(digits.to_owned()),
                    _ => Cell::TooLong,
                };
            }
        };
        match text.chars().nth(self.bounds.text) {
            Some(_) => Cell::TooLong,
            None => Cell::text(text),
        }
    }

    fn put(&mut self, cell: Cell) {
        if cell.is_empty() {
            return;
        }
        if self.column >= self.bounds.columns {
            self.line.beyond = true;
            return;
        }
        let cells = &mut self.line.cells;
        if cells.len() <= self.column {
            cells.resize(self.column + 1, Cell::Empty);
        }
        if let Some(place) = cells.get_mut(self.column) {
            *place = cell;
        }
    }

    /// The row, if it holds anything.
    fn end(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        (line.beyond || !line.cells.is_empty()).then_some(line)
    }
}

#[cfg(test)]
#[path = "xlsx_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
