//! Whole examples of requests whose fields must fit each other, which examples field by field do not.
//!
//! A test sends every one to a fresh database, so they are accepted as they stand.

use serde_json::{Value, json};

pub(super) fn put(all: &mut Value) {
    for (name, example) in requests() {
        if all[name].is_object() {
            all[name]["example"] = example;
        }
    }
}

fn requests() -> [(&'static str, Value); 8] {
    let person = "019a8c5e-7c00-7000-8000-5a1f0c3e9b21";
    [
        (
            "NewAssignment",
            json!({ "role": "field_member", "area": "330402007024", "ends_at": "2099-12-31T00:00:00Z" }),
        ),
        (
            "NewUser",
            json!({
                "login": "member.lin", "display_name": "林会员",
                "assignment": { "role": "field_member", "area": "330402007024" }
            }),
        ),
        (
            "NewResident",
            json!({
                "name": "王小明", "sex": "male", "birth_year": 1985, "phone": "13812345678",
                "document": { "kind": "resident_id", "number": "330499198506150126" },
                "area": "330402007024", "address": "建设街道百福弄12号", "home_area": "3304",
                "arrived_on": "2026-03-01", "expected_stay": "over_one_year", "reason": "work",
                "employer": "南湖纺织厂", "language": "zh", "contact_hours": "19:00-21:00",
                "needs": ["health"],
                "consents": [{ "purpose": "registration", "text_version": 1, "language": "zh-CN",
                    "channel": "in_person", "given_by": "self" }]
            }),
        ),
        (
            "ResidentPatch",
            json!({ "phone": "13912345678", "address": "建设街道百福弄15号", "needs": ["schooling"] }),
        ),
        (
            "CampaignPlan",
            json!({
                "area": "330402", "theme": "members_day", "starts_on": "2099-05-29",
                "title": "第101个会员活动日", "goals": "每个会员之家举办一场活动。",
                "audience": { "areas": ["330402"], "roles": ["field_member", "coordinator"] },
                "message_zh": { "title": "{campaign}", "body": "{day} 举行，还有 {days_left} 天，请做好准备。" },
                "message_en": { "title": "{campaign}", "body": "On {day}, in {days_left} days. Please prepare." },
                "reminders": [{ "days_before": 7, "at": "09:00" }, { "days_before": 0, "at": "09:00" }]
            }),
        ),
        (
            "FestivalAddition",
            json!({ "code": "migrants-day", "rule": "solar:11-30", "title_zh": "流动人口服务日", "title_en": "Migrants' day" }),
        ),
        (
            "NewInsuranceProduct",
            json!({
                "code": "hospital-days", "title_zh": "住院津贴", "title_en": "Hospital benefit",
                "terms_zh": "每住院一天给付。", "terms_en": "Paid for each day in hospital.",
                "basis": "person", "premium": { "amount": "60.00", "currency": "CNY" },
                "day_rate": { "amount": "50.00", "currency": "CNY" }, "day_cap": 90, "min_age": 1, "max_age": 65,
                "covers": [{ "claim_type": "medical", "papers": ["claim_form", "invoices"] }]
            }),
        ),
        (
            "NewPolicy",
            json!({
                "household_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11",
                "product_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b12",
                "holder_person_id": person, "payer_person_id": person,
                "insured": [{ "person_id": person, "sum_agreed": true }],
                "beneficiaries": [{ "person_id": person, "share": 100, "agreed_by_insured": true }],
                "starts_on": "2026-01-01", "ends_on": "2026-12-31",
                "insurer_code": "picc-life", "policy_number": "PICC-2026-330402-000123"
            }),
        ),
    ]
}
