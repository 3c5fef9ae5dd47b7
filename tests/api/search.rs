//! Searching residents by name: by coordinators, in their own area, in characters and pinyin.

use crate::both;
use crate::support::make::at;
use crate::support::syncing::numbered;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::audit_entries;

async fn named(client: &Client, name: &str, area: &str) -> Value {
    let body = make::resident_with(json!({ "name": name, "area": area }));
    client.post("/v1/residents", body).await.expect(201)
}

async fn found(client: &Client, body: Value) -> Vec<Value> {
    let answer = client.post("/v1/residents/search", body).await.expect(200);
    assert_eq!(answer["more"], false);
    let items = answer["items"].as_array().unwrap();
    assert!(items.iter().all(|r| r["view"] == "masked"), "{answer}");
    items.iter().map(|r| r["id"].clone()).collect()
}

both! {
    async fn in_characters_and_in_pinyin(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let wei = named(&member, "章惟伟", VILLAGE).await;
        let xiu = named(&member, "欧阳修竹", VILLAGE).await;
        let maria = named(&member, "Maria dos Santos", VILLAGE).await;
        for (typed, expected) in [
            ("章惟伟", &wei), ("惟", &wei), ("zhangweiwei", &wei), ("Zhang W", &wei), ("zww", &wei), ("weiw", &wei),
            ("ouyang", &xiu), ("oyxz", &xiu), ("修竹", &xiu), ("santos", &maria), ("maria d", &maria),
        ] {
            let ids = found(&coordinator, json!({ "name": typed })).await;
            assert_eq!(ids, [expected["id"].clone()], "{typed}");
        }
        assert_eq!(found(&coordinator, json!({ "name": "zhangweiwen" })).await, Vec::<Value>::new());
        // The whole name before one that only begins so, and the newer before the older.
        let (short, long) = (named(&member, "章惟", VILLAGE).await, named(&member, "章惟伟", VILLAGE).await);
        numbered(app).await;
        let ids = found(&coordinator, json!({ "name": "章惟" })).await;
        assert_eq!(ids, [short["id"].clone(), long["id"].clone(), wei["id"].clone()]);
        // Nothing that was typed is in the audit.
        let (reasons, facts): (Vec<Option<String>>, Vec<String>) = audit_entries::table
            .filter(audit_entries::action.eq("resident.search"))
            .select((audit_entries::reason, audit_entries::facts))
            .load::<(Option<String>, String)>(&mut app.connection()).unwrap().into_iter().unzip();
        assert!(reasons.len() >= 12 && reasons.iter().all(|r| r.as_deref() == Some("name")), "{reasons:?}");
        assert!(facts.iter().all(|f| f == "{}"), "{facts:?}");
    }

    async fn what_changed_since_is_found_as_it_is(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = named(&member, "令狐一山", VILLAGE).await;
        let other = named(&member, "令狐二山", VILLAGE).await;
        numbered(app).await;
        let by = |name: &str| json!({ "name": name });
        assert_eq!(found(&coordinator, by("linghu")).await.len(), 2);
        let path = at("residents", &resident);
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "name": "上官一山" })).await.expect(200);
        let third = named(&member, "令狐三山", VILLAGE).await;
        numbered(app).await;
        assert_eq!(found(&coordinator, by("linghu")).await, [third["id"].clone(), other["id"].clone()]);
        assert_eq!(found(&coordinator, by("shangguan")).await, [resident["id"].clone()]);
        // Who withdrew or moved away is in no answer, at once.
        make::withdraw(&member, &format!("{path}/consents"), "registration").await;
        let moved = json!({ "area": OTHER_TOWN, "from_day": "2026-06-01", "reason": "work" });
        let county = app.user(Role::Coordinator, COUNTY).await;
        county.post(&format!("{}/residences", at("residents", &other)), moved).await.expect(201);
        assert_eq!(found(&coordinator, by("shangguan")).await, Vec::<Value>::new());
        assert_eq!(found(&coordinator, by("linghu")).await, [third["id"].clone()]);
        assert_eq!(found(&county, by("linghu")).await, [third["id"].clone(), other["id"].clone()]);
        numbered(app).await;
        assert_eq!(found(&app.user(Role::Coordinator, OTHER_TOWN).await, by("linghu")).await, [other["id"].clone()]);
    }

    async fn a_record_that_does_not_open_hides_no_other(app) {
        use qianshou::db::schema::persons;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (whole, damaged) = (named(&member, "闻人一川", VILLAGE).await, named(&member, "闻人二川", VILLAGE).await);
        let id: qianshou::db::Uid = damaged["person_id"].as_str().unwrap().parse().unwrap();
        diesel::update(persons::table.find(id)).set(persons::name.eq(vec![1u8; 40])).execute(&mut app.connection()).unwrap();
        numbered(app).await;
        assert_eq!(found(&coordinator, json!({ "name": "wenren" })).await, [whole["id"].clone()]);
    }

    async fn in_ones_own_area_alone(app) {
        let member = app.member().await;
        let resident = named(&member, "司徒明月", VILLAGE).await;
        let by = json!({ "name": "situ" });
        assert_eq!(found(&app.user(Role::Coordinator, OTHER_TOWN).await, by.clone()).await, Vec::<Value>::new());
        for role in [Role::FieldMember, Role::Officer, Role::CareOfficer, Role::Auditor, Role::Administrator, Role::CampaignOrganiser] {
            app.user(role, TOWN).await.post("/v1/residents/search", by.clone()).await.problem(403, "forbidden_action");
        }
        app.anonymous().post("/v1/residents/search", by.clone()).await.problem(401, "reauth_required");
        let county = app.user(Role::Coordinator, COUNTY).await;
        for area in [COUNTY, TOWN, VILLAGE] {
            assert_eq!(found(&county, json!({ "name": "situ", "area": area })).await, [resident["id"].clone()], "{area}");
        }
        assert_eq!(found(&county, json!({ "name": "situ", "area": OTHER_TOWN })).await, Vec::<Value>::new());
        let refused = |body: Value| county.post("/v1/residents/search", body);
        refused(json!({ "name": "situ", "area": OTHER_COUNTY })).await.fault("/area", "area_outside");
        refused(json!({ "name": "situ", "area": "999999" })).await.fault("/area", "no_such_area");
        refused(json!({ "name": "s" })).await.fault("/name", "too_short");
        refused(json!({ "name": "·" })).await.fault("/name", "too_short");
        refused(json!({ "name": "" })).await.fault("/name", "too_short");
        refused(json!({})).await.fault("/name", "required");
        refused(json!({ "name": "situ", "limit": 5 })).await.problem(422, "unknown_field");
    }

    async fn answers_are_bounded(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        for _ in 0..51 {
            named(&member, "申屠子安", VILLAGE).await;
        }
        let answer = coordinator.post("/v1/residents/search", json!({ "name": "shentu" })).await.expect(200);
        assert_eq!((answer["items"].as_array().unwrap().len(), &answer["more"]), (50, &json!(true)));
    }
}
