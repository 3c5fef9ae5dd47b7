//! What is printed of an assessment: a paper, a workbook, columns; with the year before, figures that are numbers with
//! their units, what a later revision corrects, and nothing that a spreadsheet would run.

use crate::assessment_frozen::{bytes, frozen, studied, year};
use crate::associations::{Branch, branch};
use crate::both;
use crate::budgets::budget;
use crate::fund_ledger::entry;
use crate::support::make::at;
use crate::support::*;
use std::io::Read;

async fn titled(who: &Client, association: &Value, title: &str) {
    let path = at("associations", association);
    let etag = who.get(&path).await.etag();
    let change = json!({ "title": title });
    who.patch(&path, &etag, change).await.expect(200);
}

/// Of the city in 2025: a study, 9 % of its budget, money that came in, and of two associations that were rated backward
/// one whose awards were withheld.
async fn told(b: &Branch) {
    studied(&b.officer, &b.municipal).await;
    let mut funds = budget(&b.municipal, 45_000_000, 500_000_000);
    funds["year"] = json!(2025);
    funds["approved_on"] = json!("2025-01-15");
    b.officer.post("/v1/budgets", funds).await.expect(201);
    let income = entry(&b.municipal, "2025-03-12", 123_456);
    b.officer.post("/v1/fund-entries", income).await.expect(201);
    for (association, withheld) in [(&b.village, false), (&b.county, true)] {
        let rating = json!({ "association_id": association["id"], "year": 2025, "grade": "backward",
            "decided_by": "higher_association", "decided_on": "2025-10-20", "reasons": ["activities"] });
        let rating = b.officer.post("/v1/ratings", rating).await.expect(201);
        let step = format!("{}/consequence", at("ratings", &rating));
        let follows = json!({ "decided_on": "2025-11-01", "awards_withheld": withheld });
        b.officer.post(&step, follows).await.expect(200);
    }
}

fn sheet_of(xlsx: Vec<u8>) -> String {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).unwrap();
    let mut sheet = String::new();
    let mut file = book.by_name("xl/worksheets/sheet1.xml").unwrap();
    file.read_to_string(&mut sheet).unwrap();
    sheet
}

/// The cells of a table in CSV, as a spreadsheet reads them.
fn cells(csv: &[u8]) -> Vec<Vec<String>> {
    let text = csv.strip_prefix("\u{feff}".as_bytes()).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        row.unwrap().iter().map(str::to_owned).collect()
    };
    reader.records().map(row).collect()
}

fn between(text: &str, from: &str, to: &str) -> String {
    let rest = text
        .split_once(from)
        .and_then(|(_, rest)| rest.split_once(to));
    rest.map_or("", |(said, _)| said).to_owned()
}

/// The cells of a workbook's sheet, and whether each is a number.
fn book(sheet: &str) -> Vec<Vec<(String, bool)>> {
    let cell = |cell: &str| match cell.starts_with("><v>") {
        true => (between(cell, "<v>", "</v>"), true),
        false => {
            let text = between(cell, "preserve\">", "</t>");
            let text = text.replace("&lt;", "<").replace("&gt;", ">");
            let text = text.replace("&quot;", "\"").replace("&amp;", "&");
            (text, false)
        }
    };
    let rows = sheet.split("<row>").skip(1);
    rows.map(|row| row.split("<c").skip(1).map(cell).collect())
        .collect()
}

/// Columns of figures.
const FIGURES: [&str; 14] = [
    "年度",
    "协会得分",
    "协会应得分",
    "分值",
    "得分",
    "上年得分",
    "上年修订",
    "数量",
    "基数",
    "值",
    "占比（%）",
    "上年值",
    "上年占比（%）",
    "计划",
];

both! {
    async fn an_assessment_is_printed_in_three_ways(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.municipal).await;
        let file = format!("{}/file", year(CITY));
        let (headers, csv) = bytes(&b.officer, &format!("{file}?format=csv"), "zh-CN").await;
        assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
        let rows = cells(&csv);
        assert!(rows.len() > 8 * 26 && rows.iter().any(|row| row.contains(&"党委政府专题研究".to_owned())));
        let (_, english) = bytes(&b.officer, &format!("{file}?format=csv"), "en").await;
        assert!(String::from_utf8(english).unwrap().contains("Dedicated studies"));
        let (_, xlsx) = bytes(&b.officer, &format!("{file}?format=xlsx"), "zh-CN").await;
        assert!(sheet_of(xlsx).contains("党委政府专题研究"));
        let (headers, pdf) = bytes(&b.officer, &file, "zh-CN").await;
        assert_eq!(headers["content-type"], "application/pdf");
        assert!(headers.get("qianshou-missing-characters").is_none());
        let text = papers::text_of(&pdf);
        // What it is of, what was asked and found, its parts, where to sign, and its pages.
        let result = b.officer.get(&year(CITY)).await.expect(200)["result"].clone();
        let score = format!("得分：{}/{}", result["score"].as_str().unwrap(), result["of"].as_str().unwrap());
        for said in ["3304的协会2025年度考核表", "统计截止：2025-12-31", "党委政府专题研究", "下级协会考核结果", COUNTY, "330402的协会",
            "被考核单位（盖章）", "第1页/共", "实时统计，未冻结", &score] {
            assert!(text.contains(said), "{said}: {text}");
        }
        if let Ok(dir) = std::env::var("QIANSHOU_KEEP_PAPERS") {
            std::fs::write(format!("{dir}/city.pdf"), &pdf).unwrap();
        }
        // A character that the font lacks is told of.
        titled(&b.officer, &b.municipal, "嘉\u{2348D}市计划生育协会").await;
        let (headers, _) = bytes(&b.officer, &file, "zh-CN").await;
        assert_eq!(headers["qianshou-missing-characters"], "U+2348D");
        // Of a frozen year, too, and of one of its counties.
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let file = format!("{}/file", at("assessment-snapshots", &made));
        let (_, pdf) = bytes(&b.officer, &format!("{file}?area={COUNTY}"), "zh-CN").await;
        let text = papers::text_of(&pdf);
        for said in ["330402的协会2025年度考核表", "冻结修订1", made["digest"].as_str().unwrap(), made["signer"].as_str().unwrap(), TOWN] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains(OTHER_COUNTY));
        b.officer.get(&format!("{file}?area={OTHER_COUNTY}1")).await.problem(404, "not_found");
        b.officer.get(&format!("{}/file?area={COUNTY}", year(CITY))).await.problem(400, "malformed_query");
        app.coordinator().await.get(&format!("{}/file", year(TOWN))).await.problem(403, "forbidden_action");
    }

    async fn no_title_is_a_formula(app) {
        let b = branch(app).await;
        let title = "=HYPERLINK(\"https://example.org\",\"协会\")";
        titled(&b.officer, &b.municipal, title).await;
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        for file in [format!("{}/file", year(CITY)), format!("{}/file", at("assessment-snapshots", &made))] {
            let (_, csv) = bytes(&b.officer, &format!("{file}?format=csv"), "zh-CN").await;
            let rows = cells(&csv);
            let all: Vec<&String> = rows.iter().flatten().collect();
            assert!(all.iter().any(|cell| **cell == format!("'{title}")), "its title stands there");
            let formula = all.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            assert_eq!(formula, None);
            let (_, xlsx) = bytes(&b.officer, &format!("{file}?format=xlsx"), "zh-CN").await;
            let sheet = sheet_of(xlsx);
            assert!(sheet.contains("<t xml:space=\"preserve\">=HYPERLINK(") && !sheet.contains("<f>"));
            let (_, pdf) = bytes(&b.officer, &file, "zh-CN").await;
            assert!(papers::text_of(&pdf).contains("=HYPERLINK("));
        }
    }

    async fn the_year_before_stands_beside_this_one(app) {
        let b = branch(app).await;
        let study = json!({ "association_id": b.municipal["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2024-03-12" });
        b.officer.post("/v1/studies", study).await.expect(201);
        let before = frozen_in(&b.officer, 2024).await;
        let sheets = b.officer.get(&format!("{}/sheets?area={CITY}", at("assessment-snapshots", &before))).await.expect(200);
        let score = sheets["items"][0]["result"]["score"].as_str().unwrap().to_owned();
        let of = sheets["items"][0]["result"]["of"].as_str().unwrap().to_owned();
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        for file in [format!("{}/file", year(CITY)), format!("{}/file", at("assessment-snapshots", &made))] {
            let (_, csv) = bytes(&b.officer, &format!("{file}?format=csv"), "en").await;
            let rows = cells(&csv);
            let column = |name: &str| rows[0].iter().position(|title| title == name).unwrap();
            let row = rows.iter().find(|row| row[column("area")] == CITY && row[column("source")].starts_with("Dedicated studies")).unwrap();
            assert_eq!((row[column("value")].as_str(), row[column("value of last year")].as_str()), ("0", "1"));
            assert_eq!(row[column("revision of last year")], "1");
            assert!(["met", "not met"].contains(&row[column("last year")].as_str()), "{row:?}");
            let (_, pdf) = bytes(&b.officer, &file, "zh-CN").await;
            let text = papers::text_of(&pdf);
            assert!(text.contains(&format!("上年（2024）得分：{score}/{of}（冻结修订1）")), "{text}");
        }
        // Where it was not frozen it is counted now, and that is said.
        let (_, pdf) = bytes(&b.officer, &format!("/v1/assessments/2024/areas/{CITY}/file"), "zh-CN").await;
        assert!(papers::text_of(&pdf).contains("（未冻结）"));
    }

    async fn a_paper_tells_each_outcome_each_unit_and_what_a_number_is_of(app) {
        let b = branch(app).await;
        told(&b).await;
        let file = format!("{}/file", year(CITY));
        let (_, pdf) = bytes(&b.officer, &file, "zh-CN").await;
        let text = papers::text_of(&pdf);
        for said in [
            // One of five is done, and by that the indicator is not.
            "同研究1次完成未完成",
            "协会活动经费占同级计划生育经费9%450000.00/5000000.00元≥8%≤10%完成未完成",
            "生育关怀基金收入：政府投入1234.56元",
            // Two were owed.
            "后进协会评优资格决定1/2项未完成未完成",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("45000000") && !text.contains("123456"), "{text}");
        let (_, pdf) = bytes(&b.officer, &file, "en").await;
        let text = papers::text_of(&pdf);
        for said in ["Researchonthework1studymetnotmet", "9%450000.00/5000000.00yuan≥8%≤10%metnotmet", "1/2decisionsnotmetnotmet"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    async fn no_line_begins_with_what_closes_and_heads_are_whole_words(app) {
        let b = branch(app).await;
        // Of every length before a comma, so that it falls behind a full line in some.
        for filled in 10..16 {
            let title = format!("{}，会会（会）；会", "会".repeat(filled));
            titled(&b.officer, &b.county, &title).await;
            let (_, pdf) = bytes(&b.officer, &format!("{}/file", year(CITY)), "zh-CN").await;
            let lines = papers::lines_of(&pdf);
            assert!(lines.concat().contains(&title));
            for line in lines {
                assert!(!line.starts_with(['，', '。', '、', '；', '：', '）', '”']), "{line}");
                assert!(!line.ends_with(['（', '“']), "{line}");
            }
        }
        let (_, pdf) = bytes(&b.officer, &format!("{}/file", year(CITY)), "en").await;
        let lines = papers::lines_of(&pdf);
        for head in ["weight", "score", "found", "figure", "target", "result", "assessment", "association"] {
            assert!(lines.iter().any(|line| line.trim() == head), "{head}: {lines:?}");
        }
    }

    async fn figures_are_numbers_with_units_and_can_be_summed(app) {
        let b = branch(app).await;
        told(&b).await;
        let veto = json!({ "association_id": b.county["id"], "year": 2025, "decided_by": "leading_group",
            "decided_on": "2025-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        b.officer.post("/v1/assessment-vetoes", veto).await.expect(201);
        let file = format!("{}/file", year(CITY));
        let (_, csv) = bytes(&b.officer, &format!("{file}?format=csv"), "zh-CN").await;
        let rows = cells(&csv);
        let column = |name: &str| rows[0].iter().position(|title| title == name).unwrap_or_else(|| panic!("{name}: {:?}", rows[0]));
        // The same in a workbook, where figures are numbers and nothing else is.
        let (_, xlsx) = bytes(&b.officer, &format!("{file}?format=xlsx"), "zh-CN").await;
        let book = book(&sheet_of(xlsx));
        assert_eq!(book.len(), rows.len());
        assert!(book[0].iter().all(|(_, is_number)| !is_number));
        for (row, said) in book.iter().zip(&rows).skip(1) {
            assert_eq!(row.len(), said.len());
            for ((title, said), (text, is_number)) in rows[0].iter().zip(said).zip(row) {
                assert_eq!(text, said, "{title}");
                assert_eq!(*is_number, !text.is_empty() && FIGURES.contains(&title.as_str()), "{title}: {text}");
                assert!(!is_number || text.parse::<f64>().is_ok(), "{title}: {text}");
            }
        }
        // With their units: money in yuan, shares in per cent.
        let row = |source: &str| rows.iter().find(|row| row[column("行政区划代码")] == CITY && row[column("数据来源")] == source).unwrap();
        let told = |source: &str| ["单位", "数量", "值", "占比（%）"].map(|name| row(source)[column(name)].as_str());
        assert_eq!(told("生育关怀基金收入：政府投入"), ["元", "1234.56", "1234.56", ""]);
        assert_eq!(told("协会活动经费占同级计划生育经费"), ["元", "450000.00", "", "9"]);
        assert_eq!(row("协会活动经费占同级计划生育经费")[column("基数")], "5000000.00");
        assert_eq!(row("协会活动经费占同级计划生育经费")[column("目标")], "≥8% ≤10%");
        assert_eq!(told("后进协会评优资格决定"), ["项", "1", "1", ""]);
        // Of an area, once: its score, what that could be; that it is vetoed wherever it stands.
        let of = |area: &str, name: &str| -> Vec<String> {
            let rows = rows.iter().filter(|row| row[column("行政区划代码")] == area);
            rows.map(|row| row[column(name)].clone()).filter(|text| !text.is_empty()).collect()
        };
        let sum = |all: Vec<String>| all.iter().map(|n| n.parse::<f64>().unwrap()).sum::<f64>();
        let city = b.officer.get(&year(CITY)).await.expect(200)["result"].clone();
        assert_eq!(of(CITY, "协会得分"), [city["score"].as_str().unwrap()]);
        assert_eq!(of(CITY, "协会应得分"), [city["of"].as_str().unwrap()]);
        assert_eq!(sum(of(CITY, "得分")), sum(of(CITY, "协会得分")));
        assert!(of(CITY, "一票否决").iter().all(|said| said == "否"));
        assert_eq!(of(COUNTY, "协会得分"), ["0"]);
        assert!(of(COUNTY, "一票否决").iter().all(|said| said == "是"));
        let (_, csv) = bytes(&b.officer, &format!("{file}?format=csv"), "en").await;
        let english = cells(&csv);
        for title in ["area score", "area score possible", "vetoed", "unit", "per cent"] {
            assert!(english[0].iter().any(|said| said == title), "{title}: {:?}", english[0]);
        }
    }

    async fn a_later_revision_says_which_it_follows_and_what_it_corrects(app) {
        let b = branch(app).await;
        let first = frozen(&b.officer, CITY, "year_end").await.expect(201);
        studied(&b.officer, &b.county).await;
        let again = frozen(&b.officer, CITY, "late_record").await.expect(201);
        let paper = |made: &Value, query: &str, language: &'static str| {
            let (officer, file) = (b.officer.clone(), format!("{}/file{query}", at("assessment-snapshots", made)));
            async move { papers::text_of(&bytes(&officer, &file, language).await.1) }
        };
        let text = paper(&again, "", "zh-CN").await;
        assert!(text.contains(&format!("修订2接续修订1（补录），更正：{COUNTY}")) && text.contains("：A2、A3。"), "{text}");
        let text = paper(&again, "", "en").await;
        assert!(text.contains(&format!("Revision2followsrevision1(recordedlate)andcorrects:{COUNTY}")), "{text}");
        // What it corrects of others stands on their papers.
        let text = paper(&again, &format!("?area={OTHER_COUNTY}"), "zh-CN").await;
        assert!(text.contains("修订2接续修订1（补录），本表所列无更正。"), "{text}");
        let text = paper(&first, "", "zh-CN").await;
        assert!(!text.contains("接续修订"), "{text}");
    }
}

async fn frozen_in(who: &Client, year: i64) -> Value {
    let path = format!("/v1/assessments/{year}/areas/{CITY}/freeze");
    let made = who.post(&path, json!({ "because": "year_end" })).await;
    made.expect(201)
}
