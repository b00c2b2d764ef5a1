//! Wharf as a library.
#![forbid(unsafe_code)]

pub mod config;
