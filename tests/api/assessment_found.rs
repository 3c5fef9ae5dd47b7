//! What people found and decided counts: in the score, in what is frozen, in what that changes, and in what is printed.

use crate::assessment::of;
use crate::assessment_frozen::{bytes, frozen, year};
use crate::assessment_process::{findings, submitted};
use crate::associations::branch;
use crate::both;
use crate::support::make::{at, renewed};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

async fn sheet(who: &Client, snapshot: &Value, area: &str) -> Value {
    let path = format!(
        "{}/sheets?area={area}",
        at("assessment-snapshots", snapshot)
    );
    who.get(&path).await.expect(200)["items"][0]["result"].clone()
}

both! {
    async fn a_decided_finding_counts_in_score_snapshot_difference_and_export(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let (path, codes) = submitted(&own, &b).await;
        let first = frozen(&b.officer, CITY, "year_end").await.expect(201);
        assert_eq!((&first["document"]["open_cases"], &first["document"]["open_appeals"]), (&json!(1), &json!(0)));
        let counted = sheet(&b.officer, &first, COUNTY).await;
        assert_eq!((&counted["case"]["state"], &counted["case"]["outcome"]), (&json!("submitted"), &json!(null)));
        assert_eq!((&of(&counted, "A2")["outcome"], &of(&counted, "A2")["found"], &of(&counted, "A2")["score"]), (&json!("not_met"), &json!(null), &json!("0")));
        assert_eq!(counted["score"], counted["counted_score"]);

        // Everything was found, but one that was not and one that was not asked.
        let mut review = findings(&codes, "met");
        let place = |code: &str| codes.iter().position(|c| c == code).unwrap();
        review["findings"][place("A3")]["found"] = json!("not_met");
        review["findings"][place("B1")]["found"] = json!("not_applicable");
        b.officer.post(&format!("{path}/review"), review).await.expect(200);
        // It does not count while it may be objected to.
        let now = || { let officer = renewed(app, &b.officer); async move { officer.get(&year(COUNTY)).await.expect(200)["result"].clone() } };
        let open = now().await;
        assert_eq!((&open["score"], &of(&open, "A2")["found"]), (&counted["score"], &json!(null)));
        own.post(&format!("{path}/objection"), json!({ "objection": "五同步已齐全，请复核。" })).await.expect(200);
        let second = app.user(Role::Officer, CITY).await;
        let decision = json!({ "answer": "经复核，A3改为完成。", "findings": [{ "indicator": "A3", "found": "met", "remark": "五同步记录齐全。" }] });
        second.post(&format!("{path}/decision"), decision).await.expect(200);

        let decided = now().await;
        let a2 = of(&decided, "A2");
        assert_eq!((&a2["outcome"], &a2["found"], &a2["score"]), (&json!("not_met"), &json!("met"), &a2["weight"]));
        assert_eq!(of(&decided, "A3")["found"], json!("met"));
        assert_eq!(of(&decided, "B1")["score"], json!("0"));
        assert_eq!((&decided["score"], &decided["counted_score"]), (&decided["of"], &counted["score"]));
        assert_ne!(decided["score"], counted["score"]);
        let number = |v: &Value| v.as_str().unwrap().parse::<f64>().unwrap();
        let asked = decided["indicators"].as_array().unwrap().iter().filter(|i| i["found"] == "met");
        assert_eq!(number(&decided["of"]), asked.map(|i| number(&i["weight"])).sum::<f64>(), "{decided}");
        assert_eq!((&decided["case"]["state"], &decided["case"]["outcome"]), (&json!("decided"), &json!("changed")));

        // A revision for that alone.
        let again = frozen(&b.officer, CITY, "objection_decided").await.expect(201);
        assert_eq!((&again["revision"], &again["document"]["open_cases"]), (&json!(2), &json!(0)));
        assert_eq!(sheet(&b.officer, &again, COUNTY).await, decided);
        let found = b.officer.get(&format!("{}/differences", at("assessment-snapshots", &again))).await.expect(200);
        let items = found["items"].as_array().unwrap();
        let a2 = items.iter().find(|d| d["indicator"] == "A2").unwrap();
        assert_eq!((&a2["area"], &a2["before"]["result"]["found"], &a2["after"]["result"]["found"]), (&json!(COUNTY), &json!(null), &json!("met")));
        let areas = found["areas"].as_array().unwrap();
        assert_eq!(areas.len(), 1);
        assert_eq!((&areas[0]["before"]["case"]["state"], &areas[0]["after"]["case"]["outcome"], &areas[0]["after"]["score"]), (&json!("submitted"), &json!("changed"), &decided["score"]));
        frozen(&b.officer, CITY, "objection_decided").await.problem(409, "nothing_changed");

        // On paper and in columns, of what was frozen and of what is counted now.
        for file in [format!("{}/file?area={COUNTY}&", at("assessment-snapshots", &again)), format!("{}/file?", year(COUNTY))] {
            let (_, csv) = bytes(&own, &format!("{file}format=csv"), "en").await;
            let csv = String::from_utf8(csv).unwrap();
            let row = csv.lines().find(|l| l.contains(COUNTY) && l.contains(",A2,")).unwrap();
            assert!(row.contains(",not met,met,") && row.contains(",changed,"), "{row}");
            let (_, pdf) = bytes(&own, &format!("{file}format=pdf"), "zh-CN").await;
            let text = papers::text_of(&pdf);
            assert!(text.contains("考核进程：异议后变更"), "{text}");
            let score = decided["score"].as_str().unwrap();
            assert!(text.contains(&format!("得分：{score}/{score}")), "{text}");
        }
    }

    async fn a_window_that_nobody_used_decides_as_it_was_reviewed(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let (path, codes) = submitted(&own, &b).await;
        b.officer.post(&format!("{path}/review"), findings(&codes, "not_met")).await.expect(200);
        app.advance(16 * Micros::DAY);
        let officer = renewed(app, &b.officer);
        officer.post(&format!("{path}/decision"), json!({})).await.expect(200);
        let result = officer.get(&year(COUNTY)).await.expect(200)["result"].clone();
        assert_eq!((&result["score"], &result["case"]["outcome"]), (&json!("0"), &json!("unobjected")));
        assert!(result["indicators"].as_array().unwrap().iter().any(|i| i["outcome"] == "met" && i["found"] == "not_met"), "{result}");
    }
}
