//! Real clients against the conformance server on smol. What they check is in `adapters/e2e`.

#[path = "../../e2e/contract.rs"]
mod contract;
#[path = "../examples/contract.rs"]
mod server;

#[test]
fn javascript_and_python_clients() {
    contract::test("serve");
}

/// No test, but the server of the one above, in a process of its own.
#[test]
#[ignore = "a server, which ends when it is told to"]
fn serve() {
    server::main();
}
