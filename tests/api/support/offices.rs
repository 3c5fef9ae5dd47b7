//! Installations beside each other: servers, databases and keys of their own, which know each other's cards.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::future::Future;
use std::pin::Pin;

use super::notices::{about, agrees, drafted, migrant, sent, step};
use super::{Backend, CITY, COUNTY, OTHER_COUNTY, TestApp, Value, json, make, postgres, scratch};
use qianshou::auth::policy::Role;
use qianshou::db::Target;

pub const CONSENTS: &[&str] = &["registration", "liaison_with_home_area", "insurance"];
pub const IMPORT: &str = "/v1/liaison-notices/import";

/// Another installation: a server, a database and keys of its own.
pub async fn installation(app: &TestApp) -> TestApp {
    let keys = scratch().join(format!("keys{}", make::unique()));
    let keys = keys.to_str().unwrap().to_owned();
    TestApp::start(app.backend, vec![("keys.dir", keys)]).await
}

/// Its card, as an administrator elsewhere registers it.
pub async fn card(app: &TestApp, office: &str, area: &str) -> Value {
    let admin = app.user(Role::Administrator, CITY).await;
    let mut card = admin.get("/v1/liaison-identity").await.expect(200);
    card["office"] = json!(office);
    card["area"] = json!(area);
    card
}

/// Each registers the other; answers the peers as A and as B know them.
pub async fn acquainted(a: &TestApp, b: &TestApp) -> (Value, Value) {
    let theirs = card(b, "秀洲区计划生育协会", OTHER_COUNTY).await;
    let ours = card(a, "南湖区计划生育协会", COUNTY).await;
    let here = a.user(Role::Administrator, CITY).await;
    let there = b.user(Role::Administrator, CITY).await;
    let of_b = here.post("/v1/liaison-peers", theirs).await.expect(201);
    let of_a = there.post("/v1/liaison-peers", ours).await.expect(201);
    (of_b, of_a)
}

/// Runs with two installations, on both databases.
pub type Body = for<'a> fn(&'a TestApp, &'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

pub fn two(body: Body) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            continue;
        }
        actix_web::rt::System::new().block_on(async move {
            let a = TestApp::start(backend, Vec::new()).await;
            let b = installation(&a).await;
            body(&a, &b).await;
            b.stop().await;
            a.stop().await;
        });
    }
}

/// A notice from A to the office of B, sent, and its file.
pub async fn exported(a: &TestApp, peer: &Value, fields: &[&str]) -> (Value, Value, Value) {
    let (member, coordinator) = (a.member().await, a.coordinator().await);
    let resident = migrant(&member, OTHER_COUNTY, CONSENTS).await;
    agrees(&member, &resident, fields).await;
    let mut body = about("registration_notice", &resident, fields);
    body["peer_id"] = peer["id"].clone();
    body["note"] = json!("请协助核对。");
    let draft = drafted(&member, body).await;
    let out = sent(&coordinator, &draft).await;
    let file = coordinator
        .post(&step(&out, "export"), json!(null))
        .await
        .expect(200);
    (resident, out, file)
}

pub fn import(file: &Value) -> Value {
    json!({ "file": file })
}

pub fn header(file: &Value) -> Value {
    let bytes = URL_SAFE_NO_PAD
        .decode(file["header"].as_str().unwrap())
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Whether a text can be read in the database's files.
pub fn rests(app: &TestApp, text: &str) -> bool {
    let Target::Sqlite(path) = &app.target else {
        return false;
    };
    ["", "-wal"].iter().any(|end| {
        let bytes = std::fs::read(format!("{path}{end}")).unwrap_or_default();
        bytes.windows(text.len()).any(|w| w == text.as_bytes())
    })
}

/// One character of a part of a file, changed.
pub fn altered(file: &Value, part: &str, at: usize) -> Value {
    let mut bytes = URL_SAFE_NO_PAD
        .decode(file[part].as_str().unwrap())
        .unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    let mut file = file.clone();
    file[part] = json!(URL_SAFE_NO_PAD.encode(bytes));
    file
}
