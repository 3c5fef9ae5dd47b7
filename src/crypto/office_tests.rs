//! Keys of offices: made once, renewed, and opening only what was sealed for them.

use super::*;

fn keys(temp: &tempfile::TempDir, name: &str) -> OfficeKeys {
    let dir = temp.path().join(name);
    drop(Folder::make(&dir).unwrap());
    OfficeKeys::open_or_make(&dir).unwrap()
}

#[test]
fn keys_are_made_once_kept_private_and_read_back() {
    let temp = tempfile::tempdir().unwrap();
    let made = keys(&temp, "a");
    let dir = temp.path().join("a");
    assert_eq!(OfficeKeys::open(&dir).unwrap().unwrap().card(), made.card());
    assert_eq!(OfficeKeys::open_or_make(&dir).unwrap().card(), made.card());
    let fingerprint = made.card().fingerprint();
    assert_eq!((fingerprint.len(), fingerprint.split('-').count()), (39, 8));
    assert_ne!(keys(&temp, "b").card().fingerprint(), fingerprint);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(dir.join(FILE)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    std::fs::write(
        dir.join(FILE),
        r#"{"format":1,"signing":"AAAA","sealing":""}"#,
    )
    .unwrap();
    assert!(matches!(
        OfficeKeys::open(&dir),
        Err(KeyError::NoOfficeKeys(_))
    ));
}

#[test]
fn only_the_receiver_opens_and_only_what_was_sealed() {
    let temp = tempfile::tempdir().unwrap();
    let (a, b) = (keys(&temp, "a"), keys(&temp, "b"));
    let ours = b.card().fingerprint();
    let (made, sealed) = b.card().seal(b"header", b"text").unwrap();
    assert_eq!(
        b.open_sealed(&ours, &made, b"header", &sealed)
            .unwrap()
            .as_slice(),
        b"text"
    );
    assert!(a.open_sealed(&ours, &made, b"header", &sealed).is_err());
    assert!(b.open_sealed(&ours, &made, b"another", &sealed).is_err());
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(
            b.open_sealed(&ours, &made, b"header", &altered).is_err(),
            "{at}"
        );
    }
    assert!(b.open_sealed(&ours, &[0; 32], b"header", &sealed).is_err());
    assert!(b.open_sealed(&ours, &made, b"header", b"short").is_err());
    // The same text twice is not the same bytes.
    assert_ne!(b.card().seal(b"header", b"text").unwrap().1, sealed);
}

#[test]
fn keys_that_were_renewed_open_what_is_on_its_way_and_sign_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let mut cards = vec![keys(&temp, "a").card()];
    let dir = temp.path().join("a");
    let sealed = |card: &OfficeCard| card.seal(b"header", b"text").unwrap();
    let on_the_way: Vec<_> = (0..=KEPT + 1)
        .map(|_| {
            let card = *cards.last().unwrap();
            let on_its_way = (card.fingerprint(), sealed(&card));
            cards.push(OfficeKeys::renew(&dir).unwrap().card());
            on_its_way
        })
        .collect();
    let now = OfficeKeys::open(&dir).unwrap().unwrap();
    assert_eq!(Some(&now.card()), cards.last());
    for (at, (card, (made, bytes))) in on_the_way.iter().rev().enumerate() {
        let opened = now.open_sealed(card, made, b"header", bytes);
        assert_eq!(
            (opened.is_ok(), now.answers_to(card)),
            (at < KEPT, at < KEPT),
            "{at}"
        );
    }
    let signed = now.sign(b"text").unwrap();
    assert!(now.card().signed(b"text", &signed));
    assert!(!cards[cards.len() - 2].signed(b"text", &signed));
    // Of keys before nothing that signs is kept.
    let text = std::fs::read_to_string(dir.join(FILE)).unwrap();
    assert_eq!(text.matches("\"signing\"").count(), 1);
}

#[test]
fn a_signature_is_of_one_office_and_one_text() {
    let temp = tempfile::tempdir().unwrap();
    let (a, b) = (keys(&temp, "a"), keys(&temp, "b"));
    let signed = a.sign(b"text").unwrap();
    assert!(a.card().signed(b"text", &signed));
    assert!(!a.card().signed(b"texts", &signed));
    assert!(!b.card().signed(b"text", &signed));
    assert!(!a.card().signed(b"text", &signed[1..]));
}
