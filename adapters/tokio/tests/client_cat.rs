//! The command-line client of the examples.

#[path = "../../e2e/run.rs"]
mod run;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use run::{Server, example};

/// Runs it with these lines as its input.
fn cat(words: &[&str], input: &str) -> Output {
    let mut process = Command::new(example("cat"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the examples are built: run `cargo test --workspace`");
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn lines_are_emitted_and_events_are_printed() {
    for version in ["4", "2"] {
        let server = Server::start("socketio.mjs", &[("VERSION", version)]);
        let revision = if version == "4" { "4" } else { "3" };
        for way in ["polling", "websocket", "upgrade"] {
            let words = [&*server.url(), "--eio", revision, "--transport", way];
            let input = "message 1 \"two words\" {\"a\":[1, 2]} plain 3rd\n\n? message-with-ack \"\\u001b[2J\"\n";
            let output = cat(&words, input);
            assert!(output.status.success(), "{}", text(&output.stderr));
            let printed = text(&output.stdout);
            for line in [
                "connected",
                "message-back 1 \"two words\" {\"a\":[1,2]} \"plain\" \"3rd\"",
                "? message-with-ack \"\\u001b[2J\"",
                "disconnected: io client disconnect",
            ] {
                assert!(printed.lines().any(|printed| printed == line), "{line} in\n{printed}");
            }
        }
    }
}

#[test]
fn the_trace_shows_every_packet_and_no_secret() {
    let server = Server::start("socketio.mjs", &[("RECOVERY", "1")]);
    let words = [&*server.url(), "--transport", "websocket", "--trace"];
    let output = cat(&words, "? message-with-ack 5\n");
    let printed = text(&output.stdout);
    for line in [
        "<- websocket open: ping after 25s, dead after 20s more, no bodies above 1000000 bytes",
        "-> websocket message EVENT / #0 message-with-ack 5",
        "<- websocket message ACK / #0 5",
        "-> websocket message DISCONNECT /",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} in\n{printed}");
    }
    assert!(printed.contains("\"pid\":\"(secret)\""));
}

#[test]
fn a_refusal_is_told_and_ends_it() {
    let server = Server::start("socketio.mjs", &[]);
    let admin = format!("{}/admin", server.url());
    let output = cat(&[&admin], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("not authorized"));
    let output = cat(
        &[
            &server.url(),
            "--namespace",
            "/admin",
            "--auth",
            r#"{"token":"s3cret"}"#,
        ],
        "",
    );
    assert!(output.status.success());
    let nobody = cat(&["http://127.0.0.1:1", "--no-reconnect"], "");
    assert!(text(&nobody.stderr).contains("refused"), "{}", text(&nobody.stderr));
    assert_eq!(cat(&["--nonsense"], "").status.code(), Some(64));
}
