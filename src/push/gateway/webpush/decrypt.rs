//! The browser's side of RFC 8291.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::{aead, hmac};

use super::check::Frame;
use super::subscriptions::Subscription;

/// The text of a message; nothing where it is not for this browser or was altered.
pub(super) fn decrypt(
    subscription: &Subscription,
    private: &PrivateKey,
    frame: &Frame<'_>,
) -> Option<Vec<u8>> {
    let sender = UnparsedPublicKey::new(&ECDH_P256, frame.sender);
    let secret = agree(private, sender, (), |secret| Ok(secret.to_vec())).ok()?;
    let mut info = b"WebPush: info\0".to_vec();
    info.extend_from_slice(&subscription.public);
    info.extend_from_slice(frame.sender);
    let input = hkdf(&subscription.auth, &secret, &info, 32);
    let key = hkdf(frame.salt, &input, b"Content-Encoding: aes128gcm\0", 16);
    let nonce = hkdf(frame.salt, &input, b"Content-Encoding: nonce\0", 12);
    let cipher = aead::UnboundKey::new(&aead::AES_128_GCM, &key).ok()?;
    let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).ok()?;
    let mut record = frame.record.to_vec();
    let open = aead::LessSafeKey::new(cipher)
        .open_in_place(nonce, aead::Aad::empty(), &mut record)
        .ok()?;
    // Filled up with zeros; before them stands what says that this is the last record.
    let end = open.iter().rposition(|b| *b != 0)?;
    (open.get(end) == Some(&2)).then(|| open.get(..end).unwrap_or_default().to_vec())
}

/// RFC 5869 for one block of output, by hand.
fn hkdf(salt: &[u8], input: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), input);
    let expand = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
    let mut first = info.to_vec();
    first.push(1);
    let mut out = hmac::sign(&expand, &first).as_ref().to_vec();
    out.truncate(length);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::check::frame;
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291, Appendix A, from the browser's side.
    #[test]
    fn the_worked_example_is_read() {
        let private = bytes("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
        let private = PrivateKey::from_private_key(&ECDH_P256, &private).unwrap();
        let subscription = Subscription {
            public: bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            private: None,
            server: None,
        };
        let mut body = bytes(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
        );
        let text = decrypt(&subscription, &private, &frame(&body).unwrap()).unwrap();
        assert_eq!(text, b"When I grow up, I want to be a watermelon");
        let last = body.len() - 1;
        body[last] ^= 1;
        assert!(decrypt(&subscription, &private, &frame(&body).unwrap()).is_none());
    }
}
