//! `push test`: a push to somebody, and what each of their phones' providers said.

use diesel::prelude::*;
use std::time::{Duration, Instant};

use crate::auth::model::{Platform, PushProvider};
use crate::config::Config;
use crate::db::schema::{deliveries, delivery_receipts, devices, users};
use crate::db::{DbConn, Micros, Uid, connect, transact};
use crate::error::AppResult;
use crate::push::model::DeliveryState;
use crate::push::standing_store::{self, Standing};
use crate::push::trial;

/// Between two looks at how far they came.
const PAUSE: Duration = Duration::from_millis(200);

/// A push of the test, as it stands.
#[derive(Queryable)]
struct Push {
    id: Uid,
    device: Uid,
    platform: Platform,
    provider: PushProvider,
    state: DeliveryState,
    code: Option<String>,
    attempts: i64,
}

impl Push {
    fn ended(&self) -> bool {
        !matches!(
            self.state,
            DeliveryState::Pending | DeliveryState::Leased | DeliveryState::Retry
        )
    }
}

/// Sends one and waits for its end, so many seconds at the most; fails unless every phone's provider took it.
pub fn test(config: &Config, login: &str, seconds: u64) -> Result<(), String> {
    let mut c = connect(&config.target()?, true)?;
    let failed = |e: crate::error::AppError| format!("{e}: {:?}", std::error::Error::source(&e));
    let user: Option<Uid> = users::table
        .filter(users::login.eq(login))
        .select(users::id)
        .first(&mut c)
        .optional()
        .map_err(|e| e.to_string())?;
    let user = user.ok_or_else(|| format!("there is no account {login}"))?;
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let sent = transact(&mut c, |c| trial::send(c, user, now)).map_err(failed)?;
    println!("notification {}", sent.notification_id);
    if sent.phones == 0 {
        return Err(format!(
            "no phone of {login} has a live push token; the notification is in the inbox. The app sends its token with PUT /v1/devices/{{id}}/push-subscription"
        ));
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let pushes = loop {
        let pushes = stand(&mut c, sent.notification_id).map_err(failed)?;
        if pushes.iter().all(Push::ended) || Instant::now() > until {
            break pushes;
        }
        std::thread::sleep(PAUSE);
    };
    let mut missing = 0;
    for push in &pushes {
        let status = last_status(&mut c, push.id).map_err(failed)?;
        let http = status.map_or(String::new(), |status| format!(", HTTP {status}"));
        let said = push.code.as_deref().unwrap_or("nothing yet");
        println!(
            "{} ({}) by {}: {}: {said}{http}; tries: {}",
            push.device, push.platform, push.provider, push.state, push.attempts
        );
        missing += usize::from(push.state != DeliveryState::Accepted);
    }
    let waits = pushes.iter().any(|p| !p.ended());
    for push in pushes.iter().filter(|p| !p.ended()) {
        let standing = standing_store::standing(&mut c, push.provider).map_err(failed)?;
        if let Some(standing) = standing.filter(Standing::stopped) {
            return Err(format!(
                "{} refused us with '{}' and is asked again by itself: look at its credentials",
                push.provider,
                standing.reason.unwrap_or_default()
            ));
        }
    }
    match missing {
        0 => Ok(()),
        _ if waits => Err(format!(
            "not all ended within {seconds} seconds: does `serve` or `worker` run with push.worker, and is the provider on? See `qianshou doctor`"
        )),
        n => Err(format!(
            "{n} of {} did not reach their provider",
            pushes.len()
        )),
    }
}

fn stand(c: &mut DbConn, notification: Uid) -> AppResult<Vec<Push>> {
    Ok(deliveries::table
        .inner_join(devices::table)
        .filter(deliveries::notification_id.eq(notification))
        .select((
            deliveries::id,
            deliveries::device_id,
            devices::platform,
            deliveries::provider,
            deliveries::state,
            deliveries::last_code,
            deliveries::attempts,
        ))
        .order(deliveries::device_id)
        .load(c)?)
}

fn last_status(c: &mut DbConn, delivery: Uid) -> AppResult<Option<i64>> {
    let found: Option<Option<i64>> = delivery_receipts::table
        .filter(delivery_receipts::delivery_id.eq(delivery))
        .select(delivery_receipts::http_status)
        .order(delivery_receipts::at.desc())
        .first(c)
        .optional()?;
    Ok(found.flatten())
}
