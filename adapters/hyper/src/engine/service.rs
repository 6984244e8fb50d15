//! An Engine.IO server as a `tower` service.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::server::Engine;
use super::socket::EngineClient;
use crate::Body;
use crate::exchange::serve;

/// Answers the HTTP requests of a plain Engine.IO server, whatever their path: mount it where clients look for it.
#[derive(Clone)]
pub struct EngineIoService {
    engine: Arc<Engine>,
}

impl EngineIoService {
    pub(super) const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

impl<B> Service<Request<B>> for EngineIoService
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let engine = Arc::clone(&self.engine);
        Box::pin(async move { Ok(serve::<EngineClient, B>(engine, request).await) })
    }
}

impl fmt::Debug for EngineIoService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIoService").finish_non_exhaustive()
    }
}
