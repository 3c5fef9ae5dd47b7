//! Who can be insured and who benefits, by hand and by a sheet alike; and what a decision of the insurer stands on.

use crate::both;
use crate::insurance::{insured, policy, with, yuan};
use crate::support::make::{at, consent, household, household_person};
use crate::support::sheets::{Row, checked, faults};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::insurance::catalogue::built_in;

/// A product for people of these ages, which covers no death.
async fn product(app: &TestApp, code: &str, ages: Value) -> Value {
    let officer = app.user(Role::Officer, COUNTY).await;
    let body = json!({
        "code": code, "title_zh": "住院津贴", "title_en": "Allowance", "terms_zh": "一年期", "terms_en": "One year",
        "basis": "person", "day_rate": yuan("50.00"), "day_cap": 60,
        "covers": [{ "claim_type": "allowance", "papers": ["claim_form", "proof_of_days"] }]
    });
    officer
        .post("/v1/insurance-products", with(body, ages))
        .await
        .expect(201)
}

/// One of a household, born in that year.
async fn born(member: &Client, home: &Value, year: i64, by: &str) -> Value {
    let mut agreed = consent("insurance");
    agreed["given_by"] = json!(by);
    let body = json!({ "name": "李芳", "sex": "female", "birth_year": year, "phone": make::phone(), "consents": [agreed] });
    let path = format!("{}/people", at("households", home));
    member.post(&path, body).await.expect(201)
}

both! {
    async fn who_is_too_young_or_too_old_is_not_insured(app) {
        let product = product(app, "middle-aged", json!({ "min_age": 18, "max_age": 65 })).await;
        let member = app.member().await;
        let home = household(&member).await;
        for (year, by, fits) in [(2015, "guardian", false), (2009, "self", false), (2008, "self", true), (1988, "self", true), (1960, "self", true), (1959, "self", false)] {
            let person = born(&member, &home, year, by).await;
            let body = with(policy(&home, &person), json!({ "product_id": product["id"], "policy_number": null, "beneficiaries": null, "starts_on": "2026-01-01", "ends_on": "2026-12-31" }));
            let answer = member.post("/v1/policies", body).await;
            match fits {
                true => drop(answer.expect(201)),
                false => drop(answer.fault("/insured/0/person_id", "not_fitting")),
            }
        }
        // A sheet knows the day of birth, as far as the document tells it.
        let aged = |code: &str| Row::new().with("产品代码", code).with("保费", "");
        self::product(app, "very-old", json!({ "min_age": 90 })).await;
        let coordinator = app.coordinator().await;
        let import = checked(&coordinator, &[aged("middle-aged"), aged("very-old")]).await;
        assert_eq!(faults(&import), [(3, "被保险人姓名".into(), "outside_age".into())]);
    }

    async fn a_cover_is_concluded_once_and_for_people_who_are_born(app) {
        let all = insured(app).await;
        let post = async |changes: Value| all.member.post("/v1/policies", with(policy(&all.household, &all.person), changes)).await;
        // The same cover, by the insurer's number and by product and time, as an import refuses it.
        post(json!({})).await.fault("/policy_number", "policy_exists");
        post(json!({ "policy_number": null })).await.fault("/starts_on", "policy_exists");
        post(json!({ "policy_number": "P-2", "starts_on": "2030-12-31", "ends_on": "2031-12-30" })).await.fault("/starts_on", "policy_exists");
        // A family's cover is the family's, whoever of it is named.
        let other = household_person(&all.member, &all.household, &["insurance"]).await;
        let of_other = json!([{ "person_id": other["id"], "sum_agreed": true }]);
        let family = json!({ "product_id": built_in("one-child-family"), "policy_number": null, "beneficiaries": null });
        post(family.clone()).await.expect(201);
        post(with(family, json!({ "insured": of_other }))).await.fault("/starts_on", "policy_exists");
        // The number alone is another insurer's, too; the time after it is free.
        post(json!({ "insurer_code": "other", "starts_on": "2031-01-01", "ends_on": "2031-12-31" })).await.expect(201);
        // Covers of each person stand side by side.
        let nursing = built_in("hospital-nursing");
        let one = json!({ "product_id": nursing, "policy_number": null, "beneficiaries": null });
        post(one.clone()).await.expect(201);
        post(one.clone()).await.fault("/starts_on", "policy_exists");
        post(with(one.clone(), json!({ "insured": of_other }))).await.expect(201);
        // No policy lasts a hundred years, nor begins before somebody was born.
        post(json!({ "policy_number": "P-3", "starts_on": "2032-01-01", "ends_on": "2131-12-31" })).await.fault("/ends_on", "out_of_range");
        post(json!({ "policy_number": "P-3", "starts_on": "2032-01-01", "ends_on": "2042-01-01" })).await.fault("/ends_on", "out_of_range");
        let child = born(&all.member, &all.household, 2020, "guardian").await;
        let early = with(policy(&all.household, &child), json!({ "product_id": nursing, "policy_number": null, "beneficiaries": null, "starts_on": "2019-01-01", "ends_on": "2019-12-31" }));
        all.member.post("/v1/policies", early).await.fault("/starts_on", "not_fitting");
        // So does a sheet.
        let coordinator = app.coordinator().await;
        let long = Row::new().with("保险止期", "2131-12-31").with("保费", "");
        assert_eq!(faults(&checked(&coordinator, &[long]).await), [(2, "保险止期".into(), "out_of_range".into())]);
    }

    async fn a_part_is_less_than_the_whole_and_more_than_is_insured_is_marked(app) {
        let all = insured(app).await;
        let claim = async |claimed: &str| {
            let body = with(all.claim(), json!({ "claimed": yuan(claimed) }));
            let path = at("claims", &all.member.post("/v1/claims", body).await.expect(201));
            for step in ["acceptance", "review"] {
                all.member.post(&format!("{path}/{step}"), json!({ "on": "2026-03-10" })).await.expect(200);
            }
            path
        };
        let decided = |word: &str, sum: &str| {
            let body = json!({ "decision": word, "decided_on": "2026-03-10", "insurer_reference": "D-1", "amount": yuan(sum) });
            match word {
                "approved" => body,
                _ => with(body, json!({ "reasons": "自费药品除外" })),
            }
        };
        let path = claim("1000.00").await;
        let decide = async |body: Value| all.member.post(&format!("{path}/determination"), body).await;
        for whole in ["1000.00", "1000.01"] {
            decide(decided("partly_approved", whole)).await.fault("/amount/amount", "not_fitting");
        }
        decide(decided("partly_approved", "999.99")).await.expect(200);
        let newest = async |path: &str| all.member.get(&format!("{path}/events")).await.expect(200)["items"][0]["above_sum_insured"].clone();
        assert_eq!(newest(&path).await, json!(false));
        // The insurer decides: what it grants is taken, and worth a second look.
        let path = claim("20000.01").await;
        all.member.post(&format!("{path}/determination"), decided("approved", "20000.01")).await.expect(200);
        assert_eq!(newest(&path).await, json!(true));
    }

    async fn a_policy_has_so_many_people_and_shares(app) {
        let all = insured(app).await;
        let other = household_person(&all.member, &all.household, &["insurance"]).await;
        let (one, two) = (&all.person["id"], &other["id"]);
        let benefits = |person: &Value, share: i64| json!({ "person_id": person, "share": share, "agreed_by_insured": true });
        let twenty_one: Vec<Value> = (0..21).map(|_| json!({ "person_id": one, "sum_agreed": true })).collect();
        let many: Vec<Value> = (0..21).map(|_| benefits(one, 4)).collect();
        let cases = [
            (json!({ "insured": twenty_one }), "/insured", "too_many"),
            (json!({ "beneficiaries": many }), "/beneficiaries", "too_many"),
            (json!({ "beneficiaries": [benefits(one, 50), benefits(one, 50)] }), "/beneficiaries", "repeated"),
            (json!({ "beneficiaries": [benefits(one, 60), benefits(two, 50)] }), "/beneficiaries", "not_fitting"),
            (json!({ "beneficiaries": [benefits(one, 0), benefits(two, 100)] }), "/beneficiaries/0/share", "out_of_range"),
            (json!({ "beneficiaries": [benefits(one, 101)] }), "/beneficiaries/0/share", "out_of_range"),
        ];
        for (change, pointer, fault) in cases {
            all.member.post("/v1/policies", with(policy(&all.household, &all.person), change)).await.fault(pointer, fault);
        }
        // So does a sheet: of one policy twenty, of one household two hundred rows.
        let coordinator = app.coordinator().await;
        let first = Row::new();
        let mut rows = vec![first.clone()];
        rows.extend((0..20).map(|_| Row::new().beside(&first).with("保费", "")));
        rows[0] = first.with("保费", "");
        let import = checked(&coordinator, &rows).await;
        assert_eq!(faults(&import), [(22, "被保险人姓名".into(), "too_many".into())]);
        let rows: Vec<Row> = (0..201).map(|_| Row::new().with("家庭编号", "H")).collect();
        let import = checked(&coordinator, &rows).await;
        assert!(faults(&import).contains(&(202, "家庭编号".into(), "too_many".into())), "{import}");
    }

    async fn a_decision_stands_on_the_insurers_letter(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        post("acceptance", json!({ "on": "2026-03-03" })).await.expect(200);
        post("review", json!({ "on": "2026-03-04" })).await.expect(200);
        let (letter, receipt) = ("ab".repeat(32), "cd".repeat(32));
        let decided = json!({ "decision": "partly_approved", "decided_on": "2026-03-20", "amount": yuan("100.00"), "reasons": "自费药品除外",
            "insurer_reference": "D-1", "evidence_sha256": letter });
        for (change, pointer, fault) in [
            (json!({ "insurer_reference": null }), "/insurer_reference", "required"),
            (json!({ "insurer_reference": "" }), "/insurer_reference", "too_short"),
            (json!({ "evidence_sha256": "ab" }), "/evidence_sha256", "too_short"),
            (json!({ "evidence_sha256": "xy".repeat(32) }), "/evidence_sha256", "bad_pattern"),
            (json!({ "decision": "closed" }), "/decision", "not_one_of"),
            (json!({ "decided_on": null }), "/decided_on", "required"),
            (json!({ "decided_by": "us" }), "/decided_by", "unknown_field"),
        ] {
            post("determination", with(decided.clone(), change)).await.fault(pointer, fault);
        }
        post("determination", decided).await.expect(200);
        post("agreement", json!({ "on": "2026-03-21" })).await.expect(200);
        let pay = json!({ "kind": "full", "amount": yuan("100.00"), "paid_on": "2026-03-25", "insurer_reference": "Z-1", "evidence_sha256": receipt });
        post("payment", pay).await.expect(200);
        let events = all.member.get(&format!("{claim}/events")).await.expect(200);
        let shown = |i: usize| (&events["items"][i]["step"], &events["items"][i]["evidence_sha256"], &events["items"][i]["insurer_reference"]);
        assert_eq!(shown(0), (&json!("payment"), &json!(receipt), &json!("Z-1")));
        assert_eq!(shown(2), (&json!("determination_partly_approved"), &json!(letter), &json!("D-1")));
        assert_eq!((&events["items"][2]["on"], &events["items"][2]["reasons"]), (&json!("2026-03-20"), &json!("自费药品除外")));
    }
}
