//! What one call of a guest may use. Everything is configurable per deployment.

use std::time::Duration;

/// The caps on one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of all the guest's modules together, in bytes. 64 MiB by default: a Python provider
    /// needs 14 to 30, a Rust provider 2 plus a few times the request.
    pub memory: usize,
    /// CPU time in the guest; 5 s by default. Time spent waiting for the vendor does not count.
    pub cpu: Duration,
    /// Elements of all tables together; 100 000 by default (Spin's value; Python and .NET need over 20 000).
    pub table_elements: usize,
    /// Live handles to host resources; 4096 by default. A call needs about ten.
    pub handles: usize,
    /// Bytes of one header block in host memory; 128 KiB by default (wasmtime's own).
    pub headers: usize,
    /// Bytes that may cross from the guest in one host call or return value; 48 MiB by default, above the
    /// largest request body the server accepts.
    pub transfer: usize,
    /// Bytes of a whole response body; 32 MiB by default.
    pub response: u64,
    /// Bytes of a streamed response body; 256 MiB by default.
    pub stream: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            cpu: Duration::from_secs(5),
            table_elements: 100_000,
            handles: 4096,
            headers: 128 << 10,
            transfer: 48 << 20,
            response: 32 << 20,
            stream: 256 << 20,
        }
    }
}
