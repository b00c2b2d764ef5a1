//! A provider without a network: it says back what it is told.
//!
//! Answers are deterministic. Streams come word by word, with a pause between words if the deployment's
//! `delay` sets one. A deployment can be told to fail by its `fail` setting, a single request by the field
//! `echo_fail`; both name an error kind such as `rate_limited`.

pub mod answer;
pub mod settings;

use std::collections::VecDeque;
use std::time::Duration;

use settings::Settings;
use wharf_provider_sdk::{
    Capabilities, Error, Event, EventStream, FinishReason, HealthStatus, Manifest, Provider, Request, Response, Start,
    Support, config,
};

/// The provider.
#[derive(Debug)]
pub struct Echo;

wharf_provider_sdk::provider!(Echo);

impl Provider for Echo {
    type Stream = Words;

    fn describe() -> Manifest {
        Manifest {
            vendor: "echo".to_owned(),
            config_schema: settings::SCHEMA.to_owned(),
            ..Manifest::new(
                "echo",
                env!("CARGO_PKG_VERSION"),
                "Says back what it is told; needs no network and no key",
            )
        }
    }

    fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> {
        Ok(Capabilities {
            streaming: Support::Yes,
            tools: Support::No,
            parallel_tools: Support::No,
            images: Support::No,
            json_schema: Support::No,
            thinking: Support::No,
            ..Capabilities::default()
        })
    }

    fn generate(request: Request) -> Result<Response, Error> {
        let settings: Settings = config::load()?;
        settings.fail(&request)?;
        let text = answer::text(&request);
        Ok(Response {
            id: Some(answer::id(&text)),
            model: Some(request.model.clone()),
            usage: answer::usage(&request, &text),
            ..Response::text(text)
        })
    }

    fn stream(request: Request) -> Result<Words, Error> {
        let settings: Settings = config::load()?;
        settings.fail(&request)?;
        Words::new(&request, settings.delay()?)
    }

    fn health_check() -> Result<HealthStatus, Error> {
        let settings: Settings = config::load()?;
        settings.fail(&Request::default())?;
        Ok(HealthStatus {
            message: Some("always here".to_owned()),
            extra: None,
        })
    }
}

/// An answer word by word.
#[derive(Debug)]
pub struct Words {
    events: VecDeque<Event>,
    delay: Duration,
}

impl Words {
    fn new(request: &Request, delay: Duration) -> Result<Self, Error> {
        let text = answer::text(request);
        let start = Start {
            id: Some(answer::id(&text)),
            model: Some(request.model.clone()),
            extra: None,
        };
        let words = text
            .split_inclusive(char::is_whitespace)
            .map(|word| Event::Text(word.to_owned()));
        let mut events: VecDeque<Event> = std::iter::once(Event::Start(start)).chain(words).collect();
        events.extend(Event::end(FinishReason::Stop, answer::usage(request, &text)));
        Ok(Self { events, delay })
    }
}

impl EventStream for Words {
    /// One word at a time; the head goes with the first word, the end with the last.
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        let mut batch = Vec::new();
        while let Some(event) = self.events.pop_front() {
            let text = matches!(event, Event::Text(_));
            batch.push(event);
            if text && matches!(self.events.front(), Some(Event::Text(_))) {
                break;
            }
        }
        if !batch.is_empty() && !self.delay.is_zero() {
            settings::pause(self.delay);
        }
        Ok(batch)
    }
}
