//! Consent to membership of somebody who is a member of nothing any more, and did not say that they no longer agree.

use crate::association_members::joined;
use crate::association_posts::{filled, president};
use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::{at, consent};
use crate::support::*;
use diesel::prelude::*;
use qianshou::associations::members::lapses;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{consents, memberships, persons};
use qianshou::db::{Micros, Uid};
use qianshou::people::model::{PersonState, Purpose};
use qianshou::privacy::erasure;

fn uid(value: &Value) -> Uid {
    value.as_str().unwrap().parse().unwrap()
}

fn agrees(app: &TestApp, person: &Value) -> bool {
    let live: i64 = consents::table
        .filter(consents::person_id.eq(uid(person)))
        .filter(consents::purpose.eq(Purpose::Membership))
        .filter(consents::withdrawn_at.is_null())
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    live == 1
}

fn state(app: &TestApp, person: &Value) -> PersonState {
    persons::table
        .find(uid(person))
        .select(persons::state)
        .first(&mut app.connection())
        .unwrap()
}

async fn lapsed(app: &TestApp) {
    while lapses::run(&app.data).await.unwrap() {}
}

async fn dissolved(who: &Client, association: &Value) {
    let path = format!("{}/dissolution", at("associations", association));
    let body = json!({ "dissolved_on": "2026-05-29", "reason": "merged" });
    who.post(&path, body).await.expect(200);
}

both! {
    async fn with_an_association_ends_what_its_members_agreed_to_some_days_later(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let (alone, twice) = (joined(&officer, &village).await, joined(&officer, &village).await);
        let join = |person: &Value| json!({ "association_id": township["id"], "person_id": person, "joined_on": "2025-03-01" });
        officer.post("/v1/members", join(&twice["person_id"])).await.expect(201);
        let later = joined(&officer, &village).await;
        let post = filled(&officer, president(&village)).await;
        let resident = make::registered(&app.member().await).await;
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::Coordinator, TOWN)]).await;
        let known = both.post("/v1/members", json!({ "association_id": village["id"], "person_id": resident["person_id"], "joined_on": "2025-03-01",
            "consents": [consent("membership")] })).await.expect(201);
        dissolved(&officer, &village).await;
        // For some days they may join another one by the same consent.
        lapsed(app).await;
        assert!(agrees(app, &alone["person_id"]));
        app.advance(3 * Micros::DAY);
        let officer = make::renewed(app, &officer);
        officer.post("/v1/members", join(&later["person_id"])).await.expect(201);
        app.advance(5 * Micros::DAY);
        lapsed(app).await;
        // Whoever is known by nothing else is out of use, and erased; whoever is by something else stays known.
        for gone in [&alone["person_id"], &post["person_id"]] {
            assert!(!agrees(app, gone));
            assert_eq!(state(app, gone), PersonState::Restricted);
        }
        assert!(!agrees(app, &known["person_id"]));
        assert_eq!(state(app, &known["person_id"]), PersonState::Active);
        for stays in [&twice["person_id"], &later["person_id"]] {
            assert!(agrees(app, stays));
            assert_eq!(state(app, stays), PersonState::Active);
        }
        let of_known: i64 = memberships::table.filter(memberships::person_id.eq(uid(&known["person_id"]))).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(of_known, 0);
        let officer = make::renewed(app, &officer);
        let nobody = officer.get(&at("posts", &post)).await.expect(200);
        assert_eq!((&nobody["person_id"], &nobody["ended_because"]), (&json!(null), &json!("association_dissolved")));
        let entries = make::renewed(app, &app.user(Role::Auditor, CITY).await).get("/v1/audit-entries?action=purpose.end").await.expect(200);
        assert_eq!(entries["items"][0]["reason"], "membership");
        app.advance(8 * Micros::DAY);
        while erasure::run(&app.data).await.unwrap() {}
        assert_eq!(state(app, &alone["person_id"]), PersonState::Erased);
        assert_eq!(state(app, &known["person_id"]), PersonState::Active);
        // Nobody said no: the resident may be asked again without having come back to it.
        let both = make::renewed(app, &both);
        let again = json!({ "association_id": township["id"], "person_id": resident["person_id"], "joined_on": "2026-05-30", "consents": [consent("membership")] });
        both.post("/v1/members", again).await.expect(201);
    }

    async fn a_subsidy_keeps_whoever_it_is_paid_to(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let post = filled(&officer, president(&village)).await;
        officer.post(&format!("{}/ending", at("posts", &post)), json!({ "ended_on": "2026-03-01", "reason": "retired" })).await.expect(200);
        let body = json!({ "monthly": { "amount": "200.00", "currency": "CNY" }, "paid_from": "budget", "from_on": "2026-03-01" });
        let paid = officer.post(&format!("{}/subsidies", at("posts", &post)), body).await.expect(201);
        app.advance(9 * Micros::DAY);
        lapsed(app).await;
        assert!(agrees(app, &post["person_id"]));
        let officer = make::renewed(app, &officer);
        // It is held of them, and they see it.
        let member = officer.post("/v1/members", json!({ "association_id": village["id"], "person_id": post["person_id"], "joined_on": "2025-03-01" })).await.expect(201);
        let code = crate::receipts::code_for(&officer, &at("members", &member)).await;
        let held = crate::receipts::view(app, &code).await;
        assert_eq!(held["posts"][0]["subsidies"], json!([{ "monthly": { "amount": "200.00", "currency": "CNY" }, "paid_from": "budget", "from_on": "2026-03-01", "until_on": null }]));
        officer.post(&format!("{}/ending", at("retired-subsidies", &paid)), json!({ "until_on": "2026-05-31" })).await.expect(200);
        dissolved(&officer, &village).await;
        app.advance(9 * Micros::DAY);
        lapsed(app).await;
        assert_eq!(state(app, &post["person_id"]), PersonState::Restricted);
    }
}
