//! Claims as a sheet for the insurer: whose, by what consent, and that each of them is told of it.

use crate::both;
use crate::support::make::{at, household, withdraw};
use crate::support::sheets::{XLSX, id_number};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::sheets::csv_in::{self, Charset};
use qianshou::sheets::workbook::Workbook;
use qianshou::sheets::{Bounds, Cell, Line, Next, xlsx_in};

const BOUNDS: Bounds = Bounds {
    rows: 10_000,
    columns: 100,
    text: 1_000,
    inflated: 100_000_000,
    strings: 10_000_000,
};

fn asked(format: &str) -> Value {
    json!({ "insurer_code": "picc-life", "from": "2026-01-01", "to": "2026-12-31", "format": format, "reason": "reconciliation" })
}

/// What somebody is sent, and its media type.
async fn sent(who: &Client, body: Value, language: &str) -> (String, Vec<u8>) {
    let request = who
        .request(reqwest::Method::POST, "/v1/claims/export")
        .header("accept-language", language);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let media = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (media, answer.bytes().await.unwrap().to_vec())
}

fn texts(lines: Vec<Line>) -> Vec<Vec<String>> {
    let text = |cell: Cell| match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text,
        other => panic!("{other:?}"),
    };
    let line = |line: Line| {
        let mut cells: Vec<String> = line.cells.into_iter().map(text).collect();
        cells.resize(21, String::new());
        cells
    };
    lines.into_iter().map(line).collect()
}

/// The rows of a sheet of comma-separated values.
fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    csv_in::read(bytes, Charset::Utf8, BOUNDS, |line| {
        lines.push(line);
        Next::More
    })
    .unwrap();
    texts(lines)
}

struct Case {
    member: Client,
    household: Value,
    person: Value,
    claim: Value,
    document: String,
}

/// A claim of somebody with a document, on a policy with a number, decided and paid in part.
async fn case(app: &TestApp, number: &str) -> Case {
    let member = app.member().await;
    let home = household(&member).await;
    let document = id_number(make::unique());
    let consents = ["registration", "insurance", "sensitive_documents"].map(make::consent);
    let body = json!({ "name": "李芳", "sex": "female", "birth_year": 1988, "phone": make::phone(),
        "document": { "kind": "resident_id", "number": document }, "consents": consents });
    let person = member
        .post(&format!("{}/people", at("households", &home)), body)
        .await
        .expect(201);
    let mut policy = make::policy(&home, &person);
    policy["policy_number"] = json!(number);
    let policy = member.post("/v1/policies", policy).await.expect(201);
    let mut claim = make::claim(&policy, &person);
    claim["description"] = json!("不可外传的经过");
    claim["claimed"] = json!({ "amount": "1200.50", "currency": "CNY" });
    let claim = member.post("/v1/claims", claim).await.expect(201);
    let path = at("claims", &claim);
    let step = |noun: &str, body: Value| {
        let path = format!("{path}/{noun}");
        let member = member.clone();
        async move { member.post(&path, body).await.expect(200) }
    };
    for paper in ["invoices", "claim_form"] {
        let received = json!({ "received_on": "2026-03-03" });
        member
            .put(&format!("{path}/documents/{paper}"), received)
            .await
            .expect(200);
    }
    step("acceptance", json!({ "on": "2026-03-04" })).await;
    step("review", json!({ "on": "2026-03-05" })).await;
    step("determination", json!({ "decision": "partly_approved", "decided_on": "2026-03-20", "reasons": "自费药品除外",
        "amount": { "amount": "1000.00", "currency": "CNY" }, "insurer_reference": "=D-1" })).await;
    step("agreement", json!({ "on": "2026-03-22" })).await;
    let paid = |sum: &str, on: &str| json!({ "kind": "part", "amount": { "amount": sum, "currency": "CNY" }, "paid_on": on, "insurer_reference": "Z-1" });
    step("payment", paid("300.00", "2026-03-25")).await;
    step("payment", paid("200.05", "2026-03-28")).await;
    Case {
        member,
        household: home,
        person,
        claim,
        document,
    }
}

impl Case {
    fn consents(&self) -> String {
        format!(
            "{}/people/{}/consents",
            at("households", &self.household),
            self.person["id"].as_str().unwrap()
        )
    }
}

both! {
    async fn an_insurer_is_given_who_it_is_what_was_decided_and_paid(app) {
        let case = case(app, "P-1").await;
        let coordinator = app.coordinator().await;
        let (media, bytes) = sent(&coordinator, asked("csv"), "zh-CN").await;
        assert_eq!(media, "text/csv; charset=utf-8; header=present");
        assert!(bytes.starts_with("\u{feff}".as_bytes()));
        let sheet = rows(&bytes);
        assert_eq!(sheet.len(), 2);
        assert_eq!(sheet[0][..4], ["案件编号", "保单号", "被保险人姓名", "证件类型"]);
        let expected = [
            case.claim["id"].as_str().unwrap(), "P-1", "李芳", "居民身份证", case.document.as_str(),
            &case.person["phone"].as_str().unwrap()[3..], "医疗", "已付款", "2026-03-01", "2026-03-01", "2026-03-02",
            "1200.50", "2026-03-20", "部分赔付", "1000.00", "",
            // No cell is a formula.
            "'=D-1", "500.05", "2026-03-28", "理赔申请书、医疗费用发票",
        ];
        assert_eq!(sheet[1][..20], expected);
        assert!(sheet[1][20].contains("病历") && !sheet[1][20].contains("发票"), "{:?}", sheet[1]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("不可外传的经过") && !text.contains("自费药品除外") && !text.contains("family-accident"));
        // As a workbook the same, every cell a text; in English by the caller's language.
        let (media, bytes) = sent(&app.user(Role::Officer, COUNTY).await, asked("xlsx"), "en").await;
        assert_eq!(media, XLSX);
        let mut workbook = Workbook::open(&bytes, &[], BOUNDS).unwrap();
        let mut lines = Vec::new();
        xlsx_in::read(&mut workbook, BOUNDS, |_, line| {
            lines.push(line);
            Next::More
        }).unwrap();
        let book = texts(lines);
        assert_eq!((book[0][1].as_str(), book[1][4].as_str(), book[1][7].as_str(), book[1][16].as_str()),
            ("Policy number", case.document.as_str(), "paid", "=D-1"));
    }

    async fn only_whoever_agrees_is_told_of(app) {
        let (one, other) = (case(app, "P-1").await, case(app, "P-2").await);
        let coordinator = app.coordinator().await;
        let of = |sheet: &[Vec<String>]| -> Vec<String> { sheet[1..].iter().map(|row| row[1].clone()).collect() };
        let (_, bytes) = sent(&coordinator, asked("csv"), "zh-CN").await;
        assert_eq!(of(&rows(&bytes)), ["P-1", "P-2"]);
        // Papers that tell of health need a consent of their own.
        withdraw(&one.member, &one.consents(), "sensitive_documents").await;
        let (_, bytes) = sent(&coordinator, asked("csv"), "zh-CN").await;
        let sheet = rows(&bytes);
        assert_eq!((sheet[1][19].as_str(), sheet[2][19].as_str()), ("理赔申请书", "理赔申请书、医疗费用发票"));
        assert!(!sheet[1][20].contains("病历"));
        withdraw(&one.member, &one.consents(), "insurance").await;
        let (_, bytes) = sent(&coordinator, asked("csv"), "zh-CN").await;
        assert_eq!(of(&rows(&bytes)), ["P-2"]);
        // Restricted: stored, and nothing else.
        withdraw(&other.member, &other.consents(), "registration").await;
        let (_, bytes) = sent(&coordinator, asked("csv"), "zh-CN").await;
        assert_eq!(of(&rows(&bytes)), Vec::<String>::new());
    }

    async fn each_of_them_is_noted_before_and_told_of_it(app) {
        let case = case(app, "P-1").await;
        let receipts = format!("{}/people/{}/receipts", at("households", &case.household), case.person["id"].as_str().unwrap());
        let receipt = case.member.post(&receipts, json!({})).await.expect(201);
        let coordinator = app.coordinator().await;
        sent(&coordinator, asked("csv"), "zh-CN").await;
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get("/v1/audit-entries?action=claim.export").await.expect(200);
        let entry = &entries["items"][0];
        assert_eq!((&entry["record_id"], &entry["kind"], &entry["reason"], &entry["actor_id"]),
            (&case.person["id"], &json!("person"), &json!("reconciliation"), &json!(coordinator.id)));
        assert_eq!(entry["facts"], json!({ "record": case.claim["id"] }));
        let held = app.anonymous().post("/v1/receipt/view", json!({ "code": receipt["code"] })).await.expect(200);
        let looks = held["looks"].as_array().unwrap();
        let look = looks.iter().find(|l| l["what"] == "claim.export").unwrap_or_else(|| panic!("{held}"));
        assert_eq!((&look["role"], &look["reason"]), (&json!("coordinator"), &json!("reconciliation")));
    }

    async fn an_export_is_of_ones_own_areas_one_insurer_and_some_days(app) {
        let case = case(app, "P-1").await;
        let coordinator = app.coordinator().await;
        let with = |name: &str, value: &str| { let mut body = asked("csv"); body[name] = json!(value); body };
        let count = async |who: &Client, body: Value| rows(&sent(who, body, "zh-CN").await.1).len() - 1;
        assert_eq!(count(&coordinator, asked("csv")).await, 1);
        assert_eq!(count(&coordinator, with("insurer_code", "picc-other")).await, 0);
        assert_eq!(count(&coordinator, with("from", "2026-03-02")).await, 1);
        assert_eq!(count(&coordinator, with("from", "2026-03-03")).await, 0);
        assert_eq!(count(&coordinator, with("to", "2026-03-01")).await, 0);
        assert_eq!(count(&app.user(Role::Coordinator, OTHER_TOWN).await, asked("csv")).await, 0);
        case.member.post("/v1/claims/export", asked("csv")).await.problem(403, "forbidden_action");
        coordinator.post("/v1/claims/export", with("to", "2025-12-31")).await.fault("/to", "bad_order");
        coordinator.post("/v1/claims/export", with("reason", "curiosity")).await.fault("/reason", "not_one_of");
        coordinator.post("/v1/claims/export", with("format", "pdf")).await.fault("/format", "not_one_of");
        coordinator.post("/v1/claims/export", with("insurer_code", "保险")).await.fault("/insurer_code", "bad_pattern");
        let mut body = asked("csv");
        body.as_object_mut().unwrap().remove("reason");
        coordinator.post("/v1/claims/export", body).await.fault("/reason", "required");
    }
}
