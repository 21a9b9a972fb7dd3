//! What has to be there before a test can run.

use std::path::PathBuf;
use std::{env, fs};

/// Returns the root of the checkout.
pub(crate) fn checkout() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Returns a line of the file that `dev/up` leaves; fails with the way out when it is not there.
pub(crate) fn dev(name: &str) -> String {
    let state =
        env::var_os("UNDERSTUDY_DEV").map_or_else(|| checkout().join("target/dev"), PathBuf::from);
    let file = state.join("env");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!(
            "no {}: the test servers are not up; run `make up`",
            file.display()
        )
    });
    let prefix = format!("{name}=");
    text.lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .unwrap_or_else(|| panic!("{} has no {name}; run `make up` again", file.display()))
        .to_owned()
}

/// Returns the program under test.
pub(crate) fn program() -> PathBuf {
    // The test binary is in `<target>/<profile>/deps`, the program two levels up from it.
    let own = env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("understudy");
    assert!(
        program.exists(),
        "no {}: build it with `cargo build --workspace`",
        program.display()
    );
    program
}
