//! How a policy is shown: its product to whoever looks after it, and to nobody else.

use serde::Serialize;
use std::hash::{DefaultHasher, Hasher};
use utoipa::ToSchema;

use super::model::*;
use super::policies::{keys_of, product_id};
use super::store;
use crate::auth::Who;
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Micros, Uid, groups};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::ShortCode;
use crate::people::model::Purpose;
use crate::residents::view::View;
use crate::{page_of, people};

/// Somebody insured by a policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Insured {
    pub person_id: Uid,
    /// Whether the insured agreed to the sum; null in the masked view.
    #[schema(example = true, extensions(("x-masked" = json!(true))))]
    pub sum_agreed: Option<bool>,
}

/// Somebody who benefits by a policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Beneficiary {
    pub person_id: Uid,
    /// Percent.
    #[schema(minimum = 1, maximum = 100, example = 100)]
    pub share: i64,
}

/// A policy. `x-masked` fields are null when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Policy {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub household_id: Uid,
    /// Only whoever registered or is assigned to the policy sees it.
    #[schema(extensions(("x-masked" = json!(true))))]
    pub product_id: Option<Uid>,
    #[schema(value_type = ShortCode)]
    pub insurer_code: String,
    /// The insurer's number of the policy.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "PICC-2026-330402-000123", extensions(("x-masked" = json!(true))))]
    pub policy_number: Option<String>,
    pub holder_person_id: Uid,
    pub payer_person_id: Uid,
    /// Those of the insured who agree to `insurance` now. A policy of nobody who does is not shown.
    #[schema(max_items = 20)]
    pub insured: Vec<Insured>,
    #[schema(max_items = 20)]
    pub beneficiaries: Vec<Beneficiary>,
    pub starts_on: Day,
    pub ends_on: Day,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Tagged for Policy {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// Consents come and go without a new version.
    fn etag(&self) -> String {
        let view = match self.view {
            View::Full => "f",
            View::Masked => "m",
        };
        let mut agreeing = DefaultHasher::new();
        for one in &self.insured {
            agreeing.write(one.person_id.0.as_bytes());
        }
        format!("\"{}-{view}-{:x}\"", self.version, agreeing.finish())
    }
}

page_of! {
    /// A page of policies.
    PolicyPage of Policy
}

/// Policies as this caller may see them, with those of the insured who agree to it; those of nobody who does are left
/// out.
pub fn show(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    rows: Vec<PolicyRow>,
) -> AppResult<Vec<Policy>> {
    let ids: Vec<Uid> = rows.iter().map(|r| r.id).collect();
    let mut insured = store::insured(c, &ids)?;
    let people: Vec<Uid> = insured.iter().map(|i| i.person_id).collect();
    let agreeing = people::store::agreeing(c, &people, Purpose::Insurance)?;
    insured.retain(|i| agreeing.contains(&i.person_id));
    let mut insured = groups(insured, |i| i.policy_id);
    let mut beneficiaries = groups(store::beneficiaries(c, &ids)?, |b| b.policy_id);
    let owned = rows.iter().filter(|row| who.owns(*row));
    let keys = keys_of(c, vault, owned.map(|row| row.household_id))?;
    rows.into_iter()
        .filter_map(|row| Some((insured.remove(&row.id)?, row)))
        .map(|(insured, row)| {
            // One policy of a household may be one's own and another not: the key alone is no right.
            let key = match who.owns(&row) {
                true => keys.get(&row.household_id),
                false => None,
            };
            let beneficiaries = beneficiaries.remove(&row.id).unwrap_or_default();
            show_one(key, row, insured, beneficiaries)
        })
        .collect()
}

/// A policy, opened where there is a key.
fn show_one(
    key: Option<&DataKey>,
    row: PolicyRow,
    insured: Vec<InsuredRow>,
    beneficiaries: Vec<BeneficiaryRow>,
) -> AppResult<Policy> {
    let open = |column: &'static str, id: Uid, sealed: &[u8]| {
        let opened = key.map(|k| k.open(column, id.0, sealed));
        opened.transpose().map_err(AppError::internal)
    };
    let product = key.map(|key| product_id(key, &row)).transpose()?;
    let number = row.policy_number.as_deref();
    let number = number.map(|n| open("policies.policy_number", row.id, n));
    let mut people = Vec::with_capacity(insured.len());
    for one in insured {
        let sealed_as = one.sealed_as.unwrap_or(one.person_id);
        let agreed = open("policy_insured.sum_agreed", sealed_as, &one.sum_agreed)?;
        people.push(Insured {
            person_id: one.person_id,
            sum_agreed: agreed.map(|word| word == "true"),
        });
    }
    Ok(Policy {
        id: row.id,
        version: row.version,
        view: match key {
            Some(_) => View::Full,
            None => View::Masked,
        },
        household_id: row.household_id,
        product_id: product,
        insurer_code: row.insurer_code,
        policy_number: number.transpose()?.flatten(),
        holder_person_id: row.holder_person_id,
        payer_person_id: row.payer_person_id,
        insured: people,
        beneficiaries: beneficiaries
            .into_iter()
            .map(|b| Beneficiary {
                person_id: b.person_id,
                share: b.share,
            })
            .collect(),
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        registered_by: row.registered_by,
        assignee: row.assignee,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
