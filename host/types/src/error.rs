//! The one error that travels through the host.
//!
//! It is classified once, where the fact is known, and travels as a value. `message` may reach the client:
//! it never holds addresses, keys, paths or vendor stack traces. `detail` is for the log only.

use std::fmt;
use std::time::Duration;

use crate::DeploymentName;

/// Which time limit ended an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No connection to the vendor.
    Connect,
    /// A connection, but no first byte or token.
    FirstToken,
    /// A gap between two pieces of the answer.
    Idle,
    /// The answer as a whole.
    Total,
    /// The request as a whole, all attempts together: the limit is the caller's.
    Request,
    /// The vendor itself gave up (408, 504).
    Upstream,
}

impl Phase {
    /// Its name in labels and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstToken => "first_token",
            Self::Idle => "idle",
            Self::Total => "total",
            Self::Request => "request",
            Self::Upstream => "upstream",
        }
    }
}

/// What went wrong. Closed: a new kind makes every decision about kinds fail to compile until it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The vendor, or the host, refused the request itself.
    InvalidRequest,
    /// The request does not fit the model's context window.
    ContextLengthExceeded,
    /// A safety system refused.
    ContentFiltered,
    /// The model or provider cannot do what is asked.
    Unsupported,
    /// The vendor does not accept the deployment's credential.
    Unauthenticated,
    /// The credential may not do this, or the sandbox forbade it.
    PermissionDenied,
    /// The vendor does not know the model.
    NotFound,
    /// Too many requests; waiting helps.
    RateLimited,
    /// The account's quota is used up.
    QuotaExhausted,
    /// The vendor has no capacity now.
    Overloaded,
    /// The vendor cannot be reached or failed.
    UpstreamUnavailable,
    /// The vendor or its provider said something that makes no sense.
    UpstreamProtocol,
    /// A time limit passed.
    Timeout(Phase),
    /// The client is gone, or the host is shutting down.
    Cancelled,
    /// The provider component trapped.
    ProviderTrapped,
    /// The provider component ran into a limit, or no instance was free.
    ResourceExhausted,
    /// No deployment serves what is asked for.
    NoDeployment,
    /// A defect of the host or the provider.
    Internal,
}

impl ErrorKind {
    /// Its name in labels, configuration and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::ContentFiltered => "content_filtered",
            Self::Unsupported => "unsupported",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamProtocol => "upstream_protocol",
            Self::Timeout(_) => "timeout",
            Self::Cancelled => "cancelled",
            Self::ProviderTrapped => "provider_trapped",
            Self::ResourceExhausted => "resource_exhausted",
            Self::NoDeployment => "no_deployment",
            Self::Internal => "internal",
        }
    }
}

/// Whether another attempt can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retryability {
    /// No: the same request fails again.
    Permanent,
    /// Perhaps.
    Transient,
    /// It could have, but all attempts are used up; nobody further out may retry.
    Exhausted,
}

/// One failed attempt, as it is told to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Where it went.
    pub deployment: DeploymentName,
    /// How it ended.
    pub kind: ErrorKind,
    /// How long it took.
    pub took: Duration,
}

/// A failed request or attempt.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    retryability: Retryability,
    message: String,
    detail: Option<String>,
    retry_after: Option<Duration>,
    http_status: Option<u16>,
    provider_code: Option<String>,
    upstream_request_id: Option<String>,
    sent: bool,
    callers_limit: bool,
    param: Option<String>,
    attempts: Vec<Attempt>,
}

impl Error {
    /// An error with a message that the client may see.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            retryability: default_retryability(kind),
            message: message.into(),
            detail: None,
            retry_after: None,
            http_status: None,
            provider_code: None,
            upstream_request_id: None,
            sent: false,
            callers_limit: false,
            param: None,
            attempts: Vec::new(),
        }))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether another attempt can change anything.
    #[must_use]
    pub fn retryability(&self) -> Retryability {
        self.0.retryability
    }

    /// The message for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What only the log may see.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// How long the vendor asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The vendor's HTTP status.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The vendor's code.
    #[must_use]
    pub fn provider_code(&self) -> Option<&str> {
        self.0.provider_code.as_deref()
    }

    /// The vendor's identifier of the exchange.
    #[must_use]
    pub fn upstream_request_id(&self) -> Option<&str> {
        self.0.upstream_request_id.as_deref()
    }

    /// Whether the vendor may have acted on the request.
    #[must_use]
    pub fn sent(&self) -> bool {
        self.0.sent
    }

    /// Whether it was a time limit of the caller's own that passed. That is no news about the deployment.
    #[must_use]
    pub fn is_callers_limit(&self) -> bool {
        self.0.callers_limit
    }

    /// The field of the client's request that is at fault.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The attempts that led here.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// With another kind; what kind it was stops mattering.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self.0.retryability = default_retryability(kind);
        self
    }

    /// With another message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// With something for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// With the wait the vendor asks for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// With what the vendor answered: status, code, identifier.
    #[must_use]
    pub fn with_upstream(mut self, status: Option<u16>, code: Option<String>, request_id: Option<String>) -> Self {
        self.0.http_status = status;
        self.0.provider_code = code;
        self.0.upstream_request_id = request_id;
        self
    }

    /// With whether the vendor may have acted on the request.
    #[must_use]
    pub fn with_sent(mut self, sent: bool) -> Self {
        self.0.sent = sent;
        self
    }

    /// With whether it was a time limit of the caller's own that passed.
    #[must_use]
    pub fn with_callers_limit(mut self, callers_limit: bool) -> Self {
        self.0.callers_limit = callers_limit;
        self
    }

    /// With the client's field at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// With the attempts that led here; whoever sees it afterwards must not retry.
    #[must_use]
    pub fn exhausted(mut self, attempts: Vec<Attempt>) -> Self {
        if self.0.retryability == Retryability::Transient {
            self.0.retryability = Retryability::Exhausted;
        }
        self.0.attempts = attempts;
        self
    }
}

fn default_retryability(kind: ErrorKind) -> Retryability {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Unsupported
        | ErrorKind::NotFound
        | ErrorKind::Cancelled
        | ErrorKind::NoDeployment
        | ErrorKind::Internal => Retryability::Permanent,
        ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::RateLimited
        | ErrorKind::QuotaExhausted
        | ErrorKind::Overloaded
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamProtocol
        | ErrorKind::Timeout(_)
        | ErrorKind::ProviderTrapped
        | ErrorKind::ResourceExhausted => Retryability::Transient,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.as_str(), self.0.message)
    }
}

impl std::error::Error for Error {}
