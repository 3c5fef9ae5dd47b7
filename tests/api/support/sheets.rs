//! Spreadsheets as programs write them: workbooks cell by cell, text files in the encodings that there are.

use std::io::Write;

use super::{Answer, Client, TestApp, VILLAGE, Value, make};
use reqwest::Method;

pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub const CSV: &str = "text/csv; charset=utf-8";

/// A cell of a workbook.
#[derive(Debug, Clone)]
pub enum Cell {
    Text(String),
    /// Kept once for the whole workbook, as spreadsheets do.
    Shared(String),
    Number(String),
    Bool(bool),
    Formula(String, String),
    Error,
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        match text {
            "" => Cell::Empty,
            text => Cell::Shared(text.into()),
        }
    }
}

/// A workbook of one sheet that matters.
#[derive(Default)]
pub struct Book {
    pub rows: Vec<Vec<Cell>>,
    /// Attributes of rows, by their place among them.
    pub row_attributes: Vec<(usize, &'static str)>,
    pub date1904: bool,
    /// What stands before the rows, and behind them.
    pub before: &'static str,
    pub after: &'static str,
    /// Other sheets: name and state.
    pub others: Vec<(&'static str, &'static str)>,
    pub name: Option<&'static str>,
    pub hidden: bool,
}

pub fn letters(column: usize) -> String {
    qianshou::sheets::letters(column)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

impl Book {
    pub fn of(rows: Vec<Vec<Cell>>) -> Book {
        Book {
            rows,
            ..Book::default()
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut shared: Vec<&str> = Vec::new();
        let mut sheet = String::from("<sheetData>");
        for (i, row) in self.rows.iter().enumerate() {
            let more = self.row_attributes.iter().find(|(at, _)| *at == i);
            sheet.push_str(&format!(
                "<row r=\"{}\" {}>",
                i + 1,
                more.map_or("", |m| m.1)
            ));
            for (column, cell) in row.iter().enumerate() {
                let at = format!("{}{}", letters(column), i + 1);
                match cell {
                    Cell::Empty => {}
                    Cell::Text(text) => sheet.push_str(&format!(
                        "<c r=\"{at}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
                        escaped(text)
                    )),
                    Cell::Shared(text) => {
                        let known = shared.iter().position(|s| s == text);
                        let index = known.unwrap_or_else(|| {
                            shared.push(text);
                            shared.len() - 1
                        });
                        sheet.push_str(&format!("<c r=\"{at}\" t=\"s\"><v>{index}</v></c>"));
                    }
                    Cell::Number(digits) => {
                        sheet.push_str(&format!("<c r=\"{at}\"><v>{digits}</v></c>"));
                    }
                    Cell::Bool(yes) => sheet.push_str(&format!(
                        "<c r=\"{at}\" t=\"b\"><v>{}</v></c>",
                        u8::from(*yes)
                    )),
                    Cell::Formula(formula, value) => sheet.push_str(&format!(
                        "<c r=\"{at}\" t=\"str\"><f>{}</f><v>{}</v></c>",
                        escaped(formula),
                        escaped(value)
                    )),
                    Cell::Error => {
                        sheet.push_str(&format!("<c r=\"{at}\" t=\"e\"><v>#REF!</v></c>"));
                    }
                }
            }
            sheet.push_str("</row>");
        }
        sheet.push_str("</sheetData>");
        let sheet = format!("{}{sheet}{}", self.before, self.after);
        let texts: String = (shared.iter())
            .map(|text| format!("<si><t>{}</t></si>", escaped(text)))
            .collect();
        self.packed(&sheet, &texts)
    }

    fn packed(&self, sheet: &str, texts: &str) -> Vec<u8> {
        let state = if self.hidden { " state=\"hidden\"" } else { "" };
        let name = self.name.unwrap_or("Sheet1");
        let mut sheets = format!("<sheet name=\"{name}\" sheetId=\"1\"{state} r:id=\"rId1\"/>");
        for (i, (name, state)) in self.others.iter().enumerate() {
            let id = i + 2;
            sheets.push_str(&format!(
                "<sheet name=\"{name}\" sheetId=\"{id}\" state=\"{state}\" r:id=\"rId1\"/>"
            ));
        }
        let date1904 = if self.date1904 {
            "<workbookPr date1904=\"1\"/>"
        } else {
            ""
        };
        let workbook = format!(
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">{date1904}<sheets>{sheets}</sheets></workbook>"
        );
        let sheet = format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">{sheet}</worksheet>"
        );
        zipped(&workbook, &sheet, texts)
    }
}

/// The parts of a workbook in an archive.
pub fn zipped(workbook: &str, sheet: &str, texts: &str) -> Vec<u8> {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relations = |all: &[(&str, &str, &str)]| {
        let of = |(id, kind, target): &(&str, &str, &str)| {
            format!("<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        };
        let all: String = all.iter().map(of).collect();
        format!("<Relationships>{all}</Relationships>")
    };
    let parts = [
        (
            "_rels/.rels",
            relations(&[("rId1", "officeDocument", "xl/workbook.xml")]),
        ),
        ("xl/workbook.xml", workbook.to_owned()),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&[
                ("rId1", "worksheet", "worksheets/sheet1.xml"),
                ("rId2", "sharedStrings", "sharedStrings.xml"),
            ]),
        ),
        ("xl/sharedStrings.xml", format!("<sst>{texts}</sst>")),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in parts {
        archive.start_file(name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The same rows as comma-separated values.
pub fn csv(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = (row.iter())
            .map(|cell| match cell.contains([',', '"', '\n', '\r']) {
                true => format!("\"{}\"", cell.replace('"', "\"\"")),
                false => cell.clone(),
            })
            .collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Columns of the sheets that tests send, in an order of their own.
pub const TITLES: [&str; 31] = [
    "家庭编号",
    "家庭类型",
    "区划代码",
    "被保险人姓名",
    "被保险人证件类型",
    "被保险人证件号码",
    "被保险人手机",
    "性别",
    "出生年份",
    "产品代码",
    "保险公司代码",
    "保单号",
    "保险起期",
    "保险止期",
    "保费",
    "投保人姓名",
    "投保人证件号码",
    "投保人手机",
    "交费人姓名",
    "交费人证件号码",
    "交费人手机",
    "保额经本人同意",
    "同意日期",
    "同意书版本",
    "同意方式",
    "同意人",
    "受益人姓名",
    "受益人证件号码",
    "受益人手机",
    "受益份额",
    "受益人经本人同意",
];

pub fn column(title: &str) -> usize {
    TITLES
        .iter()
        .position(|t| *t == title)
        .unwrap_or_else(|| panic!("no column {title}"))
}

/// A row that can be imported as it stands, of somebody new in a household of their own.
#[derive(Debug, Clone)]
pub struct Row(Vec<String>);

impl Row {
    pub fn new() -> Row {
        let n = make::unique();
        let row = Row(vec![String::new(); TITLES.len()]);
        row.with("家庭编号", &format!("H{n}"))
            .with("家庭类型", "流动")
            .with("区划代码", VILLAGE)
            .with("被保险人姓名", &name(n))
            .with("被保险人证件号码", &id_number(n))
            .with("被保险人手机", &make::phone())
            .with("产品代码", "family-accident")
            .with("保险公司代码", "picc-life")
            .with("保单号", &format!("P-2026-{n:06}"))
            .with("保险起期", "2026-01-01")
            .with("保险止期", "2026-12-31")
            .with("保费", "30.00")
            .with("保额经本人同意", "是")
            .consented("2026-01-05")
    }
    /// Of somebody known.
    pub fn of(person: &Value, name: &str) -> Row {
        Row::new()
            .with("被保险人姓名", name)
            .with("被保险人证件号码", "")
            .with("被保险人手机", &person["phone"].as_str().unwrap()[3..])
            .without_consent()
    }
    pub fn with(mut self, title: &str, text: &str) -> Row {
        self.0[column(title)] = text.into();
        self
    }
    /// The same household and policy as another row.
    pub fn beside(self, other: &Row) -> Row {
        let of = |title: &str| other.get(title).to_owned();
        self.with("家庭编号", &of("家庭编号"))
            .with("保单号", &of("保单号"))
    }
    pub fn consented(self, on: &str) -> Row {
        self.with("同意日期", on)
            .with("同意书版本", "1")
            .with("同意方式", "当面")
            .with("同意人", "本人")
    }
    pub fn without_consent(self) -> Row {
        ["同意日期", "同意书版本", "同意方式", "同意人"]
            .into_iter()
            .fold(self, |row, title| row.with(title, ""))
    }
    pub fn get(&self, title: &str) -> &str {
        &self.0[column(title)]
    }
    pub fn cells(&self) -> Vec<Cell> {
        self.0
            .iter()
            .map(|text| Cell::from(text.as_str()))
            .collect()
    }
}

pub fn titles() -> Vec<String> {
    TITLES.iter().map(|t| (*t).to_owned()).collect()
}

/// A whole sheet of these rows as comma-separated values.
pub fn sheet(rows: &[Row]) -> Vec<u8> {
    let mut all = vec![titles()];
    all.extend(rows.iter().map(|row| row.0.clone()));
    csv(&all).into_bytes()
}

/// The same as a workbook.
pub fn book(rows: &[Row]) -> Book {
    let mut all = vec![titles().iter().map(|t| Cell::from(t.as_str())).collect()];
    all.extend(rows.iter().map(Row::cells));
    Book::of(all)
}

fn name(n: u32) -> String {
    const GIVEN: [char; 10] = ['安', '宁', '静', '芳', '伟', '强', '丽', '敏', '杰', '涛'];
    let digits = format!("{n:03}");
    let given = digits
        .chars()
        .filter_map(|d| GIVEN.get(d.to_digit(10)? as usize));
    format!("钱{}", given.collect::<String>())
}

/// A resident's number that no other row of the run has, with its check digit.
pub fn id_number(n: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const LETTERS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let body = format!("330402{}0615{:03}", 1960 + (n / 1000) % 40, n % 1000);
    let digits = body.chars().map(|c| c.to_digit(10).unwrap());
    let sum: u32 = digits.zip(WEIGHTS).map(|(d, w)| d * w).sum();
    format!("{body}{}", LETTERS[(sum % 11) as usize])
}

/// Sends a sheet.
pub async fn send(who: &Client, media: &str, bytes: Vec<u8>) -> Answer {
    send_to(who, "/v1/policy-imports", media, bytes).await
}

pub async fn send_to(who: &Client, path: &str, media: &str, bytes: Vec<u8>) -> Answer {
    let request = who
        .request(Method::POST, path)
        .header("content-type", media);
    Answer::of(request.body(bytes)).await
}

/// The import once its state is none of these.
pub async fn past(who: &Client, import: &Value, states: &[&str]) -> Value {
    let path = make::at("policy-imports", import);
    for _ in 0..600 {
        let request = who
            .request(Method::GET, &path)
            .header("accept-language", "zh-CN");
        let now = Answer::of(request).await.expect(200);
        if !states.contains(&now["state"].as_str().unwrap()) {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!(
        "the import does not come further: {}",
        who.get(&path).await.text
    );
}

/// Sends a sheet and waits until it was checked.
pub async fn checked(who: &Client, rows: &[Row]) -> Value {
    let import = send(who, CSV, sheet(rows)).await.expect(202);
    past(who, &import, &["checking"]).await
}

/// Sends a sheet, confirms it, and waits until it has ended.
pub async fn imported(who: &Client, rows: &[Row]) -> Value {
    let import = checked(who, rows).await;
    assert_eq!(import["state"], "checked", "{import}");
    confirmed(who, &import).await
}

pub async fn confirmed(who: &Client, import: &Value) -> Value {
    let path = format!("{}/confirmation", make::at("policy-imports", import));
    let import = who.post(&path, serde_json::json!({})).await.expect(202);
    past(who, &import, &["importing"]).await
}

/// The faults of an import, as row, column's title and code.
pub fn faults(import: &Value) -> Vec<(u64, String, String)> {
    let told = import["faults"].as_array().unwrap().iter().map(|fault| {
        let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        (fault["row"].as_u64().unwrap(), text("header"), text("code"))
    });
    told.collect()
}

/// Waits until nothing of an import rests.
pub async fn emptied(app: &TestApp, import: &Value) {
    use diesel::prelude::*;
    use qianshou::db::schema::policy_imports;
    let id: qianshou::db::Uid = import["id"].as_str().unwrap().parse().unwrap();
    for _ in 0..600 {
        let at: Option<i64> = policy_imports::table
            .find(id)
            .select(policy_imports::emptied_at)
            .first(&mut app.connection())
            .unwrap();
        if at.is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("rows of the import are left");
}
