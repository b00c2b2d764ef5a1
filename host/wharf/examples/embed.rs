//! The host without HTTP: ask a question from within your own program.
//!
//!     cargo run --release --example embed -- "say hello"
//!
//! Uses ./wharf.yaml, as the server does.

use std::io::Write as _;

use wharf::config::{self, ProcessEnv};
use wharf::{CallOptions, Event, Host, Message, Request, Role};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = std::env::args().nth(1).unwrap_or_else(|| "Say hello.".to_owned());
    let host = Host::start(config::load("wharf.yaml".as_ref(), &ProcessEnv)?).await?;
    let model = host
        .models()
        .first()
        .ok_or("the configuration has no models")?
        .id
        .clone();
    let request = Request {
        model,
        messages: vec![Message::text(Role::User, question)],
        ..Request::default()
    };

    let mut answer = host.stream(&request, &CallOptions::default()).await?.value;
    let mut out = std::io::stdout();
    loop {
        let events = answer.next().await?;
        if events.is_empty() {
            break;
        }
        for event in events {
            if let Event::Text(text) = event {
                write!(out, "{text}")?;
                out.flush()?;
            }
        }
    }
    writeln!(out)?;
    Ok(())
}
