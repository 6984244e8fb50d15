// What the tests of the clients have in common, on the runtime that `super::rt` names.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::TcpListener;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{Either, select};
use hyper::rt::Timer as _;
use socketio_hyper::{BoxError, Runtime as _, hyper};

use super::rt::{self, Rt};

/// How long anything may take, on a machine that does many other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test, for no longer than that.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    rt::block_on(async { within(PATIENCE, future).await.expect("it took too long") })
}

/// Gives something up after a time.
pub(crate) async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), pin!(sleep(time))).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}

pub(crate) async fn sleep(time: Duration) {
    Rt.timer().sleep(time).await;
}

/// Waits until something holds that no message tells of.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Serves on a port of its own for as long as the process lives. Says where.
pub(crate) fn serve<S, B>(service: S) -> String
where
    S: tower_service::Service<http::Request<hyper::body::Incoming>, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    rt::block_on(async {
        let listener = Rt.listen(listener).unwrap();
        Rt.spawn(Box::pin(async move {
            socketio_hyper::serve(&Rt, listener, service, pending(), Duration::ZERO).await;
        }));
    });
    format!("http://{address}")
}
