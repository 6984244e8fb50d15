//! The conformance server: everything that a black-box test can see a Socket.IO server do, as an ordinary application.
//!
//! It is configured by environment variables only, and written against the API that all runtimes share, so that each adapter's
//! example is only a `main`.

mod binary;
mod events;
mod floods;
mod settings;

use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::json;
use settings::Settings;
use socketio_hyper::{ConnectError, EngineServer, EngineSocket, Message, Namespace, Runtime, Server, Socket, serve};

/// Says that a setting is not supported.
const UNSUPPORTED: u8 = 64;

/// How long clients may take to leave once they are told to, and connections to end after that.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until `terminated`.
pub(crate) async fn run<R: Runtime>(terminated: impl Future<Output = ()> + Send + 'static) -> ExitCode {
    let Some(settings) = Settings::from_env() else {
        return ExitCode::from(UNSUPPORTED);
    };
    let (io, engine, router) = router::<R>(&settings);
    let runtime = R::default();
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .and_then(|listener| runtime.listen(listener));
    let listener = match listening {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}", settings.port);
            return ExitCode::FAILURE;
        }
    };
    let stopped = async move {
        terminated.await;
        io.close().await;
        engine.close().await;
    };
    serve(&runtime, listener, router, stopped, GRACE).await;
    ExitCode::SUCCESS
}

/// The whole application: both servers, and a page with figures.
fn router<R: Runtime>(settings: &Settings) -> (Server<R>, EngineServer<R>, Router) {
    let io = settings.server::<R>();
    for name in ["/", "/custom"] {
        namespace::<R>(&io.of(name));
    }
    namespace::<R>(io.of("/admin").with_middleware(async |socket: Socket| {
        let auth: serde_json::Value = socket.auth()?;
        if auth["token"] == "s3cret" {
            Ok(())
        } else {
            Err(ConnectError::new("not authorized").with_data(&json!({ "code": 401, "hint": "token" })))
        }
    }));
    namespace::<R>(&io.of_matching(is_dynamic));

    let engine = settings.engine_server::<R>();
    engine.on_message(engine_message);

    let stats = {
        let (io, engine) = (io.clone(), engine.clone());
        move || async move {
            let figures = json!({
                "pid": std::process::id(),
                "sockets": io.socket_count(),
                "sessions": io.session_count(),
                "engineSessions": engine.session_count(),
            });
            ([(CONTENT_TYPE, "application/json")], figures.to_string())
        }
    };
    let router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/stats", get(stats))
        .route_service("/engine.io/", engine.service())
        .fallback_service(io.service());
    (io, engine, router)
}

/// `/dyn-` and digits.
fn is_dynamic(name: &str) -> bool {
    name.strip_prefix("/dyn-")
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|c| c.is_ascii_digit()))
}

/// What every namespace does.
fn namespace<R: Runtime>(namespace: &Namespace) {
    namespace.on_connect(async |socket: Socket| {
        if !socket.recovered() {
            let auth: serde_json::Value = socket.auth()?;
            socket.emit("auth", auth)?;
        }
        Ok::<_, socketio_hyper::BoxError>(())
    });
    events::register::<R>(namespace);
}

/// The bare Engine.IO server: an echo with two commands.
async fn engine_message(socket: EngineSocket, message: Message) -> Result<(), socketio_hyper::BoxError> {
    match &message {
        Message::Text(text) if &**text == "!close" => socket.close(),
        Message::Text(text) if text.starts_with("!burst ") => {
            let count: u32 = text["!burst ".len()..].trim().parse()?;
            for i in 0..count {
                socket.send_when_ready(Message::Text(i.to_string().into())).await?;
            }
        }
        _ => socket.send_when_ready(message).await?,
    }
    Ok(())
}
