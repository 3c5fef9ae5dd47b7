//! The reference phone on the benchmark's own connections, signed in already; and one that only packs.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;

use super::phone::{
    Answer, DeviceClock, Error, Method, NoAnswer, Phone, Request, Sending, Surroundings, Transport,
};
use super::support::Account;
use super::support::http::{self, Connection};

/// Signing in is no figure of sync: the account's token is there already.
fn session(token: &str) -> Answer {
    let body = serde_json::json!({ "access_token": token, "expires_in": 100_000, "refresh_token": "none" });
    Answer {
        status: 200,
        retry_after: None,
        body: body.to_string().into_bytes(),
    }
}

fn is_sign_in(request: &Request) -> bool {
    request.path == "/v1/auth/sessions"
}

/// A kept connection to the server.
struct Wire {
    address: String,
    token: String,
    kept: tokio::sync::Mutex<Option<Connection>>,
}

impl Transport for Wire {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move {
            if is_sign_in(request) {
                return Ok(session(&self.token));
            }
            let method = match request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            };
            let body = request.body.as_deref().unwrap_or_default();
            let bytes = http::request(method, &request.path, &self.token, body);
            let mut kept = self.kept.lock().await;
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => Connection::open(&self.address).await,
            };
            let (status, body) = connection.exchange(&bytes).await;
            let body = body.to_vec();
            *kept = Some(connection);
            Ok(Answer {
                status,
                retry_after: None,
                body,
            })
        })
    }
}

async fn open(transport: Arc<dyn Transport>, seed: u64) -> Phone {
    let surroundings = Surroundings {
        transport,
        clock: Arc::new(DeviceClock),
        rng: <StdRng as rand::SeedableRng>::seed_from_u64(seed),
    };
    let mut phone = Phone::open_in(Path::new(":memory:"), surroundings).unwrap();
    phone.sign_in("bench", "bench").await.unwrap();
    phone
}

/// A reference phone of this account, empty, that keeps its file in memory.
pub async fn phone(address: &str, account: &Account) -> Phone {
    let wire = Wire {
        address: address.to_owned(),
        token: account.token.clone(),
        kept: tokio::sync::Mutex::new(None),
    };
    open(Arc::new(wire), rand::random()).await
}

/// Keeps what is to be pushed and answers nothing.
#[derive(Default)]
struct Packer(Mutex<Vec<Vec<u8>>>);

impl Transport for Packer {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move {
            if is_sign_in(request) {
                return Ok(session("none"));
            }
            let body = request.body.clone().unwrap_or_default();
            self.0.lock().unwrap().push(body);
            Err(NoAnswer("it only packs".into()))
        })
    }
}

/// The body of the push that a reference phone sends after this work.
pub async fn packed(work: impl FnOnce(&mut Phone)) -> Vec<u8> {
    let packer = Arc::new(Packer::default());
    let mut phone = open(packer.clone(), rand::random()).await;
    work(&mut phone);
    let sent = phone.push().await;
    assert!(matches!(sent, Err(Error::NoAnswer(_))));
    let mut bodies = packer.0.lock().unwrap();
    assert_eq!(bodies.len(), 1, "one request");
    bodies.pop().unwrap()
}
