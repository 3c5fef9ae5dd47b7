//! Keys, by hand: rotate them, see what is sealed under which, take one out that nothing needs any more.

use diesel::connection::SimpleConnection;
use std::path::Path;

use crate::config::Config;
use crate::crypto::{FieldKey, Vault};
use crate::db::meta::{self, KnownKeys};
use crate::db::{DbConn, Micros, connect, transact};
use crate::error::AppError;
use crate::privacy::moves::PLACES;
use crate::privacy::moves_store::{self, Walk};

use super::serve;

/// A machine that has not taken a rotation up seals under the key before; by then it has, or is seen to fail.
const REPLACED: i64 = 3600;

/// Whether these are the keys that the database names; the error says what to do.
pub fn fit(vault: &Vault, known: &KnownKeys, dir: &Path) -> Result<(), String> {
    if known.fingerprint != vault.fingerprint() {
        return Err(format!(
            "the keys in {} are not this database's: their fingerprint is {}, the database names {}. Put the copy of its own key folder (the recovery kit) there; never make new keys.",
            dir.display(),
            vault.fingerprint(),
            known.fingerprint
        ));
    }
    let ours = vault.key_ids();
    let missing: Vec<String> = (known.ids.iter())
        .filter(|id| !ours.contains(id))
        .map(u32::to_string)
        .collect();
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
    meta::remember_keys(&mut c, &vault.fingerprint(), &vault.key_ids()).map_err(told)?;
    println!(
        "New current keys stand in {}. Now copy the folder to your recovery kit and to every other machine.",
        config.keys_dir.display()
    );
    println!(
        "Running processes take them up within seconds; the old signing key ends with the tokens it signed, in an hour."
    );
    println!(
        "From {} on the server moves what is stored under the new key; `qianshou keys status` shows how far it came. A kit without the new key is worth nothing then.",
        Micros(moves_from(config, &vault).saturating_mul(Micros::SECOND))
    );
    Ok(())
}

fn moves_from(config: &Config, vault: &Vault) -> i64 {
    let made_at = vault.field_keys().last().map_or(0, |key| key.made_at);
    made_at.saturating_add(config.key_moves_after)
}

/// What is sealed under which key, and how far moving it has come.
pub fn status(config: &Config) -> Result<(), String> {
    let (mut c, vault) = opened(config)?;
    let rows = named(&mut c)?;
    println!("field keys, oldest first");
    let keys = vault.field_keys();
    for key in &keys {
        let what = if key.id == vault.current_key_id() {
            "current"
        } else {
            "for reading"
        };
        println!("  {}: {}", described(key, what), under(&rows, key.id));
    }
    let strange = rows.iter().map(|r| r.1);
    let mut strange: Vec<u32> = (strange.filter(|id| keys.iter().all(|k| k.id != *id))).collect();
    strange.sort_unstable();
    strange.dedup();
    for id in &strange {
        println!("  {id:>10}  NOT IN THE FOLDER: {}", under(&rows, *id));
    }
    println!("moving to the newest key");
    let walks = moves_store::walks(&mut c).map_err(told)?;
    match keys.len() {
        0 | 1 => println!("  nothing: there is one key"),
        _ if walks.iter().all(|w| !w.is_of(vault.current_key_id())) => println!(
            "  begins with the server, not before {}",
            Micros(moves_from(config, &vault).saturating_mul(Micros::SECOND))
        ),
        _ => {
            for place in PLACES {
                let walk = walks.iter().find(|w| w.place == place.at);
                let walk = walk.filter(|w| w.is_of(vault.current_key_id()));
                println!("  {}: {}", place.at, walk.map_or("waits".into(), progress));
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

/// A line for `doctor`.
pub fn moving(c: &mut DbConn, vault: &Vault) -> Result<String, String> {
    let older = vault.key_ids().len() - 1;
    if older == 0 {
        return Ok("nothing to move: there is one field key".into());
    }
    let walks = moves_store::walks(c).map_err(told)?;
    if walks.iter().all(|w| !w.is_of(vault.current_key_id())) {
        return Ok("not begun; `qianshou keys status` tells when".into());
    }
    let (mut done, mut total, mut ended, mut unreadable) = (0, 0, 0, 0);
    for walk in walks.iter().filter(|w| w.is_of(vault.current_key_id())) {
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
    let places = PLACES.len();
    if unreadable > 0 {
        return Err(format!(
            "{unreadable} rows cannot be opened; the server's log names them"
        ));
    }
    if ended == places {
        return Ok(format!(
            "all is under the newest field key; {older} older may be retired"
        ));
    }
    Ok(format!(
        "under way: {ended} of {places} columns, {done} of {total} rows of those begun"
    ))
}

/// Takes an older field key out of the folder, once nothing is sealed under it.
pub fn retire(config: &Config, id: u32) -> Result<(), String> {
    let (mut c, vault) = opened(config)?;
    let keys = vault.field_keys();
    let after = keys.iter().skip_while(|k| k.id != id).nth(1);
    let Some(after) = after else {
        return Err(if vault.current_key_id() == id {
            format!(
                "field key {id} is the current one: everything new is sealed under it. `qianshou keys rotate` makes another one."
            )
        } else {
            format!("the folder holds no field key {id}; `qianshou keys status` lists them")
        });
    };
    let waits = after.made_at + REPLACED - jiff::Timestamp::now().as_second();
    if waits > 0 {
        return Err(format!(
            "field key {id} was replaced less than an hour ago, and a machine that has not taken the new one up may still seal under it: come again in {} minutes",
            waits.div_euclid(60) + 1
        ));
    }
    let rows = named(&mut c)?;
    if rows.iter().any(|r| r.1 == id) {
        // Whatever wrote them: the server looks at every column again.
        transact(&mut c, moves_store::all_again).map_err(told)?;
        return Err(format!(
            "field key {id} is still needed: {}. The server moves them; `qianshou keys status` shows how far it came",
            under(&rows, id)
        ));
    }
    // The database first: a key that it names and the folder lacks would keep the server from starting.
    transact(&mut c, |c| meta::retire_key(c, id)).map_err(told)?;
    Vault::retire(&config.keys_dir, id).map_err(|e| e.to_string())?;
    println!(
        "Field key {id} is no longer in {}. Copy the folder to your recovery kit and to every other machine.",
        config.keys_dir.display()
    );
    println!(
        "Backups made before now may need it: keep the old kit as long as you keep them, and destroy both together."
    );
    Ok(())
}

/// A connection that may read whole tables, and keys that fit.
fn opened(config: &Config) -> Result<(DbConn, Vault), String> {
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

fn told(e: AppError) -> String {
    match std::error::Error::source(&e) {
        Some(cause) => format!("{e}: {cause}"),
        None => e.to_string(),
    }
}
