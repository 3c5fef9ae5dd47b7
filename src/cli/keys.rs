//! Keys, by hand: rotate them, see what is sealed under which, take one out that nothing needs any more.

use diesel::connection::SimpleConnection;
use std::path::Path;

use crate::audit;
use crate::auth::Action;
use crate::config::Config;
use crate::crypto::{FieldKey, Vault};
use crate::db::meta::{self, KnownKeys};
use crate::db::{DbConn, Micros, connect, transact};
use crate::error::{AppError, AppResult};
use crate::privacy::moves::PLACES;
use crate::privacy::moves_store::{self, Walk};

use super::serve;

/// A machine that has not taken a rotation up seals under the key before; by then it has, or is seen to fail.
const REPLACED: i64 = 3600;

/// Whether these are the keys that the database names; the error says what to do.
pub fn fit(vault: &Vault, known: &KnownKeys, index: &[u32], dir: &Path) -> Result<(), String> {
    if known.fingerprint != vault.fingerprint() {
        return Err(format!(
            "the keys in {} are not this database's: their fingerprint is {}, the database names {}. Put the copy of its own key folder (the recovery kit) there; never make new keys.",
            dir.display(),
            vault.fingerprint(),
            known.fingerprint
        ));
    }
    let missing = |named: &[u32], ours: &[u32]| -> Vec<String> {
        let missing = named.iter().filter(|id| !ours.contains(id));
        missing.map(u32::to_string).collect()
    };
    let ours: Vec<u32> = vault.index_keys().iter().map(|key| key.id).collect();
    let lacking = missing(index, &ours);
    if !lacking.is_empty() {
        return Err(format!(
            "the key folder {} lacks index key {}, which this database names. Put the newest recovery kit there, made after that key. Without it phones and documents that it indexed are not found, though they can be read.",
            dir.display(),
            lacking.join(", ")
        ));
    }
    let missing = missing(&known.ids, &vault.key_ids());
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the key folder {} lacks field key {}, which this database names. Put the newest recovery kit there, made after that key; for a database restored from a backup, the kit of the backup's time. Without the key what is sealed under it cannot be read by anybody: never make new keys in its place.",
        dir.display(),
        missing.join(", ")
    ))
}

pub fn rotate(config: &Config) -> Result<(), String> {
    let mut c = connect(&config.target()?, true)?;
    serve::open_vault(config, &mut c)?;
    let vault = Vault::rotate(&config.keys_dir).map_err(|e| e.to_string())?;
    transact(&mut c, |c| {
        meta::remember_keys(c, &vault.fingerprint(), &vault.key_ids())?;
        noted(c, "field_rotated")
    })
    .map_err(told)?;
    println!(
        "New current keys stand in {}. Now copy the folder to your recovery kit and to every other machine.",
        config.keys_dir.display()
    );
    println!(
        "Running processes take them up within seconds; the old signing key ends with the tokens it signed, in an hour."
    );
    println!(
        "From {} on the server moves what is stored under the new key; `qianshou keys status` shows how far it came. A kit without the new key is worth nothing then.",
        from(config, &vault.field_keys())
    );
    Ok(())
}

/// Replaces the keys of the blind indexes.
pub fn rotate_index(config: &Config) -> Result<(), String> {
    let mut c = connect(&config.target()?, true)?;
    serve::open_vault(config, &mut c)?;
    let vault = Vault::rotate_index(&config.keys_dir).map_err(|e| e.to_string())?;
    transact(&mut c, |c| {
        meta::remember_index_keys(c, &ids(&vault.index_keys()))?;
        noted(c, "index_rotated")
    })
    .map_err(told)?;
    println!(
        "New current index keys stand in {}. Now copy the folder to your recovery kit and to every other machine.",
        config.keys_dir.display()
    );
    println!(
        "From {} on the server indexes phones, documents and push tokens anew; they are found all the while. `qianshou keys status` shows how far it came.",
        from(config, &vault.index_keys())
    );
    Ok(())
}

/// The audit's entry; keys stand in it by no id.
pub(super) fn noted(c: &mut DbConn, what: &str) -> AppResult<()> {
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let facts = serde_json::json!({ "what": what });
    audit::record_own(c, now, Action::KeysChange, "key", &facts)
}

fn ids(keys: &[FieldKey]) -> Vec<u32> {
    keys.iter().map(|key| key.id).collect()
}

/// When moving to the newest of these keys begins.
fn from(config: &Config, keys: &[FieldKey]) -> Micros {
    let made_at = keys.last().map_or(0, |key| key.made_at);
    let at = made_at.saturating_add(config.key_moves_after);
    Micros(at.saturating_mul(Micros::SECOND))
}

/// What is sealed under which key, and how far moving it has come.
pub fn status(config: &Config) -> Result<(), String> {
    let (mut c, vault) = opened(config)?;
    let rows = named(&mut c)?;
    let mut strange = Vec::new();
    for (sort, keys, index) in sorts(&vault) {
        let of: Vec<_> = rows
            .iter()
            .filter(|r| is_index(r.0) == index)
            .copied()
            .collect();
        println!("{sort} keys, oldest first");
        let current = keys.last().map_or(0, |key| key.id);
        for key in &keys {
            let what = if key.id == current {
                "current"
            } else {
                "for reading"
            };
            println!("  {}: {}", described(key, what), under(&of, key.id));
        }
        let unknown = of
            .iter()
            .map(|r| r.1)
            .filter(|id| keys.iter().all(|k| k.id != *id));
        let mut unknown: Vec<u32> = unknown.collect();
        unknown.sort_unstable();
        unknown.dedup();
        for id in &unknown {
            println!("  {id:>10}  NOT IN THE FOLDER: {}", under(&of, *id));
        }
        strange.extend(unknown);
    }
    println!("moving to the newest keys");
    let walks = moves_store::walks(&mut c).map_err(told)?;
    for (sort, keys, index) in sorts(&vault) {
        let current = keys.last().map_or(0, |key| key.id);
        let places = || PLACES.iter().filter(move |place| place.is_index() == index);
        let walk = |at: &str| walks.iter().find(|w| w.place == at && w.is_of(current));
        if keys.len() < 2 {
            println!("  {sort}: nothing: there is one");
        } else if places().all(|place| walk(place.at).is_none()) {
            println!(
                "  {sort}: begins with the server, not before {}",
                from(config, &keys)
            );
        } else {
            for place in places() {
                println!(
                    "  {}: {}",
                    place.at,
                    walk(place.at).map_or("waits".into(), progress)
                );
            }
        }
    }
    if strange.is_empty() {
        return Ok(());
    }
    Err(
        "rows name keys that are not in the folder: restore it from a recovery kit that holds them"
            .into(),
    )
}

fn described(key: &FieldKey, what: &str) -> String {
    let made = Micros(key.made_at.saturating_mul(Micros::SECOND));
    format!("{:>10}  made {made}, {what}", key.id)
}

fn progress(walk: &Walk) -> String {
    let mut text = match (walk.finished_at, walk.pass) {
        (Some(at), _) => format!("done at {at}, {} rows moved", walk.moved),
        (None, 1) => format!(
            "{} of {} rows looked at, {} moved",
            walk.done, walk.total, walk.moved
        ),
        (None, pass) => format!(
            "{} rows moved; looking once more (pass {pass}): {} of {}",
            walk.moved, walk.done, walk.total
        ),
    };
    if walk.unreadable > 0 {
        text += &format!(
            "; {} CANNOT BE OPENED, see the server's log",
            walk.unreadable
        );
    }
    text
}

/// The two sorts of keys that rows name: what they are called, the keys, and whether they are of indexes.
fn sorts(vault: &Vault) -> [(&'static str, Vec<FieldKey>, bool); 2] {
    [
        ("field", vault.field_keys(), false),
        ("index", vault.index_keys(), true),
    ]
}

fn is_index(at: &str) -> bool {
    PLACES
        .iter()
        .any(|place| place.at == at && place.is_index())
}

/// A line for `doctor`.
pub fn moving(c: &mut DbConn, vault: &Vault) -> Result<String, String> {
    let walks = moves_store::walks(c).map_err(told)?;
    let (mut older, mut places, mut begun) = (0, 0, false);
    let (mut done, mut total, mut ended, mut unreadable) = (0, 0, 0, 0);
    for (_, keys, index) in sorts(vault) {
        let Some(current) = keys.last().filter(|_| keys.len() > 1) else {
            continue;
        };
        older += keys.len() - 1;
        for place in PLACES.iter().filter(|place| place.is_index() == index) {
            places += 1;
            let walk = walks
                .iter()
                .find(|w| w.place == place.at && w.is_of(current.id));
            let Some(walk) = walk else { continue };
            begun = true;
            unreadable += walk.unreadable;
            total += walk.total.max(walk.done);
            match walk.finished_at {
                Some(_) => {
                    ended += 1;
                    done += walk.total.max(walk.done);
                }
                None => done += walk.done,
            }
        }
    }
    if older == 0 {
        return Ok("nothing to move: there is one field key, and one of the indexes".into());
    }
    if !begun {
        return Ok("not begun; `qianshou keys status` tells when".into());
    }
    if unreadable > 0 {
        return Err(format!(
            "{unreadable} rows cannot be opened; the server's log names them"
        ));
    }
    if ended == places {
        return Ok(format!(
            "all is under the newest keys; {older} older may be retired"
        ));
    }
    Ok(format!(
        "under way: {ended} of {places} columns, {done} of {total} rows of those begun"
    ))
}

/// Takes an older field key, or older index keys, out of the folder, once no row needs them.
pub fn retire(config: &Config, id: u32) -> Result<(), String> {
    let (mut c, vault) = opened(config)?;
    let index = vault.index_keys().iter().any(|key| key.id == id);
    let (sort, keys) = match index {
        true => ("index", vault.index_keys()),
        false => ("field", vault.field_keys()),
    };
    let after = keys.iter().skip_while(|k| k.id != id).nth(1);
    let Some(after) = after else {
        return Err(if keys.last().is_some_and(|key| key.id == id) {
            format!(
                "{sort} key {id} is the current one: everything new is made with it. `qianshou keys rotate{}` makes another one.",
                if index { " --index" } else { "" }
            )
        } else {
            format!("the folder holds no key {id}; `qianshou keys status` lists them")
        });
    };
    let waits = after.made_at + REPLACED - jiff::Timestamp::now().as_second();
    if waits > 0 {
        return Err(format!(
            "{sort} key {id} was replaced less than an hour ago, and a machine that has not taken the new one up may still use it: come again in {} minutes",
            waits.div_euclid(60) + 1
        ));
    }
    let rows: Vec<_> = named(&mut c)?
        .into_iter()
        .filter(|r| is_index(r.0) == index)
        .collect();
    if rows.iter().any(|r| r.1 == id) {
        // Whatever wrote them: the server looks at every column again.
        transact(&mut c, moves_store::all_again).map_err(told)?;
        return Err(format!(
            "{sort} key {id} is still needed: {}. The server moves them; `qianshou keys status` shows how far it came",
            under(&rows, id)
        ));
    }
    // The database first: a key that it names and the folder lacks would keep the server from starting.
    let left: Vec<u32> = ids(&keys)
        .into_iter()
        .filter(|other| *other != id)
        .collect();
    transact(&mut c, |c| {
        match index {
            true => meta::remember_index_keys(c, &left)?,
            false => meta::retire_key(c, id)?,
        }
        noted(
            c,
            if index {
                "index_retired"
            } else {
                "field_retired"
            },
        )
    })
    .map_err(told)?;
    let retired = match index {
        true => Vault::retire_index(&config.keys_dir, id),
        false => Vault::retire(&config.keys_dir, id),
    };
    retired.map_err(|e| e.to_string())?;
    println!(
        "The {sort} key {id} is no longer in {}. Copy the folder to your recovery kit and to every other machine.",
        config.keys_dir.display()
    );
    println!(
        "Backups made before now may need it: keep the old kit as long as you keep them, and destroy both together."
    );
    Ok(())
}

/// A connection that may read whole tables, and keys that fit.
pub(super) fn opened(config: &Config) -> Result<(DbConn, Vault), String> {
    let mut c = connect(&config.target()?, true)?;
    if let DbConn::Pg(c) = &mut c {
        c.batch_execute("SET statement_timeout = '30min'")
            .map_err(|e| e.to_string())?;
    }
    if !Vault::exists(&config.keys_dir) && meta::known_keys(&mut c).map_err(told)?.is_none() {
        return Err("there are no keys yet; the first start makes them".into());
    }
    let vault = serve::open_vault(config, &mut c)?;
    Ok((c, vault))
}

/// Column, field key, rows.
fn named(c: &mut DbConn) -> Result<Vec<(&'static str, u32, i64)>, String> {
    let mut all = Vec::new();
    for place in PLACES {
        let found = moves_store::named(c, place).map_err(told)?;
        all.extend(found.into_iter().map(|(id, rows)| (place.at, id, rows)));
    }
    Ok(all)
}

fn under(rows: &[(&'static str, u32, i64)], id: u32) -> String {
    let of = rows.iter().filter(|r| r.1 == id);
    let parts: Vec<String> = of.map(|(at, _, n)| format!("{n} in {at}")).collect();
    if parts.is_empty() {
        "no rows".to_owned()
    } else {
        parts.join(", ")
    }
}

pub(super) fn told(e: AppError) -> String {
    match std::error::Error::source(&e) {
        Some(cause) => format!("{e}: {cause}"),
        None => e.to_string(),
    }
}
