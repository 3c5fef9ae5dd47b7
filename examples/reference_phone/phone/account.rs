//! Signing in, keeping the session alive, and calls on behalf of the user.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::store::{Id, meta};
use super::transport::{Answer, Method, NoAnswer, Request};
use super::wire::{self, Problem};
use super::{Moment, Phone};

/// A token is changed this long before its end, so that it does not end on the way.
const EARLY: i64 = 60 * Moment::SECOND;

/// To wait when the server asks for patience and does not say how much.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the phone presents itself at enrolment.
#[derive(Debug, Clone)]
pub struct About {
    pub device_name: String,
    /// `android`, `ios`, `harmonyos`, `wechat_mini_program` or `web`.
    pub platform: String,
    pub app_version: String,
}

#[derive(Serialize, Deserialize)]
struct Session {
    access_token: String,
    /// By the phone's clock, from when the token was asked for.
    access_until: Moment,
    refresh_token: String,
    user_id: Option<Id>,
    device_id: Option<Id>,
}

impl Phone {
    /// Redeems the coordinator's one-use code, as typed or as the QR code holds it. Binds the phone, signs it
    /// in, and after `DeviceRevoked` brings it back as the same device with its queue.
    pub async fn enrol(&mut self, code: &str, about: &About) -> Result<()> {
        let redemption = wire::Redemption {
            code: code.rsplit("#code=").next().unwrap_or(code).trim(),
            installation_id: self.installation_id()?,
            device_name: &about.device_name,
            platform: &about.platform,
            app_version: &about.app_version,
        };
        self.open_session("/v1/enrolments/redemption", &redemption)
            .await
    }

    /// Signs in with a password: for those who have one and no phone of their own, as at a desk.
    pub async fn sign_in(&mut self, login: &str, password: &str) -> Result<()> {
        self.open_session("/v1/auth/sessions", &wire::SignIn { login, password })
            .await
    }

    /// Changes the refresh token for a new pair. If the answer is lost, the old one goes on working.
    pub async fn refresh(&mut self) -> Result<()> {
        let session = self.session()?;
        let refresh_token = &session.refresh_token;
        self.open_session("/v1/auth/refresh", &wire::Refresh { refresh_token })
            .await
    }

    /// The id under which the server knows this phone.
    pub fn device_id(&mut self) -> Result<Option<Id>> {
        Ok(self.owner()?.1)
    }

    /// Whose phone this is, and the id under which the server knows it.
    pub(super) fn owner(&mut self) -> Result<(Option<Id>, Option<Id>)> {
        let session = meta::get::<Session>(&mut self.db, meta::SESSION)?;
        Ok(session.map_or((None, None), |s| (s.user_id, s.device_id)))
    }

    /// Asks the server on behalf of the user, and answers the body: sync's own two calls, and any other of
    /// the API. An access token that has ended is changed for another, once.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        if self.session()?.access_until <= self.clock.now().plus(EARLY) {
            self.refresh().await?;
        }
        let mut request = Request {
            method,
            path: path.to_owned(),
            token: Some(self.session()?.access_token),
            body,
        };
        match self.exchange(&request).await {
            Err(Error::SignInNeeded) => {
                self.refresh().await?;
                request.token = Some(self.session()?.access_token);
                self.exchange(&request).await
            }
            answered => answered,
        }
    }

    async fn open_session<T: Serialize>(&mut self, path: &str, body: &T) -> Result<()> {
        let asked_at = self.clock.now();
        let request = Request {
            method: Method::Post,
            path: path.to_owned(),
            token: None,
            body: Some(to_json(body)?),
        };
        let answer: wire::Session = from_json(&self.exchange(&request).await?)?;
        // A file belongs to one user. The device may be another: a server that was put back to a backup from
        // before the enrolment binds the phone anew.
        let known = meta::get::<Session>(&mut self.db, meta::SESSION)?;
        let owner = known.as_ref().and_then(|session| session.user_id);
        let device = known.as_ref().and_then(|session| session.device_id);
        let another = match (owner, answer.user_id) {
            (Some(owner), Some(user)) => owner != user,
            // A server that does not name the user gives another's phone another device.
            _ => device.is_some() && answer.device_id.is_some() && device != answer.device_id,
        };
        if another {
            return Err(Error::AnotherUser);
        }
        let session = Session {
            access_token: answer.access_token,
            access_until: asked_at.plus(answer.expires_in * Moment::SECOND),
            refresh_token: answer.refresh_token,
            user_id: answer.user_id.or(owner),
            device_id: answer.device_id,
        };
        // Stored before it is used: using it ends the token before.
        meta::put(&mut self.db, meta::SESSION, &session)
    }

    fn session(&mut self) -> Result<Session> {
        meta::get(&mut self.db, meta::SESSION)?.ok_or(Error::SignInNeeded)
    }

    async fn exchange(&mut self, request: &Request) -> Result<Vec<u8>> {
        sorted(self.transport.send(request).await?)
    }
}

/// Sorts an answer by what is to be done about it.
fn sorted(answer: Answer) -> Result<Vec<u8>> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    let mut problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    problem.status = answer.status;
    Err(match (answer.status, problem.code.as_str()) {
        (429 | 503, _) => Error::Later {
            after: answer.retry_after.unwrap_or(PATIENCE),
        },
        // Whether a server that stumbled, or a proxy that lost it, did what was asked: nobody knows.
        (500.., _) => NoAnswer(format!("status {}", answer.status)).into(),
        (_, "reauth_required") => Error::SignInNeeded,
        (_, "device_revoked") => Error::DeviceRevoked,
        _ => Error::Refused(Box::new(problem)),
    })
}

pub fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Error::NotAsPromised(e.to_string()))
}

/// Serde's message names a place and a type, never a value of the record.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|e| Error::NotAsPromised(e.to_string()))
}
