//! Services offered to residents: what becomes of them, who sees them, and what the person's consent allows.

use crate::both;
use crate::support::make::{at, feed, registered, service};
use crate::support::phones::{given, id_of};
use crate::support::syncing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::services::machine::{self, ServiceState, ServiceStep};
use qianshou::sync::Kind;

/// The noun of a step and a body that is right for it.
fn step(step: ServiceStep, day: &str) -> (&'static str, Value) {
    match step {
        ServiceStep::Acceptance => ("acceptance", json!({})),
        ServiceStep::Refusal => ("refusal", json!({})),
        ServiceStep::Referral => (
            "referral",
            json!({ "provider": "school", "contact": "南湖小学，0573-00000000" }),
        ),
        ServiceStep::Delivery => ("delivery", json!({ "delivered_on": day })),
        ServiceStep::FollowUp => ("follow-up", json!({ "follow_up_on": null })),
    }
}

async fn take(who: &Client, path: &str, (noun, body): (&str, Value)) -> Answer {
    let path = format!("{path}/{noun}");
    match noun {
        "follow-up" => who.put(&path, body).await,
        _ => who.post(&path, body).await,
    }
}

fn today(app: &TestApp) -> String {
    app.now().china_day().to_string()
}

async fn listed(who: &Client, query: &str) -> Vec<Value> {
    let page = who.get(&format!("/v1/services{query}")).await.expect(200);
    let mut ids: Vec<Value> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].clone())
        .collect();
    ids.reverse();
    ids
}

fn consents(resident: &Value) -> String {
    format!("{}/consents", at("residents", resident))
}

both! {
    async fn the_catalogue_is_everybodys(app) {
        let member = app.member().await;
        let kinds = member.get("/v1/service-kinds").await.expect(200);
        let health = |health: bool| kinds["items"].as_array().unwrap().iter().filter(|k| k["health"] == health).count();
        assert_eq!((health(true), health(false)), (6, 5));
        assert_eq!((&kinds["items"][0]["kind"], &kinds["items"][0]["label_zh"], &kinds["items"][0]["label_en"]), (&json!("health_record"), &json!("健康档案"), &json!("Health record")));
    }

    async fn a_service_is_accepted_referred_and_delivered(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registered(&member).await;
        let path = format!("{}/services", at("residents", &resident));
        let id = Uid::new(app.now());
        let offered = member.post(&path, json!({ "id": id, "kind": "schooling", "offered_on": today(app) })).await;
        assert_eq!(offered.header("location"), Some(format!("/v1/services/{id}").as_str()));
        let offered = offered.expect(201);
        assert_eq!((&offered["id"], &offered["resident_id"], &offered["kind"], &offered["state"], &offered["version"], &offered["offered_on"]), (&json!(id), &resident["id"], &json!("schooling"), &json!("offered"), &json!(1), &json!(today(app))));
        let at = at("services", &offered);
        for (taken, state) in [(ServiceStep::Acceptance, "accepted"), (ServiceStep::Referral, "referred"), (ServiceStep::Delivery, "delivered"), (ServiceStep::FollowUp, "delivered")] {
            let after = take(&member, &at, step(taken, &today(app))).await.expect(200);
            assert_eq!(after["state"], state);
            assert_eq!(member.get(&at).await.expect(200), after);
        }
        let shown = member.get(&at).await.expect(200);
        assert_eq!((&shown["version"], &shown["provider"], &shown["provider_contact"], &shown["delivered_on"], &shown["view"]), (&json!(5), &json!("school"), &json!("南湖小学，0573-00000000"), &json!(today(app)), &json!("full")));
        // Who does not look after the resident is not told whom they were referred to.
        let masked = coordinator.get(&at).await.expect(200);
        assert_eq!((&masked["view"], &masked["provider"], &masked["provider_contact"]), (&json!("masked"), &json!("school"), &json!(null)));
        assert_eq!(coordinator.get(&path).await.expect(200)["items"], json!([masked]));
        assert_eq!(given(app, &coordinator, Kind::Service, &[id_of(&shown)]).await[&id_of(&shown)], masked);
        assert_eq!(given(app, &member, Kind::Service, &[id_of(&shown)]).await[&id_of(&shown)], shown);
        // Each step has its place in the audit, and its own words.
        let auditor = app.user(Role::Auditor, COUNTY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?record_id={id}&action=service.write")).await.expect(200);
        let words: Vec<_> = entries["items"].as_array().unwrap().iter().map(|e| (e["reason"].clone(), e["facts"]["from"].clone(), e["facts"]["to"].clone())).collect();
        assert_eq!(words.len(), 5, "{words:?}");
        assert!(words.contains(&(json!("referral"), json!("accepted"), json!("referred"))), "{words:?}");
        assert!(entries["items"].as_array().unwrap().iter().all(|e| e["facts"]["resident"] == resident["id"]));
    }

    async fn whatever_the_table_does_not_hold_is_refused(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let ways: [(ServiceState, &[ServiceStep]); 5] = [
            (ServiceState::Offered, &[]),
            (ServiceState::Accepted, &[ServiceStep::Acceptance]),
            (ServiceState::Declined, &[ServiceStep::Refusal]),
            (ServiceState::Referred, &[ServiceStep::Acceptance, ServiceStep::Referral]),
            (ServiceState::Delivered, &[ServiceStep::Acceptance, ServiceStep::Delivery]),
        ];
        let mut refused = 0;
        for (state, way) in ways {
            for tried in ServiceStep::ALL {
                let made = service(&member, &resident, json!({ "kind": "employment" })).await;
                let path = at("services", &made);
                for taken in way {
                    take(&member, &path, step(*taken, &today(app))).await.expect(200);
                }
                let before = member.get(&path).await.expect(200);
                assert_eq!(before["state"], state.as_str());
                let answer = take(&member, &path, step(*tried, &today(app))).await;
                let allowed = machine::allowed(state);
                if allowed.contains(tried) {
                    answer.expect(200);
                    continue;
                }
                let problem = answer.problem(409, "state_forbids");
                let words: Vec<&str> = allowed.iter().map(ServiceStep::as_str).collect();
                assert_eq!((&problem["state"], &problem["allowed_actions"]), (&json!(state.as_str()), &json!(words)), "{tried}");
                assert_eq!(member.get(&path).await.expect(200), before);
                refused += 1;
            }
        }
        assert_eq!(refused, 25 - machine::TABLE.len());
    }

    async fn what_does_not_fit_is_refused_with_its_place(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let path = format!("{}/services", at("residents", &resident));
        for (body, pointer, fault) in [
            (json!({}), "/kind", "required"),
            (json!({ "kind": "health_record" }), "/kind", "not_one_of"),
            (json!({ "kind": "tea" }), "/kind", "not_one_of"),
            (json!({ "kind": "health", "health_kind": "schooling" }), "/health_kind", "not_one_of"),
            (json!({ "kind": "schooling", "health_kind": "health_record" }), "/health_kind", "not_fitting"),
            (json!({ "kind": "health", "health_kind": null }), "/health_kind", "not_null"),
            (json!({ "kind": "health", "offered_on": "2099-01-01" }), "/offered_on", "in_the_future"),
            (json!({ "kind": "health", "offered_on": "2026-02-30" }), "/offered_on", "bad_day"),
            (json!({ "kind": "health", "follow_up_on": "2026-01-01" }), "/follow_up_on", "in_the_past"),
            (json!({ "kind": "health", "note": "x" }), "/note", "unknown_field"),
        ] {
            member.post(&path, body).await.fault(pointer, fault);
        }
        let made = service(&member, &resident, json!({ "kind": "legal_aid", "offered_on": "2026-05-29" })).await;
        member.post(&path, json!({ "id": made["id"], "kind": "health" })).await.problem(409, "already_exists");
        let at = at("services", &made);
        let accepted = json!({ "health_kind": "health_record" });
        take(&member, &at, ("acceptance", accepted.clone())).await.fault("/health_kind", "not_fitting");
        take(&member, &at, ("refusal", accepted)).await.fault("/health_kind", "not_fitting");
        take(&member, &at, ("acceptance", json!({ "follow_up_on": "2026-01-01" }))).await.fault("/follow_up_on", "in_the_past");
        take(&member, &at, ("follow-up", json!({ "follow_up_on": "2026-01-01" }))).await.fault("/follow_up_on", "in_the_past");
        take(&member, &at, ("acceptance", json!({}))).await.expect(200);
        for (noun, body, pointer, fault) in [
            ("delivery", json!({}), "/delivered_on", "required"),
            ("delivery", json!({ "delivered_on": "2026-05-28" }), "/delivered_on", "bad_order"),
            ("delivery", json!({ "delivered_on": "2099-01-01" }), "/delivered_on", "in_the_future"),
            ("delivery", json!({ "delivered_on": "2026-05-29", "health_kind": "health_record" }), "/health_kind", "not_fitting"),
            ("referral", json!({}), "/provider", "required"),
            ("referral", json!({ "provider": "tea_house" }), "/provider", "not_one_of"),
            ("referral", json!({ "provider": "other", "contact": "" }), "/contact", "too_short"),
            ("referral", json!({ "provider": "other", "contact": "长".repeat(201) }), "/contact", "too_long"),
        ] {
            take(&member, &at, (noun, body)).await.fault(pointer, fault);
        }
        assert_eq!(member.get(&at).await.expect(200)["version"], 2, "nothing was written");
        for (query, pointer) in [("state=refused", "/state"), ("follow_up_due_before=soon", "/follow_up_due_before"), ("limit=many", "/limit"), ("colour=red", "/colour"), ("a/b=1", "/a~1b")] {
            let problem = member.get(&format!("/v1/services?{query}")).await.problem(400, "malformed_query");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        member.get("/v1/services/x").await.problem(404, "not_found");
        for role in [Role::Officer, Role::Auditor, Role::CampaignOrganiser, Role::Administrator] {
            let other = app.user(role, COUNTY).await;
            other.get(&at).await.problem(403, "forbidden_action");
            other.post(&path, json!({ "kind": "health" })).await.problem(403, "forbidden_action");
        }
    }

    async fn to_come_back_needs_a_consent_of_its_own_and_ends_with_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registered(&member).await;
        let body = json!({ "kind": "health", "follow_up_on": "2099-06-12" });
        let path = format!("{}/services", at("residents", &resident));
        let asked = member.post(&path, body.clone()).await.problem(403, "consent_required");
        assert_eq!((&asked["errors"][0]["pointer"], &asked["errors"][0]["code"]), (&json!("/follow_up_on"), &json!("required")));
        let plain = service(&member, &resident, json!({ "kind": "health" })).await;
        let at_plain = at("services", &plain);
        for noun in ["follow-up", "acceptance"] {
            let asked = take(&member, &at_plain, (noun, json!({ "follow_up_on": "2099-06-12" }))).await.problem(403, "consent_required");
            assert_eq!(asked["errors"][0]["pointer"], "/follow_up_on");
        }
        member.post(&consents(&resident), make::consent("service_follow_up")).await.expect(201);
        let made = service(&member, &resident, body.clone()).await;
        assert_eq!(made["follow_up_on"], "2099-06-12");
        let accepted = take(&member, &at_plain, ("acceptance", json!({ "follow_up_on": "2099-06-13" }))).await.expect(200);
        assert_eq!(accepted["follow_up_on"], "2099-06-13");
        // What a step does not tell stays; a refusal takes the day away; so does nothing in its place.
        let referred = take(&member, &at_plain, step(ServiceStep::Referral, "")).await.expect(200);
        assert_eq!(referred["follow_up_on"], "2099-06-13");
        let third = service(&member, &resident, body.clone()).await;
        assert_eq!(take(&member, &at("services", &third), ("refusal", json!({}))).await.expect(200)["follow_up_on"], json!(null));
        let fourth = service(&member, &resident, body.clone()).await;
        assert_eq!(take(&member, &at("services", &fourth), ("follow-up", json!({ "follow_up_on": null }))).await.expect(200)["follow_up_on"], json!(null));

        for who in [&member, &coordinator] {
            assert_eq!(listed(who, "?follow_up_due_before=2099-06-13").await, [made["id"].clone()]);
            assert_eq!(listed(who, "?follow_up_due_before=2099-06-14").await, [plain["id"].clone(), made["id"].clone()]);
            assert_eq!(listed(who, "?follow_up_due_before=2099-06-14&state=offered").await, [made["id"].clone()]);
            assert!(listed(who, "?follow_up_due_before=2099-06-12").await.is_empty());
        }

        make::withdraw(&member, &consents(&resident), "service_follow_up").await;
        for (path, version) in [(&at_plain, 4), (&at("services", &made), 2)] {
            let now = member.get(path).await.expect(200);
            assert_eq!((&now["follow_up_on"], &now["version"]), (&json!(null), &json!(version)));
            let told = feed(app, &now);
            assert!(told.iter().all(|(_, op, ..)| op == "upsert") && told.len() == 2, "{told:?}");
        }
        assert_eq!(member.get(&at("services", &fourth)).await.expect(200)["version"], 2, "it had no day to lose");
        assert!(listed(&member, "?follow_up_due_before=2100-01-01").await.is_empty());
        assert_eq!(listed(&member, "").await.len(), 4, "what was offered stays");
        let asked = member.post(&path, body).await.problem(403, "consent_withdrawn");
        assert_eq!((&asked["errors"][0]["pointer"], &asked["errors"][0]["code"]), (&json!("/follow_up_on"), &json!("not_fitting")));
    }

    async fn due_are_those_alone_who_agree(app) {
        let member = app.member().await;
        let (one, other) = (registered(&member).await, registered(&member).await);
        let mut made = Vec::new();
        for resident in [&one, &other] {
            member.post(&consents(resident), make::consent("service_follow_up")).await.expect(201);
            made.push(service(&member, resident, json!({ "kind": "health", "follow_up_on": "2099-06-12" })).await["id"].clone());
        }
        let due = "?follow_up_due_before=2100-01-01";
        assert_eq!(listed(&member, due).await, made);
        // As if the day had stayed: the list itself asks for the consent.
        {
            use diesel::prelude::*;
            use qianshou::db::schema::consents;
            let person: Uid = other["person_id"].as_str().unwrap().parse().unwrap();
            let theirs = consents::table.filter(consents::person_id.eq(person)).filter(consents::purpose.eq("service_follow_up"));
            diesel::update(theirs).set((consents::withdrawn_at.eq(app.now().0), consents::withdrawn_channel.eq("phone"))).execute(&mut app.connection()).unwrap();
        }
        assert_eq!(listed(&member, due).await, made[..1]);
        assert_eq!(listed(&member, "").await, made);
    }

    async fn services_go_with_their_resident(app) {
        let (member, second, coordinator) = (app.member().await, app.user(Role::FieldMember, SECOND_VILLAGE).await, app.coordinator().await);
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await;
        let resident = registered(&member).await;
        let made = service(&member, &resident, json!({ "kind": "health", "health_kind": "health_record" })).await;
        let path = at("services", &made);
        for stranger in [&second, &elsewhere] {
            stranger.get(&path).await.problem(404, "not_found");
            stranger.get(&format!("{}/services", at("residents", &resident))).await.problem(404, "not_found");
            stranger.post(&format!("{}/services", at("residents", &resident)), json!({ "kind": "health" })).await.problem(404, "not_found");
            for taken in ServiceStep::ALL {
                take(stranger, &path, step(*taken, "2026-05-29")).await.problem(404, "not_found");
            }
            assert!(listed(stranger, "").await.is_empty());
            assert!(given(app, stranger, Kind::Service, &[id_of(&made)]).await.is_empty());
        }
        let ops = |audience: Uid| feed(app, &made).into_iter().filter(|row| row.0 == audience).map(|row| row.1).collect::<Vec<_>>();
        assert_eq!((ops(Uid::NIL), ops(member.id)), (vec!["upsert".to_owned()], vec!["upsert".to_owned()]));
        let colleague = app.member().await;
        colleague.get(&path).await.problem(404, "not_found");
        coordinator.put(&format!("{}/assignee", at("residents", &resident)), json!({ "assignee": colleague.id })).await.expect(200);
        assert_eq!(colleague.get(&path).await.expect(200)["view"], "full");
        assert_eq!(ops(colleague.id), ["upsert"]);
        // They move, and with them goes what they were offered.
        let county = app.user(Role::Coordinator, COUNTY).await;
        let moved = json!({ "area": OTHER_TOWN, "from_day": today(app), "reason": "work" });
        county.post(&format!("{}/residences", at("residents", &resident)), moved).await.expect(201);
        for gone in [&member, &colleague, &coordinator] {
            gone.get(&path).await.problem(404, "not_found");
            assert!(listed(gone, "").await.is_empty());
        }
        assert_eq!((ops(member.id), ops(colleague.id)), (vec!["left".to_owned()], vec!["left".to_owned()]));
        assert_eq!(listed(&elsewhere, "").await, [made["id"].clone()]);
        take(&elsewhere, &path, step(ServiceStep::Acceptance, "")).await.expect(200);
        // Somebody who left is offered nothing more; what was begun may be ended.
        county.post(&format!("{}/departure", at("residents", &resident)), json!({ "left_on": today(app) })).await.expect(200);
        let left = elsewhere.post(&format!("{}/services", at("residents", &resident)), json!({ "kind": "health" })).await.problem(409, "state_forbids");
        assert_eq!((&left["state"], &left["allowed_actions"]), (&json!("left"), &json!(["residence"])));
        take(&elsewhere, &path, step(ServiceStep::Delivery, &today(app))).await.expect(200);
    }

    async fn whoever_withdrew_is_offered_nothing_and_seen_by_nobody(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registered(&member).await;
        member.post(&consents(&resident), make::consent("service_follow_up")).await.expect(201);
        let made = service(&member, &resident, json!({ "kind": "schooling", "follow_up_on": "2099-06-12" })).await;
        make::withdraw(&member, &consents(&resident), "registration").await;
        let path = at("services", &made);
        for who in [&member, &coordinator] {
            who.get(&path).await.problem(404, "not_found");
            who.post(&format!("{}/services", at("residents", &resident)), json!({ "kind": "health" })).await.problem(404, "not_found");
            for taken in ServiceStep::ALL {
                take(who, &path, step(*taken, "2026-05-29")).await.problem(404, "not_found");
            }
            assert!(listed(who, "").await.is_empty() && listed(who, "?follow_up_due_before=2100-01-01").await.is_empty());
            assert!(given(app, who, Kind::Service, &[id_of(&made)]).await.is_empty());
        }
        assert!(feed(app, &made).iter().all(|(_, op, ..)| op == "delete"));
        // Erasure takes the rows.
        make::erased(app, &resident).await;
        use qianshou::db::schema::services;
        assert_eq!(services::table.count().get_result::<i64>(&mut app.connection()).unwrap(), 0);
    }

    async fn a_phone_does_what_rest_does(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registered(&member).await;
        let at_consents = consents(&resident);
        member.post(&at_consents, make::consent("service_follow_up")).await.expect(201);
        let courses: [&[(&str, Value, &str)]; 2] = [
            &[("acceptance", json!({}), "accepted"), ("referral", json!({ "provider": "school", "contact": "南湖小学" }), "referred"),
                ("follow-up", json!({ "follow_up_on": "2099-06-12" }), "referred"), ("delivery", json!({ "delivered_on": today(app) }), "delivered")],
            &[("refusal", json!({ "health_kind": "health_record" }), "declined")],
        ];
        for (course, kind) in courses.into_iter().zip(["schooling", "health"]) {
            let id = new_id(app);
            let mut create = operation(app, "service", "create", &id, json!({ "kind": kind, "offered_on": today(app) }));
            create["parent_id"] = resident["id"].clone();
            let mut day = vec![create];
            day.extend(course.iter().map(|(action, body, _)| operation(app, "service", action, &id, body.clone())));
            let results = push(app, &member, &day).await;
            let rest = service(&member, &resident, json!({ "kind": kind, "offered_on": today(app) })).await;
            let mut shown = rest.clone();
            for (action, body, state) in course {
                shown = take(&member, &at("services", &rest), (action, body.clone())).await.expect(200);
                assert_eq!(shown["state"], *state);
            }
            assert!(results.iter().all(|r| r["outcome"] == "applied"), "{results:?}");
            let mut record = results.last().unwrap()["record"].clone();
            assert_eq!(record, member.get(&format!("/v1/services/{id}")).await.expect(200));
            for changing in ["id", "created_at", "updated_at"] {
                record[changing] = shown[changing].clone();
            }
            assert_eq!(record, shown, "by phone as by REST");
        }
        // The same refusals, below `changed`.
        let id = rest_id(&member).await;
        let refused = push_one(app, &member, &operation(app, "service", "acceptance", &id, json!({}))).await;
        assert_eq!(refused["problem"]["code"], "state_forbids");
        let mut create = operation(app, "service", "create", &new_id(app), json!({ "kind": "schooling", "health_kind": "health_record" }));
        create["parent_id"] = resident["id"].clone();
        let refused = push_one(app, &member, &create).await;
        assert_eq!(refused["problem"]["errors"][0]["pointer"], "/changed/health_kind");
        let mut orphan = create.clone();
        (orphan["op_id"], orphan["parent_id"]) = (json!(new_id(app)), json!(null));
        orphan.as_object_mut().unwrap().remove("parent_id");
        assert_eq!(push_one(app, &member, &orphan).await["problem"]["errors"][0]["pointer"], "/parent_id");
        // And pulled: in full by whoever looks after the resident, masked by the coordinator, gone with a move.
        numbered(app).await;
        let mut of_town = Pocket::new(&coordinator);
        of_town.pull().await;
        let (changes, _) = pull(&member, None).await;
        let mine: Vec<&Value> = changes.iter().filter(|c| c["kind"] == "service").collect();
        assert_eq!(mine.len(), 4);
        for change in mine {
            assert_eq!(change["record"], member.get(&format!("/v1/services/{}", change["id"].as_str().unwrap())).await.expect(200));
            assert_eq!(change["view"], "full");
        }
        let (masked, _) = pull(&coordinator, None).await;
        let masked: Vec<&Value> = masked.iter().filter(|c| c["kind"] == "service").collect();
        assert!(masked.len() == 4 && masked.iter().all(|c| c["view"] == "masked" && c["record"]["provider_contact"].is_null()), "{masked:?}");
    }

    async fn a_repeated_offer_is_one(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let path = format!("{}/services", at("residents", &resident));
        let body = |kind: &str| json!({ "kind": "health", "health_kind": kind });
        let first = member.post_once(&path, "s1", body("health_record")).await.expect(201);
        let again = member.post_once(&path, "s1", body("health_record")).await.expect(201);
        // No digest knows the kind: a request that differs in it alone is the same.
        let other = member.post_once(&path, "s1", body("child_vaccination")).await.expect(201);
        assert_eq!((&first["id"], &first["id"]), (&again["id"], &other["id"]));
        member.post_once(&path, "s1", json!({ "kind": "schooling" })).await.problem(422, "idempotency_key_reused");
        assert_eq!(listed(&member, "").await.len(), 1);
    }

    async fn lists_are_paged(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(service(&member, &resident, json!({ "kind": "culture_and_sport" })).await["id"].clone());
            app.advance(Micros::SECOND);
        }
        for list in ["/v1/services?".to_owned(), "/v1/services?state=offered&".to_owned(), format!("{}/services?", at("residents", &resident))] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = member.get(&format!("{list}limit=2{cursor}")).await.expect(200);
                seen.extend(page["items"].as_array().unwrap().iter().map(|s| s["id"].clone()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            seen.reverse();
            assert_eq!(seen, made, "{list}");
        }
    }

    async fn needs_say_no_more_of_health_either(app) {
        let member = app.member().await;
        // Phones of before name a kind; it is taken as what may be kept of it.
        let old = make::resident_with(json!({ "needs": ["child_vaccination", "schooling", "health_advice", "health"] }));
        let made = member.post("/v1/residents", old).await.expect(201);
        assert_eq!(made["needs"], json!(["health", "schooling"]));
        let path = at("residents", &made);
        let etag = member.get(&path).await.etag();
        let changed = member.patch(&path, &etag, json!({ "needs": ["health_record", "infectious_disease_prevention"] })).await.expect(200);
        assert_eq!(changed["needs"], json!(["health"]));
        let (household, _) = make::lived_in(&member).await;
        let mut visit = make::home_visit(&household);
        visit["offered"] = json!(["health_education", "health_record"]);
        assert_eq!(member.post("/v1/visits", visit).await.expect(201)["offered"], json!(["health"]));
        member.post("/v1/residents", make::resident_with(json!({ "needs": ["maternal_and_child_health"] }))).await.fault("/needs/0", "not_one_of");
    }
}

/// A service of the caller's.
async fn rest_id(who: &Client) -> String {
    listed(who, "?state=delivered").await[0]
        .as_str()
        .unwrap()
        .to_owned()
}
