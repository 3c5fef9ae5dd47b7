//! `keys web-push`: the key by which browsers' push services know this installation.

use crate::config::Config;
use crate::crypto::{WEB_PUSH_FILE, WebPushKey};
use crate::db::{Micros, transact};
use crate::push::web_push::key::{self, Fit};

use super::keys::{noted, opened, told};

/// Shows the key of Web Push, or makes a new one in its place.
pub fn run(config: &Config, anew: bool) -> Result<(), String> {
    let (mut c, _) = opened(config)?;
    if !anew {
        match key::look(&mut c, &config.keys_dir)? {
            Fit::Ours(key) => println!("{}", key.public()),
            Fit::NotYet => println!("none yet; the first start makes it"),
            Fit::Missing | Fit::Other => {
                return Err(format!(
                    "the folder does not hold the key that browsers subscribed with: {}",
                    key::LOST
                ));
            }
        }
        return Ok(());
    }
    let key = WebPushKey::replace(&config.keys_dir).map_err(|e| e.to_string())?;
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let ended = transact(&mut c, |c| {
        noted(c, "web_push_replaced")?;
        key::anew(c, &key, now)
    })
    .map_err(told)?;
    println!(
        "A new {WEB_PUSH_FILE} stands in {}. Copy it to your recovery kit and to every other machine, and restart all of them.",
        config.keys_dir.display()
    );
    println!(
        "{ended} subscriptions ended with the old one; their browsers and apps subscribe anew when they are opened."
    );
    Ok(())
}
