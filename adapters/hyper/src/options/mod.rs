//! What both kinds of server can be told.

mod cookie;
mod gate;
mod shared;

pub use cookie::{Cookie, SameSite};
pub(crate) use gate::Gate;
pub(crate) use shared::shared_settings;

use std::time::Duration;

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use tower_http::cors::CorsLayer;

use crate::PerMessageDeflate;

/// How long a connection may take for the head of a request, unless a builder says otherwise.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The settings that a Socket.IO server and a plain Engine.IO server have in common, beside those of the protocol. Their builders have
/// the same methods for them: [`shared_settings`].
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) path: String,
    pub(crate) trailing_slash: bool,
    pub(crate) keep_headers: bool,
    pub(crate) max_sessions: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) cors: Option<CorsLayer>,
    /// From how many bytes on an answer is compressed.
    pub(crate) compression: Option<usize>,
    pub(crate) per_message_deflate: Option<PerMessageDeflate>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) gate: Gate,
}

impl Options {
    /// The defaults, below a path.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            trailing_slash: true,
            keep_headers: false,
            max_sessions: 100_000,
            header_timeout: HEADER_TIMEOUT,
            body_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(10),
            cors: None,
            compression: Some(1024),
            per_message_deflate: None,
            cookie: None,
            gate: Gate::default(),
        }
    }

    /// Sets the path, whose last slash is not a part of it.
    pub(crate) fn set_path(&mut self, path: impl Into<String>) {
        self.path = path.into();
        self.path.truncate(self.path.trim_end_matches('/').len());
    }

    /// What is behind the server's own path, if a request's path is below it.
    pub(crate) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&*self.path)?;
        if rest.is_empty() && !self.trailing_slash {
            return Some(rest);
        }
        rest.strip_prefix('/')
    }

    /// What encodings the client takes, if it says so and answers may be compressed at all.
    pub(crate) fn encodings(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        self.compression.and(headers.get(ACCEPT_ENCODING)).cloned()
    }

    /// Whether an answer of so many bytes is worth compressing.
    pub(crate) fn is_worth_compressing(&self, length: usize) -> bool {
        self.compression.is_some_and(|threshold| length >= threshold)
    }
}
