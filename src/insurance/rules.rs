//! What a policy has to be like, whoever concludes it: a worker by hand, or an import of many. Pure decisions.

use super::model::{Basis, BeneficiaryRow, ClaimType, InsuredRow, PolicyRow, ProductRow};
use crate::crypto::DataKey;
use crate::db::{Day, Fen, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::households::model::HouseholdRow;
use crate::people::consents::Birth;
use crate::sync;

/// People that one policy insures, and people that benefit by it.
pub const MOST: usize = 20;

/// Why somebody cannot be insured who agrees to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Death is covered, and they did not agree to the sum (Insurance Law 34).
    SumNotAgreed,
    /// Too young or too old for the product.
    Age,
    /// Not born yet when it begins.
    Unborn,
}

/// What keeps somebody from being insured by a product from this day on.
pub fn bar(product: &ProductRow, birth: Birth, sum_agreed: bool, from: Day) -> Option<Bar> {
    let covers_death = product.papers_for(ClaimType::Death).is_some();
    if covers_death && !sum_agreed {
        return Some(Bar::SumNotAgreed);
    }
    let unborn = match (birth.day, birth.year) {
        (Some(day), _) => from.0 < day,
        (None, Some(year)) => i64::from(from.0.year()) < year,
        (None, None) => false,
    };
    if unborn {
        return Some(Bar::Unborn);
    }
    too_young_or_old(product, birth, from).then_some(Bar::Age)
}

/// With the year alone only what is certain is refused.
fn too_young_or_old(product: &ProductRow, birth: Birth, on: Day) -> bool {
    let on = on.0;
    let (least, most) = match (birth.day, birth.year) {
        (Some(day), _) => {
            let had_birthday = (on.month(), on.day()) >= (day.month(), day.day());
            let age = i64::from(on.year() - day.year()) - i64::from(!had_birthday);
            (age, age)
        }
        (None, Some(year)) => (i64::from(on.year()) - year - 1, i64::from(on.year()) - year),
        (None, None) => return false,
    };
    product.min_age.is_some_and(|min| most < min) || product.max_age.is_some_and(|max| least > max)
}

/// Nobody benefits but as the law says, or all of it is shared.
pub fn shared_out(shares: impl Iterator<Item = i64>) -> bool {
    let (count, sum) = shares.fold((0, 0), |(count, sum), share| (count + 1, sum + share));
    count == 0 || sum == 100
}

/// Years that a policy lasts at the most: covers for accidents and illness are renewed every year or few, those for
/// somebody's life last longer.
const YEARS: i16 = 10;
const LIFE_YEARS: i16 = 80;

/// Whether a policy of this product would last longer than any does.
pub fn lasts_too_long(product: &ProductRow, starts_on: Day, ends_on: Day) -> bool {
    let years = if product.life_insurance {
        LIFE_YEARS
    } else {
        YEARS
    };
    let last = starts_on.0.checked_add(jiff::Span::new().years(years));
    last.is_ok_and(|last| ends_on.0 >= last)
}

/// A policy beside which another one may be the same cover once more.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    pub insurer_code: &'a str,
    pub number: Option<&'a str>,
    pub product: Uid,
    pub period: (Day, Day),
    pub insured: &'a [Uid],
}

/// By what two policies of one household are the same cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// The insurer's number.
    Number,
    /// The product in some of the same days, of the family or of somebody insured by both.
    Period,
}

/// Whether a household has a cover already that is concluded once more.
pub fn same_cover(known: Beside<'_>, new: Beside<'_>, product: &ProductRow) -> Option<Same> {
    if new.number.is_some() && known.number == new.number && known.insurer_code == new.insurer_code
    {
        return Some(Same::Number);
    }
    let common = known.insured.iter().any(|one| new.insured.contains(one));
    let again = known.product == new.product
        && overlap(known.period, new.period)
        && (common || product.basis == Basis::Family);
    again.then_some(Same::Period)
}

/// The most that a product pays for one insured of so many, where it names a sum.
pub fn most_of_one(product: &ProductRow, insured: usize) -> Option<Fen> {
    if let Some(sum) = product.sum_insured {
        let parts = if product.sum_divided {
            i64::try_from(insured.max(1)).ok()?
        } else {
            1
        };
        return Some(Fen(sum.0 / parts));
    }
    Some(Fen(product.day_rate?.0.checked_mul(product.day_cap?)?))
}

/// Whether two periods have a day in common.
pub fn overlap(one: (Day, Day), other: (Day, Day)) -> bool {
    one.0 <= other.1 && other.0 <= one.1
}

/// The premium of a policy of one year, where the product names one: for each insured, or for the family.
pub fn premium(product: &ProductRow, starts_on: Day, ends_on: Day, insured: usize) -> Option<Fen> {
    let days = starts_on.0.until((jiff::Unit::Day, ends_on.0)).ok()?;
    if !(363..=366).contains(&days.get_days()) {
        return None;
    }
    let each = product.premium?;
    Some(match product.basis {
        Basis::Family => each,
        Basis::Person => Fen(each.0 * i64::try_from(insured).ok()?),
    })
}

/// A policy as it is concluded.
pub struct Concluded<'a> {
    pub id: Uid,
    pub household: &'a HouseholdRow,
    pub product: Uid,
    pub insurer_code: &'a str,
    pub policy_number: Option<&'a str>,
    pub holder: Uid,
    pub payer: Uid,
    pub starts_on: Day,
    pub ends_on: Day,
    pub registered_by: Uid,
    pub at: Micros,
    /// Each with whether they agreed to the sum.
    pub insured: Vec<(Uid, bool)>,
    /// Each with a share, in percent.
    pub beneficiaries: Vec<(Uid, i64)>,
}

pub type Rows = (PolicyRow, Vec<InsuredRow>, Vec<BeneficiaryRow>);

impl Concluded<'_> {
    /// The rows of it, sealed under the household's key.
    pub fn rows(&self, key: &DataKey) -> AppResult<Rows> {
        let (id, household) = (self.id, self.household);
        let seal = |column: &'static str, id: Uid, text: &str| {
            key.seal(column, id.0, text).map_err(AppError::internal)
        };
        let number = self.policy_number;
        let policy = PolicyRow {
            id,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            household_id: household.id,
            county: household.county,
            town: household.town,
            village: household.village,
            product: seal("policies.product", id, &self.product.to_string())?,
            policy_number: number
                .map(|n| seal("policies.policy_number", id, n))
                .transpose()?,
            insurer_code: self.insurer_code.to_owned(),
            holder_person_id: self.holder,
            payer_person_id: self.payer,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            registered_by: self.registered_by,
            // Whoever looks after the household looks after its policies.
            assignee: Some(household.assignee.unwrap_or(household.registered_by)),
            created_at: self.at,
            updated_at: self.at,
        };
        let mut insured = Vec::with_capacity(self.insured.len());
        for (position, (person, agreed)) in (0..).zip(&self.insured) {
            let agreed = if *agreed { "true" } else { "false" };
            insured.push(InsuredRow {
                policy_id: id,
                person_id: *person,
                position,
                sum_agreed: seal("policy_insured.sum_agreed", *person, agreed)?,
                sealed_as: None,
            });
        }
        let beneficiary = |(position, (person, share)): (i64, &(Uid, i64))| BeneficiaryRow {
            policy_id: id,
            person_id: *person,
            position,
            share: *share,
        };
        let beneficiaries = (0..).zip(&self.beneficiaries).map(beneficiary).collect();
        Ok((policy, insured, beneficiaries))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::db::Json;

    fn product(min_age: Option<i64>, max_age: Option<i64>) -> ProductRow {
        ProductRow {
            id: Uid::NIL,
            version: 1,
            field_versions: String::new(),
            code: "p".into(),
            title_zh: String::new(),
            title_en: String::new(),
            terms_zh: String::new(),
            terms_en: String::new(),
            basis: Basis::Person,
            sum_divided: false,
            life_insurance: false,
            premium: Some(Fen(3000)),
            sum_insured: None,
            day_rate: None,
            day_cap: None,
            min_age,
            max_age,
            determination_days: None,
            payment_days: None,
            papers: Json(Vec::new()),
            created_by: None,
            created_at: Micros(0),
            updated_at: Micros(0),
        }
    }

    fn born(day: Option<jiff::civil::Date>, year: Option<i64>) -> Birth {
        Birth { day, year }
    }

    #[test]
    fn an_age_is_counted_to_the_day_and_by_the_year_alone_in_doubt_allowed() {
        let on = Day(date(2026, 6, 15));
        let p = product(Some(18), Some(65));
        let refused = |birth| bar(&p, birth, false, on) == Some(Bar::Age);
        assert!(refused(born(Some(date(2008, 6, 16)), None)));
        assert!(!refused(born(Some(date(2008, 6, 15)), Some(2020))));
        assert!(!refused(born(Some(date(1960, 6, 16)), None)));
        assert!(refused(born(Some(date(1960, 6, 15)), None)));
        // In its year of birth somebody may be either.
        assert!(!refused(born(None, Some(2008))) && refused(born(None, Some(2009))));
        assert!(!refused(born(None, Some(1960))) && refused(born(None, Some(1959))));
        assert!(!refused(born(None, None)));
    }

    #[test]
    fn shares_periods_and_premiums() {
        assert!(shared_out([].into_iter()) && shared_out([60, 40].into_iter()));
        assert!(!shared_out([60].into_iter()) && !shared_out([60, 60].into_iter()));
        let day = |m, d| Day(date(2026, m, d));
        assert!(overlap((day(1, 1), day(6, 30)), (day(6, 30), day(12, 31))));
        assert!(!overlap((day(1, 1), day(6, 29)), (day(6, 30), day(12, 31))));
        let p = product(None, None);
        assert_eq!(premium(&p, day(1, 1), day(12, 31), 2), Some(Fen(6000)));
        assert_eq!(premium(&p, day(1, 1), day(6, 30), 2), None);
        let family = ProductRow {
            basis: Basis::Family,
            ..product(None, None)
        };
        assert_eq!(premium(&family, day(1, 1), day(12, 31), 3), Some(Fen(3000)));
    }
}
