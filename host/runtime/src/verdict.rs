//! What a failed call is, from what the guest said and what the host saw. The host trusts its own eyes: a
//! guest cannot make a vendor's failure look like the caller's fault, nor hide a time limit.

use wasmtime::component::ResourceTableError;
use wasmtime::{Error as WasmError, PoolConcurrencyLimitError, Trap};
use wharf_types::{Error, ErrorKind, Phase};

use crate::metering::LimitReached;
use crate::outbound::{Failure, Observed};

/// A request is large when it is this part of the guest's memory. Providers hold it some four times: as it came, as the
/// vendor wants it, as text, and while the text grows.
const LARGE_SHARE: usize = 8;

/// The guest returned an error.
pub(crate) fn of_error(claimed: Error, seen: Observed) -> Error {
    let error = match seen.failure {
        Some(failure) => {
            let kind = by_failure(failure, claimed.kind());
            let told = claimed.with_kind(kind);
            match message(failure) {
                Some(message) => told.with_message(message),
                None => told,
            }
        }
        None => by_status(claimed, seen.status),
    };
    let sent = error.sent() || seen.status.is_some();
    let status = seen.status.or(error.http_status());
    let (code, id) = (
        error.provider_code().map(str::to_owned),
        error.upstream_request_id().map(str::to_owned),
    );
    // What the upstream asks for is in the head of its answer, which the host reads itself. A wait that vendors put
    // into the body only the provider knows.
    let wait = seen.retry_after.or(error.retry_after());
    error
        .with_upstream(status, code, id)
        .with_sent(sent)
        .with_retry_after(wait)
}

/// What to say where the host knows better than the guest, which may only see a broken read.
fn message(failure: Failure) -> Option<&'static str> {
    match failure {
        Failure::TooLarge => Some("the vendor's answer is larger than the limit (`limits.response`, `limits.stream`)"),
        Failure::Timeout(Phase::Connect) => Some("connecting to the vendor took too long"),
        Failure::Timeout(Phase::FirstToken) => Some("the vendor's answer did not begin in time"),
        Failure::Timeout(Phase::Idle) => Some("the vendor fell silent in the middle of its answer"),
        Failure::Timeout(Phase::Total | Phase::Request | Phase::Upstream)
        | Failure::Denied
        | Failure::Unavailable
        | Failure::Protocol => None,
    }
}

fn by_failure(failure: Failure, claimed: ErrorKind) -> ErrorKind {
    match failure {
        Failure::Timeout(phase) => ErrorKind::Timeout(phase),
        Failure::Denied => ErrorKind::PermissionDenied,
        Failure::TooLarge => ErrorKind::ResourceExhausted,
        Failure::Protocol => ErrorKind::UpstreamProtocol,
        // The connection may have broken because the vendor said no and hung up: then the guest knows more.
        Failure::Unavailable if claimed == ErrorKind::Timeout(Phase::Upstream) => claimed,
        Failure::Unavailable => ErrorKind::UpstreamUnavailable,
    }
}

/// A status that says whose fault it is overrules a claim that contradicts it. A 402 or 403 does not: whether money,
/// a right or a filter is behind it stands in the body, which only the provider reads.
fn by_status(claimed: Error, status: Option<u16>) -> Error {
    let callers_fault = match claimed.kind() {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Unsupported
        | ErrorKind::NotFound
        | ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::Cancelled => true,
        ErrorKind::RateLimited
        | ErrorKind::QuotaExhausted
        | ErrorKind::Overloaded
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamProtocol
        | ErrorKind::Timeout(_)
        | ErrorKind::ProviderTrapped
        | ErrorKind::ResourceExhausted
        | ErrorKind::NoDeployment
        | ErrorKind::Internal => false,
    };
    match status {
        Some(500..) if callers_fault => claimed.with_kind(ErrorKind::UpstreamUnavailable),
        Some(401) => claimed.with_kind(ErrorKind::Unauthenticated),
        // A request that is more than a minute may cost is refused in the same way, and only the body tells.
        Some(429) if callers_fault && claimed.kind() != ErrorKind::ContextLengthExceeded => {
            claimed.with_kind(ErrorKind::RateLimited)
        }
        _ => claimed,
    }
}

/// The guest did not return.
pub(crate) fn of_trap(error: &WasmError) -> Error {
    let (kind, message) = if let Some(limit) = error.downcast_ref::<LimitReached>() {
        (ErrorKind::ResourceExhausted, limit.to_string())
    } else if error.downcast_ref::<ResourceTableError>().is_some() {
        (
            ErrorKind::ResourceExhausted,
            "the provider holds more resources of the host than it may".to_owned(),
        )
    } else if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        (
            ErrorKind::ResourceExhausted,
            "the host has no free instance for this provider".to_owned(),
        )
    } else if matches!(error.downcast_ref::<Trap>(), Some(Trap::StackOverflow)) {
        (ErrorKind::ProviderTrapped, "the provider ran out of stack".to_owned())
    } else {
        (ErrorKind::ProviderTrapped, "the provider crashed".to_owned())
    };
    // The innermost reason; the stack of the guest above it is for debugging the guest.
    let reason = error.chain().last().map(ToString::to_string).unwrap_or_default();
    tracing::debug!(error = %format!("{error:#}"), "a provider's call did not return");
    Error::new(kind, message).with_detail(reason).with_sent(true)
}

/// The guest did not return from a request of so many bytes, to which the vendor had said nothing yet. Where a large
/// request is what fills the guest's memory, the request is at fault and not the provider: every other deployment of
/// that size would fail as well.
pub(crate) fn of_trap_over(error: &WasmError, request: usize) -> Error {
    match error.downcast_ref::<LimitReached>() {
        Some(LimitReached::Memory(limit)) if request >= limit / LARGE_SHARE => Error::new(
            ErrorKind::InvalidRequest,
            format!(
                "the request of {} MiB needs more than the {} MiB of memory that the deployment has \
                 (`limits.memory`); send less, or pictures and documents by URL",
                request >> 20,
                limit >> 20
            ),
        ),
        Some(LimitReached::Memory(_) | LimitReached::Cpu(_) | LimitReached::Tables(_)) | None => of_trap(error),
    }
}

/// Time was up before the guest returned.
pub(crate) fn of_timeout() -> Error {
    Error::new(
        ErrorKind::Timeout(Phase::Total),
        "the deployment did not answer within its time limit",
    )
    .with_sent(true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn judge(claimed: ErrorKind, status: Option<u16>, failure: Option<Failure>) -> ErrorKind {
        let seen = Observed {
            status,
            failure,
            ..Observed::default()
        };
        of_error(Error::new(claimed, "m"), seen).kind()
    }

    #[test]
    fn a_failing_vendor_cannot_be_passed_off_as_the_callers_fault() {
        use ErrorKind as K;
        assert_eq!(judge(K::InvalidRequest, Some(500), None), K::UpstreamUnavailable);
        assert_eq!(judge(K::Unauthenticated, Some(503), None), K::UpstreamUnavailable);
        assert_eq!(judge(K::InvalidRequest, Some(429), None), K::RateLimited);
        assert_eq!(judge(K::InvalidRequest, Some(401), None), K::Unauthenticated);
        assert_eq!(judge(K::InvalidRequest, Some(400), None), K::InvalidRequest);
        assert_eq!(judge(K::QuotaExhausted, Some(429), None), K::QuotaExhausted);
        assert_eq!(
            judge(K::ContextLengthExceeded, Some(429), None),
            K::ContextLengthExceeded
        );
        assert_eq!(judge(K::Overloaded, Some(500), None), K::Overloaded);
    }

    #[test]
    fn a_guest_that_a_large_request_fills_is_not_at_fault() {
        let memory = || WasmError::new(LimitReached::Memory(64 << 20));
        let error = of_trap_over(&memory(), 20 << 20);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains("20 MiB"), "{}", error.message());
        let small = of_trap_over(&memory(), 1 << 20);
        assert_eq!(
            small.kind(),
            ErrorKind::ResourceExhausted,
            "a small request fills no memory"
        );
        let cpu = of_trap_over(&WasmError::new(LimitReached::Cpu(Duration::from_secs(5))), 20 << 20);
        assert_eq!(cpu.kind(), ErrorKind::ResourceExhausted);
    }

    #[test]
    fn what_the_host_saw_fail_is_named_by_the_host() {
        use ErrorKind as K;
        let idle = Failure::Timeout(Phase::Idle);
        assert_eq!(judge(K::Internal, Some(200), Some(idle)), K::Timeout(Phase::Idle));
        assert_eq!(
            judge(K::InvalidRequest, None, Some(Failure::Unavailable)),
            K::UpstreamUnavailable
        );
        assert_eq!(judge(K::Internal, None, Some(Failure::Denied)), K::PermissionDenied);
    }
    #[test]
    fn a_wait_that_the_host_saw_wins_over_the_claimed_one() {
        let wait = |claimed: Option<u64>, seen: Option<u64>| {
            let error = Error::new(ErrorKind::RateLimited, "m").with_retry_after(claimed.map(Duration::from_secs));
            let seen = Observed {
                status: Some(429),
                retry_after: seen.map(Duration::from_secs),
                ..Observed::default()
            };
            of_error(error, seen).retry_after().map(|wait| wait.as_secs())
        };
        assert_eq!(wait(Some(3600), Some(2)), Some(2));
        assert_eq!(wait(None, Some(2)), Some(2));
        assert_eq!(wait(Some(5), None), Some(5), "a wait from the body must survive");
        assert_eq!(wait(None, None), None);
    }

    #[test]
    fn a_wait_survives_what_the_host_says_of_the_rest() {
        let seen = Observed {
            status: Some(503),
            retry_after: Some(Duration::from_secs(2)),
            failure: Some(Failure::Unavailable),
        };
        let error = of_error(Error::new(ErrorKind::InvalidRequest, "m"), seen);
        assert_eq!(error.kind(), ErrorKind::UpstreamUnavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_a_402_or_403_means_is_the_providers_to_say() {
        use ErrorKind as K;
        for kind in [K::QuotaExhausted, K::PermissionDenied, K::ContentFiltered] {
            assert_eq!(judge(kind, Some(402), None), kind);
            assert_eq!(judge(kind, Some(403), None), kind);
        }
    }
}
