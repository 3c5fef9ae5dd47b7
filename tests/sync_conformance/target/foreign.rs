//! A server that is known by its address and by an administrator's sign-in, and by nothing else.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Villages;
use crate::support::*;

pub const URL: &str = "QIANSHOU_CONFORMANCE_URL";
const LOGIN: &str = "QIANSHOU_CONFORMANCE_LOGIN";
const PASSWORD: &str = "QIANSHOU_CONFORMANCE_PASSWORD";
/// Two codes of villages with a comma between them; without it the kit looks for two.
const AREAS: &str = "QIANSHOU_CONFORMANCE_AREAS";

/// A token is asked for anew after this time: cases run beside each other, and sign-ins are counted.
const FRESH: Duration = Duration::from_secs(240);

pub struct Foreign {
    pub base: String,
    login: String,
    password: String,
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Foreign {
    /// Whether a run is meant for such a server.
    pub fn meant() -> bool {
        set(URL).is_some()
    }

    pub fn from_environment() -> Foreign {
        let needed = |name| set(name).unwrap_or_else(|| panic!("set {name}, as README.md says"));
        let base = needed(URL);
        let base = base.trim_end_matches('/');
        Foreign {
            base: base.trim_end_matches("/v1").to_owned(),
            login: needed(LOGIN),
            password: needed(PASSWORD),
        }
    }

    pub async fn token(&self, http: &reqwest::Client) -> String {
        static KNOWN: Mutex<Option<(String, Instant)>> = Mutex::new(None);
        if let Some((token, since)) = &*KNOWN.lock().unwrap()
            && since.elapsed() < FRESH
        {
            return token.clone();
        }
        let nobody = Client::to(http, &self.base, None);
        let body = json!({ "login": self.login, "password": self.password });
        let session = nobody.post("/v1/auth/sessions", body).await.expect(201);
        let token = session["access_token"].as_str().unwrap().to_owned();
        *KNOWN.lock().unwrap() = Some((token.clone(), Instant::now()));
        token
    }

    /// The last two villages of the first township of the administrator's that has two.
    pub async fn villages(&self, admin: &Client) -> Villages {
        if let Some(named) = set(AREAS) {
            let codes: Vec<String> = named.split(',').map(|c| c.trim().to_owned()).collect();
            let count = codes.len();
            return codes
                .try_into()
                .unwrap_or_else(|_| panic!("{AREAS} names {count} areas, not two"));
        }
        let me = admin.get("/v1/me").await.expect(200);
        let own = me["assignments"].as_array().unwrap().iter();
        let mut open: Vec<String> = own
            .filter(|a| a["role"] == "administrator")
            .map(|a| a["area"].as_str().unwrap().to_owned())
            .collect();
        while let Some(area) = open.pop() {
            let path = format!("/v1/areas?parent={area}&limit=200");
            let below = admin.get(&path).await.expect(200)["items"].clone();
            let live = below.as_array().unwrap().iter();
            let live = live.filter(|area| area["abolished_on"].is_null());
            let (villages, wider): (Vec<_>, Vec<_>) = live.partition(|a| a["level"] == "village");
            let code = |area: &&Value| area["code"].as_str().unwrap().to_owned();
            if let [.., one, other] = &villages[..] {
                return [code(one), code(other)];
            }
            open.extend(wider.iter().rev().map(code));
        }
        panic!(
            "{} administers no township with two villages",
            admin.get("/v1/me").await.text
        );
    }
}
