//! The head of any HTTP request: it goes to the session that it names, asks for one, or is answered with a JSON object.
//!
//! The first byte of the input says what else the request is, the rest is its query.

#![no_main]

use std::sync::Arc;

use engineio_proto::server::{Request, Route, Server};
use engineio_proto::{Config, Exchange, Instant, Revision, Sid, TransportKind};
use libfuzzer_sys::fuzz_target;
use socketio_fuzz::bounded;

/// The session that there is, which has `AAAAAAAAAAAAAAAAAAAA` for an id.
const SID: [u8; 15] = [0; 15];

fuzz_target!(|data: &[u8]| {
    let Some((flags, query)) = data.split_first() else {
        return;
    };
    let Ok(query) = std::str::from_utf8(query) else { return };
    let mut config = Config::default();
    config.allow_eio3 = flags & 1 != 0;
    config.transports.websocket = flags & 2 == 0;
    let mut server = Server::new(Arc::new(config.clone()));
    let sid = Sid::from_entropy(SID);
    server.insert(sid, Revision::V4, ()).expect("it is the only one");
    let request = Request {
        method: ["GET", "POST", "PUT", ""][usize::from(flags >> 2 & 3)],
        query,
        websocket: flags & 16 != 0,
        binary: flags & 32 != 0,
    };
    // What is escaped is decoded, into memory that grows as it fills; then what is no UTF-8 becomes three bytes each.
    match bounded(query.len(), 8, || server.route(&request)) {
        Route::Connection((), exchange) => {
            let escaped = query.contains(['%', '+']);
            assert!(escaped || (query.contains(sid.as_str()) && query.contains("EIO=4")));
            let websocket = matches!(exchange, Exchange::WebSocket { .. });
            assert_eq!(websocket, request.websocket);
            assert_eq!(matches!(exchange, Exchange::Post { .. }), request.method == "POST");
        }
        Route::Incoming(incoming) => {
            assert_eq!(request.method, "GET");
            assert!(config.allow_eio3 || incoming.revision() == Revision::V4);
            assert!(config.transports.contains(incoming.transport()));
            assert_eq!(incoming.transport() == TransportKind::WebSocket, request.websocket);
            let connection = server.accept(Instant::ORIGIN, incoming, sid);
            assert!(connection.is_open());
        }
        Route::Refuse(refusal) => {
            let response = refusal.response();
            assert_eq!(response.status, 400);
            let object: serde_json::Value = serde_json::from_slice(&response.body).expect("an object of JSON");
            assert_eq!(object["code"], refusal.code() as u8);
        }
    }
});
