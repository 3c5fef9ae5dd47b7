//! Asking again without typing the code again: what a page without script hands to its own next request.
//!
//! A page that shows somebody's record must not hold the code that opens it, or whoever finds the page open could
//! take it along. It holds this instead: the code's hash, sealed by this installation, good for a few minutes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::Vault;
use crate::db::Micros;
use crate::error::{AppError, AppResult};

/// How long it is good: to read in the other language, or the next page.
const GOOD_FOR: i64 = 15 * Micros::MINUTE;
/// What the seal is bound to. It is no column: nothing of it rests.
const PLACE: &str = "receipt.again";
/// More is none of ours.
const LONGEST: usize = 400;

/// For the page that this hash of a code opened.
pub fn made(vault: &Vault, hash: &[u8], now: Micros) -> AppResult<String> {
    let until = now.plus(GOOD_FOR).0;
    let text = format!("{until} {}", URL_SAFE_NO_PAD.encode(hash));
    let sealed = vault.seal(PLACE, uuid::Uuid::nil(), &text);
    Ok(URL_SAFE_NO_PAD.encode(sealed.map_err(AppError::internal)?))
}

/// The hash, while it is good. Nobody but this installation can make one, so a wrong one is no guess at a code.
pub fn opened(vault: &Vault, text: &str, now: Micros) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = vault.open_sealed(PLACE, uuid::Uuid::nil(), &sealed).ok()?;
    let (until, hash) = text.split_once(' ')?;
    let until: i64 = until.parse().ok()?;
    if now.0 >= until {
        return None;
    }
    URL_SAFE_NO_PAD.decode(hash).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_for_a_while_and_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        let (ours, theirs) = (
            Vault::create(&ours).unwrap(),
            Vault::create(&theirs).unwrap(),
        );
        let (now, hash) = (Micros(1_000_000), [7u8; 32]);
        let text = made(&ours, &hash, now).unwrap();
        assert!(text.len() <= LONGEST && !text.contains(&URL_SAFE_NO_PAD.encode(hash)));
        let late = now.plus(GOOD_FOR);
        assert_eq!(opened(&ours, &text, late.plus(-1)), Some(hash.to_vec()));
        assert_eq!(opened(&ours, &text, late), None);
        assert_eq!(opened(&theirs, &text, now), None);
        let mut other = text.clone();
        let last = other.pop().unwrap();
        other.push(if last == 'A' { 'B' } else { 'A' });
        for wrong in [other.as_str(), "", "AAAA", "%%%", &"A".repeat(500)] {
            assert_eq!(opened(&ours, wrong, now), None, "{wrong}");
        }
    }
}
