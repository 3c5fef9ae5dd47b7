//! Administrative divisions: the real ones of one city.

use crate::both;
use crate::support::*;
use qianshou::areas::import;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, connect};

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

both! {
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
