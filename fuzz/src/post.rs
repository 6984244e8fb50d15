//! A long-polling session that is sent POSTs.

use std::sync::Arc;

use bytes::Bytes;
use engineio_proto::server::{Connection, Event, Request, Route, Server, Transmit};
use engineio_proto::{
    CloseReason, Config, DecodeError, Exchange, ExchangeId, Instant, Message, Packet, Sid, TransportFault,
};

/// What became of a POST.
#[derive(Debug, PartialEq, Eq)]
pub struct Posted {
    /// The status of its answer.
    pub status: u16,
    /// The messages in it.
    pub messages: Vec<Message>,
    /// Why the session ended, if it did.
    pub closed: Option<CloseReason>,
}

/// Posts a body to a new session, whose first request had this query.
pub fn post(query: &str, binary: bool, body: Bytes) -> Posted {
    post_all(query, binary, [body]).pop().expect("there was one body")
}

/// Posts bodies to a new session, one after the other.
pub fn post_all(query: &str, binary: bool, bodies: impl IntoIterator<Item = Bytes>) -> Vec<Posted> {
    let mut connection = connection(query);
    let post = |(number, body): (usize, Bytes)| {
        let id = ExchangeId(1 + number as u64);
        connection.handle_request(Instant::ORIGIN, id, Exchange::Post { binary });
        connection.handle_body(Instant::ORIGIN, id, body);
        let mut posted = Posted {
            status: 0,
            messages: Vec::new(),
            closed: None,
        };
        while let Some(transmit) = connection.poll_transmit(true) {
            if let Transmit::Respond { id: other, response } = transmit {
                if other == id {
                    assert_eq!(posted.status, 0, "one answer");
                    posted.status = response.status;
                }
            }
        }
        while let Some(event) = connection.poll_event() {
            assert_eq!(posted.closed, None, "nothing comes after the end");
            match event {
                Event::Message(message) => posted.messages.push(message),
                Event::Closed(reason) => posted.closed = Some(reason),
                Event::Upgraded | Event::Drained => panic!("{event:?} out of nowhere"),
            }
        }
        assert_ne!(posted.status, 0, "every POST is answered");
        assert_eq!(connection.unread_bytes(), 0);
        posted
    };
    bodies.into_iter().enumerate().map(post).collect()
}

/// A session that waits for nothing: its first GET has been answered.
fn connection(query: &str) -> Connection {
    let mut config = Config::default();
    config.allow_eio3 = true;
    let server = Server::<()>::new(Arc::new(config));
    let request = Request {
        method: "GET",
        query,
        websocket: false,
        binary: false,
    };
    let Route::Incoming(incoming) = server.route(&request) else {
        panic!("{query} asks for a session");
    };
    let mut connection = server.accept(Instant::ORIGIN, incoming, Sid::from_entropy([7; 15]));
    connection.handle_request(Instant::ORIGIN, ExchangeId(0), Exchange::Poll);
    assert!(matches!(connection.poll_transmit(true), Some(Transmit::Respond { .. })));
    connection
}

impl Posted {
    /// What a session of revision 4 makes of a body of these packets.
    pub fn expected(packets: &[Result<Packet, DecodeError>]) -> Self {
        Self::from_packets(packets, |packet| match packet {
            Packet::Ping(_) => Some(CloseReason::TransportError(TransportFault::HeartbeatDirection)),
            _ => None,
        })
    }

    /// What a session of revision 3 makes of them.
    pub fn expected_3(packets: &[Result<Packet, DecodeError>]) -> Self {
        Self::from_packets(packets, |packet| match packet {
            Packet::Pong(_) => Some(CloseReason::TransportError(TransportFault::HeartbeatDirection)),
            _ => None,
        })
    }

    fn from_packets(packets: &[Result<Packet, DecodeError>], fault: impl Fn(&Packet) -> Option<CloseReason>) -> Self {
        let mut posted = Self {
            status: 200,
            messages: Vec::new(),
            closed: None,
        };
        for packet in packets {
            posted.closed = match packet {
                Ok(Packet::Close) => Some(CloseReason::TransportClose),
                Ok(packet) => fault(packet),
                // Nobody may send an open packet to a server, and nobody looks into one.
                Err(DecodeError::Handshake) => None,
                Err(error) => Some(CloseReason::ParseError(*error)),
            };
            match (packet, posted.closed) {
                (Ok(Packet::Message(message)), _) => posted.messages.push(message.clone()),
                (_, Some(CloseReason::ParseError(_))) => posted.status = 400,
                _ => {}
            }
            if posted.closed.is_some() {
                break;
            }
        }
        posted
    }
}
