//! wasmtime's hook for outbound requests, one for each call.

use std::sync::Arc;

use http::Request;
use wasmtime_wasi_http::{Error as WasiError, RequestOptions, Result as WasiResult, WasiBody, WasiHttpHooks};

use super::{Outbound, Seen};
use crate::call::Terms;

/// The way out of one call.
pub(crate) struct Hooks {
    outbound: Arc<Outbound>,
    seen: Arc<Seen>,
    /// Bytes a response body may have.
    cap: u64,
    terms: Terms,
}

impl Hooks {
    pub(crate) fn new(outbound: Arc<Outbound>, seen: Arc<Seen>, cap: u64, terms: Terms) -> Self {
        Self {
            outbound,
            seen,
            cap,
            terms,
        }
    }
}

type Io = Box<dyn Future<Output = Result<(), WasiError>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Io,
    ) -> Box<dyn Future<Output = WasiResult<(http::Response<WasiBody>, Io)>> + Send> {
        let (outbound, seen) = (Arc::clone(&self.outbound), Arc::clone(&self.seen));
        let (cap, terms) = (self.cap, self.terms);
        Box::new(async move {
            let answer = outbound.send(request, options, &seen, cap, terms).await?;
            // The pooled client drives its connections itself; there is nothing left to do here.
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Io))
        })
    }

    /// A guest may set any header; the ones it must not are replaced on the way out, so that naive code
    /// that sets `authorization` still works.
    fn is_forbidden_header(&mut self, _name: &http::HeaderName) -> bool {
        false
    }

    fn forbidden_header_filter(&mut self) -> wasmtime_wasi_http::ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    fn set_host_header(&mut self) -> bool {
        false
    }
}
