//! What the associations of a city do: studies, money, programmes, sites; and how its villages govern themselves.

use super::city::{Filling, written};
use diesel::prelude::*;
use qianshou::areas::model::{AreaLevel, AreaRow};
use qianshou::associations::model::*;
use qianshou::associations::office::store::OfficeRow;
use qianshou::associations::sites::model::*;
use qianshou::db::Uid;
use qianshou::db::schema::*;

/// Entries of each fund.
const ENTRIES: usize = 200;
/// Sites of a township.
const SITES: usize = 5;

impl Filling<'_> {
    pub fn offices(&mut self, made: &[AssociationRow]) {
        let mut rows = Vec::new();
        for of in made {
            rows.push(OfficeRow {
                id: self.id(),
                association_id: of.id,
                as_of: self.day(0),
                office_rank: of.office_rank,
                office_premises: of.office_premises,
                office_equipped: of.office_equipped,
                office_own_line: of.office_own_line,
                staff_establishment: of.staff_establishment,
                staff_full_time: of.staff_full_time,
                staff_by_reference: of.staff_by_reference,
                staff_fit: of.staff_fit,
                staff_wages_budgeted: of.staff_wages_budgeted,
                registered_by: self.by,
                created_at: self.at,
            });
        }
        written!(self.c, office_records, rows);
    }

    /// Of each association but those of villages: studies with a problem each, points, a plan, programmes.
    pub fn leading(&mut self, made: &[AssociationRow]) {
        let (mut held, mut items) = (Vec::new(), Vec::new());
        let (mut points, mut plans, mut active) = (Vec::new(), Vec::new(), Vec::new());
        let year = i64::from(self.year);
        for (n, of) in made.iter().enumerate() {
            if of.kind == AssociationKind::Village {
                continue;
            }
            for kind in ["dedicated_study", "field_investigation"] {
                let study = self.id();
                held.push((
                    studies::id.eq(study),
                    studies::version.eq(1i64),
                    studies::association_id.eq(of.id),
                    studies::county.eq(of.county),
                    studies::town.eq(of.town),
                    studies::area_id.eq(of.area_id),
                    studies::kind.eq(kind),
                    studies::led_by.eq("main_leader"),
                    studies::topic.eq("funds"),
                    studies::held_on.eq(self.day(n)),
                    studies::registered_by.eq(self.by),
                    studies::created_at.eq(self.at.0),
                    studies::updated_at.eq(self.at.0),
                ));
                let item = self.id();
                items.push((
                    action_items::id.eq(item),
                    action_items::version.eq(1i64),
                    action_items::study_id.eq(study),
                    action_items::association_id.eq(of.id),
                    action_items::county.eq(of.county),
                    action_items::town.eq(of.town),
                    action_items::area_id.eq(of.area_id),
                    action_items::owner_post.eq("president"),
                    action_items::problem.eq(vec![0u8; 60]),
                    action_items::raised_on.eq(self.day(n)),
                    action_items::due_on.eq(self.day(n)),
                    action_items::state.eq("open"),
                    action_items::registered_by.eq(self.by),
                    action_items::created_at.eq(self.at.0),
                    action_items::updated_at.eq(self.at.0),
                ));
            }
            let id = self.id();
            points.push((
                responsibility_targets::id.eq(id),
                responsibility_targets::association_id.eq(of.id),
                responsibility_targets::area_id.eq(of.area_id),
                responsibility_targets::year.eq(year),
                responsibility_targets::total_points.eq(100i64),
                responsibility_targets::association_points.eq(20i64),
                responsibility_targets::agreed_on.eq(self.day(0)),
                responsibility_targets::updated_by.eq(self.by),
                responsibility_targets::updated_at.eq(self.at.0),
            ));
            for source in ["trainings", "two_for_two", "publicity", "claims_helped"] {
                plans.push((
                    assessment_plans::association_id.eq(of.id),
                    assessment_plans::year.eq(year),
                    assessment_plans::source.eq(source),
                    assessment_plans::planned.eq(4i64),
                    assessment_plans::updated_by.eq(self.by),
                    assessment_plans::updated_at.eq(self.at.0),
                ));
            }
            for kind in [
                "family_holding_hands",
                "three_in_one",
                "happiness_project",
                "adolescent_health_education",
                "family_insurance",
            ] {
                let id = self.id();
                active.push((
                    care_programmes::id.eq(id),
                    care_programmes::version.eq(1i64),
                    care_programmes::association_id.eq(of.id),
                    care_programmes::county.eq(of.county),
                    care_programmes::town.eq(of.town),
                    care_programmes::area_id.eq(of.area_id),
                    care_programmes::kind.eq(kind),
                    care_programmes::year.eq(year),
                    care_programmes::began_on.eq(self.day(0)),
                    care_programmes::evidence.eq("嘉计协〔2026〕5号"),
                    care_programmes::registered_by.eq(self.by),
                    care_programmes::created_at.eq(self.at.0),
                    care_programmes::updated_at.eq(self.at.0),
                ));
            }
        }
        written!(self.c, studies, held);
        written!(self.c, action_items, items);
        written!(self.c, responsibility_targets, points);
        written!(self.c, assessment_plans, plans);
        written!(self.c, care_programmes, active);
        let mut told = Vec::new();
        for town in self.areas.iter().filter(|a| a.level == AreaLevel::Town) {
            told.push((
                area_profiles::area_id.eq(town.id),
                area_profiles::year.eq(year),
                area_profiles::population.eq(40_000i64),
                area_profiles::updated_by.eq(self.by),
                area_profiles::updated_at.eq(self.at.0),
            ));
        }
        written!(self.c, area_profiles, told);
    }

    /// Budgets, and a ledger of each fund; what villages asked for.
    pub fn money(&mut self, made: &[AssociationRow]) {
        let (mut budgeted, mut shown) = (Vec::new(), Vec::new());
        let (mut entries, mut lines, mut needs) = (Vec::new(), Vec::new(), Vec::new());
        for (n, of) in made.iter().enumerate() {
            if of.kind == AssociationKind::Village {
                let id = self.id();
                needs.push((
                    village_needs::id.eq(id),
                    village_needs::version.eq(1i64),
                    village_needs::association_id.eq(of.id),
                    village_needs::county.eq(of.county),
                    village_needs::town.eq(of.town),
                    village_needs::village.eq(of.village),
                    village_needs::area_id.eq(of.area_id),
                    village_needs::need.eq("activities"),
                    village_needs::asked.eq(300_000i64),
                    village_needs::asked_on.eq(self.day(n)),
                    village_needs::met.eq(300_000i64),
                    village_needs::answered_on.eq(self.day(n)),
                    village_needs::registered_by.eq(self.by),
                    village_needs::created_at.eq(self.at.0),
                    village_needs::updated_at.eq(self.at.0),
                ));
                continue;
            }
            let budget = self.id();
            budgeted.push((
                budgets::id.eq(budget),
                budgets::version.eq(1i64),
                budgets::association_id.eq(of.id),
                budgets::county.eq(of.county),
                budgets::town.eq(of.town),
                budgets::area_id.eq(of.area_id),
                budgets::year.eq(i64::from(self.year)),
                budgets::activity_funds.eq(90_000i64),
                budgets::family_planning_funds.eq(1_000_000i64),
                budgets::approved_on.eq(self.day(0)),
                budgets::evidence.eq("嘉财预〔2026〕1号"),
                budgets::registered_by.eq(self.by),
                budgets::created_at.eq(self.at.0),
                budgets::updated_at.eq(self.at.0),
            ));
            for kind in [
                "own_line",
                "separate_account",
                "earmarked",
                "wages_in_budget",
            ] {
                shown.push((
                    budget_facts::budget_id.eq(budget),
                    budget_facts::kind.eq(kind),
                    budget_facts::holds.eq(true),
                    budget_facts::evidence.eq("嘉财预〔2026〕1号"),
                    budget_facts::shown_on.eq(self.day(0)),
                    budget_facts::noted_by.eq(self.by),
                    budget_facts::noted_at.eq(self.at.0),
                ));
            }
            for entry in 0..ENTRIES {
                let id = self.id();
                entries.push((
                    fund_entries::id.eq(id),
                    fund_entries::association_id.eq(of.id),
                    fund_entries::county.eq(of.county),
                    fund_entries::town.eq(of.town),
                    fund_entries::area_id.eq(of.area_id),
                    fund_entries::source.eq(["government", "donation"][entry % 2]),
                    fund_entries::booked_on.eq(self.day(entry)),
                    fund_entries::voucher.eq(format!("B-{entry:05}")),
                    fund_entries::posted_by.eq(self.by),
                    fund_entries::posted_at.eq(self.at.0),
                ));
                // What comes in, what helps in hardship, what else is spent.
                let (debit, credit) = match entry % 4 {
                    0 | 1 => ("1002", "4001"),
                    2 => ("5001", "1002"),
                    _ => ("5002", "1002"),
                };
                for (position, (account, side)) in [(debit, "debit"), (credit, "credit")]
                    .into_iter()
                    .enumerate()
                {
                    lines.push((
                        fund_lines::entry_id.eq(id),
                        fund_lines::position.eq(position as i64),
                        fund_lines::account.eq(account),
                        fund_lines::side.eq(side),
                        fund_lines::amount.eq(10_000i64),
                    ));
                }
            }
        }
        written!(self.c, village_needs, needs);
        written!(self.c, budgets, budgeted);
        written!(self.c, budget_facts, shown);
        written!(self.c, fund_entries, entries);
        written!(self.c, fund_lines, lines);
    }

    /// Sites of every township, every other one with an association that was looked at.
    pub fn sites(&mut self, made: &[AssociationRow]) {
        let towns: Vec<AreaRow> = self
            .areas
            .iter()
            .filter(|a| a.level == AreaLevel::Town)
            .cloned()
            .collect();
        let asked: Vec<String> = haves::table.select(haves::code).load(&mut self.c).unwrap();
        let (mut rows, mut counted) = (Vec::new(), Vec::new());
        let (mut founded, mut linked, mut checked) = (Vec::new(), Vec::new(), Vec::new());
        for town in &towns {
            let above = made.iter().find(|a| a.area_id == town.id).unwrap();
            for n in 0..SITES {
                let (id, has) = (self.id(), n.is_multiple_of(2).then(|| self.id()));
                let on = self.day(n);
                rows.push(SiteRow {
                    id,
                    version: 1,
                    kind: SiteKind::ALL[n % SiteKind::ALL.len()],
                    title: "南湖市场".into(),
                    county: town.county.unwrap(),
                    town: town.town,
                    village: None,
                    area_id: town.id,
                    area_code: town.code.clone(),
                    people: 1_500,
                    counted_on: on,
                    counted_by: HeadcountSource::OwnReport,
                    association_id: has,
                    linked_on: has.map(|_| on),
                    closed_on: None,
                    closed_because: None,
                    registered_by: self.by,
                    created_at: self.at,
                    updated_at: self.at,
                });
                counted.push(HeadcountRow {
                    id: self.id(),
                    site_id: id,
                    people: 1_500,
                    counted_on: on,
                    counted_by: HeadcountSource::OwnReport,
                    registered_by: self.by,
                    created_at: self.at,
                });
                let Some(association) = has else { continue };
                founded.push(AssociationRow {
                    id: association,
                    kind: AssociationKind::Market,
                    parent_id: Some(above.id),
                    ..above.clone()
                });
                linked.push((
                    site_links::site_id.eq(id),
                    site_links::association_id.eq(association),
                    site_links::linked_on.eq(on),
                ));
                for have in &asked {
                    let check = self.id();
                    checked.push((
                        site_checks::id.eq(check),
                        site_checks::site_id.eq(id),
                        site_checks::have.eq(have.clone()),
                        site_checks::found.eq(true),
                        site_checks::checked_on.eq(on),
                        site_checks::checked_by.eq(self.by),
                        site_checks::evidence.eq("register"),
                        site_checks::created_at.eq(self.at.0),
                    ));
                }
            }
        }
        written!(self.c, associations, founded);
        written!(self.c, sites, rows);
        written!(self.c, site_headcounts, counted);
        written!(self.c, site_links, linked);
        written!(self.c, site_checks, checked);
    }

    /// Of every village: its texts, what was deliberated, decided and shown; and of most what people decided of it.
    pub fn governance(&mut self) {
        let (mut texts, mut held, mut decided) = (Vec::new(), Vec::new(), Vec::new());
        let (mut shown, mut confirmed) = (Vec::new(), Vec::new());
        for (n, village) in self.villages().iter().enumerate() {
            let (county, town) = (village.county.unwrap(), village.town.unwrap());
            let on = self.day(n);
            let mut charter = Uid::NIL;
            for kind in ["village_agreement", "charter"] {
                charter = self.id();
                texts.push((
                    village_texts::id.eq(charter),
                    village_texts::version.eq(1i64),
                    village_texts::county.eq(county),
                    village_texts::town.eq(town),
                    village_texts::village.eq(village.id),
                    village_texts::area_code.eq(village.code.clone()),
                    village_texts::kind.eq(kind),
                    village_texts::edition.eq(1i64),
                    village_texts::title.eq("章程"),
                    village_texts::adopted_on.eq(on),
                    village_texts::adopted_by.eq("villagers_assembly"),
                    village_texts::registered_by.eq(self.by),
                    village_texts::created_at.eq(self.at.0),
                    village_texts::updated_at.eq(self.at.0),
                ));
            }
            for round in 0..4 {
                let on = self.day(round);
                let (deliberation, decision, disclosure) = (self.id(), self.id(), self.id());
                held.push((
                    deliberations::id.eq(deliberation),
                    deliberations::version.eq(1i64),
                    deliberations::county.eq(county),
                    deliberations::town.eq(town),
                    deliberations::village.eq(village.id),
                    deliberations::area_code.eq(village.code.clone()),
                    deliberations::charter_id.eq(charter),
                    deliberations::topic.eq("services"),
                    deliberations::title.eq("服务"),
                    deliberations::form.eq("council"),
                    deliberations::state.eq("held"),
                    deliberations::announced_on.eq(on),
                    deliberations::held_on.eq(on),
                    deliberations::participants.eq(40i64),
                    deliberations::registered_by.eq(self.by),
                    deliberations::created_at.eq(self.at.0),
                    deliberations::updated_at.eq(self.at.0),
                ));
                decided.push((
                    village_decisions::id.eq(decision),
                    village_decisions::version.eq(1i64),
                    village_decisions::county.eq(county),
                    village_decisions::town.eq(town),
                    village_decisions::village.eq(village.id),
                    village_decisions::area_code.eq(village.code.clone()),
                    village_decisions::deliberation_id.eq(deliberation),
                    village_decisions::title.eq("服务"),
                    village_decisions::result.eq("adopted"),
                    village_decisions::decided_on.eq(on),
                    village_decisions::registered_by.eq(self.by),
                    village_decisions::created_at.eq(self.at.0),
                    village_decisions::updated_at.eq(self.at.0),
                ));
                shown.push((
                    village_disclosures::id.eq(disclosure),
                    village_disclosures::version.eq(1i64),
                    village_disclosures::county.eq(county),
                    village_disclosures::town.eq(town),
                    village_disclosures::village.eq(village.id),
                    village_disclosures::area_code.eq(village.code.clone()),
                    village_disclosures::subject.eq("decision"),
                    village_disclosures::decision_id.eq(decision),
                    village_disclosures::title.eq("公示"),
                    village_disclosures::board.eq("notice_board"),
                    village_disclosures::posted_from.eq(on),
                    village_disclosures::registered_by.eq(self.by),
                    village_disclosures::created_at.eq(self.at.0),
                    village_disclosures::updated_at.eq(self.at.0),
                ));
            }
            if n.is_multiple_of(10) {
                continue;
            }
            let id = self.id();
            confirmed.push((
                village_confirmations::id.eq(id),
                village_confirmations::version.eq(1i64),
                village_confirmations::county.eq(county),
                village_confirmations::town.eq(town),
                village_confirmations::village.eq(village.id),
                village_confirmations::area_code.eq(village.code.clone()),
                village_confirmations::year.eq(i64::from(self.year)),
                village_confirmations::revision.eq(1i64),
                village_confirmations::qualified.eq(true),
                village_confirmations::counted.eq(false),
                village_confirmations::criteria_year.eq(1990i64),
                village_confirmations::reasons.eq("[\"evidence_elsewhere\"]"),
                village_confirmations::decided_on.eq(on),
                village_confirmations::registered_by.eq(self.by),
                village_confirmations::created_at.eq(self.at.0),
                village_confirmations::updated_at.eq(self.at.0),
            ));
        }
        written!(self.c, village_texts, texts);
        written!(self.c, deliberations, held);
        written!(self.c, village_decisions, decided);
        written!(self.c, village_disclosures, shown);
        written!(self.c, village_confirmations, confirmed);
    }
}
