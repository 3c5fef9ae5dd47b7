//! The policies of a unit: which rows make one, and whether it can be.

use super::check::{Cover, Scene};
use super::columns::Column;
use super::known::Known;
use super::members::{Home, Members};
use super::model::RowFault;
use super::row::Row;
use crate::error::Fault;
use crate::insurance::model::{Basis, ProductRow};
use crate::insurance::rules::{self, Bar, Beside, Same};

/// Whom a row names, by their places among the members.
pub struct To {
    pub insured: usize,
    pub holder: usize,
    pub payer: usize,
    pub beneficiary: Option<usize>,
}

/// All policies of a unit, and whom each row names; nothing where something is at fault.
pub fn of(
    scene: &Scene<'_>,
    known: &Known,
    home: &Home,
    members: &mut Members<'_>,
    rows: &[Row],
    faults: &mut Vec<RowFault>,
) -> Option<(Vec<Cover>, Vec<To>)> {
    let before = faults.len();
    let mut traced = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        traced.extend(to(members, i, row, faults));
    }
    if faults.len() > before || traced.len() < rows.len() {
        return None;
    }
    let mut covers: Vec<Cover> = Vec::new();
    for (row, to) in rows.iter().zip(&traced) {
        let Some(product) = scene.products.get(&row.product) else {
            faults.push(
                scene
                    .sheet()
                    .fault(row.number, Column::Product, Fault::NoSuchRecord),
            );
            continue;
        };
        let same = |cover: &&mut Cover| together(cover, row, product);
        match covers.iter_mut().find(same) {
            Some(cover) => join(scene, cover, rows, row, to, faults),
            None => covers.push(Cover {
                product: product.clone(),
                insurer: row.insurer.clone(),
                number: row.policy_number.clone(),
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                holder: to.holder,
                payer: to.payer,
                insured: vec![(to.insured, row.sum_agreed)],
                beneficiaries: (to.beneficiary.zip(row.share)).into_iter().collect(),
                row: row.number,
            }),
        }
    }
    for (i, cover) in covers.iter().enumerate() {
        let earlier = covers.get(..i).unwrap_or_default();
        fits(scene, cover, earlier, members, rows, faults);
        exists(scene, known, home, cover, members, faults);
    }
    (faults.len() == before).then_some((covers, traced))
}

/// Whom a row names. Who is insured concludes for themselves unless somebody else does, and who concludes pays.
fn to(members: &mut Members<'_>, i: usize, row: &Row, faults: &mut Vec<RowFault>) -> Option<To> {
    let insured = members.of_row(i)?;
    use Column::*;
    let holder = match &row.holder {
        None => insured,
        Some(named) => members.other(row.number, named, (HolderName, HolderDocument), faults)?,
    };
    let payer = match &row.payer {
        None => holder,
        Some(named) => members.other(row.number, named, (PayerName, PayerDocument), faults)?,
    };
    let columns = (BeneficiaryName, BeneficiaryDocument);
    let beneficiary = match &row.beneficiary {
        None => None,
        Some(named) => Some(members.other(row.number, named, columns, faults)?),
    };
    Some(To {
        insured,
        holder,
        payer,
        beneficiary,
    })
}

/// Rows are of one policy by its number, or by the family's cover.
fn together(cover: &Cover, row: &Row, product: &ProductRow) -> bool {
    let numbered = cover.number.is_some() || row.policy_number.is_some();
    if cover.insurer != row.insurer {
        return false;
    }
    match numbered {
        true => cover.number == row.policy_number,
        false => {
            product.basis == Basis::Family
                && cover.product.id == product.id
                && cover.starts_on == row.starts_on
        }
    }
}

/// A further row of a policy.
fn join(
    scene: &Scene<'_>,
    cover: &mut Cover,
    rows: &[Row],
    row: &Row,
    to: &To,
    faults: &mut Vec<RowFault>,
) {
    let at = |column, fault| {
        let fault = scene.sheet().fault(row.number, column, fault);
        fault.with_row(cover.row)
    };
    let premium = rows
        .iter()
        .find(|r| r.number == cover.row)
        .and_then(|r| r.premium);
    let differs = [
        (Column::Product, cover.product.code != row.product),
        (Column::StartsOn, cover.starts_on != row.starts_on),
        (Column::EndsOn, cover.ends_on != row.ends_on),
        (
            Column::Premium,
            row.premium.is_some() && row.premium != premium,
        ),
        // Where nobody is named to conclude or to pay, it is as the first row says.
        (
            Column::HolderName,
            row.holder.is_some() && cover.holder != to.holder,
        ),
        (
            Column::PayerName,
            row.payer.is_some() && cover.payer != to.payer,
        ),
    ];
    let before = faults.len();
    for (column, _) in differs.into_iter().filter(|(_, differs)| *differs) {
        faults.push(at(column, Fault::NotFitting));
    }
    match cover.insured.iter().position(|(who, _)| *who == to.insured) {
        // A row more for somebody insured already is one for a beneficiary.
        Some(_) if to.beneficiary.is_none() => faults.push(at(Column::Name, Fault::Repeated)),
        Some(_) => {}
        None if cover.insured.len() >= rules::MOST => {
            faults.push(at(Column::Name, Fault::TooMany));
        }
        None => {}
    }
    if let Some(who) = to.beneficiary {
        let twice = cover.beneficiaries.iter().any(|(b, _)| *b == who);
        if twice {
            faults.push(at(Column::BeneficiaryName, Fault::Repeated));
        } else if cover.beneficiaries.len() >= rules::MOST {
            faults.push(at(Column::BeneficiaryName, Fault::TooMany));
        }
    }
    if faults.len() > before {
        return;
    }
    match cover.insured.iter_mut().find(|(who, _)| *who == to.insured) {
        Some((_, agreed)) => *agreed |= row.sum_agreed,
        None => cover.insured.push((to.insured, row.sum_agreed)),
    }
    cover.beneficiaries.extend(to.beneficiary.zip(row.share));
}

/// Whether a policy can be: by the ages, the sum, the shares and the premium, and beside the others of its unit.
fn fits(
    scene: &Scene<'_>,
    cover: &Cover,
    earlier: &[Cover],
    members: &Members<'_>,
    rows: &[Row],
    faults: &mut Vec<RowFault>,
) {
    let sheet = scene.sheet();
    for (who, agreed) in &cover.insured {
        let row = rows
            .iter()
            .enumerate()
            .find(|(i, row)| members.of_row(*i) == Some(*who) && row.product == cover.product.code);
        let (Some(member), Some((_, row))) = (members.get(*who), row) else {
            continue;
        };
        match rules::bar(&cover.product, member.birth, *agreed, cover.starts_on) {
            None => {}
            Some(Bar::SumNotAgreed) => {
                faults.push(sheet.fault(row.number, Column::SumAgreed, Fault::Required));
            }
            Some(Bar::Age) => {
                faults.push(sheet.fault(row.number, Column::Name, Fault::OutsideAge));
            }
            Some(Bar::Unborn) => {
                faults.push(sheet.fault(row.number, Column::StartsOn, Fault::NotFitting));
            }
        }
    }
    if rules::lasts_too_long(&cover.product, cover.starts_on, cover.ends_on) {
        faults.push(sheet.fault(cover.row, Column::EndsOn, Fault::OutOfRange));
    }
    if !rules::shared_out(cover.beneficiaries.iter().map(|(_, share)| *share)) {
        faults.push(sheet.fault(cover.row, Column::BeneficiaryShare, Fault::NotFitting));
    }
    let premium = rows
        .iter()
        .find(|r| r.number == cover.row)
        .and_then(|r| r.premium);
    let all = rules::premium(
        &cover.product,
        cover.starts_on,
        cover.ends_on,
        cover.insured.len(),
    );
    if let (Some(given), Some(all)) = (premium, all) {
        // Insurers tell it of the policy, or of each insured.
        let each = cover
            .product
            .premium
            .filter(|_| cover.product.basis == Basis::Person);
        if given != all && Some(given) != each {
            faults.push(sheet.fault(cover.row, Column::Premium, Fault::PremiumDiffers));
        }
    }
    let period = (cover.starts_on, cover.ends_on);
    let again = earlier.iter().find(|other| {
        let common = other
            .insured
            .iter()
            .any(|(a, _)| cover.insured.iter().any(|(b, _)| a == b));
        other.product.id == cover.product.id
            && rules::overlap((other.starts_on, other.ends_on), period)
            && (common || cover.product.basis == Basis::Family)
    });
    if let Some(other) = again {
        let fault = sheet.fault(cover.row, Column::StartsOn, Fault::Repeated);
        faults.push(fault.with_row(other.row));
    }
}

/// Whether the household has such a policy already.
fn exists(
    scene: &Scene<'_>,
    known: &Known,
    home: &Home,
    cover: &Cover,
    members: &Members<'_>,
    faults: &mut Vec<RowFault>,
) {
    let Home::Known(home) = home else {
        return;
    };
    let insured: Vec<_> = (cover.insured.iter())
        .filter_map(|(who, _)| members.get(*who)?.known.as_ref().map(|p| p.id))
        .collect();
    let new = Beside {
        insurer_code: &cover.insurer,
        number: cover.number.as_deref(),
        product: cover.product.id,
        period: (cover.starts_on, cover.ends_on),
        insured: &insured,
    };
    for policy in known.policies(home.id) {
        let column = match rules::same_cover(policy.beside(), new, &cover.product) {
            Some(Same::Number) => Column::PolicyNumber,
            Some(Same::Period) => Column::StartsOn,
            None => continue,
        };
        let fault = scene.sheet().fault(cover.row, column, Fault::PolicyExists);
        return faults.push(fault.with_policy(policy.id));
    }
}
