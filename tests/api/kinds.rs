//! What phones are given of each kind and what they may do to it: the very rules, texts and commands of REST.

use crate::both;
use crate::support::make::at;
use crate::support::phones::{given, id_of, pushed, stands, who};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;
use qianshou::error::{AppError, AppResult};
use qianshou::sync::Kind;
use qianshou::sync::kinds;

fn home() -> Value {
    json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" })
}

fn yuan(sum: &str) -> Value {
    json!({ "amount": sum, "currency": "CNY" })
}

/// The code of a refusal and its pointers.
fn refusal(result: AppResult<()>) -> (String, Vec<String>) {
    match result {
        Err(AppError::Problem(p)) => {
            let pointers = p.errors.iter().map(|e| e.pointer.clone()).collect();
            (p.code.as_str().to_owned(), pointers)
        }
        other => panic!("refused? {other:?}"),
    }
}

/// Every item of a list that one page holds.
async fn items(who: &Client, path: &str) -> Vec<Value> {
    who.get(path).await.expect(200)["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// What REST answers one by one is what a phone is given at once, and no other record of those made.
async fn same(app: &TestApp, who: &Client, kind: Kind, collection: &str, made: &[Value]) {
    let ids: Vec<Uid> = made.iter().map(id_of).collect();
    let given = given(app, who, kind, &ids).await;
    for record in made {
        let answer = who.get(&at(collection, record)).await;
        let phone = given.get(&id_of(record));
        if matches!(answer.status, 403 | 404) {
            assert_eq!(phone, None, "{kind}");
        } else {
            assert_eq!(phone, Some(&answer.expect(200)), "{kind}");
        }
    }
}

/// The statements that a load runs.
async fn statements(app: &TestApp, client: &Client, kind: Kind, ids: &[Uid]) -> usize {
    use diesel::connection::{Connection, InstrumentationEvent};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let who = who(app, client).await;
    let (count, mut c) = (Arc::new(AtomicUsize::new(0)), app.connection());
    let seen = count.clone();
    c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    let loaded = (kinds::of(kind).load)(&mut c, &app.data.vault, &who, ids).unwrap();
    assert_eq!(loaded.len(), ids.len(), "{kind}");
    count.load(Ordering::Relaxed)
}

both! {
    async fn reference_data_and_campaigns_are_as_rest_shows_them(app) {
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let city = app.user(Role::CampaignOrganiser, CITY).await;
        let campaign = |area: &str, towns: &str| json!({
            "area": area, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
            "audience": { "areas": [towns], "roles": ["field_member"] },
            "message_zh": { "title": "{campaign}", "body": "{day}" }, "message_en": { "title": "{campaign}", "body": "{day}" }
        });
        let campaigns = [
            organiser.post("/v1/campaigns", campaign(COUNTY, TOWN)).await.expect(201),
            city.post("/v1/campaigns", campaign(CITY, CITY)).await.expect(201),
        ];
        let coordinator = app.coordinator().await;
        let homes = [coordinator.post("/v1/member-homes", home()).await.expect(201)];
        coordinator.put(&format!("{}/possessions/sign", at("member-homes", &homes[0])), json!({ "present": true, "checked_on": "2026-05-29", "note": "已挂牌" })).await.expect(200);
        let festivals = items(&organiser, "/v1/festivals?limit=200").await;
        let products = items(&coordinator, "/v1/insurance-products?limit=200").await;
        assert!(festivals.len() > 5 && products.len() == 4);
        let callers = [organiser, city, coordinator, app.member().await,
            app.user(Role::CampaignOrganiser, OTHER_COUNTY).await, app.user(Role::Auditor, CITY).await,
            app.user(Role::FieldMember, OTHER_TOWN).await, app.user(Role::Officer, TOWN).await];
        for caller in &callers {
            same(app, caller, Kind::Campaign, "campaigns", &campaigns).await;
            same(app, caller, Kind::MemberHome, "member-homes", &homes).await;
            same(app, caller, Kind::Festival, "festivals", &festivals).await;
            same(app, caller, Kind::Product, "insurance-products", &products).await;
        }
    }

    async fn the_product_of_a_policy_is_for_whoever_looks_after_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person) = make::lived_in(&member).await;
        // Two policies of one household; the coordinator registered the second.
        let mut made = Vec::new();
        for (who, year) in [(&member, 2025), (&coordinator, 2026)] {
            let body = json!({ "policy_number": format!("P-{year}"), "starts_on": format!("{year}-01-01"), "ends_on": format!("{year}-12-31") });
            let mut policy = make::policy(&household, &person);
            policy.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            made.push(who.post("/v1/policies", policy).await.expect(201));
        }
        let ids: Vec<Uid> = made.iter().map(id_of).collect();
        let seen = given(app, &coordinator, Kind::Policy, &ids).await;
        assert_eq!((&seen[&ids[0]]["view"], &seen[&ids[0]]["product_id"], &seen[&ids[0]]["policy_number"], &seen[&ids[0]]["insured"][0]["sum_agreed"]), (&json!("masked"), &json!(null), &json!(null), &json!(null)));
        assert_eq!((&seen[&ids[1]]["view"], &seen[&ids[1]]["product_id"], &seen[&ids[1]]["policy_number"], &seen[&ids[1]]["insured"][0]["sum_agreed"]), (&json!("full"), &made[1]["product_id"], &json!("P-2026"), &json!(true)));
        assert_eq!(given(app, &member, Kind::Policy, &ids).await[&ids[0]]["product_id"], made[0]["product_id"]);
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await;
        assert!(given(app, &elsewhere, Kind::Policy, &ids).await.is_empty());
    }

    async fn a_page_of_many_costs_what_one_record_does(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let mut made: Vec<(Kind, Vec<Uid>)> = Vec::new();
        let mut add = |kind: Kind, record: &Value| match made.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, ids)) => ids.push(id_of(record)),
            None => made.push((kind, vec![id_of(record)])),
        };
        for _ in 0..3 {
            let (household, person) = make::lived_in(&member).await;
            let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
            let claim = member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
            let visit = member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
            add(Kind::FollowUp, &visit["follow_ups"][0]);
            let home = coordinator.post("/v1/member-homes", home()).await.expect(201);
            for (kind, record) in [(Kind::Policy, policy), (Kind::Claim, claim), (Kind::Visit, visit), (Kind::MemberHome, home)] {
                add(kind, &record);
            }
        }
        for (kind, path) in [(Kind::Festival, "/v1/festivals"), (Kind::Product, "/v1/insurance-products")] {
            items(&member, path).await.iter().for_each(|record| add(kind, record));
        }
        for (kind, ids) in made {
            let (one, all) = (statements(app, &member, kind, &ids[..1]).await, statements(app, &member, kind, &ids).await);
            assert!(one == all && one <= 9, "{kind}: {one} statements for one record, {all} for {}", ids.len());
        }
    }

    async fn homes_visits_and_follow_ups_are_worked_on_by_phone(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (home_id, visit_id) = (Uid::new(app.now()), Uid::new(app.now()));
        let path = format!("/v1/visits/{visit_id}");
        pushed(app, &coordinator, Kind::MemberHome, "create", home_id, home()).await.unwrap();
        pushed(app, &coordinator, Kind::MemberHome, "update", home_id, json!({ "title": "会员之家" })).await.unwrap();
        pushed(app, &member, Kind::MemberHome, "possessions", home_id, json!({ "kind": "sign", "present": true, "checked_on": "2026-05-29" })).await.unwrap();
        let shown = member.get(&format!("/v1/member-homes/{home_id}")).await.expect(200);
        assert_eq!((&shown["title"], &shown["possessions"][1]["status"], &shown["version"]), (&json!("会员之家"), &json!("present"), &json!(3)));
        assert_eq!(stands(app, Kind::MemberHome, home_id).await, Some((3, r#"{"possessions.sign":3,"title":2}"#.into())));
        let unknown = json!({ "kind": "kitchen", "present": true, "checked_on": "2026-05-29" });
        assert_eq!(refusal(pushed(app, &member, Kind::MemberHome, "possessions", home_id, unknown).await), ("validation_failed".into(), vec!["/kind".into()]));
        let late = json!({ "kind": "sign", "present": true, "checked_on": "2099-05-29" });
        assert_eq!(refusal(pushed(app, &member, Kind::MemberHome, "possessions", home_id, late).await).1, ["/checked_on"]);
        assert_eq!(refusal(pushed(app, &member, Kind::MemberHome, "update", home_id, json!({ "title": "我家" })).await).0, "forbidden_action");

        let logged = json!({ "member_home_id": home_id, "purpose": "routine", "started_at": "2026-05-29T01:00:00Z", "follow_ups": [{ "due_on": "2099-06-12", "task": "联系更换灯具" }] });
        pushed(app, &member, Kind::Visit, "create", visit_id, logged.clone()).await.unwrap();
        let other = json!({ "id": Uid::new(app.now()) });
        let mut twice = logged.clone();
        twice.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        assert_eq!(refusal(pushed(app, &member, Kind::Visit, "create", Uid::new(app.now()), twice).await).1, ["/id"], "the record's id is the operation's");
        pushed(app, &member, Kind::Visit, "update", visit_id, json!({ "purpose": "publicity" })).await.unwrap();
        assert_eq!(refusal(pushed(app, &member, Kind::Visit, "submission", visit_id, json!({ "now": true })).await).1, ["/now"]);
        pushed(app, &member, Kind::Visit, "submission", visit_id, json!({})).await.unwrap();
        pushed(app, &coordinator, Kind::Visit, "return", visit_id, json!({ "reason": "needs_unclear", "note": "请写明" })).await.unwrap();
        pushed(app, &member, Kind::Visit, "submission", visit_id, json!({})).await.unwrap();
        pushed(app, &coordinator, Kind::Visit, "confirmation", visit_id, json!({})).await.unwrap();
        assert_eq!(refusal(pushed(app, &coordinator, Kind::Visit, "confirmation", visit_id, json!({})).await).0, "state_forbids");
        let shown = member.get(&path).await.expect(200);
        assert_eq!((&shown["state"], &shown["purpose"], &shown["return_note"]), (&json!("confirmed"), &json!("publicity"), &json!("请写明")));
        assert_eq!(stands(app, Kind::Visit, visit_id).await, Some((6, r#"{"purpose":2,"state":6}"#.into())));

        let follow_up = id_of(&shown["follow_ups"][0]);
        pushed(app, &coordinator, Kind::FollowUp, "update", follow_up, json!({ "due_on": "2099-06-13" })).await.unwrap();
        pushed(app, &member, Kind::FollowUp, "completion", follow_up, json!({ "outcome": "solved", "note": "已更换" })).await.unwrap();
        let shown = member.get(&format!("/v1/follow-ups/{follow_up}")).await.expect(200);
        assert_eq!((&shown["state"], &shown["due_on"], &shown["outcome_note"]), (&json!("done"), &json!("2099-06-13"), &json!("已更换")));
        assert_eq!(stands(app, Kind::FollowUp, Uid::new(app.now())).await, None);
    }

    async fn policies_claims_and_the_inbox_are_worked_on_by_phone(app) {
        let member = app.member().await;
        let household = make::household(&member).await;
        let person = make::household_person(&member, &household, &["insurance", "sensitive_documents"]).await;
        let policy = Uid::new(app.now());
        pushed(app, &member, Kind::Policy, "create", policy, make::policy(&household, &person)).await.unwrap();
        assert_eq!(member.get(&format!("/v1/policies/{policy}")).await.expect(200)["version"], 1);
        let on = "2026-03-10";
        let day = json!({ "on": on });
        let decided = json!({ "decision": "approved", "decided_on": on, "amount": yuan("1000.00"), "insurer_reference": "D-1" });
        let paid = json!({ "kind": "full", "amount": yuan("1000.00"), "paid_on": on, "insurer_reference": "Z-1" });
        let disputed = json!({ "on": on, "way": "regulator" });
        let ended = json!({ "on": on, "outcome": "back_to_review" });
        let asked = json!({ "on": on, "papers": ["invoices"] });
        let received = json!({ "kind": "invoices", "received_on": on });
        let obstacle = json!({ "kind": "no_guardian", "from": on });
        let gone = json!({ "kind": "no_guardian", "on": on });
        let demanded = json!({ "kind": "demand", "on": on });
        let courses: [&[(&str, &Value)]; 2] = [
            &[("acceptance", &day), ("document-request", &asked), ("documents", &received), ("documents-completion", &day), ("review", &day),
                ("dispute", &disputed), ("dispute-outcome", &ended), ("investigation", &day), ("determination", &decided), ("agreement", &day), ("payment", &paid),
                ("obstacle", &obstacle), ("obstacle-end", &gone), ("interruption", &demanded), ("closure", &day)],
            &[("withdrawal", &day)],
        ];
        let mut done = vec!["create".to_owned(), "update".to_owned()];
        for (course, state) in courses.into_iter().zip(["closed", "withdrawn"]) {
            let claim = Uid::new(app.now());
            let body = make::claim(&json!({ "id": policy }), &person);
            pushed(app, &member, Kind::Claim, "create", claim, body).await.unwrap();
            pushed(app, &member, Kind::Claim, "update", claim, json!({ "description": "摔伤住院", "refusal_notice_on": on })).await.unwrap();
            for (action, body) in course {
                pushed(app, &member, Kind::Claim, action, claim, (*body).clone()).await.unwrap_or_else(|e| panic!("{action}: {e:?}"));
                done.push((*action).to_owned());
            }
            let shown = member.get(&format!("/v1/claims/{claim}")).await.expect(200);
            assert_eq!((&shown["state"], &shown["description"]), (&json!(state), &json!("摔伤住院")));
            assert_eq!(refusal(pushed(app, &member, Kind::Claim, "agreement", claim, day.clone()).await).0, "state_forbids");
            // A decision writes the notice of refusal, which an amendment may write, too.
            let (version, fields) = stands(app, Kind::Claim, claim).await.unwrap();
            let fields: Value = serde_json::from_str(&fields).unwrap();
            assert_eq!(shown["version"], version);
            let determined = if state == "closed" { 11 } else { 2 };
            assert_eq!((&fields["description"], &fields["refusal_notice_on"]), (&json!(2), &json!(determined)));
        }
        let mut known: Vec<_> = kinds::of(Kind::Claim).commands.iter().map(|c| c.action.to_owned()).collect();
        known.sort();
        done.sort();
        assert_eq!(done, known);

        let coordinator = app.coordinator().await;
        let visit = member.post("/v1/visits", make::home_visit(&make::lived_in(&member).await.0)).await.expect(201);
        member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        coordinator.post(&format!("{}/return", at("visits", &visit)), json!({ "reason": "incomplete" })).await.expect(200);
        let notice = items(&member, "/v1/notifications").await.remove(0);
        let id = id_of(&notice);
        assert_eq!(given(app, &member, Kind::Notification, &[id]).await[&id], notice);
        assert!(given(app, &coordinator, Kind::Notification, &[id]).await.is_empty());
        pushed(app, &member, Kind::Notification, "marks", id, json!({ "mark": "read" })).await.unwrap();
        assert_eq!(refusal(pushed(app, &coordinator, Kind::Notification, "marks", id, json!({ "mark": "done" })).await).0, "not_found");
        let marked = items(&member, "/v1/notifications").await.remove(0);
        assert!(!marked["read_at"].is_null() && marked["done_at"].is_null());
        assert_eq!(stands(app, Kind::Notification, id).await, Some((2, String::new())));
    }
}
