//! Notices that do not fit how somebody's stay stands, and handovers that come second.

use crate::both;
use crate::support::make::at;
use crate::support::notices::*;
use crate::support::offices::*;
use crate::support::*;
use qianshou::auth::policy::Role;

async fn leaves(member: &Client, resident: &Value) {
    let left = json!({ "left_on": "2026-05-01", "reason": "moved_elsewhere" });
    let path = format!("{}/departure", at("residents", resident));
    member.post(&path, left).await.expect(200);
}

both! {
    async fn nobody_is_told_of_as_gone_who_is_here_nor_as_here_who_is_gone(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["left_on"]).await;
        let departure = about("departure_notice", &resident, &["name"]);
        let registration = about("registration_notice", &resident, &["name"]);
        s.member.post(NOTICES, departure.clone()).await.fault("/person_id", "not_fitting");
        let draft = drafted(&s.member, registration.clone()).await;
        leaves(&s.member, &resident).await;
        // Drafted while they lived here, it is not sent any more.
        let refused = s.coordinator.post(&step(&draft, "dispatch"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("left"), &json!(["closure"])));
        s.member.post(NOTICES, registration.clone()).await.fault("/person_id", "not_fitting");
        // Nor handed over.
        s.member.post(NOTICES, about("residence_transfer", &resident, &["name"])).await.fault("/person_id", "not_fitting");
        let gone = drafted(&s.member, departure.clone()).await;
        // Back again, it is the other way round.
        let back = json!({ "area": VILLAGE, "from_day": app.now().china_day().to_string(), "reason": "work" });
        s.coordinator.post(&format!("{}/residences", at("residents", &resident)), back).await.expect(201);
        let refused = s.coordinator.post(&step(&gone, "dispatch"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("active"), &json!(["closure"])));
        s.member.post(NOTICES, departure).await.fault("/person_id", "not_fitting");
        sent(&s.coordinator, &drafted(&s.member, registration).await).await;
    }

    async fn of_two_handovers_of_somebody_the_first_counts(app) {
        let s = sides(app).await;
        let far = app.user(Role::Coordinator, "330411101").await;
        let resident = migrant(&s.member, CITY, ALL).await;
        let mut threads = Vec::new();
        for (to, there) in [(OTHER_TOWN, &s.home), ("330411101", &far)] {
            let mut body = about("residence_transfer", &resident, &["name"]);
            body["to_area"] = json!(to);
            let out = sent(&s.coordinator, &drafted(&s.member, body).await).await;
            let came = newest(there, "in").await;
            there.post(&step(&came, "reception"), json!({})).await.expect(200);
            threads.push((out, came));
        }
        // One that was drafted and waits.
        let mut body = about("residence_transfer", &resident, &["name"]);
        body["to_area"] = json!(SECOND_VILLAGE);
        let waits = drafted(&s.member, body).await;
        let (first, second) = (&threads[0], &threads[1]);
        s.home.post(&step(&first.1, "acceptance"), json!({ "area": "330402008016" })).await.expect(200);
        let refused = far.post(&step(&second.1, "acceptance"), json!({ "area": "330411101001" })).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "closed");
        let there = read(&far, &second.1).await;
        assert_eq!((&there["closed_because"], &there["told"]), (&json!("moved_on"), &json!([])));
        // One stay that ended, and one that goes on.
        let stays = s.home.get(&format!("{}/residences", at("residents", &resident))).await.expect(200);
        assert_eq!(stays["items"].as_array().unwrap().len(), 2);
        assert_eq!(s.home.get(&at("residents", &resident)).await.expect(200)["area"], "330402008016");
        for lost in [&second.0, &waits] {
            let who = s.home.get(&at("liaison-notices", lost)).await;
            let other = s.member.get(&at("liaison-notices", lost)).await;
            for answer in [who, other].into_iter().filter(|answer| answer.status == 200) {
                assert_eq!(answer.expect(200)["state"], "closed");
            }
        }
        assert_eq!(values(app), 0);
    }

    async fn nobody_declines_without_a_reason_by_letter_either(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["name"]).await;
        let mut letter = about("registration_notice", &resident, &["name"]);
        letter["office"] = json!("某县计生协");
        let letter = sent(&s.coordinator, &drafted(&s.member, letter).await).await;
        let reply = async |body: Value| s.coordinator.post(&step(&letter, "reply"), body).await;
        reply(json!({ "outcome": "declined" })).await.fault("/note", "required");
        assert_eq!(read(&s.coordinator, &letter).await["state"], "sent");
        reply(json!({ "outcome": "declined", "note": "查无此人。" })).await.expect(200);
        let declined = read(&s.member, &letter).await;
        assert_eq!((&declined["state"], &declined["reply_note"]), (&json!("declined"), &json!("查无此人。")));
        // Every other answer says enough by itself.
        let mut other = about("service_referral", &resident, &["name"]);
        other["office"] = json!("某县计生协");
        let other = sent(&s.coordinator, &drafted(&s.member, other).await).await;
        s.coordinator.post(&step(&other, "reply"), json!({ "outcome": "received" })).await.expect(200);
    }
}

#[test]
fn a_city_takes_a_file_in_for_a_county() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let (_, _, file) = exported(a, &of_b, &["name"]).await;
            let city = b.user(Role::Coordinator, CITY).await;
            let mut wide = import(&file);
            wide["area"] = json!(CITY);
            city.post(IMPORT, wide.clone())
                .await
                .fault("/area", "area_too_wide");
            wide["area"] = json!(OTHER_COUNTY);
            city.post(IMPORT, wide).await.expect(200);
        })
    });
}
