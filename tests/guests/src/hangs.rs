//! Waits for something that does not happen. With the option `url` it first asks there, and then never reads the
//! answer.

use wharf_provider_sdk::bindings::wasi::clocks::monotonic_clock;
use wharf_provider_sdk::{Error, ErrorKind, Provider, Request, Response, http};
use wharf_test_guests::text_option;

/// In nanoseconds; no test waits that long.
const AN_HOUR: u64 = 3_600_000_000_000;

/// The provider.
#[derive(Debug)]
pub struct Hangs;

wharf_provider_sdk::provider!(Hangs);

impl Provider for Hangs {
    wharf_test_guests::plain!("hangs");
    wharf_test_guests::streams_its_answer!();

    fn generate(request: Request) -> Result<Response, Error> {
        // Held to the end, and with it the connection.
        let _answer = text_option(&request, "url")
            .map(|url| http::Request::get(&url).send())
            .transpose()?;
        monotonic_clock::subscribe_duration(AN_HOUR).block();
        Err(Error::new(ErrorKind::Internal, "an hour has passed"))
    }
}
