//! The whole country's divisions: the published files, what is refused of others, editions, an import beside a server.

use crate::both;
use crate::commands::{qianshou, text};
use crate::support::*;
use diesel::prelude::*;
use qianshou::areas::editions_store::{self, Edition, Outcome};
use qianshou::areas::import::{self, COUNTRY, Listed};
use qianshou::areas::model::AreaLevel;
use qianshou::db::schema::{area_changes, area_codes, areas};
use qianshou::db::{Target, Uid, connect};
use std::collections::HashMap;
use std::io::Write;
use std::time::{Duration, Instant};

#[test]
fn the_published_files_are_the_whole_country() {
    let (rows, counts) = import::load(&assets("divisions")).unwrap();
    assert_eq!(counts, COUNTRY);
    assert_eq!(rows.len(), 31 + 342 + 2_978 + 41_352 + 620_573);
    let by_code: HashMap<&str, &Listed> = rows.iter().map(|l| (&*l.code, l)).collect();
    let name = |code: &str| &*by_code[code].name;
    // Cities that are placeholders, and a county of a city without counties.
    assert_eq!(
        (name("1101"), name("4290")),
        ("市辖区", "省直辖县级行政区划")
    );
    for city in ["4419", "4420", "4604"] {
        let county = format!("{city}00");
        assert_eq!(name(city), name(&county));
        assert_eq!(by_code[&*county].parent.unwrap(), city);
    }
    let unreal = |l: &&Listed| {
        l.level == AreaLevel::Village && (l.code.ends_with("498") || l.code.ends_with("598"))
    };
    let unreal: Vec<_> = rows.iter().filter(unreal).collect();
    assert_eq!(unreal.len(), 1_447);
    assert!(unreal.iter().all(|l| l.name.contains("虚拟")));
    let same = rows.iter().filter(|l| &*l.name == "团结村委会").count();
    assert_eq!(same, 274, "names repeat, codes do not");
}

/// A folder with the files of one city, one of them changed.
fn city_with(name: &str, change: impl Fn(String) -> Vec<u8>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in ["provinces", "cities", "areas", "streets", "villages"] {
        let file = format!("{file}.csv");
        let good = std::fs::read_to_string(assets("areas-3304").join(&file)).unwrap();
        let bytes = if file == name {
            change(good)
        } else {
            good.into_bytes()
        };
        std::fs::write(dir.path().join(file), bytes).unwrap();
    }
    dir
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

#[test]
fn a_foreign_file_is_refused_by_name_and_line() {
    let long = "长".repeat(81);
    let endless = "9".repeat(200_000);
    for (file, line, said) in [
        (
            "streets.csv",
            "33040A001,坏码街道,330402,33,3304",
            "33040A001",
        ),
        (
            "streets.csv",
            "33040200,短码街道,330402,33,3304",
            "9 digits",
        ),
        (
            "streets.csv",
            &format!("{endless},长码街道,330402,33,3304"),
            "9 digits",
        ),
        (
            "streets.csv",
            &format!("330402901,{long},330402,33,3304"),
            "80 characters",
        ),
        ("streets.csv", "330402901,,330402,33,3304", "empty"),
        (
            "streets.csv",
            "330402901,控\u{7}制街道,330402,33,3304",
            "control",
        ),
        (
            "streets.csv",
            "330402901,零\u{0}街道,330402,33,3304",
            "control",
        ),
        ("streets.csv", "330402901,孤儿街道,330499,33,3304", "330499"),
        // A child before its parent, or of the wrong level.
        (
            "streets.csv",
            "330402901,早生街道,330402007001,33,3304",
            "6 digits",
        ),
        ("areas.csv", "330499,错级区,330402007,33", "4 digits"),
        ("areas.csv", "330499,错级区,3398,33", "3398"),
        (
            "villages.csv",
            "330402007999,错级村委会,330402,33,3304,330402",
            "9 digits",
        ),
        (
            "villages.csv",
            "330402007999,孤儿村委会,330402999,33,3304,330402",
            "330402999",
        ),
        ("streets.csv", "330402007,重码街道,330402,33,3304", "twice"),
        ("streets.csv", "330402901,少列街道", "fields"),
        ("provinces.csv", "3,省", "2 digits"),
    ] {
        let dir = city_with(file, |good| format!("{good}{line}\n").into_bytes());
        let lines = std::fs::read_to_string(dir.path().join(file))
            .unwrap()
            .lines()
            .count();
        let refused = import::load(dir.path()).unwrap_err();
        assert!(
            refused.starts_with(&format!("{file} line {lines}: ")) && refused.contains(said),
            "{refused}"
        );
        assert!(refused.len() < 300, "{} bytes of it", refused.len());
    }
    for (change, said) in [
        (b"name,areaCode\n".to_vec(), "no column 'code'"),
        (
            b"code,name,areaCode\n330402901,\xff\xfe,330402\n".to_vec(),
            "UTF-8",
        ),
        (Vec::new(), "no column 'code'"),
    ] {
        let refused =
            import::load(city_with("streets.csv", |_| change.clone()).path()).unwrap_err();
        assert!(
            refused.starts_with("streets.csv line ") && refused.contains(said),
            "{refused}"
        );
    }
    // Cut off, and one that unpacks without end.
    let dir = city_with("villages.csv", |good| good.into_bytes());
    let plain = dir.path().join("villages.csv");
    let whole = zipped(&std::fs::read(&plain).unwrap());
    std::fs::remove_file(&plain).unwrap();
    let path = dir.path().join("villages.csv.gz");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(
        import::load(dir.path())
            .unwrap_err()
            .starts_with("villages.csv line ")
    );
    std::fs::write(&path, zipped(&vec![b'7'; 100 << 20])).unwrap();
    assert!(import::load(dir.path()).unwrap_err().contains("96 MiB"));
}

#[test]
fn a_file_of_the_country_that_was_cut_off_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(assets("divisions")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let mut all = String::new();
    let path = dir.path().join("villages.csv.gz");
    let file = std::fs::File::open(&path).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut all).unwrap();
    let cut: Vec<&str> = all.lines().take(600_000).collect();
    std::fs::write(&path, zipped(cut.join("\n").as_bytes())).unwrap();
    let refused = import::load(dir.path()).unwrap_err();
    assert_eq!(
        refused,
        "villages.csv: 599999 areas, and the edition 2023 of the whole country has 620573: the file is not whole"
    );
    // Of another edition nothing is known beforehand.
    assert!(import::load_edition(dir.path(), 2024).is_ok());
}

fn listed() -> Vec<Listed> {
    import::load(&assets("areas-3304")).unwrap().0
}

fn edition(app: &TestApp, year: i64, listed: &[Listed]) -> Outcome {
    let edition = Edition {
        year,
        source: "test",
        at: app.now(),
    };
    editions_store::store(&mut app.connection(), listed, &edition, |_| ()).unwrap()
}

fn codes(app: &TestApp, area: Uid) -> Vec<(String, String, Option<String>)> {
    area_codes::table
        .filter(area_codes::area_id.eq(area))
        .order(area_codes::valid_from)
        .select((
            area_codes::code,
            area_codes::valid_from,
            area_codes::valid_to,
        ))
        .load(&mut app.connection())
        .unwrap()
}

fn id_of(app: &TestApp, code: &str) -> Uid {
    qianshou::areas::store::by_code(&mut app.connection(), code)
        .unwrap()
        .unwrap()
        .id
}

fn changed(app: &TestApp) -> Vec<(String, String)> {
    area_changes::table
        .order(area_changes::kind)
        .select((area_changes::kind, area_changes::state))
        .load(&mut app.connection())
        .unwrap()
}

both! {
    async fn an_edition_says_from_which_files_it_came(app) {
        let who = app.member().await;
        let source = || { let who = who.clone(); async move { who.get("/v1/area-editions").await.expect(200)["items"][0]["source"].as_str().unwrap().to_owned() } };
        let before = source().await;
        let from = |rows: &[Listed], source: &str| {
            let edition = Edition { year: 2023, source, at: app.now() };
            editions_store::store(&mut app.connection(), rows, &edition, |_| ()).unwrap()
        };
        let mut rows = listed();
        assert!(from(&rows, "files of nothing new").is_nothing());
        assert_eq!(source().await, before);
        let village = rows.iter().position(|row| row.level == qianshou::areas::model::AreaLevel::Village).unwrap();
        rows[village].name = "新社区居委会".into();
        assert!(!from(&rows, "files of the whole country").is_nothing());
        assert_eq!(source().await, format!("files of the whole country; {before}"));
    }

    async fn an_edition_that_agrees_leaves_the_rows_open(app) {
        let before: i64 = area_codes::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(edition(app, 2024, &listed()), Outcome::default());
        let after: i64 = area_codes::table.filter(area_codes::valid_to.is_null()).count().get_result(&mut app.connection()).unwrap();
        assert_eq!((after, before), (1313, 1313), "31 provinces, a city, 7 counties, 72 towns, 1202 villages");
        let who = app.member().await;
        // What an edition has is what holds on its day, whichever brought it.
        assert_eq!(who.get("/v1/areas?edition=2024&parent=3304").await.expect(200)["items"].as_array().unwrap().len(), 7);
        assert_eq!(who.get("/v1/area-editions").await.expect(200)["items"][0]["edition"], 2024);
    }

    async fn what_an_event_changed_since_is_not_undone_by_an_edition_of_before(app) {
        let town = id_of(app, TOWN);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("kind,effective_on,code,to_code,source\nrecode,2025-03-01,{TOWN},330402907,公告\nabolish,2025-03-02,330402008019,,公告\n")).unwrap();
        let events = qianshou::areas::events::read(file.path(), qianshou::db::Day(app.now().china_day())).unwrap();
        for event in &events {
            let done = qianshou::db::transact(&mut app.connection(), |c| qianshou::areas::events_store::apply(c, event, app.now()));
            assert!(done.unwrap().is_ok());
        }
        // The same edition, with one name mended: only that is taken.
        let mut files = listed();
        files.iter_mut().find(|l| l.code == SECOND_VILLAGE).unwrap().name = "改名社区居委会".into();
        files.iter_mut().find(|l| l.code == "330402008020").unwrap().name = "又改社区居委会".into();
        let outcome = edition(app, 2023, &files);
        assert_eq!(outcome, Outcome { renamed: 1, ..Outcome::default() });
        assert_eq!(id_of(app, "330402907"), town);
        assert!(qianshou::areas::store::by_code(&mut app.connection(), TOWN).unwrap().is_none());
        // A later edition that has the new code agrees with what stands here.
        let recoded = |l: &Listed| {
            let swap = |code: &str| qianshou::areas::model::Code::from(&*code.replacen(TOWN, "330402907", 1));
            Listed { code: swap(&l.code), parent: l.parent.map(|p| swap(&p)), ..l.clone() }
        };
        let later: Vec<Listed> = listed().iter().map(recoded).filter(|l| l.code != "330402008019").collect();
        let outcome = edition(app, 2026, &later);
        assert_eq!((outcome.new, outcome.abolished), (0, 0), "{outcome:?}");
        assert_eq!(codes(app, town).len(), 2);
    }

    async fn an_area_added_here_becomes_official_with_the_edition_that_has_it(app) {
        let command = |arguments: &[&str]| process::Process::command(app, &[], &[]).args(arguments).output().unwrap();
        let added = command(&["areas", "add", "330402007901", "新区社区居委会"]);
        assert!(added.status.success() && text(&added).contains("unofficial"), "{}", text(&added));
        let id = id_of(app, "330402007901");
        let who = app.member().await;
        assert_eq!(who.get("/v1/areas/330402007901").await.expect(200)["official"], false);
        for (arguments, said) in [
            (vec!["330402007901", "再来"], "already"),
            (vec!["330499001901", "孤儿"], "330499001"),
            (vec!["33040", "短码"], "digits"),
            (vec!["330402007902", " 空"], "NAME"),
            (vec!["330402007902", "越级", "--parent", "330402"], "330402"),
        ] {
            let refused = command(&[vec!["areas", "add"], arguments].concat());
            assert!(!refused.status.success() && text(&refused).contains(said), "{}", text(&refused));
        }
        // An edition without it leaves it alone.
        let year = i64::from(app.now().china_day().year()) + 1;
        assert_eq!(edition(app, year, &listed()).abolished, 0);
        assert_eq!(id_of(app, "330402007901"), id);
        let mut files = listed();
        files.push(Listed { level: AreaLevel::Village, code: "330402007901".into(), name: "新区社区居委会".into(), parent: Some(TOWN.into()) });
        edition(app, year + 1, &files);
        assert_eq!(id_of(app, "330402007901"), id);
        assert_eq!(who.get("/v1/areas/330402007901").await.expect(200)["official"], true);
    }

    async fn an_abolished_area_with_records_waits_for_a_person(app) {
        make::registered(&app.member().await).await;
        let files: Vec<Listed> = listed().into_iter().filter(|l| l.code != VILLAGE && l.code != SECOND_VILLAGE).collect();
        assert_eq!(edition(app, 2024, &files), Outcome { abolished: 2, waiting: 1, ..Outcome::default() });
        // Both at one instant: in no order.
        let mut changed = changed(app);
        changed.sort();
        assert_eq!(changed, [("abolish".to_owned(), "applied".to_owned()), ("abolish".to_owned(), "waits_for_person".to_owned())]);
        let coordinator = app.coordinator().await;
        let page = coordinator.get("/v1/area-changes?state=waits_for_person").await.expect(200);
        let at = format!("/v1/area-changes/{}", page["items"][0]["id"].as_str().unwrap());
        assert_eq!(coordinator.get(&at).await.expect(200)["waiting"], json!([{ "kind": "person", "count": 1 }, { "kind": "assignment", "count": 1 }]));
    }

    /// The whole country, by the program, beside a server that goes on answering writes.
    async fn the_whole_country_comes_in_beside_a_running_server(app) {
        let who = app.member().await;
        make::registered(&who).await;
        let mut command = process::Process::command(app, &[], &[]);
        let began = Instant::now();
        let mut child = command
            .args(["import", "areas", assets("divisions").to_str().unwrap()])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let (mut slowest, mut written, mut memory) = (Duration::ZERO, 0, 0);
        while child.try_wait().unwrap().is_none() {
            let asked = Instant::now();
            make::registered(&who).await;
            slowest = slowest.max(asked.elapsed());
            written += 1;
            memory = memory.max(peak(child.id()).unwrap_or(0));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let output = child.wait_with_output().unwrap();
        loud(&format!("the whole country on {:?}: {:?}, {memory} kB, {written} writes beside it, the slowest {slowest:?}", app.backend, began.elapsed()));
        assert!(output.status.success(), "{}", text(&output));
        let said = text(&output);
        assert!(said.contains("665276 areas: 31 provinces, 342 cities, 2978 counties, 41352 towns, 620573 villages (the whole country)"), "{said}");
        // A write's deadline is 1.5 s: none was refused, and none waited for long.
        assert!(written > 10 && slowest < Duration::from_millis(1_500), "{written}: {slowest:?}");
        assert!(memory < 300 << 10, "{memory} kB");
        let c = &mut app.connection();
        for (level, count) in [("province", 31), ("city", 342), ("county", 2_978), ("town", 41_352), ("village", 620_573i64)] {
            let found: i64 = areas::table.filter(areas::level.eq(level)).filter(areas::abolished_on.is_null()).count().get_result(c).unwrap();
            assert_eq!(found, count, "{level}");
        }
        let open: i64 = area_codes::table.filter(area_codes::valid_to.is_null()).count().get_result(c).unwrap();
        assert_eq!(open, 665_276);
        // A town of a city without counties, and a placeholder's counties.
        assert_eq!(who.get("/v1/areas/441900003001").await.expect(200)["path"], json!(["44", "4419", "441900", "441900003"]));
        assert_eq!(who.get("/v1/areas?parent=4290").await.expect(200)["items"].as_array().unwrap().len(), 4);
        // Again: a second's work, and nothing new.
        let again = imported(app);
        assert!(again.contains("it stands here already, nothing was changed"), "{again}");
    }
}

/// An import of the country by the program; what it said.
fn imported(app: &TestApp) -> String {
    let mut command = process::Process::command(app, &[], &[]);
    let output = command
        .args(["import", "areas", assets("divisions").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    text(&output)
}

/// The most memory a process has held so far, in kB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn an_import_that_was_killed_is_repeated_and_no_county_stands_half() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/qianshou.db");
    assert!(
        qianshou(dir.path(), &["migrate"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let target = Target::Sqlite(path.display().to_string());
    let import = [
        "import",
        "areas",
        assets("divisions").to_str().unwrap().to_owned().leak(),
    ];
    let mut child = qianshou(dir.path(), &import)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let count = || {
        areas::table
            .filter(areas::level.eq("village"))
            .count()
            .get_result::<i64>(&mut connect(&target, true).unwrap())
            .unwrap()
    };
    let patience = Instant::now();
    while count() < 5_000 && patience.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((5_000..600_000).contains(&count()), "{}", count());
    let (rows, _) = import::load(&assets("divisions")).unwrap();
    let county = whole(&rows);
    let mut held: HashMap<String, usize> = HashMap::new();
    let counties = diesel::alias!(areas as counties);
    let pairs: Vec<String> = areas::table
        .inner_join(counties.on(counties.field(areas::id).nullable().eq(areas::county)))
        .filter(areas::level.eq_any(["town", "village"]))
        .select(counties.field(areas::code))
        .load(&mut connect(&target, true).unwrap())
        .unwrap();
    pairs
        .into_iter()
        .for_each(|code| *held.entry(code).or_default() += 1);
    assert!(!held.is_empty());
    for (code, found) in held {
        assert_eq!(found, county[&code], "{code} stands half");
    }
}

/// How many towns and villages each county has.
fn whole(rows: &[Listed]) -> HashMap<String, usize> {
    let mut towns: HashMap<&str, &str> = HashMap::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for one in rows {
        let Some(parent) = &one.parent else { continue };
        let county: &str = match one.level {
            AreaLevel::Town => parent,
            AreaLevel::Village => towns[&**parent],
            _ => continue,
        };
        if one.level == AreaLevel::Town {
            towns.insert(&one.code, county);
        }
        *counts.entry(county.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn events_are_rehearsed_applied_and_applied_once_by_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = qianshou(dir.path(), arguments).output().unwrap();
        (output.status.success(), text(&output))
    };
    assert!(run(&["import", "areas", assets("areas-3304").to_str().unwrap()]).0);
    let again = run(&["import", "areas", assets("areas-3304").to_str().unwrap()]);
    assert!(
        again.0 && again.1.contains("nothing was changed"),
        "{}",
        again.1
    );
    let file = dir.path().join("events.csv");
    let rows = |to: &str| {
        format!(
            "kind,effective_on,code,name,to_code,to_name,to_parent,children,source\nrename,2025-03-01,330402,南湖区,,新南湖区,,,公告\nrecode,2025-03-01,{TOWN},,{to},,,,公告\nmerge,2025-04-01,{to},,{OTHER_TOWN},,,,公告\n"
        )
    };
    let at = file.to_str().unwrap().to_owned();
    let name = |code: &str| {
        let target = Target::Sqlite(dir.path().join("data/qianshou.db").display().to_string());
        qianshou::areas::store::by_code(&mut connect(&target, true).unwrap(), code)
            .unwrap()
            .map(|a| a.name)
    };
    // Each row's fault is told, and none of the others is applied.
    std::fs::write(&file, rows(OTHER_TOWN)).unwrap();
    for arguments in [
        vec!["areas", "apply", &at],
        vec!["areas", "apply", &at, "--dry-run"],
    ] {
        let (ok, said) = run(&arguments);
        assert!(
            !ok && said.contains("row 3, to_code") && said.contains("row 4, to_code"),
            "{said}"
        );
        assert_eq!(name("330402").as_deref(), Some("南湖区"));
    }
    std::fs::write(&file, rows("330402907")).unwrap();
    let (ok, said) = run(&["areas", "apply", &at, "--dry-run"]);
    assert!(
        ok && said.contains("3 events would be applied; nothing was changed"),
        "{said}"
    );
    assert_eq!(name("330402").as_deref(), Some("南湖区"));
    let (ok, said) = run(&["areas", "apply", &at]);
    assert!(
        ok && said.contains("3 events applied, 0 before") && said.contains("carried along"),
        "{said}"
    );
    assert_eq!(name("330402").as_deref(), Some("新南湖区"));
    assert_eq!((name(TOWN), name("330402907")), (None, None));
    let (ok, said) = run(&["areas", "apply", &at]);
    assert!(ok && said.contains("0 events applied, 3 before"), "{said}");
    let (ok, said) = run(&["areas", "recode"]);
    assert!(ok && said.contains("0 records"), "{said}");
    assert!(!run(&["areas", "recode", "--at-once", "0"]).0);
    assert!(!run(&["areas", "apply", "nothing.csv"]).0);
}
