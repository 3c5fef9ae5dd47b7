//! Properties of the vault as its callers see it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

const NAME: &str = "people.name";
const PHONE: &str = "people.phone";

struct Keys {
    _temp: tempfile::TempDir,
    dir: PathBuf,
    vault: Vault,
}

fn keys() -> Keys {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("keys");
    let vault = Vault::create(&dir).unwrap();
    Keys {
        _temp: temp,
        dir,
        vault,
    }
}

fn id() -> Uuid {
    Uuid::now_v7()
}

#[test]
fn the_vault_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Vault>();
    shared::<DataKey>();
}

#[test]
fn sealed_text_opens_in_its_place_only() {
    let Keys { vault, .. } = keys();
    let (owner, other) = (id(), id());
    let (key, wrapped) = vault.new_data_key(owner).unwrap();
    assert_eq!(wrapped.len(), 65);
    let long = "长".repeat(2000);
    for text in ["", "张三", "13800000000", long.as_str()] {
        let sealed = key.seal(NAME, owner, text).unwrap();
        assert_eq!(sealed.len(), text.len() + 29);
        assert_ne!(sealed, key.seal(NAME, owner, text).unwrap(), "fresh nonce");
        let again = vault.open_data_key(owner, &wrapped).unwrap();
        assert_eq!(again.open(NAME, owner, &sealed).unwrap(), text);
        let moved = [
            key.open(PHONE, owner, &sealed),
            key.open(NAME, other, &sealed),
        ];
        assert_eq!(
            moved,
            [
                Err(CryptoError::NotAuthentic),
                Err(CryptoError::NotAuthentic)
            ]
        );

        let sealed = vault.seal(NAME, owner, text).unwrap();
        assert_eq!(sealed.len(), text.len() + 33);
        assert_eq!(vault.open_sealed(NAME, owner, &sealed).unwrap(), text);
        let moved = [
            vault.open_sealed(PHONE, owner, &sealed),
            vault.open_sealed(NAME, other, &sealed),
        ];
        assert_eq!(
            moved,
            [
                Err(CryptoError::NotAuthentic),
                Err(CryptoError::NotAuthentic)
            ]
        );
    }
}

#[test]
fn a_column_name_longer_than_the_stack_buffer_is_bound_as_well() {
    const LONG: &str = "a_table_with_a_name_as_long_as_postgresql_allows_it_to_be_here.\
                        a_column_with_a_name_as_long_as_postgresql_allows_it_to_be_here";
    let Keys { vault, .. } = keys();
    let owner = id();
    let sealed = vault.seal(LONG, owner, "x").unwrap();
    assert_eq!(vault.open_sealed(LONG, owner, &sealed).unwrap(), "x");
    let moved = vault.open_sealed(&LONG[..LONG.len() - 1], owner, &sealed);
    assert_eq!(moved, Err(CryptoError::NotAuthentic));
}

#[test]
fn a_data_key_opens_for_its_owner_only() {
    let Keys { vault, .. } = keys();
    let (owner, other) = (id(), id());
    let (key, wrapped) = vault.new_data_key(owner).unwrap();
    let refused = vault.open_data_key(other, &wrapped).err();
    assert_eq!(refused, Some(CryptoError::NotAuthentic));
    let (others, _) = vault.new_data_key(other).unwrap();
    let sealed = key.seal(NAME, owner, "张三").unwrap();
    let refused = others.open(NAME, owner, &sealed);
    assert_eq!(refused, Err(CryptoError::NotAuthentic));
    // and what was sealed as text is no data key, even at 32 bytes
    let text = vault.seal(NAME, owner, &"x".repeat(32)).unwrap();
    assert!(vault.open_data_key(owner, &text).is_err());
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let Keys { vault, .. } = keys();
    let owner = id();
    let (key, wrapped) = vault.new_data_key(owner).unwrap();
    let field = key.seal(NAME, owner, "张三").unwrap();
    let name = vault.seal(NAME, owner, "张三").unwrap();
    let refused = |bytes: &[u8], which: usize| match which {
        0 => key.open(NAME, owner, bytes).is_err(),
        1 => vault.open_sealed(NAME, owner, bytes).is_err(),
        _ => vault.open_data_key(owner, bytes).is_err(),
    };
    for (which, sealed) in [field, name, wrapped].iter().enumerate() {
        assert!(!refused(sealed, which));
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(&altered, which), "{which}, bit {bit}");
        }
        for len in 0..sealed.len() {
            assert!(refused(&sealed[..len], which), "{which}, cut to {len}");
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert!(refused(&longer, which));
    }
    let sm4 = key.open(NAME, owner, &[2; 64]);
    assert_eq!(sm4, Err(CryptoError::UnknownAlgorithm(2)));
}

#[test]
fn rotation_reads_old_and_writes_new() {
    let Keys { dir, vault, _temp } = keys();
    let owner = id();
    let (key, wrapped) = vault.new_data_key(owner).unwrap();
    let field = key.seal(NAME, owner, "张三").unwrap();
    let name = vault.seal(NAME, owner, "李四").unwrap();
    assert_eq!(vault.rewrap_data_key(owner, &wrapped), Ok(None));
    assert_eq!(vault.reseal(NAME, owner, &name), Ok(None));

    let after = Vault::rotate(&dir).unwrap();
    let (old, new) = (vault.current_key_id(), after.current_key_id());
    assert_ne!(old, new);
    assert_eq!(vault.key_ids(), [old]);
    assert_eq!(after.key_ids(), [old, new]);
    assert_eq!(after.fingerprint(), vault.fingerprint());
    assert_eq!(after.open_sealed(NAME, owner, &name).unwrap(), "李四");

    let rewrapped = after.rewrap_data_key(owner, &wrapped).unwrap().unwrap();
    assert_eq!(rewrapped[1..5], new.to_be_bytes());
    for wrapped in [&wrapped, &rewrapped] {
        let key = after.open_data_key(owner, wrapped).unwrap();
        assert_eq!(key.open(NAME, owner, &field).unwrap(), "张三");
    }
    assert_eq!(after.rewrap_data_key(owner, &rewrapped), Ok(None));
    let misplaced = after.rewrap_data_key(id(), &wrapped);
    assert_eq!(misplaced, Err(CryptoError::NotAuthentic));
    let resealed = after.reseal(NAME, owner, &name).unwrap().unwrap();
    assert_eq!(after.open_sealed(NAME, owner, &resealed).unwrap(), "李四");

    // who has only the keys of before does not read what came after, and is told which key is missing
    fs::remove_dir_all(&dir).unwrap();
    let refused = vault.open_data_key(owner, &rewrapped).unwrap_err();
    assert_eq!(refused, CryptoError::UnknownKey(new));
    assert!(refused.to_string().contains(&new.to_string()));
}

#[test]
fn rotations_at_the_same_time_lose_no_key() {
    let Keys { dir, vault, _temp } = keys();
    let made: Vec<u32> = std::thread::scope(|scope| {
        let rotate = || Vault::rotate(&dir).unwrap().current_key_id();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let held = Vault::open(&dir).unwrap().key_ids();
    assert_eq!(held.len(), 7);
    assert!(made.iter().all(|id| held.contains(id)));
    assert_eq!(held[0], vault.current_key_id());
}

#[test]
fn two_processes_with_the_same_folder_agree() {
    let Keys { dir, vault, _temp } = keys();
    let other = Vault::open(&dir).unwrap();
    let owner = id();
    let (key, wrapped) = vault.new_data_key(owner).unwrap();
    let field = key.seal(PHONE, owner, "13800000000").unwrap();
    let theirs = other.open_data_key(owner, &wrapped).unwrap();
    assert_eq!(theirs.open(PHONE, owner, &field).unwrap(), "13800000000");
    let blind = |vault: &Vault| vault.blind(BlindColumn::Phone, "+8613800000000");
    assert_eq!(blind(&vault), blind(&other));
    let tag = vault.mac(MacPurpose::Cursor, &[b"here"]);
    assert!(other.verify_mac(MacPurpose::Cursor, &[b"here"], &tag));
    assert_eq!(vault.fingerprint(), other.fingerprint());
    assert_eq!(vault.key_ids(), other.key_ids());
    assert_eq!(vault.tokens().jwks(0), other.tokens().jwks(0));
}

#[test]
fn a_running_process_takes_up_the_keys_of_a_rotation() {
    let Keys { dir, vault, _temp } = keys();
    let signer = Vault::open(&dir).unwrap();
    let rotated = Vault::rotate(&dir).unwrap();
    let owner = id();
    let sealed = rotated.seal(NAME, owner, "张三").unwrap();
    assert_eq!(vault.open_sealed(NAME, owner, &sealed).unwrap(), "张三");
    assert_eq!(vault.key_ids(), rotated.key_ids());
    let claims = serde_json::json!({ "iss": "us", "aud": "api", "iat": 1, "exp": 100 });
    let token = rotated.tokens().sign(&claims).unwrap();
    let read = signer.verify_token::<serde_json::Value>(&token, "us", "api", 2, 0);
    assert_eq!(read, Ok(claims));

    // it looked a moment ago, and asks the disk for unknown keys no more often
    let again = Vault::rotate(&dir).unwrap();
    let sealed = again.seal(NAME, owner, "李四").unwrap();
    assert_eq!(
        vault.open_sealed(NAME, owner, &sealed),
        Err(CryptoError::UnknownKey(again.current_key_id()))
    );
    assert!(vault.look().unwrap(), "the folder has changed");
    assert!(!vault.look().unwrap(), "and only once");
    assert_eq!(vault.open_sealed(NAME, owner, &sealed).unwrap(), "李四");

    let theirs = keys();
    fs::rename(theirs.dir.join("keyring.json"), dir.join("keyring.json")).unwrap();
    assert!(matches!(vault.look(), Err(KeyError::Content { .. })));
    assert_eq!(vault.open_sealed(NAME, owner, &sealed).unwrap(), "李四");
}

#[test]
fn another_folder_is_told_apart_by_key_id_and_fingerprint() {
    let (ours, theirs) = (keys(), keys());
    let owner = id();
    let (_, wrapped) = ours.vault.new_data_key(owner).unwrap();
    let refused = theirs.vault.open_data_key(owner, &wrapped).unwrap_err();
    assert_eq!(
        refused,
        CryptoError::UnknownKey(ours.vault.current_key_id())
    );
    assert_ne!(ours.vault.fingerprint(), theirs.vault.fingerprint());
}

#[test]
fn keys_are_never_overwritten() {
    let Keys { dir, vault, _temp } = keys();
    assert!(Vault::exists(&dir));
    let again = Vault::create(&dir);
    assert!(matches!(again, Err(KeyError::AlreadyThere(at)) if at == dir));
    assert_eq!(Vault::open(&dir).unwrap().key_ids(), vault.key_ids());

    // even a link that leads nowhere is somebody's mounted secret, not an empty folder
    let file = dir.join("keyring.json");
    fs::remove_file(&file).unwrap();
    assert!(!Vault::exists(&dir));
    std::os::unix::fs::symlink("/nowhere/keyring.json", &file).unwrap();
    assert!(Vault::exists(&dir));
    assert!(matches!(
        Vault::create(&dir),
        Err(KeyError::AlreadyThere(_))
    ));
}

#[test]
fn a_folder_open_to_others_is_refused_by_every_command() {
    let Keys { dir, _temp, .. } = keys();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
    for refused in [Vault::open(&dir), Vault::rotate(&dir), Vault::create(&dir)] {
        assert!(matches!(
            refused,
            Err(KeyError::Permissions { mode: 0o750, .. })
        ));
    }
}

#[test]
fn a_damaged_keyring_is_refused_and_left_alone() {
    let Keys { dir, _temp, .. } = keys();
    let file = dir.join("keyring.json");
    let whole = fs::read_to_string(&file).unwrap();
    // a valid shape whose token key is no key
    let at = whole.find("\"pkcs8\": \"").unwrap() + 10;
    let broken = format!("{}AAAA{}", &whole[..at], &whole[at + 4..]);
    fs::write(&file, &broken).unwrap();
    for refused in [Vault::open(&dir), Vault::rotate(&dir)] {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("token key 1"), "{message}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), broken);
}

#[test]
fn blind_indexes_are_stable_and_differ_by_column() {
    let Keys { vault, .. } = keys();
    let columns = [
        BlindColumn::Phone,
        BlindColumn::Document,
        BlindColumn::PushToken,
    ];
    let blinded = columns.map(|column| vault.blind(column, "+8613800000000"));
    assert!(blinded.iter().all(|bytes| bytes.len() == 37));
    assert_ne!(blinded[0], blinded[1]);
    assert_ne!(blinded[0], blinded[2]);
    assert_ne!(blinded[1], blinded[2]);
    assert_eq!(blinded, columns.map(|c| vault.blind(c, "+8613800000000")));
    assert_ne!(
        blinded[0],
        vault.blind(BlindColumn::Phone, "+8613800000001")
    );
}

#[test]
fn tags_bind_purpose_and_parts_and_may_be_cut_to_16_bytes() {
    let Keys { vault, .. } = keys();
    let parts: [&[u8]; 2] = [b"ab", b"c"];
    let tag = vault.mac(MacPurpose::Cursor, &parts);
    let holds = |parts: &[&[u8]], tag: &[u8]| vault.verify_mac(MacPurpose::Cursor, parts, tag);
    for len in 0..=32 {
        assert_eq!(holds(&parts, &tag[..len]), len >= 16, "{len} bytes");
    }
    assert!(!holds(&parts, &[tag.as_slice(), &[0]].concat()));
    assert!(!holds(&[b"a", b"bc"], &tag));
    assert!(!holds(&[b"abc"], &tag));
    assert!(!holds(&[b"ab", b"c", b""], &tag));
    let mut altered = tag;
    altered[15] ^= 1;
    assert!(!holds(&parts, &altered[..16]));
    assert!(!vault.verify_mac(MacPurpose::SecretHash, &parts, &tag));
    assert!(!vault.verify_mac(MacPurpose::IdempotencyBody, &parts, &tag));
}

#[test]
fn debug_shows_no_key() {
    let Keys { dir, vault, _temp } = keys();
    let (key, _) = vault.new_data_key(id()).unwrap();
    let shown = format!("{vault:?} {key:?} {:?}", vault.tokens());
    let file = fs::read_to_string(dir.join("keyring.json")).unwrap();
    let secrets = file.split('"').filter(|part| part.len() >= 43);
    assert_eq!(secrets.inspect(|s| assert!(!shown.contains(*s))).count(), 8);
    assert!(shown.contains(&vault.current_key_id().to_string()));
}

#[test]
fn a_retired_key_reads_nothing_and_the_current_one_stays() {
    let Keys { dir, vault, .. } = &keys();
    let owner = id();
    let old = vault.current_key_id();
    let (_, wrapped) = vault.new_data_key(owner).unwrap();
    let rotated = Vault::rotate(dir).unwrap();
    let (new, moved) = (
        rotated.current_key_id(),
        rotated.rewrap_data_key(owner, &wrapped).unwrap().unwrap(),
    );
    let ages: Vec<_> = rotated.field_keys().iter().map(|key| key.id).collect();
    assert_eq!(ages, [old, new], "oldest first");
    for id in [new, 0, old ^ 1] {
        let refused = Vault::retire(dir, id).err().unwrap();
        assert!(matches!(refused, KeyError::NotOlder(named) if named == id));
    }
    assert_eq!(Vault::open(dir).unwrap().key_ids(), [old, new]);

    let retired = Vault::retire(dir, old).unwrap();
    assert_eq!(retired.key_ids(), [new]);
    assert_eq!(retired.fingerprint(), vault.fingerprint());
    retired.open_data_key(owner, &moved).unwrap();
    let lost = retired.open_data_key(owner, &wrapped).unwrap_err();
    assert_eq!(lost, CryptoError::UnknownKey(old));
    assert!(lost.to_string().contains("recovery kit"));
    // A process that runs goes by the folder.
    assert!(vault.look().unwrap());
    assert_eq!(vault.key_ids(), [new]);
}
