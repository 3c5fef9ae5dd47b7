//! Rows and words of budgets.

use diesel::prelude::*;

use crate::db::schema::{budget_facts, budgets};
use crate::db::{Day, Fen, Micros, Uid};
use crate::{stands_with_its_association, text_enum, text_type};

text_enum! {
    /// What is to be found of a budget: the activity funds are a line of their own (单列), on a separate account (专户),
    /// earmarked (专款专用); wages are in the budget; retired presidents and vice-presidents have their subsidy; the
    /// executive vice-presidents of villages are paid.
    BudgetFactKind {
        OwnLine = "own_line",
        SeparateAccount = "separate_account",
        Earmarked = "earmarked",
        WagesInBudget = "wages_in_budget",
        RetiredLeadersSubsidy = "retired_leaders_subsidy",
        VillageExecutiveVicesPay = "village_executive_vices_pay",
    }
}
text_type! {
    /// The number or title of the paper that shows something. It names nobody.
    EvidenceReference 1..=80 LINE check_line "嘉计协〔2026〕3号";
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = budgets, treat_none_as_default_value = false)]
pub struct BudgetRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub year: i64,
    pub activity_funds: Fen,
    pub family_planning_funds: Fen,
    pub approved_on: Day,
    pub evidence: String,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

stands_with_its_association!(BudgetRow);

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = budget_facts, treat_none_as_default_value = false)]
pub struct FactRow {
    pub budget_id: Uid,
    pub kind: BudgetFactKind,
    pub holds: bool,
    pub evidence: String,
    pub shown_on: Day,
    pub amount: Option<Fen>,
    pub heads: Option<i64>,
    pub noted_by: Uid,
    pub noted_at: Micros,
}
