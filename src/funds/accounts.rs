//! Rows and words of the chart of accounts.

use diesel::prelude::*;

use crate::db::schema::fund_accounts;
use crate::db::{Micros, Uid};
use crate::{text_enum, text_type};

text_enum! {
    /// What kind of account it is.
    AccountClass {
        Asset = "asset",
        Liability = "liability",
        NetAssets = "net_assets",
        Income = "income",
        Expense = "expense",
    }
}
text_enum! {
    /// What an expense is for; help in hardship is what the fund is there for.
    SpentOn {
        HardshipHelp = "hardship_help",
        Projects = "projects",
        HealthEducation = "health_education",
        InsuranceSupport = "insurance_support",
        Activities = "activities",
        Administration = "administration",
    }
}
text_type! {
    /// The code of an account, digits as in a chart.
    AccountCode 4..=8 DIGITS check_digits "1002";
}

/// So many accounts a chart has at most: every list of them is one answer.
pub const MOST: i64 = 100;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fund_accounts, treat_none_as_default_value = false)]
pub struct AccountRow {
    pub code: String,
    pub class: AccountClass,
    pub spent_on: Option<SpentOn>,
    pub title_zh: String,
    pub title_en: String,
    /// Cash, or money at a bank: less than nothing is not there.
    pub holds_cash: bool,
    pub created_by: Option<Uid>,
    pub created_at: Micros,
}
