//! Every refusal this service can give, in one catalogue.
//!
//! A handler answers `Result<_, AppError>`. Refusals a caller can do something
//! about are `AppError::Problem`, made by the functions below from a [`Code`]
//! and, for content, one [`FieldError`] per fault. Everything else (a lost
//! database, a bug) is `Db` or `Internal`: logged with its cause, answered as a
//! 500 that says nothing of it. Rendering to RFC 9457 stands in
//! `http::problem`, because it needs the request's language and id.

use actix_web::http::StatusCode;
use std::fmt;

pub type AppResult<T> = Result<T, AppError>;

#[derive(Debug)]
pub enum AppError {
    Problem(Box<Problem>),
    /// The database failed; the cause is for the log alone.
    Db(diesel::result::Error),
    /// A broken promise inside the program; the text is for the log alone.
    Internal(String),
}

/// A refusal on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    pub errors: Vec<FieldError>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u32>,
    /// For `state_forbids`: where the record stands, and what may be done from there.
    pub state: Option<(String, Vec<String>)>,
    /// For 405: the methods the path knows.
    pub allow: Option<String>,
    /// For `resync_required`: operations acknowledged since then may be missing.
    pub acknowledged_after: Option<crate::db::Micros>,
    /// For `post_rule_broken`: the rule's code.
    pub rule: Option<String>,
}

/// One fault in what was sent, at an RFC 6901 pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub pointer: String,
    pub fault: Fault,
    /// Where in a text: characters before the fault.
    pub position: Option<u32>,
}

macro_rules! catalogue {
    ($(#[$meta:meta])* $name:ident { $($variant:ident $code:literal $status:literal
        $title_en:literal $title_zh:literal $detail_en:literal $detail_zh:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($variant,)+ }
        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            pub fn as_str(self) -> &'static str { match self { $($name::$variant => $code,)+ } }
            pub fn status(self) -> u16 { match self { $($name::$variant => $status,)+ } }
            pub fn title(self, zh: bool) -> &'static str {
                match (self, zh) { $(($name::$variant, false) => $title_en, ($name::$variant, true) => $title_zh,)+ }
            }
            pub fn detail(self, zh: bool) -> &'static str {
                match (self, zh) { $(($name::$variant, false) => $detail_en, ($name::$variant, true) => $detail_zh,)+ }
            }
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($code => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

catalogue! {
    /// What a problem is, as a stable word. Each has a page at `/problems/{code}`.
    Code {
        MalformedJson "malformed_json" 400 "Malformed JSON" "JSON 格式错误"
            "The body is not valid JSON." "请求体不是有效的 JSON。";
        MalformedQuery "malformed_query" 400 "Malformed query" "查询参数错误"
            "A query parameter is unknown, repeated or not of its type." "查询参数未知、重复或类型不符。";
        MalformedHeader "malformed_header" 400 "Malformed header" "请求头错误"
            "A header of the request cannot be read." "请求头无法识别。";
        CursorInvalid "cursor_invalid" 400 "Cursor not valid" "游标无效"
            "This cursor was not given to you for this list. Start again without one." "该游标并非为您的此列表签发，请不带游标重新开始。";
        ReauthRequired "reauth_required" 401 "Sign in again" "请重新登录"
            "There is no valid access token. Sign in or refresh." "没有有效的访问令牌，请登录或刷新。";
        DeviceRevoked "device_revoked" 401 "Device revoked" "设备已停用"
            "This phone was signed out by its owner or a coordinator. Ask the coordinator for a new code; unsent work stays valid." "此手机已被本人或协调员停用。请向协调员索取新的绑定码，未上传的工作仍然有效。";
        SignInFailed "sign_in_failed" 401 "Sign-in failed" "登录失败"
            "The login or the password is wrong." "账号或密码错误。";
        CodeNotValid "code_not_valid" 401 "Code not valid" "验证码无效"
            "The code is wrong, used or expired. Ask the coordinator for a new one." "验证码错误、已使用或已过期，请向协调员索取新码。";
        BindingNotValid "binding_not_valid" 401 "Link not valid" "绑定链接无效"
            "This link is wrong, used or older than ten minutes, or WeCom does not know its code. Make a new QR code in the app and scan it." "该链接错误、已使用或已超过十分钟，或企业微信不认识其授权码。请在应用中重新生成二维码并扫描。";
        ForbiddenAction "forbidden_action" 403 "Not yours to do" "无权操作"
            "Your role does not allow this action." "您的角色不允许此操作。";
        SelfApproval "self_approval" 403 "Another person must do this" "须由他人办理"
            "Nobody approves, confirms or reveals for themselves." "任何人不得为自己审批、确认或查看。";
        NotTheirOwn "not_their_own" 403 "The association's own to say" "须由协会本级办理"
            "An association speaks for itself: somebody who works for its own area does this, and nobody who works for a wider one." "此步骤由该协会本级人员办理，上级人员不得代办。";
        ConsentRequired "consent_required" 403 "Consent required" "需要本人同意"
            "The person has not consented to this purpose. Nothing was stored." "本人尚未同意此用途，未保存任何信息。";
        ConsentWithdrawn "consent_withdrawn" 403 "Consent withdrawn" "同意已撤回"
            "The person has withdrawn consent to this purpose." "本人已撤回对此用途的同意。";
        ChannelNoMember "channel_no_member" 403 "Not a member there" "不是企业成员"
            "WeCom does not know you as a member of the organisation who may use its app. Nothing was bound; ask whoever manages WeCom." "企业微信未将您识别为可使用本应用的企业成员，未绑定任何账号。请联系企业微信管理员。";
        NotFound "not_found" 404 "Not found" "未找到"
            "There is no such record in your areas." "在您的管辖范围内没有此记录。";
        MethodNotAllowed "method_not_allowed" 405 "Method not allowed" "方法不允许"
            "This path does not know the method; see Allow." "此路径不支持该方法，请见 Allow。";
        NotAcceptable "not_acceptable" 406 "Not acceptable" "无法满足的格式"
            "Answers are JSON." "仅提供 JSON 格式。";
        AlreadyExists "already_exists" 409 "Already exists" "已存在"
            "A record with this id or this name exists already." "此编号或名称的记录已存在。";
        AssociationExists "association_exists" 409 "The area has one" "该区划已有协会"
            "The area has a living association of its own already. Dissolve that one first." "该区划已有存续的协会，请先办理其注销。";
        TextInForce "text_in_force" 409 "One is in force there" "当地已有现行文本"
            "The village has a text of this kind in force already. End one of the two first." "该村已有现行的同类文本，请先废止其中一份。";
        PostTaken "post_taken" 409 "The post is taken" "该职务已有人担任"
            "As many hold this post as may. End a term first, or elect its holder anew." "该职务任职人数已满，请先办理离任或换届。";
        AlreadyMember "already_member" 409 "A member already" "已是会员"
            "This person is a member of the association already." "此人已是该协会会员。";
        AlreadyRated "already_rated" 409 "Rated already" "已评定"
            "The association was rated for this year. Appeal against that." "该协会当年已评定，如有异议请申诉。";
        NoAssociation "no_association" 409 "The area has no association" "该区划没有协会"
            "Only associations are assessed, and this area has none, or had none in that year." "考核对象仅为协会，该区划没有协会，或该年度尚无协会。";
        AssessmentExists "assessment_exists" 409 "Under way already" "已开始考核"
            "The association's year is under assessment already." "该协会当年的考核已经开始。";
        VetoExists "veto_exists" 409 "Vetoed already" "已一票否决"
            "A veto of this association and year was recorded. Appeal against that." "该协会当年已有一票否决决定，如有异议请申诉。";
        VetoNotAsked "veto_not_asked" 409 "No indicator for vetoes" "方案未设一票否决"
            "The scheme of this year has no indicator at this association's level that counts vetoes: one would have no effect." "该年度考核方案在该协会层级未设一票否决指标，登记后不会生效。";
        YearRuns "year_runs" 409 "The year is not over" "年度尚未结束"
            "A year is handed in and frozen once it is over." "年度结束后方可提交自评或冻结。";
        YearOver "year_over" 409 "The year is over" "年度已结束"
            "What is to be done in a year is planned, and its points are agreed on, before its end." "年度计划和目标责任分值须在该年度结束前下达或调整。";
        FrozenWider "frozen_wider" 409 "Frozen with a wider area" "已随上级区划冻结"
            "The frozen year of a wider area holds this one's sheet. Freeze that one again to correct it: of a year an area has one sheet." "上级区划的年度冻结已包含该区划的考核表。如需更正，请对上级区划作修订冻结；同一区划同一年度只有一份考核表。";
        NothingChanged "nothing_changed" 409 "Nothing changed" "没有变化"
            "What is counted now is what the last revision says." "当前统计结果与最近一次修订相同。";
        BudgetExists "budget_exists" 409 "Budgeted already" "当年预算已存在"
            "The association has a budget for this year. Amend that." "该协会当年预算已登记，请修改原记录。";
        VoucherTaken "voucher_taken" 409 "Voucher booked already" "凭证已入账"
            "An entry of this association was booked by this voucher. Nothing was booked twice." "该协会已有以此凭证入账的分录，未重复入账。";
        YearFrozen "year_frozen" 409 "The year is closed" "年度已冻结"
            "The year was frozen with its assessment: its scheme stays, and nothing of it is booked or changed any more. Book a correction in a year that is open." "该年度已随考核冻结，考核方案不再变更，也不再入账或修改。请在未冻结的年度更正。";
        Overdrawn "overdrawn" 409 "Not as much is there" "余额不足"
            "By this entry, on its day or on a later one, less than nothing would be left of money that is there or not." "此分录将使资金在当日或其后某日余额为负。";
        SupportRestsOnIt "support_rests_on_it" 409 "Help rests on it" "已有帮扶以此入账"
            "Help in money that counts names this entry as what it was paid by. Cancel the help first; where its year is closed, book the correction as an entry of its own." "已有计入的资金帮扶以此分录为付款依据。请先取消该帮扶；其年度已冻结的，请另记更正分录。";
        CareProgrammeExists "care_programme_exists" 409 "Begun already" "当年项目已开展"
            "The association began this programme in this year already." "该协会当年已登记开展此项行动。";
        CareFamilyExists "care_family_exists" 409 "In care already" "已在帮扶中"
            "This household is in care already." "该家庭已在帮扶中。";
        StateForbids "state_forbids" 409 "Not in this state" "当前状态不允许"
            "The record's state does not allow this step; see state and allowed_actions." "记录当前状态不允许此步骤，请见 state 与 allowed_actions。";
        ChannelOff "channel_off" 409 "Channel not set up" "渠道未开通"
            "This server is not set up for the channel. Ask its operator." "本服务器未开通此渠道，请联系管理员。";
        IdempotencyInProgress "idempotency_in_progress" 409 "Still running" "正在处理"
            "The first request with this key has not ended yet. Ask again." "使用此键的首个请求尚未结束，请稍后再试。";
        ResyncRequired "resync_required" 409 "Pull from the start" "需要重新同步"
            "The server was restored from a backup. Keep the queue, put back what was acknowledged after acknowledged_after, push, and pull from the start." "服务器已从备份恢复。请保留队列，将 acknowledged_after 之后确认的操作放回队列，先推送，再从头拉取。";
        CursorExpired "cursor_expired" 410 "Cursor too old" "游标已过期"
            "This phone was away for more than 400 days. Push what waits, then pull from the start." "此手机离线已超过 400 天，请先推送待上传的操作，再从头拉取。";
        RestingFull "resting_full" 409 "Too much waits" "待处理事项过多"
            "Too much of this user's work waits for a record or a decision. Keep it on the phone and come again." "该用户等待记录或决定的操作过多，请保留在手机上稍后再试。";
        VersionConflict "version_conflict" 412 "Changed meanwhile" "记录已被修改"
            "The record is newer than your If-Match says. Read it again and repeat your change." "记录的版本比 If-Match 新，请重新读取后再修改。";
        PayloadTooLarge "payload_too_large" 413 "Too large" "内容过大"
            "The body is larger than this path takes." "请求体超过此路径允许的大小。";
        UnsupportedMediaType "unsupported_media_type" 415 "Media type not supported" "媒体类型不支持"
            "Send a media type that the document names for this path: mostly application/json, plain or gzip." "请发送文档为此路径列出的媒体类型，一般为 application/json（可用 gzip 压缩）。";
        ValidationFailed "validation_failed" 422 "Content not valid" "内容不符合要求"
            "One or more fields are at fault; see errors." "一个或多个字段有误，请见 errors。";
        PostRuleBroken "post_rule_broken" 422 "Against the post's rule" "不符合任职规定"
            "The rule of this level, named by rule, asks for something else; see errors." "不符合本级协会的任职规定（见 rule），请见 errors。";
        SourceClosed "source_closed" 422 "The source is closed" "资金来源已关闭"
            "Nothing is booked of this source on such a day; see the days of it in the list of sources." "该来源在此日期不可入账，请见来源列表中的起止日期。";
        UnknownField "unknown_field" 422 "Unknown field" "未知字段"
            "The body holds a field that this operation does not know; see errors." "请求体含有此操作不认识的字段，请见 errors。";
        IdempotencyKeyReused "idempotency_key_reused" 422 "Key used for another request" "幂等键已用于其他请求"
            "This Idempotency-Key came before with another body." "此 Idempotency-Key 曾用于不同的请求体。";
        OpIdReused "op_id_reused" 422 "Operation id used for another operation" "操作编号已用于其他操作"
            "This op_id came before with something else in it. Make a new id for a new operation." "此 op_id 曾用于内容不同的操作，新操作请使用新编号。";
        SignerUnknown "signer_unknown" 422 "Signer unknown" "签发方未登记"
            "Nobody registered the keys that signed this file. Compare the digest of its keys with the office and have an administrator register it." "此文件的签发密钥未登记。请与对方核对密钥摘要，由管理员登记后再导入。";
        SignerRevoked "signer_revoked" 422 "Keys revoked" "密钥已停用"
            "The keys of this office were revoked here; nothing of theirs is taken and nothing is sealed for them." "该单位的密钥已在本系统停用，不再接收其文件，也不再向其加密。";
        FileAltered "file_altered" 422 "File altered" "文件被改动"
            "The signature does not fit: the file was changed after it was signed. Ask the office for it again." "签名不符：文件在签发后被改动，请向对方重新索取。";
        WrongRecipient "wrong_recipient" 422 "For somebody else" "收件方不符"
            "This file is made out to another office. Tell the sender." "此文件的收件方不是本单位，请告知发件方。";
        FileReplayed "file_replayed" 409 "Came in before" "已导入过"
            "This file, or the notice in it, came in before." "此文件或其中的通报此前已导入。";
        PreconditionRequired "precondition_required" 428 "If-Match required" "需要 If-Match"
            "Send the record's ETag as If-Match, so that nobody's change is lost." "请将记录的 ETag 作为 If-Match 发送，以免覆盖他人的修改。";
        RateLimited "rate_limited" 429 "Too many requests" "请求过于频繁"
            "Wait as Retry-After says." "请按 Retry-After 等待后再试。";
        AccountLocked "account_locked" 429 "Account locked for a while" "账号暂时锁定"
            "Too many wrong passwords. Wait as Retry-After says, or ask the coordinator for a one-use code." "密码错误次数过多，请按 Retry-After 等待，或向协调员索取一次性验证码。";
        Internal "internal" 500 "Something broke here" "服务器内部错误"
            "This is our fault. Tell the operator the request id." "这是我们的问题，请将请求编号告知管理员。";
        Overloaded "overloaded" 503 "Too busy" "服务繁忙"
            "The queue is full. Try again as Retry-After says, with the same ids: nothing was stored, but of a push a part may be." "队列已满，请按 Retry-After 用相同编号重试：未保存任何内容，但同步推送可能已完成一部分。";
        ChannelUnavailable "channel_unavailable" 503 "The channel does not answer" "渠道暂时无法使用"
            "WeCom does not answer, or not as it should. Nothing was bound; scan the same QR code again as Retry-After says." "企业微信没有应答或应答异常，未绑定任何账号。请按 Retry-After 稍后重新扫描同一二维码。";
    }
}

catalogue! {
    /// What is wrong with one field.
    Fault {
        Required "required" 422 "Required" "必填" "This field is required." "此字段必填。";
        Unknown "unknown_field" 422 "Unknown field" "未知字段" "This operation does not know the field." "此操作不认识该字段。";
        Repeated "repeated" 422 "Given twice" "重复" "The field or value stands twice." "字段或值重复出现。";
        WrongType "wrong_type" 422 "Wrong type" "类型不符" "The JSON type is not the documented one." "JSON 类型与文档不符。";
        NotNull "not_null" 422 "Not null" "不可为空" "This field cannot be emptied." "此字段不可置空。";
        TooShort "too_short" 422 "Too short" "过短" "Shorter than the documented minimum." "短于文档规定的最小长度。";
        TooLong "too_long" 422 "Too long" "过长" "Longer than the documented maximum." "超过文档规定的最大长度。";
        TooMany "too_many" 422 "Too many" "过多" "More items than documented." "条目数超过文档规定。";
        OutOfRange "out_of_range" 422 "Out of range" "超出范围" "Outside the documented range." "超出文档规定的范围。";
        BadPattern "bad_pattern" 422 "Not of the documented form" "格式不符" "Does not match the documented pattern." "不符合文档规定的格式。";
        ControlCharacter "control_character" 422 "Control character" "含控制字符" "Control characters are not taken." "不接受控制字符。";
        NotOneOf "not_one_of" 422 "Not one of the values" "不在可选值内" "Not one of the documented values." "不在文档列出的可选值之内。";
        BadDay "bad_day" 422 "Not a day" "日期无效" "A real day as YYYY-MM-DD is expected." "应为真实日期，格式 YYYY-MM-DD。";
        BadInstant "bad_instant" 422 "Not an instant" "时间无效" "An RFC 3339 instant in UTC is expected." "应为 RFC 3339 的 UTC 时间。";
        Gap "gap" 422 "Something is missing" "有缺漏" "A day is missing before this one." "此处之前缺少日期。";
        InTheFuture "in_the_future" 422 "In the future" "为将来时间" "This cannot lie in the future." "此时间不能在将来。";
        InThePast "in_the_past" 422 "In the past" "为过去时间" "This cannot lie in the past." "此时间不能在过去。";
        BadOrder "bad_order" 422 "Ends before it starts" "先后颠倒" "The end lies before the start." "结束早于开始。";
        BadId "bad_id" 422 "Not an id" "编号无效" "A UUID is expected." "应为 UUID。";
        BadPhone "bad_phone" 422 "Not a mobile number" "手机号无效" "A mainland mobile number has 11 digits, 13… to 19…." "大陆手机号为 11 位，以 13 至 19 开头。";
        BadLength "bad_length" 422 "Wrong length" "长度不符" "The document number has the wrong length for its kind." "证件号码长度与类型不符。";
        BadCharacter "bad_character" 422 "Wrong character" "含非法字符" "The document number holds a character its kind does not." "证件号码含有此类型不允许的字符。";
        BadCheckDigit "bad_check_digit" 422 "Check digit wrong" "校验码错误" "The check digit does not fit; look at the number again." "校验码不符，请核对号码。";
        ImpossibleDate "impossible_date" 422 "Impossible date" "日期不存在" "There is no such date, of the field or inside the number." "该日期（字段本身或号码中的）不存在。";
        DateInFuture "date_in_future" 422 "Date in the future" "日期在将来" "The date, of the field or inside the number, lies in the future." "该日期（字段本身或号码中的）在将来。";
        UnknownPrefix "unknown_prefix" 422 "Unknown prefix" "前缀未知" "The number does not begin as its kind does." "号码开头与证件类型不符。";
        NoSuchArea "no_such_area" 422 "No such area" "行政区划不存在" "There is no area with this code." "没有此代码的行政区划。";
        AreaTooWide "area_too_wide" 422 "Area too wide" "区划级别过高" "A narrower area is expected here: a township or village, or a county where the field says so." "此处应为更低一级的区划：乡镇或村；字段说明允许时可为县级。";
        AreaOutside "area_outside" 422 "Area not yours" "不在管辖范围" "The area lies outside your own." "该区划不在您的管辖范围内。";
        NoSuchRecord "no_such_record" 422 "No such record" "记录不存在" "There is no such record in your areas." "在您的管辖范围内没有此记录。";
        OtherHousehold "other_household" 422 "Different households" "不在同一家庭" "The two are in different households, or the household is elsewhere: put them into one first." "两条记录分属不同家庭或不同地点，请先归入同一家庭。";
        NotFitting "not_fitting" 422 "Does not fit" "与其他字段不符" "Does not fit the other fields." "与其他字段不符。";
        OldText "old_text" 422 "Old text" "文本版本过旧" "This version of the consent text is no longer in force." "此版本的同意书已失效。";
        AskedAgain "asked_again" 422 "Asked again" "重复征求" "The person said no, or took their consent back, less than a year ago. Do not ask; record it with own_wish when they came back to it themselves." "本人在一年内已拒绝或撤回，请勿再次征求；如本人主动提出，请注明 own_wish。";
        WeakPassword "weak_password" 422 "Password too weak" "密码过弱" "At least 10 characters, not the login, not a common one." "至少 10 个字符，且不能与账号相同或过于常见。";
        NotHttps "not_https" 422 "Not https" "须使用 https" "A push service is reached by https alone." "推送服务地址必须使用 https。";
        PrivateAddress "private_address" 422 "Private address" "私有地址" "The address leads into a private network; only the operator may allow that." "该地址指向私有网络，须由管理员许可。";
        KeyLength "key_length" 422 "Key of the wrong length" "密钥长度不符" "The key has not as many bytes as its kind has." "密钥的字节数与类型不符。";
        BadPoint "bad_point" 422 "Not a public key" "公钥无效" "The key is no point of the curve P-256." "该公钥不是 P-256 曲线上的点。";
        BadMoney "bad_money" 422 "Not an amount" "金额无效" "An amount such as 123.45, CNY, is expected." "应为形如 123.45 的人民币金额。";
        UnknownPlaceholder "unknown_placeholder" 422 "Unknown placeholder" "占位符未知" "The template names a placeholder that does not exist." "模板使用了不存在的占位符。";
        UnclosedBrace "unclosed_brace" 422 "Brace without its other half" "花括号不成对" "A brace of the template has no other half; see position." "模板中的花括号不成对，请见 position。";
        FilledTooLong "filled_too_long" 422 "Too long once filled in" "填充后过长" "With its placeholders filled in, the text is longer than a notification takes." "占位符填充后，文本超过通知允许的长度。";
        TooFew "too_few" 422 "Too few" "过少" "Fewer items than documented." "条目数少于文档规定。";
        Unbalanced "unbalanced" 422 "Does not balance" "借贷不平衡" "Debits and credits do not come to the same." "借方与贷方合计不相等。";
        UnknownAccount "unknown_account" 422 "No such account" "科目不存在" "The chart has no account of this code." "科目表中没有此代码的科目。";
        SumDiffers "sum_differs" 422 "Sum differs" "合计不符" "The total is not the sum of its lines." "合计与各项之和不符。";
        NumberPrecisionLost "number_precision_lost" 422 "Digits lost" "数字精度丢失" "The spreadsheet took the number for an amount and lost its last digits (such as 3.3E+17). Format the column as text, then put the number in again." "表格把号码当作数值处理，末尾数字已丢失（如 3.3E+17）。请先将该列设为“文本”格式，再重新填入号码。";
        FormulaCell "formula_cell" 422 "A formula" "含公式" "A formula stands here: paste its value instead." "此单元格是公式，请改为粘贴数值。";
        CellError "cell_error" 422 "An error of the spreadsheet" "单元格报错" "The cell holds an error of the spreadsheet, such as #REF!." "单元格为表格错误值，如 #REF!。";
        MergedCells "merged_cells" 422 "Merged cells" "合并单元格" "Cells are merged here: whose value it is cannot be told. Unmerge them and fill in each." "此处有合并单元格，无法判断取值，请取消合并并逐格填写。";
        HiddenCells "hidden_cells" 422 "Hidden" "有隐藏内容" "A row or column is hidden that holds something. Show it or delete it." "有内容的行或列被隐藏，请取消隐藏或删除。";
        UnknownHeader "unknown_header" 422 "Unknown column" "列名未知" "No column of this name is known, and something stands in it. Use the template's names." "不认识此列名，且该列有内容，请使用模板中的列名。";
        MissingHeader "missing_header" 422 "Column missing" "缺少列" "A column that is needed is not in the first row." "首行缺少必需的列。";
        BadEncoding "bad_encoding" 422 "Encoding wrong" "编码错误" "The bytes are no text in the encoding that was declared; save the file as CSV in UTF-8." "文件内容与声明的编码不符，请另存为 UTF-8 编码的 CSV。";
        BadFile "bad_file" 422 "Not a spreadsheet" "不是表格文件" "The file is damaged, protected by a password, or no spreadsheet of this kind." "文件损坏、有密码保护，或不是此类表格。";
        WhichSheet "which_sheet" 422 "Several sheets" "有多个工作表" "The workbook has several visible sheets, or none: leave one, or name it 保单." "工作簿中有多个可见工作表（或一个也没有），请只留一个，或将其命名为“保单”。";
        PolicyExists "policy_exists" 422 "Policy exists" "保单已存在" "The household has this policy already, or one of the same product in that time." "该家庭已有此保单，或同一产品在该期间已有保单。";
        NameDiffers "name_differs" 422 "Another name" "姓名不符" "The document is known, under another name." "该证件号码已登记，但姓名不同。";
        AmbiguousPerson "ambiguous_person" 422 "More than one person" "无法确定是谁" "More than one known person fits; give the document number." "有多名已登记人员符合，请填写证件号码。";
        NoHousehold "no_household" 422 "In no household" "未归入家庭" "The person is known and in no household; put them into one first." "此人已登记但未归入家庭，请先归入家庭。";
        OutsideAge "outside_age" 422 "Outside the ages" "年龄不符" "The person is younger or older than the product takes." "此人年龄不在产品的承保范围内。";
        PremiumDiffers "premium_differs" 422 "Another premium" "保费不符" "The premium is not the product's." "保费与产品规定不符。";
        NoConsent "consent_required" 422 "Consent required" "需要本人同意" "The person has not agreed to insurance: fill in when, to which text, how and by whom it was agreed, if it was." "本人尚未同意保险用途。如已同意，请填写同意日期、同意书版本、同意方式和同意人。";
        TookBack "consent_withdrawn" 422 "Consent withdrawn" "同意已撤回" "The person has taken the consent to insurance back, after what stands here. Nothing is imported against it." "本人已在此后撤回对保险用途的同意，不得导入。";
        NotTogether "not_together" 422 "Not together" "未放在一起" "The rows of one household, one policy or one new person must stand one under the other." "同一家庭、同一保单或同一新增人员的各行必须相邻。";
        NoSuchSource "no_such_source" 422 "No such source" "数据来源不存在" "No source of facts has this name; see list_assessment_sources." "没有此名称的数据来源，请见 list_assessment_sources。";
        WrongKind "wrong_kind" 422 "Not for this kind of formula" "与公式类型不符" "A source of this kind does not answer what the formula asks." "此类数据来源不适用于该公式。";
        WrongLevel "wrong_level" 422 "Not at this level" "不适用于该层级" "The source answers nothing at this level." "该数据来源在此层级没有数据。";
        TextOnly "html_refused" 422 "Plain text only" "仅限纯文本" "Markup is not taken here." "此处不接受标记语言。";
    }
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, fault: Fault) -> Self {
        FieldError {
            pointer: pointer.into(),
            fault,
            position: None,
        }
    }

    /// A fault in the midst of a text.
    pub fn at(pointer: impl Into<String>, fault: Fault, position: usize) -> Self {
        FieldError {
            position: u32::try_from(position).ok(),
            ..FieldError::new(pointer, fault)
        }
    }
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Problem {
            code,
            errors: Vec::new(),
            retry_after: None,
            state: None,
            allow: None,
            acknowledged_after: None,
            rule: None,
        }
    }
}

impl AppError {
    pub fn of(code: Code) -> AppError {
        AppError::Problem(Box::new(Problem::new(code)))
    }
    pub fn not_found() -> AppError {
        AppError::of(Code::NotFound)
    }
    /// One field at fault.
    pub fn field(pointer: impl Into<String>, fault: Fault) -> AppError {
        AppError::fields(vec![FieldError::new(pointer, fault)])
    }
    /// Several fields at fault; the problem's own code is `unknown_field` when one of them is.
    pub fn fields(errors: Vec<FieldError>) -> AppError {
        let unknown = errors.iter().any(|e| e.fault == Fault::Unknown);
        let code = if unknown {
            Code::UnknownField
        } else {
            Code::ValidationFailed
        };
        AppError::Problem(Box::new(Problem {
            errors,
            ..Problem::new(code)
        }))
    }
    pub fn state_forbids(
        state: impl fmt::Display,
        allowed: impl IntoIterator<Item = impl fmt::Display>,
    ) -> AppError {
        let allowed = allowed.into_iter().map(|a| a.to_string()).collect();
        AppError::Problem(Box::new(Problem {
            state: Some((state.to_string(), allowed)),
            ..Problem::new(Code::StateForbids)
        }))
    }
    pub fn later(code: Code, seconds: u32) -> AppError {
        AppError::Problem(Box::new(Problem {
            retry_after: Some(seconds.max(1)),
            ..Problem::new(code)
        }))
    }
    pub fn internal(cause: impl fmt::Display) -> AppError {
        AppError::Internal(cause.to_string())
    }
    pub fn code(&self) -> Code {
        match self {
            AppError::Problem(p) => p.code,
            _ => Code::Internal,
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppError::Problem(p) => f.write_str(p.code.as_str()),
            AppError::Db(_) => f.write_str("the database failed"),
            AppError::Internal(cause) => f.write_str(cause),
        }
    }
}
impl std::error::Error for AppError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AppError::Db(e) => Some(e),
            _ => None,
        }
    }
}
impl From<diesel::result::Error> for AppError {
    fn from(e: diesel::result::Error) -> Self {
        AppError::Db(e)
    }
}

impl actix_web::ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
