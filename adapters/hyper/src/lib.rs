//! Under construction.
#![forbid(unsafe_code)]

mod ack;
mod answers;
mod broadcast;
mod builder;
mod client;
mod client_files;
mod clock;
mod data;
mod engine;
mod entropy;
mod error;
mod exchange;
mod handler;
mod handshake;
mod io;
mod listen;
mod listeners;
mod machine;
mod namespace;
mod registry;
mod runtime;
mod server;
mod service;
mod session;
mod socket;
mod turn;
mod websocket;

pub use ack::{Ack, AckFuture};
pub use broadcast::{Broadcast, BroadcastAcks};
pub use builder::ServerBuilder;
pub use data::Data;
pub use engine::{EngineIoService, EngineServer, EngineSocket};
pub use engineio_proto::{
    CloseReason, Config as EngineConfig, Message, Revision, SendError, TransportKind, Transports,
};
pub use error::{BoxError, ConnectError, HandlerError};
pub use exchange::Body;
pub use handler::{Argument, Call, Handler, Outcome, Rest};
pub use handshake::{Handshake, RemoteAddr};
pub use hyper;
pub use listen::serve;
pub use namespace::Namespace;
pub use runtime::{Runtime, Task};
pub use server::Server;
pub use service::SocketIoService;
pub use socket::Socket;
pub use socketio_proto::server::hub::JoinError;
pub use socketio_proto::server::{AckError, EmitError};
pub use socketio_proto::{Arg, Args, ArgsError, DisconnectReason, Json, SocketId, ToArgs};
