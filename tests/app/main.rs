//! The portal, asked over HTTP, on a real PostgreSQL with the demo data in it.
//!
//! Every test has a database of its own, copied from one that was migrated and filled once.

mod access_matrix;
mod accounts;
mod alerts;
mod audit;
mod backup;
mod cases;
mod casework;
mod content;
mod demo;
mod documents;
mod home;
mod hostile;
mod links;
mod observations;
mod portal;
mod reading_bins;
mod reading_imports;
mod readings;
mod route_table;
mod rules;
mod schedule;
mod second_factor;
mod statements;
mod support;
mod users;

mod chart;
mod ingest;
mod jobs;
mod jobs_page;
mod live;
mod messages;
mod notifications;
mod patients;
mod platform;
mod tasks;
mod visits;
mod weekly;
