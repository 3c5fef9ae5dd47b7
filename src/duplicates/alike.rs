//! Whether two records may be one person: a rule without weights, so that it can be explained to whoever asks.
//!
//! The same document, or: names that are alike, with the same phone, or with the same year of birth in the same
//! township. A shared phone alone is a household. What speaks against it ends the question: two different
//! documents of one kind, man and woman, two years of birth, two names in one household (twins are entered
//! together, by somebody who knows them apart).

use super::model::DuplicateReason;
use crate::people::model::{PersonRow, Sex};

/// Compound surnames, which count as one.
const COMPOUND: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "尉迟", "皇甫", "夏侯", "东方", "慕容", "司徒", "令狐", "公孙",
    "长孙", "宇文", "端木", "南宫",
];

/// A name without spaces, points between its parts, and case.
fn normal(name: &str) -> Vec<char> {
    name.chars()
        .filter(|c| !c.is_whitespace() && !"·•・.-'’".contains(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn surname(name: &[char]) -> usize {
    let first: String = name.iter().take(2).collect();
    if name.len() > 2 && COMPOUND.contains(&first.as_str()) {
        2
    } else {
        1
    }
}

/// Whether at most one character was put in, left out or replaced.
fn at_most_one_apart(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let skip = usize::from(long.len() == short.len());
    short.get(same + skip..).unwrap_or_default() == long.get(same + 1..).unwrap_or_default()
}

/// The same name, or the same surname and a given name of two characters or more in which at most one differs.
/// With given names of one character there would be too many.
pub fn names_alike(a: &str, b: &str) -> bool {
    let (a, b) = (normal(a), normal(b));
    if a.is_empty() || b.is_empty() {
        return false;
    }
    if a == b {
        return true;
    }
    let (s, t) = (surname(&a), surname(&b));
    let given = (&a[s..], &b[t..]);
    a[..s] == b[..t] && given.0.len().min(given.1.len()) >= 2 && at_most_one_apart(given.0, given.1)
}

/// A person with the name at hand.
pub struct Known<'a> {
    pub row: &'a PersonRow,
    pub name: &'a str,
}

fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a != b)
}

fn man_and_woman(a: Sex, b: Sex) -> bool {
    matches!((a, b), (Sex::Male, Sex::Female) | (Sex::Female, Sex::Male))
}

/// All blind indexes under which somebody's phone and document may stand.
#[derive(Debug, Clone, Default)]
pub struct Indexes {
    pub phones: Vec<Vec<u8>>,
    pub documents: Vec<Vec<u8>>,
}

/// What the two have in common, when that may make them one person. The indexes are of the first.
pub fn why(a: &Known<'_>, indexes: &Indexes, b: &Known<'_>) -> Option<DuplicateReason> {
    let (p, q) = (a.row, b.row);
    let among = |all: &[Vec<u8>], one: &Option<Vec<u8>>| {
        one.as_ref().is_some_and(|index| all.contains(index))
    };
    if among(&indexes.documents, &q.document_index) {
        return Some(DuplicateReason::SameDocument);
    }
    let two_documents = p.document_kind.is_some() && p.document_kind == q.document_kind;
    let one_household = p.household_id.is_some() && p.household_id == q.household_id;
    if two_documents
        || man_and_woman(p.sex, q.sex)
        || differ(p.birth_year, q.birth_year)
        || !names_alike(a.name, b.name)
        || (one_household && normal(a.name) != normal(b.name))
    {
        return None;
    }
    if among(&indexes.phones, &q.phone_index) {
        return Some(DuplicateReason::SamePhone);
    }
    let one_town = p.town.is_some() && p.town == q.town;
    (one_town && p.birth_year.is_some() && q.birth_year.is_some())
        .then_some(DuplicateReason::SimilarName)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn alike() {
        for (a, b) in [
            ("张伟", "张 伟"),
            ("张小明", "张晓明"),
            ("张小明", "张小名"),
            ("欧阳慧敏", "欧阳惠敏"),
            ("阿依古丽·买买提", "阿依古丽买买提"),
            ("Maria dos Santos", "MARIA DOS SANTOS"),
            ("阿依古丽", "阿依古力"),
        ] {
            assert!(names_alike(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("张伟", "张强"),
            ("张伟", "李伟"),
            ("张伟", "张伟强"),
            ("张小明", "李小明"),
            ("张小明", "张大亮"),
            ("欧阳修", "欧阳敏"),
            ("", ""),
        ] {
            assert!(!names_alike(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_is_asked_first(a in "[张李王小明晓伟]{0,5}", b in "[张李王小明晓伟]{0,5}") {
            prop_assert_eq!(names_alike(&a, &b), names_alike(&b, &a));
        }

        #[test]
        fn one_character_replaced_is_one_apart(a in prop::collection::vec(any::<char>(), 1..6), at in 0usize..6, c in any::<char>()) {
            let mut b = a.clone();
            let at = at % b.len();
            b[at] = c;
            prop_assert!(at_most_one_apart(&a, &b));
            b.remove(at);
            prop_assert!(at_most_one_apart(&a, &b) && at_most_one_apart(&b, &a));
        }
    }
}
