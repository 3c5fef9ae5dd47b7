//! Behaviour of the running service, over HTTP, on both databases. One file a domain.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;
mod sync;
mod sync_hostile;

mod areas;
mod audit;
mod campaigns;
mod commands;
mod contract;
mod contract_examples;
mod contract_places;
mod contract_requests;
mod database;
mod demo;
mod deployment;
mod feed;
mod feed_people;
mod feed_postgres;
mod gateway;
mod households;
mod idempotency;
mod insurance;
mod keys;
mod kinds;
mod lineage;
mod lineage_model;
mod member_homes;
mod operating;
mod overload;
mod pull;
mod pull_model;
mod pull_pages;
mod push;
mod push_kills;
mod readme;
mod residents;
mod resting;
mod rotated;
mod schema;
mod sign_in;
mod staff;
mod sync_phones;
mod visibility;
mod visits;
