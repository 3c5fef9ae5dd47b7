//! Administrative divisions: the real ones of one city.

use crate::both;
use crate::support::*;
use diesel::prelude::*;
use qianshou::areas::editions_store::{self, Edition, Outcome};
use qianshou::areas::import::{self, Listed};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{area_changes, area_codes, areas};
use qianshou::db::{Micros, Uid, connect};

#[test]
fn the_files_hold_one_whole_city() {
    let (rows, counts) = import::load(&assets("areas-3304")).unwrap();
    assert_eq!(
        (counts.counties, counts.towns, counts.villages),
        (7, 72, 1202)
    );
    assert_eq!(rows.len(), counts.total());
}

#[test]
fn a_file_with_an_orphan_or_a_bad_code_is_refused_by_line() {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(assets("areas-3304")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let streets = dir.path().join("streets.csv");
    let good = std::fs::read_to_string(&streets).unwrap();
    std::fs::write(
        &streets,
        format!("{good}999999001,孤儿街道,999999,99,9999\n"),
    )
    .unwrap();
    assert!(import::load(dir.path()).unwrap_err().contains("999999"));
    std::fs::write(
        &streets,
        format!("{good}33040A001,坏码街道,330402,33,3304\n"),
    )
    .unwrap();
    assert!(import::load(dir.path()).unwrap_err().contains("line 74"));
}

fn listed() -> Vec<Listed> {
    import::load(&assets("areas-3304")).unwrap().0
}

/// Imports these files as the edition of a year.
fn edition(app: &TestApp, year: i64, listed: &[Listed]) -> Result<Outcome, String> {
    let edition = Edition {
        year,
        source: "test",
        at: app.now(),
    };
    editions_store::store(&mut app.connection(), listed, &edition, |_| ())
}

fn id_of(app: &TestApp, code: &str) -> Uid {
    areas::table
        .filter(areas::code.eq(code.to_owned()))
        .filter(areas::abolished_on.is_null())
        .select(areas::id)
        .first(&mut app.connection())
        .unwrap()
}

/// The kinds and states of an area's changes.
fn changes(app: &TestApp, area: Uid) -> Vec<(String, String)> {
    area_changes::table
        .filter(area_changes::from_area.eq(area))
        .select((area_changes::kind, area_changes::state))
        .order(area_changes::kind)
        .load(&mut app.connection())
        .unwrap()
}

both! {
    async fn a_later_edition_renames_adds_and_abolishes(app) {
        let who = app.member().await;
        let resident = make::registered(&who).await;
        let (town, other, village) = (id_of(app, TOWN), id_of(app, OTHER_TOWN), id_of(app, VILLAGE));
        let lost = id_of(app, SECOND_VILLAGE);
        let mut files = listed();
        let before = files.len();
        // A town is gone with its villages, a village alone; a town has a new name, and there is a new one.
        let below_other = files.iter().filter(|l| l.code.starts_with(OTHER_TOWN)).count();
        files.retain(|l| !l.code.starts_with(OTHER_TOWN) && l.code != SECOND_VILLAGE);
        files.iter_mut().find(|l| l.code == TOWN).unwrap().name = "新建设街道".into();
        let at = files.iter().position(|l| l.code.len() == 12).unwrap();
        let new = |code: &str, name: &str, parent: &str| Listed { level: qianshou::areas::model::AreaLevel::of_code(code).unwrap(), code: code.into(), name: name.into(), parent: Some(parent.into()) };
        files.insert(at, new("330402099", "新设街道", COUNTY));
        files.push(new("330402099001", "新设社区居委会", "330402099"));
        let wanted = Outcome { new: 2, renamed: 1, abolished: below_other + 1, waiting: 0 };
        assert_eq!(edition(app, 2024, &files).unwrap(), wanted);
        assert_eq!((id_of(app, TOWN), id_of(app, VILLAGE)), (town, village), "ids stay");
        assert_eq!(changes(app, town), [("rename".to_owned(), "applied".to_owned())]);
        assert_eq!(changes(app, other), [("abolish".to_owned(), "applied".to_owned())]);
        assert_eq!(changes(app, lost), [("abolish".to_owned(), "applied".to_owned())]);
        let names: Vec<(i64, String)> = area_codes::table.filter(area_codes::area_id.eq(town)).select((area_codes::edition, area_codes::name)).order(area_codes::edition).load(&mut app.connection()).unwrap();
        assert_eq!(names, [(2023, "建设街道".to_owned()), (2024, "新建设街道".to_owned())]);
        // Files of one city name all provinces and nothing of the others.
        assert_eq!(who.get("/v1/areas").await.expect(200)["items"].as_array().unwrap().len(), 31);
        let towns = who.get("/v1/areas?parent=330402&limit=200").await.expect(200);
        let codes: Vec<_> = towns["items"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap()).collect();
        assert!(codes.contains(&"330402099") && !codes.contains(&OTHER_TOWN));
        // What was is still found, and what is new is not placed there.
        let gone = who.get(&format!("/v1/areas/{OTHER_TOWN}")).await.expect(200);
        assert!(gone["abolished_on"].is_string());
        who.get(&make::at("residents", &resident)).await.expect(200);
        who.post("/v1/residents", make::resident_with(json!({ "area": SECOND_VILLAGE }))).await.fault("/area", "no_such_area");
        // Again: nothing more.
        let again = Outcome::default();
        assert_eq!(edition(app, 2024, &files).unwrap(), again);
        // An abolished code goes to another area.
        files.push(new(SECOND_VILLAGE, "新瓶山社区居委会", TOWN));
        assert_eq!(edition(app, 2025, &files).unwrap(), Outcome { new: 1, ..Outcome::default() });
        assert_ne!(id_of(app, SECOND_VILLAGE), lost);
        assert_eq!(who.get(&format!("/v1/areas/{SECOND_VILLAGE}")).await.expect(200)["name"], "新瓶山社区居委会");
        // The old files would undo it all.
        let refused = edition(app, 2023, &listed()).unwrap_err();
        assert!(refused.contains("older") && refused.contains("2023"), "{refused}");
        assert_eq!(listed().len(), before);
        assert_eq!(who.get(&format!("/v1/areas/{TOWN}")).await.expect(200)["name"], "新建设街道");
    }

    async fn an_area_that_the_files_put_elsewhere_waits_for_a_person(app) {
        let mut files = listed();
        files.iter_mut().find(|l| l.code == TOWN).unwrap().parent = Some(OTHER_COUNTY.into());
        assert_eq!(edition(app, 2024, &files).unwrap(), Outcome { waiting: 1, ..Outcome::default() });
        let town = id_of(app, TOWN);
        assert_eq!(changes(app, town), [("transfer".to_owned(), "waits_for_person".to_owned())]);
        let who = app.member().await;
        assert_eq!(who.get(&format!("/v1/areas/{VILLAGE}")).await.expect(200)["path"][2], COUNTY);
    }

    async fn the_path_comes_from_the_parents(app) {
        let mut files = listed();
        let at = files.iter().position(|l| l.code.len() == 12).unwrap();
        // The digits say 330402; the area lies in 330411.
        files.insert(at, Listed { level: qianshou::areas::model::AreaLevel::Town, code: "330402098".into(), name: "飞地街道".into(), parent: Some(OTHER_COUNTY.into()) });
        edition(app, 2024, &files).unwrap();
        let who = app.member().await;
        assert_eq!(who.get("/v1/areas/330402098").await.expect(200)["path"], json!(["33", "3304", OTHER_COUNTY]));
        let found = |parent: &'static str| { let who = who.clone(); async move { who.get(&format!("/v1/areas?q=飞地&parent={parent}")).await.expect(200)["items"].as_array().unwrap().len() } };
        assert_eq!((found(OTHER_COUNTY).await, found(COUNTY).await, found("33").await), (1, 0, 1));
    }

    async fn the_etag_changes_with_the_name(app) {
        let who = app.member().await;
        let path = format!("/v1/areas/{TOWN}");
        let ask = |etag: String| Answer::of(who.request(reqwest::Method::GET, &path).header("if-none-match", etag));
        let before = who.get(&path).await.etag();
        assert_eq!(ask(before.clone()).await.status, 304);
        let mut files = listed();
        // As many bytes as before.
        files.iter_mut().find(|l| l.code == TOWN).unwrap().name = "解放街道".into();
        edition(app, 2024, &files).unwrap();
        let changed = ask(before.clone()).await;
        assert_ne!(changed.etag(), before);
        assert_eq!(changed.expect(200)["name"], "解放街道");
    }

    async fn a_search_is_of_two_characters_and_goes_on_where_it_stopped(app) {
        let who = app.member().await;
        who.get("/v1/areas?q=社").await.problem(400, "malformed_query");
        who.get("/v1/areas?q=社&parent=3304").await.problem(400, "malformed_query");
        let found = who.get("/v1/areas?q=百福弄").await.expect(200);
        assert_eq!((found["items"][0]["code"].as_str(), &found["next_cursor"]), (Some(VILLAGE), &Value::Null));
        // A window without a hit leads on to the next one.
        let c = &mut app.connection();
        let (start, province) = (areas::table.filter(areas::code.eq("33")).select(areas::id).first::<Uid>(c).unwrap(), "33");
        let filler: Vec<_> = (0..qianshou::areas::store::WINDOW).map(|n| format!("{province}00{:08}", n)).collect();
        c.transaction::<_, diesel::result::Error, _>(|c| {
            for chunk in filler.chunks(2000) {
                let rows: Vec<_> = chunk.iter().map(|code| qianshou::areas::model::AreaRow {
                    id: Uid::new(Micros(1)), level: qianshou::areas::model::AreaLevel::Village, code: code.clone(), name: "无名村委会".into(),
                    parent_id: Some(start), province: start, city: None, county: None, town: None, village: None, official: false, abolished_on: None,
                }).collect();
                qianshou::each_backend!(c, |c| diesel::insert_into(areas::table).values(&rows).execute(c))?;
            }
            Ok(())
        }).unwrap();
        let started = std::time::Instant::now();
        let first = who.get("/v1/areas?q=百福弄").await.expect(200);
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!(first["items"], json!([]));
        let second = who.get(&format!("/v1/areas?q=百福弄&cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((second["items"][0]["code"].as_str(), &second["next_cursor"]), (Some(VILLAGE), &Value::Null));
    }

    async fn children_search_and_the_path_of_a_code(app) {
        let who = app.user(Role::CampaignOrganiser, CITY).await;
        let counties = who.get("/v1/areas?parent=3304").await.expect(200);
        assert_eq!(counties["items"].as_array().unwrap().len(), 7);
        assert_eq!(counties["items"][0]["name"], "南湖区");
        let village = who.get(&format!("/v1/areas/{VILLAGE}")).await.expect(200);
        assert_eq!(village["path"], json!(["33", "3304", "330402", "330402007"]));
        assert_eq!((village["level"].as_str(), village["name"].as_str()), (Some("village"), Some("百福弄社区居委会")));
        let found = who.get("/v1/areas?q=解放&parent=330402").await.expect(200);
        assert!(found["items"].as_array().unwrap().iter().any(|a| a["code"] == OTHER_TOWN));
        assert!(found["items"].as_array().unwrap().iter().all(|a| a["code"].as_str().unwrap().starts_with("330402")));
        who.get("/v1/areas/330499").await.problem(404, "not_found");
        who.get("/v1/areas?parent=330499").await.problem(404, "not_found");
        who.get("/v1/areas?parent=x").await.problem(400, "malformed_query");
    }

    async fn long_lists_come_in_pages(app) {
        let who = app.member().await;
        let (mut seen, mut path) = (Vec::new(), "/v1/areas?parent=3304&q=社区&limit=100".to_owned());
        loop {
            let page = who.get(&path).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/areas?parent=3304&q=社区&limit=100&cursor={next}");
        }
        assert!(seen.len() > 200 && seen.windows(2).all(|w| w[0] < w[1]));
    }

    async fn importing_again_changes_nothing(app) {
        let target = app.data.db.target().clone();
        let mut c = connect(&target, true).unwrap();
        let (mut rows, _) = import::load(&assets("areas-3304")).unwrap();
        rows[40].name = "改名街道".into();
        import::store(&mut c, &rows, Micros(1), "again", |_| ()).unwrap();
        let who = app.member().await;
        assert_eq!(who.get("/v1/areas?parent=3304").await.expect(200)["items"].as_array().unwrap().len(), 7);
        assert_eq!(who.get(&format!("/v1/areas/{}", rows[40].code)).await.expect(200)["name"], "改名街道");
    }
}
