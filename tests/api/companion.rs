//! The companion: what a family is told of its claims by the code of a receipt, and whom it is never told.

use crate::both;
use crate::insurance::{Insured, insured, policy, way_to, with, yuan};
use crate::receipts::code_for;
use crate::support::make::{at, consent, household, household_person, withdraw};
use crate::support::*;
use diesel::prelude::*;
use jiff::Span;
use qianshou::db::Day;
use qianshou::db::schema::audit_entries;
use qianshou::insurance::catalogue::built_in;
use qianshou::insurance::machine::ClaimState;

/// The path of one of a household's people.
pub fn person_path(household: &Value, person: &Value) -> String {
    let id = person["id"].as_str().unwrap();
    format!("{}/people/{id}", at("households", household))
}

pub async fn told_to(app: &TestApp, code: &str) -> Value {
    let body = json!({ "code": code });
    let answer = app.anonymous().post("/v1/receipt/claims", body).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.expect(200)
}

/// The one claim that this code shows.
async fn only(app: &TestApp, code: &str) -> Value {
    let told = told_to(app, code).await;
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{told}");
    items[0].clone()
}

/// Some days ago, or with a minus ahead.
pub fn ago(app: &TestApp, days: i64) -> Day {
    let today = app.now().china_day();
    Day(today.saturating_sub(Span::new().days(days)))
}

fn named<'a>(list: &'a Value, field: &str, name: &str) -> Option<&'a Value> {
    list.as_array()
        .unwrap()
        .iter()
        .find(|one| one[field] == name)
}

/// Words in both languages, wherever they stand in an answer.
fn words(value: &Value, found: &mut usize) {
    match value {
        Value::Object(map)
            if map.len() == 2 && map.contains_key("zh") && map.contains_key("en") =>
        {
            let (zh, en) = (map["zh"].as_str().unwrap(), map["en"].as_str().unwrap());
            let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert!(
                zh.chars().any(chinese) && !en.chars().any(chinese) && !en.is_empty(),
                "{value}"
            );
            *found += 1;
        }
        Value::Object(map) => map.values().for_each(|v| words(v, found)),
        Value::Array(items) => items.iter().for_each(|v| words(v, found)),
        _ => {}
    }
}

/// A claim whose event was so many days ago, on the policy that began long before.
async fn claimed(app: &TestApp, all: &Insured, days: i64, more: Value) -> String {
    let day = ago(app, days);
    let body = json!({ "policy_id": all.policy["id"], "event_on": day, "known_on": day, "reported_on": day });
    let made = all
        .member
        .post("/v1/claims", with(with(all.claim(), body), more))
        .await;
    at("claims", &made.expect(201))
}

both! {
    async fn every_state_has_its_words(app) {
        let all = insured(app).await;
        let mut paths = Vec::new();
        for state in ClaimState::ALL {
            let claim = all.reported().await;
            for step in way_to(state) {
                all.step(&claim, step).await.expect(200);
            }
            paths.push((state, claim));
        }
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let told = told_to(app, &code).await;
        assert_eq!((&told["consent"], &told["today"]), (&json!("given"), &json!(ago(app, 0))));
        let items = told["items"].as_array().unwrap();
        assert_eq!(items.len(), ClaimState::ALL.len());
        let mut said = std::collections::HashSet::new();
        for (state, path) in &paths {
            let item = items.iter().find(|i| path.ends_with(i["id"].as_str().unwrap())).unwrap();
            let mut found = 0;
            words(item, &mut found);
            assert!(found >= 3, "{item}");
            assert_eq!((item["state"].as_str(), item["through"].as_str()), (Some(state.as_str()), Some("insured")));
            assert!(said.insert(item["state_text"]["zh"].clone().to_string()), "{state} says what another says");
            let contested = !matches!(state, ClaimState::Withdrawn);
            let ways: Vec<&str> = item["ways"].as_array().unwrap().iter().map(|w| w["way"].as_str().unwrap()).collect();
            match contested {
                true => assert_eq!(ways, ["complaint_desk", "regulator", "mediation", "arbitration", "suit"], "{state}"),
                false => assert!(ways.is_empty(), "{state}"),
            }
            assert_eq!(*state == ClaimState::Refused, item["decisions"][0]["decision"] == "refused", "{state}");
            assert!(!state.is_final() || item["deadlines"] == json!([]), "{state}: over is over");
            assert!(!item["limitation"]["due_on"].is_null(), "{state}");
        }
        // Open ones first.
        let ended = |i: &Value| matches!(i["state"].as_str(), Some("closed" | "withdrawn"));
        let first_ended = items.iter().position(ended).unwrap();
        assert!(items[first_ended..].iter().all(ended) && first_ended == items.len() - 2);
        let acts = |state: &str| named(&told["items"], "state", state).unwrap()["acts"].clone();
        for (state, actor) in [("reported", "family"), ("documents_requested", "family"), ("under_review", "insurer"), ("approved", "family"), ("refused", "family"), ("agreed", "insurer"), ("disputed", "third_party"), ("closed", "nobody"), ("withdrawn", "nobody")] {
            assert_eq!(acts(state), actor, "{state}");
        }
        let disputed = named(&told["items"], "state", "disputed").unwrap();
        assert_eq!(named(&disputed["ways"], "way", "regulator").unwrap()["phone"], "12378");
    }

    async fn the_companion_follows_a_claim_to_its_end(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = claimed(app, &all, 40, json!({ "claimed": yuan("5000.00") })).await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await.expect(200);
        let day = |days: i64| json!(ago(app, days));
        let reported = only(app, &code).await;
        assert_eq!((&reported["state"], &reported["since"], &reported["acts"]), (&json!("reported"), &day(40), &json!("family")));
        let missing = reported["missing_papers"].as_array().unwrap();
        assert_eq!(missing.len(), 8);
        assert_eq!((&missing[5]["kind"], &missing[5]["name"]["zh"], &missing[5]["asked_on"]), (&json!("invoices"), &json!("医疗费发票原件"), &Value::Null));

        // Taken in, with papers missing: the family has to bring them.
        post("acceptance", json!({ "on": day(38) })).await;
        let accepted = only(app, &code).await;
        assert_eq!((&accepted["acts"], &accepted["next_text"]["en"]), (&json!("family"), &json!("Hand in the papers listed below.")));
        // A decision is owed promptly, an advance by a day that is known.
        let deadline = |item: &Value, clock: &str| named(&item["deadlines"], "clock", clock).cloned();
        let decision = deadline(&accepted, "determination").unwrap();
        assert_eq!((&decision["state"], &decision["due_on"], &decision["days_left"]), (&json!("running"), &Value::Null, &Value::Null));
        let advance = deadline(&accepted, "advance_payment").unwrap();
        let left = advance["days_left"].as_i64().unwrap();
        assert!((22..=40).contains(&left), "{left}: sixty days less thirty-eight, and the next working day");

        assert_eq!((&accepted["insurer_code"], &accepted["insurer_reference"]), (&json!("picc-life"), &Value::Null));
        // Examined as complex: thirty days; then papers are asked for, and the time stands still.
        post("review", json!({ "on": day(37), "complex": true })).await;
        let reviewed = only(app, &code).await;
        assert_eq!(reviewed["acts"], "insurer");
        assert_eq!(reviewed["missing_papers"], json!([]), "it examines what it has: nobody asked for more");
        let due = deadline(&reviewed, "determination").or(named(&reviewed["late"], "clock", "determination").cloned()).unwrap();
        assert_eq!(due["name"]["zh"], "保险公司作出决定");
        post("document-request", json!({ "on": day(30), "papers": ["test_results"] })).await;
        let waiting = only(app, &code).await;
        assert_eq!((&waiting["state"], &waiting["since"], &waiting["acts"]), (&json!("documents_requested"), &day(30), &json!("family")));
        let asked = named(&waiting["missing_papers"], "kind", "test_results").unwrap();
        assert_eq!(asked["asked_on"], day(30));
        assert_eq!(waiting["missing_papers"].as_array().unwrap().len(), 1, "what it asked for, and no more");
        let paused = deadline(&waiting, "determination").unwrap();
        assert_eq!(paused["state"], "paused");
        // Eight of thirty days ran; the rest is left whenever the papers come.
        let left = paused["days_left"].as_i64().unwrap();
        assert!((22..=32).contains(&left), "{left}");
        assert_eq!(waiting["late"], json!([]));
        // An advance changes no state, and is told of.
        post("payment", json!({ "kind": "advance", "amount": yuan("500.00"), "paid_on": day(28), "insurer_reference": "Z-1" })).await;
        let advanced = only(app, &code).await;
        assert_eq!((&advanced["since"], &advanced["paid"], &advanced["payments"][0]["name"]["en"]), (&day(30), &yuan("500.00"), &json!("In advance")));
        assert!(deadline(&advanced, "advance_payment").is_none());

        post("documents-completion", json!({ "on": day(27) })).await;
        post("review", json!({ "on": day(26) })).await;
        // A part is refused, with reasons in the insurer's own words; the notice of them is not there yet.
        let refused = json!({ "decision": "partly_approved", "decided_on": day(20), "amount": yuan("2000.00"), "reasons": "自费药品不在保障范围", "insurer_reference": "D-77" });
        post("determination", refused).await;
        let partly = only(app, &code).await;
        assert_eq!(partly["missing_papers"], json!([]), "nobody needs papers for what is decided");
        assert_eq!((&partly["granted"], &partly["left"], &partly["claimed"]), (&yuan("2000.00"), &yuan("1500.00"), &yuan("5000.00")));
        let decided = &partly["decisions"][0];
        assert_eq!((&decided["reasons"], &decided["stands"], &decided["granted"]), (&json!("自费药品不在保障范围"), &json!(true), &yuan("2000.00")));
        let notice = named(&partly["late"], "clock", "refusal_notice").unwrap();
        assert!(notice["done_on"].is_null() && notice["days_late"].as_i64().unwrap() > 5, "{notice}");
        assert!(notice["reason"].is_null() && notice["advice_text"]["zh"].as_str().unwrap().contains("书面"));
        assert_eq!(deadline(&partly, "refusal_notice").unwrap()["state"], "overdue");
        // Whom to call and by which sign; what the cover is called is not needed by a phone on a table.
        assert_eq!((&partly["insurer_name"]["zh"], &partly["insurer_phone"], &partly["insurer_reference"]), (&json!("中国人民保险"), &json!("95518"), &json!("D-77")));
        let whole = partly.to_string();
        assert!(!whole.contains("product") && !whole.contains("family-accident"));

        post("agreement", json!({ "on": day(14) })).await;
        let agreed = only(app, &code).await;
        let pay = deadline(&agreed, "payment").unwrap();
        assert!(pay["days_left"].as_i64().unwrap() <= 10 - 14 + 9 && pay["due_on"].is_string());
        post("payment", json!({ "kind": "part", "amount": yuan("1000.00"), "paid_on": day(2), "insurer_reference": "Z-2" })).await;
        let part = only(app, &code).await;
        assert_eq!((&part["state_text"]["zh"], &part["acts"], &part["left"]), (&json!("保险公司已经付了一部分，还没有付清。"), &json!("insurer"), &yuan("500.00")));
        post("payment", json!({ "kind": "full", "amount": yuan("500.00"), "paid_on": day(1), "insurer_reference": "Z-3", "late_reason": "payment_details" })).await;
        let paid = only(app, &code).await;
        assert_eq!((&paid["state_text"]["zh"], &paid["since"], &paid["left"]), (&json!("谈定的金额已经付清。"), &day(2), &yuan("0.00")));
        assert_eq!(paid["payments"].as_array().unwrap().len(), 3);
        let kinds: Vec<&str> = paid["payments"].as_array().unwrap().iter().map(|p| p["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["advance", "part", "full"]);
        if let Some(late) = named(&paid["late"], "clock", "payment") {
            assert_eq!((&late["reason"], &late["done_on"]), (&json!("payment_details"), &day(1)));
            assert!(late["reason_text"]["zh"].as_str().unwrap().contains("账号"));
        }
        // What was refused can still be brought to court.
        post("closure", json!({ "on": day(0) })).await;
        let closed = only(app, &code).await;
        assert_eq!((&closed["acts"], &closed["deadlines"], &closed["ways"].as_array().unwrap().len()), (&json!("nobody"), &json!([]), &5));
        assert!(closed["state_text"]["en"].as_str().unwrap().contains("Not all of it was paid"));
        let suit = named(&closed["ways"], "way", "suit").unwrap();
        assert_eq!((&suit["until"], &suit["days_left"]), (&closed["limitation"]["due_on"], &closed["limitation"]["days_left"]));
        assert!(named(&closed["ways"], "way", "mediation").unwrap()["until"].is_null());
    }

    async fn less_than_was_claimed_is_not_told_as_all(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = claimed(app, &all, 40, json!({ "claimed": yuan("5000.00") })).await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await.expect(200);
        let on = |days: i64| json!({ "on": ago(app, days) });
        let decided = |sum: &str| json!({ "decision": "approved", "decided_on": ago(app, 20), "amount": yuan(sum), "insurer_reference": "D-1" });
        post("acceptance", on(38)).await;
        post("review", on(37)).await;
        post("determination", decided("2000.00")).await;
        let less = only(app, &code).await;
        let said = less["state_text"]["zh"].as_str().unwrap();
        assert!(said.contains("请和您申请的金额核对") && !said.contains("全部"), "{said}");
        assert_eq!((&less["decisions"][0]["name"]["zh"], &less["claimed"], &less["granted"]), (&json!("同意赔付"), &yuan("5000.00"), &yuan("2000.00")));
        post("agreement", on(19)).await;
        post("payment", json!({ "kind": "full", "amount": yuan("2000.00"), "paid_on": ago(app, 18), "insurer_reference": "Z-1" })).await;
        post("closure", on(17)).await;
        // The rest is not given up by being paid a part.
        let closed = only(app, &code).await;
        assert!(closed["state_text"]["en"].as_str().unwrap().contains("Not all of it was paid"));
        assert!(closed["ways"].as_array().unwrap().len() == 5 && closed["limitation"]["due_on"].is_string());
        // All that was claimed is all; of what nobody noted nobody says so.
        for (sum, word) in [(Some("2000.00"), "决定全部赔付"), (None, "请和您申请的金额核对")] {
            let claim = claimed(app, &all, 40, sum.map_or(json!({}), |sum| json!({ "claimed": yuan(sum) }))).await;
            for (noun, body) in [("acceptance", on(38)), ("review", on(37)), ("determination", decided("2000.00"))] {
                all.member.post(&format!("{claim}/{noun}"), body).await.expect(200);
            }
            let told = told_to(app, &code).await;
            let one = told["items"].as_array().unwrap().iter().find(|i| claim.ends_with(i["id"].as_str().unwrap())).unwrap();
            assert!(one["state_text"]["zh"].as_str().unwrap().contains(word), "{one}");
        }
    }

    async fn time_that_was_over_before_the_insurer_asked_does_not_stand_still(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = claimed(app, &all, 70, json!({})).await;
        for (noun, body) in [
            ("acceptance", json!({ "on": ago(app, 68) })),
            ("review", json!({ "on": ago(app, 67), "complex": true })),
            ("document-request", json!({ "on": ago(app, 3), "papers": ["invoices"] })),
        ] {
            all.member.post(&format!("{claim}/{noun}"), body).await.expect(200);
        }
        let late = only(app, &code).await;
        assert_eq!((&late["state_text"]["zh"], &late["acts"]), (&json!("保险公司要求补充材料。它的核定时间不因此暂停。"), &json!("family")));
        let delay = named(&late["late"], "clock", "determination").unwrap();
        assert!(delay["due_unrolled"] == json!(ago(app, 38)) && delay["provisional"].is_boolean(), "{delay}");
        let deadline = named(&late["deadlines"], "clock", "determination").unwrap();
        assert_eq!((&deadline["state"], &deadline["due_unrolled"]), (&json!("overdue"), &delay["due_unrolled"]));
    }

    async fn reasons_that_were_never_written_are_owed_after_the_end(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = all.reported().await;
        for step in way_to(ClaimState::Refused) {
            all.step(&claim, step).await.expect(200);
        }
        all.member.post(&format!("{claim}/closure"), json!({ "on": "2026-03-11" })).await.expect(200);
        let closed = only(app, &code).await;
        let notice = named(&closed["late"], "clock", "refusal_notice").unwrap();
        assert!(notice["done_on"].is_null() && closed["deadlines"] == json!([]), "{closed}");
    }

    async fn that_older_claims_are_not_shown_is_told(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        for n in 1..=51 {
            all.reported().await;
            if n == 50 {
                assert_eq!(told_to(app, &code).await["more"], false);
            }
        }
        let told = told_to(app, &code).await;
        assert_eq!((&told["more"], told["items"].as_array().unwrap().len()), (&json!(true), 50));
    }

    async fn a_dispute_and_what_came_before_it_are_told_apart(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = all.reported().await;
        for step in way_to(ClaimState::Refused) {
            all.step(&claim, step).await.expect(200);
        }
        let refused = only(app, &code).await;
        assert_eq!((&refused["acts"], &refused["granted"], &refused["left"]), (&json!("family"), &Value::Null, &Value::Null));
        assert_eq!(refused["decisions"][0]["reasons"], "不在保障范围");
        all.member.post(&format!("{claim}/dispute"), json!({ "on": "2026-03-11", "way": "complaint_desk" })).await.expect(200);
        let disputed = only(app, &code).await;
        assert_eq!(named(&disputed["ways"], "way", "complaint_desk").unwrap()["taken_on"], "2026-03-11");
        assert!(named(&disputed["ways"], "way", "regulator").unwrap()["taken_on"].is_null());
        all.member.post(&format!("{claim}/dispute-outcome"), json!({ "on": "2026-03-20", "outcome": "back_to_review" })).await.expect(200);
        let again = only(app, &code).await;
        assert_eq!((&again["state"], &again["decisions"][0]["stands"]), (&json!("under_review"), &json!(false)));
        let approved = json!({ "decision": "approved", "decided_on": "2026-03-22", "amount": yuan("800.00"), "insurer_reference": "D-2" });
        all.member.post(&format!("{claim}/determination"), approved).await.expect(200);
        let won = only(app, &code).await;
        let stands: Vec<&Value> = won["decisions"].as_array().unwrap().iter().map(|d| &d["stands"]).collect();
        assert_eq!((stands, &won["granted"]), (vec![&json!(false), &json!(true)], &yuan("800.00")));
        for noun in ["agreement", "closure"] {
            if noun == "closure" {
                let pay = json!({ "kind": "full", "amount": yuan("800.00"), "paid_on": "2026-03-23", "insurer_reference": "Z" });
                all.member.post(&format!("{claim}/payment"), pay).await.expect(200);
            }
            all.member.post(&format!("{claim}/{noun}"), json!({ "on": "2026-03-23" })).await.expect(200);
        }
        // Paid as it was claimed: nothing is left to contest or to demand.
        let done = only(app, &code).await;
        assert_eq!((&done["ways"], &done["limitation"], &done["acts"]), (&json!([]), &Value::Null, &json!("nobody")));
    }

    async fn a_limitation_that_is_over_is_told_gently(app) {
        let all = insured(app).await;
        let code = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let claim = claimed(app, &all, 760, json!({})).await;
        let over = only(app, &code).await;
        let limitation = &over["limitation"];
        assert_eq!(limitation["state"], "overdue");
        assert!(limitation["days_left"].as_i64().unwrap() < 0 && limitation["text"]["zh"].as_str().unwrap().contains("12348"));
        let suit = named(&over["ways"], "way", "suit").unwrap();
        assert_eq!(suit["days_left"], limitation["days_left"]);
        // The insurer acknowledges: it begins anew.
        all.member.post(&format!("{claim}/interruption"), json!({ "kind": "acknowledgement", "on": ago(app, 3) })).await.expect(200);
        let revived = only(app, &code).await;
        assert_eq!(revived["limitation"]["state"], "running");
        assert!(revived["limitation"]["days_left"].as_i64().unwrap() > 700);
    }

    async fn a_code_shows_the_claims_of_its_own_person(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let mine = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let stranger = insured(app).await;
        let theirs = code_for(&stranger.member, &person_path(&stranger.household, &stranger.person)).await;
        assert_eq!(told_to(app, &theirs).await["items"], json!([]));
        // Grown up, of the same household: a consent to insurance shows nobody else's claims, nor does paying for them.
        let spouse = household_person(&all.member, &all.household, &["insurance"]).await;
        let spouses = code_for(&all.member, &person_path(&all.household, &spouse)).await;
        let paid = with(policy(&all.household, &all.person), json!({ "product_id": built_in("one-child-family"), "policy_number": "P-2", "payer_person_id": spouse["id"], "holder_person_id": spouse["id"], "beneficiaries": [{ "person_id": spouse["id"], "share": 100, "agreed_by_insured": true }] }));
        let paid = all.member.post("/v1/policies", paid).await.expect(201);
        all.member.post("/v1/claims", with(all.claim(), json!({ "policy_id": paid["id"] }))).await.expect(201);
        let told = told_to(app, &spouses).await;
        assert_eq!((&told["items"], &told["consent"]), (&json!([]), &json!("given")));
        assert_eq!(told_to(app, &mine).await["items"].as_array().unwrap().len(), 2);
        let who = app.anonymous();
        who.post("/v1/receipt/claims", json!({ "code": mine, "claim_id": claim })).await.problem(422, "unknown_field");
        who.post("/v1/receipt/claims", json!({ "code": "2222" })).await.fault("/code", "too_short");
        who.post("/v1/receipt/claims", json!({})).await.fault("/code", "required");
        // Never in an address.
        let asked = who.get(&format!("/v1/receipt/claims?code={mine}")).await;
        assert_eq!(asked.status, 405);
    }

    async fn a_childs_claim_is_shown_to_the_holder_at_home(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let parent = household_person(&member, &home, &["registration"]).await;
        let aunt = household_person(&member, &home, &["insurance"]).await;
        let by_guardian = |purpose: &str| with(consent(purpose), json!({ "given_by": "guardian" }));
        let body = json!({ "name": "李小宝", "sex": "male", "birth_year": 2018, "consents": [by_guardian("registration"), by_guardian("insurance")] });
        let child = member.post(&format!("{}/people", at("households", &home)), body).await.expect(201);
        let cover = with(policy(&home, &child), json!({ "holder_person_id": parent["id"], "payer_person_id": aunt["id"], "beneficiaries": null }));
        let cover = member.post("/v1/policies", cover).await.expect(201);
        member.post("/v1/claims", make::claim(&cover, &child)).await.expect(201);
        let (holders, payers, own) = (
            code_for(&member, &person_path(&home, &parent)).await,
            code_for(&member, &person_path(&home, &aunt)).await,
            code_for(&member, &person_path(&home, &child)).await,
        );
        let seen = only(app, &holders).await;
        assert_eq!((&seen["through"], &seen["insured_name"]), (&json!("holder_for_child"), &json!("李*")));
        assert_eq!(told_to(app, &holders).await["consent"], "never", "the holder consented to nothing of their own");
        assert_eq!(told_to(app, &payers).await["items"], json!([]), "paying is no right to look");
        assert_eq!((&only(app, &own).await["through"], &only(app, &own).await["insured_name"]), (&json!("insured"), &Value::Null));
        // That somebody looked for the child is noted of the child.
        let noted: Vec<(Option<String>, String)> = audit_entries::table
            .filter(audit_entries::action.eq("own_claims.read"))
            .filter(audit_entries::reason.eq("by_relative"))
            .select((audit_entries::role, audit_entries::facts)).load(&mut app.connection()).unwrap();
        assert_eq!(noted.len(), 2);
        assert!(noted.iter().all(|(role, facts)| role.as_deref() == Some("person") && facts.contains(parent["id"].as_str().unwrap())));
        // The guardian takes the child's consent back: nobody is shown anything.
        withdraw(&member, &format!("{}/consents", person_path(&home, &child)), "insurance").await;
        assert_eq!(told_to(app, &holders).await["items"], json!([]));
        let own = told_to(app, &own).await;
        assert_eq!((&own["items"], &own["consent"]), (&json!([]), &json!("withdrawn")));
    }

    async fn a_death_is_told_to_those_who_benefit(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let dead = household_person(&member, &home, &["insurance"]).await;
        let (widow, son) = (household_person(&member, &home, &["registration"]).await, household_person(&member, &home, &["insurance"]).await);
        let body = |more: Value| with(policy(&home, &dead), more);
        let named = member.post("/v1/policies", body(json!({ "holder_person_id": widow["id"], "beneficiaries": [{ "person_id": son["id"], "share": 100, "agreed_by_insured": true }] }))).await.expect(201);
        let unnamed = member.post("/v1/policies", body(json!({ "holder_person_id": widow["id"], "product_id": built_in("one-child-family"), "policy_number": "P-2", "beneficiaries": null }))).await.expect(201);
        for cover in [&named, &unnamed] {
            member.post("/v1/claims", with(make::claim(cover, &dead), json!({ "claim_type": "death" }))).await.expect(201);
        }
        // Of the living, nobody else is told: the treatment before the death stays the insured's own.
        member.post("/v1/claims", make::claim(&named, &dead)).await.expect(201);
        let (widows, sons) = (code_for(&member, &person_path(&home, &widow)).await, code_for(&member, &person_path(&home, &son)).await);
        let (to_widow, to_son) = (only(app, &widows).await, only(app, &sons).await);
        assert_eq!((&to_son["through"], &to_son["claim_type"]), (&json!("beneficiary"), &json!("death")));
        assert_eq!((&to_widow["through"], &to_widow["claim_type"]), (&json!("holder_for_heirs"), &json!("death")));
        assert_ne!(to_son["id"], to_widow["id"]);
        let papers: Vec<&str> = to_son["missing_papers"].as_array().unwrap().iter().map(|p| p["kind"].as_str().unwrap()).collect();
        assert!(papers.contains(&"death_certificate") && papers.contains(&"beneficiary_identity"), "{papers:?}");
    }

    async fn whoever_withdrew_is_told_no_more_and_whoever_was_erased_is_not_found(app) {
        let all = insured(app).await;
        all.reported().await;
        let path = person_path(&all.household, &all.person);
        let code = code_for(&all.member, &path).await;
        only(app, &code).await;
        all.member.post(&format!("{path}/consents"), consent("care_support")).await.expect(201);
        withdraw(&all.member, &format!("{path}/consents"), "insurance").await;
        let told = told_to(app, &code).await;
        assert_eq!((&told["items"], &told["consent"]), (&json!([]), &json!("withdrawn")));
        all.member.post(&format!("{path}/consents"), make::consent_again("insurance")).await.expect(201);
        only(app, &code).await;
        make::erased(app, &json!({ "person_id": all.person["id"] })).await;
        app.anonymous().post("/v1/receipt/claims", json!({ "code": code })).await.problem(401, "code_not_valid");
    }

    async fn whoever_is_kept_out_of_use_is_told_nothing(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let person = household_person(&member, &home, &["registration", "insurance"]).await;
        let cover = member.post("/v1/policies", make::policy(&home, &person)).await.expect(201);
        member.post("/v1/claims", make::claim(&cover, &person)).await.expect(201);
        let code = code_for(&member, &person_path(&home, &person)).await;
        only(app, &code).await;
        let record = crate::receipts::view(app, &code).await;
        let registration = crate::receipts::consent_of(&record, "registration");
        app.anonymous().post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": registration })).await.expect(200);
        let told = told_to(app, &code).await;
        assert_eq!((&told["items"], &told["consent"]), (&json!([]), &json!("withdrawn")));
    }

    async fn a_look_is_noted_and_wrong_codes_are_counted_as_on_the_receipt(app) {
        let all = insured(app).await;
        all.reported().await;
        let path = person_path(&all.household, &all.person);
        let code = code_for(&all.member, &path).await;
        told_to(app, &code).await;
        // The receipt tells that its code was used; the person's own look is no look of the staff's.
        let record = crate::receipts::view(app, &code).await;
        assert!(!record["receipts"][0]["last_used_at"].is_null());
        assert!(record["looks"].as_array().unwrap().iter().all(|l| l["what"] != "own_claims.read"));
        let noted: i64 = audit_entries::table.filter(audit_entries::action.eq("own_claims.read")).filter(audit_entries::role.eq("person")).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(noted, 1);
        let who = app.anonymous();
        let unknown = "2222-3333-4444-5555-6666-7777-8888";
        // Ten here and ten there are twenty.
        for at in ["claims", "view"] {
            for _ in 0..10 {
                who.post(&format!("/v1/receipt/{at}"), json!({ "code": unknown })).await.problem(401, "code_not_valid");
            }
        }
        let late = who.post("/v1/receipt/claims", json!({ "code": unknown })).await;
        assert!(late.header("retry-after").unwrap().parse::<u32>().unwrap() > 10);
        late.problem(429, "rate_limited");
        // The right code is nobody's guess; a revoked one is like any other.
        told_to(app, &code).await;
        let listed = all.member.get(&format!("{path}/receipts")).await.expect(200);
        let revocation = format!("{path}/receipts/{}/revocation", listed["items"][0]["id"].as_str().unwrap());
        all.member.post(&revocation, json!({})).await.expect(200);
        who.post("/v1/receipt/claims", json!({ "code": code })).await.problem(429, "rate_limited");
    }

    async fn whoever_was_merged_is_told_of_their_claims_by_either_code(app) {
        use qianshou::db::schema::{claims, persons, policy_insured};
        use qianshou::people::model::PersonState;
        let all = insured(app).await;
        all.reported().await;
        let kept = household_person(&all.member, &all.household, &["insurance"]).await;
        let old = code_for(&all.member, &person_path(&all.household, &all.person)).await;
        let new = code_for(&all.member, &person_path(&all.household, &kept)).await;
        // As a merge leaves it: what names the one names the other.
        let id = |person: &Value| person["id"].as_str().unwrap().parse::<qianshou::db::Uid>().unwrap();
        let mut c = app.connection();
        diesel::update(claims::table).set(claims::insured_person_id.eq(id(&kept))).execute(&mut c).unwrap();
        diesel::update(policy_insured::table).set(policy_insured::person_id.eq(id(&kept))).execute(&mut c).unwrap();
        diesel::update(persons::table.find(id(&all.person)))
            .set((persons::state.eq(PersonState::Merged), persons::merged_into.eq(id(&kept))))
            .execute(&mut c).unwrap();
        let (by_old, by_new) = (only(app, &old).await, only(app, &new).await);
        assert_eq!((&by_old["id"], &by_old["through"]), (&by_new["id"], &json!("insured")));
    }
}
