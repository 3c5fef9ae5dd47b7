//! What a family is told of where its claim stands and what comes next: one sentence or two, in both languages.
//!
//! Plain words: who does what, and by no article of a law. Whoever reads them may be in mourning or in pain.

use serde::Serialize;
use utoipa::ToSchema;

use super::stand::Stand;

/// The same in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlainWords {
    /// zh-CN.
    #[schema(
        min_length = 1,
        max_length = 300,
        pattern = r"^[^\u0000]+$",
        example = "保险公司已经受理，正在看材料齐不齐。"
    )]
    pub zh: &'static str,
    /// English.
    #[schema(
        min_length = 1,
        max_length = 300,
        pattern = r"^[^\u0000]+$",
        example = "The insurer has taken the claim in and looks whether the papers are complete."
    )]
    pub en: &'static str,
}

pub const fn words(zh: &'static str, en: &'static str) -> PlainWords {
    PlainWords { zh, en }
}

impl PlainWords {
    pub fn in_chinese(&self, zh: bool) -> &'static str {
        match zh {
            true => self.zh,
            false => self.en,
        }
    }
}

/// How it stands.
pub fn state(stand: Stand) -> PlainWords {
    match stand {
        Stand::Reported => words(
            "保险公司已经接到报案，还没有正式受理。",
            "The insurer was told of the event. It has not taken the claim in yet.",
        ),
        Stand::Accepted => words(
            "保险公司已经受理，正在看材料齐不齐。",
            "The insurer has taken the claim in and looks whether the papers are complete.",
        ),
        Stand::DocumentsRequested => words(
            "保险公司要求补充材料。在您补齐之前，它的核定时间暂停计算。",
            "The insurer asked for more papers. Until you hand them in, its time for deciding stands still.",
        ),
        Stand::DocumentsRequestedLate => words(
            "保险公司要求补充材料。它的核定时间不因此暂停。",
            "The insurer asked for more papers. Its time for deciding does not stand still for that.",
        ),
        Stand::UnderReview => words(
            "保险公司正在核定：该不该赔、赔多少。",
            "The insurer examines whether it owes anything, and how much.",
        ),
        Stand::Investigation => words(
            "保险公司正在调查这件事的经过。",
            "The insurer looks into what happened.",
        ),
        Stand::Approved => words(
            "保险公司决定全部赔付。",
            "The insurer has decided to pay all that was claimed.",
        ),
        Stand::ApprovedSum => words(
            "保险公司同意赔付下面写的金额。请和您申请的金额核对。",
            "The insurer grants the sum told below. Compare it with what you claimed.",
        ),
        Stand::PartlyApproved => words(
            "保险公司决定赔付一部分，其余不赔。",
            "The insurer has decided to pay a part and refuses the rest.",
        ),
        Stand::Refused => words(
            "保险公司决定不赔。",
            "The insurer has decided to pay nothing.",
        ),
        Stand::Agreed => words(
            "您和保险公司已经谈定金额，等待付款。",
            "You and the insurer agreed on the sum. It has to be paid.",
        ),
        Stand::PaidPart => words(
            "保险公司已经付了一部分，还没有付清。",
            "The insurer has paid a part. Something is left.",
        ),
        Stand::Paid => words(
            "谈定的金额已经付清。",
            "All that was agreed on has been paid.",
        ),
        Stand::ClosedPaid => words(
            "这份理赔已经付清，并且结案了。",
            "This claim is paid and closed.",
        ),
        Stand::ClosedPart => words(
            "这份理赔已经结案，没有全部赔付。",
            "This claim is closed. Not all of it was paid.",
        ),
        Stand::ClosedRefused => words(
            "保险公司没有赔付，这份理赔已经结案。",
            "The insurer did not pay, and the claim is closed.",
        ),
        Stand::ClosedDisputed => words(
            "争议已经处理完，这份理赔已经结案。",
            "The dispute is over and the claim is closed.",
        ),
        Stand::Withdrawn => words("您已经撤回这份理赔。", "You took this claim back."),
        Stand::Disputed => words(
            "您提出了异议，正在处理中。",
            "You contested it, and that is being dealt with.",
        ),
    }
}

/// What comes next, and what the reader can do for it.
pub fn next(stand: Stand) -> PlainWords {
    match stand {
        Stand::Reported => words(
            "请把理赔申请和手头的材料交给保险公司，并请它写下收到的凭据。",
            "Hand in the claim form and the papers that you have, and ask for a receipt of them.",
        ),
        Stand::Accepted => words(
            "如果缺材料，保险公司应当一次说清楚。请等它的通知。",
            "If papers are missing, the insurer has to say so once and completely. Wait for word from it.",
        ),
        Stand::DocumentsRequested | Stand::DocumentsRequestedLate => words(
            "请把缺的材料补齐，交给保险公司。有的材料实在拿不到，请告诉社区工作人员。",
            "Hand in the papers that are missing. If one of them cannot be had, tell your worker.",
        ),
        Stand::UnderReview => words(
            "请等保险公司的决定。无论赔不赔，它都要把结果通知您。",
            "Wait for the insurer's decision. It has to tell you the result, whatever it is.",
        ),
        Stand::Investigation => words(
            "请如实配合。它的时间不会因为调查而停下来。",
            "Answer its questions truthfully. Its time does not stand still for it.",
        ),
        Stand::Approved | Stand::ApprovedSum => words(
            "同意这个金额，就与保险公司确认，它随后付款；不同意，可以不确认，按下面的办法提出异议。",
            "If you agree to the sum, confirm it with the insurer, which then pays. If not, do not confirm it: you can contest it as told below.",
        ),
        Stand::PartlyApproved => words(
            "同意赔付的部分可以先确认、先拿到。没有赔的部分，仍可按下面的办法提出异议。",
            "You may confirm the part that is granted and have it paid. The rest you can still contest as told below.",
        ),
        Stand::Refused => words(
            "请看它写的理由。如果不同意，可以按下面的办法提出异议。",
            "Read its reasons. If you do not agree, you can contest it as told below.",
        ),
        Stand::Agreed => words(
            "保险公司应当在规定的时间内付款。请核对收款账号。",
            "The insurer has to pay within its time. Check the bank account that it has from you.",
        ),
        Stand::PaidPart => words(
            "剩下的金额，保险公司应当继续付清。",
            "The insurer has to pay what is left.",
        ),
        Stand::Paid => words(
            "请核对到账的金额。没有问题，这份理赔就可以结案。",
            "Check what reached your account. If it is right, the claim can be closed.",
        ),
        Stand::ClosedPaid => words("不用再做什么。", "Nothing is left to do."),
        Stand::ClosedPart | Stand::ClosedRefused => words(
            "如果改变主意，在起诉的时间过去之前，仍可提出异议。",
            "If you change your mind, you can still contest it before the time for going to court is over.",
        ),
        Stand::ClosedDisputed => words(
            "如果对结果有疑问，可以拨打免费法律援助热线 12348。",
            "If you have doubts about the outcome, ask for free legal advice by phone: 12348.",
        ),
        Stand::Withdrawn => words(
            "在起诉的时间过去之前，可以重新提出理赔。",
            "You can claim again before the time for going to court is over.",
        ),
        Stand::Disputed => words(
            "请等处理结果，并保管好所有凭据。双方没有争议的金额，可以要求保险公司先付。",
            "Wait for the outcome and keep all papers. What nobody contests, you can ask the insurer to pay meanwhile.",
        ),
    }
}

/// What comes next where papers of the checklist are missing that nobody asked for yet.
pub const BRING_PAPERS: PlainWords = words(
    "请把下面列出的材料交给保险公司。",
    "Hand in the papers listed below.",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insurance::companion::nouns;

    fn is_chinese(c: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&c)
    }

    /// Words that tell something to somebody who knows no law.
    pub fn check(what: &str, said: PlainWords) {
        let (zh, en) = (said.zh, said.en);
        assert!(
            zh.chars().filter(|c| is_chinese(*c)).count() >= 2,
            "{what}: {zh}"
        );
        assert!(
            !en.chars().any(is_chinese) && en.split(' ').count() >= 1,
            "{what}: {en}"
        );
        assert!(en.chars().any(|c| c.is_ascii_lowercase()), "{what}: {en}");
        assert!(
            zh.chars().count() <= 90 && en.len() <= 200,
            "{what} is too long"
        );
        // No article stands for a sentence.
        let lower = en.to_lowercase();
        let law = [" article", " art. ", "insurance law", "civil code", "§"];
        assert!(law.iter().all(|word| !lower.contains(word)), "{what}: {en}");
        let law = ["保险法", "民法典", "司法解释"];
        assert!(law.iter().all(|word| !zh.contains(word)), "{what}: {zh}");
        let article = zh
            .split('第')
            .skip(1)
            .any(|rest| rest.chars().take(6).any(|c| c == '条'));
        assert!(!article, "{what}: {zh}");
    }

    #[test]
    fn every_stand_has_its_words_in_both_languages() {
        let mut seen = std::collections::HashSet::new();
        for stand in Stand::ALL {
            let (now, then) = (state(stand), next(stand));
            for said in [now, then] {
                check(&format!("{stand:?}"), said);
                assert!(
                    said.zh.ends_with('。') && said.en.ends_with('.'),
                    "{said:?}"
                );
            }
            assert!(
                seen.insert(now.zh) && seen.insert(now.en),
                "{stand:?} says what another says"
            );
        }
        check("papers", BRING_PAPERS);
    }

    #[test]
    fn every_noun_has_its_words_in_both_languages() {
        let all = nouns::all();
        assert!(all.len() > 60, "{}", all.len());
        for (what, said) in all {
            check(what, said);
        }
    }
}
