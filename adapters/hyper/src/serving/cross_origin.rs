//! Pages of other origins.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_http::cors::CorsLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::Body;

/// What a service of ours does with a request.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// Answers a request, with whatever headers `cors` has for it; a preflight is answered by those alone.
pub(crate) fn with_cors<B, F>(cors: Option<&CorsLayer>, request: Request<B>, answer: F) -> Answering
where
    F: FnOnce(Request<B>) -> Answering + Send + 'static,
{
    match cors {
        None => answer(request),
        Some(cors) => Box::pin(cors.layer(Once(Some(answer))).call(request)),
    }
}

/// A function as a service, for one request.
struct Once<F>(Option<F>);

impl<B, F> Service<Request<B>> for Once<F>
where
    F: FnOnce(Request<B>) -> Answering,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        let answer = self.0.take().expect("it is called once");
        answer(request)
    }
}
