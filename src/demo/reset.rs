//! `demo --reset`: takes away what a demo made, after a yes, and nothing else.
//!
//! `serve` has the same folders by default, so every file is proved to be the
//! demo's before the first one goes: the database carries the demo's mark, and
//! the keys are those that this database names.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use super::{Options, cast};
use crate::crypto::Vault;
use crate::db::{Target, connect, meta};

const DATA: &[&str] = &["qianshou.db", "qianshou.db-wal", "qianshou.db-shm"];
const KEYS: &[&str] = &[
    "keyring.json",
    "KEYS-README.txt",
    "web-push.pem",
    "fcm-account.json",
];

pub fn reset(options: &Options) -> Result<(), String> {
    confirm(options)?;
    if !options.database().exists() {
        eprintln!(
            "there is no demo's database in {}; nothing was removed",
            options.data_dir.display()
        );
        return Ok(());
    }
    let keys = proved(options)?;
    // The keys first: a demo's database without keys can still be recognised and removed later.
    if keys {
        remove(&options.keys_dir, KEYS)?;
        match std::fs::remove_dir(&options.keys_dir) {
            Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                return Err(format!("cannot remove {}: {e}", options.keys_dir.display()));
            }
            _ => {}
        }
    }
    remove(&options.data_dir, DATA)
}

fn confirm(options: &Options) -> Result<(), String> {
    if options.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err("--reset needs a terminal to answer on, or --yes".into());
    }
    eprint!(
        "Remove the demo's database in {} and its keys in {}? [y/N] ",
        options.data_dir.display(),
        options.keys_dir.display()
    );
    std::io::stderr().flush().map_err(|e| e.to_string())?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|e| e.to_string())?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err("nothing was removed".into())
    }
}

/// That the database is a demo's; answers whether there are keys, and that they are its own.
fn proved(options: &Options) -> Result<bool, String> {
    let database = options.database();
    let mut c = connect(&Target::Sqlite(database.display().to_string()), false)?;
    if !cast::present(&mut c).unwrap_or(false) {
        return Err(format!(
            "{} is not a demo's database; nothing was removed",
            database.display()
        ));
    }
    if !Vault::exists(&options.keys_dir) {
        return Ok(false);
    }
    let known = meta::known_keys(&mut c)
        .map_err(|e| format!("cannot read which keys the demo names: {e}"))?;
    let vault = Vault::open(&options.keys_dir).map_err(|e| e.to_string())?;
    if known.is_some_and(|k| k.fingerprint == vault.fingerprint()) {
        Ok(true)
    } else {
        Err(format!(
            "the keys in {} are not this demo's; nothing was removed",
            options.keys_dir.display()
        ))
    }
}

fn remove(folder: &Path, names: &[&str]) -> Result<(), String> {
    for name in names {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(format!("cannot remove {}: {e}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
