//! What a client shows to be let in.

use core::fmt;

use super::JoinError;
use crate::Json;
use crate::json;

/// What a client brings to be recognised by when it joins a namespace, each time it does.
///
/// It may be a secret, so `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Nothing.
    #[default]
    None,
    /// The same each time: a JSON object.
    Value(Json),
    /// Whatever the application says then: it is asked by [`Event::Authenticate`](super::Event::Authenticate), and answers with
    /// [`authenticate`](super::Connection::authenticate).
    OnDemand,
}

impl Auth {
    pub(super) fn check(&self) -> Result<(), JoinError> {
        match self {
            Self::Value(value) => check(value),
            Self::None | Self::OnDemand => Ok(()),
        }
    }
}

/// Servers take an object and nothing else.
pub(super) fn check(value: &Json) -> Result<(), JoinError> {
    let is_object = json::trim(value.as_str()).starts_with('{');
    is_object.then_some(()).ok_or(JoinError::Auth)
}

impl From<Json> for Auth {
    fn from(value: Json) -> Self {
        Self::Value(value)
    }
}

impl From<Option<Json>> for Auth {
    fn from(value: Option<Json>) -> Self {
        value.map_or(Self::None, Self::Value)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Value(_) => "Value(secret)",
            Self::OnDemand => "OnDemand",
        })
    }
}
