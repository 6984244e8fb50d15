//! Pages of other origins.

mod support;

use socketio_tokio::cors::{Any, CorsLayer};
use socketio_tokio::http::{HeaderValue, Method};
use support::{ENGINE, Http, Response, Running, RunningEngine, SOCKET, UPGRADE};

const ORIGIN: &str = "https://example.com";

fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin([HeaderValue::from_static(ORIGIN)])
        .allow_methods([Method::GET, Method::POST])
        .allow_credentials(true)
}

/// Both servers, and where a session begins on them.
fn servers() -> (Running, RunningEngine) {
    let server = Running::with(|builder| builder.cors(layer()));
    let engine = RunningEngine::with(|builder| builder.cors(layer()));
    (server, engine)
}

fn allowed(response: &Response) -> Option<&str> {
    response.header("access-control-allow-origin")
}

fn request(http: Http, method: &str, path: &str, origin: &str) -> Response {
    http.request(method, path, &[("Origin", origin)], "")
}

#[test]
fn an_origin_that_is_allowed_reads_answers_and_refusals() {
    let (server, engine) = servers();
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        let (method, refused) = ("GET", open.replace("polling", "pigeon"));
        for (path, status) in [(open, 200), (&refused, 400)] {
            let response = request(http, method, path, ORIGIN);
            assert_eq!(response.status, status);
            assert_eq!(allowed(&response), Some(ORIGIN));
            assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
            assert!(response.header("vary").unwrap().contains("origin"));
        }
        assert_eq!(allowed(&request(http, method, open, "https://evil.example")), None);
    }
}

#[test]
fn a_websocket_says_it_too() {
    let (server, engine) = servers();
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        let headers = [&UPGRADE[..], &[("Origin", ORIGIN)]].concat();
        let mut stream = http.send("GET", &open.replace("polling", "websocket"), &headers, "");
        let response = Response::read_head(&mut stream);
        assert_eq!((response.status, allowed(&response)), (101, Some(ORIGIN)));
    }
}

#[test]
fn a_preflight_is_answered_and_begins_no_session() {
    let (server, engine) = servers();
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        let headers = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")];
        let response = http.request("OPTIONS", open, &headers, "");
        assert_eq!((response.status, &*response.body), (200, ""));
        assert_eq!(allowed(&response), Some(ORIGIN));
        assert_eq!(response.header("access-control-allow-methods"), Some("GET,POST"));
    }
    assert_eq!((server.io.session_count(), engine.engine.session_count()), (0, 0));
}

#[test]
fn what_is_not_below_the_path_is_none_of_its_business() {
    let (server, engine) = servers();
    for http in [server.http(), engine.http()] {
        let response = request(http, "GET", "/elsewhere", ORIGIN);
        assert_eq!((response.status, allowed(&response)), (404, None));
        assert_eq!(request(http, "OPTIONS", "/elsewhere", ORIGIN).status, 404);
    }
}

#[test]
fn without_it_no_header_is_set() {
    let (server, engine) = (Running::new(), RunningEngine::new());
    for (http, open) in [(server.http(), SOCKET), (engine.http(), ENGINE)] {
        let response = request(http, "GET", open, ORIGIN);
        assert_eq!(response.status, 200);
        assert_eq!((allowed(&response), response.header("vary")), (None, None));
        assert_eq!(request(http, "OPTIONS", open, ORIGIN).status, 400);
    }
}

#[test]
#[should_panic(expected = "Access-Control-Allow-Credentials")]
fn rules_that_no_browser_takes_are_found_when_they_are_made() {
    let rules = CorsLayer::new().allow_origin(Any).allow_credentials(true);
    let _ = socketio_tokio::Server::builder().cors(rules);
}
