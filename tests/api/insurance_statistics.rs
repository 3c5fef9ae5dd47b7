//! What is counted of insurance, and that nothing small is shown, follows from what is, or comes to light by asking
//! again.

use crate::both;
use crate::support::make::{at, renewed, withdraw};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::insurance::statistics;
use qianshou::statistics::quarter::Quarter;

const DAY: i64 = Micros::DAY;

fn today(app: &TestApp) -> String {
    app.now().china_day().to_string()
}

fn days_to(app: &TestApp, day: jiff::civil::Date) -> i64 {
    app.now().china_day().duration_until(day).as_hours() / 24
}

/// Goes to the first day of the next quarter, of which nothing is counted yet.
fn new_quarter(app: &TestApp) -> Quarter {
    let now = Quarter::of(app.now().china_day());
    let first = now.last_day().tomorrow().unwrap();
    app.advance(days_to(app, first) * DAY);
    Quarter::of(first)
}

/// Goes on until the quarter is closed, and closes it.
async fn closed(app: &TestApp, quarter: Quarter) {
    let closes = quarter.last_day() + jiff::Span::new().days(statistics::CLOSES_AFTER);
    app.advance(days_to(app, closes) * DAY);
    statistics::close(&app.data).await.unwrap();
}

/// A household of an area, one of whose people agrees and is insured from today on; answers all three.
async fn insured(app: &TestApp, member: &Client, area: &str) -> (Value, Value, Value) {
    let household = json!({ "kind": "migrant", "area": area });
    let household = member.post("/v1/households", household).await.expect(201);
    let person = make::household_person(member, &household, &["insurance"]).await;
    let mut policy = make::policy(&household, &person);
    policy["starts_on"] = json!(today(app));
    policy["ends_on"] = json!(app.now().plus(365 * DAY).china_day().to_string());
    let policy = member.post("/v1/policies", policy).await.expect(201);
    (household, person, policy)
}

async fn step(member: &Client, claim: &Value, step: &str, body: Value) {
    let path = format!("{}/{step}", at("claims", claim));
    member.post(&path, body).await.expect(200);
}

fn yuan(sum: &str) -> Value {
    json!({ "amount": sum, "currency": "CNY" })
}

/// Reported and taken in today, a complex case: thirty days are given to decide it.
async fn under_review(app: &TestApp, member: &Client, insured: &(Value, Value, Value)) -> Value {
    examined(app, member, insured, true).await
}

async fn examined(
    app: &TestApp,
    member: &Client,
    (_, person, policy): &(Value, Value, Value),
    complex: bool,
) -> Value {
    let mut claim = make::claim(policy, person);
    for day in ["event_on", "known_on", "reported_on"] {
        claim[day] = json!(today(app));
    }
    let claim = member.post("/v1/claims", claim).await.expect(201);
    let on = today(app);
    step(
        member,
        &claim,
        "acceptance",
        json!({ "on": on, "received_on": on }),
    )
    .await;
    step(
        member,
        &claim,
        "review",
        json!({ "on": on, "complex": complex }),
    )
    .await;
    claim
}

async fn decided(app: &TestApp, member: &Client, claim: &Value) {
    let on = today(app);
    let body = json!({ "decision": "approved", "decided_on": on, "amount": yuan("260.00"), "insurer_reference": "D-1" });
    step(member, claim, "determination", body).await;
    step(member, claim, "agreement", json!({ "on": on })).await;
}

async fn paid(app: &TestApp, member: &Client, claim: &Value) {
    let body = json!({ "kind": "full", "amount": yuan("260.00"), "paid_on": today(app), "insurer_reference": "Z-1" });
    step(member, claim, "payment", body).await;
}

async fn held(app: &TestApp, member: &Client, area: &str, informed: i64) {
    let (from, to) = (
        app.now().plus(-2 * Micros::HOUR),
        app.now().plus(-Micros::HOUR),
    );
    let activity = json!({ "area": area, "venue": "小广场", "kind": "lecture", "title": "保险宣传", "starts_at": from.to_string(), "ends_at": to.to_string() });
    let activity = member.post("/v1/activities", activity).await.expect(201);
    let report = json!({ "starts_at": from.to_string(), "ends_at": to.to_string(), "participants": 50, "leaflets": 0, "households_informed": informed });
    let path = format!("{}/report", at("activities", &activity));
    member.post(&path, report).await.expect(200);
}

async fn counts(who: &Client, area: &str, quarter: Quarter, more: &str) -> Value {
    let path = format!("/v1/insurance-statistics?area={area}&quarter={quarter}&limit=200{more}");
    who.get(&path).await.expect(200)
}

fn row<'a>(answer: &'a Value, area: &str) -> &'a Value {
    let rows = answer["rows"].as_array().unwrap().iter();
    let found = rows.into_iter().find(|row| row["area"] == area);
    &found.unwrap_or_else(|| panic!("no row of {area}"))["figures"]
}

fn in_state(figures: &Value, state: &str) -> Value {
    let all = figures["claims_by_state"].as_array().unwrap().iter();
    all.clone().find(|s| s["state"] == state).unwrap()["claims"].clone()
}

/// Every figure by its name, those of states too.
fn cells(figures: &Value) -> Vec<(String, Option<i64>)> {
    let mut all = Vec::new();
    for (name, value) in figures.as_object().unwrap() {
        match name.as_str() {
            "claims_by_state" => {
                for state in value.as_array().unwrap() {
                    let name = state["state"].as_str().unwrap().to_owned();
                    all.push((name, state["claims"].as_i64()));
                }
            }
            "amount_paid" => {}
            _ => all.push((name.clone(), value.as_i64())),
        }
    }
    let count = |name: &str| figures[name].as_i64();
    let late = count("claims_paid").zip(count("paid_in_time"));
    all.push(("paid_late".into(), late.map(|(paid, soon)| paid - soon)));
    all
}

/// What stood on a day is told in fives: rows and their sum differ by what is left of each.
fn stands(name: &str) -> bool {
    name == "households_insured" || statistics::states().iter().any(|s| s.as_str() == name)
}

/// What a reader finds by taking the rows that are shown from their sum: none, or not few.
fn assert_nothing_follows(answer: &Value) {
    let rows: Vec<_> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| cells(&r["figures"]))
        .collect();
    for (at, (name, total)) in cells(&answer["total"]["figures"]).iter().enumerate() {
        let shown = rows.iter().map(|row| row[at].1);
        for count in shown.clone().chain([*total]).flatten() {
            assert!(count == 0 || count >= 5, "{name}: {count} is shown");
        }
        match total {
            Some(_) if stands(name) => {
                let fives = |count: i64| count % 5 == 0;
                assert!(
                    shown.chain([*total]).flatten().all(fives),
                    "{name}: {answer}"
                );
            }
            Some(total) => {
                let rest = total - shown.flatten().sum::<i64>();
                assert!(rest == 0 || rest >= 5, "{name}: {rest} follows, {answer}");
            }
            None => assert!(
                shown.clone().all(|count| count.is_none()),
                "{name}: within what is hidden"
            ),
        }
    }
}

both! {
    async fn a_quarter_is_counted_once_and_for_all(app) {
        let quarter = new_quarter(app);
        let county = app.user(Role::FieldMember, COUNTY).await;
        let mut of_village = Vec::new();
        for _ in 0..10 {
            let policy = insured(app, &county, VILLAGE).await;
            of_village.push(under_review(app, &county, &policy).await);
        }
        for _ in 0..2 {
            insured(app, &county, SECOND_VILLAGE).await;
        }
        let mut of_town = Vec::new();
        for _ in 0..7 {
            of_town.push(insured(app, &county, OTHER_TOWN).await);
        }
        // Two claims under way in the town: too few to be seen.
        for policy in &of_town[..2] {
            under_review(app, &county, policy).await;
        }
        held(app, &county, VILLAGE, 40).await;
        held(app, &county, OTHER_TOWN, 3).await;
        // Half are decided and paid at once, half long past their time.
        let (soon, late) = of_village.split_at(5);
        for claim in soon {
            decided(app, &county, claim).await;
            paid(app, &county, claim).await;
        }
        app.advance(40 * DAY);
        let county = renewed(app, &county);
        for claim in late {
            decided(app, &county, claim).await;
        }
        app.advance(20 * DAY);
        let county = renewed(app, &county);
        for claim in late {
            paid(app, &county, claim).await;
        }
        // One of the town's does not agree any more on the day of counting.
        let (household, person, _) = &of_town[6];
        let consents = format!("{}/people/{}/consents", at("households", household), person["id"].as_str().unwrap());
        withdraw(&county, &consents, "insurance").await;
        closed(app, quarter).await;

        let officer = app.user(Role::Officer, CITY).await;
        let by_town = counts(&officer, COUNTY, quarter, "").await;
        let total = &by_town["total"]["figures"];
        for (name, count) in [
            ("households_informed", 43), ("households_insured", 15), ("policies_begun", 18), ("claims_reported", 12),
            ("claims_decided", 10), ("decided_in_time", 5), ("decided_late", 5), ("decided_without_time", 0), ("claims_paid", 10), ("paid_in_time", 5),
            ("claims_with_payments", 10),
        ] {
            assert_eq!(total[name], json!(count), "{name}: {total}");
        }
        assert_eq!(total["amount_paid"], yuan("2600.00"));
        assert_eq!((in_state(total, "paid"), in_state(total, "under_review"), in_state(total, "disputed")), (json!(10), json!(null), json!(0)));
        let (town, other) = (row(&by_town, TOWN), row(&by_town, OTHER_TOWN));
        assert_eq!((&town["households_insured"], &other["households_insured"]), (&json!(10), &json!(5)), "twelve and six, in fives");
        // The other town's 3 and 2 are hidden, and so the town's, from which they would follow.
        for name in ["households_informed", "claims_reported"] {
            assert_eq!((&town[name], &other[name]), (&json!(null), &json!(null)), "{name}");
        }
        // Ten decisions, all of one town: nothing small is near them.
        assert_eq!((&town["claims_decided"], &town["decided_in_time"], &other["claims_decided"]), (&json!(10), &json!(5), &json!(0)));
        // Two households of one village hide the other's ten.
        let by_village = counts(&officer, TOWN, quarter, "").await;
        let (first, second) = (row(&by_village, VILLAGE), row(&by_village, SECOND_VILLAGE));
        assert_eq!((&first["households_insured"], &second["households_insured"]), (&json!(null), &json!(null)));
        assert_eq!((&first["claims_paid"], &first["amount_paid"], &second["claims_paid"]), (&json!(10), &yuan("2600.00"), &json!(0)));

        // Whoever has every answer of every level has nothing small.
        let mut known = Vec::new();
        for (area, more) in [(CITY, "&by=county"), (CITY, "&by=town"), (COUNTY, "&by=town"), (COUNTY, "&by=village"), (TOWN, "&by=village"), (OTHER_TOWN, "&by=village"), (VILLAGE, "")] {
            let answer = counts(&officer, area, quarter, more).await;
            assert_nothing_follows(&answer);
            let all = answer["rows"].as_array().unwrap().iter().chain([&answer["total"]]);
            known.extend(all.map(|of| (of["area"].clone(), of["figures"].clone())));
        }
        // However an area is come to, its figures are the same.
        for (area, figures) in &known {
            let same = known.iter().filter(|(other, _)| other == area);
            assert!(same.into_iter().all(|(_, other)| other == figures), "{area}");
        }
        // No product and no sum insured is in any of it.
        let all = json!(known).to_string();
        for word in ["product", "family-accident", "cover", "insured_sum"] {
            assert!(!all.contains(word), "{word}");
        }

        // What comes to be known later, or is not agreed to any more, changes nothing.
        let before = (by_town, by_village);
        let county = renewed(app, &county);
        let (household, person, _) = &of_town[0];
        let consents = format!("{}/people/{}/consents", at("households", household), person["id"].as_str().unwrap());
        withdraw(&county, &consents, "insurance").await;
        let (household, person, _) = insured(app, &county, OTHER_TOWN).await;
        let mut earlier = make::policy(&household, &person);
        earlier["starts_on"] = json!(quarter.first_day().to_string());
        earlier["ends_on"] = json!(quarter.last_day().to_string());
        county.post("/v1/policies", earlier).await.expect(201);
        statistics::close(&app.data).await.unwrap();
        let again = (counts(&officer, COUNTY, quarter, "").await, counts(&officer, TOWN, quarter, "").await);
        assert_eq!(again, before);
        // A quarter in which there was nothing to count is all zeros.
        let empty = counts(&officer, COUNTY, quarter.before(), "").await;
        assert!(cells(&empty["total"]["figures"]).iter().all(|(_, count)| *count == Some(0)));
    }

    async fn a_claim_is_paid_once_and_money_is_counted_when_it_came(app) {
        let first = new_quarter(app);
        let county = app.user(Role::FieldMember, COUNTY).await;
        let mut claims = Vec::new();
        for _ in 0..5 {
            let policy = insured(app, &county, VILLAGE).await;
            let claim = under_review(app, &county, &policy).await;
            decided(app, &county, &claim).await;
            paid(app, &county, &claim).await;
            step(&county, &claim, "dispute", json!({ "on": today(app), "way": "complaint_desk" })).await;
            claims.push(claim);
        }
        closed(app, first).await;
        // The insurer looks again, grants more and pays the rest.
        let (second, county, on) = (Quarter::of(app.now().china_day()), renewed(app, &county), today(app));
        for claim in &claims {
            step(&county, claim, "dispute-outcome", json!({ "on": on, "outcome": "back_to_review" })).await;
            let more = json!({ "decision": "approved", "decided_on": on, "amount": yuan("400.00"), "insurer_reference": "D-2" });
            step(&county, claim, "determination", more).await;
            step(&county, claim, "agreement", json!({ "on": on })).await;
            let rest = json!({ "kind": "full", "amount": yuan("140.00"), "paid_on": on, "insurer_reference": "Z-2" });
            step(&county, claim, "payment", rest).await;
        }
        closed(app, second).await;
        let officer = app.user(Role::Officer, CITY).await;
        let mut told = Vec::new();
        for quarter in [first, second] {
            let figures = counts(&officer, COUNTY, quarter, "").await["total"]["figures"].clone();
            told.push((figures["claims_paid"].clone(), figures["claims_with_payments"].clone(), figures["amount_paid"].clone()));
        }
        // Five claims and 2,000 yuan in the year.
        assert_eq!(told, [(json!(5), json!(5), yuan("1300.00")), (json!(0), json!(5), yuan("700.00"))]);
    }

    async fn a_decision_without_a_number_of_days_is_neither_in_time_nor_late(app) {
        let quarter = new_quarter(app);
        let county = app.user(Role::FieldMember, COUNTY).await;
        let mut claims = Vec::new();
        for _ in 0..5 {
            let policy = insured(app, &county, VILLAGE).await;
            claims.push(examined(app, &county, &policy, false).await);
        }
        app.advance(80 * DAY);
        let county = renewed(app, &county);
        for claim in &claims {
            decided(app, &county, claim).await;
        }
        closed(app, quarter).await;
        let officer = app.user(Role::Officer, CITY).await;
        let figures = counts(&officer, COUNTY, quarter, "").await["total"]["figures"].clone();
        let told = ["claims_decided", "decided_in_time", "decided_late", "decided_without_time"].map(|name| figures[name].as_i64());
        assert_eq!(told, [Some(5), Some(0), Some(0), Some(5)]);
    }

    async fn rows_come_in_pages_and_by_the_level_asked_for(app) {
        statistics::close(&app.data).await.unwrap();
        let quarter = Quarter::of(app.now().china_day()).before().before();
        let officer = app.user(Role::Officer, CITY).await;
        let codes = |answer: &Value| -> Vec<String> {
            let rows = answer["rows"].as_array().unwrap().iter();
            rows.map(|row| row["area"].as_str().unwrap().to_owned()).collect()
        };
        let whole = codes(&counts(&officer, COUNTY, quarter, "&by=village").await);
        assert!(whole.len() > 20 && whole.iter().all(|code| code.len() == 12), "{whole:?}");
        assert!(whole.is_sorted());
        assert_eq!(codes(&counts(&officer, COUNTY, quarter, "").await), codes(&counts(&officer, COUNTY, quarter, "&by=town").await));
        assert!(codes(&counts(&officer, CITY, quarter, "&by=county").await).contains(&COUNTY.to_owned()));
        assert_eq!(counts(&officer, VILLAGE, quarter, "").await["rows"], json!([]));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = officer.get(&format!("/v1/insurance-statistics?area={COUNTY}&quarter={quarter}&by=village&limit=7{cursor}")).await.expect(200);
            seen.extend(codes(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, whole);
        // A cursor belongs to what was asked.
        officer.get(&format!("/v1/insurance-statistics?area={COUNTY}&quarter={quarter}&by=town&limit=7{cursor}")).await.problem(400, "cursor_invalid");
    }

    async fn who_may_ask_for_what(app) {
        statistics::close(&app.data).await.unwrap();
        let now = Quarter::of(app.now().china_day());
        let (quarter, running) = (now.before().before().to_string(), now.to_string());
        let path = |query: String| format!("/v1/insurance-statistics?{query}");
        let of = |area: &str, quarter: &str, more: &str| path(format!("area={area}&quarter={quarter}{more}"));
        let coordinator = app.coordinator().await;
        coordinator.get(&of(TOWN, &quarter, "")).await.expect(200);
        coordinator.get(&of(VILLAGE, &quarter, "")).await.expect(200);
        for area in [OTHER_TOWN, COUNTY, CITY, "999999"] {
            coordinator.get(&of(area, &quarter, "")).await.problem(404, "not_found");
        }
        for role in [Role::FieldMember, Role::CampaignOrganiser, Role::CareOfficer, Role::Administrator, Role::Auditor] {
            app.user(role, TOWN).await.get(&of(TOWN, &quarter, "")).await.problem(403, "forbidden_action");
        }
        let officer = app.user(Role::Officer, CITY).await;
        for (asked, pointer, fault) in [
            (path(format!("quarter={quarter}")), "/area", "required"),
            (path(format!("area={TOWN}")), "/quarter", "required"),
            (of(TOWN, "2026-Q5", ""), "/quarter", "bad_pattern"),
            (of(TOWN, "", ""), "/quarter", "bad_pattern"),
            (of(TOWN, "2999-Q1", ""), "/quarter", "in_the_future"),
            // The running one tells of whoever is added to it.
            (of(TOWN, &running, ""), "/quarter", "in_the_future"),
            (of(TOWN, "2019-Q4", ""), "/quarter", "out_of_range"),
            (of(CITY, &quarter, "&by=village"), "/by", "not_fitting"),
            (of(COUNTY, &quarter, "&by=county"), "/by", "not_fitting"),
            (of(TOWN, &quarter, "&by=county"), "/by", "not_fitting"),
            (of(VILLAGE, &quarter, "&by=village"), "/by", "not_fitting"),
        ] {
            let refused = officer.get(&asked).await.problem(400, "malformed_query");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(pointer), &json!(fault)), "{asked}");
        }
        officer.get(&of(TOWN, &quarter, "&by=hamlet")).await.problem(400, "malformed_query");
        officer.get(&of(TOWN, &quarter, "&product=family-accident")).await.problem(400, "malformed_query");
    }
}
