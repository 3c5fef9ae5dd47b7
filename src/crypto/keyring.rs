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

/// The shape below. A program refuses a number it does not know.
const FORMAT: u32 = 1;

/// Every key of an installation. In both lists the oldest stands first and the last is current.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyring {
    format: u32,
    pub(super) field: Vec<FieldSecret>,
    pub(super) blind: BlindSecrets,
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

/// A key per searchable column.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlindSecrets {
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
            field: Vec::new(),
            blind: BlindSecrets {
                phone: Secret::random()?,
                document: Secret::random()?,
                push_token: Secret::random()?,
            },
            mac: MacSecrets {
                cursor: Secret::random()?,
                idempotency_body: Secret::random()?,
                secret_hash: Secret::random()?,
            },
            token: Vec::new(),
        };
        ring.rotate()?;
        Ok(ring)
    }

    /// Adds a new current field key and a new current token key; removes nothing.
    pub(super) fn rotate(&mut self) -> Result<(), CryptoError> {
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let id = loop {
            let mut bytes = [0; 4];
            rand::fill(&mut bytes).map_err(|_| CryptoError::Library)?;
            let id = u32::from_be_bytes(bytes) >> 1;
            if id != 0 && self.field.iter().all(|key| key.id != id) {
                break id;
            }
        };
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
        if format != FORMAT {
            return Err(format!(
                "it has format {format}, this program reads {FORMAT}"
            ));
        }
        let ring: Keyring = serde_json::from_slice(json).map_err(place)?;
        ring.check()?;
        Ok(ring)
    }

    fn check(&self) -> Result<(), String> {
        if self.field.is_empty() || self.token.is_empty() {
            return Err("it holds no field key or no token key".to_owned());
        }
        for (at, key) in self.field.iter().enumerate() {
            if key.id == 0 || self.field[..at].iter().any(|other| other.id == key.id) {
                return Err(format!("field key id {} is zero or stands twice", key.id));
            }
        }
        let symmetric = self.field.iter().map(|key| &key.key).chain([
            &self.blind.phone,
            &self.blind.document,
            &self.blind.push_token,
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
        let room = 2048 + 256 * self.field.len() + 512 * self.token.len();
        let mut json = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer_pretty(&mut *json, self).map_err(|_| CryptoError::Library)?;
        json.push(b'\n');
        Ok(json)
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
    fn a_damaged_file_is_refused_without_quoting_it() {
        let json = Keyring::generate().unwrap().to_json().unwrap();
        let json = std::str::from_utf8(&json).unwrap();
        let id_line = json.lines().find(|line| line.contains("\"id\"")).unwrap();

        assert!(refusal(&json[..json.len() / 2]).contains("line"));
        assert!(refusal(&json.replace("\"format\": 1", "\"format\": 9")).contains("format 9"));
        assert!(refusal(&json.replace(id_line, "\"id\": 0,")).contains("zero"));
        assert!(refusal(&json.replace("\"cursor\"", "\"curser\"")).contains("line"));

        let swapped = json.replace(id_line, "\"id\": \"hunter2hunter2\",");
        assert!(!refusal(&swapped).contains("hunter2"));
        let short = json.replace("\"phone\": \"", "\"phone\": \"AAAA");
        assert!(refusal(&short).contains("35 bytes"), "{}", refusal(&short));
    }
}
