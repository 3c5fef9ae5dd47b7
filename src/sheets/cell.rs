//! A cell as it was read, before anybody asks what it means.

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    #[default]
    Empty,
    Text(String),
    /// A number, in the digits that the file holds: they tell whether some were lost.
    Number(String),
    Bool(bool),
    /// What is shown was computed when the file was saved last, from whatever stood there then.
    Formula,
    /// `#REF!` and its like.
    Error,
    /// Longer than any cell may be.
    TooLong,
}

impl Cell {
    /// A text; blank ones are empty.
    pub fn text(text: &str) -> Cell {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        match text.is_empty() {
            true => Cell::Empty,
            false => Cell::Text(text.to_owned()),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Cell::Empty
    }

    /// As one text, to rest among others.
    pub fn write(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) => format!("t{text}"),
            Cell::Number(digits) => format!("n{digits}"),
            Cell::Bool(yes) => format!("b{}", u8::from(*yes)),
            Cell::Formula => "f".into(),
            Cell::Error => "e".into(),
            Cell::TooLong => "l".into(),
        }
    }

    /// The same read again.
    pub fn read(text: &str) -> Cell {
        let Some(kind) = text.chars().next() else {
            return Cell::Empty;
        };
        let rest = &text[kind.len_utf8()..];
        match kind {
            't' => Cell::Text(rest.to_owned()),
            'n' => Cell::Number(rest.to_owned()),
            'b' => Cell::Bool(rest == "1"),
            'f' => Cell::Formula,
            'l' => Cell::TooLong,
            _ => Cell::Error,
        }
    }
}

/// A row that holds something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// As a spreadsheet numbers it, from 1.
    pub number: u32,
    /// Nobody who looks at the sheet sees it.
    pub hidden: bool,
    /// Something stands further to the right than any column may.
    pub beyond: bool,
    pub cells: Vec<Cell>,
}

/// The letters of a column, the first one being 0: `A`, `Z`, `AA`.
pub fn letters(column: usize) -> String {
    let (mut rest, mut name) = (column, Vec::new());
    loop {
        name.push(b'A' + (rest % 26) as u8);
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    name.iter().rev().map(|b| char::from(*b)).collect()
}

/// The row and column of a reference such as `BC12`.
pub fn reference(text: &str) -> Option<(u32, usize)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (name, row) = text.split_at(digits);
    // Three letters are as far as any spreadsheet goes.
    if name.is_empty() || name.len() > 3 || row.len() > 7 {
        return None;
    }
    let mut column = 0usize;
    for letter in name.bytes() {
        if !letter.is_ascii_uppercase() {
            return None;
        }
        column = column * 26 + usize::from(letter - b'A') + 1;
    }
    Some((row.parse().ok().filter(|row| *row > 0)?, column - 1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (column, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (701, "ZZ"),
            (702, "AAA"),
        ] {
            assert_eq!(letters(column), name);
            assert_eq!(reference(&format!("{name}7")), Some((7, column)));
        }
        for wrong in ["", "A", "7", "A0", "a1", "AAAA1", "A12345678", "A-1", "Ä1"] {
            assert_eq!(reference(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cell_rests_and_is_read_again() {
        for cell in [
            Cell::Empty,
            Cell::Text("陈 tn".into()),
            Cell::Number("3.30499E+17".into()),
            Cell::Bool(true),
            Cell::Bool(false),
            Cell::Formula,
            Cell::Error,
            Cell::TooLong,
        ] {
            assert_eq!(Cell::read(&cell.write()), cell);
        }
        assert_eq!(Cell::text(" \u{feff}\u{3000}\t"), Cell::Empty);
        assert_eq!(Cell::text(" 李 芳\r"), Cell::Text("李 芳".into()));
    }
}
