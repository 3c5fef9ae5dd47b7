//! A notice, or a withdrawal, on paper: for an office that has no installation.
//!
//! One page fit to print, in zh-CN as such letters are, with the code by which the answer is entered here and a slip
//! to send it back on. It is made as it is asked for and rests nowhere.

use super::disclosure::LiaisonField;
use super::file::SentNotice;
use super::model::{LiaisonKind, LiaisonTopic};
use crate::db::Day;
use crate::http::html::escaped;

/// What a letter says besides what was told.
pub struct Letter<'a> {
    pub office: &'a str,
    /// The two areas by name and code.
    pub from: &'a str,
    pub to: &'a str,
    pub today: Day,
}

const STYLE: &str = "body{font:12pt/1.8 serif;max-width:17cm;margin:1.5cm auto;color:#000}\
    h1{font-size:18pt;text-align:center}table{border-collapse:collapse;width:100%}\
    td,th{border:1px solid #000;padding:2mm 3mm;text-align:left;vertical-align:top}th{width:5cm;font-weight:normal}\
    .code{font:bold 14pt monospace;letter-spacing:1px}.slip{border-top:1px dashed #000;margin-top:1cm;padding-top:5mm;page-break-inside:avoid}\
    .hint{font-size:10pt}@page{size:A4;margin:1.5cm}";

/// What may stand in a page as text.
fn text(raw: &str) -> String {
    escaped(raw).replace('\n', "<br>")
}

fn kind(kind: LiaisonKind) -> &'static str {
    match kind {
        LiaisonKind::RegistrationNotice => "流动人口登记通报",
        LiaisonKind::Acknowledgement => "签收回执",
        LiaisonKind::ServiceReferral => "服务转介",
        LiaisonKind::InformationRequest => "信息协查",
        LiaisonKind::InsuranceContinuation => "保险接续通报",
        LiaisonKind::DepartureNotice => "离开通报",
        LiaisonKind::ArrivalBackNotice => "返乡通报",
        LiaisonKind::ResidenceTransfer => "居住地转接",
    }
}

fn field(field: LiaisonField) -> &'static str {
    match field {
        LiaisonField::Name => "姓名",
        LiaisonField::Phone => "联系电话",
        LiaisonField::Sex => "性别",
        LiaisonField::BirthYear => "出生年份",
        LiaisonField::DocumentMasked => "证件号码（部分）",
        LiaisonField::PresentArea => "现居住地区划代码",
        LiaisonField::Address => "现住址",
        LiaisonField::ArrivedOn => "到达日期",
        LiaisonField::ExpectedStay => "预计居住时间",
        LiaisonField::StayReason => "来此原因",
        LiaisonField::LeftOn => "离开日期",
        LiaisonField::LeftReason => "离开原因",
        LiaisonField::Needs => "希望得到的服务",
        LiaisonField::Insurer => "承保机构",
        LiaisonField::InsuredUntil => "保险期至",
    }
}

fn topic(topic: LiaisonTopic) -> &'static str {
    match topic {
        LiaisonTopic::HomeRegistration => "户籍登记情况",
        LiaisonTopic::ServicesAtHome => "在户籍地可享受的服务",
        LiaisonTopic::InsuranceAtHome => "在户籍地的参保情况",
        LiaisonTopic::SchoolingAtHome => "子女在户籍地就学情况",
        LiaisonTopic::ContactOffice => "承办单位联系方式",
    }
}

/// The words of the record in Chinese; what is none of them stands as it is, and so does whatever somebody typed.
fn word(told: LiaisonField, value: &str) -> String {
    use LiaisonField as F;
    let coded = matches!(
        told,
        F::Sex | F::ExpectedStay | F::StayReason | F::LeftReason | F::Needs
    );
    if !coded {
        return text(value);
    }
    let known = |word: &str| match word {
        "male" => "男",
        "female" => "女",
        "unknown" => "未知",
        "unspecified" => "未说明",
        "under_one_month" => "不到一个月",
        "one_to_six_months" => "一至六个月",
        "six_to_twelve_months" => "半年至一年",
        "over_one_year" => "一年以上",
        "work" => "务工",
        "study" => "上学",
        "family" => "家庭",
        "business" => "经商",
        "other" => "其他",
        "returned_home" => "返乡",
        "moved_elsewhere" => "迁往他处",
        "work_ended" => "务工结束",
        "study_ended" => "学业结束",
        "health" => "健康服务",
        "schooling" => "子女就学",
        "employment" => "就业",
        "legal_aid" => "法律援助",
        "insurance_guidance" => "保险指导",
        "culture_and_sport" => "文体活动",
        _ => "",
    };
    let parts: Vec<&str> = value.split(',').collect();
    match parts.iter().all(|part| !known(part).is_empty()) {
        true => parts
            .iter()
            .map(|part| known(part))
            .collect::<Vec<_>>()
            .join("、"),
        false => text(value),
    }
}

fn page(title: &str, inside: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1>{inside}</html>"
    )
}

/// A notice.
pub fn notice(letter: &Letter<'_>, notice: &SentNotice) -> String {
    let title = kind(notice.kind);
    let row = |name: &str, value: &str| format!("<tr><th>{name}<td>{value}");
    let mut rows = String::new();
    for (told, value) in &notice.told {
        rows.push_str(&row(field(*told), &word(*told, value)));
    }
    if !notice.topics.is_empty() {
        let asked: Vec<&str> = notice.topics.iter().map(|t| topic(*t)).collect();
        rows.push_str(&row("请协助核实", &asked.join("、")));
    }
    if let Some(note) = &notice.note {
        rows.push_str(&row("说明", &text(note)));
    }
    let answer = match notice.kind {
        LiaisonKind::Acknowledgement => "<p>贵方来函已收到。</p>".to_owned(),
        _ => format!(
            "<p>请于 <b>{}</b>（{} 个工作日）前答复。</p>",
            notice.due_on, notice.due_days
        ),
    };
    let slip = match notice.kind {
        LiaisonKind::Acknowledgement => String::new(),
        _ => format!(
            "<div class=slip><h1>回执</h1><p>编号：<span class=code>{}</span></p>\
             <p>□ 已收到　　□ 接受　　□ 不接受，原因：＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿＿</p>\
             <p>承办单位（盖章）：＿＿＿＿＿＿＿＿＿＿＿＿　　联系电话：＿＿＿＿＿＿＿＿</p>\
             <p>日期：＿＿＿＿年＿＿月＿＿日</p></div>",
            text(&notice.code)
        ),
    };
    let inside = format!(
        "<p>编号：<span class=code>{code}</span></p><p>{office}：</p>\
         <table>{from}{to}{sent}{rows}</table>{answer}\
         <p class=hint>以上内容经本人同意，仅用于两地衔接服务。本人撤回同意后，请在收到撤回通知时立即销毁。</p>\
         <p>{today}</p>{slip}",
        code = text(&notice.code),
        office = text(letter.office),
        from = row("发出地区", &text(letter.from)),
        to = row("接收地区", &text(letter.to)),
        sent = row("发出日期", &notice.sent_on.to_string()),
        today = letter.today,
    );
    page(title, &inside)
}

/// A withdrawal: of these fields, or of all that was told under a code.
pub fn withdrawal(letter: &Letter<'_>, code: &str, fields: &[LiaisonField]) -> String {
    let what = match fields {
        [] => "此编号通报中的全部内容".to_owned(),
        some => {
            let names: Vec<&str> = some.iter().map(|f| field(*f)).collect();
            format!("此编号通报中的以下内容：{}", names.join("、"))
        }
    };
    let inside = format!(
        "<p>编号：<span class=code>{}</span></p><p>{}：</p>\
         <p>本人已撤回同意。请立即停止使用并销毁{what}，包括纸质件和复印件。</p>\
         <p>发出地区：{}</p><p>{}</p>\
         <div class=slip><h1>回执</h1><p>编号：<span class=code>{}</span></p><p>□ 已销毁</p>\
         <p>承办单位（盖章）：＿＿＿＿＿＿＿＿＿＿＿＿　　日期：＿＿＿＿年＿＿月＿＿日</p></div>",
        text(code),
        text(letter.office),
        text(letter.from),
        letter.today,
        text(code),
    );
    page("撤回同意通知", &inside)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_what_was_told_and_holds_no_markup_of_anybody() {
        let letter = Letter {
            office: "秀洲区<计生协>",
            from: "嘉兴市南湖区 330402",
            to: "330411",
            today: "2026-06-01".parse().unwrap(),
        };
        let made = notice(
            &letter,
            &SentNotice {
                code: "7KQM-3TXP-9AWE".to_owned(),
                kind: LiaisonKind::RegistrationNotice,
                regards: None,
                from_area: "330402".to_owned(),
                to_area: "330411".to_owned(),
                sent_on: "2026-06-01".parse().unwrap(),
                due_on: "2026-06-15".parse().unwrap(),
                due_days: 10,
                topics: Vec::new(),
                told: vec![
                    (LiaisonField::Name, "<script>张三".to_owned()),
                    (LiaisonField::Needs, "health,schooling".to_owned()),
                    (LiaisonField::Address, "work".to_owned()),
                ],
                note: Some("第一行\n\"第二行\"".to_owned()),
            },
        );
        for part in [
            "7KQM-3TXP-9AWE",
            "&lt;script&gt;张三",
            "健康服务、子女就学",
            "<td>work",
            "第一行<br>&quot;第二行&quot;",
            "2026-06-15",
            "秀洲区&lt;计生协&gt;",
            "回执",
        ] {
            assert!(made.contains(part), "{part} in {made}");
        }
        assert!(!made.contains("<script"));
        let gone = withdrawal(&letter, "7KQM-3TXP-9AWE", &[LiaisonField::Address]);
        assert!(gone.contains("现住址") && gone.contains("撤回") && !gone.contains("全部"));
    }
}
