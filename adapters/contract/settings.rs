//! Settings from the environment.

use std::time::Duration;

use socketio_hyper::cors::{AllowHeaders, CorsLayer};
use socketio_hyper::http::header::ORIGIN;
use socketio_hyper::http::{HeaderValue, Method};
use socketio_hyper::{
    ConnectionStateRecovery, Cookie, EngineConfig, EngineServer, Parser, PerMessageDeflate, RoomLimits, Runtime,
    Server, Transports,
};

use super::GRACE;

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    engine: EngineConfig,
    connect_timeout: Duration,
    per_message_deflate: Option<PerMessageDeflate>,
    parser: Parser,
    recovery: Option<ConnectionStateRecovery>,
    cookie: Option<Cookie>,
    cors: Option<CorsLayer>,
}

/// Each `server-ack` waits for an answer that comes behind whatever the client has said before.
const MAX_HANDLERS: usize = 10_000;

/// The longest name of a room, in bytes.
const MAX_ROOM: usize = 10_000;

impl Settings {
    /// Reads the environment. None if it asks for a parser that there is not.
    pub(crate) fn from_env() -> Option<Self> {
        let parser = match text("PARSER").as_deref() {
            None | Some("json") => Parser::default(),
            Some("msgpack") => Parser::msgpack(),
            Some(_) => return None,
        };
        let mut engine = EngineConfig::default();
        engine.ping_interval = millis("PING_INTERVAL", engine.ping_interval);
        engine.ping_timeout = millis("PING_TIMEOUT", engine.ping_timeout);
        engine.upgrade_timeout = millis("UPGRADE_TIMEOUT", engine.upgrade_timeout);
        engine.max_payload = number("MAX_HTTP_BUFFER_SIZE").unwrap_or(engine.max_payload);
        engine.allow_upgrades = text("ALLOW_UPGRADES").is_none_or(|value| value == "1");
        engine.allow_eio3 = text("EIO3").is_some_and(|value| value == "1");
        if let Some(names) = text("TRANSPORTS") {
            let has = |name| names.split(',').any(|other| other.trim() == name);
            engine.transports = Transports {
                polling: has("polling"),
                websocket: has("websocket"),
            };
        }
        Some(Self {
            port: number("PORT").unwrap_or(3000),
            engine,
            connect_timeout: millis("CONNECT_TIMEOUT", Duration::from_secs(45)),
            per_message_deflate: (text("PER_MESSAGE_DEFLATE").as_deref() == Some("1")).then(PerMessageDeflate::new),
            parser,
            recovery: (text("RECOVERY").as_deref() == Some("1")).then(|| {
                let duration = millis("RECOVERY_MS", Duration::from_secs(120));
                ConnectionStateRecovery::new().max_disconnection_duration(duration)
            }),
            cookie: text("COOKIE").map(Cookie::new),
            cors: text("CORS_ORIGIN").map(|origins| cors(&origins)),
        })
    }

    /// A server with these settings.
    pub(crate) fn server<R: Runtime>(&self) -> Server<R> {
        let mut builder = Server::builder()
            .ping_interval(self.engine.ping_interval)
            .ping_timeout(self.engine.ping_timeout)
            .upgrade_timeout(self.engine.upgrade_timeout)
            .connect_timeout(self.connect_timeout)
            .max_http_buffer_size(self.engine.max_payload)
            .transports(self.engine.transports)
            .allow_upgrades(self.engine.allow_upgrades)
            .allow_eio3(self.engine.allow_eio3)
            .parser(self.parser.clone())
            .keep_headers(true)
            .cookie(self.cookie.clone())
            .cors(self.cors.clone())
            .per_message_deflate(self.per_message_deflate)
            .room_limits(room_limits())
            .max_handlers(MAX_HANDLERS)
            .close_timeout(GRACE);
        if let Some(recovery) = self.recovery {
            builder = builder.connection_state_recovery(recovery);
        }
        builder.build()
    }

    /// A bare Engine.IO server with these settings.
    pub(crate) fn engine_server<R: Runtime>(&self) -> EngineServer<R> {
        EngineServer::builder()
            .config(self.engine.clone())
            .cookie(self.cookie.clone())
            .cors(self.cors.clone())
            .per_message_deflate(self.per_message_deflate)
            .close_timeout(GRACE)
            .build()
    }
}

/// Lets pages of these origins in, which are separated by commas. What is no origin is nobody's.
fn cors(origins: &str) -> CorsLayer {
    let origins = origins.split(',').map(str::trim).filter(|origin| *origin != "*");
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .vary([ORIGIN])
}

/// Rooms are named by clients, which may name them at length.
fn room_limits() -> RoomLimits {
    let mut limits = RoomLimits::default();
    limits.name_bytes = MAX_ROOM;
    limits
}

/// A variable; an empty one counts as unset.
fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    text(name)?.parse().ok()
}

fn millis(name: &str, default: Duration) -> Duration {
    number(name).map_or(default, Duration::from_millis)
}
