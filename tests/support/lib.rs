//! What tests share: a scripted upstream, the misbehaving guests, and a runtime that they are loaded into.
//!
//! Nothing here asserts what the host must do; that is written where the tests are. What goes wrong here (a guest
//! that was not built, a socket that cannot be opened) panics with what to do about it.

#![forbid(unsafe_code)]

pub mod guests;
pub mod runtime;
pub mod upstream;

use std::path::PathBuf;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("this package lies in a folder of the repository")
        .to_owned()
}
