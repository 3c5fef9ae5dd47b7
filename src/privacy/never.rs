//! The list itself.

/// Something that has no place here: no field, no status, no report, no score.
pub struct Never {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    /// Words by which such a field would be called.
    pub words: &'static [&'static str],
}

pub const NEVER: &[Never] = &[
    Never {
        code: "pregnancy",
        zh: "是否怀孕及孕情",
        en: "Whether somebody is or was pregnant",
        words: &[
            "pregnant",
            "pregnancy",
            "pregnancies",
            "gestation",
            "abortion",
        ],
    },
    Never {
        code: "births",
        zh: "生育次数、子女数和生育意愿",
        en: "How often somebody gave birth, how many children they have or want",
        words: &[
            "births",
            "birth_count",
            "parity",
            "children_count",
            "child_count",
            "fertility",
        ],
    },
    Never {
        code: "contraception",
        zh: "避孕方法",
        en: "Contraception",
        words: &["contraception", "contraceptive", "contraceptives", "iud"],
    },
    Never {
        code: "sterilisation",
        zh: "绝育手术",
        en: "Sterilisation",
        words: &[
            "sterilisation",
            "sterilization",
            "sterilised",
            "sterilized",
            "ligation",
            "vasectomy",
        ],
    },
    Never {
        code: "compliance",
        zh: "婚育“合规”与否",
        en: "Whether a marriage or a child \"complies\" with anything",
        words: &[
            "compliance",
            "compliant",
            "violation",
            "marital",
            "illegitimate",
        ],
    },
    Never {
        code: "fines",
        zh: "社会抚养费和罚款",
        en: "Social support fees and fines of a person or family",
        words: &["fine", "fines", "penalty", "social_support_fee"],
    },
    Never {
        code: "ethnicity",
        zh: "民族",
        en: "Ethnicity",
        words: &["ethnicity", "ethnic", "nationality_group"],
    },
    Never {
        code: "religion",
        zh: "宗教信仰",
        en: "Religion",
        words: &["religion", "religious"],
    },
    Never {
        code: "biometrics",
        zh: "人脸、指纹等生物识别信息",
        en: "Faces, fingerprints and other biometrics",
        words: &["biometric", "biometrics", "fingerprint", "face_id", "iris"],
    },
    Never {
        code: "political_views",
        zh: "服务对象的政治观点",
        en: "Political views of those who are served",
        words: &["political", "party_member"],
    },
    Never {
        code: "location_tracks",
        zh: "行踪轨迹",
        en: "Where somebody went",
        words: &["track", "tracks", "trajectory", "whereabouts"],
    },
    Never {
        code: "blacklists",
        zh: "黑名单",
        en: "Blacklists",
        words: &["blacklist", "blacklisted", "watchlist"],
    },
    Never {
        code: "scores",
        zh: "对个人的风险评分或信用评分",
        en: "Scores of people, of risk or of credit",
        words: &[
            "risk_score",
            "credit_score",
            "person_score",
            "resident_score",
        ],
    },
];
