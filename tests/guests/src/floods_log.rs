//! Writes far more than anyone reads: to the log, to stdout and to stderr.

use wharf_provider_sdk::{Error, Provider, Request, Response, log};

/// Messages to the log; a tenth of it as lines on each of the standard streams.
const MESSAGES: u32 = 10_000;

/// The provider.
#[derive(Debug)]
pub struct FloodsLog;

wharf_provider_sdk::provider!(FloodsLog);

impl Provider for FloodsLog {
    wharf_test_guests::plain!("floods-log");
    wharf_test_guests::streams_its_answer!();

    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "what the host does with it is under test"
    )]
    fn generate(_request: Request) -> Result<Response, Error> {
        let message = "flood ".repeat(10 * 1024 / 6);
        for _ in 0..MESSAGES {
            log::warn(&message);
        }
        for _ in 0..MESSAGES / 10 {
            println!("{message}");
            eprintln!("{message}");
        }
        Ok(Response::text("flooded"))
    }
}
