//! Where pushes to a phone go, and when they end.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashMap;

use super::handle::Handle;
use super::model::{DeviceRow, Platform, PushProvider, PushState};
use crate::all_locked;
use crate::db::schema::{devices, sessions};
use crate::db::{DbConn, Micros, Uid, Violation, violation};
use crate::error::{AppError, AppResult};

/// Malformed so often in a row, while others pass, a token is set aside.
const STRIKES: i64 = 3;

/// No push reaches the phone until its app brings a new token. The phone itself stays.
#[derive(AsChangeset)]
#[diesel(table_name = devices, treat_none_as_null = true)]
struct NoToken {
    push_state: PushState,
    push_token: Option<Vec<u8>>,
    push_token_index: Option<Vec<u8>>,
    push_changed_at: Micros,
    updated_at: Micros,
}

impl NoToken {
    fn because(push_state: PushState, at: Micros) -> NoToken {
        NoToken {
            push_state,
            push_token: None,
            push_token_index: None,
            push_changed_at: at,
            updated_at: at,
        }
    }
}

/// Stores a token, with all indexes under which it may stand: the first is the current one.
pub fn set_push(
    c: &mut DbConn,
    device: &Handle<DeviceRow>,
    provider: PushProvider,
    token: &[u8],
    indexes: &[Vec<u8>],
    now: Micros,
) -> AppResult<i64> {
    // A token moved to another account's phone belongs to the newer one alone. What a phone calls its token takes
    // no channel's account away, whatever it is called.
    let of_accounts = provider == PushProvider::WeCom;
    let elsewhere = devices::table
        .filter(devices::push_token_index.eq_any(indexes.to_vec()))
        .filter(
            devices::platform
                .eq(Platform::WeCom)
                .eq(of_accounts.into_sql::<Bool>()),
        )
        .filter(devices::id.ne(device.id));
    diesel::update(elsewhere)
        .set((
            NoToken::because(PushState::None, now),
            devices::version.eq(devices::version + 1),
        ))
        .execute(c)?;
    Ok(diesel::update(devices::table.find(device.id))
        .set((
            devices::push_provider.eq(Some(provider)),
            devices::push_token.eq(token),
            devices::push_token_index.eq(indexes.first()),
            devices::push_state.eq(PushState::Live),
            devices::push_changed_at.eq(now.0),
            devices::push_strikes.eq(0i64),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .returning(devices::version)
        .get_result(c)?)
}

/// The same for an account of a channel, which one device holds and no other.
pub fn set_account(
    c: &mut DbConn,
    device: &Handle<DeviceRow>,
    token: &[u8],
    indexes: &[Vec<u8>],
    now: Micros,
) -> AppResult<()> {
    let set = |c: &mut DbConn| set_push(c, device, PushProvider::WeCom, token, indexes, now);
    match c.transaction(set) {
        // Of two users who bind one account at once the second waits for the first, and takes it over.
        Err(AppError::Db(e)) if matches!(violation(&e), Some(Violation::Unique { .. })) => {
            set(c)?;
        }
        other => {
            other?;
        }
    }
    Ok(())
}

/// The devices, and their users, that hold an account of a channel under one of these indexes, but for this one.
pub fn held_elsewhere(c: &mut DbConn, indexes: &[Vec<u8>], but: Uid) -> AppResult<Vec<(Uid, Uid)>> {
    Ok(devices::table
        .filter(devices::push_token_index.eq_any(indexes.to_vec()))
        .filter(devices::platform.eq(Platform::WeCom))
        .filter(devices::id.ne(but))
        .select((devices::id, devices::user_id))
        .order(devices::id)
        .load(c)?)
}

/// By which token each of these phones is reached now, locked in the order of their ids; none of those that no push
/// reaches.
pub fn locked_tokens(c: &mut DbConn, mut phones: Vec<Uid>) -> AppResult<HashMap<Uid, Vec<u8>>> {
    phones.sort_unstable();
    phones.dedup();
    // All are locked: one without a token may be given one at this moment.
    let found: Vec<(Uid, PushState, Option<Vec<u8>>)> = all_locked!(
        c,
        devices::table
            .filter(devices::id.eq_any(phones))
            .select((devices::id, devices::push_state, devices::push_token_index))
            .order(devices::id)
    )?;
    Ok(found
        .into_iter()
        .filter(|(_, state, _)| *state == PushState::Live)
        .filter_map(|(phone, _, index)| Some((phone, index?)))
        .collect())
}

/// Ends pushes to the phones of a user that no live session holds: whoever has such a phone in hand
/// may be somebody else. The app subscribes again once it is signed in. An account of a channel, which no session
/// holds, stays as long as the user is signed in anywhere.
pub fn silence_signed_out(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    let live: Vec<Option<Uid>> = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now.0))
        .select(sessions::device_id)
        .load(c)?;
    let signed_in = !live.is_empty();
    let held: Vec<Uid> = live.into_iter().flatten().collect();
    let silent = devices::table
        .filter(devices::user_id.eq(user))
        .filter(devices::push_state.ne(PushState::None))
        .filter(devices::id.ne_all(held))
        .filter(
            devices::platform
                .ne(Platform::WeCom)
                .or((!signed_in).into_sql::<Bool>()),
        );
    diesel::update(silent)
        .set((
            NoToken::because(PushState::None, now),
            devices::version.eq(devices::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// The provider says that this token is dead, since `dead_since` where it knows. A token that the app has
/// replaced meanwhile stays, and so does one that it has registered again since.
pub fn bury(
    c: &mut DbConn,
    device: Uid,
    index: &[u8],
    dead_since: Option<Micros>,
    now: Micros,
) -> AppResult<()> {
    let dead_since = dead_since.unwrap_or(Micros(i64::MAX));
    let same = devices::table
        .find(device)
        .filter(devices::push_token_index.eq(index.to_vec()))
        .filter(devices::push_changed_at.le(dead_since.0))
        .filter(devices::push_state.eq(PushState::Live));
    diesel::update(same)
        .set((
            NoToken::because(PushState::Dead, now),
            devices::version.eq(devices::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// The provider called this token malformed; at the third time in a row it is set aside.
pub fn strike(c: &mut DbConn, device: Uid, index: &[u8], now: Micros) -> AppResult<()> {
    let same = devices::table
        .find(device)
        .filter(devices::push_token_index.eq(index.to_vec()))
        .filter(devices::push_state.eq(PushState::Live));
    let strikes: Option<i64> = diesel::update(same)
        .set(devices::push_strikes.eq(devices::push_strikes + 1))
        .returning(devices::push_strikes)
        .get_result(c)
        .optional()?;
    if strikes.is_some_and(|s| s >= STRIKES) {
        bury(c, device, index, None, now)?;
    }
    Ok(())
}

/// The sealed tokens of the phones that one provider reaches, some at a time: those after `after`.
pub fn live_tokens(
    c: &mut DbConn,
    provider: PushProvider,
    after: Uid,
    limit: i64,
) -> AppResult<Vec<(Uid, Option<Vec<u8>>)>> {
    Ok(devices::table
        .filter(devices::push_provider.eq(provider))
        .filter(devices::push_state.eq(PushState::Live))
        .filter(devices::revoked_at.is_null())
        .filter(devices::id.gt(after))
        .select((devices::id, devices::push_token))
        .order(devices::id)
        .limit(limit)
        .load(c)?)
}

/// Browsers and apps subscribed for a key that is no more: they have to subscribe anew. Answers how many.
pub fn end_web_push(c: &mut DbConn, now: Micros) -> AppResult<usize> {
    let providers = [PushProvider::WebPush, PushProvider::UnifiedPush];
    let theirs = devices::table
        .filter(devices::push_provider.eq_any(providers))
        .filter(devices::push_state.eq(PushState::Live));
    Ok(diesel::update(theirs)
        .set((
            NoToken::because(PushState::Dead, now),
            devices::version.eq(devices::version + 1),
        ))
        .execute(c)?)
}

/// Messages passed: no suspicion rests on these tokens, phone and index of each, any more.
pub fn clear_strikes(c: &mut DbConn, passed: &[(Uid, &[u8])]) -> AppResult<()> {
    // Hardly any is suspected: one look finds those that are.
    let suspected: Vec<Uid> = devices::table
        .filter(devices::id.eq_any(passed.iter().map(|(device, _)| *device)))
        .filter(devices::push_strikes.gt(0))
        .select(devices::id)
        .order(devices::id)
        .load(c)?;
    for (device, index) in passed.iter().filter(|(d, _)| suspected.contains(d)) {
        let held = devices::table
            .find(device)
            .filter(devices::push_token_index.eq(index.to_vec()));
        diesel::update(held)
            .set(devices::push_strikes.eq(0i64))
            .execute(c)?;
    }
    Ok(())
}
