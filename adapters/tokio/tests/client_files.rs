//! The JavaScript client, served from a folder.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use support::Running;

const SCRIPT: &str = "console.log('the client');";

fn server() -> Running {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("socketio-client-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("socket.io.js"), SCRIPT).unwrap();
    std::fs::write(folder.join("socket.io.js.map"), "{}").unwrap();
    std::fs::write(folder.join("secret.txt"), "secret").unwrap();
    let server = Running::with(|builder| builder.client_dist(&folder).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    server
}

#[test]
fn a_browser_gets_the_script_once() {
    let server = server();
    let http = server.http();
    let path = "/socket.io/socket.io.js";
    let script = http.get(path);
    assert_eq!((script.status, &*script.body), (200, SCRIPT));
    assert_eq!(
        script.header("content-type"),
        Some("application/javascript; charset=utf-8")
    );
    let etag = script.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    for tags in [
        etag.to_owned(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        "*".to_owned(),
    ] {
        let cached = http.request("GET", path, &[("If-None-Match", &tags)], "");
        assert_eq!((cached.status, &*cached.body), (304, ""), "{tags}");
        assert_eq!(cached.header("etag"), Some(etag));
    }
    let changed = http.request("GET", path, &[("If-None-Match", "\"other\"")], "");
    assert_eq!((changed.status, &*changed.body), (200, SCRIPT));
    let head = http.request("HEAD", path, &[], "");
    assert_eq!((head.status, &*head.body, head.header("etag")), (200, "", Some(etag)));
    assert_eq!(http.get("/socket.io/socket.io.js.map").body, "{}");
    assert_eq!(http.get("/socket.io/socket.io.js?v=1").body, SCRIPT);
}

#[test]
fn other_names_are_requests_of_the_protocol() {
    let server = server();
    let http = server.http();
    for name in ["socket.io.min.js", "secret.txt", "../Cargo.toml", ""] {
        let answer = http.get(&format!("/socket.io/{name}"));
        assert_eq!(
            (answer.status, &*answer.body),
            (400, r#"{"code":0,"message":"Transport unknown"}"#)
        );
    }
    assert_eq!(http.get("/socket.io.js").status, 404);
    assert_eq!(http.request("POST", "/socket.io/socket.io.js", &[], "").status, 400);
}

#[test]
fn a_folder_without_the_client_is_an_error() {
    let error = socketio_tokio::Server::builder()
        .client_dist(env!("CARGO_MANIFEST_DIR"))
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
