//! An event on its way to one socket or to many.

use std::sync::OnceLock;

use engineio_proto::SendError;
use socketio_proto::server::EmitError;
use socketio_proto::server::hub::recovery::WithOffset;
use socketio_proto::{AckId, Args, EncodeError, Encoded, EventName, ToArgs};

use crate::shield::shield;
use crate::socketio::client::report;
use crate::socketio::flags::Flags;
use crate::socketio::hooks::Hooks;
use crate::socketio::recovery::Log;
use crate::{AckFuture, Namespace, Socket};

/// An event, encoded once for whoever is to get it.
pub(crate) struct Outgoing {
    packet: Encoded,
    /// What it says, read back for the catch-all listeners of the first socket that has some.
    said: OnceLock<Option<(EventName, Args)>>,
}

impl Outgoing {
    pub(crate) fn new(
        namespace: &Namespace,
        id: Option<AckId>,
        event: &str,
        args: &impl ToArgs,
        flags: Flags,
    ) -> Result<Self, EncodeError> {
        Ok(Self {
            packet: flags.mark(namespace.encode_event(id, event, args)?),
            said: OnceLock::new(),
        })
    }

    /// An event that is going to be recorded, with the next offset: whoever calls this has the log's order.
    pub(crate) fn with_offset(
        namespace: &Namespace,
        event: &str,
        args: &Args,
        flags: Flags,
    ) -> Result<Self, EncodeError> {
        let offset = namespace.members().next_offset();
        match offset {
            Some(offset) => Self::new(namespace, None, event, &WithOffset(args, offset), flags),
            None => Self::new(namespace, None, event, args, flags),
        }
    }

    pub(crate) const fn packet(&self) -> &Encoded {
        &self.packet
    }

    /// Tells the catch-all listeners of a socket that it was sent there.
    pub(crate) fn tell(&self, socket: &Socket) {
        if !socket.has_hooks(Hooks::OUTGOING) {
            return;
        }
        let hooks = socket.hooks(Hooks::OUTGOING);
        for listener in hooks.outgoing() {
            let said = self.said.get_or_init(|| socket.namespace().read_back(&self.packet));
            let Some((event, args)) = said else { return };
            if let Err(panicked) = shield(|| listener(socket, event, args)) {
                report(socket, event, Err(panicked));
            }
        }
    }
}

impl Socket {
    pub(crate) fn emit_as(&self, event: &str, args: &impl ToArgs, flags: Flags) -> Result<(), EmitError> {
        if let Some(log) = self.namespace().log_of(flags) {
            let args = Args::encode(args)?; // the application's part, without a lock
            let event = self.send_recorded(log, event, &args, flags)?;
            event.tell(self);
            return Ok(());
        }
        if flags.volatile && !self.session().lock().machine.is_writable() {
            return Ok(()); // it need not even be encoded
        }
        let event = Outgoing::new(self.namespace(), None, event, args, flags)?;
        Ok(self.send_event(event, flags.volatile)?)
    }

    pub(crate) async fn emit_as_when_ready(
        &self,
        event: &str,
        args: impl ToArgs,
        flags: Flags,
    ) -> Result<(), EmitError> {
        if let Some(log) = self.namespace().log_of(flags) {
            let encoded = Args::encode(&args)?;
            drop(args); // it may not be allowed to wait here
            let send = || self.send_recorded(log, event, &encoded, flags);
            let event = self
                .session()
                .when_ready(send, |error| matches!(error, EmitError::Full))
                .await?;
            event.tell(self);
            return Ok(());
        }
        let event = Outgoing::new(self.namespace(), None, event, &args, flags)?;
        drop(args);
        if flags.volatile {
            return Ok(self.send_event(event, true)?);
        }
        Ok(self.send_event_when_ready(&event).await?)
    }

    /// Sends an event that the client is told later if it does not arrive.
    fn send_recorded(&self, log: &Log, event: &str, args: &Args, flags: Flags) -> Result<Outgoing, EmitError> {
        let _order = log.order();
        let event = Outgoing::with_offset(self.namespace(), event, args, flags)?;
        self.send(event.packet(), false)?;
        if let Some(member) = self.member() {
            self.namespace().members().record_for(log.now(), member, event.packet());
        }
        Ok(event)
    }

    pub(crate) fn emit_awaiting(&self, event: &str, args: &impl ToArgs, flags: Flags) -> Result<AckFuture, EmitError> {
        let id = self.namespace().next_ack();
        let event = Outgoing::new(self.namespace(), Some(id), event, args, flags)?;
        self.send_with_ack(id, &event, flags)
    }

    /// Sends a packet, unless it is a volatile one that would have to wait. Says whether it did.
    pub(crate) fn send(&self, packet: impl Into<Encoded>, volatile: bool) -> Result<bool, SendError<()>> {
        let packet = packet.into();
        if self.hold(&packet, None)? {
            return Ok(true);
        }
        let mut shared = self.session().lock();
        if volatile && !shared.machine.is_writable() {
            return Ok(false);
        }
        shared.machine.send(self.key(), packet)?;
        drop(shared);
        self.session().notify();
        Ok(true)
    }

    /// Sends an event, unless it is a volatile one that would have to wait.
    pub(crate) fn send_event(&self, event: Outgoing, volatile: bool) -> Result<(), SendError<()>> {
        if !self.has_hooks(Hooks::OUTGOING) {
            self.send(event.packet, volatile)?;
        } else if self.send(event.packet(), volatile)? {
            event.tell(self);
        }
        Ok(())
    }

    /// Sends an event as soon as there is room for it.
    pub(crate) async fn send_event_when_ready(&self, event: &Outgoing) -> Result<(), SendError<()>> {
        self.send_when_ready(event.packet()).await?;
        event.tell(self);
        Ok(())
    }

    /// Sends a packet as soon as there is room for it.
    pub(crate) async fn send_when_ready(&self, packet: &Encoded) -> Result<(), SendError<()>> {
        if self.hold(packet, None) == Ok(true) {
            return Ok(());
        }
        let send = self
            .session()
            .send_when_ready(|machine| machine.send(self.key(), packet));
        send.await.map_err(SendError::Closed)
    }

    /// Sends an event that asks for an acknowledgement.
    pub(crate) fn send_with_ack(&self, id: AckId, event: &Outgoing, flags: Flags) -> Result<AckFuture, EmitError> {
        let answer = self.client().expect_ack(self.key(), id);
        let future = AckFuture::new(self.clone(), id, answer); // gives the acknowledgement up if it was not sent
        let deadline = flags.timeout.map(|timeout| self.session().clock.now() + timeout);
        let sent = if self.hold(event.packet(), Some((id, deadline)))? {
            Ok(())
        } else {
            let mut shared = self.session().lock();
            if flags.volatile && !shared.machine.is_writable() {
                Err(SendError::Full(()))
            } else {
                shared.machine.send_with_ack(self.key(), id, event.packet(), deadline)
            }
        };
        sent?;
        self.session().notify();
        event.tell(self);
        Ok(future)
    }
}
