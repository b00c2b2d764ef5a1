//! What a guest writes: to the contract's log, to stdout and stderr. All of it becomes bounded `tracing`
//! events under the deployment's name, with the credential masked.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::convert::cut;
use crate::outbound::Outbound;

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 4096;
/// Messages of one call; what comes after is dropped.
const MAX_MESSAGES: u32 = 64;

/// The log of one call.
#[derive(Clone)]
pub(crate) struct GuestLog(Arc<Inner>);

struct Inner {
    deployment: Arc<str>,
    outbound: Arc<Outbound>,
    left: AtomicU32,
    /// The line that stdout or stderr is in.
    line: Mutex<Vec<u8>>,
}

/// How important a message is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl GuestLog {
    pub(crate) fn new(deployment: Arc<str>, outbound: Arc<Outbound>) -> Self {
        let (left, line) = (AtomicU32::new(MAX_MESSAGES), Mutex::new(Vec::new()));
        Self(Arc::new(Inner {
            deployment,
            outbound,
            left,
            line,
        }))
    }

    pub(crate) fn write(&self, level: Level, message: String) {
        let one_less = |left: u32| left.checked_sub(1);
        if self
            .0
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_err()
        {
            return;
        }
        let message = self.0.outbound.mask(cut(message, MAX_MESSAGE));
        let deployment = &*self.0.deployment;
        match level {
            Level::Trace => tracing::trace!(target: "wharf::guest", deployment, "{message}"),
            Level::Debug => tracing::debug!(target: "wharf::guest", deployment, "{message}"),
            Level::Info => tracing::info!(target: "wharf::guest", deployment, "{message}"),
            Level::Warn => tracing::warn!(target: "wharf::guest", deployment, "{message}"),
            Level::Error => tracing::error!(target: "wharf::guest", deployment, "{message}"),
        }
    }

    fn bytes(&self, bytes: &[u8]) {
        let mut line = self.0.line.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in bytes {
            if byte == b'\n' {
                self.write(Level::Info, String::from_utf8_lossy(&line).into_owned());
                line.clear();
            } else if line.len() <= MAX_MESSAGE {
                line.push(byte);
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let line = std::mem::take(self.line.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !line.is_empty() {
            let message = self.outbound.mask(String::from_utf8_lossy(&line).into_owned());
            tracing::info!(target: "wharf::guest", deployment = &*self.deployment, "{message}");
        }
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.bytes(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
