//! `keys office`: the keys by which other installations know this one.

use crate::config::Config;
use crate::crypto::{OFFICE_FILE, OfficeKeys};
use crate::db::{meta, transact};
use crate::liaison::peers::keys::{self, Fit, LOST};

use super::keys::{noted, opened, told};

/// Shows the digest of our card, or makes new keys in the place of the old.
pub fn run(config: &Config, anew: bool) -> Result<(), String> {
    let (mut c, _) = opened(config)?;
    if !anew {
        return match keys::look(&mut c, &config.keys_dir)? {
            Fit::Ours(keys) => {
                println!("{}", keys.card().fingerprint());
                Ok(())
            }
            Fit::NotYet => {
                println!("none yet; they are made when somebody first asks for the card");
                Ok(())
            }
            Fit::Missing | Fit::Other => Err(format!(
                "the folder does not hold the keys that other offices know: {LOST}"
            )),
        };
    }
    let keys = OfficeKeys::renew(&config.keys_dir).map_err(|e| e.to_string())?;
    let card = keys.card().fingerprint();
    transact(&mut c, |c| {
        noted(c, "office_renewed")?;
        meta::remember_office_keys(c, &card)
    })
    .map_err(told)?;
    println!(
        "New keys stand in {OFFICE_FILE} in {}. Copy it to your recovery kit and to every other machine; running processes take it up by themselves.",
        config.keys_dir.display()
    );
    println!("The digest of the new card: {card}");
    println!(
        "Until an office elsewhere has registered the new card it refuses our files; read the digest out to each by telephone. What they sealed for the card before is still opened here."
    );
    Ok(())
}
