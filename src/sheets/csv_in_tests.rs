use super::*;

const BOUNDS: Bounds = Bounds {
    rows: 100,
    columns: 4,
    text: 20,
    inflated: 0,
    strings: 0,
};

fn rows_of(bytes: &[u8], declared: Option<Charset>) -> Result<Vec<(u32, Vec<Cell>)>, Broken> {
    let mut rows = Vec::new();
    let charset = Charset::of(bytes, declared);
    read(bytes, charset, BOUNDS, |line| {
        rows.push((line.number, line.cells));
        Next::More
    })?;
    Ok(rows)
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_shows_them() {
    let sheet = "\u{feff}a,b\r\n\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\n,,\rz";
    let rows = rows_of(sheet.as_bytes(), None).unwrap();
    let wanted = [
        (1, vec![text("a"), text("b")]),
        (3, vec![text("x\r\ny"), text("say \"hi\"")]),
        (5, vec![text("z")]),
    ];
    assert_eq!(rows, wanted);
    assert_eq!(rows_of(b"", None).unwrap(), []);
    assert_eq!(rows_of(b"\n\n ,\t\n", None).unwrap(), []);
}

#[test]
fn gb18030_is_read_as_what_it_says_and_known_where_it_does_not() {
    let (bytes, _, _) = GB18030.encode("姓名,证件\n李芳,𠮷野\n");
    assert!(std::str::from_utf8(&bytes).is_err());
    for declared in [None, Some(Charset::Gb18030)] {
        let rows = rows_of(&bytes, declared).unwrap();
        assert_eq!(rows[1].1, [text("李芳"), text("𠮷野")]);
    }
    // Declared as something else it is refused, with the row.
    assert_eq!(
        rows_of(&bytes, Some(Charset::Utf8)),
        Err(Broken::Encoding(1))
    );
    let mut spoilt = "姓名\n李芳\n".as_bytes().to_vec();
    spoilt.extend([0xff, b'\n']);
    assert_eq!(
        rows_of(&spoilt, Some(Charset::Utf8)),
        Err(Broken::Encoding(3))
    );
    let (mut spoilt, _, _) = GB18030.encode("姓名\n李芳\n");
    spoilt.to_mut().extend([0xff, 0xff, b'\n']);
    assert_eq!(
        rows_of(&spoilt, Some(Charset::Gb18030)),
        Err(Broken::Encoding(3))
    );
    assert_eq!(
        rows_of(&[0xff, 0xfe, b'a', 0], None),
        Err(Broken::Encoding(1))
    );
}

#[test]
fn a_long_text_in_gb18030_is_decoded_piece_by_piece() {
    let line = "李芳,王小明\n".repeat(90);
    let (bytes, _, _) = GB18030.encode(&line);
    let rows = rows_of(&bytes, None).unwrap();
    assert_eq!(rows.len(), 90);
    assert!(
        rows.iter()
            .all(|(_, cells)| cells[..] == [text("李芳"), text("王小明")])
    );
}

#[test]
fn formulas_are_none_but_those_that_only_quote() {
    let rows = rows_of(b"=1+1,\"=\"\"330499\"\"\",\"=cmd|' /C'!A0\",a=b", None).unwrap();
    assert_eq!(
        rows[0].1,
        [Cell::Formula, text("330499"), Cell::Formula, text("a=b")]
    );
}

#[test]
fn whatever_is_too_much_is_counted_and_not_kept() {
    let mut seen = Vec::new();
    let long = format!("{},{},c,d,,\n1,2,3,4,5\n", "x".repeat(21), "x".repeat(20));
    read(long.as_bytes(), Charset::Utf8, BOUNDS, |line| {
        seen.push(line);
        Next::More
    })
    .unwrap();
    assert_eq!(seen[0].cells[0], Cell::TooLong);
    assert_eq!(seen[0].cells[1], text(&"x".repeat(20)));
    assert!(!seen[0].beyond && seen[1].beyond && seen[1].cells.len() == 4);
    assert_eq!(rows_of(&b"a\n".repeat(101), None), Err(Broken::TooManyRows));
    assert_eq!(rows_of(b"\"never closed\n", None), Err(Broken::NotASheet));
    let mut rows = 0;
    let stopped = read(&b"a\n".repeat(50), Charset::Utf8, BOUNDS, |_| {
        rows += 1;
        if rows == 3 { Next::Enough } else { Next::More }
    });
    assert_eq!((stopped, rows), (Ok(()), 3));
}
