//! One-vote vetoes: recorded from above, appealed against by the association, decided by somebody who did neither.

use crate::assessment::{YEAR, of, result};
use crate::associations::{branch, founded};
use crate::both;
use crate::support::make::{at, renewed};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;
use qianshou::db::schema::assessment_vetoes;

both! {
    async fn a_veto_is_appealed_against_and_lifted_by_somebody_else(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let body = json!({ "association_id": b.county["id"], "year": YEAR, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        let with = |changes: Value| { let mut b = body.clone(); for (k, v) in changes.as_object().unwrap() { b[k] = v.clone(); } b };
        own.post("/v1/assessment-vetoes", body.clone()).await.problem(403, "self_approval");
        for (changes, pointer, fault) in [
            (json!({ "reasons": [] }), "/reasons", "too_short"),
            (json!({ "reasons": ["care", "care"] }), "/reasons/1", "repeated"),
            (json!({ "decided_on": "2025-11-01" }), "/decided_on", "bad_order"),
            (json!({ "decided_on": "2099-11-01" }), "/decided_on", "in_the_future"),
            (json!({ "statement": "" }), "/statement", "too_short"),
        ] {
            b.officer.post("/v1/assessment-vetoes", with(changes)).await.fault(pointer, fault);
        }
        let veto = b.officer.post("/v1/assessment-vetoes", body.clone()).await.expect(201);
        b.officer.post("/v1/assessment-vetoes", body.clone()).await.problem(409, "veto_exists");
        let step = |name: &str| format!("{}/{name}", at("assessment-vetoes", &veto));
        let lifted = |outcome: &str| json!({ "settled_on": "2026-11-20", "outcome": outcome, "answer": "经复核，撤销。" });
        let second = app.user(Role::Officer, CITY).await;
        second.post(&step("appeal-decision"), lifted("lifted")).await.problem(409, "state_forbids");
        own.post(&step("appeal"), json!({ "appealed_on": "2026-10-01", "appeal": "已配齐。" })).await.fault("/appealed_on", "bad_order");
        // There is one appeal: neither who recorded the veto nor a colleague uses it up.
        let appeal = json!({ "appealed_on": "2026-11-05", "appeal": "没有意见。" });
        b.officer.post(&step("appeal"), appeal.clone()).await.problem(403, "self_approval");
        let double = app.user_with(&[(Role::Officer, COUNTY), (Role::Officer, CITY)]).await;
        for colleague in [&second, &double] {
            colleague.post(&step("appeal"), appeal.clone()).await.problem(403, "not_their_own");
        }
        let appealed = own.post(&step("appeal"), json!({ "appealed_on": "2026-11-10", "appeal": "班子已配齐，请复核。" })).await.expect(200);
        assert_eq!((&appealed["state"], &appealed["appeal"]), (&json!("appealed"), &json!("班子已配齐，请复核。")));
        // It stands until that is decided.
        assert_eq!(of(&result(&own, COUNTY).await, "A4")["outcome"], "not_met");
        b.officer.post(&step("appeal-decision"), lifted("lifted")).await.problem(403, "self_approval");
        for judge in [&own, &double] {
            judge.post(&step("appeal-decision"), lifted("lifted")).await.problem(403, "self_approval");
        }
        let settled = second.post(&step("appeal-decision"), lifted("lifted")).await.expect(200);
        assert_eq!((&settled["state"], &settled["outcome"]), (&json!("settled"), &json!("lifted")));
        let county = result(&own, COUNTY).await;
        assert_eq!((&of(&county, "A4")["outcome"], &county["vetoed"]), (&json!("met"), &json!(false)));
        // What was lifted is none: another may follow it, and that one stands.
        let again = with(json!({ "decided_on": "2026-11-25" }));
        let again = b.officer.post("/v1/assessment-vetoes", again.clone()).await.expect(201);
        b.officer.post("/v1/assessment-vetoes", body.clone()).await.problem(409, "veto_exists");
        assert_eq!(result(&own, COUNTY).await["vetoed"], json!(true));
        let list = own.get(&format!("/v1/assessment-vetoes?year={YEAR}")).await.expect(200);
        let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|v| &v["id"]).collect();
        assert_eq!(ids, [&again["id"], &veto["id"]]);
    }

    async fn who_appealed_does_not_decide_wherever_they_work_now(app) {
        let b = branch(app).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let body = json!({ "association_id": b.county["id"], "year": YEAR, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        let veto = b.officer.post("/v1/assessment-vetoes", body).await.expect(201);
        let step = |name: &str| format!("{}/{name}", at("assessment-vetoes", &veto));
        own.post(&step("appeal"), json!({ "appealed_on": "2026-11-10", "appeal": "班子已配齐，请复核。" })).await.expect(200);
        // They work for the city from now on, and for the county no more.
        let assignments = format!("/v1/users/{}/assignments", own.id);
        let held = admin.get(&assignments).await.expect(200)["items"][0].clone();
        admin.post(&assignments, json!({ "role": "officer", "area": CITY })).await.expect(201);
        let one = format!("{assignments}/{}", held["id"].as_str().unwrap());
        admin.delete(&one).await.expect(204);
        app.advance(qianshou::db::Micros::MINUTE);
        let promoted = renewed(app, &own);
        let decision = json!({ "settled_on": "2026-11-20", "outcome": "lifted", "answer": "经复核，撤销。" });
        promoted.post(&step("appeal-decision"), decision.clone()).await.problem(403, "self_approval");
        // The database holds to it as well.
        let id: Uid = veto["id"].as_str().unwrap().parse().unwrap();
        let mut c = app.connection();
        for by in [own.id, b.officer.id] {
            let settled = diesel::update(assessment_vetoes::table.find(id)).set(assessment_vetoes::settled_by.eq(by)).execute(&mut c);
            assert!(settled.is_err(), "{settled:?}");
        }
        app.user(Role::Officer, CITY).await.post(&step("appeal-decision"), decision).await.expect(200);
    }

    async fn a_veto_that_no_indicator_counts_is_not_recorded(app) {
        let b = branch(app).await;
        let (author, other) = (app.user(Role::Administrator, CITY).await, app.user(Role::Administrator, CITY).await);
        let veto = |association: &Value| json!({ "association_id": association["id"], "year": YEAR, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        let in_force = |scheme: Value| {
            let (author, other) = (author.clone(), other.clone());
            async move {
                let draft = author.post("/v1/assessment-schemes", scheme).await.expect(201);
                other.post(&format!("{}/entry-into-force", at("assessment-schemes", &draft)), json!({})).await.expect(200);
            }
        };
        in_force(crate::assessment_schemes::scheme("1")).await;
        b.officer.post("/v1/assessment-vetoes", veto(&b.county)).await.problem(409, "veto_not_asked");
        // One that asks at the county's level alone.
        let mut scheme = crate::assessment_schemes::scheme("1");
        let a4 = json!({ "code": "A4", "zh": "一票否决", "en": "Veto", "weight": "0", "assumed": [], "levels": ["county"],
            "formula": { "kind": "recorded_decision", "sources": [{ "source": "vetoes_standing" }] } });
        scheme["document"]["indicators"].as_array_mut().unwrap().push(a4);
        in_force(scheme).await;
        b.officer.post("/v1/assessment-vetoes", veto(&b.township)).await.problem(409, "veto_not_asked");
        b.officer.post("/v1/assessment-vetoes", veto(&b.county)).await.expect(201);
        assert_eq!(result(&b.officer, COUNTY).await["vetoed"], json!(true));
    }

    async fn who_is_not_assessed_is_not_vetoed(app) {
        let b = branch(app).await;
        for kind in ["enterprise", "market", "floating_population"] {
            let one = founded(&b.officer, kind, TOWN, Some(&b.township)).await;
            let body = json!({ "association_id": one["id"], "year": YEAR, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
            b.officer.post("/v1/assessment-vetoes", body).await.fault("/association_id", "not_fitting");
        }
    }
}
