//! Festivals and campaigns (宣传活动).

pub mod calendar;
