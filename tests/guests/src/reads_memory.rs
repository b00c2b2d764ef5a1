//! Looks for the credential: sends headers of its own where the credential goes, and hands out the answer and
//! everything that is in its memory afterwards.

use wharf_provider_sdk::{Error, Media, MediaData, Part, Provider, Request, Response, config, http};

/// The provider.
#[derive(Debug)]
pub struct ReadsMemory;

wharf_provider_sdk::provider!(ReadsMemory);

impl Provider for ReadsMemory {
    wharf_test_guests::plain!("reads-memory");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        let mut answer = http::Request::post(&format!("{}/echo", config::base_url()?))
            .header("authorization", "Bearer set-by-the-guest")
            .header("x-api-key", "set-by-the-guest")
            .header("cookie", "visit=set-by-the-guest")
            .header("x-marker", "marker-of-the-guest")
            .json(br#"{"marker":"marker-of-the-guest"}"#.to_vec())
            .send()?;
        let body = answer.text()?;
        let reflected = answer.header("x-reflected").unwrap_or("no x-reflected").to_owned();
        let memory = Media {
            mime_type: "application/octet-stream".to_owned(),
            data: MediaData::Inline(linear_memory()),
            name: None,
            extra: None,
        };
        Ok(Response {
            parts: vec![Part::text(body), Part::text(reflected), Part::Media(memory)],
            ..Response::default()
        })
    }
}

/// All of it but the byte at address zero, which Rust does not point at.
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "memory that belongs to no object can be read in no other way")]
fn linear_memory() -> Vec<u8> {
    const PAGE: usize = 64 << 10;
    let size = core::arch::wasm32::memory_size::<0>() * PAGE;
    let mut copy = Vec::with_capacity(size);
    for address in 1..size {
        let byte = std::ptr::with_exposed_provenance::<u8>(address);
        // SAFETY: the address lies inside the linear memory, which never shrinks; this instance has one thread.
        copy.push(unsafe { std::ptr::read_volatile(byte) });
    }
    copy
}

#[cfg(not(target_arch = "wasm32"))]
fn linear_memory() -> Vec<u8> {
    Vec::new()
}
