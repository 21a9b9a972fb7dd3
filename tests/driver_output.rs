//! What commands print, and how it is told: complete, in order, and each piece with the command it belongs to.

use serde_json::json;

use crate::support::{ImageName, Run, Shell, Told, dev, on_every_driver};

on_every_driver! {
    output_through_device_files_is_complete
    errors_and_output_keep_their_order
    a_last_line_without_an_end_stays_with_its_command
    carriage_returns_are_told_as_they_are
    output_that_is_no_text_is_in_the_log_as_it_was
    late_output_of_a_background_job_disturbs_nothing
    what_looks_like_a_mark_is_output
    a_copied_mark_loses_no_output
}

// `> /dev/stderr` opens the file anew: a file it would truncate, a pipe it cannot.
fn output_through_device_files_is_complete(shell: Shell) {
    let told = shell.succeeds(&[
        "echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four | tee /dev/stderr >/dev/null; echo five",
        "echo six > /dev/stderr",
        "echo seven >> /dev/stdout; echo eight >> /proc/self/fd/2",
    ]);
    assert_eq!(
        told.outputs(),
        ["one\ntwo\nthree\nfour\nfive\n", "six\n", "seven\neight\n"]
    );
}

fn errors_and_output_keep_their_order(shell: Shell) {
    let told = shell.succeeds(&["for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done"]);
    let expected = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nout 4\nerr 4\nout 5\nerr 5\n";
    assert_eq!(told.last(), expected);
}

fn a_last_line_without_an_end_stays_with_its_command(shell: Shell) {
    let told = shell.succeeds(&["printf one", "printf two", "true", "printf 'three\nfour'"]);
    assert_eq!(told.outputs(), ["one", "two", "", "three\nfour"]);
}

fn carriage_returns_are_told_as_they_are(shell: Shell) {
    let told = shell.succeeds(&["printf '10%%\\r50%%\\r100%%\\r\\n'; printf 'dos\\r\\n'"]);
    assert_eq!(told.last(), "10%\r50%\r100%\r\ndos\r\n");
}

fn output_that_is_no_text_is_in_the_log_as_it_was(shell: Shell) {
    let told = shell.succeeds(&["printf 'a\\000b\\377\\376c\\200'", "echo next"]);
    assert_eq!(told.outputs(), ["a\0b\u{fffd}\u{fffd}c\u{fffd}", "next\n"]);
    assert!(contains(&told.log, b"a\0b\xff\xfec\x80"), "{:?}", told.log);
}

fn contains(log: &[u8], bytes: &[u8]) -> bool {
    log.windows(bytes.len()).any(|window| window == bytes)
}

fn late_output_of_a_background_job_disturbs_nothing(shell: Shell) {
    let told = shell.succeeds(&[
        "(while [ ! -e go ]; do sleep 0.05; done; echo late; touch done) & echo one",
        "touch go; while [ ! -e done ]; do sleep 0.05; done; echo two",
        "echo three",
    ]);
    assert_eq!(told.outputs(), ["one\n", "late\ntwo\n", "three\n"]);
}

fn what_looks_like_a_mark_is_output(shell: Shell) {
    let told = shell.succeeds(&[
        "printf '\\033]5379;no-mark;1\\007one\\033]5379;'",
        "echo two",
    ]);
    assert_eq!(
        told.outputs(),
        ["\u{1b}]5379;no-mark;1\u{7}one\u{1b}]5379;", "two\n"]
    );
}

// The mark is secret only to those who do not look for it; a build that does so harms its own log's borders at most.
fn a_copied_mark_loses_no_output(shell: Shell) {
    let mark = "MARK=$(tr '\\000' '\\n' </proc/1/cmdline | sed -n 3p)";
    let told = shell.succeeds(&[
        mark,
        "printf 'one\\033]5379;%s;2\\007two\\n' $MARK",
        "printf 'three\\033]5379;%s;4\\007four\\n' $MARK",
        "printf 'five\\033]5379;%s;99\\007six' $MARK; printf '\\033]5379;%s;123' $MARK",
        "echo seven",
    ]);
    let output = told.output();
    let mut rest = output.as_str();
    for word in ["one", "two", "three", "four", "five", "six", "123", "seven"] {
        let (_, after) = rest
            .split_once(word)
            .unwrap_or_else(|| panic!("no {word} in {output:?}"));
        rest = after;
    }
}

#[test]
fn twenty_megabytes_are_complete_and_in_order() {
    for shell in [Shell::Dash, Shell::Ash] {
        let told = shell.succeeds(&["echo before", "seq 1 2800000", "echo after"]);
        let outputs = told.outputs();
        assert_eq!(
            (outputs[0].as_str(), outputs[2].as_str()),
            ("before\n", "after\n")
        );
        assert_eq!(outputs[1].len(), 21_288_896, "{shell:?}");
        let lines = outputs[1].lines();
        assert!(
            lines
                .zip(1..)
                .all(|(line, number)| line == number.to_string()),
            "{shell:?}"
        );
    }
}

// Also the last command's: what is in the pipe when the driver ends has to reach the log.
#[test]
fn much_output_of_the_last_command_is_complete() {
    for shell in [Shell::Dash, Shell::Ash] {
        let told = shell
            .build(&json!({ "post_build": { "commands": ["seq 1 300000"] } }))
            .ended(0);
        assert!(told.last().ends_with("\n299999\n300000\n"), "{shell:?}");
        let log = &told.log;
        assert!(
            contains(&log[log.len() - 200..], b"\n300000\n"),
            "{shell:?}"
        );
    }
}

// The build is over before what writes its log has started; what it printed has to be there all the same.
#[test]
fn a_quick_build_loses_no_output_where_processes_start_slowly() {
    let slow = "#!/bin/dash\n[ $# != 0 ] || sleep 0.5\nexec /bin/cat \"$@\"\n";
    let image = ImageName::over(
        &dev("UNDERSTUDY_DEV_IMAGE"),
        "slow-start",
        &[("usr/local/bin/cat", slow)],
    );
    let run = Run::new().image(&image.repository).arg("-o").arg("json");
    let run = run.buildspec("version: 0.2\nphases: {build: {commands: [echo only]}}\n");
    assert_eq!(Told::of(run.run()).ended(0).outputs(), ["only\n"]);
}

#[test]
fn two_thousand_commands_keep_their_order_and_their_output() {
    let commands: Vec<String> = (1..=2000)
        .map(|number| format!("echo out {number}"))
        .collect();
    let told: Told = Shell::Ash
        .build(&json!({ "build": { "commands": commands } }))
        .ended(0);
    let ran = told.commands();
    assert_eq!(ran.len(), 2000);
    for (command, number) in ran.iter().zip(1..) {
        assert_eq!(command.text, format!("echo out {number}"));
        assert_eq!(command.output, format!("out {number}\n"));
        assert_eq!(command.status, Some(0));
    }
}
