//! A workbook of one sheet, written row by row: what is ready can be sent while the rest is not there yet.
//!
//! A cell is a text of its own (`inlineStr`), so that nothing is a formula and no number of a document loses a digit;
//! or a figure, which is a number to be summed and sorted.

use std::cell::RefCell;
use std::io::{Error, Result, Write};
use std::rc::Rc;

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// The media type of a workbook.
pub const MEDIA: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="xml" ContentType="application/xml"/>"#,
    r#"<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>"#,
    r#"<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>"#,
    r#"<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#,
    "</Types>"
);
const ROOT: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>"#,
    "</Relationships>"
);
const PARTS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#,
    "</Relationships>"
);
/// Two styles: as usual, and as text (`@`), so that what is typed into a column keeps its digits.
const STYLES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#,
    r#"<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>"#,
    r#"<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>"#,
    r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
    r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
    r#"<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>"#,
    "</styleSheet>"
);

/// What was written and not taken yet.
#[derive(Clone, Default)]
struct Ready(Rc<RefCell<Vec<u8>>>);

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// A decimal as it is written; nothing where there is none.
    Number(String),
}

impl Cell {
    pub fn as_str(&self) -> &str {
        match self {
            Cell::Text(text) | Cell::Number(text) => text,
        }
    }
}

pub struct Xlsx {
    zip: ZipWriter<StreamWriter<Ready>>,
    ready: Ready,
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

impl Xlsx {
    /// Begins a workbook whose one sheet has this name and so many columns, all of them for text.
    pub fn begin(name: &str, columns: usize) -> Result<Xlsx> {
        let ready = Ready::default();
        let mut zip = ZipWriter::new_stream(ready.clone());
        let mut workbook = String::from(concat!(
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" "#,
            r#"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name=""#
        ));
        escaped(&mut workbook, name);
        workbook.push_str(r#"" sheetId="1" r:id="rId1"/></sheets></workbook>"#);
        let parts = [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", ROOT),
            ("xl/workbook.xml", &workbook),
            ("xl/_rels/workbook.xml.rels", PARTS),
            ("xl/styles.xml", STYLES),
        ];
        for (path, text) in parts {
            zip.start_file(path, options()).map_err(Error::other)?;
            zip.write_all(text.as_bytes())?;
        }
        zip.start_file("xl/worksheets/sheet1.xml", options())
            .map_err(Error::other)?;
        write!(
            zip,
            r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols><col min="1" max="{}" width="18" style="1" customWidth="1"/></cols><sheetData>"#,
            columns.max(1)
        )?;
        Ok(Xlsx { zip, ready })
    }

    /// Adds a row of texts; an empty one is no cell.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let mut row = String::from("<row>");
        for cell in cells {
            put(&mut row, cell);
        }
        row.push_str("</row>");
        self.zip.write_all(row.as_bytes())
    }

    /// Adds a row of texts and numbers.
    pub fn cells(&mut self, cells: &[Cell]) -> Result<()> {
        let mut row = String::from("<row>");
        for cell in cells {
            match cell {
                Cell::Number(number) if !number.is_empty() => {
                    row.push_str("<c><v>");
                    escaped(&mut row, number);
                    row.push_str("</v></c>");
                }
                cell => put(&mut row, cell.as_str()),
            }
        }
        row.push_str("</row>");
        self.zip.write_all(row.as_bytes())
    }

    /// What is ready to be sent.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut *self.ready.0.borrow_mut())
    }

    /// Ends the workbook and answers the rest of it.
    pub fn end(mut self) -> Result<Vec<u8>> {
        self.zip.write_all(b"</sheetData></worksheet>")?;
        self.zip.finish().map_err(Error::other)?;
        Ok(std::mem::take(&mut *self.ready.0.borrow_mut()))
    }
}

/// A cell of text; an empty one is none.
fn put(row: &mut String, text: &str) {
    match text {
        "" => row.push_str(r#"<c s="1"/>"#),
        text => {
            row.push_str(r#"<c s="1" t="inlineStr"><is><t xml:space="preserve">"#);
            escaped(row, text);
            row.push_str("</t></is></c>");
        }
    }
}

/// Text as XML holds it; characters that it cannot hold are left out.
fn escaped(to: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\t' | '\n' => to.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => to.push(c),
        }
    }
}
