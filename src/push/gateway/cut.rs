//! Cutting a connection in place of an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;

/// A body that fails before its first byte. The server then drops the
/// connection with the head still unsent, so the client sees it closed before
/// any answer.
#[derive(Debug)]
struct CutBody;

impl MessageBody for CutBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "cut as a fault rule asked",
        ))))
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        Err(self)
    }
}

/// An answer that never reaches the client: its connection closes instead.
pub(super) fn cut_connection() -> HttpResponse {
    HttpResponse::with_body(StatusCode::OK, CutBody).map_into_boxed_body()
}
