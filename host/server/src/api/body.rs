//! Reading a request's body under the server's limit.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wharf::{Error, ErrorKind};

/// How long a client may be silent in the middle of its body. As long as for the head of the request.
const SILENCE: Duration = Duration::from_secs(30);
/// Memory that all bodies together may take, in bytes, unless one alone may take more.
const ALL_BODIES: u64 = 1 << 30;
/// What memory is counted in, in bytes. Small bodies, which most are, take one unit.
const UNIT: u64 = 16 << 10;

/// What all request bodies together may take. A client that announces much and sends little waits for room like
/// every other.
#[derive(Debug)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Memory {
    /// Room for at least one body of the largest size.
    pub(crate) fn new(max_body: u64) -> Arc<Self> {
        let units = usize::try_from(ALL_BODIES.max(max_body).div_ceil(UNIT)).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))))
    }

    async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(SILENCE, Arc::clone(&self.0).acquire_many_owned(units)).await;
        room.ok().and_then(Result::ok).ok_or(BodyError::NoRoom)
    }
}

/// A body that was read, with its share of memory.
#[derive(Debug)]
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    pub(crate) memory: OwnedSemaphorePermit,
}

/// Why a body was not taken.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Larger than the limit.
    TooLarge(u64),
    /// The client fell silent.
    Slow,
    /// Too many large requests at once.
    NoRoom,
    /// The client broke off, or sent something that is not HTTP.
    Broken(String),
}

impl BodyError {
    /// The status that says it best.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// As the host's error.
    pub(crate) fn into_error(self) -> Error {
        let invalid = |message: String| Error::new(ErrorKind::InvalidRequest, message);
        match self {
            Self::TooLarge(limit) => invalid(format!(
                "the request body is larger than the limit of {limit} bytes; `server.max_body` sets it"
            )),
            Self::Slow => invalid(format!("the request body did not come within {} s", SILENCE.as_secs())),
            Self::NoRoom => Error::new(
                ErrorKind::ResourceExhausted,
                "the host has no room for another request now; try again later",
            ),
            Self::Broken(reason) => invalid("the request body could not be read".to_owned()).with_detail(reason),
        }
    }
}

/// Reads the whole body. A length that is announced and too large is refused before anything is read.
///
/// # Errors
/// When it is larger than `limit`, breaks off, does not come, or there is no memory for it.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: u64,
    memory: &Memory,
) -> Result<ReadBody, BodyError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let announced = announced.or_else(|| body.size_hint().exact());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge(limit));
    }
    let mut memory_of_body = memory.take(announced.unwrap_or(UNIT)).await?;
    // A body of one piece, which most are, is taken as it is.
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut size = 0_u64;
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame())
        .await
        .map_err(|_| BodyError::Slow)?
    {
        let frame = frame.map_err(|e| BodyError::Broken(e.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        size += data.len() as u64;
        if size > limit {
            return Err(BodyError::TooLarge(limit));
        }
        let held = memory_of_body.num_permits() as u64 * UNIT;
        if size > held {
            memory_of_body.merge(memory.take(size - held).await?);
        }
        match first.take() {
            None if rest.is_empty() => first = Some(data),
            None => rest.extend_from_slice(&data),
            Some(before) => {
                rest.reserve(before.len() + data.len());
                rest.extend_from_slice(&before);
                rest.extend_from_slice(&data);
            }
        }
    }
    let bytes = first.unwrap_or_else(|| rest.freeze());
    Ok(ReadBody {
        bytes,
        memory: memory_of_body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_pieces(pieces: &[&str], limit: u64) -> Result<Bytes, BodyError> {
        let owned: Vec<Result<String, std::io::Error>> = pieces.iter().map(|&p| Ok(p.to_owned())).collect();
        let body = Body::from_stream(futures_util::stream::iter(owned));
        read(&HeaderMap::new(), body, limit, &Memory::new(limit))
            .await
            .map(|body| body.bytes)
    }

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_limit() {
        assert_eq!(read_pieces(&["ab", "", "c", "d"], 4).await.unwrap(), "abcd");
        assert_eq!(read_pieces(&[], 4).await.unwrap(), "");
        assert!(matches!(
            read_pieces(&["abc", "de"], 4).await,
            Err(BodyError::TooLarge(4))
        ));
    }

    #[tokio::test]
    async fn an_announced_length_is_refused_unread() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, 1_000_000.into());
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(matches!(
            read(&headers, body, 10, &Memory::new(10)).await,
            Err(BodyError::TooLarge(10))
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_given_up() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let outcome = read(&HeaderMap::new(), body, 10, &Memory::new(10)).await;
        assert!(matches!(outcome, Err(BodyError::Slow)));
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_have_a_limit() {
        let memory = Memory::new(10);
        let mut held = Vec::new();
        for _ in 0..ALL_BODIES / (256 << 20) {
            held.push(memory.take(256 << 20).await.unwrap());
        }
        assert!(matches!(memory.take(1).await, Err(BodyError::NoRoom)));
        held.pop();
        assert!(memory.take(1).await.is_ok());
    }
}
