//! A year is counted as it was: what is changed, replaced, ended or decided in the January after it leaves it as it
//! stood on its last day. Only whoever no longer agrees is counted nowhere.

use crate::assessment::{YEAR, amended, of, path, post_of};
use crate::association_members::joined;
use crate::associations::{branch, founded};
use crate::both;
use crate::care::{agreeing, family};
use crate::fund_ledger::yuan;
use crate::support::make::{at, renewed};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

/// To the ninth of January after the year.
fn january(app: &TestApp) {
    let then = jiff::civil::date(2027, 1, 9);
    let days = then.since((jiff::Unit::Day, app.now().china_day()));
    app.advance(i64::from(days.unwrap().get_days()) * Micros::DAY);
}

/// How an indicator came out in a year, and one of its sources: n and of.
async fn of_year(
    who: &Client,
    year: i64,
    area: &str,
    code: &str,
    source: &str,
) -> (String, Value, Value) {
    let answer = who
        .get(&format!("/v1/assessments/{year}/areas/{area}"))
        .await;
    let answer = answer.expect(200);
    let found = of(&answer["result"], code);
    let sources = found["sources"].as_array().unwrap();
    let one = sources.iter().find(|s| s["source"] == source).unwrap();
    let outcome = found["outcome"].as_str().unwrap().to_owned();
    (outcome, one["n"].clone(), one["of"].clone())
}

fn is(outcome: &str, n: i64, of: i64) -> (String, Value, Value) {
    (outcome.to_owned(), json!(n), json!(of))
}

async fn patched(who: &Client, collection: &str, record: &Value, change: Value) -> Value {
    let path = at(collection, record);
    let etag = who.get(&path).await.etag();
    who.patch(&path, &etag, change).await.expect(200)
}

const VICE: &str = "village_executives_paid";

both! {
    async fn posts_are_counted_as_they_were_held_and_paid(app) {
        let b = branch(app).await;
        let president = post_of(&b.officer, &b.village, json!({})).await;
        let vice = json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true, "allowance": yuan(30_000) });
        let vice = post_of(&b.officer, &b.village, vice).await;
        let before = of_year(&b.officer, YEAR, VILLAGE, "B1", "posts_filled").await;
        assert_eq!(before, is("not_met", 2, 3));
        january(app);
        let officer = renewed(app, &b.officer);
        officer.post(&format!("{}/ending", at("posts", &president)), json!({ "ended_on": "2027-01-05", "reason": "resigned" })).await.expect(200);
        assert_eq!(of_year(&officer, YEAR, VILLAGE, "B1", "posts_filled").await, before);
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "B1", "posts_filled").await, is("not_met", 1, 3));
        // Paid until now, and not any more.
        patched(&officer, "posts", &vice, json!({ "allowance": null })).await;
        assert_eq!(of_year(&officer, YEAR, TOWN, "E1", VICE).await.1, json!(1));
        assert_eq!(of_year(&officer, YEAR + 1, TOWN, "E1", VICE).await.1, json!(0));
        // Paid again, and then not after all: the year before stays.
        patched(&officer, "posts", &vice, json!({ "allowance": yuan(100) })).await;
        patched(&officer, "posts", &vice, json!({ "allowance": null })).await;
        assert_eq!(of_year(&officer, YEAR, TOWN, "E1", VICE).await.1, json!(1));
        // What else is mended, as of a day before, leaves what was paid.
        patched(&officer, "posts", &vice, json!({ "full_time": true, "as_of": "2026-03-01" })).await;
        assert_eq!(of_year(&officer, YEAR, TOWN, "E1", VICE).await.1, json!(1));
        // A mistake is mended from its day on.
        patched(&officer, "posts", &vice, json!({ "allowance": null, "as_of": "2026-12-15" })).await;
        assert_eq!(of_year(&officer, YEAR, TOWN, "E1", VICE).await.1, json!(0));
        let (path, etag) = (at("posts", &vice), officer.get(&at("posts", &vice)).await.etag());
        officer.patch(&path, &etag, json!({ "allowance": null, "as_of": "2025-02-28" })).await.fault("/as_of", "bad_order");
        officer.patch(&path, &etag, json!({ "allowance": null, "as_of": "2099-01-01" })).await.fault("/as_of", "in_the_future");
        // A term that had run out by then is not made to have been served by making it longer.
        patched(&officer, "posts", &vice, json!({ "ends_on": "2026-11-30", "as_of": "2026-06-01" })).await;
        let out = of_year(&officer, YEAR, VILLAGE, "B1", "posts_filled").await;
        assert_eq!(out, is("not_met", 1, 3));
        patched(&officer, "posts", &vice, json!({ "ends_on": "2027-11-30" })).await;
        assert_eq!(of_year(&officer, YEAR, VILLAGE, "B1", "posts_filled").await, out);
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "B1", "posts_filled").await, is("not_met", 1, 3));
    }

    async fn an_office_is_counted_as_it_was(app) {
        let b = branch(app).await;
        let office = |rank: &str| json!({ "rank": rank, "premises": "own", "own_line": true, "equipped": rank != "none" });
        let staff = |n: i64| json!({ "establishment": 4, "full_time": n, "managed_by_reference": true, "fit": true });
        amended(&b.officer, &b.municipal, json!({ "office": office("section"), "staffing": staff(3) })).await;
        let before = of_year(&b.officer, YEAR, CITY, "C1", "full_time_staff").await;
        assert_eq!(before, is("met", 3, 4));
        january(app);
        let officer = renewed(app, &b.officer);
        amended(&officer, &b.municipal, json!({ "office": office("none"), "staffing": staff(0) })).await;
        assert_eq!(of_year(&officer, YEAR, CITY, "C1", "full_time_staff").await, before);
        assert_eq!(of_year(&officer, YEAR, CITY, "E1", "premises").await.1, json!(1));
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "C1", "full_time_staff").await, is("not_met", 0, 4));
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "E1", "premises").await.1, json!(0));
    }

    async fn sites_are_counted_as_they_were_counted_and_organised_then(app) {
        let b = branch(app).await;
        let site = |title: &str, people: i64, on: &str| json!({ "kind": "fixed_market", "title": title, "area": TOWN,
            "people": people, "counted_on": on, "counted_by": "own_report" });
        let mut sites = Vec::new();
        for title in ["南湖市场", "东栅市场"] {
            let made = b.officer.post("/v1/sites", site(title, 600, "2026-03-31")).await.expect(201);
            let association = founded(&b.officer, "market", TOWN, Some(&b.township)).await;
            patched(&b.officer, "sites", &made, json!({ "association_id": association["id"], "linked_on": "2026-04-01" })).await;
            sites.push((made, association));
        }
        const ORGANISED: &str = "large_markets_organised";
        let before = of_year(&b.officer, YEAR, CITY, "G3", ORGANISED).await;
        assert_eq!((&before.1, &before.2), (&json!(2), &json!(2)));
        january(app);
        let officer = renewed(app, &b.officer);
        // One shrinks, another one appears, the association of the other is no more.
        let counted = json!({ "people": 100, "counted_on": "2027-01-08", "counted_by": "statistics" });
        officer.post(&format!("{}/headcounts", at("sites", &sites[0].0)), counted).await.expect(200);
        officer.post("/v1/sites", site("新市场", 900, "2027-01-08")).await.expect(201);
        let end = json!({ "dissolved_on": "2027-01-08", "reason": "merged" });
        officer.post(&format!("{}/dissolution", at("associations", &sites[1].1)), end).await.expect(200);
        assert_eq!(of_year(&officer, YEAR, CITY, "G3", ORGANISED).await, before);
        let after = of_year(&officer, YEAR + 1, CITY, "G3", ORGANISED).await;
        assert_eq!((&after.1, &after.2), (&json!(0), &json!(2)));
        // Nor is it taken away with the link.
        patched(&officer, "sites", &sites[0].0, json!({ "association_id": null })).await;
        assert_eq!(of_year(&officer, YEAR, CITY, "G3", ORGANISED).await, before);
        // A day that was told wrongly is mended.
        patched(&officer, "sites", &sites[0].0, json!({ "association_id": sites[0].1["id"], "linked_on": "2026-02-01" })).await;
        assert_eq!(of_year(&officer, YEAR, CITY, "G3", ORGANISED).await, before);
        patched(&officer, "sites", &sites[0].0, json!({ "linked_on": "2027-01-02" })).await;
        assert_eq!(of_year(&officer, YEAR, CITY, "G3", ORGANISED).await.1, json!(1));
    }

    async fn a_homes_possessions_are_counted_as_they_were_found(app) {
        let b = branch(app).await;
        let coordinator = app.coordinator().await;
        let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        let found = |kind: &str| format!("{}/possessions/{kind}", at("member-homes", &home));
        for kind in ["premises", "sign", "rules", "equipment", "activities"] {
            coordinator.put(&found(kind), json!({ "present": true, "checked_on": "2026-05-29" })).await.expect(200);
        }
        const HOMES: &str = "homes_with_all_possessions";
        assert_eq!(of_year(&b.officer, YEAR, VILLAGE, "H3", HOMES).await, is("met", 1, 1));
        january(app);
        let (officer, coordinator) = (renewed(app, &b.officer), renewed(app, &coordinator));
        // Looked at again: still there. Then one is missing.
        coordinator.put(&found("sign"), json!({ "present": true, "checked_on": "2027-01-08" })).await.expect(200);
        coordinator.put(&found("rules"), json!({ "present": false, "checked_on": "2027-01-08" })).await.expect(200);
        assert_eq!(of_year(&officer, YEAR, VILLAGE, "H3", HOMES).await, is("met", 1, 1));
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "H3", HOMES).await, is("not_met", 0, 1));
        // Found on the same day after all.
        coordinator.put(&found("rules"), json!({ "present": true, "checked_on": "2027-01-08" })).await.expect(200);
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "H3", HOMES).await, is("met", 1, 1));
        let before = patched(&coordinator, "member-homes", &home, json!({ "state": "closed" })).await;
        assert_eq!(before["state"], "closed");
        // It was open on the day it was closed, and not on the next.
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "H3", HOMES).await, is("met", 1, 1));
        app.advance(Micros::DAY);
        let officer = renewed(app, &officer);
        assert_eq!(of_year(&officer, YEAR + 1, VILLAGE, "H3", HOMES).await, is("not_met", 0, 1));
        assert_eq!(of_year(&officer, YEAR, VILLAGE, "H3", HOMES).await, is("met", 1, 1));
    }

    async fn a_home_is_one_associations(app) {
        let b = branch(app).await;
        let coordinator = app.coordinator().await;
        let home = || {
            let (coordinator, body) = (coordinator.clone(), json!({ "area": VILLAGE, "title": "会员之家", "site_address": "百福弄1号" }));
            async move {
                let home = coordinator.post("/v1/member-homes", body).await.expect(201);
                for kind in ["premises", "sign", "rules", "equipment", "activities"] {
                    let path = format!("{}/possessions/{kind}", at("member-homes", &home));
                    coordinator.put(&path, json!({ "present": true, "checked_on": "2026-05-29" })).await.expect(200);
                }
            }
        };
        // The market's is older, and the village's own comes first.
        let market = founded(&b.officer, "market", VILLAGE, Some(&b.village)).await;
        home().await;
        assert_eq!(of_year(&b.officer, YEAR, VILLAGE, "H3", "homes_with_all_possessions").await, is("not_met", 1, 2));
        let rows = crate::assessment::facts(&b.officer, VILLAGE, "H3", "homes_with_all_possessions").await;
        let n = |of: &Value| rows.iter().find(|row| row["id"] == of["id"]).unwrap()["n"].clone();
        assert_eq!((n(&b.village), n(&market)), (json!(1), json!(0)));
        home().await;
        assert_eq!(of_year(&b.officer, YEAR, VILLAGE, "H3", "homes_with_all_possessions").await, is("met", 2, 2));
    }

    async fn special_families_are_counted_with_what_they_had(app) {
        let b = branch(app).await;
        let (care, member) = (app.user(Role::CareOfficer, TOWN).await, app.member().await);
        let (town, village) = (app.user(Role::FieldMember, TOWN).await, app.user(Role::FieldMember, VILLAGE).await);
        let other = app.user(Role::FieldMember, TOWN).await;
        let contact = |who: &Client, since: &str| json!({ "user_id": who.id, "since": since });
        let provider = |name: &str, since: &str| json!({ "provider": name, "since": since });
        let all = json!({ "township_contact": contact(&town, "2026-03-10"), "village_contact": contact(&village, "2026-03-10"),
            "family_doctor": provider("社区卫生服务中心", "2026-03-10"), "green_channel": provider("第一医院", "2026-03-10") });
        let mut families = Vec::new();
        let mut homes = Vec::new();
        for _ in 0..6 {
            let (household, person, _) = agreeing(&member).await;
            let made = care.post("/v1/care-families", family(&household)).await.expect(201);
            patched(&care, "care-families", &made, all.clone()).await;
            families.push(made);
            homes.push((household, person));
        }
        const CONTACTS: &str = "special_families_with_contacts";
        assert_eq!(of_year(&b.officer, YEAR, CITY, "F3", CONTACTS).await, is("met", 6, 6));
        january(app);
        let (officer, care, member) = (renewed(app, &b.officer), renewed(app, &care), renewed(app, &member));
        for made in &families {
            patched(&care, "care-families", made, json!({ "township_contact": contact(&other, "2027-01-08"), "family_doctor": null,
                "green_channel": provider("第二医院", "2027-01-08") })).await;
        }
        for source in [CONTACTS, "special_families_with_doctor", "special_families_with_channel"] {
            assert_eq!(of_year(&officer, YEAR, CITY, "F3", source).await, is("met", 6, 6), "{source}");
        }
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "F3", CONTACTS).await, is("not_met", 6, 6));
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "F3", "special_families_with_doctor").await, is("not_met", 0, 6));
        // The same doctor from another day is a day that was told wrongly; there was none before it.
        for made in &families {
            patched(&care, "care-families", made, json!({ "green_channel": provider("第二医院", "2027-01-09") })).await;
        }
        assert_eq!(of_year(&officer, YEAR, CITY, "F3", "special_families_with_channel").await, is("met", 6, 6));
        // Whoever agrees no more is counted in no year.
        let (household, person) = &homes[0];
        let consents = format!("{}/people/{}/consents", at("households", household), person["id"].as_str().unwrap());
        make::withdraw(&member, &consents, "care_support").await;
        assert_eq!(of_year(&officer, YEAR, CITY, "F3", CONTACTS).await, is("met", 5, 5));
    }

    async fn a_subsidy_is_owed_while_there_is_somebody_to_pay_it_to(app) {
        let b = branch(app).await;
        const PAID: &str = "retired_leaders_subsidised";
        let retired = |begins: &'static str, on: &'static str| {
            let (officer, village) = (b.officer.clone(), b.village.clone());
            async move {
                let post = post_of(&officer, &village, json!({ "begins_on": begins })).await;
                officer.post(&format!("{}/ending", at("posts", &post)), json!({ "ended_on": on, "reason": "retired" })).await.expect(200);
                let body = json!({ "monthly": yuan(20_000), "paid_from": "budget", "from_on": on });
                officer.post(&format!("{}/subsidies", at("posts", &post)), body).await.expect(201)
            }
        };
        let first = retired("2025-03-01", "2025-06-01").await;
        let second = retired("2025-06-01", "2025-07-01").await;
        let paid = async |who: &Client, year: i64| {
            let (_, n, of) = of_year(who, year, TOWN, "E1", PAID).await;
            (n.as_i64().unwrap(), of.as_i64().unwrap())
        };
        assert_eq!(paid(&b.officer, YEAR).await, (2, 2));
        // It ended and nobody says why: it is owed still.
        let ending = |subsidy: &Value| format!("{}/ending", at("retired-subsidies", subsidy));
        b.officer.post(&ending(&first), json!({ "until_on": "2026-05-31", "reason": "tired" })).await.fault("/reason", "not_one_of");
        let ended = b.officer.post(&ending(&first), json!({ "until_on": "2026-05-31" })).await.expect(200);
        assert_eq!((&ended["until_on"], &ended["ended_because"]), (&json!("2026-05-31"), &json!(null)));
        assert_eq!(paid(&b.officer, YEAR).await, (1, 2));
        let third = retired("2025-07-01", "2025-08-01").await;
        let ended = b.officer.post(&ending(&third), json!({ "until_on": "2026-08-31", "reason": "died" })).await.expect(200);
        assert_eq!(ended["ended_because"], "died");
        assert_eq!(paid(&b.officer, YEAR).await, (1, 2));
        assert_eq!(paid(&b.officer, YEAR - 1).await, (3, 3));
        // In January after a year that is over: it was paid until that year's end.
        b.officer.post(&ending(&second), json!({ "until_on": "2026-01-05", "reason": "renounced" })).await.expect(200);
        assert_eq!(paid(&b.officer, YEAR - 1).await, (3, 3));
        assert_eq!(paid(&b.officer, YEAR).await, (0, 1));
    }

    async fn a_problem_is_asked_for_until_it_is_settled(app) {
        let b = branch(app).await;
        post_of(&b.officer, &b.municipal, json!({ "holds_position": "leading_group_deputy_head", "area": COUNTY })).await;
        let mut study = json!({ "association_id": b.municipal["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2025-11-12" });
        study["problems"] = json!([{ "problem": "设立经费专户。", "owner_post": "president", "due_on": "2026-02-28" }]);
        b.officer.post("/v1/studies", study).await.expect(201);
        const SETTLED: &str = "problems_settled";
        // Raised in the year before, and open still.
        assert_eq!(of_year(&b.officer, YEAR, CITY, "A5", SETTLED).await, is("not_met", 0, 1));
        january(app);
        let officer = renewed(app, &b.officer);
        let item = crate::association_studies::items(&officer, "").await.remove(0);
        officer.post(&format!("{}/closure", at("action-items", &item)), json!({ "closed_on": "2027-01-05", "outcome": "专户已设立。" })).await.expect(200);
        assert_eq!(of_year(&officer, YEAR, CITY, "A5", SETTLED).await, is("not_met", 0, 1));
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "A5", SETTLED).await, is("met", 1, 1));
        app.advance(366 * Micros::DAY);
        let officer = renewed(app, &officer);
        assert_eq!(of_year(&officer, YEAR + 2, CITY, "A5", SETTLED).await.2, json!(0));
    }

    async fn the_backbone_is_counted_as_it_was(app) {
        let b = branch(app).await;
        let mut members = Vec::new();
        for n in 0..10 {
            let member = joined(&b.officer, &b.village).await;
            if n < 5 {
                patched(&b.officer, "members", &member, json!({ "backbone_since": "2026-03-01" })).await;
            }
            members.push(member);
        }
        assert_eq!(of_year(&b.officer, YEAR, CITY, "G5", "backbone_members").await.1, json!(5));
        january(app);
        let officer = renewed(app, &b.officer);
        patched(&officer, "members", &members[0], json!({ "backbone_since": null })).await;
        assert_eq!(of_year(&officer, YEAR, CITY, "G5", "backbone_members").await.1, json!(5));
        // Four are not told of.
        assert_eq!(of_year(&officer, YEAR + 1, CITY, "G5", "backbone_members").await.1, json!(null));
    }

    async fn whoever_agrees_no_more_is_counted_in_no_year(app) {
        let b = branch(app).await;
        let member = app.member().await;
        let mut people = Vec::new();
        for _ in 0..6 {
            let (household, person) = make::lived_in(&member).await;
            let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
            member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
            people.push((household, person));
        }
        let sources = ["households_insured", "claims_helped", "claims_in_time"];
        for source in sources {
            assert_eq!(of_year(&b.officer, YEAR, CITY, "F2", source).await.1, json!(6), "{source}");
        }
        january(app);
        let (officer, member) = (renewed(app, &b.officer), renewed(app, &member));
        let (household, person) = &people[0];
        let consents = format!("{}/people/{}/consents", at("households", household), person["id"].as_str().unwrap());
        make::withdraw(&member, &consents, "insurance").await;
        for source in sources {
            assert_eq!(of_year(&officer, YEAR, CITY, "F2", source).await.1, json!(5), "{source}");
        }
    }

    async fn a_claim_that_waits_past_its_time_is_not_in_time(app) {
        let b = branch(app).await;
        let member = app.member().await;
        let mut claims = Vec::new();
        for _ in 0..11 {
            let (household, person) = make::lived_in(&member).await;
            let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
            let mut claim = make::claim(&policy, &person);
            claim["reported_on"] = json!("2026-09-01");
            claims.push(at("claims", &member.post("/v1/claims", claim).await.expect(201)));
        }
        const KEPT: &str = "claims_in_time";
        assert_eq!(of_year(&b.officer, YEAR, CITY, "F2", KEPT).await.1, json!(11));
        // Taken in and never decided: after sixty days something should have been paid.
        for claim in &claims[..5] {
            member.post(&format!("{claim}/acceptance"), json!({ "on": "2026-09-02", "received_on": "2026-09-02" })).await.expect(200);
        }
        // Taken in lately.
        let lately = app.now().plus(-10 * Micros::DAY).china_day().to_string();
        member.post(&format!("{}/acceptance", claims[5]), json!({ "on": lately, "received_on": lately })).await.expect(200);
        let (_, n, all) = of_year(&b.officer, YEAR, CITY, "F2", KEPT).await;
        assert_eq!((n, all), (json!(6), json!(11)));
        january(app);
        let (officer, member) = (renewed(app, &b.officer), renewed(app, &member));
        // Decided in January: in December it was open, and late.
        for claim in &claims[..5] {
            member.post(&format!("{claim}/review"), json!({ "on": "2027-01-05" })).await.expect(200);
            let decided = json!({ "decision": "approved", "decided_on": "2027-01-06", "amount": yuan(1000), "insurer_reference": "D" });
            member.post(&format!("{claim}/determination"), decided).await.expect(200);
        }
        let (_, n, all) = of_year(&officer, YEAR, CITY, "F2", KEPT).await;
        assert_eq!((n, all), (json!(6), json!(11)));
        // What was given up waits for nothing.
        let area = format!("{}/indicators/F2/facts?source={KEPT}", path(CITY));
        assert!(officer.get(&area).await.expect(200)["items"].as_array().unwrap().iter().all(|f| f["kind"] == "area"));
    }
}
