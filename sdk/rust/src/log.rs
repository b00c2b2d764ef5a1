//! The host's log. Prompts, answers and anything personal do not belong there.

use crate::bindings::wharf::provider::log as host;

pub use host::Level;

/// Writes a message; the host adds the deployment's name, cuts it at 4 KiB and masks credentials.
pub fn write(level: Level, message: &str) {
    host::write(level, message);
}

/// Something that an operator should look at.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Something that helps while developing.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}
