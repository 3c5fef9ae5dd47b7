//! Rights that people are helped with: asked, referred, answered by their day.

use crate::both;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::privacy::requests::due;

fn wages(person: &Value, on: impl std::fmt::Display) -> Value {
    json!({ "person_id": person, "topic": "wages", "told": "两个月工资没有发。", "asked_on": on.to_string() })
}

fn path(request: &Value) -> String {
    make::at("rights-requests", request)
}

both! {
    async fn a_right_is_asked_referred_and_answered(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let today = app.now().china_day();
        let body = wages(&resident["person_id"], today);
        let once = member.post_once("/v1/rights-requests", "asked-once", body.clone()).await.expect(201);
        let made = member.post_once("/v1/rights-requests", "asked-once", body.clone()).await.expect(201);
        assert_eq!(once, made);
        assert_eq!((&made["state"], &made["told"], &made["standing"]), (&json!("asked"), &body["told"], &json!("on_time")));
        assert_eq!(made["due_on"], due(today, 10).0.to_string());
        let step = |name: &str| format!("{}/{name}", path(&made));
        let referral = json!({ "referred_to": "labour_inspection", "office": "南湖区劳动监察大队", "referred_on": today.to_string() });
        let referred = coordinator.post(&step("referral"), referral.clone()).await.expect(200);
        assert_eq!((&referred["state"], &referred["referred_office"], &referred["version"]), (&json!("referred"), &referral["office"], &json!(2)));
        // To another office: the name of the first does not stay.
        let again = json!({ "referred_to": "trade_union", "referred_on": today.to_string() });
        let referred = member.post(&step("referral"), again).await.expect(200);
        assert_eq!((&referred["referred_to"], &referred["referred_office"]), (&json!("trade_union"), &Value::Null));
        let answer = json!({ "answer": "工资已全部补发。", "answered_on": today.to_string() });
        let answered = member.post(&step("answer"), answer.clone()).await.expect(200);
        assert_eq!((&answered["state"], &answered["answer"], &answered["standing"]), (&json!("answered"), &answer["answer"], &json!("answered")));
        let refused = member.post(&step("answer"), answer).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "answered");
        member.post(&step("withdrawal"), json!({})).await.problem(409, "state_forbids");
        assert_eq!(coordinator.get(&path(&made)).await.expect(200), answered);
        // The person sees what came of it.
        let code = crate::receipts::code_for(&member, &make::at("residents", &resident)).await;
        let record = crate::receipts::view(app, &code).await;
        assert_eq!((&record["rights_requests"][0]["topic"], &record["rights_requests"][0]["answer"]), (&json!("wages"), &json!("工资已全部补发。")));
    }

    async fn days_are_in_their_order(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let (person, today) = (&resident["person_id"], app.now().china_day());
        let (tomorrow, yesterday) = (today.tomorrow().unwrap(), today.yesterday().unwrap());
        member.post("/v1/rights-requests", wages(person, tomorrow)).await.fault("/asked_on", "in_the_future");
        let mut body = wages(person, today);
        body["due_on"] = json!(yesterday.to_string());
        member.post("/v1/rights-requests", body.clone()).await.fault("/due_on", "bad_order");
        body["due_on"] = json!(tomorrow.to_string());
        let made = member.post("/v1/rights-requests", body).await.expect(201);
        assert_eq!(made["due_on"], tomorrow.to_string());
        let referral = |on: jiff::civil::Date| json!({ "referred_to": "other", "referred_on": on.to_string() });
        let at = format!("{}/referral", path(&made));
        member.post(&at, referral(tomorrow)).await.fault("/referred_on", "in_the_future");
        member.post(&at, referral(yesterday)).await.fault("/referred_on", "bad_order");
        let answer = json!({ "answer": "好", "answered_on": yesterday.to_string() });
        member.post(&format!("{}/answer", path(&made)), answer).await.fault("/answered_on", "bad_order");
        member.post(&format!("{}/answer", path(&made)), json!({ "answered_on": today.to_string() })).await.fault("/answer", "required");
        let mut body = wages(person, today);
        body["topic"] = json!("weather");
        member.post("/v1/rights-requests", body).await.fault("/topic", "not_one_of");
        let withdrawn = member.post(&format!("{}/withdrawal", path(&made)), json!({})).await.expect(200);
        assert_eq!(withdrawn["state"], "withdrawn");
    }

    async fn they_are_seen_where_the_person_is(app) {
        let (member, other, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let today = app.now().china_day();
        let made = member.post("/v1/rights-requests", wages(&resident["person_id"], today)).await.expect(201);
        let (_, neighbour) = make::lived_in(&other).await;
        other.post("/v1/rights-requests", wages(&neighbour["id"], today)).await.expect(201);
        let count = |list: Value| list["items"].as_array().unwrap().len();
        assert_eq!(count(member.get("/v1/rights-requests").await.expect(200)), 1);
        assert_eq!(count(coordinator.get("/v1/rights-requests?topic=wages").await.expect(200)), 2);
        let first = coordinator.get("/v1/rights-requests?limit=1").await.expect(200);
        let next = format!("/v1/rights-requests?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(coordinator.get(&next).await.expect(200)["items"][0]["id"], made["id"]);
        other.get(&path(&made)).await.problem(404, "not_found");
        other.post("/v1/rights-requests", wages(&resident["person_id"], today)).await.fault("/person_id", "no_such_record");
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await;
        assert_eq!(count(elsewhere.get("/v1/rights-requests").await.expect(200)), 0);
        // Past its day it is overdue, and stands in the list of those.
        app.advance(40 * Micros::DAY);
        let coordinator = make::renewed(app, &coordinator);
        let late = format!("/v1/rights-requests?due_before={}", app.now().china_day());
        let late = coordinator.get(&late).await.expect(200);
        assert_eq!((late["items"].as_array().unwrap().len(), &late["items"][0]["standing"]), (2, &json!("overdue")));
        // Who is kept out of use is worked with by nobody.
        let member = make::renewed(app, &member);
        make::withdraw(&member, &format!("{}/consents", make::at("residents", &resident)), "registration").await;
        coordinator.get(&path(&made)).await.problem(404, "not_found");
        coordinator.post(&format!("{}/withdrawal", path(&made)), json!({})).await.problem(404, "not_found");
        assert_eq!(count(coordinator.get("/v1/rights-requests").await.expect(200)), 1);
    }

    async fn what_was_said_goes_with_the_person(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let made = member.post("/v1/rights-requests", wages(&resident["person_id"], app.now().china_day())).await.expect(201);
        make::erased(app, &resident).await;
        // It stands as one of nobody: of its words nothing is left.
        use qianshou::db::schema::rights_requests;
        let (topic, told): (String, Option<Vec<u8>>) = rights_requests::table
            .find(made["id"].as_str().unwrap().parse::<Uid>().unwrap())
            .select((rights_requests::topic, rights_requests::told))
            .first(&mut app.connection()).unwrap();
        assert_eq!((topic.as_str(), told), ("wages", None));
    }
}
