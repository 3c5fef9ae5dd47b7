use std::io::Write;

use super::super::xlsx_out::Xlsx;
use super::*;
use zip::write::SimpleFileOptions;

const BOUNDS: Bounds = Bounds {
    rows: 50,
    columns: 5,
    text: 30,
    inflated: 200_000,
    strings: 10_000,
};

fn zipped(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook as Excel lays one out, with these sheets and this one's cells.
fn workbook(sheets: &str, cells: &str, strings: &str) -> Vec<u8> {
    let main = format!(
        "<workbook xmlns:r=\"r\"><workbookPr date1904=\"1\"/><sheets>{sheets}</sheets></workbook>"
    );
    zipped(&[
        (
            "_rels/.rels",
            r#"<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#,
        ),
        ("xl/workbook.xml", &main),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/worksheet" Target="worksheets/none.xml"/><Relationship Id="s" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
        ),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", cells),
    ])
}

const ONE: &str = r#"<sheet name="Sheet1" sheetId="7" r:id="r1"/>"#;

fn lines(bytes: &[u8]) -> Result<(Vec<Line>, Told), Broken> {
    let mut rows = Vec::new();
    let mut workbook = Workbook::open(bytes, &["保单"], BOUNDS)?;
    let told = read(&mut workbook, BOUNDS, |_, line| {
        rows.push(line);
        Next::More
    })?;
    Ok((rows, told))
}

fn sheet(cells: &str) -> Result<(Vec<Line>, Told), Broken> {
    let strings = "<sst><si><t>李 &amp; 芳</t></si><si><r><t>王</t></r><rPh><t>wang</t></rPh><r><t>&#x5C0F;明</t></r></si><si/></sst>";
    lines(&workbook(
        ONE,
        &format!("<worksheet>{cells}</worksheet>"),
        strings,
    ))
}

#[test]
fn cells_of_every_kind_are_read() {
    let (rows, told) = sheet(
        r#"<dimension ref="A1:XFD1048576"/><cols><col min="2" max="3" hidden="1"/><col min="4" max="4"/></cols><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="D1" t="inlineStr"><is><r><t>a</t></r><r><t>&lt;b</t></r></is></c></row>
        <row r="3" hidden="1"><c r="A3"><v>3.30499198506150016E+17</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="e"><v>#REF!</v></c><c r="D3"><f>A1</f><v>7</v></c><c r="E3" t="d"><v>2026-01-01T00:00:00</v></c></row>
        <row><c><v>1</v></c><c t="s"><v>9</v></c><c t="s"><v>2</v></c></row>
        <row r="9"><c r="A9"/><c r="B9" s="1"></c></row></sheetData><mergeCells><mergeCell ref="B2:C2"/><mergeCell ref="D4:D4"/></mergeCells>"#,
    )
    .unwrap();
    let text = |t: &str| Cell::Text(t.into());
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[0].cells,
        [text("李 & 芳"), text("王小明"), Cell::Empty, text("a<b")]
    );
    assert!(rows[1].hidden && rows[1].number == 3);
    assert_eq!(
        rows[1].cells,
        [
            Cell::Number("3.30499198506150016E+17".into()),
            Cell::Bool(true),
            Cell::Error,
            Cell::Formula,
            text("2026-01-01T00:00:00")
        ]
    );
    assert_eq!(
        (rows[2].number, &rows[2].cells[..]),
        (4, &[Cell::Number("1".into()), Cell::Error][..])
    );
    assert_eq!((told.merged, told.hidden), (vec![(2, 1)], vec![(1, 2)]));
}

#[test]
fn the_sheet_that_is_meant_is_read() {
    let cells = "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>";
    let of = |sheets: &str| lines(&workbook(sheets, cells, "<sst/>")).map(|(rows, _)| rows.len());
    let hidden = r#"<sheet name="x" sheetId="1" state="veryHidden" r:id="r2"/>"#;
    assert_eq!(of(&format!("{hidden}{ONE}")), Ok(1));
    assert_eq!(of(hidden), Err(Broken::Hidden));
    let other = r#"<sheet name="说明" sheetId="2" r:id="r2"/>"#;
    assert_eq!(of(&format!("{other}{ONE}")), Err(Broken::Several));
    assert_eq!(
        of(&format!("{other}{}", ONE.replace("Sheet1", "保单"))),
        Ok(1)
    );
    assert_eq!(of(""), Err(Broken::NotASheet));
    let mut book = workbook(ONE, cells, "<sst/>");
    assert!(Workbook::open(&book, &[], BOUNDS).unwrap().date1904);
    book.truncate(book.len() / 2);
    assert_eq!(lines(&book).unwrap_err(), Broken::NotASheet);
    assert_eq!(
        lines(b"PK\x03\x04 and nothing else").unwrap_err(),
        Broken::NotASheet
    );
    assert_eq!(
        lines(&zipped(&[("a.txt", "b")])).unwrap_err(),
        Broken::NotASheet
    );
}

#[test]
fn nothing_grows_past_its_bounds() {
    let rows = |many: usize| {
        format!(
            "<sheetData>{}</sheetData>",
            "<row><c><v>1</v></c></row>".repeat(many)
        )
    };
    assert!(sheet(&rows(50)).is_ok());
    assert_eq!(sheet(&rows(51)).unwrap_err(), Broken::TooManyRows);
    // Blanks that nobody would see, and a text that is one event.
    assert_eq!(
        sheet(&" <x/>".repeat(60_000)).unwrap_err(),
        Broken::TooLarge
    );
    let one = format!(
        "<sheetData><row><c t=\"str\"><v>{}</v></c></row></sheetData>",
        "a".repeat(190_000)
    );
    let (rows, _) = sheet(&one).unwrap();
    assert_eq!(rows[0].cells, [Cell::TooLong]);
    let many = format!("<sst>{}</sst>", "<si><t>abcdefgh</t></si>".repeat(2_000));
    let book = workbook(ONE, "<worksheet/>", &many);
    assert_eq!(
        Workbook::open(&book, &[], BOUNDS).err(),
        Some(Broken::TooLarge)
    );
    // A million columns, rows out of order, rows below the last.
    let far =
        r#"<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row></sheetData>"#;
    let (rows, _) = sheet(far).unwrap();
    assert!(rows[0].beyond && rows[0].cells.len() == 1);
    for wrong in [
        r#"<sheetData><row r="2"><c r="ABCD2"><v>1</v></c></row></sheetData>"#,
        r#"<sheetData><row r="2"></row><row r="2"></row></sheetData>"#,
        r#"<sheetData><row r="1048577"></row></sheetData>"#,
        r#"<sheetData><row r="4294967297"></row></sheetData>"#,
        "<sheetData><row>",
        "</worksheet></sheetData>",
    ] {
        assert!(matches!(sheet(wrong), Err(Broken::NotASheet)), "{wrong}");
    }
    let entity = r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData><row><c t="str"><v>&a;</v></c></row></sheetData></worksheet>"#;
    assert_eq!(lines(&workbook(ONE, entity, "<sst/>")).unwrap().0, []);
}

#[test]
fn what_is_written_is_read_again() {
    let mut book = Xlsx::begin("保单 & <1>", 3).unwrap();
    let mut bytes = Vec::new();
    let rows: [[&str; 3]; 2] = [
        ["330499198506150126", "", "=1+1"],
        ["<&>\"'", " 李 ", "a\u{1}b"],
    ];
    for row in rows {
        book.row(row).unwrap();
        bytes.extend(book.take());
    }
    bytes.extend(book.end().unwrap());
    let (read, _) = lines(&bytes).unwrap();
    let text = |t: &str| Cell::Text(t.into());
    assert_eq!(
        read[0].cells,
        [text("330499198506150126"), Cell::Empty, text("=1+1")]
    );
    assert_eq!(read[1].cells, [text("<&>\"'"), text("李"), text("ab")]);
}
