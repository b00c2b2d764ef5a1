//! Where the components are that tests load.

use std::path::PathBuf;

/// The file of a misbehaving guest of `tests/guests/`.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    let file = crate::root().join("target/guests").join(format!("{name}.wasm"));
    assert!(
        file.is_file(),
        "{} is missing: the test guests are not built, or {name} is new. Build them with \
         `./justw components --guests`",
        file.display()
    );
    file
}

/// The directory of the real providers.
///
/// # Panics
/// When they have not been built.
#[must_use]
pub fn plugins() -> PathBuf {
    let directory = crate::root().join("plugins");
    assert!(
        directory.join("echo.wasm").is_file(),
        "{} holds no providers. Build them with `./justw components`",
        directory.display()
    );
    directory
}
