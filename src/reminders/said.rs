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
        "您帮助办理的一份理赔，保险公司的办理时限已过半。请打开查看是否缺材料。",
        "Of a claim you help with, half of the insurer's time is over. Open it and see whether papers are missing.",
    ),
};
pub const CLAIM_SOON: Said = Said {
    title: ("理赔时限将到", "A claim's time is nearly over"),
    body: (
        "您帮助办理的一份理赔，保险公司的办理时限已用去八成。请提醒保险公司。",
        "Of a claim you help with, four fifths of the insurer's time are over. Remind the insurer.",
    ),
};
pub const CLAIM_OVERDUE: Said = Said {
    title: ("理赔已超过时限", "A claim is past its time"),
    body: (
        "一份理赔已超过法律或合同规定的时限。请告知家庭可以投诉或申请调解，并记录保险公司的说明。",
        "A claim is past the time that law or contract gives the insurer. Tell the family how to complain or ask for mediation, and note what the insurer says.",
    ),
};
pub const LIMITATION_SOON: Said = Said {
    title: ("请求赔付的时效将到", "The time to claim runs out"),
    body: (
        "一份理赔，家庭请求赔付的诉讼时效已用去八成。请告知家庭：书面催告、起诉或仲裁可使时效重新计算。",
        "Of a claim, four fifths of the time in which the family can go to court are over. Tell them: a demand in writing, a suit or arbitration starts it anew.",
    ),
};
pub const LIMITATION_OVER: Said = Said {
    title: ("请求赔付的时效已过", "The time to claim is over"),
    body: (
        "一份理赔，按记录家庭请求赔付的诉讼时效已过。请尽快帮助家庭咨询法律援助。",
        "Of a claim, the time in which the family can go to court is over by what is recorded. Help them to ask legal aid soon.",
    ),
};
pub const ADVICE_OVER: Said = Said {
    title: ("小额理赔材料尚未告知", "A small claim waits for advice"),
    body: (
        "一份小额理赔报案已过一个工作日，保险公司还没有告知所需材料。请询问保险公司。",
        "A small claim was reported more than a working day ago and the insurer has not said what to bring. Ask the insurer.",
    ),
};
pub const AVERAGE_OVER: Said = Said {
    title: ("小额理赔已过五天", "A small claim takes long"),
    body: (
        "一份小额理赔材料齐全已过五天，尚未付清。五天是行业平均数，超过不属违约，但可以询问保险公司。",
        "A small claim has been complete for more than five days and is not paid. Five days are an average: past it nothing is broken, but you may ask.",
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
pub const DRAFT_WAITING_LONG: Said = Said {
    title: ("活动临近仍未审批", "A campaign is still not approved"),
    body: (
        "有一项宣传活动一周内开始，仍没有人审批。",
        "A campaign begins within a week and still nobody has approved it.",
    ),
};
pub const UNSCHEDULED: Said = Said {
    title: ("活动已审批，尚未排期", "A campaign waits to be scheduled"),
    body: (
        "有一项已审批的宣传活动即将开始，还没有排期，不会发出任何提醒。请打开排期。",
        "An approved campaign begins soon and is not scheduled: it will remind nobody. Open it and schedule it.",
    ),
};
pub const ACTIVITY_WAITING: Said = Said {
    title: ("有活动报告待确认", "A report waits to be confirmed"),
    body: (
        "有活动报告提交三天以上，等待您确认或退回。",
        "An activity was reported more than three days ago and waits for you to confirm or return it.",
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
            LIMITATION_SOON,
            LIMITATION_OVER,
            ADVICE_OVER,
            AVERAGE_OVER,
            DRAFT_WAITING_LONG,
            UNSCHEDULED,
            ACTIVITY_WAITING,
            FOLLOW_UP_DUE,
            FOLLOW_UP_OVERDUE,
            VISIT_RETURNED,
            VISIT_RETURNED_LONG,
            VISIT_WAITING,
            DRAFT_WAITING,
            REQUEST_DUE,
            REQUEST_OVERDUE,
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
