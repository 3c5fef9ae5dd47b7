//! The demo's last year: of a smaller city, filled by the commands that the API calls, read over HTTP.

use crate::both;
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use qianshou::auth::policy::Role;
use qianshou::demo::year::{self, Board, Standing, State, faults};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// People of a village: enough that a township's members are not few.
const PEOPLE: i64 = 220;

/// Townships of the story, of which a county keeps these and no others.
const TOWNS: &[&str] = &[
    "330402007",
    "330402008",
    "330411101",
    "330411106",
    "330421102",
    "330421107",
    "330424105",
    "330424106",
    "330481103",
    "330481112",
    "330482106",
    "330482108",
    "330483101",
    "330483107",
];
/// Villages that a township keeps, of the township with members more.
const VILLAGES: usize = 3;

/// The same city with fewer townships and villages: the others were abolished long ago; and the texts of a demo.
fn made_smaller(app: &TestApp) {
    #[derive(QueryableByName)]
    struct Code {
        #[diesel(sql_type = diesel::sql_types::Text)]
        code: String,
    }
    let mut c = app.connection();
    let of = |c: &mut qianshou::db::DbConn, level: &str| -> Vec<String> {
        let sql = format!(
            "SELECT code FROM areas WHERE level = '{level}' AND code LIKE '3304%' ORDER BY code"
        );
        let rows: Vec<Code> = diesel::sql_query(sql).load(c).unwrap();
        rows.into_iter().map(|row| row.code).collect()
    };
    let mut gone: Vec<String> = of(&mut c, "town");
    gone.retain(|code| !TOWNS.contains(&code.as_str()));
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for code in of(&mut c, "village") {
        let town = &code[..9];
        let known = kept.entry(town.to_owned()).or_default();
        let most = if town == faults::ALL_MEMBERS {
            usize::MAX
        } else {
            VILLAGES
        };
        if !TOWNS.contains(&town) || *known == most {
            gone.push(code);
        } else {
            *known += 1;
        }
    }
    let codes: Vec<String> = gone.iter().map(|code| format!("'{code}'")).collect();
    let sql = format!(
        "UPDATE areas SET abolished_on = '2001-01-01' WHERE code IN ({})",
        codes.join(",")
    );
    c.batch_execute(&sql).unwrap();
    // As a new demo has them: before the year that is over.
    let texts = year::texts_from(app.now()).unwrap();
    c.batch_execute(&format!(
        "UPDATE consent_texts SET in_force_from = '{texts}'"
    ))
    .unwrap();
}

/// Fills the year; `stop` is told how far it came.
async fn filled(app: &TestApp, until: Option<usize>) -> Standing {
    let (stop, stopped) = watch::channel(false);
    let board = Board::default();
    let filling = year::fill(&app.data, PEOPLE, stopped, &board);
    let stopping = async {
        let Some(until) = until else {
            return std::future::pending().await;
        };
        while board.read().done < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.send_replace(true);
        std::future::pending::<()>().await
    };
    tokio::select! {
        standing = filling => standing,
        () = stopping => unreachable!(),
    }
}

async fn complete(app: &TestApp) -> Standing {
    let standing = filled(app, None).await;
    assert_eq!(
        (standing.state, standing.skipped),
        (State::Complete, 0),
        "{standing:?}"
    );
    assert_eq!(standing.done, standing.total);
    standing
}

/// How many rows of each table of the story there are.
fn counted(app: &TestApp) -> BTreeMap<&'static str, i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let mut c = app.connection();
    let count = |table: &'static str| {
        let rows: Vec<Count> = diesel::sql_query(format!("SELECT COUNT(*) AS n FROM {table}"))
            .load(&mut c)
            .unwrap();
        (table, rows[0].n)
    };
    [
        "users",
        "assignments",
        "associations",
        "posts",
        "persons",
        "consents",
        "memberships",
        "studies",
        "action_items",
        "association_works",
        "ratings",
        "selections",
        "nominations",
        "sites",
        "site_checks",
        "budgets",
        "budget_facts",
        "village_needs",
        "fund_entries",
        "fund_lines",
        "care_programmes",
        "care_families",
        "households",
        "policies",
        "claims",
        "visits",
        "residents",
        "services",
        "liaison_notices",
        "member_homes",
        "home_possessions",
        "village_texts",
        "deliberations",
        "implementations",
        "village_checks",
        "village_disclosures",
        "campaigns",
        "activities",
        "activity_media",
        "area_profiles",
        "responsibility_targets",
        "assessment_plans",
        "assessment_cases",
        "assessment_statements",
        "assessment_vetoes",
        "audit_entries",
    ]
    .map(count)
    .into_iter()
    .collect()
}

fn year_of(app: &TestApp) -> i16 {
    year::last(&app.data)
}

async fn indicators(who: &Client, year: i16, area: &str) -> BTreeMap<String, Value> {
    let whole = who
        .get(&format!("/v1/assessments/{year}/areas/{area}"))
        .await
        .expect(200);
    let all = whole["result"]["indicators"].as_array().unwrap();
    all.iter()
        .map(|i| (i["code"].as_str().unwrap().to_owned(), i.clone()))
        .collect()
}

/// What each county says of itself, and what was found of it, is what is counted.
async fn claims_hold(officer: &Client, year: i16, cases: &[Value]) {
    for case in cases {
        let case = officer
            .get(&make::at("assessment-cases", case))
            .await
            .expect(200);
        let path = format!(
            "/v1/associations/{}",
            case["association_id"].as_str().unwrap()
        );
        let association = officer.get(&path).await.expect(200);
        let county = association["area"].as_str().unwrap();
        let counted = indicators(officer, year, county).await;
        let statements = case["statements"].as_array().unwrap();
        assert!(!statements.is_empty());
        for said in statements {
            let code = said["indicator"].as_str().unwrap();
            // These go by how many villages a county has.
            if ["G2", "H1"].contains(&code) {
                continue;
            }
            let is = |missed: bool| if missed { "not_met" } else { "met" };
            // Nobody says that they did what nobody recorded.
            let missed =
                ["not_met", "no_data"].contains(&counted[code]["outcome"].as_str().unwrap());
            // One is of another opinion of its publicity, and is told otherwise.
            let differs = county == faults::LITTLE_PUBLICITY && code == "H5";
            let (claimed, found) = (is(missed && !differs), is(missed));
            let why = format!("{county} {code}: {}", counted[code]);
            assert_eq!(said["claimed"], claimed, "{why}");
            assert!(
                said["found"].is_null() || said["found"] == found,
                "{why}: {said}"
            );
        }
    }
}

/// What the smaller city met. G2 goes by how many associations there are: among so few a backward one is too many.
const MET: &[&str] = &[
    "A1", "A2", "A3", "A4", "A5", "C1", "D1", "E1", "F1", "F2", "F3", "G1", "G5", "G6", "G7", "H1",
    "H4", "H5",
];
const NOT_MET: &[&str] = &["A6", "B1", "G3", "G4", "H2", "H3"];

both! {
    async fn a_year_is_filled_so_that_it_can_be_assessed(app) {
        made_smaller(app);
        complete(app).await;
        let (officer, year) = (app.user(Role::Officer, CITY).await, year_of(app));
        let city = indicators(&officer, year, CITY).await;
        // Of a city no figure is missing: what is not asked of one is D2.
        let open: Vec<&String> = city.iter().filter(|(_, i)| i["outcome"] == "no_data").map(|(code, _)| code).collect();
        assert_eq!(open, Vec::<&String>::new());
        for (code, indicator) in &city {
            let parts = indicator["sources"].as_array().unwrap();
            assert!(code == "D2" || !parts.is_empty(), "{code}");
            assert!(parts.iter().all(|part| part["hidden"] == false), "{code}: {indicator}");
        }
        for code in MET {
            assert_eq!(city[*code]["outcome"], "met", "{code}: {}", city[*code]);
        }
        for code in NOT_MET {
            assert_eq!(city[*code]["outcome"], "not_met", "{code}: {}", city[*code]);
        }
        // Members are entered of one township, and there they are about nine of a hundred.
        let town = indicators(&officer, year, faults::ALL_MEMBERS).await;
        assert_eq!((&town["G4"]["outcome"], &town["G5"]["outcome"]), (&json!("met"), &json!("met")), "{}", town["G4"]);
    }

    async fn each_shortfall_is_where_it_is_said_to_be_and_opens(app) {
        made_smaller(app);
        complete(app).await;
        let (officer, year) = (app.user(Role::Officer, CITY).await, year_of(app));
        for fault in faults::FAULTS {
            let found = indicators(&officer, year, fault.area).await;
            let indicator = &found[fault.indicator];
            assert_eq!(indicator["outcome"], "not_met", "{fault:?}: {indicator}");
            let parts = indicator["sources"].as_array().unwrap();
            let source = parts.iter().find(|part| part["source"] == fault.source).unwrap();
            assert_eq!(source["outcome"], "not_met", "{fault:?}: {indicator}");
            let path = format!("/v1/assessments/{year}/areas/{}/indicators/{}/facts?source={}&limit=200", fault.area, fault.indicator, fault.source);
            let facts = officer.get(&path).await.expect(200)["items"].as_array().unwrap().clone();
            // Of nothing that was done there is nothing to open; else each fact can be read, if it is the officer's.
            let nothing = ["leaders_investigations", "population_day_on_the_spot"].contains(&fault.source);
            assert_eq!(facts.is_empty(), nothing, "{fault:?}");
            for fact in facts.iter().take(3) {
                let link = fact["link"].as_str().unwrap();
                assert_eq!(officer.get(link).await.status, 200, "{fault:?}: {link}");
            }
        }
        // One by one, why.
        let fact = |area: &'static str, code: &'static str, source: &'static str| {
            let (officer, path) = (officer.clone(), format!("/v1/assessments/{year}/areas/{area}/indicators/{code}/facts?source={source}&limit=200"));
            async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().clone() }
        };
        let short = |facts: &[Value]| -> Vec<Value> { facts.iter().filter(|f| f["n"].as_i64() < f["of"].as_i64()).cloned().collect() };
        let posts = short(&fact(CITY, "B1", "posts_filled").await);
        assert_eq!(posts.iter().map(|f| f["area"].as_str().unwrap()).collect::<Vec<_>>(), [faults::NO_EXECUTIVE]);
        // Four of eight, where three of five were planned.
        let spent = fact(faults::LITTLE_HELP, "F1", "hardship_share").await;
        let sum = |key: &str| -> i64 { spent.iter().map(|f| f[key].as_i64().unwrap()).sum() };
        assert_eq!((spent.len(), 2 * sum("n")), (3, sum("of")), "{spent:?}");
        // Associations of sites have homes of their own: without are two villages, and one is without equipment.
        let homes = short(&fact(CITY, "H3", "homes_with_all_possessions").await);
        let mut lacking: Vec<&str> = homes.iter().map(|f| f["area"].as_str().unwrap()).collect();
        lacking.sort_unstable();
        assert_eq!((lacking.len(), &lacking[..2]), (3, &faults::OPENED_LATER[..]), "{lacking:?}");
        assert!(lacking[2].starts_with(faults::NO_EQUIPMENT), "{lacking:?}");
        let homes = short(&fact(faults::NO_EQUIPMENT, "H3", "homes_with_all_possessions").await);
        assert_eq!(homes.len(), 1, "{homes:?}");
        let markets = short(&fact(CITY, "G3", "large_markets_organised").await);
        assert_eq!((markets.len(), markets[0]["area"].as_str().unwrap().starts_with(faults::MARKET_ALONE)), (1, true));
        let problem = short(&fact(faults::OPEN_PROBLEM, "A5", "problems_settled").await);
        assert_eq!((problem.len(), &problem[0]["kind"]), (1, &json!("action_item")));
        let vetoed = indicators(&officer, year, faults::VETOED).await;
        assert_eq!(vetoed["A4"]["outcome"], "not_met");
    }

    async fn an_interrupted_year_goes_on_where_it_stopped(app) {
        made_smaller(app);
        let begun = filled(app, Some(60)).await;
        assert_eq!(begun.state, State::Interrupted);
        assert!(begun.done >= 60 && begun.done < begun.total, "{begun:?}");
        let half = counted(app);
        let again = filled(app, Some(begun.done + 60)).await;
        assert_eq!(again.state, State::Interrupted);
        assert!(counted(app)["associations"] >= half["associations"]);
        complete(app).await;
        let all = counted(app);
        // Once more adds nothing.
        complete(app).await;
        assert_eq!(counted(app), all);
        // And without interruption it comes to the same.
        let other = TestApp::start(app.backend, Vec::new()).await;
        made_smaller(&other);
        complete(&other).await;
        assert_eq!(counted(&other), all);
        other.stop().await;
    }

    async fn the_year_was_worked_in_by_its_own_people(app) {
        made_smaller(app);
        complete(app).await;
        let (year, mut c) = (year_of(app), app.connection());
        #[derive(QueryableByName)]
        struct Span {
            #[diesel(sql_type = BigInt)]
            first: i64,
            #[diesel(sql_type = BigInt)]
            last: i64,
            #[diesel(sql_type = BigInt)]
            strangers: i64,
        }
        let sql = "SELECT MIN(at) AS first, MAX(at) AS last, COUNT(CASE WHEN u.login NOT LIKE 'year.%' THEN 1 END) AS strangers \
                   FROM audit_entries e JOIN users u ON u.id = e.actor_id";
        let spans: Vec<Span> = diesel::sql_query(sql).load(&mut c).unwrap();
        let day = |micros: i64| qianshou::db::Micros(micros).china_day();
        assert_eq!((day(spans[0].first).year(), spans[0].strangers), (year, 0));
        // How it was assessed belongs to the January after it.
        assert!(day(spans[0].last).year() == year + 1 && spans[0].last <= app.now().0);
        // Nobody knows a password of theirs.
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let sql = "SELECT COUNT(*) AS n FROM users WHERE login LIKE 'year.%' AND password_hash IS NOT NULL";
        let rows: Vec<Count> = diesel::sql_query(sql).load(&mut c).unwrap();
        assert_eq!(rows[0].n, 0);
        // The process among people: a veto that was upheld, a county that objected, one that may still.
        let officer = app.user(Role::Officer, CITY).await;
        let vetoes = officer.get(&format!("/v1/assessment-vetoes?year={year}")).await.expect(200);
        assert_eq!((&vetoes["items"][0]["state"], &vetoes["items"][0]["outcome"]), (&json!("settled"), &json!("upheld")));
        let cases = officer.get(&format!("/v1/assessment-cases?year={year}&limit=50")).await.expect(200);
        let mut states: Vec<&str> = cases["items"].as_array().unwrap().iter().map(|case| case["state"].as_str().unwrap()).collect();
        states.sort_unstable();
        assert_eq!(states, ["decided", "reviewed", "submitted", "submitted", "submitted", "submitted", "submitted"]);
        claims_hold(&officer, year, cases["items"].as_array().unwrap()).await;
        // It can be frozen.
        officer.post(&format!("/v1/assessments/{year}/areas/{CITY}/freeze"), json!({ "because": "year_end" })).await.expect(201);
    }

    async fn what_a_visitor_made_before_stands(app) {
        made_smaller(app);
        let officer = app.user(Role::Officer, CITY).await;
        let own = json!({ "kind": "municipal", "title": "嘉兴市计划生育协会（自建）", "area": CITY, "founded_on": "1990-05-29" });
        let made = officer.post("/v1/associations", own).await.expect(201);
        complete(app).await;
        let found = officer.get("/v1/associations?kind=municipal").await.expect(200);
        assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["id"]), (1, &made["id"]));
    }
}
