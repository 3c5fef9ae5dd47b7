//! Encryption for one browser or app: RFC 8291 on top of the content encoding of RFC 8188, in a single record.
//!
//! The push service that carries it sees neither text nor keys. All primitives are those of aws-lc-rs, which is
//! here anyway: the crates that do this bring a second, slower set of them.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;

use super::subscription::Receiver;

/// The record's size as the header states it: the whole message is one record.
const RECORD: u32 = 4096;
/// Salt, record size, length of the key, the key.
const HEADER: usize = 16 + 4 + 1 + 65;
const TAG: usize = 16;
/// A push service takes 4,096 bytes at least; this is what is left for the text.
pub const MOST_PLAIN: usize = RECORD as usize - HEADER - TAG - 1;
/// Shorter texts are filled up to this, so that the length does not tell the kind.
const FILLED: usize = 448;
/// Ends the last record.
const LAST: u8 = 2;

/// What goes over the wire; nothing when the text is too long or the receiver's key is none. Each message has
/// a key pair and a salt of its own.
pub fn encrypt(receiver: &Receiver, plain: &[u8]) -> Option<Vec<u8>> {
    let sender = PrivateKey::generate(&ECDH_P256).ok()?;
    let mut salt = [0; 16];
    rand::fill(&mut salt).ok()?;
    seal(receiver, plain, &sender, salt, FILLED)
}

fn seal(
    receiver: &Receiver,
    plain: &[u8],
    sender: &PrivateKey,
    salt: [u8; 16],
    filled: usize,
) -> Option<Vec<u8>> {
    if plain.len() > MOST_PLAIN {
        return None;
    }
    let public = sender.compute_public_key().ok()?;
    let (ours, theirs) = (public.as_ref(), &receiver.p256dh);
    let shared = UnparsedPublicKey::new(&ECDH_P256, theirs);
    let key: [u8; 32] = agreement::agree(sender, shared, (), |secret| {
        let info = [b"WebPush: info\0".as_slice(), theirs, ours];
        derive(&receiver.auth, secret, &info).ok_or(())
    })
    .ok()?;
    let content_key: [u8; 16] = derive(&salt, &key, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = derive(&salt, &key, &[b"Content-Encoding: nonce\0"])?;

    let room = (plain.len() + 1).max(filled);
    let mut body = Vec::with_capacity(HEADER + room + TAG);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&RECORD.to_be_bytes());
    body.push(u8::try_from(ours.len()).ok()?);
    body.extend_from_slice(ours);
    body.extend_from_slice(plain);
    body.push(LAST);
    body.resize(HEADER + room, 0);

    let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let text = body.get_mut(HEADER..)?;
    let tag = cipher
        .seal_in_place_separate_tag(nonce, Aad::empty(), text)
        .ok()?;
    body.extend_from_slice(tag.as_ref());
    Some(body)
}

struct Bytes(usize);
impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256, extract and expand.
fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    extracted.expand(info, Bytes(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// Appendix A, to the byte.
    #[test]
    fn the_worked_example_of_rfc_8291_comes_out() {
        let receiver = Receiver::read(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        )
        .unwrap();
        let sender = PrivateKey::from_private_key(
            &ECDH_P256,
            &bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        )
        .unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let sealed = seal(
            &receiver,
            b"When I grow up, I want to be a watermelon",
            &sender,
            salt,
            0,
        )
        .unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn lengths_are_bounded_and_tell_little() {
        let receiver = Receiver::read(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        )
        .unwrap();
        let (short, longer) = (
            encrypt(&receiver, b"{}").unwrap(),
            encrypt(&receiver, &[b'x'; 300]).unwrap(),
        );
        assert_eq!(short.len(), longer.len());
        assert_ne!(short[..16], longer[..16], "a salt of its own");
        assert_ne!(short[21..86], longer[21..86], "a key of its own");
        assert_eq!(MOST_PLAIN, 3993);
        assert_eq!(encrypt(&receiver, &[b'x'; MOST_PLAIN]).unwrap().len(), 4096);
        assert!(encrypt(&receiver, &[b'x'; MOST_PLAIN + 1]).is_none());
    }
}
