//! Qianshou (牵手, "hand in hand"): the field-work backend of a Family Planning Association.
//!
//! One program: an HTTP API, its background workers and its tools. Start reading
//! at [`routes`] for what there is, at [`db`] for how it is stored, at
//! [`auth::policy`] for who may do what.

// The list of tables that may stand in one query is a macro that goes one deeper for each.
#![recursion_limit = "256"]

pub mod activities;
pub mod app;
pub mod areas;
pub mod assessment;
pub mod associations;
pub mod audit;
pub mod auth;
pub mod calendar_feed;
pub mod campaigns;
pub mod care;
pub mod channels;
pub mod cli;
pub mod concerns;
pub mod config;
pub mod crypto;
pub mod db;
pub mod demo;
pub mod duplicates;
pub mod error;
pub mod funds;
pub mod households;
pub mod http;
pub mod insurance;
pub mod jobs;
pub mod liaison;
pub mod notifications;
pub mod openapi;
pub mod people;
pub mod policy_imports;
pub mod privacy;
pub mod push;
pub mod reminders;
pub mod residents;
pub mod rights_requests;
pub mod routes;
pub mod self_governance;
pub mod services;
pub mod sheets;
pub mod state;
pub mod statistics;
pub mod supervision;
pub mod sync;
pub mod telemetry;
pub mod visits;
pub mod workdays;
