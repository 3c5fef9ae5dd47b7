//! How a post, a rule and a vacancy are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::rules::{self, Term, VacancyReason, Vacant};
use super::store::Found;
use crate::associations::model::AssociationKind;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{Money, ShortCode};
use crate::page_of;
use crate::people::fields;

/// A term of somebody in a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct Post {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub post: PostKind,
    /// Null once they no longer agree to its being known.
    pub person_id: Option<Uid>,
    /// The holder's name, masked; seen by `reveal_post_holder` alone.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王*", extensions(("x-masked" = json!(true))))]
    pub holder: Option<String>,
    pub standing: PostStanding,
    pub holds_position: PublicPosition,
    #[schema(example = true)]
    pub full_time: bool,
    #[schema(example = true)]
    pub civil_servant: bool,
    /// Managed by reference to the Civil Service Law.
    #[schema(example = false)]
    pub managed_by_reference: bool,
    /// Of the five elders (五老): old cadres, soldiers, experts, teachers, models.
    #[schema(example = false)]
    pub five_elders: bool,
    #[schema(example = false)]
    pub retired: bool,
    /// What is paid for it a month: a subsidy or an allowance; null for none.
    pub allowance: Option<Money>,
    pub begins_on: Day,
    /// The last day of the term.
    pub ends_on: Day,
    pub ended_on: Option<Day>,
    pub ended_because: Option<PostEnd>,
    /// Their first term in this post, or a later one.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    pub term: i64,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of posts.
    PostPage of Post
}

impl Tagged for Post {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// A term runs out overnight, without a new version.
    fn view(&self) -> &str {
        match self.standing {
            PostStanding::Overdue => "o",
            _ => "f",
        }
    }
}

pub fn show(vault: &Vault, today: jiff::civil::Date, (row, person): Found) -> AppResult<Post> {
    let holder = match &person {
        Some(person) => Some(fields::open(vault, person)?.1.masked().name),
        None => None,
    };
    Ok(Post {
        standing: row.standing(today),
        holder,
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        post: row.post,
        person_id: row.person_id,
        holds_position: row.holds_position,
        full_time: row.full_time,
        civil_servant: row.civil_servant,
        managed_by_reference: row.managed_by_reference,
        five_elders: row.five_elders,
        retired: row.retired,
        allowance: row.allowance.map(Money),
        begins_on: row.begins_on,
        ends_on: row.ends_on,
        ended_on: row.ended_on,
        ended_because: row.ended_because,
        term: row.term,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// What a level asks of whoever holds a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostRule {
    #[schema(value_type = ShortCode, example = "township_president")]
    pub code: String,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_kind: AssociationKind,
    pub post: PostKind,
    pub asked_of: AskedOf,
    /// One of these public positions; any where the list is empty.
    #[schema(max_items = 12)]
    pub positions: Vec<PublicPosition>,
    /// Null: not asked.
    #[schema(example = true)]
    pub five_elders: Option<bool>,
    #[schema(example = true)]
    pub full_time: Option<bool>,
    #[schema(example = true)]
    pub civil_servant: Option<bool>,
    /// How many are to hold the post at least; fewer are a vacancy.
    #[schema(minimum = 0, maximum = 99, example = 1)]
    pub least: i64,
    /// How many may hold it at once.
    #[schema(minimum = 1, maximum = 99, example = 1)]
    pub most: i64,
    /// Years of a term.
    #[schema(minimum = 1, maximum = 10, example = 5)]
    pub term_years: i64,
    /// The guide does not say it in so many words.
    #[schema(example = false)]
    pub assumed: bool,
    /// Null while it is what the program came with.
    pub updated_by: Option<Uid>,
}

impl From<RuleRow> for PostRule {
    fn from(r: RuleRow) -> PostRule {
        PostRule {
            code: r.code,
            version: r.version,
            association_kind: r.association_kind,
            post: r.post,
            asked_of: r.asked_of,
            positions: r.positions.0,
            five_elders: r.five_elders,
            full_time: r.full_time,
            civil_servant: r.civil_servant,
            least: r.least,
            most: r.most,
            term_years: r.term_years,
            assumed: r.assumed,
            updated_by: r.updated_by,
        }
    }
}

/// The id under which a rule stands in the audit.
pub fn rule_id(code: &str) -> Uid {
    let name = format!("qianshou:post-rule:{code}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

impl Tagged for PostRule {
    fn id(&self) -> Uid {
        rule_id(&self.code)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A post that is not filled as its rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct Vacancy {
    /// The rule that says how it is to be filled.
    #[schema(value_type = ShortCode, example = "township_president")]
    pub rule: String,
    pub post: PostKind,
    /// The first day on which it was vacant, without a break until today.
    pub since: Day,
    pub because: VacancyReason,
}

impl From<Vacant> for Vacancy {
    fn from(v: Vacant) -> Vacancy {
        Vacancy {
            rule: v.rule,
            post: v.post,
            since: Day(v.since),
            because: v.because,
        }
    }
}

/// The vacant posts of an association whose terms these are.
pub fn vacancies(
    rules: &[RuleRow],
    founded: Day,
    posts: &[PostRow],
    today: jiff::civil::Date,
) -> Vec<Vacancy> {
    let terms: Vec<Term> = posts.iter().map(Term::of).collect();
    let found = rules::vacancies(rules, founded.0, &terms, today);
    found.into_iter().map(Vacancy::from).collect()
}
