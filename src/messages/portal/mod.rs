//! What patients see: their conversations, in plain words, on any phone, without a script.

pub mod handlers;
mod pages;
