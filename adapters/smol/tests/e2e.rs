//! Real clients against the conformance server on smol. What they check is in `adapters/e2e`.

#[path = "../../e2e/contract.rs"]
mod contract;

#[test]
fn javascript_and_python_clients() {
    contract::test();
}
