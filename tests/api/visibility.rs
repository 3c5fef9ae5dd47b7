//! What a list shows, and what a phone is given, is exactly what can be read one by one, for everybody,
//! whatever happened before.

use crate::both;
use crate::support::make::at;
use crate::support::phones::{given, id_of};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::sync::Kind;
use std::collections::{BTreeMap, BTreeSet};

const KINDS: &[&str] = &[
    "residents",
    "services",
    "households",
    "visits",
    "follow-ups",
    "policies",
    "claims",
];

fn on_phones(kind: &str) -> Option<Kind> {
    match kind {
        "residents" => Some(Kind::Resident),
        "services" => Some(Kind::Service),
        "visits" => Some(Kind::Visit),
        "follow-ups" => Some(Kind::FollowUp),
        "policies" => Some(Kind::Policy),
        "claims" => Some(Kind::Claim),
        _ => None,
    }
}

/// What was made, by kind.
type Made = Vec<(&'static str, Value)>;

async fn work(who: &Client, area: &str, made: &mut Made) {
    let resident = make::resident_with(json!({ "area": area }));
    let resident = who.post("/v1/residents", resident).await.expect(201);
    let service = make::service(who, &resident, json!({ "kind": "schooling" })).await;
    let household = json!({ "kind": "local", "area": area });
    let household = who.post("/v1/households", household).await.expect(201);
    let purposes = ["insurance", "service_follow_up"];
    let person = make::household_person(who, &household, &purposes).await;
    let policy = make::policy(&household, &person);
    let policy = who.post("/v1/policies", policy).await.expect(201);
    let claim = make::claim(&policy, &person);
    let claim = who.post("/v1/claims", claim).await.expect(201);
    for submitted in [true, false] {
        let visit = make::home_visit(&household);
        let visit = who.post("/v1/visits", visit).await.expect(201);
        if submitted {
            let path = format!("{}/submission", at("visits", &visit));
            who.post(&path, json!({})).await.expect(200);
        }
        made.push(("follow-ups", visit["follow_ups"][0].clone()));
        made.push(("visits", visit));
    }
    made.extend([
        ("residents", resident),
        ("services", service),
        ("households", household),
        ("policies", policy),
        ("claims", claim),
    ]);
}

async fn listed(who: &Client, kind: &str) -> BTreeSet<String> {
    let paths = match kind {
        "residents" => vec![
            "/v1/residents?limit=200",
            "/v1/residents?limit=200&state=left",
        ],
        "services" => vec!["/v1/services?limit=200"],
        "households" => vec!["/v1/households?limit=200"],
        "visits" => vec!["/v1/visits?limit=200"],
        "follow-ups" => vec!["/v1/follow-ups?limit=200"],
        "policies" => vec!["/v1/policies?limit=200"],
        _ => vec!["/v1/claims?limit=200"],
    };
    let mut ids = BTreeSet::new();
    for path in paths {
        let page = who.get(path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            ids.insert(item["id"].as_str().unwrap().to_owned());
        }
    }
    ids
}

async fn check(app: &TestApp, when: &str, callers: &[(&str, Client)], made: &Made) {
    for (name, who) in callers {
        for kind in KINDS {
            let mut readable = BTreeSet::new();
            let mut shown = BTreeMap::new();
            for (_, record) in made.iter().filter(|(k, _)| k == kind) {
                let answer = who.get(&at(kind, record)).await;
                if answer.status != 404 {
                    readable.insert(record["id"].as_str().unwrap().to_owned());
                    shown.insert(id_of(record), answer.expect(200));
                }
            }
            if let Some(on_phones) = on_phones(kind) {
                let of_kind = made.iter().filter(|(k, _)| k == kind);
                let ids: Vec<_> = of_kind.map(|(_, record)| id_of(record)).collect();
                let given = given(app, who, on_phones, &ids).await;
                assert_eq!(given, shown, "{kind} of {name} {when}, on a phone");
            }
            assert_eq!(listed(who, kind).await, readable, "{kind} of {name} {when}");
        }
    }
}

/// Ends what somebody was assigned to and gives them this area instead.
async fn transferred(app: &TestApp, who: &Client, area: &str) {
    let admin = app.user(Role::Administrator, CITY).await;
    let path = format!("/v1/users/{}/assignments", who.id);
    let all = admin.get(&path).await.expect(200);
    let new = json!({ "role": "field_member", "area": area });
    admin.post(&path, new).await.expect(201);
    for one in all["items"].as_array().unwrap() {
        let id = one["id"].as_str().unwrap();
        admin.delete(&format!("{path}/{id}")).await.expect(204);
    }
}

both! {
    async fn lists_show_what_can_be_read(app) {
        let field = Role::FieldMember;
        let callers = [
            ("the village's member", app.user(field, VILLAGE).await),
            ("the second village's member", app.user(field, SECOND_VILLAGE).await),
            ("a member of two places", app.user_with(&[(field, VILLAGE), (field, OTHER_TOWN)]).await),
            ("a member here, a coordinator there", app.user_with(&[(field, VILLAGE), (Role::Coordinator, OTHER_TOWN)]).await),
            ("the town's coordinator", app.coordinator().await),
            ("the county's coordinator", app.user(Role::Coordinator, COUNTY).await),
        ];
        let mut made = Made::new();
        for (at, area) in [(0, VILLAGE), (1, SECOND_VILLAGE), (2, VILLAGE), (2, OTHER_TOWN), (3, VILLAGE), (3, OTHER_TOWN), (4, VILLAGE)] {
            work(&callers[at].1, area, &mut made).await;
        }
        check(app, "at first", &callers, &made).await;

        // Residents move about and are given to others; what is refused changes nothing.
        let county = &callers[5].1;
        let places = [OTHER_TOWN, SECOND_VILLAGE, VILLAGE];
        for (i, (kind, record)) in made.iter().enumerate() {
            match *kind {
                "residents" => {
                    let moved = json!({ "area": places[i % 3], "from_day": "2026-06-01", "reason": "work" });
                    county.post(&format!("{}/residences", at("residents", record)), moved).await.expect(201);
                    let worker = callers[i % 4].1.id;
                    county.put(&format!("{}/assignee", at("residents", record)), json!({ "assignee": worker })).await;
                    if i % 2 == 0 {
                        county.post(&format!("{}/departure", at("residents", record)), json!({ "left_on": "2026-06-02" })).await.expect(200);
                    }
                }
                "households" => {
                    let worker = callers[i % 4].1.id;
                    county.put(&format!("{}/assignee", at("households", record)), json!({ "assignee": worker })).await;
                }
                _ => {}
            }
        }
        check(app, "after moves", &callers, &made).await;

        transferred(app, &callers[0].1, SECOND_VILLAGE).await;
        transferred(app, &callers[2].1, SECOND_VILLAGE).await;
        check(app, "after changed assignments", &callers, &made).await;
        let gone = listed(&callers[2].1, "households").await;
        assert!(gone.is_empty(), "what one registered elsewhere is not one's own any more");
    }
}
