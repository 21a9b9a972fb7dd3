//! The smallest build.

use crate::support::Run;

#[test]
fn a_build_of_one_command_succeeds_and_says_what_it_did() {
    let run = Run::new().buildspec("version: 0.2\nphases: {build: {commands: [echo hello]}}\n");
    let outcome = run.run().ended(0);
    assert!(
        outcome.stdout.contains("$ echo hello\nhello\n"),
        "{}",
        outcome.stdout
    );
    assert_eq!(outcome.result["buildStatus"], "SUCCEEDED");
    assert_eq!(outcome.result["buildNumber"], 1);
}
