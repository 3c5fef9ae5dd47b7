//! Ratings: decisions of people, from above, with reasons, an appeal, and what follows.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn rating(association: &Value) -> Value {
    json!({ "association_id": association["id"], "year": 2025, "grade": "backward", "decided_by": "higher_association", "decided_on": "2026-01-20", "reasons": ["activities", "member_home"] })
}

both! {
    async fn a_rating_comes_from_above_with_its_reasons(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        let own = app.user(Role::Officer, TOWN).await;
        own.post("/v1/ratings", rating(&township)).await.problem(403, "self_approval");
        // A township's officer is above the village, a city's above the township; above the city is nobody here.
        let made = own.post("/v1/ratings", rating(&village)).await.expect(201);
        assert_eq!((&made["grade"], &made["decided"], &made["state"], &made["allowed_actions"]), (&json!("backward"), &json!("backward"), &json!("decided"), &json!(["appeal", "consequence"])));
        officer.post("/v1/ratings", rating(&township)).await.expect(201);
        officer.post("/v1/ratings", rating(&municipal)).await.problem(403, "self_approval");
        own.post("/v1/ratings", rating(&village)).await.problem(409, "already_rated");
        let with = |changes: Value| { let mut b = rating(&village); b["year"] = json!(2024); for (k, v) in changes.as_object().unwrap() { b[k] = v.clone(); } b };
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "reasons": [] }), "/reasons", "too_short"),
            (json!({ "reasons": ["care", "care"] }), "/reasons/1", "repeated"),
            (json!({ "reasons": ["mood"] }), "/reasons/0", "not_one_of"),
            (json!({ "grade": "best" }), "/grade", "not_one_of"),
            (json!({ "decided_on": tomorrow }), "/decided_on", "in_the_future"),
            (json!({ "decided_on": "2023-12-31" }), "/decided_on", "bad_order"),
            (json!({ "year": 1999 }), "/year", "bad_order"),
            (json!({ "year": 1899 }), "/year", "out_of_range"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/association_id", "no_such_record"),
        ] {
            own.post("/v1/ratings", with(changes)).await.fault(pointer, fault);
        }
        // It is public where the association is, and nowhere else.
        let member = app.member().await;
        assert_eq!(member.get("/v1/ratings?year=2025&grade=backward").await.expect(200)["items"], json!([made]));
        member.get("/v1/ratings?year=x").await.problem(400, "malformed_query");
        app.user(Role::Officer, OTHER_TOWN).await.get(&at("ratings", &made)).await.problem(404, "not_found");
        let entries = app.user(Role::Auditor, VILLAGE).await.get("/v1/audit-entries?action=rating.decide").await.expect(200);
        assert_eq!((&entries["items"][0]["record_id"], &entries["items"][0]["facts"]["to"]), (&made["id"], &json!("backward")));
    }

    async fn an_appeal_is_decided_by_somebody_else(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let (town, colleague, own) = (app.user(Role::Officer, TOWN).await, app.user(Role::Officer, TOWN).await, app.user(Role::Officer, VILLAGE).await);
        let made = town.post("/v1/ratings", rating(&village)).await.expect(201);
        let step = |name: &str| format!("{}/{name}", at("ratings", &made));
        let appeal = |on: &str| json!({ "appealed_on": on, "appeal": "会员之家已建成，请复核。" });
        let decision = |on: &str, grade: Value| { let mut b = json!({ "settled_on": on, "answer": "经复核，予以调整。" }); if !grade.is_null() { b["grade"] = grade; } b };
        let withheld = |on: &str| json!({ "decided_on": on, "awards_withheld": true });
        colleague.post(&step("appeal-decision"), decision("2026-02-20", json!(null))).await.problem(409, "state_forbids");
        // What follows is decided from above, on its own.
        own.post(&step("consequence"), withheld("2026-02-01")).await.problem(403, "self_approval");
        town.post(&step("consequence"), withheld("2026-01-19")).await.fault("/decided_on", "bad_order");
        let follows = town.post(&step("consequence"), withheld("2026-02-01")).await.expect(200);
        assert_eq!((&follows["awards_withheld"], &follows["awards_decided_on"]), (&json!(true), &json!("2026-02-01")));
        // Another decision stands beside the first, which stays; not before it, and not the same once more.
        let decided = |on: &str, withheld: bool| json!({ "decided_on": on, "awards_withheld": withheld });
        town.post(&step("consequence"), withheld("2026-02-01")).await.fault("/awards_withheld", "not_fitting");
        town.post(&step("consequence"), decided("2026-01-31", false)).await.fault("/decided_on", "bad_order");
        let second = colleague.post(&step("consequence"), decided("2026-02-01", false)).await.expect(200);
        let all = |rating: &Value| rating["consequences"].as_array().unwrap().iter().map(|c| (c["awards_withheld"].clone(), c["registered_by"].clone())).collect::<Vec<_>>();
        let both = [(json!(true), json!(town.id)), (json!(false), json!(colleague.id))];
        assert_eq!((&second["awards_withheld"], all(&second)), (&json!(false), both.to_vec()));
        assert_eq!(all(&town.get("/v1/ratings").await.expect(200)["items"][0]), both);
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        own.post(&step("appeal"), appeal(&tomorrow)).await.fault("/appealed_on", "in_the_future");
        own.post(&step("appeal"), appeal("2026-01-19")).await.fault("/appealed_on", "bad_order");
        own.post(&step("appeal"), json!({ "appealed_on": "2026-02-01" })).await.fault("/appeal", "required");
        let appealed = own.post(&step("appeal"), appeal("2026-02-02")).await.expect(200);
        assert_eq!((&appealed["state"], &appealed["appeal"], &appealed["allowed_actions"]), (&json!("appealed"), &json!("会员之家已建成，请复核。"), &json!(["appeal_decision"])));
        own.post(&step("appeal"), appeal("2026-02-02")).await.problem(409, "state_forbids");
        town.post(&step("consequence"), withheld("2026-02-03")).await.problem(409, "state_forbids");
        // Not by who recorded it, and not by the association itself.
        town.post(&step("appeal-decision"), decision("2026-02-20", json!("ordinary"))).await.problem(403, "self_approval");
        own.post(&step("appeal-decision"), decision("2026-02-20", json!("ordinary"))).await.problem(403, "self_approval");
        colleague.post(&step("appeal-decision"), decision("2026-02-01", json!("ordinary"))).await.fault("/settled_on", "bad_order");
        colleague.post(&step("appeal-decision"), decision("2026-02-20", json!("backward"))).await.fault("/grade", "not_fitting");
        let settled = colleague.post(&step("appeal-decision"), decision("2026-02-20", json!("ordinary"))).await.expect(200);
        assert_eq!((&settled["grade"], &settled["decided"], &settled["outcome"], &settled["state"]), (&json!("ordinary"), &json!("backward"), &json!("changed"), &json!("settled")));
        // With the grade goes what followed from it; that it was decided is not forgotten.
        assert_eq!(all(&settled), both);
        assert_eq!((&settled["awards_withheld"], &settled["allowed_actions"]), (&json!(null), &json!([])));
        town.post(&step("consequence"), withheld("2026-03-01")).await.problem(409, "state_forbids");
        own.post(&step("appeal"), appeal("2026-03-01")).await.problem(409, "state_forbids");
        // Upheld, it stays what it is, and something may follow.
        let mut body = rating(&village);
        body["year"] = json!(2024);
        let second = town.post("/v1/ratings", body).await.expect(201);
        let path = at("ratings", &second);
        own.post(&format!("{path}/appeal"), appeal("2026-02-02")).await.expect(200);
        let upheld = officer.post(&format!("{path}/appeal-decision"), decision("2026-02-20", json!(null))).await.expect(200);
        assert_eq!((&upheld["outcome"], &upheld["grade"], &upheld["allowed_actions"]), (&json!("upheld"), &json!("backward"), &json!(["consequence"])));
        officer.post(&format!("{path}/consequence"), json!({ "decided_on": "2026-03-01", "awards_withheld": false })).await.expect(200);
    }
}
