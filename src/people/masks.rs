//! How a person's data is shown to those who may not see it: enough to tell two entries of a list
//! apart, too little to find the person.

/// What stands for an address, whatever it is.
pub const ADDRESS: &str = "***";

/// The first character and one `*`, however long the name is: `张*`, `M*`. A compound surname keeps
/// one character too, as it is rare enough to give its bearer away. No name: `*`.
pub fn name(name: &str) -> String {
    let mut masked: String = name.trim().chars().take(1).collect();
    masked.push('*');
    masked
}

/// `138****5678`, from the eleven digits or from E.164. Anything else is masked like a short
/// document number.
pub fn phone(phone: &str) -> String {
    let national = phone.strip_prefix("+86").unwrap_or(phone);
    let mobile = national.len() == 11 && national.bytes().all(|b| b.is_ascii_digit());
    if mobile {
        keep(national, 3, 4)
    } else {
        document(phone)
    }
}

/// Eighteen characters and more keep four at each end (`3304**********1234`), shorter numbers two,
/// under eight one, under five none. The length is kept.
pub fn document(number: &str) -> String {
    let ends = match number.chars().count() {
        18.. => 4,
        8.. => 2,
        5.. => 1,
        _ => 0,
    };
    keep(number, ends, ends)
}

/// Nothing of an address is shown: [`ADDRESS`].
pub fn address(_address: &str) -> &'static str {
    ADDRESS
}

fn keep(text: &str, first: usize, last: usize) -> String {
    let tail = text.chars().count().saturating_sub(last);
    let shown = |at: usize| at < first || at >= tail;
    let masked = text.chars().enumerate();
    masked
        .map(|(at, c)| if shown(at) { c } else { '*' })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names() {
        let pairs = [
            ("张三", "张*"),
            ("张小三", "张*"),
            ("欧阳修", "欧*"),
            ("𠮷野", "𠮷*"),
            ("Maria dos Santos", "M*"),
            ("  李四 ", "李*"),
            ("王", "王*"),
            ("", "*"),
        ];
        for (clear, masked) in pairs {
            assert_eq!(name(clear), masked);
        }
    }

    #[test]
    fn phones_documents_addresses() {
        assert_eq!(phone("13812345678"), "138****5678");
        assert_eq!(phone("+8613812345678"), "138****5678");
        assert_eq!(phone("+12025550123"), "+1********23");
        assert_eq!(phone("110"), "***");
        assert_eq!(document("330499198506151234"), "3304**********1234");
        assert_eq!(document("FRA310085010112"), "FR***********12");
        assert_eq!(document("H12345678"), "H1*****78");
        assert_eq!(document("01234567"), "01****67");
        assert_eq!(document("EA123"), "E***3");
        assert_eq!(document("1234"), "****");
        assert_eq!(document(""), "");
        assert_eq!(address("浙江省嘉兴市南湖区某路 1 号"), "***");
    }

    proptest! {
        #[test]
        fn at_least_half_of_a_number_is_hidden(number in "[0-9A-Z]{0,24}") {
            let hidden = |masked: &str| masked.chars().filter(|c| *c == '*').count();
            prop_assert!(hidden(&document(&number)) * 2 >= number.len());
            prop_assert_eq!(document(&number).len(), number.len());
            prop_assert!(hidden(&phone(&number)) >= number.len().min(3));
        }

        #[test]
        fn a_name_shows_one_character(text in "\\PC{0,12}") {
            prop_assert!(name(&text).chars().count() <= 2);
            prop_assert!(name(&text).ends_with('*'));
        }
    }
}
