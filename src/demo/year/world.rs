//! The city as it stands: its counties, their townships, their villages.

use crate::areas;
use crate::areas::model::AreaRow;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult};

/// The demo's city.
pub const CITY: &str = "3304";

#[derive(Debug)]
pub struct World {
    pub city: AreaRow,
    pub counties: Vec<County>,
}

#[derive(Debug)]
pub struct County {
    pub area: AreaRow,
    pub towns: Vec<Town>,
}

#[derive(Debug)]
pub struct Town {
    pub area: AreaRow,
    pub villages: Vec<Village>,
}

#[derive(Debug)]
pub struct Village {
    pub area: AreaRow,
    /// Which one it is of its county, from 0 on.
    pub nth: usize,
}

impl World {
    pub fn load(c: &mut DbConn) -> AppResult<World> {
        let city = areas::store::by_code(c, CITY)?.ok_or_else(AppError::not_found)?;
        let mut counties = Vec::new();
        for county in below(c, city.id)? {
            let (mut towns, mut nth) = (Vec::new(), 0);
            for town in below(c, county.id)? {
                let mut villages = Vec::new();
                for area in below(c, town.id)? {
                    villages.push(Village { area, nth });
                    nth += 1;
                }
                towns.push(Town {
                    area: town,
                    villages,
                });
            }
            counties.push(County {
                area: county,
                towns,
            });
        }
        Ok(World { city, counties })
    }

    pub fn towns(&self) -> impl Iterator<Item = &Town> {
        self.counties.iter().flat_map(|county| &county.towns)
    }

    pub fn villages(&self) -> impl Iterator<Item = &Village> {
        self.towns().flat_map(|town| &town.villages)
    }

    pub fn county(&self, code: &str) -> Option<&County> {
        self.counties.iter().find(|county| county.is(code))
    }
}

fn below(c: &mut DbConn, area: Uid) -> AppResult<Vec<AreaRow>> {
    let mut found = areas::store::next_below(c, area)?;
    found.retain(|area| area.abolished_on.is_none());
    Ok(found)
}

impl County {
    pub fn is(&self, code: &str) -> bool {
        self.area.code == code
    }

    /// Where the households and residents of its story live: the last village of the last township.
    pub fn of_people(&self) -> AppResult<(&Town, &Village)> {
        let town = self.towns.iter().rev().find(|t| !t.villages.is_empty());
        let found = town.and_then(|town| Some((town, town.villages.last()?)));
        found.ok_or_else(|| AppError::internal("a county without villages"))
    }
}

impl Town {
    pub fn is(&self, code: &str) -> bool {
        self.area.code == code
    }
}

impl Village {
    pub fn is(&self, code: &str) -> bool {
        self.area.code == code
    }
}

/// A county as people say it: 南湖区 is 南湖, 嘉善县 is 嘉善.
pub fn short(area: &AreaRow) -> &str {
    let name = area.name.as_str();
    ["区", "县", "市", "街道", "镇"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .filter(|rest| rest.chars().count() >= 2)
        .unwrap_or(name)
}

/// A village without the name of its committee: 百福弄社区居委会 is 百福弄社区.
pub fn village_name(area: &AreaRow) -> &str {
    let name = area.name.as_str();
    let ends = ["居民委员会", "村民委员会", "居委会", "村委会"];
    ends.iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name)
}
