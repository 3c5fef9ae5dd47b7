//! Where the year's story falls short, each with the area and the indicator that shows it: the same list is told by
//! the tour and looked for by the tests.

use super::world::CITY;

/// A township with fewer than 20 of 100 points for the association's work.
pub const FEW_POINTS: &str = "330482106";
/// A township whose main leader investigated nothing.
pub const NO_INVESTIGATION: &str = "330424105";
/// A township under a veto, which it appealed against and which was upheld.
pub const VETOED: &str = "330421107";
/// A county with a problem that nobody solved or explained.
pub const OPEN_PROBLEM: &str = "330421";
/// A county whose backward associations nobody decided about.
pub const AWARDS_UNDECIDED: &str = "330411";
/// A county without executive vice-president.
pub const NO_EXECUTIVE: &str = "330424";
/// A township without anybody full time.
pub const NOBODY_FULL_TIME: &str = "330481112";
/// A county whose share is under 8 %.
pub const LOW_SHARE: &str = "330481";
/// A township whose share is under 10 %.
pub const LOW_TOWN_SHARE: &str = "330411101";
/// A township one of whose villages was given half of what it needed.
pub const HALF_MET: &str = "330483101";
/// A county whose help in hardship is a smaller share of what it spent than planned.
pub const LITTLE_HELP: &str = "330482";
/// A county with too few advanced associations.
pub const FEW_ADVANCED: &str = "330424";
/// A county with a large market that has no association.
pub const MARKET_ALONE: &str = "330411";
/// The township of which all members are entered; of the others nobody is.
pub const ALL_MEMBERS: &str = "330402007";
/// A township whose villages checked nothing.
pub const UNCHECKED: &str = "330421102";
/// A county that answered notices late.
pub const LATE_ANSWERS: &str = "330483";
/// A township whose first village has a member home without equipment.
pub const NO_EQUIPMENT: &str = "330481103";
/// A county that reported nothing of World Population Day.
pub const UNREPORTED: &str = "330482";
/// A county that published less than planned.
pub const LITTLE_PUBLICITY: &str = "330411";

/// Villages of the cast, whose member homes were opened this year.
pub const OPENED_LATER: [&str; 2] = ["330402007024", "330402008016"];

/// An indicator that was not met, and where to look for the reason.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    pub area: &'static str,
    pub indicator: &'static str,
    pub source: &'static str,
    pub why: &'static str,
}

const fn planned(
    area: &'static str,
    indicator: &'static str,
    source: &'static str,
    why: &'static str,
) -> Planned {
    Planned {
        area,
        indicator,
        source,
        why,
    }
}

/// All of them, in the order of the indicators.
pub const FAULTS: &[Planned] = &[
    planned(
        FEW_POINTS,
        "A1",
        "responsibility_points",
        "15 of 100 points",
    ),
    planned(
        NO_INVESTIGATION,
        "A2",
        "leaders_investigations",
        "the main leader investigated nothing",
    ),
    planned(
        VETOED,
        "A4",
        "vetoes_standing",
        "a veto, appealed against and upheld",
    ),
    planned(
        OPEN_PROBLEM,
        "A5",
        "problems_settled",
        "a study's problem is still open",
    ),
    planned(
        AWARDS_UNDECIDED,
        "A6",
        "awards_decided",
        "nobody decided about awards of backward units",
    ),
    planned(
        NO_EXECUTIVE,
        "B1",
        "posts_filled",
        "no executive vice-president",
    ),
    planned(
        NOBODY_FULL_TIME,
        "C1",
        "full_time_staff",
        "nobody works full time",
    ),
    planned(
        LOW_SHARE,
        "D1",
        "activity_funds_share",
        "7.6 % of the budget",
    ),
    planned(
        LOW_TOWN_SHARE,
        "D2",
        "activity_funds_share",
        "9.4 % of the budget",
    ),
    planned(
        HALF_MET,
        "D2",
        "village_needs_met",
        "a village was given half of what it needed",
    ),
    planned(
        LITTLE_HELP,
        "F1",
        "hardship_share",
        "half of what was spent was help in hardship, 60 % were planned",
    ),
    planned(
        FEW_ADVANCED,
        "G1",
        "grassroots_advanced",
        "three of ten associations are advanced",
    ),
    planned(
        MARKET_ALONE,
        "G3",
        "large_markets_organised",
        "a large market without association",
    ),
    planned(
        CITY,
        "G4",
        "members_of_population",
        "members were entered for one township alone",
    ),
    planned(
        UNCHECKED,
        "H1",
        "villages_self_governing",
        "no village of the township checked anything",
    ),
    planned(
        LATE_ANSWERS,
        "H2",
        "liaison_in_time",
        "six notices were answered late",
    ),
    planned(
        ALL_MEMBERS,
        "H3",
        "homes_with_all_possessions",
        "a member home that was opened this year",
    ),
    planned(
        NO_EQUIPMENT,
        "H3",
        "homes_with_all_possessions",
        "a member home without equipment",
    ),
    planned(
        UNREPORTED,
        "H4",
        "population_day_on_the_spot",
        "nothing reported of World Population Day",
    ),
    planned(
        LITTLE_PUBLICITY,
        "H5",
        "publicity",
        "less publicity than planned",
    ),
];
