//! The signed file that one installation makes and another imports.
//!
//! ```text
//! header      what it is, of which thread, from which keys, for which keys, when: no word about anybody
//! made        the public half of the key made for this file (`crypto::OfficeCard::seal`)
//! sealed      everything else, which only the receiver opens, bound to the header
//! signature   over format, header, made and sealed, by the sender's office
//! ```
//!
//! Nothing of it rests here: it is made when it is asked for. A file comes in once; what was altered, is for somebody
//! else, or was signed by nobody known is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use crate::crypto::{OfficeCard, OfficeKeys};
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::text::FileText;

const FORMAT: &str = "qianshou-liaison/1";

/// A file as it travels: base64url, four parts.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"header": "eyJmb3JtYXQiOiJxaWFuc2hvdS1saWFpc29uLzEiLCJpZCI6IjAxOWE4YzVlLTdjMDAtNzAwMC04MDAwLTVhMWYwYzNlOWIxMSIsIndoYXQiOiJub3RpY2UiLCJ0aHJlYWQiOiIwMTlhOGM1ZS03YzAwLTcwMDAtODAwMC01YTFmMGMzZTliMTIiLCJmcm9tIjoiMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwIiwidG8iOiIxNzdkLTA3OWMtZTFkYy0yMzBkLTMzOTgtY2I1OC00N2I0LTA1ZTciLCJtYWRlX2F0IjoiMjAyNi0wNS0yOVQwMTowMDowMFoifQ", "made": "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE", "sealed": "AAAA", "signature": "AAAA"}))]
pub struct LiaisonFile {
    header: FileText,
    made: FileText,
    sealed: FileText,
    signature: FileText,
}

/// What stands outside the seal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: String,
    pub id: Uid,
    pub what: LiaisonPaper,
    pub thread: Uid,
    pub from: String,
    pub to: String,
    pub made_at: Micros,
}

/// A notice inside the seal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentNotice {
    pub code: String,
    pub kind: LiaisonKind,
    pub regards: Option<Uid>,
    pub from_area: String,
    pub to_area: String,
    pub sent_on: Day,
    pub due_on: Day,
    pub due_days: i64,
    pub topics: Vec<LiaisonTopic>,
    pub told: Vec<(LiaisonField, String)>,
    pub note: Option<String>,
}

/// An answer inside the seal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentReply {
    pub state: LiaisonState,
    pub received_on: Option<Day>,
    pub answered_on: Option<Day>,
    pub note: Option<String>,
    pub closed_because: Option<LiaisonEnd>,
}

/// A withdrawal inside the seal: of these fields, or of everything.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentWithdrawal {
    pub code: String,
    pub fields: Vec<LiaisonField>,
}

fn text(bytes: &[u8]) -> AppResult<FileText> {
    FileText::parse(URL_SAFE_NO_PAD.encode(bytes))
        .map_err(|_| AppError::internal("a file longer than one may be"))
}

/// What is signed: each part behind its length, so that none can take from the next.
fn message(header: &[u8], made: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut all = FORMAT.as_bytes().to_vec();
    for part in [header, made, sealed] {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

/// A file about a thread, made out to an office.
pub struct Outgoing<'a, T> {
    pub id: Uid,
    pub what: LiaisonPaper,
    pub thread: Uid,
    pub at: Micros,
    pub inside: &'a T,
}

/// Seals and signs a file.
pub fn make<T: Serialize>(
    keys: &OfficeKeys,
    to: &OfficeCard,
    out: &Outgoing<'_, T>,
) -> AppResult<LiaisonFile> {
    let header = Header {
        format: FORMAT.to_owned(),
        id: out.id,
        what: out.what,
        thread: out.thread,
        from: keys.card().fingerprint(),
        to: to.fingerprint(),
        made_at: out.at,
    };
    let header = serde_json::to_vec(&header).map_err(AppError::internal)?;
    let inside = serde_json::to_vec(out.inside).map_err(AppError::internal)?;
    let (made, sealed) = to.seal(&header, &inside).map_err(AppError::internal)?;
    let signature = keys.sign(&message(&header, &made, &sealed));
    Ok(LiaisonFile {
        header: text(&header)?,
        made: text(&made)?,
        sealed: text(&sealed)?,
        signature: text(&signature.map_err(AppError::internal)?)?,
    })
}

/// A file's parts as bytes, and what its header says; nobody has vouched for any of it yet.
pub struct Incoming {
    pub header: Header,
    bytes: [Vec<u8>; 4],
}

impl LiaisonFile {
    pub fn read(&self) -> AppResult<Incoming> {
        let part = |name: &str, text: &FileText| {
            let bytes = URL_SAFE_NO_PAD.decode(text.as_str());
            bytes.map_err(|_| AppError::field(format!("/file/{name}"), Fault::BadPattern))
        };
        let bytes = [
            part("header", &self.header)?,
            part("made", &self.made)?,
            part("sealed", &self.sealed)?,
            part("signature", &self.signature)?,
        ];
        let unfit = || AppError::field("/file/header", Fault::NotFitting);
        let header: Header = serde_json::from_slice(&bytes[0]).map_err(|_| unfit())?;
        match header.format == FORMAT {
            true => Ok(Incoming { header, bytes }),
            false => Err(unfit()),
        }
    }
}

impl Incoming {
    /// Whether this office signed it and it is made out to us, be it to a card that we renewed since.
    pub fn check(&self, from: &OfficeCard, ours: &OfficeKeys) -> AppResult<()> {
        let [header, made, sealed, signature] = &self.bytes;
        if !from.signed(&message(header, made, sealed), signature) {
            return Err(AppError::of(Code::FileAltered));
        }
        match ours.answers_to(&self.header.to) {
            true => Ok(()),
            false => Err(AppError::of(Code::WrongRecipient)),
        }
    }

    /// Opens what is sealed for us.
    pub fn open<T: DeserializeOwned>(&self, ours: &OfficeKeys) -> AppResult<T> {
        let [header, made, sealed, _] = &self.bytes;
        let inside = ours.open_sealed(&self.header.to, made, header, sealed);
        let inside = inside.map_err(|_| AppError::of(Code::FileAltered))?;
        serde_json::from_slice(&inside)
            .map_err(|_| AppError::field("/file/sealed", Fault::NotFitting))
    }
}

/// Nobody registered the keys that signed it.
pub fn signer_unknown() -> AppError {
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new("/file/header", Fault::NoSuchRecord)],
        ..Problem::new(Code::SignerUnknown)
    }))
}

/// A file, or the notice in it, that came in before.
pub fn replayed(e: diesel::result::Error) -> AppError {
    match crate::db::violation(&e) {
        Some(crate::db::Violation::Unique { .. }) => AppError::of(Code::FileReplayed),
        _ => e.into(),
    }
}
