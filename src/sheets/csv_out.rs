//! Comma-separated values (RFC 4180) that a spreadsheet takes for text.

/// A line of cells. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn line<'a>(into: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            into.push(',');
        }
        put(into, cell);
    }
    into.push_str("\r\n");
}

fn put(into: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let quoted = formula || cell.contains(['"', ',', '\r', '\n']);
    if !quoted {
        return into.push_str(cell);
    }
    into.push('"');
    if formula {
        into.push('\'');
    }
    for c in cell.chars() {
        if c == '"' {
            into.push('"');
        }
        into.push(c);
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::line;

    fn of(cells: &[&str]) -> String {
        let mut text = String::new();
        line(&mut text, cells.iter().copied());
        text
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(of(&["a", "", "b_c"]), "a,,b_c\r\n");
        assert_eq!(
            of(&["{\"a\":1}", "x,y", "1\n2"]),
            "\"{\"\"a\"\":1}\",\"x,y\",\"1\n2\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in [
            "=1+1",
            "+1",
            "-1+cmd|' /C calc'!A0",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "＝1",
        ] {
            assert!(of(&[cell]).starts_with("\"'"), "{cell}");
        }
        assert_eq!(of(&["a=1", "1-1"]), "a=1,1-1\r\n");
    }
}
