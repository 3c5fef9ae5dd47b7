//! Schemes: what a year asks, as data that is taken whole or not at all.

use crate::assessment::{outcome, path};
use crate::associations::branch;
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn scheme(least: &str) -> Value {
    json!({ "year": 2026, "document": { "title_zh": "考核方案", "title_en": "Scheme", "total": "100", "indicators": [
        { "code": "A2", "zh": "专题研究", "en": "Studies", "weight": "60.5", "assumed": ["weight"], "levels": ["city", "county", "town"],
          "formula": { "kind": "count", "sources": [{ "source": "dedicated_studies", "targets": [{ "at_least": least }] }] } },
        { "code": "G1", "zh": "先进协会", "en": "Advanced", "weight": "39.5", "assumed": [], "levels": ["city"],
          "formula": { "kind": "ratio", "sources": [{ "source": "grassroots_advanced", "targets": [{ "where": "good", "more_than": "50" }, { "where": "elsewhere", "at_least": "40" }] }] } }
    ] } })
}

both! {
    async fn a_scheme_is_written_by_one_and_put_in_force_by_another(app) {
        let b = branch(app).await;
        let (author, other) = (app.user(Role::Administrator, CITY).await, app.user(Role::Administrator, CITY).await);
        let draft = author.post("/v1/assessment-schemes", scheme("1")).await.expect(201);
        assert_eq!((&draft["state"], &draft["number"], &draft["document"]), (&json!("draft"), &json!(1), &scheme("1")["document"]));
        let study = json!({ "association_id": b.municipal["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2026-03-12" });
        b.officer.post("/v1/studies", study).await.expect(201);
        // A draft holds for nothing.
        assert_eq!(outcome(&b.officer, CITY, "A2").await, "not_met");
        let step = format!("{}/entry-into-force", at("assessment-schemes", &draft));
        author.post(&step, json!({})).await.problem(403, "self_approval");
        b.officer.post(&step, json!({})).await.problem(403, "forbidden_action");
        let held = other.post(&step, json!({})).await.expect(200);
        assert_eq!(held["state"], "in_force");
        assert_eq!(outcome(&b.officer, CITY, "A2").await, "met");
        let whole = b.officer.get(&path(CITY)).await.expect(200);
        assert_eq!((&whole["scheme_id"], &whole["result"]["score"], &whole["result"]["of"]), (&draft["id"], &json!("60.5"), &json!("100")));
        other.post(&step, json!({})).await.problem(409, "state_forbids");
        // Of what holds nothing is changed; another one takes its place.
        let path = at("assessment-schemes", &draft);
        let etag = author.get(&path).await.etag();
        author.patch(&path, &etag, json!({ "document": scheme("2")["document"] })).await.problem(409, "state_forbids");
        let second = author.post("/v1/assessment-schemes", scheme("3")).await.expect(201);
        let etag = author.get(&at("assessment-schemes", &second)).await.etag();
        author.patch(&at("assessment-schemes", &second), &etag, json!({ "document": scheme("2")["document"] })).await.expect(200);
        author.patch(&at("assessment-schemes", &second), &etag, json!({ "document": scheme("2")["document"] })).await.problem(412, "version_conflict");
        other.post(&format!("{}/entry-into-force", at("assessment-schemes", &second)), json!({})).await.expect(200);
        assert_eq!(author.get(&path).await.expect(200)["state"], "replaced");
        assert_eq!(outcome(&b.officer, CITY, "A2").await, "not_met");
        let list = author.get("/v1/assessment-schemes?year=2026").await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
        assert_eq!(author.get("/v1/assessment-schemes?year=2025").await.expect(200)["items"], json!([]));
    }

    async fn what_is_no_scheme_is_refused_by_name_and_nothing_is_stored(app) {
        let author = app.user(Role::Administrator, CITY).await;
        let at = |pointer: &str, value: Value| {
            let mut body = scheme("1");
            *body.pointer_mut(pointer).unwrap() = value;
            let author = author.clone();
            async move { author.post("/v1/assessment-schemes", body).await }
        };
        let first = "/document/indicators/0";
        let source = "/document/indicators/0/formula/sources/0/source";
        let target = "/document/indicators/0/formula/sources/0/targets/0";
        for (pointer, value, wrong, fault) in [
            ("/document/total", json!("99.99"), "/document/total", "sum_differs"),
            ("/document/indicators/1/weight", json!("39.4999"), "/document/total", "sum_differs"),
            ("/document/indicators/1/weight", json!("-1"), "/document/indicators/1/weight", "bad_pattern"),
            ("/document/indicators/1/code", json!("A2"), "/document/indicators/1/code", "repeated"),
            (source, json!("nothing_such"), source, "no_such_source"),
            (source, json!("posts_filled"), source, "wrong_kind"),
            (target, json!({ "at_least": "9999999999999" }), "/document/indicators/0/formula/sources/0/targets/0/at_least", "out_of_range"),
            (target, json!({ "at_least": "3", "at_most": "2" }), "/document/indicators/0/formula/sources/0/targets/0/at_most", "bad_order"),
            (target, json!({}), target, "required"),
            ("/document/indicators/0/levels", json!([]), "/document/indicators/0/levels", "too_short"),
            ("/document/indicators/1/levels", json!(["village"]), "/document/indicators/1/formula/sources/0/source", "wrong_level"),
            ("/document/indicators/0/formula/kind", json!("regression"), "/document/indicators/0/formula/kind", "not_one_of"),
            (first, json!({ "code": "A2" }), "/document/indicators/0/zh", "required"),
        ] {
            at(pointer, value).await.fault(wrong, fault);
        }
        at("/document/indicators/0", json!({ "code": "A2", "expression": "1+1" })).await.problem(422, "unknown_field");
        assert_eq!(author.get("/v1/assessment-schemes").await.expect(200)["items"], json!([]));
        let officer = app.user(Role::Officer, CITY).await;
        officer.post("/v1/assessment-schemes", scheme("1")).await.problem(403, "forbidden_action");
        // What is offered is what may be named, and the guide's own names nothing else.
        let sources = officer.get("/v1/assessment-sources").await.expect(200);
        let names: Vec<&Value> = sources["items"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
        let guide = officer.get("/v1/assessment-schemes/built-in").await.expect(200);
        for indicator in guide["indicators"].as_array().unwrap() {
            for clause in indicator["formula"]["sources"].as_array().unwrap() {
                assert!(names.contains(&&clause["source"]), "{clause}");
            }
        }
        // The guide's own is a scheme like any other.
        let copy = author.post("/v1/assessment-schemes", json!({ "year": 2027, "document": guide })).await.expect(201);
        assert_eq!(copy["document"], guide);
    }
}
