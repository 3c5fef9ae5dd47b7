//! What rested on one purpose alone goes a week after consent to it was withdrawn; the person stays.

use crate::both;
use crate::support::make::{
    at, claim, consent_again, household, household_person, policy, withdraw,
};
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use qianshou::db::Micros;
use qianshou::privacy::erasure::purposes;

const DAY: i64 = Micros::DAY;

struct Family {
    member: Client,
    household: Value,
    person: Value,
    spouse: Value,
}

impl Family {
    async fn of(app: &TestApp) -> Family {
        let member = app.member().await;
        let household = household(&member).await;
        let purposes = ["insurance", "sensitive_documents", "care_support"];
        let person = household_person(&member, &household, &purposes).await;
        let spouse = household_person(&member, &household, &purposes).await;
        Family {
            member,
            household,
            person,
            spouse,
        }
    }
    fn consents(&self) -> String {
        let (home, person) = (
            at("households", &self.household),
            self.person["id"].as_str().unwrap(),
        );
        format!("{home}/people/{person}/consents")
    }
    async fn insured(&self, people: &[&Value]) -> Value {
        let mut body = policy(&self.household, &self.person);
        let insured = |p: &&Value| json!({ "person_id": p["id"], "sum_agreed": true });
        body["insured"] = people.iter().map(insured).collect();
        if people.len() > 1 {
            // Another year: nobody is insured twice by one product.
            (body["starts_on"], body["ends_on"]) = (json!("2025-01-01"), json!("2025-12-31"));
        }
        self.member.post("/v1/policies", body).await.expect(201)
    }
    async fn claimed(&self, policy: &Value) -> Value {
        let mut body = claim(policy, &self.person);
        // While the cover ran.
        let day = policy["starts_on"]
            .as_str()
            .unwrap()
            .replace("-01-01", "-03-01");
        (body["event_on"], body["known_on"]) = (json!(day), json!(day));
        self.member.post("/v1/claims", body).await.expect(201)
    }
}

/// Whether a policy is stored, seen or not.
fn rests(app: &TestApp, policy: &Value) -> bool {
    let id = policy["id"].as_str().unwrap().parse().unwrap();
    let found = qianshou::insurance::store::these_policies(&mut app.connection(), &[id]);
    !found.unwrap().is_empty()
}

async fn ended(app: &TestApp) {
    while purposes::run(&app.data).await.unwrap() {}
}

both! {
    async fn what_rested_on_insurance_goes_and_what_insures_others_stays(app) {
        let family = Family::of(app).await;
        let (alone, shared) = (family.insured(&[&family.person]).await, family.insured(&[&family.person, &family.spouse]).await);
        let (first, second) = (family.claimed(&alone).await, family.claimed(&shared).await);
        let mut phone = Pocket::new(&family.member);
        numbered(app).await;
        phone.pull().await;
        assert!(phone.has("policy", &alone) && phone.has("claim", &first));
        withdraw(&family.member, &family.consents(), "insurance").await;
        // For a week it is out of sight, and rests still: who agrees again keeps it.
        app.advance(6 * DAY);
        ended(app).await;
        let member = make::renewed(app, &family.member);
        member.get(&at("policies", &alone)).await.problem(404, "not_found");
        assert!(rests(app, &alone) && rests(app, &shared));
        app.advance(DAY + 1);
        ended(app).await;
        let member = make::renewed(app, &member);
        for gone in [at("policies", &alone), at("claims", &first), at("claims", &second)] {
            member.get(&gone).await.problem(404, "not_found");
        }
        assert!(!rests(app, &alone) && rests(app, &shared));
        let stays = member.get(&at("policies", &shared)).await.expect(200);
        assert_eq!(stays["insured"].as_array().unwrap().len(), 1);
        assert_eq!((&stays["insured"][0]["person_id"], &stays["beneficiaries"]), (&family.spouse["id"], &json!([])));
        assert!(stays["version"].as_i64() > shared["version"].as_i64());
        // Phones learn of it like of any change.
        phone.client = member.clone();
        numbered(app).await;
        phone.pull().await;
        for (kind, record) in [("policy", &alone), ("claim", &first), ("claim", &second)] {
            assert!(!phone.has(kind, record), "{kind}");
        }
        assert!(phone.has("policy", &shared));
        // Everything else of the person is as it was, and whoever may see the audit reads why.
        let home = at("households", &family.household);
        let people = member.get(&format!("{home}/people")).await.expect(200);
        assert_eq!(people["items"].as_array().unwrap().len(), 2);
        let coordinator = app.coordinator().await;
        let entries = coordinator.get("/v1/audit-entries?action=purpose.end").await.expect(200);
        let told: Vec<_> = entries["items"].as_array().unwrap().iter().map(|e| (&e["reason"], &e["actor_id"])).collect();
        assert_eq!(told, [(&json!("insurance"), &Value::Null)]);
    }

    async fn whoever_agrees_again_within_the_week_keeps_it(app) {
        let family = Family::of(app).await;
        let alone = family.insured(&[&family.person]).await;
        withdraw(&family.member, &family.consents(), "insurance").await;
        family.member.post(&family.consents(), consent_again("insurance")).await.expect(201);
        app.advance(30 * DAY);
        ended(app).await;
        let member = make::renewed(app, &family.member);
        member.get(&at("policies", &alone)).await.expect(200);
        // Asked for once: withdrawn again, it is out of sight at once and the days count anew.
        withdraw(&member, &family.consents(), "insurance").await;
        ended(app).await;
        member.get(&at("policies", &alone)).await.problem(404, "not_found");
        assert!(rests(app, &alone));
        app.advance(8 * DAY);
        ended(app).await;
        assert!(!rests(app, &alone));
        make::renewed(app, &member).get(&at("policies", &alone)).await.problem(404, "not_found");
    }

    async fn medical_papers_are_forgotten_and_the_claim_goes_on(app) {
        let family = Family::of(app).await;
        let policy = family.insured(&[&family.person]).await;
        let claim = family.claimed(&policy).await;
        let path = at("claims", &claim);
        let paper = json!({ "received_on": "2026-03-06", "file_sha256": "a".repeat(64) });
        for kind in ["test_results", "claim_form"] {
            family.member.put(&format!("{path}/documents/{kind}"), paper.clone()).await.expect(200);
        }
        withdraw(&family.member, &family.consents(), "sensitive_documents").await;
        app.advance(8 * DAY);
        ended(app).await;
        let member = make::renewed(app, &family.member);
        let papers = member.get(&format!("{path}/documents")).await.expect(200);
        let of = |kind: &str| papers["items"].as_array().unwrap().iter().find(|p| p["kind"] == kind).unwrap().clone();
        assert_eq!((&of("test_results")["received_on"], &of("test_results")["file_sha256"]), (&Value::Null, &Value::Null));
        assert_eq!(of("claim_form")["received_on"], "2026-03-06");
        assert_eq!(member.get(&path).await.expect(200)["state"], "reported");
    }
}
