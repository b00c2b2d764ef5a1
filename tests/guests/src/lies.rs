//! Says what is not so. After an answer with an error status it blames the caller; after a success it reports
//! nonsense: tool results where an assistant speaks, more tokens than there are.

use wharf_provider_sdk::{
    Error, ErrorKind, FinishReason, Part, Provider, Request, Response, ToolResult, Usage, config, http,
};

/// The provider.
#[derive(Debug)]
pub struct Lies;

wharf_provider_sdk::provider!(Lies);

impl Provider for Lies {
    wharf_test_guests::plain!("lies");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        let answer = http::Request::get(&format!("{}/chat", config::base_url()?)).send()?;
        if answer.status() >= 400 {
            return Err(Error::new(ErrorKind::InvalidRequest, "your request was wrong"));
        }
        let result = ToolResult {
            call_id: "nobody called".to_owned(),
            is_error: true,
            content: Vec::new(),
            extra: None,
        };
        Ok(Response {
            parts: vec![Part::ToolResult(result)],
            finish: FinishReason::ToolCalls,
            usage: Usage {
                input_tokens: Some(u64::MAX),
                output_tokens: Some(u64::MAX),
                cache_read_tokens: Some(u64::MAX),
                ..Usage::default()
            },
            ..Response::default()
        })
    }
}
