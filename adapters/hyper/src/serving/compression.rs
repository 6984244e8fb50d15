//! Answers that are compressed on their way.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::{BufMut, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_layer::Layer;
use tower_service::Service;

use crate::Body;
use crate::session::yield_now;

/// Pieces of a compressed body, each a few kilobytes, before others get their turn.
const BATCH: usize = 8;

/// Compresses an answer if the client takes one of our encodings. It is whole before it leaves, so that its length is known.
pub(crate) async fn compress(response: Response<Body>, accepted: HeaderValue) -> Response<Body> {
    let mut request = Request::new(());
    request.headers_mut().insert(ACCEPT_ENCODING, accepted);
    let plain = response.clone();
    let layer = CompressionLayer::new().compress_when(SizeAbove::new(0)); // whoever calls this knows that it is worth it
    let Ok(compressed) = layer.layer(Answered(Some(response))).call(request).await;
    if !compressed.headers().contains_key(CONTENT_ENCODING) {
        return plain;
    }
    let (head, mut body) = compressed.into_parts();
    let mut whole = BytesMut::new();
    let mut pieces = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => whole.put(frame.into_data().unwrap_or_default()),
            Err(error) => {
                tracing::error!(%error, "an answer could not be compressed");
                return plain;
            }
        }
        pieces += 1;
        if pieces % BATCH == 0 {
            yield_now().await;
        }
    }
    Response::from_parts(head, Body::new(whole.freeze()))
}

/// An answer as the service that gives it.
struct Answered(Option<Response<Body>>);

impl Service<Request<()>> for Answered {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().expect("it is called once")))
    }
}
