//! What campaigns say, to whom, and with which means: templates, audiences, materials and budgets.

use crate::both;
use crate::campaigns::{campaign, campaign_with, inbox, organisers, scheduled, settled};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

fn template(changes: Value) -> Value {
    let body = json!({
        "code": "members-day-usual", "theme": "members_day",
        "message_zh": { "title": "{title}", "body": "{area}：{day} 举行，还有 {days_left} 天。" },
        "message_en": { "title": "{theme}", "body": "{area}: on {day}." }
    });
    crate::activities::with(body, changes)
}

fn words(title: &str, body: &str) -> Value {
    json!({ "title": title, "body": body })
}

/// The first fault of a refusal: pointer, code, position.
fn first(problem: &Value) -> (Value, Value, Value) {
    let e = &problem["errors"][0];
    (
        e["pointer"].clone(),
        e["code"].clone(),
        e["position"].clone(),
    )
}

async fn preview(who: &Client, path: &str, samples: &str) -> Value {
    who.post(&format!("{path}/audience-preview{samples}"), json!({}))
        .await
        .expect(200)
}

both! {
    async fn templates_are_written_in_both_languages_with_known_placeholders(app) {
        let (author, other) = organisers(app).await;
        let cases = [
            (json!({ "message_zh": words("{name}你好", "好") }), "/message_zh/title", "unknown_placeholder", json!(0)),
            (json!({ "message_en": words("Hello", "On {day} for {who}") }), "/message_en/body", "unknown_placeholder", json!(13)),
            (json!({ "message_zh": words("还有{days_left", "好") }), "/message_zh/title", "unclosed_brace", json!(2)),
            (json!({ "message_zh": words("好", "day}") }), "/message_zh/body", "unclosed_brace", json!(3)),
            (json!({ "message_en": words("a <b>", "ok") }), "/message_en/title", "html_refused", json!(2)),
            (json!({ "message_zh": words("{area}{area}{area}", "好") }), "/message_zh/title", "filled_too_long", Value::Null),
            (json!({ "message_en": null }), "/message_en", "required", Value::Null),
            (json!({ "message_zh": null }), "/message_zh", "required", Value::Null),
            (json!({ "message_zh": words("好", &"x".repeat(501)) }), "/message_zh/body", "too_long", Value::Null),
            (json!({ "theme": "compliment" }), "/theme", "not_one_of", Value::Null),
            (json!({ "code": "x" }), "/code", "too_short", Value::Null),
        ];
        for (change, pointer, fault, position) in cases {
            let refused = author.post("/v1/campaign-templates", template(change)).await.problem(422, "validation_failed");
            assert_eq!(first(&refused), (json!(pointer), json!(fault), position), "{refused}");
        }
        let made = author.post("/v1/campaign-templates", template(json!({}))).await.expect(201);
        let path = at("campaign-templates", &made);
        author.post("/v1/campaign-templates", template(json!({}))).await.problem(409, "already_exists");
        // Everybody who organises finds it; its author changes it, or an officer.
        let elsewhere = app.user(Role::CampaignOrganiser, OTHER_COUNTY).await;
        assert_eq!(elsewhere.get("/v1/campaign-templates?theme=members_day&enabled=true").await.expect(200)["items"][0]["id"], made["id"]);
        other.patch(&path, "\"1-f\"", json!({ "enabled": false })).await.problem(403, "forbidden_action");
        author.patch(&path, "\"7-f\"", json!({ "enabled": false })).await.problem(412, "version_conflict");
        author.patch(&path, "\"1-f\"", json!({ "message_zh": words("{x}", "好") })).await.fault("/message_zh/title", "unknown_placeholder");
        let officer = app.user(Role::Officer, COUNTY).await;
        assert_eq!(officer.patch(&path, "\"1-f\"", json!({ "enabled": false })).await.expect(200)["version"], 2);
        app.member().await.get(&path).await.problem(403, "forbidden_action");
    }

    async fn a_campaign_takes_a_templates_words_over_or_has_its_own(app) {
        let (author, approver) = organisers(app).await;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let made = author.post("/v1/campaign-templates", template(json!({}))).await.expect(201);
        let by = |changes: Value| crate::activities::with(campaign_with(json!({ "template_id": made["id"], "message_zh": null, "message_en": null, "reminders": [{ "send_at": app.now().to_string() }] })), changes);
        for (change, pointer, fault) in [
            (json!({ "message_zh": words("好", "好") }), "/message_zh", "not_fitting"),
            (json!({ "message_en": words("x", "x") }), "/message_en", "not_fitting"),
            (json!({ "template_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11" }), "/template_id", "no_such_record"),
            (json!({ "template_id": null }), "/message_zh", "required"),
            (json!({ "template_id": null, "message_zh": words("好", "好") }), "/message_en", "required"),
        ] {
            author.post("/v1/campaigns", by(change)).await.fault(pointer, fault);
        }
        let path = scheduled(&author, &approver, by(json!({}))).await;
        // The template changes; what was approved does not.
        author.patch(&at("campaign-templates", &made), "\"1-f\"", json!({ "message_zh": words("变了", "变了"), "enabled": false })).await.expect(200);
        settled(&author, &path).await;
        let (village, town) = (inbox(&member).await, inbox(&coordinator).await);
        assert_eq!((&village[0]["title_zh"], &village[0]["title_en"]), (&json!("第101个会员活动日"), &json!("Members' Day")));
        let area = app.member().await.get(&format!("/v1/areas/{VILLAGE}")).await.expect(200)["name"].as_str().unwrap().to_owned();
        assert!(village[0]["body_zh"].as_str().unwrap().starts_with(&format!("{area}：2099年5月29日 举行")), "{}", village[0]["body_zh"]);
        assert_ne!(village[0]["body_zh"], town[0]["body_zh"], "each reads where they work");
        author.post("/v1/campaigns", by(json!({}))).await.fault("/template_id", "no_such_record");
    }

    async fn words_must_fit_with_the_campaigns_title(app) {
        let author = app.user(Role::CampaignOrganiser, COUNTY).await;
        let long = "长".repeat(80);
        let tight = json!({ "message_zh": words("{title}！", "好"), "message_en": words("{title}", "ok") });
        author.post("/v1/campaigns", campaign_with(crate::activities::with(tight.clone(), json!({ "title": long })))).await.fault("/message_zh/title", "filled_too_long");
        let made = author.post("/v1/campaigns", campaign_with(tight)).await.expect(201);
        author.patch(&at("campaigns", &made), "\"1-f\"", json!({ "title": long })).await.fault("/title", "filled_too_long");
        let made_template = author.post("/v1/campaign-templates", template(json!({ "message_zh": words("{title}！", "好") }))).await.expect(201);
        author.post("/v1/campaigns", campaign_with(json!({ "title": long, "template_id": made_template["id"], "message_zh": null, "message_en": null }))).await.fault("/template_id", "filled_too_long");
    }

    async fn an_audience_is_narrowed_and_previewed_as_it_would_be_sent(app) {
        let (author, approver) = organisers(app).await;
        let (reached, plain) = (app.member().await, app.member().await);
        let (second, coordinator) = (app.user(Role::FieldMember, SECOND_VILLAGE).await, app.coordinator().await);
        make::subscribed_phone(app, &reached, "fcm-token-of-a-preview").await;
        let of = |audience: Value| campaign_with(json!({ "audience": crate::activities::with(campaign()["audience"].clone(), audience) }));
        let unknown = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11";
        for (change, pointer, fault) in [
            (json!({ "push": "sometimes" }), "/audience/push", "not_one_of"),
            (json!({ "platforms": ["android", "android"] }), "/audience/platforms/1", "repeated"),
            (json!({ "kinds": ["village", "village"] }), "/audience/kinds/1", "repeated"),
            (json!({ "kinds": ["hamlet"] }), "/audience/kinds/0", "not_one_of"),
            (json!({ "except_areas": [OTHER_TOWN] }), "/audience/except_areas/0", "not_fitting"),
            (json!({ "except_areas": [VILLAGE, VILLAGE] }), "/audience/except_areas/1", "repeated"),
            (json!({ "except_areas": ["330402007999"] }), "/audience/except_areas/0", "no_such_area"),
            (json!({ "except_users": [unknown] }), "/audience/except_users/0", "no_such_record"),
            (json!({ "except_users": [plain.id, plain.id] }), "/audience/except_users/1", "repeated"),
            (json!({ "tags": [] }), "/audience/tags", "unknown_field"),
        ] {
            author.post("/v1/campaigns", of(change)).await.fault(pointer, fault);
        }
        // Everybody, those with a push, those without, without a village, without a colleague.
        for (change, targeted, without) in [
            (json!({}), 4, 3),
            (json!({ "push": "with_push" }), 1, 0),
            (json!({ "push": "without_push" }), 3, 3),
            (json!({ "platforms": ["android"] }), 1, 0),
            (json!({ "platforms": ["ios"] }), 0, 0),
            // No association stands there, of any kind.
            (json!({ "kinds": ["village"] }), 0, 0),
            (json!({ "except_areas": [VILLAGE] }), 2, 2),
            (json!({ "except_areas": [TOWN] }), 0, 0),
            (json!({ "except_users": [plain.id, coordinator.id] }), 2, 1),
        ] {
            let path = at("campaigns", &author.post("/v1/campaigns", of(change.clone())).await.expect(201));
            let found = preview(&author, &path, "").await;
            assert_eq!((&found["targeted"], &found["without_push"], &found["samples"]), (&json!(targeted), &json!(without), &json!([])), "{change}");
            let sums = |field: &str| found["by_area"].as_array().unwrap().iter().map(|a| a[field].as_i64().unwrap()).sum::<i64>();
            assert_eq!((sums("targeted"), sums("without_push")), (targeted, without), "{change}");
        }
        let path = at("campaigns", &author.post("/v1/campaigns", of(json!({}))).await.expect(201));
        let found = preview(&approver, &path, "?samples=3").await;
        let areas: Vec<_> = found["by_area"].as_array().unwrap().iter().map(|a| (a["area"].as_str().unwrap(), a["targeted"].as_i64().unwrap(), a["without_push"].as_i64().unwrap())).collect();
        assert_eq!(areas, [(TOWN, 1, 1), (VILLAGE, 2, 1), (SECOND_VILLAGE, 1, 1)]);
        assert_eq!(found["counted_by"], json!([{ "role": "campaign_organiser", "area": COUNTY }]));
        let samples = found["samples"].as_array().unwrap();
        assert_eq!(samples.len(), 3);
        let sample = samples.iter().find(|s| s["user_id"] == json!(reached.id)).unwrap();
        assert_eq!(*sample, json!({ "user_id": reached.id, "display_name": "测*", "role": "field_member", "area": VILLAGE, "with_push": true }));
        author.post(&format!("{path}/audience-preview?samples=0"), json!({})).await.problem(400, "malformed_query");

        // It is sent to whom the preview counted.
        let body = crate::activities::with(of(json!({ "except_users": [plain.id], "except_areas": [SECOND_VILLAGE] })), json!({ "reminders": [{ "send_at": app.now().to_string() }] }));
        let path = scheduled(&author, &approver, body).await;
        settled(&author, &path).await;
        let told = [inbox(&reached).await.len(), inbox(&plain).await.len(), inbox(&second).await.len(), inbox(&coordinator).await.len()];
        assert_eq!(told, [1, 0, 0, 1]);
        assert_eq!(author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"], 2);
    }

    async fn materials_budget_and_targets_are_bounded_and_add_up(app) {
        let author = app.user(Role::CampaignOrganiser, COUNTY).await;
        let yuan = |amount: &str| json!({ "amount": amount, "currency": "CNY" });
        let material = json!({ "title": "折页", "kind": "leaflet", "quantity": 2000, "link": "https://example.org/a.pdf", "note": "双面" });
        let line = |amount: &str| json!({ "title": "印刷", "amount": yuan(amount) });
        let budget = |total: &str| json!({ "lines": [line("1200.00"), line("300.50")], "total": yuan(total) });
        let with_material = |changes: Value| json!({ "materials": [crate::activities::with(material.clone(), changes)] });
        let many: Vec<Value> = (0..51).map(|_| material.clone()).collect();
        let lines: Vec<Value> = (0..51).map(|_| line("1.00")).collect();
        for (change, pointer, fault) in [
            (with_material(json!({ "quantity": 0 })), "/materials/0/quantity", "out_of_range"),
            (with_material(json!({ "kind": "medal" })), "/materials/0/kind", "not_one_of"),
            (with_material(json!({ "title": null })), "/materials/0/title", "required"),
            (with_material(json!({ "link": "ftp://example.org/a" })), "/materials/0/link", "bad_pattern"),
            (with_material(json!({ "note": "x".repeat(81) })), "/materials/0/note", "too_long"),
            (json!({ "materials": many }), "/materials", "too_many"),
            (json!({ "budget": budget("1500.51") }), "/budget/total", "sum_differs"),
            (json!({ "budget": { "lines": [line("12")], "total": yuan("12.00") } }), "/budget/lines/0/amount/amount", "bad_money"),
            (json!({ "budget": { "lines": lines, "total": yuan("51.00") } }), "/budget/lines", "too_many"),
            (json!({ "budget": { "lines": [] } }), "/budget/total", "required"),
            (json!({ "targets": { "households_informed": -1 } }), "/targets/households_informed", "out_of_range"),
        ] {
            author.post("/v1/campaigns", campaign_with(change)).await.fault(pointer, fault);
        }
        let made = author.post("/v1/campaigns", campaign_with(json!({ "theme": "insurance_publicity", "materials": [material], "budget": budget("1500.50"), "targets": { "activities": 3, "households_informed": 300 } }))).await.expect(201);
        assert_eq!((&made["materials"][0], &made["budget"], &made["targets"]), (&material, &budget("1500.50"), &json!({ "activities": 3, "households_informed": 300 })));
        let path = at("campaigns", &made);
        author.patch(&path, "\"1-f\"", json!({ "budget": budget("1.00") })).await.fault("/budget/total", "sum_differs");
        let after = author.patch(&path, "\"1-f\"", json!({ "budget": null, "materials": [] })).await.expect(200);
        assert_eq!((&after["budget"], &after["materials"], &after["targets"]["activities"]), (&Value::Null, &json!([]), &json!(3)));
    }
}
