//! Activities of campaigns: planned at a place, reported with figures, confirmed by somebody else.

use crate::both;
use crate::campaigns::{campaign, inbox};
use crate::support::make::at;
use crate::support::phones::{given, id_of, pushed, stands};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::sync::Kind;

/// At a public place of the village.
pub fn activity() -> Value {
    json!({
        "area": VILLAGE, "venue": "百福弄小广场", "kind": "on_the_spot", "title": "会员活动日现场宣传",
        "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T03:30:00Z"
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

pub fn report() -> Value {
    json!({
        "starts_at": "2026-05-29T01:05:00Z", "ends_at": "2026-05-29T03:20:00Z",
        "participants": 85, "leaflets": 200, "households_informed": 40,
        "media": [{ "channel": "television", "outlet": "南湖电视台", "title": "会员活动日走进社区", "published_on": "2026-05-29" }]
    })
}

fn photo(id: Uid) -> Value {
    json!({ "id": id, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "bytes": 482133, "media_type": "image/jpeg" })
}

async fn step(who: &Client, path: &str, step: &str, body: Value) -> Answer {
    who.post(&format!("{path}/{step}"), body).await
}

/// Confirms what stands there now.
pub async fn confirmed(who: &Client, path: &str) -> Answer {
    let read = who.get(path).await;
    let etag = read.header("etag").unwrap_or("\"1-f\"").to_owned();
    confirmed_as_read(who, path, &etag).await
}

async fn confirmed_as_read(who: &Client, path: &str, etag: &str) -> Answer {
    let path = format!("{path}/confirmation");
    let request = who.request(reqwest::Method::POST, &path);
    Answer::of(request.header("if-match", etag)).await
}

both! {
    async fn an_activity_goes_from_plan_to_confirmation(app) {
        let (member, colleague, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let made = member.post("/v1/activities", activity()).await.expect(201);
        let path = at("activities", &made);
        assert_eq!((&made["state"], &made["area"], &made["organiser_id"], &made["activity_day"]), (&json!("planned"), &json!(VILLAGE), &json!(member.id), &json!("2026-05-29")));
        assert_eq!((&made["participants"], &made["media"], &made["allowed_actions"]), (&Value::Null, &json!([]), &json!(["amendment", "report", "cancellation"])));
        // Everybody who works there sees it; nobody elsewhere does.
        let seen = colleague.get("/v1/activities").await.expect(200);
        assert_eq!(seen["items"][0]["id"], made["id"]);
        for stranger in [app.user(Role::FieldMember, SECOND_VILLAGE).await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            stranger.get(&path).await.problem(404, "not_found");
            assert_eq!(stranger.get("/v1/activities").await.expect(200)["items"], json!([]));
        }
        let moved = member.patch(&path, "\"1-f\"", json!({ "title": "现场咨询", "venue": "文化广场" })).await.expect(200);
        assert_eq!((&moved["title"], &moved["venue"], &moved["version"]), (&json!("现场咨询"), &json!("文化广场"), &json!(2)));

        // A colleague who was there reports it.
        let shot = Uid::new(app.now());
        let told = step(&colleague, &path, "report", with(report(), json!({ "photos": [photo(shot)] }))).await.expect(200);
        assert_eq!((&told["state"], &told["participants"], &told["leaflets"], &told["households_informed"]), (&json!("reported"), &json!(85), &json!(200), &json!(40)));
        assert_eq!((&told["starts_at"], &told["reported_by"], &told["photos"][0]["id"]), (&json!("2026-05-29T01:05:00Z"), &json!(colleague.id), &json!(shot)));
        assert_eq!(told["media"], report()["media"]);
        assert_eq!(told["allowed_actions"], json!([]), "nobody confirms what they reported");
        let open = coordinator.get(&path).await.expect(200);
        assert_eq!(open["allowed_actions"], json!(["return", "confirmation"]));

        step(&coordinator, &path, "return", json!({ "reason": "wrong_figures" })).await.expect(200);
        let notice = inbox(&colleague).await;
        assert_eq!((notice[0]["kind"].as_str(), &notice[0]["subject_kind"], &notice[0]["subject_id"]), (Some("activity_returned"), &json!("activity"), &made["id"]));
        assert_eq!(inbox(&member).await, Vec::<Value>::new());
        let back = colleague.get(&path).await.expect(200);
        assert_eq!((&back["state"], &back["return_reason"], &back["reviewed_by"]), (&json!("returned"), &json!("wrong_figures"), &json!(coordinator.id)));
        let again = step(&colleague, &path, "report", with(report(), json!({ "participants": 58, "media": null }))).await.expect(200);
        assert_eq!((&again["participants"], &again["media"], &again["photos"]), (&json!(58), &json!([]), &json!([])), "told anew, whole");
        let done = confirmed(&coordinator, &path).await.expect(200);
        assert_eq!((&done["state"], &done["allowed_actions"]), (&json!("confirmed"), &json!([])));
        let refused = step(&member, &path, "report", report()).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("confirmed"), &json!([])));
    }

    async fn who_took_part_does_not_confirm(app) {
        // Both roles in one hand, as in a small township.
        let both = app.user_with(&[(Role::FieldMember, VILLAGE), (Role::Coordinator, TOWN)]).await;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let reported = at("activities", &member.post("/v1/activities", activity()).await.expect(201));
        step(&both, &reported, "report", report()).await.expect(200);
        let organised = with(activity(), json!({ "organiser_id": both.id }));
        let organised = at("activities", &member.post("/v1/activities", organised).await.expect(201));
        step(&member, &organised, "report", report()).await.expect(200);
        for path in [&reported, &organised] {
            confirmed(&both, path).await.problem(403, "self_approval");
            step(&both, path, "return", json!({ "reason": "other" })).await.problem(403, "self_approval");
            confirmed(&member, path).await.problem(403, "forbidden_action");
            confirmed(&coordinator, path).await.expect(200);
        }
    }

    async fn a_confirmation_is_of_the_figures_that_were_read(app) {
        let (member, coordinator, colleague) = (app.member().await, app.coordinator().await, app.coordinator().await);
        let mut paths = Vec::new();
        for _ in 0..2 {
            let path = at("activities", &member.post("/v1/activities", activity()).await.expect(201));
            step(&member, &path, "report", report()).await.expect(200);
            paths.push(path);
        }
        let path = &paths[0];
        step(&coordinator, path, "confirmation", json!({})).await.problem(428, "precondition_required");
        let read = coordinator.get(path).await.etag();
        step(&colleague, path, "return", json!({ "reason": "wrong_figures" })).await.expect(200);
        step(&member, path, "report", with(report(), json!({ "participants": 1 }))).await.expect(200);
        confirmed_as_read(&coordinator, path, &read).await.problem(412, "version_conflict");
        assert_eq!(confirmed(&coordinator, path).await.expect(200)["participants"], 1);
        // Offline alike, where the phone says what it had read.
        let id = coordinator.get(&paths[1]).await.expect(200)["id"].as_str().unwrap().to_owned();
        let confirm = |base: i64| {
            let mut op = syncing::operation(app, "activity", "confirmation", &id, json!({}));
            op["base_version"] = json!(base);
            op
        };
        let stale = syncing::push_one(app, &coordinator, &confirm(1)).await;
        assert_eq!((&stale["outcome"], &stale["problem"]["code"]), (&json!("rejected"), &json!("version_conflict")), "{stale}");
        assert_eq!(syncing::push_one(app, &coordinator, &confirm(2)).await["outcome"], "applied");
    }

    async fn what_cannot_be_planned_is_refused_with_its_pointer(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let elsewhere = app.user(Role::FieldMember, OTHER_TOWN).await;
        let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        let unknown = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11";
        let cases = [
            (json!({ "venue": null }), "/venue", "required"),
            (json!({ "area": null }), "/area", "required"),
            (json!({ "member_home_id": home["id"] }), "/venue", "not_fitting"),
            (json!({ "member_home_id": home["id"], "venue": null }), "/area", "not_fitting"),
            (json!({ "member_home_id": unknown, "venue": null, "area": null }), "/member_home_id", "no_such_record"),
            (json!({ "area": OTHER_TOWN }), "/area", "area_outside"),
            (json!({ "area": "330499" }), "/area", "no_such_area"),
            (json!({ "area": CITY }), "/area", "area_too_wide"),
            (json!({ "kind": "parade" }), "/kind", "not_one_of"),
            (json!({ "title": "" }), "/title", "too_short"),
            (json!({ "title": "x".repeat(81) }), "/title", "too_long"),
            (json!({ "ends_at": "2026-05-29T01:00:00Z" }), "/ends_at", "bad_order"),
            (json!({ "ends_at": "2026-06-29T01:00:01Z" }), "/ends_at", "out_of_range"),
            (json!({ "starts_at": "2199-05-29T01:00:00Z", "ends_at": "2199-05-29T02:00:00Z" }), "/starts_at", "out_of_range"),
            (json!({ "campaign_id": unknown }), "/campaign_id", "no_such_record"),
            (json!({ "organiser_id": unknown }), "/organiser_id", "no_such_record"),
            (json!({ "organiser_id": elsewhere.id }), "/organiser_id", "no_such_record"),
            (json!({ "participants": 5 }), "/participants", "unknown_field"),
        ];
        for (change, pointer, fault) in cases {
            member.post("/v1/activities", with(activity(), change)).await.fault(pointer, fault);
        }
        assert_eq!(member.get("/v1/activities").await.expect(200)["items"], json!([]));
        // At the home it stands in the home's own area.
        let at_home = member.post("/v1/activities", with(activity(), json!({ "member_home_id": home["id"], "venue": null, "area": null }))).await.expect(201);
        assert_eq!((&at_home["area"], &at_home["venue"]), (&json!(VILLAGE), &Value::Null));
        member.patch(&at("activities", &at_home), "\"1-f\"", json!({ "venue": "别处" })).await.fault("/venue", "not_fitting");
        app.user(Role::Auditor, CITY).await.get("/v1/activities").await.problem(403, "forbidden_action");
    }

    async fn a_report_is_of_what_has_been_and_counts(app) {
        let member = app.member().await;
        let path = at("activities", &member.post("/v1/activities", activity()).await.expect(201));
        let later = app.now().plus(Micros::HOUR).to_string();
        let media = |changes: Value| json!({ "media": [with(report()["media"][0].clone(), changes)] });
        let shot = Uid::new(app.now());
        let many: Vec<Value> = (0..21).map(|_| photo(Uid::new(app.now()))).collect();
        let cases = [
            (json!({ "participants": null }), "/participants", "required"),
            (json!({ "participants": -1 }), "/participants", "out_of_range"),
            (json!({ "participants": 1_000_001 }), "/participants", "out_of_range"),
            (json!({ "leaflets": 1.5 }), "/leaflets", "wrong_type"),
            (json!({ "starts_at": later, "ends_at": app.now().plus(2 * Micros::HOUR).to_string() }), "/starts_at", "in_the_future"),
            (json!({ "starts_at": app.now().plus(-Micros::HOUR).to_string(), "ends_at": later }), "/ends_at", "in_the_future"),
            (json!({ "ends_at": "2026-05-29T01:05:00Z" }), "/ends_at", "bad_order"),
            (media(json!({ "channel": "newspaper" })), "/media/0/channel", "not_one_of"),
            (media(json!({ "outlet": null })), "/media/0/outlet", "required"),
            (media(json!({ "published_on": "2199-05-29" })), "/media/0/published_on", "in_the_future"),
            (media(json!({ "link": "javascript:alert(1)" })), "/media/0/link", "bad_pattern"),
            (json!({ "photos": [photo(shot), photo(shot)] }), "/photos/1/id", "repeated"),
            (json!({ "photos": many }), "/photos", "too_many"),
            (json!({ "photos": [with(photo(shot), json!({ "bytes": 20_000_001 }))] }), "/photos/0/bytes", "out_of_range"),
            (json!({ "photos": [with(photo(shot), json!({ "exif": "GPS" }))] }), "/photos/0/exif", "unknown_field"),
        ];
        for (change, pointer, fault) in cases {
            step(&member, &path, "report", with(report(), change)).await.fault(pointer, fault);
        }
        assert_eq!(member.get(&path).await.expect(200)["state"], "planned");
        let linked = media(json!({ "channel": "internet", "link": "https://example.org/news/1" }));
        let told = step(&member, &path, "report", with(report(), linked)).await.expect(200);
        assert_eq!(told["media"][0]["link"], "https://example.org/news/1");
    }

    async fn an_activity_is_called_off_and_changed_by_those_in_charge(app) {
        let (member, colleague, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let path = at("activities", &member.post("/v1/activities", activity()).await.expect(201));
        colleague.patch(&path, "\"1-f\"", json!({ "title": "我的" })).await.problem(403, "forbidden_action");
        step(&colleague, &path, "cancellation", json!({})).await.problem(403, "forbidden_action");
        member.patch(&path, "\"9-f\"", json!({ "title": "换个名字" })).await.problem(412, "version_conflict");
        member.patch(&path, "\"1-f\"", json!({ "starts_at": "2026-05-29T04:00:00Z" })).await.fault("/ends_at", "bad_order");
        member.patch(&path, "\"1-f\"", json!({ "campaign_id": null })).await.fault("/campaign_id", "unknown_field");
        // To a colleague, who then is in charge as well.
        coordinator.patch(&path, "\"1-f\"", json!({ "organiser_id": colleague.id })).await.expect(200);
        colleague.patch(&path, "\"2-f\"", json!({ "title": "换个名字" })).await.expect(200);
        let off = step(&member, &path, "cancellation", json!({})).await.expect(200);
        assert_eq!((&off["state"], off["cancelled_at"].is_string()), (&json!("cancelled"), true));
        step(&member, &path, "report", report()).await.problem(409, "state_forbids");
        coordinator.patch(&path, "\"4-f\"", json!({ "title": "晚了" })).await.problem(409, "state_forbids");
    }

    async fn a_campaign_takes_activities_inside_its_area_until_it_is_called_off(app) {
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let (member, elsewhere) = (app.member().await, app.user(Role::FieldMember, "330411002").await);
        let made = organiser.post("/v1/campaigns", campaign()).await.expect(201);
        let of = |body: Value| with(body, json!({ "campaign_id": made["id"] }));
        // A draft is known to organisers alone.
        member.post("/v1/activities", of(activity())).await.fault("/campaign_id", "no_such_record");
        organiser.post("/v1/activities", of(activity())).await.expect(201);
        app.user(Role::CampaignOrganiser, COUNTY).await.approve(&at("campaigns", &made)).await.expect(200);
        let held = member.post("/v1/activities", of(activity())).await.expect(201);
        assert_eq!(held["campaign_id"], made["id"]);
        let outside = with(activity(), json!({ "area": "330411002" }));
        elsewhere.post("/v1/activities", of(outside)).await.fault("/campaign_id", "no_such_record");
        let listed = organiser.get(&format!("/v1/activities?campaign_id={}&state=planned&from=2026-05-29&until=2026-05-29", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        assert_eq!(organiser.get("/v1/activities?from=2026-05-30").await.expect(200)["items"], json!([]));
        organiser.post(&format!("{}/cancellation", at("campaigns", &made)), json!({})).await.expect(200);
        member.post("/v1/activities", of(activity())).await.fault("/campaign_id", "no_such_record");
    }

    async fn activities_are_planned_and_reported_by_phone(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let id = Uid::new(app.now());
        pushed(app, &member, Kind::Activity, "create", id, activity()).await.unwrap();
        pushed(app, &member, Kind::Activity, "update", id, json!({ "title": "讲座" })).await.unwrap();
        pushed(app, &member, Kind::Activity, "report", id, report()).await.unwrap();
        pushed(app, &coordinator, Kind::Activity, "return", id, json!({ "reason": "incomplete" })).await.unwrap();
        pushed(app, &member, Kind::Activity, "report", id, report()).await.unwrap();
        pushed(app, &coordinator, Kind::Activity, "confirmation", id, json!({})).await.unwrap();
        pushed(app, &member, Kind::Activity, "cancellation", id, json!({})).await.unwrap_err();
        let shown = member.get(&format!("/v1/activities/{id}")).await.expect(200);
        assert_eq!((&shown["state"], &shown["title"], &shown["participants"]), (&json!("confirmed"), &json!("讲座"), &json!(85)));
        assert_eq!(stands(app, Kind::Activity, id).await.unwrap().0, 6);
        let second = Uid::new(app.now());
        pushed(app, &member, Kind::Activity, "create", second, activity()).await.unwrap();
        pushed(app, &member, Kind::Activity, "cancellation", second, json!({})).await.unwrap();
        // A phone holds what REST shows, and nobody elsewhere holds anything.
        let ids = [id, second];
        for who in [&member, &coordinator] {
            let held = given(app, who, Kind::Activity, &ids).await;
            assert_eq!(held.len(), 2);
            for one in &ids {
                assert_eq!(held[one], who.get(&format!("/v1/activities/{one}")).await.expect(200));
            }
        }
        let stranger = app.user(Role::FieldMember, OTHER_TOWN).await;
        assert!(given(app, &stranger, Kind::Activity, &ids).await.is_empty());
        assert_eq!(id_of(&shown), id);
    }

    async fn every_step_of_an_activity_is_in_the_audit(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let path = at("activities", &member.post("/v1/activities", activity()).await.expect(201));
        step(&member, &path, "report", report()).await.expect(200);
        step(&coordinator, &path, "return", json!({ "reason": "incomplete" })).await.expect(200);
        let entries = app.user(Role::Auditor, COUNTY).await.get("/v1/audit-entries").await.expect(200);
        let found: Vec<_> = entries["items"].as_array().unwrap().iter().filter(|e| e["kind"] == "activity").map(|e| (e["facts"]["what"].as_str().unwrap().to_owned(), e["actor_id"].clone())).collect();
        let (m, c) = (json!(member.id), json!(coordinator.id));
        assert_eq!(found, [("returned".to_owned(), c), ("reported".to_owned(), m.clone()), ("planned".to_owned(), m)]);
    }
}
