//! Operations that arrive before those they need.

use std::time::{Duration, Instant};

use crate::handset::{Handset, all_are, outcomes};
use crate::line::{Fault, PUSH};
use crate::people::{A_DAY, Kit, a_day};
use crate::phone::wire::Outcome;
use crate::phone::{Moment, State};
use crate::support::*;

/// As long as a server may take to try again what it holds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until nothing of this user's is held any more.
pub async fn nothing_held(client: &Client) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let held = client.get("/v1/sync/held").await.expect(200);
        if held["items"] == json!([]) {
            return;
        }
        assert!(Instant::now() < deadline, "still held: {held}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub async fn reordered_operations(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    let [_, _, logged, somebody] = a_day(&mut phone, &kit.villages[0]);
    // As an app does that sends in several requests at once: the last arrives first.
    phone.line.next(PUSH, Fault::Reversed);
    let pushed = phone.sync().await.pushed;
    let (done, held) = ((Outcome::Applied, false), (Outcome::Held, false));
    // Household, person, visit, submission; resident, update.
    assert_eq!(outcomes(&pushed), [done, held, held, held, done, held]);
    assert_eq!(phone.count(&[State::Held]), 4);

    let client = kit.client(&mut phone).await;
    nothing_held(&client).await;
    // It is asked about once an hour at most, and nothing is sent before.
    assert!(phone.sync().await.pushed.is_empty());
    phone.watch.set_on(Moment::HOUR + 60 * Moment::SECOND);
    let pushed = phone.sync().await.pushed;
    all_are(&pushed, Outcome::Applied, true);
    assert_eq!(pushed.len(), 4);
    assert_eq!(phone.count(&[State::Acknowledged]), A_DAY);

    let visit = client
        .get(&format!("/v1/visits/{logged}"))
        .await
        .expect(200);
    assert_eq!(visit["state"], "submitted");
    let path = format!("/v1/residents/{somebody}");
    assert_eq!(client.get(&path).await.expect(200)["reason"], "study");
    vec![phone]
}
