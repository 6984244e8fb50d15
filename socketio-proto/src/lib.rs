//! [Socket.IO](https://socket.io/docs/v4/socket-io-protocol/) as state machines that do no I/O, on top of [`engineio_proto`]:
//! requests, messages and the time go in; events of the application, answers and the next deadline come out.
//!
//! - [`server::Connection`] is one client: its sockets, one for each namespace it has joined, and the acknowledgements that are
//!   awaited, over one Engine.IO session;
//! - [`server::hub`] knows where everyone is: namespaces, rooms, and to whom something is addressed. It sends nothing. It also knows
//!   [who may come back](server::hub::recovery) after its connection was lost, and what it missed;
//! - [`client::Connection`] is the other side: all namespaces of one server, over one session after the other;
//! - [`Decoder`], [`Encoded`], [`Args`] and [`Head`] are the codec, for whoever wants only that; [`MessagePack`] is another one, and
//!   [`PacketParser`] what it takes to be one.
//!
//! The first two are apart so that a server can run on many cores: what a client sends concerns its own connection only, and a
//! broadcast is one question to the hub, one encoding, and one [`send`](server::Connection::send) to each connection it names.
//!
//! # The loop
//!
//! A [`Connection`](server::Connection) is driven as the session in it, which [`engineio_proto`] teaches: `handle_*` what has
//! happened, then [`poll_event`](server::Connection::poll_event) and [`poll_transmit`](server::Connection::poll_transmit) until both
//! have nothing, then sleep until [`poll_timeout`](server::Connection::poll_timeout). In place of messages, its events are those
//! of sockets. The [client](client::Connection) is driven in the same way, and has an example of its own.
//!
//! ```
//! use std::sync::Arc;
//!
//! use engineio_proto::server::{Request, Route, Server, Transmit};
//! use engineio_proto::{ExchangeId, Instant, Message, Sid};
//! use socketio_proto::server::hub::{Namespace, Target};
//! use socketio_proto::server::{Config, Connection, Event};
//! use socketio_proto::{Encoded, SocketId};
//!
//! let (now, websocket) = (Instant::ORIGIN, ExchangeId(0));
//! let server = Server::<()>::new(Arc::default());
//! let request = Request { method: "GET", query: "EIO=4&transport=websocket", websocket: true, binary: false };
//! let Route::Incoming(incoming) = server.route(&request) else { panic!("it is in order") };
//! let session = server.accept(now, incoming, Sid::from_entropy([1; 15]));
//! let mut connection = Connection::new(now, Arc::new(Config::default()), session);
//! connection.handle_request(now, websocket, incoming.exchange());
//!
//! // The client joins the namespace "/" and says something, without waiting for an answer.
//! let mut lobby = Namespace::default();
//! connection.handle_message(now, websocket, "40".into());
//! let Some(Event::Connect { socket, namespace, auth: None }) = connection.poll_event() else { panic!() };
//! assert_eq!(namespace, "/");
//! let id = SocketId::from_entropy([2; 15]);
//! connection.accept(socket, id.clone())?;
//! let member = lobby.insert(id, socket).expect("the id is new");
//! lobby.join(member, "tea")?;
//!
//! // It emits an event, which is acknowledged with the sum of its arguments. They are read when somebody asks for a type.
//! connection.handle_message(now, websocket, r#"427["add",1,2]"#.into());
//! let Some(Event::Event { name, args, reply: Some(reply), .. }) = connection.poll_event() else { panic!() };
//! let (a, b) = args.parse::<(i32, i32)>()?;
//! assert_eq!(name, "add");
//! connection.ack(reply, a + b)?;
//!
//! // To everyone in a room: encoded once.
//! let news = Encoded::event("/", None, "news", &("the kettle boils", 100))?;
//! for member in lobby.members(&Target::everyone().to("tea")) {
//!     connection.send(*member.value, &news).expect("there is room"); // here, all of them are on one connection
//! }
//!
//! let mut written = Vec::new();
//! while let Some(transmit) = connection.poll_transmit(true) {
//!     if let Transmit::Frame { message: Message::Text(text), .. } = transmit {
//!         written.push(text);
//!     }
//! }
//! assert!(written[0].starts_with(r#"0{"sid":"#)); // the session's own handshake
//! assert!(written[1].starts_with(r#"40{"sid":"#)); // the socket's: another id, for everyone to know
//! assert_eq!(written[2..], ["437[3]", r#"42["news","the kettle boils",100]"#]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `event_loop` is a whole server on sockets of its own, without an async runtime.
//!
//! # Parsers
//!
//! Packets are text, with binary messages for attachments, unless both ends have agreed on something else, which JavaScript calls a
//! parser. A [`Parser`] is the choice of one: the default, [`MessagePack`], or any [`PacketParser`] of one's own. The server is told in
//! its [`Config`](server::Config), and encodes by `config.parser` what is to go to many; a client in [its own](client::Config). Inside
//! there is no difference: arguments are JSON and attachments either way, which a parser translates.
//!
//! # Features
//!
//! `std` (default) is passed on to [`engineio_proto`]. Without it the crate is `no_std` and needs `alloc`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client;
pub mod server;

mod acks;

mod args;
pub use args::{Arg, Args, ArgsWriter, Cursor, Iter, Remaining, ToArgs};

mod attachments;

mod codec;
pub use codec::{Decoder, DecoderLimits, Encoded, EventBody, Head, MessagePack, PacketDecoder, PacketParser, Parser};

mod error;
pub use error::{ArgsError, DecodeError, EncodeError};

mod event_name;
pub use event_name::EventName;

mod json;
pub use json::{Json, JsonError};

mod kind;
pub use kind::PacketKind;

mod packet;
pub use packet::{AckId, Packet, is_reserved_event};

mod part;

mod private_id;
pub use private_id::PrivateId;

mod reason;
pub use reason::{DisconnectReason, Violation};

mod socket_id;
pub use socket_id::SocketId;

mod text;
