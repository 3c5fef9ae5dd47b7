//! Papers, clocks, decisions, payments, reasons for a delay and ways to contest, by the names that a family knows.

use super::says::{PlainWords, words};
use crate::insurance::clocks::{ClockName, ClockState};
use crate::insurance::machine::Decision;
use crate::insurance::model::{ClaimType, DisputeWay, LateReason, PaperKind, PaymentKind};

pub fn claim(kind: ClaimType) -> PlainWords {
    match kind {
        ClaimType::Death => words("身故理赔", "Claim after a death"),
        ClaimType::Disability => words("伤残理赔", "Claim after a disability"),
        ClaimType::Medical => words("医疗理赔", "Medical claim"),
        ClaimType::Allowance => words("津贴理赔", "Claim for an allowance"),
    }
}

pub fn paper(kind: PaperKind) -> PlainWords {
    match kind {
        PaperKind::ClaimForm => words(
            "理赔申请书（含转账授权）",
            "Claim form with the bank authorisation",
        ),
        PaperKind::PolicyDocument => words("保险单", "The policy"),
        PaperKind::IdentityDocument => words("身份证件", "Identity document"),
        PaperKind::BankAccount => words("收款的银行账号", "Bank account for the payment"),
        PaperKind::DeathCertificate => words("死亡证明", "Death certificate"),
        PaperKind::AccidentProof => words("意外事故证明", "Proof of the accident"),
        PaperKind::BeneficiaryIdentity => {
            words("受益人的身份证件", "Identity document of whoever benefits")
        }
        PaperKind::RelationshipProof => words(
            "与被保险人关系的证明",
            "Proof of how they are related to the insured",
        ),
        PaperKind::MedicalRecords => words("病历", "Medical records"),
        PaperKind::DisabilityAppraisal => words("伤残鉴定书", "Appraisal of the disability"),
        PaperKind::Invoices => words("医疗费发票原件", "Original invoices of the treatment"),
        PaperKind::ItemisedList => words("费用明细清单", "Itemised list of the costs"),
        PaperKind::TestResults => words("检查检验报告", "Test results"),
        PaperKind::DischargeSummary => words("出院小结", "Discharge summary of the hospital"),
        PaperKind::ProofOfDays => words("住院天数证明", "Proof of the days in hospital"),
    }
}

/// What a clock waits for.
pub fn clock(name: ClockName) -> PlainWords {
    match name {
        ClockName::Notice => words("向保险公司报案", "Telling the insurer of the event"),
        ClockName::PaperRequest => words(
            "保险公司告知缺什么材料",
            "The insurer says which papers are missing",
        ),
        ClockName::Determination => words("保险公司作出决定", "The insurer decides"),
        ClockName::Payment => words("保险公司付款", "The insurer pays"),
        ClockName::RefusalNotice => words(
            "保险公司书面说明不赔的理由",
            "The insurer tells its reasons in writing",
        ),
        ClockName::AdvancePayment => words(
            "保险公司先付能够确定的金额",
            "The insurer pays in advance what is certain",
        ),
        ClockName::Limitation => words("向法院起诉", "Going to court"),
        ClockName::SmallClaimAdvice => {
            words("保险公司告知要带什么材料", "The insurer says what to bring")
        }
        ClockName::SmallClaimPaymentAverage => words(
            "小额理赔的付款（平均天数）",
            "Payment of a small claim (days on average)",
        ),
    }
}

/// What one can do where that is late.
pub fn advice(name: ClockName) -> PlainWords {
    match name {
        ClockName::Notice => words(
            "请尽快报案，并说明为什么晚了。",
            "Tell the insurer soon, and say why it is late.",
        ),
        ClockName::PaperRequest | ClockName::SmallClaimAdvice => words(
            "可以请保险公司一次写清楚要哪些材料。",
            "Ask the insurer to write down at once all the papers it wants.",
        ),
        ClockName::Determination => words(
            "可以书面催促保险公司作出决定；它仍不决定，可以投诉。",
            "Urge the insurer in writing to decide. If it still does not, complain.",
        ),
        ClockName::Payment => words(
            "可以要求保险公司立即付款，并赔偿因拖延造成的损失。",
            "Ask the insurer to pay at once, and to make good what the delay has cost you.",
        ),
        ClockName::RefusalNotice => words(
            "可以要求保险公司书面说明不赔的理由。",
            "Ask the insurer to tell you in writing why it refuses.",
        ),
        ClockName::AdvancePayment => words(
            "可以要求保险公司先付能够确定的金额。",
            "Ask the insurer to pay at once what is certain.",
        ),
        ClockName::SmallClaimPaymentAverage => words(
            "这是平均天数，可以催问保险公司。",
            "These are days on average. You can ask the insurer how it stands.",
        ),
        ClockName::Limitation => LIMITATION_OVER,
    }
}

const LIMITATION_OVER: PlainWords = words(
    "起诉的时间可能已经过去。投诉和调解仍可以试，保险公司也仍可以自愿赔付。请先拨打免费法律援助热线 12348。",
    "The time for going to court may be over. You can still complain or ask for mediation, and the insurer may still pay. Ask for free legal advice first: 12348.",
);

/// How the time for going to court stands.
pub fn limitation(state: ClockState) -> PlainWords {
    match state {
        ClockState::Paused => words(
            "因为有法律承认的障碍，起诉的时间暂停计算。",
            "The time for going to court stands still, because something keeps you from it that the law counts.",
        ),
        ClockState::Overdue => LIMITATION_OVER,
        ClockState::NotStarted | ClockState::Running | ClockState::Met | ClockState::Late => words(
            "要起诉或仲裁，请不要晚于这一天。每次您提出要求、保险公司答应或付款，时间会重新计算。",
            "Go to court or to arbitration no later than this day. Each demand of yours, and each promise or payment of the insurer, lets the time begin anew.",
        ),
    }
}

pub fn decision(what: Decision) -> PlainWords {
    match what {
        Decision::Approved => words("同意赔付", "Agrees to pay"),
        Decision::PartlyApproved => words("赔付一部分", "Pays a part"),
        Decision::Refused => words("不赔", "Pays nothing"),
    }
}

pub fn payment(kind: PaymentKind) -> PlainWords {
    match kind {
        PaymentKind::Full => words("付清", "All that was left"),
        PaymentKind::Advance => words("预先支付", "In advance"),
        PaymentKind::Part => words("支付一部分", "A part"),
    }
}

pub fn late(reason: LateReason) -> PlainWords {
    match reason {
        LateReason::NotExplained => words("保险公司没有说明原因", "The insurer gave no reason"),
        LateReason::PapersOutstanding => words(
            "保险公司说在等材料",
            "The insurer says that it waited for papers",
        ),
        LateReason::Investigation => {
            words("保险公司说在调查", "The insurer says that it investigated")
        }
        LateReason::Appraisal => words(
            "保险公司说在等鉴定",
            "The insurer says that it waited for an appraisal",
        ),
        LateReason::SumContested => words(
            "保险公司说金额没有谈定",
            "The insurer says that the sum was contested",
        ),
        LateReason::PaymentDetails => words(
            "保险公司说收款账号有误",
            "The insurer says that the bank account was wrong",
        ),
        LateReason::Backlog => words(
            "保险公司说案件太多",
            "The insurer says that it had too much to do",
        ),
        LateReason::Other => words("保险公司说了其他原因", "The insurer gave another reason"),
    }
}

/// A way to contest: what it is called, and how it is gone.
pub fn way(way: DisputeWay) -> (PlainWords, PlainWords) {
    match way {
        DisputeWay::ComplaintDesk => (
            words("向保险公司投诉", "Complain to the insurer"),
            words(
                "先打保险单上的客服电话，说明要投诉，记下日期和受理编号。",
                "Call the number on your policy first and say that you complain. Note the day and the number of your complaint.",
            ),
        ),
        DisputeWay::Regulator => (
            words(
                "拨打金融监管热线 12378",
                "Call the regulator's hotline, 12378",
            ),
            words(
                "保险公司不理，或答复您不满意，可以向监管部门反映。",
                "If the insurer does not answer, or not as it should, tell the authority that watches over insurers.",
            ),
        ),
        DisputeWay::Mediation => (
            words("申请调解", "Ask for mediation"),
            words(
                "保险纠纷调解组织请双方一起谈，一般不收费。社区工作人员可以帮您联系。",
                "A mediator for insurance brings both sides together, as a rule without charge. Your worker can help you reach one.",
            ),
        ),
        DisputeWay::Arbitration => (
            words("申请仲裁", "Go to arbitration"),
            words(
                "保险合同里写了仲裁，或双方另外约定了，才能申请。",
                "It is open to you if the contract names it, or if both sides agree on it.",
            ),
        ),
        DisputeWay::Suit => (
            words("向法院起诉", "Go to court"),
            words(
                "可以在被保险人住的地方的法院起诉。免费法律援助热线 12348。",
                "You may sue at the court where the insured lives. Free legal advice: 12348.",
            ),
        ),
    }
}

/// Where to call for a way, where that is one number for the whole country.
pub fn phone(way: DisputeWay) -> Option<&'static str> {
    match way {
        DisputeWay::Regulator => Some("12378"),
        DisputeWay::Suit => Some("12348"),
        DisputeWay::ComplaintDesk | DisputeWay::Mediation | DisputeWay::Arbitration => None,
    }
}

/// Every one of them, for whoever checks words.
#[cfg(test)]
pub fn all() -> Vec<(&'static str, PlainWords)> {
    const CLOCKS: [ClockName; 9] = [
        ClockName::Notice,
        ClockName::PaperRequest,
        ClockName::Determination,
        ClockName::Payment,
        ClockName::RefusalNotice,
        ClockName::AdvancePayment,
        ClockName::Limitation,
        ClockName::SmallClaimAdvice,
        ClockName::SmallClaimPaymentAverage,
    ];
    let mut all = Vec::new();
    all.extend(ClaimType::ALL.iter().map(|k| (k.as_str(), claim(*k))));
    all.extend(PaperKind::ALL.iter().map(|k| (k.as_str(), paper(*k))));
    all.extend(PaymentKind::ALL.iter().map(|k| (k.as_str(), payment(*k))));
    all.extend(LateReason::ALL.iter().map(|k| (k.as_str(), late(*k))));
    for name in CLOCKS {
        all.push((name.as_str(), clock(name)));
        all.push((name.as_str(), advice(name)));
    }
    for state in [ClockState::Running, ClockState::Paused, ClockState::Overdue] {
        all.push((state.as_str(), limitation(state)));
    }
    for what in [
        Decision::Approved,
        Decision::PartlyApproved,
        Decision::Refused,
    ] {
        all.push((what.as_str(), decision(what)));
    }
    for one in DisputeWay::ALL {
        let (name, how) = way(*one);
        all.extend([(one.as_str(), name), (one.as_str(), how)]);
    }
    all
}
