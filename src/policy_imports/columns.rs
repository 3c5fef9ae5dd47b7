//! The columns of a sheet of policies: what each is called, and which of them a sheet needs.
//!
//! A row is one insured person of one policy. Rows of one household stand one under the other, and so do those of one
//! policy; a policy with several beneficiaries has a row for each of them.

use serde::{Deserialize, Serialize};

use super::model::{RowFault, Sheet};
use crate::error::Fault;
use crate::people::documents::to_half_width;
use crate::sheets::{Cell, Line};

macro_rules! columns {
    ($($variant:ident $word:literal $zh:literal $en:literal [$($alias:literal)*];)+) => {
        /// A column that is known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Column { $(#[serde(rename = $word)] $variant,)+ }

        impl Column {
            pub const ALL: &'static [Column] = &[$(Column::$variant,)+];
            /// What the template calls it.
            pub fn title(self, zh: bool) -> &'static str {
                match (self, zh) {
                    $((Column::$variant, true) => $zh, (Column::$variant, false) => $en,)+
                }
            }
            /// Other names by which it is known.
            fn aliases(self) -> &'static [&'static str] {
                match self { $(Column::$variant => &[$($alias),*],)+ }
            }
        }
    };
}

columns! {
    Product "product" "产品代码" "Product code" ["险种代码"];
    Insurer "insurer" "保险公司代码" "Insurer code" ["承保公司代码"];
    PolicyNumber "policy_number" "保单号" "Policy number" ["保险单号" "保单号码"];
    StartsOn "starts_on" "保险起期" "Starts on" ["起保日期" "保险起始日期" "保险起期日"];
    EndsOn "ends_on" "保险止期" "Ends on" ["终保日期" "保险终止日期" "保险止期日"];
    Premium "premium" "保费" "Premium" ["保险费"];
    Household "household" "家庭编号" "Household" ["家庭序号"];
    HouseholdKind "household_kind" "家庭类型" "Household kind" [];
    Area "area" "区划代码" "Area code" ["行政区划代码" "居住地区划代码"];
    HolderName "holder_name" "投保人姓名" "Holder name" ["投保人"];
    HolderDocument "holder_document" "投保人证件号码" "Holder document" ["投保人身份证号" "投保人证件号"];
    HolderPhone "holder_phone" "投保人手机" "Holder phone" ["投保人手机号" "投保人电话"];
    PayerName "payer_name" "交费人姓名" "Payer name" ["交费人" "缴费人姓名" "缴费人"];
    PayerDocument "payer_document" "交费人证件号码" "Payer document" ["交费人身份证号" "缴费人证件号码"];
    PayerPhone "payer_phone" "交费人手机" "Payer phone" ["交费人手机号" "缴费人手机"];
    Name "insured_name" "被保险人姓名" "Insured name" ["被保人姓名" "被保险人"];
    DocumentKind "insured_document_type" "被保险人证件类型" "Insured document type" ["被保人证件类型" "证件类型"];
    Document "insured_document" "被保险人证件号码" "Insured document" ["被保人证件号码" "被保险人身份证号" "被保险人证件号"];
    Phone "insured_phone" "被保险人手机" "Insured phone" ["被保人手机" "被保险人手机号" "被保险人电话"];
    Sex "sex" "性别" "Sex" ["被保险人性别"];
    BirthYear "birth_year" "出生年份" "Birth year" ["被保险人出生年份"];
    SumAgreed "sum_agreed" "保额经本人同意" "Sum agreed" ["保险金额经被保险人同意"];
    ConsentOn "consent_on" "同意日期" "Consent given on" ["同意书日期"];
    ConsentText "consent_text" "同意书版本" "Consent text version" ["同意书文本版本"];
    ConsentChannel "consent_channel" "同意方式" "Consent channel" [];
    ConsentBy "consent_by" "同意人" "Consent given by" [];
    BeneficiaryName "beneficiary_name" "受益人姓名" "Beneficiary name" ["受益人"];
    BeneficiaryDocument "beneficiary_document" "受益人证件号码" "Beneficiary document" ["受益人身份证号" "受益人证件号"];
    BeneficiaryPhone "beneficiary_phone" "受益人手机" "Beneficiary phone" ["受益人手机号"];
    BeneficiaryShare "beneficiary_share" "受益份额" "Beneficiary share" ["受益比例"];
    BeneficiaryAgreed "beneficiary_agreed" "受益人经本人同意" "Beneficiary agreed" ["受益人经被保险人同意"];
}

/// Columns that every sheet has.
const NEEDED: &[Column] = &[
    Column::Product,
    Column::Insurer,
    Column::StartsOn,
    Column::EndsOn,
    Column::Name,
];

/// Where each column stands in a sheet, from 0.
pub type Positions = Vec<(Column, usize)>;

/// One way of writing a title: no blanks, no star of what must be filled in, nothing in parentheses.
fn plain(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().map(to_half_width) {
        match c {
            '(' | '（' | '【' | '[' => break,
            '*' | ':' | '_' | '-' => {}
            c if c.is_whitespace() => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn known(title: &str) -> Option<Column> {
    let title = plain(title);
    let fits = |column: &&Column| {
        let names = [column.title(true), column.title(false)];
        let mut all = names.iter().chain(column.aliases());
        all.any(|name| plain(name) == title)
    };
    Column::ALL.iter().find(fits).copied()
}

/// Reads the first row. Titles that are not known are passed over here; what stands under them is not.
pub fn read(line: &Line, faults: &mut Vec<RowFault>) -> Positions {
    let mut positions = Positions::new();
    let at = |column: usize| RowFault::at(line.number).in_column(column);
    if line.hidden {
        faults.push(RowFault::at(line.number).of(Fault::HiddenCells));
    }
    for (column, cell) in line.cells.iter().enumerate() {
        let title = match cell {
            Cell::Empty => continue,
            Cell::Text(title) => title,
            Cell::Formula => {
                faults.push(at(column).of(Fault::FormulaCell));
                continue;
            }
            _ => continue,
        };
        match known(title) {
            None => {}
            Some(found) if positions.iter().any(|(known, _)| *known == found) => {
                faults.push(at(column).titled(found).of(Fault::Repeated));
            }
            Some(found) => positions.push((found, column)),
        }
    }
    for needed in NEEDED {
        if !positions.iter().any(|(known, _)| known == needed) {
            let missing = RowFault::at(line.number).titled(*needed);
            faults.push(missing.of(Fault::MissingHeader));
        }
    }
    positions
}

/// Columns without a title that is known, in which something stands: what is passed over in silence could be what
/// mattered. The title is not repeated, for it may be somebody's name.
pub fn unknown<'a>(positions: &'a Positions, line: &'a Line) -> impl Iterator<Item = usize> + 'a {
    let known = |column: usize| positions.iter().any(|(_, at)| *at == column);
    let filled = line.cells.iter().enumerate();
    let filled = filled
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(column, _)| column);
    filled.filter(move |column| !known(*column))
}

/// The known cells of a row, in the order of [`Column::ALL`].
pub fn pick(positions: &Positions, mut line: Line) -> Vec<Cell> {
    let mut cells = vec![Cell::Empty; Column::ALL.len()];
    for (column, at) in positions {
        if let (Some(to), Some(from)) = (cells.get_mut(*column as usize), line.cells.get_mut(*at)) {
            *to = std::mem::take(from);
        }
    }
    cells
}

impl Sheet {
    /// Where a column stands.
    pub fn position(&self, column: Column) -> Option<usize> {
        let found = self.columns.iter().find(|(known, _)| *known == column);
        found.map(|(_, at)| *at)
    }

    /// A fault in a cell.
    pub fn fault(&self, row: u32, column: Column, fault: Fault) -> RowFault {
        let told = RowFault::at(row).titled(column);
        match self.position(column) {
            Some(at) => told.in_column(at).of(fault),
            None => told.of(fault),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(titles: &[&str]) -> Line {
        Line {
            number: 2,
            cells: titles.iter().map(|title| Cell::text(title)).collect(),
            ..Line::default()
        }
    }

    #[test]
    fn every_column_is_known_by_its_titles_and_by_no_other_columns() {
        for column in Column::ALL {
            for zh in [true, false] {
                assert_eq!(known(column.title(zh)), Some(*column));
            }
            for alias in column.aliases() {
                assert_eq!(known(alias), Some(*column), "{alias}");
            }
        }
        assert_eq!(
            Column::ALL[Column::BeneficiaryAgreed as usize],
            Column::BeneficiaryAgreed
        );
        for title in [
            "产品代码 *",
            " 产品 代码（必填）",
            "PRODUCT  CODE*",
            "ｐｒｏｄｕｃｔ code",
        ] {
            assert_eq!(known(title), Some(Column::Product), "{title}");
        }
        assert_eq!(known("王小明"), None);
    }

    #[test]
    fn a_first_row_is_told_all_that_is_wrong_with_it() {
        let mut faults = Vec::new();
        let titles = [
            "产品代码",
            "保险公司代码",
            "",
            "备注",
            "保险起期",
            "被保险人姓名",
            "Insured name",
        ];
        let positions = read(&line(&titles), &mut faults);
        assert_eq!(positions.len(), 4);
        let told: Vec<(Option<usize>, Option<Column>, &str)> = faults
            .iter()
            .map(|f| (f.column, f.title, f.code.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Some(6), Some(Column::Name), "repeated"),
                (None, Some(Column::EndsOn), "missing_header"),
            ]
        );
        let of = |titles: &[&str]| unknown(&positions, &line(titles)).collect::<Vec<_>>();
        assert_eq!(of(&["a", "b", "", "", "c"]), Vec::<usize>::new());
        assert_eq!(of(&["a", "", "c", "d"]), [2, 3]);
        let picked = pick(&positions, line(&["a", "b", "c", "d", "e", "f", "g"]));
        assert_eq!(picked[Column::Name as usize], Cell::Text("f".into()));
        assert_eq!(picked[Column::Premium as usize], Cell::Empty);
    }
}
