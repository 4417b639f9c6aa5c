//! Almoner: an open electronic health record portal. One binary, rendered on the server, on PostgreSQL.
//!
//! Where to look:
//!
//! - [`routes`] lists the slices, each of which lists its routes with the permission that each asks for;
//! - a slice (`alerts`, `patients`, …) is a folder: what it is and its routes in `mod.rs`, its rules in `model.rs`,
//!   its SQL in `queries.rs`, and what answers a request in `handlers.rs`;
//! - [`access`] says who may do what; `migrations/` says it a second time, as row-level security;
//! - [`db`] opens transactions that carry their actor; [`events`] writes down what happens in them;
//! - [`web`] is what all handlers stand on; [`app`] puts everything together.

pub mod access;
pub mod accounts;
pub mod admin;
pub mod alerts;
pub mod app;
pub mod audit;
pub mod backup;
pub mod cases;
pub mod casework;
pub mod chart;
pub mod charts;
pub mod clock;
pub mod comments;
pub mod config;
pub mod content;
pub mod db;
pub mod demo;
pub mod design;
pub mod doctor;
pub mod documents;
pub mod error;
pub mod events;
pub mod facilities;
pub mod files;
pub mod health;
pub mod home;
pub mod ids;
pub mod ingest;
pub mod jobs;
pub mod live;
pub mod messages;
pub mod named;
pub mod notifications;
pub mod outbox;
pub mod patients;
pub mod phi;
pub mod portal;
pub mod readings;
pub mod routes;
pub mod rules;
pub mod saved_views;
pub mod search;
pub mod seed;
pub mod serve;
pub mod server;
pub mod tasks;
pub mod telemetry;
pub mod visits;
pub mod web;
pub mod weekly;

/// The schema, step by step.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
