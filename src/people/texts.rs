//! The texts that people are asked to agree to: the first version is built in, later ones are an operator's, from a
//! file. What was agreed to stays what it was: a text is never changed, only followed by another version.

use serde::Deserialize;

use super::model::{ConsentTextRow, Purpose, TextLanguage};
use super::store;
use crate::audit;
use crate::auth::Action;
use crate::db::Micros;
use crate::db::{Day, DbConn};
use crate::error::{AppError, AppResult};
use crate::http::text::Note;

/// Purpose, then for zh-CN and en: what for, how, which kinds, to whom.
type Text = (Purpose, [&'static str; 4], [&'static str; 4]);

const NOBODY_ZH: &str = "不向任何第三方提供。";
const NOBODY_EN: &str = "Passed on to nobody.";

const TEXTS: &[Text] = &[
    (
        Purpose::Registration,
        [
            "为您提供与本地居民同等的免费服务，自愿登记。",
            "加密保存，仅限本地协会工作人员使用，可随时撤回。",
            "姓名、性别、出生年份、电话、住址；证件号码可不提供。",
            NOBODY_ZH,
        ],
        [
            "To offer you the same free services as local residents. Registering is voluntary.",
            "Kept encrypted, used by the local association's workers only, withdrawn at any time.",
            "Name, sex, year of birth, phone, address; a document number only if you like.",
            NOBODY_EN,
        ],
    ),
    (
        Purpose::ServiceFollowUp,
        [
            "就您接受的服务与您联系回访。",
            "由负责您的会员电话或上门回访。",
            "电话、住址、您选择的服务项目。",
            NOBODY_ZH,
        ],
        [
            "To ask how the services you chose went.",
            "By the member who looks after you, by phone or in person.",
            "Phone, address, the services you chose.",
            NOBODY_EN,
        ],
    ),
    (
        Purpose::LiaisonWithHomeArea,
        [
            "与您户籍地协会联系，衔接服务与保险。",
            "仅发送您同意的项目，对方须答复。",
            "姓名、电话、您同意的其他项目。",
            "户籍地计划生育协会；联系方式见登记回执。",
        ],
        [
            "To reach the association of your home area, so that services and insurance go on.",
            "Only the items you agree to are sent, and an answer is owed.",
            "Name, phone, and what else you agree to.",
            "The Family Planning Association of your home area; its contact stands on your receipt.",
        ],
    ),
    (
        Purpose::Insurance,
        [
            "为您办理自愿投保和理赔协助。",
            "由协助您的会员处理，保存至保险关系结束。",
            "姓名、证件、保单和理赔材料。",
            "您选择的保险公司；联系方式见保单。",
        ],
        [
            "To help you with voluntary insurance and claims.",
            "By the member who helps you, kept until the insurance ends.",
            "Name, document, policy and claim papers.",
            "The insurer you chose; its contact stands on the policy.",
        ],
    ),
    (
        Purpose::SensitiveDocuments,
        [
            "为理赔保存您提供的医疗单据。",
            "单独加密，查看须注明理由并留痕。",
            "医疗单据和鉴定材料。",
            "您选择的保险公司；联系方式见保单。",
        ],
        [
            "To keep the medical papers you hand in for a claim.",
            "Encrypted by themselves; seen for a reason that is recorded.",
            "Medical papers and appraisals.",
            "The insurer you chose; its contact stands on the policy.",
        ],
    ),
    (
        Purpose::CareSupport,
        [
            "为您的家庭申请和落实帮扶。",
            "仅由专职人员处理，不进入村级名单。",
            "家庭成员、联系方式、帮扶记录。",
            NOBODY_ZH,
        ],
        [
            "To ask for support for your family and to bring it.",
            "By care officers only; never in a village list.",
            "Family members, contact, the help given.",
            NOBODY_EN,
        ],
    ),
    (
        Purpose::Membership,
        [
            "加入协会并参加活动。",
            "由所在协会保存，退会后删除。",
            "姓名、电话、入会日期。",
            NOBODY_ZH,
        ],
        [
            "To join the association and take part.",
            "Kept by your association, deleted after you leave.",
            "Name, phone, the day you joined.",
            NOBODY_EN,
        ],
    ),
    (
        Purpose::Photos,
        [
            "在活动记录中使用您的照片。",
            "仅用于协会内部的活动报告，可随时撤回。",
            "照片，不含位置等附加信息。",
            NOBODY_ZH,
        ],
        [
            "To use photos of you in records of activities.",
            "In the association's own reports only, withdrawn at any time.",
            "Photos without place or other hidden data.",
            NOBODY_EN,
        ],
    ),
];

/// Stores the built-in texts that are not there yet.
pub fn seed(c: &mut DbConn) -> AppResult<()> {
    seed_from(c, "2026-01-01".parse().map_err(AppError::internal)?)
}

/// The same, in force from a day.
pub fn seed_from(c: &mut DbConn, in_force_from: Day) -> AppResult<()> {
    for (purpose, zh, en) in TEXTS {
        for (language, text) in [(TextLanguage::ZhCn, zh), (TextLanguage::En, en)] {
            store::upsert_text(
                c,
                &ConsentTextRow {
                    purpose: *purpose,
                    text_version: 1,
                    language,
                    purpose_text: text[0].to_owned(),
                    manner_text: text[1].to_owned(),
                    kinds_text: text[2].to_owned(),
                    recipient_text: text[3].to_owned(),
                    in_force_from,
                },
            )?;
        }
    }
    Ok(())
}

/// A new version of the text of one purpose, in both languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewText {
    pub purpose: Purpose,
    /// Not before the day on which it is imported: nobody agreed to it earlier.
    pub in_force_from: Day,
    #[serde(rename = "zh-CN")]
    pub zh: Words,
    pub en: Words,
}

/// What the law wants a consent to name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What the data is used for.
    pub purpose: Note,
    /// How it is used and kept.
    pub manner: Note,
    /// Which kinds of data.
    pub kinds: Note,
    /// To whom it is passed on, with contact; nobody, if so.
    pub recipient: Note,
}

/// Reads a file of new texts: a JSON list, each purpose once. The error is for people and names the place.
pub fn read(json: &[u8], today: Day) -> Result<Vec<NewText>, String> {
    let mut at = serde_json::Deserializer::from_slice(json);
    let texts: Vec<NewText> = serde_path_to_error::deserialize(&mut at)
        .map_err(|e| format!("{}: {}", e.path(), e.inner()))?;
    if texts.is_empty() {
        return Err("the file holds no text".into());
    }
    for (i, text) in texts.iter().enumerate() {
        if text.in_force_from < today {
            return Err(format!("[{i}].in_force_from: lies before today, {today}"));
        }
        if texts[..i].iter().any(|other| other.purpose == text.purpose) {
            return Err(format!("[{i}].purpose: {} stands twice", text.purpose));
        }
    }
    Ok(texts)
}

/// Stores new texts, each as the next version of its purpose; answers purpose and version.
pub fn import(c: &mut DbConn, texts: &[NewText], now: Micros) -> AppResult<Vec<(Purpose, i64)>> {
    let mut stored = Vec::with_capacity(texts.len());
    for new in texts {
        let text_version = store::newest_text(c, new.purpose)? + 1;
        for (language, words) in [(TextLanguage::ZhCn, &new.zh), (TextLanguage::En, &new.en)] {
            let row = ConsentTextRow {
                purpose: new.purpose,
                text_version,
                language,
                purpose_text: words.purpose.as_str().to_owned(),
                manner_text: words.manner.as_str().to_owned(),
                kinds_text: words.kinds.as_str().to_owned(),
                recipient_text: words.recipient.as_str().to_owned(),
                in_force_from: new.in_force_from,
            };
            store::upsert_text(c, &row)?;
        }
        let facts = serde_json::json!({ "what": new.purpose });
        audit::record_own(c, now, Action::ConsentTextChange, "consent_text", &facts)?;
        stored.push((new.purpose, text_version));
    }
    Ok(stored)
}
