//! The content of `keyring.json`: its shape, how it is made, checked and grown.

use std::fmt;
use std::ops::Deref;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::aead::KEY_LEN;
use super::error::CryptoError;
use super::mac;

/// The shape below. A program refuses a number it does not know.
const FORMAT: u32 = 2;
/// The shape before index keys could be replaced. It is read, and written anew with the next change.
const FIRST_FORMAT: u32 = 1;

/// Every key of an installation. In each list the oldest stands first and the last is current.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyring {
    format: u32,
    /// By which a database knows its keys; it stays when keys are replaced.
    pub(super) fingerprint: String,
    pub(super) field: Vec<FieldSecret>,
    pub(super) blind: Vec<BlindSecrets>,
    pub(super) mac: MacSecrets,
    pub(super) token: Vec<TokenSecret>,
}

/// Wraps data keys and seals what belongs to no person.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSecret {
    /// Random, so that a database never takes another installation's key for its own; 31 bits, to
    /// fit every integer column.
    pub(super) id: u32,
    /// When it was made, in seconds since 1970; the key before it was replaced then.
    pub(super) created: u64,
    pub(super) key: Secret,
}

/// The same of [`FIRST_FORMAT`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstKeyring {
    #[serde(rename = "format")]
    _format: u32,
    field: Vec<FieldSecret>,
    blind: FirstBlind,
    mac: MacSecrets,
    token: Vec<TokenSecret>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstBlind {
    phone: Secret,
    document: Secret,
    push_token: Secret,
}

/// A key per searchable column.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlindSecrets {
    /// Random, and named by every index made with it; 0 for the keys of the first format, whose indexes name none.
    pub(super) id: u32,
    /// When they were made, in seconds since 1970.
    pub(super) created: u64,
    pub(super) phone: Secret,
    pub(super) document: Secret,
    pub(super) push_token: Secret,
}

/// A key per purpose of a tag.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MacSecrets {
    pub(super) cursor: Secret,
    pub(super) idempotency_body: Secret,
    pub(super) secret_hash: Secret,
}

/// Signs access tokens. Its `kid` is computed from the public key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenSecret {
    /// When it was made, in seconds since 1970; the key before it retired then.
    pub(super) created: u64,
    /// A P-256 private key, PKCS#8 DER.
    pub(super) pkcs8: Secret,
}

impl Keyring {
    /// Random keys, one of each.
    pub(super) fn generate() -> Result<Keyring, CryptoError> {
        let mut ring = Keyring {
            format: FORMAT,
            fingerprint: String::new(),
            field: Vec::new(),
            blind: Vec::new(),
            mac: MacSecrets {
                cursor: Secret::random()?,
                idempotency_body: Secret::random()?,
                secret_hash: Secret::random()?,
            },
            token: Vec::new(),
        };
        ring.rotate_index()?;
        ring.fingerprint = mac::fingerprint(&ring.blind[0], &ring.mac);
        ring.rotate()?;
        Ok(ring)
    }

    /// Adds new current index keys; removes nothing.
    pub(super) fn rotate_index(&mut self) -> Result<(), CryptoError> {
        let id = new_id(|id| self.blind.iter().any(|keys| keys.id == id))?;
        self.blind.push(BlindSecrets {
            id,
            created: now(),
            phone: Secret::random()?,
            document: Secret::random()?,
            push_token: Secret::random()?,
        });
        Ok(())
    }

    /// Takes older index keys out; false where they are not there. The current ones stay, whatever is asked.
    pub(super) fn retire_index(&mut self, id: u32) -> bool {
        let older = self.blind.len().saturating_sub(1);
        let at = self.blind[..older].iter().position(|keys| keys.id == id);
        at.map(|at| self.blind.remove(at)).is_some()
    }

    /// Adds a new current field key and a new current token key; removes nothing.
    pub(super) fn rotate(&mut self) -> Result<(), CryptoError> {
        let created = now();
        let id = new_id(|id| self.field.iter().any(|key| key.id == id))?;
        let key = Secret::random()?;
        self.field.push(FieldSecret { id, created, key });
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|pair| pair.to_pkcs8v1())
            .map_err(|_| CryptoError::Library)?;
        let pkcs8 = Secret(Zeroizing::new(pair.as_ref().to_vec()));
        self.token.push(TokenSecret { created, pkcs8 });
        Ok(())
    }

    /// Takes a field key out; false where it is not there. The current one stays, whatever is asked.
    pub(super) fn retire(&mut self, id: u32) -> bool {
        let older = self.field.len().saturating_sub(1);
        let at = self.field[..older].iter().position(|key| key.id == id);
        at.map(|at| self.field.remove(at)).is_some()
    }

    /// Reads and checks the file's content. The error says what is wrong and where, never what
    /// stands there: serde's own messages would quote a key.
    pub(super) fn parse(json: &[u8]) -> Result<Keyring, String> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let place = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            format!("it is cut short or not of the expected shape (line {line}, column {column})")
        };
        let Version { format } = serde_json::from_slice(json).map_err(place)?;
        let ring = match format {
            FORMAT => serde_json::from_slice(json).map_err(place)?,
            FIRST_FORMAT => {
                let first: FirstKeyring = serde_json::from_slice(json).map_err(place)?;
                first.now()
            }
            _ => {
                return Err(format!(
                    "it has format {format}, this program reads up to {FORMAT}"
                ));
            }
        };
        ring.check()?;
        Ok(ring)
    }

    fn check(&self) -> Result<(), String> {
        if self.field.is_empty() || self.token.is_empty() || self.blind.is_empty() {
            return Err("it holds no field key, no index keys or no token key".to_owned());
        }
        for (at, keys) in self.blind.iter().enumerate() {
            let named_before = self.blind[..at].iter().any(|other| other.id == keys.id);
            if named_before || (keys.id == 0 && at > 0) {
                return Err(format!("index key id {} is zero or stands twice", keys.id));
            }
        }
        for (at, key) in self.field.iter().enumerate() {
            if key.id == 0 || self.field[..at].iter().any(|other| other.id == key.id) {
                return Err(format!("field key id {} is zero or stands twice", key.id));
            }
        }
        let blind = (self.blind.iter()).flat_map(|k| [&k.phone, &k.document, &k.push_token]);
        let symmetric = self.field.iter().map(|key| &key.key).chain(blind).chain([
            &self.mac.cursor,
            &self.mac.idempotency_body,
            &self.mac.secret_hash,
        ]);
        for key in symmetric {
            if key.len() != KEY_LEN {
                let len = key.len();
                return Err(format!("a key has {len} bytes instead of {KEY_LEN}"));
            }
        }
        Ok(())
    }

    /// The file's content, in one buffer that is wiped.
    pub(super) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        // enough that the buffer never moves and leaves a copy behind
        let room = 2048 + 256 * self.field.len() + 512 * (self.token.len() + self.blind.len());
        let mut json = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer_pretty(&mut *json, self).map_err(|_| CryptoError::Library)?;
        json.push(b'\n');
        Ok(json)
    }
}

impl FirstKeyring {
    fn now(self) -> Keyring {
        let FirstBlind {
            phone,
            document,
            push_token,
        } = self.blind;
        let blind = BlindSecrets {
            id: 0,
            created: 0,
            phone,
            document,
            push_token,
        };
        Keyring {
            format: FORMAT,
            fingerprint: mac::fingerprint(&blind, &self.mac),
            field: self.field,
            blind: vec![blind],
            mac: self.mac,
            token: self.token,
        }
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A random id that is not taken.
fn new_id(taken: impl Fn(u32) -> bool) -> Result<u32, CryptoError> {
    loop {
        let mut bytes = [0; 4];
        rand::fill(&mut bytes).map_err(|_| CryptoError::Library)?;
        let id = u32::from_be_bytes(bytes) >> 1;
        if id != 0 && !taken(id) {
            return Ok(id);
        }
    }
}

/// Key bytes, base64 in the file, wiped when dropped. Has no `Debug`.
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    fn random() -> Result<Secret, CryptoError> {
        let mut bytes = Zeroizing::new(vec![0; KEY_LEN]);
        rand::fill(&mut bytes).map_err(|_| CryptoError::Library)?;
        Ok(Secret(bytes))
    }
}

impl Deref for Secret {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(&*self.0));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Secret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
                STANDARD
                    .decode_vec(text, &mut bytes)
                    .map_err(|_| E::custom("not base64"))?;
                Ok(Secret(bytes))
            }
        }
        deserializer.deserialize_str(Base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        Keyring::parse(json.as_bytes()).err().unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut ring = Keyring::generate().unwrap();
        ring.rotate().unwrap();
        let json = ring.to_json().unwrap();
        let again = Keyring::parse(&json).unwrap();
        assert_eq!(again.to_json().unwrap(), json);
        assert_eq!(again.field.len(), 2);
        assert!(again.field.iter().all(|key| i32::try_from(key.id).is_ok()));
    }

    #[test]
    fn a_key_that_is_current_is_not_retired() {
        let mut ring = Keyring::generate().unwrap();
        ring.rotate().unwrap();
        let ids: Vec<u32> = ring.field.iter().map(|key| key.id).collect();
        assert!(!ring.retire(ids[1]) && !ring.retire(0));
        assert!(ring.retire(ids[0]) && !ring.retire(ids[0]));
        assert!(!ring.retire(ids[1]), "the last one");
        assert_eq!(ring.field.len(), 1);
    }

    #[test]
    fn a_file_of_the_first_format_is_read_and_written_as_one_of_this() {
        let ring = Keyring::generate().unwrap();
        let json = ring.to_json().unwrap();
        let mut old: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let keys = old["blind"][0].clone();
        old["format"] = 1.into();
        old.as_object_mut().unwrap().remove("fingerprint");
        old["blind"] = serde_json::json!({ "phone": keys["phone"], "document": keys["document"], "push_token": keys["push_token"] });
        let mut first = Keyring::parse(old.to_string().as_bytes()).unwrap();
        assert_eq!(first.fingerprint, ring.fingerprint, "as it was told before");
        assert_eq!(first.blind[0].id, 0);
        first.rotate_index().unwrap();
        let again = Keyring::parse(&first.to_json().unwrap()).unwrap();
        assert_eq!((again.format, again.blind.len()), (FORMAT, 2));
        assert_eq!(again.fingerprint, ring.fingerprint, "it outlives its keys");
        assert!(first.retire_index(0) && !first.retire_index(first.blind[0].id));
    }

    #[test]
    fn a_damaged_file_is_refused_without_quoting_it() {
        let json = Keyring::generate().unwrap().to_json().unwrap();
        let json = std::str::from_utf8(&json).unwrap();
        // The first one is that of a field key.
        let id_line = json.lines().find(|line| line.contains("\"id\"")).unwrap();

        assert!(refusal(&json[..json.len() / 2]).contains("line"));
        assert!(refusal(&json.replace("\"format\": 2", "\"format\": 9")).contains("format 9"));
        assert!(refusal(&json.replace(id_line, "\"id\": 0,")).contains("zero"));
        assert!(refusal(&json.replace("\"cursor\"", "\"curser\"")).contains("line"));

        let swapped = json.replace(id_line, "\"id\": \"hunter2hunter2\",");
        assert!(!refusal(&swapped).contains("hunter2"));
        let short = json.replace("\"phone\": \"", "\"phone\": \"AAAA");
        assert!(refusal(&short).contains("35 bytes"), "{}", refusal(&short));
    }
}
