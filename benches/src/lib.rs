//! What is measured, for the benches and for the counting of instructions: inputs, and sessions without a network.

pub mod samples;

mod polling;
pub use polling::Polling;

mod websocket;
pub use websocket::WebSocket;

mod pair;
pub use pair::Pair;

mod lobby;
pub use lobby::Lobby;
