//! Accepting connections.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Timer as _, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tower_service::Service;

use crate::options::{HEADER_TIMEOUT, Options};
use crate::serving::connections::{Connections, Place};
use crate::serving::header_timer::{HeaderTimer, tell_time};
use crate::serving::stream::Joining;
use crate::{Body, BoxError, RemoteAddr, Runtime};

/// How long to wait when the operating system has no more connections to give, such as when all file descriptors are in use.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Serves a service on a listening socket until `stop` is ready; then waits, for `grace` at most, until the connections that are
/// left have got their answers.
///
/// [`Server::listen`](crate::Server::listen) does this for a Socket.IO server alone; use it for a router with more in it.
/// Requests carry a [`RemoteAddr`]. A connection on which no head of a request comes within 30 s, or up to 8 s more, is closed.
pub async fn serve<R, S, B, F>(runtime: &R, listener: R::Listener, service: S, stop: F, grace: Duration)
where
    R: Runtime,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    let service_for = move |address| {
        let service = service.clone();
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(RemoteAddr(address));
            service.clone().call(request)
        })
    };
    let as_it_is = |stream| stream;
    serve_with(runtime, listener, service_for, as_it_is, stop, grace, HEADER_TIMEOUT).await;
}

/// Serves our own service, which says for an address how requests from there are answered.
pub(crate) async fn serve_sessions<R, N, H, F>(
    runtime: &R,
    listener: R::Listener,
    service_for: N,
    stop: F,
    options: &Options,
) where
    R: Runtime,
    N: Fn(SocketAddr) -> H,
    H: hyper::service::Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    H::Future: Send,
    F: Future<Output = ()> + Send,
{
    let (grace, header_timeout) = (options.close_timeout, options.header_timeout);
    serve_with(
        runtime,
        listener,
        service_for,
        Joining::new,
        stop,
        grace,
        header_timeout,
    )
    .await;
}

/// Serves on streams that `prepare` has prepared.
async fn serve_with<R, N, H, B, P, I, F>(
    runtime: &R,
    listener: R::Listener,
    service_for: N,
    prepare: P,
    stop: F,
    grace: Duration,
    header_timeout: Duration,
) where
    R: Runtime,
    N: Fn(SocketAddr) -> H,
    H: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    H::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    P: Fn(R::Stream) -> I,
    I: Read + Write + Unpin + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let mut stop = pin!(stop);
    let (connections, all_gone) = Connections::new();
    let clock = tell_time(runtime.timer(), Arc::downgrade(&connections), header_timeout);
    runtime.spawn(Box::pin(clock));
    loop {
        let accepted = match select(pin!(runtime.accept(&listener)), stop.as_mut()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(((), _)) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let (stream, service) = (prepare(stream), service_for(address));
                runtime.spawn(Box::pin(run(stream, service, Arc::clone(&connections))));
            }
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection broke before it was accepted");
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                runtime.timer().sleep(EXHAUSTED).await;
            }
        }
    }
    drop(listener);
    connections.stop();
    drop(connections);
    select(all_gone, runtime.timer().sleep(grace)).await;
}

/// Whether the next connection may well be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection. It ends early if the client does, late if the server is asked to stop. What serves it is large, and is made where
/// it stays.
async fn run<I, H, B>(stream: I, service: H, connections: Arc<Connections>)
where
    I: Read + Write + Unpin + Send + 'static,
    H: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes> + 'static,
    B::Error: Into<BoxError>,
{
    let mut http = http1::Builder::new();
    http.timer(HeaderTimer::new(Arc::clone(&connections)))
        .header_read_timeout(HEADER_TIMEOUT); // in the timer's own measure
    let mut connection = pin!(http.serve_connection(stream, service).with_upgrades());
    let mut place = Place::new(connections);
    let mut stopping = false;
    let result = poll_fn(|cx| {
        let mut polled = connection.as_mut().poll(cx);
        if polled.is_pending() && !stopping && place.is_stopping(cx) {
            stopping = true;
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(cx);
        }
        polled
    })
    .await;
    if let Err(error) = result {
        tracing::debug!(%error, "an HTTP connection failed");
    }
}
