//! Comma-separated values, in UTF-8 or GB18030.
//!
//! Rows are counted as a spreadsheet shows them: an empty line is one, and so is a line break inside quotes none. That
//! is why this is read here: the reader that other imports use leaves empty lines out.

use encoding_rs::{DecoderResult, GB18030};

use super::{Bounds, Broken, Cell, Line, Next};
use crate::text_enum;

text_enum! {
    /// How the characters of a text file are written as bytes.
    Charset { Utf8 = "utf-8", Gb18030 = "gb18030" }
}

const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

impl Charset {
    /// As it was declared or, where nothing was, UTF-8 if every byte fits, else GB18030: hardly any Chinese text in
    /// the one is text in the other.
    pub fn of(bytes: &[u8], declared: Option<Charset>) -> Charset {
        match declared {
            Some(declared) => declared,
            None if bytes.starts_with(BOM) || std::str::from_utf8(bytes).is_ok() => Charset::Utf8,
            None => Charset::Gb18030,
        }
    }
}

/// Reads every row that holds something, until `f` has enough.
pub fn read(
    bytes: &[u8],
    charset: Charset,
    bounds: Bounds,
    f: impl FnMut(Line) -> Next,
) -> Result<(), Broken> {
    // What Excel calls Unicode text.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Broken::Encoding(1));
    }
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut rows = Rows::new(bounds, f);
    match charset {
        Charset::Utf8 => {
            // What is good is read first, so that the row of what is not is known.
            let (good, whole) = match std::str::from_utf8(bytes) {
                Ok(text) => (text, true),
                Err(e) => {
                    let good = bytes.get(..e.valid_up_to()).unwrap_or_default();
                    (std::str::from_utf8(good).unwrap_or_default(), false)
                }
            };
            if rows.take(good)? == Next::Enough {
                return Ok(());
            }
            if !whole {
                return Err(Broken::Encoding(rows.number));
            }
        }
        Charset::Gb18030 => {
            if decoded(bytes, &mut rows)? == Next::Enough {
                return Ok(());
            }
        }
    }
    rows.end()
}

/// Decodes a piece at a time: the text as a whole is never in memory.
fn decoded<F: FnMut(Line) -> Next>(bytes: &[u8], rows: &mut Rows<F>) -> Result<Next, Broken> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut out = [0u8; 16 * 1024];
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(rest, &mut out, true);
        at += read;
        let text = out.get(..written).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_| Broken::NotASheet)?;
        if rows.take(text)? == Next::Enough {
            return Ok(Next::Enough);
        }
        match result {
            DecoderResult::InputEmpty => return Ok(Next::More),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(Broken::Encoding(rows.number)),
        }
    }
}

/// Where in a cell the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end, or one half of a doubled one.
    Quote,
}

struct Rows<F> {
    bounds: Bounds,
    f: F,
    at: At,
    /// The row being read.
    number: u32,
    line: Line,
    cell: String,
    length: usize,
    /// Rows given to `f`.
    given: u32,
    /// The character before was a carriage return that ended a row.
    returned: bool,
}

impl<F: FnMut(Line) -> Next> Rows<F> {
    fn new(bounds: Bounds, f: F) -> Rows<F> {
        Rows {
            bounds,
            f,
            at: At::Start,
            number: 1,
            line: Line::default(),
            cell: String::new(),
            length: 0,
            given: 0,
            returned: false,
        }
    }

    fn take(&mut self, text: &str) -> Result<Next, Broken> {
        for c in text.chars() {
            let after_return = std::mem::take(&mut self.returned);
            match (self.at, c) {
                (At::Quoted, '"') => self.at = At::Quote,
                (At::Quoted, _) => self.add(c),
                (At::Quote, '"') => {
                    self.add('"');
                    self.at = At::Quoted;
                }
                (At::Start, '"') => self.at = At::Quoted,
                (_, ',') => self.end_cell(),
                (_, '\n') if after_return => {}
                (_, '\r' | '\n') => {
                    self.returned = c == '\r';
                    if self.end_row()? == Next::Enough {
                        return Ok(Next::Enough);
                    }
                }
                _ => {
                    self.add(c);
                    self.at = At::Plain;
                }
            }
        }
        Ok(Next::More)
    }

    fn add(&mut self, c: char) {
        self.length += 1;
        if self.length <= self.bounds.text {
            self.cell.push(c);
        }
    }

    fn end_cell(&mut self) {
        let cell = match self.length > self.bounds.text {
            true => Cell::TooLong,
            false => written(&self.cell),
        };
        if self.line.cells.len() < self.bounds.columns {
            self.line.cells.push(cell);
        } else {
            self.line.beyond |= !cell.is_empty();
        }
        self.cell.clear();
        self.length = 0;
        self.at = At::Start;
    }

    fn end_row(&mut self) -> Result<Next, Broken> {
        self.end_cell();
        let mut line = std::mem::take(&mut self.line);
        line.number = self.number;
        self.number = self.number.checked_add(1).ok_or(Broken::TooManyRows)?;
        if !line.beyond && line.cells.iter().all(Cell::is_empty) {
            return Ok(Next::More);
        }
        self.given += 1;
        if self.given > self.bounds.rows {
            return Err(Broken::TooManyRows);
        }
        Ok((self.f)(line))
    }

    /// The last row may end without a line break, but not inside quotes.
    fn end(mut self) -> Result<(), Broken> {
        if self.at == At::Quoted {
            return Err(Broken::NotASheet);
        }
        self.end_row().map(|_| ())
    }
}

/// A cell as programs write it. `="330…"` is how some keep a spreadsheet from taking a number for one; whatever else
/// begins like that would be computed.
fn written(text: &str) -> Cell {
    let formula = text.trim_start().strip_prefix('=');
    match formula {
        None => Cell::text(text),
        Some(formula) => {
            let quoted = formula.trim_end().strip_prefix('"');
            match quoted.and_then(|q| q.strip_suffix('"')) {
                Some(inner) if !inner.contains('"') => Cell::text(inner),
                _ => Cell::Formula,
            }
        }
    }
}

#[cfg(test)]
#[path = "csv_in_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
