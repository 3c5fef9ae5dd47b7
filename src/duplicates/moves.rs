//! The register of what points at people: what a merge moves, and what it leaves where it is.
//!
//! Every column that names a person or a resident stands here (a test holds the list against the schema), so that
//! no table is forgotten by a merge. What moves is journalled value by value, ids, days and words alone; an undo
//! puts back exactly these.

use crate::auth::Who;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::{households, insurance, liaison, people, residents, services, sync};

/// Whom a column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Person,
    Resident,
}

/// Where the version stands that changes with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned {
    pub table: &'static str,
    /// It has an `updated_at`.
    pub timed: bool,
}

/// Tells phones of records that a merge or its undo changed.
pub type Tell = fn(&mut DbConn, &Who, &[Uid]) -> AppResult<()>;

/// How rows move.
#[derive(Clone, Copy)]
pub struct Moved {
    /// The column that says which row it is; with the one that moves where it alone says too little.
    pub key: &'static str,
    pub version: Option<Versioned>,
    pub tell: Option<Tell>,
    /// Of rows with the same key one can name the kept person alone; the other one stays with who was merged.
    pub one_each: bool,
    /// The column that keeps for whom a value of the row was sealed.
    pub sealed_as: Option<&'static str>,
}

pub enum OnMerge {
    Moves(Moved),
    /// And why.
    Stays(&'static str),
}

/// A column that names somebody.
pub struct Pointer {
    pub table: &'static str,
    pub column: &'static str,
    pub names: Names,
    pub on_merge: OnMerge,
}

const fn stays(table: &'static str, column: &'static str, why: &'static str) -> Pointer {
    Pointer {
        table,
        column,
        names: Names::Person,
        on_merge: OnMerge::Stays(why),
    }
}

/// Rows with an id whose `column` names a person.
const fn moves(table: &'static str, column: &'static str) -> Pointer {
    Pointer {
        table,
        column,
        names: Names::Person,
        on_merge: OnMerge::Moves(Moved {
            key: "id",
            version: None,
            tell: None,
            one_each: false,
            sealed_as: None,
        }),
    }
}

impl Pointer {
    const fn changed(mut self, to: Moved) -> Pointer {
        self.on_merge = OnMerge::Moves(to);
        self
    }
    const fn moved(&self) -> Moved {
        match &self.on_merge {
            OnMerge::Moves(moved) => *moved,
            OnMerge::Stays(_) => Moved {
                key: "id",
                version: None,
                tell: None,
                one_each: false,
                sealed_as: None,
            },
        }
    }
    /// Its rows have a version of their own, and an `updated_at` if they are timed.
    const fn versioned(self, timed: bool) -> Pointer {
        let table = self.table;
        let moved = self.moved();
        self.changed(Moved {
            version: Some(Versioned { table, timed }),
            ..moved
        })
    }
    /// Its rows are a part of a record of this table.
    const fn part_of(self, table: &'static str, key: &'static str) -> Pointer {
        let moved = self.moved();
        self.changed(Moved {
            key,
            version: Some(Versioned { table, timed: true }),
            one_each: true,
            ..moved
        })
    }
    /// A value of its rows is sealed for whom they name; this column keeps for whom, when they name another.
    const fn sealed_as(self, column: &'static str) -> Pointer {
        let moved = self.moved();
        self.changed(Moved {
            sealed_as: Some(column),
            ..moved
        })
    }
    /// Phones hold them.
    const fn told(self, tell: Tell) -> Pointer {
        let moved = self.moved();
        self.changed(Moved {
            tell: Some(tell),
            ..moved
        })
    }
    const fn of_resident(mut self) -> Pointer {
        self.names = Names::Resident;
        self
    }
}

/// Of rows of a sheet that is being imported.
const SHEET: &str = "whom a sheet names is found anew before it is imported";

/// Every column that names a person or a resident.
pub const POINTERS: &[Pointer] = &[
    // Phones are told of consents with the person (`merge::told`).
    moves("consents", "person_id").versioned(false),
    moves("residence_episodes", "resident_id")
        .of_resident()
        .versioned(true)
        .told(stays_changed),
    moves("residence_episodes", "person_id").versioned(true),
    moves("services", "resident_id")
        .of_resident()
        .versioned(true)
        .told(services_changed),
    moves("services", "person_id")
        .versioned(true)
        .sealed_as("sealed_as"),
    stays(
        "services",
        "sealed_as",
        "says for whom the contact is sealed; it goes with person_id",
    ),
    moves("households", "contact_person_id")
        .versioned(true)
        .told(households_changed),
    moves("policies", "holder_person_id")
        .versioned(true)
        .told(policies_changed),
    moves("policies", "payer_person_id")
        .versioned(true)
        .told(policies_changed),
    moves("policy_insured", "person_id")
        .part_of("policies", "policy_id")
        .sealed_as("sealed_as")
        .told(policies_changed),
    moves("policy_beneficiaries", "person_id")
        .part_of("policies", "policy_id")
        .told(policies_changed),
    moves("claims", "insured_person_id")
        .versioned(true)
        .told(claims_changed),
    moves("liaison_notices", "person_id")
        .versioned(true)
        .told(liaison::feed::moved),
    moves("memberships", "person_id").versioned(true),
    moves("posts", "person_id").versioned(true),
    moves("nominations", "person_id").versioned(true),
    stays(
        "rights_requests",
        "person_id",
        "its texts are sealed for whom it was asked",
    ),
    stays(
        "privacy_requests",
        "person_id",
        "its texts are sealed for whom it was asked; the kept person's receipt shows it with theirs",
    ),
    stays(
        "person_receipts",
        "person_id",
        "it opens what is held of the person who holds it, and leads on to the kept one",
    ),
    stays("erasures", "person_id", "who is erased is not merged"),
    stays(
        "residents",
        "person_id",
        "the merged registration keeps its person, and so what is sealed under that person's key",
    ),
    stays(
        "policy_insured",
        "sealed_as",
        "says for whom the sum is sealed; it goes with person_id",
    ),
    stays("policy_import_rows", "person_id", SHEET),
    stays("policy_import_rows", "holder_person_id", SHEET),
    stays("policy_import_rows", "payer_person_id", SHEET),
    stays("policy_import_rows", "beneficiary_person_id", SHEET),
    stays("policy_import_policies", "holder_person_id", SHEET),
    stays("policy_import_policies", "payer_person_id", SHEET),
    stays("policy_import_insured", "person_id", SHEET),
    stays("policy_import_beneficiaries", "person_id", SHEET),
    stays("policy_import_people", "person_id", SHEET),
    stays("residents", "merged_into", "says who stands for it").of_resident(),
    stays("persons", "merged_into", "says who stands for them"),
    stays("duplicate_pairs", "person_id", "the pair is of these two"),
    stays(
        "duplicate_pairs",
        "other_person_id",
        "the pair is of these two",
    ),
    stays(
        "duplicate_pairs",
        "kept_person_id",
        "says which of the two was kept",
    ),
];

/// A column whose rows move, when this is one.
pub fn moved(table: &str, column: &str) -> Option<Moved> {
    let mut all = POINTERS.iter();
    let found = all.find(|p| p.table == table && p.column == column)?;
    match &found.on_merge {
        OnMerge::Moves(moved) => Some(*moved),
        OnMerge::Stays(_) => None,
    }
}

/// What a column holds that a merge changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Id,
    Number,
    Word,
}

/// Columns that a merge changes besides those that name somebody, and which version goes with them. The records
/// of the two people themselves go by the values alone: others may change what else stands in them meanwhile.
pub const AMENDED: &[(&str, &str, Holds, Option<Versioned>)] = &[
    ("persons", "state", Holds::Word, None),
    ("persons", "merged_into", Holds::Id, None),
    ("persons", "household_id", Holds::Id, None),
    ("residents", "merged_into", Holds::Id, None),
    ("consents", "withdrawn_at", Holds::Number, CONSENTS),
    ("consents", "withdrawal_recorded_by", Holds::Id, CONSENTS),
    (
        "residence_episodes",
        "to_day",
        Holds::Word,
        Some(Versioned {
            table: "residence_episodes",
            timed: true,
        }),
    ),
    ("memberships", "left_on", Holds::Word, MEMBERSHIPS),
    ("member_cards", "voided_on", Holds::Word, None),
];

/// A column that says why another one of its row holds something: it comes and goes with that one. What a merge
/// ends it ends for one reason.
pub const BECAUSE: &[(&str, &str, &str, &str)] = &[
    ("memberships", "left_on", "left_because", "recorded_twice"),
    ("member_cards", "voided_on", "voided_because", "left"),
];

/// The column that goes with this one, and what it says.
pub fn because(table: &str, column: &str) -> Option<(&'static str, &'static str)> {
    let mut all = BECAUSE.iter();
    let found = all.find(|one| one.0 == table && one.1 == column)?;
    Some((found.2, found.3))
}

const MEMBERSHIPS: Option<Versioned> = Some(Versioned {
    table: "memberships",
    timed: true,
});

const CONSENTS: Option<Versioned> = Some(Versioned {
    table: "consents",
    timed: false,
});

/// The key of a column's rows, what it holds, and where its version stands.
pub fn column(table: &str, column: &str) -> Option<(&'static str, Holds, Option<Versioned>)> {
    if let Some(moved) = moved(table, column) {
        return Some((moved.key, Holds::Id, moved.version));
    }
    let mut amended = AMENDED.iter();
    let found = amended.find(|a| a.0 == table && a.1 == column)?;
    Some(("id", found.2, found.3))
}

fn stays_changed(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    let stays = residents::store::episodes_among(c, ids)?;
    let mut of: Vec<Uid> = stays.iter().map(|stay| stay.resident_id).collect();
    of.sort_unstable();
    of.dedup();
    let residents = residents::store::these(c, &of)?;
    for stay in stays {
        if let Some(resident) = residents.iter().find(|r| r.id == stay.resident_id) {
            let change = residents::feed::stay(who, resident, stay.id, stay.version);
            sync::record_change(c, change.shown_anew())?;
        }
    }
    Ok(())
}

fn services_changed(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    let services = services::store::these(c, ids)?;
    let mut of: Vec<Uid> = services.iter().map(|row| row.resident_id).collect();
    of.sort_unstable();
    of.dedup();
    let residents = residents::store::these(c, &of)?;
    for row in services {
        if let Some(resident) = residents.iter().find(|r| r.id == row.resident_id) {
            let change = services::feed::change(who, resident, row.id, row.version);
            sync::record_change(c, change.shown_anew())?;
        }
    }
    Ok(())
}

fn households_changed(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    for row in households::store::these(c, ids)? {
        sync::record_change(c, households::feed::change(who, &row, row.version))?;
    }
    Ok(())
}

fn policies_changed(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    for row in insurance::store::these_policies(c, ids)? {
        sync::record_change(c, insurance::policies::change(who, &row))?;
    }
    Ok(())
}

fn claims_changed(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    for row in insurance::claim_store::these(c, ids)? {
        sync::record_change(c, insurance::steps::change(who, &row, row.version))?;
    }
    Ok(())
}

/// The consents of somebody, with who sees the person.
pub(super) fn consents_changed(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<()> {
    match people::store::find(c, person)? {
        Some(row) => people::feed::consents_shown_anew(c, who, &row),
        None => Ok(()),
    }
}
