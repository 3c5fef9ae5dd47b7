//! Frozen years: signed, never changed, corrected by revisions, read by whoever works in one of their areas.

use crate::area_events::{SOURCE, done};
use crate::associations::branch;
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use qianshou::auth::policy::Role;

pub fn year(area: &str) -> String {
    format!("/v1/assessments/2025/areas/{area}")
}

pub async fn frozen(who: &Client, area: &str, because: &str) -> Answer {
    who.post(
        &format!("{}/freeze", year(area)),
        json!({ "because": because }),
    )
    .await
}

pub async fn studied(who: &Client, association: &Value) -> Value {
    let study = json!({ "association_id": association["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2025-03-12" });
    who.post("/v1/studies", study).await.expect(201)
}

/// The bytes of an answer that is no text.
pub async fn bytes(
    who: &Client,
    path: &str,
    language: &str,
) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let request = who.request(reqwest::Method::GET, path);
    let answer = request
        .header("accept-language", language)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    (
        answer.headers().clone(),
        answer.bytes().await.unwrap().to_vec(),
    )
}

both! {
    async fn a_year_that_is_over_is_frozen_and_signed(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.municipal).await;
        b.officer.post(&format!("/v1/assessments/2026/areas/{CITY}/freeze"), json!({ "because": "year_end" })).await.problem(409, "year_runs");
        frozen(&b.officer, CITY, "correction").await.fault("/because", "not_fitting");
        app.user(Role::Officer, COUNTY).await.post(&format!("{}/freeze", year(CITY)), json!({ "because": "year_end" })).await.problem(404, "not_found");
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let document = &made["document"];
        assert_eq!((&made["revision"], &document["as_of"], &document["area"]), (&json!(1), &json!("2025-12-31"), &json!(CITY)));
        // The city, its counties and townships.
        assert_eq!(document["sheets"].as_array().unwrap().len(), 1 + 7 + 72);
        assert_eq!((&document["previous"], &document["scheme_id"]), (&json!(null), &json!(null)));
        let path = at("assessment-snapshots", &made);
        let check = b.officer.get(&format!("{path}/verification")).await.expect(200);
        for (what, holds) in check.as_object().unwrap().iter().filter(|(what, _)| *what != "signer") {
            assert_eq!(holds, &json!(true), "{what}");
        }
        assert_eq!(check["signer"], made["signer"]);
        // Nothing changed: nothing to revise. No other scheme takes the place of the one a city was judged by.
        frozen(&b.officer, CITY, "year_end").await.fault("/because", "not_fitting");
        frozen(&b.officer, CITY, "correction").await.problem(409, "nothing_changed");
        let author = app.user(Role::Administrator, CITY).await;
        let mut scheme = crate::assessment_schemes::scheme("1");
        scheme["year"] = json!(2025);
        let draft = author.post("/v1/assessment-schemes", scheme).await.expect(201);
        let force = format!("{}/entry-into-force", at("assessment-schemes", &draft));
        app.user(Role::Administrator, CITY).await.post(&force, json!({})).await.problem(409, "year_frozen");
        // A correction is a revision that shows what it changes; the first says what it said.
        studied(&b.officer, &b.county).await;
        let again = frozen(&b.officer, CITY, "late_record").await.expect(201);
        assert_eq!((&again["revision"], &again["document"]["previous"]), (&json!(2), &made["digest"]));
        let found = b.officer.get(&format!("{}/differences", at("assessment-snapshots", &again))).await.expect(200);
        let told: Vec<(&str, &str)> = found["items"].as_array().unwrap().iter().map(|d| (d["area"].as_str().unwrap(), d["indicator"].as_str().unwrap())).collect();
        assert_eq!(told, [(COUNTY, "A2"), (COUNTY, "A3")]);
        assert_eq!(b.officer.get(&path).await.expect(200), made);
        assert_eq!(b.officer.get(&format!("{path}/differences")).await.expect(200)["against"], json!(null));
        // Last year beside this one, as it was frozen last.
        let now = b.officer.get(&format!("/v1/assessments/2026/areas/{COUNTY}")).await.expect(200);
        assert_eq!((&now["last_year"]["revision"], &now["last_year"]["year"]), (&json!(2), &json!(2025)));
        assert_eq!(now["last_year"]["snapshot_id"], again["id"]);
        let list = b.officer.get(&format!("/v1/assessment-snapshots?area={CITY}&year=2025")).await.expect(200);
        let revisions: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|s| &s["revision"]).collect();
        assert_eq!(revisions, [2, 1]);
        // Of a village there is no sheet in it.
        app.user(Role::Officer, VILLAGE).await.get(&path).await.problem(404, "not_found");
    }

    async fn whoever_works_in_an_area_reads_verifies_and_prints_its_own_sheet(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.county).await;
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let path = at("assessment-snapshots", &made);
        let sheets = |who: Client, query: &'static str| {
            let path = format!("{path}/sheets?limit=200{query}");
            async move { who.get(&path).await.expect(200)["items"].as_array().unwrap().clone() }
        };
        let all = sheets(b.officer.clone(), "").await;
        assert_eq!(all.len(), 1 + 7 + 72);
        let first = b.officer.get(&format!("{path}/sheets?limit=30")).await.expect(200);
        let next = format!("{path}/sheets?limit=200&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(b.officer.get(&next).await.expect(200)["items"].as_array().unwrap().len(), 50);

        let county = app.user(Role::Officer, COUNTY).await;
        let list = county.get("/v1/assessment-snapshots?year=2025").await.expect(200);
        assert_eq!((&list["items"][0]["id"], list["items"].as_array().unwrap().len()), (&made["id"], 1));
        assert_eq!(county.get(&format!("/v1/assessment-snapshots?area={OTHER_COUNTY}")).await.expect(200)["items"], json!([]));
        assert_eq!(county.get(&path).await.expect(200), made);
        let own = sheets(county.clone(), "").await;
        assert!(own.iter().all(|s| s["result"]["area"].as_str().unwrap().starts_with(COUNTY)) && own.len() > 5, "{own:?}");
        assert_eq!(sheets(county.clone(), "&area=330411").await, Vec::<Value>::new());
        // What the signature answers for is what they hold.
        let mine = own.iter().find(|s| s["result"]["area"] == COUNTY).unwrap();
        let listed = made["document"]["sheets"].as_array().unwrap();
        assert!(listed.iter().any(|s| s["area_id"] == mine["area_id"] && s["digest"] == mine["digest"]));
        let check = county.get(&format!("{path}/verification")).await.expect(200);
        assert_eq!((&check["signature_fits"], &check["sheets_fit"]), (&json!(true), &json!(true)));
        assert_eq!(county.get(&format!("{path}/differences")).await.expect(200)["against"], json!(null));
        // Their own sheet without asking, a part of it by name, and nobody else's.
        let (headers, pdf) = bytes(&county, &format!("{path}/file"), "zh-CN").await;
        assert!(headers["content-disposition"].to_str().unwrap().contains(&format!("assessment-2025-{COUNTY}-r1.pdf")));
        let text = papers::text_of(&pdf);
        assert!(text.contains("330402的协会2025年度考核表") && text.contains(made["digest"].as_str().unwrap()), "{text}");
        assert!(text.contains(TOWN) && !text.contains(OTHER_COUNTY), "{text}");
        county.get(&format!("{path}/file?area={TOWN}&format=csv")).await;
        for other in [OTHER_COUNTY, CITY] {
            county.get(&format!("{path}/file?area={other}")).await.problem(404, "not_found");
        }
        let behind = |area: &str| format!("{path}/areas/{area}/indicators/A2/facts?source=dedicated_studies");
        assert_eq!(county.get(&behind(COUNTY)).await.expect(200)["items"].as_array().unwrap().len(), 1);
        county.get(&behind(OTHER_COUNTY)).await.problem(404, "not_found");
        county.get(&behind(CITY)).await.problem(404, "not_found");
        let town = app.user(Role::Officer, TOWN).await;
        assert_eq!(sheets(town.clone(), "").await.len(), 1);
        bytes(&town, &format!("{path}/file?format=xlsx"), "zh-CN").await;
    }

    async fn a_frozen_figure_opens_to_the_facts_of_that_moment(app) {
        let b = branch(app).await;
        let first = studied(&b.officer, &b.municipal).await;
        let training = json!({ "association_id": b.township["id"], "kind": "training", "title": "骨干培训", "held_on": "2025-04-18", "participants": 20, "hours": 8 });
        let training = b.officer.post("/v1/association-works", training).await.expect(201);
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let frozen_behind = |area: &str, code: &str, source: &str| format!("{}/areas/{area}/indicators/{code}/facts?source={source}", at("assessment-snapshots", &made));
        let live_behind = |area: &str, code: &str, source: &str| format!("{}/indicators/{code}/facts?source={source}", year(area));
        let rows = |path: String| { let officer = b.officer.clone(); async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().clone() } };
        let studies = (CITY, "A2", "dedicated_studies");
        let before = rows(frozen_behind(studies.0, studies.1, studies.2)).await;
        assert_eq!(before, rows(live_behind(studies.0, studies.1, studies.2)).await);
        let works = rows(frozen_behind(TOWN, "G7", "trainings")).await;
        assert_eq!((&works[0]["id"], &works[0]["label"]), (&training["id"], &json!("骨干培训")));
        // Later another is recorded, one is cancelled, and an association is renamed.
        let late = studied(&b.officer, &b.municipal).await;
        let cancel = format!("{}/cancellation", at("association-works", &training));
        let cancelled = b.officer.post(&cancel, json!({ "reason": "duplicate" })).await;
        assert!(cancelled.status < 300, "{cancelled:?}");
        let association = at("associations", &b.municipal);
        let etag = b.officer.get(&association).await.etag();
        b.officer.patch(&association, &etag, json!({ "title": "嘉兴市新协会" })).await.expect(200);
        let live = rows(live_behind(studies.0, studies.1, studies.2)).await;
        assert_eq!(live.iter().map(|r| &r["id"]).collect::<Vec<_>>(), [&late["id"], &first["id"]]);
        assert_eq!(rows(frozen_behind(studies.0, studies.1, studies.2)).await, before);
        assert_eq!(rows(live_behind(TOWN, "G7", "trainings")).await, Vec::<Value>::new());
        assert_eq!(rows(frozen_behind(TOWN, "G7", "trainings")).await, works);
        let titles = rows(frozen_behind(CITY, "B1", "posts_filled")).await;
        assert!(titles.len() >= 4 && titles.iter().all(|r| r["label"] != "嘉兴市新协会"), "{titles:?}");
        // One by one, and of its own kind alone.
        let one = b.officer.get(&format!("{}&limit=1", frozen_behind(CITY, "B1", "posts_filled"))).await.expect(200);
        let next = format!("{}&cursor={}", frozen_behind(CITY, "B1", "posts_filled"), one["next_cursor"].as_str().unwrap());
        let rest = rows(next).await;
        assert_eq!(1 + rest.len(), titles.len());
        assert_eq!(one["items"][0], titles[0]);
        // Of people it opens to the sheets next below.
        let people = rows(frozen_behind(CITY, "F2", "households_insured")).await;
        assert!(people.len() == 7 && people.iter().all(|r| r["kind"] == "area"), "{people:?}");
        // How a village stands is opened for the year that was counted.
        let village = rows(frozen_behind(TOWN, "H1", "villages_self_governing")).await;
        let link = village[0]["link"].as_str().unwrap().to_owned();
        assert!(link.ends_with("?year=2025"), "{link}");
        assert_eq!(b.officer.get(&link).await.expect(200)["village"]["year"], json!(2025));
        // For whoever may read the records.
        let coordinator = app.coordinator().await;
        coordinator.get(&frozen_behind(TOWN, "A4", "vetoes_standing")).await.expect(200);
        coordinator.get(&frozen_behind(TOWN, "G7", "trainings")).await.expect(200);
        b.officer.get(&frozen_behind(CITY, "A2", "trainings")).await.problem(400, "malformed_query");
        b.officer.get(&frozen_behind(CITY, "Z9", "trainings")).await.problem(404, "not_found");
        b.officer.get(&frozen_behind(VILLAGE, "B1", "posts_filled")).await.problem(404, "not_found");
    }

    async fn what_was_no_more_has_no_sheet_and_a_new_code_finds_the_old_one(app) {
        let b = branch(app).await;
        done(app, &format!("merge,2025-06-01,{OTHER_TOWN},,{TOWN},,,,{SOURCE}\n"));
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let listed = made["document"]["sheets"].as_array().unwrap();
        assert_eq!(listed.len(), 1 + 7 + 71);
        assert!(listed.iter().all(|s| s["area"] != OTHER_TOWN));
        // Afterwards the county gets another code: it is the same county.
        done(app, &format!("recode,2026-02-01,{COUNTY},,330499,,,,{SOURCE}\n"));
        let now = b.officer.get("/v1/assessments/2026/areas/330499").await.expect(200);
        assert_eq!((&now["last_year"]["revision"], &now["last_year"]["result"]["area"]), (&json!(1), &json!(COUNTY)));
        for code in ["330499", COUNTY] {
            let sheets = b.officer.get(&format!("{}/sheets?area={code}", at("assessment-snapshots", &made))).await.expect(200);
            assert_eq!(sheets["items"][0]["result"]["area"], COUNTY, "{code}");
        }
        // A township that went elsewhere since is printed where it lay.
        done(app, &format!("transfer,2026-03-01,330499007,,,,{OTHER_COUNTY},,{SOURCE}\n"));
        let file = format!("{}/file?format=csv&area=330499", at("assessment-snapshots", &made));
        let (_, csv) = bytes(&b.officer, &file, "en").await;
        assert!(String::from_utf8(csv).unwrap().contains(&format!(",{TOWN},")));
    }

    async fn the_database_refuses_to_change_a_frozen_year(app) {
        let b = branch(app).await;
        let made = frozen(&b.officer, COUNTY, "year_end").await.expect(201);
        let path = at("assessment-snapshots", &made);
        let mut c = app.connection();
        for sql in [
            "UPDATE assessment_snapshots SET content = '{}'",
            "UPDATE assessment_snapshots SET revision = revision + 1",
            "DELETE FROM assessment_snapshots",
            "UPDATE assessment_snapshot_sheets SET content = '{}'",
            "DELETE FROM assessment_snapshot_sheets",
            "UPDATE assessment_snapshot_facts SET content = '[]'",
            "DELETE FROM assessment_snapshot_facts",
        ] {
            let refused = c.batch_execute(sql).unwrap_err().to_string();
            assert!(refused.contains("a frozen year does not change"), "{sql}: {refused}");
        }
        if !c.is_sqlite() {
            for table in ["assessment_snapshots CASCADE", "assessment_snapshot_sheets", "assessment_snapshot_facts"] {
                assert!(c.batch_execute(&format!("TRUNCATE {table}")).is_err(), "{table}");
            }
        }
        assert_eq!(b.officer.get(&path).await.expect(200), made);
    }

    async fn of_a_year_an_area_has_one_sheet(app) {
        let b = branch(app).await;
        // What is wider is frozen after what lies in it, and takes its place.
        let own = frozen(&b.officer, TOWN, "year_end").await.expect(201);
        frozen(&b.officer, CITY, "year_end").await.expect(201);
        studied(&b.officer, &b.township).await;
        for (area, because) in [(COUNTY, "year_end"), (TOWN, "year_end"), (TOWN, "correction")] {
            frozen(&b.officer, area, because).await.problem(409, "frozen_wider");
        }
        let again = frozen(&b.officer, CITY, "late_record").await.expect(201);
        let list = b.officer.get(&format!("/v1/assessment-snapshots?area={TOWN}&year=2025")).await.expect(200);
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
        assert_eq!((ids[0], ids[2], ids.len()), (&again["id"], &own["id"], 3));
        // A village has no sheet in what is wider.
        frozen(&b.officer, VILLAGE, "year_end").await.expect(201);
    }

    async fn a_year_without_an_association_is_not_frozen(app) {
        let b = branch(app).await;
        let freeze = |year: i64, area: &'static str| {
            let (officer, path) = (b.officer.clone(), format!("/v1/assessments/{year}/areas/{area}/freeze"));
            async move { officer.post(&path, json!({ "because": "year_end" })).await }
        };
        // The tree was founded in 2000, and in another county nobody founded any.
        for (year, area) in [(1990, CITY), (1999, CITY), (1999, COUNTY), (2025, OTHER_COUNTY)] {
            freeze(year, area).await.problem(409, "no_association");
        }
        let closed = qianshou::db::schema::frozen_years::table;
        assert_eq!(closed.count().get_result::<i64>(&mut app.connection()).unwrap(), 0);
        freeze(2000, CITY).await.expect(201);
    }

    async fn whatever_is_recorded_later_changes_no_revision_before(app) {
        let b = branch(app).await;
        let mut kept: Vec<(String, Value)> = Vec::new();
        let associations = [&b.municipal, &b.county, &b.township];
        for round in 0..6 {
            let because = if round == 0 { "year_end" } else { "late_record" };
            let made = frozen(&b.officer, CITY, because).await.expect(201);
            kept.push((at("assessment-snapshots", &made), made));
            for (path, before) in &kept {
                assert_eq!(&b.officer.get(path).await.expect(200), before);
            }
            match round % 2 {
                0 => drop(studied(&b.officer, associations[round / 2]).await),
                _ => {
                    let late = json!({ "association_id": associations[round / 2]["id"], "kind": "training", "title": "骨干培训", "held_on": "2025-04-18", "participants": 20, "hours": 8 });
                    b.officer.post("/v1/association-works", late).await.expect(201);
                }
            }
        }
    }
}
