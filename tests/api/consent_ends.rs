//! What ends at once when somebody takes a consent back: what was to be done by it, and the sight of it.

use crate::both;
use crate::insurance::{Insured, insured, with, yuan};
use crate::support::make::{at, consent_again, household, household_person, withdraw};
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::insurance::machine::ClaimStep;

fn consents(household: &Value, person: &Value) -> String {
    let person = person["id"].as_str().unwrap();
    format!("{}/people/{person}/consents", at("households", household))
}

/// A pocket that has pulled everything.
async fn pocket(app: &TestApp, who: &Client) -> Pocket {
    numbered(app).await;
    let mut pocket = Pocket::new(who);
    pocket.pull().await;
    pocket
}

async fn items(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

both! {
    async fn nobody_comes_back_to_a_family_that_agrees_to_it_no_more(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let home = household(&member).await;
        let purposes = ["registration", "service_follow_up"];
        let (one, other) = (household_person(&member, &home, &purposes).await, household_person(&member, &home, &purposes).await);
        let mut body = make::home_visit(&home);
        body["follow_ups"] = json!([{ "due_on": "2026-06-12", "task": "再来看看" }, { "due_on": "2026-06-13", "task": "送资料" }]);
        let visit = member.post("/v1/visits", body.clone()).await.expect(201);
        let visit = member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        let draft = member.post("/v1/visits", body).await.expect(201);
        let (open, done) = (visit["follow_ups"][0].clone(), visit["follow_ups"][1].clone());
        member.post(&format!("{}/completion", at("follow-ups", &done)), json!({ "outcome": "solved" })).await.expect(200);
        let (mut phone, mut desk) = (pocket(app, &member).await, pocket(app, &coordinator).await);
        assert!(phone.has("follow_up", &open) && desk.has("follow_up", &open));
        let etag = member.get(&at("visits", &visit)).await.etag();
        let before = coordinator.get(&at("follow-ups", &open)).await.etag();

        // As long as somebody of it agrees.
        withdraw(&member, &consents(&home, &one), "service_follow_up").await;
        assert_eq!(coordinator.get(&at("follow-ups", &open)).await.expect(200)["state"], "open");

        withdraw(&member, &consents(&home, &other), "service_follow_up").await;
        for who in [&member, &coordinator] {
            who.get(&at("follow-ups", &open)).await.problem(404, "not_found");
            let left: Vec<Value> = items(who, "/v1/follow-ups").await.into_iter().map(|f| f["id"].clone()).collect();
            assert_eq!(left, [done["id"].clone()], "what was done stays");
            let shown = who.get(&at("visits", &visit)).await.expect(200);
            assert_eq!((shown["follow_ups"].as_array().unwrap().len(), &shown["follow_ups"][0]["id"]), (1, &done["id"]));
        }
        assert_ne!(member.get(&at("visits", &visit)).await.etag(), etag);
        assert_eq!(member.get(&at("visits", &draft)).await.expect(200)["follow_ups"], json!([]));
        member.post(&format!("{}/completion", at("follow-ups", &open)), json!({ "outcome": "solved" })).await.problem(404, "not_found");
        let moved = json!({ "due_on": "2099-06-19" });
        coordinator.patch(&at("follow-ups", &open), &before, moved).await.problem(404, "not_found");
        // Phones are told, and a new one is given nothing of it.
        numbered(app).await;
        phone.pull().await;
        desk.pull().await;
        for pocket in [&phone, &desk, &pocket(app, &member).await] {
            assert!(!pocket.has("follow_up", &open) && pocket.has("follow_up", &done));
        }
        // Who agrees again is planned for anew: what was planned by the consent of before is gone.
        let again = consents(&home, &one);
        member.post(&again, consent_again("service_follow_up")).await.expect(201);
        member.get(&at("follow-ups", &open)).await.problem(404, "not_found");
        let new = member.post("/v1/visits", make::home_visit(&home)).await.expect(201);
        let new = new["follow_ups"][0].clone();
        // Nor is anything done for a family whose only one who agreed is of it no more.
        withdraw(&member, &consents(&home, &one), "registration").await;
        member.get(&at("follow-ups", &new)).await.problem(404, "not_found");
        numbered(app).await;
        phone.pull().await;
        assert!(!phone.has("follow_up", &new));
    }

    async fn a_claim_of_somebody_who_withdrew_is_there_to_be_ended_alone(app) {
        let all: Insured = insured(app).await;
        let (coordinator, county) = (app.coordinator().await, app.user(Role::Coordinator, COUNTY).await);
        let (running, ended) = (all.reported().await, all.reported().await);
        all.step(&ended, ClaimStep::Withdrawal).await.expect(200);
        for step in [ClaimStep::Acceptance, ClaimStep::Review] {
            all.step(&running, step).await.expect(200);
        }
        let (claim, policy) = (all.member.get(&running).await.expect(200), at("policies", &all.policy));
        let (mut phone, mut desk) = (pocket(app, &all.member).await, pocket(app, &coordinator).await);
        assert!(phone.has("claim", &claim) && desk.has("claim", &claim) && desk.has("policy", &all.policy));
        let etag = all.member.get(&running).await.etag();
        let person = consents(&all.household, &all.person);
        withdraw(&all.member, &person, "insurance").await;

        // Nobody sees it any more but whoever looks after it, who sees what it takes to end it.
        for other in [&coordinator, &county] {
            for path in [&running, &ended, &format!("{running}/events"), &format!("{running}/documents"), &policy] {
                other.get(path).await.problem(404, "not_found");
            }
            assert_eq!((items(other, "/v1/claims").await, items(other, "/v1/policies").await), (vec![], vec![]));
            other.post(&format!("{running}/withdrawal"), json!({ "on": "2026-03-10" })).await.problem(404, "not_found");
        }
        let shown = all.member.get(&running).await;
        assert_ne!(shown.etag(), etag);
        let shown = shown.expect(200);
        let told = (&shown["view"], &shown["description"], &shown["documents"], &shown["missing_papers"]);
        assert_eq!(told, (&json!("masked"), &Value::Null, &json!([]), &json!([])));
        assert_eq!(shown["allowed_actions"], json!(["withdrawal"]));
        let listed = items(&all.member, "/v1/claims").await;
        assert_eq!((listed.len(), &listed[0]["id"], &listed[0]["allowed_actions"]), (1, &claim["id"], &json!(["withdrawal"])));
        for path in [&ended, &format!("{running}/events"), &format!("{running}/documents"), &policy] {
            all.member.get(path).await.problem(404, "not_found");
        }
        assert_eq!(items(&all.member, "/v1/policies").await, Vec::<Value>::new());
        numbered(app).await;
        phone.pull().await;
        desk.pull().await;
        assert!(!desk.has("claim", &claim) && !desk.has("policy", &all.policy));
        for pocket in [&phone, &pocket(app, &all.member).await] {
            assert!(!pocket.has("policy", &all.policy) && pocket.has("claim", &claim));
            let held = &pocket.records[&("claim".to_owned(), claim["id"].as_str().unwrap().to_owned())].record;
            assert_eq!((&held["view"], &held["description"]), (&json!("masked"), &Value::Null));
        }
        // What is refused names no step that would be refused, too.
        let refused = all.member.post(&format!("{running}/closure"), json!({ "on": "2026-03-10" })).await.problem(409, "state_forbids");
        assert_eq!(refused["allowed_actions"], json!(["withdrawal"]));
        all.step(&running, ClaimStep::Dispute).await.problem(403, "consent_withdrawn");

        // Given again, all of it is there again.
        all.member.post(&person, consent_again("insurance")).await.expect(201);
        assert_eq!(all.member.get(&running).await.expect(200)["description"], claim["description"]);
        coordinator.get(&running).await.expect(200);
        coordinator.get(&policy).await.expect(200);
        numbered(app).await;
        desk.pull().await;
        assert!(desk.has("claim", &claim) && desk.has("policy", &all.policy));

        // Ended without consent, it is answered once and then gone.
        withdraw(&all.member, &person, "insurance").await;
        let answer = all.step(&running, ClaimStep::Withdrawal).await.expect(200);
        assert_eq!((&answer["state"], &answer["allowed_actions"], &answer["description"]), (&json!("withdrawn"), &json!([]), &Value::Null));
        all.member.get(&running).await.problem(404, "not_found");
        assert_eq!(items(&all.member, "/v1/claims").await, Vec::<Value>::new());
        numbered(app).await;
        phone.pull().await;
        assert!(!phone.has("claim", &claim));
    }

    async fn an_agreed_claim_is_ended_by_being_paid(app) {
        let all = insured(app).await;
        let claim = all.reported().await;
        let decided = json!({ "decision": "approved", "decided_on": "2026-03-10", "amount": yuan("1000.00"), "insurer_reference": "D-1" });
        for step in [ClaimStep::Acceptance, ClaimStep::Review] {
            all.step(&claim, step).await.expect(200);
        }
        all.member.post(&format!("{claim}/determination"), decided).await.expect(200);
        all.step(&claim, ClaimStep::Agreement).await.expect(200);
        withdraw(&all.member, &consents(&all.household, &all.person), "insurance").await;
        let shown = all.member.get(&claim).await.expect(200);
        assert_eq!((&shown["allowed_actions"], &shown["approved"]), (&json!(["payment"]), &yuan("1000.00")));
        let paid = json!({ "kind": "full", "amount": yuan("1000.00"), "paid_on": "2026-03-10", "insurer_reference": "Z-1" });
        let paid = all.member.post(&format!("{claim}/payment"), paid).await.expect(200);
        assert_eq!(paid["allowed_actions"], json!(["payment", "closure"]));
        assert_eq!(all.step(&claim, ClaimStep::Closure).await.expect(200)["state"], "closed");
        all.member.get(&claim).await.problem(404, "not_found");
    }

    async fn a_policy_names_those_of_the_insured_who_agree(app) {
        let member = app.member().await;
        let home = household(&member).await;
        let (one, two) = (household_person(&member, &home, &["insurance", "care_support"]).await, household_person(&member, &home, &["insurance"]).await);
        let both = json!([{ "person_id": one["id"], "sum_agreed": true }, { "person_id": two["id"], "sum_agreed": true }]);
        let made = member.post("/v1/policies", with(make::policy(&home, &two), json!({ "insured": both }))).await.expect(201);
        let path = at("policies", &made);
        let before = member.get(&path).await.etag();
        withdraw(&member, &consents(&home, &one), "insurance").await;
        let coordinator = app.coordinator().await;
        for who in [&member, &coordinator] {
            let shown = who.get(&path).await.expect(200);
            let people: Vec<_> = shown["insured"].as_array().unwrap().iter().map(|i| i["person_id"].clone()).collect();
            assert_eq!(people, [two["id"].clone()]);
        }
        assert_ne!(member.get(&path).await.etag(), before);
        let held = pocket(app, &member).await;
        let held = &held.records[&("policy".to_owned(), made["id"].as_str().unwrap().to_owned())].record;
        assert_eq!(held["insured"].as_array().unwrap().len(), 1);
    }
}
