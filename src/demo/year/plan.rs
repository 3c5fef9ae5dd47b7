//! The order of the story, cut into steps: what is of the city or of a county alone is a step, townships and villages
//! go a few together, each step a transaction that nobody waits long for.

use std::ops::Range;

use super::faults::ALL_MEMBERS;
use super::members::of_village;
use super::records::population;
use super::scene::{Act, Scene};
use super::world::{County, Town, Village, World};
use super::{
    assessed, associations, campaigns, governance, homes, households, members, money, ratings,
    records, residents, selections, sites, studies,
};
use crate::error::{AppError, AppResult};

type OfCity = fn(&mut Act<'_>) -> AppResult<()>;
type OfCounty = fn(&mut Act<'_>, &County) -> AppResult<()>;
/// One of so many of a county.
type OfEach = fn(&mut Act<'_>, &County, usize) -> AppResult<()>;
type OfTown = fn(&mut Act<'_>, &County, &Town) -> AppResult<()>;
type OfVillage = fn(&mut Act<'_>, &County, &Town, &Village) -> AppResult<()>;

/// What is done next, and by how many at once.
#[derive(Clone, Copy)]
enum Part {
    City(OfCity),
    Counties(OfCounty),
    Each(usize, OfEach),
    Towns(OfTown),
    Villages(usize, OfVillage),
    Members(usize),
}

/// The year. Names of associations stand before what is said of them, else it goes by the calendar.
const YEAR: &[Part] = &[
    Part::City(associations::municipal),
    Part::Counties(associations::county),
    Part::Towns(associations::township),
    Part::Villages(4, associations::village),
    Part::City(records::city),
    Part::Counties(records::county),
    Part::Towns(records::town),
    Part::City(money::municipal),
    Part::Counties(money::county),
    Part::Towns(money::town),
    Part::Villages(2, governance::village),
    Part::Villages(3, homes::village),
    Part::City(studies::municipal),
    Part::Counties(studies::county),
    Part::Towns(studies::town),
    Part::Members(20),
    Part::Each(sites::SITES.len(), sites::one),
    Part::Each(records::HOUSEHOLDS, households::one),
    Part::Each(residents::MOST, residents::one),
    Part::City(campaigns::members_day),
    Part::Counties(campaigns::members_day_of_county),
    Part::Towns(campaigns::members_day_of_town),
    Part::City(campaigns::population_day),
    Part::Counties(campaigns::population_day_of_county),
    Part::Towns(campaigns::population_day_of_town),
    Part::Villages(8, ratings::village),
    Part::Each(sites::SITES.len(), ratings::of_site),
    Part::City(selections::associations),
    Part::City(selections::members),
    Part::City(selections::presidents),
    Part::City(assessed::veto),
    Part::Counties(assessed::county),
];

/// One step: where in the city, and which of the township's villages, and which of what is counted in a county or a village.
#[derive(Clone)]
pub struct Step {
    part: Part,
    county: usize,
    town: usize,
    villages: Range<usize>,
    some: Range<usize>,
}

/// All steps of this city's year, always the same.
pub fn steps(scene: &Scene) -> Vec<Step> {
    YEAR.iter().flat_map(|part| of_part(*part, scene)).collect()
}

fn of_part(part: Part, scene: &Scene) -> Vec<Step> {
    let step = |county, town, villages, some| Step {
        part,
        county,
        town,
        villages,
        some,
    };
    let world = &scene.world;
    let mut steps = Vec::new();
    match part {
        Part::City(_) => steps.push(step(0, 0, 0..0, 0..0)),
        Part::Counties(_) => {
            steps.extend((0..world.counties.len()).map(|c| step(c, 0, 0..0, 0..0)));
        }
        Part::Each(many, _) => {
            for c in 0..world.counties.len() {
                steps.extend(cut(many, 1).into_iter().map(|one| step(c, 0, 0..0, one)));
            }
        }
        Part::Towns(_) => steps.extend(towns(world).map(|(c, t, _)| step(c, t, 0..0, 0..0))),
        Part::Villages(some, _) => {
            for (c, t, town) in towns(world) {
                let cuts = cut(town.villages.len(), some).into_iter();
                steps.extend(cuts.map(|villages| step(c, t, villages, 0..0)));
            }
        }
        Part::Members(some) => {
            for (c, t, town) in towns(world).filter(|(_, _, town)| town.is(ALL_MEMBERS)) {
                let each = of_village(population(scene.people, town), town.villages.len());
                for village in cut(town.villages.len(), 1) {
                    let cuts = cut(each, some).into_iter();
                    steps.extend(cuts.map(|members| step(c, t, village.clone(), members)));
                }
            }
        }
    }
    steps
}

fn towns(world: &World) -> impl Iterator<Item = (usize, usize, &Town)> {
    let counties = world.counties.iter().enumerate();
    counties.flat_map(|(c, county)| {
        let towns = county.towns.iter().enumerate();
        towns.map(move |(t, town)| (c, t, town))
    })
}

fn cut(whole: usize, some: usize) -> Vec<Range<usize>> {
    let starts = (0..whole).step_by(some.max(1));
    starts
        .map(|start| start..(start + some).min(whole))
        .collect()
}

impl Step {
    /// Does it; the caller's transaction keeps all of it or nothing.
    pub fn run(&self, act: &mut Act<'_>) -> AppResult<()> {
        let nowhere = || AppError::internal("a step of nowhere");
        let county = act.s.world.counties.get(self.county);
        if let Part::City(f) = self.part {
            return f(act);
        }
        let county = county.ok_or_else(nowhere)?;
        match self.part {
            Part::Counties(f) => return f(act, county),
            Part::Each(_, f) => return f(act, county, self.some.start),
            _ => {}
        }
        let town = county.towns.get(self.town).ok_or_else(nowhere)?;
        let villages = town.villages.get(self.villages.clone());
        let villages = villages.ok_or_else(nowhere)?;
        match self.part {
            Part::City(_) | Part::Counties(_) | Part::Each(..) => Ok(()),
            Part::Towns(f) => f(act, county, town),
            Part::Villages(_, f) => {
                for village in villages {
                    f(act, county, town, village)?;
                }
                Ok(())
            }
            Part::Members(_) => {
                for village in villages {
                    members::joined(act, town, village, self.some.clone())?;
                }
                Ok(())
            }
        }
    }
}
