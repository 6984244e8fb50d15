//! What can go wrong between a handler and its caller.

use std::borrow::Cow;

use serde::Serialize;
use socketio_proto::Json;
use thiserror::Error;

/// Any error of a handler.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a client may not join a namespace; it is told so.
///
/// ```
/// use socketio_hyper::ConnectError;
///
/// let error = ConnectError::new("not authorized").with_data(&[401]);
/// assert_eq!(error.to_string(), "not authorized");
/// ```
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct ConnectError {
    pub(crate) message: Cow<'static, str>,
    pub(crate) data: Option<Json>,
}

impl ConnectError {
    /// A refusal with a text: the `message` of the client's `connect_error`.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds details: the `data` of the client's error.
    ///
    /// # Panics
    ///
    /// If `data` is something that JSON cannot express, such as a map whose keys are lists.
    #[must_use]
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        self.data = Some(Json::encode(data).expect("the data of a refusal must be expressible in JSON"));
        self
    }
}

/// A handler that did not do what it was called for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The client's arguments are not the ones that the handler takes.
    #[error(transparent)]
    Args(#[from] socketio_proto::ArgsError),
    /// The handler returned an error.
    #[error(transparent)]
    Failed(BoxError),
    /// A middleware refused the event with this error, so that no handler was called: see
    /// [`Socket::with_event_middleware`](crate::Socket::with_event_middleware).
    #[error("refused by a middleware: {0}")]
    Refused(BoxError),
    /// The handler panicked, with this message. Only this call of it ends.
    #[error("panicked: {0}")]
    Panicked(String),
}
