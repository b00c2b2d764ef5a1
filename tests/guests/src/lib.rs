//! What the misbehaving providers share: the parts in which they behave. Each file beside this one is a provider
//! with one bad behaviour, built as an example of this package.

use serde_json::Value;
use wharf_provider_sdk::stream::Once;
use wharf_provider_sdk::{Event, Manifest, Request, Response};

pub use wharf_provider_sdk as sdk;

/// A manifest with nothing wrong in it.
#[must_use]
pub fn manifest(name: &str) -> Manifest {
    Manifest {
        vendor: "wharf-tests".to_owned(),
        config_schema: r#"{"type":"object"}"#.to_owned(),
        ..Manifest::new(
            name,
            env!("CARGO_PKG_VERSION"),
            "Misbehaves, so that the host can be tested",
        )
    }
}

/// An option of the request, if it is a string.
#[must_use]
pub fn text_option(request: &Request, name: &str) -> Option<String> {
    let value: Value = serde_json::from_str(request.option(name)?).ok()?;
    value.as_str().map(str::to_owned)
}

/// An option of the request, if it is a whole number.
#[must_use]
pub fn number_option(request: &Request, name: &str) -> Option<usize> {
    let value: Value = serde_json::from_str(request.option(name)?).ok()?;
    usize::try_from(value.as_u64()?).ok()
}

/// A whole answer as a stream.
#[must_use]
pub fn at_once(answer: Response) -> Once {
    let mut events: Vec<Event> = answer.parts.into_iter().map(Event::Part).collect();
    events.extend(Event::end(answer.finish, answer.usage));
    Once::new(events)
}

/// The functions of a provider that ask for nothing: `describe` and `capabilities`.
#[macro_export]
macro_rules! plain {
    ($name:literal) => {
        fn describe() -> $crate::sdk::Manifest {
            $crate::manifest($name)
        }

        fn capabilities(_model: Option<String>) -> Result<$crate::sdk::Capabilities, $crate::sdk::Error> {
            Ok($crate::sdk::Capabilities::default())
        }
    };
}

/// A stream that does what `generate` does.
#[macro_export]
macro_rules! streams_its_answer {
    () => {
        type Stream = $crate::sdk::stream::Once;

        fn stream(request: $crate::sdk::Request) -> Result<Self::Stream, $crate::sdk::Error> {
            <Self as $crate::sdk::Provider>::generate(request).map($crate::at_once)
        }
    };
}
