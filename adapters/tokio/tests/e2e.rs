//! Real clients against the examples: npm's, PyPI's, and two tabs of a browser. What they check is in `adapters/e2e`.

#[path = "../../e2e/run.rs"]
mod run;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

/// The machine may be small, and the clients have deadlines: one suite at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn javascript_clients() {
    let _turn = ONE_AT_A_TIME.lock();
    let mut files: Vec<_> = fs::read_dir(run::folder().join("tests"))
        .expect("the folder of the tests can be read")
        .map(|entry| {
            format!(
                "tests/{}",
                entry.expect("so can its entries").file_name().to_string_lossy()
            )
        })
        .filter(|file| {
            file.ends_with(".test.mjs") && !["chat", "python", "event-loop"].iter().any(|s| file.contains(s))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 15, "all of the tests: {files:?}");
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    run::node(&files, "SERVER_CMD", &run::example("contract"), &[]);
}

#[test]
fn python_clients() {
    let _turn = ONE_AT_A_TIME.lock();
    let python = run::folder().join(".venv/bin/python");
    let ready = Command::new(&python)
        .args(["-c", "import socketio, aiohttp, requests, websocket"])
        .status();
    assert!(
        ready.is_ok_and(|status| status.success()),
        "python-socketio is not installed: run adapters/e2e/setup"
    );
    run::node(
        &["tests/python.test.mjs"],
        "SERVER_CMD",
        &run::example("contract"),
        &[("PYTHON", &python)],
    );
}

#[test]
fn two_tabs_of_a_browser_chat() {
    let _turn = ONE_AT_A_TIME.lock();
    let browser = Path::new("/usr/bin/chromium");
    assert!(
        browser.exists(),
        "there is no {}: run adapters/e2e/setup",
        browser.display()
    );
    run::node(
        &["tests/chat.test.mjs"],
        "CHAT_CMD",
        &run::example("chat"),
        &[("CHROMIUM", browser)],
    );
}
