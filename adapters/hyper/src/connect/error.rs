//! Why there is no session.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use engineio_proto::CloseReason;
use engineio_proto::client::Rejection;
use socketio_proto::client::ConnectError;

/// Why a client has no session with its server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// What the application asked for makes no sense: a URL that is none, a header with a line break.
    Invalid(Cow<'static, str>),
    /// The server could not be reached, refused, or has left.
    Session {
        /// Why the session ended, or never began.
        reason: CloseReason,
        /// What the server said, if it refused.
        rejection: Option<Rejection>,
        /// What the network said, if it was the network: an `io::Error` or an error of hyper's.
        cause: Option<Cause>,
    },
    /// The server could not be reached, or did not let the client into the namespace.
    Connect {
        /// Why not.
        error: ConnectError,
        /// What the network said, if it was the network.
        cause: Option<Cause>,
    },
    /// The client was closed.
    Closed,
}

/// An error of the network, shared by all who want to know.
pub type Cause = Arc<dyn Error + Send + Sync>;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => f.write_str(why),
            Self::Connect { error, .. } => error.fmt(f),
            Self::Closed => f.write_str("the client was closed"),
            Self::Session { reason, rejection, .. } => {
                write!(f, "{reason}")?;
                rejection
                    .as_ref()
                    .and_then(Rejection::message)
                    .map_or(Ok(()), |words| write!(f, ": {words:?}"))
            }
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Session { cause: Some(cause), .. } | Self::Connect { cause: Some(cause), .. } => Some(&**cause),
            _ => None,
        }
    }
}
