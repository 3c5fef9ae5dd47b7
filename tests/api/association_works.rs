//! What associations did: each kind with its own figures.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn training(association: &Value) -> Value {
    json!({ "association_id": association["id"], "kind": "training", "title": "骨干培训", "held_on": "2026-04-18", "participants": 60, "hours": 8 })
}

both! {
    async fn each_kind_is_recorded_with_its_own_figures(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let of = |kind: &str, figures: Value| {
            let mut body = json!({ "association_id": township["id"], "kind": kind, "title": "年度工作", "held_on": "2026-04-18" });
            for (key, value) in figures.as_object().unwrap() { body[key] = value.clone(); }
            let officer = officer.clone();
            async move { officer.post("/v1/association-works", body).await }
        };
        for (kind, figures) in [
            ("deployment", json!({})), ("inspection", json!({ "participants": 12 })), ("assessment", json!({})),
            ("commendation", json!({ "groups_commended": 6, "people_commended": 0 })),
            ("training", json!({ "participants": 60, "hours": 8 })), ("two_for_two", json!({ "participants": 200 })),
            ("publicity", json!({ "channel": "television", "outlet": "南湖电视台", "link": "https://example.org/news" })),
        ] {
            let made = of(kind, figures.clone()).await.expect(201);
            assert_eq!((&made["kind"], &made["state"]), (&json!(kind), &json!("recorded")));
            for (key, value) in figures.as_object().unwrap() { assert_eq!(&made[key], value); }
        }
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (kind, figures, pointer, fault) in [
            ("training", json!({ "participants": 60 }), "/hours", "required"),
            ("training", json!({ "participants": 0, "hours": 8 }), "/participants", "out_of_range"),
            ("commendation", json!({ "groups_commended": 6 }), "/people_commended", "required"),
            ("commendation", json!({ "groups_commended": 0, "people_commended": 0 }), "/groups_commended", "out_of_range"),
            ("deployment", json!({ "hours": 8 }), "/hours", "not_fitting"),
            ("publicity", json!({ "outlet": "南湖电视台" }), "/channel", "required"),
            ("publicity", json!({ "channel": "radio", "outlet": "南湖电台", "participants": 3 }), "/participants", "not_fitting"),
            ("publicity", json!({ "channel": "smoke", "outlet": "南湖电台" }), "/channel", "not_one_of"),
            ("banquet", json!({}), "/kind", "not_one_of"),
            ("deployment", json!({ "held_on": tomorrow }), "/held_on", "in_the_future"),
            ("deployment", json!({ "held_on": "1999-01-01" }), "/held_on", "bad_order"),
            ("deployment", json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/association_id", "no_such_record"),
        ] {
            of(kind, figures).await.fault(pointer, fault);
        }
        let listed = |query: &str| { let (officer, path) = (officer.clone(), format!("/v1/association-works?{query}")); async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().len() } };
        assert_eq!((listed("year=2026").await, listed("year=2025").await, listed("kind=training").await), (7, 0, 1));
        officer.get("/v1/association-works?year=20xx").await.problem(400, "malformed_query");
        let here = app.user(Role::Officer, VILLAGE).await;
        here.post("/v1/association-works", training(&township)).await.fault("/association_id", "no_such_record");
        here.post("/v1/association-works", training(&village)).await.expect(201);
        assert_eq!(app.member().await.get("/v1/association-works").await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn what_was_recorded_is_amended_and_cancelled(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let made = officer.post("/v1/association-works", training(&township)).await.expect(201);
        let path = at("association-works", &made);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "hours": null })).await.fault("/hours", "required");
        officer.patch(&path, &etag, json!({ "channel": "radio" })).await.fault("/channel", "not_fitting");
        officer.patch(&path, &etag, json!({ "held_on": "1999-01-01" })).await.fault("/held_on", "bad_order");
        let changed = officer.patch(&path, &etag, json!({ "participants": 58 })).await.expect(200);
        assert_eq!((&changed["participants"], &changed["hours"], &changed["version"]), (&json!(58), &json!(8), &json!(2)));
        officer.patch(&path, &etag, json!({ "participants": 57 })).await.problem(412, "version_conflict");
        let cancel = format!("{path}/cancellation");
        officer.post(&cancel, json!({ "reason": "regret" })).await.fault("/reason", "not_one_of");
        let gone = officer.post(&cancel, json!({ "reason": "duplicate" })).await.expect(200);
        assert_eq!((&gone["state"], &gone["cancelled_because"]), (&json!("cancelled"), &json!("duplicate")));
        officer.post(&cancel, json!({ "reason": "duplicate" })).await.problem(409, "state_forbids");
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "participants": 57 })).await.problem(409, "state_forbids");
        assert_eq!(officer.get("/v1/association-works").await.expect(200)["items"], json!([]));
        assert_eq!(officer.get("/v1/association-works?state=cancelled").await.expect(200)["items"][0]["id"], made["id"]);
    }
}
