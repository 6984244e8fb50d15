//! A server as a `tower` service.

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::UPGRADE;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::Body;
use crate::serving::cross_origin::{Answering, with_cors};
use crate::serving::exchange::{hang_up, serve};
use crate::serving::read_body::Asked;
use crate::socketio::client::Client;
use crate::socketio::io::Io;

/// Answers the HTTP requests of a server, for hyper, axum, or whatever else speaks [`tower_service`]. What is not below the
/// server's path is answered with 404.
///
/// WebSockets need hyper's upgrades: `http1::Builder::serve_connection(..).with_upgrades()`, which axum's `serve` does by itself.
#[derive(Clone)]
pub struct SocketIoService {
    io: Arc<Io>,
}

impl SocketIoService {
    pub(crate) const fn new(io: Arc<Io>) -> Self {
        Self { io }
    }

    /// Answers a request, which came from `address` unless it says from where.
    pub(crate) fn answer<B>(&self, request: Request<B>, address: Option<SocketAddr>) -> Answering
    where
        B: http_body::Body + Send + Unpin + 'static,
        B::Data: Send,
    {
        let io = Arc::clone(&self.io);
        let options = &self.io.registry.options;
        if options.below(request.uri().path()).is_none() {
            return Box::pin(ready(Ok(not_found(request.headers()))));
        }
        with_cors(options.cors.as_ref(), request, move |request| {
            if let Some(file) = client_file(&io, &request) {
                return Box::pin(ready(Ok(file)));
            }
            Box::pin(serve::<Client, B>(io, Asked::of(request), address))
        })
    }
}

impl<B> Service<Request<B>> for SocketIoService
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

fn client_file<B>(io: &Io, request: &Request<B>) -> Option<Response<Body>> {
    let files = io.settings.client_files.as_ref()?;
    // hyper leaves the body of the answer to a HEAD away.
    if !matches!(request.method(), &Method::GET | &Method::HEAD) {
        return None;
    }
    let name = io.registry.options.below(request.uri().path()).unwrap_or_default();
    files.serve(name, request.headers())
}

/// The answer to whatever is not below the server's path.
pub(crate) fn not_found(asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    if asked.contains_key(UPGRADE) {
        hang_up(&mut response);
    }
    response
}

impl std::fmt::Debug for SocketIoService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketIoService")
            .field("path", &self.io.registry.options.path)
            .finish_non_exhaustive()
    }
}
