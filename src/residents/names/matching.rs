//! Whether a name is meant by what somebody typed: characters, or how they are read (pinyin), whole or begun.
//!
//! `张伟` is found by `张`, `伟`, `张伟`, `zhangwei`, `zhang w`, `zw` and `wei`. Of a character with several
//! readings each counts: `单` is `shan` and `dan`. Names in letters are found by any part of them.

use pinyin::ToPinyinMulti;

/// How well a name fits; the better one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    Whole,
    Begun,
    Within,
}

/// What was typed, ready to be compared.
pub struct Wanted {
    /// Lower case, without blanks; full-width letters as usual ones.
    text: Vec<char>,
    letters: bool,
}

impl Fit {
    /// Of a part of the name that begins here, and ends with it or does not.
    fn of(start: usize, to_the_end: bool) -> Fit {
        match (start, to_the_end) {
            (0, true) => Fit::Whole,
            (0, false) => Fit::Begun,
            _ => Fit::Within,
        }
    }
}

impl Wanted {
    /// Nothing where it is too little to go by: a character or two letters are needed.
    pub fn of(typed: &str) -> Option<Wanted> {
        let text = plain(typed);
        let letters = text.iter().all(char::is_ascii_alphanumeric);
        let enough = if letters { 2 } else { 1 };
        (text.len() >= enough).then_some(Wanted { text, letters })
    }

    /// How the name fits, if it does.
    pub fn fit(&self, name: &str) -> Option<Fit> {
        let name = plain(name);
        let literal = name
            .windows(self.text.len())
            .position(|part| part == self.text);
        if let Some(at) = literal {
            return Some(Fit::of(at, name.len() == self.text.len()));
        }
        if !self.letters {
            return None;
        }
        let fits = (0..name.len()).filter_map(|start| {
            let used = read(&name[start..], &self.text)?;
            Some(Fit::of(start, used == name.len()))
        });
        fits.min()
    }
}

/// Whether two names are written alike, whatever the blanks, marks and width of letters.
pub fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// One way of writing: blanks and marks between parts of a name gone, lower case, usual width.
fn plain(text: &str) -> Vec<char> {
    let usual = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        'ü' | 'Ü' => 'v',
        c => c,
    };
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '\'' | '’' | '-' | '.'))
        .map(usual)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether these letters are a reading of the name's beginning, each character read in full, or by its first letter,
/// and the last one as far as it was typed. Answers how many characters that takes, at most.
fn read(name: &[char], letters: &[char]) -> Option<usize> {
    if letters.is_empty() {
        return Some(0);
    }
    let (first, rest) = name.split_first()?;
    let mut best = None;
    let mut consider = |taken: usize| {
        if let Some(more) = letters.get(taken..).and_then(|left| read(rest, left)) {
            best = best.max(Some(more + 1));
        }
    };
    if first.is_ascii_alphanumeric() {
        if *first == letters[0] {
            consider(1);
        }
        return best;
    }
    let readings = first.to_pinyin_multi()?;
    for reading in readings {
        let syllable: Vec<char> = plain(reading.plain());
        let same = syllable
            .iter()
            .zip(letters)
            .take_while(|(a, b)| same_letter(**a, **b))
            .count();
        // Begun and not ended is for the last one typed; elsewhere a syllable stands in full or by its first letter.
        if same == letters.len() || same == syllable.len() {
            consider(same);
        }
        if same > 0 {
            consider(1);
        }
    }
    best
}

/// `ü` is typed as `v` or as `u`.
fn same_letter(syllable: char, typed: char) -> bool {
    syllable == typed || (syllable == 'v' && typed == 'u')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(typed: &str, name: &str) -> Option<Fit> {
        Wanted::of(typed).unwrap().fit(name)
    }

    #[test]
    fn characters_and_readings() {
        use Fit::*;
        for (typed, name, expected) in [
            ("张", "张伟", Some(Begun)),
            ("伟", "张伟", Some(Within)),
            ("张伟", "张伟", Some(Whole)),
            (" 张 伟", "张伟", Some(Whole)),
            ("zhangwei", "张伟", Some(Whole)),
            ("Zhang Wei", "张伟", Some(Whole)),
            ("ｚｈａｎｇ", "张伟", Some(Begun)),
            ("zhangw", "张伟", Some(Whole)),
            ("zhan", "张伟", Some(Begun)),
            ("zw", "张伟", Some(Whole)),
            ("zwei", "张伟", Some(Whole)),
            ("wei", "张伟", Some(Within)),
            ("zhangwen", "张伟", None),
            ("zhawei", "张伟", None),
            ("李", "张伟", None),
            ("shan", "单雄", Some(Begun)),
            ("dan", "单雄", Some(Begun)),
            ("zengguofan", "曾国藩", Some(Whole)),
            ("cengguofan", "曾国藩", Some(Whole)),
            ("lvbu", "吕布", Some(Whole)),
            ("lubu", "吕布", Some(Whole)),
            ("lü bu", "吕布", Some(Whole)),
            ("ouyang", "欧阳修", Some(Begun)),
            ("oyx", "欧阳修", Some(Whole)),
            ("maria", "Maria dos Santos", Some(Begun)),
            ("DOS SANTOS", "Maria dos Santos", Some(Within)),
            ("aygul", "Aygul·Memet", Some(Begun)),
            ("阿依古丽买买提", "阿依古丽·买买提", Some(Whole)),
        ] {
            assert_eq!(fit(typed, name), expected, "{typed} {name}");
        }
    }

    #[test]
    fn too_little_to_go_by() {
        for typed in ["", " ", "z", "·", "'"] {
            assert!(Wanted::of(typed).is_none(), "{typed}");
        }
        assert!(Wanted::of("张").is_some() && Wanted::of("zh").is_some());
    }

    proptest! {
        #[test]
        fn every_name_is_found_by_itself_and_by_its_readings(name in "[王李张刘陈杨黄赵周吴曾单吕覃仇]{1,2}[伟芳娜敏静秀英丽强磊绿女]{1,2}", pick in any::<u64>()) {
            prop_assert_eq!(fit(&name, &name), Some(Fit::Whole));
            let mut typed = String::new();
            for (at, c) in name.chars().enumerate() {
                let readings = c.to_pinyin_multi().unwrap();
                let nth = (pick >> (at * 4)) as usize % readings.count();
                typed.push_str(readings.get(nth).plain());
            }
            prop_assert_eq!(fit(&typed, &name), Some(Fit::Whole), "{}", typed);
        }

        #[test]
        fn whatever_is_typed_ends(typed in "\\PC{0,60}", name in "\\PC{0,60}") {
            if let Some(wanted) = Wanted::of(&typed) {
                let _ = wanted.fit(&name);
            }
        }
    }
}
