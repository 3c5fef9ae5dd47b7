//! Many who work, each with a phone that pushes reach.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::support::{Fixture, villages};
use qianshou::auth::model::{
    AssignmentRow, DeviceRow, Platform, PushProvider, PushState, UserRow, UserState,
};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{assignments, devices, users};
use qianshou::db::{DbConn, Micros, Uid, transact};
use qianshou::error::AppResult;
use qianshou::notifications::announce::{Announcement, Recipient, Text, announce};
use qianshou::notifications::model::NotificationKind;
use qianshou::{each_backend, sync};

/// Rows of one statement; people of one transaction.
const ROWS: usize = 100;
const PEOPLE: usize = 2_000;

/// So many field members, dealt out over the villages of the city; their ids.
pub fn fill(fixture: &Fixture, c: &mut DbConn, count: usize) -> Vec<Uid> {
    fill_with(fixture, c, count, (PushProvider::Fcm, &token))
}

/// The same with phones of this provider, and the token of each.
pub fn fill_with(
    fixture: &Fixture,
    c: &mut DbConn,
    count: usize,
    (provider, token): (PushProvider, &dyn Fn(usize) -> String),
) -> Vec<Uid> {
    let villages = villages(c);
    let (vault, now) = (&fixture.app.vault, fixture.app.clock.now());
    let mut ids = Vec::with_capacity(count);
    for first in (0..count).step_by(PEOPLE) {
        let (mut people, mut posts, mut phones) = (Vec::new(), Vec::new(), Vec::new());
        for n in first..(first + PEOPLE).min(count) {
            let (id, device) = (Uid::new(now), Uid::new(now));
            ids.push(id);
            people.push(UserRow {
                id,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                login: format!("crowd-{n}"),
                display_name: vault.seal("users.display_name", id.0, "测试").unwrap(),
                password_hash: None,
                state: UserState::Active,
                created_by: None,
                created_at: now,
                updated_at: now,
            });
            let area = &villages[n % villages.len()];
            posts.push(AssignmentRow {
                id: Uid::new(now),
                version: 1,
                field_versions: sync::fields::NEW.into(),
                user_id: id,
                role: Role::FieldMember,
                area_id: area.id,
                county: area.county,
                town: area.town,
                village: area.village,
                starts_at: now.plus(-Micros::HOUR),
                ends_at: None,
                created_by: None,
                created_at: now,
                updated_at: now,
            });
            phones.push(DeviceRow {
                id: device,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                user_id: id,
                installation_id: Uid::new(now),
                name: "Redmi 12".into(),
                platform: Platform::Android,
                app_version: "2.3.1".into(),
                push_provider: Some(provider),
                push_token: Some(
                    vault
                        .seal("devices.push_token", device.0, &token(n))
                        .unwrap(),
                ),
                push_token_index: Some(device.0.as_bytes().to_vec()),
                push_state: PushState::Live,
                push_changed_at: Some(now),
                push_strikes: 0,
                enrolled_at: now,
                last_seen_at: now,
                revoked_at: None,
                updated_at: now,
            });
        }
        transact(c, |c| -> AppResult<()> {
            for some in people.chunks(ROWS) {
                each_backend!(c, |c| diesel::insert_into(users::table)
                    .values(some)
                    .execute(c))?;
            }
            for some in posts.chunks(ROWS) {
                each_backend!(c, |c| diesel::insert_into(assignments::table)
                    .values(some)
                    .execute(c))?;
            }
            for some in phones.chunks(ROWS) {
                each_backend!(c, |c| diesel::insert_into(devices::table)
                    .values(some)
                    .execute(c))?;
            }
            Ok(())
        })
        .unwrap();
    }
    maintain(c);
    ids
}

/// What a database that has run for a while has.
fn maintain(c: &mut DbConn) {
    let statistics = match c {
        DbConn::Sqlite(_) => "PRAGMA optimize; ANALYZE",
        DbConn::Pg(_) => "ANALYZE",
    };
    c.batch_execute(statistics).unwrap();
}

/// A token as long as Google's.
pub fn token(n: usize) -> String {
    format!("bench-token-{n:08}:{}", "A".repeat(120))
}

/// Tells everybody something urgent, which waits for nothing: an inbox entry and a push each.
pub fn tell(fixture: &Fixture, c: &mut DbConn, everybody: &[Uid]) {
    let now = fixture.app.clock.now();
    let text = |zh: &str, en: &str| Text {
        zh: zh.into(),
        en: en.into(),
    };
    let what = Announcement {
        kind: NotificationKind::ClaimClock,
        title: text("理赔时限将到", "A claim's time is nearly over"),
        body: text("请打开查看。", "Open it."),
        subject: None,
        campaign: None,
        occurrence: Uid::new(now),
        not_before: now,
        ramp: None,
        expires_at: now.plus(Micros::DAY),
    };
    for some in everybody.chunks(500) {
        let recipients: Vec<Recipient> = some
            .iter()
            .map(|user| Recipient {
                user: *user,
                place: Default::default(),
            })
            .collect();
        let told = transact(c, |c| announce(c, now, &what, &recipients)).unwrap();
        assert_eq!(told.deliveries, some.len());
    }
    maintain(c);
}
