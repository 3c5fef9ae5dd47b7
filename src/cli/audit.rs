//! `audit verify`: walks the hash chain over the audit again, for whoever does not take the service's word for it.

use crate::audit::verify::{Known, verify};
use crate::config::Config;
use crate::crypto::hex;

use super::doctor::reached;

/// A seal as `audit verify` prints it and takes it: the number of its last entry, a colon, its hash.
pub fn known(text: &str) -> Result<Known, String> {
    let wrong = || "the number of an entry, a colon and 64 hexadecimal digits".to_owned();
    let (last, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash = hash.as_bytes();
    if hash.len() != 64 || !hash.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    let pairs = hash
        .chunks(2)
        .filter_map(|pair| std::str::from_utf8(pair).ok());
    let hash: Result<Vec<u8>, _> = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect();
    Ok(Known {
        last: last.parse().map_err(|_| wrong())?,
        hash: hash.map_err(|_| wrong())?,
    })
}

fn shown(seal: &Known) -> String {
    format!("{}:{}", seal.last, hex(&seal.hash))
}

pub fn run(config: &Config, from: i64, known: Option<&Known>) -> Result<(), String> {
    let mut c = reached(&config.target()?)?;
    let done = verify(&mut c, from, known)
        .map_err(|e| format!("{e}: {:?}", std::error::Error::source(&e)))?
        .map_err(|misfit| format!("the audit was tampered with: {misfit}"))?;
    println!(
        "{} seals over {} entries, all fit; {} entries are not sealed yet",
        done.seals, done.entries, done.unsealed
    );
    if done.removed > 0 {
        println!(
            "{} of the seals are of entries that were kept long enough and removed",
            done.removed
        );
    }
    if let Some(newest) = &done.newest {
        println!("newest seal {}", shown(newest));
        println!(
            "Write it down elsewhere: `audit verify --known` finds out if it is ever replaced."
        );
    }
    Ok(())
}
