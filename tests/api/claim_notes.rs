//! What is noted of a claim beside its steps, why steps were late, decisions after a dispute, and who stands in a
//! policy.

use crate::both;
use crate::insurance::{insured, policy, way_to, with, yuan};
use crate::support::make::{at, household_person, withdraw};
use crate::support::*;
use jiff::Span;
use qianshou::db::Day;
use qianshou::insurance::machine::{ClaimState, ClaimStep, Decision, DisputeOutcome};

fn clock(claim: &Value, name: &str) -> Value {
    let all = claim["clocks"].as_array().unwrap();
    let found = all.iter().find(|c| c["name"] == name);
    found.unwrap_or_else(|| panic!("{name}")).clone()
}

both! {
    async fn an_obstacle_lets_the_limitation_stand_still(app) {
        let all = insured(app).await;
        let today = app.now().china_day();
        let back = |days: i64| today.saturating_sub(Span::new().days(days));
        let ago = |days: i64| Day(back(days));
        // Known twenty months ago: its last six months began two months ago.
        let known = today.saturating_sub(Span::new().months(20));
        let before = known.yesterday().unwrap();
        let body = json!({ "event_on": Day(known), "known_on": Day(known), "reported_on": Day(known) });
        let claim = at("claims", &all.member.post("/v1/claims", with(all.claim(), body)).await.expect(201));
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        let plain = clock(&all.member.get(&claim).await.expect(200), "limitation");
        let by_plain_counting = known.saturating_add(Span::new().years(2));
        assert_eq!((&plain["due_unrolled"], &plain["paused_days"]), (&json!(Day(by_plain_counting)), &json!(0)));
        let lasting = post("obstacle", json!({ "kind": "no_guardian", "from": ago(50) })).await.expect(200);
        assert_eq!(clock(&lasting, "limitation")["state"], "paused");
        post("obstacle", json!({ "kind": "no_guardian", "from": ago(49) })).await.problem(409, "already_exists");
        post("obstacle-end", json!({ "kind": "no_guardian", "on": ago(51) })).await.fault("/on", "bad_order");
        let none = post("obstacle-end", json!({ "kind": "heir_unknown", "on": ago(40) })).await.problem(409, "state_forbids");
        assert_eq!((&none["state"], &none["allowed_actions"]), (&json!("no_obstacle"), &json!(["obstacle"])));
        let gone = post("obstacle-end", json!({ "kind": "no_guardian", "on": ago(20) })).await.expect(200);
        let after = clock(&gone, "limitation");
        // Six months are left after it was gone.
        let end = back(20).saturating_add(Span::new().months(6));
        let moved = (end - by_plain_counting).get_days();
        assert!(moved > 20);
        assert_eq!((&after["due_unrolled"], &after["state"], &after["paused_days"]), (&json!(Day(end)), &json!("running"), &json!(moved)));
        // One that is over is told at once, with both its days.
        post("obstacle", json!({ "kind": "force_majeure", "from": ago(10), "until": ago(11) })).await.fault("/until", "bad_order");
        let both = post("obstacle", json!({ "kind": "force_majeure", "from": ago(10), "until": ago(5) })).await.expect(200);
        assert_eq!(clock(&both, "limitation")["due_unrolled"], json!(Day(back(5).saturating_add(Span::new().months(6)))));
        assert_eq!((both["state"].as_str(), &both["last_step_on"]), (Some("reported"), &json!(Day(known))));
        for (body, pointer, fault) in [
            (json!({ "kind": "other", "from": "2099-01-01" }), "/from", "in_the_future"),
            (json!({ "kind": "other", "from": Day(before) }), "/from", "bad_order"),
            (json!({ "kind": "other", "from": ago(3), "until": "2099-01-01" }), "/until", "in_the_future"),
            (json!({ "kind": "laziness", "from": ago(3) }), "/kind", "not_one_of"),
            (json!({ "kind": "other" }), "/from", "required"),
        ] {
            post("obstacle", body).await.fault(pointer, fault);
        }
        let events = all.member.get(&format!("{claim}/events")).await.expect(200);
        let noted: Vec<(&str, &str)> = events["items"].as_array().unwrap().iter().map(|e| (e["step"].as_str().unwrap(), e["to_state"].as_str().unwrap())).collect();
        assert_eq!(noted, [("obstacle", "reported"), ("obstacle_end", "reported"), ("obstacle", "reported"), ("report", "reported")]);
        assert_eq!((&events["items"][0]["obstacle"], &events["items"][0]["until"]), (&json!("force_majeure"), &json!(ago(5))));
    }

    async fn what_interrupts_the_limitation_lets_it_begin_anew(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let post = async |body: Value| all.member.post(&format!("{claim}/interruption"), body).await;
        let demanded = post(json!({ "kind": "demand", "on": "2026-05-06" })).await.expect(200);
        assert_eq!(clock(&demanded, "limitation")["due_unrolled"], "2028-05-06");
        post(json!({ "kind": "demand", "on": "2026-05-06" })).await.problem(409, "already_exists");
        let acknowledged = post(json!({ "kind": "acknowledgement", "on": "2026-06-01" })).await.expect(200);
        assert_eq!(clock(&acknowledged, "limitation")["due_unrolled"], "2028-06-01");
        post(json!({ "kind": "demand", "on": "2026-02-28" })).await.fault("/on", "bad_order");
        post(json!({ "kind": "proceedings", "on": "2099-02-28" })).await.fault("/on", "in_the_future");
        // Its state bars nothing: a claim that was taken back may be made again in time.
        all.step(&claim, ClaimStep::Withdrawal).await.expect(200);
        let after = post(json!({ "kind": "equivalent", "on": "2026-07-01" })).await.expect(200);
        assert_eq!((&after["state"], &clock(&after, "limitation")["due_unrolled"]), (&json!("withdrawn"), &json!("2028-07-01")));
        // Whoever may not write the claim may not note it, and nothing is noted without consent.
        let other = app.member().await;
        other.post(&format!("{claim}/interruption"), json!({ "kind": "demand", "on": "2026-07-02" })).await.problem(404, "not_found");
        let person = format!("{}/people/{}", at("households", &all.household), all.person["id"].as_str().unwrap());
        withdraw(&all.member, &format!("{person}/consents"), "insurance").await;
        post(json!({ "kind": "demand", "on": "2026-07-03" })).await.problem(403, "consent_withdrawn");
    }

    async fn a_step_past_its_clock_is_late_with_a_reason(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        post("acceptance", json!({ "on": "2026-03-03" })).await.expect(200);
        post("review", json!({ "on": "2026-03-04", "complex": true })).await.expect(200);
        // Thirty days from 3 March end on 2 April.
        let decided = json!({ "decision": "partly_approved", "decided_on": "2026-04-10", "amount": yuan("100.00"), "reasons": "自费药品除外", "insurer_reference": "D-1", "late_reason": "appraisal" });
        post("determination", with(decided.clone(), json!({ "late_reason": "weather" }))).await.fault("/late_reason", "not_one_of");
        let after = post("determination", decided).await.expect(200);
        let decision = clock(&after, "determination");
        assert_eq!((&decision["state"], &decision["late_reason"]), (&json!("late"), &json!("appraisal")));
        // The notice came by letter, a week later; nobody said why.
        let etag = all.member.get(&claim).await.etag();
        let told = all.member.patch(&claim, &etag, json!({ "refusal_notice_on": "2026-04-20" })).await.expect(200);
        let notice = clock(&told, "refusal_notice");
        assert_eq!((&notice["state"], &notice["late_reason"]), (&json!("late"), &json!("not_explained")));
        // In time, a reason is none.
        post("agreement", json!({ "on": "2026-04-21" })).await.expect(200);
        let pay = json!({ "kind": "full", "amount": yuan("100.00"), "paid_on": "2026-04-22", "insurer_reference": "Z-1", "late_reason": "backlog" });
        let paid = post("payment", pay).await.expect(200);
        assert_eq!((&clock(&paid, "payment")["state"], &clock(&paid, "payment")["late_reason"]), (&json!("met"), &Value::Null));
        let events = all.member.get(&format!("{claim}/events")).await.expect(200);
        let late: Vec<(Value, Value, Value)> = events["items"].as_array().unwrap().iter().map(|e| (e["step"].clone(), e["late"].clone(), e["late_reason"].clone())).filter(|e| e.1 != json!([])).collect();
        assert_eq!(late, [
            (json!("late_notice"), json!(["refusal_notice"]), json!("not_explained")),
            (json!("determination_partly_approved"), json!(["determination"]), json!("appraisal")),
        ]);
        assert_eq!(events["items"][0]["late_reason"], Value::Null);
    }

    async fn a_claim_has_several_decisions_and_payments(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        let pay = |kind: &str, sum: &str, on: &str| json!({ "kind": kind, "amount": yuan(sum), "paid_on": on, "insurer_reference": "Z-1" });
        post("acceptance", json!({ "on": "2026-03-03" })).await.expect(200);
        post("review", json!({ "on": "2026-03-04" })).await.expect(200);
        post("payment", pay("advance", "100.00", "2026-03-10")).await.expect(200);
        post("determination", json!({ "decision": "partly_approved", "decided_on": "2026-03-20", "amount": yuan("300.00"), "reasons": "自费药品除外", "insurer_reference": "D-1" })).await.expect(200);
        post("agreement", json!({ "on": "2026-03-21" })).await.expect(200);
        let paid = post("payment", pay("full", "200.00", "2026-03-22")).await.expect(200);
        // What was refused can still be demanded.
        assert_eq!(clock(&paid, "payment")["state"], "met");
        assert_eq!(clock(&paid, "limitation")["done_on"], Value::Null);
        post("dispute", json!({ "on": "2026-04-01", "way": "mediation" })).await.expect(200);
        let back = post("dispute-outcome", json!({ "on": "2026-04-20", "outcome": "back_to_review", "insurer_reference": "M-1" })).await.expect(200);
        assert_eq!((&back["approved"], &back["paid"]), (&Value::Null, &yuan("300.00")));
        // The second decision counts what was paid by the first.
        let second = json!({ "decision": "approved", "decided_on": "2026-04-28", "amount": yuan("500.00"), "insurer_reference": "D-2" });
        post("determination", with(second.clone(), json!({ "amount": yuan("299.99") }))).await.fault("/amount/amount", "not_fitting");
        post("determination", second).await.expect(200);
        post("agreement", json!({ "on": "2026-04-29" })).await.expect(200);
        post("payment", pay("part", "50.00", "2026-05-06")).await.expect(200);
        let done = post("payment", pay("full", "150.00", "2026-05-08")).await.expect(200);
        assert_eq!((&done["paid"], &done["approved"]), (&yuan("500.00"), &yuan("500.00")));
        assert_eq!((&clock(&done, "payment")["starts_on"], &clock(&done, "payment")["state"], &clock(&done, "limitation")["state"]), (&json!("2026-04-29"), &json!("met"), &json!("met")));
        post("closure", json!({ "on": "2026-05-09" })).await.expect(200);
        let events = all.member.get(&format!("{claim}/events")).await.expect(200);
        let references: Vec<&Value> = events["items"].as_array().unwrap().iter().filter(|e| e["step"].as_str().unwrap().starts_with("determination")).map(|e| &e["insurer_reference"]).collect();
        assert_eq!(references, [&json!("D-2"), &json!("D-1")]);
    }

    async fn a_second_refusal_after_a_dispute_stands_like_the_first(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        for step in way_to(ClaimState::Refused) {
            all.step(&claim, step).await.expect(200);
        }
        for step in [ClaimStep::Dispute, ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview), ClaimStep::Determination(Decision::Refused), ClaimStep::Dispute, ClaimStep::DisputeOutcome(DisputeOutcome::Closed)] {
            all.step(&claim, step).await.expect(200);
        }
        let after = all.member.get(&claim).await.expect(200);
        assert_eq!((&after["state"], &after["approved"]), (&json!("closed"), &Value::Null));
    }

    async fn holder_payer_insured_and_beneficiary_are_four_people(app) {
        let member = app.member().await;
        let home = make::household(&member).await;
        let mut people = Vec::new();
        for _ in 0..4 {
            people.push(household_person(&member, &home, &["insurance"]).await);
        }
        let [holder, payer, insured, benefits] = [0, 1, 2, 3].map(|i| people[i]["id"].clone());
        let body = with(policy(&home, &people[2]), json!({
            "holder_person_id": holder, "payer_person_id": payer,
            "beneficiaries": [{ "person_id": benefits, "share": 60, "agreed_by_insured": true }, { "person_id": payer, "share": 40, "agreed_by_insured": true }]
        }));
        let made = member.post("/v1/policies", body).await.expect(201);
        let read = member.get(&at("policies", &made)).await.expect(200);
        assert_eq!((&read["holder_person_id"], &read["payer_person_id"]), (&holder, &payer));
        assert_eq!(read["insured"], json!([{ "person_id": insured, "sum_agreed": true }]));
        assert_eq!(read["beneficiaries"], json!([{ "person_id": benefits, "share": 60 }, { "person_id": payer, "share": 40 }]));
    }
}
