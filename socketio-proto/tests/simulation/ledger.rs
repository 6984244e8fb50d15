//! What was said, by whom and to whom: what everything that arrives is held against.

use bytes::Bytes;
use engineio_proto::Instant;

/// What fills messages up.
pub const FILLER: &str = match std::str::from_utf8(&[b'x'; 4_000]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};

/// What some answers bring besides.
pub const ANSWER: &[u8] = b"an answer";

/// What fills up a message with two attachments.
pub fn halves(size: usize) -> [Bytes; 2] {
    let (one, two) = FILLER.as_bytes()[..size].split_at(size / 3);
    [Bytes::from_static(one), Bytes::from_static(two)]
}

/// Every message, place and name of one run. A message is its number here, which is its last argument on the way.
#[derive(Debug, Default)]
pub struct Ledger {
    pub messages: Vec<Message>,
    /// Sockets of the server, each from its admission on.
    pub places: Vec<Place>,
    /// Who the sockets are: one that comes back has a place of its own, and is who it was.
    pub identities: Vec<Identity>,
}

#[derive(Debug)]
pub struct Message {
    pub size: usize,
    /// How many attachments it has: what fills it up is in them.
    pub attachments: usize,
    /// How often it has arrived at the server's application.
    pub arrivals: u32,
    /// It is sent until it is acknowledged.
    pub insisted: bool,
    /// The socket of a client that has emitted it, as `(client, socket)`, and its place among what that has emitted.
    pub origin: Option<(usize, usize, usize)>,
    /// It may be left out: its acknowledgement was given up, maybe before it was sent.
    pub given_up: bool,
    /// When it was recorded for those who come back, if it was.
    pub recorded: Option<Instant>,
}

/// A socket on the server.
#[derive(Debug)]
pub struct Place {
    pub session: usize,
    pub namespace: usize,
    pub identity: usize,
    /// Its last event has not come.
    pub live: bool,
    /// What it was sent, in order.
    pub sent: Vec<usize>,
    /// How much of that has arrived.
    pub arrived: usize,
    /// It was let in without asking, as it is in revision 3: what came before its client's application wanted it is for nobody.
    pub unasked: bool,
    /// The client's socket, once that is connected.
    pub bound: Option<(usize, usize)>,
    /// The last that came from there.
    pub heard: Option<usize>,
    /// The first of what the client's socket has emitted that can only have gone to this place.
    pub first: Option<usize>,
    /// It was restored: that many of `sent` were missed, and so many were recorded for it by then.
    pub restored: Option<(usize, usize)>,
}

/// Who a socket is on the server, however often it comes back.
#[derive(Debug, Default)]
pub struct Identity {
    /// The namespace it is in.
    pub namespace: usize,
    /// The rooms it is in, a bit for each.
    pub rooms: u64,
    /// Messages that are kept for it, in order.
    pub recorded: Vec<usize>,
    /// How many of those have arrived.
    pub seen: usize,
    /// It may come back once it has gone.
    pub recoverable: bool,
    /// It has gone, then, and may come back.
    pub away_since: Option<Instant>,
}

impl Ledger {
    /// A new message.
    pub fn write(&mut self, size: usize, attachments: usize) -> usize {
        self.messages.push(Message {
            size,
            attachments,
            arrivals: 0,
            insisted: false,
            origin: None,
            given_up: false,
            recorded: None,
        });
        self.messages.len() - 1
    }

    /// A message reaches a client's socket that is connected to this place: it is the next one, and recorded ones come once however
    /// often the socket comes back.
    pub fn arrives_at_client(&mut self, place: usize, message: usize) {
        let place = &mut self.places[place];
        if std::mem::take(&mut place.unasked) {
            let found = place.sent.iter().position(|sent| *sent == message);
            place.arrived = found.unwrap_or(0);
        }
        let expected = place.sent.get(place.arrived);
        assert_eq!(
            expected,
            Some(&message),
            "not the next message from the server: it has sent {:?}, of which {} have arrived",
            place.sent,
            place.arrived
        );
        place.arrived += 1;
        let identity = &mut self.identities[place.identity];
        if self.messages[message].recorded.is_some() && identity.recoverable {
            let expected = identity.recorded.get(identity.seen);
            assert_eq!(expected, Some(&message), "a gap, or a duplicate, after a recovery");
            identity.seen += 1;
        }
    }

    /// A message reaches the server from the client's socket behind this place. `emitted` is all that this socket has emitted.
    pub fn arrives_at_server(&mut self, place: usize, message: usize, emitted: &[usize]) {
        let (_, _, number) = self.messages[message].origin.expect("a client has emitted it");
        self.messages[message].arrivals += 1;
        if self.messages[message].insisted {
            return;
        }
        assert_eq!(self.messages[message].arrivals, 1, "a message arrives twice");
        let place = &mut self.places[place];
        let from = match place.heard {
            Some(heard) => {
                assert!(heard < number, "messages of a client out of order");
                heard + 1
            }
            None => place.first.unwrap_or(number),
        };
        place.heard = Some(number);
        for &skipped in emitted.get(from..number).unwrap_or_default() {
            let skipped = &self.messages[skipped];
            assert!(
                skipped.given_up || skipped.insisted,
                "a message of a client is left out"
            );
        }
    }
}
