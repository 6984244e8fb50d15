//! A server as a `tower` service.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::Body;
use crate::client::Client;
use crate::exchange::serve;
use crate::io::Io;

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
}

impl<B> Service<Request<B>> for SocketIoService
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
        let io = Arc::clone(&self.io);
        Box::pin(async move { Ok(respond(io, request).await) })
    }
}

async fn respond<B>(io: Arc<Io>, request: Request<B>) -> Response<Body>
where
    B: http_body::Body + Unpin,
{
    let settings = &io.settings;
    let Some(rest) = request
        .uri()
        .path()
        .strip_prefix(&*settings.path)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return not_found();
    };
    // hyper leaves the body of the answer to a HEAD away.
    if let (&Method::GET | &Method::HEAD, Some(files)) = (request.method(), &settings.client_files) {
        if let Some(file) = files.serve(rest, request.headers()) {
            return file;
        }
    }
    serve::<Client, B>(io, request).await
}

fn not_found() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

impl std::fmt::Debug for SocketIoService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketIoService")
            .field("path", &self.io.settings.path)
            .finish_non_exhaustive()
    }
}
