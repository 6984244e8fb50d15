//! Emitting in some way.

use std::time::Duration;

use socketio_proto::ToArgs;
use socketio_proto::client::EmitError;

use super::Client;
use crate::socketio::flags::Flags;
use crate::{AckFuture, Runtime};

/// A client and how to emit: what [`Client::volatile`] and [`Client::timeout`] return. It is a value and changes nothing about the client.
#[derive(Clone, Debug)]
#[must_use = "nothing is emitted yet"]
pub struct ClientEmitter<R: Runtime> {
    client: Client<R>,
    flags: Flags,
}

impl<R: Runtime> ClientEmitter<R> {
    pub(crate) const fn new(client: Client<R>, flags: Flags) -> Self {
        Self { client, flags }
    }

    /// See [`Client::volatile`].
    pub fn volatile(self) -> Self {
        let flags = self.flags.volatile();
        Self { flags, ..self }
    }

    /// See [`Client::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        let flags = self.flags.timeout(timeout);
        Self { flags, ..self }
    }

    /// Emits an event: see [`Client::emit`].
    ///
    /// # Errors
    ///
    /// As [`Client::emit`]. A volatile event that is dropped is none.
    #[expect(clippy::needless_pass_by_value, reason = "arguments are written on the spot")]
    pub fn emit(&self, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        self.client.emit_as(event, &args, self.flags)
    }

    /// Emits an event and asks for an acknowledgement: see [`Client::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Client::emit`]; a volatile event that cannot be sent now is [`EmitError::Full`], for there will be no answer.
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack(&self, event: &str, args: impl ToArgs) -> Result<AckFuture, EmitError> {
        self.client.emit_awaiting(event, args, self.flags)
    }
}
