//! Files as they come: workbooks and text files of every kind, those that mean harm, and what rests of them.

use std::io::Write;

use diesel::prelude::*;

use crate::both;
use crate::support::make::at;
use crate::support::process::Process;
use crate::support::sheets::*;
use crate::support::*;
use qianshou::db::Micros;

async fn taken(app: &TestApp, media: &str, bytes: Vec<u8>) -> Value {
    let coordinator = app.coordinator().await;
    let import = send(&coordinator, media, bytes).await.expect(202);
    past(&coordinator, &import, &["checking"]).await
}

#[track_caller]
fn good(import: &Value) {
    assert_eq!(
        (&import["state"], &import["fault_count"]),
        (&json!("checked"), &json!(0)),
        "{import}"
    );
}

/// The text as GB18030.
fn gb18030(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (bytes, _, lost) = encoding_rs::GB18030.encode(text);
    assert!(!lost);
    bytes.into_owned()
}

/// Puts a cell into a row of a workbook.
fn put(book: &mut Book, row: usize, title: &str, cell: Cell) {
    book.rows[row][column(title)] = cell;
}

both! {
    async fn text_files_come_in_two_encodings(app) {
        let row = Row::new().with("被保险人姓名", "钱\u{3400}");
        let plain = sheet(&[row]);
        for (media, bytes, charset) in [
            (CSV, plain.clone(), "utf-8"),
            ("text/csv", plain.clone(), "utf-8"),
            ("text/csv", [b"\xef\xbb\xbf".as_slice(), plain.as_slice()].concat(), "utf-8"),
            ("text/csv; charset=gb18030", gb18030(&plain), "gb18030"),
            ("text/csv;charset=\"GBK\"", gb18030(&plain), "gb18030"),
            ("text/csv", gb18030(&plain), "gb18030"),
            // Line breaks of another machine, and blank lines and cells at the end.
            ("text/csv", String::from_utf8(plain.clone()).unwrap().replace("\r\n", "\n").into_bytes(), "utf-8"),
            ("text/csv", [plain.as_slice(), b"\r\n,,,,\r\n\r\n".as_slice()].concat(), "utf-8"),
        ] {
            let import = taken(app, media, bytes).await;
            good(&import);
            assert_eq!((&import["format"], &import["charset"], &import["rows"]), (&json!("csv"), &json!(charset), &json!(1)), "{media}");
        }
        let coordinator = app.coordinator().await;
        let refused = send(&coordinator, CSV, gb18030(&plain)).await;
        refused.fault("/file/1", "bad_encoding");
        let mut torn = gb18030(&plain);
        torn.truncate(torn.len() - 4);
        torn.extend(b"\xff\xff\xff");
        send(&coordinator, "text/csv; charset=gb18030", torn).await.fault("/file/2", "bad_encoding");
        send(&coordinator, "text/csv", b"\xff\xfeA\0,\0B\0".to_vec()).await.fault("/file/1", "bad_encoding");
        send(&coordinator, "text/csv; charset=utf-16", plain.clone()).await.problem(415, "unsupported_media_type");
        // Rows are those that a spreadsheet shows: an empty line is one, a line break within a cell none.
        let text = String::from_utf8(plain).unwrap();
        let (first, rest) = text.split_once("\r\n").unwrap();
        let text = format!("{first}\r\n\r\n{}", rest.replace("30.00", "\"三\n十\""));
        let import = taken(app, "text/csv", text.into_bytes()).await;
        assert_eq!(faults(&import), [(3, "保费".into(), "bad_money".into())]);
    }

    async fn a_workbook_is_read_as_spreadsheets_write_it(app) {
        let row = Row::new();
        let mut book = book(std::slice::from_ref(&row));
        put(&mut book, 1, "保险起期", Cell::Number("46023".into()));
        put(&mut book, 1, "保险止期", Cell::Number("46387".into()));
        put(&mut book, 1, "保费", Cell::Number("30".into()));
        put(&mut book, 1, "被保险人手机", Cell::Number(row.get("被保险人手机").into()));
        put(&mut book, 1, "同意书版本", Cell::Number("1".into()));
        put(&mut book, 1, "保额经本人同意", Cell::Bool(true));
        put(&mut book, 1, "被保险人姓名", Cell::Text(row.get("被保险人姓名").into()));
        good(&taken(app, XLSX, book.bytes()).await);
        book.date1904 = true;
        put(&mut book, 1, "保险起期", Cell::Number("44561".into()));
        put(&mut book, 1, "保险止期", Cell::Number("44925".into()));
        put(&mut book, 1, "同意日期", Cell::Number("44565".into()));
        good(&taken(app, XLSX, book.bytes()).await);
        for day in ["2026/1/5", "2026年1月5日", "20260105"] {
            put(&mut book, 1, "同意日期", Cell::Text(day.into()));
            good(&taken(app, XLSX, book.bytes()).await);
        }
        // The one sheet that is to be seen, or of several the one that is called so.
        book.others = vec![("说明", "hidden")];
        good(&taken(app, XLSX, book.bytes()).await);
        book.others = vec![("说明", "visible")];
        let coordinator = app.coordinator().await;
        send(&coordinator, XLSX, book.bytes()).await.fault("/file", "which_sheet");
        book.name = Some("保单");
        good(&taken(app, XLSX, book.bytes()).await);
        (book.hidden, book.others) = (true, Vec::new());
        send(&coordinator, XLSX, book.bytes()).await.fault("/file", "which_sheet");
    }

    async fn cells_of_a_workbook_are_told_by_their_letters(app) {
        let rows: Vec<Row> = (0..6).map(|_| Row::new()).collect();
        let mut book = book(&rows);
        put(&mut book, 1, "被保险人证件号码", Cell::Number("3.30499198506150E+17".into()));
        put(&mut book, 2, "被保险人手机", Cell::Formula("A1&\"0\"".into(), "13812345678".into()));
        put(&mut book, 3, "保费", Cell::Error);
        put(&mut book, 4, "保险起期", Cell::Number("60".into()));
        book.rows[5].push(Cell::from("备注"));
        book.rows[0].push(Cell::from("说明"));
        book.row_attributes = vec![(6, "hidden=\"1\"")];
        book.after = "<mergeCells count=\"2\"><mergeCell ref=\"A2:A3\"/><mergeCell ref=\"D4:D4\"/></mergeCells>";
        book.before = "<cols><col min=\"3\" max=\"3\" hidden=\"1\"/><col min=\"40\" max=\"50\" hidden=\"1\"/></cols>";
        let import = taken(app, XLSX, book.bytes()).await;
        let mut told: Vec<Value> = import["faults"].as_array().unwrap().iter().map(|f| json!([f["row"], f["column"], f["code"]])).collect();
        told.sort_by_key(|f| (f[0].as_u64(), f[1].as_str().map(str::to_owned)));
        let of = |title: &str| letters(column(title));
        assert_eq!(told, [
            json!([1, letters(TITLES.len()), "unknown_header"]),
            json!([1, "C", "hidden_cells"]),
            json!([2, "A", "merged_cells"]),
            json!([2, of("被保险人证件号码"), "number_precision_lost"]),
            json!([3, of("被保险人手机"), "formula_cell"]),
            json!([4, of("保费"), "cell_error"]),
            json!([5, of("保险起期"), "bad_day"]),
            json!([7, null, "hidden_cells"]),
        ], "{import}");
        assert_eq!(import["state"], "refused");
    }

    async fn a_first_row_that_will_not_do_is_told_of(app) {
        let rows = [Row::new()];
        let told = |import: Value| -> Vec<Value> {
            assert_eq!((&import["state"], &import["ending"], &import["rows"]), (&json!("refused"), &json!("faults"), &json!(0)), "{import}");
            import["faults"].as_array().unwrap().iter().map(|f| json!([f["row"], f["column"], f["header"], f["code"]])).collect()
        };
        let with = |from: &str, to: &str| String::from_utf8(sheet(&rows)).unwrap().replacen(from, to, 1).into_bytes();
        // A needed column under a name that is not known.
        let import = taken(app, "text/csv", with("产品代码", "产品")).await;
        assert_eq!(told(import), [json!([1, null, "产品代码", "missing_header"])]);
        let import = taken(app, "text/csv", with("交费人姓名", "投保人姓名")).await;
        assert_eq!(told(import), [json!([1, letters(column("交费人姓名")), "投保人姓名", "repeated"])]);
        // A column of an unknown name with nothing in it is let be.
        good(&taken(app, "text/csv", with("交费人姓名", "业务员备注")).await);
        let coordinator = app.coordinator().await;
        for empty in [Vec::new(), b"\xef\xbb\xbf".to_vec(), b",,\r\n\r\n".to_vec()] {
            send(&coordinator, "text/csv", empty).await.fault("/file", "too_short");
        }
        // Titles in English, starred and explained, do as well.
        let english = with("产品代码", "Product code*");
        let english = String::from_utf8(english).unwrap().replacen("保险公司代码", "Insurer code (yours)", 1);
        good(&taken(app, "text/csv", english.into_bytes()).await);
    }

    async fn files_that_mean_harm_are_refused(app) {
        let coordinator = app.coordinator().await;
        let whole = book(&[Row::new()]).bytes();
        let workbook = "<workbook><sheets><sheet name=\"a\" sheetId=\"1\" id=\"rId1\"/></sheets></workbook>";
        let worksheet = |inner: &str| format!("<worksheet><sheetData>{inner}</sheetData></worksheet>");
        let bad = |bytes: Vec<u8>| send(&coordinator, XLSX, bytes);
        bad(Vec::new()).await.fault("/file", "bad_file");
        bad(b"PK\x03\x04 and no more".to_vec()).await.fault("/file", "bad_file");
        bad(whole[..whole.len() / 2].to_vec()).await.fault("/file", "bad_file");
        // An old workbook, a text, a picture: not what they are said to be.
        bad(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".repeat(64)).await.fault("/file", "bad_file");
        bad(sheet(&[Row::new()])).await.fault("/file", "bad_file");
        send(&coordinator, "text/csv; charset=utf-8", whole).await.fault("/file/1", "bad_encoding");
        for media in ["application/json", "application/zip", "multipart/form-data; boundary=x", ""] {
            send(&coordinator, media, b"{}".to_vec()).await.problem(415, "unsupported_media_type");
        }
        // Some kilobytes that grow to gigabytes: one text of it, many texts, many rows.
        let growing = |first: &str, inner: &str, times: usize| {
            let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default();
            let small = [
                ("_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
                ("xl/workbook.xml", workbook),
                ("xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"sheet.xml\"/></Relationships>"),
            ];
            for (name, text) in small {
                archive.start_file(name, options).unwrap();
                archive.write_all(text.as_bytes()).unwrap();
            }
            archive.start_file("xl/sheet.xml", options).unwrap();
            archive.write_all(b"<worksheet><sheetData>").unwrap();
            archive.write_all(first.as_bytes()).unwrap();
            let piece = inner.repeat(1024);
            for _ in 0..times {
                archive.write_all(piece.as_bytes()).unwrap();
            }
            archive.finish().unwrap().into_inner()
        };
        let bomb = growing("", " ", 64 * 1024);
        assert!(bomb.len() < 1024 * 1024, "{}", bomb.len());
        bad(bomb).await.problem(413, "payload_too_large");
        let text = |text: &String| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
        let first = format!("<row>{}</row>", titles().iter().map(text).collect::<String>());
        // What stands under no title rests nowhere, and is a row.
        bad(growing(&first, "<row><c r=\"AZ1\"><v>1</v></c></row>", 200)).await.fault("/file", "too_many");
        // A cell of megabytes, a million columns, a reference to nowhere, a tag without end, an entity of entities.
        let cell = |at: &str, text: &str| format!("<row r=\"1\"><c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
        bad(zipped(workbook, &worksheet(&cell("A1", &"x".repeat(2_000_000))), "")).await.problem(413, "payload_too_large");
        let far = cell("XFD1", "x");
        let import = bad(zipped(workbook, &worksheet(&far), "")).await.expect(202);
        assert_eq!(import["state"], "refused");
        for nowhere in ["ZZZZ1", "A0", "A", "1", "A99999999", "AAAAAAAAAAAAAAAA1"] {
            bad(zipped(workbook, &worksheet(&cell(nowhere, "x")), "")).await.fault("/file", "bad_file");
        }
        bad(zipped(workbook, &worksheet("<row r=\"99999999999\"/>"), "")).await.fault("/file", "bad_file");
        bad(zipped(workbook, "<worksheet><sheetData><row", "")).await.fault("/file", "bad_file");
        bad(zipped(workbook, "<html/>", "")).await.fault("/file", "bad_file");
        let entity = format!("<!DOCTYPE a [<!ENTITY b \"{}\">]>{}", "c".repeat(100), worksheet(&cell("A1", "&b;&b;")));
        let answer = bad(zipped(workbook, &entity, "")).await;
        assert!(answer.status == 422 || answer.json["state"] == "refused", "{}", answer.text);
        let wide: String = (0..30_000).map(|_| "<c t=\"inlineStr\"><is><t>a</t></is></c>").collect();
        let import = bad(zipped(workbook, &worksheet(&format!("<row>{wide}</row>")), "")).await.expect(202);
        assert_eq!(import["state"], "refused");
        // Commas without end, quotes without end.
        let import = send(&coordinator, "text/csv", [titles().join(",").into_bytes(), b"\r\n".to_vec(), vec![b','; 1_000_000], b"x\r\n".to_vec()].concat()).await.expect(202);
        let import = past(&coordinator, &import, &["checking"]).await;
        assert_eq!(import["state"], "refused", "{import}");
        send(&coordinator, "text/csv", [titles().join(",").into_bytes(), b"\r\n\"".to_vec(), vec![b'x'; 1_000_000]].concat()).await.fault("/file", "bad_file");
        // Whatever was refused left nothing behind but what says so.
        let left: i64 = qianshou::db::schema::policy_imports::table
            .filter(qianshou::db::schema::policy_imports::state.eq("receiving"))
            .count().get_result(&mut app.connection()).unwrap();
        assert_eq!(left, 0);
    }

    async fn a_file_of_more_than_may_be_is_refused(app) {
        let coordinator = app.coordinator().await;
        let limit = app.data.config.import_bytes;
        send(&coordinator, "text/csv", vec![b'a'; limit + 1]).await.problem(413, "payload_too_large");
        // One at a time: whoever comes meanwhile comes again.
        let held = app.data.sheets.clone().acquire_owned().await.unwrap();
        let busy = send(&coordinator, CSV, sheet(&[Row::new()])).await;
        assert_eq!(busy.header("retry-after"), Some("5"));
        busy.problem(503, "overloaded");
        drop(held);
        send(&coordinator, CSV, sheet(&[Row::new()])).await.expect(202);
    }

    async fn nothing_of_a_file_rests_in_clear(app) {
        let coordinator = app.coordinator().await;
        let row = Row::new().with("被保险人姓名", "欧阳隐秘之名").with("保单号", "P-ZXQ-9917735");
        let import = checked(&coordinator, std::slice::from_ref(&row)).await;
        assert_eq!(import["state"], "checked");
        let wanted: Vec<String> = ["被保险人姓名", "被保险人证件号码", "被保险人手机", "保单号"].iter().map(|t| row.get(t).to_owned()).collect();
        let clear = |app: &TestApp| -> Vec<String> {
            let all = everything(app);
            wanted.iter().filter(|text| find(&all, text.as_bytes())).cloned().collect()
        };
        assert_eq!(clear(app), Vec::<String>::new());
        let import = confirmed(&coordinator, &import).await;
        emptied(app, &import).await;
        assert_eq!(clear(app), Vec::<String>::new());
        // The key of its rows went with it.
        let key: Option<Vec<u8>> = qianshou::db::schema::policy_imports::table.select(qianshou::db::schema::policy_imports::data_key)
            .first(&mut app.connection()).unwrap();
        assert!(key.is_none());
        // A search that finds nothing could also be blind: the insurer's code stands in clear.
        assert!(find(&everything(app), b"picc-life"));
    }

    async fn a_file_that_never_arrived_whole_is_forgotten(app) {
        let coordinator = app.coordinator().await;
        let import = checked(&coordinator, &[Row::new()]).await;
        // As a server leaves it that was killed while it read.
        let sql = format!("UPDATE policy_imports SET state = 'receiving' WHERE file_sha256 = '{}'", import["file_sha256"].as_str().unwrap());
        diesel::sql_query(sql).execute(&mut app.connection()).unwrap();
        coordinator.get(&at("policy-imports", &import)).await.problem(404, "not_found");
        coordinator.delete(&at("policy-imports", &import)).await.problem(404, "not_found");
        app.advance(2 * Micros::HOUR);
        for _ in 0..200 {
            let left: i64 = qianshou::db::schema::policy_imports::table.count().get_result(&mut app.connection()).unwrap();
            if left == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it is still there");
    }
}

/// All that rests: on SQLite the files, on PostgreSQL every column of the tables that an import touches.
fn everything(app: &TestApp) -> Vec<u8> {
    use diesel::sql_types::Text;
    match &app.target {
        qianshou::db::Target::Sqlite(path) => {
            let folder = std::path::Path::new(path).parent().unwrap();
            let files = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            files
                .flat_map(|file| std::fs::read(file).unwrap())
                .collect()
        }
        qianshou::db::Target::Postgres(_) => {
            #[derive(QueryableByName)]
            struct Row {
                #[diesel(sql_type = Text)]
                text: String,
            }
            let mut c = app.connection();
            let tables: Vec<Row> = diesel::sql_query(
                "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = 'public'",
            )
            .load(&mut c)
            .unwrap();
            let mut all = Vec::new();
            for table in tables {
                let sql = format!("SELECT t::text AS text FROM \"{}\" t", table.text);
                let rows: Vec<Row> = diesel::sql_query(sql).load(&mut c).unwrap();
                for row in rows {
                    all.extend(row.text.into_bytes());
                }
            }
            all
        }
    }
}

/// As text or, as PostgreSQL shows bytes, in hexadecimal.
fn find(all: &[u8], wanted: &[u8]) -> bool {
    let hex: String = wanted.iter().map(|b| format!("{b:02x}")).collect();
    let within = |part: &[u8]| all.windows(part.len()).any(|w| w == part);
    within(wanted) || within(hex.as_bytes())
}

/// A sheet of a few thousand rows, so that work on it can be broken off.
fn many(rows: usize) -> Vec<Row> {
    (0..rows).map(|_| Row::new()).collect()
}

/// Other nodes take over, and are killed at whatever they do.
async fn others(app: &TestApp) {
    for round in 0..4u64 {
        // On SQLite nobody works beside a server but another server.
        let other = match app.backend {
            Backend::Sqlite => Process::start(app, &[], &[]),
            Backend::Postgres => Process::work(app, &[], &[]),
        };
        tokio::time::sleep(std::time::Duration::from_millis(100 + 150 * round)).await;
        other.kill();
        // What it held is free again once its time is over.
        diesel::sql_query("UPDATE policy_imports SET lease_until = 0")
            .execute(&mut app.connection())
            .unwrap();
    }
}

async fn kills(backend: Backend) {
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        return;
    }
    let app = TestApp::start(backend, Vec::new()).await;
    // This server's time is behind: whatever it holds is free again to the others.
    app.advance(-60 * Micros::SECOND);
    let county = app
        .user(qianshou::auth::policy::Role::Coordinator, COUNTY)
        .await;
    let rows = many(1500);
    let import = send(&county, CSV, sheet(&rows)).await.expect(202);
    others(&app).await;
    let import = past(&county, &import, &["checking"]).await;
    assert_eq!(import["state"], "checked", "{import}");
    let path = format!("{}/confirmation", at("policy-imports", &import));
    county.post(&path, json!({})).await.expect(202);
    others(&app).await;
    let import = past(&county, &import, &["importing"]).await;
    assert_eq!(
        (&import["state"], &import["policies"]),
        (&json!("imported"), &json!(1500)),
        "{import}"
    );
    emptied(&app, &import).await;
    let c = &mut app.connection();
    let policies: i64 = qianshou::db::schema::policies::table
        .count()
        .get_result(c)
        .unwrap();
    let told: i64 = qianshou::db::schema::changes::table
        .filter(qianshou::db::schema::changes::kind.eq("policy"))
        .filter(qianshou::db::schema::changes::audience.eq(qianshou::db::Uid::NIL))
        .count()
        .get_result(c)
        .unwrap();
    // Each once, by however many nodes, and each told of.
    assert_eq!((policies, told), (1500, 1500));
    let entries: Vec<String> = qianshou::db::schema::audit_entries::table
        .filter(qianshou::db::schema::audit_entries::action.eq("policy_import.write"))
        .select(qianshou::db::schema::audit_entries::facts)
        .load(c)
        .unwrap();
    let done = entries.iter().filter(|facts| facts.contains("imported"));
    assert_eq!(done.count(), 1);
    app.stop().await;
}

#[test]
fn nodes_that_are_killed_lose_nothing_and_do_nothing_twice_sqlite() {
    actix_web::rt::System::new().block_on(kills(Backend::Sqlite));
}

#[test]
fn nodes_that_are_killed_lose_nothing_and_do_nothing_twice_postgres() {
    actix_web::rt::System::new().block_on(kills(Backend::Postgres));
}
