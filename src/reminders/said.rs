//! What a reminder says: what kind of work waits, in both languages, and nothing about anybody.

use crate::notifications::announce::Text;

/// A title and a body, each in zh-CN and en.
#[derive(Debug)]
pub struct Said {
    title: (&'static str, &'static str),
    body: (&'static str, &'static str),
}

impl Said {
    pub fn title(&self) -> Text {
        text(self.title)
    }
    pub fn body(&self) -> Text {
        text(self.body)
    }
}

fn text((zh, en): (&str, &str)) -> Text {
    Text {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

pub const CLAIM_HALF: Said = Said {
    title: ("理赔时限已过半", "Half of a claim's time is over"),
    body: (
        "您帮助办理的一份理赔，保险公司的法定时限已过半。请打开查看是否缺材料。",
        "Of a claim you help with, half of the insurer's time by law is over. Open it and see whether papers are missing.",
    ),
};
pub const CLAIM_SOON: Said = Said {
    title: ("理赔时限将到", "A claim's time is nearly over"),
    body: (
        "您帮助办理的一份理赔，保险公司的法定时限已用去八成。请提醒保险公司。",
        "Of a claim you help with, four fifths of the insurer's time by law are over. Remind the insurer.",
    ),
};
pub const CLAIM_OVERDUE: Said = Said {
    title: ("理赔已超过时限", "A claim is past its time"),
    body: (
        "一份理赔已超过法定时限。请告知家庭可以投诉或申请调解，并记录保险公司的说明。",
        "A claim is past the time the law gives. Tell the family how to complain or ask for mediation, and note what the insurer says.",
    ),
};
pub const FOLLOW_UP_DUE: Said = Said {
    title: ("今天有回访", "A follow-up is due"),
    body: (
        "您有一次回访今天到期，请打开查看。",
        "A follow-up of yours is due today. Open it to see what was agreed.",
    ),
};
pub const FOLLOW_UP_OVERDUE: Said = Said {
    title: ("有回访逾期", "A follow-up is overdue"),
    body: (
        "您辖区内有一次回访逾期三天以上，请安排完成或改期。",
        "A follow-up of your area is more than three days overdue. Have it done or put off.",
    ),
};
pub const VISIT_RETURNED: Said = Said {
    title: ("走访记录待补正", "A returned visit waits for you"),
    body: (
        "您的一份走访记录被退回后还没有重新提交，请打开补正。",
        "A visit of yours was returned and has not been submitted again. Open it and correct it.",
    ),
};
pub const VISIT_RETURNED_LONG: Said = Said {
    title: ("退回的走访久未补正", "A returned visit was left lying"),
    body: (
        "您辖区内有一份走访记录被退回十天以上仍未补正，请联系记录人。",
        "A visit of your area was returned more than ten days ago and not corrected. Speak to its author.",
    ),
};
pub const VISIT_WAITING: Said = Said {
    title: ("有走访记录待确认", "A visit waits to be confirmed"),
    body: (
        "有走访记录提交三天以上，等待您确认或退回。",
        "A visit was submitted more than three days ago and waits for you to confirm or return it.",
    ),
};
pub const DRAFT_WAITING: Said = Said {
    title: ("有活动待审批", "A campaign waits for approval"),
    body: (
        "有一项宣传活动两周内开始，还没有人审批。",
        "A campaign begins within two weeks and nobody has approved it.",
    ),
};
pub const REQUEST_DUE: Said = Said {
    title: ("有请求即将到期", "An answer is nearly due"),
    body: (
        "有一份请求三天内应当答复，请打开办理。",
        "A request is to be answered within three days. Open it and answer.",
    ),
};
pub const REQUEST_OVERDUE: Said = Said {
    title: ("有请求逾期未答复", "An answer is overdue"),
    body: (
        "有一份请求已过答复期限。请尽快答复，并说明原因。",
        "A request is past the day of its answer. Answer it soon and say why it is late.",
    ),
};
pub const CONCERN_DUE: Said = Said {
    title: ("有意见或诉求待答复", "Something voiced waits for you"),
    body: (
        "走访中收集的一条意见或诉求三天内应当答复，请答复或转交有关单位。",
        "An opinion or a need voiced at a visit is to be answered within three days. Answer it, or refer it.",
    ),
};
pub const CONCERN_OVERDUE: Said = Said {
    title: ("有意见或诉求逾期未答复", "Something voiced is unanswered"),
    body: (
        "您辖区内有一条意见或诉求已过答复期限，请督促答复。",
        "An opinion or a need of your area is past the day of its answer. See that it is answered.",
    ),
};
pub const DEVICE_SILENT: Said = Said {
    title: ("您的手机久未同步", "Your phone has not synced for long"),
    body: (
        "您的一部手机七天以上没有同步。请在有网络时打开应用，以免工作记录滞留在手机里。",
        "A phone of yours has not synced for more than seven days. Open the app where there is coverage, so that no work stays on the phone.",
    ),
};
pub const DEVICE_SILENT_LONG: Said = Said {
    title: ("有工作手机久未同步", "A phone of your area is silent"),
    body: (
        "您辖区内有一部工作手机十四天以上没有同步，请联系使用人。",
        "A phone of your area has not synced for more than fourteen days. Speak to its owner.",
    ),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fits_what_a_notification_holds() {
        for said in [
            CLAIM_HALF,
            CLAIM_SOON,
            CLAIM_OVERDUE,
            FOLLOW_UP_DUE,
            FOLLOW_UP_OVERDUE,
            VISIT_RETURNED,
            VISIT_RETURNED_LONG,
            VISIT_WAITING,
            DRAFT_WAITING,
            REQUEST_DUE,
            REQUEST_OVERDUE,
            CONCERN_DUE,
            CONCERN_OVERDUE,
            DEVICE_SILENT,
            DEVICE_SILENT_LONG,
        ] {
            let (title, body) = (said.title(), said.body());
            assert!(
                title.zh.chars().count() <= 20 && title.en.len() <= 60,
                "{title:?}"
            );
            assert!(
                body.zh.chars().count() <= 200 && body.en.len() <= 300,
                "{body:?}"
            );
        }
    }
}
