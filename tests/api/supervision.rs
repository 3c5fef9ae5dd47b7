//! What coordinators see to: coverage, follow-ups overdue, possessions missing or without evidence.

use crate::both;
use crate::support::make::{at, household_person, withdraw};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::statistics::quarter::Quarter;

const DAY: i64 = Micros::DAY;

fn quarter(app: &TestApp) -> Quarter {
    Quarter::of(app.now().china_day())
}

async fn home(coordinator: &Client, area: &str) -> Value {
    let body = json!({ "area": area, "title": "会员之家", "site_address": "百福弄1号" });
    coordinator.post("/v1/member-homes", body).await.expect(201)
}

async fn visit(app: &TestApp, member: &Client, home: &Value, submitted: bool) {
    let started = app.now().plus(-Micros::HOUR).to_string();
    let body = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": started });
    let visit = member.post("/v1/visits", body).await.expect(201);
    if submitted {
        let path = format!("{}/submission", at("visits", &visit));
        member.post(&path, json!({})).await.expect(200);
    }
}

/// A household of an area with a follow-up long overdue; answers it, its person and the visit.
async fn left_alone(member: &Client, area: &str) -> (Value, Value, Value) {
    let household = json!({ "kind": "migrant", "area": area });
    let household = member.post("/v1/households", household).await.expect(201);
    let person = household_person(member, &household, &["service_follow_up"]).await;
    let visit = member
        .post("/v1/visits", make::home_visit(&household))
        .await
        .expect(201);
    let path = format!("{}/submission", at("visits", &visit));
    let visit = member.post(&path, json!({})).await.expect(200);
    (household, person, visit)
}

async fn coverage(who: &Client, area: &str, quarter: Quarter, more: &str) -> Value {
    let path = format!("/v1/supervision/coverage?area={area}&quarter={quarter}&limit=200{more}");
    who.get(&path).await.expect(200)
}

fn row(answer: &Value, area: &str) -> Value {
    let rows = answer["rows"].as_array().unwrap().iter();
    let mut found = rows.filter(|row| row["area"] == area);
    found
        .next()
        .unwrap_or_else(|| panic!("no row of {area}"))
        .clone()
}

fn overdue(of: &Value) -> Option<i64> {
    of["households_overdue"].as_i64()
}

async fn items(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

both! {
    async fn homes_visited_and_what_is_overdue_by_area(app) {
        let (county, member) = (app.user(Role::Coordinator, COUNTY).await, app.user(Role::FieldMember, COUNTY).await);
        let mut homes = Vec::new();
        for area in [VILLAGE, VILLAGE, SECOND_VILLAGE, OTHER_TOWN] {
            homes.push(home(&county, area).await);
        }
        visit(app, &member, &homes[0], true).await;
        visit(app, &member, &homes[0], true).await;
        // Nobody but its author knows of a draft.
        visit(app, &member, &homes[1], false).await;
        visit(app, &member, &homes[3], true).await;
        let mut households = Vec::new();
        for (area, count) in [(VILLAGE, 6), (SECOND_VILLAGE, 2), (OTHER_TOWN, 5)] {
            for _ in 0..count {
                households.push(left_alone(&member, area).await);
            }
        }
        let now = quarter(app);
        let by_town = coverage(&county, COUNTY, now, "").await;
        assert_eq!((&by_town["total"]["homes"], &by_town["total"]["homes_visited"], overdue(&by_town["total"])), (&json!(4), &json!(2), Some(13)));
        let town = row(&by_town, TOWN);
        assert_eq!((&town["homes"], &town["homes_visited"], overdue(&town)), (&json!(3), &json!(1), Some(8)));
        assert_eq!(overdue(&row(&by_town, OTHER_TOWN)), Some(5));
        // Whoever may list them all may know how many they are.
        let by_village = coverage(&county, COUNTY, now, "&by=village").await;
        assert_eq!((overdue(&row(&by_village, VILLAGE)), overdue(&row(&by_village, SECOND_VILLAGE))), (Some(6), Some(2)));
        // The same whoever asks, and from how far above.
        let coordinator = app.coordinator().await;
        let own = coverage(&coordinator, TOWN, now, "").await;
        assert_eq!((overdue(&own["total"]), row(&own, VILLAGE)), (Some(8), row(&by_village, VILLAGE)));
        let village = app.user(Role::Coordinator, VILLAGE).await;
        assert_eq!(coverage(&village, VILLAGE, now, "").await["total"], row(&by_village, VILLAGE));
        let city = app.user(Role::Coordinator, CITY).await;
        assert_eq!(row(&coverage(&city, CITY, now, "&by=county").await, COUNTY), by_town["total"]);
        // A household with two follow-ups overdue is one.
        let path = format!("{}/submission", at("visits", &member.post("/v1/visits", make::home_visit(&households[0].0)).await.expect(201)));
        member.post(&path, json!({})).await.expect(200);
        assert_eq!(overdue(&coverage(&county, COUNTY, now, "").await["total"]), Some(13));
        let follow_up = households[12].2["follow_ups"][0].clone();
        county.post(&format!("{}/completion", at("follow-ups", &follow_up)), json!({ "outcome": "solved" })).await.expect(200);
        assert_eq!(overdue(&coverage(&county, COUNTY, now, "").await["total"]), Some(12));
        // Whoever does not want to be come back to is not counted.
        let (household, person, _) = &households[11];
        let consents = format!("{}/people/{}/consents", at("households", household), person["id"].as_str().unwrap());
        withdraw(&member, &consents, "service_follow_up").await;
        assert_eq!(overdue(&coverage(&county, COUNTY, now, "").await["total"]), Some(11));
    }

    async fn a_quarter_counts_the_homes_that_were_open_in_it(app) {
        let county = app.user(Role::Coordinator, COUNTY).await;
        let set = async |who: &Client, home: &Value, state: &str| {
            let etag = who.get(&at("member-homes", home)).await.etag();
            who.patch(&at("member-homes", home), &etag, json!({ "state": state })).await.expect(200);
        };
        let member = app.user(Role::FieldMember, COUNTY).await;
        let first = quarter(app);
        let mut homes = Vec::new();
        for _ in 0..3 {
            let made = home(&county, VILLAGE).await;
            visit(app, &member, &made, true).await;
            homes.push(made);
        }
        let next_quarter = |of: Quarter| {
            let next = of.last_day().tomorrow().unwrap();
            app.advance((app.now().china_day().duration_until(next).as_hours() / 24) * DAY);
            Quarter::of(next)
        };
        // In the second one two are opened; one is closed, and is opened and closed again.
        let second = next_quarter(first);
        let county = make::renewed(app, &county);
        for _ in 0..2 {
            home(&county, VILLAGE).await;
        }
        for state in ["closed", "open", "closed"] {
            set(&county, &homes[0], state).await;
        }
        let third = next_quarter(second);
        let county = make::renewed(app, &county);
        let fourth = next_quarter(third);
        let county = make::renewed(app, &county);
        set(&county, &homes[0], "open").await;
        let told = async |quarter: Quarter| {
            let total = coverage(&county, VILLAGE, quarter, "").await["total"].clone();
            (total["homes"].as_i64().unwrap(), total["homes_visited"].as_i64().unwrap())
        };
        assert_eq!(told(first.before()).await, (0, 0), "none before there was one");
        assert_eq!(told(first).await, (3, 3), "whatever came after it");
        assert_eq!(told(second).await, (5, 0));
        assert_eq!(told(third).await, (4, 0));
        assert_eq!(told(fourth).await, (5, 0));
    }

    async fn what_waits_for_an_answer_is_counted(app) {
        let (county, member) = (app.user(Role::Coordinator, COUNTY).await, app.user(Role::FieldMember, COUNTY).await);
        for area in [VILLAGE, OTHER_TOWN] {
            let home = home(&county, area).await;
            let started = app.now().plus(-Micros::HOUR).to_string();
            let visit = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": started, "needs_voiced": ["equipment", "premises"] });
            let visit = member.post("/v1/visits", visit).await.expect(201);
            member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        }
        let told = async |who: &Client, area: &str| {
            let total = coverage(who, area, quarter(app), "").await["total"].clone();
            (total["concerns_unanswered"].as_i64().unwrap(), total["concerns_overdue"].as_i64().unwrap())
        };
        assert_eq!((told(&county, COUNTY).await, told(&county, VILLAGE).await), ((4, 0), (2, 0)));
        let one = items(&county, &format!("/v1/supervision/opinions?area={VILLAGE}")).await.remove(0);
        let answer = json!({ "answer": "下周更换。", "answered_on": app.now().china_day().to_string() });
        county.post(&format!("/v1/supervision/opinions/{}/answer", one["id"].as_str().unwrap()), answer).await.expect(200);
        app.advance(40 * DAY);
        let county = make::renewed(app, &county);
        assert_eq!((told(&county, COUNTY).await, told(&county, VILLAGE).await), ((3, 3), (1, 1)));
    }

    async fn follow_ups_overdue_are_listed_with_whose_they_are(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person, visit) = left_alone(&member, VILLAGE).await;
        // Not due yet, and of a draft.
        let other = make::household(&member).await;
        household_person(&member, &other, &["service_follow_up"]).await;
        let mut later = make::home_visit(&other);
        later["follow_ups"][0]["due_on"] = json!(app.now().china_day().to_string());
        let later = member.post("/v1/visits", later).await.expect(201);
        member.post(&format!("{}/submission", at("visits", &later)), json!({})).await.expect(200);
        member.post("/v1/visits", make::home_visit(&other)).await.expect(201);

        let found = items(&coordinator, "/v1/supervision/follow-ups").await;
        assert_eq!(found.len(), 1, "{found:?}");
        let one = &found[0];
        assert_eq!((&one["id"], &one["visit_id"], &one["household_id"]), (&visit["follow_ups"][0]["id"], &visit["id"], &household["id"]));
        assert_eq!((&one["area"], &one["due_on"], &one["assignee"], &one["assignee_name"]), (&json!(VILLAGE), &json!("2026-06-12"), &json!(member.id), &json!("测试用户")));
        let days = jiff::civil::date(2026, 6, 12).duration_until(app.now().china_day()).as_hours() / 24;
        assert_eq!(one["days_overdue"], json!(days));
        // Nothing about whoever is served.
        let text = one.to_string();
        assert!(!text.contains("再来看看") && !text.contains(person["name"].as_str().unwrap()), "{text}");
        // Narrowed to an area of one's own, and to no other.
        assert_eq!(items(&coordinator, &format!("/v1/supervision/follow-ups?area={VILLAGE}")).await.len(), 1);
        assert_eq!(items(&coordinator, &format!("/v1/supervision/follow-ups?area={SECOND_VILLAGE}")).await.len(), 0);
        assert_eq!(items(&app.user(Role::Coordinator, CITY).await, &format!("/v1/supervision/follow-ups?area={COUNTY}")).await.len(), 1);
        assert_eq!(items(&app.user(Role::Coordinator, OTHER_TOWN).await, "/v1/supervision/follow-ups").await.len(), 0);
        let consents = format!("{}/people/{}/consents", at("households", &household), person["id"].as_str().unwrap());
        withdraw(&member, &consents, "service_follow_up").await;
        assert_eq!(items(&coordinator, "/v1/supervision/follow-ups").await.len(), 0);
    }

    async fn possessions_that_are_missing_or_that_nothing_proves(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let made = home(&coordinator, VILLAGE).await;
        let path = at("member-homes", &made);
        let gaps = async || -> Vec<(String, Value)> {
            let homes = items(&coordinator, "/v1/supervision/possessions").await;
            let of = |gap: &Value| (gap["kind"].as_str().unwrap().to_owned(), gap["findings"].clone());
            homes.iter().flat_map(|home| home["gaps"].as_array().unwrap()).map(of).collect()
        };
        let all = gaps().await;
        assert_eq!(all.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["premises", "sign", "rules", "equipment", "activities"]);
        assert!(all.iter().all(|(_, findings)| *findings == json!(["unchecked"])));
        let today = app.now().china_day();
        let (year_ago, older) = (today - jiff::Span::new().years(1), today - jiff::Span::new().years(1).days(1));
        let photo = || json!({ "id": Uid::new(app.now()), "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "bytes": 482133, "media_type": "image/jpeg" });
        for (kind, body) in [
            ("premises", json!({ "present": true, "checked_on": year_ago.to_string(), "photo": photo() })),
            ("sign", json!({ "present": false, "checked_on": today.to_string() })),
            ("rules", json!({ "present": true, "checked_on": today.to_string() })),
            ("equipment", json!({ "present": true, "checked_on": older.to_string(), "photo": photo() })),
            ("activities", json!({ "present": false, "checked_on": older.to_string() })),
        ] {
            member.put(&format!("{path}/possessions/{kind}"), body).await.expect(200);
        }
        let wanted = [("sign", json!(["missing"])), ("rules", json!(["no_photo"])), ("equipment", json!(["stale"])), ("activities", json!(["missing", "stale"]))];
        assert_eq!(gaps().await, wanted.map(|(kind, findings)| (kind.to_owned(), findings)));
        let homes = items(&coordinator, "/v1/supervision/possessions").await;
        let sign = &homes[0]["gaps"][0];
        assert_eq!((&sign["checked_on"], &sign["checked_by"], &sign["photo_id"]), (&json!(today.to_string()), &json!(member.id), &json!(null)));
        assert!(homes[0]["gaps"][2]["photo_id"].is_string(), "what is stale has its evidence");
        // Tomorrow the premises are of a year ago.
        for kind in ["sign", "rules", "equipment", "activities"] {
            let body = json!({ "present": true, "checked_on": today.to_string(), "photo": photo() });
            member.put(&format!("{path}/possessions/{kind}"), body).await.expect(200);
        }
        assert!(gaps().await.is_empty());
        app.advance(DAY);
        let tomorrow = make::renewed(app, &coordinator);
        let homes = items(&tomorrow, "/v1/supervision/possessions").await;
        assert_eq!((&homes[0]["home_id"], &homes[0]["gaps"][0]["kind"], &homes[0]["gaps"][0]["findings"]), (&made["id"], &json!("premises"), &json!(["stale"])));
        // A closed home lacks nothing, and nobody sees one elsewhere.
        assert_eq!(items(&app.user(Role::Coordinator, OTHER_TOWN).await, "/v1/supervision/possessions").await.len(), 0);
        let etag = tomorrow.get(&path).await.etag();
        tomorrow.patch(&path, &etag, json!({ "state": "closed" })).await.expect(200);
        assert_eq!(items(&tomorrow, "/v1/supervision/possessions").await.len(), 0);
    }

    async fn who_may_ask_for_what(app) {
        let now = quarter(app);
        let (coordinator, next) = (app.coordinator().await, Quarter::of(now.last_day().tomorrow().unwrap()));
        let path = |query: String| format!("/v1/supervision/coverage?{query}");
        let of = |area: &str, quarter: &str, more: &str| path(format!("area={area}&quarter={quarter}{more}"));
        for (asked, pointer, fault) in [
            (path(format!("quarter={now}")), "/area", "required"),
            (path(format!("area={TOWN}")), "/quarter", "required"),
            (of(TOWN, "2026-Q0", ""), "/quarter", "bad_pattern"),
            (of(TOWN, &next.to_string(), ""), "/quarter", "in_the_future"),
            (of(TOWN, &now.to_string(), "&by=town"), "/by", "not_fitting"),
            (of(VILLAGE, &now.to_string(), "&by=village"), "/by", "not_fitting"),
        ] {
            let refused = coordinator.get(&asked).await.problem(400, "malformed_query");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(pointer), &json!(fault)), "{asked}");
        }
        let city = app.user(Role::Coordinator, CITY).await;
        let refused = city.get(&of(CITY, &now.to_string(), "&by=village")).await.problem(400, "malformed_query");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/by"), &json!("not_fitting")));
        let lists = ["follow-ups", "possessions"].map(|list| format!("/v1/supervision/{list}"));
        for area in [OTHER_TOWN, COUNTY, "999999"] {
            coordinator.get(&of(area, &now.to_string(), "")).await.problem(404, "not_found");
            for list in &lists {
                coordinator.get(&format!("{list}?area={area}")).await.problem(404, "not_found");
            }
        }
        for role in [Role::FieldMember, Role::Officer, Role::CampaignOrganiser, Role::Administrator, Role::Auditor] {
            let other = app.user(role, TOWN).await;
            other.get(&of(TOWN, &now.to_string(), "")).await.problem(403, "forbidden_action");
            for list in &lists {
                other.get(list).await.problem(403, "forbidden_action");
            }
        }
    }
}

/// Coverage looks at homes of its counties, their visits of the quarter, and at open follow-ups past their day.
#[test]
fn coverage_has_its_indexes() {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    use qianshou::areas::model::AreaLevel;
    use qianshou::supervision::coverage_store::{homes_sql, overdue_sql, unanswered_sql};
    let mut c = crate::schema::sqlite();
    let mut plan = |sql: String| -> String {
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(&mut c)
            .unwrap();
        let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        steps.join("; ")
    };
    let homes = plan(homes_sql(AreaLevel::County));
    for wanted in [
        "member_homes_by_county (county=?)",
        "visits_by_home (member_home_id=? AND visit_day>? AND visit_day<?)",
        "home_openings",
    ] {
        assert!(homes.contains(wanted), "{homes}");
    }
    let unanswered = plan(unanswered_sql(AreaLevel::County));
    assert!(
        unanswered.contains("concerns_unanswered (county=?)"),
        "{unanswered}"
    );
    for level in [
        AreaLevel::Province,
        AreaLevel::City,
        AreaLevel::Town,
        AreaLevel::Village,
    ] {
        for plan in [
            plan(homes_sql(level)),
            plan(overdue_sql(level)),
            plan(unanswered_sql(level)),
        ] {
            assert!(
                !plan.split("; ").any(|step| step.starts_with("SCAN r")),
                "{plan}"
            );
        }
    }
    let overdue = plan(overdue_sql(AreaLevel::County));
    let wanted = "follow_ups_overdue (county=? AND due_on<?)";
    assert!(overdue.contains(wanted), "{overdue}");
}
