//! An Engine.IO server as a `tower` service.

use std::convert::Infallible;
use std::fmt;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::server::Engine;
use super::socket::EngineClient;
use crate::Body;
use crate::serving::cross_origin::{Answering, with_cors};
use crate::serving::exchange::serve;
use crate::serving::read_body::Asked;
use crate::socketio::service::not_found;

/// Answers the HTTP requests of a plain Engine.IO server, whatever their path: mount it where clients look for it.
///
/// WebSockets need hyper's upgrades, as they do for [`SocketIoService`](crate::SocketIoService).
#[derive(Clone)]
pub struct EngineIoService {
    engine: Arc<Engine>,
    anywhere: bool,
}

impl EngineIoService {
    pub(super) const fn anywhere(engine: Arc<Engine>) -> Self {
        Self { engine, anywhere: true }
    }

    pub(super) const fn below_path(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            anywhere: false,
        }
    }

    /// Answers a request, which came from `address` unless it says from where.
    pub(super) fn answer<B>(&self, request: Request<B>, address: Option<SocketAddr>) -> Answering
    where
        B: http_body::Body + Send + Unpin + 'static,
        B::Data: Send,
    {
        let engine = Arc::clone(&self.engine);
        let options = &self.engine.registry.options;
        if !self.anywhere && options.below(request.uri().path()).is_none() {
            return Box::pin(ready(Ok(not_found(request.headers()))));
        }
        with_cors(options.cors.as_ref(), request, move |request| {
            Box::pin(serve::<EngineClient, B>(engine, Asked::of(request), address))
        })
    }
}

impl<B> Service<Request<B>> for EngineIoService
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.answer(request, None)
    }
}

impl fmt::Debug for EngineIoService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIoService").finish_non_exhaustive()
    }
}
