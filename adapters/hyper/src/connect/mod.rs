//! Clients: the other end of the servers.

mod endpoint;
pub use endpoint::Endpoint;

mod error;
pub use error::{Cause, OpenError};

mod connector;
pub use connector::Stream;

#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
pub use tls::Tls;

mod builder;
pub use builder::{ConnectBuilder, EngineClientBuilder, EngineIo};

mod engine;
pub use engine::EngineClient;

mod dialer;
mod driver;
mod lane;
mod machine;
mod session;
