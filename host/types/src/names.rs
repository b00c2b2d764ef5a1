//! Names that must not be mixed up, each its own type.

use std::fmt;
use std::sync::Arc;

/// Longest name, in bytes. Long enough for every vendor's model name, short enough for a label.
const MAX: usize = 128;

/// A name that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid name: use 1 to {MAX} of the characters A-Z a-z 0-9 . _ : @ + -")]
pub struct InvalidName(String);

fn check(name: &str, slash: bool) -> Result<Arc<str>, InvalidName> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:@+-".contains(&b) || (slash && b == b'/');
    if name.is_empty() || name.len() > MAX || !name.bytes().all(allowed) {
        return Err(InvalidName(name.chars().take(MAX).collect()));
    }
    Ok(name.into())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, slash: $slash:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            /// When it is empty, too long, or has characters that would need quoting somewhere.
            pub fn new(name: &str) -> Result<Self, InvalidName> {
                check(name, $slash).map(Self)
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The public model name a client asks for. May hold slashes, as models of aggregators do.
    RouteName, slash: true
);
name!(
    /// The unit that is balanced and broken: provider, upstream, credentials.
    DeploymentName, slash: false
);
name!(
    /// The component type, such as `openai`.
    ProviderName, slash: false
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_refused() {
        for name in ["", " ", "a b", "a\n", "é", &"x".repeat(129)] {
            assert!(DeploymentName::new(name).is_err(), "{name:?}");
        }
        assert!(
            DeploymentName::new("a/b").is_err(),
            "the slash separates a deployment from its model"
        );
        assert!(RouteName::new("meta-llama/Llama-3:free").is_ok());
    }
}
