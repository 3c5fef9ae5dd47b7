//! Many members, each with a phone that pushes reach; and what became of the pushes to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use qianshou::auth::model::{
    AssignmentRow, DeviceRow, Platform, PushProvider, PushState, UserRow, UserState,
};
use qianshou::auth::policy::Role;
use qianshou::auth::tokens;
use qianshou::crypto::BlindColumn;
use qianshou::db::schema::{assignments, deliveries, devices, users};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind;
use qianshou::{areas, each_backend, sync};

use super::pushing::tell;
use super::{Client, TestApp, VILLAGE, Value, make};

/// Somebody of the crowd.
pub struct Member {
    pub id: Uid,
    pub device: Uid,
}

impl Member {
    /// Their phone, signed in at a server.
    pub fn phone(&self, app: &TestApp, server: &str) -> Client {
        let now = app.now();
        let signed = tokens::sign(&app.data, self.id, Uid::new(now), Some(self.device), now);
        let mut phone = Client::new(app, Some(signed.unwrap().0)).at(server);
        (phone.id, phone.device) = (self.id, Some(self.device));
        phone
    }
}

/// One field member of the test village for each of these tokens, stored as the API would.
pub async fn crowd(app: &TestApp, provider: PushProvider, tokens: &[String]) -> Vec<Member> {
    const ROWS: usize = 100;
    let (vault, now) = (&app.data.vault, app.now());
    let mut members = Vec::with_capacity(tokens.len());
    for some in tokens.chunks(ROWS) {
        let mut rows: Vec<(UserRow, AssignmentRow, DeviceRow)> = Vec::new();
        let area = areas::store::by_code(&mut app.connection(), VILLAGE);
        let area = area.unwrap().unwrap();
        for token in some {
            let (id, device) = (Uid::new(now), Uid::new(now));
            members.push(Member { id, device });
            let user = UserRow {
                id,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                login: format!("crowd{}", make::unique()),
                display_name: vault.seal("users.display_name", id.0, "测试用户").unwrap(),
                password_hash: None,
                state: UserState::Active,
                created_by: None,
                created_at: now,
                updated_at: now,
            };
            let post = AssignmentRow {
                id: Uid::new(now),
                version: 1,
                field_versions: sync::fields::NEW.into(),
                user_id: id,
                role: Role::FieldMember,
                area_id: area.id,
                county: area.county,
                town: area.town,
                village: area.village,
                starts_at: now.plus(-Micros::SECOND),
                ends_at: None,
                created_by: None,
                created_at: now,
                updated_at: now,
            };
            let phone = DeviceRow {
                id: device,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                user_id: id,
                installation_id: Uid::new(now),
                name: "Redmi 12".into(),
                platform: Platform::Android,
                app_version: "2.3.1".into(),
                push_provider: Some(provider),
                push_token: Some(vault.seal("devices.push_token", device.0, token).unwrap()),
                push_token_index: Some(vault.blind(BlindColumn::PushToken, token)),
                push_state: PushState::Live,
                push_changed_at: Some(now),
                push_strikes: 0,
                enrolled_at: now,
                last_seen_at: now,
                revoked_at: None,
                updated_at: now,
            };
            rows.push((user, post, phone));
        }
        let rows = Arc::new(rows);
        let stored = app.data.db.write(move |c| {
            let each = || rows.iter();
            let (people, posts): (Vec<_>, Vec<_>) = each().map(|r| (&r.0, &r.1)).unzip();
            let phones: Vec<_> = each().map(|r| &r.2).collect();
            each_backend!(c, |c| {
                diesel::insert_into(users::table)
                    .values(people)
                    .execute(c)?;
                diesel::insert_into(assignments::table)
                    .values(posts)
                    .execute(c)?;
                diesel::insert_into(devices::table)
                    .values(phones)
                    .execute(c)?;
            });
            Ok(())
        });
        stored.await.unwrap();
    }
    members
}

/// Tells all of them, a page at a time.
pub async fn tell_all(app: &TestApp, kind: NotificationKind, members: &[Member]) {
    for some in members.chunks(200) {
        let ids: Vec<Uid> = some.iter().map(|m| m.id).collect();
        tell(app, kind, "会员活动日", &ids, Micros::DAY).await;
    }
}

/// A push as it stands in the outbox.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct Push {
    pub id: Uid,
    pub notification_id: Uid,
    pub device_id: Uid,
    pub state: String,
    pub attempts: i64,
    pub last_code: Option<String>,
}

pub fn outbox(app: &TestApp) -> Vec<Push> {
    deliveries::table
        .select(Push::as_select())
        .load(&mut app.connection())
        .unwrap()
}

/// Waits until nothing is to be sent any more.
pub async fn settled(app: &TestApp, patience: Duration) {
    let (until, mut own) = (Instant::now() + patience, app.connection());
    loop {
        let open: i64 = deliveries::table
            .filter(deliveries::state.eq_any(["pending", "leased", "retry"]))
            .count()
            .get_result(&mut own)
            .unwrap();
        if open == 0 {
            return;
        }
        if Instant::now() > until {
            let mut left: BTreeMap<String, usize> = BTreeMap::new();
            for push in outbox(app) {
                let code = push.last_code.unwrap_or_default();
                *left.entry(format!("{} {code}", push.state)).or_default() += 1;
            }
            panic!("{open} are still to be sent: {left:?}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Each push of the outbox was accepted, and arrived under its own id and as its own notification; answers how
/// many arrived once more.
#[track_caller]
pub fn none_lost(app: &TestApp, arrived: &[Value]) -> usize {
    let outbox = outbox(app);
    let lost: Vec<&Push> = outbox.iter().filter(|p| p.state != "accepted").collect();
    assert!(
        lost.is_empty(),
        "{} of {}, such as {:?}",
        lost.len(),
        outbox.len(),
        lost[0]
    );
    let own: HashMap<String, &Push> = outbox.iter().map(|p| (p.id.to_string(), p)).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for item in arrived {
        let id = item["data"]["message_id"].as_str().unwrap();
        let push = own
            .get(id)
            .unwrap_or_else(|| panic!("no push of ours: {item}"));
        let notification = item["data"]["notification_id"].as_str();
        assert_eq!(
            notification,
            Some(push.notification_id.to_string().as_str())
        );
        *seen.entry(id).or_default() += 1;
    }
    let unseen: Vec<&&Push> = own
        .values()
        .filter(|p| !seen.contains_key(p.id.to_string().as_str()))
        .collect();
    assert!(
        unseen.is_empty(),
        "{} never arrived, such as {:?}",
        unseen.len(),
        unseen[0]
    );
    arrived.len() - outbox.len()
}
