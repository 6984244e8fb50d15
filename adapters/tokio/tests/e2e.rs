//! Real clients against the examples: npm's, PyPI's, and two tabs of a browser. What they check is in `adapters/e2e`.

#[path = "../../e2e/contract.rs"]
mod contract;
#[path = "../examples/contract.rs"]
mod server;

use std::path::Path;
use std::sync::Mutex;

use contract::run;

/// The machine may be small, and the clients have deadlines: one suite at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn javascript_and_python_clients() {
    let _turn = ONE_AT_A_TIME.lock();
    contract::test("serve");
}

/// No test, but the server of the one above, in a process of its own.
#[test]
#[ignore = "a server, which ends when it is told to"]
fn serve() {
    server::main();
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
        &[
            ("CHAT_CMD", run::example("chat").as_ref()),
            ("CHROMIUM", browser.as_ref()),
        ],
    );
}
