//! Sessions that end while a phone syncs.

use std::time::Duration;

use futures_util::future::join;

use crate::handset::{Handset, all_are};
use crate::line::{Fault, PULL, PUSH, REFRESH};
use crate::people::{A_DAY, Kit, a_day};
use crate::phone::wire::Outcome;
use crate::phone::{Error, Moment, Operation, State};
use crate::support::*;
use crate::target::{Power, TOKEN_TERM};

/// As long as a case waits for a token to end by itself.
const SHORT: i64 = 90;

/// Ends the access token of a phone that does not notice it by its own clock.
async fn token_ends(kit: &Kit, line: &crate::line::Line, watch: &crate::handset::Watch) {
    if kit.has(Power::Clock) {
        kit.target.advance(TOKEN_TERM);
        watch.set_on(-TOKEN_TERM);
        return;
    }
    match line.lifetime() {
        Some(seconds) if seconds <= SHORT => {
            // The phone would change it in time.
            watch.set_on(-(seconds + 5) * Moment::SECOND);
            tokio::time::sleep(Duration::from_secs(seconds as u64 + 5)).await;
        }
        lifetime => {
            kit.left_out(&format!(
                "the clock cannot be moved and a token lasts {lifetime:?} s: it is spoilt instead"
            ));
            // The request that stands at the gate carries it.
            line.next("/v1/sync/", Fault::TokenSpoilt);
        }
    }
}

pub async fn token_expired_in_mid_sync(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    let (line, watch) = (phone.line.clone(), phone.watch.clone());
    phone.phone.settings.push_operations = 2;
    a_day(&mut phone, &kit.villages[0]);
    let gate = line.gate(PUSH, 1);
    let ends = async {
        gate.reached().await;
        token_ends(kit, &line, &watch).await;
        gate.opens();
    };
    let (before, pushes) = (line.asked(REFRESH), line.asked(PUSH));
    let (synced, ()) = join(phone.sync(), ends).await;
    all_are(&synced.pushed, Outcome::Applied, false);
    assert_eq!(synced.pushed.len(), A_DAY);
    assert_eq!(line.asked(REFRESH), before + 1, "refreshed once");
    assert_eq!(
        line.asked(PUSH),
        pushes + 4,
        "three requests, one of them again"
    );

    // Once more in the pull, and the answer to the refresh is lost: the token before still refreshes.
    a_day(&mut phone, &kit.villages[0]);
    let gate = line.gate(PULL, 0);
    line.next(REFRESH, Fault::ReplyLost);
    let ends = async {
        gate.reached().await;
        token_ends(kit, &line, &watch).await;
        gate.opens();
    };
    let (lost, ()) = join(phone.fails_to_sync(), ends).await;
    assert!(matches!(lost, Error::NoAnswer(_)), "{lost}");
    assert_eq!(phone.count(&[State::Acknowledged]), 2 * A_DAY);
    phone.sync().await;
    vec![phone]
}

pub async fn revoked_in_mid_sync(kit: &Kit) -> Vec<Handset> {
    let village = &kit.villages[0];
    let person = kit.field_member().await;
    let coordinator = kit.person("coordinator", village).await;
    let mut phone = kit.synced_phone(&person).await;
    let mut desk = kit.synced_phone(&coordinator).await;
    let (line, device) = (phone.line.clone(), phone.device());
    phone.phone.settings.push_operations = 2;
    let [home, _, logged, somebody] = a_day(&mut phone, village);
    let gate = line.gate(PUSH, 1);
    let ends = async {
        gate.reached().await;
        kit.revoke(&device).await;
        gate.opens();
    };
    let (ended, ()) = join(phone.fails_to_sync(), ends).await;
    assert!(matches!(ended, Error::DeviceRevoked), "{ended}");
    // Whatever the phone tries: it is refused, and holds what was not done.
    for _ in 0..2 {
        assert!(matches!(phone.fails_to_sync().await, Error::DeviceRevoked));
        assert!(matches!(
            phone.phone.pull().await,
            Err(Error::DeviceRevoked)
        ));
    }
    assert_eq!(phone.count(&[State::Acknowledged]), 2);
    assert_eq!(phone.count(&[State::Sent, State::Waiting]), A_DAY - 2);
    // The first request is done, of the others nothing.
    let client = kit.client(&mut desk).await;
    let path = format!("/v1/households/{home}");
    client.get(&path).await.expect(200);
    for path in [
        format!("/v1/visits/{logged}"),
        format!("/v1/residents/{somebody}"),
    ] {
        client.get(&path).await.problem(404, "not_found");
    }
    // With a new code it is the same device and goes on.
    let code = kit.code(&person).await;
    phone.enrol(&code).await.unwrap();
    assert_eq!(phone.device(), device);
    let pushed = phone.sync().await.pushed;
    all_are(&pushed, Outcome::Applied, false);
    assert_eq!(pushed.len(), A_DAY - 2);
    vec![phone, desk]
}

pub async fn enrolled_again_with_a_queue(kit: &Kit) -> Vec<Handset> {
    let village = &kit.villages[0];
    let (person, other) = (kit.field_member().await, kit.field_member().await);
    let mut phone = kit.synced_phone(&person).await;
    let device = phone.device();
    // A day whose answer was lost, and one that was not sent, when the session ends for good.
    a_day(&mut phone, village);
    phone.line.next(PUSH, Fault::ReplyLost);
    assert!(matches!(phone.fails_to_sync().await, Error::NoAnswer(_)));
    a_day(&mut phone, village);
    kit.revoke(&device).await;
    assert!(matches!(phone.fails_to_sync().await, Error::DeviceRevoked));

    // Somebody else takes the phone: their sign-in is refused, and nothing is sent under it.
    let pushes = phone.line.asked(PUSH);
    let code = kit.code(&other).await;
    let refused = phone.enrol(&code).await;
    assert!(matches!(refused, Err(Error::AnotherUser)), "{refused:?}");
    assert!(phone.phone.sync().await.is_err());
    assert_eq!(phone.count(&[State::Sent, State::Waiting]), 2 * A_DAY);

    let code = kit.code(&person).await;
    phone.enrol(&code).await.unwrap();
    assert_eq!(phone.device(), device, "the same device for the same user");
    let pushed = phone.sync().await.pushed;
    all_are(&pushed[..A_DAY], Outcome::Applied, true);
    all_are(&pushed[A_DAY..], Outcome::Applied, false);
    assert_eq!(pushed.len(), 2 * A_DAY);
    assert!(phone.line.asked(PUSH) > pushes);

    // A client without that care sends another user's queue: nothing of it happens, nothing is told.
    let mut theirs = kit.synced_phone(&other).await;
    let queue = phone.phone.operations(&[State::Acknowledged]).unwrap();
    let wire: Vec<_> = queue.iter().map(Operation::to_wire).collect();
    let body = json!({ "sent_at": queue[0].made_at, "operations": wire });
    let client = kit.client(&mut theirs).await;
    let answer = client.post("/v1/sync/push", body).await.expect(200);
    for result in answer["results"].as_array().unwrap() {
        let outcome = result["outcome"].as_str().unwrap();
        assert!(["held", "rejected"].contains(&outcome), "{result}");
        assert!(
            result["record"].is_null() && result["version"].is_null(),
            "{result}"
        );
    }
    let admin = kit.administrator().await;
    for operation in &queue {
        let path = format!("/v1/audit-entries?record_id={}", operation.record_id);
        let entries = admin.get(&path).await.expect(200);
        let by_other = |e: &&Value| e["actor_id"] == *other.id;
        let found = entries["items"].as_array().unwrap().iter().find(by_other);
        assert!(found.is_none(), "{found:?}");
    }
    vec![phone, theirs]
}
