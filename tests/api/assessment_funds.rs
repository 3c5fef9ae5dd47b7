//! Rows of the assessment about money and care: D1, D2, E1, F1, F3.

use crate::assessment::{amended, facts, figure, of, outcome, planned, post_of, result};
use crate::associations::{Branch, branch};
use crate::both;
use crate::budgets::{budget, need};
use crate::care::{agreeing, family, programme};
use crate::fund_ledger::{entry, line, voucher, yuan};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

async fn budgeted(who: &Client, association: &Value, part: i64, whole: i64) -> String {
    let made = who
        .post("/v1/budgets", budget(association, part, whole))
        .await;
    at("budgets", &made.expect(201))
}

async fn shown(who: &Client, budget: &str, fact: &str, holds: bool) {
    let mut body =
        json!({ "holds": holds, "evidence": "嘉财预〔2026〕1号", "shown_on": "2026-01-15" });
    if fact == "wages_in_budget" {
        body["amount"] = yuan(30_000_000);
        body["heads"] = json!(3);
    }
    who.put(&format!("{budget}/facts/{fact}"), body)
        .await
        .expect(200);
}

both! {
    async fn d1_the_citys_share_is_in_the_budget_for_itself(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        assert_eq!(outcome(&officer, CITY, "D1").await, "not_met");
        let budget = budgeted(&officer, &municipal, 79_999, 1_000_000).await;
        for fact in ["own_line", "separate_account", "earmarked"] {
            assert_eq!(outcome(&officer, CITY, "D1").await, "not_met", "{fact}");
            shown(&officer, &budget, fact, true).await;
        }
        // 7.9999 % is not 8.
        assert_eq!(figure(&officer, CITY, "D1", "activity_funds_share").await, (json!(79_999), json!(1_000_000), json!("7.9999")));
        assert_eq!(outcome(&officer, CITY, "D1").await, "not_met");
        let set = |fen: i64| {
            let (officer, budget) = (officer.clone(), budget.clone());
            async move {
                let etag = officer.get(&budget).await.etag();
                officer.patch(&budget, &etag, json!({ "activity_funds": yuan(fen) })).await.expect(200);
            }
        };
        for (fen, outcome_is) in [(80_000, "met"), (100_000, "met"), (100_001, "not_met"), (90_000, "met")] {
            set(fen).await;
            assert_eq!(outcome(&officer, CITY, "D1").await, outcome_is, "{fen}");
        }
        shown(&officer, &budget, "earmarked", false).await;
        assert_eq!(outcome(&officer, CITY, "D1").await, "not_met");
        assert_eq!(facts(&officer, CITY, "D1", "activity_funds_share").await[0]["kind"], "budget");
    }

    async fn d2_a_townships_share_and_what_its_villages_need(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        budgeted(&officer, &township, 10, 100).await;
        // Nothing was asked for, nothing is owed.
        assert_eq!(outcome(&officer, TOWN, "D2").await, "met");
        let need = officer.post("/v1/village-needs", need(&village)).await.expect(201);
        assert_eq!(outcome(&officer, TOWN, "D2").await, "not_met");
        let answer = json!({ "met": yuan(300_000), "answered_on": "2026-03-01" });
        officer.post(&format!("{}/answer", at("village-needs", &need)), answer).await.expect(200);
        assert_eq!(outcome(&officer, TOWN, "D2").await, "met");
        assert_eq!(facts(&officer, TOWN, "D2", "village_needs_met").await[0]["id"], need["id"]);
    }

    async fn e1_rooms_wages_and_what_is_paid(app) {
        let b = branch(app).await;
        let office = json!({ "rank": "section", "premises": "own", "equipped": true, "own_line": true });
        amended(&b.officer, &b.municipal, json!({ "office": office })).await;
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "not_met");
        let budget = budgeted(&b.officer, &b.municipal, 9, 100).await;
        shown(&b.officer, &budget, "wages_in_budget", true).await;
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "met");
        // Somebody in a village works for nothing.
        let vice = json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true });
        let vice = post_of(&b.officer, &b.village, vice).await;
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "not_met");
        let path = at("posts", &vice);
        let etag = b.officer.get(&path).await.etag();
        b.officer.patch(&path, &etag, json!({ "allowance": yuan(30_000) })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "met");
        assert_eq!(figure(&b.officer, CITY, "E1", "village_executives_paid").await, (json!(1), json!(1), json!("100")));
        // A president who retired gets nothing, then something.
        let president = post_of(&b.officer, &b.village, json!({})).await;
        b.officer.post(&format!("{}/ending", at("posts", &president)), json!({ "ended_on": "2026-06-01", "reason": "retired" })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "not_met");
        let subsidy = json!({ "monthly": yuan(20_000), "paid_from": "budget", "from_on": "2026-06-01" });
        b.officer.post(&format!("{}/subsidies", at("posts", &president)), subsidy).await.expect(201);
        assert_eq!(outcome(&b.officer, CITY, "E1").await, "met");
    }

    async fn f1_programmes_income_and_help_go_by_plan(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        assert_eq!(outcome(&officer, CITY, "F1").await, "no_data");
        let plan = |share: i64| [("care_programmes_active", 2), ("fund_income_government", 500_000), ("fund_income_department", 0), ("fund_income_donation", 0), ("hardship_share", share)];
        planned(&officer, CITY, &plan(100)).await;
        officer.post("/v1/care-programmes", programme(&municipal, "happiness_project")).await.expect(201);
        officer.post("/v1/fund-entries", entry(&municipal, "2026-02-01", 500_000)).await.expect(201);
        let help = json!({ "association_id": municipal["id"], "source": "government", "booked_on": "2026-03-01", "voucher": voucher(),
            "lines": [line("5001", "debit", 100_000), line("1002", "credit", 100_000)] });
        let help = officer.post("/v1/fund-entries", help).await.expect(201);
        assert_eq!(outcome(&officer, CITY, "F1").await, "not_met");
        officer.post("/v1/care-programmes", programme(&municipal, "three_in_one")).await.expect(201);
        assert_eq!(outcome(&officer, CITY, "F1").await, "met");
        assert_eq!(figure(&officer, CITY, "F1", "fund_income_government").await.0, json!(500_000));
        assert_eq!(figure(&officer, CITY, "F1", "fund_income_donation").await.0, json!(0));
        assert_eq!(facts(&officer, CITY, "F1", "hardship_share").await[0]["id"], help["id"]);
        // A third of what was spent went elsewhere: 66.6667 are not 67 in a hundred.
        let else_where = json!({ "association_id": municipal["id"], "source": "government", "booked_on": "2026-03-02", "voucher": voucher(),
            "lines": [line("5002", "debit", 50_000), line("1002", "credit", 50_000)] });
        officer.post("/v1/fund-entries", else_where).await.expect(201);
        assert_eq!(figure(&officer, CITY, "F1", "hardship_share").await, (json!(100_000), json!(150_000), json!("66.6667")));
        planned(&officer, CITY, &plan(67)).await;
        assert_eq!(outcome(&officer, CITY, "F1").await, "not_met");
        planned(&officer, CITY, &plan(66)).await;
        assert_eq!(outcome(&officer, CITY, "F1").await, "met");
        // What is reversed was not spent.
        let reversal = json!({ "voucher": voucher(), "booked_on": "2026-04-01" });
        officer.post(&format!("{}/reversal", at("fund-entries", &help)), reversal).await.expect(201);
        assert_eq!(figure(&officer, CITY, "F1", "hardship_share").await.0, json!(0));
        assert_eq!(outcome(&officer, CITY, "F1").await, "not_met");
    }

    async fn a_programme_that_ended_early_counts_if_something_was_done_under_it(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let ended = async |kind: &str, with_project: bool| {
            let made = officer.post("/v1/care-programmes", programme(&municipal, kind)).await.expect(201);
            if with_project {
                officer.post("/v1/care-projects", crate::care::project(&made)).await.expect(201);
            }
            officer.post(&format!("{}/ending", at("care-programmes", &made)), json!({ "ended_on": "2026-04-01" })).await.expect(200);
        };
        ended("happiness_project", false).await;
        assert_eq!(figure(&officer, CITY, "F1", "care_programmes_active").await.0, json!(0));
        ended("three_in_one", true).await;
        officer.post("/v1/care-programmes", programme(&municipal, "family_insurance")).await.expect(201);
        assert_eq!(figure(&officer, CITY, "F1", "care_programmes_active").await.0, json!(2));
    }

    async fn f3_special_families_have_contacts_a_doctor_and_a_channel(app) {
        let b = branch(app).await;
        let (care, member) = (app.user(Role::CareOfficer, TOWN).await, app.member().await);
        let (town, village) = (app.user(Role::FieldMember, TOWN).await, app.user(Role::FieldMember, VILLAGE).await);
        let since = |who: &Client| json!({ "user_id": who.id, "since": "2026-03-10" });
        let all = json!({ "township_contact": since(&town), "village_contact": since(&village),
            "family_doctor": { "provider": "社区卫生服务中心", "since": "2026-03-10" }, "green_channel": { "provider": "第一医院", "since": "2026-03-10" } });
        let mut families = Vec::new();
        for n in 0..5 {
            let (household, ..) = agreeing(&member).await;
            let made = care.post("/v1/care-families", family(&household)).await.expect(201);
            // Of few families nothing is told.
            let city = result(&b.officer, CITY).await;
            let hidden = of(&city, "F3")["sources"][0]["hidden"].clone();
            assert_eq!(hidden, json!(n < 4), "{n}");
            families.push(at("care-families", &made));
        }
        assert_eq!(outcome(&b.officer, CITY, "F3").await, "not_met");
        for path in &families {
            let etag = care.get(path).await.etag();
            care.patch(path, &etag, all.clone()).await.expect(200);
        }
        assert_eq!(outcome(&b.officer, CITY, "F3").await, "met");
        let opened = facts(&b.officer, CITY, "F3", "special_families_with_doctor").await;
        assert!(opened.iter().all(|f| f["kind"] == "area"), "{opened:?}");
    }
}
