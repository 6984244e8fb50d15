//! What happens to a client, for those who prefer a loop to handlers.

use std::time::Duration;

use futures_util::Stream;
use socketio_proto::Args;
use socketio_proto::client::{ConnectError, DisconnectReason};

use super::Client;
use crate::{Ack, Runtime};

/// What has happened to a client.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientEvent {
    /// It is connected.
    Connected {
        /// Whether the server has restored who it was before: see [`Client::is_recovered`].
        recovered: bool,
    },
    /// It could not be connected.
    ConnectError(ConnectError),
    /// The server emitted an event for which there is no handler.
    Event {
        /// Its name.
        name: String,
        /// What came with it.
        args: Args,
        /// The right to acknowledge it.
        ack: Ack,
    },
    /// It is not connected any more.
    Disconnected(DisconnectReason),
    /// There is no connection, and one is tried to be made.
    Reconnecting {
        /// The how manieth attempt in a row that will be, from 1.
        attempt: u32,
        /// How long until then.
        delay: Duration,
    },
}

/// What happens to a client, from the moment when this was made. Several of one namespace share what comes.
#[derive(Debug)]
pub struct Events<R: Runtime>(Client<R>);

impl<R: Runtime> Events<R> {
    pub(crate) fn new(client: Client<R>) -> Self {
        client.state().queue().readers += 1;
        Self(client)
    }

    /// Waits for what happens next; `None` when the client was closed. If this is given up, nothing is lost.
    pub async fn next(&self) -> Option<ClientEvent> {
        let session = self.0.session();
        let next = session.wait(|shared| {
            let next = self.0.state().queue().events.pop_front();
            match next {
                Some((event, bytes)) => {
                    if session.app.unqueue(bytes) {
                        session.notify();
                    }
                    Some(Some(event))
                }
                None => shared.is_over().then_some(None),
            }
        });
        next.await
    }

    /// The same as a stream.
    pub fn stream(&self) -> impl Stream<Item = ClientEvent> + '_ {
        futures_util::stream::unfold(self, |events| async move { Some((events.next().await?, events)) })
    }
}

impl<R: Runtime> Drop for Events<R> {
    fn drop(&mut self) {
        let mut queue = self.0.state().queue();
        queue.readers -= 1;
        if queue.readers > 0 {
            return;
        }
        let left = std::mem::take(&mut queue.events);
        drop(queue);
        for (event, bytes) in left {
            drop(event);
            self.0.session().app.unqueue(bytes);
        }
        self.0.session().notify();
    }
}
