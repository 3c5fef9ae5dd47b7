//! Products, policies by consent, and claims through every step and every refusal of the machine.

use crate::both;
use crate::support::make::{at, consent, household, household_person, withdraw};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::insurance::catalogue::built_in;
use qianshou::insurance::machine::{self, ClaimState, ClaimStep, TABLE};

pub fn yuan(sum: &str) -> Value {
    json!({ "amount": sum, "currency": "CNY" })
}

/// A policy of one insured person that is accepted as it stands.
pub fn policy(household: &Value, person: &Value) -> Value {
    json!({
        "household_id": household["id"],
        "product_id": built_in("family-accident"),
        "holder_person_id": person["id"],
        "payer_person_id": person["id"],
        "insured": [{ "person_id": person["id"], "sum_agreed": true }],
        "beneficiaries": [{ "person_id": person["id"], "share": 100, "agreed_by_insured": true }],
        "starts_on": "2022-01-01",
        "ends_on": "2030-12-31",
        "insurer_code": "picc-life",
        "policy_number": "P-1"
    })
}

pub fn with(mut body: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
            value => body[key] = value.clone(),
        }
    }
    body
}

pub struct Insured {
    pub member: Client,
    pub household: Value,
    pub person: Value,
    pub policy: Value,
}

pub async fn insured(app: &TestApp) -> Insured {
    let member = app.member().await;
    let household = household(&member).await;
    let person = household_person(&member, &household, &["insurance", "sensitive_documents"]).await;
    let policy = member
        .post("/v1/policies", policy(&household, &person))
        .await
        .expect(201);
    Insured {
        member,
        household,
        person,
        policy,
    }
}

impl Insured {
    pub fn claim(&self) -> Value {
        json!({
            "policy_id": self.policy["id"],
            "insured_person_id": self.person["id"],
            "claim_type": "medical",
            "event_on": "2026-03-01",
            "known_on": "2026-03-01",
            "reported_on": "2026-03-02",
            "description": "摔伤住院"
        })
    }
    pub async fn reported(&self) -> String {
        let made = self
            .member
            .post("/v1/claims", self.claim())
            .await
            .expect(201);
        at("claims", &made)
    }
    pub async fn step(&self, claim: &str, step: ClaimStep) -> Answer {
        let (noun, body) = told(step);
        self.member.post(&format!("{claim}/{noun}"), body).await
    }
}

/// The request that records a step; all on one day, so that any order is in order.
pub fn told(step: ClaimStep) -> (&'static str, Value) {
    use machine::{Decision, DisputeOutcome};
    let on = "2026-03-10";
    let decided = |decision: &str| json!({ "decision": decision, "decided_on": on, "insurer_reference": "D-1" });
    let paid = |kind: &str, sum: &str| json!({ "kind": kind, "amount": yuan(sum), "paid_on": on, "insurer_reference": "Z-1" });
    match step {
        ClaimStep::Acceptance => ("acceptance", json!({ "on": on })),
        ClaimStep::DocumentRequest => (
            "document-request",
            json!({ "on": on, "papers": ["invoices", "proof_of_days"] }),
        ),
        ClaimStep::DocumentsCompletion => ("documents-completion", json!({ "on": on })),
        ClaimStep::Review => ("review", json!({ "on": on })),
        ClaimStep::Investigation => ("investigation", json!({ "on": on })),
        ClaimStep::Determination(Decision::Approved) => (
            "determination",
            with(decided("approved"), json!({ "amount": yuan("1000.00") })),
        ),
        ClaimStep::Determination(Decision::PartlyApproved) => (
            "determination",
            with(
                decided("partly_approved"),
                json!({ "amount": yuan("1000.00"), "reasons": "自费药品除外" }),
            ),
        ),
        ClaimStep::Determination(Decision::Refused) => (
            "determination",
            with(decided("refused"), json!({ "reasons": "不在保障范围" })),
        ),
        ClaimStep::Agreement => ("agreement", json!({ "on": on })),
        ClaimStep::Payment => ("payment", paid("part", "1.00")),
        ClaimStep::AdvancePayment => ("payment", paid("advance", "1.00")),
        ClaimStep::Closure => ("closure", json!({ "on": on })),
        ClaimStep::Withdrawal => ("withdrawal", json!({ "on": on })),
        ClaimStep::Dispute => ("dispute", json!({ "on": on, "way": "regulator" })),
        ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview) => (
            "dispute-outcome",
            json!({ "on": on, "outcome": "back_to_review" }),
        ),
        ClaimStep::DisputeOutcome(DisputeOutcome::Closed) => {
            ("dispute-outcome", json!({ "on": on, "outcome": "closed" }))
        }
    }
}

/// The shortest way from the report to each state, read from the table.
pub fn way_to(state: ClaimState) -> Vec<ClaimStep> {
    let mut ways = vec![(ClaimState::Reported, Vec::new())];
    let mut next = 0;
    while next < ways.len() {
        let (from, way) = ways[next].clone();
        if from == state {
            return way;
        }
        for (_, step, to) in TABLE.iter().filter(|row| row.0 == from) {
            if ways.iter().all(|(known, _)| known != to) {
                let mut longer = way.clone();
                longer.push(*step);
                ways.push((*to, longer));
            }
        }
        next += 1;
    }
    panic!("no way to {state}")
}

both! {
    async fn the_products_are_there_and_officers_add_more(app) {
        let officer = app.user(Role::Officer, COUNTY).await;
        let page = officer.get("/v1/insurance-products").await.expect(200);
        let codes: Vec<&str> = page["items"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
        for code in ["family-accident", "bereaved-family", "one-child-family", "hospital-nursing"] {
            assert!(codes.contains(&code), "{codes:?}");
        }
        let nursing = officer.get(&format!("/v1/insurance-products/{}", built_in("hospital-nursing"))).await.expect(200);
        assert_eq!((&nursing["day_rate"], &nursing["day_cap"]), (&yuan("100.00"), &json!(90)));
        let body = json!({
            "code": "village-accident", "title_zh": "村民意外险", "title_en": "Villagers' accident", "terms_zh": "一年期", "terms_en": "One year",
            "basis": "person", "premium": yuan("30.00"), "sum_insured": yuan("20000.00"),
            "covers": [{ "claim_type": "medical", "papers": ["claim_form", "invoices"] }]
        });
        let made = officer.post_once("/v1/insurance-products", "k", body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/insurance-products", "k", body.clone()).await.expect(201)["id"], made["id"]);
        officer.post("/v1/insurance-products", body.clone()).await.problem(409, "already_exists");
        officer.post("/v1/insurance-products", with(body.clone(), json!({ "covers": [] }))).await.fault("/covers", "too_short");
        officer.post("/v1/insurance-products", with(body.clone(), json!({ "day_rate": yuan("1.00") }))).await.fault("/day_cap", "not_fitting");
        officer.post("/v1/insurance-products", with(body.clone(), json!({ "min_age": 60, "max_age": 18 }))).await.fault("/max_age", "bad_order");
        let member = app.member().await;
        member.get(&at("insurance-products", &made)).await.expect(200);
        member.post("/v1/insurance-products", body).await.problem(403, "forbidden_action");
    }

    async fn a_policy_needs_everybodys_consent(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let willing = household_person(&member, &home, &["insurance"]).await;
        let other = household_person(&member, &home, &["care_support"]).await;
        let both = json!([{ "person_id": willing["id"], "sum_agreed": true }, { "person_id": other["id"], "sum_agreed": true }]);
        let refused = member.post("/v1/policies", with(policy(&home, &willing), json!({ "insured": both }))).await.problem(403, "consent_required");
        assert_eq!(refused["errors"][0]["pointer"], "/insured/1");
        // Death is covered: the insured agrees to the sum (34), and to who benefits (39).
        member.post("/v1/policies", with(policy(&home, &willing), json!({ "insured": [{ "person_id": willing["id"] }] }))).await.fault("/insured/0/sum_agreed", "required");
        let unagreed = json!([{ "person_id": other["id"], "share": 100, "agreed_by_insured": false }]);
        member.post("/v1/policies", with(policy(&home, &willing), json!({ "beneficiaries": unagreed }))).await.fault("/beneficiaries/0/agreed_by_insured", "not_fitting");
        // No death cover, no such question.
        let nursing = with(policy(&home, &willing), json!({ "product_id": built_in("hospital-nursing"), "insured": [{ "person_id": willing["id"] }], "beneficiaries": null }));
        member.post("/v1/policies", nursing).await.expect(201);
        assert_eq!(member.get("/v1/policies").await.expect(200)["items"].as_array().unwrap().len(), 1, "what was refused is not there");
    }

    async fn a_policy_is_of_one_household(app) {
        let all = insured(app).await;
        let second = household(&all.member).await;
        let stranger = household_person(&all.member, &second, &["insurance"]).await;
        let body = || policy(&all.household, &all.person);
        let cases = [
            (json!({ "holder_person_id": stranger["id"] }), "/holder_person_id", "no_such_record"),
            (json!({ "payer_person_id": stranger["id"] }), "/payer_person_id", "no_such_record"),
            (json!({ "insured": [{ "person_id": stranger["id"], "sum_agreed": true }] }), "/insured/0/person_id", "no_such_record"),
            (json!({ "insured": [] }), "/insured", "too_short"),
            (json!({ "insured": [{ "person_id": all.person["id"], "sum_agreed": true }, { "person_id": all.person["id"], "sum_agreed": true }] }), "/insured", "repeated"),
            (json!({ "beneficiaries": [{ "person_id": stranger["id"], "share": 100, "agreed_by_insured": true }] }), "/beneficiaries/0/person_id", "no_such_record"),
            (json!({ "beneficiaries": [{ "person_id": all.person["id"], "share": 90, "agreed_by_insured": true }] }), "/beneficiaries", "not_fitting"),
            (json!({ "household_id": all.person["id"] }), "/household_id", "no_such_record"),
            (json!({ "product_id": all.person["id"] }), "/product_id", "no_such_record"),
            (json!({ "ends_on": "2021-12-31" }), "/ends_on", "bad_order"),
            (json!({ "premium": yuan("1.00") }), "/premium", "unknown_field"),
        ];
        for (change, pointer, fault) in cases {
            all.member.post("/v1/policies", with(body(), change)).await.fault(pointer, fault);
        }
        let other = app.member().await;
        other.post("/v1/policies", body()).await.fault("/household_id", "no_such_record");
        let next = || with(body(), json!({ "starts_on": "2031-01-01", "ends_on": "2031-12-31", "policy_number": "P-2" }));
        let once = all.member.post_once("/v1/policies", "k", next()).await.expect(201);
        let twice = all.member.post_once("/v1/policies", "k", next()).await.expect(201);
        assert_eq!(once["id"], twice["id"]);
    }

    async fn the_product_is_seen_by_whoever_looks_after_the_family_alone(app) {
        let all = insured(app).await;
        let path = at("policies", &all.policy);
        let full = all.member.get(&path).await.expect(200);
        assert_eq!(full["product_id"], json!(built_in("family-accident")));
        assert_eq!((&full["policy_number"], &full["insured"][0]["sum_agreed"]), (&json!("P-1"), &json!(true)));
        let coordinator = app.coordinator().await;
        let listed = coordinator.get("/v1/policies").await.expect(200)["items"][0].clone();
        for masked in [coordinator.get(&path).await.expect(200), listed] {
            assert_eq!(masked["view"], "masked");
            for sealed in [&masked["product_id"], &masked["policy_number"], &masked["insured"][0]["sum_agreed"]] {
                assert_eq!(sealed, &Value::Null);
            }
        }
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            stranger.get(&path).await.problem(404, "not_found");
            assert_eq!(stranger.get("/v1/policies").await.expect(200)["items"], json!([]));
        }
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        for path in [path.as_str(), "/v1/policies", "/v1/claims", "/v1/insurance-products"] {
            organiser.get(path).await.problem(403, "forbidden_action");
        }
    }

    async fn a_claim_from_reported_to_paid_and_closed(app) {
        let all = insured(app).await;
        let made = all.member.post("/v1/claims", all.claim()).await;
        assert!(made.header("location").unwrap().starts_with("/v1/claims/"));
        let made = made.expect(201);
        assert_eq!((made["state"].as_str(), &made["allowed_actions"]), (Some("reported"), &json!(["acceptance", "withdrawal", "dispute"])));
        assert!(made["missing_papers"].as_array().unwrap().contains(&json!("invoices")));
        let claim = at("claims", &made);
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        post("acceptance", json!({ "on": "2026-03-03", "received_on": "2026-03-03" })).await.expect(200);
        post("document-request", json!({ "on": "2026-03-05", "found_incomplete_on": "2026-03-04", "papers": ["test_results", "proof_of_days"] })).await.expect(200);
        let noted = all.member.put(&format!("{claim}/documents/test_results"), json!({ "received_on": "2026-03-06" })).await.expect(200);
        assert!(!noted["missing_papers"].as_array().unwrap().contains(&json!("test_results")));
        assert!(noted["missing_papers"].as_array().unwrap().contains(&json!("proof_of_days")));
        let done = post("documents-completion", json!({ "on": "2026-03-08" })).await.expect(200);
        assert!(!done["missing_papers"].as_array().unwrap().contains(&json!("proof_of_days")));
        post("payment", json!({ "kind": "advance", "amount": yuan("200.00"), "paid_on": "2026-03-09", "insurer_reference": "Z-1" })).await.expect(200);
        post("review", json!({ "on": "2026-03-10", "complex": true })).await.expect(200);
        post("determination", json!({ "decision": "partly_approved", "decided_on": "2026-03-20", "amount": yuan("900.00"), "reasons": "自费药品除外", "notified_on": "2026-03-21", "insurer_reference": "D-1" })).await.expect(200);
        let agreed = post("agreement", json!({ "on": "2026-03-25" })).await.expect(200);
        let clock = |claim: &Value, name: &str| claim["clocks"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
        let payment = clock(&agreed, "payment");
        // Ten days from 25 March end on Saturday, 4 April; Tomb-Sweeping lasts to the 6th.
        assert_eq!((&payment["starts_on"], &payment["due_unrolled"], &payment["due_on"], &payment["provisional"]), (&json!("2026-03-25"), &json!("2026-04-04"), &json!("2026-04-07"), &json!(false)));
        let decision = clock(&agreed, "determination");
        assert_eq!((&decision["due_unrolled"], &decision["state"]), (&json!("2026-04-05"), &json!("met")), "30 days and 3 of waiting for papers");
        assert_eq!(clock(&agreed, "refusal_notice")["state"], "met");
        // What is left is 700; more is never recorded, less is a part.
        let pay = |kind: &str, sum: &str| json!({ "kind": kind, "amount": yuan(sum), "paid_on": "2026-04-10", "insurer_reference": "Z-2" });
        post("payment", pay("part", "700.01")).await.fault("/amount/amount", "not_fitting");
        post("payment", pay("full", "600.00")).await.fault("/amount/amount", "not_fitting");
        post("payment", pay("part", "0.00")).await.fault("/amount/amount", "out_of_range");
        let paid = post("payment", pay("full", "700.00")).await.expect(200);
        assert_eq!((paid["state"].as_str(), &paid["paid"], &paid["approved"]), (Some("paid"), &yuan("900.00"), &yuan("900.00")));
        assert_eq!(clock(&paid, "payment")["state"], "late", "three days past its time");
        post("payment", pay("full", "0.00")).await.fault("/amount/amount", "out_of_range");
        let closed = post("closure", json!({ "on": "2026-04-11" })).await.expect(200);
        assert_eq!((closed["state"].as_str(), &closed["allowed_actions"]), (Some("closed"), &json!(["dispute"])));
        let late = post("withdrawal", json!({ "on": "2026-04-11" })).await.problem(409, "state_forbids");
        assert_eq!(late["state"], "closed");
        all.member.put(&format!("{claim}/documents/invoices"), json!({ "received_on": "2026-04-11" })).await.problem(409, "state_forbids");
        // Every step stands there, newest first, with what it was late for.
        let events = all.member.get(&format!("{claim}/events")).await.expect(200);
        let steps: Vec<&str> = events["items"].as_array().unwrap().iter().map(|e| e["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["closure", "payment", "agreement", "determination_partly_approved", "review", "advance_payment", "documents_completion", "document_request", "acceptance", "report"]);
        assert_eq!(events["items"][1]["late"], json!(["payment"]));
        assert_eq!((&events["items"][3]["reasons"], &events["items"][3]["insurer_reference"]), (&json!("自费药品除外"), &json!("D-1")));
    }

    async fn advances_that_cover_all_are_settled_by_nothing(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let pay = |kind: &str, sum: &str| json!({ "kind": kind, "amount": yuan(sum), "paid_on": "2026-03-10", "insurer_reference": "Z-2" });
        all.step(&claim, ClaimStep::Acceptance).await.expect(200);
        all.member.post(&format!("{claim}/payment"), pay("advance", "1000.00")).await.expect(200);
        all.step(&claim, ClaimStep::Review).await.expect(200);
        let less = json!({ "decision": "approved", "decided_on": "2026-03-10", "amount": yuan("999.00"), "insurer_reference": "D" });
        all.member.post(&format!("{claim}/determination"), less).await.fault("/amount/amount", "not_fitting");
        all.step(&claim, ClaimStep::Determination(machine::Decision::Approved)).await.expect(200);
        all.step(&claim, ClaimStep::Agreement).await.expect(200);
        all.step(&claim, ClaimStep::Payment).await.fault("/amount/amount", "not_fitting");
        let paid = all.member.post(&format!("{claim}/payment"), pay("full", "0.00")).await.expect(200);
        assert_eq!((paid["state"].as_str(), &paid["paid"]), (Some("paid"), &yuan("1000.00")));
        all.step(&claim, ClaimStep::Closure).await.expect(200);
    }

    async fn every_step_in_every_state_is_as_the_table_says(app) {
        let all = insured(app).await;
        for state in ClaimState::ALL {
            let reach = async || {
                let claim = all.reported().await;
                for step in way_to(state) {
                    all.step(&claim, step).await.expect(200);
                }
                claim
            };
            let mut claim = reach().await;
            // Of what was agreed on a part is paid: the rest is owed, and nobody closes that.
            let owed = |step: ClaimStep| state == ClaimState::Paid && step == ClaimStep::Closure;
            let allowed = machine::allowed(state).into_iter().filter(|s| !owed(*s));
            let names: Vec<&str> = allowed.map(|s| s.as_str()).collect();
            for step in ClaimStep::ALL {
                match machine::apply(state, step) {
                    Ok(_) if owed(step) => {
                        let no = all.step(&claim, step).await.problem(409, "state_forbids");
                        assert_eq!((no["state"].as_str(), &no["allowed_actions"]), (Some("paid"), &json!(names)));
                        let list = all.member.get("/v1/claims").await.expect(200);
                        let listed = list["items"].as_array().unwrap().iter().find(|c| claim.ends_with(c["id"].as_str().unwrap())).unwrap().clone();
                        assert_eq!(listed["allowed_actions"], json!(names));
                    }
                    Ok(next) => {
                        let after = all.step(&claim, step).await.expect(200);
                        assert_eq!(after["state"], next.as_str(), "{state} and {step}");
                        if next != state {
                            claim = reach().await;
                        }
                    }
                    Err(_) => {
                        let no = all.step(&claim, step).await.problem(409, "state_forbids");
                        assert_eq!((no["state"].as_str(), &no["allowed_actions"]), (Some(state.as_str()), &json!(names)), "{state} and {step}");
                    }
                }
            }
            let read = all.member.get(&claim).await.expect(200);
            assert_eq!((read["state"].as_str(), &read["allowed_actions"]), (Some(state.as_str()), &json!(names)));
        }
    }

    async fn whoever_let_it_rest_may_contest_it_after_all(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        for step in way_to(ClaimState::Refused).into_iter().chain([ClaimStep::Closure]) {
            all.step(&claim, step).await.expect(200);
        }
        assert_eq!(all.member.get(&claim).await.expect(200)["allowed_actions"], json!(["dispute"]));
        all.step(&claim, ClaimStep::Payment).await.problem(409, "state_forbids");
        let back = ClaimStep::DisputeOutcome(machine::DisputeOutcome::BackToReview);
        let won = [ClaimStep::Dispute, back, ClaimStep::Determination(machine::Decision::Approved), ClaimStep::Agreement, ClaimStep::Payment];
        for step in won {
            all.step(&claim, step).await.expect(200);
        }
        // One yuan of a thousand: the rest is paid, and then it is over.
        let rest = json!({ "kind": "full", "amount": yuan("999.00"), "paid_on": "2026-03-10", "insurer_reference": "Z-9" });
        let paid = all.member.post(&format!("{claim}/payment"), rest).await.expect(200);
        assert_eq!(paid["allowed_actions"], json!(["payment", "closure", "dispute"]));
        assert_eq!(all.step(&claim, ClaimStep::Closure).await.expect(200)["state"], "closed");
    }

    async fn a_dispute_that_is_won_starts_the_clocks_anew(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        for step in way_to(ClaimState::Refused) {
            all.step(&claim, step).await.expect(200);
        }
        all.step(&claim, ClaimStep::Dispute).await.expect(200);
        let back = json!({ "on": "2026-04-01", "outcome": "back_to_review" });
        let after = all.member.post(&format!("{claim}/dispute-outcome"), back).await.expect(200);
        assert_eq!(after["state"], "under_review");
        let clock = |name: &str| after["clocks"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
        assert_eq!((&clock("determination")["starts_on"], &clock("determination")["state"]), (&json!("2026-04-01"), &json!("running")));
        assert_eq!(clock("refusal_notice")["state"], "not_started");
        assert_eq!(clock("advance_payment")["starts_on"], "2026-04-01");
    }

    async fn days_are_in_order_and_past(app) {
        let all = insured(app).await;
        let body = || all.claim();
        let cases = [
            (json!({ "known_on": "2026-02-28" }), "/known_on", "bad_order"),
            (json!({ "reported_on": "2026-02-28" }), "/reported_on", "bad_order"),
            (json!({ "reported_on": "2099-01-01" }), "/reported_on", "in_the_future"),
            (json!({ "event_on": "2021-12-31" }), "/event_on", "not_fitting"),
            (json!({ "claim_type": "allowance" }), "/claim_type", "not_fitting"),
            (json!({ "claim_type": "birth" }), "/claim_type", "not_one_of"),
            (json!({ "insured_person_id": all.policy["id"] }), "/insured_person_id", "no_such_record"),
            (json!({ "policy_id": all.person["id"] }), "/policy_id", "no_such_record"),
            (json!({ "claimed": yuan("0.00") }), "/claimed/amount", "out_of_range"),
            (json!({ "state": "paid" }), "/state", "unknown_field"),
        ];
        for (change, pointer, fault) in cases {
            all.member.post("/v1/claims", with(body(), change)).await.fault(pointer, fault);
        }
        let claim = all.reported().await;
        let post = async |noun: &str, body: Value| all.member.post(&format!("{claim}/{noun}"), body).await;
        post("acceptance", json!({ "on": "2026-03-01" })).await.fault("/on", "bad_order");
        post("acceptance", json!({ "on": "2099-03-01" })).await.fault("/on", "in_the_future");
        post("acceptance", json!({ "on": "2026-03-03", "received_on": "2026-03-04" })).await.fault("/received_on", "bad_order");
        post("acceptance", json!({ "on": "2026-03-03" })).await.expect(200);
        post("document-request", json!({ "on": "2026-03-03", "papers": [] })).await.fault("/papers", "too_short");
        post("review", json!({ "on": "2026-03-04" })).await.expect(200);
        let decided = json!({ "decision": "approved", "decided_on": "2026-03-05", "amount": yuan("10.00"), "insurer_reference": "D" });
        let cases = [
            (json!({ "decided_on": "2026-03-03" }), "/decided_on", "bad_order"),
            (json!({ "amount": null }), "/amount", "required"),
            (json!({ "amount": yuan("0.00") }), "/amount/amount", "out_of_range"),
            (json!({ "insurer_reference": null }), "/insurer_reference", "required"),
            (json!({ "reasons": "无" }), "/reasons", "not_fitting"),
            (json!({ "decision": "partly_approved" }), "/reasons", "required"),
            (json!({ "decision": "refused" }), "/amount", "not_fitting"),
            (json!({ "decision": "refused", "amount": null }), "/reasons", "required"),
            (json!({ "decision": "refused", "amount": null, "reasons": " \n\u{3000}" }), "/reasons", "bad_pattern"),
            (json!({ "decision": "refused", "amount": null, "reasons": "无", "notified_on": "2026-03-04" }), "/notified_on", "bad_order"),
        ];
        for (change, pointer, fault) in cases {
            post("determination", with(decided.clone(), change)).await.fault(pointer, fault);
        }
        assert_eq!(all.member.get(&claim).await.expect(200)["state"], "under_review");
    }

    async fn a_claim_is_amended_beside_its_steps_alone(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let etag = all.member.get(&claim).await.etag();
        for field in ["state", "approved", "payments"] {
            all.member.patch(&claim, &etag, json!({ field: "paid" })).await.fault(&format!("/{field}"), "unknown_field");
        }
        all.member.patch(&claim, "\"9-f\"", json!({ "description": "改" })).await.problem(412, "version_conflict");
        all.member.patch(&claim, &etag, json!({ "told_papers_on": "2099-01-01" })).await.fault("/told_papers_on", "in_the_future");
        let after = all.member.patch(&claim, &etag, json!({ "description": null, "claimed": yuan("2500.00"), "told_papers_on": "2026-03-03" })).await.expect(200);
        assert_eq!((&after["description"], &after["claimed"]), (&Value::Null, &yuan("2500.00")));
        let advice = after["clocks"].as_array().unwrap().iter().find(|c| c["name"] == "small_claim_advice").unwrap();
        assert_eq!((&advice["due_on"], &advice["state"]), (&json!("2026-03-03"), &json!("met")));
    }

    async fn who_sees_a_claim(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        all.step(&claim, ClaimStep::Acceptance).await.expect(200);
        let coordinator = app.coordinator().await;
        let masked = coordinator.get(&claim).await.expect(200);
        assert_eq!((masked["view"].as_str(), &masked["description"]), (Some("masked"), &Value::Null));
        assert_eq!(coordinator.get("/v1/claims?state=accepted").await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert_eq!(coordinator.get("/v1/claims?state=paid").await.expect(200)["items"], json!([]));
        coordinator.get("/v1/claims?state=lost").await.problem(400, "malformed_query");
        coordinator.get(&format!("{claim}/events")).await.expect(200);
        coordinator.get(&format!("{claim}/documents")).await.expect(200);
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            for path in [claim.clone(), format!("{claim}/events"), format!("{claim}/documents")] {
                stranger.get(&path).await.problem(404, "not_found");
            }
            stranger.post(&format!("{claim}/review"), json!({ "on": "2026-03-10" })).await.problem(404, "not_found");
            stranger.post("/v1/claims", all.claim()).await.fault("/policy_id", "no_such_record");
        }
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        organiser.post("/v1/claims", all.claim()).await.problem(403, "forbidden_action");
        organiser.post(&format!("{claim}/review"), json!({ "on": "2026-03-10" })).await.problem(403, "forbidden_action");
        // A coordinator may record a step for the member, who still looks after it.
        coordinator.post(&format!("{claim}/review"), json!({ "on": "2026-03-10" })).await.expect(200);
        assert_eq!(all.member.get(&claim).await.expect(200)["state"], "under_review");
        let once = all.member.post_once("/v1/claims", "c", all.claim()).await.expect(201);
        let twice = all.member.post_once("/v1/claims", "c", all.claim()).await.expect(201);
        assert_eq!(once["id"], twice["id"]);
        all.member.put(&format!("{claim}/documents/love_letter"), json!({ "received_on": "2026-03-10" })).await.problem(404, "not_found");
    }

    async fn a_payment_with_an_id_is_recorded_once(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        all.step(&claim, ClaimStep::Acceptance).await.expect(200);
        let body = json!({ "id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b22", "kind": "advance", "amount": yuan("5.00"), "paid_on": "2026-03-10", "insurer_reference": "Z" });
        all.member.post(&format!("{claim}/payment"), body.clone()).await.expect(200);
        all.member.post(&format!("{claim}/payment"), body).await.problem(409, "already_exists");
        assert_eq!(all.member.get(&claim).await.expect(200)["paid"], yuan("5.00"));
    }
}

both! {
    async fn nothing_goes_on_after_consent_was_withdrawn(app) {
        let all = insured(app).await;
        let (claim, ended) = (all.reported().await, all.reported().await);
        all.step(&claim, ClaimStep::Acceptance).await.expect(200);
        let person = format!("{}/people/{}", at("households", &all.household), all.person["id"].as_str().unwrap());
        let consents = format!("{person}/consents");
        let medical = format!("{claim}/documents/test_results");
        let received = json!({ "received_on": "2026-03-06" });

        // Papers about somebody's health need a consent of their own.
        withdraw(&all.member, &consents, "sensitive_documents").await;
        all.member.put(&medical, received.clone()).await.problem(403, "consent_withdrawn");
        all.member.put(&format!("{claim}/documents/claim_form"), received.clone()).await.expect(200);
        all.member.post(&consents, crate::support::make::consent_again("sensitive_documents")).await.expect(201);
        all.member.put(&medical, received.clone()).await.expect(200);

        all.member.post(&consents, consent("care_support")).await.expect(201);
        withdraw(&all.member, &consents, "insurance").await;
        all.member.post("/v1/claims", all.claim()).await.problem(403, "consent_withdrawn");
        let again = policy(&all.household, &all.person);
        all.member.post("/v1/policies", again).await.problem(403, "consent_withdrawn");
        all.member.put(&format!("{claim}/documents/invoices"), received.clone()).await.problem(403, "consent_withdrawn");
        let etag = all.member.get(&claim).await.etag();
        all.member.patch(&claim, &etag, json!({ "description": "住院" })).await.problem(403, "consent_withdrawn");
        for step in [ClaimStep::Review, ClaimStep::DocumentRequest, ClaimStep::AdvancePayment, ClaimStep::Dispute] {
            all.step(&claim, step).await.problem(403, "consent_withdrawn");
        }
        // But it can be ended.
        all.step(&ended, ClaimStep::Withdrawal).await.expect(200);
        // Given again, the work goes on.
        all.member.post(&consents, crate::support::make::consent_again("insurance")).await.expect(201);
        all.step(&claim, ClaimStep::Review).await.expect(200);
    }

    async fn medical_papers_were_never_agreed_to(app) {
        let member = app.member().await;
        let household = household(&member).await;
        let person = household_person(&member, &household, &["insurance"]).await;
        let policy = member.post("/v1/policies", policy(&household, &person)).await.expect(201);
        let claim = at("claims", &member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201));
        member.put(&format!("{claim}/documents/medical_records"), json!({ "received_on": "2026-03-06" })).await.problem(403, "consent_required");
        member.put(&format!("{claim}/documents/bank_account"), json!({ "received_on": "2026-03-06" })).await.expect(200);
    }
}
