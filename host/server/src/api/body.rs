//! Reading a request's body under the server's limit.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use wharf::{Error, ErrorKind};

/// Why a body was not taken.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Larger than the limit; answered with 413.
    TooLarge(u64),
    /// The client broke off, or sent something that is not HTTP.
    Broken(String),
}

impl BodyError {
    /// As the host's error.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::TooLarge(limit) => Error::new(
                ErrorKind::InvalidRequest,
                format!("the request body is larger than the limit of {limit} bytes; `server.max_body` sets it"),
            ),
            Self::Broken(reason) => {
                Error::new(ErrorKind::InvalidRequest, "the request body could not be read").with_detail(reason)
            }
        }
    }
}

/// Reads the whole body. A length that is announced and too large is refused before anything is read.
///
/// # Errors
/// When it is larger than `limit` or breaks off.
pub(crate) async fn read(headers: &HeaderMap, mut body: Body, limit: u64) -> Result<Bytes, BodyError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced
        .or_else(|| body.size_hint().exact())
        .is_some_and(|length| length > limit)
    {
        return Err(BodyError::TooLarge(limit));
    }
    // A body of one piece, which most are, is taken as it is.
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut size = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| BodyError::Broken(e.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        size += data.len() as u64;
        if size > limit {
            return Err(BodyError::TooLarge(limit));
        }
        match first.take() {
            None if rest.is_empty() => first = Some(data),
            None => rest.extend_from_slice(&data),
            Some(before) => {
                let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
                rest.reserve(announced.max(before.len() + data.len()));
                rest.extend_from_slice(&before);
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| rest.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_pieces(pieces: &[&str], limit: u64) -> Result<Bytes, BodyError> {
        let owned: Vec<Result<String, std::io::Error>> = pieces.iter().map(|&p| Ok(p.to_owned())).collect();
        read(
            &HeaderMap::new(),
            Body::from_stream(futures_util::stream::iter(owned)),
            limit,
        )
        .await
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
        assert!(matches!(read(&headers, body, 10).await, Err(BodyError::TooLarge(10))));
    }
}
