//! The care fund's ledger: what is taken and what is refused, that it balances whatever happens, and that nothing in
//! it is ever changed.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::connection::SimpleConnection;
use futures_util::future::{join_all, join3};
use qianshou::auth::policy::Role;
use qianshou::db::Uid;
use qianshou::funds::years;

pub fn yuan(fen: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", fen / 100, fen % 100), "currency": "CNY" })
}

pub fn line(account: &str, side: &str, fen: i64) -> Value {
    json!({ "account": account, "side": side, "amount": yuan(fen) })
}

/// A voucher that no other entry of the run has.
pub fn voucher() -> String {
    format!("记-{}", make::unique())
}

/// Money that came in from the government, and is on the special account.
pub fn entry(association: &Value, booked_on: &str, fen: i64) -> Value {
    json!({ "association_id": association["id"], "source": "government", "booked_on": booked_on, "voucher": voucher(),
        "lines": [line("1002", "debit", fen), line("4001", "credit", fen)] })
}

/// The same with members changed.
fn with(mut entry: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        entry[key] = value.clone();
    }
    entry
}

async fn posted(officer: &Client, body: Value) -> Value {
    officer.post("/v1/fund-entries", body).await.expect(201)
}

async fn count(officer: &Client) -> usize {
    let page = officer.get("/v1/fund-entries?limit=200").await.expect(200);
    page["items"].as_array().unwrap().len()
}

fn fen(money: &Value) -> i64 {
    money["amount"]
        .as_str()
        .unwrap()
        .replace('.', "")
        .parse()
        .unwrap()
}

async fn trial(officer: &Client, association: &Value) -> Value {
    let path = format!("{}/trial-balance", at("associations", association));
    officer.get(&path).await.expect(200)
}

/// Closes a year, as whoever freezes an assessment does.
pub async fn freeze(app: &TestApp, officer: &Client, association: &Value, year: i64) {
    let id: Uid = association["id"].as_str().unwrap().parse().unwrap();
    let (user, now) = (officer.id, app.now());
    let rights = {
        let mut c = app.connection();
        qianshou::auth::store::load_rights(&mut c, user, now).unwrap()
    };
    let who = qianshou::auth::Who {
        by: qianshou::auth::rights::By::Account,
        user,
        session: Uid::NIL,
        device: None,
        at: now,
        request_id: "freeze".into(),
        rights: std::sync::Arc::new(rights),
    };
    let close = move |c: &mut qianshou::db::DbConn| {
        let action = qianshou::auth::Action::FundWrite;
        let association = qianshou::associations::store::locked(c, &who, action, id)?;
        years::freeze(c, &association, year, Some(user), now)
    };
    app.data.db.write(close).await.unwrap();
}

both! {
    async fn an_entry_is_booked_with_its_lines_and_read_again(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let body = entry(&township, "2026-03-12", 5_000_000);
        let made = posted(&officer, body.clone()).await;
        assert_eq!((&made["state"], &made["source"], &made["voucher"]), (&json!("posted"), &json!("government"), &body["voucher"]));
        assert_eq!(made["lines"], body["lines"]);
        let path = at("fund-entries", &made);
        assert_eq!(officer.get(&path).await.expect(200), made);
        let auditor = app.user(Role::Auditor, TOWN).await;
        assert_eq!(auditor.get(&path).await.expect(200), made);
        for role in [Role::FieldMember, Role::Coordinator, Role::Administrator] {
            app.user(role, TOWN).await.get(&path).await.problem(403, "forbidden_action");
        }
        app.user(Role::Officer, VILLAGE).await.get(&path).await.problem(404, "not_found");
        let listed = |query: &str| { let (officer, path) = (officer.clone(), format!("/v1/fund-entries?{query}")); async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().len() } };
        assert_eq!((listed("year=2026").await, listed("year=2025").await, listed("source=donation").await), (1, 0, 0));
        let id = township["id"].as_str().unwrap();
        assert_eq!((listed(&format!("association_id={id}")).await, listed("source=government").await), (1, 1));
    }

    async fn what_is_wrong_is_refused_by_name_and_nothing_is_stored(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let good = || entry(&township, "2026-03-12", 100);
        let lines = |lines: Vec<Value>| with(good(), json!({ "lines": lines }));
        for (body, pointer, fault) in [
            (lines(vec![line("1002", "debit", 100), line("4001", "credit", 99)]), "/lines", "unbalanced"),
            (lines(vec![line("1002", "debit", 100), line("4001", "debit", 100)]), "/lines", "unbalanced"),
            (lines(vec![line("1002", "debit", 100)]), "/lines", "too_few"),
            (lines(vec![]), "/lines", "too_few"),
            (lines(vec![line("1002", "debit", 0), line("4001", "credit", 0)]), "/lines/0/amount", "out_of_range"),
            (lines(vec![line("1002", "debit", 100), line("4001", "credit", 100), line("4002", "credit", 0)]), "/lines/2/amount", "out_of_range"),
            (lines(vec![line("1002", "debit", 100), line("9999", "credit", 100)]), "/lines/1/account", "unknown_account"),
            (lines(vec![line("1002", "left", 100), line("4001", "credit", 100)]), "/lines/0/side", "not_one_of"),
            (lines(vec![line("1002", "debit", 100); 41]), "/lines", "too_many"),
            (with(good(), json!({ "booked_on": tomorrow })), "/booked_on", "in_the_future"),
            (with(good(), json!({ "booked_on": "1999-01-01" })), "/booked_on", "bad_order"),
            (with(good(), json!({ "booked_on": "2026-02-30" })), "/booked_on", "bad_day"),
            (with(good(), json!({ "source": "lottery" })), "/source", "not_one_of"),
            (with(good(), json!({ "association_id": Uid::new(app.now()) })), "/association_id", "no_such_record"),
        ] {
            officer.post("/v1/fund-entries", body).await.fault(pointer, fault);
        }
        let mut negative = good();
        negative["lines"][0]["amount"]["amount"] = json!("-1.00");
        officer.post("/v1/fund-entries", negative).await.fault("/lines/0/amount/amount", "bad_money");
        let wide = app.user(Role::Officer, VILLAGE).await;
        wide.post("/v1/fund-entries", good()).await.fault("/association_id", "no_such_record");
        for role in [Role::CareOfficer, Role::Auditor, Role::Coordinator] {
            app.user(role, TOWN).await.post("/v1/fund-entries", good()).await.problem(403, "forbidden_action");
        }
        assert_eq!(count(&officer).await, 0);
        assert_eq!(trial(&officer, &township).await["rows"], json!([]));
    }

    async fn the_closed_source_takes_nothing_after_its_end_but_a_reversal(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let share = |on: &str| with(entry(&municipal, on, 1_800_000), json!({ "source": "social_support_fee_share" }));
        for on in ["2010-12-31", "2021-08-21", "2026-01-01"] {
            let problem = officer.post("/v1/fund-entries", share(on)).await.problem(422, "source_closed");
            assert_eq!(problem["errors"][0]["pointer"], "/source");
        }
        assert_eq!(count(&officer).await, 0);
        let first = posted(&officer, share("2011-03-31")).await;
        posted(&officer, share("2021-08-20")).await;
        let reversal = json!({ "booked_on": "2026-01-05", "voucher": voucher() });
        officer.post(&format!("{}/reversal", at("fund-entries", &first)), reversal).await.expect(201);
        let sources = officer.get("/v1/fund-sources").await.expect(200);
        let closed = sources["items"].as_array().unwrap().iter().find(|s| s["source"] == "social_support_fee_share").unwrap();
        assert_eq!((&closed["opened_on"], &closed["closed_after"], &closed["share_per_cent"]), (&json!("2011-01-01"), &json!("2021-08-20"), &json!(15)));
    }

    async fn what_is_left_of_the_closed_source_is_spent_or_carried_and_no_more(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let of = |on: &str, debit: &str, credit: &str, fen: i64| with(entry(&municipal, on, 0),
            json!({ "source": "social_support_fee_share", "lines": [line(debit, "debit", fen), line(credit, "credit", fen)] }));
        posted(&officer, of("2021-06-30", "1002", "4001", 1_000)).await;
        posted(&officer, entry(&municipal, "2022-01-10", 5_000)).await;
        // Nothing comes in, by whatever account; and before it began nothing went out.
        for (debit, credit) in [("1002", "4001"), ("1002", "4002"), ("1002", "2001"), ("1002", "3101"), ("4001", "1002")] {
            officer.post("/v1/fund-entries", of("2022-03-01", debit, credit, 10)).await.problem(422, "source_closed");
        }
        officer.post("/v1/fund-entries", of("2010-12-31", "5001", "1002", 10)).await.problem(422, "source_closed");
        posted(&officer, of("2022-03-01", "5001", "1002", 600)).await;
        // The account has more, of another source; of this one 400 are left.
        let problem = officer.post("/v1/fund-entries", of("2022-03-02", "5001", "1002", 401)).await.problem(409, "overdrawn");
        assert_eq!(problem["errors"][0]["pointer"], "/lines/1/amount");
        posted(&officer, of("2022-03-02", "1001", "1002", 150)).await;
        posted(&officer, of("2026-01-02", "3101", "1002", 250)).await;
        officer.post("/v1/fund-entries", of("2022-02-01", "5001", "1002", 151)).await.problem(409, "overdrawn");
        let carried = with(entry(&municipal, "2026-01-02", 0), json!({ "lines": [line("1002", "debit", 250), line("3101", "credit", 250)] }));
        posted(&officer, carried).await;
        posted(&officer, of("2026-01-03", "5001", "1001", 150)).await;
        officer.post("/v1/fund-entries", of("2026-01-04", "5001", "1002", 1)).await.problem(409, "overdrawn");
        assert_eq!(trial(&officer, &municipal).await["balanced"], true);
    }

    async fn money_that_is_not_there_is_not_spent(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let spent = |on: &str, account: &str, fen: i64| with(entry(&township, on, 0), json!({ "lines": [line("5001", "debit", fen), line(account, "credit", fen)] }));
        let refused = |body: Value, pointer: &'static str| { let officer = officer.clone(); async move {
            let problem = officer.post("/v1/fund-entries", body).await.problem(409, "overdrawn");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        } };
        refused(spent("2026-03-01", "1002", 1), "/lines/1/amount").await;
        let income = posted(&officer, entry(&township, "2026-03-10", 100)).await;
        // Neither on its day nor on a later one.
        refused(spent("2026-03-09", "1002", 1), "/lines/1/amount").await;
        posted(&officer, spent("2026-05-01", "1002", 80)).await;
        refused(spent("2026-03-10", "1002", 21), "/lines/1/amount").await;
        posted(&officer, spent("2026-03-10", "1002", 20)).await;
        let path = format!("{}/reversal", at("fund-entries", &income));
        let problem = officer.post(&path, json!({ "booked_on": "2026-06-01", "voucher": voucher() })).await.problem(409, "overdrawn");
        assert_eq!(problem["errors"][0]["pointer"], "/booked_on");
        // What is booked right anew makes room for the reversal of what was wrong.
        posted(&officer, entry(&township, "2026-03-10", 100)).await;
        officer.post(&path, json!({ "booked_on": "2026-06-01", "voucher": voucher() })).await.expect(201);
        // What others owe may be less than nothing; another account of cash may not.
        posted(&officer, spent("2026-03-01", "1201", 5)).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let account = |code: &str, class: &str| json!({ "code": code, "class": class, "title_zh": "代管资金", "title_en": "Money held for us", "holds_cash": true });
        admin.post("/v1/fund-accounts", account("2101", "liability")).await.fault("/holds_cash", "not_fitting");
        let code = format!("18{:04}", rand::random::<u16>() % 10_000);
        let made = admin.post("/v1/fund-accounts", account(&code, "asset")).await.expect(201);
        assert_eq!(made["holds_cash"], true);
        refused(spent("2026-06-01", &code, 1), "/lines/1/amount").await;
        // One account on both sides says nothing.
        let both = with(entry(&township, "2026-06-01", 0), json!({ "lines": [line("1002", "debit", 5), line("5001", "debit", 1), line("1002", "credit", 6)] }));
        officer.post("/v1/fund-entries", both).await.fault("/lines/2/account", "not_fitting");
    }

    async fn the_same_money_is_spent_once_however_many_ask_at_once(app) {
        let Branch { officer, township, .. } = branch(app).await;
        posted(&officer, entry(&township, "2026-03-10", 100)).await;
        let spend = || { let body = with(entry(&township, "2026-03-11", 0), json!({ "lines": [line("5001", "debit", 30), line("1002", "credit", 30)] })); let officer = officer.clone(); async move { officer.post("/v1/fund-entries", body).await } };
        let answers = join_all((0..8).map(|_| spend())).await;
        let taken = answers.iter().filter(|a| a.status == 201).count();
        for refused in answers.iter().filter(|a| a.status != 201) {
            assert_eq!((refused.status, &refused.json["code"]), (409, &json!("overdrawn")), "{}", refused.text);
        }
        assert_eq!(taken, 3);
    }

    async fn an_entry_is_reversed_once_by_another_that_names_it(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let made = posted(&officer, entry(&township, "2026-03-12", 100)).await;
        let path = format!("{}/reversal", at("fund-entries", &made));
        let given = |on: &str| json!({ "booked_on": on, "voucher": voucher() });
        officer.post(&path, given("2026-03-11")).await.fault("/booked_on", "bad_order");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&path, given(&tomorrow)).await.fault("/booked_on", "in_the_future");
        let same = json!({ "booked_on": "2026-04-02", "voucher": made["voucher"] });
        officer.post(&path, same).await.problem(409, "voucher_taken");
        let etag = officer.get(&at("fund-entries", &made)).await.etag();
        let reversal = officer.post(&path, given("2026-04-02")).await.expect(201);
        assert_eq!((&reversal["state"], &reversal["reverses_id"], &reversal["source"]), (&json!("reversal"), &made["id"], &made["source"]));
        assert_eq!(reversal["lines"], json!([line("1002", "credit", 100), line("4001", "debit", 100)]));
        let again = officer.get(&at("fund-entries", &made)).await;
        assert_ne!(again.etag(), etag);
        let again = again.expect(200);
        assert_eq!((&again["state"], &again["reversed_by_id"], &again["lines"]), (&json!("reversed"), &reversal["id"], &made["lines"]));
        let twice = officer.post(&path, given("2026-04-03")).await.problem(409, "state_forbids");
        assert_eq!(twice["state"], "reversed");
        let back = format!("{}/reversal", at("fund-entries", &reversal));
        let back = officer.post(&back, given("2026-04-03")).await.problem(409, "state_forbids");
        assert_eq!(back["state"], "reversal");
        let balance = trial(&officer, &township).await;
        for row in balance["rows"].as_array().unwrap() {
            assert_eq!((fen(&row["balance"]), fen(&row["debit"])), (0, 100), "{row}");
        }
        assert_eq!(count(&officer).await, 2);
    }

    async fn nothing_is_booked_twice(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let body = entry(&township, "2026-03-12", 100);
        let key = syncing::new_id(app);
        let made = officer.post_once("/v1/fund-entries", &key, body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/fund-entries", &key, body.clone()).await.expect(201), made);
        // Without a key the voucher tells; another association has vouchers of its own.
        let problem = officer.post("/v1/fund-entries", body.clone()).await.problem(409, "voucher_taken");
        assert_eq!(problem["errors"][0]["pointer"], "/voucher");
        let elsewhere = with(body.clone(), json!({ "association_id": village["id"] }));
        posted(&officer, elsewhere).await;
        let same_id = with(entry(&township, "2026-03-12", 100), json!({ "id": made["id"] }));
        officer.post("/v1/fund-entries", same_id).await.problem(409, "already_exists");
        assert_eq!(count(&officer).await, 2);
    }

    async fn a_year_that_is_closed_takes_nothing(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let made = posted(&officer, entry(&township, "2025-06-30", 100)).await;
        freeze(app, &officer, &township, 2025).await;
        freeze(app, &officer, &township, 2025).await;
        let problem = officer.post("/v1/fund-entries", entry(&township, "2025-12-31", 100)).await.problem(409, "year_frozen");
        assert_eq!(problem["errors"][0]["pointer"], "/booked_on");
        let path = format!("{}/reversal", at("fund-entries", &made));
        officer.post(&path, json!({ "booked_on": "2025-12-31", "voucher": voucher() })).await.problem(409, "year_frozen");
        assert_eq!(count(&officer).await, 1);
        // What was wrong in it is corrected in a year that is open; other associations close their own.
        officer.post(&path, json!({ "booked_on": "2026-01-02", "voucher": voucher() })).await.expect(201);
        posted(&officer, entry(&township, "2026-01-01", 100)).await;
        // Nor behind it: what was left at the end of a closed year rests on all that was before.
        let path = format!("{}/fund-balances?year=2025", at("associations", &township));
        let balances = officer.get(&path).await.expect(200);
        let problem = officer.post("/v1/fund-entries", entry(&township, "2024-12-31", 100)).await.problem(409, "year_frozen");
        assert_eq!(problem["errors"][0]["pointer"], "/booked_on");
        assert_eq!(officer.get(&path).await.expect(200), balances);
        posted(&officer, entry(&village, "2025-12-31", 100)).await;
    }

    async fn balances_are_by_account_quarter_and_source(app) {
        let Branch { officer, township, .. } = branch(app).await;
        for (on, amount) in [("2025-12-31", 1_000), ("2026-01-01", 500), ("2026-03-31", 200), ("2026-04-01", 70)] {
            posted(&officer, entry(&township, on, amount)).await;
        }
        let spent = json!({ "source": "donation", "lines": [line("5001", "debit", 300), line("1002", "credit", 300)] });
        posted(&officer, with(entry(&township, "2026-05-01", 0), spent)).await;
        let path = format!("{}/fund-balances", at("associations", &township));
        let all = officer.get(&format!("{path}?year=2026")).await.expect(200);
        let of = |account: &str, source: &str| {
            let items = all["items"].as_array().unwrap();
            items.iter().find(|i| i["account"] == account && i["source"] == source).unwrap().clone()
        };
        let bank = of("1002", "government");
        assert_eq!(fen(&bank["opening"]), 1_000);
        let closing: Vec<i64> = bank["quarters"].as_array().unwrap().iter().map(|q| fen(&q["balance"])).collect();
        assert_eq!(closing, [1_700, 1_770, 1_770, 1_770]);
        assert_eq!((&bank["quarters"][0]["quarter"], fen(&bank["quarters"][0]["debit"])), (&json!("2026-Q1"), 700));
        assert_eq!(fen(&of("1002", "donation")["quarters"][1]["balance"]), -300);
        let given = officer.get(&format!("{path}?year=2026&source=donation")).await.expect(200);
        assert_eq!(given["items"].as_array().unwrap().len(), 2);
        let before = officer.get(&format!("{path}?year=2024")).await.expect(200);
        assert_eq!(before["items"], json!([]));
        officer.get(&format!("{path}?year=20x4")).await.problem(400, "malformed_query");
        let trial = officer.get(&format!("{}/trial-balance?until=2026-03-31", at("associations", &township))).await.expect(200);
        assert_eq!((fen(&trial["debit"]), fen(&trial["credit"]), &trial["balanced"]), (1_700, 1_700, &json!(true)));
        officer.get("/v1/associations/019a8c5e-7c00-7000-8000-00000000dead/trial-balance").await.problem(404, "not_found");
    }

    async fn statistics_are_by_source_and_quarter_of_an_areas_associations(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        posted(&officer, entry(&municipal, "2026-01-10", 1_000)).await;
        posted(&officer, entry(&township, "2026-05-10", 400)).await;
        let help = |association: &Value, account: &str, fen: i64| with(entry(association, "2026-06-01", 0),
            json!({ "source": "department", "lines": [line(account, "debit", fen), line("1002", "credit", fen)] }));
        posted(&officer, entry(&village, "2026-01-10", 150)).await;
        posted(&officer, help(&village, "5001", 150)).await;
        posted(&officer, help(&township, "5009", 50)).await;
        let of = |area: &str| { let (officer, path) = (officer.clone(), format!("/v1/fund-statistics?area={area}&year=2026")); async move { officer.get(&path).await.expect(200) } };
        let income = |answer: &Value, source: &str, quarter: &str| {
            let all = answer["income"].as_array().unwrap();
            fen(&all.iter().find(|i| i["source"] == source && i["quarter"] == quarter).unwrap()["amount"])
        };
        let city = of(CITY).await;
        assert_eq!((income(&city, "government", "2026-Q1"), income(&city, "government", "2026-Q2")), (1_150, 400));
        assert_eq!((&city["hardship_share"]["per_cent"], fen(&city["hardship_share"]["part"]), fen(&city["hardship_share"]["whole"])), (&json!("75.00"), 150, 200));
        let county = of(COUNTY).await;
        assert_eq!((income(&county, "government", "2026-Q1"), income(&county, "government", "2026-Q2")), (150, 400));
        let here = of(VILLAGE).await;
        assert_eq!((&here["hardship_share"]["per_cent"], income(&here, "government", "2026-Q2")), (&json!("100.00"), 0));
        assert_eq!(of(OTHER_COUNTY).await["hardship_share"]["per_cent"], json!(null));
        app.user(Role::Officer, TOWN).await.get(&format!("/v1/fund-statistics?area={COUNTY}")).await.problem(404, "not_found");
        officer.get("/v1/fund-statistics").await.problem(400, "malformed_query");
    }

    /// Entries of any lines, one in three off by something, and reversals of some: whatever is taken and refused, both
    /// sides of every account together come to the same, and each source by itself does.
    async fn the_ledger_balances_whatever_is_sent(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let accounts = ["1001", "1002", "2001", "3101", "4001", "4002", "5001", "5005"];
        let sources = ["government", "department", "donation", "social_support_fee_share"];
        let seed: u64 = rand::random();
        let mut state = seed;
        let mut next = |below: u64| {
            // A plain generator, so that a failure can be played again.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        // Something to spend of each source, on both accounts of cash.
        for source in sources {
            let all = 50_000_000_000;
            let there = json!({ "source": source, "lines": [line("1001", "debit", all), line("1002", "debit", all), line("4001", "credit", 2 * all)] });
            posted(&officer, with(entry(&township, "2011-01-01", 0), there)).await;
        }
        let (mut taken, mut refused) = (Vec::new(), 0);
        for _ in 0..60 {
            let source = sources[next(4) as usize];
            let year = if source == "social_support_fee_share" { 2008 + next(16) } else { 2024 + next(3) };
            let on = format!("{year}-{:02}-{:02}", 1 + next(5), 1 + next(28));
            let mut lines = Vec::new();
            let mut sum = 0i64;
            for _ in 0..1 + next(4) {
                let (debit, amount) = (next(2) == 0, 1 + next(999_999_999) as i64);
                sum += if debit { amount } else { -amount };
                lines.push(line(accounts[next(8) as usize], if debit { "debit" } else { "credit" }, amount));
            }
            if next(3) > 0 && sum != 0 {
                lines.push(line("1002", if sum < 0 { "debit" } else { "credit" }, sum.abs()));
                sum = 0;
            }
            let several = lines.len() > 1;
            let open = source != "social_support_fee_share" || ("2011-01-01".to_owned()..="2021-08-20".to_owned()).contains(&on);
            let body = with(entry(&township, &on, 0), json!({ "source": source, "lines": &lines }));
            let answer = officer.post("/v1/fund-entries", body).await;
            let twice = lines.iter().any(|a| lines.iter().any(|b| a["account"] == b["account"] && a["side"] != b["side"]));
            // Cash that is not there is not spent, and what is left of the closed source may be.
            let left = open || on.as_str() >= "2011-01-01";
            let judged = sum == 0 && several && !twice && left;
            let refusals = ["overdrawn", "source_closed"];
            let good = answer.status == 201 || judged && refusals.iter().any(|code| answer.json["code"] == *code);
            assert_eq!(good, judged, "seed {seed}: {}", answer.text);
            assert!(!open || answer.json["code"] != "source_closed", "seed {seed}: {}", answer.text);
            let good = answer.status == 201;
            match good {
                true => taken.push(answer.expect(201)),
                false => refused += 1,
            }
            if next(4) == 0 && !taken.is_empty() {
                let one = &taken[next(taken.len() as u64) as usize];
                let today = app.now().china_day().to_string();
                let path = format!("{}/reversal", at("fund-entries", one));
                let answer = officer.post(&path, json!({ "booked_on": today, "voucher": voucher() })).await;
                assert!(matches!(answer.status, 201 | 409), "seed {seed}: {}", answer.text);
            }
            let balance = trial(&officer, &township).await;
            assert_eq!((&balance["balanced"], &balance["debit"]), (&json!(true), &balance["credit"]), "seed {seed}");
        }
        assert!(taken.len() > 5 && refused > 5, "seed {seed}");
        let path = format!("{}/fund-balances", at("associations", &township));
        let all = officer.get(&path).await.expect(200);
        for source in sources {
            let of = all["items"].as_array().unwrap().iter().filter(|i| i["source"] == source);
            let left: i64 = of.map(|i| fen(&i["quarters"][3]["balance"])).sum();
            assert_eq!(left, 0, "seed {seed}: {source}");
        }
    }

    /// The database itself refuses to change or remove what was booked.
    async fn what_was_booked_cannot_be_changed_even_by_hand(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let made = posted(&officer, entry(&township, "2026-03-12", 100)).await;
        let mut c = app.connection();
        for sql in [
            "UPDATE fund_entries SET booked_on = '2025-01-01'",
            "DELETE FROM fund_entries",
            "UPDATE fund_lines SET amount = amount + 1",
            "DELETE FROM fund_lines",
        ] {
            let refused = c.batch_execute(sql).unwrap_err();
            assert!(refused.to_string().contains("append-only"), "{sql}: {refused}");
        }
        assert_eq!(officer.get(&at("fund-entries", &made)).await.expect(200), made);
    }

    async fn the_chart_of_accounts_grows_and_nothing_of_it_goes(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let chart = admin.get("/v1/fund-accounts").await.expect(200);
        assert_eq!(chart["items"].as_array().unwrap().len(), 14);
        let new = |code: &str, class: &str| json!({ "code": code, "class": class, "title_zh": "宣传支出", "title_en": "Publicity" });
        admin.post("/v1/fund-accounts", new("5006", "expense")).await.fault("/spent_on", "required");
        admin.post("/v1/fund-accounts", with(new("1003", "asset"), json!({ "spent_on": "activities" }))).await.fault("/spent_on", "not_fitting");
        admin.post("/v1/fund-accounts", new("50a6", "asset")).await.fault("/code", "bad_pattern");
        admin.post("/v1/fund-accounts", new("1002", "asset")).await.problem(409, "already_exists");
        let body = with(new("5006", "expense"), json!({ "spent_on": "activities" }));
        let key = syncing::new_id(app);
        let made = admin.post_once("/v1/fund-accounts", &key, body.clone()).await.expect(201);
        assert_eq!(admin.post_once("/v1/fund-accounts", &key, body).await.expect(201), made);
        assert_eq!(admin.get("/v1/fund-accounts/5006").await.expect(200), made);
        admin.get("/v1/fund-accounts/7777").await.problem(404, "not_found");
        let Branch { officer, township, .. } = branch(app).await;
        posted(&officer, entry(&township, "2026-03-11", 5)).await;
        posted(&officer, with(entry(&township, "2026-03-12", 0), json!({ "lines": [line("5006", "debit", 5), line("1002", "credit", 5)] }))).await;
    }
}

/// Many at once, some by the same voucher, and a year that is closed among them: no voucher is booked twice, one
/// reversal is taken, nothing is in the closed year that came after its closing, and all balances.
#[test]
fn many_book_at_once_and_nothing_is_lost_or_doubled() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let Branch {
                officer, township, ..
            } = branch(app).await;
            let first = posted(&officer, entry(&township, "2026-01-01", 100)).await;
            let all = (0..24).map(|n| {
                let mut body = entry(&township, "2025-05-01", 100 + n);
                body["voucher"] = json!(format!("争-{}", n % 12));
                let officer = officer.clone();
                async move { officer.post("/v1/fund-entries", body).await.status }
            });
            let path = format!("{}/reversal", at("fund-entries", &first));
            let back = (0..6).map(|_| {
                let (officer, path) = (officer.clone(), path.clone());
                let body = json!({ "booked_on": "2026-01-02", "voucher": voucher() });
                async move { officer.post(&path, body).await.status }
            });
            let closing = async {
                freeze(app, &officer, &township, 2025).await;
                count_of(&officer, 2025).await
            };
            let (all, back, frozen) = join3(join_all(all), join_all(back), closing).await;
            let taken = all.iter().filter(|status| **status == 201).count();
            let reversed = back.iter().filter(|status| **status == 201).count();
            let expected = |status: &u16| matches!(status, 201 | 409);
            assert!(all.iter().chain(&back).all(expected), "{all:?} {back:?}");
            assert_eq!(reversed, 1);
            assert!(taken <= 12, "{taken}");
            let left = count_of(&officer, 2025).await;
            assert_eq!((left, left), (frozen, taken));
            let balance = trial(&officer, &township).await;
            assert_eq!(balance["balanced"], true);
        })
    });
}

async fn count_of(officer: &Client, year: i64) -> usize {
    let path = format!("/v1/fund-entries?limit=200&year={year}");
    let page = officer.get(&path).await.expect(200);
    page["items"].as_array().unwrap().len()
}
