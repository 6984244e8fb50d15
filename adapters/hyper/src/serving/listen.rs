//! Accepting connections.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_channel::mpsc;
use futures_util::future::{Either, Shared, select};
use futures_util::{FutureExt, StreamExt};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Timer, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tower_service::Service;

use crate::{BoxError, RemoteAddr, Runtime};

/// How long to wait when the operating system has no more connections to give, such as when all file descriptors are in use.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// How long a connection may take for the head of a request, unless a builder says otherwise.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves a service on a listening socket until `stop` is ready; then waits, for `grace` at most, until the connections that are
/// left have got their answers.
///
/// [`Server::listen`](crate::Server::listen) does this for a Socket.IO server alone; use it for a router with more in it.
/// Requests carry a [`RemoteAddr`]. A connection on which no head of a request comes within 30 s is closed.
pub async fn serve<R, S, B, F>(runtime: &R, listener: R::Listener, service: S, stop: F, grace: Duration)
where
    R: Runtime,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    serve_with(runtime, listener, service, stop, grace, HEADER_TIMEOUT).await;
}

/// [`serve`], with a patience of one's own.
pub(crate) async fn serve_with<R, S, B, F>(
    runtime: &R,
    listener: R::Listener,
    service: S,
    stop: F,
    grace: Duration,
    header_timeout: Duration,
) where
    R: Runtime,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    let http = http(runtime, header_timeout);
    let stop = stop.boxed().shared();
    let (alive, mut all_gone) = mpsc::channel::<Infallible>(0);
    loop {
        let accepted = match select(pin!(runtime.accept(&listener)), stop.clone()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(((), _)) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let alive = alive.clone();
                let connection = connection(&http, stream, address, service.clone(), stop.clone());
                runtime.spawn(Box::pin(async move {
                    connection.await;
                    drop(alive);
                }));
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
    drop((listener, alive));
    select(all_gone.next(), runtime.timer().sleep(grace)).await;
}

fn http<R: Runtime>(runtime: &R, header_timeout: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(runtime.timer()).header_read_timeout(header_timeout);
    http
}

/// Whether the next connection may well be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection. It ends early if the client does, late if the server is asked to stop.
fn connection<I, S, B, F>(
    http: &http1::Builder,
    stream: I,
    address: SocketAddr,
    service: S,
    stop: Shared<F>,
) -> impl Future<Output = ()> + Send + use<I, S, B, F>
where
    I: Read + Write + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    F: Future<Output = ()> + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(RemoteAddr(address));
        service.clone().call(request)
    });
    let connection = http.serve_connection(stream, service).with_upgrades();
    async move {
        let mut connection = pin!(connection);
        let result = match select(connection.as_mut(), stop).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "an HTTP connection failed");
        }
    }
}
