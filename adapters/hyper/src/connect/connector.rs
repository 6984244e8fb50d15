//! How a server is reached.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use hyper::rt::{Read, Write};

use super::Endpoint;
use crate::Runtime;

/// What a connector connects: any stream of bytes with hyper's traits. `TokioIo` of `hyper-util` and `SmolIo` of `socketio-smol` give
/// them to the streams of their runtimes.
pub trait Stream: Read + Write + Unpin + Send + 'static {}

impl<S: Read + Write + Unpin + Send + 'static> Stream for S {}

pub(crate) type BoxStream = Box<dyn Stream>;

type Connecting = Pin<Box<dyn Future<Output = io::Result<BoxStream>> + Send>>;

/// What opens connections.
#[derive(Clone)]
pub(crate) struct Connector(Arc<dyn Fn(Endpoint) -> Connecting + Send + Sync>);

impl Connector {
    pub(crate) fn new<F, Fut, S>(connect: F) -> Self
    where
        F: Fn(Endpoint) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: Stream,
    {
        Self(Arc::new(move |endpoint| {
            let connecting = connect(endpoint);
            Box::pin(async move { Ok(Box::new(connecting.await?) as BoxStream) })
        }))
    }

    /// The runtime's TCP.
    pub(crate) fn tcp<R: Runtime>() -> Self {
        Self::new(|endpoint| async move { R::default().connect(endpoint.host(), endpoint.port()).await })
    }

    pub(crate) async fn connect(&self, endpoint: &Endpoint) -> io::Result<BoxStream> {
        (self.0)(endpoint.clone()).await
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}
