//! Member homes: shared by their area, complete with five possessions.

use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

fn home() -> Value {
    json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号", "opening_hours": "8:30-17:00" })
}

fn home_with(changes: Value) -> Value {
    let mut body = home();
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

both! {
    async fn five_possessions_make_a_home_complete(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let made = coordinator.post("/v1/member-homes", home()).await.expect(201);
        let path = at("member-homes", &made);
        assert_eq!((made["complete"].as_bool(), made["state"].as_str()), (Some(false), Some("open")));
        let kinds = member.get("/v1/possession-kinds").await.expect(200);
        let kinds: Vec<_> = kinds["items"].as_array().unwrap().iter().map(|k| k["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["premises", "sign", "rules", "equipment", "activities"]);
        let shown: Vec<_> = made["possessions"].as_array().unwrap().iter().map(|p| (p["kind"].as_str().unwrap().to_owned(), p["status"].clone())).collect();
        assert_eq!(shown, kinds.iter().map(|k| (k.clone(), json!("unchecked"))).collect::<Vec<_>>());
        for kind in &kinds {
            let found = json!({ "present": kind != "sign", "checked_on": "2026-05-29" });
            member.put(&format!("{path}/possessions/{kind}"), found).await.expect(200);
        }
        let checked = coordinator.get(&path).await.expect(200);
        assert_eq!((checked["complete"].as_bool(), checked["version"].as_i64()), (Some(false), Some(6)));
        assert_eq!(checked["possessions"][1], json!({ "kind": "sign", "status": "missing", "checked_on": "2026-05-29", "checked_by": member.id, "note": null, "photo": null }));
        let hung = json!({ "present": true, "checked_on": "2026-05-30", "note": "已挂牌" });
        let complete = coordinator.put(&format!("{path}/possessions/sign"), hung).await;
        assert_eq!(complete.etag(), "\"7-f\"");
        let complete = complete.expect(200);
        assert_eq!((complete["complete"].as_bool(), complete["possessions"][1]["note"].as_str()), (Some(true), Some("已挂牌")));
        assert_eq!(complete["possessions"][1]["checked_by"], json!(coordinator.id));
    }

    async fn evidence_is_refused_with_its_pointer(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let path = at("member-homes", &coordinator.post("/v1/member-homes", home()).await.expect(201));
        let found = json!({ "present": true, "checked_on": "2026-05-29" });
        member.put(&format!("{path}/possessions/kitchen"), found.clone()).await.problem(404, "not_found");
        member.put(&format!("{path}/possessions/sign"), json!({ "present": true, "checked_on": "2099-01-01" })).await.fault("/checked_on", "in_the_future");
        member.put(&format!("{path}/possessions/sign"), json!({ "checked_on": "2026-05-29" })).await.fault("/present", "required");
        member.put(&format!("{path}/possessions/sign"), json!({ "present": true, "checked_on": "2026-05-29", "by": "me" })).await.fault("/by", "unknown_field");
        app.user(Role::FieldMember, OTHER_TOWN).await.put(&format!("{path}/possessions/sign"), found).await.problem(404, "not_found");
        assert_eq!(member.get(&path).await.expect(200)["version"], 1);
    }

    async fn evidence_has_a_photo_and_is_never_older_than_what_is_known(app) {
        let coordinator = app.coordinator().await;
        let made = coordinator.post("/v1/member-homes", home()).await.expect(201);
        let path = at("member-homes", &made);
        let premises = format!("{path}/possessions/premises");
        let photo = json!({ "id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b44", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "bytes": 482133, "media_type": "image/jpeg" });
        let member = app.member().await;
        let checked = member.put(&premises, json!({ "present": true, "checked_on": "2026-05-20", "photo": photo })).await.expect(200);
        assert_eq!((&checked["possessions"][0]["kind"], &checked["possessions"][0]["photo"]), (&json!("premises"), &photo));
        // A phone that was offline comes late.
        let late = member.put(&premises, json!({ "present": false, "checked_on": "2026-05-19" })).await.problem(409, "state_forbids");
        assert_eq!(late["state"], "checked_later");
        let kept = member.get(&path).await.expect(200);
        assert_eq!((&kept["possessions"][0]["status"], &kept["possessions"][0]["photo"], &kept["version"]), (&json!("present"), &photo, &json!(2)));
        // The same day again, and later ones, take its place; without a photo there is none.
        let again = member.put(&premises, json!({ "present": false, "checked_on": "2026-05-20" })).await.expect(200);
        assert_eq!((&again["possessions"][0]["status"], &again["possessions"][0]["photo"]), (&json!("missing"), &json!(null)));
        let mut wrong = photo.clone();
        wrong["media_type"] = json!("application/pdf");
        member.put(&premises, json!({ "present": true, "checked_on": "2026-05-21", "photo": wrong })).await.fault("/photo/media_type", "not_one_of");
        wrong["media_type"] = json!("image/jpeg");
        wrong["sha256"] = json!("abc");
        member.put(&premises, json!({ "present": true, "checked_on": "2026-05-21", "photo": wrong })).await.fault("/photo/sha256", "too_short");
    }

    async fn an_area_shares_its_homes(app) {
        let coordinator = app.coordinator().await;
        let made = coordinator.post("/v1/member-homes", home()).await.expect(201);
        let path = at("member-homes", &made);
        for colleague in [app.member().await, app.coordinator().await, app.user(Role::Officer, COUNTY).await, app.user(Role::CampaignOrganiser, CITY).await] {
            colleague.get(&path).await.expect(200);
            assert_eq!(colleague.get("/v1/member-homes").await.expect(200)["items"].as_array().unwrap().len(), 1);
        }
        for stranger in [app.user(Role::FieldMember, OTHER_TOWN).await, app.user(Role::Coordinator, OTHER_COUNTY).await, app.user(Role::FieldMember, SECOND_VILLAGE).await] {
            stranger.get(&path).await.problem(404, "not_found");
            assert_eq!(stranger.get("/v1/member-homes").await.expect(200)["items"], json!([]));
        }
        app.user(Role::Coordinator, OTHER_TOWN).await.patch(&path, "\"1-f\"", json!({ "title": "别处" })).await.problem(404, "not_found");
        for role in [Role::CareOfficer, Role::Administrator, Role::Auditor] {
            app.user(role, CITY).await.get(&path).await.problem(403, "forbidden_action");
        }
        app.member().await.patch(&path, "\"1-f\"", json!({ "title": "新名" })).await.problem(403, "forbidden_action");
        app.member().await.post("/v1/member-homes", home()).await.problem(403, "forbidden_action");
    }

    async fn homes_are_opened_amended_and_closed(app) {
        let coordinator = app.coordinator().await;
        let keeper = app.member().await;
        let outsider = app.user(Role::FieldMember, OTHER_TOWN).await;
        let cases = [
            (json!({ "area": COUNTY }), "/area", "area_too_wide"),
            (json!({ "area": OTHER_TOWN }), "/area", "area_outside"),
            (json!({ "area": "330402999" }), "/area", "no_such_area"),
            (json!({ "title": "" }), "/title", "too_short"),
            (json!({ "phone": "13812345678" }), "/phone", "unknown_field"),
            (json!({ "keeper_id": outsider.id }), "/keeper_id", "no_such_record"),
        ];
        for (change, pointer, fault) in cases {
            coordinator.post("/v1/member-homes", home_with(change)).await.fault(pointer, fault);
        }
        let made = coordinator.post("/v1/member-homes", home_with(json!({ "keeper_id": keeper.id }))).await;
        let etag = made.etag();
        let path = at("member-homes", &made.expect(201));
        coordinator.patch(&path, &etag, json!({ "keeper_id": outsider.id })).await.fault("/keeper_id", "no_such_record");
        coordinator.patch(&path, &etag, json!({ "title": null })).await.fault("/title", "not_null");
        let closed = coordinator.patch(&path, &etag, json!({ "state": "closed", "opening_hours": null, "keeper_id": null })).await.expect(200);
        assert_eq!((closed["state"].as_str(), &closed["opening_hours"], &closed["keeper_id"]), (Some("closed"), &json!(null), &json!(null)));
        assert_eq!(closed["title"], "百福社区会员之家", "what the patch does not name stays");
        coordinator.patch(&path, &etag, json!({ "state": "open" })).await.problem(412, "version_conflict");
        assert_eq!(coordinator.get("/v1/member-homes?state=open").await.expect(200)["items"], json!([]));
        assert_eq!(coordinator.get("/v1/member-homes?state=closed").await.expect(200)["items"].as_array().unwrap().len(), 1);
        let first = coordinator.post_once("/v1/member-homes", "h1", home()).await.expect(201);
        assert_eq!(coordinator.post_once("/v1/member-homes", "h1", home()).await.expect(201), first);
    }
}
