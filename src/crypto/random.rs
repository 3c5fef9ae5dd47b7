//! Secrets handed out, straight from the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{Rng as _, RngExt as _};

use super::hex::hex;

/// Digits and capitals that nobody mistakes for each other when read aloud or copied by hand:
/// without 0 O, 1 I L and U.
const CODE_ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 32 random bytes as 43 characters of base64url: a refresh token, a receipt's secret.
///
/// # Panics
/// If the operating system has no randomness to give, when nothing safe can be done.
#[must_use]
pub fn random_token() -> String {
    let mut bytes = [0; 32];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// 32 random bytes as 64 hexadecimal digits, for who takes letters and digits alone.
///
/// # Panics
/// If the operating system has no randomness to give, when nothing safe can be done.
#[must_use]
pub fn random_state() -> String {
    let mut bytes = [0_u8; 32];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    hex(&bytes)
}

/// A code for people to type, `len` characters of 4.9 bits each, every one equally likely
/// (8 characters: 6.5 · 10¹¹ codes, so attempts must be limited).
///
/// # Panics
/// If the operating system has no randomness to give, when nothing safe can be done.
#[must_use]
pub fn random_code(len: usize) -> String {
    let mut rng = UnwrapErr(SysRng);
    (0..len)
        .map(|_| char::from(CODE_ALPHABET[rng.random_range(0..CODE_ALPHABET.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tokens_are_43_url_safe_characters_and_never_repeat() {
        let tokens: HashSet<String> = (0..1000).map(|_| random_token()).collect();
        assert_eq!(tokens.len(), 1000);
        for token in &tokens {
            assert_eq!(URL_SAFE_NO_PAD.decode(token).unwrap().len(), 32);
            assert_eq!(token.len(), 43);
        }
    }

    #[test]
    fn codes_use_the_whole_alphabet_evenly_and_nothing_else() {
        assert_eq!(random_code(0), "");
        assert_eq!(random_code(9).len(), 9);
        let code = random_code(30_000);
        assert!(!code.contains(['0', 'O', '1', 'I', 'L', 'U']));
        for letter in CODE_ALPHABET {
            let count = code.bytes().filter(|b| b == letter).count();
            // 1000 expected, standard deviation 31
            assert!((800..1200).contains(&count), "{letter}: {count}");
        }
    }
}
