//! A plain Engine.IO server: messages to and fro, nothing above them.

mod builder;
mod server;
mod service;
mod socket;

pub use builder::EngineServerBuilder;
pub use server::EngineServer;
pub use service::EngineIoService;
pub use socket::EngineSocket;
