//! Policies from an insurer's sheet: read, checked cell by cell, imported all at once or not at all.

use diesel::prelude::*;

use crate::both;
use crate::support::make::{at, household, household_person, renewed, withdraw};
use crate::support::sheets::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{households, persons, policies};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::insurance::catalogue::built_in;

/// What is told of a row: title, code, and the row that it does not go with.
type Told = Option<(&'static str, &'static str, u64)>;

fn id(record: &Value, member: &str) -> Uid {
    record[member].as_str().unwrap().parse().unwrap()
}

/// How many policies, people and households there are, in use or not.
fn counts(app: &TestApp) -> (i64, i64, i64) {
    let c = &mut app.connection();
    let policies = policies::table.count().get_result(c).unwrap();
    let people = persons::table.count().get_result(c).unwrap();
    let households = households::table.count().get_result(c).unwrap();
    (policies, people, households)
}

/// Somebody known with a consent to insurance, in a household of theirs; the member, the household, the person.
async fn known(app: &TestApp) -> (Client, Value, Value) {
    let member = app.member().await;
    let home = household(&member).await;
    let person = household_person(&member, &home, &["insurance"]).await;
    (member, home, person)
}

async fn items(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

both! {
    async fn a_sheet_is_checked_confirmed_and_imported_at_once(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        // A new household of two on one policy, whose first row says who pays and who benefits; and somebody known.
        let first = Row::new();
        let child = Row::new().beside(&first).with("被保险人证件号码", "").with("出生年份", "2015").with("性别", "女")
            .with("同意人", "监护人").with("投保人姓名", first.get("被保险人姓名")).with("交费人姓名", first.get("被保险人姓名"))
            .with("受益人姓名", first.get("被保险人姓名")).with("受益份额", "100%").with("受益人经本人同意", "是");
        let theirs = Row::of(&person, "李芳");
        let before = counts(app);
        let import = send(&coordinator, CSV, sheet(&[first.clone(), child, theirs])).await;
        assert_eq!(import.header("location").unwrap(), at("policy-imports", &import.json));
        let import = past(&coordinator, &import.expect(202), &["checking"]).await;
        assert_eq!((&import["state"], &import["fault_count"], &import["progress"]), (&json!("checked"), &json!(0), &json!(100)), "{import}");
        let told = ["rows", "policies", "people", "households", "consents"].map(|n| import[n].as_i64().unwrap());
        assert_eq!(told, [3, 2, 2, 1, 2]);
        // A dry run: nothing of it is there.
        assert_eq!(counts(app), before);
        assert_eq!(items(&coordinator, "/v1/policies").await, Vec::<Value>::new());
        let import = confirmed(&coordinator, &import).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("imported"), &json!(null)), "{import}");
        let told = ["rows", "policies", "people", "households", "consents"].map(|n| import[n].as_i64().unwrap());
        assert_eq!(told, [3, 2, 2, 1, 2]);
        let policies = items(&coordinator, "/v1/policies").await;
        assert_eq!(policies.len(), 2);
        let (new, old): (Vec<&Value>, Vec<&Value>) = policies.iter().partition(|p| p["household_id"] != home["id"]);
        let (new, old) = (new[0], old[0]);
        assert_eq!((new["insured"].as_array().unwrap().len(), &new["starts_on"], &new["ends_on"]), (2, &json!("2026-01-01"), &json!("2026-12-31")));
        assert_eq!((&new["beneficiaries"][0]["share"], &new["beneficiaries"][0]["person_id"]), (&json!(100), &new["holder_person_id"]));
        assert_eq!((&new["product_id"], &new["policy_number"]), (&json!(built_in("family-accident")), &json!(first.get("保单号"))));
        // Who looks after a household looks after what comes to it; to import is no reason to see it in clear.
        assert_eq!((&old["view"], &old["product_id"], &old["policy_number"]), (&json!("masked"), &json!(null), &json!(null)));
        let seen = member.get(&at("policies", old)).await.expect(200);
        assert_eq!((&seen["view"], &seen["product_id"]), (&json!("full"), &json!(built_in("family-accident"))));
        assert_eq!(seen["insured"][0], json!({ "person_id": person["id"], "sum_agreed": true }));
        // The people who are new, their household and what they agreed to.
        let path = format!("/v1/households/{}/people", new["household_id"].as_str().unwrap());
        let people = items(&coordinator, &path).await;
        assert_eq!(people.len(), 2);
        assert!(people.iter().all(|p| p["consents"] == json!(["insurance"])), "{people:?}");
        // Their document tells of their sex.
        let sex = if first.get("被保险人证件号码").as_bytes()[16] % 2 == 1 { "male" } else { "female" };
        let named = people.iter().find(|p| p["name"] == first.get("被保险人姓名")).unwrap();
        assert_eq!((&named["sex"], &named["document"]["kind"]), (&json!(sex), &json!("resident_id")), "{named}");
        let consents = format!("{path}/{}/consents", named["id"].as_str().unwrap());
        let consent = &items(&coordinator, &consents).await[0];
        let given = ["given_at", "channel", "given_by", "witnessed_by"].map(|n| consent[n].clone());
        assert_eq!(given, [json!("2026-01-04T16:00:00Z"), json!("in_person"), json!("self"), json!(coordinator.id)]);
        // One entry of the audit for each step, with counts and the digest of the file, and no more.
        let entries = items(&app.user(Role::Auditor, CITY).await, "/v1/audit-entries?action=policy_import.write").await;
        let facts: Vec<&Value> = entries.iter().map(|e| &e["facts"]).collect();
        let steps: Vec<&Value> = facts.iter().map(|f| &f["what"]).collect();
        assert_eq!(steps, ["imported", "confirmed", "created"]);
        assert_eq!(*facts[0], json!({ "what": "imported", "policies": 2, "people": 2, "households": 1, "consents": 2, "rows": 3,
            "file_sha256": import["file_sha256"] }));
        emptied(app, &import).await;
        let left: i64 = qianshou::db::schema::policy_import_rows::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(left, 0);
    }

    async fn phones_are_told_of_what_was_imported(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        let spouse = Row::new().with("家庭编号", "X");
        let theirs = Row::of(&person, "李芳").with("家庭编号", "X").with("保单号", spouse.get("保单号"));
        let mut phones = [syncing::Pocket::new(&member), syncing::Pocket::new(&coordinator)];
        for phone in &mut phones {
            syncing::numbered(app).await;
            phone.pull().await;
        }
        let version = member.get(&at("households", &home)).await.expect(200)["version"].as_i64().unwrap();
        let import = imported(&coordinator, &[theirs, spouse, Row::new()]).await;
        assert_eq!(import["state"], "imported", "{import}");
        emptied(app, &import).await;
        for phone in &mut phones {
            syncing::numbered(app).await;
            phone.pull().await;
        }
        let policies = items(&coordinator, "/v1/policies").await;
        let old = policies.iter().find(|p| p["household_id"] == home["id"]).unwrap();
        let new = policies.iter().find(|p| p["household_id"] != home["id"]).unwrap();
        assert!(phones[0].has("policy", old) && !phones[0].has("policy", new));
        assert!(phones[1].has("policy", old) && phones[1].has("policy", new));
        // Somebody came to the household, and its worker has them.
        let people = items(&member, &format!("{}/people", at("households", &home))).await;
        assert_eq!(people.len(), 2);
        for one in &people {
            assert!(phones[0].has("household_person", one) && phones[1].has("household_person", one), "{one}");
        }
        assert_eq!(member.get(&at("households", &home)).await.expect(200)["version"], version + 1);
        let household = json!({ "id": new["household_id"] });
        assert!(phones[1].has("household", &household) && !phones[0].has("household", &household));
    }

    async fn each_cell_at_fault_is_told_by_row_column_and_code(app) {
        let coordinator = app.coordinator().await;
        let good = Row::new;
        let bad: Vec<(Row, &str, &str)> = vec![
            (good().with("被保险人证件号码", "4.4E+17"), "被保险人证件号码", "number_precision_lost"),
            (good().with("被保险人证件号码", "330499198506150127"), "被保险人证件号码", "bad_check_digit"),
            (good().with("被保险人证件号码", "33049919850615012"), "被保险人证件号码", "bad_length"),
            (good().with("被保险人证件号码", "330499198513150126"), "被保险人证件号码", "impossible_date"),
            (good().with("被保险人证件号码", "33049919850615O126"), "被保险人证件号码", "bad_character"),
            (good().with("被保险人证件类型", "台胞证"), "被保险人证件号码", "bad_length"),
            (good().with("被保险人证件类型", "军官证"), "被保险人证件类型", "not_one_of"),
            (good().with("被保险人手机", "12812345678"), "被保险人手机", "bad_phone"),
            (good().with("被保险人手机", "1.38E+10"), "被保险人手机", "number_precision_lost"),
            (good().with("被保险人姓名", ""), "被保险人姓名", "required"),
            (good().with("被保险人姓名", &"钱".repeat(61)), "被保险人姓名", "too_long"),
            (good().with("被保险人证件号码", "").with("被保险人手机", ""), "被保险人证件号码", "required"),
            (good().with("产品代码", ""), "产品代码", "required"),
            (good().with("产品代码", "no-such"), "产品代码", "no_such_record"),
            (good().with("产品代码", "产品"), "产品代码", "bad_pattern"),
            (good().with("保险公司代码", ""), "保险公司代码", "required"),
            (good().with("保单号", &"9".repeat(61)), "保单号", "too_long"),
            (good().with("保险起期", ""), "保险起期", "required"),
            (good().with("保险起期", "2026-02-30"), "保险起期", "bad_day"),
            (good().with("保险止期", "2025-12-31"), "保险止期", "bad_order"),
            (good().with("保费", "三十元"), "保费", "bad_money"),
            (good().with("保费", "31.00"), "保费", "premium_differs"),
            (good().with("家庭类型", ""), "家庭类型", "required"),
            (good().with("家庭类型", "其他"), "家庭类型", "not_one_of"),
            (good().with("区划代码", ""), "区划代码", "required"),
            (good().with("区划代码", "330402999999"), "区划代码", "no_such_area"),
            (good().with("区划代码", COUNTY), "区划代码", "area_too_wide"),
            (good().with("区划代码", OTHER_TOWN), "区划代码", "area_outside"),
            (good().with("投保人姓名", "孙某").with("投保人手机", &make::phone()), "投保人姓名", "no_such_record"),
            (good().with("投保人姓名", "孙某"), "投保人证件号码", "required"),
            (good().with("投保人手机", "13812345678"), "投保人姓名", "required"),
            (good().with("交费人姓名", "孙某").with("交费人证件号码", "330499198506150127"), "交费人证件号码", "bad_check_digit"),
            (good().with("出生年份", "1885"), "出生年份", "out_of_range"),
            (good().with("性别", "无"), "性别", "not_one_of"),
            (good().with("保额经本人同意", ""), "保额经本人同意", "required"),
            (good().with("保额经本人同意", "否"), "保额经本人同意", "required"),
            (good().without_consent(), "同意日期", "consent_required"),
            (good().with("同意日期", ""), "同意日期", "required"),
            (good().with("同意书版本", ""), "同意书版本", "required"),
            (good().with("同意方式", ""), "同意方式", "required"),
            (good().with("同意人", ""), "同意人", "required"),
            (good().consented("2199-01-01"), "同意日期", "date_in_future"),
            (good().consented("2999-01-01"), "同意日期", "bad_day"),
            (good().with("同意书版本", "2"), "同意书版本", "old_text"),
            (good().consented("2025-12-31"), "同意书版本", "old_text"),
            (good().with("被保险人证件号码", "").with("出生年份", "2020"), "同意人", "not_fitting"),
            (good().with("受益人姓名", "孙某").with("受益人手机", &make::phone()).with("受益份额", "100").with("受益人经本人同意", "是"), "受益人姓名", "no_such_record"),
            (good().with("受益份额", "100"), "受益人姓名", "required"),
        ];
        // What benefits is the insured themselves, so that only the other cells are at fault.
        let own = |row: Row| { let name = row.get("被保险人姓名").to_owned(); row.with("受益人姓名", &name) };
        let mut bad = bad;
        bad.push((own(good()).with("受益人经本人同意", "是"), "受益份额", "required"));
        bad.push((own(good()).with("受益份额", "100"), "受益人经本人同意", "not_fitting"));
        bad.push((own(good()).with("受益份额", "60").with("受益人经本人同意", "是"), "受益份额", "not_fitting"));
        bad.push((own(good()).with("受益份额", "0").with("受益人经本人同意", "是"), "受益份额", "out_of_range"));
        let before = counts(app);
        let rows: Vec<Row> = bad.iter().map(|(row, ..)| row.clone()).collect();
        let import = checked(&coordinator, &rows).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("refused"), &json!("faults")));
        let expected: Vec<(u64, String, String)> = bad.iter().enumerate()
            .map(|(i, (_, title, code))| (i as u64 + 2, (*title).to_owned(), (*code).to_owned())).collect();
        let mut told = faults(&import);
        told.sort();
        for (one, wanted) in told.iter().zip(&expected) {
            assert_eq!(one, wanted);
        }
        assert_eq!(told.len(), expected.len());
        assert_eq!(import["fault_count"], expected.len());
        // Columns have their letters, and each fault says what to do in the reader's language; nothing of the cell.
        let fault = &import["faults"].as_array().unwrap().iter().find(|f| f["row"] == 2).unwrap();
        assert_eq!(fault["column"], letters(column("被保险人证件号码")));
        assert!(fault["detail"].as_str().unwrap().contains("文本"), "{fault}");
        let english = coordinator.get(&at("policy-imports", &import)).await;
        assert!(!english.text.contains("4.4E") && english.text.contains("Insured document"));
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
    }

    async fn rows_are_held_against_each_other(app) {
        let coordinator = app.coordinator().await;
        let base = Row::new();
        let second = |row: &Row| Row::new().beside(row);
        let family = |code: &str, n: &str| Row::new().with("产品代码", code).with("家庭编号", n).with("保单号", "").with("保费", "");
        let again = |row: &Row| row.clone();
        let far = Row::new();
        let stranger = Row::new();
        let rows: Vec<(Row, Told)> = vec![
            (again(&base), None),                                                                          // 2
            (second(&base).with("保险止期", "2026-06-30"), Some(("保险止期", "not_fitting", 2))),             // 3
            (second(&base).with("产品代码", "hospital-nursing"), Some(("产品代码", "not_fitting", 2))),       // 4
            (again(&base), Some(("被保险人姓名", "repeated", 2))),                                            // 5
            (family("one-child-family", "F1"), None),                                                      // 6
            (family("one-child-family", "F1").with("保险起期", "2026-06-01"), Some(("保险起期", "repeated", 6))), // 7
            (again(&far), None),                                                                           // 8
            (Row::new(), None),                                                                            // 9
            // Elsewhere in the sheet: the same household, the same policy, the same new person.
            (Row::new().with("家庭编号", far.get("家庭编号")), Some(("家庭编号", "not_together", 8))),          // 10
            (Row::new().with("保单号", far.get("保单号")), Some(("保单号", "not_together", 8))),               // 11
            (again(&far).with("家庭编号", "F2").with("保单号", "P-9").with("产品代码", "hospital-nursing").with("保费", ""),
                Some(("被保险人姓名", "not_together", 8))),                                                  // 12
            (again(&stranger).with("家庭编号", "F3"), None),                                                // 13
            (again(&stranger).with("家庭编号", "F3").with("保单号", "P-8").with("被保险人姓名", "钱别名"),
                Some(("被保险人姓名", "name_differs", 13))),                                                 // 14
        ];
        let import = checked(&coordinator, &rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>()).await;
        let expected: Vec<Value> = rows.iter().enumerate().filter_map(|(i, (_, fault))| {
            let (title, code, other) = (*fault)?;
            Some(json!([i + 2, title, code, other]))
        }).collect();
        let mut told: Vec<Value> = import["faults"].as_array().unwrap().iter()
            .map(|f| json!([f["row"], f["header"], f["code"], f["other_row"]])).collect();
        told.sort_by_key(|f| f[0].as_u64());
        assert_eq!(told, expected, "{import}");
    }

    async fn rows_are_held_against_what_is_known(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        let path = format!("{}/people", at("households", &home));
        let taken = |name: &str, phone: &str| json!({ "name": name, "sex": "male", "birth_year": 1980, "phone": phone, "consents": [make::consent("insurance")] });
        // Two of one name and phone, in one household.
        let shared = make::phone();
        for _ in 0..2 {
            member.post(&path, taken("周全", &shared)).await.expect(201);
        }
        let documented = Row::new();
        let mut body = taken("吴名", &make::phone());
        body["document"] = json!({ "kind": "resident_id", "number": documented.get("被保险人证件号码") });
        member.post(&path, body).await.expect(201);
        let (_, _, other) = known(app).await;
        let resident = make::registered(&member).await;
        let covered = member.post("/v1/policies", make::policy(&home, &person)).await.expect(201);
        let numbered = Row::of(&person, "李芳").with("产品代码", "hospital-nursing").with("保费", "");
        let mut body = make::policy(&home, &person);
        body["product_id"] = json!(built_in("hospital-nursing"));
        (body["policy_number"], body["starts_on"], body["ends_on"]) = (json!(numbered.get("保单号")), json!("2020-01-01"), json!("2020-12-31"));
        let by_number = member.post("/v1/policies", body).await.expect(201);
        let rows = [
            (Row::of(&json!({ "phone": format!("+86{shared}") }), "周全"), "被保险人手机", "ambiguous_person", json!(null)),
            (documented.clone().with("被保险人姓名", "吴别"), "被保险人姓名", "name_differs", json!(null)),
            (Row::of(&resident, "张伟"), "被保险人姓名", "no_household", json!(null)),
            (Row::of(&person, "李芳"), "保险起期", "policy_exists", covered["id"].clone()),
            (numbered, "保单号", "policy_exists", by_number["id"].clone()),
            (Row::of(&person, "李芳").with("产品代码", "hospital-nursing").with("保费", "").with("投保人姓名", "李芳")
                .with("投保人手机", &other["phone"].as_str().unwrap()[3..]), "投保人姓名", "other_household", json!(null)),
        ];
        let import = checked(&coordinator, &rows.iter().map(|(row, ..)| row.clone()).collect::<Vec<_>>()).await;
        let told: Vec<Value> = import["faults"].as_array().unwrap().iter()
            .map(|f| json!([f["row"], f["header"], f["code"], f["policy_id"]])).collect();
        let expected: Vec<Value> = rows.iter().enumerate()
            .map(|(i, (_, title, code, policy))| json!([i + 2, title, code, policy])).collect();
        assert_eq!(told, expected, "{import}");
        // Two households in the rows of one.
        let one = Row::of(&person, "李芳").with("产品代码", "hospital-nursing").with("保费", "").with("保险起期", "2026-02-01");
        let two = Row::of(&other, "李芳").with("产品代码", "hospital-nursing").with("保费", "").beside(&one);
        let import = checked(&coordinator, &[one, two]).await;
        assert_eq!(faults(&import), [(3, "被保险人姓名".into(), "other_household".into())]);
        assert_eq!(import["faults"][0]["other_row"], 2);
    }

    async fn what_somebody_said_last_counts(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        let consents = format!("{}/people/{}/consents", at("households", &home), person["id"].as_str().unwrap());
        member.post(&consents, make::consent("registration")).await.expect(201);
        let row = || Row::of(&person, "李芳").with("产品代码", "hospital-nursing").with("保费", "");
        let one = |import: Value| faults(&import).first().cloned();
        assert_eq!(one(checked(&coordinator, &[row()]).await), None);
        withdraw(&member, &consents, "insurance").await;
        let fault = |title: &str, code: &str| Some((2, title.to_owned(), code.to_owned()));
        // Without a word of it, by an older consent, and by a newer one less than a year after the no.
        assert_eq!(one(checked(&coordinator, &[row()]).await), fault("同意日期", "consent_withdrawn"));
        assert_eq!(one(checked(&coordinator, &[row().consented("2026-01-05")]).await), fault("同意日期", "consent_withdrawn"));
        app.advance(2 * Micros::DAY);
        let coordinator = renewed(app, &coordinator);
        let today = app.now().china_day();
        let row_today = row().consented(&today.to_string());
        assert_eq!(one(checked(&coordinator, &[row_today]).await), fault("同意日期", "asked_again"));
        app.advance(370 * Micros::DAY);
        let coordinator = renewed(app, &coordinator);
        let later = app.now().china_day().to_string();
        let import = imported(&coordinator, &[row().consented(&later)]).await;
        assert_eq!((&import["state"], &import["consents"]), (&json!("imported"), &json!(1)), "{import}");
        // Whoever withdrew altogether is not known any more; what was agreed before is not imported either.
        let (member, home, person) = known(app).await;
        let consents = format!("{}/people/{}/consents", at("households", &home), person["id"].as_str().unwrap());
        withdraw(&member, &consents, "insurance").await;
        let gone = || Row::of(&person, "李芳").consented(&later);
        assert_eq!(one(checked(&coordinator, &[gone()]).await), fault("同意日期", "consent_withdrawn"));
        assert_eq!(one(checked(&coordinator, &[gone().without_consent()]).await), fault("同意日期", "consent_withdrawn"));
    }

    async fn all_that_is_wrong_is_listed_from_top_to_bottom(app) {
        let coordinator = app.coordinator().await;
        let mut rows: Vec<Row> = (0..230).map(|_| Row::new().with("被保险人手机", "110")).collect();
        // One that is found last, since it goes with none of its own.
        rows[3] = Row::new().with("家庭类型", "");
        let import = checked(&coordinator, &rows).await;
        assert_eq!((&import["fault_count"], faults(&import).len()), (&json!(230), 200));
        let path = format!("{}/faults", at("policy-imports", &import));
        let (mut told, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = coordinator.get(&format!("{path}?limit=100{cursor}")).await.expect(200);
            told.extend(page["items"].as_array().unwrap().clone());
            pages += 1;
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let of: Vec<(u64, &str)> = told.iter().map(|f| (f["row"].as_u64().unwrap(), f["code"].as_str().unwrap())).collect();
        let expected: Vec<(u64, &str)> = (2..232).map(|row| (row, if row == 5 { "required" } else { "bad_phone" })).collect();
        assert_eq!((of, pages), (expected, 3));
        assert_eq!(told[0]["column"], letters(column("被保险人手机")));
        // A page to its last record has no next one.
        let whole = coordinator.get(&format!("{path}?limit=115")).await.expect(200);
        let rest = coordinator.get(&format!("{path}?limit=115&cursor={}", whole["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (115, &json!(null)));
        coordinator.get(&format!("{path}?cursor=AQGajF58")).await.problem(400, "cursor_invalid");
        app.user(Role::Coordinator, OTHER_TOWN).await.get(&path).await.problem(404, "not_found");
        app.member().await.get(&path).await.problem(403, "forbidden_action");
        // A list of imports has their number and none of them.
        let listed = items(&coordinator, "/v1/policy-imports").await;
        assert_eq!((&listed[0]["fault_count"], &listed[0]["faults"]), (&json!(230), &json!([])));
    }

    async fn a_fault_in_the_last_row_imports_nothing(app) {
        let coordinator = app.coordinator().await;
        let before = counts(app);
        let mut rows: Vec<Row> = (0..600).map(|_| Row::new()).collect();
        rows.push(Row::new().with("被保险人手机", "110"));
        let import = checked(&coordinator, &rows).await;
        assert_eq!(faults(&import), [(602, "被保险人手机".into(), "bad_phone".into())]);
        assert_eq!((&import["state"], &import["policies"]), (&json!("refused"), &json!(600)));
        coordinator.post(&format!("{}/confirmation", at("policy-imports", &import)), json!({})).await.problem(409, "state_forbids");
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
        // Without it, all of them.
        rows.pop();
        let import = imported(&coordinator, &rows).await;
        assert_eq!((&import["state"], &import["policies"]), (&json!("imported"), &json!(600)));
        let (policies, people, households) = counts(app);
        assert_eq!((policies - before.0, people - before.1, households - before.2), (600, 600, 600));
    }

    async fn what_changed_since_it_was_checked_is_found(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        let consents = format!("{}/people/{}/consents", at("households", &home), person["id"].as_str().unwrap());
        member.post(&consents, make::consent("registration")).await.expect(201);
        let rows = [Row::new(), Row::of(&person, "李芳")];
        let import = checked(&coordinator, &rows).await;
        let twin = checked(&coordinator, &rows).await;
        assert_eq!((&import["state"], &twin["state"]), (&json!("checked"), &json!("checked")));
        withdraw(&member, &consents, "insurance").await;
        let before = counts(app);
        let import = confirmed(&coordinator, &import).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("refused"), &json!("faults")));
        assert_eq!(faults(&import), [(3, "同意日期".into(), "consent_withdrawn".into())]);
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
        member.post(&consents, make::consent_again("insurance")).await.expect(201);
        let twin = confirmed(&coordinator, &twin).await;
        assert_eq!(twin["state"], "imported", "{twin}");
        // The same sheet once more finds what it brought.
        let again = checked(&coordinator, &rows).await;
        assert_eq!(faults(&again), [(2, "保单号".into(), "policy_exists".into()), (3, "保单号".into(), "policy_exists".into())]);
    }

    async fn what_changes_in_the_last_moment_is_looked_at_anew(app) {
        let (member, home, person) = known(app).await;
        let coordinator = app.coordinator().await;
        let newcomer = Row::new().with("家庭编号", "X");
        let theirs = Row::of(&person, "李芳").with("家庭编号", "X").with("保单号", newcomer.get("保单号"));
        let import = checked(&coordinator, &[theirs, newcomer, Row::new()]).await;
        // Once all is made ready, and before it is brought into use, the household changes.
        let change = format!("UPDATE households SET version = version + 1 WHERE id = {}", written(app, id(&home, "id")));
        on_ready(app, &change);
        let import = confirmed(&coordinator, &import).await;
        assert_eq!((&import["state"], &import["policies"], &import["people"]), (&json!("imported"), &json!(2), &json!(2)), "{import}");
        emptied(app, &import).await;
        let people = items(&member, &format!("{}/people", at("households", &home))).await;
        assert_eq!(people.len(), 2);
        // And so does a consent: then it is refused, and nothing is left of what was made ready.
        let (_, _, person) = known(app).await;
        let import = checked(&coordinator, &[Row::of(&person, "李芳"), Row::new()]).await;
        let before = counts(app);
        let gone = format!("UPDATE consents SET withdrawn_at = {}, withdrawn_channel = 'in_person' WHERE person_id = {}", app.now().0, written(app, id(&person, "id")));
        on_ready(app, &gone);
        let import = confirmed(&coordinator, &import).await;
        assert_eq!((&import["state"], faults(&import)), (&json!("refused"), vec![(2, "同意日期".into(), "consent_withdrawn".into())]));
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
    }

    async fn it_can_be_cancelled_until_it_is_there_and_expires(app) {
        let coordinator = app.coordinator().await;
        let before = counts(app);
        let import = checked(&coordinator, &[Row::new()]).await;
        let path = at("policy-imports", &import);
        let gone = coordinator.delete(&path).await.expect(200);
        assert_eq!((&gone["state"], &gone["ending"]), (&json!("cancelled"), &json!("cancelled")));
        let again = coordinator.delete(&path).await.problem(409, "state_forbids");
        assert_eq!((&again["state"], &again["allowed_actions"]), (&json!("cancelled"), &json!([])));
        coordinator.post(&format!("{path}/confirmation"), json!({})).await.problem(409, "state_forbids");
        emptied(app, &gone).await;
        let import = checked(&coordinator, &[Row::new()]).await;
        app.advance(7 * Micros::DAY);
        let coordinator = renewed(app, &coordinator);
        let path = at("policy-imports", &import);
        let late = coordinator.post(&format!("{path}/confirmation"), json!({})).await;
        late.problem(409, "state_forbids");
        let import = past(&coordinator, &import, &["checked"]).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("cancelled"), &json!("expired")));
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
        let import = imported(&coordinator, &[Row::new()]).await;
        coordinator.delete(&at("policy-imports", &import)).await.problem(409, "state_forbids");
    }

    async fn coordinators_and_officers_import_in_their_own_areas(app) {
        let rows = [Row::new()];
        let body = || sheet(&rows);
        let member = app.member().await;
        send(&member, CSV, body()).await.problem(403, "forbidden_action");
        member.get("/v1/policy-imports").await.problem(403, "forbidden_action");
        member.get("/v1/policy-imports/template").await.problem(403, "forbidden_action");
        let officer = app.user(Role::Officer, COUNTY).await;
        let import = send(&officer, CSV, body()).await.expect(202);
        assert_eq!(import["area"], COUNTY);
        let import = past(&officer, &import, &["checking"]).await;
        // Somebody of a part of it sees nothing of it, somebody of all of it does.
        let (path, confirm) = (at("policy-imports", &import), format!("{}/confirmation", at("policy-imports", &import)));
        let coordinator = app.coordinator().await;
        coordinator.get(&path).await.problem(404, "not_found");
        coordinator.post(&confirm, json!({})).await.problem(404, "not_found");
        coordinator.delete(&path).await.problem(404, "not_found");
        assert!(!items(&coordinator, "/v1/policy-imports").await.contains(&import));
        let county = app.user(Role::Coordinator, COUNTY).await;
        assert_eq!(items(&county, "/v1/policy-imports").await[0]["id"], import["id"]);
        assert_eq!(confirmed(&county, &import).await["state"], "imported");
        // The area of the sheet: one of one's own, and a county at the widest.
        let to = |area: &str| format!("/v1/policy-imports?area={area}");
        send_to(&coordinator, &to(OTHER_TOWN), CSV, body()).await.fault("/area", "area_outside");
        send_to(&coordinator, &to("330402999"), CSV, body()).await.fault("/area", "no_such_area");
        send_to(&coordinator, &to(CITY), CSV, body()).await.fault("/area", "area_too_wide");
        let both = app.user_with(&[(Role::Coordinator, TOWN), (Role::Officer, OTHER_TOWN)]).await;
        send(&both, CSV, body()).await.fault("/area", "required");
        send_to(&both, &to(TOWN), CSV, sheet(&[Row::new()])).await.expect(202);
        // Of whom the sheet of a village knows nobody else.
        let (_, _, person) = known(app).await;
        let import = send_to(&county, &to(OTHER_TOWN), CSV, sheet(&[Row::of(&person, "李芳")])).await.expect(202);
        let import = past(&county, &import, &["checking"]).await;
        assert_eq!(faults(&import)[0].2, "area_outside", "{import}");
    }

    async fn who_lost_the_right_meanwhile_imports_nothing(app) {
        let coordinator = app.coordinator().await;
        let import = checked(&coordinator, &[Row::new()]).await;
        let before = counts(app);
        let confirm = format!("{}/confirmation", at("policy-imports", &import));
        // Between the confirmation and the work the account is disabled; whoever may still see it is told.
        let county = app.user(Role::Coordinator, COUNTY).await;
        on_confirmed(app, &format!("UPDATE users SET state = 'disabled' WHERE id = {}", written(app, coordinator.id)));
        coordinator.post(&confirm, json!({})).await.expect(202);
        let import = past(&county, &import, &["importing"]).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("refused"), &json!("rights")));
        emptied(app, &import).await;
        assert_eq!(counts(app), before);
    }

    async fn a_sheet_sent_twice_is_one_import(app) {
        let coordinator = app.coordinator().await;
        let body = sheet(&[Row::new()]);
        let once = |body: Vec<u8>| {
            let request = coordinator.request(reqwest::Method::POST, "/v1/policy-imports");
            Answer::of(request.header("content-type", CSV).header("idempotency-key", "k").body(body))
        };
        let first = once(body.clone()).await.expect(202);
        let second = once(body).await.expect(202);
        assert_eq!(first["id"], second["id"]);
        assert_eq!(items(&coordinator, "/v1/policy-imports").await.len(), 1);
        once(sheet(&[Row::new()])).await.problem(422, "idempotency_key_reused");
        // Of what was not taken no row is left.
        past(&coordinator, &first, &["checking"]).await;
        let left: i64 = qianshou::db::schema::policy_import_rows::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(left, 1);
        let imports: i64 = qianshou::db::schema::policy_imports::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(imports, 1);
    }

    async fn rows_of_who_is_erased_go_and_the_import_with_them(app) {
        let (member, home, person) = known(app).await;
        let other = household_person(&member, &home, &["insurance"]).await;
        let coordinator = app.coordinator().await;
        let rows = [Row::of(&person, "李芳").with("交费人姓名", "李芳").with("交费人手机", &other["phone"].as_str().unwrap()[3..]), Row::new()];
        let import = checked(&coordinator, &rows).await;
        assert_eq!(import["state"], "checked", "{import}");
        // Who only pays is named, too.
        make::erased(app, &json!({ "person_id": other["id"] })).await;
        let left: i64 = qianshou::db::schema::policy_import_rows::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(left, 1);
        let import = confirmed(&coordinator, &import).await;
        assert_eq!((&import["state"], &import["ending"]), (&json!("refused"), &json!("rows_gone")), "{import}");
    }

    async fn a_template_has_every_column(app) {
        let coordinator = app.coordinator().await;
        let get = |path: &str| coordinator.request(reqwest::Method::GET, path).header("accept-language", "zh-CN");
        let text = get("/v1/policy-imports/template").send().await.unwrap();
        assert_eq!(text.headers()["content-type"], "text/csv; charset=utf-8; header=present");
        let text = String::from_utf8(text.bytes().await.unwrap().to_vec()).unwrap();
        let given: std::collections::BTreeSet<&str> = text.trim_start_matches('\u{feff}').trim_end().split(',').collect();
        assert_eq!(given, TITLES.into_iter().collect());
        let book = get("/v1/policy-imports/template?format=xlsx").send().await.unwrap();
        assert_eq!(book.headers()["content-type"], XLSX);
        // Empty as it is there is nothing to import; the columns are known.
        send(&coordinator, XLSX, book.bytes().await.unwrap().to_vec()).await.fault("/file", "too_short");
        send(&coordinator, CSV, text.into_bytes()).await.fault("/file", "too_short");
        coordinator.get("/v1/policy-imports/template?format=pdf").await.problem(400, "malformed_query");
    }
}

/// An id in a statement.
fn written(app: &TestApp, id: Uid) -> String {
    match app.backend {
        Backend::Sqlite => format!("x'{}'", id.0.simple()),
        Backend::Postgres => format!("'{}'::uuid", id.0),
    }
}

/// Has the database do something once an import's rows are made ready, and before they are brought into use.
fn on_ready(app: &TestApp, sql: &str) {
    on_change(
        app,
        "NEW.staged > OLD.staged AND NEW.staged = NEW.units",
        sql,
    );
}

/// The same once it is confirmed.
fn on_confirmed(app: &TestApp, sql: &str) {
    on_change(
        app,
        "NEW.state = 'importing' AND OLD.state = 'checked'",
        sql,
    );
}

fn on_change(app: &TestApp, when: &str, sql: &str) {
    use diesel::connection::SimpleConnection;
    let mut c = app.connection();
    let (drop, make) = match &c {
        DbConn::Sqlite(_) => (
            "DROP TRIGGER IF EXISTS meddle".to_owned(),
            format!(
                "CREATE TRIGGER meddle AFTER UPDATE ON policy_imports WHEN {when} BEGIN {sql}; END"
            ),
        ),
        DbConn::Pg(_) => (
            "DROP TRIGGER IF EXISTS meddle ON policy_imports".to_owned(),
            format!(
                "CREATE OR REPLACE FUNCTION meddle() RETURNS trigger AS $$ BEGIN {sql}; RETURN NEW; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER meddle AFTER UPDATE ON policy_imports FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION meddle()"
            ),
        ),
    };
    c.batch_execute(&drop).unwrap();
    c.batch_execute(&make).unwrap();
}
